//! What to do next: for the components that cost most points, the step that would win them back, and where.

use std::collections::BTreeMap;

use jiff::Span;
use levier_domain::config::Config;
use levier_domain::time::start_of_day;

use crate::activity::{Activity, flag};
use crate::calendar::AsOf;
use crate::health::{Measured, Score, points_lost};
use crate::health_parts::{Component, Parts};

/// A segment or channel is named where it stands out: a segment that is worse than the whole by this share of the component's
/// anchor range, a channel whose waiting threads outnumber the next one's by this share of all that wait.
const STANDS_OUT: f64 = 0.05;

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
    let mut costs: Vec<(f64, Measured)> = score
        .components
        .iter()
        .map(|c| (points_lost(&score.components, c.component), *c))
        .filter(|(gain, _)| *gain > 0.5)
        .collect();
    costs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.component.cmp(&b.1.component)));
    costs.truncate(3);
    let channel = slowest_channel(activity, community, as_of, config);
    costs
        .into_iter()
        .enumerate()
        .map(|(at, (gain, measured))| {
            let component = measured.component;
            let here = if component == Component::Responsiveness {
                channel.clone()
            } else {
                None
            };
            let segment = weakest_segment(activity, parts, component, config.privacy.min_cell);
            let (mut text, mut text_fr, list) = wording(&measured, here.as_deref());
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

fn wording(measured: &Measured, channel: Option<&str>) -> (String, String, Option<&'static str>) {
    let (en, fr, list) = match measured.component {
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
            "Make exchanges go both ways: ask each champion of the list to hand a question on to somebody whom they have helped.",
            "Rendez les échanges réciproques : demandez à chaque champion de la liste de confier une question à quelqu'un qu'il a aidé.",
            Some("champions"),
        ),
        Component::Spread => (
            "Lean less on a few voices: ask each champion of the list to hand a subject over to a quieter member.",
            "Dépendez moins de quelques voix : demandez à chaque champion de la liste de confier un sujet à un membre plus discret.",
            Some("champions"),
        ),
        Component::Growth => {
            let (en, fr) = match measured.raw {
                raw if raw < 0.0 => (
                    "Fewer members are active than a month ago",
                    "Moins de membres actifs qu'il y a un mois",
                ),
                raw if raw > 0.0 => (
                    "More members are active than a month ago, and there is room for more",
                    "Plus de membres actifs qu'il y a un mois, et il peut y en avoir davantage",
                ),
                _ => (
                    "As many members are active as a month ago, not more",
                    "Autant de membres actifs qu'il y a un mois, pas davantage",
                ),
            };
            return (
                format!(
                    "{en}: welcome the newcomers of the list, to whom nobody has answered yet."
                ),
                format!(
                    "{fr} : accueillez les nouveaux de la liste, à qui personne n'a encore répondu."
                ),
                Some("newcomers_to_welcome"),
            );
        }
        Component::Sentiment => (
            "Read the threads with the most negative mood and say what will be done about their subject.",
            "Lisez les fils au ton le plus négatif et dites ce qui sera fait sur leur sujet.",
            None,
        ),
    };
    (en.to_owned(), fr.to_owned(), list)
}

/// The segment in which a component is worst, of those with enough people on whom it rests; `None` where none is clearly worse
/// than the whole. A segment is measured as the whole is, its members counting once and the others not at all; what lies beyond an
/// anchor still differs there.
fn weakest_segment(
    activity: &Activity,
    parts: &Parts,
    component: Component,
    min_cell: u64,
) -> Option<String> {
    let whole = component.position(parts.raw(component, &|_| 1)?);
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
            Some((component.position(raw), segment))
        })
        .filter(|(position, _)| whole - position >= STANDS_OUT)
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .and_then(|(_, segment)| activity.segments.get(usize::from(segment)).cloned())
}

/// The channel in which most threads of the window wait for a first answer; `None` where the next one has about as many.
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
    let total: u64 = waiting.values().sum();
    let mut most: Vec<(u64, u32)> = waiting.into_iter().map(|(at, n)| (n, at)).collect();
    most.sort_unstable_by_key(|(n, channel)| (std::cmp::Reverse(*n), *channel));
    let (n, channel) = *most.first()?;
    let next = most.get(1).map_or(0, |(n, _)| *n);
    if ((n - next) as f64) < STANDS_OUT * total as f64 {
        return None;
    }
    activity.channels.get(channel as usize).cloned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ActivityBuilder;
    use jiff::Timestamp;
    use jiff::civil::date;
    use levier_domain::event::{Event, Kind};

    /// Forty people, the first twenty of one segment; threads without an answer in the channels that are named.
    fn waiting(channels: &[&str]) -> Activity {
        let mut builder = ActivityBuilder::new(&Config::default());
        for (n, channel) in channels.iter().enumerate() {
            let at: Timestamp = "2026-03-20T10:00:00Z".parse().unwrap();
            let name = n.to_string();
            let mut event = Event::new("forum", "main", "forum", Kind::MessagePosted, at, &[&name]);
            event.actor = Some(format!("u{n:02}"));
            event.thread = Some(format!("t{n}"));
            event.channel = Some((*channel).to_owned());
            builder.push(
                &event,
                None,
                false,
                Some(if n < 20 { "pro" } else { "retail" }),
            );
        }
        builder.finish()
    }

    #[test]
    fn growth_is_worded_by_its_sign() {
        let said = |raw: f64| {
            let component = Component::Growth;
            let measured = Measured {
                component,
                raw,
                normalised: component.normalise(raw),
                weight: 0.05,
            };
            let (en, fr, list) = wording(&measured, None);
            assert_eq!(list, Some("newcomers_to_welcome"));
            (en, fr)
        };
        for (raw, en, fr) in [
            (-0.05, "Fewer", "Moins"),
            (0.0, "As many", "Autant"),
            (0.05, "More", "Plus"),
        ] {
            let (english, french) = said(raw);
            assert!(
                english.starts_with(en) && french.starts_with(fr),
                "{english} {french}"
            );
        }
    }

    #[test]
    fn a_segment_is_named_where_it_is_clearly_worse() {
        let activity = waiting(&["help"; 40]);
        let people = |name: &str| -> Vec<u32> {
            let at = activity.segments.iter().position(|s| s == name).unwrap();
            let of = |person: &u32| usize::from(activity.people[*person as usize].segment) == at;
            (0..40).filter(of).collect()
        };
        // So many of each twenty came back.
        let weakest = |pro: usize, retail: usize| {
            let mut parts = Parts::default();
            for (name, back) in [("pro", pro), ("retail", retail)] {
                let all = people(name).into_iter().enumerate();
                parts
                    .newcomers
                    .extend(all.map(|(at, person)| (person, at < back)));
            }
            weakest_segment(&activity, &parts, Component::NewcomerRetention, 10)
        };
        // 10 % and 0 % are 7 % of the range below and above 5 %; both lie on the same side of the anchor.
        assert_eq!(weakest(2, 0).as_deref(), Some("retail"));
        assert_eq!(
            weakest(0, 1).as_deref(),
            Some("pro"),
            "below the lower anchor"
        );
        assert_eq!(
            weakest(18, 20).as_deref(),
            Some("pro"),
            "above the upper anchor"
        );
        assert_eq!(weakest(7, 7), None);
        let near = |component: Component, whole: f64, segment: f64| {
            component.position(whole) - component.position(segment) >= STANDS_OUT
        };
        assert!(!near(Component::Responsiveness, 0.633, 0.630));
        assert!(near(Component::Spread, 0.60, 0.66), "more unequal is worse");
        assert!(!near(Component::Spread, 0.66, 0.60));
    }

    #[test]
    fn a_channel_is_named_where_clearly_more_waits() {
        let slowest = |help: usize, talk: usize| {
            let channels = [vec!["help"; help], vec!["talk"; talk]].concat();
            let mut config = Config::default();
            config.workspace.timezone = "UTC".to_owned();
            slowest_channel(&waiting(&channels), None, date(2026, 3, 31).into(), &config)
        };
        assert_eq!(slowest(10, 10), None);
        assert_eq!(slowest(21, 20), None);
        assert_eq!(slowest(20, 12).as_deref(), Some("help"));
        assert_eq!(slowest(0, 3).as_deref(), Some("talk"));
    }
}
