//! The National Supported Work experiment and its observational twin.

use super::{answers, close, f, numbers, table};
use crate::cuped::cuped;
use crate::difference::welch;
use crate::linear::Design;
use crate::logit;
use crate::moments::{Arm, Moments};
use crate::propensity::{Adjusted, Estimand, Method, Sample, adjust};
use crate::regression::{Errors, from_moments, ols};

const NAMES: [&str; 8] = [
    "age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75",
];

struct Data {
    y: Vec<f64>,
    d: Vec<bool>,
    x: Vec<Vec<f64>>,
}

fn load(name: &str) -> Data {
    let t = table(name);
    Data {
        y: numbers(&t, "re78"),
        d: numbers(&t, "treat").iter().map(|v| *v == 1.0).collect(),
        x: NAMES.iter().map(|n| numbers(&t, n)).collect(),
    }
}

fn run(data: &Data, method: Method, estimand: Estimand, trim: Option<(f64, f64)>) -> Adjusted {
    let covariates = NAMES
        .iter()
        .zip(&data.x)
        .map(|(n, x)| (*n, x.as_slice()))
        .collect();
    adjust(
        &Sample {
            outcome: &data.y,
            treated: &data.d,
            covariates,
        },
        method,
        estimand,
        trim,
    )
    .unwrap()
}

#[test]
fn the_experiment() {
    let Some(a) = answers("nsw.json") else { return };
    let a = &a["nsw_rct"];
    let data = load("nsw_mixtape.csv");
    let arm = |t: bool| {
        Arm::of(
            &data
                .y
                .iter()
                .zip(&data.d)
                .filter(|(_, d)| **d == t)
                .map(|(y, _)| *y)
                .collect::<Vec<_>>(),
        )
    };
    let ours = welch(&arm(true).unwrap(), &arm(false).unwrap()).unwrap();
    close("diff", ours.difference.value, f(&a["naive"]["diff"]), 1e-9);
    close(
        "se",
        ours.difference.standard_error.unwrap(),
        f(&a["naive"]["se_welch"]),
        1e-9,
    );
    close(
        "df",
        ours.degrees_of_freedom.unwrap(),
        f(&a["naive"]["df_welch"]),
        1e-9,
    );
    close(
        "lower",
        ours.difference.lower.unwrap(),
        f(&a["naive"]["ci95"][0]),
        1e-9,
    );
    close(
        "upper",
        ours.difference.upper.unwrap(),
        f(&a["naive"]["ci95"][1]),
        1e-9,
    );
    close(
        "p",
        ours.difference.p_value.unwrap(),
        f(&a["naive"]["p"]),
        1e-9,
    );
    close(
        "relative",
        ours.relative.unwrap().value,
        f(&a["naive"]["relative_uplift"]),
        1e-9,
    );
    let d: Vec<f64> = data.d.iter().map(|t| f64::from(u8::from(*t))).collect();
    let mut columns: Vec<&[f64]> = vec![&d];
    columns.extend(data.x.iter().map(Vec::as_slice));
    for (name, errors) in [
        ("ols_adj_nonrobust", Errors::Classical),
        ("ols_adj_HC1", Errors::Hc1),
        ("ols_adj_HC2", Errors::Hc2),
    ] {
        let c = ols(&data.y, &columns, errors).unwrap().coefficient(1);
        close(name, c.value, f(&a[name]["ate"]), 1e-9);
        close(name, c.standard_error.unwrap(), f(&a[name]["se"]), 1e-9);
    }
    let mut m = Moments::new(10);
    let mut arms = [Moments::new(2), Moments::new(2)];
    for i in 0..data.y.len() {
        let mut row = vec![data.y[i], d[i]];
        row.extend(data.x.iter().map(|x| x[i]));
        m.update(&row);
        arms[usize::from(data.d[i])].update(&[data.y[i], data.x[7][i]]);
    }
    let c = from_moments(&m).unwrap().coefficient(1);
    close(
        "ols from moments",
        c.value,
        f(&a["ols_adj_nonrobust"]["ate"]),
        1e-9,
    );
    close(
        "ols from moments",
        c.standard_error.unwrap(),
        f(&a["ols_adj_nonrobust"]["se"]),
        1e-9,
    );
    let (ours, theirs) = (
        cuped(&arms[1], &arms[0]).unwrap(),
        &a["cuped_re75_pooled_theta"],
    );
    close("theta", ours.theta[0], f(&theirs["theta"][0]), 1e-9);
    close(
        "cuped",
        ours.contrast.difference.value,
        f(&theirs["diff"]),
        1e-9,
    );
    close(
        "cuped se",
        ours.contrast.difference.standard_error.unwrap(),
        f(&theirs["se_welch"]),
        1e-9,
    );
    close(
        "cuped df",
        ours.contrast.degrees_of_freedom.unwrap(),
        f(&theirs["df_welch"]),
        1e-9,
    );
    close(
        "cuped control",
        ours.contrast.control,
        f(&theirs["mean0"]),
        1e-9,
    );
}

#[test]
fn the_propensity_model() {
    let Some(a) = answers("nsw.json") else { return };
    let a = &a["cps_observational"]["linear"];
    let data = load("nsw_treated_vs_cps.csv");
    let views: Vec<&[f64]> = data.x.iter().map(Vec::as_slice).collect();
    let design = Design::standardised(data.y.len(), &views).unwrap();
    let fit = logit::fit(&design, |i| f64::from(u8::from(data.d[i])), |_| 1.0).unwrap();
    let beta = design.unscale(&fit.beta);
    close("intercept", beta[0], f(&a["logit_coef"]["intercept"]), 1e-6);
    for (b, n) in beta[1..].iter().zip(NAMES) {
        let theirs = f(&a["logit_coef"][n]);
        assert!((b / theirs - 1.0).abs() < 1e-6, "{n}: {b} {theirs}");
    }
    close(
        "log-likelihood",
        fit.log_likelihood,
        f(&a["logit_llf"]),
        1e-9,
    );
}

#[test]
fn the_observational_twin() {
    let Some(a) = answers("nsw.json") else { return };
    let a = &a["cps_observational"]["linear"];
    let data = load("nsw_treated_vs_cps.csv");
    let value = |m, e, t| run(&data, m, e, t).contrast.difference.value;
    let trim = Some((0.1, 0.9));
    close(
        "ipw att",
        value(Method::Ipw, Estimand::Att, None),
        f(&a["ipw_att_hajek"]),
        1e-8,
    );
    close(
        "ipw ate",
        value(Method::Ipw, Estimand::Ate, None),
        f(&a["ipw_ate_hajek"]),
        1e-8,
    );
    close(
        "ipw att trim",
        value(Method::Ipw, Estimand::Att, trim),
        f(&a["trim_0.1_0.9"]["ipw_att_hajek"]),
        1e-8,
    );
    close(
        "ipw ate trim",
        value(Method::Ipw, Estimand::Ate, trim),
        f(&a["trim_0.1_0.9"]["ipw_ate_hajek"]),
        1e-8,
    );
    close(
        "regression att",
        value(Method::Regression, Estimand::Att, None),
        f(&a["or_att"]),
        1e-9,
    );
    close(
        "aipw ate",
        value(Method::Aipw, Estimand::Ate, None),
        f(&a["statsmodels_aipw_ate"]),
        1e-7,
    );
    let trimmed = run(&data, Method::Ipw, Estimand::Att, trim);
    assert_eq!(trimmed.used, 504);
    let dr = run(&data, Method::Aipw, Estimand::Att, None);
    close(
        "aipw att",
        dr.contrast.difference.value,
        f(&a["aipw_att"]["att"]),
        1e-8,
    );
    close(
        "aipw att se",
        dr.contrast.difference.standard_error.unwrap(),
        f(&a["aipw_att"]["se_if"]),
        1e-7,
    );
    close(
        "aipw att lower",
        dr.contrast.difference.lower.unwrap(),
        f(&a["aipw_att"]["ci95"][0]),
        1e-6,
    );
    let ipw = run(&data, Method::Ipw, Estimand::Att, None);
    close(
        "ess",
        ipw.effective_controls.unwrap(),
        f(&a["ess_controls"]),
        1e-8,
    );
    for row in &ipw.balance {
        close(&row.term, row.before, f(&a["smd_before"][&row.term]), 1e-9);
        assert!(
            (row.after - f(&a["smd_after_ipw_att"][&row.term])).abs() < 1e-8,
            "{}",
            row.term
        );
    }
    let strata = run(&data, Method::Stratified(5), Estimand::Att, None);
    let theirs = &a["stratified_att_5"];
    close(
        "stratified",
        strata.contrast.difference.value,
        f(&theirs["att"]),
        1e-8,
    );
    close(
        "stratified se",
        strata.contrast.difference.standard_error.unwrap(),
        f(&theirs["se_within"]),
        1e-8,
    );
    for (s, t) in strata
        .strata
        .iter()
        .zip(theirs["strata"].as_array().unwrap())
    {
        assert_eq!(
            (s.treated as f64, s.control as f64),
            (f(&t["n1"]), f(&t["n0"]))
        );
        close("stratum", s.difference, f(&t["diff"]), 1e-9);
    }
    let balanced = run(&data, Method::EntropyBalancing, Estimand::Att, None);
    assert!(
        balanced.balance.iter().all(|b| b.after.abs() < 1e-9),
        "entropy balancing balances"
    );
    assert!(
        balanced.contrast.difference.value > 1000.0 && balanced.contrast.difference.value < 2000.0
    );
}

#[test]
fn every_method_gives_an_error_bar_near_the_bootstrap() {
    // A small seeded sample, resampled: the analytic errors must be the right size.
    use rand::{Rng, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let n = 600;
    let mut data = Data {
        y: vec![],
        d: vec![],
        x: vec![vec![], vec![]],
    };
    for _ in 0..n {
        let (a, b): (f64, f64) = (rng.random::<f64>() * 2.0 - 1.0, rng.random::<f64>());
        let t = rng.random::<f64>() < logit::logistic(0.8 * a - 0.4 * b);
        data.x[0].push(a);
        data.x[1].push(b);
        data.d.push(t);
        data.y
            .push(1.0 + a + 0.5 * b * b + if t { 0.5 + a } else { 0.0 } + rng.random::<f64>());
    }
    let estimate = |rows: &[usize], method, estimand| {
        let pick = |x: &Vec<f64>| rows.iter().map(|&i| x[i]).collect::<Vec<f64>>();
        let (y, a, b) = (pick(&data.y), pick(&data.x[0]), pick(&data.x[1]));
        let d: Vec<bool> = rows.iter().map(|&i| data.d[i]).collect();
        adjust(
            &Sample {
                outcome: &y,
                treated: &d,
                covariates: vec![("a", &a), ("b", &b)],
            },
            method,
            estimand,
            None,
        )
        .unwrap()
        .contrast
        .difference
    };
    let all: Vec<usize> = (0..n).collect();
    for (method, estimand) in [
        (Method::Regression, Estimand::Att),
        // Lin's HC2 error takes the covariates as fixed, so the resampled spread is larger: not compared here.
        (Method::Ipw, Estimand::Att),
        (Method::Ipw, Estimand::Ate),
        (Method::Aipw, Estimand::Att),
        (Method::Aipw, Estimand::Ate),
        (Method::EntropyBalancing, Estimand::Att),
        (Method::EntropyBalancing, Estimand::Ate),
    ] {
        let ours = estimate(&all, method, estimand).standard_error.unwrap();
        let draws: Vec<f64> = (0..150)
            .map(|_| {
                let rows: Vec<usize> = (0..n).map(|_| rng.random_range(0..n)).collect();
                estimate(&rows, method, estimand).value
            })
            .collect();
        let spread = Arm::of(&draws).unwrap().variance.sqrt();
        assert!(
            (ours / spread - 1.0).abs() < 0.25,
            "{method:?} {estimand:?}: {ours} against {spread}"
        );
    }
}
