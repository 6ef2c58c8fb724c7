//! Logistic regression by Newton from zero, on rows, on weighted cells, or on shards that send gradient and Hessian.
//!
//! The log-likelihood is concave, so Newton from zero arrives in about ten passes when the maximum exists. When it does not
//! (the covariates tell the arms apart perfectly), the fit says so instead of returning huge numbers.

use crate::error::StatsError;
use crate::linear::{Design, invert_spd};
use nalgebra::{DMatrix, DVector};

const MOST_PASSES: u32 = 60;

/// `1 / (1 + e^−x)` without overflow.
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// `ln(1 + e^x)` without overflow.
fn softplus(x: f64) -> f64 {
    if x > 0.0 {
        x + (-x).exp().ln_1p()
    } else {
        x.exp().ln_1p()
    }
}

/// One Newton pass at fixed coefficients: gradient, Hessian and log-likelihood, mergeable over shards.
#[derive(Debug, Clone)]
pub struct Pass {
    beta: DVector<f64>,
    gradient: DVector<f64>,
    hessian: Vec<f64>,
    log_likelihood: f64,
}

impl Pass {
    /// A pass at `beta` (intercept included as a column of ones in `x`).
    pub fn new(beta: &[f64]) -> Self {
        let k = beta.len();
        Self {
            beta: DVector::from_column_slice(beta),
            gradient: DVector::zeros(k),
            hessian: vec![0.0; k * (k + 1) / 2],
            log_likelihood: 0.0,
        }
    }

    /// One row or cell: `successes` out of `trials`, both weights that need not be whole.
    pub fn update(&mut self, x: &[f64], successes: f64, trials: f64) {
        let eta: f64 = x.iter().zip(self.beta.iter()).map(|(a, b)| a * b).sum();
        let p = logistic(eta);
        self.log_likelihood += successes * eta - trials * softplus(eta);
        let (g, w) = (successes - trials * p, trials * p * (1.0 - p));
        let mut at = 0;
        for (a, xa) in x.iter().enumerate() {
            self.gradient[a] += g * xa;
            let wa = w * xa;
            for xb in &x[..=a] {
                self.hessian[at] += wa * xb;
                at += 1;
            }
        }
    }

    /// Joins another shard's pass at the same coefficients.
    pub fn merge(&mut self, other: &Self) {
        self.gradient += &other.gradient;
        self.hessian
            .iter_mut()
            .zip(&other.hessian)
            .for_each(|(a, b)| *a += b);
        self.log_likelihood += other.log_likelihood;
    }

    /// Log-likelihood at the coefficients of this pass.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// The information matrix.
    pub fn information(&self) -> DMatrix<f64> {
        let k = self.beta.len();
        DMatrix::from_fn(k, k, |i, j| {
            let (a, b) = if i >= j { (i, j) } else { (j, i) };
            self.hessian[a * (a + 1) / 2 + b]
        })
    }

    /// Next coefficients, and by how much the linear predictor's coefficients move at most.
    pub fn finish(&self) -> Result<(Vec<f64>, f64), StatsError> {
        let inverse = invert_spd(
            &self.information(),
            "the logistic model's information matrix",
        )?;
        let step = inverse * &self.gradient;
        let size = step.iter().fold(0.0_f64, |m, s| m.max(s.abs()));
        Ok(((&self.beta + step).iter().copied().collect(), size))
    }
}

/// A fitted logistic regression.
#[derive(Debug, Clone)]
pub struct LogitFit {
    /// Coefficients for the design's (standardised) columns.
    pub beta: DVector<f64>,
    /// Inverse information for the same columns.
    pub covariance: DMatrix<f64>,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Newton passes taken.
    pub passes: u32,
}

/// Fits on a design; `successes[i]` of `trials(i)` (1 and 1 for plain rows).
pub fn fit(
    design: &Design,
    successes: impl Fn(usize) -> f64,
    trials: impl Fn(usize) -> f64,
) -> Result<LogitFit, StatsError> {
    newton(design.columns(), |pass| {
        for i in 0..design.rows() {
            let m = trials(i);
            if m > 0.0 {
                pass.update(design.row(i), successes(i), m);
            }
        }
    })
}

/// The search itself, over anything that can fill a pass: rows, cells, or merged shards.
pub fn newton(k: usize, mut fill: impl FnMut(&mut Pass)) -> Result<LogitFit, StatsError> {
    let separated = |passes| {
        StatsError::NotConverged {
        what: "logistic regression".into(),
        iterations: passes,
        hint: "the covariates tell the two groups apart almost perfectly, or one group is empty; use fewer covariates".into(),
    }
    };
    let mut beta = vec![0.0; k];
    let mut last = f64::NEG_INFINITY;
    for passes in 1..=MOST_PASSES {
        let mut pass = Pass::new(&beta);
        fill(&mut pass);
        if !pass.log_likelihood.is_finite() || beta.iter().any(|b| b.abs() > 1e6) {
            return Err(separated(passes));
        }
        if pass.log_likelihood < last - 1e-9 * last.abs().max(1.0) {
            // Overshot: fall back half-way. Rare, since the likelihood is concave.
            return damped(k, fill);
        }
        last = pass.log_likelihood;
        let first = passes == 1;
        let (next, size) = pass
            .finish()
            .map_err(|e| if first { e } else { separated(passes) })?;
        beta = next;
        if size < 1e-10 {
            return finish(&beta, fill, passes, &separated);
        }
    }
    Err(separated(MOST_PASSES))
}

fn finish(
    beta: &[f64],
    mut fill: impl FnMut(&mut Pass),
    passes: u32,
    separated: &dyn Fn(u32) -> StatsError,
) -> Result<LogitFit, StatsError> {
    let mut pass = Pass::new(beta);
    fill(&mut pass);
    let covariance = invert_spd(
        &pass.information(),
        "the logistic model's information matrix",
    )
    .map_err(|_| separated(passes))?;
    Ok(LogitFit {
        beta: DVector::from_column_slice(beta),
        covariance,
        log_likelihood: pass.log_likelihood,
        passes,
    })
}

/// Newton with step halving, for starts from which the plain step overshoots.
fn damped(k: usize, mut fill: impl FnMut(&mut Pass)) -> Result<LogitFit, StatsError> {
    let stuck = |passes| StatsError::NotConverged {
        what: "logistic regression".into(),
        iterations: passes,
        hint: "the likelihood has no maximum within reach; use fewer covariates".into(),
    };
    let mut beta = vec![0.0; k];
    let mut pass = Pass::new(&beta);
    fill(&mut pass);
    for passes in 1..=2 * MOST_PASSES {
        let (target, size) = pass.finish().map_err(|_| stuck(passes))?;
        if size < 1e-10 {
            return finish(&target, fill, passes, &stuck);
        }
        let mut share = 1.0;
        loop {
            let trial: Vec<f64> = beta
                .iter()
                .zip(&target)
                .map(|(b, t)| b + share * (t - b))
                .collect();
            let mut candidate = Pass::new(&trial);
            fill(&mut candidate);
            if candidate.log_likelihood >= pass.log_likelihood || share < 1e-6 {
                (beta, pass) = (trial, candidate);
                break;
            }
            share /= 2.0;
        }
        if share < 1e-6 {
            return Err(stuck(passes));
        }
    }
    Err(stuck(2 * MOST_PASSES))
}
