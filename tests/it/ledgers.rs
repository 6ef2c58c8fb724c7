//! What a sale is worth, where several systems tell of it or a row leaves something unsaid.

use std::collections::BTreeMap;

use levier_domain::fact::Fact;
use levier_domain::table::TableName;
use levier_domain::time::start_of_day;
use levier_lake::{facts, keys};
use levier_runtime::{Invocation, Outcome};
use levier_tests::{CONFIG, World};

const SECRETS: &[(&str, &[u8])] = &[
    ("slack", b"slack signing secret"),
    ("discourse", b"discourse secret"),
    ("own", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
];

/// The configuration with one more line under `[commerce]`.
fn with(line: &str) -> String {
    CONFIG.replace("[commerce]", &format!("[commerce]\n{line}"))
}

/// Joins as of the end of March.
async fn joined(world: &World) -> Outcome {
    let day = jiff::civil::date(2026, 3, 31);
    let invocation = Invocation {
        job: "join".to_owned(),
        as_of: Some(day),
        buckets: None,
    };
    let now = start_of_day(day.tomorrow().unwrap(), &world.deps.zone);
    levier_join::join(&world.deps, &invocation, now)
        .await
        .unwrap()
}

/// Orders, revenue and refunds of a month, and customers.
async fn month(world: &World, wanted: &str) -> (u32, i64, i64, usize) {
    let mut sums = (0, 0, 0, 0);
    for (key, bytes) in world.lake().await {
        let Some((month, _)) = keys::parse_facts_key(&key) else {
            continue;
        };
        if month.to_string() != wanted {
            continue;
        }
        let rows: Vec<Fact> = facts::decode(&key, month.index(), bytes.into()).unwrap();
        for fact in rows {
            sums.0 += fact.orders;
            sums.1 += fact.revenue_minor;
            sums.2 += fact.refunds_minor;
            sums.3 += usize::from(fact.customer_since.is_some());
        }
    }
    sums
}

/// Rows that are in no fact, by entity and reason.
async fn lost(world: &World) -> BTreeMap<(String, String), u64> {
    let rows = world.rows(TableName::Waterfall).await;
    let text =
        |row: &serde_json::Value, column: &str| row[column].as_str().unwrap_or_default().to_owned();
    rows.iter()
        .filter(|row| row["stage"] == "fact" && row["outcome"] == "lost")
        .map(|row| {
            let n = row["value"].as_f64().or(row["n"].as_f64());
            (
                (text(row, "source"), text(row, "reason")),
                n.unwrap_or(0.0) as u64,
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_refunded_without_an_amount_is_refunded_whole() {
    let world = World::new().await;
    world
        .take(
            "orders/o.csv",
            "order_id,email,ordered_at,status,amount,currency,refunded_amount\n\
         o1,eva@exemple.fr,2026-03-05T10:00:00Z,refunded,100.00,EUR,\n\
         o2,abel@exemple.fr,2026-03-05T10:00:00Z,paid,40.00,EUR,\n\
         o3,ida@exemple.fr,2026-03-05T10:00:00Z,refunded,60.00,EUR,50.00\n\
         o4,luc@exemple.fr,2026-03-05T10:00:00Z,partially_refunded,70.00,EUR,\n",
        )
        .await;
    joined(&world).await;
    // 40 and what is left of 60; of the last nobody knows, so that it is left out and said.
    assert_eq!(month(&world, "2026-03").await, (3, 5_000, 15_000, 3));
    let lost = lost(&world).await;
    assert!(
        lost.iter()
            .any(|((_, reason), _)| reason.starts_with("partly refunded")),
        "{lost:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_purchases_have_no_known_worth_is_no_customer_who_spends_nothing() {
    let world = World::new().await;
    world
        .take(
            "orders/o.csv",
            "order_id,email,ordered_at,status,amount,currency\n\
         o1,eva@exemple.fr,2026-03-05T10:00:00Z,paid,100.00,GBP\n\
         o2,abel@exemple.fr,2026-03-05T10:00:00Z,paid,40.00,EUR\n\
         o3,abel@exemple.fr,2026-03-06T10:00:00Z,paid,30.00,GBP\n",
        )
        .await;
    let outcome = joined(&world).await;
    assert_eq!(month(&world, "2026-03").await, (1, 4_000, 0, 1));
    let said = outcome.warnings.iter();
    assert!(
        said.clone()
            .any(|warning| warning.starts_with("2 rows") && warning.contains("exchange rate")),
        "{:?}",
        outcome.warnings
    );
}

/// A shop's orders, and those that the own layout tells of the same sales.
async fn shop_and_bank(config: &str) -> (World, Outcome) {
    let world = World::with(config, SECRETS).await;
    let mut shop = "Name,Email,Financial Status,Paid at,Currency,Total,Created at,Lineitem quantity,Lineitem name,Id\n"
        .to_owned();
    let mut bank = "order_id,email,ordered_at,status,amount,currency\n".to_owned();
    for n in 1..=5 {
        let at = format!("2026-03-0{n} 10:00:00 +0100");
        shop += &format!("#{n},p{n}@exemple.fr,paid,{at},EUR,{n}0.00,{at},1,Tasse,90{n}\n");
        bank += &format!("ch_{n},p{n}@exemple.fr,2026-03-0{n}T10:00:20+01:00,paid,{n}0.00,EUR\n");
    }
    world.take("orders_export_1.csv", &shop).await;
    world.take("orders/bank.csv", &bank).await;
    let outcome = joined(&world).await;
    (world, outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_that_two_systems_tell_are_said_and_one_of_them_can_be_chosen() {
    let (world, outcome) = shop_and_bank(CONFIG).await;
    assert_eq!(month(&world, "2026-03").await, (10, 30_000, 0, 5));
    let twice = |outcome: &Outcome| {
        let mut said = outcome.warnings.iter();
        said.any(|warning| warning.starts_with("5 of 10 orders are told by two of"))
    };
    assert!(twice(&outcome), "{:?}", outcome.warnings);

    let (world, outcome) = shop_and_bank(&with("orders_from = [\"shopify\"]")).await;
    assert_eq!(month(&world, "2026-03").await, (5, 15_000, 0, 5));
    assert!(!twice(&outcome), "{:?}", outcome.warnings);
    let lost = lost(&world).await;
    assert!(
        lost.iter().any(|((_, reason), n)| *n == 5
            && reason == "of a source that commerce.orders_from does not name"),
        "{lost:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_beside_orders_are_said_and_can_be_what_revenue_is() {
    let files = async |config: &str| {
        let world = World::with(config, SECRETS).await;
        world
            .take("people/p.csv", "person_id,email\nx1,eva@exemple.fr\n")
            .await;
        world
            .take(
                "invoices/i.csv",
                "invoice_id,person_id,issued_at,paid_at,amount,currency,status\n\
             i1,x1,2026-03-02T10:00:00Z,2026-03-04T10:00:00Z,1200.00,EUR,paid\n",
            )
            .await;
        world
            .take(
                "orders/o.csv",
                "order_id,email,ordered_at,status,amount,currency\n\
             o1,abel@exemple.fr,2026-03-05T10:00:00Z,paid,15.00,EUR\n",
            )
            .await;
        joined(&world).await;
        world
    };
    let world = files(CONFIG).await;
    // Both are customers.
    assert_eq!(month(&world, "2026-03").await, (1, 1_500, 0, 2));
    let of_another_kind = async |world: &World, entity: &str| {
        let lost = lost(world).await;
        let mut found = lost.iter();
        found.any(|((of, reason), n)| of == entity && *n == 1 && reason.contains("another kind"))
    };
    assert!(of_another_kind(&world, "invoices").await);

    let world = files(&with("revenue_from = \"invoices\"")).await;
    assert_eq!(month(&world, "2026-03").await, (0, 120_000, 0, 2));
    assert!(of_another_kind(&world, "orders").await);
}
