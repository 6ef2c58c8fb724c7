//! Treated against controls: difference, ratio, CUPED, and the adjusted contrasts.

use crate::Named;
use crate::answer::Answer;
use crate::error::AnalysisError;
use crate::request::Request;
use crate::rows::{Rows, need_one, number_units};
use crate::table::Table;
use levier_stats::difference::{Contrast, clustered_rows, relative_normal, welch};
use levier_stats::moments::{Arm, Moments};
use levier_stats::propensity::{Adjusted, Estimand, Method, Sample, adjust};
use levier_stats::ratio::Ratio;
use levier_stats::{Estimate, StatsError};
use serde_json::{Map, Value, json};

fn write(answer: &mut Answer, contrast: &Contrast, treated: &[bool]) {
    answer.estimate(&contrast.difference);
    let relative = contrast.relative.as_ref();
    match relative {
        Some(r) => answer.push(&[("term", json!("relative"))], r),
        None => answer.push_unknown(&[("term", json!("relative"))]),
    }
    if relative.is_none() {
        answer
            .warnings
            .push("the control level is 0: a relative lift has no meaning".into());
    }
    if relative.is_some() && contrast.control < 0.0 {
        answer.warnings.push(
            "the control level is negative: the relative lift has the sign turned; read the difference"
                .into(),
        );
    }
    answer.note(
        "levels",
        json!({"treated": contrast.treated, "control": contrast.control}),
    );
    if let Some(df) = contrast.degrees_of_freedom {
        answer.note("degrees_of_freedom", json!(df));
    }
    let n1 = treated.iter().filter(|t| **t).count();
    let n0 = treated.len() - n1;
    answer.note("arms", json!({"treated": n1, "control": n0}));
    for (n, arm) in [(n1, "treated"), (n0, "control")] {
        if n < 30 {
            answer
                .warnings
                .push(format!("the {arm} arm has {n} rows: fewer than 30"));
        }
    }
    if contrast.difference.standard_error.is_none() {
        answer
            .warnings
            .push("no standard error could be had".into());
    }
}

/// Difference of means: Welch, or clustered by unit.
pub fn difference(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let outcome = request.need("outcome", &request.outcome)?;
    let treatment = request.need("treatment", &request.treatment)?;
    let labels: Vec<&str> = request.unit.as_deref().into_iter().collect();
    let rows = Rows::complete(table, &[outcome, treatment], &labels)?;
    let (y, treated) = (rows.numbers(outcome)?, rows.flags(treatment)?);
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    let contrast = match &request.unit {
        Some(unit) => {
            let (units, names) = number_units(&rows.labels(unit)?);
            answer.note("units", json!(names.len()));
            for (arm, which) in [("treated", true), ("control", false)] {
                let mut of_arm: Vec<usize> = units
                    .iter()
                    .zip(&treated)
                    .filter(|(_, t)| **t == which)
                    .map(|(unit, _)| *unit)
                    .collect();
                of_arm.sort_unstable();
                of_arm.dedup();
                if of_arm.len() < 2 {
                    answer.warnings.push(format!(
                        "the {arm} arm is one unit: how units differ cannot be told from it, and there is no standard error"
                    ));
                }
            }
            clustered_rows(&y, &treated, &units).named(request)?
        }
        None => unclustered(&y, &treated).named(request)?,
    };
    write(&mut answer, &contrast, &treated);
    Ok(answer.finish())
}

/// Welch's contrast; where an arm is too small or too even for an error, the levels and their difference alone.
fn unclustered(y: &[f64], treated: &[bool]) -> Result<Contrast, StatsError> {
    let both =
        arm(y, treated, true).and_then(|a| arm(y, treated, false).and_then(|b| welch(&a, &b)));
    match both {
        Err(StatsError::TooFew { .. } | StatsError::NoVariance { .. }) => {}
        settled => return settled,
    }
    let mean = |which: bool| {
        let mine = y.iter().zip(treated).filter(|(_, t)| **t == which);
        let (sum, n) = mine.fold((0.0, 0.0), |(sum, n), (y, _)| (sum + y, n + 1.0));
        sum / n
    };
    let (a, b) = (mean(true), mean(false));
    Ok(Contrast {
        treated: a,
        control: b,
        difference: Estimate::bare(a - b),
        relative: (b != 0.0).then(|| Estimate::bare((a - b) / b)),
        degrees_of_freedom: None,
    })
}

fn arm(y: &[f64], treated: &[bool], which: bool) -> Result<Arm, StatsError> {
    let mine: Vec<f64> = y
        .iter()
        .zip(treated)
        .filter(|(_, t)| **t == which)
        .map(|(y, _)| *y)
        .collect();
    if mine.is_empty() {
        return Err(StatsError::empty(if which {
            "treated arm"
        } else {
            "control arm"
        }));
    }
    Arm::of(&mine)
}

/// Ratio of sums by arm, clustered by unit; without `--unit` each row is one.
pub fn ratio(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let numerator = request.need("numerator", &request.numerator)?;
    let denominator = request.need("denominator", &request.denominator)?;
    let treatment = request.need("treatment", &request.treatment)?;
    let labels: Vec<&str> = request.unit.as_deref().into_iter().collect();
    let rows = Rows::complete(table, &[numerator, denominator, treatment], &labels)?;
    let (num, den, treated) = (
        rows.numbers(numerator)?,
        rows.numbers(denominator)?,
        rows.flags(treatment)?,
    );
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    let (units, count) = match &request.unit {
        Some(unit) => {
            let (units, names) = number_units(&rows.labels(unit)?);
            (units, names.len())
        }
        None => {
            answer
                .warnings
                .push("without --unit every row counts as a unit of its own".into());
            ((0..rows.n()).collect(), rows.n())
        }
    };
    // Per unit and arm: numerator, denominator, seen.
    let mut sums = vec![[(0.0, 0.0, false); 2]; count];
    for i in 0..num.len() {
        let s = &mut sums[units[i]][usize::from(treated[i])];
        *s = (s.0 + num[i], s.1 + den[i], true);
    }
    let mut arms = [Ratio::default(), Ratio::default()];
    for unit in &sums {
        for (a, s) in unit.iter().enumerate().filter(|(_, s)| s.2) {
            arms[a].update(s.0, s.1);
        }
    }
    let total = |a: usize| {
        sums.iter()
            .fold((0.0, 0.0), |t, u| (t.0 + u[a].0, t.1 + u[a].1))
    };
    // One unit has a ratio and no error.
    let level = |a: usize| match arms[a].finish() {
        Err(StatsError::TooFew { .. }) => Ok(Estimate::bare(total(a).0 / total(a).1)),
        settled => settled.named(request),
    };
    let (r0, r1) = (level(0)?, level(1)?);
    // Units with rows in both arms tie the arms together.
    let (d0, d1) = (total(0).1, total(1).1);
    let both: Vec<&[(f64, f64, bool); 2]> = sums.iter().filter(|u| u[0].2 && u[1].2).collect();
    let covariance: f64 = both
        .iter()
        .map(|u| (u[1].0 - r1.value * u[1].1) * (u[0].0 - r0.value * u[0].1))
        .sum::<f64>()
        / (d0 * d1);
    if !both.is_empty() {
        answer
            .warnings
            .push(format!("{} units have rows in both arms", both.len()));
    }
    let gap = r1.value - r0.value;
    let (difference, relative) = match (r1.standard_error, r0.standard_error) {
        (Some(s1), Some(s0)) => {
            let (v1, v0) = (s1 * s1, s0 * s0);
            let error = (v1 + v0 - 2.0 * covariance).max(0.0).sqrt();
            (
                Estimate::normal(gap, error),
                relative_normal(r1.value, v1, r0.value, v0, covariance),
            )
        }
        _ => (
            Estimate::bare(gap),
            (r0.value != 0.0).then(|| Estimate::bare(gap / r0.value)),
        ),
    };
    let contrast = Contrast {
        treated: r1.value,
        control: r0.value,
        difference,
        relative,
        degrees_of_freedom: None,
    };
    write(&mut answer, &contrast, &treated);
    answer.push(&[("term", json!("treated"))], &r1);
    answer.push(&[("term", json!("control"))], &r0);
    answer.note(
        "units",
        json!({"treated": arms[1].units(), "control": arms[0].units()}),
    );
    Ok(answer.finish())
}

/// CUPED with one or more covariates measured before treatment.
pub fn cuped(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let outcome = request.need("outcome", &request.outcome)?;
    let treatment = request.need("treatment", &request.treatment)?;
    request.need("covariates", &request.covariates)?;
    let names = request.covariate_names();
    let mut needed = vec![outcome, treatment];
    needed.extend(names.iter().map(String::as_str));
    let rows = Rows::complete(table, &needed, &[])?;
    let (y, treated) = (rows.numbers(outcome)?, rows.flags(treatment)?);
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    let covariates = rows.covariates(&names, &mut answer.warnings)?;
    need_one(&covariates)?;
    let mut arms = [
        Moments::new(covariates.len() + 1),
        Moments::new(covariates.len() + 1),
    ];
    let mut row = vec![0.0; covariates.len() + 1];
    for i in 0..y.len() {
        row[0] = y[i];
        for (j, (_, x)) in covariates.iter().enumerate() {
            row[j + 1] = x[i];
        }
        arms[usize::from(treated[i])].update(&row);
    }
    let done = levier_stats::cuped::cuped(&arms[1], &arms[0]).named(request)?;
    write(&mut answer, &done.contrast, &treated);
    let theta: Map<String, Value> = covariates
        .iter()
        .zip(&done.theta)
        .map(|((n, _), t)| (n.clone(), json!(t)))
        .collect();
    answer.note("theta", Value::Object(theta));
    answer.note("variance_ratio", json!(done.variance_ratio));
    Ok(answer.finish())
}

/// Stratified, regression, weighting, augmented weighting, entropy balancing.
pub fn adjusted(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let outcome = request.need("outcome", &request.outcome)?;
    let treatment = request.need("treatment", &request.treatment)?;
    request.need("covariates", &request.covariates)?;
    let estimand = Request::choose(
        "estimand",
        &request.estimand,
        &[("att", Estimand::Att), ("ate", Estimand::Ate)],
    )?;
    let trim = request.trim_bounds()?;
    let strata = request.strata.unwrap_or(5);
    if strata == 0 {
        return Err(AnalysisError::BadValue {
            flag: "strata",
            value: strata.to_string(),
            wanted: "how many strata to cut, 1 or more",
        });
    }
    let method = match request.method.as_str() {
        "stratified" => Method::Stratified(strata),
        "regression" => Method::Regression,
        "ipw" => Method::Ipw,
        "aipw" => Method::Aipw,
        _ => Method::EntropyBalancing,
    };
    let names = request.covariate_names();
    let mut needed = vec![outcome, treatment];
    needed.extend(names.iter().map(String::as_str));
    let mut rows = Rows::complete(table, &needed, &[])?;
    let (y, treated) = (rows.numbers(outcome)?, rows.flags(treatment)?);
    let mut warnings = Vec::new();
    let covariates = rows.covariates(&names, &mut warnings)?;
    let sample = Sample {
        outcome: &y,
        treated: &treated,
        covariates: covariates
            .iter()
            .map(|(n, x)| (n.as_str(), x.as_slice()))
            .collect(),
    };
    let done = adjust(&sample, method, estimand, trim).named(request)?;
    // The methods that weigh refuse arms without overlap; a line is carried on over any gap.
    if matches!(method, Method::Regression)
        && let Err(StatsError::NotConverged { .. }) = adjust(&sample, Method::Ipw, estimand, None)
    {
        warnings.push(
            "the covariates tell the two arms apart: nobody is alike, and the answer is a line carried on to where there are no data"
                .into(),
        );
    }
    if let Some((low, high)) = trim {
        rows.left_out
            .add(format!("propensity outside [{low}, {high}]"), done.trimmed);
    }
    let off_support = match method {
        Method::Stratified(_) => {
            "propensity outside the treated's range, or in a stratum without both arms"
        }
        _ => "control with a propensity of 0.995 or more",
    };
    rows.left_out.add(off_support, done.off_support);
    let mut answer = Answer::new(&request.method, done.used, rows.left_out.clone());
    answer.warnings = warnings;
    write(&mut answer, &done.contrast, &treated);
    answer.warnings.extend(
        done.warnings
            .iter()
            .filter(|w| !w.contains("control level is 0"))
            .cloned(),
    );
    diagnose(&mut answer, &done, estimand);
    Ok(answer.finish())
}

fn diagnose(answer: &mut Answer, done: &Adjusted, estimand: Estimand) {
    let balance: Vec<Value> = done
        .balance
        .iter()
        .map(|b| json!({"term": b.term, "before": b.before, "after": b.after}))
        .collect();
    answer.note("balance", json!(balance));
    answer.note(
        "effective_sample_size",
        json!({"treated": done.effective_treated, "control": done.effective_controls}),
    );
    answer.note("weights", json!({"largest": done.largest_control_share}));
    answer.note(
        "estimand",
        json!(if estimand == Estimand::Att {
            "att"
        } else {
            "ate"
        }),
    );
    if let Some(share) = done.treated_off_support {
        answer.note("overlap", json!({"treated_off_support": share}));
    }
    if !done.strata.is_empty() {
        let strata: Vec<Value> = done
            .strata
            .iter()
            .map(|s| json!({"stratum": s.stratum, "treated": s.treated, "control": s.control, "difference": s.difference}))
            .collect();
        answer.note("strata", json!(strata));
    }
    let worst = done
        .balance
        .iter()
        .max_by(|a, b| a.after.abs().total_cmp(&b.after.abs()))
        .filter(|b| b.after.abs() > 0.25);
    if let Some(worst) = worst {
        answer.warnings.push(format!(
            "`{}` is not balanced: standardised difference {:.2}",
            worst.term, worst.after
        ));
    }
    if done.largest_control_share.is_some_and(|s| s > 0.10) {
        answer
            .warnings
            .push("one control carries more than 10 % of the weight".into());
    }
}
