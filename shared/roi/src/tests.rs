//! A small company worked out by hand.

use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::table::{Row, Status};

use crate::{Cost, RoiInput, Unpriced, roi};

fn uplift(kpi: &str, grade: &str, value: f64, ends: (f64, f64)) -> Row {
    let mut row = Row::new(Status::Ok)
        .with("grade", grade)
        .with("method", "did")
        .with("headline", true);
    row.kpi = Some(kpi.to_owned());
    row.value = Some(value);
    (row.lower, row.upper) = (Some(ends.0), Some(ends.1));
    row
}

fn members(month: &str, event_time: i32, n: u64) -> Row {
    let mut row = Row::new(Status::Ok)
        .with("measure", "member_months")
        .with("event_time", event_time);
    row.period = Some(month.to_owned());
    row.value = Some(n as f64);
    row
}

/// The total of all months, or of one.
fn total(month: &str, n: f64) -> Row {
    let mut row = Row::new(Status::Ok).with("measure", "member_months");
    row.period = Some(month.to_owned());
    row.value = Some(n);
    row
}

fn point(event_time: i32, value: f64) -> Row {
    let mut row = Row::new(Status::Ok)
        .with("measure", "effect")
        .with("event_time", event_time);
    row.kpi = Some("revenue_per_customer".to_owned());
    row.value = Some(value);
    row
}

fn cost(month: &str, category: &str, amount_minor: i64) -> Cost {
    Cost {
        month: month.parse().unwrap(),
        category: category.to_owned(),
        amount_minor,
    }
}

fn config(margin: Option<f64>, ticket: Option<f64>) -> Config {
    let mut config = Config::default();
    config.commerce.margin = margin;
    config.roi.cost_per_ticket = ticket;
    config
}

fn find<'a>(rows: &'a [Row], item: &str, scenario: &str) -> &'a Row {
    rows.iter()
        .find(|row| {
            row.text("item") == Some(item)
                && row.text("scenario") == Some(scenario)
                && row.period.as_deref() == Some("all")
        })
        .unwrap()
}

fn run(config: &Config, uplift: &[Row]) -> Vec<Row> {
    // 100 members over three months; the effect is nothing, then 3, then 9 euros.
    let tenure = [
        members("2026-01", 0, 100),
        members("2026-02", 1, 100),
        members("2026-03", 2, 100),
        total("2026-01", 100.0),
        total("2026-02", 100.0),
        total("2026-03", 100.0),
        total("all", 300.0),
        point(-1, 50.0),
        point(0, 0.0),
        point(1, 3.0),
        point(2, 9.0),
    ];
    let costs = [
        cost("2025-12", "platform", 10_000),
        cost("2026-01", "people", 20_000),
        cost("2026-04", "people", 99_999),
    ];
    roi(&RoiInput {
        costs: &costs,
        uplift,
        tenure: &tenure,
        ..RoiInput::new(config, date(2026, 3, 31), "2026-03".parse().unwrap())
    })
}

#[test]
fn worked_by_hand() {
    // Effect 4 [1, 7] a month × 300 member-months × margin 0.5 = 600 [150, 1050]; costs 300 (April is not over).
    let rows = run(
        &config(Some(0.5), None),
        &[uplift("revenue_per_customer", "B", 4.0, (1.0, 7.0))],
    );
    for (item, scenario, value) in [
        ("costs", "central", 300.0),
        ("gains", "conservative", 150.0),
        ("gains", "central", 600.0),
        ("gains", "optimistic", 1_050.0),
        ("roi", "conservative", -0.5),
        ("roi", "central", 1.0),
        ("roi", "optimistic", 2.5),
        // December, January, February, March: 0, 0, 150, 450 against 300.
        ("payback_month", "central", 4.0),
    ] {
        let row = find(&rows, item, scenario);
        assert!(
            (row.value.unwrap() - value).abs() < 1e-9,
            "{item} {scenario}: {row:?}"
        );
    }
    let central = find(&rows, "roi", "central");
    assert!(
        (central.lower.unwrap() + 0.5).abs() < 1e-9 && (central.upper.unwrap() - 2.5).abs() < 1e-9
    );
    assert_eq!(
        find(&rows, "payback_month", "central").text("month"),
        Some("2026-03")
    );
    assert_eq!(
        find(&rows, "payback_month", "conservative")
            .reason
            .as_deref(),
        Some("not paid back by 2026-03")
    );
    let months: f64 = rows
        .iter()
        .filter(|row| {
            row.text("item") == Some("gains")
                && row.text("scenario") == Some("central")
                && row.period.as_deref() != Some("all")
        })
        .filter_map(|row| row.value)
        .sum();
    assert!((months - 600.0).abs() < 1e-9);
}

#[test]
fn grades_decide_where_euros_may_stand() {
    for (case, rows, conservative, central) in [
        (
            "measured",
            vec![uplift("revenue_per_customer", "A", 4.0, (1.0, 7.0))],
            true,
            true,
        ),
        (
            "assumed",
            vec![uplift("revenue_per_customer", "C", 4.0, (1.0, 7.0))],
            false,
            true,
        ),
        (
            "raw",
            vec![uplift("revenue_per_customer", "D", 4.0, (1.0, 7.0))],
            false,
            false,
        ),
        ("nothing", vec![], false, false),
    ] {
        let rows = run(&config(Some(0.5), None), &rows);
        for (scenario, known) in [("conservative", conservative), ("central", central)] {
            for item in ["incremental_margin", "gains", "roi"] {
                let row = find(&rows, item, scenario);
                assert_eq!(
                    row.value.is_some(),
                    known,
                    "{case} {item} {scenario}: {row:?}"
                );
                assert_eq!(row.status == Status::Ok, known, "{case} {item} {scenario}");
                assert!(
                    known || row.reason.is_some(),
                    "{case} {item} {scenario} says no reason"
                );
            }
        }
    }
}

#[test]
fn what_is_absent_is_named_and_never_nothing() {
    let effect = [uplift("revenue_per_customer", "B", 4.0, (1.0, 7.0))];
    let rows = run(&config(None, None), &effect);
    assert_eq!(
        find(&rows, "incremental_margin", "central")
            .reason
            .as_deref(),
        Some("needs: commerce.margin")
    );
    assert_eq!(find(&rows, "roi", "central").value, None);
    let rows = run(&config(Some(0.5), None), &effect);
    assert_eq!(
        find(&rows, "support_savings", "central").reason.as_deref(),
        Some("needs: roi.cost_per_ticket")
    );
    assert!(
        find(&rows, "gains", "central")
            .reason
            .as_deref()
            .unwrap()
            .contains("roi.cost_per_ticket")
    );
}

#[test]
fn fewer_tickets_are_savings_and_assumed() {
    let effects = [
        uplift("revenue_per_customer", "B", 4.0, (1.0, 7.0)),
        uplift("contact_rate", "B", -0.1, (-0.15, -0.05)),
    ];
    let rows = run(&config(Some(0.5), Some(8.0)), &effects);
    let savings = find(&rows, "support_savings", "central");
    assert!((savings.value.unwrap() - 240.0).abs() < 1e-9, "{savings:?}");
    assert!(
        (savings.lower.unwrap() - 120.0).abs() < 1e-9
            && (savings.upper.unwrap() - 360.0).abs() < 1e-9
    );
    assert_eq!(savings.text("basis"), Some("assumed"));
    assert!((find(&rows, "gains", "conservative").value.unwrap() - 150.0).abs() < 1e-9);
    assert!((find(&rows, "gains", "central").value.unwrap() - 840.0).abs() < 1e-9);
}

/// A figure of a month's KPI.
fn counted(kpi: &str, item: Option<&str>, month: &str, value: f64) -> Row {
    let mut row = Row::new(Status::Ok)
        .with("grain", "month")
        .with("platform", "all")
        .with("channel", "all")
        .with("side", "all");
    if let Some(item) = item {
        row = row.with("item", item);
    }
    row.kpi = Some(kpi.to_owned());
    row.period = Some(month.to_owned());
    row.value = Some(value);
    row
}

#[test]
fn a_lever_is_counted_by_month_and_never_in_the_conservative_return() {
    let config: Config = Config::parse(
        "[roi.levers.content_value]\nkpi = \"ugc\"\nitem = \"posts\"\nvalue = 10\nlow = 4\nhigh = 25\n\
         [roi.levers.visits]\nkpi = \"organic_traffic\"\nvalue = 0.5\n\
         [roi.levers.friends]\nkpi = \"referrals\"\nvalue = 30\n",
    )
    .unwrap();
    let mut withheld = counted("ugc", Some("posts"), "2026-03", 99.0);
    (withheld.status, withheld.value) = (Status::Suppressed, None);
    let mut elsewhere = counted("ugc", Some("posts"), "2026-02", 5.0);
    elsewhere.community = Some("club".to_owned());
    let mut hidden = counted("referrals", Some("all"), "2026-01", 1.0);
    (hidden.status, hidden.value) = (Status::Suppressed, None);
    let mut share = counted("referrals", Some("all"), "2026-02", 0.5);
    share.unit = Some("share".to_owned());
    let mut of_a_week = counted("ugc", Some("posts"), "2026-W05", 5.0);
    of_a_week = of_a_week.with("grain", "week");
    let kpis = [
        counted("ugc", Some("all"), "2026-01", 1_000.0),
        counted("ugc", Some("posts"), "2026-01", 6.0),
        counted("ugc", Some("posts"), "2026-02", 14.0),
        withheld,
        elsewhere,
        of_a_week,
        hidden,
        share,
        // The month that runs is not over.
        counted("ugc", Some("posts"), "2026-04", 500.0),
    ];
    let costs = [cost("2026-01", "platform", 10_000)];
    let rows = roi(&RoiInput {
        costs: &costs,
        kpis: &kpis,
        ..RoiInput::new(&config, date(2026, 4, 12), "2026-03".parse().unwrap())
    });
    let central = find(&rows, "content_value", "central");
    assert_eq!(
        (central.value, central.lower, central.upper),
        (Some(200.0), Some(80.0), Some(500.0))
    );
    assert_eq!(central.text("basis"), Some("assumed"));
    assert_eq!(central.own["cells_withheld"], 1);
    assert_eq!(
        find(&rows, "content_value", "optimistic").value,
        Some(500.0)
    );
    let prudent = find(&rows, "content_value", "conservative");
    assert_eq!(prudent.status, Status::CannotSay);
    assert_eq!(
        prudent.reason.as_deref(),
        Some("assumed: never in the conservative return")
    );
    let visits = find(&rows, "visits", "central");
    assert_eq!(visits.status, Status::Missing);
    assert_eq!(
        visits.reason.as_deref(),
        Some("nothing counted of organic_traffic in a whole month yet")
    );
    let friends = find(&rows, "friends", "central");
    assert_eq!(friends.status, Status::Suppressed);
    // 200 of gains, 60 in January and 140 in February, against 100 of costs.
    assert_eq!(find(&rows, "roi", "central").value, Some(1.0));
    let february = rows
        .iter()
        .find(|row| {
            row.text("item") == Some("gains")
                && row.text("scenario") == Some("central")
                && row.period.as_deref() == Some("2026-02")
        })
        .unwrap();
    assert!((february.value.unwrap() - 140.0).abs() < 1e-9);
}

#[test]
fn what_acquisition_costs_is_compared_raw_so_that_no_euro_rests_on_it() {
    let config = config(Some(0.5), None);
    let unknown = run(&config, &[]);
    let row = find(&unknown, "acquisition_savings", "central");
    assert_eq!(row.status, Status::Missing);
    let raw = uplift("customer_acquisition_cost", "D", -4.0, (-6.0, -2.0));
    let rows = run(&config, &[raw]);
    let row = find(&rows, "acquisition_savings", "central");
    assert_eq!((row.status, row.value), (Status::CannotSay, None));
    assert!(row.reason.as_deref().unwrap().contains("only the raw gap"));
    let content = find(&rows, "content_value", "central");
    assert_eq!(
        content.reason.as_deref(),
        Some("needs: roi.levers.content_value")
    );
}

/// A row that passed or failed gates.
fn gated(mut row: Row, method: &str, headline: bool, gates: &[(&str, &str)]) -> Row {
    let gates: Vec<serde_json::Value> = gates
        .iter()
        .map(|(gate, result)| serde_json::json!({"gate": gate, "result": result}))
        .collect();
    row = row
        .with("method", method)
        .with("headline", headline)
        .with("gates", gates);
    if row.own["gates"].to_string().contains("block") {
        (row.status, row.value) = (Status::CannotSay, None);
        row.reason = Some("placebo: measured 3, needed interval holds 0".to_owned());
    }
    row
}

#[test]
fn months_of_few_members_are_in_the_total() {
    // Eight join a month: no month of joining may be told, every second month's total may.
    let withheld = |mut row: Row| {
        (row.status, row.value) = (Status::Suppressed, None);
        row.reason =
            Some("fewer people than min_cell, here or in what could be subtracted".to_owned());
        row
    };
    let tenure = [
        withheld(members("2026-01", 0, 8)),
        withheld(members("2026-02", 0, 8)),
        withheld(members("2026-02", 1, 8)),
        withheld(total("2026-01", 8.0)),
        total("2026-02", 16.0),
        total("all", 24.0),
    ];
    let config = config(Some(0.5), None);
    let uplift = [uplift("revenue_per_customer", "B", 4.0, (1.0, 7.0))];
    let costs = [cost("2026-01", "people", 1_000)];
    let input = RoiInput {
        costs: &costs,
        uplift: &uplift,
        tenure: &tenure,
        ..RoiInput::new(&config, date(2026, 2, 28), "2026-02".parse().unwrap())
    };
    let rows = roi(&input);
    let gains = find(&rows, "gains", "central");
    assert!((gains.value.unwrap() - 48.0).abs() < 1e-9, "{gains:?}");
    let lever = find(&rows, "incremental_margin", "central");
    assert_eq!(lever.own["cells_withheld"], 3);
    assert!(lever.reason.as_deref().unwrap().contains("spread evenly"));
    let of_month = |month: &str| {
        rows.iter()
            .find(|row| row.text("item") == Some("gains") && row.period.as_deref() == Some(month))
            .and_then(|row| row.value)
    };
    let (conservative, share) = (12.0, of_month("2026-02").unwrap());
    assert!((share / conservative - 2.0 / 3.0).abs() < 1e-9, "{share}");
    // Too few in all: withheld, and said to be.
    let tenure = [withheld(total("all", 4.0))];
    let rows = roi(&RoiInput {
        tenure: &tenure,
        ..input
    });
    let gains = find(&rows, "incremental_margin", "central");
    assert_eq!(gains.status, Status::Suppressed);
    assert!(gains.reason.as_deref().unwrap().contains("min_cell"));
}

#[test]
fn costs_and_gains_are_of_the_same_months() {
    let config = config(Some(0.5), None);
    let uplift =
        [uplift("revenue_per_customer", "B", 4.0, (1.0, 7.0)).with("window", "2026-01/2026-02")];
    let costs = [
        cost("2020-01", "platform", 900_000),
        cost("2026-01", "people", 10_000),
    ];
    let rows = |joined_before: i32| {
        let tenure = [
            members("2026-01", joined_before, 100),
            total("2026-01", 100.0),
            total("all", 100.0),
        ];
        roi(&RoiInput {
            costs: &costs,
            uplift: &uplift,
            tenure: &tenure,
            ..RoiInput::new(&config, date(2026, 2, 28), "2026-02".parse().unwrap())
        })
    };
    // Members of before the window: what the community cost before it stands against gains that were not observed.
    let old = rows(5);
    let total = find(&old, "roi", "central");
    assert!((total.value.unwrap() - 1.0).abs() < 1e-9, "{total:?}");
    assert_eq!(total.text("window"), Some("2026-01/2026-02"));
    // The first member joined within it: what it took to begin counts.
    let young = rows(0);
    assert_eq!(find(&young, "costs", "central").value, Some(9_100.0));
    assert_eq!(
        find(&young, "roi", "central").text("window"),
        Some("2020-01/2026-02")
    );
}

#[test]
fn a_cost_without_a_rate_makes_the_return_partial() {
    let config = config(Some(0.5), None);
    let uplift = [uplift("revenue_per_customer", "B", 4.0, (1.0, 7.0))];
    let tenure = [
        members("2026-01", 0, 100),
        total("2026-01", 100.0),
        total("all", 100.0),
    ];
    let costs = [cost("2026-01", "people", 10_000)];
    let unpriced = [Unpriced {
        month: "2026-01".parse().unwrap(),
        currency: "USD".to_owned(),
        amount: "50000.00".to_owned(),
    }];
    let rows = |costs: &[Cost]| {
        roi(&RoiInput {
            costs,
            unpriced: &unpriced,
            uplift: &uplift,
            tenure: &tenure,
            ..RoiInput::new(&config, date(2026, 1, 31), "2026-01".parse().unwrap())
        })
    };
    let known = rows(&costs);
    for (item, scenario, status) in [
        ("costs", "central", Status::Partial),
        ("roi", "central", Status::Partial),
        ("roi", "conservative", Status::CannotSay),
        ("payback_month", "central", Status::Partial),
        ("payback_month", "conservative", Status::CannotSay),
    ] {
        let row = find(&known, item, scenario);
        assert_eq!(row.status, status, "{row:?}");
        assert!(
            row.reason
                .as_deref()
                .unwrap()
                .contains("50000.00 USD (2026-01)")
        );
    }
    let none = rows(&[]);
    assert_eq!(find(&none, "roi", "central").status, Status::Missing);
}

#[test]
fn euros_rest_on_checked_comparisons_only() {
    let rung = |grade: &str| uplift("revenue_per_customer", grade, 4.0, (1.0, 7.0));
    let likeness = [("balance", "pass"), ("overlap", "warn")];
    let blocked = |gate: &str| gated(rung("B"), "did", true, &[(gate, "block")]);
    for (case, rows, known) in [
        (
            "checked",
            vec![
                blocked("history"),
                gated(rung("C"), "stratified", false, &likeness),
            ],
            Some("stratified"),
        ),
        (
            "unchecked",
            vec![
                blocked("history"),
                gated(rung("C"), "regression", false, &[("size", "pass")]),
            ],
            None,
        ),
        (
            "refuted for all",
            vec![
                blocked("survivors"),
                gated(rung("C"), "stratified", false, &likeness),
            ],
            None,
        ),
        (
            "randomised",
            vec![
                blocked("placebo"),
                gated(rung("A"), "itt", false, &[]),
                gated(rung("A"), "cace", false, &[]),
            ],
            Some("cace"),
        ),
        (
            "invited, not joined",
            vec![gated(rung("A"), "itt", true, &[])],
            None,
        ),
        (
            "invited, and joined",
            vec![
                gated(rung("A"), "itt", true, &[]),
                gated(rung("A"), "cace", false, &[]),
            ],
            Some("cace"),
        ),
    ] {
        let rows = run(&config(Some(0.5), None), &rows);
        let lever = find(&rows, "incremental_margin", "central");
        assert_eq!(lever.text("method"), known, "{case}: {lever:?}");
        assert!(known.is_some() || lever.reason.is_some(), "{case}");
    }
}

#[test]
fn costs_of_nothing_and_members_who_are_none_are_said() {
    let config = config(Some(0.5), None);
    let costs = [cost("2026-01", "people", 0)];
    let uplift = [uplift("revenue_per_customer", "B", 4.0, (1.0, 7.0))];
    let rows = roi(&RoiInput {
        costs: &costs,
        uplift: &uplift,
        tenure: &[total("all", 0.0)],
        ..RoiInput::new(&config, date(2026, 1, 31), "2026-01".parse().unwrap())
    });
    let reason = |item: &str| find(&rows, item, "central").reason.clone().unwrap();
    assert!(
        reason("roi").starts_with("the costs are 0"),
        "{}",
        reason("roi")
    );
    assert!(reason("incremental_margin").starts_with("no customer has joined yet"));
}
