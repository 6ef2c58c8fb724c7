//! The raw material of the health score: what each component needs, so that it can be weighed again in every replicate.

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::config::SentimentErrors;
use levier_domain::event::Kind;
use levier_domain::time::start_of_day;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::activity::{Activity, NOWHERE, SENTIMENT_SCALE, flag};
use crate::conversation::Thread;
use crate::numbers::{Durations, gini, happened_by, mutual};

/// Microseconds of 24 hours.
pub(crate) const DAY: i64 = 86_400_000_000;
/// Sentiment within this of zero is neither positive nor negative.
const NEUTRAL: i32 = SENTIMENT_SCALE / 20;

/// The seven components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// First reply by another member within 24 hours.
    Responsiveness,
    /// First posters active again.
    NewcomerRetention,
    /// Weekly over monthly actives.
    Stickiness,
    /// Answered reply edges.
    Reciprocity,
    /// Gini of posts per author.
    Spread,
    /// Log change of monthly actives.
    Growth,
    /// Positive minus negative.
    Sentiment,
}

impl Component {
    /// All, in the order of STATISTICS.
    pub const ALL: [Self; 7] = [
        Self::Responsiveness,
        Self::NewcomerRetention,
        Self::Stickiness,
        Self::Reciprocity,
        Self::Spread,
        Self::Growth,
        Self::Sentiment,
    ];

    /// Name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Responsiveness => "responsiveness",
            Self::NewcomerRetention => "newcomer_retention",
            Self::Stickiness => "stickiness",
            Self::Reciprocity => "reciprocity",
            Self::Spread => "spread",
            Self::Growth => "growth",
            Self::Sentiment => "sentiment",
        }
    }

    /// The metric's values at which the component is 0 and 1.
    #[must_use]
    pub fn anchors(self) -> (f64, f64) {
        match self {
            Self::Responsiveness => (0.20, 0.90),
            Self::NewcomerRetention | Self::Reciprocity => (0.05, 0.40),
            Self::Stickiness => (0.10, 0.60),
            Self::Spread => (0.90, 0.40),
            Self::Growth => (-0.10, 0.10),
            Self::Sentiment => (-0.20, 0.60),
        }
    }

    /// `(x − lo)/(hi − lo)`: 0 at the one anchor, 1 at the other, and beyond them outside.
    #[must_use]
    pub fn position(self, raw: f64) -> f64 {
        let (lo, hi) = self.anchors();
        (raw - lo) / (hi - lo)
    }

    /// `clip((x − lo)/(hi − lo), 0, 1)`.
    #[must_use]
    pub fn normalise(self, raw: f64) -> f64 {
        self.position(raw).clamp(0.0, 1.0)
    }
}

/// What the components are computed from, per community and day.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Persons active in the 30 days.
    pub monthly: Vec<u32>,
    /// Persons active in the 30 days before.
    pub previous: Vec<u32>,
    /// Persons active in each of the last four weeks.
    pub weekly: [Vec<u32>; 4],
    /// Time to the first reply of each thread opened in the window, with its opener.
    pub threads: Durations,
    /// First posters of the days −60 to −30, and whether they came back.
    pub newcomers: Vec<(u32, bool)>,
    /// Reply edges (u, v, whether (v, u) is there).
    pub edges: Vec<(u32, u32, bool)>,
    /// Posts per author, ascending.
    pub posts: Vec<(u64, u32)>,
    /// Positive, negative and scored messages, per author.
    pub sentiment: Vec<(u32, [u64; 3])>,
    /// Errors of the sentiment on labelled messages of the workspace, where they were measured.
    pub errors: SentimentErrors,
}

/// The events of one community (`None`: all), of which the parts of any day can be gathered.
pub struct Scan<'a> {
    activity: &'a Activity,
    community: Option<u16>,
    zone: &'a TimeZone,
    /// The first instant of which nothing is known (µs).
    until: i64,
    /// When each person first posted here (µs), which does not depend on the day that is asked for.
    first_post: Vec<i64>,
}

/// Gathers the parts of one community (`None`: all) as of the end of a local day.
#[must_use]
pub fn parts(activity: &Activity, community: Option<u16>, as_of: Date, zone: &TimeZone) -> Parts {
    Scan::new(activity, community, zone).parts(as_of)
}

impl<'a> Scan<'a> {
    /// Finds the first posts.
    #[must_use]
    pub fn new(activity: &'a Activity, community: Option<u16>, zone: &'a TimeZone) -> Self {
        let mut first_post = vec![i64::MAX; activity.people.len()];
        for entry in &activity.entries {
            if entry.kind() == Kind::MessagePosted
                && community.is_none_or(|wanted| wanted == entry.community)
                && let Some(person) = entry.member()
            {
                let first = &mut first_post[person as usize];
                *first = entry.at.min(*first);
            }
        }
        Self {
            activity,
            community,
            zone,
            until: i64::MAX,
            first_post,
        }
    }

    /// Of which nothing is known from an instant on (µs): no wait lasts longer.
    #[must_use]
    pub fn until(mut self, now: i64) -> Self {
        self.until = now;
        self
    }

    /// The parts as of the end of a local day.
    #[must_use]
    pub fn parts(&self, as_of: Date) -> Parts {
        let (activity, zone) = (self.activity, self.zone);
        let border = |days: i64| {
            let day = as_of.saturating_add(Span::new().days(1 - days));
            start_of_day(day, zone).as_microsecond()
        };
        let now = border(0).min(self.until);
        let (month_ago, two_months_ago) = (border(30), border(60));
        let weeks: [i64; 5] = [border(28), border(21), border(14), border(7), now];
        let mut parts = Parts::default();
        let mut seen = Seen::new(activity.people.len());
        let mut edges: Vec<(u32, u32)> = Vec::new();
        let mut posts: FxHashMap<u32, u64> = FxHashMap::default();
        let mut sentiment: FxHashMap<u32, [u64; 3]> = FxHashMap::default();
        let inside = |c: u16| self.community.is_none_or(|wanted| wanted == c);
        let whole = &activity.entries[..activity.entries.partition_point(|e| e.at < now)];
        let newcomer = two_months_ago..month_ago;
        let mut back: FxHashSet<u32> = FxHashSet::default();
        let day_of = |at: i64| {
            jiff::Timestamp::from_microsecond(at).map_or(Date::ZERO, |t| zone.to_datetime(t).date())
        };
        let recent = &whole[whole.partition_point(|e| e.at < two_months_ago)..];
        for entry in recent
            .iter()
            .filter(|e| e.kind().is_contribution() && inside(e.community))
        {
            let Some(person) = entry.member() else {
                continue;
            };
            let first = self.first_post[person as usize];
            if newcomer.contains(&first) && entry.at - first >= 7 * DAY - DAY {
                let days = (day_of(entry.at) - day_of(first)).get_days();
                if (8..=30).contains(&days) {
                    back.insert(person);
                }
            }
            if entry.at < month_ago {
                if seen.first(person, 1) {
                    parts.previous.push(person);
                }
                continue;
            }
            if seen.first(person, 2) {
                parts.monthly.push(person);
            }
            if let Some(week) = (0..4).find(|w| (weeks[*w]..weeks[w + 1]).contains(&entry.at))
                && seen.first(person, 4 << week)
            {
                parts.weekly[week].push(person);
            }
            if entry.kind() != Kind::MessagePosted {
                continue;
            }
            *posts.entry(person).or_default() += 1;
            if entry.has(flag::SCORED) {
                let mood = sentiment.entry(person).or_default();
                mood[0] += u64::from(entry.sentiment > NEUTRAL);
                mood[1] += u64::from(entry.sentiment < -NEUTRAL);
                mood[2] += 1;
            }
            if entry.has(flag::REPLY)
                && !entry.has(flag::SHORT)
                && entry.parent != NOWHERE
                && let Some(other) = activity.entries[entry.parent as usize].member()
                && other != person
            {
                edges.push((person, other));
            }
        }
        edges.sort_unstable();
        edges.dedup();
        let mutual = mutual(&edges);
        parts.edges = edges
            .into_iter()
            .zip(mutual)
            .map(|((u, v), mutual)| (u, v, mutual))
            .collect();
        parts.posts = posts.into_iter().map(|(person, n)| (n, person)).collect();
        parts.posts.sort_unstable();
        parts.sentiment = sentiment.into_iter().collect();
        parts.sentiment.sort_unstable_by_key(|(person, _)| *person);
        parts.newcomers = self
            .first_post
            .iter()
            .enumerate()
            .filter(|(_, first)| newcomer.contains(*first))
            .map(|(person, _)| (person as u32, back.contains(&(person as u32))))
            .collect();
        // Threads are in the order of their opening.
        let opened = |thread: &Thread| activity.entries[thread.opener as usize].at;
        let threads = &activity.threads;
        let first = threads.partition_point(|thread| opened(thread) < month_ago);
        let last = threads.partition_point(|thread| opened(thread) < now);
        for thread in &threads[first..last.max(first)] {
            let opener = &activity.entries[thread.opener as usize];
            if !inside(opener.community) {
                continue;
            }
            let Some(person) = opener.member() else {
                continue;
            };
            let answered = thread.first_substantial < now;
            let end = if answered {
                thread.first_substantial
            } else {
                now
            };
            parts.threads.push((end - opener.at, answered, person));
        }
        parts.threads.sort_unstable();
        for list in [&mut parts.monthly, &mut parts.previous]
            .into_iter()
            .chain(parts.weekly.iter_mut())
        {
            list.sort_unstable();
        }
        parts
    }
}

impl Parts {
    /// The metric of one component, every author counted `weight` times; `None` where there is nothing to measure.
    pub fn raw(&self, component: Component, weight: &impl Fn(u32) -> u32) -> Option<f64> {
        let w = |person: u32| f64::from(weight(person));
        let sum = |list: &[u32]| list.iter().map(|person| w(*person)).sum::<f64>();
        let share = |top: f64, bottom: f64| (bottom > 0.0).then(|| top / bottom);
        match component {
            Component::Responsiveness => self
                .threads
                .iter()
                .any(|thread| weight(thread.2) > 0)
                .then(|| happened_by(&self.threads, DAY, w)),
            Component::NewcomerRetention => {
                let total = self.newcomers.iter().map(|n| w(n.0)).sum();
                let back = self.newcomers.iter().filter(|n| n.1).map(|n| w(n.0)).sum();
                share(back, total)
            }
            Component::Stickiness => {
                let weekly: f64 = self.weekly.iter().map(|week| sum(week)).sum();
                share(weekly / 4.0, sum(&self.monthly))
            }
            Component::Reciprocity => {
                let edge = |e: &(u32, u32, bool)| w(e.0) * w(e.1);
                let total = self.edges.iter().map(edge).sum();
                let answered = self.edges.iter().filter(|e| e.2).map(edge).sum();
                share(answered, total)
            }
            Component::Spread => gini(&self.posts, |person| u64::from(weight(person))),
            Component::Growth => {
                let (now, before) = (sum(&self.monthly), sum(&self.previous));
                (now > 0.0 && before > 0.0).then(|| (now / before).ln())
            }
            Component::Sentiment => {
                let sum = |at: usize| -> f64 {
                    self.sentiment.iter().map(|s| w(s.0) * s.1[at] as f64).sum()
                };
                let (positive, negative, total) = (sum(0), sum(1), sum(2));
                match (&self.errors.positive, &self.errors.negative) {
                    (Some(of_positive), Some(of_negative)) => Some(
                        of_positive.correct(share(positive, total)?)
                            - of_negative.correct(share(negative, total)?),
                    ),
                    // What was not measured is not corrected.
                    _ => share(positive - negative, total),
                }
            }
        }
    }

    /// Everybody whose weight a metric may ask for, some more than once.
    pub fn everybody(&self) -> impl Iterator<Item = u32> + '_ {
        self.monthly
            .iter()
            .chain(&self.previous)
            .chain(self.weekly.iter().flatten())
            .copied()
            .chain(self.threads.iter().map(|thread| thread.2))
            .chain(self.newcomers.iter().map(|newcomer| newcomer.0))
            .chain(self.edges.iter().flat_map(|edge| [edge.0, edge.1]))
            .chain(self.posts.iter().map(|posts| posts.1))
            .chain(self.sentiment.iter().map(|mood| mood.0))
    }

    /// How many people of those whom `inside` takes a component rests on.
    pub fn people(&self, component: Component, inside: &impl Fn(u32) -> bool) -> u64 {
        fn distinct(people: impl Iterator<Item = u32>) -> usize {
            let mut people: Vec<u32> = people.collect();
            people.sort_unstable();
            people.dedup();
            people.len()
        }
        let count = |people: &[u32]| people.iter().filter(|person| inside(**person)).count();
        (match component {
            Component::Responsiveness => {
                distinct(self.threads.iter().map(|t| t.2).filter(|p| inside(*p)))
            }
            Component::NewcomerRetention => self.newcomers.iter().filter(|n| inside(n.0)).count(),
            Component::Stickiness => count(&self.monthly),
            Component::Reciprocity => distinct(
                self.edges
                    .iter()
                    .filter(|e| inside(e.0) && inside(e.1))
                    .flat_map(|e| [e.0, e.1]),
            ),
            Component::Spread => self.posts.iter().filter(|p| inside(p.1)).count(),
            Component::Growth => count(&self.monthly).min(count(&self.previous)),
            Component::Sentiment => self.sentiment.iter().filter(|s| inside(s.0)).count(),
        }) as u64
    }
}

/// Which persons were met, bit by bit.
struct Seen(Vec<u8>);

impl Seen {
    fn new(people: usize) -> Self {
        Self(vec![0; people])
    }

    /// Whether this is the first time that the person is met under that bit.
    fn first(&mut self, person: u32, bit: u8) -> bool {
        let cell = &mut self.0[person as usize];
        let new = *cell & bit == 0;
        *cell |= bit;
        new
    }
}
