//! BG/NBD: how often will a customer without a contract buy again, and is the customer still there?
//!
//! Buying is Poisson with gamma rates; after each purchase a customer leaves with a beta-distributed probability. The data
//! per customer are repeat purchases `x`, time of the last one `t_x`, and time watched `T`; customers alike are counted, each
//! kind evaluated once. Source: Fader, Hardie and Lee 2005.

use crate::error::{StatsError, finite};
use crate::optimise::maximise_positive;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;
use std::collections::BTreeMap;

/// One customer's history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Repeat purchases.
    pub frequency: f64,
    /// When the last one was; 0 without repeats.
    pub recency: f64,
    /// How long the customer has been watched.
    pub age: f64,
}

impl History {
    /// Refuses impossible histories, saying why.
    pub fn check(&self) -> Result<(), StatsError> {
        let bad = |why: &str| Err(StatsError::invalid("purchase history", why));
        if !(self.frequency.is_finite() && self.recency.is_finite() && self.age.is_finite()) {
            return bad("frequency, recency or age is not a number");
        }
        if self.frequency < 0.0 || self.recency < 0.0 || self.age < 0.0 {
            return bad("frequency, recency and age cannot be negative");
        }
        if self.frequency.fract() != 0.0 {
            return bad("frequency counts repeat purchases and must be whole");
        }
        if self.recency > self.age {
            return bad("the last purchase lies after the end of observation");
        }
        if self.frequency == 0.0 && self.recency > 0.0 {
            return bad("a last repeat purchase without repeat purchases");
        }
        Ok(())
    }
}

/// Counts of histories; mergeable.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histories(BTreeMap<[u64; 3], u64>);

impl Histories {
    /// One customer.
    pub fn update(&mut self, history: &History) -> Result<(), StatsError> {
        self.update_times(history, 1)
    }

    /// So many customers alike.
    pub fn update_times(&mut self, history: &History, times: u64) -> Result<(), StatsError> {
        history.check()?;
        let key = [history.frequency, history.recency, history.age].map(|v| (v + 0.0).to_bits());
        *self.0.entry(key).or_insert(0) += times;
        Ok(())
    }

    /// Joins another shard; whole counts, so sharding changes nothing.
    pub fn merge(&mut self, other: &Self) {
        for (k, n) in &other.0 {
            *self.0.entry(*k).or_insert(0) += n;
        }
    }

    /// Customers.
    pub fn n(&self) -> u64 {
        self.0.values().sum()
    }

    /// Maximum likelihood.
    pub fn finish(&self) -> Result<BgNbd, StatsError> {
        let rows: Vec<(History, f64)> = self
            .0
            .iter()
            .map(|(k, n)| {
                let [frequency, recency, age] = k.map(f64::from_bits);
                (
                    History {
                        frequency,
                        recency,
                        age,
                    },
                    *n as f64,
                )
            })
            .collect();
        BgNbd::fit(&rows, None, 0.0)
    }
}

impl BgNbd {
    /// Maximum likelihood on histories with weights, which need not be whole (standard errors take them as counts). `near` is a
    /// solution of nearly the same data, from which the search is short. `penalty` is taken from the likelihood for each customer and
    /// squared log-parameter (`alpha` in mean ages): 0 is maximum likelihood; a little keeps leaving or buying that hardly differs
    /// between customers, whose parameters have no maximum, from running away, and barely moves what is expected of them.
    pub fn fit(
        rows: &[(History, f64)],
        near: Option<&Self>,
        penalty: f64,
    ) -> Result<Self, StatsError> {
        if rows.is_empty() {
            return Err(StatsError::too_few("BG/NBD", 0, 1));
        }
        if rows.iter().all(|(h, _)| h.frequency == 0.0) {
            return Err(StatsError::too_few(
                "BG/NBD: customers with a repeat purchase",
                0,
                1,
            ));
        }
        let n: f64 = rows.iter().map(|r| r.1).sum();
        let mean_age = rows.iter().map(|(h, w)| h.age * w).sum::<f64>() / n;
        if mean_age <= 0.0 {
            return Err(StatsError::invalid(
                "BG/NBD",
                "nobody was watched for any time",
            ));
        }
        // Time is measured in mean ages while searching, so that weeks and days start alike.
        let likelihood = |p: &[f64]| {
            let model = BgNbd::with(p[0], p[1] * mean_age, p[2], p[3]);
            let told: f64 = rows
                .iter()
                .map(|(h, w)| w * model.log_likelihood_of(h))
                .sum();
            told - penalty * n * p.iter().map(|p| p.ln().powi(2)).sum::<f64>()
        };
        let starts = match near {
            Some(m) => vec![vec![m.r, m.alpha / mean_age, m.a, m.b]],
            None => vec![
                vec![0.5, 0.2, 0.8, 2.0],
                vec![1.0, 1.0, 1.0, 1.0],
                vec![0.2, 0.05, 0.3, 5.0],
            ],
        };
        let found = maximise_positive("BG/NBD", likelihood, &starts)?;
        let p = &found.parameters;
        let mut model = BgNbd::with(p[0], p[1] * mean_age, p[2], p[3]);
        model.log_likelihood =
            found.log_likelihood + penalty * n * p.iter().map(|p| p.ln().powi(2)).sum::<f64>();
        model.standard_errors = found
            .standard_errors
            .map(|s| [s[0], s[1] * mean_age, s[2], s[3]]);
        Ok(model)
    }
}

/// A fitted (or given) model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BgNbd {
    /// Shape of the buying rates.
    pub r: f64,
    /// Scale of the buying rates, in units of time.
    pub alpha: f64,
    /// First shape of leaving.
    pub a: f64,
    /// Second shape of leaving.
    pub b: f64,
    /// Log-likelihood at the maximum (0 for given parameters).
    pub log_likelihood: f64,
    /// Standard errors of r, alpha, a, b.
    pub standard_errors: Option<[f64; 4]>,
}

impl BgNbd {
    /// From published parameters.
    pub fn with(r: f64, alpha: f64, a: f64, b: f64) -> Self {
        Self {
            r,
            alpha,
            a,
            b,
            log_likelihood: 0.0,
            standard_errors: None,
        }
    }

    /// Log-likelihood of one history.
    pub fn log_likelihood_of(&self, h: &History) -> f64 {
        let (r, alpha, a, b, x) = (self.r, self.alpha, self.a, self.b, h.frequency);
        // Where buying hardly differs between customers r and alpha run away together, and of terms in the millions only the
        // difference counts: every one is written as what it differs by.
        let front = rise(r, x) + rise(b, x) - rise(a + b, x) - x * (a / b).ln_1p();
        let until = |t: f64| x * (r / (alpha + t)).ln() - r * (t / alpha).ln_1p();
        let alive = until(h.age);
        if x == 0.0 {
            return front + alive;
        }
        let gone = a.ln() - (b + x - 1.0).ln() + until(h.recency);
        let top = alive.max(gone);
        front + top + ((alive - top).exp() + (gone - top).exp()).ln()
    }

    /// Probability that the customer is still there; 1 for those without a repeat, who could not leave yet.
    pub fn alive(&self, h: &History) -> Result<f64, StatsError> {
        h.check()?;
        if h.frequency == 0.0 {
            return Ok(1.0);
        }
        finite(1.0 / (1.0 + self.odds_gone(h)), "probability alive")
    }

    fn odds_gone(&self, h: &History) -> f64 {
        let ratio = ((h.age - h.recency) / (self.alpha + h.recency)).ln_1p();
        self.a / (self.b + h.frequency - 1.0) * ((self.r + h.frequency) * ratio).exp()
    }

    /// Expected purchases in the next `horizon`, given the history.
    pub fn expected(&self, h: &History, horizon: f64) -> Result<f64, StatsError> {
        h.check()?;
        check_horizon(horizon)?;
        let x = h.frequency;
        let bottom = if x > 0.0 {
            1.0 + self.odds_gone(h)
        } else {
            1.0
        };
        let z = horizon / (self.alpha + h.age + horizon);
        let fade = (-(self.r + x) * (horizon / (self.alpha + h.age)).ln_1p()).exp();
        let value = self.near_one(|a| {
            let c = a + self.b + x - 1.0;
            Some(c / (a - 1.0) * (1.0 - fade * hypergeometric(self.r + x, self.b + x, c, z)?))
        });
        finite(value.map_or(f64::NAN, |v| v / bottom), "expected purchases")
    }

    /// Expected purchases of a new customer in the first `horizon` (the first purchase not counted).
    pub fn expected_new(&self, horizon: f64) -> Result<f64, StatsError> {
        check_horizon(horizon)?;
        let z = horizon / (self.alpha + horizon);
        let fade = (-self.r * (horizon / self.alpha).ln_1p()).exp();
        let value = self.near_one(|a| {
            let c = a + self.b - 1.0;
            Some(c / (a - 1.0) * (1.0 - fade * hypergeometric(self.r, self.b, c, z)?))
        });
        finite(value.unwrap_or(f64::NAN), "expected purchases")
    }

    /// The formula divides by `a − 1` (and by `c` inside); at those points the limit from both sides is taken.
    fn near_one(&self, f: impl Fn(f64) -> Option<f64>) -> Option<f64> {
        let singular = (self.a - 1.0).abs() < 1e-5;
        if let Some(v) = f(self.a).filter(|_| !singular) {
            return Some(v);
        }
        Some((f(self.a + 2e-5)? + f(self.a - 2e-5)?) / 2.0)
    }
}

/// `ln Γ(y + x) − ln Γ(y) − x ln y`; for large `y` by Stirling's series, in which what cancels is not there to begin with.
fn rise(y: f64, x: f64) -> f64 {
    if y < 1e4 {
        ln_gamma(y + x) - ln_gamma(y) - x * y.ln()
    } else {
        (y + x - 0.5) * (x / y).ln_1p() - x + (1.0 / (y + x) - 1.0 / y) / 12.0
    }
}

fn check_horizon(horizon: f64) -> Result<(), StatsError> {
    if horizon.is_finite() && horizon >= 0.0 {
        Ok(())
    } else {
        Err(StatsError::invalid(
            "horizon",
            format!("{horizon} is not a time of 0 or more"),
        ))
    }
}

/// Gauss's ₂F₁ by its series, for `0 ≤ z < 1`; `None` when `c` is 0 or a negative whole number, or it does not settle.
fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> Option<f64> {
    if c <= 0.0 && (c - c.round()).abs() < 1e-9 {
        return None;
    }
    let (mut term, mut sum) = (1.0, 1.0);
    for j in 0..200_000 {
        let i = f64::from(j);
        term *= (a + i) * (b + i) / (c + i) * z / (i + 1.0);
        sum += term;
        if term.abs() <= 1e-16 * sum.abs() && i > 10.0 {
            return Some(sum);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where everybody buys at one rate λ, the model is λˣe^(−λt) with a beta-geometric end: to the digit, however large r is.
    #[test]
    fn where_buying_does_not_differ_the_likelihood_is_that_of_one_rate() {
        let (rate, a, b) = (0.8_f64, 0.07, 3.1);
        let ln_beta = |p: f64, q: f64| ln_gamma(p) + ln_gamma(q) - ln_gamma(p + q);
        for (frequency, recency, age) in [(0.0, 0.0, 30.0), (1.0, 2.0, 40.0), (26.0, 39.0, 40.0)] {
            let history = History {
                frequency,
                recency,
                age,
            };
            let bought = |until: f64| frequency * rate.ln() - rate * until - ln_beta(a, b);
            let stays = (bought(age) + ln_beta(a, b + frequency)).exp();
            let gone = (bought(recency) + ln_beta(a + 1.0, b + frequency - 1.0)).exp();
            let limit = (stays + if frequency > 0.0 { gone } else { 0.0 }).ln();
            let model = BgNbd::with(1e10, 1e10 / rate, a, b);
            let found = model.log_likelihood_of(&history);
            assert!((found - limit).abs() < 1e-6, "{history:?}: {found} {limit}");
            // From where Stirling's series is used on, nothing jumps.
            let at = |r: f64| BgNbd::with(r, r / rate, a, b).log_likelihood_of(&history);
            assert!((at(9_999.999) - at(10_000.001)).abs() < 1e-7, "{history:?}");
        }
    }
}
