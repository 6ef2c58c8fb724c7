//! One pass over persons into sufficient statistics, mergeable by shard.

use std::collections::BTreeMap;
use std::sync::Arc;

use levier_domain::fact::Fact;
use levier_domain::table::{Row, TableName};
use levier_stats::did::shards::PanelMoments;
use levier_stats::moments::Moments;
use levier_stats::ratio::Ratio;
use levier_stats::skew::Skew;
use serde::{Deserialize, Serialize};

use crate::account::Accounts;
use crate::adjusted::Strata;
use crate::arms::Arms;
use crate::counts::Counts;
use crate::entries;
use crate::episode::Episodes;
use crate::life::{LeftOut, Life, age_bin, level_bin};
use crate::lifetime::Lifetime;
use crate::person::{Person, PersonMonth};
use crate::plan::{Group, Plan, Slice};
use crate::profile::{Profiles, profile};
use crate::report;
use crate::retention::Retention;
use crate::series::Series;

/// Panels are kept apart by slice, series and first month.
pub(crate) type PanelKey = (u16, Series, i32);

/// Where those are kept who never joined: they stand against every community and platform, and are summed up once.
pub(crate) const NEVER: u16 = u16::MAX;

/// What one shard has seen: no person, only sums. Serialise it with any format that keeps every bit of a float.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    #[serde(with = "entries")]
    pub(crate) panels: BTreeMap<PanelKey, PanelMoments>,
    #[serde(with = "entries")]
    pub(crate) arms: BTreeMap<u16, Arms>,
    #[serde(with = "entries")]
    pub(crate) retention: BTreeMap<u16, Retention>,
    pub(crate) strata: Strata,
    pub(crate) profiles: Profiles,
    pub(crate) lifetime: Lifetime,
    pub(crate) skew: Skew,
    pub(crate) counts: Counts,
    /// Customers who had been members for so many months (second) in a month (first), of those who were customers first.
    #[serde(with = "entries")]
    pub(crate) member_months: BTreeMap<(i32, i32), u64>,
    /// Per arm (invited, held out): per series moments of (mean per month, uptake).
    #[serde(with = "entries")]
    pub(crate) drawn: BTreeMap<(bool, Series), Moments>,
    /// Of non-members and members a year before the end: recurring revenue at the end over that of then.
    pub(crate) kept_revenue: [Ratio; 2],
    /// People of accounts, where the account is the unit: they take part when all shards are in.
    pub(crate) accounts: Accounts,
}

/// Shards that do not belong together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shards of different plans cannot be merged ({0}): compute every bucket with one plan")]
pub struct MergeError(pub(crate) String);

impl MergeError {
    /// The same shards fail again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// The accumulator: `update` person by person, `merge` shard by shard in bucket order, `finish` once.
#[derive(Clone, Debug)]
pub struct Accumulator {
    plan: Arc<Plan>,
    partial: Partial,
    scratch: Vec<f64>,
}

impl Accumulator {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self::from_partial(plan, Partial::default())
    }

    /// Takes up what another process has gathered under the same plan.
    #[must_use]
    pub fn from_partial(plan: &Plan, partial: Partial) -> Self {
        Self {
            plan: Arc::new(plan.clone()),
            partial,
            scratch: Vec::new(),
        }
    }

    /// What has been gathered.
    #[must_use]
    pub fn into_partial(self) -> Partial {
        self.partial
    }

    /// One person. Each person once.
    pub fn update(&mut self, person: &Person<'_>) {
        self.partial.counts.add("persons", 1);
        if self.plan.by_account
            && !person.is_staff
            && let Some(account) = person.account
        {
            self.partial.accounts.add(account, person);
            return;
        }
        self.unit(person);
    }

    /// All facts of one person, sorted by month. Each person once.
    pub fn update_person(&mut self, facts: &[Fact]) {
        let mut months: Vec<PersonMonth> = Vec::new();
        self.update(&Person::of_facts(facts, &mut months));
    }

    /// One unit: a person, or an account with all its people.
    fn unit(&mut self, person: &Person<'_>) {
        let plan = Arc::clone(&self.plan);
        let life = match Life::read(&plan, person) {
            Ok(life) => life,
            Err(why) => {
                self.partial.counts.add(why.reason(), 1);
                if why == LeftOut::NeverCustomer && person.joined_month.is_some() {
                    self.partial.counts.add("members_not_customers", 1);
                }
                return;
            }
        };
        self.partial.counts.add("customers", 1);
        for (at, slice) in plan.slices.iter().enumerate() {
            let Ok(at) = u16::try_from(at) else { break };
            let Some(place) = place(at, slice, &life) else {
                continue;
            };
            self.arms(&plan, place, &life);
            self.panels(&plan, place, &life);
            self.partial
                .retention
                .entry(place)
                .or_default()
                .update(&plan, &life);
        }
        if let Some(joined) = life.joined.filter(|joined| *joined > life.since) {
            for month in joined.max(plan.first)..=plan.last {
                *self
                    .partial
                    .member_months
                    .entry((month, month - joined))
                    .or_default() += 1;
            }
        }
        if life.since >= plan.first {
            let member = life.joined.is_some_and(|joined| joined < life.since);
            let side = if member {
                "new_customers_members"
            } else {
                "new_customers"
            };
            self.partial.counts.add(side, 1);
        }
        self.recurring(&plan, &life);
        self.strata(&plan, &life);
        self.experiment(&plan, &life);
    }

    /// Recurring revenue a year ago and now, by the side on which the customer was a year ago.
    fn recurring(&mut self, plan: &Plan, life: &Life<'_>) {
        let year_ago = plan.last - 12;
        let at = |month| life.at(month).map_or(0, |at| at.mrr_minor);
        if at(year_ago) > 0 {
            let [others, members] = &mut self.partial.kept_revenue;
            let side = if life.is_member(year_ago) {
                members
            } else {
                others
            };
            side.update(plan.major(at(plan.last)), plan.major(at(year_ago)));
        }
    }

    /// Joins another shard. In bucket order the bits do not depend on how buckets were spread.
    ///
    /// # Errors
    /// [`MergeError`] when the shards were made under different plans.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        if self.plan != other.plan {
            return Err(MergeError("the plans differ".to_owned()));
        }
        self.merge_partial(&other.partial)
    }

    /// As [`Accumulator::merge`], for a partial read from storage.
    ///
    /// # Errors
    /// [`MergeError`] when the partial holds other months.
    pub fn merge_partial(&mut self, other: &Partial) -> Result<(), MergeError> {
        let mine = &mut self.partial;
        for (key, panel) in &other.panels {
            match mine.panels.get_mut(key) {
                Some(held) => held
                    .merge(panel)
                    .map_err(|error| MergeError(error.to_string()))?,
                None => {
                    mine.panels.insert(*key, panel.clone());
                }
            }
        }
        for (key, arms) in &other.arms {
            match mine.arms.get_mut(key) {
                Some(held) => held.merge(arms),
                None => {
                    mine.arms.insert(*key, arms.clone());
                }
            }
        }
        for (key, moments) in &other.drawn {
            match mine.drawn.get_mut(key) {
                Some(held) => held.merge(moments),
                None => {
                    mine.drawn.insert(*key, moments.clone());
                }
            }
        }
        for (key, retention) in &other.retention {
            mine.retention.entry(*key).or_default().merge(retention);
        }
        mine.strata.merge(&other.strata);
        mine.profiles.merge(&other.profiles);
        mine.lifetime.merge(&other.lifetime);
        mine.skew.merge(&other.skew);
        mine.counts.merge(&other.counts);
        mine.accounts.merge(&other.accounts);
        for (mine, theirs) in mine.kept_revenue.iter_mut().zip(&other.kept_revenue) {
            mine.merge(theirs);
        }
        for (key, n) in &other.member_months {
            *mine.member_months.entry(*key).or_default() += n;
        }
        Ok(())
    }

    /// The rows of `uplift`, `tenure` and `cohorts`, without what CRM rows say beyond facts.
    #[must_use]
    pub fn finish(&self) -> Vec<(TableName, Vec<Row>)> {
        self.finish_with(&Episodes::default())
    }

    /// The rows of `uplift`, `tenure` and `cohorts`.
    #[must_use]
    pub fn finish_with(&self, episodes: &Episodes) -> Vec<(TableName, Vec<Row>)> {
        if self.partial.accounts.is_empty() {
            return report::tables(&self.plan, &self.partial, episodes);
        }
        let mut whole = self.clone();
        let accounts = std::mem::take(&mut whole.partial.accounts);
        accounts.each(|account| whole.unit(account));
        report::tables(&whole.plan, &whole.partial, episodes)
    }

    /// Sums by side over the customer's months in the window.
    fn arms(&mut self, plan: &Plan, slice: u16, life: &Life<'_>) {
        let mut months = [0.0; 2];
        let mut totals = [[0.0; 2]; Series::PLAIN.len()];
        let mut events = [0; 2];
        for month in (life.since + 1).max(plan.first)..=plan.last {
            let side = usize::from(!life.is_member(month));
            months[side] += 1.0;
            let Some(at) = life.at(month) else { continue };
            for series in Series::PLAIN {
                totals[series.column()][side] += series.value(plan, at);
            }
            events[side] += u64::from(at.revenue_minor > 0);
        }
        let count = months[0] + months[1];
        if count <= 0.0 {
            return;
        }
        if slice == 0 || slice == NEVER {
            self.partial
                .skew
                .update((totals[0][0] + totals[0][1]) / count);
        }
        self.partial
            .arms
            .entry(slice)
            .or_insert_with(|| Arms::new(Series::PLAIN.len()))
            .update(months, &totals, events);
    }

    /// The balanced panel of the customer's wave of entry.
    fn panels(&mut self, plan: &Plan, slice: u16, life: &Life<'_>) {
        let whole = slice == 0 || slice == NEVER;
        if life.start >= plan.last {
            if whole {
                self.partial.counts.add("customer_for_too_short", 1);
            }
            return;
        }
        if let Some(joined) = life.joined.filter(|joined| *joined <= life.start) {
            if whole {
                let why = if joined <= life.since {
                    "joined_before_customer"
                } else {
                    "no_month_before_joining"
                };
                self.partial.counts.add(why, 1);
            }
            return;
        }
        let first_treated = life.joined.map(f64::from);
        for series in Series::ALL {
            if series == Series::Capped && (plan.cap_minor.is_none() || !whole) {
                continue;
            }
            self.scratch.clear();
            for month in life.start..=plan.last {
                self.scratch
                    .push(life.at(month).map_or(0.0, |at| series.value(plan, at)));
            }
            self.partial
                .panels
                .entry((slice, series, life.start))
                .or_insert_with(|| {
                    PanelMoments::new((life.start..=plan.last).map(f64::from).collect())
                })
                .update(first_treated, &self.scratch);
        }
    }

    /// Strata of what was known before joining: members at their own join, everybody else (not yet joined) at a month drawn by
    /// the hash of the person, each once, so that strata are independent.
    fn strata(&mut self, plan: &Plan, life: &Life<'_>) {
        let earliest = life.start + 1;
        if earliest > plan.last {
            return;
        }
        if let Some(joined) = life.joined.filter(|joined| *joined >= earliest) {
            self.stratum(plan, life, joined, joined..plan.last + 1, true);
        }
        let until = life.joined.unwrap_or(plan.last + 1);
        if until > earliest {
            let span = u64::from((until - earliest).unsigned_abs());
            let drawn = earliest + i32::try_from((life.hash >> 7) % span).unwrap_or(0);
            self.stratum(plan, life, drawn, drawn..until, false);
        }
    }

    fn stratum(
        &mut self,
        plan: &Plan,
        life: &Life<'_>,
        at: i32,
        months: std::ops::Range<i32>,
        member: bool,
    ) {
        let Some((revenue, orders)) = life.before(plan, at) else {
            return;
        };
        let age = at - life.since;
        let recency = life
            .at(at)
            .and_then(|month| month.months_since_order)
            .unwrap_or(age);
        let mut totals = [0.0; Series::PLAIN.len()];
        let count = f64::from(months.end - months.start);
        for month in months.clone().filter_map(|month| life.at(month)) {
            for series in Series::PLAIN {
                totals[series.column()] += series.value(plan, month);
            }
        }
        let quarter = (at - plan.first).div_euclid(3);
        let (level, age_band) = (level_bin(revenue), age_bin(age));
        self.partial.strata.update(
            (quarter, level, age_band),
            member,
            count,
            &totals,
            [revenue, orders, f64::from(age), f64::from(recency)],
        );
        let key = profile(plan, life, quarter, level, orders, age_band, recency);
        self.partial
            .profiles
            .update(plan, life, key, member, months.clone());
        self.partial
            .lifetime
            .update(plan, life, (level / 2, age_band), member, months);
    }

    /// Randomised invitations: everybody drawn who was a customer by then, whether or not they joined.
    fn experiment(&mut self, plan: &Plan, life: &Life<'_>) {
        let Some((group, month)) = plan.assignments.get(life.person.id) else {
            return;
        };
        let from = month.saturating_add(1).max(plan.first);
        if life.since > *month || from > plan.last {
            self.partial.counts.add("drawn_not_analysed", 1);
            return;
        }
        let uptake = f64::from(u8::from(life.joined.is_some_and(|joined| joined >= *month)));
        let count = f64::from(plan.last - from + 1);
        for series in Series::PLAIN {
            let total: f64 = (from..=plan.last)
                .filter_map(|month| life.at(month))
                .map(|at| series.value(plan, at))
                .sum();
            self.partial
                .drawn
                .entry((*group == Group::Invited, series))
                .or_insert_with(|| Moments::new(2))
                .update(&[total / count, uptake]);
        }
    }
}

/// Where a unit counts for a slice: under the slice's own number, or, for whoever never joined, once for all slices in which
/// everybody who never joined is a control.
fn place(at: u16, slice: &Slice, life: &Life<'_>) -> Option<u16> {
    let joined = life.joined.is_some();
    match slice {
        Slice::All => Some(if joined { at } else { NEVER }),
        Slice::Segment(name) => (life.segment() == Some(name.as_str())).then_some(at),
        // Whoever joined another community is neither a member of this one nor untouched.
        Slice::Community(name) => {
            (joined && life.communities().any(|joined| joined == name)).then_some(at)
        }
        Slice::Platform(name) => {
            (joined && life.platforms().any(|joined| joined == name)).then_some(at)
        }
    }
}
