//! Were like compared with like? Standardised mean differences, effective sample size, the largest weight.

use crate::error::StatsError;
use crate::moments::Arm;
use serde::{Deserialize, Serialize};

/// One covariate before and after weighting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// The covariate.
    pub term: String,
    /// Standardised mean difference of the raw arms.
    pub before: f64,
    /// The same with weights, over the same raw spread.
    pub after: f64,
}

/// Weighted mean; an error when the weights sum to nothing.
pub fn weighted_mean(x: &[f64], w: &[f64]) -> Result<f64, StatsError> {
    let total: f64 = w.iter().sum();
    if total == 0.0 || !total.is_finite() {
        return Err(StatsError::empty("weighted mean: the arm"));
    }
    crate::error::finite(
        x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() / total,
        "weighted mean",
    )
}

/// Standardised mean differences: over the root of the mean of the two raw variances (divisor `n − 1`), also after.
///
/// `x` is the covariate, `weight` each row's weight in its arm.
pub fn balance(
    term: &str,
    x: &[f64],
    treated: &[bool],
    weight: &[f64],
) -> Result<Balance, StatsError> {
    let arm = |t: bool| -> Vec<f64> {
        x.iter()
            .zip(treated)
            .filter(|(_, d)| **d == t)
            .map(|(x, _)| *x)
            .collect()
    };
    let (a1, a0) = (Arm::of(&arm(true))?, Arm::of(&arm(false))?);
    let spread = ((a1.variance + a0.variance) / 2.0).sqrt();
    if spread == 0.0 {
        return Err(StatsError::NoVariance {
            what: format!("covariate `{term}` within the arms"),
        });
    }
    let side = |t: bool| {
        let w: Vec<f64> = weight
            .iter()
            .zip(treated)
            .map(|(w, d)| if *d == t { *w } else { 0.0 })
            .collect();
        weighted_mean(x, &w)
    };
    Ok(Balance {
        term: term.into(),
        before: (a1.mean - a0.mean) / spread,
        after: (side(true)? - side(false)?) / spread,
    })
}

/// Kish's effective sample size `(Σw)² / Σw²` of one arm; `None` without weight.
pub fn effective_sample_size(weights: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, squares) = weights.fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
    (squares > 0.0).then(|| sum * sum / squares)
}

/// The largest share of an arm's weight that one row carries.
pub fn largest_share(weights: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, most) = weights.fold((0.0, 0.0_f64), |(s, m), w| (s + w.abs(), m.max(w.abs())));
    (sum > 0.0).then(|| most / sum)
}
