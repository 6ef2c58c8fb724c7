//! Chance by address: every draw comes from a stream named by (seed, purpose, index), so that any slice of the company can be
//! generated alone and in any order.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for; streams of different purposes are independent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Person = 1,
    Commerce,
    Tickets,
    Surveys,
    Deals,
    Threads,
    Lives,
    Files,
    Secrets,
}

/// Finaliser of SplitMix64: a bijection that spreads every bit.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The stream of `purpose` number `index` of the company with `seed`.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(mix(
        mix(seed) ^ mix(((purpose as u64) << 56).wrapping_add(index))
    ))
}

/// Uniform in [0, 1).
pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    rng.random::<f64>()
}

/// Standard normal (Box and Muller).
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(rng)).cos()
}

/// Uniform in `0..n` (0 when `n` is 0).
pub(crate) fn below(rng: &mut ChaCha8Rng, n: u64) -> u64 {
    if n == 0 { 0 } else { rng.random_range(0..n) }
}

/// How many of `n` independent tries with probability `p` succeed.
pub(crate) fn binomial(rng: &mut ChaCha8Rng, n: u32, p: f64) -> u32 {
    (0..n).filter(|_| uniform(rng) < p).count() as u32
}

/// Poisson; by products of uniforms in steps of 16, so that no mean is too large.
pub(crate) fn poisson(rng: &mut ChaCha8Rng, mut mean: f64) -> u32 {
    let mut count = 0;
    while mean > 0.0 {
        let step = mean.min(16.0);
        mean -= step;
        let floor = (-step).exp();
        let mut product = uniform(rng);
        while product > floor {
            count += 1;
            product *= uniform(rng);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_their_names() {
        let mut rng = stream(7, Purpose::Person, 0);
        let n = 40_000;
        let mean = |draws: &[f64]| draws.iter().sum::<f64>() / draws.len() as f64;
        let normals: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        assert!(mean(&normals).abs() < 0.02);
        let counts: Vec<f64> = (0..n).map(|_| f64::from(poisson(&mut rng, 40.0))).collect();
        assert!((mean(&counts) - 40.0).abs() < 0.15);
        let hits: Vec<f64> = (0..n)
            .map(|_| f64::from(binomial(&mut rng, 3, 0.3)))
            .collect();
        assert!((mean(&hits) - 0.9).abs() < 0.02);
    }
}
