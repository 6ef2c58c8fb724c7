//! What a sample could have seen: detectable effects, the sample that would suffice, noncentral chi-square power.

use crate::error::StatsError;
use crate::estimate::normal_quantile;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Units per arm that detect `effect` with this power, two-sided at `alpha`: `(z₁₋α/₂ + z_power)²·(v1 + v0)/effect²`.
pub fn units_per_arm(
    effect: f64,
    v1: f64,
    v0: f64,
    alpha: f64,
    power: f64,
) -> Result<u64, StatsError> {
    if effect == 0.0 || !effect.is_finite() {
        return Err(StatsError::invalid("effect", "must be finite and not 0"));
    }
    let z = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power);
    Ok((z * z * (v1 + v0) / (effect * effect)).ceil() as u64)
}

/// The smallest effect seen with this power at this standard error.
pub fn detectable_effect(standard_error: f64, alpha: f64, power: f64) -> f64 {
    (normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power)) * standard_error
}

/// How many times larger a sample brings an interval of half-width `have` down to `want`.
pub fn sample_for_half_width(n: u64, have: f64, want: f64) -> Option<u64> {
    let factor = have / want;
    (have > 0.0 && want > 0.0 && factor.is_finite())
        .then(|| (n as f64 * factor * factor).ceil() as u64)
}

/// Noncentrality at which a chi-square test with `df` degrees of freedom has this power; `None` when out of reach.
pub fn noncentrality(df: usize, alpha: f64, power: f64) -> Option<f64> {
    let critical = ChiSquared::new(df as f64).ok()?.inverse_cdf(1.0 - alpha);
    let (mut low, mut high) = (0.0, 1.0);
    while upper_tail(critical, df, high)? < power {
        high *= 2.0;
        if high > 1e5 {
            return None;
        }
    }
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if upper_tail(critical, df, middle)? < power {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some((low + high) / 2.0)
}

/// `P(χ²_df(λ) > x)` as a Poisson mixture of central tails.
fn upper_tail(x: f64, df: usize, lambda: f64) -> Option<f64> {
    let half = lambda / 2.0;
    let mut weight = (-half).exp();
    let mut total = 0.0;
    let mut mass = 0.0;
    for j in 0..2000 {
        let tail = ChiSquared::new(df as f64 + 2.0 * j as f64).ok()?.sf(x);
        total += weight * tail;
        mass += weight;
        if 1.0 - mass < 1e-10 {
            break;
        }
        weight *= half / (j as f64 + 1.0);
    }
    Some(total)
}
