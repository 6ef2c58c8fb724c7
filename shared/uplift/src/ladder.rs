//! The ladder of a monthly KPI: raw, like with like, over time, randomised, side by side.

use levier_domain::table::Status;
use levier_domain::time::Month;
use levier_stats::difference::Contrast;
use levier_stats::gates::{self, Verdict};
use levier_stats::{Estimate, StatsError};
use serde_json::json;

use crate::accumulator::Partial;
use crate::adjusted;
use crate::counts::LEFT_OUT;
use crate::experiment::experiment;
use crate::gate::{self, Check};
use crate::grids::small_cohorts;
use crate::kpi::Kpi;
use crate::plan::Plan;
use crate::profile::FOLLOW;
use crate::report::absent;
use crate::rung::Rung;
use crate::series::Series;
use crate::staggered::{Staggered, staggered};
use crate::suspicion;
use crate::view::View;

/// Findings of the comparison over time that speak against regression on the level before joining.
const AGAINST_LEVELS: [&str; 4] = ["survivors", "pre_trend", "trend_before", "placebo"];

/// The rungs of a monthly KPI in one slice, and the comparison over time behind them.
pub(crate) fn ladder(
    plan: &Plan,
    partial: &Partial,
    kpi: &Kpi,
    view: &View,
) -> (Vec<Rung>, Option<Staggered>) {
    let unit = kpi.unit(plan);
    let Some(arms) = &view.arms else {
        return (
            vec![absent(
                kpi.id,
                &unit,
                "needs: customers with orders or subscriptions".to_owned(),
            )],
            None,
        );
    };
    if arms.total(kpi.series.column()) == 0.0 {
        return (
            vec![absent(kpi.id, &unit, format!("needs: {}", kpi.needs))],
            None,
        );
    }
    let base = || Rung {
        kpi: kpi.id.to_owned(),
        unit: unit.clone(),
        ..Rung::default()
    };
    let events = Some([arms.events_members, arms.events_non_members]);
    let sized = |members: u64, others: u64| {
        let mut checks = vec![Check::new(
            "size",
            &gates::size(members, others),
            ">= 100 on either side",
        )];
        if matches!(kpi.series, Series::Revenue | Series::Orders) {
            let found = gates::events(arms.events_members, arms.events_non_members);
            checks.push(Check::new(
                "events",
                &found,
                ">= 20 months with purchases on either side",
            ));
        }
        checks
    };
    let fill = |rung: &mut Rung, contrast: &Contrast| {
        rung.estimate = Some(contrast.difference);
        rung.relative = contrast.relative;
        rung.member_level = Some(contrast.treated);
        rung.events = events;
    };
    let failed = |rung: &mut Rung, error: &StatsError| {
        rung.failure = Some((Status::CannotSay, crate::gate::failure(error)));
    };

    let mut naive = Rung {
        method: "naive",
        grade: "D",
        members: arms.members,
        non_members: arms.non_members,
        ..base()
    };
    match arms.finish(kpi.series.column()) {
        Ok(contrast) => {
            fill(&mut naive, &contrast);
            naive.non_member_level = Some(contrast.control);
            naive.extra.push(("customers", json!(arms.customers())));
            naive
                .extra
                .push(("member_months", json!(arms.member_months())));
        }
        Err(error) => failed(&mut naive, &error),
    }
    let raw_level = naive.non_member_level;
    let mut rungs = vec![naive];

    let panels = view.panels(kpi.series);
    if view.at == 0 {
        let mut rung = Rung {
            method: "stratified",
            grade: "C",
            ..base()
        };
        match partial.strata.finish(kpi.series) {
            Ok(found) => {
                fill(&mut rung, &found.contrast);
                (rung.members, rung.non_members) = (found.members, found.controls);
                rung.counterfactual = Some(found.contrast.control);
                rung.checks = sized(found.members, found.controls);
                rung.checks.extend(like_with_like(
                    found.balance,
                    found.off_support,
                    found.effective_controls,
                    found.members,
                    found.largest_weight,
                ));
            }
            Err(error) => failed(&mut rung, &error),
        }
        rung.non_member_level = raw_level;
        rungs.push(rung);
        let mut rung = Rung {
            method: "aipw",
            grade: "C",
            non_member_level: raw_level,
            ..base()
        };
        match partial.profiles.finish(kpi.series) {
            Ok(adjusted) => {
                let found = &adjusted.found;
                fill(&mut rung, &found.contrast);
                (rung.members, rung.non_members) = (found.treated, found.controls);
                rung.counterfactual = Some(found.contrast.control);
                rung.checks = sized(found.treated, found.controls);
                rung.checks.extend(like_with_like(
                    adjusted.balance,
                    adjusted.off_support,
                    found.effective_controls,
                    found.treated,
                    found.largest_weight,
                ));
                rung.extra.push(("covariates", json!(adjusted.covariates)));
                rung.extra.push(("horizon_months", json!(FOLLOW)));
            }
            Err(error) => failed(&mut rung, &error),
        }
        rungs.push(rung);
    }
    let mut rung = Rung {
        method: "regression",
        grade: "C",
        ..base()
    };
    match adjusted::regression(&panels, plan.last) {
        Ok(found) => {
            fill(&mut rung, &found.contrast);
            (rung.members, rung.non_members) = (found.members, found.controls);
            rung.counterfactual = Some(found.contrast.control);
            rung.checks = sized(found.members, found.controls);
            // A line is not carried on to where there is nobody: the level before joining is compared as it was.
            let balance = found
                .balance
                .map_or_else(|| gates::unknown(gates::Gate::Balance, 0.1), gates::balance);
            rung.checks.push(Check::new(
                "balance",
                &balance,
                "< 0.10 standard deviations",
            ));
        }
        Err(error) => failed(&mut rung, &error),
    }
    rung.non_member_level = raw_level;
    rungs.push(rung);

    let compared = staggered(&panels, plan.anticipation);
    let mut rung = Rung {
        method: "did",
        grade: "B",
        non_member_level: raw_level,
        ..base()
    };
    let compared = match compared {
        Ok(found) => {
            difference_in_differences(
                plan,
                partial,
                &found,
                &mut rung,
                sized(found.members, found.controls),
            );
            rung.events = events;
            let losses = view.retention.events()[1];
            rung.checks.extend(suspicion::survivors(
                view.retention.expected_losses(),
                losses,
            ));
            let opening = view.opening(plan, kpi.series);
            let error = found.simple.standard_error;
            rung.checks
                .extend(opening.and_then(|panel| suspicion::trend_by_level(panel, error)));
            if kpi.series == Series::Revenue && view.at == 0 {
                let capped = view.panels(Series::Capped);
                rung.winsorised = staggered(&capped, plan.anticipation)
                    .ok()
                    .map(|found| found.simple);
            }
            Some(found)
        }
        Err(error) => {
            rung.failure = Some((Status::CannotSay, crate::gate::failure(&error)));
            rung.checks = sized(arms.members, arms.non_members);
            None
        }
    };
    // What the comparison over time finds of those who join speaks against comparing levels as well.
    let against: Vec<Check> = rung
        .checks
        .iter()
        .filter(|check| AGAINST_LEVELS.contains(&check.gate) && check.verdict == Verdict::Block)
        .cloned()
        .collect();
    for adjusted in rungs.iter_mut().filter(|rung| rung.grade == "C") {
        let of_survivors = against.iter().filter(|check| check.gate == "survivors");
        match adjusted.method {
            "regression" => adjusted.checks.extend(against.iter().cloned()),
            _ => adjusted.checks.extend(of_survivors.cloned()),
        }
    }
    rungs.push(rung);
    if let Some(found) = &compared {
        rungs.extend(without_join_month(&rungs, found));
    }
    if view.at == 0 {
        rungs.extend(experiment(plan, partial, kpi));
    }
    choose(plan, kpi.id, &mut rungs);
    (rungs, compared)
}

/// The gates of an adjusted comparison.
fn like_with_like(
    balance: Option<f64>,
    off_support: f64,
    effective: f64,
    members: u64,
    largest: f64,
) -> Vec<Check> {
    let balance = balance.map_or_else(|| gates::unknown(gates::Gate::Balance, 0.1), gates::balance);
    vec![
        Check::new("balance", &balance, "< 0.10 standard deviations"),
        Check::new(
            "overlap",
            &gates::overlap(off_support),
            "< 0.05 of members without like",
        ),
        Check::new(
            "effective_controls",
            &gates::effective_controls(effective, members),
            ">= the number of members",
        ),
        Check::new("largest_weight", &gates::largest_weight(largest), "< 0.05"),
    ]
}

/// The effect by months since joining and by month of joining, each under the gates of the whole.
pub(crate) fn by_dimension(plan: &Plan, did: &Rung, found: &Staggered) -> Vec<Rung> {
    let part = |estimate: &Estimate, members: u64| {
        let own = ["size", "events", "cohort_cell", "skew"];
        let mut checks: Vec<Check> = did
            .checks
            .iter()
            .filter(|check| !own.contains(&check.gate))
            .cloned()
            .collect();
        checks.push(Check::new(
            "size",
            &gates::size(members, did.non_members),
            ">= 100 on either side",
        ));
        Rung {
            kpi: did.kpi.clone(),
            unit: did.unit.clone(),
            method: did.method,
            grade: did.grade,
            estimate: Some(*estimate),
            members,
            non_members: did.non_members,
            checks,
            failure: did.failure.clone(),
            ..Rung::default()
        }
    };
    let bands = found.bands.iter().map(|(band, estimate, members)| Rung {
        tenure_band: Some((*band).to_owned()),
        ..part(estimate, *members)
    });
    let small = small_cohorts(plan, found);
    let cohorts = found
        .by_cohort
        .iter()
        .filter(|(cohort, _, _)| !small.contains(cohort))
        .map(|(cohort, estimate, members)| Rung {
            cohort: Some(Month::from_index(*cohort).to_string()),
            ..part(estimate, *members)
        });
    bands.chain(cohorts).collect()
}

fn difference_in_differences(
    plan: &Plan,
    partial: &Partial,
    found: &Staggered,
    rung: &mut Rung,
    checks: Vec<Check>,
) {
    rung.estimate = Some(found.simple);
    (rung.members, rung.non_members) = (found.members, found.controls);
    rung.member_level = Some(found.member_level);
    let otherwise = found.member_level - found.simple.value;
    rung.counterfactual = Some(otherwise);
    rung.relative = Rung::relative_to(&found.simple, otherwise);
    rung.placebo = found.placebo;
    rung.breakdown = found.breakdown;
    rung.checks = checks;
    let smallest = found.cohorts.iter().map(|(_, n)| *n).min().unwrap_or(0);
    let mut cell = Check::new(
        "cohort_cell",
        &gates::cell(smallest),
        ">= 20 joiners in each month, else pooled",
    );
    // Small cohorts are pooled into the overall effect: only their own cells are hidden.
    cell.verdict = cell.verdict.min(Verdict::Warn);
    rung.checks.push(cell);
    match found.critical.filter(|_| !found.before.is_empty()) {
        Some(critical) => {
            let trend = gates::pre_trend(&found.before, critical);
            rung.checks.push(Check::new(
                "pre_trend",
                &trend,
                "no month before joining outside the band",
            ));
            rung.checks.push(gate::drift(found.drift.as_ref()));
        }
        // Nothing varies before joining: the same in every month, or not for all.
        None if found.steps > 0 => rung.checks.push(Check {
            gate: "pre_trend",
            verdict: if found.moved == 0 {
                Verdict::Pass
            } else {
                Verdict::Block
            },
            measured: Some(found.moved as f64),
            needed: "no month before joining outside the band".to_owned(),
        }),
        None => rung.checks.push(Check {
            gate: "history",
            verdict: Verdict::Block,
            measured: Some(0.0),
            needed: ">= 2 months before joining".to_owned(),
        }),
    }
    if let Some(placebo) = &found.placebo {
        rung.checks.push(Check::new(
            "placebo",
            &gates::placebo(placebo),
            "interval holds 0",
        ));
    }
    rung.checks
        .extend(gate::join_month(found.spike.as_ref(), found.after_spike));
    if let Some(skewness) = partial.skew.finish() {
        let needed = format!(
            ">= {:.0} customers (355 x skewness squared)",
            355.0 * skewness * skewness
        );
        rung.checks.push(Check::new(
            "skew",
            &gates::skew(found.members + found.controls, skewness),
            needed,
        ));
    }
    let deviation = found
        .simple
        .standard_error
        .map(|s| s * (found.members as f64).sqrt());
    rung.e_value = Rung::e_value_of(&found.simple, deviation);
    rung.extra
        .push(("member_months", json!(found.member_months)));
    rung.extra
        .push(("control", json!("not yet joined and never joined")));
    rung.extra
        .push(("anticipation_months", json!(plan.anticipation)));
    if let Some(drift) = &found.drift {
        rung.extra.push((
            "detectable_drift",
            json!(drift.standard_error.map(|s| 2.8 * s)),
        ));
    }
    let left: serde_json::Map<String, serde_json::Value> = LEFT_OUT
        .iter()
        .map(|name| ((*name).to_owned(), partial.counts.get(name)))
        .chain([("small_wave_of_entry".to_owned(), found.left_in_waves)])
        .filter(|(_, n)| *n >= plan.min_cell)
        .map(|(name, n)| (name, json!(n)))
        .collect();
    rung.extra.push(("left_out", left.into()));
}

/// Where a purchase triggers the join, the month of joining holds it by construction: the rule, settled beforehand, is to count
/// that month as nothing gained.
fn without_join_month(rungs: &[Rung], found: &Staggered) -> Option<Rung> {
    let did = rungs.iter().find(|rung| rung.method == "did")?;
    let blocked = |check: &&Check| check.verdict == Verdict::Block;
    if !did
        .checks
        .iter()
        .filter(blocked)
        .any(|check| check.gate == "join_month")
    {
        return None;
    }
    let mut rung = did.clone();
    rung.method = "did_after_join_month";
    rung.checks.retain(|check| check.gate != "join_month");
    rung.estimate = Some(found.after_join_month);
    let otherwise = found.member_level - found.after_join_month.value;
    rung.counterfactual = Some(otherwise);
    rung.relative = Rung::relative_to(&found.after_join_month, otherwise);
    rung.winsorised = None;
    rung.note = Some(
        "a purchase seems to trigger the join: the month of joining counts as nothing gained"
            .to_owned(),
    );
    Some(rung)
}

/// Marks the headline and checks that the rungs agree.
fn choose(plan: &Plan, kpi: &str, rungs: &mut [Rung]) {
    let wanted = plan.headline.get(kpi).map_or("did", String::as_str);
    let methods: Vec<&str> = rungs.iter().map(|rung| rung.method).collect();
    let place = |method: &str| methods.iter().position(|held| *held == method);
    let mut chosen = place(wanted).or_else(|| place("did"));
    if chosen.is_some_and(|at| rungs[at].method == "did") {
        chosen = place("did_after_join_month").or(chosen);
    }
    let Some(at) = chosen else { return };
    // Of rungs below the headline only those speak that pass their own gates.
    let adjusted: Vec<Estimate> = rungs
        .iter()
        .enumerate()
        .filter(|(other, rung)| {
            rung.grade != "D" && rung.failure.is_none() && (*other == at || rung.stands())
        })
        .filter_map(|(_, rung)| rung.estimate)
        .collect();
    let raw = rungs
        .iter()
        .find(|rung| rung.grade == "D" && rung.failure.is_none())
        .and_then(|rung| rung.estimate);
    let agreement = gate::agreement(&adjusted, raw.as_ref());
    rungs[at].headline = true;
    if rungs[at].failure.is_none() {
        rungs[at].checks.push(agreement);
    }
    // Where nothing else was asked for, what was drawn at random stands in for a comparison that a gate blocks.
    let drawn = place("cace").filter(|cace| rungs[*cace].stands());
    if let Some(drawn) = drawn.filter(|_| !plan.headline.contains_key(kpi) && !rungs[at].stands()) {
        rungs[at].headline = false;
        rungs[drawn].headline = true;
    }
}
