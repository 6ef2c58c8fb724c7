//! The shape of every answer: a value, its standard error, a 95 % interval and a p-value.
//!
//! What cannot be known is `None`, never 0: a survival curve that has reached 0 has a value and no standard error.

use crate::error::{StatsError, finite};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, Continuous, ContinuousCDF, Normal, StudentsT};

/// The 97.5 % quantile of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A point estimate with its uncertainty, on the scale of the value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Its standard error.
    pub standard_error: Option<f64>,
    /// Lower end of the 95 % interval.
    pub lower: Option<f64>,
    /// Upper end of the 95 % interval.
    pub upper: Option<f64>,
    /// Two-sided p-value of "the value is 0".
    pub p_value: Option<f64>,
}

impl Estimate {
    /// A value about whose error nothing is known.
    pub fn bare(value: f64) -> Self {
        Self {
            value,
            standard_error: None,
            lower: None,
            upper: None,
            p_value: None,
        }
    }

    /// Normal interval: `value ± 1.96 · standard_error`.
    ///
    /// A zero or missing standard error leaves interval and p-value unknown.
    pub fn normal(value: f64, standard_error: f64) -> Self {
        if !(standard_error.is_finite() && standard_error > 0.0) {
            return Self::bare(value);
        }
        let z = (value / standard_error).abs();
        Self {
            value,
            standard_error: Some(standard_error),
            lower: Some(value - Z95 * standard_error),
            upper: Some(value + Z95 * standard_error),
            p_value: Some(two_sided_normal(z)),
        }
    }

    /// Student interval with `df` degrees of freedom (not necessarily whole).
    pub fn student(value: f64, standard_error: f64, df: f64) -> Self {
        let Some(t) = student_quantile(0.975, df)
            .filter(|_| standard_error.is_finite() && standard_error > 0.0)
        else {
            return Self::bare(value);
        };
        Self {
            value,
            standard_error: Some(standard_error),
            lower: Some(value - t * standard_error),
            upper: Some(value + t * standard_error),
            p_value: two_sided_student(value / standard_error, df),
        }
    }

    /// As [`Estimate::normal`], refusing values that are not finite.
    pub fn checked(value: f64, standard_error: f64, what: &str) -> Result<Self, StatsError> {
        Ok(Self::normal(finite(value, what)?, standard_error))
    }

    /// The same estimate times a constant (units, signs).
    pub fn scaled(&self, factor: f64) -> Self {
        let (a, b) = (
            self.lower.map(|x| x * factor),
            self.upper.map(|x| x * factor),
        );
        let (lower, upper) = if factor < 0.0 { (b, a) } else { (a, b) };
        Self {
            value: self.value * factor,
            standard_error: self.standard_error.map(|x| x * factor.abs()),
            lower,
            upper,
            p_value: self.p_value,
        }
    }

    /// Whether the interval is known and leaves 0 out.
    pub fn excludes_zero(&self) -> bool {
        matches!((self.lower, self.upper), (Some(l), Some(u)) if l > 0.0 || u < 0.0)
    }
}

fn standard_normal() -> Normal {
    Normal::standard()
}

/// `2 · P(Z > z)`, accurate in the far tail.
pub fn two_sided_normal(z: f64) -> f64 {
    statrs::function::erf::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Standard normal distribution function.
pub fn normal_cdf(z: f64) -> f64 {
    standard_normal().cdf(z)
}

/// Standard normal quantile of `p` in (0, 1), polished to full precision.
pub fn normal_quantile(p: f64) -> f64 {
    let n = standard_normal();
    let mut z = n.inverse_cdf(p);
    for _ in 0..3 {
        let (error, slope) = (n.cdf(z) - p, n.pdf(z));
        if !(slope > 0.0 && error.is_finite()) {
            break;
        }
        z -= error / slope;
    }
    z
}

/// Student quantile, polished by Newton to full precision; `None` when `df` is not positive.
pub fn student_quantile(p: f64, df: f64) -> Option<f64> {
    if !(df.is_finite() && df > 0.0) {
        return None;
    }
    let t = StudentsT::new(0.0, 1.0, df).ok()?;
    let mut q = if df > 3.0 {
        normal_quantile(p)
    } else {
        t.inverse_cdf(p)
    };
    for _ in 0..60 {
        let (error, slope) = (student_upper(-q, df) - p, t.pdf(q));
        if !(slope > 0.0 && error.is_finite()) {
            break;
        }
        let step = error / slope;
        q -= step;
        if step.abs() <= 1e-15 * q.abs().max(1.0) {
            break;
        }
    }
    q.is_finite().then_some(q)
}

/// `P(T > t)`, through the regularised incomplete beta function so that far tails keep their digits.
fn student_upper(t: f64, df: f64) -> f64 {
    let half = 0.5 * statrs::function::beta::beta_reg(df / 2.0, 0.5, df / (df + t * t));
    if t >= 0.0 { half } else { 1.0 - half }
}

/// `2 · P(T > |t|)`.
pub fn two_sided_student(t: f64, df: f64) -> Option<f64> {
    (df > 0.0 && df.is_finite() && t.is_finite()).then(|| 2.0 * student_upper(t.abs(), df))
}

/// Upper tail of the chi-square distribution with `df` degrees of freedom.
pub fn chi_square_upper(x: f64, df: f64) -> Option<f64> {
    if !(df > 0.0 && x.is_finite()) {
        return None;
    }
    if df == 1.0 {
        return Some(two_sided_normal(x.max(0.0).sqrt()));
    }
    ChiSquared::new(df).ok().map(|d| d.sf(x.max(0.0)))
}
