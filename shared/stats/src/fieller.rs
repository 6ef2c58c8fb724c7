//! Fieller's interval for a ratio of two means: honest where the delta method is not, near a zero denominator.

use crate::error::StatsError;
use crate::estimate::Z95;

/// Where the ratio may lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FiellerInterval {
    /// Between two ends.
    Bounded(f64, f64),
    /// Everywhere but between two ends: the denominator may be 0.
    Outside(f64, f64),
    /// Anywhere: nothing was learnt.
    Unbounded,
}

/// 95 % interval of `a / b` from the two estimates, their variances and covariance (Fieller 1954).
///
/// All `ρ` with `(a − ρb)² ≤ z²(va − 2ρc + ρ²vb)`.
pub fn fieller(a: f64, va: f64, b: f64, vb: f64, c: f64) -> Result<FiellerInterval, StatsError> {
    crate::error::all_finite(&[a, va, b, vb, c], "Fieller's inputs")?;
    if va < 0.0 || vb < 0.0 {
        return Err(StatsError::invalid("variance", "is negative"));
    }
    let z2 = Z95 * Z95;
    let (qa, qb, qc) = (b * b - z2 * vb, a * b - z2 * c, a * a - z2 * va);
    let d = qb * qb - qa * qc;
    if qa > 0.0 {
        let root = d.max(0.0).sqrt();
        return Ok(FiellerInterval::Bounded((qb - root) / qa, (qb + root) / qa));
    }
    if qa == 0.0 || d <= 0.0 {
        return Ok(FiellerInterval::Unbounded);
    }
    let root = d.sqrt();
    Ok(FiellerInterval::Outside((qb + root) / qa, (qb - root) / qa))
}
