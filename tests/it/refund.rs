//! A late refund restates the month of its order, and only as of days on which it was known.

use std::collections::BTreeMap;

use levier_lake::{facts, keys};
use levier_tests::World;

const HEADER: &str =
    "order_id,email,ordered_at,status,amount,refunded_amount,currency,updated_at\n";

/// Revenue by month, in minor units, as the facts have it.
async fn revenue(world: &World) -> BTreeMap<String, i64> {
    let mut months = BTreeMap::new();
    for (key, bytes) in world.lake().await {
        if let Some((month, _)) = keys::parse_facts_key(&key) {
            for fact in facts::decode(&key, month.index(), bytes.into()).unwrap() {
                *months.entry(month.to_string()).or_insert(0) += fact.revenue_minor;
            }
        }
    }
    months.retain(|_, minor| *minor != 0);
    months
}

async fn join(world: &World, as_of: &str) -> BTreeMap<String, i64> {
    for job in ["compact", "join"] {
        world.run(job, as_of).await.unwrap();
    }
    revenue(world).await
}

fn months(known: &[(&str, i64)]) -> BTreeMap<String, i64> {
    known
        .iter()
        .map(|(m, minor)| ((*m).to_owned(), *minor))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_refund_restates_the_month_of_its_order() {
    let world = World::new().await;
    let sold = format!(
        "{HEADER}o1,eva@exemple.fr,2025-12-10T10:00:00Z,paid,80.00,0,EUR,2025-12-10T10:00:00Z\n\
         o2,eva@exemple.fr,2026-01-10T10:00:00Z,paid,100.00,0,EUR,2026-01-10T10:00:00Z\n"
    );
    world
        .drop_file("orders/sold.csv", sold.as_bytes(), "2026-02-20T10:00:00Z")
        .await
        .unwrap();
    let before = months(&[("2025-12", 8_000), ("2026-01", 10_000)]);
    assert_eq!(join(&world, "2026-02-28").await, before);
    let back = format!(
        "{HEADER}o2,eva@exemple.fr,2026-01-10T10:00:00Z,partially_refunded,100.00,75.00,EUR,2026-04-05T10:00:00Z\n"
    );
    world
        .drop_file("orders/back.csv", back.as_bytes(), "2026-04-06T10:00:00Z")
        .await
        .unwrap();
    // Booked when the money went back, January would keep its 100 euros and April would lose 75.
    let after = months(&[("2025-12", 8_000), ("2026-01", 2_500)]);
    assert_eq!(join(&world, "2026-04-30").await, after);
}
