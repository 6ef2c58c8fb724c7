//! From sufficient statistics to the rows of `uplift`, `tenure` and `cohorts`.

use levier_domain::table::{Row, Status, TableName};
use levier_stats::gates::Verdict;
use levier_stats::multiplicity::benjamini_hochberg;

use crate::accumulator::Partial;
use crate::complement;
use crate::episode::Episodes;
use crate::episode_report;
use crate::gate::Check;
use crate::grids::{cohort_rows, member_months, tenure_rows};
use crate::kpi::MONTHLY;
use crate::ladder::{by_dimension, ladder};
use crate::order_value::order_value;
use crate::plan::Plan;
use crate::retention_report;
use crate::rung::{Place, Rung};
use crate::series::Series;
use crate::value_report;
use crate::view::{View, small};
use std::collections::{BTreeMap, BTreeSet};

/// Rungs of one KPI in one slice.
struct Ladder {
    slice: usize,
    rungs: Vec<Rung>,
}

pub(crate) fn tables(
    plan: &Plan,
    partial: &Partial,
    episodes: &Episodes,
) -> Vec<(TableName, Vec<Row>)> {
    let views: Vec<View> = (0..plan.slices.len())
        .map(|at| View::new(plan, partial, at))
        .collect();
    let small = small(plan, &views);
    let everybody = views.first();
    let mut ladders = Vec::new();
    let (mut tenure, mut cohorts) = (Vec::new(), Vec::new());
    let mut realised = Vec::new();
    for kpi in &MONTHLY {
        for (view, slice) in views.iter().zip(&plan.slices) {
            let (mut rungs, compared) = ladder(plan, partial, kpi, view);
            if let Some(compared) = compared.filter(|_| view.at == 0) {
                // The curve is of the comparison over time, whichever rung is the headline.
                let blocked = rungs
                    .iter()
                    .rfind(|rung| rung.method.starts_with("did"))
                    .and_then(reason_of_block);
                tenure.extend(tenure_rows(plan, slice, kpi, &compared, blocked.as_deref()));
                cohorts.extend(cohort_rows(plan, slice, kpi, &compared, blocked.as_deref()));
                if let Some(did) = rungs.iter().find(|rung| rung.method == "did") {
                    let parts = by_dimension(plan, did, &compared);
                    if kpi.series == Series::Revenue {
                        realised = value_report::lifetime(plan, partial, Some((did, &compared)));
                    }
                    rungs.extend(parts);
                }
            }
            ladders.push(Ladder {
                slice: view.at,
                rungs,
            });
        }
    }
    if realised.is_empty() {
        realised = value_report::lifetime(plan, partial, None);
    }
    let arms = everybody.and_then(|view| view.arms.as_ref());
    let whole = [
        realised,
        vec![order_value(plan, arms)],
        vec![value_report::kept_revenue(partial)],
    ];
    let beyond = episode_report::ladders(plan, partial, episodes, arms);
    ladders.extend(
        whole
            .into_iter()
            .chain(beyond)
            .map(|rungs| Ladder { slice: 0, rungs }),
    );
    for view in &views {
        let (rungs, ratios) = retention_report::ladder(plan, view);
        if view.at == 0 {
            tenure.extend(ratios);
        }
        ladders.push(Ladder {
            slice: view.at,
            rungs,
        });
    }
    tenure.extend(member_months(plan, partial));
    correct_for_many(&mut ladders);
    let hidden = subtractable(plan, &ladders, &small);
    let uplift = ladders
        .iter()
        .flat_map(|ladder| {
            let (small, hidden) = (&small, &hidden);
            ladder.rungs.iter().map(move |rung| {
                let hide =
                    small.contains(&ladder.slice) || hidden.contains(&(rung.place(), ladder.slice));
                rung.row(plan, &plan.slices[ladder.slice], hide)
            })
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

/// Rungs of slices that, taken from the rung of everybody, would leave fewer than `min_cell` on a side.
fn subtractable(
    plan: &Plan,
    ladders: &[Ladder],
    small: &BTreeSet<usize>,
) -> BTreeSet<(Place, usize)> {
    let mut sizes: BTreeMap<Place, BTreeMap<usize, [u64; 2]>> = BTreeMap::new();
    for ladder in ladders
        .iter()
        .filter(|ladder| !small.contains(&ladder.slice))
    {
        for rung in ladder.rungs.iter().filter(|rung| rung.is_counted(plan)) {
            sizes
                .entry(rung.place())
                .or_default()
                .insert(ladder.slice, [rung.members, rung.non_members]);
        }
    }
    let mut hidden = BTreeSet::new();
    for (place, mut sizes) in sizes {
        let Some([members, others]) = sizes.remove(&0) else {
            continue;
        };
        for kind in 1..=3 {
            let parts: BTreeMap<usize, [u64; 2]> = sizes
                .iter()
                .filter(|(at, _)| plan.slices[**at].kind() == kind)
                .map(|(at, sizes)| (*at, *sizes))
                .collect();
            let found = if kind == 1 || parts.len() == 1 {
                complement::hidden([members, others], &parts, plan.min_cell)
            } else {
                // Whoever never joined stands against every community and platform: others are no parts of a whole.
                let parts = parts.iter().map(|(at, sizes)| (*at, [sizes[0]])).collect();
                complement::hidden([members], &parts, plan.min_cell)
            };
            hidden.extend(found.into_iter().map(|at| (place.clone(), at)));
        }
    }
    hidden
}

/// One primary question is answered uncorrected; every other figure that could be called established shares a false discovery rate
/// of 5 %: other headlines, cross-checks, effects by months since joining and by month of joining.
fn correct_for_many(ladders: &mut [Ladder]) {
    let mut places = Vec::new();
    let mut p_values = Vec::new();
    for (at, ladder) in ladders.iter().enumerate() {
        for (rung_at, rung) in ladder.rungs.iter().enumerate() {
            let primary = rung.kpi == MONTHLY[0].id && ladder.slice == 0 && rung.headline;
            if !primary && rung.grade != "D" && rung.stands() {
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
