//! What of the health score may be told, and what is not known of it: components that rest on too few people, components from
//! which another's could be had by subtraction, and windows in which a source was silent.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::config::{Config, HealthWeights};
use rayon::prelude::*;

use crate::activity::Activity;
use crate::calendar::AsOf;
use crate::cell::{Next, next_to_hide};
use crate::health::weight_mut;
use crate::health_parts::{Component, Parts, Scan};

/// A source that is silent: what its community did since is not known, and would look like less activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Community of the source.
    pub community: String,
    /// Name of the source.
    pub source: String,
    /// Its last delivery.
    pub since: Timestamp,
}

/// Why a window that ends with `day` says nothing of a community (`None`: of all), if a source was silent in it.
pub(crate) fn suspended(
    silent: &[Silence],
    community: Option<&str>,
    day: Date,
    zone: &TimeZone,
) -> Option<String> {
    let mut said = Vec::new();
    for one in silent
        .iter()
        .filter(|one| community.is_none_or(|name| name == one.community))
        .filter(|one| zone.to_datetime(one.since).date() <= day)
    {
        let (source, since) = (&one.source, one.since);
        said.push(if said.is_empty() {
            format!("suspended: source {source} is silent since {since}")
        } else {
            format!("source {source} is silent since {since}")
        });
    }
    let todo = match said.len() {
        0 => return None,
        1 => "check its webhook",
        _ => "check their webhooks",
    };
    said.push(todo.to_owned());
    Some(said.join("; "))
}

/// Which components may be told. Whoever knows a score and all its components but one knows that one, so that what is not told is
/// in no score either.
pub(crate) struct Told<'a> {
    config: &'a Config,
    /// Components withheld because another community's could be had from them and the total.
    withheld: BTreeSet<(Date, Option<u16>, Component)>,
}

impl<'a> Told<'a> {
    /// Looks at every community on each of the days: as in `cell`, where a part under a visible total is hidden, further ones are,
    /// smallest first, until what is hidden together holds `min_cell` people in two communities; if there is no further one, the
    /// total is.
    pub fn of(activity: &Activity, as_of: AsOf, config: &'a Config, days: &BTreeSet<Date>) -> Self {
        let mut withheld = BTreeSet::new();
        let communities = activity.communities.len() as u16;
        // A single community is the total.
        if communities > 1 {
            let zone = config.workspace.zone();
            let days: Vec<Date> = days.iter().copied().collect();
            let people = |community: Option<u16>| -> Vec<[u64; 7]> {
                let scan = Scan::new(activity, community, &zone).until(as_of.now(&zone));
                days.par_iter()
                    .map(|day| {
                        let parts = scan.parts(*day);
                        Component::ALL.map(|component| parts.people(component, &|_| true))
                    })
                    .collect()
            };
            let total = people(None);
            let each: Vec<Vec<[u64; 7]>> = (0..communities).map(|c| people(Some(c))).collect();
            for (at, day) in days.iter().enumerate() {
                for (number, component) in Component::ALL.into_iter().enumerate() {
                    let parts: Vec<u64> = each.iter().map(|days| days[at][number]).collect();
                    if let Some(community) =
                        complement(total[at][number], &parts, config.privacy.min_cell)
                    {
                        withheld.insert((*day, community, component));
                    }
                }
            }
        }
        Self { config, withheld }
    }

    /// Whether a component that rests on so many people may be told.
    pub fn tells(
        &self,
        people: u64,
        community: Option<u16>,
        day: Date,
        component: Component,
    ) -> bool {
        people >= self.config.privacy.min_cell
            && !self.withheld.contains(&(day, community, component))
    }

    /// The weights of what may be told; all else weighs nothing.
    pub fn weights(&self, parts: &Parts, community: Option<u16>, day: Date) -> HealthWeights {
        let mut weights = self.config.health;
        for component in Component::ALL {
            let people = parts.people(component, &|_| true);
            if !self.tells(people, community, day, component) {
                *weight_mut(&mut weights, component) = 0.0;
            }
        }
        weights
    }

    /// The number of active people, if it may be told: it is what stickiness rests on.
    pub fn authors(&self, parts: &Parts, community: Option<u16>, day: Date) -> Option<u64> {
        let n = parts.monthly.len() as u64;
        Some(n).filter(|n| self.tells(*n, community, day, Component::Stickiness))
    }
}

/// The community (inner `None`: the total) that must be withheld beside those with fewer than `min_cell` people. One is always
/// enough: what is shown holds `min_cell` people or more.
fn complement(total: u64, parts: &[u64], min_cell: u64) -> Option<Option<u16>> {
    if total < min_cell {
        return None;
    }
    let there = parts.iter().copied().enumerate().filter(|part| part.1 > 0);
    let (hidden, shown): (Vec<_>, Vec<_>) = there.partition(|part| part.1 < min_cell);
    let hidden: Vec<u64> = hidden.into_iter().map(|part| part.1).collect();
    match next_to_hide(&hidden, shown.into_iter(), min_cell) {
        Next::Nothing => None,
        Next::Part(at) => Some(Some(at as u16)),
        Next::Total => Some(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_cannot_be_had_by_subtraction() {
        for (case, total, parts, more) in [
            ("nothing is hidden", 80, vec![40, 40], None),
            ("the only other one", 40, vec![37, 3], Some(Some(0))),
            ("the smallest other one", 90, vec![50, 37, 3], Some(Some(1))),
            ("two hide each other", 55, vec![40, 9, 6], None),
            ("two that are too few", 45, vec![40, 3, 2], Some(Some(0))),
            ("nobody hides nothing", 40, vec![40, 0], None),
            ("no other one", 12, vec![9, 0], Some(None)),
            ("the total is hidden itself", 8, vec![5, 3], None),
        ] {
            assert_eq!(complement(total, &parts, 10), more, "{case}");
        }
    }

    #[test]
    fn a_silence_is_of_its_community_and_of_the_days_since() {
        let silence = |community: &str, source: &str, since: &str| Silence {
            community: community.to_owned(),
            source: source.to_owned(),
            since: since.parse().unwrap_or_default(),
        };
        let silent = [
            silence("main", "chat", "2026-10-03T10:00:00Z"),
            silence("side", "forum", "2026-10-20T10:00:00Z"),
        ];
        let said = |community: Option<&str>, day: i8| {
            suspended(
                &silent,
                community,
                jiff::civil::date(2026, 10, day),
                &TimeZone::UTC,
            )
        };
        assert_eq!(said(Some("main"), 2), None, "before it fell silent");
        assert_eq!(
            said(Some("main"), 3).as_deref(),
            Some("suspended: source chat is silent since 2026-10-03T10:00:00Z; check its webhook")
        );
        assert_eq!(said(Some("side"), 19), None);
        assert_eq!(
            said(None, 31).as_deref(),
            Some(
                "suspended: source chat is silent since 2026-10-03T10:00:00Z; source forum is silent since 2026-10-20T10:00:00Z; check their webhooks"
            )
        );
    }
}
