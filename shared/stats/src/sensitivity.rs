//! How far may trends differ before the effect is gone? Relative magnitudes after Rambachan and Roth (2023).
//!
//! The restriction: from one period to the next, the violation of parallel trends after joining is at most `M` times the
//! largest violation seen between consecutive periods before. `M = 1` says "as bad as it ever was". For a weighted mean of
//! effects `Σ l_t β_t` (`t = 0, 1, …`) the bias is then at most `M · D · Σ |l_t|·(t + 1)`, with `D` the largest step before.
//!
//! The interval here is simpler than the authors' conditional test, and wider: `D` is replaced by the upper end of a
//! simultaneous band (97.5 %), the effect by its 97.5 % interval, and both errors are added. Its coverage is at least 95 % by
//! Bonferroni, so the breakdown `M` errs on the side of doubt.

use crate::did::Aggregate;
use crate::error::StatsError;
use crate::estimate::normal_quantile;
use crate::sup_t::sup_t_critical;
use serde::{Deserialize, Serialize};

/// Draws of the band of the steps: it enters a bound that is conservative anyway.
const DRAWS: u32 = 20_000;

/// Effects by periods since joining, with what was seen before.
#[derive(Debug, Clone, PartialEq)]
pub struct EventStudy {
    /// Changes between consecutive periods before joining.
    pub steps: Vec<f64>,
    /// Their covariance.
    pub steps_covariance: Vec<Vec<f64>>,
    /// Effects at event times 0, 1, ….
    pub effects: Vec<f64>,
    /// Their covariance.
    pub effects_covariance: Vec<Vec<f64>>,
}

/// What the restriction leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The weighted effect.
    pub effect: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Largest step before joining, as estimated.
    pub largest_step: f64,
    /// Upper end of its simultaneous band.
    pub largest_step_upper: f64,
    /// `Σ |l_t|·(t + 1)`: bias per unit of step.
    pub reach: f64,
    /// Largest `M` at which the conservative interval still leaves 0 out; 0 when not even `M = 0` does.
    pub breakdown: f64,
}

impl Sensitivity {
    /// Conservative 95 % interval under relative magnitudes `m`.
    pub fn interval(&self, m: f64) -> Result<(f64, f64), StatsError> {
        if !(m.is_finite() && m >= 0.0) {
            return Err(StatsError::invalid("M", "must be 0 or more"));
        }
        let half = normal_quantile(1.0 - 0.0125) * self.standard_error
            + m * self.largest_step_upper * self.reach;
        Ok((self.effect - half, self.effect + half))
    }

    /// What the effect may be under `m` if the estimates were exact (no sampling error).
    pub fn identified_set(&self, m: f64) -> (f64, f64) {
        let half = m * self.largest_step * self.reach;
        (self.effect - half, self.effect + half)
    }
}

impl EventStudy {
    /// From a dynamic aggregate with varying base, whose entries before joining are changes between consecutive periods.
    pub fn from_varying(dynamic: &Aggregate) -> Result<Self, StatsError> {
        let at = |after: bool| -> Vec<usize> {
            (0..dynamic.table.len())
                .filter(|&i| (dynamic.table[i].0 >= 0.0) == after && dynamic.covariance[i][i] > 0.0)
                .collect()
        };
        let pick =
            |at: &[usize]| -> Vec<f64> { at.iter().map(|&i| dynamic.table[i].1.value).collect() };
        let square = |at: &[usize]| -> Vec<Vec<f64>> {
            at.iter()
                .map(|&i| at.iter().map(|&j| dynamic.covariance[i][j]).collect())
                .collect()
        };
        let (before, after) = (at(false), at(true));
        if before.is_empty() || after.is_empty() {
            return Err(StatsError::too_few(
                "event study: periods before and after joining",
                0,
                1,
            ));
        }
        Ok(Self {
            steps: pick(&before),
            steps_covariance: square(&before),
            effects: pick(&after),
            effects_covariance: square(&after),
        })
    }

    /// Sensitivity of `Σ weights_t · effect_t`; equal weights give the overall dynamic effect.
    pub fn sensitivity(&self, weights: &[f64], seed: u64) -> Result<Sensitivity, StatsError> {
        if weights.len() != self.effects.len() {
            return Err(StatsError::invalid(
                "weights",
                format!("{} for {} effects", weights.len(), self.effects.len()),
            ));
        }
        let effect: f64 = weights.iter().zip(&self.effects).map(|(w, e)| w * e).sum();
        let mut variance = 0.0;
        for (i, a) in weights.iter().enumerate() {
            for (j, b) in weights.iter().enumerate() {
                variance += a * b * self.effects_covariance[i][j];
            }
        }
        let standard_error = crate::error::finite(variance, "variance of the effect")?
            .max(0.0)
            .sqrt();
        let critical = sup_t_critical(&self.steps_covariance, 0.975, DRAWS, seed)?;
        let largest_step = self.steps.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
        let largest_step_upper = self
            .steps
            .iter()
            .enumerate()
            .map(|(i, s)| s.abs() + critical * self.steps_covariance[i][i].max(0.0).sqrt())
            .fold(0.0_f64, f64::max);
        let reach: f64 = weights
            .iter()
            .enumerate()
            .map(|(t, w)| w.abs() * (t as f64 + 1.0))
            .sum();
        let spare = effect.abs() - normal_quantile(1.0 - 0.0125) * standard_error;
        let per_unit = largest_step_upper * reach;
        if per_unit <= 0.0 {
            return Err(StatsError::NoVariance {
                what: "the periods before joining".into(),
            });
        }
        let breakdown = (spare / per_unit).max(0.0);
        Ok(Sensitivity {
            effect,
            standard_error,
            largest_step,
            largest_step_upper,
            reach,
            breakdown,
        })
    }
}
