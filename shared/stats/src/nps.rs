//! Net promoter score: `100·(promoters − detractors)/n`, standard error `100·sqrt((p + d − (p − d)²)/n)`.

use crate::error::StatsError;
use crate::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// Weighted counts of answers; weights of 1 unless answers are weighted for non-response.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Nps {
    promoters: f64,
    detractors: f64,
    total: f64,
    squares: f64,
}

impl Nps {
    /// One answer from 0 to 10.
    pub fn update(&mut self, score: u8, weight: f64) -> Result<(), StatsError> {
        if score > 10 {
            return Err(StatsError::invalid(
                "NPS answer",
                format!("{score} is not between 0 and 10"),
            ));
        }
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(StatsError::invalid(
                "NPS weight",
                "must be finite and not negative",
            ));
        }
        self.total += weight;
        self.squares += weight * weight;
        if score >= 9 {
            self.promoters += weight;
        } else if score <= 6 {
            self.detractors += weight;
        }
        Ok(())
    }

    /// Joins another shard.
    pub fn merge(&mut self, other: &Self) {
        self.promoters += other.promoters;
        self.detractors += other.detractors;
        self.total += other.total;
        self.squares += other.squares;
    }

    /// From counts.
    pub fn from_counts(promoters: u64, passives: u64, detractors: u64) -> Self {
        let total = (promoters + passives + detractors) as f64;
        Self {
            promoters: promoters as f64,
            detractors: detractors as f64,
            total,
            squares: total,
        }
    }

    /// Score between −100 and 100; weighted answers count by their effective number.
    pub fn finish(&self) -> Result<Estimate, StatsError> {
        if self.total <= 0.0 {
            return Err(StatsError::too_few("NPS", 0, 1));
        }
        let (p, d) = (self.promoters / self.total, self.detractors / self.total);
        let effective = self.total * self.total / self.squares;
        let variance = (p + d - (p - d) * (p - d)).max(0.0) / effective;
        Ok(Estimate::normal(100.0 * (p - d), 100.0 * variance.sqrt()))
    }
}
