//! The doubly robust effect on the treated from cells of binned covariates, at a cost that does not grow with units.
//!
//! Units of one arm with the same covariates collapse into their number, the mean of their outcomes and the squares about it.
//! Propensity and outcome model see only the cells; the influence function is linear in the outcome within a cell, so that its
//! squares follow from the cell's squares. The answer is that of [`crate::influence::effect_on_treated`] on the rows behind
//! the cells (Sant'Anna and Zhao 2020, traditional doubly robust), to rounding.
//!
//! ```
//! use levier_stats::patterns::{Pattern, doubly_robust};
//! let cell = |x: f64, treated, n, mean, squares| Pattern { x: vec![x], treated, n, mean, squares };
//! let cells = [
//!     cell(0.0, true, 10, 3.0, 4.0), cell(1.0, true, 30, 5.0, 9.0),
//!     cell(0.0, false, 40, 2.0, 8.0), cell(1.0, false, 20, 4.0, 6.0),
//! ];
//! let done = doubly_robust(&cells)?;
//! assert!((done.contrast.difference.value - 1.0).abs() < 1e-9);
//! # Ok::<(), levier_stats::StatsError>(())
//! ```

use crate::difference::{Contrast, relative_normal};
use crate::error::{StatsError, finite};
use crate::estimate::Estimate;
use crate::influence::{PROPENSITY_CEILING, least_squares};
use crate::linear::Design;
use crate::logit;

/// Units of one arm with the same covariates.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// Covariates, known before treatment; as many in every cell.
    pub x: Vec<f64>,
    /// Which arm.
    pub treated: bool,
    /// Units.
    pub n: u64,
    /// Mean outcome.
    pub mean: f64,
    /// `Σ (y − ȳ)²` within the cell.
    pub squares: f64,
}

/// The effect with what its gates need.
#[derive(Debug, Clone)]
pub struct Doubly {
    /// Levels, difference, relative lift.
    pub contrast: Contrast,
    /// Treated units.
    pub treated: u64,
    /// Controls with weight.
    pub controls: u64,
    /// Standardised mean difference of each covariate before and after weighting; `None` where it does not vary.
    pub balance: Vec<Option<(f64, f64)>>,
    /// Effective number of controls.
    pub effective_controls: f64,
    /// Largest share of the controls' weight on one of them.
    pub largest_weight: f64,
    /// Share of the treated whose propensity no control reaches.
    pub off_support: f64,
}

/// Columns (by position) that vary and are no combination of the columns before them, over all units.
pub fn independent_columns(cells: &[Pattern]) -> Vec<usize> {
    let width = cells.first().map_or(0, |c| c.x.len());
    let total: f64 = cells.iter().map(|c| c.n as f64).sum();
    let mut kept = Vec::new();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for j in 0..width {
        let mean = cells.iter().map(|c| c.n as f64 * c.x[j]).sum::<f64>() / total;
        let mut column: Vec<f64> = cells.iter().map(|c| c.x[j] - mean).collect();
        let dot = |a: &[f64], b: &[f64]| -> f64 {
            cells
                .iter()
                .zip(a.iter().zip(b))
                .map(|(c, (x, y))| c.n as f64 * x * y)
                .sum()
        };
        let before = dot(&column, &column);
        for b in &basis {
            let share = dot(&column, b);
            column.iter_mut().zip(b).for_each(|(x, y)| *x -= share * y);
        }
        let after = dot(&column, &column);
        if before > 0.0 && after > 1e-6 * before {
            let length = after.sqrt();
            column.iter_mut().for_each(|x| *x /= length);
            basis.push(column);
            kept.push(j);
        }
    }
    kept
}

/// Average effect on the treated. Covariates must be linearly independent (see [`independent_columns`]).
pub fn doubly_robust(cells: &[Pattern]) -> Result<Doubly, StatsError> {
    let width = cells.first().map_or(0, |c| c.x.len());
    if cells.iter().any(|c| c.x.len() != width) {
        return Err(StatsError::invalid("cells", "differ in their covariates"));
    }
    let size = |i: usize| cells[i].n as f64;
    let d = |i: usize| f64::from(u8::from(cells[i].treated));
    let all = 0..cells.len();
    let treated: u64 = cells.iter().filter(|c| c.treated).map(|c| c.n).sum();
    let total: f64 = cells.iter().map(|c| c.n as f64).sum();
    let (n1, n0) = (treated as f64, total - treated as f64);
    if n1 == 0.0 {
        return Err(StatsError::empty("treated arm"));
    }
    if n0 == 0.0 {
        return Err(StatsError::empty("control arm"));
    }
    let columns: Vec<Vec<f64>> = (0..width)
        .map(|j| cells.iter().map(|c| c.x[j]).collect())
        .collect();
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let design = Design::standardised(cells.len(), &views)?;
    let fitted_propensity = logit::fit(&design, |i| size(i) * d(i), size)?;
    let p: Vec<f64> = all
        .clone()
        .map(|i| logit::logistic(design.dot(i, &fitted_propensity.beta)).min(1.0 - 1e-6))
        .collect();
    let score_inverse = fitted_propensity.covariance * total;
    let means: Vec<f64> = cells.iter().map(|c| c.mean).collect();
    crate::error::all_finite(&means, "outcome")?;
    let (beta, inverse) = least_squares(
        &design,
        &means,
        |i| size(i) * (1.0 - d(i)),
        "the outcome model on the controls",
    )?;
    let inverse = inverse * (total / cells.len() as f64);
    // Weight of one unit of a cell.
    let w0: Vec<f64> = all
        .clone()
        .map(|i| {
            if cells[i].treated || p[i] >= PROPENSITY_CEILING {
                0.0
            } else {
                p[i] / (1.0 - p[i])
            }
        })
        .collect();
    let sum = |f: &dyn Fn(usize) -> f64| all.clone().map(|i| size(i) * f(i)).sum::<f64>();
    let mean_w1 = n1 / total;
    let mean_w0 = sum(&|i| w0[i]) / total;
    if mean_w0 <= 0.0 {
        return Err(StatsError::empty("control arm on support"));
    }
    let r: Vec<f64> = all
        .clone()
        .map(|i| means[i] - design.dot(i, &beta))
        .collect();
    let eta1 = sum(&|i| d(i) * r[i]) / total / mean_w1;
    let eta0 = sum(&|i| w0[i] * r[i]) / total / mean_w0;
    let level1 = sum(&|i| d(i) * means[i]) / n1;
    let by_m1 = &inverse * (design.sum(|i| size(i) * d(i)) / total);
    let by_m3 = &inverse * (design.sum(|i| size(i) * w0[i]) / total);
    let by_m2 = &score_inverse * (design.sum(|i| size(i) * w0[i] * (r[i] - eta0)) / total);
    let (mut v1, mut v0, mut cross) = (0.0, 0.0, 0.0);
    for (i, c) in cells.iter().enumerate() {
        // Influence of a unit of the cell: `a + b·(y − ȳ)`.
        let ols = 1.0 - d(i);
        let (lin1, lin3) = (design.dot(i, &by_m1), design.dot(i, &by_m3));
        let score = (d(i) - p[i]) * design.dot(i, &by_m2);
        let a_effect = (d(i) * (r[i] - eta1) - ols * r[i] * lin1) / mean_w1
            - (w0[i] * (r[i] - eta0) + score - ols * r[i] * lin3) / mean_w0;
        let b_effect = (d(i) - ols * lin1) / mean_w1 - (w0[i] - ols * lin3) / mean_w0;
        let (a1, b1) = (d(i) * (means[i] - level1) / mean_w1, d(i) / mean_w1);
        let (a0, b0) = (a1 - a_effect, b1 - b_effect);
        let n = c.n as f64;
        v1 += n * a1 * a1 + b1 * b1 * c.squares;
        v0 += n * a0 * a0 + b0 * b0 * c.squares;
        cross += n * a1 * a0 + b1 * b0 * c.squares;
    }
    let scale = total * total;
    let (v1, v0, cross) = (v1 / scale, v0 / scale, cross / scale);
    let effect = finite(eta1 - eta0, "effect")?;
    let level0 = level1 - effect;
    let squares = sum(&|i| w0[i] * w0[i]);
    let weight = mean_w0 * total;
    let (low, high) = all
        .clone()
        .filter(|&i| !cells[i].treated)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), i| {
            (l.min(p[i]), h.max(p[i]))
        });
    let off = sum(&|i| {
        if cells[i].treated && (p[i] < low || p[i] > high) {
            1.0
        } else {
            0.0
        }
    });
    let balance = (0..width)
        .map(|j| smd(cells, j, &w0, [n0, n1], weight))
        .collect();
    Ok(Doubly {
        contrast: Contrast {
            treated: level1,
            control: level0,
            difference: Estimate::normal(effect, (v1 + v0 - 2.0 * cross).max(0.0).sqrt()),
            relative: relative_normal(level1, v1, level0, v0, cross),
            degrees_of_freedom: None,
        },
        treated,
        controls: cells
            .iter()
            .zip(&w0)
            .filter(|(_, w)| **w > 0.0)
            .map(|(c, _)| c.n)
            .sum(),
        balance,
        effective_controls: weight * weight / squares,
        largest_weight: w0.iter().fold(0.0_f64, |m, w| m.max(*w)) / weight,
        off_support: off / n1,
    })
}

/// Standardised mean difference over the root of the mean of the two raw variances, before and after weighting the controls.
fn smd(
    cells: &[Pattern],
    j: usize,
    w0: &[f64],
    sizes: [f64; 2],
    weight: f64,
) -> Option<(f64, f64)> {
    let moment = |arm: bool| {
        let n = sizes[usize::from(arm)];
        let mine = || cells.iter().filter(move |c| c.treated == arm);
        let mean = mine().map(|c| c.n as f64 * c.x[j]).sum::<f64>() / n;
        let squares: f64 = mine().map(|c| c.n as f64 * (c.x[j] - mean).powi(2)).sum();
        (mean, squares / (n - 1.0).max(1.0))
    };
    let ((m1, v1), (m0, v0)) = (moment(true), moment(false));
    let spread = ((v1 + v0) / 2.0).sqrt();
    let after = cells
        .iter()
        .zip(w0)
        .map(|(c, w)| c.n as f64 * w * c.x[j])
        .sum::<f64>()
        / weight;
    (spread > 0.0).then(|| ((m1 - m0) / spread, (m1 - after) / spread))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::propensity::{Estimand, Method, Sample, adjust};
    use rand::{Rng, SeedableRng};

    #[test]
    fn cells_answer_as_their_rows_do() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let (mut y, mut treated) = (Vec::new(), Vec::new());
        let mut x = [Vec::new(), Vec::new()];
        for _ in 0..900 {
            let a = f64::from(rng.random_range(0..4_u8));
            let b = f64::from(rng.random_range(0..2_u8));
            let joins = rng.random::<f64>() < 0.2 + 0.12 * a - 0.1 * b;
            y.push(2.0 * a - b + a * b + f64::from(u8::from(joins)) + rng.random::<f64>());
            treated.push(joins);
            x[0].push(a);
            x[1].push(b);
        }
        let mut cells: Vec<Pattern> = Vec::new();
        for arm in [true, false] {
            for (a, b) in (0..4).flat_map(|a| (0..2).map(move |b| (f64::from(a), f64::from(b)))) {
                let mine: Vec<f64> = (0..y.len())
                    .filter(|&i| treated[i] == arm && x[0][i] == a && x[1][i] == b)
                    .map(|i| y[i])
                    .collect();
                let mean = mine.iter().sum::<f64>() / mine.len() as f64;
                cells.push(Pattern {
                    x: vec![a, b],
                    treated: arm,
                    n: mine.len() as u64,
                    mean,
                    squares: mine.iter().map(|v| (v - mean).powi(2)).sum(),
                });
            }
        }
        let sample = Sample {
            outcome: &y,
            treated: &treated,
            covariates: vec![("a", &x[0]), ("b", &x[1])],
        };
        let rows = adjust(&sample, Method::Aipw, Estimand::Att, None).unwrap();
        let done = doubly_robust(&cells).unwrap();
        let close = |a: f64, b: f64, what: &str| {
            assert!(
                (a - b).abs() <= 1e-9 * b.abs().max(1.0),
                "{what}: {a} against {b}"
            );
        };
        let (mine, theirs) = (&done.contrast, &rows.contrast);
        close(mine.difference.value, theirs.difference.value, "effect");
        close(
            mine.difference.standard_error.unwrap(),
            theirs.difference.standard_error.unwrap(),
            "standard error",
        );
        close(
            mine.relative.unwrap().standard_error.unwrap(),
            theirs.relative.unwrap().standard_error.unwrap(),
            "error of the relative lift",
        );
        close(
            done.effective_controls,
            rows.effective_controls.unwrap(),
            "effective controls",
        );
        close(
            done.largest_weight,
            rows.largest_control_share.unwrap(),
            "largest weight",
        );
        for (mine, theirs) in done.balance.iter().zip(&rows.balance) {
            close(mine.unwrap().0, theirs.before, "balance before");
            close(mine.unwrap().1, theirs.after, "balance after");
        }
    }

    #[test]
    fn columns_that_repeat_others_are_left_out() {
        let cell = |x: [f64; 4], treated, n| Pattern {
            x: x.to_vec(),
            treated,
            n,
            mean: 0.0,
            squares: 1.0,
        };
        let cells = [
            cell([1.0, 5.0, 2.0, 0.0], true, 4),
            cell([0.0, 5.0, 0.0, 1.0], false, 9),
            cell([3.0, 5.0, 6.0, 1.0], false, 2),
        ];
        assert_eq!(independent_columns(&cells), [0, 3]);
    }
}
