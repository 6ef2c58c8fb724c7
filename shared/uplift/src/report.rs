//! From sufficient statistics to the rows of `uplift`, `tenure` and `cohorts`.

use std::collections::BTreeSet;

use levier_domain::table::{Row, Status, TableName};
use levier_stats::did::shards::PanelMoments;
use levier_stats::difference::Contrast;
use levier_stats::gates::{self, Verdict};
use levier_stats::multiplicity::benjamini_hochberg;
use levier_stats::{Estimate, StatsError};
use serde_json::json;

use crate::accumulator::Partial;
use crate::adjusted;
use crate::counts::LEFT_OUT;
use crate::experiment::experiment;
use crate::gate::{self, Check};
use crate::grids::{cohort_rows, member_months, tenure_rows};
use crate::kpi::{BEYOND_FACTS, Kpi, MONTHLY};
use crate::order_value::order_value;
use crate::plan::{Plan, Slice};
use crate::retention_report;
use crate::rung::Rung;
use crate::series::Series;
use crate::staggered::{Staggered, staggered};
use crate::suspicion;

/// Rungs of one KPI in one slice.
struct Ladder {
    slice: usize,
    rungs: Vec<Rung>,
}

pub(crate) fn tables(plan: &Plan, partial: &Partial) -> Vec<(TableName, Vec<Row>)> {
    let hidden = hidden_slices(plan, partial);
    let mut ladders = Vec::new();
    let (mut tenure, mut cohorts) = (Vec::new(), Vec::new());
    for kpi in &MONTHLY {
        for (at, slice) in plan.slices.iter().enumerate() {
            if at > 0 && kpi.series != Series::Revenue {
                continue;
            }
            let (rungs, compared) = ladder(plan, partial, kpi, at);
            let hide = hidden.contains(&at);
            if let Some(compared) = compared.filter(|_| at == 0 && !hide) {
                let blocked = rungs
                    .iter()
                    .find(|rung| rung.headline)
                    .and_then(reason_of_block);
                tenure.extend(tenure_rows(plan, slice, kpi, &compared, blocked.as_deref()));
                cohorts.extend(cohort_rows(plan, slice, kpi, &compared, blocked.as_deref()));
            }
            ladders.push(Ladder { slice: at, rungs });
        }
    }
    ladders.push(Ladder {
        slice: 0,
        rungs: vec![order_value(plan, partial)],
    });
    let (rungs, ratios) = retention_report::ladder(plan, partial);
    tenure.extend(ratios);
    tenure.extend(member_months(plan, partial));
    ladders.push(Ladder { slice: 0, rungs });
    for (kpi, needs, unit) in BEYOND_FACTS {
        let mut rung = absent(
            kpi,
            &unit.replace("{currency}", &plan.currency),
            format!("needs: {needs}"),
        );
        rung.method = "naive";
        ladders.push(Ladder {
            slice: 0,
            rungs: vec![rung],
        });
    }
    correct_for_many(&mut ladders);
    let uplift = ladders
        .iter()
        .flat_map(|ladder| {
            let hide = hidden.contains(&ladder.slice);
            ladder
                .rungs
                .iter()
                .map(move |rung| rung.row(plan, &plan.slices[ladder.slice], hide))
        })
        .collect();
    vec![
        (TableName::Uplift, uplift),
        (TableName::Tenure, tenure),
        (TableName::Cohorts, cohorts),
    ]
}

pub(crate) fn absent(kpi: &str, unit: &str, why: String) -> Rung {
    Rung {
        kpi: kpi.to_owned(),
        unit: unit.to_owned(),
        method: "did",
        grade: "none",
        failure: Some((Status::Missing, why)),
        headline: true,
        ..Rung::default()
    }
}

/// Slices that would name too few, and where only one of a kind would, the next smallest with it: no subtraction finds it.
fn hidden_slices(plan: &Plan, partial: &Partial) -> BTreeSet<usize> {
    let smallest = |at: usize| {
        let arms = u16::try_from(at).ok().and_then(|at| partial.arms.get(&at));
        arms.map_or(0, |arms| arms.members.min(arms.non_members))
    };
    let mut hidden = BTreeSet::new();
    for kind in [true, false] {
        let of_kind: Vec<usize> = (0..plan.slices.len())
            .filter(|&at| {
                matches!(
                    (&plan.slices[at], kind),
                    (Slice::Segment(_), true) | (Slice::Community(_), false)
                )
            })
            .collect();
        let small: Vec<usize> = of_kind
            .iter()
            .copied()
            .filter(|&at| smallest(at) < plan.min_cell)
            .collect();
        if small.len() == 1
            && let Some(next) = of_kind
                .iter()
                .copied()
                .filter(|at| !small.contains(at))
                .min_by_key(|&at| smallest(at))
        {
            hidden.insert(next);
        }
        hidden.extend(small);
    }
    hidden
}

fn ladder(plan: &Plan, partial: &Partial, kpi: &Kpi, at: usize) -> (Vec<Rung>, Option<Staggered>) {
    let unit = kpi.unit(plan);
    let slice = u16::try_from(at).unwrap_or(u16::MAX);
    let Some(arms) = partial.arms.get(&slice) else {
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
        rung.failure = Some((Status::CannotSay, error.to_string()));
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

    let panels = panels(partial, slice, kpi.series);
    if at == 0 {
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
                let balance = found
                    .balance
                    .map_or_else(|| gates::unknown(gates::Gate::Balance, 0.1), gates::balance);
                rung.checks.push(Check::new(
                    "balance",
                    &balance,
                    "< 0.10 standard deviations",
                ));
                rung.checks.push(Check::new(
                    "overlap",
                    &gates::overlap(found.off_support),
                    "< 0.05 of members without like",
                ));
                let effective = gates::effective_controls(found.effective_controls, found.members);
                rung.checks.push(Check::new(
                    "effective_controls",
                    &effective,
                    ">= the number of members",
                ));
                rung.checks.push(Check::new(
                    "largest_weight",
                    &gates::largest_weight(found.largest_weight),
                    "< 0.05",
                ));
            }
            Err(error) => failed(&mut rung, &error),
        }
        rung.non_member_level = raw_level;
        rungs.push(rung);
    }
    let mut rung = Rung {
        method: "regression",
        grade: "C",
        ..base()
    };
    match adjusted::regression(&panels, plan.last) {
        Ok((contrast, members, controls)) => {
            fill(&mut rung, &contrast);
            (rung.members, rung.non_members) = (members, controls);
            rung.counterfactual = Some(contrast.control);
            rung.checks = sized(members, controls);
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
            let losses = partial.retention.events()[1];
            rung.checks.extend(suspicion::survivors(
                partial.retention.expected_losses(),
                losses,
            ));
            let opening = panels
                .first()
                .filter(|panel| panel.times().first() == Some(&f64::from(plan.first)));
            let error = found.simple.standard_error;
            rung.checks
                .extend(opening.and_then(|panel| suspicion::trend_by_level(panel, error)));
            if kpi.series == Series::Revenue && at == 0 {
                let capped = self::panels(partial, slice, Series::Capped);
                rung.winsorised = staggered(&capped, plan.anticipation)
                    .ok()
                    .map(|found| found.simple);
            }
            Some(found)
        }
        Err(error) => {
            rung.failure = Some((Status::CannotSay, error.to_string()));
            rung.checks = sized(arms.members, arms.non_members);
            None
        }
    };
    rungs.push(rung);
    if let Some(found) = &compared {
        rungs.extend(without_join_month(&rungs, found));
    }
    if at == 0 {
        rungs.extend(experiment(plan, partial, kpi));
    }
    choose(plan, kpi.id, &mut rungs);
    (rungs, compared)
}

fn panels(partial: &Partial, slice: u16, series: Series) -> Vec<&PanelMoments> {
    partial
        .panels
        .range((slice, series, i32::MIN)..=(slice, series, i32::MAX))
        .map(|(_, panel)| panel)
        .collect()
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
        None => rung.checks.push(Check {
            gate: "history",
            verdict: Verdict::Block,
            measured: Some(found.before.len() as f64),
            needed: ">= 2 months before joining".to_owned(),
            suffices: None,
        }),
    }
    if let Some(placebo) = &found.placebo {
        rung.checks.push(Check::new(
            "placebo",
            &gates::placebo(placebo),
            "interval holds 0",
        ));
    }
    rung.checks.extend(gate::join_month(found.spike.as_ref()));
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
    let place = |method: &str| rungs.iter().position(|rung| rung.method == method);
    let mut chosen = place(wanted).or_else(|| place("did"));
    if chosen.is_some_and(|at| rungs[at].method == "did") {
        chosen = place("did_after_join_month").or(chosen);
    }
    let Some(at) = chosen else { return };
    let estimates = |raw: bool| -> Vec<Estimate> {
        let known = rungs
            .iter()
            .filter(|rung| rung.failure.is_none() && (rung.grade == "D") == raw);
        known.filter_map(|rung| rung.estimate).collect()
    };
    let agreement = gate::agreement(&estimates(false), estimates(true).first());
    rungs[at].headline = true;
    if rungs[at].failure.is_none() {
        rungs[at].checks.push(agreement);
    }
}

fn reason_of_block(rung: &Rung) -> Option<String> {
    if rung.stands() {
        return None;
    }
    let gates: Vec<String> = rung
        .checks
        .iter()
        .filter(|check| check.verdict == Verdict::Block)
        .map(Check::sentence)
        .collect();
    Some(gates.join("; "))
}

/// One primary question is answered uncorrected; all other headlines share a false discovery rate of 5 %.
fn correct_for_many(ladders: &mut [Ladder]) {
    let mut places = Vec::new();
    let mut p_values = Vec::new();
    for (at, ladder) in ladders.iter().enumerate() {
        for (rung_at, rung) in ladder.rungs.iter().enumerate() {
            let primary = rung.kpi == MONTHLY[0].id && ladder.slice == 0;
            if rung.headline && !primary && rung.grade != "D" && rung.stands() {
                places.push((at, rung_at));
                p_values.push(rung.estimate.and_then(|estimate| estimate.p_value));
            }
        }
    }
    if let Ok(adjusted) = benjamini_hochberg(&p_values) {
        for ((at, rung_at), q) in places.into_iter().zip(adjusted) {
            ladders[at].rungs[rung_at].q_value = q;
        }
    }
}
