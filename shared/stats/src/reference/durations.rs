//! Fruit flies, heart transplants, and a simulated churn table.

use super::{answers, close, f, numbers, table};
use crate::cloglog::HazardCells;
use crate::cox::{CoxFit, Intervals, Ties, fit};
use crate::survival::{Curve, Lifetimes, log_rank};
use std::collections::BTreeMap;

fn flies(group: Option<&str>) -> Lifetimes {
    let t = table("waltons.csv");
    let (durations, events) = (numbers(&t, "T"), numbers(&t, "E"));
    let mut out = Lifetimes::default();
    for i in 0..durations.len() {
        if group.is_none_or(|g| t["group"][i] == g) {
            out.update(durations[i], events[i] == 1.0).unwrap();
        }
    }
    out
}

#[test]
fn kaplan_meier_and_restricted_means() {
    let Some(a) = answers("survival.json") else {
        return;
    };
    for (name, group) in [("all", None), ("control", Some("control"))] {
        let (curve, theirs): (Curve, _) = (flies(group).finish().unwrap(), &a["waltons_km"][name]);
        assert_eq!(curve.n as f64, f(&theirs["n"]));
        assert_eq!(curve.events as f64, f(&theirs["events"]));
        assert_eq!(curve.median().unwrap().value, f(&theirs["median"]));
        let rows: Vec<_> = theirs["table"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|r| f(&r["observed"]) > 0.0)
            .collect();
        let steps: Vec<_> = curve.steps.iter().filter(|s| s.events > 0).collect();
        assert_eq!(rows.len(), steps.len());
        for (s, r) in steps.iter().zip(rows) {
            assert_eq!((s.time, s.at_risk as f64), (f(&r["t"]), f(&r["at_risk"])));
            assert!((s.survival.value - f(&r["S"])).abs() < 1e-12);
            assert!((s.survival.lower.unwrap() - f(&r["lo_loglog"])).abs() < 1e-10);
            assert!((s.survival.upper.unwrap() - f(&r["hi_loglog"])).abs() < 1e-10);
            match r["se_greenwood"].as_f64() {
                Some(se) => assert!((s.survival.standard_error.unwrap() - se).abs() < 1e-12),
                None => assert_eq!(s.survival.standard_error, None),
            }
        }
        for h in [30.0, 50.0, 60.0] {
            let ours = curve.restricted_mean(h).unwrap();
            let theirs = &theirs[format!("rmst_{h}")];
            close("rmst", ours.value, f(&theirs["rmst"]), 1e-9);
            close(
                "rmst se",
                ours.standard_error.unwrap(),
                f(&theirs["se_greenwood_KleinMoeschberger"]),
                1e-9,
            );
        }
    }
    let (chi2, df, p) = log_rank(&[flies(Some("control")), flies(Some("miR-137"))]).unwrap();
    close("log-rank", chi2, f(&a["waltons_logrank"]["chi2"]), 1e-9);
    assert_eq!(df, 1);
    assert!((p / f(&a["waltons_logrank"]["p"]) - 1.0).abs() < 1e-9);
}

fn check(ours: &CoxFit, names: &[&str], theirs: &serde_json::Value) {
    for (c, n) in ours.coefficients.iter().zip(names) {
        let t = &theirs[n];
        assert!(
            (c.value - f(&t["coef"])).abs() < 1e-6,
            "{n}: {} {}",
            c.value,
            t["coef"]
        );
        close(n, c.standard_error.unwrap(), f(&t["se"]), 1e-6);
        assert!((c.lower.unwrap() - f(&t["lo"])).abs() < 1e-6);
    }
}

#[test]
fn heart_transplants_and_immortal_time() {
    let Some(a) = answers("survival.json") else {
        return;
    };
    let t = table("stanford_heart.csv");
    let c = |n: &str| numbers(&t, n);
    let (start, stop) = (c("start"), c("stop"));
    let event: Vec<bool> = c("event").iter().map(|e| *e == 1.0).collect();
    let x = ["age", "year", "surgery", "transplant"].map(c);
    let views: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
    let ours = fit(
        &Intervals {
            start: &start,
            stop: &stop,
            event: &event,
            covariates: views,
        },
        Ties::Efron,
    )
    .unwrap();
    check(
        &ours,
        &["age", "year", "surgery", "transplant"],
        &a["heart_tv_full"]["coef"],
    );
    close(
        "log-likelihood",
        ours.log_likelihood,
        f(&a["heart_tv_full"]["log_lik"]),
        1e-9,
    );
    assert_eq!(ours.events, 75);
    // The trap: whoever ever had a transplant counted as treated from the first day.
    let mut people: BTreeMap<&str, [f64; 6]> = BTreeMap::new();
    for i in 0..stop.len() {
        let p = people.entry(&t["id"][i]).or_insert([0.0; 6]);
        p[0] = p[0].max(stop[i]);
        p[1] = p[1].max(f64::from(u8::from(event[i])));
        p[2] = p[2].max(x[3][i]);
        (p[3], p[4], p[5]) = (x[0][i], x[1][i], x[2][i]);
    }
    let column = |j: usize| people.values().map(|p| p[j]).collect::<Vec<f64>>();
    let (ever, age, year, surgery) = (column(2), column(3), column(4), column(5));
    let event: Vec<bool> = column(1).iter().map(|e| *e == 1.0).collect();
    let zero = vec![0.0; event.len()];
    let naive = fit(
        &Intervals {
            start: &zero,
            stop: &column(0),
            event: &event,
            covariates: vec![&ever, &age, &year, &surgery],
        },
        Ties::Efron,
    )
    .unwrap();
    check(
        &naive,
        &["ever", "age", "year", "surgery"],
        &a["heart_naive_ever_full"]["coef"],
    );
    assert!(
        naive.coefficients[0].value < -1.5 && ours.coefficients[3].value.abs() < 0.05,
        "the trap is real"
    );
}

#[test]
fn churn_with_membership_that_begins_midway() {
    let Some(a) = answers("synthetic.json") else {
        return;
    };
    let t = table("synth_churn_tv.csv");
    let c = |n: &str| numbers(&t, n);
    let (start, stop, member, x) = (c("start"), c("stop"), c("member"), c("x"));
    let event: Vec<bool> = c("churn").iter().map(|e| *e == 1.0).collect();
    let data = |covariates| Intervals {
        start: &start,
        stop: &stop,
        event: &event,
        covariates,
    };
    let ours = fit(&data(vec![&member, &x]), Ties::Efron).unwrap();
    check(&ours, &["member", "x"], &a["B"]["tv_cox_adjusted"]);
    close(
        "log-likelihood",
        ours.log_likelihood,
        f(&a["B"]["tv_cox_log_lik"]),
        1e-9,
    );
    let raw = fit(&data(vec![&member]), Ties::Efron).unwrap();
    assert!((raw.coefficients[0].value - f(&a["B"]["tv_cox_unadjusted"]["coef"])).abs() < 1e-6);
    let mut ever: BTreeMap<&str, (f64, f64, bool, f64)> = BTreeMap::new();
    for i in 0..stop.len() {
        let p = ever.entry(&t["id"][i]).or_insert((0.0, 0.0, false, x[i]));
        p.0 = p.0.max(stop[i]);
        p.1 = p.1.max(member[i]);
        p.2 |= event[i];
    }
    let people: Vec<_> = ever.values().collect();
    let zero = vec![0.0; people.len()];
    let (stops, members, xs): (Vec<f64>, Vec<f64>, Vec<f64>) = (
        people.iter().map(|p| p.0).collect(),
        people.iter().map(|p| p.1).collect(),
        people.iter().map(|p| p.3).collect(),
    );
    let events: Vec<bool> = people.iter().map(|p| p.2).collect();
    let naive = fit(
        &Intervals {
            start: &zero,
            stop: &stops,
            event: &events,
            covariates: vec![&members, &xs],
        },
        Ties::Efron,
    )
    .unwrap();
    assert!(
        (naive.coefficients[0].value - f(&a["B"]["WRONG_ever_member_adjusted"]["coef"])).abs()
            < 1e-6
    );
}

#[test]
fn monthly_hazards_recover_the_hazard_ratio() {
    // Exact truth: hazards 0.05 and 0.05·0.6 on the continuous scale give the coefficient ln 0.6.
    let mut cells = HazardCells::default();
    let n = 4_000_000_u64;
    for (member, rate) in [(0.0, 0.05), (1.0, 0.03)] {
        let events = (n as f64 * (1.0 - f64::exp(-rate))).round() as u64;
        cells.update(&[member], n, events).unwrap();
    }
    let fit = cells.finish().unwrap();
    assert!((fit.coefficients[1].value - 0.6_f64.ln()).abs() < 1e-5);
    assert!((fit.survival(&[1.0], 12.0) - f64::exp(-0.36)).abs() < 1e-5);
    let s = fit
        .standardised_difference(&[1.0], 12, |_, _, m| vec![f64::from(u8::from(m))])
        .unwrap();
    assert!((s.difference.value - (f64::exp(-0.36) - f64::exp(-0.6))).abs() < 1e-5);
    assert!(s.months_gained.value > 0.0 && s.difference.standard_error.unwrap() > 0.0);
}
