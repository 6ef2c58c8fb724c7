//! From ATT(g, t) to what a reader asks: overall, by months since joining, by cohort, by calendar period.
//!
//! Weights are cohort shares, which are estimated too; their influence is part of the standard error (Callaway and
//! Sant'Anna 2021, section 4).

use super::effects::Effects;
use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::sup_t::sup_t_critical;
use serde::{Deserialize, Serialize};

/// How cells are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregation {
    /// All cells after treatment, by cohort size.
    Simple,
    /// By periods since first treatment; overall is the mean over `e ≥ 0`.
    Dynamic,
    /// By cohort; overall by cohort size.
    Group,
    /// By period; overall is the mean over periods.
    Calendar,
}

/// A summary: overall effect, table, and the table's covariance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// The overall effect.
    pub overall: Estimate,
    /// Event time, cohort or period, and its effect; empty for [`Aggregation::Simple`].
    pub table: Vec<(f64, Estimate)>,
    /// Covariance of the table's estimates.
    pub covariance: Vec<Vec<f64>>,
}

impl Aggregate {
    /// Critical value of a 95 % band for the whole table.
    pub fn sup_t_critical(&self, draws: u32, seed: u64) -> Result<f64, StatsError> {
        sup_t_critical(&self.covariance, 0.95, draws, seed)
    }
}

/// A linear combination of cells, and what each cohort's units add through the estimated shares.
#[derive(Clone)]
struct Combination {
    value: f64,
    cells: Vec<f64>,
    /// By treated cohort, the rest last.
    shares: Vec<f64>,
}

impl Effects {
    /// Sums cells up. An error when no cell after treatment exists.
    pub fn aggregate(&self, how: Aggregation) -> Result<Aggregate, StatsError> {
        let post: Vec<usize> = (0..self.cells.len())
            .filter(|&k| self.cells[k].is_post())
            .collect();
        if post.is_empty() {
            return Err(StatsError::empty("no cell after treatment: the aggregate"));
        }
        let (overall, table) = match how {
            Aggregation::Simple => (self.by_size(&post), Vec::new()),
            Aggregation::Dynamic => {
                let table = self.table(|k| self.cells[k].time - self.cells[k].group, |_| true);
                let after: Vec<&Combination> = table
                    .iter()
                    .filter(|(e, _)| *e >= 0.0)
                    .map(|(_, c)| c)
                    .collect();
                (self.mean(&after), table)
            }
            Aggregation::Calendar => {
                let table = self.table(|k| self.cells[k].time, |k| self.cells[k].is_post());
                (
                    self.mean(&table.iter().map(|(_, c)| c).collect::<Vec<_>>()),
                    table,
                )
            }
            Aggregation::Group => {
                let mut table = Vec::new();
                for (g, _) in &self.cohorts {
                    let cells: Vec<usize> = post
                        .iter()
                        .copied()
                        .filter(|&k| self.cells[k].group == *g)
                        .collect();
                    if !cells.is_empty() {
                        let parts: Vec<Combination> =
                            cells.iter().map(|&k| self.single(k)).collect();
                        table.push((*g, self.mean(&parts.iter().collect::<Vec<_>>())));
                    }
                }
                let groups: Vec<f64> = table.iter().map(|(g, _)| *g).collect();
                let parts: Vec<&Combination> = table.iter().map(|(_, c)| c).collect();
                (self.weigh(&parts, &groups), table)
            }
        };
        let covariance = table
            .iter()
            .map(|(_, a)| table.iter().map(|(_, b)| self.covary(a, b)).collect())
            .collect();
        Ok(Aggregate {
            overall: self.finish(&overall),
            table: table
                .iter()
                .map(|(key, c)| (*key, self.finish(c)))
                .collect(),
            covariance,
        })
    }

    fn table(
        &self,
        key: impl Fn(usize) -> f64,
        keep: impl Fn(usize) -> bool,
    ) -> Vec<(f64, Combination)> {
        let mut keys: Vec<f64> = (0..self.cells.len())
            .filter(|&k| keep(k))
            .map(&key)
            .collect();
        keys.sort_by(f64::total_cmp);
        keys.dedup();
        keys.into_iter()
            .map(|at| {
                let cells: Vec<usize> = (0..self.cells.len())
                    .filter(|&k| keep(k) && key(k) == at)
                    .collect();
                (at, self.by_size(&cells))
            })
            .collect()
    }

    fn single(&self, k: usize) -> Combination {
        let mut cells = vec![0.0; self.cells.len()];
        cells[k] = 1.0;
        Combination {
            value: self.cells[k].estimate.value,
            cells,
            shares: vec![0.0; self.cohorts.len() + 1],
        }
    }

    fn by_size(&self, cells: &[usize]) -> Combination {
        let parts: Vec<Combination> = cells.iter().map(|&k| self.single(k)).collect();
        let groups: Vec<f64> = cells.iter().map(|&k| self.cells[k].group).collect();
        self.weigh(&parts.iter().collect::<Vec<_>>(), &groups)
    }

    /// Weights by cohort share, with the share's own influence.
    fn weigh(&self, parts: &[&Combination], groups: &[f64]) -> Combination {
        let n = self.units as f64;
        let share = |g: f64| self.cohort_size(g).unwrap_or(0) as f64 / n;
        let total: f64 = groups.iter().map(|g| share(*g)).sum();
        let weights: Vec<f64> = groups.iter().map(|g| share(*g) / total).collect();
        let mut sum = self.linear(parts, &weights);
        let mean_effect = sum.value;
        for (c, place) in sum.shares.iter_mut().enumerate() {
            let cohort = self.cohorts.get(c).map(|(g, _)| *g);
            let mut own = 0.0;
            let mut count = 0.0;
            for (p, g) in parts.iter().zip(groups) {
                if Some(*g) == cohort {
                    own += p.value;
                    count += 1.0;
                }
            }
            // Σ_k att_k [(1{g_k = c} − p_k)/P − (count_c − P)·p_k/P²], which collapses to this.
            *place += (own - count * mean_effect) / total;
        }
        sum
    }

    fn mean(&self, parts: &[&Combination]) -> Combination {
        self.linear(parts, &vec![1.0 / parts.len() as f64; parts.len()])
    }

    fn linear(&self, parts: &[&Combination], weights: &[f64]) -> Combination {
        let mut sum = Combination {
            value: 0.0,
            cells: vec![0.0; self.cells.len()],
            shares: vec![0.0; self.cohorts.len() + 1],
        };
        for (p, w) in parts.iter().zip(weights) {
            sum.value += w * p.value;
            sum.cells
                .iter_mut()
                .zip(&p.cells)
                .for_each(|(s, c)| *s += w * c);
            sum.shares
                .iter_mut()
                .zip(&p.shares)
                .for_each(|(s, c)| *s += w * c);
        }
        sum
    }

    fn covary(&self, a: &Combination, b: &Combination) -> f64 {
        let n = self.units as f64;
        let mut v = 0.0;
        for (i, x) in a.cells.iter().enumerate().filter(|(_, x)| **x != 0.0) {
            for (j, y) in b.cells.iter().enumerate().filter(|(_, y)| **y != 0.0) {
                v += x * y * self.covariance[i][j];
            }
        }
        let treated: u64 = self.cohorts.iter().map(|(_, n)| n).sum();
        for c in 0..=self.cohorts.len() {
            let size = self
                .cohorts
                .get(c)
                .map_or(self.units - treated, |(_, n)| *n) as f64;
            let along = |x: &Combination| -> f64 {
                x.cells
                    .iter()
                    .zip(&self.cohort_influence)
                    .map(|(w, sums)| w * sums[c])
                    .sum()
            };
            v += (a.shares[c] * along(b)
                + b.shares[c] * along(a)
                + size * a.shares[c] * b.shares[c])
                / (n * n);
        }
        v
    }

    fn finish(&self, c: &Combination) -> Estimate {
        Estimate::normal(c.value, self.covary(c, c).max(0.0).sqrt())
    }
}
