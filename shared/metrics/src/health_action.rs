//! What to do next: for the components that cost most points, the step that would win them back, and where.

use std::collections::BTreeMap;

use jiff::Span;
use levier_domain::config::Config;
use levier_domain::time::start_of_day;

use crate::activity::{Activity, flag};
use crate::calendar::AsOf;
use crate::health::{Score, points_lost};
use crate::health_parts::{Component, Parts};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// The component that it mends.
    pub component: Component,
    /// 1 is the most urgent.
    pub rank: u64,
    /// Points that the score would gain if the component were perfect.
    pub gain: f64,
    /// What to do, in English.
    pub text: String,
    /// What to do, in French.
    pub text_fr: String,
    /// The work list that helps: `unanswered_questions`, `newcomers_to_welcome`, `champions`.
    pub list: Option<&'static str>,
    /// The channel where most is to be done.
    pub channel: Option<String>,
    /// The CRM segment where the component is worst.
    pub segment: Option<String>,
}

/// The three components that cost most, with what to do about each.
#[must_use]
pub fn actions(
    activity: &Activity,
    community: Option<u16>,
    as_of: AsOf,
    config: &Config,
    score: &Score,
    parts: &Parts,
) -> Vec<Action> {
    let mut costs: Vec<(f64, Component)> = score
        .components
        .iter()
        .map(|c| (points_lost(&score.components, c.component), c.component))
        .filter(|(gain, _)| *gain > 0.5)
        .collect();
    costs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    costs.truncate(3);
    let channel = slowest_channel(activity, community, as_of, config);
    costs
        .into_iter()
        .enumerate()
        .map(|(at, (gain, component))| {
            let here = if component == Component::Responsiveness {
                channel.clone()
            } else {
                None
            };
            let segment = weakest_segment(activity, parts, component, config.privacy.min_cell);
            let (mut text, mut text_fr, list) = wording(component, here.as_deref());
            if let Some(segment) = &segment {
                text.push_str(&format!(" It is weakest among {segment}."));
                text_fr.push_str(&format!(" C'est le plus faible chez {segment}."));
            }
            Action {
                component,
                rank: at as u64 + 1,
                gain,
                text,
                text_fr,
                list,
                channel: here,
                segment,
            }
        })
        .collect()
}

fn wording(component: Component, channel: Option<&str>) -> (String, String, Option<&'static str>) {
    let (en, fr, list) = match component {
        Component::Responsiveness => {
            let (at, a) = channel.map_or_else(Default::default, |c| {
                (format!(" in {c}"), format!(" dans {c}"))
            });
            return (
                format!(
                    "Answer the threads that wait{at}: start with the list of unanswered questions and ask a champion for each."
                ),
                format!(
                    "Répondez aux fils en attente{a} : commencez par la liste des questions sans réponse et sollicitez un champion pour chacune."
                ),
                Some("unanswered_questions"),
            );
        }
        Component::NewcomerRetention => (
            "Bring first posters back in their second week: welcome the newcomers of the list and point each to one thread of theirs.",
            "Faites revenir les nouveaux dès leur deuxième semaine : accueillez ceux de la liste et proposez à chacun un fil qui le concerne.",
            Some("newcomers_to_welcome"),
        ),
        Component::Stickiness => (
            "Give a reason to come every week: one fixed weekly appointment, announced to last month's active members.",
            "Donnez une raison de venir chaque semaine : un rendez-vous hebdomadaire fixe, annoncé aux membres actifs du mois.",
            None,
        ),
        Component::Reciprocity => (
            "Make exchanges go both ways: invite those who were helped to answer somebody in turn.",
            "Rendez les échanges réciproques : invitez ceux qui ont été aidés à répondre à leur tour.",
            Some("champions"),
        ),
        Component::Spread => (
            "Lean less on a few voices: ask quiet members for their experience, and let the most active ones hand over a subject.",
            "Dépendez moins de quelques voix : sollicitez les membres discrets et confiez un sujet à d'autres que les plus actifs.",
            Some("champions"),
        ),
        Component::Growth => (
            "Fewer members are active than a month ago: invite customers who joined and never wrote.",
            "Moins de membres actifs qu'il y a un mois : invitez les inscrits qui n'ont jamais écrit.",
            Some("newcomers_to_welcome"),
        ),
        Component::Sentiment => (
            "Read the threads with the most negative mood and say what will be done about their subject.",
            "Lisez les fils au ton le plus négatif et dites ce qui sera fait sur leur sujet.",
            None,
        ),
    };
    (en.to_owned(), fr.to_owned(), list)
}

/// The segment in which a component is worst, of those with enough people on whom it rests; `None` where none is worse than
/// the whole. A segment is measured as the whole is, its members counting once and the others not at all.
fn weakest_segment(
    activity: &Activity,
    parts: &Parts,
    component: Component,
    min_cell: u64,
) -> Option<String> {
    let whole = component.normalise(parts.raw(component, &|_| 1)?);
    let all = parts.people(component, &|_| true);
    (0..activity.segments.len() as u16)
        .filter_map(|segment| {
            let inside = |person: u32| activity.people[person as usize].segment == segment;
            let people = parts.people(component, &inside);
            // Neither the segment nor the rest of the community may be too small to speak of.
            if people < min_cell || all - people < min_cell {
                return None;
            }
            let raw = parts.raw(component, &|person| u32::from(inside(person)))?;
            Some((component.normalise(raw), segment))
        })
        .filter(|(normalised, _)| *normalised < whole)
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .and_then(|(_, segment)| activity.segments.get(usize::from(segment)).cloned())
}

/// The channel in which most threads of the window wait for a first answer.
fn slowest_channel(
    activity: &Activity,
    community: Option<u16>,
    as_of: AsOf,
    config: &Config,
) -> Option<String> {
    let zone = config.workspace.zone();
    let border = |days: i64| {
        start_of_day(as_of.day.saturating_add(Span::new().days(1 - days)), &zone).as_microsecond()
    };
    let (from, now) = (border(30), as_of.now(&zone));
    let mut waiting: BTreeMap<u32, u64> = BTreeMap::new();
    for thread in &activity.threads {
        let opener = &activity.entries[thread.opener as usize];
        let here =
            community.is_none_or(|c| c == opener.community) && (from..now).contains(&opener.at);
        // A closed channel is not named: its name may say who is in it.
        if here
            && thread.first_substantial >= now
            && !opener.has(flag::PRIVATE)
            && opener.member().is_some()
        {
            *waiting.entry(opener.channel).or_default() += 1;
        }
    }
    let (channel, _) = waiting
        .into_iter()
        .max_by_key(|(channel, n)| (*n, std::cmp::Reverse(*channel)))?;
    activity.channels.get(channel as usize).cloned()
}
