//! Shifted beta-geometric: how long do subscribers stay, when each has their own risk of leaving?
//!
//! `S(t) = B(α, β + t)/B(α, β)`. Retention rises with tenure because those at risk leave first; one over churn of the first
//! year undersells a subscriber. Source: Fader and Hardie 2007.

use crate::error::{StatsError, finite};
use crate::optimise::maximise_positive;
use serde::{Deserialize, Serialize};
use statrs::function::beta::ln_beta;

/// A fitted (or given) model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sbg {
    /// First shape of the leaving probability.
    pub alpha: f64,
    /// Second shape.
    pub beta: f64,
    /// Log-likelihood at the maximum (0 for given parameters).
    pub log_likelihood: f64,
    /// Standard errors of alpha, beta.
    pub standard_errors: Option<[f64; 2]>,
}

impl Sbg {
    /// From published parameters.
    pub fn with(alpha: f64, beta: f64) -> Self {
        Self {
            alpha,
            beta,
            log_likelihood: 0.0,
            standard_errors: None,
        }
    }

    /// Maximum likelihood from survivors per period; the first entry is the start. Cohorts of one start merge by addition.
    pub fn fit(survivors: &[f64]) -> Result<Self, StatsError> {
        if survivors.len() < 3 {
            return Err(StatsError::too_few(
                "sBG: periods with the start",
                survivors.len() as u64,
                3,
            ));
        }
        crate::error::all_finite(survivors, "survivors")?;
        if survivors.iter().any(|n| *n < 0.0) || survivors[0] <= 0.0 {
            return Err(StatsError::invalid(
                "survivors",
                "must be 0 or more, and more than 0 at the start",
            ));
        }
        if let Some(t) = (1..survivors.len()).find(|&t| survivors[t] > survivors[t - 1]) {
            return Err(StatsError::invalid(
                "survivors",
                format!("rise in period {t}: nobody comes back in this model"),
            ));
        }
        let last = survivors.len() - 1;
        if survivors[last] == survivors[0] {
            return Err(StatsError::NoVariance {
                what: "survival: nobody left".into(),
            });
        }
        let likelihood = |p: &[f64]| {
            let model = Self::with(p[0], p[1]);
            let mut ll = survivors[last] * model.log_survival(last as f64);
            for t in 1..=last {
                let lost = survivors[t - 1] - survivors[t];
                if lost > 0.0 {
                    ll += lost * model.log_leaving(t as f64);
                }
            }
            ll
        };
        let starts = [vec![1.0, 1.0], vec![0.5, 3.0], vec![5.0, 20.0]];
        let found = maximise_positive("sBG", likelihood, &starts)?;
        Ok(Self {
            alpha: found.parameters[0],
            beta: found.parameters[1],
            log_likelihood: found.log_likelihood,
            standard_errors: found.standard_errors.map(|s| [s[0], s[1]]),
        })
    }

    fn log_survival(&self, t: f64) -> f64 {
        ln_beta(self.alpha, self.beta + t) - ln_beta(self.alpha, self.beta)
    }

    fn log_leaving(&self, t: f64) -> f64 {
        ln_beta(self.alpha + 1.0, self.beta + t - 1.0) - ln_beta(self.alpha, self.beta)
    }

    /// Share still there after `t` periods.
    pub fn survival(&self, t: u32) -> f64 {
        self.log_survival(f64::from(t)).exp()
    }

    /// Share of those there after `t − 1` periods who are there after `t`.
    pub fn retention(&self, t: u32) -> f64 {
        (self.beta + f64::from(t) - 1.0) / (self.alpha + self.beta + f64::from(t) - 1.0)
    }

    /// Discounted expected lifetime of a new subscriber, the start included: `Σ S(t)/(1 + d)^t`.
    pub fn discounted_lifetime(&self, discount: f64) -> Result<f64, StatsError> {
        self.discounted(0, discount)
    }

    /// Discounted expected residual lifetime after `renewals` renewals, the one about to be paid included.
    pub fn discounted_residual_lifetime(
        &self,
        renewals: u32,
        discount: f64,
    ) -> Result<f64, StatsError> {
        self.discounted(renewals, discount)
    }

    /// `Σ_{t ≥ n} S(t)/S(n − 1) / (1 + d)^{t − n}`.
    fn discounted(&self, n: u32, discount: f64) -> Result<f64, StatsError> {
        if !(discount.is_finite() && discount > 0.0) {
            return Err(StatsError::invalid(
                "discount",
                "must be positive, or the sum need not be finite",
            ));
        }
        let base = if n == 0 { 1.0 } else { self.survival(n - 1) };
        let (mut factor, mut total): (f64, f64) = (1.0, 0.0);
        let mut survival = self.survival(n) / base;
        let mut t = n;
        while factor * survival > 1e-15 * total.max(1.0) && t < n + 1_000_000 {
            total += survival * factor;
            factor /= 1.0 + discount;
            t += 1;
            survival *= self.retention(t);
        }
        finite(total, "discounted lifetime")
    }
}
