//! Entropy balancing: the controls' weights closest to equal that give the covariates the treated's means exactly.
//!
//! Weights are `exp(λ'z)`; `λ` solves a convex dual by damped Newton. The standard error is the M-estimator's, with `λ` as
//! estimated. Source: Hainmueller 2012; Zhao and Percival 2017.

use crate::error::{StatsError, finite};
use crate::influence::Levels;
use crate::linear::{Design, invert_spd};
use crate::propensity::Estimand;
use nalgebra::DVector;

struct Calibration {
    level: f64,
    weights: Vec<f64>,
    influence: Vec<f64>,
}

/// Effect with entropy-balanced arms: the controls towards the treated (ATT), or both arms towards everybody (ATE).
pub fn entropy_balancing(
    y: &[f64],
    treated: &[bool],
    design: &Design,
    keep: &[bool],
    estimand: Estimand,
) -> Result<Levels, StatsError> {
    let arm = |t: bool| move |i: usize| keep[i] && treated[i] == t;
    let everyone = |i: usize| keep[i];
    let control = match estimand {
        Estimand::Att => calibrate(y, design, arm(false), arm(true))?,
        Estimand::Ate => calibrate(y, design, arm(false), everyone)?,
    };
    let treat = match estimand {
        Estimand::Ate => calibrate(y, design, arm(true), everyone)?,
        Estimand::Att => {
            let n = y.len() as f64;
            let weights: Vec<f64> = (0..y.len())
                .map(|i| if arm(true)(i) { 1.0 } else { 0.0 })
                .collect();
            let share = weights.iter().sum::<f64>() / n;
            let level = (0..y.len()).map(|i| weights[i] * y[i]).sum::<f64>() / n / share;
            let influence = (0..y.len())
                .map(|i| weights[i] * (y[i] - level) / share)
                .collect();
            Calibration {
                level,
                weights,
                influence,
            }
        }
    };
    Ok(Levels {
        treated: treat.level,
        control: control.level,
        influence_treated: treat.influence,
        influence_control: control.influence,
        weights: treat
            .weights
            .iter()
            .zip(&control.weights)
            .map(|(a, b)| a + b)
            .collect(),
        propensity: None,
        dropped_controls: 0,
    })
}

/// Reweights `source` rows to the covariate totals of `target` rows.
fn calibrate(
    y: &[f64],
    design: &Design,
    source: impl Fn(usize) -> bool,
    target: impl Fn(usize) -> bool,
) -> Result<Calibration, StatsError> {
    let n = design.rows();
    let count = |f: &dyn Fn(usize) -> bool| (0..n).filter(|&i| f(i)).count() as f64;
    let (here, there) = (count(&source), count(&target));
    if here == 0.0 || there == 0.0 {
        return Err(StatsError::empty("an arm of the balancing"));
    }
    let goal = design.sum(|i| if target(i) { 1.0 } else { 0.0 });
    let mut lambda = DVector::zeros(design.columns());
    lambda[0] = (there / here).ln();
    let weight = |i: usize, l: &DVector<f64>| {
        if source(i) {
            design.dot(i, l).exp()
        } else {
            0.0
        }
    };
    let dual = |l: &DVector<f64>| (0..n).map(|i| weight(i, l)).sum::<f64>() - goal.dot(l);
    let impossible = |iterations| StatsError::NotConverged {
        what: "entropy balancing".into(),
        iterations,
        hint: "no weights of the controls reach the treated's means; use fewer covariates or trim"
            .into(),
    };
    let mut value = dual(&lambda);
    let mut done = false;
    for pass in 0..200 {
        let gradient = design.sum(|i| weight(i, &lambda)) - &goal;
        if gradient.amax() <= 1e-11 * there {
            done = true;
            break;
        }
        let hessian = design.gram(|i| weight(i, &lambda));
        let inverse = invert_spd(&hessian, "entropy balancing")
            .map_err(|e| if pass == 0 { e } else { impossible(pass) })?;
        let step = inverse * &gradient;
        let slope = gradient.dot(&step);
        let mut share = 1.0;
        loop {
            let trial = &lambda - &step * share;
            let v = dual(&trial);
            if v.is_finite() && v <= value - 1e-4 * share * slope + 1e-12 * value.abs() {
                lambda = trial;
                value = v;
                break;
            }
            share /= 2.0;
            if share < 1e-10 {
                return Err(impossible(pass));
            }
        }
        if lambda.amax() > 500.0 {
            return Err(impossible(pass));
        }
    }
    if !done {
        let left = (design.sum(|i| weight(i, &lambda)) - &goal).amax();
        if left > 1e-7 * there {
            return Err(impossible(200));
        }
    }
    let weights: Vec<f64> = (0..n).map(|i| weight(i, &lambda)).collect();
    let nn = n as f64;
    let mean_w = weights.iter().sum::<f64>() / nn;
    let level = finite(
        (0..n).map(|i| weights[i] * y[i]).sum::<f64>() / nn / mean_w,
        "balanced level",
    )?;
    let bread = invert_spd(&design.gram(|i| weights[i]), "entropy balancing")?;
    let by_m = bread * design.sum(|i| weights[i] * (y[i] - level));
    let influence = (0..n)
        .map(|i| {
            let pull = if target(i) { 1.0 } else { 0.0 } - weights[i];
            (weights[i] * (y[i] - level) + pull * design.dot(i, &by_m)) / mean_w
        })
        .collect();
    Ok(Calibration {
        level,
        weights,
        influence,
    })
}
