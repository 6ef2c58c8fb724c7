//! Gamma-Gamma: what a customer's orders are worth on average, few orders shrunk towards everybody's mean.
//!
//! Value must not depend on how often one buys: show the correlation. Only customers with repeats and positive value inform
//! the fit. Source: Fader and Hardie 2013 (note 025).

use crate::error::{StatsError, finite};
use crate::optimise::maximise_positive;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;
use std::collections::BTreeMap;

/// Counts of (repeat purchases, mean value); mergeable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values(BTreeMap<[u64; 2], u64>);

impl Values {
    /// One customer; those without repeats are not part of the fit and are skipped (`false`).
    pub fn update(&mut self, frequency: f64, value: f64) -> Result<bool, StatsError> {
        self.update_times(frequency, value, 1)
    }

    /// So many customers alike.
    pub fn update_times(
        &mut self,
        frequency: f64,
        value: f64,
        times: u64,
    ) -> Result<bool, StatsError> {
        if !(frequency.is_finite() && value.is_finite() && frequency >= 0.0) {
            return Err(StatsError::invalid(
                "customer value",
                "frequency and value must be finite, frequency not negative",
            ));
        }
        if frequency == 0.0 {
            return Ok(false);
        }
        if value <= 0.0 {
            return Err(StatsError::invalid(
                "customer value",
                format!("{value} is not positive, yet there are {frequency} repeats"),
            ));
        }
        *self
            .0
            .entry([frequency.to_bits(), value.to_bits()])
            .or_insert(0) += times;
        Ok(true)
    }

    /// Joins another shard.
    pub fn merge(&mut self, other: &Self) {
        for (k, n) in &other.0 {
            *self.0.entry(*k).or_insert(0) += n;
        }
    }

    /// Customers in the fit.
    pub fn n(&self) -> u64 {
        self.0.values().sum()
    }

    /// Maximum likelihood.
    pub fn finish(&self) -> Result<GammaGamma, StatsError> {
        let rows: Vec<(f64, f64, f64)> = self
            .0
            .iter()
            .map(|(k, n)| (f64::from_bits(k[0]), f64::from_bits(k[1]), *n as f64))
            .collect();
        GammaGamma::fit(&rows, None)
    }
}

impl GammaGamma {
    /// Maximum likelihood on (repeat purchases, mean value, weight); weights need not be whole (standard errors take them as
    /// counts). `near` is a solution of nearly the same data, from which the search is short.
    pub fn fit(rows: &[(f64, f64, f64)], near: Option<&Self>) -> Result<Self, StatsError> {
        if rows.len() < 3 {
            return Err(StatsError::too_few(
                "Gamma-Gamma: customers with repeats",
                rows.len() as u64,
                3,
            ));
        }
        let n: f64 = rows.iter().map(|r| r.2).sum();
        let mean = rows.iter().map(|(_, z, w)| z * w).sum::<f64>() / n;
        let groups = Group::of(rows);
        let likelihood = |p: &[f64]| {
            let model = GammaGamma::with(p[0], p[1], p[2] * mean);
            groups
                .iter()
                .map(|group| group.log_likelihood(&model))
                .sum::<f64>()
        };
        let starts = match near {
            Some(m) => vec![vec![m.p, m.q, m.v / mean]],
            None => vec![
                vec![5.0, 3.0, 0.5],
                vec![1.0, 2.0, 1.0],
                vec![20.0, 8.0, 0.3],
            ],
        };
        let found = maximise_positive("Gamma-Gamma", likelihood, &starts)?;
        let p = &found.parameters;
        let mut model = GammaGamma::with(p[0], p[1], p[2] * mean);
        model.log_likelihood = found.log_likelihood;
        model.standard_errors = found.standard_errors.map(|s| [s[0], s[1], s[2] * mean]);
        Ok(model)
    }
}

/// Customers with the same number of repeats: all that differs between them in the likelihood is one logarithm each, which counts
/// where there are millions and the search asks a thousand times.
struct Group {
    repeats: f64,
    /// Their weight.
    weight: f64,
    /// Sum of weighted logarithms of their mean values.
    log_values: f64,
    /// Sum of their values, and the weight.
    sums: Vec<(f64, f64)>,
}

impl Group {
    fn of(rows: &[(f64, f64, f64)]) -> Vec<Self> {
        let mut sorted = rows.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        sorted
            .chunk_by(|a, b| a.0 == b.0)
            .map(|rows| Self {
                repeats: rows[0].0,
                weight: rows.iter().map(|row| row.2).sum(),
                log_values: rows.iter().map(|row| row.2 * row.1.ln()).sum(),
                sums: rows.iter().map(|row| (row.0 * row.1, row.2)).collect(),
            })
            .collect()
    }

    /// [`GammaGamma::log_likelihood_of`] of everybody in it.
    fn log_likelihood(&self, model: &GammaGamma) -> f64 {
        let px = model.p * self.repeats;
        let shared = ln_gamma(px + model.q) - ln_gamma(px) - ln_gamma(model.q)
            + model.q * model.v.ln()
            + px * self.repeats.ln();
        let own: f64 = self
            .sums
            .iter()
            .map(|(sum, weight)| weight * (sum + model.v).ln())
            .sum();
        self.weight * shared + (px - 1.0) * self.log_values - (px + model.q) * own
    }
}

/// A fitted (or given) model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GammaGamma {
    /// Shape of values within a customer.
    pub p: f64,
    /// Shape over customers.
    pub q: f64,
    /// Scale over customers, in money.
    pub v: f64,
    /// Log-likelihood at the maximum (0 for given parameters).
    pub log_likelihood: f64,
    /// Standard errors of p, q, v.
    pub standard_errors: Option<[f64; 3]>,
}

impl GammaGamma {
    /// From published parameters.
    pub fn with(p: f64, q: f64, v: f64) -> Self {
        Self {
            p,
            q,
            v,
            log_likelihood: 0.0,
            standard_errors: None,
        }
    }

    /// Log-density of a customer's mean value `z` over `x` repeats.
    pub fn log_likelihood_of(&self, x: f64, z: f64) -> f64 {
        let px = self.p * x;
        ln_gamma(px + self.q) - ln_gamma(px) - ln_gamma(self.q)
            + self.q * self.v.ln()
            + (px - 1.0) * z.ln()
            + px * x.ln()
            - (px + self.q) * (x * z + self.v).ln()
    }

    /// Mean over customers, `p·v/(q − 1)`; infinite tails (`q ≤ 1`) have none.
    pub fn population_mean(&self) -> Result<f64, StatsError> {
        if self.q <= 1.0 {
            return Err(StatsError::invalid(
                "Gamma-Gamma",
                format!("q is {}: at 1 or below the mean is infinite", self.q),
            ));
        }
        finite(self.p * self.v / (self.q - 1.0), "population mean")
    }

    /// Expected value of a customer's orders; the population mean without repeats.
    pub fn expected(&self, frequency: f64, value: f64) -> Result<f64, StatsError> {
        if frequency == 0.0 {
            return self.population_mean();
        }
        let bottom = self.p * frequency + self.q - 1.0;
        if bottom <= 0.0 {
            return Err(StatsError::invalid(
                "Gamma-Gamma",
                "the customer's expected value is infinite",
            ));
        }
        finite(
            self.p * (self.v + frequency * value) / bottom,
            "expected value",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_as_likely_as_its_customers() {
        let rows = [
            (2.0, 31.5, 1.0),
            (1.0, 8.0, 2.0),
            (2.0, 4.25, 3.0),
            (7.0, 19.0, 0.5),
        ];
        let model = GammaGamma::with(6.25, 3.74, 15.45);
        let one_by_one: f64 = rows
            .iter()
            .map(|(x, z, w)| w * model.log_likelihood_of(*x, *z))
            .sum();
        let grouped: f64 = Group::of(&rows)
            .iter()
            .map(|g| g.log_likelihood(&model))
            .sum();
        assert!(
            (grouped - one_by_one).abs() < 1e-9,
            "{grouped} {one_by_one}"
        );
    }
}
