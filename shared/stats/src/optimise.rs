//! A small, robust maximiser for smooth likelihoods in a few parameters: simplex from several starts, then Newton.
//!
//! Parameters are searched as logarithms, so that they stay positive. The simplex finds the hill, Newton with a numeric
//! Hessian the top; what does not settle is an error.

use crate::error::StatsError;
use crate::linear::invert_spd;
use nalgebra::{DMatrix, DVector};

/// A maximum over log-parameters.
#[derive(Debug, Clone)]
pub struct Maximum {
    /// Parameters on their own (positive) scale.
    pub parameters: Vec<f64>,
    /// Standard errors on the same scale; `None` where the likelihood is flat.
    pub standard_errors: Option<Vec<f64>>,
    /// Log-likelihood.
    pub log_likelihood: f64,
}

/// Maximises `log_likelihood(parameters)` over positive parameters, from each start in turn, keeping the best.
pub fn maximise_positive(
    what: &str,
    log_likelihood: impl Fn(&[f64]) -> f64,
    starts: &[Vec<f64>],
) -> Result<Maximum, StatsError> {
    let cost = |logs: &[f64]| {
        let value = -log_likelihood(&logs.iter().map(|l| l.exp()).collect::<Vec<f64>>());
        if value.is_finite() {
            value
        } else {
            f64::MAX / 1e10
        }
    };
    let mut best: Option<(Vec<f64>, f64)> = None;
    for start in starts {
        let logs: Vec<f64> = start.iter().map(|p| p.ln()).collect();
        let (x, v) = simplex(&cost, &logs, 4000);
        if best.as_ref().is_none_or(|(_, b)| v < *b) {
            best = Some((x, v));
        }
    }
    let stuck = |hint: &str| StatsError::NotConverged {
        what: what.into(),
        iterations: 4000,
        hint: hint.into(),
    };
    let (mut x, _) = best.ok_or_else(|| StatsError::invalid(what, "no start given"))?;
    for _ in 0..3 {
        x = simplex(&cost, &x, 2000).0;
    }
    if x.iter().any(|l| l.abs() > 25.0) {
        return Err(stuck(
            "the likelihood keeps rising towards the edge: these data do not identify the parameters",
        ));
    }
    let mut settled = false;
    for _ in 0..30 {
        let (gradient, hessian) = derivatives(&cost, &x);
        let Ok(inverse) = invert_spd(&hessian, what) else {
            break;
        };
        let step = inverse * &gradient;
        let (mut share, now) = (1.0, cost(&x));
        let mut moved = false;
        while share > 1e-4 {
            let trial: Vec<f64> = x
                .iter()
                .zip(step.iter())
                .map(|(x, s)| x - share * s)
                .collect();
            if cost(&trial) <= now + 1e-9 * now.abs().max(1.0) * 1e-3 {
                x = trial;
                moved = true;
                break;
            }
            share /= 2.0;
        }
        if step.amax() < 1e-8 || !moved {
            settled = true;
            break;
        }
    }
    if x.iter().any(|l| l.abs() > 25.0) {
        return Err(stuck(
            "the likelihood keeps rising towards the edge: these data do not identify the parameters",
        ));
    }
    let (gradient, hessian) = derivatives(&cost, &x);
    let parameters: Vec<f64> = x.iter().map(|l| l.exp()).collect();
    let standard_errors = invert_spd(&hessian, what).ok().map(|v| {
        parameters
            .iter()
            .enumerate()
            .map(|(j, p)| p * v[(j, j)].max(0.0).sqrt())
            .collect()
    });
    if !settled && gradient.amax() > 1e-2 {
        return Err(stuck(
            "the search did not settle; check the data for extreme values",
        ));
    }
    Ok(Maximum {
        log_likelihood: -cost(&x),
        parameters,
        standard_errors,
    })
}

/// Central differences: gradient and Hessian.
fn derivatives(f: &impl Fn(&[f64]) -> f64, x: &[f64]) -> (DVector<f64>, DMatrix<f64>) {
    let k = x.len();
    let (h, hh) = (1e-5, 2e-3);
    let at = |moves: &[(usize, f64)]| {
        let mut y = x.to_vec();
        for (j, d) in moves {
            y[*j] += d;
        }
        f(&y)
    };
    let gradient = DVector::from_fn(k, |j, _| (at(&[(j, h)]) - at(&[(j, -h)])) / (2.0 * h));
    let centre = f(x);
    let mut hessian = DMatrix::zeros(k, k);
    for i in 0..k {
        // Fourth-order second difference: a wide step without its bias.
        let (a1, a2) = (
            at(&[(i, hh)]) + at(&[(i, -hh)]),
            at(&[(i, 2.0 * hh)]) + at(&[(i, -2.0 * hh)]),
        );
        hessian[(i, i)] = (16.0 * a1 - a2 - 30.0 * centre) / (12.0 * hh * hh);
        for j in 0..i {
            let cross = |s: f64| {
                at(&[(i, s), (j, s)]) - at(&[(i, s), (j, -s)]) - at(&[(i, -s), (j, s)])
                    + at(&[(i, -s), (j, -s)])
            };
            let v = (16.0 * cross(hh) / (4.0 * hh * hh) - cross(2.0 * hh) / (4.0 * hh * hh)) / 12.0;
            hessian[(i, j)] = v;
            hessian[(j, i)] = v;
        }
    }
    (gradient, hessian)
}

/// Nelder–Mead.
fn simplex(f: &impl Fn(&[f64]) -> f64, start: &[f64], most: usize) -> (Vec<f64>, f64) {
    let k = start.len();
    let mut points: Vec<(Vec<f64>, f64)> = vec![(start.to_vec(), f(start))];
    for j in 0..k {
        let mut p = start.to_vec();
        p[j] += 0.3;
        let v = f(&p);
        points.push((p, v));
    }
    for _ in 0..most {
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        if (points[k].1 - points[0].1).abs() <= 1e-10 * points[0].1.abs().max(1.0) {
            break;
        }
        let centre: Vec<f64> = (0..k)
            .map(|j| points[..k].iter().map(|p| p.0[j]).sum::<f64>() / k as f64)
            .collect();
        let along = |t: f64| -> (Vec<f64>, f64) {
            let p: Vec<f64> = centre
                .iter()
                .zip(&points[k].0)
                .map(|(c, w)| c + t * (w - c))
                .collect();
            let v = f(&p);
            (p, v)
        };
        let reflected = along(-1.0);
        if reflected.1 < points[0].1 {
            let expanded = along(-2.0);
            points[k] = if expanded.1 < reflected.1 {
                expanded
            } else {
                reflected
            };
        } else if reflected.1 < points[k - 1].1 {
            points[k] = reflected;
        } else {
            let contracted = if reflected.1 < points[k].1 {
                along(-0.5)
            } else {
                along(0.5)
            };
            if contracted.1 < points[k].1.min(reflected.1) {
                points[k] = contracted;
            } else {
                let best = points[0].0.clone();
                for p in &mut points[1..] {
                    p.0.iter_mut()
                        .zip(&best)
                        .for_each(|(x, b)| *x = b + 0.5 * (*x - b));
                    p.1 = f(&p.0);
                }
            }
        }
    }
    points.sort_by(|a, b| a.1.total_cmp(&b.1));
    points.swap_remove(0)
}
