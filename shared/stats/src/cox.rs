//! Cox regression on (start, stop] intervals, so that membership may begin while a customer is being watched.
//!
//! A subject is at risk at time `t` when `start < t ≤ stop`: treating everyone who ever joined as a member from the first day
//! hands them the time they had to survive in order to join (immortal time). Newton on the partial likelihood to 1e-9;
//! ties by Efron or Breslow. Sources: Andersen and Gill 1982; Efron 1977.

use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::linear::invert_spd;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// How tied event times are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ties {
    /// Efron's approximation.
    Efron,
    /// Breslow's approximation.
    Breslow,
}

/// Intervals, one per row.
#[derive(Debug, Clone)]
pub struct Intervals<'a> {
    /// Start, not included; all 0 for plain durations (a subject is then at risk from the first instant).
    pub start: &'a [f64],
    /// Stop, included.
    pub stop: &'a [f64],
    /// Whether the event happened at `stop`.
    pub event: &'a [bool],
    /// Covariates during the interval.
    pub covariates: Vec<&'a [f64]>,
}

/// A fitted Cox model.
#[derive(Debug, Clone)]
pub struct CoxFit {
    /// Log hazard ratios.
    pub coefficients: Vec<Estimate>,
    /// Their covariance matrix.
    pub covariance: DMatrix<f64>,
    /// Log partial likelihood at the maximum.
    pub log_likelihood: f64,
    /// Log partial likelihood with all coefficients 0.
    pub null_log_likelihood: f64,
    /// Newton passes.
    pub passes: u32,
    /// Events.
    pub events: u64,
}

struct Sorted {
    by_stop: Vec<usize>,
    by_start: Vec<usize>,
    x: Vec<f64>,
    k: usize,
}

/// Fits log hazard ratios.
pub fn fit(data: &Intervals<'_>, ties: Ties) -> Result<CoxFit, StatsError> {
    let n = data.stop.len();
    let k = data.covariates.len();
    if k == 0 {
        return Err(StatsError::invalid("cox", "needs at least one covariate"));
    }
    if data.start.len() != n
        || data.event.len() != n
        || data.covariates.iter().any(|c| c.len() != n)
    {
        return Err(StatsError::invalid("cox", "columns differ in length"));
    }
    crate::error::all_finite(data.start, "start")?;
    crate::error::all_finite(data.stop, "stop")?;
    // A plain duration of 0 is admitted, as at time 0 everybody is at risk; an interval must have a length.
    let plain = data.start.iter().all(|s| *s == 0.0);
    if let Some(i) =
        (0..n).find(|&i| data.stop[i] < data.start[i] || (data.stop[i] == data.start[i] && !plain))
    {
        return Err(StatsError::invalid(
            "interval",
            format!(
                "row {i} stops at {} but starts at {}",
                data.stop[i], data.start[i]
            ),
        ));
    }
    let events = data.event.iter().filter(|e| **e).count() as u64;
    if events == 0 {
        return Err(StatsError::too_few("cox: events", 0, 1));
    }
    let (mut x, mut scales) = (vec![0.0; n * k], vec![1.0; k]);
    for (j, column) in data.covariates.iter().enumerate() {
        crate::error::all_finite(column, "covariate")?;
        let mean = column.iter().sum::<f64>() / n as f64;
        let sd = (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
        if sd == 0.0 {
            return Err(StatsError::NoVariance {
                what: format!("covariate {j}"),
            });
        }
        scales[j] = sd;
        for i in 0..n {
            x[i * k + j] = (column[i] - mean) / sd;
        }
    }
    let mut by_stop: Vec<usize> = (0..n).collect();
    by_stop.sort_by(|a, b| data.stop[*b].total_cmp(&data.stop[*a]).then(a.cmp(b)));
    let mut by_start: Vec<usize> = (0..n).collect();
    by_start.sort_by(|a, b| data.start[*b].total_cmp(&data.start[*a]).then(a.cmp(b)));
    let sorted = Sorted {
        by_stop,
        by_start,
        x,
        k,
    };

    let diverged = |passes| StatsError::NotConverged {
        what: "cox regression".into(),
        iterations: passes,
        hint: "a covariate separates those with the event from those without; drop it".into(),
    };
    let mut beta = DVector::zeros(k);
    let (mut ll, mut gradient, mut information) = pass(data, &sorted, &beta, ties, plain)?;
    let null_log_likelihood = ll;
    for passes in 1..=100 {
        let inverse = invert_spd(&information, "the Cox model's information matrix")
            .map_err(|e| if passes == 1 { e } else { diverged(passes) })?;
        let step = inverse * &gradient;
        let mut share = 1.0;
        loop {
            let trial = &beta + &step * share;
            let next = pass(data, &sorted, &trial, ties, plain)?;
            if next.0.is_finite() && next.0 >= ll - 1e-12 * ll.abs() {
                beta = trial;
                (ll, gradient, information) = next;
                break;
            }
            share /= 2.0;
            if share < 1e-8 {
                return Err(diverged(passes));
            }
        }
        if beta.amax() > 1e3 {
            return Err(diverged(passes));
        }
        if step.amax() * share < 1e-10 {
            let inverse = invert_spd(&information, "the Cox model's information matrix")
                .map_err(|_| diverged(passes))?;
            let covariance =
                DMatrix::from_fn(k, k, |i, j| inverse[(i, j)] / (scales[i] * scales[j]));
            let coefficients = (0..k)
                .map(|j| Estimate::normal(beta[j] / scales[j], covariance[(j, j)].max(0.0).sqrt()))
                .collect();
            return Ok(CoxFit {
                coefficients,
                covariance,
                log_likelihood: ll,
                null_log_likelihood,
                passes,
                events,
            });
        }
    }
    Err(diverged(100))
}

type Pass = (f64, DVector<f64>, DMatrix<f64>);

/// Risk sets from the last time backwards: rows enter at their stop and leave at their start.
fn pass(
    data: &Intervals<'_>,
    s: &Sorted,
    beta: &DVector<f64>,
    ties: Ties,
    plain: bool,
) -> Result<Pass, StatsError> {
    let (n, k) = (data.stop.len(), s.k);
    let row = |i: usize| &s.x[i * k..(i + 1) * k];
    let eta: Vec<f64> = (0..n)
        .map(|i| row(i).iter().zip(beta.iter()).map(|(x, b)| x * b).sum())
        .collect();
    // Shifting all predictors cancels in the likelihood and keeps exp() in range.
    let shift = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let risk: Vec<f64> = eta.iter().map(|e| (e - shift).exp()).collect();
    let packed = k * (k + 1) / 2;
    let mut all = Sums::new(k, packed);
    let mut ll = 0.0;
    let mut gradient = DVector::zeros(k);
    let mut info = vec![0.0; packed];
    let (mut entering, mut leaving) = (0, 0);
    while entering < n {
        let time = data.stop[s.by_stop[entering]];
        let mut tied = Sums::new(k, packed);
        let mut deaths = 0u32;
        while entering < n && data.stop[s.by_stop[entering]] == time {
            let i = s.by_stop[entering];
            all.add(risk[i], row(i), 1.0);
            if data.event[i] {
                tied.add(risk[i], row(i), 1.0);
                deaths += 1;
                ll += eta[i] - shift;
                gradient.iter_mut().zip(row(i)).for_each(|(g, x)| *g += x);
            }
            entering += 1;
        }
        if deaths == 0 {
            continue;
        }
        while !plain && leaving < n && data.start[s.by_start[leaving]] >= time {
            let i = s.by_start[leaving];
            all.add(risk[i], row(i), -1.0);
            leaving += 1;
        }
        for l in 0..deaths {
            let share = match ties {
                Ties::Efron => f64::from(l) / f64::from(deaths),
                Ties::Breslow => 0.0,
            };
            let s0 = all.s0 - share * tied.s0;
            if s0 <= 0.0 {
                return Err(StatsError::invalid(
                    "cox",
                    "the risk sets are numerically empty; scale the covariates",
                ));
            }
            ll -= s0.ln();
            let mean: Vec<f64> = all
                .s1
                .iter()
                .zip(&tied.s1)
                .map(|(a, t)| (a - share * t) / s0)
                .collect();
            let mut at = 0;
            for i in 0..k {
                gradient[i] -= mean[i];
                for j in 0..=i {
                    info[at] += (all.s2[at] - share * tied.s2[at]) / s0 - mean[i] * mean[j];
                    at += 1;
                }
            }
        }
    }
    let information = DMatrix::from_fn(k, k, |i, j| {
        let (a, b) = if i >= j { (i, j) } else { (j, i) };
        info[a * (a + 1) / 2 + b]
    });
    Ok((ll, gradient, information))
}

struct Sums {
    s0: f64,
    s1: Vec<f64>,
    s2: Vec<f64>,
}

impl Sums {
    fn new(k: usize, packed: usize) -> Self {
        Self {
            s0: 0.0,
            s1: vec![0.0; k],
            s2: vec![0.0; packed],
        }
    }

    fn add(&mut self, risk: f64, x: &[f64], sign: f64) {
        let w = sign * risk;
        self.s0 += w;
        let mut at = 0;
        for (i, xi) in x.iter().enumerate() {
            let wi = w * xi;
            self.s1[i] += wi;
            for xj in &x[..=i] {
                self.s2[at] += wi * xj;
                at += 1;
            }
        }
    }
}
