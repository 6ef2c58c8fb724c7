//! Poisson bootstrap whose weights depend on seed, replicate and unit alone: any order, any sharding, the same draws.
//!
//! Each unit counts Poisson(1) times in each replicate (Chamandy et al. 2012); per replicate only sums are kept. The unit is
//! the customer, never the order.

use crate::error::StatsError;
use crate::quantile::quantile_sorted;
use serde::{Deserialize, Serialize};

/// FNV-1a over the unit's name: the unit's number in the draws.
pub fn unit_hash(unit: &[u8]) -> u64 {
    unit.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// SplitMix64's finaliser: every input bit reaches every output bit.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How often a unit counts in one replicate: Poisson with mean 1, by inversion.
pub fn poisson_weight(seed: u64, replicate: u32, unit: u64) -> u32 {
    let a = mix(seed ^ 0x9e37_79b9_7f4a_7c15);
    let b = mix(a.wrapping_add(u64::from(replicate).wrapping_mul(0xd134_2543_de82_ef95)));
    let bits = mix(b ^ mix(unit.wrapping_add(0x9e37_79b9_7f4a_7c15)));
    let u = (bits >> 11) as f64 / (1u64 << 53) as f64;
    let mut p = (-1.0_f64).exp();
    let mut cumulative = p;
    let mut k = 0;
    while u >= cumulative && k < 24 {
        k += 1;
        p /= f64::from(k);
        cumulative += p;
    }
    k
}

/// Bootstrap of a ratio of sums; a mean is the ratio to a count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    seed: u64,
    sums: Vec<(f64, f64)>,
    whole: (f64, f64),
    units: u64,
}

/// What the replicates say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BootstrapInterval {
    /// The statistic on the sample itself.
    pub value: f64,
    /// Standard deviation over replicates.
    pub standard_error: f64,
    /// 2.5 % quantile over replicates.
    pub lower: f64,
    /// 97.5 % quantile over replicates.
    pub upper: f64,
    /// Replicates in which the denominator was not 0.
    pub replicates: u32,
}

impl Bootstrap {
    /// `replicates` accumulators of (numerator, denominator).
    pub fn new(seed: u64, replicates: u32) -> Self {
        Self {
            seed,
            sums: vec![(0.0, 0.0); replicates as usize],
            whole: (0.0, 0.0),
            units: 0,
        }
    }

    /// One unit with its numerator and denominator (1 for a mean). Each unit once.
    pub fn update(&mut self, unit: u64, numerator: f64, denominator: f64) {
        self.units += 1;
        self.whole.0 += numerator;
        self.whole.1 += denominator;
        for (r, sum) in self.sums.iter_mut().enumerate() {
            let w = f64::from(poisson_weight(self.seed, r as u32, unit));
            sum.0 += w * numerator;
            sum.1 += w * denominator;
        }
    }

    /// Joins another shard of the same seed and number of replicates.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.seed != other.seed || self.sums.len() != other.sums.len() {
            return Err(StatsError::invalid(
                "bootstrap shards",
                "differ in seed or replicates",
            ));
        }
        self.units += other.units;
        self.whole.0 += other.whole.0;
        self.whole.1 += other.whole.1;
        for (a, b) in self.sums.iter_mut().zip(&other.sums) {
            a.0 += b.0;
            a.1 += b.1;
        }
        Ok(())
    }

    /// The replicates' ratios, in replicate order; `None` where the denominator is 0.
    pub fn replicates(&self) -> Vec<Option<f64>> {
        self.sums
            .iter()
            .map(|(n, d)| (*d != 0.0).then(|| n / d))
            .collect()
    }

    /// Percentile interval and standard error.
    pub fn finish(&self) -> Result<BootstrapInterval, StatsError> {
        if self.units < 2 {
            return Err(StatsError::too_few("bootstrap", self.units, 2));
        }
        if self.whole.1 == 0.0 {
            return Err(StatsError::ZeroBaseline {
                what: "the denominator's total".into(),
            });
        }
        interval(
            self.whole.0 / self.whole.1,
            self.replicates().into_iter().flatten().collect(),
        )
    }

    /// Interval of the difference of two bootstraps, replicate by replicate.
    pub fn difference(&self, control: &Self) -> Result<BootstrapInterval, StatsError> {
        if self.seed != control.seed || self.sums.len() != control.sums.len() {
            return Err(StatsError::invalid(
                "bootstrap arms",
                "differ in seed or replicates",
            ));
        }
        let value = self.finish()?.value - control.finish()?.value;
        let draws = self
            .replicates()
            .into_iter()
            .zip(control.replicates())
            .filter_map(|(a, b)| Some(a? - b?))
            .collect();
        interval(value, draws)
    }
}

fn interval(value: f64, mut draws: Vec<f64>) -> Result<BootstrapInterval, StatsError> {
    if draws.len() < 100 {
        return Err(StatsError::too_few(
            "bootstrap replicates",
            draws.len() as u64,
            100,
        ));
    }
    crate::error::all_finite(&draws, "bootstrap replicate")?;
    let arm = crate::moments::Arm::of(&draws)?;
    draws.sort_by(f64::total_cmp);
    Ok(BootstrapInterval {
        value,
        standard_error: arm.variance.sqrt(),
        lower: quantile_sorted(&draws, 0.025)?,
        upper: quantile_sorted(&draws, 0.975)?,
        replicates: draws.len() as u32,
    })
}
