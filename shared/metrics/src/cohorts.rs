//! Join cohorts: who is still a member, and still active, 1, 3, 6 and 12 months on.
//!
//! A cohort is a month of first joins. `member` asks whether the person is a member at the end of the month that lies *k*
//! months after the month of joining; `active` whether they contributed in that month, being members. Everybody of the cohort is at
//! risk once that month is over.

use std::collections::BTreeMap;

use levier_domain::config::Config;
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use rayon::prelude::*;

use crate::activity::Activity;
use crate::calendar::{AsOf, midnight, spans};
use crate::cell::{Cell, suppress};
use crate::draft::Place;
use crate::heard::{SILENT, heard};
use crate::inputs::{Run, day_of};
use crate::scope::{Cut, Scope};

/// Months on at which retention is published in `kpis`.
pub const MILESTONES: [i32; 4] = [1, 3, 6, 12];
/// Months on that the heat map shows.
const HORIZON: i32 = 24;

/// Retention of one cohort at one distance.
pub(crate) struct Point {
    pub cohort: Month,
    pub months: i32,
    pub at_risk: u64,
    pub member: u64,
    pub active: u64,
}

/// All points of a scope whose months are over.
pub(crate) fn points(run: &Run<'_>, scope: &Scope<'_>) -> Vec<Point> {
    let month_of = |at: i64| Month::of(day_of(at, &run.zone)).index();
    let mut first: BTreeMap<u32, (i64, bool)> = BTreeMap::new();
    for span in scope.spans.all() {
        first
            .entry(span.person)
            .or_insert((span.from, span.implied));
    }
    let mut cohorts: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    for (person, (from, implied)) in &first {
        if !implied && *from < run.now {
            cohorts.entry(month_of(*from)).or_default().push(*person);
        }
    }
    // Who contributed in a month, a bit a person.
    let mut active: BTreeMap<i32, Vec<u64>> = BTreeMap::new();
    for span in spans("month", run.first, run.as_of, &run.zone, 1) {
        let mut people = vec![0_u64; scope.activity.people.len().div_ceil(64)];
        for (_, entry) in scope.between(span.from, span.to) {
            if entry.kind().is_contribution()
                && let Some(person) = entry.member()
                && scope.spans.member_at(person, entry.at)
            {
                people[person as usize / 64] |= 1 << (person % 64);
            }
        }
        active.insert(Month::of(span.start).index(), people);
    }
    let was_active = |person: u32, month: i32| {
        active
            .get(&month)
            .is_some_and(|people| people[person as usize / 64] >> (person % 64) & 1 == 1)
    };
    let mut points = Vec::new();
    for (cohort, people) in cohorts {
        for months in 0..=HORIZON {
            let month = Month::from_index(cohort + months);
            if !run.as_of.is_past(month.end_day(), &run.zone) {
                break;
            }
            let end = midnight(month.end_day(), &run.zone);
            let member = people
                .iter()
                .filter(|p| scope.spans.member_at(**p, end - 1))
                .count() as u64;
            let active = people
                .iter()
                .filter(|p| was_active(**p, month.index()))
                .count() as u64;
            points.push(Point {
                cohort: Month::from_index(cohort),
                months,
                at_risk: people.len() as u64,
                member,
                active,
            });
        }
    }
    points
}

fn cells_of(run: &Run<'_>, scope: &Scope<'_>) -> Vec<Cell> {
    let place = Place::of(scope);
    let told = heard(run.activity, &scope.cut);
    let mut cells = Vec::new();
    for point in points(run, scope) {
        let span =
            crate::calendar::containing("month", point.cohort.first_day(), run.as_of, &run.zone, 1);
        for (measure, hits) in [("member", point.member), ("active", point.active)] {
            let cell = place
                .cell("member_retention", &span, "share")
                .share_of_people(hits, point.at_risk, "nobody joined")
                .item(&format!("{measure}_{}m", point.months));
            cells.push(if measure == "active" && !told {
                cell.missing(SILENT)
            } else {
                cell
            });
        }
    }
    cells
}

/// `member_retention` at the milestones, for the table `kpis`.
pub(crate) fn retention(run: &Run<'_>, scope: &Scope<'_>, out: &mut Vec<Cell>) {
    let wanted: Vec<String> = MILESTONES
        .iter()
        .flat_map(|months| ["member", "active"].map(|measure| format!("{measure}_{months}m")))
        .collect();
    out.extend(
        cells_of(run, scope)
            .into_iter()
            .filter(|cell| wanted.iter().any(|item| **item == *cell.key.item)),
    );
}

/// Rows of the table `cohorts`: the heat map of member retention, per community and segment.
///
/// `period` is the distance (`M0`, `M1`…), `cohort` the month of joining, `measure` `member` or `active`; `numerator` and
/// `at_risk` are the counts.
#[must_use]
pub fn cohorts(activity: &Activity, as_of: impl Into<AsOf>, config: &Config) -> Vec<Row> {
    let as_of: AsOf = as_of.into();
    let run = Run::new(activity, config, as_of);
    // Cuts know nothing of one another: as many at once as there are processors, joined in their order.
    let of_cuts: Vec<Vec<Cell>> = Cut::all(activity)
        .into_par_iter()
        .filter(|cut| cut.platform.is_none())
        .map(|cut| cells_of(&run, &Scope::of(activity, cut)))
        .collect();
    let mut cells: Vec<Cell> = of_cuts.into_iter().flatten().collect();
    suppress(&mut cells, config.privacy.min_cell);
    cells
        .into_iter()
        .map(|cell| {
            let (cohort, item) = (cell.key.period.to_string(), cell.key.item.to_string());
            let mut row = cell.into_row(as_of.day);
            let (measure, months) = item.split_once('_').unwrap_or((&item, "0m"));
            row.period = Some(format!("M{}", months.trim_end_matches('m')));
            let at_risk = row.own.remove("denominator").unwrap_or_default();
            for column in ["grain", "side", "platform", "channel", "item"] {
                row.own.remove(column);
            }
            if row.status == Status::Partial {
                row.status = Status::Ok;
            }
            row.with("cohort", cohort)
                .with("measure", measure)
                .with("at_risk", at_risk)
        })
        .collect()
}
