//! ATT(g, t) from mergeable moments: per cohort (and stratum) the count, the mean vector over periods, and its covariance.
//!
//! Shards by unit, in any number, merged in bucket order, give the estimates of [`super::rows`] without covariates; nothing
//! per unit is ever held. With strata (cells of binned covariates) the estimate is the saturated outcome regression: changes
//! are compared within strata and weighted by the treated, which for saturated models is also the weighting and the doubly
//! robust estimate. The cost of finishing does not grow with the number of units.
//!
//! ```
//! use levier_stats::did::{Options, shards::PanelMoments};
//! let mut panel = PanelMoments::new(vec![1.0, 2.0]);
//! for (joined, y) in [(Some(2.0), [1.0, 4.0]), (Some(2.0), [2.0, 5.5]), (None, [1.0, 2.0]), (None, [0.0, 1.5])] {
//!     panel.update(joined, &y);
//! }
//! let effects = panel.finish(&Options::default())?;
//! assert!((effects.cells[0].estimate.value - 2.0).abs() < 1e-12);
//! # Ok::<(), levier_stats::StatsError>(())
//! ```

use super::{Cell, Effects, Options, Role, plan};
use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::moments::Moments;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Moments of one cohort in one stratum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// First treated period; `None` for never.
    pub first_treated: Option<f64>,
    /// Cell of binned covariates; 0 when there are none.
    pub stratum: u32,
    /// Mean vector and cross-products over the periods.
    pub moments: Moments,
}

impl Block {
    fn key_order(&self, first: Option<f64>, stratum: u32) -> Ordering {
        let place = |g: Option<f64>| g.unwrap_or(f64::INFINITY);
        place(self.first_treated)
            .total_cmp(&place(first))
            .then(self.stratum.cmp(&stratum))
    }
}

/// The accumulator: `update` unit by unit, `merge` shard by shard, `finish` once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PanelMoments {
    times: Vec<f64>,
    blocks: Vec<Block>,
}

impl PanelMoments {
    /// Nothing seen yet of these periods (ascending).
    pub fn new(times: Vec<f64>) -> Self {
        Self {
            times,
            blocks: Vec::new(),
        }
    }

    /// The periods.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// What has been gathered, by cohort, then stratum; the never treated last.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Units seen.
    pub fn units(&self) -> u64 {
        self.blocks.iter().map(|b| b.moments.n()).sum()
    }

    fn block(&mut self, first: Option<f64>, stratum: u32) -> &mut Moments {
        let first = first.filter(|g| g.is_finite());
        let at = match self
            .blocks
            .binary_search_by(|b| b.key_order(first, stratum))
        {
            Ok(at) => at,
            Err(at) => {
                let moments = Moments::new(self.times.len());
                self.blocks.insert(
                    at,
                    Block {
                        first_treated: first,
                        stratum,
                        moments,
                    },
                );
                at
            }
        };
        &mut self.blocks[at].moments
    }

    /// One unit: when first treated (`None`: never) and its outcome in every period. Zeros are outcomes; gaps are not.
    pub fn update(&mut self, first_treated: Option<f64>, outcomes: &[f64]) {
        self.block(first_treated, 0).update(outcomes);
    }

    /// One unit in a stratum of binned covariates.
    pub fn update_in(&mut self, stratum: u32, first_treated: Option<f64>, outcomes: &[f64]) {
        self.block(first_treated, stratum).update(outcomes);
    }

    /// As [`PanelMoments::update_in`] for data that may hold gaps or the wrong number of periods.
    pub fn try_update_in(
        &mut self,
        stratum: u32,
        first_treated: Option<f64>,
        outcomes: &[f64],
    ) -> Result<(), StatsError> {
        if outcomes.len() != self.times.len() {
            return Err(StatsError::invalid(
                "unit",
                format!("has {} periods, not {}", outcomes.len(), self.times.len()),
            ));
        }
        crate::error::all_finite(outcomes, "outcome")?;
        self.update_in(stratum, first_treated, outcomes);
        Ok(())
    }

    /// A whole block at once, e.g. from another system's summary.
    pub fn absorb(
        &mut self,
        first_treated: Option<f64>,
        stratum: u32,
        moments: &Moments,
    ) -> Result<(), StatsError> {
        if moments.k() != self.times.len() {
            return Err(StatsError::invalid(
                "block",
                format!("has {} periods, not {}", moments.k(), self.times.len()),
            ));
        }
        self.block(first_treated, stratum).merge(moments);
        Ok(())
    }

    /// Joins another shard over the same periods.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.times != other.times {
            return Err(StatsError::invalid("shards", "hold different periods"));
        }
        for b in &other.blocks {
            self.block(b.first_treated, b.stratum).merge(&b.moments);
        }
        Ok(())
    }

    /// ATT(g, t) of every cell. `options.estimator` plays no part: within strata all three agree.
    pub fn finish(&self, options: &Options) -> Result<Effects, StatsError> {
        let firsts: Vec<f64> = self
            .blocks
            .iter()
            .map(|b| b.first_treated.unwrap_or(f64::INFINITY))
            .collect();
        let plan = plan(&self.times, &firsts, options)?;
        let mut warnings = plan.warnings.clone();
        let left: u64 = self.sum_units(&plan.roles, |r| r == Role::AlreadyTreated);
        if left > 0 {
            warnings.push(format!(
                "{left} units were already treated in the first period: left out"
            ));
        }
        let units = self.sum_units(&plan.roles, |r| r != Role::AlreadyTreated);
        let mut groups: Vec<f64> = plan
            .roles
            .iter()
            .filter_map(|r| {
                if let Role::Treated(g) = r {
                    Some(*g)
                } else {
                    None
                }
            })
            .collect();
        groups.sort_by(f64::total_cmp);
        groups.dedup();
        let cohorts: Vec<(f64, u64)> = groups
            .iter()
            .map(|g| (*g, self.sum_units(&plan.roles, |r| r == Role::Treated(*g))))
            .collect();
        let mut cells = Vec::new();
        let mut parts: Vec<Vec<Part>> = Vec::new();
        let mut spans = Vec::new();
        for c in &plan.comparisons {
            let (time, base) = (plan.times[c.time], plan.times[c.base]);
            let side = Side {
                blocks: &self.blocks,
                roles: &plan.roles,
                units: units as f64,
            };
            let (estimate, treated, controls, part) = if c.time == c.base {
                (Estimate::bare(0.0), 0, 0, Vec::new())
            } else {
                match side.compare(c, &mut warnings, time) {
                    Ok(found) => found,
                    Err(e) => {
                        warnings.push(format!(
                            "cohort {} in period {time} cannot be estimated: {e}",
                            c.group
                        ));
                        continue;
                    }
                }
            };
            cells.push(Cell {
                group: c.group,
                time,
                base,
                estimate,
                treated,
                controls,
            });
            parts.push(part);
            spans.push((c.time, c.base));
        }
        if cells.is_empty() {
            return Err(StatsError::empty(format!(
                "no cell could be estimated ({}): the comparison",
                warnings.join("; ")
            )));
        }
        let covariance = self.covariances(&parts, &spans, units as f64);
        for (k, cell) in cells.iter_mut().enumerate() {
            cell.estimate = Estimate::normal(cell.estimate.value, covariance[k][k].max(0.0).sqrt());
        }
        let cohort_influence = parts
            .iter()
            .map(|part| {
                let mut sums = vec![0.0; groups.len() + 1];
                for p in part {
                    let at = match plan.roles[p.block] {
                        Role::Treated(g) => {
                            groups.iter().position(|x| *x == g).unwrap_or(groups.len())
                        }
                        _ => groups.len(),
                    };
                    sums[at] += p.n * p.level;
                }
                sums
            })
            .collect();
        Ok(Effects {
            cells,
            covariance,
            cohorts,
            units,
            cohort_influence,
            warnings,
        })
    }

    fn sum_units(&self, roles: &[Role], want: impl Fn(Role) -> bool) -> u64 {
        self.blocks
            .iter()
            .zip(roles)
            .filter(|(_, r)| want(**r))
            .map(|(b, _)| b.moments.n())
            .sum()
    }

    /// `Σ influence_k · influence_l / n²` from block covariances.
    fn covariances(
        &self,
        parts: &[Vec<Part>],
        spans: &[(usize, usize)],
        units: f64,
    ) -> Vec<Vec<f64>> {
        let k = parts.len();
        let mut covariance = vec![vec![0.0; k]; k];
        for i in 0..k {
            for j in 0..=i {
                let ((t, b), (u, a)) = (spans[i], spans[j]);
                let mut total = 0.0;
                let mut other = parts[j].iter().peekable();
                // Parts are ordered by block: a merge join.
                for p in &parts[i] {
                    while other.peek().is_some_and(|q| q.block < p.block) {
                        other.next();
                    }
                    let Some(q) = other.peek().filter(|q| q.block == p.block) else {
                        continue;
                    };
                    let m = &self.blocks[p.block].moments;
                    let cross = m.cross(t, u) - m.cross(t, a) - m.cross(b, u) + m.cross(b, a);
                    total += p.slope * q.slope * cross + p.n * p.level * q.level;
                }
                covariance[i][j] = total / (units * units);
                covariance[j][i] = covariance[i][j];
            }
        }
        covariance
    }
}

/// One block's influence on one cell: `slope · (change − block mean) + level` for each of its `n` units.
struct Part {
    block: usize,
    n: f64,
    slope: f64,
    level: f64,
}

struct Side<'a> {
    blocks: &'a [Block],
    roles: &'a [Role],
    units: f64,
}

type Compared = (Estimate, u64, u64, Vec<Part>);

impl Side<'_> {
    fn change(&self, at: usize, c: &super::Comparison) -> f64 {
        let m = &self.blocks[at].moments;
        m.mean(c.time).unwrap_or_default() - m.mean(c.base).unwrap_or_default()
    }

    fn compare(
        &self,
        c: &super::Comparison,
        warnings: &mut Vec<String>,
        time: f64,
    ) -> Result<Compared, StatsError> {
        let n = |at: usize| self.blocks[at].moments.n() as f64;
        let occupied = |at: &usize| self.blocks[*at].moments.n() > 0;
        let mine: Vec<usize> = (0..self.blocks.len())
            .filter(occupied)
            .filter(|&at| self.roles[at] == Role::Treated(c.group))
            .collect();
        let theirs: Vec<usize> = (0..self.blocks.len())
            .filter(occupied)
            .filter(|&at| c.is_control(self.roles[at]))
            .collect();
        // Control change per stratum: (stratum, units, mean change).
        let mut strata: std::collections::BTreeMap<u32, (f64, f64)> =
            std::collections::BTreeMap::new();
        for &at in &theirs {
            let entry = strata.entry(self.blocks[at].stratum).or_insert((0.0, 0.0));
            entry.0 += n(at);
            entry.1 += (self.change(at, c) - entry.1) * n(at) / entry.0;
        }
        let (mut n1, mut effect, mut lost) = (0.0, 0.0, 0.0);
        for &at in &mine {
            match strata.get(&self.blocks[at].stratum) {
                Some((_, control)) => {
                    n1 += n(at);
                    effect += (self.change(at, c) - control - effect) * n(at) / n1;
                }
                None => lost += n(at),
            }
        }
        if theirs.is_empty() {
            return Err(StatsError::empty("control arm"));
        }
        if n1 == 0.0 {
            return Err(StatsError::empty("treated arm with controls in its strata"));
        }
        if lost > 0.0 {
            warnings.push(format!(
                "cohort {} in period {time}: {lost} treated units have no control in their stratum",
                c.group
            ));
        }
        if n1 < 5.0 {
            warnings.push(format!(
                "cohort {} in period {time} rests on {n1} treated units: how these differ from one another is hardly in the error",
                c.group
            ));
        }
        let scale = self.units / n1;
        let mut treated_in: std::collections::BTreeMap<u32, f64> =
            std::collections::BTreeMap::new();
        let mut parts = Vec::new();
        for &at in &mine {
            let stratum = self.blocks[at].stratum;
            if let Some((_, control)) = strata.get(&stratum) {
                *treated_in.entry(stratum).or_insert(0.0) += n(at);
                let level = scale * (self.change(at, c) - control - effect);
                parts.push(Part {
                    block: at,
                    n: n(at),
                    slope: scale,
                    level,
                });
            }
        }
        let mut n0 = 0.0;
        for &at in &theirs {
            let stratum = self.blocks[at].stratum;
            if let (Some(treated), Some((controls, mean))) =
                (treated_in.get(&stratum), strata.get(&stratum))
            {
                n0 += n(at);
                let slope = -scale * treated / controls;
                parts.push(Part {
                    block: at,
                    n: n(at),
                    slope,
                    level: slope * (self.change(at, c) - mean),
                });
            }
        }
        parts.sort_by_key(|p| p.block);
        let effect = crate::error::finite(effect, "effect")?;
        Ok((Estimate::bare(effect), n1 as u64, n0 as u64, parts))
    }
}
