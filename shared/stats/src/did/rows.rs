//! ATT(g, t) from a balanced table of units × periods, with covariates if wanted.

use super::{Cell, Effects, Options, Role, plan};
use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::influence::{PROPENSITY_CEILING, effect_on_treated};
use crate::linear::Design;

/// A balanced panel: every unit has every period.
#[derive(Debug, Clone, Default)]
pub struct Panel {
    /// Periods, ascending.
    pub times: Vec<f64>,
    /// First treated period of each unit; infinite for never.
    pub first_treated: Vec<f64>,
    /// Outcomes, unit by unit: `outcome[unit · T + time]`. Beyond [`periods_compared`](super::periods_compared) they are not read.
    pub outcome: Vec<f64>,
    /// Covariates laid out as the outcome; read at the base period (the earlier of the two compared).
    pub covariates: Vec<Vec<f64>>,
}

/// Estimates every cell. Cells that cannot be estimated are left out with a warning.
pub fn estimate(panel: &Panel, options: &Options) -> Result<Effects, StatsError> {
    let width = panel.times.len();
    let all = panel.first_treated.len();
    if panel.outcome.len() != all * width || panel.covariates.iter().any(|c| c.len() != all * width)
    {
        return Err(StatsError::invalid(
            "panel",
            "every unit must have every period",
        ));
    }
    let plan = plan(&panel.times, &panel.first_treated, options)?;
    for of_unit in panel.outcome.chunks(width) {
        crate::error::all_finite(&of_unit[..plan.times.len()], "outcome")?;
    }
    let mut warnings = plan.warnings.clone();
    let units: Vec<usize> = (0..all)
        .filter(|&i| plan.roles[i] != Role::AlreadyTreated)
        .collect();
    if units.len() < all {
        warnings.push(format!(
            "{} units were already treated in the first period: left out",
            all - units.len()
        ));
    }
    let n = units.len();
    let mut cells = Vec::new();
    let mut influences: Vec<Vec<f64>> = Vec::new();
    for c in &plan.comparisons {
        let members: Vec<(usize, usize, bool)> = units
            .iter()
            .enumerate()
            .filter_map(|(at, &unit)| match plan.roles[unit] {
                Role::Treated(g) if g == c.group => Some((at, unit, true)),
                role if c.is_control(role) => Some((at, unit, false)),
                _ => None,
            })
            .collect();
        let n1 = members.iter().filter(|m| m.2).count() as u64;
        let n0 = members.len() as u64 - n1;
        let (time, base) = (plan.times[c.time], plan.times[c.base]);
        let cell = |estimate| Cell {
            group: c.group,
            time,
            base,
            estimate,
            treated: n1,
            controls: n0,
        };
        if c.time == c.base {
            cells.push(cell(Estimate::bare(0.0)));
            influences.push(vec![0.0; n]);
            continue;
        }
        let treated: Vec<bool> = members.iter().map(|m| m.2).collect();
        let change: Vec<f64> = members
            .iter()
            .map(|m| panel.outcome[m.1 * width + c.time] - panel.outcome[m.1 * width + c.base])
            .collect();
        let early = c.base.min(c.time);
        let columns: Vec<Vec<f64>> = panel
            .covariates
            .iter()
            .map(|x| members.iter().map(|m| x[m.1 * width + early]).collect())
            .collect();
        let varying = |x: &&[f64]| x.iter().any(|v| *v != x[0]);
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).filter(varying).collect();
        if views.len() < columns.len() {
            warnings.push(format!(
                "cohort {} in period {time}: {} of {} covariates constant in the base period: dropped there",
                c.group,
                columns.len() - views.len(),
                columns.len()
            ));
        }
        let levels = Design::standardised(members.len(), &views).and_then(|design| {
            effect_on_treated(
                options.estimator,
                &change,
                &treated,
                &design,
                &design,
                &vec![true; members.len()],
                PROPENSITY_CEILING,
            )
        });
        let levels = match levels {
            Ok(levels) => levels,
            Err(e) => {
                warnings.push(format!(
                    "cohort {} in period {time} cannot be estimated: {e}",
                    c.group
                ));
                continue;
            }
        };
        if levels.dropped_controls > 0 {
            warnings.push(format!(
                "cohort {} in period {time}: {} controls with propensity above {PROPENSITY_CEILING} dropped",
                c.group, levels.dropped_controls
            ));
        }
        let scale = n as f64 / members.len() as f64;
        let mut influence = vec![0.0; n];
        for ((at, _, _), v) in members.iter().zip(levels.influence()) {
            influence[*at] = v * scale;
        }
        let variance = influence.iter().map(|v| v * v).sum::<f64>() / (n as f64 * n as f64);
        let value = crate::error::finite(levels.treated - levels.control, "effect")?;
        if n1 < 5 {
            warnings.push(format!(
                "cohort {} in period {time} rests on {n1} treated units: how these differ from one another is hardly in the error",
                c.group
            ));
        }
        cells.push(cell(Estimate::normal(value, variance.sqrt())));
        influences.push(influence);
    }
    if cells.is_empty() {
        return Err(StatsError::empty(format!(
            "no cell could be estimated ({}): the comparison",
            warnings.join("; ")
        )));
    }
    let mut groups: Vec<f64> = units
        .iter()
        .filter_map(|&u| {
            if let Role::Treated(g) = plan.roles[u] {
                Some(g)
            } else {
                None
            }
        })
        .collect();
    groups.sort_by(f64::total_cmp);
    groups.dedup();
    let place = |unit: usize| match plan.roles[unit] {
        Role::Treated(g) => groups.iter().position(|x| *x == g).unwrap_or(groups.len()),
        _ => groups.len(),
    };
    let places: Vec<usize> = units.iter().map(|&u| place(u)).collect();
    let cohorts = groups
        .iter()
        .enumerate()
        .map(|(j, g)| (*g, places.iter().filter(|p| **p == j).count() as u64))
        .collect();
    let cohort_influence = influences
        .iter()
        .map(|f| {
            let mut sums = vec![0.0; groups.len() + 1];
            f.iter().zip(&places).for_each(|(v, p)| sums[*p] += v);
            sums
        })
        .collect();
    let nn = n as f64 * n as f64;
    let k = cells.len();
    let mut covariance = vec![vec![0.0; k]; k];
    for i in 0..k {
        for j in 0..=i {
            let v = influences[i]
                .iter()
                .zip(&influences[j])
                .map(|(a, b)| a * b)
                .sum::<f64>()
                / nn;
            covariance[i][j] = v;
            covariance[j][i] = v;
        }
    }
    Ok(Effects {
        cells,
        covariance,
        cohorts,
        units: n as u64,
        cohort_influence,
        warnings,
    })
}
