//! Traps of the calendar and of the ledger: a partial month, and refunds that come later.

use jiff::civil::{Date, date};
use levier_domain::config::Config;
use levier_domain::fact::Fact;
use levier_domain::table::{Row, TableName};
use levier_domain::time::Month;

use crate::revenue_test::{figures, row};
use crate::{Accumulator, Plan, UpliftInput};

const CUSTOMERS: i64 = 800;
const MONTHS: i32 = 24;
/// What joining adds to every month of everybody, minor units.
const EFFECT: i64 = 500;

fn first() -> i32 {
    "2024-01".parse::<Month>().unwrap().index()
}

/// When a customer joins: half of the poor, a tenth of the rich.
fn joined(n: i64) -> Option<i32> {
    let joins = if rich(n) { n % 20 == 0 } else { n % 4 == 1 };
    joins.then(|| first() + 8 + (n / 20 % 6) as i32)
}

fn rich(n: i64) -> bool {
    n % 2 == 0
}

/// The month's net revenue of a customer, on the days of the orders.
fn net(n: i64, month: i32) -> i64 {
    let noise = (n * 7_919 + i64::from(month) * 104_729) % 97;
    let bonus = joined(n)
        .filter(|joined| *joined <= month)
        .map_or(0, |_| EFFECT);
    let level = if rich(n) { 10_000 } else { 3_000 };
    level + noise + bonus
}

/// The tables as of a day, when the books say `revenue` of a customer in a month.
fn tables(as_of: Date, revenue: impl Fn(i64, i32) -> i64) -> Vec<(TableName, Vec<Row>)> {
    let (config, first) = (Config::default(), first());
    let months = first..first + MONTHS;
    let plan = Plan::new(&UpliftInput::new(
        &config,
        as_of,
        Month::from_index(first),
        Month::from_index(first + MONTHS - 1),
    ));
    let mut accumulator = Accumulator::new(&plan);
    for n in 0..CUSTOMERS {
        let mut prior = 0;
        let facts: Vec<Fact> = months
            .clone()
            .map(|month| {
                let revenue_minor = revenue(n, month);
                let fact = Fact {
                    person: format!("p{n:04}"),
                    month,
                    joined_month: joined(n),
                    customer_since: Some(first),
                    orders: 1,
                    revenue_minor,
                    prior_orders: (month - first) as u32,
                    prior_revenue_minor: prior,
                    ..Fact::default()
                };
                prior += revenue_minor;
                fact
            })
            .collect();
        accumulator.update_person(&facts);
    }
    accumulator.finish()
}

fn effect(tables: &[(TableName, Vec<Row>)]) -> f64 {
    figures(row(tables, "revenue_per_customer", "did").unwrap()).0
}

#[test]
fn a_month_that_still_runs_makes_no_effect() {
    let last = first() + MONTHS - 1;
    // On the tenth a third of the month is in: the rich seem to collapse, and those who joined are mostly poor.
    let so_far = |n: i64, month: i32| net(n, month) / if month == last { 3 } else { 1 };
    let taken_as_whole = effect(&tables(date(2025, 12, 31), so_far));
    assert!(
        taken_as_whole > 6.0,
        "the trap is set: {taken_as_whole} instead of 5"
    );
    let ours = effect(&tables(date(2025, 12, 10), so_far));
    assert!((ours - 5.0).abs() < 0.2, "{ours}");
}

#[test]
fn refunds_that_come_later_belong_to_the_month_of_the_order() {
    let end = date(2025, 12, 31);
    // Members order 30 euros more each month and send them back four months later.
    let returned = |n: i64, month: i32| {
        let member = joined(n).is_some_and(|joined| joined <= month);
        if member { 3_000 } else { 0 }
    };
    let when_they_come = effect(&tables(end, |n, month| {
        net(n, month) + returned(n, month) - returned(n, month - 4)
    }));
    assert!(
        when_they_come > 8.0,
        "the trap is set: {when_they_come} instead of 5"
    );
    // On the day of the order: what facts hold, so that a late refund restates the month it belongs to.
    let restated = effect(&tables(end, net));
    assert!((restated - 5.0).abs() < 0.2, "{restated}");
}
