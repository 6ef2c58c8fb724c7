//! Who was a member when: spans of membership from joins and leaves, of events and rosters.
//!
//! Where a platform of a community tells no joins at all, the first contribution of a person stands for the join, so that its
//! members exist; so does the drop of a roster that says who is there and not since when. Such a join is presumed: it is never
//! counted as a registration. A leave ends the membership until the next join, whatever is contributed in between; at one
//! instant the leave comes before the join.

use std::collections::BTreeSet;

use levier_domain::event::Kind;
use rustc_hash::FxHashMap;

use crate::activity::{Activity, Stay, flag};

/// Community, platform, handle.
type Key = (u16, u8, u32);
/// When, whether it is a join, whether it is presumed: in the order in which moves of one instant happen.
type Move = (i64, bool, bool);

/// The spans of every handle, sorted by person.
pub(crate) fn stays(activity: &Activity) -> Vec<Stay> {
    let told: BTreeSet<(u16, u8)> = activity
        .entries
        .iter()
        .filter(|entry| entry.kind() == Kind::MemberJoined && !entry.has(flag::PRESUMED))
        .map(|entry| (entry.community, entry.platform))
        .collect();
    let mut moves: Vec<(Key, Move)> = Vec::new();
    let mut presumed: FxHashMap<Key, i64> = FxHashMap::default();
    for entry in &activity.entries {
        if entry.member().is_none() {
            continue;
        }
        let key = (entry.community, entry.platform, entry.actor);
        let kind = entry.kind();
        match kind {
            Kind::MemberJoined if entry.has(flag::PRESUMED) => {}
            Kind::MemberJoined | Kind::MemberLeft => {
                moves.push((key, (entry.at, kind == Kind::MemberJoined, false)));
                continue;
            }
            _ if kind.is_contribution() && !told.contains(&(entry.community, entry.platform)) => {}
            _ => continue,
        }
        // Entries come in order of time: the first one stays.
        presumed.entry(key).or_insert(entry.at);
    }
    // Who is told to have joined needs no presumption.
    for (key, (_, joins, _)) in &moves {
        if *joins {
            presumed.remove(key);
        }
    }
    moves.extend(
        presumed
            .into_iter()
            .map(|(key, at)| (key, (at, true, true))),
    );
    moves.sort_unstable();
    let mut stays = Vec::new();
    for line in moves.chunk_by(|a, b| a.0 == b.0) {
        let (community, platform, handle) = line[0].0;
        let Some(person) = activity.member_of(handle) else {
            continue;
        };
        let mut stay = |(from, implied): (i64, bool), to| {
            if from < to {
                stays.push(Stay {
                    person,
                    from,
                    to,
                    community,
                    platform,
                    implied,
                });
            }
        };
        let mut open: Option<(i64, bool)> = None;
        for (_, (at, joins, implied)) in line.iter().copied() {
            if joins {
                open.get_or_insert((at, implied));
            } else if let Some(opened) = open.take() {
                stay(opened, at);
            }
        }
        if let Some(opened) = open {
            stay(opened, i64::MAX);
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
