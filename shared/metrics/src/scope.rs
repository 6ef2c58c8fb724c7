//! One slice of the company: a community, segment, platform or channel, with its events and members.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use levier_domain::event::Kind;

use crate::activity::{Activity, Entry, NONE};
use crate::cell::Name;
use crate::membership::Spans;

/// What is looked at; `None` is everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// Community.
    pub community: Option<u16>,
    /// Segment; `u16::MAX` for people without one.
    pub segment: Option<u16>,
    /// Platform.
    pub platform: Option<u8>,
    /// Channel; [`NONE`] for what happened in none.
    pub channel: Option<u32>,
}

impl Cut {
    /// Whether an entry is inside.
    #[must_use]
    pub fn takes(&self, activity: &Activity, entry: &Entry) -> bool {
        self.community.is_none_or(|c| c == entry.community)
            && self.platform.is_none_or(|p| p == entry.platform)
            && self.channel.is_none_or(|c| c == entry.channel)
            && self.segment.is_none_or(|s| {
                entry
                    .human()
                    .is_some_and(|person| activity.people[person as usize].segment == s)
            })
    }

    /// All cuts that are published: every community and all of them, by segment and by platform (channels come from [`Scope::channels`]).
    #[must_use]
    pub fn all(activity: &Activity) -> Vec<Self> {
        let mut cuts = Vec::new();
        let communities = (0..activity.communities.len() as u16).map(Some);
        for community in std::iter::once(None).chain(communities) {
            let cut = Self {
                community,
                ..Self::default()
            };
            cuts.push(cut);
            if !activity.segments.is_empty() {
                let segments = (0..activity.segments.len() as u16).chain([u16::MAX]);
                cuts.extend(segments.map(|s| Self {
                    segment: Some(s),
                    ..cut
                }));
            }
            cuts.extend((0..activity.platforms.len() as u8).map(|p| Self {
                platform: Some(p),
                ..cut
            }));
        }
        cuts
    }
}

/// A cut with what it holds.
pub struct Scope<'a> {
    /// Everything.
    pub activity: &'a Activity,
    /// The cut.
    pub cut: Cut,
    /// Column `community`.
    pub community: Name,
    /// Column `segment`.
    pub segment: Name,
    /// Column `platform`.
    pub platform: Name,
    /// Column `channel`.
    pub channel: Name,
    /// Positions of its entries, by time; bots left out.
    pub entries: Vec<u32>,
    /// Its members.
    pub spans: Arc<Spans>,
}

fn name<'a>(id: Option<usize>, names: impl Fn(usize) -> Option<&'a String>) -> Name {
    match id {
        None => Arc::from("all"),
        Some(id) => names(id).map_or_else(|| Arc::from("unknown"), |name| Arc::from(name.as_str())),
    }
}

impl<'a> Scope<'a> {
    /// Gathers a cut. Members of a channel are those of its community.
    #[must_use]
    pub fn of(activity: &'a Activity, cut: Cut) -> Self {
        let entries = activity
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| cut.takes(activity, entry) && human(entry))
            .map(|(at, _)| at as u32)
            .collect();
        Self::with(activity, cut, entries, Arc::new(members(activity, &cut)))
    }

    /// A cut with its members and none of its events.
    #[must_use]
    pub fn members_only(activity: &'a Activity, cut: Cut) -> Self {
        Self::with(activity, cut, Vec::new(), Arc::new(members(activity, &cut)))
    }

    /// Every channel of a community, in one pass over its events.
    #[must_use]
    pub fn channels(activity: &'a Activity, community: u16) -> Vec<Self> {
        let whole = Cut {
            community: Some(community),
            ..Cut::default()
        };
        let mut talked: BTreeMap<u32, bool> = BTreeMap::new();
        let mut by_channel: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (at, entry) in activity.entries.iter().enumerate() {
            if entry.community == community && human(entry) {
                by_channel.entry(entry.channel).or_default().push(at as u32);
                *talked.entry(entry.channel).or_default() |= entry.kind() == Kind::MessagePosted;
            }
        }
        by_channel.retain(|channel, _| talked.get(channel) == Some(&true));
        if by_channel.keys().all(|channel| *channel == NONE) {
            return Vec::new();
        }
        let spans = Arc::new(members(activity, &whole));
        by_channel
            .into_iter()
            .map(|(channel, entries)| {
                let cut = Cut {
                    channel: Some(channel),
                    ..whole
                };
                Self::with(activity, cut, entries, Arc::clone(&spans))
            })
            .collect()
    }

    fn with(activity: &'a Activity, cut: Cut, entries: Vec<u32>, spans: Arc<Spans>) -> Self {
        Self {
            activity,
            cut,
            community: name(cut.community.map(usize::from), |id| {
                activity.communities.get(id)
            }),
            segment: name(cut.segment.map(usize::from), |id| activity.segments.get(id)),
            platform: name(cut.platform.map(usize::from), |id| {
                activity.platforms.get(id)
            }),
            channel: name(cut.channel.map(|c| c as usize), |id| {
                activity.channels.get(id)
            }),
            entries,
            spans,
        }
    }

    /// The entries with `from <= at < to`.
    pub fn between(&self, from: i64, to: i64) -> impl Iterator<Item = (usize, &'a Entry)> + '_ {
        let entries = &self.activity.entries;
        let start = self
            .entries
            .partition_point(|at| entries[*at as usize].at < from);
        let end = self
            .entries
            .partition_point(|at| entries[*at as usize].at < to);
        self.entries[start..end.max(start)]
            .iter()
            .map(|at| (*at as usize, &entries[*at as usize]))
    }
}

/// Whether no machine did it.
fn human(entry: &Entry) -> bool {
    entry.actor == NONE || entry.person != NONE
}

/// The members of a cut.
fn members(activity: &Activity, cut: &Cut) -> Spans {
    Spans::of(activity, |stay| {
        cut.community.is_none_or(|c| c == stay.community)
            && cut.platform.is_none_or(|p| p == stay.platform)
            && cut
                .segment
                .is_none_or(|s| activity.people[stay.person as usize].segment == s)
    })
}

/// How often a person must have done something to be put in order among the others one by one.
const OFTEN: usize = 1_024;

/// How often each person did something, and how many they are, counted without sorting what was done.
pub struct Counter {
    counts: Vec<u32>,
    met: Vec<u32>,
    /// The round of [`Counter::distinct`] in which each person was met last.
    rounds: Vec<u32>,
    round: u32,
}

impl Counter {
    /// For so many people.
    #[must_use]
    pub fn new(people: usize) -> Self {
        Self {
            counts: vec![0; people],
            met: Vec::new(),
            rounds: vec![0; people],
            round: 0,
        }
    }

    /// How many different people come up.
    pub fn distinct(&mut self, people: impl IntoIterator<Item = u32>) -> u64 {
        self.distinct_where(people, |_| true)
    }

    /// How many different people come up of whom `counts` says yes; it is asked once each.
    pub fn distinct_where(
        &mut self,
        people: impl IntoIterator<Item = u32>,
        counts: impl Fn(u32) -> bool,
    ) -> u64 {
        let mut n = 0;
        self.each(people, |person, first| {
            n += u64::from(first && counts(person));
        });
        n
    }

    /// Calls `take` with everybody who comes up, as often as they do, and whether it is for the first time.
    pub fn each(&mut self, people: impl IntoIterator<Item = u32>, mut take: impl FnMut(u32, bool)) {
        if self.round == u32::MAX {
            self.rounds.fill(0);
            self.round = 0;
        }
        self.round += 1;
        for person in people {
            let met = std::mem::replace(&mut self.rounds[person as usize], self.round);
            take(person, met != self.round);
        }
    }

    /// The counts of those who come up, the largest first.
    pub fn most(&mut self, people: impl Iterator<Item = u32>) -> Vec<u64> {
        for person in people {
            let count = &mut self.counts[person as usize];
            if *count == 0 {
                self.met.push(person);
            }
            *count += 1;
        }
        // Nearly everybody did little: how many did something once, twice… is enough to put them in order.
        let mut often = [0_u32; OFTEN];
        let mut counts: Vec<u64> = Vec::with_capacity(self.met.len());
        for person in self.met.drain(..) {
            let count = std::mem::take(&mut self.counts[person as usize]);
            match often.get_mut(count as usize) {
                Some(people) => *people += 1,
                None => counts.push(u64::from(count)),
            }
        }
        counts.sort_unstable_by(|a, b| b.cmp(a));
        for (count, people) in often.into_iter().enumerate().rev() {
            counts.extend(std::iter::repeat_n(count as u64, people as usize));
        }
        counts
    }
}

/// One unit that entered a funnel: a registration, a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    /// When (µs).
    pub at: i64,
    /// Who.
    pub person: u32,
    /// About what.
    pub item: u64,
    /// Which of the later steps were taken, bit by bit.
    pub steps: u8,
}

/// Units of the first kind, one per person and item, with the later kinds that followed by `until`.
#[must_use]
pub fn funnel(scope: &Scope<'_>, entry: Kind, then: &[Kind], until: i64) -> Vec<Entered> {
    let mut units: HashMap<(u32, u64), Entered> = HashMap::new();
    for (_, e) in scope.between(i64::MIN, until) {
        if e.kind() == entry
            && let Some(person) = e.member()
        {
            units.entry((person, e.item)).or_insert(Entered {
                at: e.at,
                person,
                item: e.item,
                steps: 0,
            });
        }
    }
    for (_, e) in scope.between(i64::MIN, until) {
        if let Some(step) = then.iter().position(|kind| *kind == e.kind())
            && let Some(person) = e.member()
            && let Some(unit) = units.get_mut(&(person, e.item))
        {
            unit.steps |= 1 << step;
        }
    }
    let mut units: Vec<Entered> = units.into_values().collect();
    units.sort_unstable_by_key(|unit| (unit.at, unit.person, unit.item));
    units
}
