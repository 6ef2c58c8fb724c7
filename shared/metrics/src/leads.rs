//! Community-qualified leads: leads who contributed enough, by a declared rule; the list for sales, and what becomes of them.

use levier_domain::config::Config;
use levier_domain::event::Kind;
use levier_domain::table::{Row, Status};
use levier_stats::estimate::{Estimate, Z95};
use levier_stats::survival::Lifetimes;
use rustc_hash::FxHashMap;

use crate::activity::{Activity, NONE};
use crate::calendar::{AsOf, containing};
use crate::cell::Cell;
use crate::contacts::{UNTOLD, undated};
use crate::draft::Place;
use crate::inputs::Run;
use crate::records::{Contact, Records, Who};

/// What one person did of what the rule counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Course {
    /// When the rule was first met: the last of the least contributions within its window (µs).
    met: Option<i64>,
    /// Contributions in the window that ends now.
    recent: u32,
    /// The last one (µs).
    last: i64,
    /// How many there were.
    seen: usize,
    /// When the latest were (µs), at most as many as the rule asks for: a ring.
    latest: Vec<i64>,
}

impl Course {
    /// Takes the next contribution.
    fn take(&mut self, at: i64, least: usize, window: i64) {
        self.last = at;
        if self.met.is_some() {
            return;
        }
        if self.latest.len() < least {
            self.latest.push(at);
        } else {
            self.latest[self.seen % least] = at;
        }
        self.seen += 1;
        if self.seen >= least && at - self.latest[self.seen % least] <= window {
            self.met = Some(at);
            self.latest = Vec::new();
        }
    }
}

/// The courses of resolved people, by position in [`Activity::people`].
struct Courses<'a> {
    by_id: FxHashMap<&'a str, u32>,
    /// Where the course of each person stands.
    of: Vec<u32>,
    courses: Vec<Course>,
}

impl<'a> Courses<'a> {
    /// Follows everybody in one pass over the events, which come in the order of time: of each only the latest few contributions
    /// are remembered, as many as the rule asks for.
    fn of(activity: &'a Activity, now: i64, config: &Config) -> Self {
        let rule = &config.qualified_leads;
        let kinds: Vec<Kind> = rule.kinds.iter().filter_map(|k| k.parse().ok()).collect();
        // Names are compared once each, not once an entry.
        let named = |list: &[String], names: &[String]| -> Vec<bool> {
            names
                .iter()
                .map(|name| list.is_empty() || list.contains(name))
                .collect()
        };
        let channels = named(&rule.channels, &activity.channels);
        let communities = named(&rule.communities, &activity.communities);
        let nowhere = rule.channels.is_empty();
        let (least, window) = (rule.min_contributions.max(1) as usize, window_of(config));
        let since = now - window;
        let mut of = vec![NONE; activity.people.len()];
        let mut courses: Vec<Course> = Vec::new();
        for entry in activity.entries.iter().filter(|e| {
            e.at < now
                && e.kind().is_contribution()
                && (kinds.is_empty() || kinds.contains(&e.kind()))
                && channels.get(e.channel as usize).copied().unwrap_or(nowhere)
                && communities[usize::from(e.community)]
        }) {
            let resolved = |person: &u32| activity.people[*person as usize].resolved;
            let Some(person) = entry.member().filter(resolved) else {
                continue;
            };
            let place = &mut of[person as usize];
            if *place == NONE {
                *place = courses.len() as u32;
                courses.push(Course::default());
            }
            let course = &mut courses[*place as usize];
            course.recent += u32::from(entry.at >= since);
            course.take(entry.at, least, window);
        }
        Self {
            by_id: activity.by_id(),
            of,
            courses,
        }
    }

    /// That of a person, if they ever contributed.
    fn get(&self, who: &Who) -> Option<&Course> {
        let person = self.by_id.get(who.person.as_deref()?)?;
        self.courses.get(self.of[*person as usize] as usize)
    }
}

fn window_of(config: &Config) -> i64 {
    i64::from(config.qualified_leads.window_days) * 86_400_000_000
}

/// The list for the sales team: leads of today who meet the rule now, by CRM id, most active first.
///
/// A lead has one of the rule's lifecycles, is not yet a customer and is not staff; the contributions are those of the window that
/// ends with the as-of day. The rows carry CRM ids, no handles, and are for those who see the CRM; `opted_out` says who does not
/// want to be written to, as the CRM has it.
#[must_use]
pub fn community_qualified_leads(
    activity: &Activity,
    records: &Records,
    as_of: impl Into<AsOf>,
    config: &Config,
) -> Vec<Row> {
    let as_of: AsOf = as_of.into();
    let zone = config.workspace.zone();
    let now = as_of.now(&zone);
    let rule = &config.qualified_leads;
    let courses = Courses::of(activity, now, config);
    let customers = records.customers();
    let mut list: Vec<(u32, i64, &Contact)> = records
        .people
        .iter()
        .flatten()
        .filter(|contact| {
            contact
                .lifecycle
                .as_ref()
                .is_some_and(|l| rule.lifecycles.iter().any(|wanted| **wanted == **l))
        })
        .filter(|contact| {
            contact
                .customer_since(&customers)
                .is_none_or(|at| at >= now)
        })
        .filter(|contact| !records.membership.is_staff(&contact.who))
        .filter_map(|contact| {
            let course = courses.get(&contact.who)?;
            (course.recent >= rule.min_contributions && course.recent > 0).then_some((
                course.recent,
                course.last,
                contact,
            ))
        })
        .collect();
    list.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.crm_id.cmp(&b.2.crm_id)));
    // As in `kpis`: who has no segment is unknown, unless the workspace knows none at all.
    let segment_of = |contact: &Contact| match &contact.who.segment {
        Some(segment) => segment.to_string(),
        None if activity.segments.is_empty() => "all".to_owned(),
        None => "unknown".to_owned(),
    };
    list.into_iter()
        .enumerate()
        .map(|(at, (n, last, contact))| {
            let mut row = Row::new(Status::Ok);
            row.as_of = Some(as_of.day);
            row.period = Some("now".to_owned());
            row.community = Some("all".to_owned());
            row.segment = Some(segment_of(contact));
            row.kpi = Some("community_qualified_leads".to_owned());
            row.value = Some(f64::from(n));
            row.unit = Some("contributions".to_owned());
            let last = jiff::Timestamp::from_microsecond(last).map(|t| t.to_string());
            row.with("crm_id", &*contact.crm_id)
                .with("lifecycle", contact.lifecycle.as_deref())
                .with("opted_out", contact.opted_out)
                .with("rank", at as u64 + 1)
                .with("last_contribution_at", last.ok())
        })
        .collect()
}

/// Conversion within `commerce.conversion_days`: leads from the day on which they met the rule, beside leads who had not.
///
/// Time is on the side on which it was lived: a lead counts among the others from its creation to the day on which it meets the
/// rule, and is censored there; leads whose window is not over are censored today (Kaplan–Meier, log-log interval). Staff, and
/// customers of whom nothing says since when, are on neither side. A comparison of who did and who did not, so that it is never
/// attributable.
pub(crate) fn conversion(run: &Run<'_>, records: &Records, cells: &mut Vec<Cell>) {
    let span = containing("all", run.as_of.day, run.as_of, &run.zone, 1);
    let cell = |item: &str| {
        Place::everywhere()
            .cell("community_qualified_leads", &span, "share")
            .item(item)
    };
    let leads = records.leads(run.now);
    if !records.tell_customers() {
        cells.push(cell("conversion").missing(UNTOLD));
        return;
    }
    if leads.iter().all(|lead| lead.created_at.is_none()) {
        cells.push(cell("conversion").missing("needs: created_at of people"));
        return;
    }
    let courses = Courses::of(run.activity, run.now, run.config);
    let mut qualified = Arm::default();
    let mut others = Arm::default();
    let mut left_out = 0;
    for lead in &leads {
        let created = lead.created_at.filter(|at| *at < run.now);
        let Some(created) = created.filter(|_| !lead.bought_before()) else {
            continue;
        };
        if lead.undated() {
            left_out += 1;
            continue;
        }
        let customer = lead.customer;
        let met = courses
            .get(&lead.who)
            .and_then(|course| course.met)
            .map(|at| at.max(created))
            .filter(|at| customer.is_none_or(|customer| *at < customer));
        match met {
            Some(met) => {
                if met > created {
                    others.watch(created, None, met);
                }
                qualified.watch(met, customer, run.now);
            }
            None => others.watch(created, customer, run.now),
        }
    }
    let days = f64::from(run.config.commerce.conversion_days);
    let mut note = "raw comparison: not attributable".to_owned();
    if left_out > 0 {
        note = format!("{note}; {}", undated(left_out));
    }
    let note = note.as_str();
    let mut shares = Vec::new();
    for (arm, item) in [
        (&qualified, "conversion"),
        (&others, "conversion_of_other_leads"),
    ] {
        let share = arm.converted_by(days);
        cells.push(match &share {
            _ if arm.lives.n() == 0 => cell(item).missing("no such leads"),
            None => cell(item)
                .groups(&[arm.lives.n()])
                .cannot_say("the conversion window is not over for any of these leads"),
            Some(survival) => {
                let n = arm.lives.n();
                let mut cell = cell(item)
                    .count(1.0 - survival.value, n)
                    .groups(&[arm.events, n.saturating_sub(arm.events)])
                    .note(note);
                cell.interval = survival
                    .upper
                    .zip(survival.lower)
                    .map(|(upper, lower)| (1.0 - upper, 1.0 - lower));
                cell
            }
        });
        shares.push(share);
    }
    if let (Some(Some(of_qualified)), Some(Some(of_others))) = (shares.first(), shares.get(1)) {
        let n = qualified.lives.n();
        let mut cell = cell("conversion_difference")
            .count(
                of_others.value - of_qualified.value,
                n.min(others.lives.n()),
            )
            .groups(&[
                qualified.events,
                n.saturating_sub(qualified.events),
                others.events,
            ])
            .note(note);
        // The arms share no lead-day, so that the variances add up.
        cell.interval = of_qualified
            .standard_error
            .zip(of_others.standard_error)
            .map(|(a, b)| Z95 * a.hypot(b))
            .and_then(|half| {
                let value = cell.value?;
                Some((value - half, value + half))
            });
        cells.push(cell);
    }
}

/// Leads watched on one side of the rule.
#[derive(Default)]
struct Arm {
    lives: Lifetimes,
    events: u64,
}

impl Arm {
    fn watch(&mut self, from: i64, customer: Option<i64>, until: i64) {
        let days = (customer.unwrap_or(until) - from).max(0) as f64 / 86_400_000_000.0;
        // A duration of whole microseconds is finite and not negative: nothing to refuse.
        let _ = self.lives.update(days, customer.is_some());
        self.events += u64::from(customer.is_some());
    }

    /// Survival as a lead after `days`; `None` where nobody was watched for so long.
    fn converted_by(&self, days: f64) -> Option<Estimate> {
        self.lives.finish().ok()?.at(days)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    #[test]
    fn the_rule_is_met_by_enough_within_the_window() {
        for (case, days, least, window, want) in [
            ("enough", vec![0, 5, 9], 3, 10, Some(9)),
            ("too slow", vec![0, 5, 11], 3, 10, None),
            ("later", vec![0, 20, 25, 29], 3, 10, Some(29)),
            ("the first time", vec![0, 2, 30, 31], 2, 10, Some(2)),
            (
                "round the ring",
                vec![0, 20, 40, 60, 65, 69],
                3,
                10,
                Some(69),
            ),
            ("one", vec![7], 1, 10, Some(7)),
            ("too few", vec![7], 2, 10, None),
        ] {
            let mut course = Course::default();
            for day in &days {
                course.take(day * DAY, least, window * DAY);
            }
            assert_eq!(course.met, want.map(|day: i64| day * DAY), "{case}");
            assert_eq!(course.last, days[days.len() - 1] * DAY, "{case}");
        }
    }

    /// Four leads, watched by hand: 2 of 4 converted at day 10 and 20, then one censored at 30, one watched to 200.
    #[test]
    fn conversion_counts_time_where_it_was_lived() {
        let mut arm = Arm::default();
        arm.watch(0, Some(10 * DAY), 400 * DAY);
        arm.watch(0, Some(20 * DAY), 400 * DAY);
        arm.watch(0, None, 30 * DAY);
        arm.watch(0, None, 200 * DAY);
        let at = arm.converted_by(180.0).unwrap();
        assert!((1.0 - at.value - 0.5).abs() < 1e-12);
        assert!(at.lower.unwrap() < 0.5 && at.upper.unwrap() > 0.5);
        assert_eq!(arm.events, 2);
        assert_eq!(Arm::default().converted_by(180.0), None);
    }
}
