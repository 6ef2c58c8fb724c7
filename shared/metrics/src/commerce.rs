//! Sums over person-months for the KPIs of commerce, streamed bucket by bucket.
//!
//! A person's months are kept until [`CommerceAccumulator::end_bucket`], because retention, churn and recurring revenue look
//! from one month to the next; what remains afterwards are whole numbers per period and group, so that buckets merge in any
//! order to the same bits. All months of a person must come before the end of their bucket.

use std::collections::BTreeMap;

use jiff::civil::Date;
use levier_domain::fact::Fact;
use levier_domain::time::Month;
use rustc_hash::FxHashMap;

use crate::book::Book;
pub use crate::sums::{Group, MOVES, Over, Sums};

/// The columns of facts that [`CommerceAccumulator::update`] reads.
pub const COLUMNS: [&str; 12] = [
    "person",
    "is_staff",
    "member",
    "communities",
    "customer_since",
    "orders",
    "revenue_minor",
    "mrr_minor",
    "subscribed",
    "tickets",
    "months_since_order",
    "segment",
];

/// Which side of the comparison.
pub const SIDES: [&str; 3] = ["all", "member", "non_member"];

/// Months after which `customer_retention` is asked.
pub const MILESTONES: [i32; 4] = [1, 3, 6, 12];

/// Words by number: what stands in millions of person-months is kept once.
#[derive(Clone, Debug, Default)]
struct Words {
    ids: FxHashMap<String, u32>,
    words: Vec<String>,
}

impl Words {
    fn id(&mut self, word: &str) -> u32 {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        let id = self.words.len() as u32;
        self.ids.insert(word.to_owned(), id);
        self.words.push(word.to_owned());
        id
    }

    fn get(&self, id: u32) -> String {
        self.words.get(id as usize).cloned().unwrap_or_default()
    }
}

/// Grains by number.
const GRAINS: [(&str, i32); 3] = [("month", 1), ("quarter", 3), ("year", 12)];

/// A [`Group`] by the numbers of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    /// Position in [`GRAINS`].
    grain: u8,
    side: u8,
    start: i32,
    community: u32,
    segment: u32,
}

/// One person-month, as far as it is needed.
#[derive(Clone, Debug)]
struct PersonMonth {
    person: u32,
    month: i32,
    member: bool,
    /// Of the whole list, comma-separated.
    communities: u32,
    segment: u32,
    since: Option<i32>,
    orders: u32,
    revenue: i64,
    mrr: i64,
    subscribed: bool,
    tickets: u32,
    alive: bool,
}

/// A buying history in months, for the models of customer lifetime: (repeats, last repeat, watched), counted, by side.
pub type Histories = BTreeMap<(u8, u32, u32, u32), u64>;

/// Collects facts.
#[derive(Clone, Debug)]
pub struct CommerceAccumulator {
    churn_after: i32,
    fiscal_start: i32,
    /// The last month that was over; what came after is of a running one.
    whole: i32,
    pending: Vec<PersonMonth>,
    /// Persons of the bucket.
    persons: Words,
    words: Words,
    /// The communities of each list met.
    lists: FxHashMap<u32, Vec<u32>>,
    book: Book<Key, Sums>,
    /// Where in `numbers` the groups of a person-month stand: asked once for everybody who is alike, not once a group.
    alike: FxHashMap<Alike, (u32, u32)>,
    numbers: Vec<u32>,
    done: Commerce,
}

/// What decides in which groups of a period a person-month counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Alike {
    grain: u8,
    member: bool,
    start: i32,
    communities: u32,
    segment: u32,
}

/// What was collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commerce {
    /// Sums by group.
    pub groups: BTreeMap<Group, Sums>,
    /// First and last month seen.
    pub months: Option<(i32, i32)>,
    /// Whether any order, subscription, ticket was seen.
    pub has_orders: bool,
    /// See `has_orders`.
    pub has_subscriptions: bool,
    /// See `has_orders`.
    pub has_tickets: bool,
    /// Buying histories as of the last month, by side.
    pub histories: Histories,
    /// What those who bought again spent in the months after their first: (side, repeats, sum in minor units) counted.
    pub values: BTreeMap<(u8, u32, i64), u64>,
    /// Lengths of contracts in months by side: (side, months, ended) counted.
    pub contracts: BTreeMap<(u8, u32, bool), u64>,
}

impl CommerceAccumulator {
    /// An empty one.
    #[must_use]
    pub fn new(config: &levier_domain::config::Config) -> Self {
        Self {
            churn_after: i32::try_from(config.commerce.churn_after_months).unwrap_or(12),
            fiscal_start: i32::from(config.workspace.fiscal_year_start.clamp(1, 12)) - 1,
            whole: i32::MAX,
            pending: Vec::new(),
            persons: Words::default(),
            words: Words::default(),
            lists: FxHashMap::default(),
            book: Book::default(),
            alike: FxHashMap::default(),
            numbers: Vec::new(),
            done: Commerce::default(),
        }
    }

    /// Says of which day the facts are: a month that still runs then is not a month in which nobody bought, so that histories end
    /// before it.
    #[must_use]
    pub fn as_of(mut self, day: Date) -> Self {
        self.whole = Month::of(day.tomorrow().unwrap_or(day)).index() - 1;
        self
    }

    /// Takes one fact; staff are left out.
    pub fn update(&mut self, fact: &Fact) {
        if fact.is_staff {
            return;
        }
        let silent = if fact.orders > 0 {
            Some(0)
        } else {
            fact.months_since_order
        };
        let alive = fact.is_customer()
            && (fact.subscribed || silent.is_some_and(|months| months < self.churn_after));
        let communities = self.words.id(&fact.communities);
        if !self.lists.contains_key(&communities) {
            let list = fact.communities.split(',').filter(|c| !c.is_empty());
            let list = list.map(|community| self.words.id(community)).collect();
            self.lists.insert(communities, list);
        }
        self.pending.push(PersonMonth {
            person: self.persons.id(&fact.person),
            month: fact.month,
            member: fact.member,
            communities,
            segment: self.words.id(fact.segment.as_deref().unwrap_or("unknown")),
            since: fact.customer_since,
            orders: fact.orders,
            revenue: fact.revenue_minor,
            mrr: fact.mrr_minor,
            subscribed: fact.subscribed,
            tickets: fact.tickets,
            alive,
        });
    }

    /// Sums up the people whose months were given; call it when a bucket is over.
    pub fn end_bucket(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.sort_unstable_by_key(|month| (month.person, month.month));
        for person in pending.chunk_by_mut(|a, b| a.person == b.person) {
            count_silence_from_the_deal(person, self.churn_after);
            self.person(person);
        }
        self.persons = Words::default();
    }

    /// Joins what another accumulator saw of other people.
    pub fn merge(&mut self, mut other: Self) {
        other.end_bucket();
        self.end_bucket();
        for (key, sums) in other.book.entries() {
            let key = Key {
                community: self.words.id(&other.words.get(key.community)),
                segment: self.words.id(&other.words.get(key.segment)),
                ..*key
            };
            self.book.total(key).merge(sums);
        }
        self.done.merge(&other.done);
    }

    /// The sums.
    #[must_use]
    pub fn finish(mut self) -> Commerce {
        self.end_bucket();
        let groups = self.book.into_entries().map(|(key, sums)| {
            let group = Group {
                grain: GRAINS[usize::from(key.grain)].0,
                start: key.start,
                community: self.words.get(key.community),
                segment: self.words.get(key.segment),
                side: key.side,
            };
            (group, sums)
        });
        self.done.groups = groups.collect();
        self.done
    }

    /// The first month of the period of every grain that holds `month`.
    fn starts(&self, month: i32) -> [i32; GRAINS.len()] {
        GRAINS.map(|(_, length)| {
            (month - self.fiscal_start).div_euclid(length) * length + self.fiscal_start
        })
    }

    /// Where in `numbers` the groups stand in which a person-month counts, in the period of a grain that begins with `start`.
    fn groups(
        &mut self,
        grain: usize,
        start: i32,
        month: &PersonMonth,
        member: bool,
    ) -> std::ops::Range<usize> {
        let alike = Alike {
            grain: grain as u8,
            member,
            start,
            communities: month.communities,
            segment: month.segment,
        };
        let (from, to) = if let Some(known) = self.alike.get(&alike) {
            *known
        } else {
            let all = self.words.id("all");
            let from = self.numbers.len() as u32;
            for (side, community, segment) in sides(&self.lists, month, member, all) {
                self.numbers.push(self.book.number(Key {
                    grain: grain as u8,
                    side,
                    start,
                    community,
                    segment,
                }));
            }
            let place = (from, self.numbers.len() as u32);
            self.alike.insert(alike, place);
            place
        };
        from as usize..to as usize
    }

    fn person(&mut self, months: &[PersonMonth]) {
        let (first, last) = (months[0].month, months[months.len() - 1].month);
        let seen = self.done.months.get_or_insert((first, last));
        *seen = (seen.0.min(first), seen.1.max(last));
        let at = |month: i32| {
            months
                .binary_search_by_key(&month, |m| m.month)
                .ok()
                .map(|at| &months[at])
        };
        for now in months {
            self.done.has_orders |= now.orders > 0;
            self.done.has_subscriptions |= now.subscribed || now.mrr != 0;
            self.done.has_tickets |= now.tickets > 0;
            let starts = self.starts(now.month);
            for (grain, start) in starts.into_iter().enumerate() {
                // What compares the end of a period with the time before it is asked in its last month, or the last one seen.
                let ends = now.month == start + GRAINS[grain].1 - 1 || now.month == last;
                let before = at(start - 1).filter(|_| ends);
                let paid_before = ends && months.iter().any(|m| m.month < start && m.mrr > 0);
                // Who was a customer before the facts begin may have paid then.
                let known_before =
                    before.is_some() || now.since.is_some_and(|since| since >= start);
                for place in self.groups(grain, start, now, now.member) {
                    let sums = self.book.own(self.numbers[place]);
                    risk(sums, now, now.month <= self.whole);
                    if ends {
                        recurring(sums, now, before, known_before, paid_before);
                    }
                }
                // What becomes of those who were there is told of where they were: who leaves a community is not lost to its sums.
                let Some(before) = before.filter(|before| before.alive || before.mrr > 0) else {
                    continue;
                };
                for place in self.groups(grain, start, before, before.member) {
                    let sums = self.book.own(self.numbers[place]);
                    if before.alive {
                        stay(sums, now);
                    }
                    retained(sums, now, before);
                }
            }
            // Whether a running month ends in silence is not known yet.
            if let Some(since) = now.since.filter(|_| now.month <= self.whole) {
                for (milestone, months_on) in MILESTONES.iter().enumerate() {
                    if now.month == since + months_on {
                        // On the side and in the communities of the month of the first purchase.
                        let then = at(since);
                        let was_member = then.is_some_and(|then| then.member);
                        for place in self.groups(0, since, then.unwrap_or(now), was_member) {
                            let kept = &mut self.book.own(self.numbers[place]).kept[milestone];
                            kept.0 += 1;
                            kept.1 += u64::from(now.alive);
                        }
                    }
                }
            }
        }
        self.book.close(|total, mut sums| {
            close(&mut sums);
            total.merge(&sums);
        });
        self.lifetime(months);
    }

    /// Buying and contract histories of one person, for the lifetime models.
    fn lifetime(&mut self, months: &[PersonMonth]) {
        let months = &months[..months.partition_point(|m| m.month <= self.whole)];
        let Some(last) = months.last() else { return };
        let sides = [0, if last.member { 1 } else { 2 }];
        let bought: Vec<&PersonMonth> = months.iter().filter(|m| m.orders > 0).collect();
        // The first purchase must be in sight, else the history is cut on the left.
        if let (Some(first), Some(end)) = (bought.first(), bought.last())
            && first.since == Some(first.month)
        {
            let repeats = bought.len() as u32 - 1;
            let recency = (end.month - first.month) as u32;
            let age = (last.month - first.month) as u32;
            let repeat_value: i64 = bought[1..].iter().map(|m| m.revenue).sum();
            for side in sides {
                *self
                    .done
                    .histories
                    .entry((side, repeats, recency, age))
                    .or_default() += 1;
                if repeats > 0 && repeat_value > 0 {
                    let key = (side, repeats, repeat_value);
                    *self.done.values.entry(key).or_default() += 1;
                }
            }
        }
        let subscribed: Vec<&PersonMonth> = months.iter().filter(|m| m.subscribed).collect();
        // So must the beginning of the contract: seen without one before, or a customer by it.
        if let (Some(first), Some(end)) = (subscribed.first(), subscribed.last())
            && (first.month > months[0].month || first.since == Some(first.month))
        {
            let ended = end.month < last.month;
            let length = (end.month - first.month + 1) as u32;
            for side in sides {
                *self
                    .done
                    .contracts
                    .entry((side, length, ended))
                    .or_default() += 1;
            }
        }
    }
}

impl Commerce {
    fn merge(&mut self, other: &Self) {
        self.months = match (self.months, other.months) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        self.has_orders |= other.has_orders;
        self.has_subscriptions |= other.has_subscriptions;
        self.has_tickets |= other.has_tickets;
        for (key, n) in &other.histories {
            *self.histories.entry(*key).or_default() += n;
        }
        for (key, n) in &other.values {
            *self.values.entry(*key).or_default() += n;
        }
        for (key, n) in &other.contracts {
            *self.contracts.entry(*key).or_default() += n;
        }
    }

    /// The sums of one group.
    #[must_use]
    pub fn sums(&self, grain: &'static str, month: Month, side: u8) -> Option<&Sums> {
        self.groups.get(&Group {
            grain,
            start: month.index(),
            community: "all".to_owned(),
            segment: "all".to_owned(),
            side,
        })
    }
}

/// Side, community and segment of a group.
type Side = (u8, u32, u32);

/// Every side, community and segment that a person-month counts in.
fn sides(lists: &FxHashMap<u32, Vec<u32>>, now: &PersonMonth, member: bool, all: u32) -> Vec<Side> {
    let mut groups = Vec::new();
    for side in [0, if member { 1 } else { 2 }] {
        groups.push((side, all, all));
        groups.push((side, all, now.segment));
    }
    if member && let Some(communities) = lists.get(&now.communities) {
        groups.extend(communities.iter().map(|community| (1, *community, all)));
    }
    groups
}

/// A won deal makes a customer, who without order is silent since then. Who ever had a contract is a customer while it runs.
fn count_silence_from_the_deal(months: &mut [PersonMonth], churn_after: i32) {
    let mut contract = false;
    for month in months {
        contract |= month.subscribed;
        let silent = month.since.map(|since| month.month - since);
        month.alive |= !contract && silent.is_some_and(|n| (0..churn_after).contains(&n));
    }
}

fn risk(sums: &mut Sums, now: &PersonMonth, over: bool) {
    if now.since.is_none_or(|since| since > now.month) {
        return;
    }
    sums.customers = 1;
    sums.months += 1;
    sums.orders += u64::from(now.orders);
    sums.revenue += now.revenue;
    sums.tickets += u64::from(now.tickets);
    if over {
        sums.over.customers = 1;
        sums.over.months += 1;
        sums.over.orders += u64::from(now.orders);
    }
    if now.since == Some(now.month) {
        sums.new_customers = 1;
    }
}

fn stay(sums: &mut Sums, now: &PersonMonth) {
    sums.started = 1;
    sums.lost = u64::from(!now.alive);
}

fn retained(sums: &mut Sums, now: &PersonMonth, before: &PersonMonth) {
    if before.mrr > 0 {
        sums.mrr_before = before.mrr;
        sums.mrr_kept = now.mrr;
        sums.mrr_gross = now.mrr.min(before.mrr);
        sums.mrr_people = 1;
        sums.mrr_moved = match now.mrr {
            0 => [1, 0, 0],
            less if less < before.mrr => [0, 1, 0],
            more if more > before.mrr => [0, 0, 1],
            _ => [0; 3],
        };
    }
}

fn recurring(
    sums: &mut Sums,
    now: &PersonMonth,
    before: Option<&PersonMonth>,
    known_before: bool,
    paid_before: bool,
) {
    let had = before.map_or(0, |before| before.mrr);
    sums.mrr = now.mrr;
    sums.subscribers = u64::from(now.mrr > 0);
    if !known_before {
        return;
    }
    let (kind, size) = match (had, now.mrr) {
        (0, 0) => return,
        (0, new) => (if paid_before { 4 } else { 0 }, new),
        (lost, 0) => (3, lost),
        (a, b) if b > a => (1, b - a),
        (a, b) if b < a => (2, a - b),
        _ => return,
    };
    sums.moves[kind] = (size, 1);
}

/// Turns the sums of one person into those of one unit: buyers, squares and products.
fn close(sums: &mut Sums) {
    sums.buyers = u64::from(sums.orders > 0);
    sums.payers = u64::from(sums.revenue != 0);
    sums.ticket_people = u64::from(sums.tickets > 0);
    sums.over.buyers = u64::from(sums.over.orders > 0);
    let [orders, months] = [sums.over.orders, sums.over.months].map(i128::from);
    sums.over.squares = [orders * orders, months * months, orders * months];
    let [r, o, m, t] = [
        i128::from(sums.revenue),
        i128::from(sums.orders),
        i128::from(sums.months),
        i128::from(sums.tickets),
    ];
    sums.squares = [r * r, o * o, m * m, r * o, r * m, o * m, t * t, t * m];
}
