//! Propensity strata: edges are quantiles of the treated's propensities, so that every stratum holds as many treated.
//!
//! Controls outside the treated's range are dropped, strata without both arms skipped. Source: Rosenbaum and Rubin 1984;
//! Dehejia and Wahba 1999.

use crate::difference::{Contrast, relative_normal};
use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::moments::Moments;
use crate::propensity::Estimand;
use crate::quantile::quantile_sorted;
use serde::{Deserialize, Serialize};

/// One stratum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StratumRow {
    /// Position, from 0.
    pub stratum: usize,
    /// Treated rows.
    pub treated: u64,
    /// Control rows.
    pub control: u64,
    /// Difference of means.
    pub difference: f64,
}

/// A stratified contrast.
#[derive(Debug, Clone)]
pub struct Stratified {
    /// Levels and difference.
    pub contrast: Contrast,
    /// The strata that count.
    pub strata: Vec<StratumRow>,
    /// Rows dropped: controls off support, rows of skipped strata.
    pub off_support: usize,
    /// Weight of each row.
    pub weights: Vec<f64>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// Combines strata of any kind (propensity, segment × country cells): one pair of one-variable moments each.
///
/// Weights are the treated (`Att`) or everybody (`Ate`) of each stratum; strata that miss an arm are skipped. Mergeable,
/// since moments are. The standard error is unknown when an arm of a stratum has one row.
pub fn combine(
    strata: &[(Moments, Moments)],
    estimand: Estimand,
) -> Result<(Contrast, Vec<StratumRow>), StatsError> {
    let usable: Vec<(usize, &(Moments, Moments))> = strata
        .iter()
        .enumerate()
        .filter(|(_, (t, c))| t.n() > 0 && c.n() > 0)
        .collect();
    let size = |(t, c): &(Moments, Moments)| match estimand {
        Estimand::Att => t.n() as f64,
        Estimand::Ate => (t.n() + c.n()) as f64,
    };
    let total: f64 = usable.iter().map(|(_, s)| size(s)).sum();
    if usable.is_empty() {
        return Err(StatsError::empty("every stratum lacks an arm: the overlap"));
    }
    let (mut m1, mut m0, mut v1, mut v0) = (0.0, 0.0, Some(0.0), Some(0.0));
    let mut rows = Vec::new();
    for (at, pair) in &usable {
        let (t, c) = *pair;
        let w = size(pair) / total;
        let (Some(a), Some(b)) = (t.mean(0), c.mean(0)) else {
            continue;
        };
        m1 += w * a;
        m0 += w * b;
        let add =
            |sum: Option<f64>, m: &Moments| Some(sum? + w * w * m.variance(0)? / m.n() as f64);
        v1 = add(v1, t);
        v0 = add(v0, c);
        rows.push(StratumRow {
            stratum: *at,
            treated: t.n(),
            control: c.n(),
            difference: a - b,
        });
    }
    let (difference, relative) = match (v1, v0) {
        (Some(v1), Some(v0)) => (
            Estimate::normal(m1 - m0, (v1 + v0).sqrt()),
            relative_normal(m1, v1, m0, v0, 0.0),
        ),
        _ => (
            Estimate::bare(m1 - m0),
            (m0 != 0.0).then(|| Estimate::bare((m1 - m0) / m0)),
        ),
    };
    Ok((
        Contrast {
            treated: m1,
            control: m0,
            difference,
            relative,
            degrees_of_freedom: None,
        },
        rows,
    ))
}

/// Stratifies on fitted propensities; `keep` marks rows inside the trim bounds.
pub fn stratified(
    y: &[f64],
    treated: &[bool],
    propensity: &[f64],
    keep: &[bool],
    count: usize,
    estimand: Estimand,
) -> Result<Stratified, StatsError> {
    if count == 0 {
        return Err(StatsError::invalid("strata", "at least one is needed"));
    }
    let n = y.len();
    let mut of_treated: Vec<f64> = (0..n)
        .filter(|&i| keep[i] && treated[i])
        .map(|i| propensity[i])
        .collect();
    of_treated.sort_by(f64::total_cmp);
    // Cut points are multiples of the step, as equally spaced grids are made elsewhere: 3 · 0.2 lies a hair above 0.6, which
    // decides the stratum of a treated unit that sits on an edge.
    let step = 1.0 / count as f64;
    let edges: Vec<f64> = (0..=count)
        .map(|j| {
            let share = if j == count { 1.0 } else { j as f64 * step };
            quantile_sorted(&of_treated, share)
        })
        .collect::<Result<_, _>>()?;
    let (low, high) = (edges[0], edges[count]);
    let stratum_of = |i: usize| -> Option<usize> {
        let p = propensity[i];
        if !keep[i] || p < low || p > high {
            return None;
        }
        Some(
            edges
                .partition_point(|e| *e <= p)
                .saturating_sub(1)
                .min(count - 1),
        )
    };
    let mut cells = vec![(Moments::new(1), Moments::new(1)); count];
    for i in 0..n {
        if let Some(s) = stratum_of(i) {
            let side = if treated[i] {
                &mut cells[s].0
            } else {
                &mut cells[s].1
            };
            side.update(&[y[i]]);
        }
    }
    let (contrast, strata) = combine(&cells, estimand)?;
    let mut warnings = Vec::new();
    for (s, (t, c)) in cells.iter().enumerate() {
        if t.n() + c.n() > 0 && (t.n() == 0 || c.n() == 0) {
            warnings.push(format!(
                "stratum {s} has {} treated and {} controls: skipped",
                t.n(),
                c.n()
            ));
        }
    }
    if contrast.difference.standard_error.is_none() {
        warnings.push("an arm of a stratum has one row: no standard error".into());
    }
    let mut off_support = 0;
    let mut weights = vec![0.0; n];
    for i in 0..n {
        if !keep[i] {
            continue;
        }
        let cell = stratum_of(i)
            .map(|s| &cells[s])
            .filter(|(t, c)| t.n() > 0 && c.n() > 0);
        let Some((t, c)) = cell else {
            off_support += 1;
            continue;
        };
        let size = match estimand {
            Estimand::Att => t.n() as f64,
            Estimand::Ate => (t.n() + c.n()) as f64,
        };
        weights[i] = size
            / if treated[i] {
                t.n() as f64
            } else {
                c.n() as f64
            };
    }
    Ok(Stratified {
        contrast,
        strata,
        off_support,
        weights,
        warnings,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::stratified;
    use crate::propensity::Estimand;

    /// numpy 2.4.6: `np.quantile(p, np.linspace(0, 1, 6))`, then `searchsorted(side="right") - 1`.
    #[test]
    fn treated_on_an_edge_fall_where_an_equally_spaced_grid_puts_them() {
        let mut propensity: Vec<f64> = (1..=501).map(|i| f64::from(i) / 1000.0).collect();
        let mut treated = vec![true; 501];
        propensity.extend([0.05, 0.15, 0.25, 0.35, 0.45]);
        treated.extend([false; 5]);
        let (y, keep) = (vec![1.0; 506], vec![true; 506]);
        let done = stratified(&y, &treated, &propensity, &keep, 5, Estimand::Att).unwrap();
        let counts: Vec<u64> = done.strata.iter().map(|s| s.treated).collect();
        assert_eq!(counts, [100, 100, 101, 99, 101]);
    }
}
