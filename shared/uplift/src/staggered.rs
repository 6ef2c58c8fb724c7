//! Difference-in-differences over waves of entry.
//!
//! Customers of one wave (those who were customers when the window began, then those who came in each quarter of it) form a
//! balanced panel; each wave is compared within itself by Callaway and Sant'Anna's estimator, with the not-yet-joined and the
//! never-joined as controls, so that a customer acquired half-way never serves as a comparison for somebody observed longer.
//! Waves are independent samples: their cells are averaged by treated customers, the weights taken as given. A wave with fewer
//! than [`FEWEST`] joiners or controls is left out and counted; the opening wave is always tried.

use levier_stats::did::shards::PanelMoments;
use levier_stats::did::{Aggregate, Aggregation, Control, Effects, Options};
use levier_stats::linear::invert_spd;
use levier_stats::sensitivity::EventStudy;
use levier_stats::sup_t::sup_t_critical;
use levier_stats::{Estimate, StatsError};
use nalgebra::{DMatrix, DVector};

use crate::lifetime::DISCOUNT;
use crate::plan::SEED;

/// Fewest joiners, and fewest controls, of a wave beside the opening one.
pub(crate) const FEWEST: u64 = 20;
/// Months before joining over which the placebo is taken.
const PLACEBO: f64 = 3.0;

/// Effect at one distance from joining.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub event_time: i32,
    pub estimate: Estimate,
    pub members: u64,
}

/// Effect on one cohort in one month.
#[derive(Clone, Debug)]
pub(crate) struct GridCell {
    pub cohort: i32,
    pub month: i32,
    pub estimate: Estimate,
    pub members: u64,
    pub controls: u64,
}

/// Everything that a staggered comparison says.
#[derive(Clone, Debug)]
pub(crate) struct Staggered {
    /// All months since joining, by number of members.
    pub simple: Estimate,
    /// The same with the month of joining counted as nothing gained.
    pub after_join_month: Estimate,
    pub dynamic: Vec<Point>,
    pub bands: Vec<(&'static str, Estimate, u64)>,
    pub grid: Vec<GridCell>,
    pub cohorts: Vec<(i32, u64)>,
    /// All months since joining of one cohort, with its members.
    pub by_cohort: Vec<(i32, Estimate, u64)>,
    /// Sum of the effects over the first so many months, weighted by `discount(month)`.
    pub cumulative: Vec<(i32, Estimate)>,
    pub members: u64,
    pub controls: u64,
    pub member_months: f64,
    pub member_level: f64,
    /// "Effect" over the last three months before joining.
    pub placebo: Option<Estimate>,
    /// Constant drift per month before joining, relative to controls.
    pub drift: Option<Estimate>,
    /// Entries before joining with their simultaneous critical value.
    pub before: Vec<Estimate>,
    pub critical: Option<f64>,
    /// Month of joining less the mean of the next two.
    pub spike: Option<Estimate>,
    /// Mean of the two months after that of joining.
    pub after_spike: f64,
    /// Months before joining that are compared, whether or not they vary.
    pub steps: usize,
    /// Of them those that differ from no change, where nothing varies.
    pub moved: usize,
    pub breakdown: Option<f64>,
    /// Members in waves that were too small.
    pub left_in_waves: u64,
}

struct Wave {
    effects: Effects,
    dynamic: Aggregate,
    by_cohort: Aggregate,
    simple: Estimate,
    /// Member-months behind the simple effect.
    months: f64,
}

/// Months since joining that are told together.
pub(crate) const BANDS: [(&str, f64, f64); 4] = [
    ("0-3", 0.0, 3.0),
    ("3-6", 3.0, 6.0),
    ("6-12", 6.0, 12.0),
    ("12+", 12.0, f64::INFINITY),
];

/// Months since joining over which effects are summed up.
pub(crate) const CUMULATIVE: [i32; 2] = [6, 12];

/// What a month's effect is worth when joining.
fn discount(month: f64) -> f64 {
    (1.0 + DISCOUNT).powf(-month / 12.0)
}

/// Compares over all waves of one series.
pub(crate) fn staggered(
    panels: &[&PanelMoments],
    anticipation: f64,
) -> Result<Staggered, StatsError> {
    let options = Options {
        control: Control::NotYet,
        anticipation,
        ..Options::default()
    };
    let mut waves = Vec::new();
    let mut used = Vec::new();
    let mut first_error = None;
    let mut left_in_waves = 0;
    for (at, panel) in panels.iter().enumerate() {
        let joiners: u64 = panel
            .blocks()
            .iter()
            .filter(|b| b.first_treated.is_some())
            .map(|b| b.moments.n())
            .sum();
        let never = panel.units() - joiners;
        if at > 0 && (joiners < FEWEST || never < FEWEST) {
            left_in_waves += joiners;
            continue;
        }
        match wave(panel, &options) {
            Ok(wave) => {
                waves.push(wave);
                used.push(*panel);
            }
            Err(error) => {
                left_in_waves += joiners;
                first_error.get_or_insert(error);
            }
        }
    }
    if waves.is_empty() {
        return Err(first_error.unwrap_or_else(|| {
            StatsError::empty("nobody joined after being a customer: the treated arm")
        }));
    }
    Ok(combine(&waves, &used, left_in_waves, anticipation))
}

fn wave(panel: &PanelMoments, options: &Options) -> Result<Wave, StatsError> {
    let effects = panel.finish(options)?;
    let simple = effects.aggregate(Aggregation::Simple)?.overall;
    let dynamic = effects.aggregate(Aggregation::Dynamic)?;
    let by_cohort = effects.aggregate(Aggregation::Group)?;
    let months = effects
        .cells
        .iter()
        .filter(|cell| cell.is_post())
        .map(|cell| cell.treated as f64)
        .sum();
    Ok(Wave {
        effects,
        dynamic,
        by_cohort,
        simple,
        months,
    })
}

fn combine(
    waves: &[Wave],
    panels: &[&PanelMoments],
    left_in_waves: u64,
    anticipation: f64,
) -> Staggered {
    let months: f64 = waves.iter().map(|wave| wave.months).sum();
    let pool = |part: &dyn Fn(&Wave) -> (f64, f64)| {
        let (mut value, mut variance) = (0.0, 0.0);
        for wave in waves {
            let (v, s) = part(wave);
            let share = wave.months / months;
            value += share * v;
            variance += share * share * s;
        }
        Estimate::normal(value, variance.max(0.0).sqrt())
    };
    let square = |e: &Estimate| e.standard_error.map_or(0.0, |s| s * s);
    let simple = pool(&|wave| (wave.simple.value, square(&wave.simple)));

    let mut times: Vec<f64> = waves
        .iter()
        .flat_map(|wave| wave.dynamic.table.iter().map(|(e, _)| *e))
        .collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let counts: Vec<Vec<f64>> = waves
        .iter()
        .map(|wave| {
            times
                .iter()
                .map(|e| {
                    let cells = wave
                        .effects
                        .cells
                        .iter()
                        .filter(|cell| cell.time - cell.group == *e);
                    cells.map(|cell| cell.treated as f64).sum()
                })
                .collect()
        })
        .collect();
    let total: Vec<f64> = (0..times.len())
        .map(|k| counts.iter().map(|c| c[k]).sum())
        .collect();
    let place = |wave: &Wave, e: f64| wave.dynamic.table.iter().position(|(at, _)| *at == e);
    let k = times.len();
    let mut values = vec![0.0; k];
    let mut covariance = vec![vec![0.0; k]; k];
    for (wave, count) in waves.iter().zip(&counts) {
        let at: Vec<Option<usize>> = times.iter().map(|e| place(wave, *e)).collect();
        for i in 0..k {
            let Some(a) = at[i].filter(|_| total[i] > 0.0) else {
                continue;
            };
            let share = count[i] / total[i];
            values[i] += share * wave.dynamic.table[a].1.value;
            for j in 0..k {
                if let Some(b) = at[j].filter(|_| total[j] > 0.0) {
                    covariance[i][j] += share * count[j] / total[j] * wave.dynamic.covariance[a][b];
                }
            }
        }
    }
    let linear = |weights: &[f64]| {
        let value = weights.iter().zip(&values).map(|(w, v)| w * v).sum();
        let mut variance = 0.0;
        for (i, a) in weights.iter().enumerate().filter(|(_, a)| **a != 0.0) {
            for (j, b) in weights.iter().enumerate().filter(|(_, b)| **b != 0.0) {
                variance += a * b * covariance[i][j];
            }
        }
        Estimate::normal(value, variance.max(0.0).sqrt())
    };
    let estimates: Vec<Estimate> = (0..k)
        .map(|i| Estimate::normal(values[i], covariance[i][i].max(0.0).sqrt()))
        .collect();
    let after_join_month = linear(
        &times
            .iter()
            .zip(&total)
            .map(|(e, n)| if *e >= 1.0 { n / months } else { 0.0 })
            .collect::<Vec<_>>(),
    );
    let bands = BANDS
        .iter()
        .filter_map(|(name, from, until)| {
            let inside = |e: f64| e >= *from && e < *until;
            let sum: f64 = times
                .iter()
                .zip(&total)
                .filter(|(e, _)| inside(**e))
                .map(|(_, n)| n)
                .sum();
            let weights: Vec<f64> = times
                .iter()
                .zip(&total)
                .map(|(e, n)| if inside(*e) { n / sum } else { 0.0 })
                .collect();
            let members = times
                .iter()
                .zip(&total)
                .filter(|(e, _)| inside(**e))
                .map(|(_, n)| *n as u64)
                .max()?;
            (sum > 0.0).then(|| (*name, linear(&weights), members))
        })
        .collect();
    let cumulative = CUMULATIVE
        .iter()
        .filter(|until| (0..**until).all(|e| times.contains(&f64::from(e))))
        .map(|until| {
            let weight = |e: f64| {
                if e >= 0.0 && e < f64::from(*until) {
                    discount(e)
                } else {
                    0.0
                }
            };
            let weights: Vec<f64> = times.iter().map(|e| weight(*e)).collect();
            (*until, linear(&weights))
        })
        .collect();
    let spike = {
        let at = |e: f64| times.iter().position(|t| *t == e);
        match (at(0.0), at(1.0), at(2.0)) {
            (Some(a), Some(b), Some(c)) => {
                let mut weights = vec![0.0; k];
                (weights[a], weights[b], weights[c]) = (1.0, -0.5, -0.5);
                Some(linear(&weights))
            }
            _ => None,
        }
    };
    let after_spike = {
        let at = |e: f64| times.iter().position(|t| *t == e).map(|i| values[i]);
        at(1.0).zip(at(2.0)).map_or(0.0, |(a, b)| (a + b) / 2.0)
    };
    let steps = times.iter().filter(|e| **e < -anticipation).count();
    let moved = (0..k)
        .filter(|&i| times[i] < -anticipation && values[i].abs() > 1e-9)
        .count();
    let before: Vec<usize> = (0..k)
        .filter(|&i| times[i] < -anticipation && covariance[i][i] > 0.0)
        .collect();
    let pick = |at: &[usize]| -> Vec<Vec<f64>> {
        at.iter()
            .map(|&i| at.iter().map(|&j| covariance[i][j]).collect())
            .collect()
    };
    let placebo = {
        // The same estimator with a join date moved back: mean level over the last months before joining, from the steps.
        let near = |e: f64| e < -anticipation && e >= -anticipation - PLACEBO;
        let steps = before.iter().filter(|&&i| near(times[i])).count() as f64;
        let weights: Vec<f64> = times
            .iter()
            .enumerate()
            .map(|(i, e)| {
                if near(*e) && before.contains(&i) {
                    (-e - anticipation) / steps
                } else {
                    0.0
                }
            })
            .collect();
        (steps > 0.0)
            .then(|| linear(&weights))
            .filter(|e| e.standard_error.is_some())
    };
    let drift = drift(
        &before.iter().map(|&i| values[i]).collect::<Vec<_>>(),
        &pick(&before),
    );
    let critical = sup_t_critical(&pick(&before), 0.95, 20_000, SEED).ok();
    let breakdown = EventStudy::from_varying(&Aggregate {
        overall: simple,
        table: times
            .iter()
            .copied()
            .zip(estimates.iter().copied())
            .collect(),
        covariance: covariance.clone(),
    })
    .and_then(|study| {
        let after: Vec<f64> = (0..k)
            .filter(|&i| times[i] >= 0.0 && covariance[i][i] > 0.0)
            .map(|i| total[i])
            .collect();
        let sum: f64 = after.iter().sum();
        study.sensitivity(&after.iter().map(|n| n / sum).collect::<Vec<_>>(), SEED)
    })
    .ok()
    .map(|sensitivity| sensitivity.breakdown);

    let member_level = member_level(panels);
    let mut cohorts: Vec<(i32, u64)> = Vec::new();
    for (g, n) in waves.iter().flat_map(|wave| &wave.effects.cohorts) {
        match cohorts.iter_mut().find(|(held, _)| *held == *g as i32) {
            Some((_, sum)) => *sum += n,
            None => cohorts.push((*g as i32, *n)),
        }
    }
    cohorts.sort_unstable();
    let members: u64 = cohorts.iter().map(|(_, n)| n).sum();
    let units: u64 = waves.iter().map(|wave| wave.effects.units).sum();
    Staggered {
        simple,
        after_join_month,
        dynamic: (0..k)
            .filter(|&i| total[i] > 0.0)
            .map(|i| Point {
                event_time: times[i] as i32,
                estimate: estimates[i],
                members: total[i] as u64,
            })
            .collect(),
        bands,
        grid: grid(waves),
        by_cohort: by_cohort(waves),
        cumulative,
        cohorts,
        members,
        controls: units - members,
        member_months: months,
        member_level,
        placebo,
        drift,
        before: before.iter().map(|&i| estimates[i]).collect(),
        critical,
        spike,
        after_spike,
        steps,
        moved,
        breakdown,
        left_in_waves,
    }
}

/// Generalised least squares of the steps before joining on a constant: `(1'V⁻¹b)/(1'V⁻¹1)`.
fn drift(steps: &[f64], covariance: &[Vec<f64>]) -> Option<Estimate> {
    let k = steps.len();
    if k < 2 {
        return None;
    }
    let v = DMatrix::from_fn(k, k, |i, j| covariance[i][j]);
    let inverse = invert_spd(&v, "the covariance of the steps before joining").ok()?;
    let (ones, b) = (
        DVector::from_element(k, 1.0),
        DVector::from_column_slice(steps),
    );
    let weighted = &inverse * &ones;
    let precision = weighted.dot(&ones);
    (precision > 0.0)
        .then(|| Estimate::normal(weighted.dot(&b) / precision, precision.sqrt().recip()))
}

fn by_cohort(waves: &[Wave]) -> Vec<(i32, Estimate, u64)> {
    let mut sums: std::collections::BTreeMap<i32, (f64, f64, u64)> =
        std::collections::BTreeMap::new();
    for wave in waves {
        for (cohort, estimate) in &wave.by_cohort.table {
            let members = wave.effects.cohort_size(*cohort).unwrap_or(0);
            let n = members as f64;
            let sum = sums.entry(*cohort as i32).or_default();
            sum.0 += n * estimate.value;
            sum.1 += n * n * estimate.standard_error.map_or(0.0, |s| s * s);
            sum.2 += members;
        }
    }
    sums.into_iter()
        .filter(|(_, (_, _, members))| *members > 0)
        .map(|(cohort, (sum, variance, members))| {
            let n = members as f64;
            (
                cohort,
                Estimate::normal(sum / n, variance.sqrt() / n),
                members,
            )
        })
        .collect()
}

fn grid(waves: &[Wave]) -> Vec<GridCell> {
    let mut cells: std::collections::BTreeMap<(i32, i32), (f64, f64, u64, u64)> =
        std::collections::BTreeMap::new();
    for cell in waves.iter().flat_map(|wave| &wave.effects.cells) {
        let n = cell.treated as f64;
        let entry = cells
            .entry((cell.group as i32, cell.time as i32))
            .or_default();
        entry.0 += n * cell.estimate.value;
        entry.1 += n * n * cell.estimate.standard_error.map_or(0.0, |s| s * s);
        entry.2 += cell.treated;
        entry.3 += cell.controls;
    }
    cells
        .into_iter()
        .filter(|(_, (_, _, members, _))| *members > 0)
        .map(|((cohort, month), (sum, variance, members, controls))| {
            let n = members as f64;
            GridCell {
                cohort,
                month,
                estimate: Estimate::normal(sum / n, variance.sqrt() / n),
                members,
                controls,
            }
        })
        .collect()
}

/// Mean outcome of members since joining.
fn member_level(panels: &[&PanelMoments]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for panel in panels {
        for block in panel.blocks() {
            let Some(joined) = block.first_treated else {
                continue;
            };
            let n = block.moments.n() as f64;
            for (at, _) in panel
                .times()
                .iter()
                .enumerate()
                .filter(|(_, time)| **time >= joined)
            {
                sum += n * block.moments.mean(at).unwrap_or(0.0);
                count += n;
            }
        }
    }
    if count > 0.0 { sum / count } else { 0.0 }
}
