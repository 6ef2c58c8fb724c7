//! Pooled monthly hazards with the complementary log-log link: Cox in discrete time, from counts in cells.
//!
//! `h = 1 − exp(−exp(x'β))` per person-month. Rows with the same covariates collapse into cells of (months at risk, events),
//! so that the cost of fitting does not grow with customers; cells add up over shards in whole numbers, so that sharding does
//! not change one bit. Source: Prentice and Gloeckler 1978.

use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::linear::invert_spd;
use nalgebra::{DMatrix, DVector};
use std::collections::BTreeMap;

/// Person-months and events by covariate pattern. Patterns are compared bit by bit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HazardCells {
    cells: BTreeMap<Vec<u64>, (u64, u64)>,
}

impl HazardCells {
    /// Adds person-months of one covariate pattern (without intercept).
    pub fn update(&mut self, x: &[f64], months: u64, events: u64) -> Result<(), StatsError> {
        crate::error::all_finite(x, "covariate")?;
        if events > months {
            return Err(StatsError::invalid(
                "hazard cell",
                format!("{events} events in {months} months"),
            ));
        }
        let entry = self
            .cells
            .entry(x.iter().map(|v| (v + 0.0).to_bits()).collect())
            .or_insert((0, 0));
        entry.0 += months;
        entry.1 += events;
        Ok(())
    }

    /// Joins another shard.
    pub fn merge(&mut self, other: &Self) {
        for (key, (m, e)) in &other.cells {
            let entry = self.cells.entry(key.clone()).or_insert((0, 0));
            entry.0 += m;
            entry.1 += e;
        }
    }

    /// The cells as rows `(x, months, events)`, in a fixed order.
    pub fn rows(&self) -> Vec<(Vec<f64>, u64, u64)> {
        self.cells
            .iter()
            .map(|(key, (m, e))| (key.iter().map(|b| f64::from_bits(*b)).collect(), *m, *e))
            .collect()
    }

    /// Fits the hazard.
    pub fn finish(&self) -> Result<HazardFit, StatsError> {
        fit(&self.rows())
    }
}

/// A fitted discrete-time hazard: intercept first.
#[derive(Debug, Clone)]
pub struct HazardFit {
    /// Coefficients; beyond the intercept they are log hazard ratios.
    pub coefficients: Vec<Estimate>,
    /// Their covariance matrix.
    pub covariance: DMatrix<f64>,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Newton (Fisher scoring) passes.
    pub passes: u32,
}

impl HazardFit {
    /// Monthly hazard of one pattern (without intercept).
    pub fn hazard(&self, x: &[f64]) -> f64 {
        let eta = self.predictor(x);
        -(-eta.exp()).exp_m1()
    }

    fn predictor(&self, x: &[f64]) -> f64 {
        self.coefficients[0].value
            + self.coefficients[1..]
                .iter()
                .zip(x)
                .map(|(b, x)| b.value * x)
                .sum::<f64>()
    }

    /// Survival over `months` of one pattern held still: `exp(−months·exp(x'β))`.
    pub fn survival(&self, x: &[f64], months: f64) -> f64 {
        (-months * self.predictor(x).exp()).exp()
    }

    /// Standardised survival difference at `months`: for each profile its pattern month by month with and without
    /// membership, averaged over `profiles` with weights. Error by the delta method, profiles taken as given.
    ///
    /// `path(profile, month, member)` gives the covariates in that month (0-based).
    pub fn standardised_difference(
        &self,
        profiles: &[f64],
        months: u32,
        path: impl Fn(usize, u32, bool) -> Vec<f64>,
    ) -> Result<StandardisedSurvival, StatsError> {
        let k = self.coefficients.len();
        let total: f64 = profiles.iter().sum();
        if total <= 0.0 || !total.is_finite() {
            return Err(StatsError::empty("standardisation: the population"));
        }
        let mut levels = [0.0; 2];
        let mut means = [0.0; 2];
        let mut gradients = [DVector::<f64>::zeros(k), DVector::<f64>::zeros(k)];
        let mut mean_gradients = [DVector::<f64>::zeros(k), DVector::<f64>::zeros(k)];
        for (p, w) in profiles.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            for (side, member) in [(0, false), (1, true)] {
                let mut cumulative: f64 = 0.0;
                let mut slope = DVector::<f64>::zeros(k);
                for month in 0..months {
                    let s = (-cumulative).exp();
                    means[side] += w / total * s;
                    mean_gradients[side] -= &slope * (w / total * s);
                    let x = path(p, month, member);
                    if x.len() + 1 != k {
                        return Err(StatsError::invalid(
                            "path",
                            format!("gives {} covariates, not {}", x.len(), k - 1),
                        ));
                    }
                    let rate = self.predictor(&x).exp();
                    cumulative += rate;
                    slope[0] += rate;
                    for (j, v) in x.iter().enumerate() {
                        slope[j + 1] += rate * v;
                    }
                }
                let s = (-cumulative).exp();
                levels[side] += w / total * s;
                gradients[side] -= &slope * (w / total * s);
            }
        }
        let error = |g: &DVector<f64>| {
            (g.transpose() * &self.covariance * g)[(0, 0)]
                .max(0.0)
                .sqrt()
        };
        let (g, h) = (
            &gradients[1] - &gradients[0],
            &mean_gradients[1] - &mean_gradients[0],
        );
        Ok(StandardisedSurvival {
            member: levels[1],
            non_member: levels[0],
            difference: Estimate::checked(levels[1] - levels[0], error(&g), "survival difference")?,
            months_gained: Estimate::checked(
                means[1] - means[0],
                error(&h),
                "restricted mean difference",
            )?,
        })
    }
}

/// Survival with and without membership, averaged over the same people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandardisedSurvival {
    /// Survival as members.
    pub member: f64,
    /// Survival as non-members.
    pub non_member: f64,
    /// Their difference.
    pub difference: Estimate,
    /// Difference in restricted mean survival, in months.
    pub months_gained: Estimate,
}

/// Fits on rows `(x, months at risk, events)`; `months` is a frequency weight.
pub fn fit(rows: &[(Vec<f64>, u64, u64)]) -> Result<HazardFit, StatsError> {
    let k = rows.first().map_or(0, |r| r.0.len()) + 1;
    let (months, events) = rows
        .iter()
        .fold((0u64, 0u64), |(m, e), r| (m + r.1, e + r.2));
    if events == 0 {
        return Err(StatsError::too_few("hazard: events", 0, 1));
    }
    if events == months {
        return Err(StatsError::NoVariance {
            what: "the event: every person-month has one".into(),
        });
    }
    let (mut centre, mut scale) = (vec![0.0; k], vec![1.0; k]);
    for j in 1..k {
        let mean = rows.iter().map(|r| r.0[j - 1] * r.1 as f64).sum::<f64>() / months as f64;
        let ss = rows
            .iter()
            .map(|r| (r.0[j - 1] - mean).powi(2) * r.1 as f64)
            .sum::<f64>();
        let sd = (ss / months as f64).sqrt();
        if sd == 0.0 {
            return Err(StatsError::NoVariance {
                what: format!("covariate {}", j - 1),
            });
        }
        centre[j] = mean;
        scale[j] = sd;
    }
    let standard = |r: &(Vec<f64>, u64, u64), j: usize| {
        if j == 0 {
            1.0
        } else {
            (r.0[j - 1] - centre[j]) / scale[j]
        }
    };
    let diverged = |passes| StatsError::NotConverged {
        what: "hazard regression".into(),
        iterations: passes,
        hint: "a covariate pattern has no events, or only events; merge its cells".into(),
    };
    let mut beta = DVector::zeros(k);
    let overall = events as f64 / months as f64;
    beta[0] = (-(-overall).ln_1p()).ln();
    let evaluate = |beta: &DVector<f64>| -> (f64, DVector<f64>, DMatrix<f64>) {
        let (mut ll, mut gradient, mut information) =
            (0.0, DVector::zeros(k), DMatrix::zeros(k, k));
        let mut z = vec![0.0; k];
        for r in rows.iter().filter(|r| r.1 > 0) {
            for (j, v) in z.iter_mut().enumerate() {
                *v = standard(r, j);
            }
            let eta: f64 = z.iter().zip(beta.iter()).map(|(a, b)| a * b).sum();
            let rate = eta.exp();
            let (m, e) = (r.1 as f64, r.2 as f64);
            let h = -(-rate).exp_m1();
            let log_h = if h > 0.0 { h.ln() } else { eta };
            ll += if e > 0.0 { e * log_h } else { 0.0 } - (m - e) * rate;
            // d log h / dη = rate·(1 − h)/h, towards 1 as the rate vanishes.
            let slope = if rate > 1e-12 {
                rate * (1.0 - h) / h
            } else {
                1.0
            };
            let g = e * slope - (m - e) * rate;
            // Observed information of the link: concave in η.
            let curve = e * slope * (slope + rate - 1.0) + (m - e) * rate;
            for a in 0..k {
                gradient[a] += g * z[a];
                for b in 0..k {
                    information[(a, b)] += curve * z[a] * z[b];
                }
            }
        }
        (ll, gradient, information)
    };
    let mut state = evaluate(&beta);
    for passes in 1..=100 {
        let inverse = invert_spd(&state.2, "the hazard's information matrix")
            .map_err(|e| if passes == 1 { e } else { diverged(passes) })?;
        let step = inverse * &state.1;
        let mut share = 1.0;
        loop {
            let trial = &beta + &step * share;
            let next = evaluate(&trial);
            if next.0.is_finite() && next.0 >= state.0 - 1e-12 * state.0.abs() {
                beta = trial;
                state = next;
                break;
            }
            share /= 2.0;
            if share < 1e-8 {
                return Err(diverged(passes));
            }
        }
        if beta.amax() > 100.0 {
            return Err(diverged(passes));
        }
        if step.amax() * share < 1e-10 {
            let inverse = invert_spd(&state.2, "the hazard's information matrix")
                .map_err(|_| diverged(passes))?;
            let mut back = DMatrix::zeros(k, k);
            back[(0, 0)] = 1.0;
            for j in 1..k {
                back[(j, j)] = 1.0 / scale[j];
                back[(0, j)] = -centre[j] / scale[j];
            }
            let raw = &back * &beta;
            let covariance = &back * inverse * back.transpose();
            let coefficients = (0..k)
                .map(|j| Estimate::normal(raw[j], covariance[(j, j)].max(0.0).sqrt()))
                .collect();
            return Ok(HazardFit {
                coefficients,
                covariance,
                log_likelihood: state.0,
                passes,
            });
        }
    }
    Err(diverged(100))
}
