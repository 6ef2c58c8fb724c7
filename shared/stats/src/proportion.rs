//! Shares: Wilson and Newcombe intervals, risk difference and ratio, Mantel–Haenszel over strata.
//!
//! Sources: Wilson 1927; Newcombe 1998 (method 10); Agresti and Caffo 2000; Katz 1978; Mantel and Haenszel 1959;
//! Greenland and Robins 1985; Sato 1989.

use crate::error::StatsError;
use crate::estimate::{Estimate, Z95, chi_square_upper};
use serde::{Deserialize, Serialize};

/// Successes out of trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Share {
    /// Successes.
    pub hits: u64,
    /// Trials.
    pub n: u64,
}

impl Share {
    /// One trial.
    pub fn update(&mut self, hit: bool) {
        self.n += 1;
        self.hits += u64::from(hit);
    }

    /// Joins another shard.
    pub fn merge(&mut self, other: Self) {
        self.n += other.n;
        self.hits += other.hits;
    }

    /// The share; an error without trials or with more hits than trials.
    pub fn value(&self) -> Result<f64, StatsError> {
        if self.n == 0 {
            return Err(StatsError::empty("proportion: the arm"));
        }
        if self.hits > self.n {
            return Err(StatsError::invalid(
                "proportion",
                format!("{} hits in {} trials", self.hits, self.n),
            ));
        }
        Ok(self.hits as f64 / self.n as f64)
    }

    /// Wilson's 95 % interval: inside [0, 1] and of honest coverage for few trials.
    pub fn wilson(&self) -> Result<(f64, f64), StatsError> {
        let (p, n, z2) = (self.value()?, self.n as f64, Z95 * Z95);
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z95 / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        let low = if self.hits == 0 {
            0.0
        } else {
            (centre - half).max(0.0)
        };
        let high = if self.hits == self.n {
            1.0
        } else {
            (centre + half).min(1.0)
        };
        Ok((low, high))
    }

    /// The share with Wilson's interval and the binomial standard error.
    pub fn finish(&self) -> Result<Estimate, StatsError> {
        let (p, (lower, upper)) = (self.value()?, self.wilson()?);
        let se = (p * (1.0 - p) / self.n as f64).sqrt();
        Ok(Estimate {
            value: p,
            standard_error: (se > 0.0).then_some(se),
            lower: Some(lower),
            upper: Some(upper),
            p_value: None,
        })
    }
}

/// Risk difference with Newcombe's hybrid score interval; the p-value is the pooled z-test's.
pub fn risk_difference(treated: Share, control: Share) -> Result<Estimate, StatsError> {
    let (p1, p0) = (treated.value()?, control.value()?);
    let ((l1, u1), (l0, u0)) = (treated.wilson()?, control.wilson()?);
    let (n1, n0) = (treated.n as f64, control.n as f64);
    let d = p1 - p0;
    let pooled = (treated.hits + control.hits) as f64 / (n1 + n0);
    let null_se = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n0)).sqrt();
    let se = (p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0).sqrt();
    Ok(Estimate {
        value: d,
        standard_error: (se > 0.0).then_some(se),
        lower: Some(d - ((p1 - l1).powi(2) + (u0 - p0).powi(2)).sqrt()),
        upper: Some(d + ((u1 - p1).powi(2) + (p0 - l0).powi(2)).sqrt()),
        p_value: (null_se > 0.0).then(|| crate::estimate::two_sided_normal(d / null_se)),
    })
}

/// Agresti–Caffo interval of the risk difference: one success and one failure added to each arm.
pub fn agresti_caffo(treated: Share, control: Share) -> Result<(f64, f64), StatsError> {
    treated.value()?;
    control.value()?;
    let adjusted = |s: Share| (s.hits as f64 + 1.0, s.n as f64 + 2.0);
    let ((x1, n1), (x0, n0)) = (adjusted(treated), adjusted(control));
    let (p1, p0) = (x1 / n1, x0 / n0);
    let half = Z95 * (p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n0).sqrt();
    Ok((p1 - p0 - half, p1 - p0 + half))
}

/// Risk ratio with Katz's log interval.
pub fn risk_ratio(treated: Share, control: Share) -> Result<Estimate, StatsError> {
    let (p1, p0) = (treated.value()?, control.value()?);
    if p0 == 0.0 || p1 == 0.0 {
        return Err(StatsError::ZeroBaseline {
            what: "a share in the risk ratio".into(),
        });
    }
    let se = (1.0 / treated.hits as f64 - 1.0 / treated.n as f64 + 1.0 / control.hits as f64
        - 1.0 / control.n as f64)
        .sqrt();
    let log = Estimate::normal((p1 / p0).ln(), se);
    Ok(Estimate {
        value: p1 / p0,
        standard_error: Some(se * p1 / p0),
        lower: log.lower.map(f64::exp),
        upper: log.upper.map(f64::exp),
        p_value: log.p_value,
    })
}

/// A 2 × 2 table in one stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stratum {
    /// The treated.
    pub treated: Share,
    /// The controls.
    pub control: Share,
}

/// What strata say together.
#[derive(Debug, Clone, PartialEq)]
pub struct MantelHaenszel {
    /// Common risk difference, weights `n1·n0/n`, Sato's variance.
    pub risk_difference: Estimate,
    /// Common risk ratio, Greenland–Robins interval; `None` when an arm has no event.
    pub risk_ratio: Option<Estimate>,
    /// Cochran–Mantel–Haenszel chi-square without correction, and its p-value.
    pub chi_square: Option<(f64, f64)>,
    /// Risk difference standardised to everybody's strata, `Σ n_s (p1 − p0) / n`.
    pub standardised: Option<Estimate>,
}

/// Mantel–Haenszel over strata; strata that miss an arm carry no weight.
pub fn mantel_haenszel(strata: &[Stratum]) -> Result<MantelHaenszel, StatsError> {
    let usable: Vec<[f64; 5]> = strata
        .iter()
        .filter(|s| s.treated.n > 0 && s.control.n > 0)
        .map(|s| {
            s.treated.value()?;
            s.control.value()?;
            let f = |x: u64| x as f64;
            Ok([
                f(s.treated.hits),
                f(s.treated.n),
                f(s.control.hits),
                f(s.control.n),
                f(s.treated.n + s.control.n),
            ])
        })
        .collect::<Result<_, StatsError>>()?;
    if usable.is_empty() {
        return Err(StatsError::empty("every stratum lacks an arm: the overlap"));
    }
    let total = |f: &dyn Fn(&[f64; 5]) -> f64| usable.iter().map(f).sum::<f64>();
    let weight = total(&|s| s[1] * s[3] / s[4]);
    let rd = total(&|s| (s[0] * s[3] - s[2] * s[1]) / s[4]) / weight;
    let p = total(&|s| {
        (s[1] * s[1] * s[2] - s[3] * s[3] * s[0] + s[1] * s[3] * (s[3] - s[1]) / 2.0)
            / (s[4] * s[4])
    });
    let q = total(&|s| (s[0] * (s[3] - s[2]) + s[2] * (s[1] - s[0])) / (2.0 * s[4]));
    let rd_variance = ((rd * p + q) / (weight * weight)).max(0.0);
    let (top, bottom) = (
        total(&|s| s[0] * s[3] / s[4]),
        total(&|s| s[2] * s[1] / s[4]),
    );
    let risk_ratio = (top > 0.0 && bottom > 0.0).then(|| {
        let v = total(&|s| (s[1] * s[3] * (s[0] + s[2]) - s[0] * s[2] * s[4]) / (s[4] * s[4]))
            / (top * bottom);
        let log = Estimate::normal((top / bottom).ln(), v.max(0.0).sqrt());
        Estimate {
            value: top / bottom,
            standard_error: log.standard_error.map(|s| s * top / bottom),
            lower: log.lower.map(f64::exp),
            upper: log.upper.map(f64::exp),
            p_value: log.p_value,
        }
    });
    let expected = total(&|s| s[0] - s[1] * (s[0] + s[2]) / s[4]);
    let variance = total(&|s| {
        let hits = s[0] + s[2];
        if s[4] > 1.0 {
            s[1] * s[3] * hits * (s[4] - hits) / (s[4] * s[4] * (s[4] - 1.0))
        } else {
            0.0
        }
    });
    let chi_square = (variance > 0.0)
        .then(|| expected * expected / variance)
        .and_then(|x| chi_square_upper(x, 1.0).map(|p| (x, p)));
    let everybody = total(&|s| s[4]);
    let standard = total(&|s| s[4] * (s[0] / s[1] - s[2] / s[3])) / everybody;
    let standard_variance = total(&|s| {
        let (p1, p0) = (s[0] / s[1], s[2] / s[3]);
        (s[4] / everybody).powi(2) * (p1 * (1.0 - p1) / s[1] + p0 * (1.0 - p0) / s[3])
    });
    Ok(MantelHaenszel {
        risk_difference: Estimate::normal(rd, rd_variance.sqrt()),
        risk_ratio,
        chi_square,
        standardised: Some(Estimate::normal(standard, standard_variance.sqrt())),
    })
}
