//! Least squares with the usual standard errors, and Lin's interacted regression for a randomised or adjusted contrast.
//!
//! Sources: MacKinnon and White 1985 (HC1, HC2); Lin 2013. Mergeable ordinary least squares comes from [`from_moments`].

use crate::difference::{Contrast, relative_normal};
use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::influence::least_squares;
use crate::linear::{Design, invert_spd, solve_spd};
use crate::moments::Moments;
use nalgebra::{DMatrix, DVector};

/// How the covariance of the coefficients is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors<'a> {
    /// One residual variance, divisor `n − k`.
    Classical,
    /// White's, times `n / (n − k)`.
    Hc1,
    /// Residuals over `1 − leverage`.
    Hc2,
    /// Clustered by the numbered unit of each row, times `G/(G−1)·(n−1)/(n−k)`.
    Clustered(&'a [usize]),
}

/// A fitted regression: intercept first, on the scale of the columns as given.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Coefficients.
    pub beta: Vec<f64>,
    /// Their covariance matrix.
    pub covariance: DMatrix<f64>,
    /// Rows.
    pub n: usize,
}

impl Fit {
    /// One coefficient with a normal interval.
    pub fn coefficient(&self, j: usize) -> Estimate {
        Estimate::normal(self.beta[j], self.covariance[(j, j)].max(0.0).sqrt())
    }
}

/// Ordinary least squares of `y` on an intercept and `columns`.
pub fn ols(y: &[f64], columns: &[&[f64]], errors: Errors<'_>) -> Result<Fit, StatsError> {
    let n = y.len();
    let design = Design::standardised(n, columns)?;
    let k = design.columns();
    crate::error::all_finite(y, "outcome")?;
    if n <= k {
        return Err(StatsError::too_few("regression", n as u64, k as u64 + 1));
    }
    let (beta, scaled_inverse) = least_squares(&design, y, |_| 1.0, "the regression")?;
    let bread = scaled_inverse / n as f64;
    let residual: Vec<f64> = (0..n).map(|i| y[i] - design.dot(i, &beta)).collect();
    let spare = (n - k) as f64;
    let covariance = match errors {
        Errors::Classical => {
            let s2 = residual.iter().map(|e| e * e).sum::<f64>() / spare;
            &bread * s2
        }
        Errors::Hc1 => {
            let meat = design.gram(|i| residual[i] * residual[i]);
            &bread * meat * &bread * (n as f64 / spare)
        }
        Errors::Hc2 => {
            let leverage: Vec<f64> = (0..n)
                .map(|i| {
                    let x = DVector::from_column_slice(design.row(i));
                    x.dot(&(&bread * &x))
                })
                .collect();
            if leverage.iter().any(|h| *h >= 1.0 - 1e-10) {
                return Err(StatsError::invalid(
                    "HC2 standard error",
                    "one row decides a coefficient alone; drop that covariate",
                ));
            }
            let meat = design.gram(|i| residual[i] * residual[i] / (1.0 - leverage[i]));
            &bread * meat * &bread
        }
        Errors::Clustered(units) => {
            let groups = units.iter().max().map_or(0, |m| m + 1);
            let mut scores = vec![DVector::<f64>::zeros(k); groups];
            let mut seen = vec![false; groups];
            for i in 0..n {
                seen[units[i]] = true;
                for (s, x) in scores[units[i]].iter_mut().zip(design.row(i)) {
                    *s += residual[i] * x;
                }
            }
            let g = seen.iter().filter(|&&s| s).count() as f64;
            if g < 2.0 {
                return Err(StatsError::too_few("clusters", g as u64, 2));
            }
            let mut meat = DMatrix::zeros(k, k);
            for s in &scores {
                meat += s * s.transpose();
            }
            &bread * meat * &bread * (g / (g - 1.0) * (n as f64 - 1.0) / spare)
        }
    };
    Ok(Fit {
        beta: design.unscale(&beta),
        covariance: design.unscale_covariance(&covariance),
        n,
    })
}

/// Ordinary least squares with classical errors from moments of `(y, x₁ … x_k)`: what shards can send.
pub fn from_moments(moments: &Moments) -> Result<Fit, StatsError> {
    let k = moments.k() - 1;
    let n = moments.n();
    if n <= k as u64 + 1 {
        return Err(StatsError::too_few("regression", n, k as u64 + 2));
    }
    let sxx = DMatrix::from_fn(k, k, |i, j| moments.cross(i + 1, j + 1));
    let sxy = DVector::from_fn(k, |i, _| moments.cross(i + 1, 0));
    let slopes = solve_spd(&sxx, &sxy, "the regression")?;
    let inverse = invert_spd(&sxx, "the regression")?;
    let mean = |i: usize| moments.mean(i).unwrap_or_default();
    let centre = DVector::from_fn(k, |i, _| mean(i + 1));
    let rss = (moments.cross(0, 0) - slopes.dot(&sxy)).max(0.0);
    let s2 = rss / (n - k as u64 - 1) as f64;
    let mut covariance = DMatrix::zeros(k + 1, k + 1);
    let spread = &inverse * &centre;
    covariance[(0, 0)] = s2 * (1.0 / n as f64 + centre.dot(&spread));
    for i in 0..k {
        covariance[(0, i + 1)] = -s2 * spread[i];
        covariance[(i + 1, 0)] = -s2 * spread[i];
        for j in 0..k {
            covariance[(i + 1, j + 1)] = s2 * inverse[(i, j)];
        }
    }
    let mut beta = vec![mean(0) - slopes.dot(&centre)];
    beta.extend(slopes.iter());
    Ok(Fit {
        beta,
        covariance,
        n: n as usize,
    })
}

/// Lin's average effect: treatment, centred covariates and their products; HC2 errors.
pub fn lin(y: &[f64], treated: &[bool], covariates: &[&[f64]]) -> Result<Contrast, StatsError> {
    let n = y.len();
    for arm in [true, false] {
        if !treated.contains(&arm) {
            return Err(StatsError::empty(if arm {
                "treated arm"
            } else {
                "control arm"
            }));
        }
    }
    let d: Vec<f64> = treated.iter().map(|&t| f64::from(u8::from(t))).collect();
    let mut columns = vec![d.clone()];
    for x in covariates {
        crate::error::all_finite(x, "covariate")?;
        let mean = x.iter().sum::<f64>() / n as f64;
        columns.push(x.iter().map(|v| v - mean).collect());
    }
    for j in 1..=covariates.len() {
        columns.push(columns[j].iter().zip(&d).map(|(x, t)| x * t).collect());
    }
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let fit = ols(y, &views, Errors::Hc2)?;
    let v = |i, j| fit.covariance[(i, j)];
    let (control, effect) = (fit.beta[0], fit.beta[1]);
    Ok(Contrast {
        treated: control + effect,
        control,
        difference: fit.coefficient(1),
        relative: relative_normal(
            control + effect,
            v(0, 0) + v(1, 1) + 2.0 * v(0, 1),
            control,
            v(0, 0),
            v(0, 0) + v(0, 1),
        ),
        degrees_of_freedom: None,
    })
}
