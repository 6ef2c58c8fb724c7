//! Members' months against non-members' months, clustered by customer: the raw gap.
//!
//! A customer who joins half-way has months on both sides, so that the two means are correlated. Per customer four sums are
//! enough: months and total on either side; their moments give both means and the clustered variance with its cross term.

use levier_stats::difference::{Contrast, relative_normal};
use levier_stats::moments::Moments;
use levier_stats::{Estimate, StatsError};
use serde::{Deserialize, Serialize};

/// Columns: months as member, months as non-member, then per series the two totals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Arms {
    sums: Moments,
    /// Customers with months as members.
    pub members: u64,
    /// Customers with months as non-members.
    pub non_members: u64,
    /// Months with revenue on either side.
    pub events_members: u64,
    pub events_non_members: u64,
}

impl Arms {
    pub(crate) fn new(series: usize) -> Self {
        Self {
            sums: Moments::new(2 + 2 * series),
            members: 0,
            non_members: 0,
            events_members: 0,
            events_non_members: 0,
        }
    }

    /// One customer: months by side, totals by series and side, months with revenue by side (member first).
    pub(crate) fn update(&mut self, months: [f64; 2], totals: &[[f64; 2]], events: [u64; 2]) {
        let mut row = vec![months[0], months[1]];
        for pair in totals {
            row.extend(pair);
        }
        self.sums.update(&row);
        self.members += u64::from(months[0] > 0.0);
        self.non_members += u64::from(months[1] > 0.0);
        self.events_members += events[0];
        self.events_non_members += events[1];
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
        self.members += other.members;
        self.non_members += other.non_members;
        self.events_members += other.events_members;
        self.events_non_members += other.events_non_members;
    }

    pub(crate) fn customers(&self) -> u64 {
        self.sums.n()
    }

    /// Months as members.
    pub(crate) fn member_months(&self) -> f64 {
        self.sums.mean(0).unwrap_or(0.0) * self.sums.n() as f64
    }

    /// Months as non-members.
    pub(crate) fn non_member_months(&self) -> f64 {
        self.sums.mean(1).unwrap_or(0.0) * self.sums.n() as f64
    }

    /// Total of a series over both sides.
    pub(crate) fn total(&self, column: usize) -> f64 {
        let at = 2 + 2 * column;
        (self.sums.mean(at).unwrap_or(0.0) + self.sums.mean(at + 1).unwrap_or(0.0))
            * self.sums.n() as f64
    }

    /// Difference of means per month. Factor `G/(G−1)·(n−1)/(n−2)` as for any clustered difference.
    pub(crate) fn finish(&self, column: usize) -> Result<Contrast, StatsError> {
        self.ratio([(2 + 2 * column, 0), (3 + 2 * column, 1)])
    }

    /// Difference of ratios of two series per side: revenue per order, and the like.
    pub(crate) fn finish_ratio(
        &self,
        numerator: usize,
        denominator: usize,
    ) -> Result<Contrast, StatsError> {
        let (n, d) = (2 + 2 * numerator, 2 + 2 * denominator);
        self.ratio([(n, d), (n + 1, d + 1)])
    }

    fn ratio(&self, sides: [(usize, usize); 2]) -> Result<Contrast, StatsError> {
        let m = &self.sums;
        let customers = m.n() as f64;
        let mut level = [0.0; 2];
        let mut rows = [0.0; 2];
        for (side, (top, bottom)) in sides.into_iter().enumerate() {
            let (Some(total), Some(count)) = (m.mean(top), m.mean(bottom)) else {
                return Err(StatsError::empty("comparison"));
            };
            if count <= 0.0 {
                return Err(StatsError::empty(if side == 0 {
                    "member side"
                } else {
                    "non-member side"
                }));
            }
            level[side] = total / count;
            rows[side] = count * customers;
        }
        let n = rows[0] + rows[1];
        if customers < 3.0 || n <= 2.0 {
            return Err(StatsError::too_few("clustered difference", m.n(), 3));
        }
        let factor = customers / (customers - 1.0) * (n - 1.0) / (n - 2.0);
        // Residual of a customer on a side: total − level·months, which sums to 0 over customers: centred forms are exact.
        let cover = |a: usize, b: usize| {
            let ((ta, na), (tb, nb)) = (sides[a], sides[b]);
            let sum = m.cross(ta, tb) - level[b] * m.cross(ta, nb) - level[a] * m.cross(na, tb)
                + level[a] * level[b] * m.cross(na, nb);
            factor * sum / (rows[a] * rows[b])
        };
        let (v1, v0, c) = (cover(0, 0).max(0.0), cover(1, 1).max(0.0), cover(0, 1));
        Ok(Contrast {
            treated: level[0],
            control: level[1],
            difference: Estimate::normal(level[0] - level[1], (v1 + v0 - 2.0 * c).max(0.0).sqrt()),
            relative: relative_normal(level[0], v1, level[1], v0, c),
            degrees_of_freedom: None,
        })
    }
}
