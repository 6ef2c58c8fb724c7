//! Differences, ratios, proportions, corrections.

use super::{answers, close, f, numbers, table};
use crate::bootstrap::{Bootstrap, unit_hash};
use crate::cuped::cuped;
use crate::difference::{ClusteredDifference, clustered_rows, welch};
use crate::moments::{Arm, Moments};
use crate::multiplicity::{benjamini_hochberg, benjamini_yekutieli, holm};
use crate::nps::Nps;
use crate::proportion::{
    Share, Stratum, agresti_caffo, mantel_haenszel, risk_difference, risk_ratio,
};
use crate::quantile::{quantile, winsorise_upper};
use crate::ratio::{Ratio, contrast};
use crate::shares::{gini, top_share};
use crate::skew::Skew;
use crate::srm::sample_ratio;

#[test]
fn average_order_value_by_cohort() {
    let Some(a) = answers("stats.json") else {
        return;
    };
    let t = table("cdnow_per_customer.csv");
    let (orders, revenue, cohort) = (numbers(&t, "orders"), numbers(&t, "revenue"), &t["cohort"]);
    let arm = |want: &str| {
        let mut r = Ratio::default();
        for i in 0..orders.len() {
            if want == "all" || cohort[i] == want {
                r.update(revenue[i], orders[i]);
            }
        }
        r
    };
    for name in ["jan", "all"] {
        let (ours, theirs) = (arm(name).finish().unwrap(), &a["aov_ratio_by_cohort"][name]);
        close("aov", ours.value, f(&theirs["aov"]), 1e-9);
        close(
            "se",
            ours.standard_error.unwrap(),
            f(&theirs["se_delta"]),
            1e-9,
        );
        close(
            "lower",
            ours.lower.unwrap(),
            f(&theirs["ci95_delta"][0]),
            1e-9,
        );
    }
    let (ours, theirs) = (
        contrast(&arm("mar"), &arm("jan")).unwrap(),
        &a["aov_diff"]["mar_vs_jan"],
    );
    close("diff", ours.difference.value, f(&theirs["diff"]), 1e-9);
    close(
        "se",
        ours.difference.standard_error.unwrap(),
        f(&theirs["se"]),
        1e-9,
    );
    close("p", ours.difference.p_value.unwrap(), f(&theirs["p"]), 1e-9);
    let relative = ours.relative.unwrap();
    close("rel", relative.value, f(&theirs["rel"]), 1e-9);
    close(
        "se rel",
        relative.standard_error.unwrap(),
        f(&theirs["se_rel_delta"]),
        1e-9,
    );
    close(
        "rel lower",
        relative.lower.unwrap(),
        f(&theirs["ci95_rel_delta"][0]),
        1e-9,
    );
}

#[test]
fn poisson_bootstrap_of_the_january_order_value() {
    let Some(a) = answers("stats.json") else {
        return;
    };
    let t = table("cdnow_per_customer.csv");
    let (orders, revenue) = (numbers(&t, "orders"), numbers(&t, "revenue"));
    let mut b = Bootstrap::new(11, 8000);
    for i in (0..orders.len()).filter(|&i| t["cohort"][i] == "jan") {
        b.update(
            unit_hash(t["sample_id"][i].as_bytes()),
            revenue[i],
            orders[i],
        );
    }
    let (ours, theirs) = (b.finish().unwrap(), &a["aov_bootstrap_jan"]);
    let within = |ours: f64, key: &str, at: Option<usize>| {
        let pick = |v: &serde_json::Value| at.map_or_else(|| f(v), |i| f(&v[i]));
        let (mean, sd) = (
            pick(&theirs[key]["mean"]),
            pick(&theirs[key]["sd_over_3_seeds"]),
        );
        assert!(
            (ours - mean).abs() <= 4.0 * sd,
            "{key}: {ours} against {mean} ± {sd}"
        );
    };
    within(ours.lower, "poisson_percentile", Some(0));
    within(ours.upper, "poisson_percentile", Some(1));
    within(ours.standard_error, "poisson_se", None);
}

#[test]
fn welch_and_cuped() {
    let Some(a) = answers("stats.json") else {
        return;
    };
    let t = table("sim_cuped.csv");
    let (g, pre, post) = (
        numbers(&t, "group"),
        numbers(&t, "pre"),
        numbers(&t, "post"),
    );
    let mut arms = [Moments::new(2), Moments::new(2)];
    for i in 0..g.len() {
        arms[g[i] as usize].update(&[post[i], pre[i]]);
    }
    let raw = welch(&arms[1].finish(0).unwrap(), &arms[0].finish(0).unwrap()).unwrap();
    let adjusted = cuped(&arms[1], &arms[0]).unwrap();
    close(
        "theta",
        adjusted.theta[0],
        f(&a["cuped_sim"]["theta_pooled"]),
        1e-9,
    );
    for (ours, theirs) in [
        (&raw, &a["cuped_sim"]["raw"]),
        (&adjusted.contrast, &a["cuped_sim"]["cuped"]),
    ] {
        close("diff", ours.difference.value, f(&theirs["diff"]), 1e-9);
        close(
            "se",
            ours.difference.standard_error.unwrap(),
            f(&theirs["se"]),
            1e-9,
        );
        close(
            "df",
            ours.degrees_of_freedom.unwrap(),
            f(&theirs["df"]),
            1e-9,
        );
        close(
            "lower",
            ours.difference.lower.unwrap(),
            f(&theirs["ci95"][0]),
            1e-9,
        );
        close(
            "upper",
            ours.difference.upper.unwrap(),
            f(&theirs["ci95"][1]),
            1e-9,
        );
        let p = f(&theirs["p"]);
        assert!(
            (ours.difference.p_value.unwrap() / p - 1.0).abs() < 1e-9,
            "p"
        );
    }
}

#[test]
fn growthbook_vectors() {
    let Some(a) = answers("growthbook_repo_vectors.json") else {
        return;
    };
    let arm = |v: &serde_json::Value| Arm {
        n: f(&v["n"]) as u64,
        mean: f(&v["mean"]),
        variance: f(&v["sd"]).powi(2),
    };
    let ours = welch(
        &arm(&a["inputs"]["treatment"]),
        &arm(&a["inputs"]["control"]),
    )
    .unwrap()
    .relative
    .unwrap();
    let theirs = &a["relative"];
    close("expected", ours.value, f(&theirs["expected"]), 1e-9);
    close("se", ours.standard_error.unwrap(), f(&theirs["se"]), 1e-9);
    close("lower", ours.lower.unwrap(), f(&theirs["ci"][0]), 1e-9);
    close("upper", ours.upper.unwrap(), f(&theirs["ci"][1]), 1e-9);
    close("p", ours.p_value.unwrap(), f(&theirs["p"]), 1e-9);
    let Some(s) = answers("stats.json") else {
        return;
    };
    let cases = &s["gbstats_0.8.0"];
    let mean = welch(
        &Arm::from_sums(120, 300.0, 869.0).unwrap(),
        &Arm::from_sums(100, 270.0, 848.79).unwrap(),
    )
    .unwrap();
    let share = |x: f64, n: u64| Arm {
        n,
        mean: x / n as f64,
        variance: x / n as f64 * (1.0 - x / n as f64),
    };
    let proportion = welch(&share(333.0, 3001), &share(222.0, 3000)).unwrap();
    for (name, ours) in [
        (
            "mean n=100,S=270,SS=848.79 vs n=120,S=300,SS=869|TwoSidedTTest|relative",
            mean.relative.unwrap(),
        ),
        (
            "mean n=100,S=270,SS=848.79 vs n=120,S=300,SS=869|TwoSidedTTest|absolute",
            mean.difference,
        ),
        (
            "proportion 222/3000 vs 333/3001|TwoSidedTTest|relative",
            proportion.relative.unwrap(),
        ),
        (
            "proportion 222/3000 vs 333/3001|TwoSidedTTest|absolute",
            proportion.difference,
        ),
    ] {
        let theirs = &cases[name];
        close(name, ours.value, f(&theirs["expected"]), 1e-9);
        close(name, ours.standard_error.unwrap(), f(&theirs["se"]), 1e-9);
        close(name, ours.lower.unwrap(), f(&theirs["ci"][0]), 1e-9);
        close(name, ours.p_value.unwrap(), f(&theirs["p"]), 1e-9);
    }
}

#[test]
fn sample_ratio_and_corrections() {
    let Some(a) = answers("stats.json") else {
        return;
    };
    for case in a["srm"].as_array().unwrap() {
        let observed: Vec<u64> = case["observed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| f(v) as u64)
            .collect();
        let weights: Vec<f64> = case["weights"].as_array().unwrap().iter().map(f).collect();
        let (chi2, p) = sample_ratio(&observed, &weights).unwrap();
        close("chi2", chi2, f(&case["chi2"]), 1e-9);
        assert!((p / f(&case["p"]) - 1.0).abs() < 1e-9);
    }
    let m = &a["multiple_testing"];
    let p: Vec<Option<f64>> = m["p"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| Some(f(v)))
        .collect();
    for (name, ours) in [
        ("fdr_bh", benjamini_hochberg(&p)),
        ("fdr_by", benjamini_yekutieli(&p)),
        ("holm", holm(&p)),
    ] {
        for (x, y) in ours
            .unwrap()
            .iter()
            .zip(m[name]["adjusted"].as_array().unwrap())
        {
            close(name, x.unwrap(), f(y), 1e-9);
        }
    }
}

#[test]
fn proportions() {
    let Some(a) = answers("stats.json") else {
        return;
    };
    for case in a["proportions"].as_array().unwrap() {
        let share = |x: &str, n: &str| Share {
            hits: f(&case[x]) as u64,
            n: f(&case[n]) as u64,
        };
        let (t, c) = (share("x1", "n1"), share("x0", "n0"));
        let pair = |what: &str, ours: (f64, f64)| {
            close(what, ours.0, f(&case[what][0]), 1e-9);
            close(what, ours.1, f(&case[what][1]), 1e-9);
        };
        pair("wilson1", t.wilson().unwrap());
        pair("wilson0", c.wilson().unwrap());
        let rd = risk_difference(t, c).unwrap();
        pair("newcombe_diff", (rd.lower.unwrap(), rd.upper.unwrap()));
        pair("agresti_caffo_diff", agresti_caffo(t, c).unwrap());
        let rr = risk_ratio(t, c).unwrap();
        close("rr", rr.value, f(&case["rr"]), 1e-9);
        pair("rr_katz_ci", (rr.lower.unwrap(), rr.upper.unwrap()));
    }
    let n = &a["nps"][0];
    let ours = Nps::from_counts(60, 25, 15).finish().unwrap();
    close("nps", ours.value, f(&n["nps"]), 1e-9);
    close(
        "nps se",
        ours.standard_error.unwrap(),
        f(&n["se_pop"]),
        1e-9,
    );
}

#[test]
fn simpson_in_kidney_stones() {
    let Some(a) = answers("stats.json") else {
        return;
    };
    let k = &a["simpson_kidney_stones"];
    let share = |v: &serde_json::Value| Share {
        hits: f(&v[0]) as u64,
        n: f(&v[1]) as u64,
    };
    let cell = |s: &str| Stratum {
        treated: share(&k["cells"][s]["A"]),
        control: share(&k["cells"][s]["B"]),
    };
    let strata = [cell("small"), cell("large")];
    let ours = mantel_haenszel(&strata).unwrap();
    close(
        "mh rr",
        ours.risk_ratio.unwrap().value,
        f(&k["mh_rr"]),
        1e-9,
    );
    close(
        "cmh",
        ours.chi_square.unwrap().0,
        f(&k["cmh_test_no_correction"][0]),
        1e-9,
    );
    close(
        "cmh p",
        ours.chi_square.unwrap().1,
        f(&k["cmh_test_no_correction"][1]),
        1e-9,
    );
    let standard = ours.standardised.unwrap();
    close(
        "standardised",
        standard.value,
        f(&k["ate_standardised_rd"][0]),
        1e-9,
    );
    close(
        "standardised se",
        standard.standard_error.unwrap(),
        f(&k["ate_standardised_rd"][1]),
        1e-9,
    );
    let sum = |pick: fn(&Stratum) -> Share| {
        strata.iter().map(pick).fold(Share::default(), |mut a, b| {
            a.merge(b);
            a
        })
    };
    let crude = risk_difference(sum(|s| s.treated), sum(|s| s.control)).unwrap();
    close("crude", crude.value, f(&k["crude_rd"]), 1e-9);
    assert!(crude.value < 0.0 && standard.value > 0.0, "the paradox");
}

#[test]
fn heavy_tail_of_revenue() {
    let Some(a) = answers("stats.json") else {
        return;
    };
    let h = &a["heavy_tail_cdnow_revenue"]["all"];
    let revenue = numbers(&table("cdnow_per_customer.csv"), "revenue");
    let mut skew = Skew::default();
    revenue.iter().for_each(|&x| skew.update(x));
    close("skew", skew.finish().unwrap(), f(&h["skew_pop"]), 1e-9);
    close("gini", gini(&revenue).unwrap(), f(&h["gini"]), 1e-9);
    for (p, q) in h["quantiles_type7"].as_object().unwrap() {
        close(
            p,
            quantile(&revenue, p.parse().unwrap()).unwrap(),
            f(q),
            1e-9,
        );
    }
    let cap = quantile(&revenue, 0.99).unwrap();
    let arm = Arm::of(&winsorise_upper(&revenue, cap)).unwrap();
    close(
        "winsorised",
        arm.mean,
        f(&h["winsor_upper_0.99"]["mean"]),
        1e-9,
    );
    close(
        "winsorised se",
        arm.variance_of_mean().sqrt(),
        f(&h["winsor_upper_0.99"]["se"]),
        1e-9,
    );
    let gate = crate::gates::skew(revenue.len() as u64, skew.finish().unwrap());
    assert_eq!(gate.verdict, crate::gates::Verdict::Warn);
    assert_eq!(gate.suffices, Some(63_919));
    assert!((top_share(&revenue, 0.01).unwrap() - f(&h["share_top1pct"])).abs() < 0.01);
}

#[test]
fn clustering_from_rows_and_from_units_agree() {
    let y = [1.0, 2.0, 2.5, 4.0, 0.5, 1.5, 3.0, 2.0, 6.0];
    let d = [true, true, true, true, false, false, false, false, false];
    let u = [0, 0, 1, 1, 2, 2, 3, 4, 4];
    let rows = clustered_rows(&y, &d, &u).unwrap();
    let mut units = ClusteredDifference::default();
    for g in 0..5 {
        let mine: Vec<usize> = (0..9).filter(|&i| u[i] == g).collect();
        units.update(
            d[mine[0]],
            mine.len() as f64,
            mine.iter().map(|&i| y[i]).sum(),
        );
    }
    let sums = units.finish().unwrap();
    close("value", sums.difference.value, rows.difference.value, 1e-12);
    close(
        "se",
        sums.difference.standard_error.unwrap(),
        rows.difference.standard_error.unwrap(),
        1e-12,
    );
    let fit = crate::regression::ols(
        &y,
        &[&d.map(|t| f64::from(u8::from(t)))],
        crate::regression::Errors::Clustered(&u),
    )
    .unwrap();
    close(
        "ols se",
        fit.coefficient(1).standard_error.unwrap(),
        rows.difference.standard_error.unwrap(),
        1e-9,
    );
}
