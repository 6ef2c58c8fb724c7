//! Small dense linear algebra: positive definite systems with a rank check that does not depend on units.
//!
//! A matrix is first scaled to a unit diagonal, so that "singular" means "linearly dependent", not "in euros".

use crate::error::StatsError;
use nalgebra::{DMatrix, DVector};

/// Share of a column's own variation that must remain once the others are known.
const RANK_TOLERANCE: f64 = 1e-11;

/// Inverse of a symmetric positive definite matrix; an error names `what` when it is singular.
pub fn invert_spd(a: &DMatrix<f64>, what: &str) -> Result<DMatrix<f64>, StatsError> {
    let k = a.nrows();
    if k == 0 {
        return Ok(DMatrix::zeros(0, 0));
    }
    let mut scale = Vec::with_capacity(k);
    for i in 0..k {
        let d = a[(i, i)];
        if !(d.is_finite() && d > 0.0) {
            return Err(StatsError::singular(what));
        }
        scale.push(d.sqrt());
    }
    let scaled = DMatrix::from_fn(k, k, |i, j| a[(i, j)] / (scale[i] * scale[j]));
    let factor = nalgebra::Cholesky::new(scaled).ok_or_else(|| StatsError::singular(what))?;
    let l = factor.l_dirty();
    if (0..k).any(|i| l[(i, i)] * l[(i, i)] < RANK_TOLERANCE) {
        return Err(StatsError::singular(what));
    }
    let inverse = factor.inverse();
    Ok(DMatrix::from_fn(k, k, |i, j| {
        inverse[(i, j)] / (scale[i] * scale[j])
    }))
}

/// Solves `a x = b` for a symmetric positive definite `a`.
pub fn solve_spd(
    a: &DMatrix<f64>,
    b: &DVector<f64>,
    what: &str,
) -> Result<DVector<f64>, StatsError> {
    let inverse = invert_spd(a, what)?;
    let x = &inverse * b;
    // One step of refinement costs nothing here and wins back the last digits.
    let residual = b - a * &x;
    Ok(&x + inverse * residual)
}

/// A design matrix with an intercept in front and standardised columns behind, row by row.
///
/// Fits, predictions and influence functions do not depend on the scale of the columns; digits do.
#[derive(Debug, Clone)]
pub struct Design {
    n: usize,
    k: usize,
    data: Vec<f64>,
    centre: Vec<f64>,
    scale: Vec<f64>,
}

impl Design {
    /// Builds `[1, (x − mean) / sd …]`. `columns` may be empty: the intercept alone.
    pub fn standardised(n: usize, columns: &[&[f64]]) -> Result<Self, StatsError> {
        let k = columns.len() + 1;
        let (mut centre, mut scale) = (vec![0.0; k], vec![1.0; k]);
        for (j, column) in columns.iter().enumerate() {
            if column.len() != n {
                return Err(StatsError::invalid(
                    format!("covariate {j}"),
                    format!("has {} values, not {n}", column.len()),
                ));
            }
            crate::error::all_finite(column, &format!("covariate {j}"))?;
            let mean = column.iter().sum::<f64>() / n.max(1) as f64;
            let ss: f64 = column.iter().map(|x| (x - mean) * (x - mean)).sum();
            let sd = (ss / n.max(1) as f64).sqrt();
            centre[j + 1] = mean;
            scale[j + 1] = if sd > 0.0 { sd } else { 1.0 };
        }
        let mut data = Vec::with_capacity(n * k);
        for i in 0..n {
            data.push(1.0);
            data.extend(
                columns
                    .iter()
                    .enumerate()
                    .map(|(j, c)| (c[i] - centre[j + 1]) / scale[j + 1]),
            );
        }
        Ok(Self {
            n,
            k,
            data,
            centre,
            scale,
        })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.n
    }

    /// Columns, intercept included.
    pub fn columns(&self) -> usize {
        self.k
    }

    /// One row.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.data[i * self.k..(i + 1) * self.k]
    }

    /// `row(i) · beta`.
    pub fn dot(&self, i: usize, beta: &DVector<f64>) -> f64 {
        self.row(i)
            .iter()
            .zip(beta.iter())
            .map(|(x, b)| x * b)
            .sum()
    }

    /// `Σ w_i x_i x_i'`.
    pub fn gram(&self, weight: impl Fn(usize) -> f64) -> DMatrix<f64> {
        let k = self.k;
        let mut lower = vec![0.0; k * k];
        for i in 0..self.n {
            let w = weight(i);
            if w == 0.0 {
                continue;
            }
            let x = self.row(i);
            for a in 0..k {
                let wa = w * x[a];
                for b in 0..=a {
                    lower[a * k + b] += wa * x[b];
                }
            }
        }
        DMatrix::from_fn(k, k, |a, b| {
            if a >= b {
                lower[a * k + b]
            } else {
                lower[b * k + a]
            }
        })
    }

    /// `Σ w_i x_i`.
    pub fn sum(&self, weight: impl Fn(usize) -> f64) -> DVector<f64> {
        let mut total = DVector::zeros(self.k);
        for i in 0..self.n {
            let w = weight(i);
            if w != 0.0 {
                for (t, x) in total.iter_mut().zip(self.row(i)) {
                    *t += w * x;
                }
            }
        }
        total
    }

    /// Rewrites coefficients of the standardised columns for the columns as given.
    pub fn unscale(&self, beta: &DVector<f64>) -> Vec<f64> {
        let mut raw: Vec<f64> = beta.iter().zip(&self.scale).map(|(b, s)| b / s).collect();
        raw[0] -= (1..self.k).map(|j| raw[j] * self.centre[j]).sum::<f64>();
        raw
    }

    /// Rewrites a covariance matrix of standardised coefficients for the columns as given.
    pub fn unscale_covariance(&self, v: &DMatrix<f64>) -> DMatrix<f64> {
        let k = self.k;
        let mut t = DMatrix::zeros(k, k);
        for j in 0..k {
            t[(j, j)] = 1.0 / self.scale[j];
            if j > 0 {
                t[(0, j)] = -self.centre[j] / self.scale[j];
            }
        }
        &t * v * t.transpose()
    }
}
