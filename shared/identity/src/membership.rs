//! Who was a member of which community, and when.
//!
//! Membership varies in time: a customer's months before joining belong to the other side of every comparison, else the joiners
//! would be credited with having lived long enough to join. Hence intervals `[joined, left)`, from joins, leaves and rosters:
//!
//! - a handle that contributes without a known join on or before it joins at its first contribution;
//! - a leave ends the membership until the next join, whatever is contributed in between (late reactions, deleted accounts);
//! - at one instant the leave comes before the join;
//! - a roster row without a date of joining proves membership from the day on which it was dropped;
//! - staff and bots are never members.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use levier_domain::config::Staff;
use levier_domain::event::{Event, Kind};
use levier_domain::record::Record;

use crate::account::normalise_domain;
use crate::evidence::{HandleId, Renumbered};
use crate::resolution::Resolution;

const STAFF: u8 = 1;
const BOT: u8 = 2;

/// The end of a chain.
const NONE: u32 = u32::MAX;

/// One handle in one community.
#[derive(Clone, Copy, Debug)]
struct Seat {
    handle: HandleId,
    community: u32,
    /// The seat of the same handle in another community, or [`NONE`].
    next: u32,
    flags: u8,
    /// First contribution, µs; `i64::MAX` where there is none.
    first: i64,
}

/// Joins, leaves, first contributions and rosters, in any order.
///
/// Handles are those that [`Evidence`](crate::Evidence) has numbered: add to it first, and give what it gives.
#[derive(Clone, Debug, Default)]
pub struct MembershipEvidence {
    communities: Vec<String>,
    seats: Vec<Seat>,
    /// The first seat of each handle, or [`NONE`].
    heads: Vec<u32>,
    roles: BTreeSet<(u32, String)>,
    /// Seat, instant, whether it is a join.
    changes: BTreeSet<(u32, i64, bool)>,
}

impl MembershipEvidence {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn community(&mut self, name: &str) -> u32 {
        let known = self.communities.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.communities.push(name.to_owned());
            self.communities.len() - 1
        }) as u32
    }

    fn seat(&mut self, community: u32, handle: HandleId) -> u32 {
        if self.heads.len() <= handle.position() {
            self.heads.resize(handle.position() + 1, NONE);
        }
        let head = self.heads[handle.position()];
        let mut at = head;
        while let Some(seat) = self.seats.get(at as usize) {
            if seat.community == community {
                return at;
            }
            at = seat.next;
        }
        let new = self.seats.len() as u32;
        self.seats.push(Seat {
            handle,
            community,
            next: head,
            flags: 0,
            first: i64::MAX,
        });
        self.heads[handle.position()] = new;
        new
    }

    /// What an event says about the membership of its actor, whom [`Evidence::add_event`](crate::Evidence::add_event) gives.
    pub fn add_event(&mut self, event: &Event, actor: HandleId) {
        let change = matches!(event.kind, Kind::MemberJoined | Kind::MemberLeft);
        let contribution = event.kind.is_contribution();
        if !(change || contribution || event.is_bot || event.is_staff) {
            return;
        }
        let community = self.community(&event.community);
        let number = self.seat(community, actor);
        let seat = &mut self.seats[number as usize];
        let at = event.occurred_at.as_microsecond();
        if event.is_staff {
            seat.flags |= STAFF;
        }
        if event.is_bot {
            seat.flags |= BOT;
        }
        if contribution {
            seat.first = seat.first.min(at);
        }
        if change {
            self.changes
                .insert((number, at, event.kind == Kind::MemberJoined));
        }
    }

    /// Says that a handle is staff in a community, on whatever grounds.
    pub fn employ(&mut self, community: &str, handle: HandleId) {
        let community = self.community(community);
        let number = self.seat(community, handle);
        self.seats[number as usize].flags |= STAFF;
    }

    /// What a roster row says of a handle, which [`Evidence::add_record`](crate::Evidence::add_record) gives. Feed the row that
    /// holds, not its history.
    pub fn add_roster(&mut self, record: &Record, handle: HandleId) {
        let text = |name: &str| record.get(name).as_text().filter(|text| !text.is_empty());
        let Some(community) = text("community") else {
            return;
        };
        let community = self.community(community);
        let number = self.seat(community, handle);
        let seat = &mut self.seats[number as usize];
        let instant = |name: &str| record.get(name).as_instant().map(Timestamp::as_microsecond);
        match text("role") {
            Some("staff") => seat.flags |= STAFF,
            Some("bot") => seat.flags |= BOT,
            Some(role) => {
                self.roles.insert((number, role.to_owned()));
            }
            None => {}
        }
        if let Some(joined) = instant("joined_at") {
            self.changes.insert((number, joined, true));
        } else if let Some(known) = instant("known_from") {
            // The row proves presence only while it does not say that the member has left.
            if instant("left_at").is_none_or(|left| left > known) {
                seat.first = seat.first.min(known);
            }
        }
        if let Some(left) = instant("left_at") {
            self.changes.insert((number, left, false));
        }
    }

    /// Takes in what another was told of other events and rows, whose handles are `renumbered` here.
    pub fn merge(&mut self, other: Self, renumbered: &Renumbered) {
        let communities: Vec<u32> = other
            .communities
            .iter()
            .map(|name| self.community(name))
            .collect();
        let seats: Vec<u32> = other
            .seats
            .iter()
            .map(|theirs| {
                let handle = renumbered.of(theirs.handle);
                let number = self.seat(communities[theirs.community as usize], handle);
                let seat = &mut self.seats[number as usize];
                seat.flags |= theirs.flags;
                seat.first = seat.first.min(theirs.first);
                number
            })
            .collect();
        let roles = other.roles.into_iter();
        self.roles
            .extend(roles.map(|(seat, role)| (seats[seat as usize], role)));
        let changes = other.changes.into_iter();
        self.changes
            .extend(changes.map(|(seat, at, joined)| (seats[seat as usize], at, joined)));
    }

    /// The intervals of one handle, from its changes in order of time and its first contribution.
    fn stays(changes: &[(u32, i64, bool)], first: i64) -> Vec<(i64, i64)> {
        let mut line: Vec<(i64, bool)> = changes
            .iter()
            .map(|&(_, at, joined)| (at, joined))
            .collect();
        if first != i64::MAX && !line.iter().any(|&(at, joined)| joined && at <= first) {
            line.push((first, true));
        }
        line.sort_unstable();
        let (mut stays, mut open) = (Vec::new(), None);
        for (at, joined) in line {
            match (joined, open) {
                (true, None) => open = Some(at),
                (false, Some(since)) => {
                    if since < at {
                        stays.push((since, at));
                    }
                    open = None;
                }
                _ => {}
            }
        }
        stays.extend(open.map(|since| (since, i64::MAX)));
        stays
    }

    /// Turns handles into persons and drops staff and bots.
    #[must_use]
    pub fn finish(mut self, who: &Resolution, staff: &Staff) -> Membership {
        for (number, role) in &self.roles {
            if staff.roles.contains(role) {
                self.seats[*number as usize].flags |= STAFF;
            }
        }
        let changes: Vec<(u32, i64, bool)> = self.changes.into_iter().collect();
        let communities: Vec<Arc<str>> = self
            .communities
            .iter()
            .map(|name| Arc::from(name.as_str()))
            .collect();
        let mut out = Membership {
            staff: configured_staff(who, staff),
            ..Membership::default()
        };
        let mut platforms: BTreeMap<&str, Arc<str>> = BTreeMap::new();
        let mut found: Vec<(&str, Stay)> = Vec::new();
        for (number, seat) in (0_u32..).zip(&self.seats) {
            if seat.flags & BOT != 0 {
                out.bots += 1;
                continue;
            }
            let node = who.placed(seat.handle);
            if seat.flags & STAFF != 0 {
                out.staff.insert(who.person(node).to_owned());
            }
            let from = changes.partition_point(|&(of, ..)| of < number);
            let to = changes.partition_point(|&(of, ..)| of <= number);
            let stays = Self::stays(&changes[from..to], seat.first);
            if stays.is_empty() {
                continue;
            }
            let (platform, _) = who.name_of(seat.handle);
            let platform = platforms
                .entry(platform)
                .or_insert_with(|| Arc::from(platform));
            let bounds = who.handle_bounds(node);
            for (since, until) in stays {
                let mut edges = vec![since];
                edges.extend(
                    bounds
                        .iter()
                        .copied()
                        .filter(|&at| since < at && at < until),
                );
                edges.push(until);
                for two in edges.windows(2) {
                    let Ok(joined) = Timestamp::from_microsecond(two[0]) else {
                        continue;
                    };
                    let interval = Interval {
                        joined,
                        left: Timestamp::from_microsecond(two[1])
                            .ok()
                            .filter(|_| two[1] != i64::MAX),
                    };
                    found.push((
                        who.person_at(node, two[0]),
                        Stay {
                            community: Arc::clone(&communities[seat.community as usize]),
                            platform: Arc::clone(platform),
                            interval,
                        },
                    ));
                }
            }
        }
        found.sort();
        for group in found.chunk_by(|x, y| x.0 == y.0) {
            let person = group[0].0;
            if !out.staff.contains(person) {
                out.people.push(PersonMembership {
                    person: person.to_owned(),
                    stays: union(group.iter().map(|(_, stay)| stay)),
                });
            }
        }
        out
    }
}

/// Persons whom the configuration calls staff.
fn configured_staff(who: &Resolution, staff: &Staff) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = staff
        .handles
        .iter()
        .filter_map(|handle| handle.split_once(':'))
        .filter_map(|(platform, handle)| who.person_of_handle(platform, handle))
        .map(str::to_owned)
        .collect();
    if !staff.person_ids.is_empty() {
        let ids: BTreeSet<&str> = staff.person_ids.iter().map(String::as_str).collect();
        out.extend(
            who.records()
                .filter(|(_, id, _)| ids.contains(id))
                .map(|(.., person)| person.to_owned()),
        );
    }
    if !staff.domains.is_empty() {
        let domains: BTreeSet<String> = staff
            .domains
            .iter()
            .filter_map(|domain| normalise_domain(domain.trim().trim_start_matches('@')))
            .collect();
        out.extend(
            who.domains()
                .filter(|(_, domain)| domains.contains(*domain))
                .map(|(person, _)| person.to_owned()),
        );
    }
    out
}

/// Merges stays of one community and platform that overlap or touch.
fn union<'a>(stays: impl Iterator<Item = &'a Stay>) -> Vec<Stay> {
    let mut out: Vec<Stay> = Vec::new();
    for stay in stays {
        if let Some(last) = out.last_mut()
            && last.community == stay.community
            && last.platform == stay.platform
            && last
                .interval
                .left
                .is_none_or(|left| stay.interval.joined <= left)
        {
            last.interval.left = match (last.interval.left, stay.interval.left) {
                (Some(a), Some(b)) => Some(a.max(b)),
                _ => None,
            };
        } else {
            out.push(stay.clone());
        }
    }
    out
}

/// The time `[joined, left)` of a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// First instant as a member.
    pub joined: Timestamp,
    /// First instant as a member no more; `None` while it lasts.
    pub left: Option<Timestamp>,
}

impl Interval {
    /// Whether `at` lies in it.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.joined <= at && self.left.is_none_or(|left| at < left)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stay {
    community: Arc<str>,
    platform: Arc<str>,
    interval: Interval,
}

/// One person's membership of all communities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonMembership {
    person: String,
    stays: Vec<Stay>,
}

impl PersonMembership {
    /// The membership of an account: whatever time any of its people was a member. `None` where nobody ever was.
    pub fn together<'a>(account: &str, people: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let mut stays: Vec<Stay> = people.flat_map(|one| one.stays.iter().cloned()).collect();
        stays.sort_unstable();
        (!stays.is_empty()).then(|| Self {
            person: account.to_owned(),
            stays: union(stays.iter()),
        })
    }

    /// The person's id.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.person
    }

    /// Community, platform and interval, by community, platform and time; intervals of one community and platform do not touch.
    pub fn stays(&self) -> impl Iterator<Item = (&str, &str, Interval)> {
        self.stays
            .iter()
            .map(|stay| (&*stay.community, &*stay.platform, stay.interval))
    }

    /// The intervals of one community over all of its platforms, or of all communities, in order of time; none touch.
    #[must_use]
    pub fn intervals(&self, community: Option<&str>) -> Vec<Interval> {
        let mut intervals: Vec<Interval> = self
            .stays
            .iter()
            .filter(|stay| community.is_none_or(|wanted| *stay.community == *wanted))
            .map(|stay| stay.interval)
            .collect();
        intervals.sort_unstable();
        let mut out: Vec<Interval> = Vec::new();
        for next in intervals {
            match out.last_mut() {
                Some(last) if last.left.is_none_or(|left| next.joined <= left) => {
                    last.left = last.left.zip(next.left).map(|(a, b)| a.max(b));
                }
                _ => out.push(next),
            }
        }
        out
    }

    /// The first join ever.
    #[must_use]
    pub fn first_join(&self) -> Option<Timestamp> {
        self.stays.iter().map(|stay| stay.interval.joined).min()
    }

    /// Whether a member of any community at `at`: `joined <= at` and not `left <= at`.
    #[must_use]
    pub fn is_member_at(&self, at: Timestamp) -> bool {
        self.stays.iter().any(|stay| stay.interval.holds(at))
    }

    /// Whether a member of `community` at `at`.
    #[must_use]
    pub fn is_member_of_at(&self, community: &str, at: Timestamp) -> bool {
        self.stays
            .iter()
            .any(|stay| *stay.community == *community && stay.interval.holds(at))
    }

    /// The end of the last membership, if it has ended.
    #[must_use]
    pub fn left_for_good(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> =
            self.stays.iter().map(|stay| stay.interval.left).collect();
        ends.and_then(|ends| ends.into_iter().max())
    }
}

/// Everybody's membership. Made by [`MembershipEvidence::finish`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    people: Vec<PersonMembership>,
    staff: BTreeSet<String>,
    bots: u64,
}

impl Membership {
    /// Every person who ever was a member, by id.
    #[must_use]
    pub fn people(&self) -> &[PersonMembership] {
        &self.people
    }

    /// One person's membership; `None` who never was a member (or is staff).
    #[must_use]
    pub fn get(&self, person: &str) -> Option<&PersonMembership> {
        let at = self
            .people
            .binary_search_by(|membership| membership.person.as_str().cmp(person))
            .ok()?;
        self.people.get(at)
    }

    /// Whether a person is staff: by configuration, roster or the platform's word.
    #[must_use]
    pub fn is_staff(&self, person: &str) -> bool {
        self.staff.contains(person)
    }

    /// Persons who are staff, by id.
    pub fn staff(&self) -> impl ExactSizeIterator<Item = &str> {
        self.staff.iter().map(String::as_str)
    }

    /// Handles left out because machines use them (one per community and platform).
    #[must_use]
    pub fn bots(&self) -> u64 {
        self.bots
    }
}
