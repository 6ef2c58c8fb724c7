//! Callaway–Sant'Anna on published and simulated panels, from rows and from moments.

use super::{answers, close, f, numbers, table};
use crate::did::rows::{Panel, estimate};
use crate::did::shards::PanelMoments;
use crate::did::{Aggregation, BasePeriod, Control, Effects, Options};
use crate::influence::Adjustment;
use serde_json::Value;
use std::collections::BTreeMap;

fn load(
    name: &str,
    id: &str,
    time: &str,
    outcome: &str,
    first: &str,
    covariates: &[&str],
) -> Panel {
    let t = table(name);
    let (times, y, g) = (numbers(&t, time), numbers(&t, outcome), numbers(&t, first));
    let x: Vec<Vec<f64>> = covariates.iter().map(|c| numbers(&t, c)).collect();
    let mut periods = times.clone();
    periods.sort_by(f64::total_cmp);
    periods.dedup();
    let width = periods.len();
    let mut units: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (i, u) in t[id].iter().enumerate() {
        units.entry(u.parse().unwrap()).or_default().push(i);
    }
    let mut panel = Panel {
        times: periods.clone(),
        covariates: vec![vec![]; x.len()],
        ..Panel::default()
    };
    for rows in units.values() {
        assert_eq!(rows.len(), width);
        let mut rows = rows.clone();
        rows.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
        panel.first_treated.push(if g[rows[0]] == 0.0 {
            f64::INFINITY
        } else {
            g[rows[0]]
        });
        for &r in &rows {
            panel.outcome.push(y[r]);
            panel
                .covariates
                .iter_mut()
                .zip(&x)
                .for_each(|(p, c)| p.push(c[r]));
        }
    }
    panel
}

fn mpdta(covariates: &[&str]) -> Panel {
    load(
        "mpdta.csv",
        "countyreal",
        "year",
        "lemp",
        "first.treat",
        covariates,
    )
}

fn moments(panel: &Panel, shards: usize) -> PanelMoments {
    let width = panel.times.len();
    let mut parts: Vec<PanelMoments> = (0..shards)
        .map(|_| PanelMoments::new(panel.times.clone()))
        .collect();
    for (i, g) in panel.first_treated.iter().enumerate() {
        parts[i * 7 % shards].update(Some(*g), &panel.outcome[i * width..(i + 1) * width]);
    }
    let mut whole = parts.remove(0);
    for p in &parts {
        whole.merge(p).unwrap();
    }
    whole
}

fn check_cells(ours: &Effects, theirs: &Value, tolerance: f64) {
    let theirs = theirs.as_array().unwrap();
    assert_eq!(ours.cells.len(), theirs.len());
    for (c, t) in ours.cells.iter().zip(theirs) {
        assert_eq!((c.group, c.time), (f(&t["g"]), f(&t["t"])));
        assert!(
            (c.estimate.value - f(&t["att"])).abs() < tolerance,
            "att {} {}",
            c.group,
            c.time
        );
        match t["se"].as_f64() {
            Some(se) => close("se", c.estimate.standard_error.unwrap(), se, 1e-9),
            None => assert_eq!(c.estimate.standard_error, None),
        }
    }
}

fn check_summaries(ours: &Effects, theirs: &Value) {
    for (name, how) in [
        ("simple", Aggregation::Simple),
        ("dynamic", Aggregation::Dynamic),
        ("group", Aggregation::Group),
        ("calendar", Aggregation::Calendar),
    ] {
        let a = ours.aggregate(how).unwrap();
        close(name, a.overall.value, f(&theirs[name]["overall_att"]), 1e-9);
        close(
            name,
            a.overall.standard_error.unwrap(),
            f(&theirs[name]["overall_se"]),
            1e-9,
        );
        if let Some(table) = theirs[name]["table"].as_array() {
            assert_eq!(a.table.len(), table.len(), "{name}");
            for ((e, x), t) in a.table.iter().zip(table) {
                assert_eq!(*e, f(&t["e"]));
                assert!((x.value - f(&t["att"])).abs() < 1e-9, "{name} {e}");
                match t["se"].as_f64() {
                    Some(se) => close(name, x.standard_error.unwrap(), se, 1e-9),
                    None => assert_eq!(x.standard_error, None),
                }
            }
        }
    }
}

#[test]
fn minimum_wages_without_covariates() {
    let Some(a) = answers("did.json") else { return };
    let panel = mpdta(&[]);
    for (name, base) in [
        ("nocov_nevertreated_dr", BasePeriod::Varying),
        ("nocov_nevertreated_universal", BasePeriod::Universal),
    ] {
        for estimator in [
            Adjustment::DoublyRobust,
            Adjustment::Regression,
            Adjustment::Weighting,
        ] {
            let options = Options {
                estimator,
                base,
                ..Options::default()
            };
            let ours = estimate(&panel, &options).unwrap();
            let theirs = &a["mpdta_moderndid"][name];
            check_cells(&ours, &theirs["att_gt"], 1e-9);
            check_summaries(&ours, theirs);
            let sharded = moments(&panel, 3).finish(&options).unwrap();
            check_cells(&sharded, &theirs["att_gt"], 1e-9);
            check_summaries(&sharded, theirs);
            if base == BasePeriod::Varying {
                let wald = ours.pre_trend().unwrap();
                close("wald", wald.statistic, f(&theirs["wald_stat"]), 1e-9);
                assert!((wald.p_value - f(&theirs["wald_pvalue"])).abs() < 1e-5);
                assert_eq!(wald.df, 5);
            }
        }
    }
    check_cells(
        &estimate(&panel, &Options::default()).unwrap(),
        &a["mpdta_csdid_nocov"],
        1e-9,
    );
}

#[test]
fn minimum_wages_from_moments() {
    let Some(a) = answers("cs_from_moments.json") else {
        return;
    };
    let a = &a["mpdta"];
    let ours = moments(&mpdta(&[]), 3).finish(&Options::default()).unwrap();
    check_cells(&ours, &a["att_gt"], 1e-9);
    let simple = ours.aggregate(Aggregation::Simple).unwrap();
    close("simple", simple.overall.value, f(&a["simple"][0]), 1e-9);
    close(
        "simple se",
        simple.overall.standard_error.unwrap(),
        f(&a["simple"][1]),
        1e-9,
    );
    let wald = ours.pre_trend().unwrap();
    close("wald", wald.statistic, f(&a["wald"]), 1e-9);
    close("sup t", wald.sup_t, f(&a["sup_t_max_pre"]), 1e-9);
    assert!(wald.detectable_drift.unwrap() > 0.0);
    let critical = ours
        .sup_t_critical(crate::sup_t::draws(12), 20_261_121)
        .unwrap();
    assert!(
        (critical - f(&a["sup_t_critical_95_all_cells"])).abs() < 0.01,
        "{critical}"
    );
}

#[test]
fn minimum_wages_with_log_population() {
    // Published in the vignette of the R package `did` (doubly robust, never treated; four digits).
    if answers("did.json").is_none() {
        return;
    }
    let panel = mpdta(&["lpop"]);
    let ours = estimate(&panel, &Options::default()).unwrap();
    for (c, att) in ours.cells.iter().zip([
        -0.0145, -0.0764, -0.1404, -0.1069, -0.0005, -0.0062, 0.0010, -0.0413, 0.0267, -0.0046,
        -0.0284, -0.0288,
    ]) {
        assert!(
            (c.estimate.value - att).abs() < 1e-4,
            "{} {} {} {att}",
            c.group,
            c.time,
            c.estimate.value
        );
    }
    for estimator in [Adjustment::Regression, Adjustment::Weighting] {
        let other = estimate(
            &panel,
            &Options {
                estimator,
                ..Options::default()
            },
        )
        .unwrap();
        let gap = other.aggregate(Aggregation::Simple).unwrap().overall.value
            - ours.aggregate(Aggregation::Simple).unwrap().overall.value;
        assert!(gap.abs() < 0.005);
    }
}

#[test]
fn staggered_spending() {
    let Some(a) = answers("synthetic.json") else {
        return;
    };
    let a = &a["A_seed45"]["cs_nevertreated"];
    let panel = load(
        "synth_spend_panel.csv",
        "id",
        "month",
        "spend",
        "first_join",
        &[],
    );
    for ours in [
        estimate(&panel, &Options::default()).unwrap(),
        moments(&panel, 5).finish(&Options::default()).unwrap(),
    ] {
        check_cells(&ours, &a["att_gt"], 1e-9);
        let simple = ours.aggregate(Aggregation::Simple).unwrap().overall;
        close("simple", simple.value, f(&a["simple"][0]), 1e-9);
        close(
            "simple se",
            simple.standard_error.unwrap(),
            f(&a["simple"][1]),
            1e-9,
        );
        let dynamic = ours.aggregate(Aggregation::Dynamic).unwrap();
        close(
            "dynamic",
            dynamic.overall.value,
            f(&a["dynamic_overall"][0]),
            1e-9,
        );
        close(
            "dynamic se",
            dynamic.overall.standard_error.unwrap(),
            f(&a["dynamic_overall"][1]),
            1e-9,
        );
        for ((e, x), t) in dynamic.table.iter().zip(a["dynamic"].as_array().unwrap()) {
            assert_eq!(*e, f(&t["e"]));
            close("dynamic", x.standard_error.unwrap(), f(&t["se"]), 1e-9);
        }
        let group = ours.aggregate(Aggregation::Group).unwrap().overall;
        close("group", group.value, f(&a["group_overall"][0]), 1e-9);
        close(
            "group se",
            group.standard_error.unwrap(),
            f(&a["group_overall"][1]),
            1e-9,
        );
        let wald = ours.pre_trend().unwrap();
        close("wald", wald.statistic, f(&a["pretest"][0]), 1e-9);
        assert!((wald.p_value - f(&a["pretest"][1])).abs() < 1e-5);
    }
}

#[test]
fn rows_and_moments_agree_whatever_is_asked() {
    if answers("did.json").is_none() {
        return;
    }
    let panel = load(
        "synth_spend_panel.csv",
        "id",
        "month",
        "spend",
        "first_join",
        &[],
    );
    let joined: Vec<usize> = (0..panel.first_treated.len())
        .filter(|&i| panel.first_treated[i].is_finite())
        .collect();
    let width = panel.times.len();
    let only_joiners = Panel {
        times: panel.times.clone(),
        first_treated: joined.iter().map(|&i| panel.first_treated[i]).collect(),
        outcome: joined
            .iter()
            .flat_map(|&i| panel.outcome[i * width..(i + 1) * width].to_vec())
            .collect(),
        covariates: vec![],
    };
    for p in [&panel, &only_joiners] {
        for (anticipation, base) in [
            (0.0, BasePeriod::Varying),
            (1.0, BasePeriod::Varying),
            (2.0, BasePeriod::Universal),
        ] {
            let options = Options {
                control: Control::NotYet,
                anticipation,
                base,
                ..Options::default()
            };
            let (a, b) = (
                estimate(p, &options).unwrap(),
                moments(p, 4).finish(&options).unwrap(),
            );
            assert_eq!(a.cells.len(), b.cells.len());
            for (x, y) in a.cells.iter().zip(&b.cells) {
                assert!((x.estimate.value - y.estimate.value).abs() < 1e-9);
                assert_eq!(
                    x.estimate.standard_error.is_some(),
                    y.estimate.standard_error.is_some()
                );
                if let (Some(s), Some(t)) = (x.estimate.standard_error, y.estimate.standard_error) {
                    close("se", t, s, 1e-9);
                }
            }
            for how in [
                Aggregation::Simple,
                Aggregation::Dynamic,
                Aggregation::Group,
                Aggregation::Calendar,
            ] {
                let (s, t) = (a.aggregate(how).unwrap(), b.aggregate(how).unwrap());
                close(
                    "overall se",
                    t.overall.standard_error.unwrap(),
                    s.overall.standard_error.unwrap(),
                    1e-9,
                );
            }
        }
    }
}

#[test]
fn strata_are_saturated_covariates() {
    if answers("did.json").is_none() {
        return;
    }
    // Dummies of `tier` in the regression, the weights or both are the same as comparing within tiers.
    let plain = load(
        "synth_spend_panel.csv",
        "id",
        "month",
        "spend",
        "first_join",
        &["tier"],
    );
    let width = plain.times.len();
    let tiers: Vec<f64> = {
        let mut t = plain.covariates[0].clone();
        t.sort_by(f64::total_cmp);
        t.dedup();
        t
    };
    let mut panel = plain.clone();
    panel.covariates = tiers[1..]
        .iter()
        .map(|t| {
            plain.covariates[0]
                .iter()
                .map(|x| f64::from(u8::from(x == t)))
                .collect()
        })
        .collect();
    let mut cells = PanelMoments::new(panel.times.clone());
    for (i, g) in panel.first_treated.iter().enumerate() {
        let stratum = tiers
            .iter()
            .position(|t| *t == plain.covariates[0][i * width])
            .unwrap() as u32;
        cells.update_in(
            stratum,
            Some(*g),
            &panel.outcome[i * width..(i + 1) * width],
        );
    }
    let b = cells.finish(&Options::default()).unwrap();
    for estimator in [
        Adjustment::Regression,
        Adjustment::DoublyRobust,
        Adjustment::Weighting,
    ] {
        let a = estimate(
            &panel,
            &Options {
                estimator,
                ..Options::default()
            },
        )
        .unwrap();
        for (x, y) in a.cells.iter().zip(&b.cells) {
            assert!(
                (x.estimate.value - y.estimate.value).abs() < 1e-8,
                "{estimator:?}"
            );
            close(
                "se",
                y.estimate.standard_error.unwrap(),
                x.estimate.standard_error.unwrap(),
                1e-7,
            );
        }
        let (s, t) = (
            a.aggregate(Aggregation::Dynamic).unwrap(),
            b.aggregate(Aggregation::Dynamic).unwrap(),
        );
        close(
            "overall se",
            t.overall.standard_error.unwrap(),
            s.overall.standard_error.unwrap(),
            1e-7,
        );
    }
}
