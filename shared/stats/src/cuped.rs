//! CUPED: less noise by what was known before, the estimate unchanged in expectation.
//!
//! `θ` is pooled over the whole sample, `θ = V(x)⁻¹ Cov(x, y)`; each arm's mean moves by `−θ'(x̄_arm − x̄)`. Everything comes
//! from moments of `(y, x…)` per arm, so shards merge. Source: Deng, Xu, Kohavi, Walker 2013.

use crate::difference::{Contrast, relative_variance, welch};
use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::linear::solve_spd;
use crate::moments::{Arm, Moments};
use nalgebra::{DMatrix, DVector};

/// The adjusted contrast.
#[derive(Debug, Clone)]
pub struct Cuped {
    /// Adjusted levels, their difference, and the lift over the unadjusted control mean.
    pub contrast: Contrast,
    /// One coefficient per covariate.
    pub theta: Vec<f64>,
    /// Variance of the adjusted outcome over that of the raw one, arms as they are.
    pub variance_ratio: f64,
}

/// Finishes from moments of `(outcome, covariate…)` in each arm.
pub fn cuped(treated: &Moments, control: &Moments) -> Result<Cuped, StatsError> {
    let k = treated.k() - 1;
    if k == 0 {
        return Err(StatsError::invalid(
            "cuped",
            "needs a covariate measured before treatment",
        ));
    }
    let (raw1, raw0) = (treated.finish(0)?, control.finish(0)?);
    let mut all = treated.clone();
    all.merge(control);
    let sxx = DMatrix::from_fn(k, k, |i, j| all.cross(i + 1, j + 1));
    let sxy = DVector::from_fn(k, |i, _| all.cross(i + 1, 0));
    let theta = solve_spd(&sxx, &sxy, "the covariates of cuped")?;
    let adjusted = |m: &Moments, raw: &Arm| -> Arm {
        let shift: f64 = (0..k)
            .map(|j| {
                theta[j] * (m.mean(j + 1).unwrap_or_default() - all.mean(j + 1).unwrap_or_default())
            })
            .sum();
        let mut cross = m.cross(0, 0);
        for i in 0..k {
            cross -= 2.0 * theta[i] * m.cross(i + 1, 0);
            for j in 0..k {
                cross += theta[i] * theta[j] * m.cross(i + 1, j + 1);
            }
        }
        Arm {
            n: raw.n,
            mean: raw.mean - shift,
            variance: cross.max(0.0) / (raw.n - 1) as f64,
        }
    };
    let (a1, a0) = (adjusted(treated, &raw1), adjusted(control, &raw0));
    let mut contrast = welch(&a1, &a0)?;
    let df = contrast.degrees_of_freedom.unwrap_or(f64::INFINITY);
    contrast.relative = relative_variance(
        raw1.mean,
        a1.variance_of_mean(),
        raw0.mean,
        a0.variance_of_mean(),
        0.0,
    )
    .map(|v| Estimate::student(contrast.difference.value / raw0.mean, v.sqrt(), df));
    let ratio = (a1.variance_of_mean() + a0.variance_of_mean())
        / (raw1.variance_of_mean() + raw0.variance_of_mean());
    Ok(Cuped {
        contrast,
        theta: theta.iter().copied().collect(),
        variance_ratio: crate::error::finite(ratio, "variance ratio")?,
    })
}
