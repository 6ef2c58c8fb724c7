//! Count, mean vector and centred cross-products: the one accumulator that most estimators finish from.
//!
//! `update` takes rows, `merge` joins shards (Chan, Golub, LeVeque 1983), so that a large table is read once, in pieces.
//! Centred sums do not cancel as sums of squares do. Merging in a fixed order gives the same bits every time.
//!
//! ```
//! use levier_stats::moments::Moments;
//! let mut whole = Moments::new(1);
//! for x in [1.0, 2.0, 4.0] { whole.update(&[x]); }
//! assert_eq!(whole.n(), 3);
//! assert!((whole.variance(0).unwrap_or(f64::NAN) - 7.0 / 3.0).abs() < 1e-12);
//! ```

use crate::error::StatsError;
use serde::{Deserialize, Serialize};

/// Mean vector and centred cross-products of `k` variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    n: u64,
    mean: Vec<f64>,
    /// Lower triangle, row by row.
    cross: Vec<f64>,
}

fn packed(i: usize, j: usize) -> usize {
    let (a, b) = if i >= j { (i, j) } else { (j, i) };
    a * (a + 1) / 2 + b
}

impl Moments {
    /// Nothing seen yet of `k` variables.
    pub fn new(k: usize) -> Self {
        Self {
            n: 0,
            mean: vec![0.0; k],
            cross: vec![0.0; k * (k + 1) / 2],
        }
    }

    /// From published summary statistics: the covariance matrix with divisor `n − 1`, row by row.
    pub fn from_covariance(
        n: u64,
        mean: Vec<f64>,
        covariance: &[Vec<f64>],
    ) -> Result<Self, StatsError> {
        let k = mean.len();
        if covariance.len() != k || covariance.iter().any(|r| r.len() != k) {
            return Err(StatsError::invalid(
                "covariance",
                format!("must be {k} × {k}"),
            ));
        }
        if n == 0 {
            return Err(StatsError::too_few("moments", 0, 1));
        }
        let mut made = Self::new(k);
        (made.n, made.mean) = (n, mean);
        for (i, row) in covariance.iter().enumerate() {
            for (j, value) in row[..=i].iter().enumerate() {
                made.cross[packed(i, j)] = value * (n - 1) as f64;
            }
        }
        Ok(made)
    }

    /// One row. Rows of another length, or with a value that is not finite, are refused.
    pub fn try_update(&mut self, x: &[f64]) -> Result<(), StatsError> {
        if x.len() != self.mean.len() {
            return Err(StatsError::invalid(
                "row",
                format!("has {} values, not {}", x.len(), self.mean.len()),
            ));
        }
        crate::error::all_finite(x, "row")?;
        self.update(x);
        Ok(())
    }

    /// One row of the right length with finite values (see [`Moments::try_update`] where that is not sure).
    pub fn update(&mut self, x: &[f64]) {
        self.update_times(x, 1);
    }

    /// The same row `times` times, at the cost of one: cells of a binned table.
    pub fn update_times(&mut self, x: &[f64], times: u64) {
        if times == 0 {
            return;
        }
        let before = self.n as f64;
        self.n += times;
        let share = times as f64 / self.n as f64;
        let weight = before * share;
        let mut at = 0;
        for (i, (xi, mi)) in x.iter().zip(&self.mean).enumerate() {
            let di = (xi - mi) * weight;
            for (xj, mj) in x[..=i].iter().zip(&self.mean) {
                self.cross[at] += di * (xj - mj);
                at += 1;
            }
        }
        for (m, x) in self.mean.iter_mut().zip(x) {
            *m += (x - *m) * share;
        }
    }

    /// Joins another shard. An empty side changes nothing; both must hold the same variables.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        if self.n == 0 {
            self.clone_from(other);
            return;
        }
        let n = self.n + other.n;
        let share = other.n as f64 / n as f64;
        let weight = self.n as f64 * share;
        let delta: Vec<f64> = other
            .mean
            .iter()
            .zip(&self.mean)
            .map(|(a, b)| a - b)
            .collect();
        let mut at = 0;
        for i in 0..delta.len() {
            for j in 0..=i {
                self.cross[at] += other.cross[at] + weight * delta[i] * delta[j];
                at += 1;
            }
        }
        for (m, d) in self.mean.iter_mut().zip(&delta) {
            *m += d * share;
        }
        self.n = n;
    }

    /// Rows seen.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Variables.
    pub fn k(&self) -> usize {
        self.mean.len()
    }

    /// Mean of variable `i`; `None` when nothing was seen.
    pub fn mean(&self, i: usize) -> Option<f64> {
        (self.n > 0).then(|| self.mean[i])
    }

    /// Centred cross-product `Σ (x_i − x̄_i)(x_j − x̄_j)`.
    pub fn cross(&self, i: usize, j: usize) -> f64 {
        self.cross[packed(i, j)]
    }

    /// Variance with divisor `n − 1`; `None` below two rows: unknown is not zero.
    pub fn variance(&self, i: usize) -> Option<f64> {
        self.covariance(i, i)
    }

    /// Covariance with divisor `n − 1`; `None` below two rows.
    pub fn covariance(&self, i: usize, j: usize) -> Option<f64> {
        (self.n >= 2).then(|| self.cross(i, j) / (self.n - 1) as f64)
    }

    /// Covariance with divisor `n`, as influence functions use it.
    pub fn population_covariance(&self, i: usize, j: usize) -> Option<f64> {
        (self.n >= 1).then(|| self.cross(i, j) / self.n as f64)
    }

    /// One arm's summary of variable `i`.
    pub fn finish(&self, i: usize) -> Result<Arm, StatsError> {
        match (self.mean(i), self.variance(i)) {
            (Some(mean), Some(variance)) => Ok(Arm {
                n: self.n,
                mean,
                variance,
            }),
            _ => Err(StatsError::too_few("variance", self.n, 2)),
        }
    }
}

/// What one arm says of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Rows.
    pub n: u64,
    /// Mean.
    pub mean: f64,
    /// Variance, divisor `n − 1`.
    pub variance: f64,
}

impl Arm {
    /// Squared standard error of the mean.
    pub fn variance_of_mean(&self) -> f64 {
        self.variance / self.n as f64
    }

    /// From sums, as other systems publish them: `n`, `Σx`, `Σx²`. Loses digits when the mean is large beside the spread.
    pub fn from_sums(n: u64, sum: f64, sum_of_squares: f64) -> Result<Self, StatsError> {
        if n < 2 {
            return Err(StatsError::too_few("variance", n, 2));
        }
        let mean = sum / n as f64;
        Ok(Self {
            n,
            mean,
            variance: ((sum_of_squares - sum * mean) / (n - 1) as f64).max(0.0),
        })
    }

    /// Mean of one column.
    pub fn of(values: &[f64]) -> Result<Self, StatsError> {
        crate::error::all_finite(values, "outcome")?;
        let mut m = Moments::new(1);
        values.iter().for_each(|&x| m.update(&[x]));
        m.finish(0)
    }
}
