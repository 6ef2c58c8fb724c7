//! Like with like, by what was known before joining: strata, and regression on the outcome before.
//!
//! Strata are cells of quarter of joining × half-octave of past monthly revenue × age as a customer. Cells need no pass over the
//! data, add up over shards, and cost nothing per customer once filled. Regression takes the level before joining as covariate
//! and is finished from the panel's moments alone: for a cohort `g`, `Y` is the mean outcome from `g` on, `X` the mean before;
//! the controls' slope says what `Y` would have been.

use std::collections::BTreeMap;

use levier_stats::did::shards::PanelMoments;
use levier_stats::difference::{Contrast, relative_normal};
use levier_stats::moments::Moments;
use levier_stats::{Estimate, StatsError};
use serde::{Deserialize, Serialize};

use crate::entries;
use crate::series::Series;

const OUTCOMES: usize = Series::PLAIN.len();
/// Covariates whose balance is checked: past revenue and orders per month, age, months since the last order.
const COVARIATES: usize = 4;

/// Quarter of joining, bin of past revenue, bin of age.
pub(crate) type StratumKey = (i32, u8, u8);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Strata {
    #[serde(with = "entries")]
    cells: BTreeMap<(StratumKey, bool), Moments>,
}

/// A stratified contrast, with what its gates need.
pub(crate) struct Stratified {
    pub contrast: Contrast,
    pub members: u64,
    pub controls: u64,
    /// Share of members in cells without controls.
    pub off_support: f64,
    /// Largest absolute standardised mean difference after.
    pub balance: Option<f64>,
    /// Effective number of controls.
    pub effective_controls: f64,
    /// Largest share of weight on one control.
    pub largest_weight: f64,
}

impl Strata {
    pub(crate) fn update(
        &mut self,
        key: StratumKey,
        member: bool,
        months: f64,
        totals: &[f64; OUTCOMES],
        covariates: [f64; COVARIATES],
    ) {
        let mut row = [0.0; 1 + OUTCOMES + COVARIATES];
        row[0] = months;
        row[1..=OUTCOMES].copy_from_slice(totals);
        row[1 + OUTCOMES..].copy_from_slice(&covariates);
        self.cells
            .entry((key, member))
            .or_insert_with(|| Moments::new(1 + OUTCOMES + COVARIATES))
            .update(&row);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, moments) in &other.cells {
            match self.cells.get_mut(key) {
                Some(held) => held.merge(moments),
                None => {
                    self.cells.insert(*key, moments.clone());
                }
            }
        }
    }

    /// Mean per month of a series: members, and their like weighted to the members' months.
    pub(crate) fn finish(&self, series: Series) -> Result<Stratified, StatsError> {
        let column = 1 + series.column();
        let mut pairs = Vec::new();
        let (mut members, mut off) = (0, 0);
        for ((key, member), treated) in &self.cells {
            if !member {
                continue;
            }
            members += treated.n();
            match self
                .cells
                .get(&(*key, false))
                .filter(|control| control.n() >= 2)
            {
                Some(control) => pairs.push((treated, control)),
                None => off += treated.n(),
            }
        }
        let rows = |m: &Moments| m.mean(0).unwrap_or(0.0) * m.n() as f64;
        let months: f64 = pairs.iter().map(|(treated, _)| rows(treated)).sum();
        if pairs.is_empty() || months <= 0.0 {
            return Err(StatsError::empty("every stratum lacks an arm: the overlap"));
        }
        let (mut level1, mut level0, mut v1, mut v0) = (0.0, 0.0, 0.0, 0.0);
        let (mut controls, mut weight, mut squares, mut largest) = (0, 0.0, 0.0, 0.0_f64);
        let mut covariates = [[0.0; 2]; COVARIATES];
        for (treated, control) in &pairs {
            let share = rows(treated) / months;
            let (a, b) = (Ratio::of(treated, column), Ratio::of(control, column));
            level1 += share * a.value;
            level0 += share * b.value;
            v1 += share * share * a.variance;
            v0 += share * share * b.variance;
            controls += control.n();
            let each = treated.n() as f64 / control.n() as f64;
            weight += treated.n() as f64;
            squares += each * each * control.n() as f64;
            largest = largest.max(each);
            for (k, sums) in covariates.iter_mut().enumerate() {
                let at = 1 + OUTCOMES + k;
                sums[0] += treated.n() as f64 * treated.mean(at).unwrap_or(0.0);
                sums[1] += treated.n() as f64 * control.mean(at).unwrap_or(0.0);
            }
        }
        let spread = self.spread();
        let balance = covariates
            .iter()
            .zip(spread)
            .filter_map(|(sums, sd)| {
                Some(((sums[0] - sums[1]) / weight / sd.filter(|sd| *sd > 0.0)?).abs())
            })
            .reduce(f64::max);
        Ok(Stratified {
            contrast: Contrast {
                treated: level1,
                control: level0,
                difference: Estimate::normal(level1 - level0, (v1 + v0).sqrt()),
                relative: relative_normal(level1, v1, level0, v0, 0.0),
                degrees_of_freedom: None,
            },
            members,
            controls,
            off_support: off as f64 / members as f64,
            balance,
            effective_controls: weight * weight / squares,
            largest_weight: largest / weight,
        })
    }

    /// Root of the mean of the two raw variances, per covariate.
    fn spread(&self) -> [Option<f64>; COVARIATES] {
        let mut arms = [
            Moments::new(1 + OUTCOMES + COVARIATES),
            Moments::new(1 + OUTCOMES + COVARIATES),
        ];
        for ((_, member), moments) in &self.cells {
            arms[usize::from(*member)].merge(moments);
        }
        std::array::from_fn(|k| {
            let at = 1 + OUTCOMES + k;
            Some(((arms[0].variance(at)? + arms[1].variance(at)?) / 2.0).sqrt())
        })
    }
}

/// Ratio of totals to months over customers.
struct Ratio {
    value: f64,
    variance: f64,
}

impl Ratio {
    fn of(m: &Moments, column: usize) -> Self {
        let rows = m.mean(0).unwrap_or(0.0);
        let value = m.mean(column).unwrap_or(0.0) / rows;
        let spread = m.cross(column, column) - 2.0 * value * m.cross(0, column)
            + value * value * m.cross(0, 0);
        let n = m.n() as f64;
        // A cell of one customer has no spread of its own: it borrows nothing and adds nothing.
        let variance = if n > 1.0 {
            spread.max(0.0) / (n - 1.0) / (n * rows * rows)
        } else {
            0.0
        };
        Self { value, variance }
    }
}

/// A regression, with what its gates need.
pub(crate) struct Regressed {
    pub contrast: Contrast,
    pub members: u64,
    pub controls: u64,
    /// Standardised difference of the level before joining, that of members weighted by their number.
    pub balance: Option<f64>,
}

/// Regression on the mean outcome before joining, over the panels of a series.
pub(crate) fn regression(panels: &[&PanelMoments], last: i32) -> Result<Regressed, StatsError> {
    let (mut total, mut effect, mut level, mut variance) = (0.0, 0.0, 0.0, 0.0);
    let (mut apart, mut compared) = (0.0, 0.0);
    let (mut members, mut controls) = (0, 0);
    for panel in panels {
        let first = panel.times().first().copied().unwrap_or(0.0) as i32;
        let Some(never) = panel
            .blocks()
            .iter()
            .find(|block| block.first_treated.is_none())
        else {
            continue;
        };
        let c = &never.moments;
        if c.n() < 20 {
            continue;
        }
        let length = usize::try_from(last - first + 1).unwrap_or(0);
        let mut terms: Vec<Term> = Vec::new();
        for block in panel.blocks() {
            let Some(joined) = block.first_treated else {
                continue;
            };
            let split = usize::try_from(joined as i32 - first).unwrap_or(0);
            if split < 2 || split >= length || block.moments.n() == 0 {
                continue;
            }
            let m = &block.moments;
            let post = (length - split) as f64;
            let before = |m: &Moments| mean(m, 0..split);
            let after = |m: &Moments| mean(m, split..length);
            let sxx = form(c, &weights(length, 0..split), &weights(length, 0..split));
            if sxx <= 0.0 {
                continue;
            }
            let slope = form(
                c,
                &weights(length, 0..split),
                &weights(length, split..length),
            ) / sxx;
            let residual: Vec<f64> = (0..length)
                .map(|at| {
                    if at < split {
                        -slope / split as f64
                    } else {
                        1.0 / post
                    }
                })
                .collect();
            let shift = before(m) - before(c);
            let theta = after(m) - after(c) - slope * shift;
            let months = m.n() as f64 * post;
            total += months;
            effect += months * theta;
            level += months * after(m);
            members += m.n();
            if m.n() > 1 {
                let span = weights(length, 0..split);
                let own = form(m, &span, &span) / (m.n() - 1) as f64;
                let deviation = ((own + sxx / (c.n() - 1) as f64) / 2.0).sqrt();
                apart += m.n() as f64 * shift / deviation;
                compared += m.n() as f64;
                let own = form(m, &residual, &residual) / (m.n() - 1) as f64 / m.n() as f64;
                variance += months * months * own;
            }
            terms.push(Term {
                months,
                shift,
                sxx,
                before: weights(length, 0..split),
                residual,
            });
        }
        controls += c.n();
        let n = c.n() as f64;
        for a in &terms {
            for b in &terms {
                let joint = form(c, &a.residual, &b.residual) / (n - 1.0);
                let lever =
                    1.0 / n + a.shift * b.shift * form(c, &a.before, &b.before) / (a.sxx * b.sxx);
                variance += a.months * b.months * joint * lever;
            }
        }
    }
    if total <= 0.0 {
        return Err(StatsError::empty(
            "members with two months before joining, or non-members: the comparison",
        ));
    }
    let (effect, level, v) = (effect / total, level / total, variance / (total * total));
    let control = level - effect;
    Ok(Regressed {
        contrast: Contrast {
            treated: level,
            control,
            difference: Estimate::checked(
                effect,
                v.max(0.0).sqrt(),
                "regression-adjusted difference",
            )?,
            relative: (control != 0.0)
                .then(|| Estimate::normal(effect, v.max(0.0).sqrt()).scaled(1.0 / control)),
            degrees_of_freedom: None,
        },
        members,
        controls,
        balance: (compared > 0.0).then(|| apart / compared),
    })
}

struct Term {
    months: f64,
    shift: f64,
    sxx: f64,
    before: Vec<f64>,
    residual: Vec<f64>,
}

fn weights(length: usize, span: std::ops::Range<usize>) -> Vec<f64> {
    let each = 1.0 / span.len() as f64;
    (0..length)
        .map(|at| if span.contains(&at) { each } else { 0.0 })
        .collect()
}

fn mean(m: &Moments, span: std::ops::Range<usize>) -> f64 {
    let count = span.len() as f64;
    span.filter_map(|at| m.mean(at)).sum::<f64>() / count
}

/// `a' C b` with the centred cross-products `C`.
pub(crate) fn form(m: &Moments, a: &[f64], b: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (i, x) in a.iter().enumerate().filter(|(_, x)| **x != 0.0) {
        for (j, y) in b.iter().enumerate().filter(|(_, y)| **y != 0.0) {
            sum += x * y * m.cross(i, j);
        }
    }
    sum
}
