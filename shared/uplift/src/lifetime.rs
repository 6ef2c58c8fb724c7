//! Lifetime value by arm: what a customer is worth over [`HORIZON`] months from joining on, and what their like is worth.
//!
//! Controls are weighted to the members' mix of past spend and age as a customer. Without contracts: months with a purchase are
//! the events, counted from the first one after joining (after the drawn month); BG/NBD says how many more there will be,
//! Gamma-Gamma what they are worth, and the share who bought at all within [`SEEN`] months multiplies both. With contracts: the
//! survival of a weighted cohort, carried on by the shifted beta-geometric model, times monthly revenue. The error is that of a
//! jackknife over ten groups of customers (Student, 9 degrees of freedom).

use std::collections::BTreeMap;
use std::ops::Range;

use levier_stats::bgnbd::{BgNbd, History};
use levier_stats::gammagamma::GammaGamma;
use levier_stats::sbg::Sbg;
use levier_stats::{Estimate, StatsError};
use serde::{Deserialize, Serialize};

use crate::entries;
use crate::life::Life;
use crate::plan::Plan;

/// Months looked ahead, as for the KPI of the same name.
pub(crate) const HORIZON: u32 = 36;
/// Discount a year.
pub(crate) const DISCOUNT: f64 = 0.10;
/// Months that must have been seen.
pub(crate) const SEEN: i32 = 6;
/// Groups of the jackknife.
const GROUPS: u8 = 10;

/// Octave of past spend, bin of age.
type Stratum = (u8, u8);

/// Customers of one stratum, arm and group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Lives {
    customers: u64,
    /// Those who bought within the first months.
    bought: u64,
    /// Further buying months, the last of them, months watched: counted.
    #[serde(with = "entries")]
    histories: BTreeMap<(u8, u8, u8), u64>,
    /// Further buying months and their mean revenue in bins 1 % wide: counted.
    #[serde(with = "entries")]
    values: BTreeMap<(u8, i32), u64>,
    /// Subscribers at the start, and their monthly revenue in minor units.
    subscribers: u64,
    recurring_minor: i64,
    /// Months until the end of the subscription (`true`) or of sight: counted.
    #[serde(with = "entries")]
    contracts: BTreeMap<(u8, bool), u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lifetime(#[serde(with = "entries")] BTreeMap<(Stratum, bool, u8), Lives>);

/// What both arms are worth, in minor units of revenue, and how they compare.
pub(crate) struct Values {
    pub member: f64,
    pub other: f64,
    pub difference: Estimate,
    pub members: u64,
    pub others: u64,
    /// Purchases that the model expects over what was seen, less one, the worse of the arms; none with contracts.
    pub misfit: Option<f64>,
}

fn short(n: i32) -> u8 {
    u8::try_from(n.max(0)).unwrap_or(u8::MAX)
}

fn discount(month: u32) -> f64 {
    (1.0 + DISCOUNT).powf(-f64::from(month) / 12.0)
}

impl Lifetime {
    pub(crate) fn update(
        &mut self,
        plan: &Plan,
        life: &Life<'_>,
        stratum: Stratum,
        member: bool,
        months: Range<i32>,
    ) {
        if plan.margin.is_none() || months.end - months.start < SEEN {
            return;
        }
        let group = u8::try_from((life.hash >> 3) % u64::from(GROUPS)).unwrap_or(0);
        let lives = self.0.entry((stratum, member, group)).or_default();
        lives.customers += 1;
        let start = life.at(months.start);
        if let Some(begun) = start.filter(|month| month.subscribed) {
            lives.subscribers += 1;
            lives.recurring_minor += begun.mrr_minor;
            let ended = (months.start..months.end)
                .find(|month| !life.at(*month).is_some_and(|at| at.subscribed));
            let until = ended.unwrap_or(months.end) - months.start;
            *lives
                .contracts
                .entry((short(until), ended.is_some()))
                .or_default() += 1;
        }
        let mut first = None;
        let (mut last, mut again, mut revenue) = (0, 0, 0_i64);
        for month in months.clone() {
            let Some(at) = life.at(month).filter(|at| at.revenue_minor > 0) else {
                continue;
            };
            match first {
                None => first = Some(month),
                Some(_) => {
                    again += 1;
                    revenue += at.revenue_minor;
                }
            }
            last = month;
        }
        let Some(first) = first else { return };
        lives.bought += u64::from(first < months.start + SEEN);
        let watched = short(months.end - 1 - first);
        let recency = if again > 0 { short(last - first) } else { 0 };
        *lives
            .histories
            .entry((short(again), recency, watched))
            .or_default() += 1;
        if again > 0 {
            let mean = revenue as f64 / f64::from(again);
            let bin = (mean.ln() / 1.01_f64.ln()).floor() as i32;
            *lives.values.entry((short(again), bin)).or_default() += 1;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        fn add<K: Ord + Copy>(mine: &mut BTreeMap<K, u64>, theirs: &BTreeMap<K, u64>) {
            for (key, n) in theirs {
                *mine.entry(*key).or_default() += n;
            }
        }
        for (key, theirs) in &other.0 {
            let mine = self.0.entry(*key).or_default();
            mine.customers += theirs.customers;
            mine.bought += theirs.bought;
            mine.subscribers += theirs.subscribers;
            mine.recurring_minor += theirs.recurring_minor;
            add(&mut mine.histories, &theirs.histories);
            add(&mut mine.values, &theirs.values);
            add(&mut mine.contracts, &theirs.contracts);
        }
    }

    /// Weight of a control of each stratum; members weigh 1. Without matching everybody does.
    fn weights(
        &self,
        matched: bool,
        without: Option<u8>,
        contracts: bool,
    ) -> BTreeMap<Stratum, f64> {
        let mut sizes: BTreeMap<Stratum, [u64; 2]> = BTreeMap::new();
        for ((stratum, member, group), lives) in &self.0 {
            if Some(*group) != without {
                sizes.entry(*stratum).or_default()[usize::from(*member)] += if contracts {
                    lives.subscribers
                } else {
                    lives.customers
                };
            }
        }
        sizes
            .into_iter()
            .filter(|(_, [others, members])| !matched || (*others > 0 && *members > 0))
            .map(|(stratum, [others, members])| {
                let weight = if matched {
                    members as f64 / others as f64
                } else {
                    1.0
                };
                (stratum, weight)
            })
            .collect()
    }

    fn arm(
        &self,
        member: bool,
        weights: &BTreeMap<Stratum, f64>,
        without: Option<u8>,
    ) -> impl Iterator<Item = (f64, &Lives)> {
        self.0
            .iter()
            .filter(move |((_, held, group), _)| *held == member && Some(*group) != without)
            .filter_map(move |((stratum, _, _), lives)| {
                let weight = weights.get(stratum)?;
                Some((if member { 1.0 } else { *weight }, lives))
            })
    }

    /// Both arms, matched or as they are.
    pub(crate) fn finish(&self, contracts: bool, matched: bool) -> Result<Values, StatsError> {
        let whole = self.weights(matched, None, contracts);
        let size = |member: bool| -> u64 {
            self.arm(member, &whole, None)
                .map(|(_, lives)| {
                    if contracts {
                        lives.subscribers
                    } else {
                        lives.customers
                    }
                })
                .sum()
        };
        let (members, others) = (size(true), size(false));
        for n in [members, others] {
            if n < 30 {
                return Err(StatsError::too_few(
                    format!("lifetime value: customers seen for {SEEN} months"),
                    n,
                    30,
                ));
            }
        }
        let mut models = [None, None];
        let mut levels = [0.0; 2];
        let mut misfit: Option<f64> = None;
        for (side, member) in [(0, true), (1, false)] {
            if contracts {
                levels[side] = with_contract(self.arm(member, &whole, None))?;
            } else {
                let fitted = Fitted::new(self.arm(member, &whole, None), None)?;
                levels[side] = fitted.value()?;
                let off = fitted.misfit()?;
                if misfit.is_none_or(|held| off.abs() > held.abs()) {
                    misfit = Some(off);
                }
                models[side] = Some(fitted);
            }
        }
        let mut left_out = Vec::new();
        for group in 0..GROUPS {
            let weights = self.weights(matched, Some(group), contracts);
            let mut gap = 0.0;
            for (side, member) in [(0, true), (1, false)] {
                let arm = self.arm(member, &weights, Some(group));
                let level = if contracts {
                    with_contract(arm)?
                } else {
                    Fitted::new(arm, models[side].as_ref())?.value()?
                };
                gap += if member { level } else { -level };
            }
            left_out.push(gap);
        }
        let groups = f64::from(GROUPS);
        let mean = left_out.iter().sum::<f64>() / groups;
        let variance =
            (groups - 1.0) / groups * left_out.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
        Ok(Values {
            member: levels[0],
            other: levels[1],
            difference: Estimate::student(levels[0] - levels[1], variance.sqrt(), groups - 1.0),
            members,
            others,
            misfit,
        })
    }
}

/// The models of one arm without contracts.
struct Fitted {
    buying: BgNbd,
    worth: GammaGamma,
    bought: f64,
    histories: Vec<(History, f64)>,
}

impl Fitted {
    fn new<'a>(
        arm: impl Iterator<Item = (f64, &'a Lives)>,
        near: Option<&Self>,
    ) -> Result<Self, StatsError> {
        let (mut customers, mut bought) = (0.0, 0.0);
        let mut histories: BTreeMap<(u8, u8, u8), f64> = BTreeMap::new();
        let mut values: BTreeMap<(u8, i32), f64> = BTreeMap::new();
        for (weight, lives) in arm {
            customers += weight * lives.customers as f64;
            bought += weight * lives.bought as f64;
            for (key, n) in &lives.histories {
                *histories.entry(*key).or_default() += weight * *n as f64;
            }
            for (key, n) in &lives.values {
                *values.entry(*key).or_default() += weight * *n as f64;
            }
        }
        let histories: Vec<(History, f64)> = histories
            .into_iter()
            .map(|((again, recency, watched), weight)| {
                let history = History {
                    frequency: f64::from(again),
                    recency: f64::from(recency),
                    age: f64::from(watched),
                };
                (history, weight)
            })
            .collect();
        let values: Vec<(f64, f64, f64)> = values
            .into_iter()
            .map(|((again, bin), weight)| {
                // The middle of the bin.
                (
                    f64::from(again),
                    1.01_f64.powf(f64::from(bin) + 0.5),
                    weight,
                )
            })
            .collect();
        Ok(Self {
            buying: BgNbd::fit(&histories, near.map(|near| &near.buying))?,
            worth: GammaGamma::fit(&values, near.map(|near| &near.worth))?,
            bought: bought / customers,
            histories,
        })
    }

    /// Minor units of revenue over the horizon.
    fn value(&self) -> Result<f64, StatsError> {
        let (mut purchases, mut before) = (1.0, 0.0);
        for month in 1..=HORIZON {
            let until = self.buying.expected_new(f64::from(month))?;
            purchases += (until - before) * discount(month);
            before = until;
        }
        Ok(self.bought * purchases * self.worth.population_mean()?)
    }

    /// Expected further purchases over those seen, less one.
    fn misfit(&self) -> Result<f64, StatsError> {
        let (mut expected, mut seen) = (0.0, 0.0);
        for (history, weight) in &self.histories {
            expected += weight * self.buying.expected_new(history.age)?;
            seen += weight * history.frequency;
        }
        Ok(expected / seen - 1.0)
    }
}

/// Minor units of revenue over the horizon, per subscriber.
fn with_contract<'a>(arm: impl Iterator<Item = (f64, &'a Lives)>) -> Result<f64, StatsError> {
    let (mut subscribers, mut recurring) = (0.0, 0.0);
    let mut contracts: BTreeMap<(u8, bool), f64> = BTreeMap::new();
    for (weight, lives) in arm {
        subscribers += weight * lives.subscribers as f64;
        recurring += weight * lives.recurring_minor as f64;
        for (key, n) in &lives.contracts {
            *contracts.entry(*key).or_default() += weight * *n as f64;
        }
    }
    // Kaplan–Meier of the weighted cohort, as the survivors that the model is fitted to; a lone tail is left out.
    let mut survivors = vec![subscribers];
    let (mut at_risk, mut share) = (subscribers, 1.0);
    let longest = contracts
        .keys()
        .map(|(months, _)| *months)
        .max()
        .unwrap_or(0);
    for month in 1..=longest {
        let lost = contracts.get(&(month, true)).copied().unwrap_or(0.0);
        if at_risk < 0.2 * subscribers {
            break;
        }
        share *= 1.0 - lost / at_risk;
        survivors.push(subscribers * share);
        at_risk -= lost + contracts.get(&(month, false)).copied().unwrap_or(0.0);
    }
    let model = Sbg::fit(&survivors)?;
    let months: f64 = (0..HORIZON)
        .map(|month| discount(month) * model.survival(month))
        .sum();
    Ok(recurring / subscribers * months)
}
