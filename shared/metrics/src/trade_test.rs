//! Who is a customer and for how long, what a running month may not say, and what few people would give away.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::{Date, date};
use levier_domain::config::Config;
use levier_domain::fact::Fact;
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;

use crate::worked_story_test::find;
use crate::{CommerceAccumulator, Inputs, kpis};

fn config(min_cell: u64) -> Config {
    let text = format!(
        "[workspace]\ntimezone = \"Europe/Paris\"\n[privacy]\nmin_cell = {min_cell}\n[commerce]\nmargin = 0.5\n"
    );
    Config::parse(&text).unwrap()
}

fn month(year: i16, month: i8) -> i32 {
    Month::of(date(year, month, 1)).index()
}

fn published(facts: &[Fact], as_of: Date, config: &Config) -> Vec<Row> {
    let mut sums = CommerceAccumulator::new(config).as_of(as_of);
    facts.iter().for_each(|fact| sums.update(fact));
    let commerce = sums.finish();
    let inputs = Inputs {
        commerce: Some(&commerce),
        ..Inputs::default()
    };
    kpis(&inputs, as_of, config)
}

/// The months of one person from `first` to `last`, a customer since the first of them.
fn months(person: &str, first: i32, last: i32, tell: impl Fn(&mut Fact)) -> Vec<Fact> {
    let mut facts = Vec::new();
    for month in first..=last {
        let mut fact = Fact {
            person: person.to_owned(),
            month,
            customer_since: Some(first),
            ..Fact::default()
        };
        tell(&mut fact);
        facts.push(fact);
    }
    facts
}

#[test]
fn a_customer_by_a_won_deal_is_lost_after_a_year_of_silence_and_not_at_once() {
    let (won, now) = (month(2025, 1), month(2026, 3));
    let mut facts = months("deal", won, now, |_| {});
    // The shop sells to others, and a contract that ended makes no customer out of silence.
    facts.extend(months("shop", won, now, |fact| {
        fact.orders = 1;
        fact.revenue_minor = 1_000;
    }));
    facts.extend(months("contract", won, now, |fact| {
        fact.subscribed = fact.month < won + 2;
    }));
    let rows = published(&facts, date(2026, 3, 31), &config(0));
    for (item, kept) in [("1m", 3.0), ("3m", 2.0), ("6m", 2.0), ("12m", 1.0)] {
        let row = find(&rows, "customer_retention", item, "all", "2025-01");
        assert_eq!(row.value, Some(kept / 3.0), "{item}");
    }
    for (period, lost) in [("2025-02", 0.0), ("2025-03", 1.0 / 3.0), ("2026-01", 0.5)] {
        let row = find(&rows, "churn_rate", "all", "all", period);
        assert_eq!(row.value, Some(lost), "{period}");
    }
}

#[test]
fn a_running_month_asks_nobody_whether_they_stayed() {
    let bought = month(2025, 11);
    let facts = months("late", bought, bought + 12, |fact| {
        fact.orders = u32::from(fact.month == bought);
        fact.months_since_order = (fact.month > bought).then_some(fact.month - bought);
    });
    let asked = |as_of| {
        let rows = published(&facts, as_of, &config(0));
        let items = rows
            .iter()
            .filter(|row| row.kpi.as_deref() == Some("customer_retention"))
            .filter(|row| row.text("side") == Some("all"))
            .filter(|row| row.segment.as_deref() == Some("all"));
        items
            .map(|row| row.text("item").unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(asked(date(2026, 11, 10)), ["1m", "3m", "6m"]);
    assert_eq!(asked(date(2026, 11, 30)), ["12m", "1m", "3m", "6m"]);
}

#[test]
fn a_running_month_is_not_annualised() {
    let facts = months("ana", month(2026, 1), month(2026, 3), |fact| {
        fact.orders = 1;
        fact.revenue_minor = 1_000;
    });
    let rows = published(&facts, date(2026, 3, 2), &config(0));
    let running = find(&rows, "purchase_frequency", "all", "all", "2026-03");
    assert_eq!(
        (running.status, running.reason.as_deref()),
        (
            Status::Missing,
            Some("no month of the period is over: a running one is not annualised")
        )
    );
    let quarter = find(&rows, "purchase_frequency", "all", "all", "2026-Q1");
    assert_eq!((quarter.value, quarter.n), (Some(12.0), Some(1)));
    assert_eq!(
        quarter.own["denominator"].as_f64(),
        Some(2.0),
        "January and February"
    );
}

#[test]
fn what_was_paid_before_the_first_month_kept_is_not_new() {
    let first = month(2021, 12);
    let paying = |fact: &mut Fact| {
        fact.subscribed = true;
        fact.mrr_minor = 5_000;
    };
    let mut facts = months("old", first, first + 2, |fact| {
        paying(fact);
        fact.customer_since = Some(month(2019, 5));
    });
    facts.extend(months("new", first, first + 2, paying));
    let rows = published(&facts, date(2022, 2, 28), &config(0));
    for period in ["2021-12", "2021-Q4", "2021"] {
        let new = find(&rows, "mrr", "new", "all", period);
        assert_eq!((new.value, new.n), (Some(50.0), Some(1)), "{period}");
        let all = find(&rows, "mrr", "all", "all", period);
        assert_eq!(all.value, Some(100.0), "{period}");
    }
}

#[test]
fn the_value_of_a_contract_looks_no_further_than_contracts_were_followed() {
    // Everybody's first trace is their contract; half of them end after two months, the others are watched for twelve.
    let first = month(2025, 1);
    let mut facts = Vec::new();
    for n in 0..100 {
        facts.extend(months(&format!("p{n}"), first, first + 11, |fact| {
            fact.subscribed = n % 2 == 0 || fact.month < first + 2;
            fact.mrr_minor = if fact.subscribed { 1_000 } else { 0 };
        }));
    }
    let rows = published(&facts, date(2025, 12, 31), &config(0));
    let found = find(&rows, "lifetime_value", "contractual", "all", "all");
    // Two whole months, then half of each of ten: margin 0.5, 10 € a month, q the discount of a month.
    let q = 1.1_f64.powf(-1.0 / 12.0);
    let months: f64 = (1..=12)
        .map(|m| if m <= 2 { 1.0 } else { 0.5 } * q.powi(m))
        .sum();
    let want = 0.5 * 10.0 * months;
    let value = found.value.unwrap();
    assert!((value - want).abs() < 1e-9 * want, "{value} is not {want}");
    assert_eq!(
        found.reason.as_deref(),
        Some(
            "horizon 12 months: no contract was followed for longer; discounted 10 % a year, margin 0.5"
        )
    );
    // Who was a customer before the facts begin may have had the contract before.
    for fact in &mut facts {
        fact.customer_since = Some(first - 6);
    }
    let rows = published(&facts, date(2025, 12, 31), &config(0));
    let found = find(&rows, "lifetime_value", "contractual", "all", "all");
    assert_eq!(found.status, Status::CannotSay);
}

#[test]
fn few_people_are_found_in_no_sum_of_money() {
    let (first, last) = (month(2026, 1), month(2026, 2));
    let mut facts = Vec::new();
    for n in 0..120 {
        facts.extend(months(&format!("p{n:03}"), first, last, |fact| {
            fact.subscribed = n > 0 || fact.month == first;
            fact.mrr_minor = if fact.subscribed { 1_000 } else { 0 };
        }));
    }
    facts.extend(months("one", first, last, |fact| {
        fact.orders = 1;
        fact.revenue_minor = 77_777;
    }));
    let rows = published(&facts, date(2026, 2, 28), &config(10));
    for kpi in [
        "revenue_per_customer",
        "net_revenue_retention",
        "gross_revenue_retention",
    ] {
        let row = find(&rows, kpi, "all", "all", "2026-02");
        assert_eq!(row.status, Status::Suppressed, "{kpi}");
        assert!(row.own["numerator"].is_null(), "{kpi}");
    }
    // The one who left hides a part of recurring revenue, that its total, and that what each account pays.
    let status = |kpi: &str| find(&rows, kpi, "all", "all", "2026-02").status;
    assert_eq!(status("mrr"), status("arpa"));
    assert_eq!(
        find(&rows, "mrr", "churned", "all", "2026-02").status,
        Status::Suppressed
    );
    assert_eq!(status("mrr"), Status::Suppressed);
}
