//! Ratio of sums (average order value, messages per active day), by the delta method over units.
//!
//! Formula: `R = Σ num / Σ den`; `Var R = (s_nn − 2R s_nd + R² s_dd) / (G·den̄²)` with `G` units and divisor `G − 1`.
//! The mean of each unit's own ratio is another quantity, and a standard error per order is far too small:
//! orders of one customer resemble each other. Source: Deng, Knoblich, Lu 2018.

use crate::difference::{Contrast, relative_normal};
use crate::error::{StatsError, finite};
use crate::estimate::Estimate;
use crate::moments::Moments;
use serde::{Deserialize, Serialize};

/// Accumulates one arm of a ratio, unit by unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ratio(Moments);

impl Default for Ratio {
    fn default() -> Self {
        Self(Moments::new(2))
    }
}

impl Ratio {
    /// One unit's numerator and denominator, summed over its rows.
    pub fn update(&mut self, numerator: f64, denominator: f64) {
        self.0.update(&[numerator, denominator]);
    }

    /// Joins another shard's units.
    pub fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }

    /// From moments of (numerator, denominator) over units.
    pub fn from_moments(moments: Moments) -> Self {
        Self(moments)
    }

    /// Units seen.
    pub fn units(&self) -> u64 {
        self.0.n()
    }

    /// The ratio with its delta-method error.
    pub fn finish(&self) -> Result<Estimate, StatsError> {
        let m = &self.0;
        let (Some(num), Some(den)) = (m.mean(0), m.mean(1)) else {
            return Err(StatsError::empty("ratio: the arm"));
        };
        if den == 0.0 {
            return Err(StatsError::ZeroBaseline {
                what: "the denominator's total".into(),
            });
        }
        if m.n() < 2 {
            return Err(StatsError::too_few("ratio", m.n(), 2));
        }
        let r = finite(num / den, "ratio")?;
        let spread = m.cross(0, 0) - 2.0 * r * m.cross(0, 1) + r * r * m.cross(1, 1);
        let variance = spread.max(0.0) / (m.n() - 1) as f64 / (m.n() as f64 * den * den);
        Ok(Estimate::normal(r, variance.sqrt()))
    }
}

/// Difference of two ratios and its relative lift, both with normal intervals.
pub fn contrast(treated: &Ratio, control: &Ratio) -> Result<Contrast, StatsError> {
    let (r1, r0) = (treated.finish()?, control.finish()?);
    let v = |e: &Estimate| e.standard_error.map_or(0.0, |s| s * s);
    let (v1, v0) = (v(&r1), v(&r0));
    Ok(Contrast {
        treated: r1.value,
        control: r0.value,
        difference: Estimate::normal(r1.value - r0.value, (v1 + v0).sqrt()),
        relative: relative_normal(r1.value, v1, r0.value, v0, 0.0),
        degrees_of_freedom: None,
    })
}
