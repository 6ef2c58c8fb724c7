//! Sample-ratio check: did the arms of a randomised experiment come out in the planned proportion?

use crate::error::StatsError;
use crate::estimate::chi_square_upper;

/// Pearson's chi-square of observed counts against planned weights, and its p-value. Below 0.001 the experiment is broken.
pub fn sample_ratio(observed: &[u64], weights: &[f64]) -> Result<(f64, f64), StatsError> {
    if observed.len() != weights.len() || observed.len() < 2 {
        return Err(StatsError::invalid(
            "sample ratio",
            "needs one weight per arm and two arms",
        ));
    }
    crate::error::all_finite(weights, "weights")?;
    let (total, weight) = (
        observed.iter().sum::<u64>() as f64,
        weights.iter().sum::<f64>(),
    );
    if total == 0.0 {
        return Err(StatsError::too_few("sample ratio", 0, 1));
    }
    if weights.iter().any(|w| *w <= 0.0) {
        return Err(StatsError::invalid("weights", "must be positive"));
    }
    let statistic = observed
        .iter()
        .zip(weights)
        .map(|(o, w)| {
            let expected = total * w / weight;
            (*o as f64 - expected).powi(2) / expected
        })
        .sum();
    let p = chi_square_upper(statistic, observed.len() as f64 - 1.0)
        .ok_or_else(|| StatsError::invalid("sample ratio", "statistic is not a number"))?;
    Ok((statistic, p))
}
