//! Doubly robust adjustment: weights and an outcome model over all that was known before joining.
//!
//! Covariates are binned when they are read (past spend, frequency, months since the last order, age as a customer, quarter,
//! segment, country, lead source, plan), so that customers collapse into cells and the cost of fitting does not grow with them.
//! The outcome is the mean month over the first [`FOLLOW`] months since joining (for the others: since a month drawn by the hash
//! of the person, until they join themselves). Estimator: [`levier_stats::patterns`].

use std::collections::BTreeMap;
use std::ops::Range;

use levier_stats::StatsError;
use levier_stats::moments::Moments;
use levier_stats::patterns::{Doubly, Pattern, doubly_robust, independent_columns};
use serde::{Deserialize, Serialize};

use crate::entries;
use crate::life::{Life, level_middle};
use crate::person::TRAITS;
use crate::plan::Plan;
use crate::series::Series;

/// Months since joining over which the outcome is taken.
pub(crate) const FOLLOW: i32 = 6;
/// Fewest units of a value on either side for it to have a column of its own.
const FEWEST: u64 = 10;
/// Orders a month: upper ends of the bins, and what stands for a bin.
const ORDERS: [(f64, f64); 6] = [
    (0.0, 0.0),
    (0.25, 0.15),
    (0.5, 0.375),
    (1.0, 0.75),
    (2.0, 1.5),
    (f64::INFINITY, 3.0),
];
/// Months since the last order: upper ends of the bins, and what stands for a bin.
const RECENCY: [(i32, f64); 5] = [(1, 1.0), (3, 2.5), (6, 5.0), (12, 9.0), (i32::MAX, 18.0)];

/// Quarter, bins of past revenue, orders, age and recency, and the traits (0: unknown or rare).
pub(crate) type ProfileKey = (i32, u8, u8, u8, u8, [u8; TRAITS]);

/// The bins of a customer at a month.
pub(crate) fn profile(
    plan: &Plan,
    life: &Life<'_>,
    quarter: i32,
    level: u8,
    orders: f64,
    age: u8,
    recency: i32,
) -> ProfileKey {
    let bin = |at: Option<usize>| at.and_then(|at| u8::try_from(at).ok()).unwrap_or(0);
    let traits = std::array::from_fn(|at| {
        let value = life.person.traits[at];
        let known = plan.traits[at].iter().position(|held| held == value);
        known.map_or(0, |place| bin(Some(place + 1)))
    });
    (
        quarter,
        level,
        bin(ORDERS.iter().position(|(end, _)| orders <= *end)),
        age,
        bin(RECENCY.iter().position(|(end, _)| recency <= *end)),
        traits,
    )
}

/// Outcomes by profile and side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profiles(#[serde(with = "entries")] BTreeMap<(ProfileKey, bool), Moments>);

/// The doubly robust contrast, with the share of members whose quarter or profile has no like.
pub(crate) struct Adjusted {
    pub found: Doubly,
    pub off_support: f64,
    /// Largest absolute standardised mean difference after weighting.
    pub balance: Option<f64>,
    pub covariates: usize,
}

impl Profiles {
    pub(crate) fn update(
        &mut self,
        plan: &Plan,
        life: &Life<'_>,
        key: ProfileKey,
        member: bool,
        months: Range<i32>,
    ) {
        let end = months.end.min(months.start + FOLLOW);
        let count = f64::from(end - months.start);
        let mut means = [0.0; Series::PLAIN.len()];
        for month in (months.start..end).filter_map(|month| life.at(month)) {
            for series in Series::PLAIN {
                means[series.column()] += series.value(plan, month) / count;
            }
        }
        self.0
            .entry((key, member))
            .or_insert_with(|| Moments::new(means.len()))
            .update(&means);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, moments) in &other.0 {
            match self.0.get_mut(key) {
                Some(held) => held.merge(moments),
                None => {
                    self.0.insert(*key, moments.clone());
                }
            }
        }
    }

    /// Members and controls by a feature of the profile.
    fn count<K: Ord>(&self, feature: impl Fn(&ProfileKey) -> K) -> BTreeMap<K, [u64; 2]> {
        let mut counts: BTreeMap<K, [u64; 2]> = BTreeMap::new();
        for ((key, member), moments) in &self.0 {
            counts.entry(feature(key)).or_default()[usize::from(*member)] += moments.n();
        }
        counts
    }

    /// Values of a feature with enough units on either side.
    fn told_apart<K: Ord>(&self, feature: impl Fn(&ProfileKey) -> K) -> Vec<K> {
        let counts = self.count(feature).into_iter();
        counts
            .filter(|(_, [others, members])| *others >= FEWEST && *members >= FEWEST)
            .map(|(value, _)| value)
            .collect()
    }

    /// Effect on members of a series, per month.
    pub(crate) fn finish(&self, series: Series) -> Result<Adjusted, StatsError> {
        let column = series.column();
        let quarters = self.told_apart(|key| key.0);
        if quarters.is_empty() {
            return Err(StatsError::empty(
                "every quarter of joining lacks an arm: the overlap",
            ));
        }
        let ages = self.told_apart(|key| key.3);
        let traits: [Vec<u8>; TRAITS] = std::array::from_fn(|at| self.told_apart(|key| key.5[at]));
        let flag = |yes: bool| f64::from(u8::from(yes));
        let (mut cells, mut members, mut off) = (Vec::new(), 0, 0);
        for ((key, member), moments) in &self.0 {
            let (quarter, level, orders, age, recency, values) = key;
            members += if *member { moments.n() } else { 0 };
            if !quarters.contains(quarter) {
                off += if *member { moments.n() } else { 0 };
                continue;
            }
            let mut x = vec![
                level_middle(*level).ln_1p(),
                flag(*level == 0),
                ORDERS[usize::from(*orders)].1,
                RECENCY[usize::from(*recency)].1,
            ];
            // The first value of a feature is its reference.
            x.extend(quarters.iter().skip(1).map(|held| flag(held == quarter)));
            x.extend(ages.iter().skip(1).map(|held| flag(held == age)));
            for (held, value) in traits.iter().zip(values) {
                x.extend(held.iter().skip(1).map(|held| flag(held == value)));
            }
            cells.push(Pattern {
                x,
                treated: *member,
                n: moments.n(),
                mean: moments.mean(column).unwrap_or(0.0),
                squares: moments.cross(column, column),
            });
        }
        let kept = independent_columns(&cells);
        for cell in &mut cells {
            cell.x = kept.iter().map(|&j| cell.x[j]).collect();
        }
        let found = doubly_robust(&cells)?;
        let balance = found
            .balance
            .iter()
            .flatten()
            .map(|(_, after)| after.abs())
            .reduce(f64::max);
        let inside = (members - off) as f64;
        Ok(Adjusted {
            off_support: (off as f64 + found.off_support * inside) / members.max(1) as f64,
            balance,
            covariates: kept.len(),
            found,
        })
    }
}
