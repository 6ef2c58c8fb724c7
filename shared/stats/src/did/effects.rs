//! What a difference-in-differences knows: ATT(g, t), their joint covariance, and what cohort shares add to it.

use crate::error::StatsError;
use crate::estimate::{Estimate, chi_square_upper};
use crate::linear::solve_spd;
use crate::sup_t::sup_t_critical;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Effect on one cohort in one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Cohort: its first treated period.
    pub group: f64,
    /// Period.
    pub time: f64,
    /// Base period of the change.
    pub base: f64,
    /// Effect; no standard error in the base period itself.
    pub estimate: Estimate,
    /// Treated units behind it.
    pub treated: u64,
    /// Control units behind it.
    pub controls: u64,
}

impl Cell {
    /// Whether the period lies at or after first treatment.
    pub fn is_post(&self) -> bool {
        self.group <= self.time
    }
}

/// All ATT(g, t) with what aggregates and tests need; nothing per unit is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// Cells, by cohort, then period.
    pub cells: Vec<Cell>,
    /// Covariance of the cells' estimates.
    pub covariance: Vec<Vec<f64>>,
    /// Treated cohorts and their units.
    pub cohorts: Vec<(f64, u64)>,
    /// Units in the analysis.
    pub units: u64,
    /// Sum of each cell's influence over each treated cohort: `[cell][cohort]`, and over the rest in the last place.
    pub cohort_influence: Vec<Vec<f64>>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// Are the cells before treatment all zero?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PreTrend {
    /// Wald statistic over all cells with `t < g`.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub df: usize,
    /// Its p-value.
    pub p_value: f64,
    /// Largest |t| among those cells.
    pub sup_t: f64,
    /// A constant drift per period that the test would have seen 4 times in 5.
    pub detectable_drift: Option<f64>,
}

impl Effects {
    /// Wald test of the cells before treatment. An error when there are none, or when they are linearly dependent.
    pub fn pre_trend(&self) -> Result<PreTrend, StatsError> {
        let at: Vec<usize> = (0..self.cells.len())
            .filter(|&k| {
                !self.cells[k].is_post() && self.cells[k].estimate.standard_error.is_some()
            })
            .collect();
        if at.is_empty() {
            return Err(StatsError::too_few("cells before treatment", 0, 1));
        }
        let v = DMatrix::from_fn(at.len(), at.len(), |i, j| self.covariance[at[i]][at[j]]);
        let b = DVector::from_fn(at.len(), |i, _| self.cells[at[i]].estimate.value);
        let what = "the covariance of the cells before treatment";
        let statistic = b.dot(&solve_spd(&v, &b, what)?);
        let steps = DVector::from_fn(at.len(), |i, _| {
            self.cells[at[i]].time - self.cells[at[i]].base
        });
        let precision = steps.dot(&solve_spd(&v, &steps, what)?);
        let sup_t = at
            .iter()
            .filter_map(|&k| {
                self.cells[k]
                    .estimate
                    .standard_error
                    .map(|s| (self.cells[k].estimate.value / s).abs())
            })
            .fold(0.0, f64::max);
        let p_value = chi_square_upper(statistic, at.len() as f64)
            .ok_or_else(|| StatsError::invalid("pre-trend test", "statistic is not a number"))?;
        let detectable_drift = crate::power::noncentrality(at.len(), 0.05, 0.8)
            .filter(|_| precision > 0.0)
            .map(|l| (l / precision).sqrt());
        Ok(PreTrend {
            statistic,
            df: at.len(),
            p_value,
            sup_t,
            detectable_drift,
        })
    }

    /// Critical value of the 95 % band that holds for all cells at once, by seeded simulation.
    pub fn sup_t_critical(&self, draws: u32, seed: u64) -> Result<f64, StatsError> {
        sup_t_critical(&self.covariance, 0.95, draws, seed)
    }

    /// Units of one cohort.
    pub fn cohort_size(&self, group: f64) -> Option<u64> {
        self.cohorts
            .iter()
            .find(|(g, _)| *g == group)
            .map(|(_, n)| *n)
    }
}
