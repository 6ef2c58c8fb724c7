//! How unevenly something is spread: Gini, Herfindahl–Hirschman, the top's share.

use crate::error::StatsError;

fn positive_total(values: &[f64]) -> Result<f64, StatsError> {
    crate::error::all_finite(values, "share")?;
    if values.iter().any(|v| *v < 0.0) {
        return Err(StatsError::invalid(
            "share",
            "negative values have no share",
        ));
    }
    let total: f64 = values.iter().sum();
    if total <= 0.0 {
        return Err(StatsError::ZeroBaseline {
            what: "the total".into(),
        });
    }
    Ok(total)
}

/// Gini coefficient `Σ (2i − n − 1) x_(i) / (n Σ x)`: 0 for equal, towards 1 for one holding all.
pub fn gini(values: &[f64]) -> Result<f64, StatsError> {
    let total = positive_total(values)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let sum: f64 = sorted
        .iter()
        .enumerate()
        .map(|(i, x)| (2.0 * (i as f64 + 1.0) - n - 1.0) * x)
        .sum();
    Ok(sum / (n * total))
}

/// Herfindahl–Hirschman index: sum of squared shares, from `1/n` to 1.
pub fn herfindahl(values: &[f64]) -> Result<f64, StatsError> {
    let total = positive_total(values)?;
    Ok(values.iter().map(|x| (x / total).powi(2)).sum())
}

/// Share of the total held by the largest `fraction` of holders (rounded up to whole holders).
pub fn top_share(values: &[f64], fraction: f64) -> Result<f64, StatsError> {
    let total = positive_total(values)?;
    if !(fraction > 0.0 && fraction <= 1.0) {
        return Err(StatsError::invalid("fraction", "must lie in (0, 1]"));
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let top = (sorted.len() as f64 * fraction).ceil().max(1.0) as usize;
    Ok(sorted.iter().take(top).sum::<f64>() / total)
}

/// Fewest holders that together have at least `share` of the total (the bus factor at one half).
pub fn holders_of(values: &[f64], share: f64) -> Result<usize, StatsError> {
    let total = positive_total(values)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mut sum = 0.0;
    for (i, x) in sorted.iter().enumerate() {
        sum += x;
        if sum >= share * total {
            return Ok(i + 1);
        }
    }
    Ok(sorted.len())
}
