//! Cross-sectional adjustment in one door: fit the propensity, trim, estimate, and say how well the arms were matched.
//!
//! ATT asks what members gained; ATE what everybody would. Rows outside `trim` leave after the propensity is fitted on all
//! rows; it is not fitted again.

use crate::balance::{Balance, balance, effective_sample_size, largest_share};
use crate::difference::{Contrast, relative_normal};
use crate::entropy;
use crate::error::StatsError;
use crate::estimate::Estimate;
use crate::influence::{
    Adjustment, Levels, PROPENSITY_CEILING, effect_on_all_augmented, effect_on_all_by_weighting,
    effect_on_treated,
};
use crate::linear::Design;
use crate::logit;
use crate::regression::lin;
use crate::stratified::{self, StratumRow};
use serde::{Deserialize, Serialize};

/// For whom the effect is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Estimand {
    /// The treated.
    Att,
    /// Everybody.
    Ate,
}

/// How the arms are made comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Propensity strata; how many.
    Stratified(usize),
    /// Outcome regression.
    Regression,
    /// Inverse-propensity weights, normalised.
    Ipw,
    /// Augmented: weights and outcome model.
    Aipw,
    /// Weights that balance the covariates' means exactly.
    EntropyBalancing,
}

/// A table of one row per unit.
#[derive(Debug, Clone)]
pub struct Sample<'a> {
    /// The outcome.
    pub outcome: &'a [f64],
    /// Who was treated.
    pub treated: &'a [bool],
    /// Covariates known before treatment, by name.
    pub covariates: Vec<(&'a str, &'a [f64])>,
}

/// An adjusted contrast and its diagnostics.
#[derive(Debug, Clone)]
pub struct Adjusted {
    /// Levels, difference, relative lift.
    pub contrast: Contrast,
    /// Balance by covariate. A covariate that does not vary within the arms is left out.
    pub balance: Vec<Balance>,
    /// Effective sample size of the controls.
    pub effective_controls: Option<f64>,
    /// Effective sample size of the treated.
    pub effective_treated: Option<f64>,
    /// Largest share of the controls' weight carried by one of them.
    pub largest_control_share: Option<f64>,
    /// Rows that the estimate rests on.
    pub used: usize,
    /// Rows outside the trim bounds.
    pub trimmed: usize,
    /// Controls outside the treated's propensities (stratified), or at the propensity ceiling.
    pub off_support: usize,
    /// Share of the treated whose propensity lies above every control's or below every control's.
    pub treated_off_support: Option<f64>,
    /// Propensities, where fitted.
    pub propensity: Option<Vec<f64>>,
    /// Strata, where used.
    pub strata: Vec<StratumRow>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// Fits the propensity of treatment on standardised covariates.
pub fn propensity(design: &Design, treated: &[bool]) -> Result<Vec<f64>, StatsError> {
    let fit = logit::fit(design, |i| f64::from(u8::from(treated[i])), |_| 1.0)?;
    Ok((0..design.rows())
        .map(|i| logit::logistic(design.dot(i, &fit.beta)))
        .collect())
}

/// Runs one method on one sample.
pub fn adjust(
    sample: &Sample<'_>,
    method: Method,
    estimand: Estimand,
    trim: Option<(f64, f64)>,
) -> Result<Adjusted, StatsError> {
    let n = sample.outcome.len();
    if sample.treated.len() != n {
        return Err(StatsError::invalid(
            "treatment",
            "differs in length from the outcome",
        ));
    }
    for (arm, name) in [(true, "treated arm"), (false, "control arm")] {
        if !sample.treated.contains(&arm) {
            return Err(StatsError::empty(name));
        }
    }
    crate::error::all_finite(sample.outcome, "outcome")?;
    let columns: Vec<&[f64]> = sample.covariates.iter().map(|c| c.1).collect();
    let design = Design::standardised(n, &columns)?;
    let needs_propensity = trim.is_some() || matches!(method, Method::Stratified(_));
    let scores = if needs_propensity {
        Some(propensity(&design, sample.treated)?)
    } else {
        None
    };
    let keep: Vec<bool> = match (trim, &scores) {
        (Some((low, high)), Some(p)) => p.iter().map(|p| *p >= low && *p <= high).collect(),
        _ => vec![true; n],
    };
    let trimmed = keep.iter().filter(|k| !**k).count();
    for (arm, name) in [
        (true, "treated arm after trimming"),
        (false, "control arm after trimming"),
    ] {
        if !(0..n).any(|i| keep[i] && sample.treated[i] == arm) {
            return Err(StatsError::empty(name));
        }
    }
    let mut warnings = Vec::new();
    // Trimming may leave a covariate constant; the propensity keeps it, the models of the rows kept cannot.
    let varies = |x: &[f64]| {
        let mut kept = (0..n).filter(|&i| keep[i]).map(|i| x[i]);
        kept.next().is_some_and(|first| kept.any(|v| v != first))
    };
    let mut varying = Vec::with_capacity(columns.len());
    for (name, x) in &sample.covariates {
        if trim.is_none() || varies(x) {
            varying.push(*x);
        } else if !matches!(method, Method::Stratified(_) | Method::Ipw) {
            warnings.push(format!(
                "covariate `{name}` is constant among the rows kept: dropped after trimming"
            ));
        }
    }
    let outcome_design = if varying.len() == columns.len() {
        design.clone()
    } else {
        Design::standardised(n, &varying)?
    };
    let mut off_support = 0;
    let mut strata = Vec::new();
    let (contrast, weights, fitted) = match (method, estimand) {
        (Method::Stratified(count), _) => {
            let p = scores
                .clone()
                .ok_or_else(|| StatsError::singular("the propensity model"))?;
            let done =
                stratified::stratified(sample.outcome, sample.treated, &p, &keep, count, estimand)?;
            off_support = done.off_support;
            strata = done.strata;
            warnings.extend(done.warnings);
            (done.contrast, done.weights, Some(p))
        }
        (Method::Regression, Estimand::Ate) => {
            let pick = |x: &[f64]| -> Vec<f64> {
                x.iter()
                    .zip(&keep)
                    .filter(|(_, k)| **k)
                    .map(|(x, _)| *x)
                    .collect()
            };
            let kept: Vec<Vec<f64>> = varying.iter().map(|c| pick(c)).collect();
            let views: Vec<&[f64]> = kept.iter().map(Vec::as_slice).collect();
            let treated: Vec<bool> = sample
                .treated
                .iter()
                .zip(&keep)
                .filter(|(_, k)| **k)
                .map(|(t, _)| *t)
                .collect();
            let contrast = lin(&pick(sample.outcome), &treated, &views)?;
            (
                contrast,
                implied_weights(&outcome_design, sample.treated, &keep)?,
                scores,
            )
        }
        (Method::Regression, Estimand::Att) => from_levels(
            effect_on_treated(
                Adjustment::Regression,
                sample.outcome,
                sample.treated,
                &design,
                &outcome_design,
                &keep,
                1.0,
            )?,
            &mut off_support,
            scores,
        ),
        (Method::Ipw, Estimand::Att) => from_levels(
            effect_on_treated(
                Adjustment::Weighting,
                sample.outcome,
                sample.treated,
                &design,
                &outcome_design,
                &keep,
                1.0,
            )?,
            &mut off_support,
            scores,
        ),
        (Method::Aipw, Estimand::Att) => {
            let levels = effect_on_treated(
                Adjustment::DoublyRobust,
                sample.outcome,
                sample.treated,
                &design,
                &outcome_design,
                &keep,
                PROPENSITY_CEILING,
            )?;
            from_levels(levels, &mut off_support, scores)
        }
        (Method::Ipw, Estimand::Ate) => from_levels(
            effect_on_all_by_weighting(sample.outcome, sample.treated, &design, &keep)?,
            &mut off_support,
            scores,
        ),
        (Method::Aipw, Estimand::Ate) => from_levels(
            effect_on_all_augmented(
                sample.outcome,
                sample.treated,
                &design,
                &outcome_design,
                &keep,
            )?,
            &mut off_support,
            scores,
        ),
        (Method::EntropyBalancing, _) => from_levels(
            entropy::entropy_balancing(
                sample.outcome,
                sample.treated,
                &outcome_design,
                &keep,
                estimand,
            )?,
            &mut off_support,
            scores,
        ),
    };
    let mut table = Vec::new();
    for (name, x) in &sample.covariates {
        match balance(name, x, sample.treated, &weights) {
            Ok(row) => table.push(row),
            Err(e) => warnings.push(e.to_string()),
        }
    }
    let of_arm = |arm: bool| {
        weights
            .iter()
            .zip(sample.treated)
            .filter(move |(_, t)| **t == arm)
            .map(|(w, _)| *w)
    };
    let treated_off_support = fitted
        .as_ref()
        .map(|p| share_off_support(p, sample.treated));
    if contrast.relative.is_none() {
        warnings.push("the control level is 0: no relative lift".into());
    }
    Ok(Adjusted {
        contrast,
        balance: table,
        effective_controls: effective_sample_size(of_arm(false)),
        effective_treated: effective_sample_size(of_arm(true)),
        largest_control_share: largest_share(of_arm(false)),
        used: n - trimmed - off_support,
        trimmed,
        off_support,
        treated_off_support,
        propensity: fitted,
        strata,
        warnings,
    })
}

fn from_levels(
    levels: Levels,
    off_support: &mut usize,
    scores: Option<Vec<f64>>,
) -> (Contrast, Vec<f64>, Option<Vec<f64>>) {
    let (v1, v0, c) = levels.variances();
    *off_support += levels.dropped_controls;
    let contrast = Contrast {
        treated: levels.treated,
        control: levels.control,
        difference: Estimate::normal(
            levels.treated - levels.control,
            (v1 + v0 - 2.0 * c).max(0.0).sqrt(),
        ),
        relative: relative_normal(levels.treated, v1, levels.control, v0, c),
        degrees_of_freedom: None,
    };
    (contrast, levels.weights, levels.propensity.or(scores))
}

/// What Lin's regression implies as weights: each arm's own regression, read off at everybody's mean.
fn implied_weights(
    design: &Design,
    treated: &[bool],
    keep: &[bool],
) -> Result<Vec<f64>, StatsError> {
    let all = design.sum(|i| if keep[i] { 1.0 } else { 0.0 });
    let mut weights = vec![0.0; design.rows()];
    for arm in [true, false] {
        let mine = |i: usize| {
            if keep[i] && treated[i] == arm {
                1.0
            } else {
                0.0
            }
        };
        let inverse = crate::linear::invert_spd(&design.gram(mine), "the outcome model")?;
        let at = inverse * &all;
        for (i, w) in weights.iter_mut().enumerate() {
            if mine(i) > 0.0 {
                *w = design.dot(i, &at);
            }
        }
    }
    Ok(weights)
}

fn share_off_support(p: &[f64], treated: &[bool]) -> f64 {
    let controls = || p.iter().zip(treated).filter(|(_, t)| !**t).map(|(p, _)| *p);
    let (low, high) = controls().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| {
        (l.min(p), h.max(p))
    });
    let mine: Vec<f64> = p
        .iter()
        .zip(treated)
        .filter(|(_, t)| **t)
        .map(|(p, _)| *p)
        .collect();
    let off = mine.iter().filter(|p| **p < low || **p > high).count();
    off as f64 / mine.len().max(1) as f64
}
