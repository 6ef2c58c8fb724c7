//! Who was a member when: spans of membership from joins and leaves, of events and rosters.
//!
//! Where a platform of a community tells no joins at all, the first contribution of a person stands for the join, so that its
//! members exist; such a join is never counted as a registration.

use std::collections::{BTreeMap, BTreeSet};

use levier_domain::event::Kind;

use crate::activity::{Activity, Stay};

/// The spans of every handle, sorted by person.
pub(crate) fn stays(activity: &Activity) -> Vec<Stay> {
    let told: BTreeSet<(u16, u8)> = activity
        .entries
        .iter()
        .filter(|entry| entry.kind() == Kind::MemberJoined)
        .map(|entry| (entry.community, entry.platform))
        .collect();
    let mut open: BTreeMap<(u16, u8, u32), (i64, bool)> = BTreeMap::new();
    let mut stays = Vec::new();
    for entry in &activity.entries {
        let Some(person) = activity.member_of(entry.actor) else {
            continue;
        };
        let key = (entry.community, entry.platform, entry.actor);
        let stay = |(from, implied): (i64, bool), to| Stay {
            person,
            from,
            to,
            community: entry.community,
            platform: entry.platform,
            implied,
        };
        match entry.kind() {
            Kind::MemberJoined => {
                open.entry(key).or_insert((entry.at, false));
            }
            Kind::MemberLeft => {
                if let Some(opened) = open.remove(&key) {
                    stays.push(stay(opened, entry.at));
                }
            }
            kind if kind.is_contribution()
                && !told.contains(&(entry.community, entry.platform)) =>
            {
                open.entry(key).or_insert((entry.at, true));
            }
            _ => {}
        }
    }
    for ((community, platform, handle), (from, implied)) in open {
        if let Some(person) = activity.member_of(handle) {
            stays.push(Stay {
                person,
                from,
                to: i64::MAX,
                community,
                platform,
                implied,
            });
        }
    }
    stays.sort_unstable();
    stays
}

/// The spans of one scope, joined per person: disjoint, sorted, found by person.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    /// Where each person's spans begin in `spans`.
    first: Vec<u32>,
    spans: Vec<Span>,
    starts: Vec<i64>,
    ends: Vec<i64>,
}

/// One span of one person, over all handles of the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The person.
    pub person: u32,
    /// Joined (µs).
    pub from: i64,
    /// Left (µs) or `i64::MAX`.
    pub to: i64,
    /// Whether no join was recorded.
    pub implied: bool,
}

impl Spans {
    /// Joins the stays that `keep` takes.
    pub fn of(activity: &Activity, keep: impl Fn(&Stay) -> bool) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        for stay in activity.stays.iter().filter(|stay| keep(stay)) {
            match spans.last_mut() {
                Some(last) if last.person == stay.person && stay.from <= last.to => {
                    last.to = last.to.max(stay.to);
                }
                _ => spans.push(Span {
                    person: stay.person,
                    from: stay.from,
                    to: stay.to,
                    implied: stay.implied,
                }),
            }
        }
        let mut first = vec![0; activity.people.len() + 1];
        for span in &spans {
            first[span.person as usize + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let mut starts: Vec<i64> = spans.iter().map(|span| span.from).collect();
        let mut ends: Vec<i64> = spans
            .iter()
            .map(|span| span.to)
            .filter(|to| *to != i64::MAX)
            .collect();
        starts.sort_unstable();
        ends.sort_unstable();
        Self {
            first,
            spans,
            starts,
            ends,
        }
    }

    /// All spans, by person and time.
    #[must_use]
    pub fn all(&self) -> &[Span] {
        &self.spans
    }

    /// The spans of one person.
    #[must_use]
    pub fn of_person(&self, person: u32) -> &[Span] {
        match (
            self.first.get(person as usize),
            self.first.get(person as usize + 1),
        ) {
            (Some(from), Some(to)) => &self.spans[*from as usize..*to as usize],
            _ => &[],
        }
    }

    /// Whether a member at `t`: joined on or before, not left on or before.
    #[must_use]
    pub fn member_at(&self, person: u32, t: i64) -> bool {
        self.of_person(person)
            .iter()
            .any(|span| span.from <= t && t < span.to)
    }

    /// Members at the instant before `t` ends a period: joined before `t`, not left before it.
    #[must_use]
    pub fn members_before(&self, t: i64) -> u64 {
        (self.starts.partition_point(|start| *start < t)
            - self.ends.partition_point(|end| *end < t)) as u64
    }
}
