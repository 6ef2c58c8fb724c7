//! A made-up company's result tables, the shape in which the jobs write them.

use std::collections::BTreeMap;

use jiff::civil::date;
use levier_domain::table::{Row, Status, TableName};
use levier_render::Tables;
use serde_json::json;

/// A row of the whole company, as of the last day of September 2026.
pub fn row(status: Status) -> Row {
    let mut row = Row::new(status);
    row.as_of = Some(date(2026, 9, 30));
    row.community = Some("all".into());
    row.segment = Some("all".into());
    row
}

fn figure(mut row: Row, value: f64, range: Option<(f64, f64)>, unit: &str, n: u64) -> Row {
    row.value = Some(value);
    (row.lower, row.upper) = (range.map(|range| range.0), range.map(|range| range.1));
    row.unit = Some(unit.into());
    row.n = Some(n);
    row
}

fn gate(name: &str, result: &str, measured: f64, needed: &str) -> serde_json::Value {
    json!({"gate": name, "result": result, "measured": measured, "needed": needed})
}

/// The headline: revenue per customer by difference-in-differences.
pub fn headline() -> Row {
    let mut row = figure(
        row(Status::Ok),
        3.2,
        Some((2.9, 3.6)),
        "EUR/customer/month",
        1_842,
    );
    row.kpi = Some("revenue_per_customer".into());
    row.period = Some("all".into());
    row.with("method", "did")
        .with("grade", "B")
        .with("headline", true)
        .with("member_level", 27.3)
        .with("counterfactual_level", 24.1)
        .with("non_member_level", 13.7)
        .with("n_members", 612)
        .with("n_non_members", 1_230)
        .with(
            "gates",
            json!([
                gate("size", "pass", 612.0, ">= 100"),
                gate("cohort_cell", "pass", 24.0, ">= 20"),
                gate("pre_trend", "pass", 0.8, "< 2.9"),
                gate("placebo", "pass", 0.1, "interval holds 0"),
                gate("skew", "warn", 6.1, "n >= 355 skew²"),
            ]),
        )
}

/// The raw comparison beside it.
pub fn raw() -> Row {
    let mut row = figure(
        row(Status::Ok),
        13.6,
        Some((12.8, 14.4)),
        "EUR/customer/month",
        1_842,
    );
    row.kpi = Some("revenue_per_customer".into());
    row.period = Some("all".into());
    row.with("method", "naive")
        .with("grade", "D")
        .with("headline", false)
        .with("member_level", 27.3)
        .with("non_member_level", 13.7)
}

fn rung(kpi: &str, method: &str, grade: &str, value: f64, range: (f64, f64), unit: &str) -> Row {
    let mut row = figure(row(Status::Ok), value, Some(range), unit, 1_842);
    row.kpi = Some(kpi.into());
    row.period = Some("all".into());
    row.with("method", method).with("grade", grade)
}

/// A figure that a gate blocks.
pub fn blocked() -> Row {
    let mut row = row(Status::CannotSay);
    row.kpi = Some("contact_rate".into());
    row.period = Some("all".into());
    row.reason = Some("pre_trend".into());
    row.with("method", "did")
        .with("grade", "none")
        .with("headline", true)
        .with("would_suffice", "6 more months before the launch")
        .with(
            "gates",
            json!([
                gate("size", "pass", 300.0, ">= 100"),
                gate("pre_trend", "block", 4.2, "< 2.9")
            ]),
        )
}

fn uplift() -> Vec<Row> {
    let money = "EUR/customer/month";
    let mut missing = row(Status::Missing);
    missing.kpi = Some("nps".into());
    missing.period = Some("all".into());
    missing.reason = Some("needs: surveys".into());
    let mut suppressed = row(Status::Suppressed);
    suppressed.kpi = Some("closing_rate".into());
    suppressed.period = Some("all".into());
    vec![
        headline(),
        raw(),
        rung(
            "revenue_per_customer",
            "stratified",
            "C",
            5.9,
            (5.1, 6.7),
            money,
        )
        .with("member_level", 27.3)
        .with("counterfactual_level", 21.4),
        rung("revenue_per_customer", "aipw", "C", 4.1, (3.3, 4.9), money)
            .with("member_level", 27.3)
            .with("counterfactual_level", 23.2),
        rung(
            "customer_retention",
            "hazard",
            "B",
            0.042,
            (0.011, 0.073),
            "share",
        )
        .with("headline", true)
        .with("member_level", 0.871)
        .with("counterfactual_level", 0.829),
        rung(
            "customer_retention",
            "naive",
            "D",
            0.118,
            (0.09, 0.146),
            "share",
        )
        .with("member_level", 0.871)
        .with("non_member_level", 0.753),
        rung(
            "purchase_frequency",
            "aipw",
            "C",
            0.8,
            (0.5, 1.1),
            "orders/customer/year",
        )
        .with("headline", true),
        rung(
            "average_order_value",
            "did",
            "B",
            -0.4,
            (-2.1, 1.3),
            "EUR/order",
        )
        .with("headline", true),
        blocked(),
        rung(
            "contact_rate",
            "naive",
            "D",
            -0.11,
            (-0.15, -0.07),
            "tickets/customer/month",
        ),
        missing.with("method", "stratified").with("headline", true),
        suppressed
            .with("method", "stratified")
            .with("headline", true),
    ]
}

fn tenure() -> Vec<Row> {
    let effect = |month: i32| {
        if month < 3 {
            0.1
        } else {
            (f64::from(month - 2) * 0.9).min(6.4)
        }
    };
    (-6..=14)
        .map(|month| {
            let value = if month < 0 {
                [0.2, -0.3, 0.1, -0.1, 0.3, 0.0][(month + 6) as usize]
            } else {
                effect(month)
            };
            let half = 0.5 + f64::from(month.abs()) * 0.07;
            let mut row = figure(
                row(Status::Ok),
                value,
                Some((value - half, value + half)),
                "EUR/customer/month",
                (640 - month * 25) as u64,
            );
            row.kpi = Some("revenue_per_customer".into());
            row.period = Some("all".into());
            row.with("method", "did").with("event_time", month)
        })
        .collect()
}

fn health() -> Vec<Row> {
    let about = |status: Status, kpi: &str, component: &str| {
        let mut row = row(status);
        row.kpi = Some(kpi.into());
        row.period = Some("30d".into());
        row.with("component", component).with("platform", "all")
    };
    let part = |component: &str, value: f64, unit: &str, normalised: f64, weight: f64| {
        figure(
            about(Status::Ok, "health_component", component),
            value,
            None,
            unit,
            214,
        )
        .with("normalised", normalised)
        .with("weight", weight)
        .with("contribution", weight * normalised.max(0.05_f64).ln())
    };
    let action = |rank: u64, component: &str, gain: f64, english: &str, french: &str| {
        figure(
            about(Status::Ok, "health_action", component),
            gain,
            None,
            "points",
            1,
        )
        .with("rank", rank)
        .with("action_en", english)
        .with("action_fr", french)
    };
    let mut sentiment = about(Status::Missing, "health_component", "sentiment");
    sentiment.reason = Some("needs: messages in a language that can be scored".into());
    let mut rows = vec![
        figure(
            about(Status::Ok, "health_score", "score"),
            46.0,
            Some((39.0, 52.0)),
            "points",
            214,
        )
        .with("arithmetic", 49.0)
        .with("coverage", 0.95)
        .with("band_lower", 42.0)
        .with("band_upper", 51.0),
        figure(
            about(Status::Ok, "health_change", "score"),
            -6.0,
            Some((-11.0, -1.0)),
            "points",
            214,
        )
        .with("announced", true),
        action(
            2,
            "reciprocity",
            7.3,
            "Make exchanges go both ways.",
            "Rendez les échanges réciproques.",
        ),
        action(
            1,
            "responsiveness",
            28.1,
            "Answer the threads that wait.",
            "Répondez aux fils en attente : commencez par les plus anciens.",
        ),
        part("responsiveness", 0.303, "share", 0.147, 0.25),
        part("newcomer_retention", 0.435, "share", 1.0, 0.25),
        part("stickiness", 0.407, "share", 0.614, 0.15),
        part("reciprocity", 0.236, "share", 0.532, 0.15),
        part("spread", 0.626, "share", 0.547, 0.10),
        part("growth", -0.033, "log ratio", 0.333, 0.05),
        sentiment.with("weight", 0.05),
    ];
    for (month, points) in [
        ("2026-04", 38.0),
        ("2026-05", 44.0),
        ("2026-06", 51.0),
        ("2026-07", 55.0),
        ("2026-08", 52.0),
    ] {
        let mut row = figure(
            about(Status::Ok, "health_score", "score"),
            points,
            None,
            "points",
            200,
        );
        row.period = Some(month.into());
        rows.push(row);
    }
    rows
}

fn kpis() -> Vec<Row> {
    let mut rows = Vec::new();
    let months = [
        "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05",
        "2026-06", "2026-07", "2026-08", "2026-09",
    ];
    let active = [
        88.0, 96.0, 91.0, 120.0, 131.0, 140.0, 152.0, 149.0, 171.0, 160.0, 148.0, 97.0,
    ];
    let joins = [
        40.0, 52.0, 31.0, 66.0, 58.0, 61.0, 72.0, 55.0, 63.0, 41.0, 38.0, 22.0,
    ];
    for (index, month) in months.iter().enumerate() {
        let status = if index == 11 {
            Status::Partial
        } else {
            Status::Ok
        };
        for (kpi, value, unit) in [
            ("active_members", active[index], "people"),
            ("registrations", joins[index], "people"),
            ("members", 420.0 + 48.0 * index as f64, "people"),
            ("messages", 1_180.0 + 95.5 * index as f64, "messages"),
            (
                "engagement_rate",
                active[index] / (420.0 + 48.0 * index as f64),
                "share",
            ),
        ] {
            let mut row = row(status);
            row.kpi = Some(kpi.into());
            row.period = Some((*month).into());
            let row = if kpi == "registrations" && index == 4 {
                row.reason = Some("source_quiet".into());
                row.status = Status::Missing;
                row
            } else {
                figure(row, value, None, unit, 400)
            };
            rows.push(row.with("grain", "month").with("side", "members"));
        }
    }
    let mut answer = figure(row(Status::Ok), 5.5, Some((4.1, 7.9)), "hours", 131);
    answer.kpi = Some("time_to_first_answer".into());
    answer.period = Some("2026-08".into());
    rows.push(answer.with("grain", "month"));
    let mut missing = row(Status::Missing);
    missing.kpi = Some("peer_answer_share".into());
    missing.period = Some("2026-08".into());
    missing.reason = Some("needs: events".into());
    rows.push(missing.with("grain", "month"));
    for (item, value) in [("parrainage", 0.31), ("salon", 0.22), ("site", 0.47)] {
        let mut row = figure(row(Status::Ok), value, None, "share", 700);
        row.kpi = Some("lead_source_mix".into());
        row.period = Some("2026-08".into());
        rows.push(row.with("grain", "month").with("item", item));
    }
    rows
}

fn cohorts() -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, cohort) in [
        "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07",
        "2026-08",
    ]
    .iter()
    .enumerate()
    {
        for (step, age) in [0, 1, 3, 6].into_iter().enumerate() {
            if index + age > 9 {
                continue;
            }
            let status = if index == 2 && age == 6 {
                Status::Suppressed
            } else {
                Status::Ok
            };
            let mut row = row(status);
            row.period = Some(format!("M{age}"));
            if status == Status::Ok {
                row = figure(
                    row,
                    [0.97, 0.71, 0.46, 0.29][step] + 0.02 * (index as f64 - 4.0) / 4.0,
                    None,
                    "share",
                    31 + 7 * index as u64,
                );
            }
            rows.push(
                row.with("cohort", *cohort)
                    .with("measure", "active")
                    .with("at_risk", 31 + 7 * index as u64),
            );
        }
    }
    rows
}

fn roi() -> Vec<Row> {
    let total = |item: &str, scenario: &str, value: f64, range: Option<(f64, f64)>, unit: &str| {
        let mut row = figure(row(Status::Ok), value, range, unit, 612);
        row.period = Some("all".into());
        row.with("item", item).with("scenario", scenario)
    };
    let mut payback = row(Status::Ok);
    payback.period = Some("all".into());
    payback.value = Some(14.0);
    payback.unit = Some("months".into());
    vec![
        total("roi", "conservative", -0.12, Some((-0.3, 0.05)), "ratio"),
        total("roi", "central", 0.31, Some((0.08, 0.55)), "ratio"),
        total("roi", "optimistic", 0.74, Some((0.41, 1.1)), "ratio"),
        total("costs", "central", 48_200.0, None, "EUR"),
        total(
            "gains",
            "central",
            63_142.0,
            Some((52_056.0, 74_710.0)),
            "EUR",
        ),
        payback
            .with("item", "payback_month")
            .with("scenario", "central"),
        total(
            "incremental_margin",
            "central",
            51_900.0,
            Some((44_000.0, 59_800.0)),
            "EUR",
        )
        .with("basis", "measured"),
        total(
            "support_savings",
            "central",
            11_242.0,
            Some((8_000.0, 14_900.0)),
            "EUR",
        )
        .with("basis", "assumed"),
    ]
}

fn waterfall() -> Vec<Row> {
    [
        ("receive", "received", "", 50_412),
        ("receive", "accepted", "", 48_230),
        ("receive", "duplicate", "redelivery", 1_611),
        ("receive", "ignored", "unknown_kind", 520),
        ("receive", "quarantined", "not_json", 51),
        ("actor", "kept", "", 812),
        ("identified", "kept", "", 733),
        ("identified", "lost", "no_identifier", 79),
        ("in_crm", "kept", "", 671),
        ("in_crm", "lost", "not_in_crm", 62),
        ("customer", "kept", "", 612),
        ("customer", "lost", "not_a_customer", 51),
        ("customer", "lost", "staff", 8),
    ]
    .into_iter()
    .map(|(stage, outcome, reason, n)| {
        let mut row = Row::new(Status::Ok)
            .with("stage", stage)
            .with("source", "all")
            .with("outcome", outcome);
        row.reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        row.n = Some(n);
        row
    })
    .collect()
}

fn imports() -> Vec<Row> {
    let file = |file: &str, state: &str, entity: &str, counts: [u64; 4], at: &str| {
        row(state.parse().unwrap())
            .with("file", file)
            .with("import_id", format!("imp-{}", file.len()))
            .with("entity", entity)
            .with("rows_read", counts[0])
            .with("rows_new", counts[1])
            .with("rows_changed", counts[2])
            .with("rows_refused", counts[3])
            .with("dropped_at", at)
    };
    let mut refused = file(
        "commandes-sept.csv",
        "refused",
        "orders",
        [0, 0, 0, 0],
        "2026-09-29T07:12:00Z",
    );
    refused.reason =
        Some("la colonne « Date » se lit jour/mois ou mois/jour : dites lequel".into());
    vec![
        file(
            "contacts-hubspot.csv",
            "imported",
            "people",
            [2_031, 2_012, 0, 19],
            "2026-09-28T06:00:00Z",
        ),
        file(
            "commandes-shopify.csv",
            "imported",
            "orders",
            [14_822, 14_790, 32, 0],
            "2026-09-28T06:01:00Z",
        ),
        refused,
        file(
            "commandes-shopify.csv",
            "unchanged",
            "orders",
            [14_822, 0, 0, 0],
            "2026-09-29T06:01:00Z",
        ),
    ]
}

fn sources() -> Vec<Row> {
    let source = |name: &str,
                  platform: &str,
                  state: &str,
                  counts: [u64; 6],
                  last: &str,
                  lag: f64,
                  blind: &str| {
        let mut row = row(state.parse().unwrap());
        row.community = Some("atelier".into());
        row.with("source", name)
            .with("platform", platform)
            .with("deliveries", counts[0])
            .with("received", counts[1])
            .with("accepted", counts[2])
            .with("duplicate", counts[3])
            .with("ignored", counts[4])
            .with("quarantined", counts[5])
            .with("last_received_at", last)
            .with("lag_seconds", lag)
            .with("blind_spots", json!([blind]))
    };
    let mut quiet = source(
        "forum",
        "discourse",
        "quiet",
        [8_200, 8_200, 8_011, 120, 69, 0],
        "2026-09-19T21:40:00Z",
        86_400.0 * 10.4,
        "les vues des visiteurs anonymes",
    );
    quiet.reason = Some("silencieuse depuis le 19 septembre 2026".into());
    vec![
        source(
            "slack-clients",
            "slack",
            "ok",
            [42_212, 42_212, 40_219, 1_491, 451, 51],
            "2026-09-30T18:02:11Z",
            41.0,
            "les messages directs",
        ),
        quiet,
    ]
}

/// All tables of the company.
pub fn tables() -> Tables {
    Tables::new(rows())
}

/// The rows of all tables.
pub fn rows() -> BTreeMap<TableName, Vec<Row>> {
    BTreeMap::from([
        (TableName::Uplift, uplift()),
        (TableName::Tenure, tenure()),
        (TableName::Health, health()),
        (TableName::Kpis, kpis()),
        (TableName::Cohorts, cohorts()),
        (TableName::Roi, roi()),
        (TableName::Waterfall, waterfall()),
        (TableName::Imports, imports()),
        (TableName::Sources, sources()),
    ])
}
