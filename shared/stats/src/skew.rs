//! Third central moment, mergeable: how lopsided an outcome is (Pébay 2008).

use serde::{Deserialize, Serialize};

/// Count, mean, second and third centred sums.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Skew {
    n: u64,
    mean: f64,
    m2: f64,
    m3: f64,
}

impl Skew {
    /// One value.
    pub fn update(&mut self, x: f64) {
        self.merge(&Self {
            n: 1,
            mean: x,
            m2: 0.0,
            m3: 0.0,
        });
    }

    /// Joins another shard.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        if self.n == 0 {
            *self = *other;
            return;
        }
        let (a, b) = (self.n as f64, other.n as f64);
        let n = a + b;
        let d = other.mean - self.mean;
        let m3 = self.m3
            + other.m3
            + d.powi(3) * a * b * (a - b) / (n * n)
            + 3.0 * d * (a * other.m2 - b * self.m2) / n;
        self.m2 += other.m2 + d * d * a * b / n;
        self.m3 = m3;
        self.mean += d * b / n;
        self.n += other.n;
    }

    /// Values seen.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Population skewness `m3 / m2^1.5`; `None` when nothing varies.
    pub fn finish(&self) -> Option<f64> {
        let n = self.n as f64;
        let value = (self.m3 / n) / (self.m2 / n).powf(1.5);
        (self.m2 > 0.0 && value.is_finite()).then_some(value)
    }
}
