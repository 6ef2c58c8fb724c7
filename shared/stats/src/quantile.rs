//! Quantiles and what is done with them: winsorising at a cap, trimmed means.

use crate::error::StatsError;

/// Linear quantile (Hyndman–Fan type 7, numpy's default) of values in any order.
pub fn quantile(values: &[f64], p: f64) -> Result<f64, StatsError> {
    crate::error::all_finite(values, "quantile's input")?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile_sorted(&sorted, p)
}

/// Linear quantile of ascending values.
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Result<f64, StatsError> {
    if sorted.is_empty() {
        return Err(StatsError::too_few("quantile", 0, 1));
    }
    if !(0.0..=1.0).contains(&p) {
        return Err(StatsError::invalid(
            "quantile",
            format!("{p} is not between 0 and 1"),
        ));
    }
    let at = p * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    let share = at - low as f64;
    // The two-sided interpolation keeps the ends exact and the middle monotone.
    let (a, b) = (sorted[low], sorted[high]);
    Ok(if share < 0.5 {
        a + (b - a) * share
    } else {
        b - (b - a) * (1.0 - share)
    })
}

/// Values above `cap` pulled down to it.
pub fn winsorise_upper(values: &[f64], cap: f64) -> Vec<f64> {
    values.iter().map(|&x| x.min(cap)).collect()
}
