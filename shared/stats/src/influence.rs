//! Effects on the treated by outcome regression, weighting, or both, with their influence functions.
//!
//! One computation serves a cross-section (the outcome) and difference-in-differences (the change since the base period):
//! Sant'Anna and Zhao 2020, traditional estimators: logit by maximum likelihood, outcome model by least squares on controls.
//! The influence function carries the estimation of both nuisance models; `standard error = sqrt(mean(IF²)/n)`.

use crate::error::{StatsError, finite};
use crate::linear::{Design, invert_spd};
use crate::logit;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Which nuisance models carry the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adjustment {
    /// Outcome regression on the controls.
    Regression,
    /// Normalised inverse-propensity weights.
    Weighting,
    /// Both: consistent when either model is right.
    DoublyRobust,
}

/// Controls whose propensity reaches this are dropped by the doubly robust and difference-in-differences estimators.
pub const PROPENSITY_CEILING: f64 = 0.995;

/// Level of the treated, what they would have had, and each row's influence on both.
#[derive(Debug, Clone)]
pub struct Levels {
    /// Level of the treated.
    pub treated: f64,
    /// Their level without treatment.
    pub control: f64,
    /// Influence of each row on `treated`.
    pub influence_treated: Vec<f64>,
    /// Influence of each row on `control`.
    pub influence_control: Vec<f64>,
    /// Weight of each row in its arm's level (unnormalised; 0 outside).
    pub weights: Vec<f64>,
    /// Propensities, where they were fitted.
    pub propensity: Option<Vec<f64>>,
    /// Controls dropped at [`PROPENSITY_CEILING`].
    pub dropped_controls: usize,
}

impl Levels {
    /// Influence on the difference.
    pub fn influence(&self) -> Vec<f64> {
        self.influence_treated
            .iter()
            .zip(&self.influence_control)
            .map(|(a, b)| a - b)
            .collect()
    }

    /// Variances of the two levels and their covariance.
    pub fn variances(&self) -> (f64, f64, f64) {
        let n = self.influence_treated.len() as f64;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / (n * n);
        (
            dot(&self.influence_treated, &self.influence_treated),
            dot(&self.influence_control, &self.influence_control),
            dot(&self.influence_treated, &self.influence_control),
        )
    }
}

/// Least squares on the rows of positive weight: coefficients and `n·(Σ w x x')⁻¹`.
pub(crate) fn least_squares(
    design: &Design,
    y: &[f64],
    weight: impl Fn(usize) -> f64,
    what: &str,
) -> Result<(DVector<f64>, DMatrix<f64>), StatsError> {
    let gram = design.gram(&weight);
    let inverse = invert_spd(&gram, what)?;
    let right = design.sum(|i| weight(i) * y[i]);
    let mut beta = &inverse * &right;
    // Refinement against the residuals keeps nine digits where a column barely varies.
    let residual = design.sum(|i| weight(i) * (y[i] - design.dot(i, &beta)));
    beta += &inverse * residual;
    Ok((beta, inverse * design.rows() as f64))
}

/// Average effect on the treated: `treated[i]` says who they are; rows with `keep[i]` false were trimmed after the
/// propensity was fitted on all rows. `design` holds the propensity's columns, `outcome_design` the outcome model's: the same,
/// unless trimming leaves a column constant.
pub fn effect_on_treated(
    how: Adjustment,
    y: &[f64],
    treated: &[bool],
    design: &Design,
    outcome_design: &Design,
    keep: &[bool],
    ceiling: f64,
) -> Result<Levels, StatsError> {
    let n = design.rows();
    if y.len() != n || treated.len() != n || keep.len() != n {
        return Err(StatsError::invalid("inputs", "columns differ in length"));
    }
    crate::error::all_finite(y, "outcome")?;
    let count = |arm: bool| (0..n).filter(|&i| keep[i] && treated[i] == arm).count() as f64;
    let (n1, n0) = (count(true), count(false));
    if n1 == 0.0 {
        return Err(StatsError::empty("treated arm"));
    }
    if n0 == 0.0 {
        return Err(StatsError::empty("control arm"));
    }
    let nn = n as f64;
    let d = |i: usize| if treated[i] { 1.0 } else { 0.0 };

    // Propensity and its linear representation.
    let (propensity, score_inverse) = if how == Adjustment::Regression {
        (None, None)
    } else {
        let fit = logit::fit(design, d, |_| 1.0)?;
        let p: Vec<f64> = (0..n)
            .map(|i| logit::logistic(design.dot(i, &fit.beta)).min(1.0 - 1e-6))
            .collect();
        (Some(p), Some(fit.covariance * nn))
    };
    // Outcome model on the controls that stay.
    let outcome = if how == Adjustment::Weighting {
        None
    } else {
        Some(least_squares(
            outcome_design,
            y,
            |i| if keep[i] && !treated[i] { 1.0 } else { 0.0 },
            "the outcome model on the controls",
        )?)
    };
    let fitted: Vec<f64> = outcome.as_ref().map_or_else(
        || vec![0.0; n],
        |(b, _)| (0..n).map(|i| outcome_design.dot(i, b)).collect(),
    );
    let w1: Vec<f64> = (0..n).map(|i| if keep[i] { d(i) } else { 0.0 }).collect();
    let mean_w1 = n1 / nn;
    let mut dropped = 0;
    if how == Adjustment::Regression {
        let treated_level = (0..n).map(|i| w1[i] * y[i]).sum::<f64>() / nn / mean_w1;
        let control_level = (0..n).map(|i| w1[i] * fitted[i]).sum::<f64>() / nn / mean_w1;
        let m1 = outcome_design.sum(|i| w1[i]) / nn;
        let Some((_, inverse)) = &outcome else {
            return Err(StatsError::singular("the outcome model on the controls"));
        };
        let project = inverse * &m1;
        let influence_treated = (0..n)
            .map(|i| w1[i] * (y[i] - treated_level) / mean_w1)
            .collect();
        let influence_control = (0..n)
            .map(|i| {
                let lin = if keep[i] && !treated[i] {
                    (y[i] - fitted[i]) * outcome_design.dot(i, &project)
                } else {
                    0.0
                };
                (w1[i] * (fitted[i] - control_level) + lin) / mean_w1
            })
            .collect();
        // What the regression implies as weights: x̄₁'(X₀'X₀)⁻¹x, which may be negative.
        let weights = (0..n)
            .map(|i| {
                if treated[i] {
                    w1[i]
                } else if keep[i] {
                    outcome_design.dot(i, &project)
                } else {
                    0.0
                }
            })
            .collect();
        return Ok(Levels {
            treated: finite(treated_level, "treated level")?,
            control: finite(control_level, "control level")?,
            influence_treated,
            influence_control,
            weights,
            propensity: None,
            dropped_controls: 0,
        });
    }

    let (Some(p), Some(score_inverse)) = (propensity, score_inverse) else {
        return Err(StatsError::singular("the propensity model"));
    };
    let w0: Vec<f64> = (0..n)
        .map(|i| {
            if treated[i] || !keep[i] {
                return 0.0;
            }
            if p[i] >= ceiling {
                dropped += 1;
                return 0.0;
            }
            p[i] / (1.0 - p[i])
        })
        .collect();
    let mean_w0 = w0.iter().sum::<f64>() / nn;
    if mean_w0 <= 0.0 {
        return Err(StatsError::empty("control arm after trimming"));
    }
    // Residual outcome: y itself for weighting, y less its prediction for the doubly robust.
    let r: Vec<f64> = (0..n).map(|i| y[i] - fitted[i]).collect();
    let eta1 = (0..n).map(|i| w1[i] * r[i]).sum::<f64>() / nn / mean_w1;
    let eta0 = (0..n).map(|i| w0[i] * r[i]).sum::<f64>() / nn / mean_w0;
    let zero = DVector::zeros(outcome_design.columns());
    let (by_m1, by_m3) = match &outcome {
        Some((_, inverse)) => (
            inverse * (outcome_design.sum(|i| w1[i]) / nn),
            inverse * (outcome_design.sum(|i| w0[i]) / nn),
        ),
        None => (zero.clone(), zero),
    };
    let by_m2 = &score_inverse * (design.sum(|i| w0[i] * (r[i] - eta0)) / nn);
    // The level of the treated is their plain mean; the rest of the estimate is the control level.
    let treated_level = (0..n).map(|i| w1[i] * y[i]).sum::<f64>() / nn / mean_w1;
    let mut influence_treated = Vec::with_capacity(n);
    let mut influence_control = Vec::with_capacity(n);
    for i in 0..n {
        let ols = if keep[i] && !treated[i] { r[i] } else { 0.0 };
        let (lin1, lin3) = if outcome.is_some() && ols != 0.0 {
            (
                ols * outcome_design.dot(i, &by_m1),
                ols * outcome_design.dot(i, &by_m3),
            )
        } else {
            (0.0, 0.0)
        };
        let treat = (w1[i] * (r[i] - eta1) - lin1) / mean_w1;
        let score = (d(i) - p[i]) * design.dot(i, &by_m2);
        let cont = (w0[i] * (r[i] - eta0) + score - lin3) / mean_w0;
        let plain = w1[i] * (y[i] - treated_level) / mean_w1;
        influence_treated.push(plain);
        influence_control.push(plain - (treat - cont));
    }
    Ok(Levels {
        treated: finite(treated_level, "treated level")?,
        control: finite(treated_level - (eta1 - eta0), "control level")?,
        influence_treated,
        influence_control,
        weights: (0..n).map(|i| w1[i] + w0[i]).collect(),
        propensity: Some(p),
        dropped_controls: dropped,
    })
}

/// Average effect on everybody by weighting: Hájek means with `1/p` and `1/(1−p)`, propensity as estimated.
pub fn effect_on_all_by_weighting(
    y: &[f64],
    treated: &[bool],
    design: &Design,
    keep: &[bool],
) -> Result<Levels, StatsError> {
    let n = design.rows();
    let nn = n as f64;
    crate::error::all_finite(y, "outcome")?;
    let d = |i: usize| if treated[i] { 1.0 } else { 0.0 };
    let fit = logit::fit(design, d, |_| 1.0)?;
    let p: Vec<f64> = (0..n)
        .map(|i| logit::logistic(design.dot(i, &fit.beta)).clamp(1e-12, 1.0 - 1e-12))
        .collect();
    let inverse = fit.covariance * nn;
    let side = |arm: bool| -> Result<(f64, Vec<f64>, Vec<f64>), StatsError> {
        let share = |i: usize| if arm { p[i] } else { 1.0 - p[i] };
        let w: Vec<f64> = (0..n)
            .map(|i| {
                if keep[i] && treated[i] == arm {
                    1.0 / share(i)
                } else {
                    0.0
                }
            })
            .collect();
        let mean_w = w.iter().sum::<f64>() / nn;
        if mean_w <= 0.0 {
            return Err(StatsError::empty(if arm {
                "treated arm"
            } else {
                "control arm"
            }));
        }
        let level = (0..n).map(|i| w[i] * y[i]).sum::<f64>() / nn / mean_w;
        let sign = if arm { -1.0 } else { 1.0 };
        let by_m =
            &inverse * (design.sum(|i| sign * w[i] * (1.0 - share(i)) * (y[i] - level)) / nn);
        let influence = (0..n)
            .map(|i| (w[i] * (y[i] - level) + (d(i) - p[i]) * design.dot(i, &by_m)) / mean_w)
            .collect();
        Ok((finite(level, "level")?, influence, w))
    };
    let (level1, influence_treated, w1) = side(true)?;
    let (level0, influence_control, w0) = side(false)?;
    Ok(Levels {
        treated: level1,
        control: level0,
        influence_treated,
        influence_control,
        weights: w1.iter().zip(&w0).map(|(a, b)| a + b).collect(),
        propensity: Some(p),
        dropped_controls: 0,
    })
}

/// Average effect on everybody, augmented: one outcome model per arm, efficient influence function. The designs are those of
/// [`effect_on_treated`].
pub fn effect_on_all_augmented(
    y: &[f64],
    treated: &[bool],
    design: &Design,
    outcome_design: &Design,
    keep: &[bool],
) -> Result<Levels, StatsError> {
    let n = design.rows();
    crate::error::all_finite(y, "outcome")?;
    let d = |i: usize| if treated[i] { 1.0 } else { 0.0 };
    let fit = logit::fit(design, d, |_| 1.0)?;
    let p: Vec<f64> = (0..n)
        .map(|i| logit::logistic(design.dot(i, &fit.beta)).clamp(1e-12, 1.0 - 1e-12))
        .collect();
    let kept = keep.iter().filter(|&&k| k).count() as f64;
    let side = |arm: bool| -> Result<(f64, Vec<f64>, Vec<f64>), StatsError> {
        let name = if arm { "treated arm" } else { "control arm" };
        if !(0..n).any(|i| keep[i] && treated[i] == arm) {
            return Err(StatsError::empty(name));
        }
        let mine = |i: usize| {
            if keep[i] && treated[i] == arm {
                1.0
            } else {
                0.0
            }
        };
        let (beta, _) = least_squares(
            outcome_design,
            y,
            mine,
            &format!("the outcome model on the {name}"),
        )?;
        let share = |i: usize| if arm { p[i] } else { 1.0 - p[i] };
        let part: Vec<f64> = (0..n)
            .map(|i| {
                let m = outcome_design.dot(i, &beta);
                if keep[i] {
                    m + mine(i) * (y[i] - m) / share(i)
                } else {
                    0.0
                }
            })
            .collect();
        let level = part.iter().sum::<f64>() / kept;
        let scale = n as f64 / kept;
        let influence = (0..n)
            .map(|i| {
                if keep[i] {
                    scale * (part[i] - level)
                } else {
                    0.0
                }
            })
            .collect();
        let w = (0..n).map(|i| mine(i) / share(i)).collect();
        Ok((finite(level, "level")?, influence, w))
    };
    let (level1, influence_treated, w1) = side(true)?;
    let (level0, influence_control, w0) = side(false)?;
    Ok(Levels {
        treated: level1,
        control: level0,
        influence_treated,
        influence_control,
        weights: w1.iter().zip(&w0).map(|(a, b)| a + b).collect(),
        propensity: Some(p),
        dropped_controls: 0,
    })
}
