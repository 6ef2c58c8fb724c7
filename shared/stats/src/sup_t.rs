//! Simultaneous bands: the critical value that all intervals of a family share.
//!
//! Simulation of the largest |t| of a centred normal vector with the estimates' correlation (Montiel Olea and
//! Plagborg-Møller 2019), with the seed as an argument. 200,000 draws give the second decimal.

use crate::error::StatsError;
use nalgebra::{DMatrix, SymmetricEigen};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Draws that settle the critical value of so many estimates: to about 0.002 up to a hundred, to about 0.003 beyond, where a
/// draw costs more.
pub fn draws(estimates: usize) -> u32 {
    if estimates <= 100 { 500_000 } else { 200_000 }
}

/// Critical value at `level`. Entries without variance are left out; an error when none is left.
pub fn sup_t_critical(
    covariance: &[Vec<f64>],
    level: f64,
    draws: u32,
    seed: u64,
) -> Result<f64, StatsError> {
    let at: Vec<usize> = (0..covariance.len())
        .filter(|&i| covariance[i][i] > 0.0)
        .collect();
    let k = at.len();
    if k == 0 {
        return Err(StatsError::NoVariance {
            what: "every estimate of the band".into(),
        });
    }
    if !(0.0..1.0).contains(&level) || draws < 1000 {
        return Err(StatsError::invalid(
            "band",
            "level must lie in (0, 1), with at least 1000 draws",
        ));
    }
    let correlation = DMatrix::from_fn(k, k, |i, j| {
        covariance[at[i]][at[j]] / (covariance[at[i]][at[i]] * covariance[at[j]][at[j]]).sqrt()
    });
    if correlation.iter().any(|x| !x.is_finite()) {
        return Err(StatsError::invalid(
            "band",
            "covariance holds values that are not finite",
        ));
    }
    // Eigenvectors rather than Cholesky: estimates may be linearly dependent.
    let eigen = SymmetricEigen::new(correlation);
    let largest = eigen.eigenvalues.amax();
    let mut columns = Vec::new();
    for (j, value) in eigen.eigenvalues.iter().enumerate() {
        if *value > 1e-12 * largest {
            columns.push(
                eigen
                    .eigenvectors
                    .column(j)
                    .iter()
                    .map(|x| x * value.sqrt())
                    .collect::<Vec<f64>>(),
            );
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut spare = None;
    let mut largest_t = Vec::with_capacity(draws as usize);
    let mut x = vec![0.0; k];
    for _ in 0..draws {
        x.iter_mut().for_each(|v| *v = 0.0);
        for column in &columns {
            let z = standard_normal(&mut rng, &mut spare);
            x.iter_mut().zip(column).for_each(|(v, c)| *v += z * c);
        }
        largest_t.push(x.iter().fold(0.0_f64, |m, v| m.max(v.abs())));
    }
    largest_t.sort_by(f64::total_cmp);
    crate::quantile::quantile_sorted(&largest_t, level)
}

/// One standard normal draw by the polar method; `spare` keeps the second of each pair.
pub(crate) fn standard_normal(rng: &mut ChaCha8Rng, spare: &mut Option<f64>) -> f64 {
    if let Some(z) = spare.take() {
        return z;
    }
    loop {
        let (u, v) = (
            2.0 * rng.random::<f64>() - 1.0,
            2.0 * rng.random::<f64>() - 1.0,
        );
        let s = u * u + v * v;
        if s > 0.0 && s < 1.0 {
            let f = (-2.0 * s.ln() / s).sqrt();
            *spare = Some(v * f);
            return u * f;
        }
    }
}
