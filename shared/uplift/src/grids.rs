//! Rows of the tables `tenure` and `cohorts`: the pay-off curve, ATT(g, t), and the member-months that euros are multiplied with.

use std::collections::BTreeSet;

use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use levier_stats::Estimate;

use crate::accumulator::Partial;
use crate::kpi::Kpi;
use crate::plan::{Plan, Slice};
use crate::rung::TOO_FEW;
use crate::staggered::Staggered;

fn own_row(plan: &Plan, slice: &Slice, kpi: &Kpi) -> Row {
    let mut row = Row::new(Status::Ok);
    row.as_of = Some(plan.as_of);
    row.community = Some(slice.community().to_owned());
    row.segment = Some(slice.segment().to_owned());
    row.kpi = Some(kpi.id.to_owned());
    row.unit = Some(kpi.unit(plan));
    row
}

fn fill(plan: &Plan, row: &mut Row, estimate: &Estimate, members: u64, blocked: Option<&str>) {
    if members < plan.min_cell {
        row.status = Status::Suppressed;
        row.reason = Some(TOO_FEW.to_owned());
    } else if let Some(why) = blocked {
        row.status = Status::CannotSay;
        row.n = Some(members);
        row.reason = Some(why.to_owned());
    } else {
        row.n = Some(members);
        (row.value, row.lower, row.upper) = (Some(estimate.value), estimate.lower, estimate.upper);
    }
}

/// How many members there were in each month by months since joining: what euros are multiplied with.
pub(crate) fn member_months(plan: &Plan, partial: &Partial) -> Vec<Row> {
    let rows = partial
        .member_months
        .iter()
        .map(|((month, event_time), n)| {
            let mut row = Row::new(Status::Ok);
            row.as_of = Some(plan.as_of);
            row.period = Some(Month::from_index(*month).to_string());
            row.community = Some("all".to_owned());
            row.segment = Some("all".to_owned());
            row.kpi = Some("member_months".to_owned());
            row.unit = Some("customers".to_owned());
            row = row
                .with("method", "count")
                .with("measure", "member_months")
                .with("event_time", *event_time);
            if *n < plan.min_cell {
                row.status = Status::Suppressed;
                row.reason = Some(TOO_FEW.to_owned());
            } else {
                row.n = Some(*n);
                row.value = Some(*n as f64);
            }
            row
        });
    rows.collect()
}

/// Effect by months since joining, the steps before it as placebo, and bands.
pub(crate) fn tenure_rows(
    plan: &Plan,
    slice: &Slice,
    kpi: &Kpi,
    found: &Staggered,
    blocked: Option<&str>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for point in &found.dynamic {
        let mut row = own_row(plan, slice, kpi)
            .with("method", "did")
            .with("measure", "effect")
            .with("event_time", point.event_time)
            .with("placebo", point.event_time < 0);
        row.period = Some("all".to_owned());
        // What was seen before joining is evidence, whatever it does to the verdict.
        fill(
            plan,
            &mut row,
            &point.estimate,
            point.members,
            blocked.filter(|_| point.event_time >= 0),
        );
        rows.push(row);
    }
    for (band, estimate, members) in &found.bands {
        let mut row = own_row(plan, slice, kpi)
            .with("method", "did")
            .with("measure", "band")
            .with("tenure_band", *band);
        row.period = Some("all".to_owned());
        fill(plan, &mut row, estimate, *members, blocked);
        rows.push(row);
    }
    rows
}

/// Cohorts that would name too few, and where only one would, the next smallest with it.
pub(crate) fn small_cohorts(plan: &Plan, found: &Staggered) -> BTreeSet<i32> {
    let small: Vec<i32> = found
        .cohorts
        .iter()
        .filter(|(_, n)| *n < plan.min_cell.max(5))
        .map(|(g, _)| *g)
        .collect();
    let mut hidden: BTreeSet<i32> = small.iter().copied().collect();
    if small.len() == 1 {
        let next = found
            .cohorts
            .iter()
            .filter(|(g, _)| !small.contains(g))
            .min_by_key(|(_, n)| *n);
        hidden.extend(next.map(|(g, _)| *g));
    }
    hidden
}

/// ATT(g, t): cohort of joining by calendar month; months before joining are placebos.
pub(crate) fn cohort_rows(
    plan: &Plan,
    slice: &Slice,
    kpi: &Kpi,
    found: &Staggered,
    blocked: Option<&str>,
) -> Vec<Row> {
    let size = |cohort: i32| {
        found
            .cohorts
            .iter()
            .find(|(g, _)| *g == cohort)
            .map_or(0, |(_, n)| *n)
    };
    let hidden = small_cohorts(plan, found);
    found
        .grid
        .iter()
        .map(|cell| {
            let after = cell.month >= cell.cohort;
            let mut row = own_row(plan, slice, kpi)
                .with("method", "did")
                .with("measure", if after { "att" } else { "att_placebo" })
                .with("cohort", Month::from_index(cell.cohort).to_string());
            row.period = Some(Month::from_index(cell.month).to_string());
            if hidden.contains(&cell.cohort) {
                row.status = Status::Suppressed;
                row.reason = Some(TOO_FEW.to_owned());
                return row;
            }
            row = row
                .with("age_months", cell.month - cell.cohort)
                .with("joiners", size(cell.cohort));
            row = row
                .with("controls", cell.controls)
                .with("pooled", cell.members < 20);
            fill(
                plan,
                &mut row,
                &cell.estimate,
                cell.members,
                blocked.filter(|_| after),
            );
            row
        })
        .collect()
}
