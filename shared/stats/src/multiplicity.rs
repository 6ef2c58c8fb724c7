//! Many questions at once: Benjamini–Hochberg (1995), and the stricter step-wise corrections for comparison.

use crate::error::StatsError;

/// False-discovery-rate adjusted p-values in the order given; missing entries stay missing and do not count.
pub fn benjamini_hochberg(p_values: &[Option<f64>]) -> Result<Vec<Option<f64>>, StatsError> {
    stepwise(p_values, |p, rank, m| p * m / rank, true)
}

/// Benjamini–Yekutieli: valid under any dependence.
pub fn benjamini_yekutieli(p_values: &[Option<f64>]) -> Result<Vec<Option<f64>>, StatsError> {
    let m = p_values.iter().flatten().count();
    let harmonic: f64 = (1..=m).map(|i| 1.0 / i as f64).sum();
    stepwise(p_values, |p, rank, m| p * m * harmonic / rank, true)
}

/// Holm's family-wise correction.
pub fn holm(p_values: &[Option<f64>]) -> Result<Vec<Option<f64>>, StatsError> {
    stepwise(p_values, |p, rank, m| p * (m - rank + 1.0), false)
}

fn stepwise(
    p_values: &[Option<f64>],
    adjust: impl Fn(f64, f64, f64) -> f64,
    from_largest: bool,
) -> Result<Vec<Option<f64>>, StatsError> {
    let mut ranked: Vec<(usize, f64)> = Vec::new();
    for (i, p) in p_values.iter().enumerate() {
        if let Some(p) = *p {
            if !(0.0..=1.0).contains(&p) {
                return Err(StatsError::invalid(
                    "p-value",
                    format!("{p} at position {i} is not between 0 and 1"),
                ));
            }
            ranked.push((i, p));
        }
    }
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let m = ranked.len() as f64;
    let mut adjusted: Vec<f64> = ranked
        .iter()
        .enumerate()
        .map(|(at, (_, p))| adjust(*p, at as f64 + 1.0, m).min(1.0))
        .collect();
    if from_largest {
        for at in (0..adjusted.len().saturating_sub(1)).rev() {
            adjusted[at] = adjusted[at].min(adjusted[at + 1]);
        }
    } else {
        for at in 1..adjusted.len() {
            adjusted[at] = adjusted[at].max(adjusted[at - 1]);
        }
    }
    let mut out = vec![None; p_values.len()];
    for ((i, _), q) in ranked.iter().zip(adjusted) {
        out[*i] = Some(q);
    }
    Ok(out)
}
