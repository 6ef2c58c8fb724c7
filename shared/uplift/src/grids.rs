//! Rows of the tables `tenure` and `cohorts`: the pay-off curve, ATT(g, t), and the member-months that euros are multiplied with.

use std::collections::{BTreeMap, BTreeSet};

use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use levier_stats::Estimate;

use crate::accumulator::Partial;
use crate::complement;
use crate::kpi::Kpi;
use crate::plan::{Plan, Slice};
use crate::rung::TOO_FEW;
use crate::staggered::{BANDS, Staggered};

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

/// How many members there were, by month, and by month and months since joining: what euros are multiplied with. The total is told
/// beside, so that a return loses nobody who is withheld.
///
/// Members of a month less those of an earlier one are those who joined in between, so that a month is told only where they are
/// nobody or `min_cell`, and of the months of joining in between only those that leave nobody or as many.
pub(crate) fn member_months(plan: &Plan, partial: &Partial) -> Vec<Row> {
    let mut totals: BTreeMap<i32, u64> = BTreeMap::new();
    let mut joiners: BTreeMap<i32, u64> = BTreeMap::new();
    for ((month, event_time), n) in &partial.member_months {
        *totals.entry(*month).or_default() += n;
        if *month == plan.last {
            joiners.insert(month - event_time, *n);
        }
    }
    let told = told_months(plan, &totals);
    let mut hidden: BTreeSet<i32> = BTreeSet::new();
    let mut after = i32::MIN;
    for until in told.iter().copied().chain([i32::MAX]) {
        let between: BTreeMap<i32, [u64; 1]> = joiners
            .iter()
            .filter(|(joined, _)| **joined > after && **joined <= until)
            .map(|(joined, n)| (*joined, [*n]))
            .collect();
        let whole = between.values().map(|[n]| n).sum();
        let shown: BTreeMap<i32, [u64; 1]> = between
            .iter()
            .filter(|(_, [n])| *n >= plan.min_cell && until < i32::MAX)
            .map(|(joined, n)| (*joined, *n))
            .collect();
        hidden.extend(between.keys().filter(|joined| !shown.contains_key(*joined)));
        hidden.extend(complement::hidden([whole], &shown, plan.min_cell));
        after = until;
    }
    let row = |period: String, n: u64, told: bool| {
        let mut row = Row::new(Status::Ok);
        row.as_of = Some(plan.as_of);
        row.period = Some(period);
        row.community = Some("all".to_owned());
        row.segment = Some("all".to_owned());
        row.kpi = Some("member_months".to_owned());
        row.unit = Some("customers".to_owned());
        if told {
            row.n = Some(n);
            row.value = Some(n as f64);
        } else {
            row.status = Status::Suppressed;
            row.reason = Some(TOO_FEW.to_owned());
        }
        row.with("method", "count").with("measure", "member_months")
    };
    let name = |month: i32| Month::from_index(month).to_string();
    let members: u64 = joiners.values().sum();
    let enough = members == 0 || members >= plan.min_cell;
    let mut rows = vec![row("all".to_owned(), totals.values().sum(), enough)];
    rows.extend(
        totals
            .iter()
            .map(|(month, n)| row(name(*month), *n, told.contains(month))),
    );
    rows.extend(
        partial
            .member_months
            .iter()
            .map(|((month, event_time), n)| {
                let told = !hidden.contains(&(month - event_time));
                row(name(*month), *n, told).with("event_time", *event_time)
            }),
    );
    rows
}

/// Months whose members may be told; never all but one, which the total would give away.
fn told_months(plan: &Plan, totals: &BTreeMap<i32, u64>) -> BTreeSet<i32> {
    let mut told = BTreeSet::new();
    let mut held = 0;
    for (month, n) in totals {
        let more = n.abs_diff(held);
        if *n >= plan.min_cell && (more == 0 || more >= plan.min_cell) {
            told.insert(*month);
            held = *n;
        }
    }
    if totals.len() == told.len() + 1 {
        // Taking a month away only widens the step to the next one.
        told.pop_last();
    }
    told
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
    let hidden = small_points(plan, found);
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
            if hidden.contains(&point.event_time) {
                0
            } else {
                point.members
            },
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

/// Months since joining of too few members, and as many more as it takes that their band does not give them away.
fn small_points(plan: &Plan, found: &Staggered) -> BTreeSet<i32> {
    let mut hidden = BTreeSet::new();
    for (_, from, until) in BANDS {
        let of_band: BTreeMap<i32, [u64; 1]> = found
            .dynamic
            .iter()
            .filter(|point| (from..until).contains(&f64::from(point.event_time)))
            .map(|point| (point.event_time, [point.members]))
            .collect();
        let whole = of_band.values().map(|[n]| n).sum();
        let shown = of_band
            .into_iter()
            .filter(|(_, [n])| *n >= plan.min_cell)
            .collect();
        hidden.extend(complement::hidden([whole], &shown, plan.min_cell));
    }
    hidden
}

/// Cohorts that would name too few, and as many more as it takes: neither what is published of everybody nor of the months since
/// joining, less the published cohorts, is of fewer than `min_cell`.
pub(crate) fn small_cohorts(plan: &Plan, found: &Staggered) -> BTreeSet<i32> {
    let sizes: BTreeMap<i32, u64> = found.cohorts.iter().copied().collect();
    let mut hidden: BTreeSet<i32> = sizes
        .iter()
        .filter(|(_, n)| **n < plan.min_cell.max(5))
        .map(|(g, _)| *g)
        .collect();
    let mut sums: Vec<BTreeMap<i32, [u64; 1]>> =
        vec![sizes.iter().map(|(g, n)| (*g, [*n])).collect()];
    let mut of_event: BTreeMap<i32, BTreeMap<i32, [u64; 1]>> = BTreeMap::new();
    for cell in &found.grid {
        of_event
            .entry(cell.month - cell.cohort)
            .or_default()
            .insert(cell.cohort, [cell.members]);
    }
    sums.extend(of_event.into_values());
    loop {
        let before = hidden.len();
        for sum in &sums {
            let whole: u64 = sum.values().map(|[n]| n).sum();
            // Too few in all: nothing is published that could be subtracted from.
            if whole < plan.min_cell {
                continue;
            }
            let shown = sum
                .iter()
                .filter(|(g, _)| !hidden.contains(*g))
                .map(|(g, n)| (*g, *n))
                .collect();
            hidden.extend(complement::hidden([whole], &shown, plan.min_cell));
        }
        if hidden.len() == before {
            return hidden;
        }
    }
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
