//! The few formulas that the counts need: Kaplan–Meier with weights, Gini with weights, seeded draws.

use levier_stats::proportion::Share;
use levier_stats::quantile::quantile_sorted;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::activity::mix;

pub use levier_stats::estimate::Z95;

/// Wilson's 95 % interval of `hits` out of `n`; `None` without trials or with more hits than trials.
#[must_use]
pub fn wilson(hits: u64, n: u64) -> Option<(f64, f64)> {
    Share { hits, n }.wilson().ok()
}

/// Durations with their event flags, in order of time: `(duration, happened, weight)`.
pub type Durations = Vec<(i64, bool, u32)>;

/// Kaplan–Meier survival: calls `step(time, survival)` after every event time of durations sorted by time.
fn survival(
    sorted: &[(i64, bool, u32)],
    weight: impl Fn(u32) -> f64,
    mut step: impl FnMut(i64, f64) -> bool,
) {
    let mut at_risk: f64 = sorted.iter().map(|row| weight(row.2)).sum();
    let mut alive = 1.0;
    let mut from = 0;
    while from < sorted.len() {
        let time = sorted[from].0;
        let to = from + sorted[from..].partition_point(|row| row.0 == time);
        let (mut dead, mut gone) = (0.0, 0.0);
        for row in &sorted[from..to] {
            let w = weight(row.2);
            gone += w;
            if row.1 {
                dead += w;
            }
        }
        if dead > 0.0 && at_risk > 0.0 {
            alive *= 1.0 - dead / at_risk;
            if !step(time, alive) {
                return;
            }
        }
        at_risk -= gone;
        from = to;
    }
}

/// Probability that it happened by `horizon`, by Kaplan–Meier; `weight` maps the third field of a row (1 for plain counts).
#[must_use]
pub fn happened_by(sorted: &[(i64, bool, u32)], horizon: i64, weight: impl Fn(u32) -> f64) -> f64 {
    let mut result = 1.0;
    survival(sorted, weight, |time, alive| {
        if time > horizon {
            return false;
        }
        result = alive;
        true
    });
    1.0 - result
}

/// The Kaplan–Meier median: the first time at which survival is at most one half, if it gets there.
#[must_use]
pub fn median_time(sorted: &[(i64, bool, u32)]) -> Option<i64> {
    let mut median = None;
    survival(
        sorted,
        |_| 1.0,
        |time, alive| {
            // One part in 10¹² of slack: a product of fractions that is one half on paper is one half here.
            if alive <= 0.5 + 1e-12 {
                median = Some(time);
            }
            median.is_none()
        },
    );
    median
}

/// Gini coefficient `2 Σ i·x₍ᵢ₎ / (n Σ x) − (n + 1)/n` of ascending values, each counted `weight` times.
#[must_use]
pub fn gini(ascending: &[(u64, u32)], weight: impl Fn(u32) -> u64) -> Option<f64> {
    let (mut n, mut total, mut ranked) = (0_u64, 0_u64, 0_f64);
    for (value, of) in ascending {
        let w = weight(*of);
        // Ranks n+1 … n+w, all with this value.
        ranked += *value as f64 * (w * n + w * (w + 1) / 2) as f64;
        n += w;
        total += value * w;
    }
    (n > 0 && total > 0)
        .then(|| 2.0 * ranked / (n as f64 * total as f64) - (n as f64 + 1.0) / n as f64)
}

/// Of every edge of a sorted list, whether its opposite is in the list too.
#[must_use]
pub fn mutual(edges: &[(u32, u32)]) -> Vec<bool> {
    let mut opposite: Vec<(u32, u32)> = edges.iter().map(|(u, v)| (*v, *u)).collect();
    opposite.sort_unstable();
    let mut at = 0;
    edges
        .iter()
        .map(|edge| {
            while opposite.get(at).is_some_and(|other| other < edge) {
                at += 1;
            }
            opposite.get(at) == Some(edge)
        })
        .collect()
}

/// Linear quantile (type 7) of ascending values.
#[must_use]
pub fn quantile(ascending: &[f64], p: f64) -> Option<f64> {
    quantile_sorted(ascending, p).ok()
}

/// A Poisson(1) weight of one unit in one replicate: a function of seed, replicate and unit, so that neither order nor shards
/// matter.
#[must_use]
pub fn poisson_weight(seed: u64, replicate: u64, unit: u64) -> u32 {
    /// `P(X ≤ k)` of Poisson(1).
    const CUMULATIVE: [f64; 9] = [
        0.367_879_441_171_442_3,
        0.735_758_882_342_884_6,
        0.919_698_602_928_605_8,
        0.981_011_843_123_846_2,
        0.996_340_153_172_656_3,
        0.999_405_815_182_418_3,
        0.999_916_758_850_711_9,
        0.999_989_750_803_325_3,
        0.999_998_874_797_402,
    ];
    let uniform = (mix(mix(seed ^ 0x9e37_79b9_7f4a_7c15) ^ mix(replicate).rotate_left(17) ^ unit)
        >> 11) as f64
        / (1_u64 << 53) as f64;
    CUMULATIVE
        .iter()
        .position(|c| uniform < *c)
        .unwrap_or(CUMULATIVE.len()) as u32
}

/// Draws of a Dirichlet distribution.
pub struct Dirichlet {
    rng: ChaCha8Rng,
}

impl Dirichlet {
    /// A generator that gives the same draws for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    fn normal(&mut self) -> f64 {
        let (u, v): (f64, f64) = (self.rng.random(), self.rng.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Marsaglia and Tsang 2000; shapes under 1 by the power of a uniform.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let u: f64 = self.rng.random();
            return self.gamma(shape + 1.0) * (1.0 - u).powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v <= 0.0 {
                continue;
            }
            let u: f64 = self.rng.random();
            if (1.0 - u).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }

    /// One draw with parameters `alpha`.
    pub fn draw(&mut self, alpha: &[f64]) -> Vec<f64> {
        let gammas: Vec<f64> = alpha
            .iter()
            .map(|a| if *a > 0.0 { self.gamma(*a) } else { 0.0 })
            .collect();
        let total: f64 = gammas.iter().sum();
        gammas.into_iter().map(|g| g / total).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_mutual_where_its_opposite_is_there() {
        let edges = [(1, 2), (1, 3), (2, 1), (3, 3), (4, 1), (5, 4)];
        assert_eq!(mutual(&edges), [true, false, true, true, false, false]);
        assert!(mutual(&[]).is_empty());
    }
}
