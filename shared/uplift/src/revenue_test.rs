//! The ladder against companies whose truth is known: coverage, false positives, and the traps.

use levier_domain::config::Config;
use levier_domain::fact::Fact;
use levier_domain::table::{Row, Status, TableName};
use levier_domain::time::Month;
use levier_simulator::{Company, Story};

use crate::company::{company, facts, gathered, plan};
use crate::{Accumulator, Plan, UpliftInput};

type Tables = Vec<(TableName, Vec<Row>)>;

fn tables(company: &Company) -> Tables {
    gathered(&plan(company, &Config::default()), &facts(company)).finish()
}

pub(crate) fn row<'a>(
    tables: &'a [(TableName, Vec<Row>)],
    kpi: &str,
    method: &str,
) -> Option<&'a Row> {
    let (_, rows) = tables
        .iter()
        .find(|(name, _)| *name == TableName::Uplift)
        .unwrap();
    rows.iter()
        .find(|row| row.kpi.as_deref() == Some(kpi) && row.text("method") == Some(method))
}

fn own(row: &Row, name: &str) -> Option<f64> {
    row.own.get(name).and_then(serde_json::Value::as_f64)
}

/// Value and interval, blocked or not.
pub(crate) fn figures(row: &Row) -> (f64, f64, f64) {
    let end = |plain: Option<f64>, blocked: &str| plain.or(own(row, blocked)).unwrap();
    (
        end(row.value, "blocked_value"),
        end(row.lower, "blocked_lower"),
        end(row.upper, "blocked_upper"),
    )
}

fn blocked_by(row: &Row) -> Vec<String> {
    let gates = row.own.get("gates").and_then(serde_json::Value::as_array);
    gates
        .into_iter()
        .flatten()
        .filter(|gate| gate["result"] == "block")
        .map(|gate| gate["gate"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_interval_covers_the_truth_and_the_raw_gap_does_not() {
    let seeds = 30;
    let (mut held, mut raw_held, mut sum, mut truth) = (0, 0, 0.0, 0.0);
    for seed in 0..seeds {
        let company = company(Story::Plain, 1_200, seed);
        let tables = tables(&company);
        let inside = |method: &str| {
            let (_, lower, upper) = figures(row(&tables, "revenue_per_customer", method).unwrap());
            let truth = company.truth.revenue_per_customer;
            u32::from(lower <= truth && truth <= upper)
        };
        held += inside("did");
        raw_held += inside("naive");
        sum += figures(row(&tables, "revenue_per_customer", "did").unwrap()).0;
        truth += company.truth.revenue_per_customer;
    }
    let n = f64::from(u32::try_from(seeds).unwrap());
    assert!(held >= 26, "{held} of {seeds} intervals hold the truth");
    assert_eq!(raw_held, 0, "the raw gap is far off");
    // Standard error of the mean over seeds is about 0.35.
    assert!(
        (sum - truth).abs() / n < 1.2,
        "mean {} against {}",
        sum / n,
        truth / n
    );
}

#[test]
fn without_an_effect_nothing_is_established() {
    let (mut did, mut raw) = (0, 0);
    for seed in 100..120 {
        let tables = tables(&company(Story::EffectOff, 1_200, seed));
        let excludes = |method: &str| {
            let (_, lower, upper) = figures(row(&tables, "revenue_per_customer", method).unwrap());
            u32::from(lower > 0.0 || upper < 0.0)
        };
        did += excludes("did");
        raw += excludes("naive");
    }
    assert!(did <= 4, "{did} of 20");
    assert_eq!(raw, 20, "the naive estimator is fooled every time");
}

#[test]
fn immortal_time_fools_the_share_and_not_the_hazard() {
    let (mut naive, mut hazard) = (0, 0);
    for seed in 0..8 {
        let tables = tables(&company(Story::ImmortalTime, 1_500, seed));
        naive += u32::from(figures(row(&tables, "customer_retention", "naive").unwrap()).1 > 0.0);
        hazard += u32::from(figures(row(&tables, "customer_retention", "hazard").unwrap()).1 > 0.0);
    }
    assert_eq!(naive, 8, "whoever ever joined had to remain until then");
    assert!(hazard <= 2, "{hazard} of 8");
}

#[test]
fn a_purchase_that_triggers_the_join_is_noticed() {
    let (mut caught, mut missed) = (0, (0.0_f64, 0.0_f64));
    for seed in 0..6 {
        let company = company(Story::ReverseCausality, 2_000, seed);
        let tables = tables(&company);
        let did = row(&tables, "revenue_per_customer", "did").unwrap();
        caught += u32::from(blocked_by(did).contains(&"join_month".to_owned()));
        if let Some(mended) = row(&tables, "revenue_per_customer", "did_after_join_month") {
            let miss = |row: &Row| figures(row).0 - company.truth.revenue_per_customer;
            assert!(miss(mended) < miss(did), "seed {seed}");
            missed.0 += miss(mended);
            missed.1 += miss(did);
            assert_eq!(mended.own.get("headline"), Some(&serde_json::json!(true)));
        }
    }
    assert!(caught >= 5, "{caught} of 6");
    assert!(
        missed.0.abs() < missed.1.abs(),
        "nearer the truth: {missed:?}"
    );
}

#[test]
fn survivors_are_noticed() {
    let mut caught = 0;
    for seed in 0..6 {
        let company = company(Story::Survivorship, 2_000, seed);
        let tables = tables(&company);
        let (_, lower, _) = figures(row(&tables, "revenue_per_customer", "naive").unwrap());
        assert!(
            lower > company.truth.revenue_per_customer,
            "seed {seed}: who is left of the members always seems to be worth more"
        );
        let did = row(&tables, "revenue_per_customer", "did").unwrap();
        caught += u32::from(did.status == Status::CannotSay);
        assert!(did.status != Status::CannotSay || did.value.is_none());
    }
    assert!(caught >= 5, "{caught} of 6");
}

#[test]
fn shards_agree_whatever_the_cut() {
    let company = company(Story::Plain, 600, 3);
    let config = Config::default();
    let plan = plan(&company, &config);
    let facts = facts(&company);
    let whole = gathered(&plan, &facts).finish();
    let merged = |size: usize| {
        let mut shards = facts.chunks(size).map(|part| gathered(&plan, part));
        let mut first = shards.next().unwrap();
        for shard in shards {
            first.merge(&shard).unwrap();
        }
        first.finish()
    };
    for size in [37, 150, 599] {
        for ((_, a), (_, b)) in whole.iter().zip(merged(size)) {
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(&b) {
                for (x, y) in [(a.value, b.value), (a.lower, b.lower), (a.upper, b.upper)] {
                    match (x, y) {
                        (Some(x), Some(y)) => assert!(
                            (x - y).abs() <= 1e-9 * x.abs().max(1.0),
                            "{size}: {x} {y} {a:?}"
                        ),
                        _ => assert_eq!(x, y, "{size} {a:?}"),
                    }
                }
            }
        }
    }
    assert_eq!(merged(100), merged(100), "in order, to the bit");
}

#[test]
fn small_cells_are_withheld_and_absent_inputs_named() {
    let company = company(Story::Plain, 30, 5);
    let config = Config::default();
    let plan = plan(&company, &config);
    let persons: Vec<_> = facts(&company).into_iter().take(14).collect();
    let tables = gathered(&plan, &persons).finish();
    let naive = row(&tables, "revenue_per_customer", "naive").unwrap();
    assert_eq!(
        (naive.status, naive.value, naive.n),
        (Status::Suppressed, None, None)
    );
    assert!(!naive.own.contains_key("n_members"));
    for (kpi, reason) in [("nps", "needs: surveys"), ("mrr", "needs: subscriptions")] {
        let missing = tables[0]
            .1
            .iter()
            .find(|row| row.kpi.as_deref() == Some(kpi))
            .unwrap();
        assert_eq!(
            (missing.status, missing.reason.as_deref()),
            (Status::Missing, Some(reason))
        );
    }
}

#[test]
fn the_raw_gap_may_point_the_wrong_way() {
    // Simpson: poor customers join, rich ones do not; joining adds 5 euros to everybody who does.
    let config = Config::default();
    let first = "2024-01".parse::<Month>().unwrap().index();
    let input = UpliftInput::new(
        &config,
        jiff::civil::date(2025, 12, 31),
        Month::from_index(first),
        Month::from_index(first + 23),
    );
    let plan = Plan::new(&input);
    let mut accumulator = Accumulator::new(&plan);
    for n in 0..1_000_i64 {
        let rich = n % 2 == 0;
        let joins = if rich { n % 10 == 0 } else { n % 10 != 1 };
        let joined = joins.then(|| first + 8 + (n / 10 % 6) as i32);
        let (mut prior, mut facts) = (0, Vec::new());
        for month in first..first + 24 {
            let noise = (n * 7_919 + i64::from(month) * 104_729) % 997;
            let bonus = if joined.is_some_and(|joined| joined <= month) {
                500
            } else {
                0
            };
            let revenue_minor = if rich { 10_000 } else { 3_000 } + noise + bonus;
            facts.push(Fact {
                person: format!("p{n:04}"),
                month,
                joined_month: joined,
                customer_since: Some(first),
                orders: 1,
                revenue_minor,
                prior_orders: (month - first) as u32,
                prior_revenue_minor: prior,
                ..Fact::default()
            });
            prior += revenue_minor;
        }
        accumulator.update_person(&facts);
    }
    let tables = accumulator.finish();
    assert!(
        row(&tables, "revenue_per_customer", "naive")
            .unwrap()
            .upper
            .unwrap()
            < 0.0
    );
    for method in ["stratified", "did"] {
        let (value, ..) = figures(row(&tables, "revenue_per_customer", method).unwrap());
        assert!((value - 5.0).abs() < 0.5, "{method}: {value}");
    }
    let did = row(&tables, "revenue_per_customer", "did").unwrap();
    assert!(
        !blocked_by(did).contains(&"sign_agreement".to_owned()),
        "{did:?}"
    );
}
