//! A set, not a sequence: order, duplicates and batch borders change not one bit of the results.

use levier_domain::table::TableName;
use levier_tests::World;

use crate::story;

/// A permutation that depends on nothing but its number.
fn shuffled<T>(mut list: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed;
    for position in (1..list.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        list.swap(
            position,
            usize::try_from(state >> 33).unwrap() % (position + 1),
        );
    }
    list
}

async fn world(seed: u64, batches: usize) -> World {
    let world = World::new().await;
    let (deliveries, files) = match seed {
        0 => (story::deliveries(), story::files()),
        seed => (
            shuffled(story::deliveries(), seed),
            shuffled(story::files(), seed),
        ),
    };
    let size = deliveries.len().div_ceil(batches);
    for batch in deliveries.chunks(size) {
        for (source, body, at) in batch {
            let status = world.send(source, body, at).await.status;
            assert!(status < 300, "{status}");
        }
        world.run("compact", story::AS_OF).await.unwrap();
    }
    for (name, text) in files {
        let receipts = world
            .drop_file(name, text.as_bytes(), story::DROPPED)
            .await
            .unwrap();
        assert!(
            receipts
                .iter()
                .all(levier_domain::receipt::Receipt::balances),
            "{receipts:?}"
        );
    }
    world.night(story::AS_OF).await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn any_order_and_any_batches_give_the_same_tables() {
    let first = world(0, 1).await.tables().await;
    assert!(first[&TableName::Kpis].contains("registrations"));
    for (seed, batches) in [(1, 1), (2, 3), (3, 10), (4, 2)] {
        let other = world(seed, batches).await.tables().await;
        for (table, rows) in &first {
            // A receipt tells what a file changed when it came; only that depends on what came before.
            if *table != TableName::Imports {
                assert_eq!(
                    rows, &other[table],
                    "seed {seed}, {batches} batches: {table}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_reconcile_to_the_item() {
    let world = world(0, 1).await;
    let sources = world.rows(TableName::Sources).await;
    for (name, want) in [
        ("team", story::TEAM),
        ("own", story::OWN),
        ("forum", [0; 5]),
    ] {
        let row = sources.iter().find(|row| row["source"] == name).unwrap();
        let got = [
            "received",
            "accepted",
            "duplicate",
            "ignored",
            "quarantined",
        ]
        .map(|column| row[column].as_u64().unwrap());
        assert_eq!(got, want, "{name}: {row}");
    }
    let waterfall = world.rows(TableName::Waterfall).await;
    let sum = |stage: &str, source: &str, outcome: &str| -> u64 {
        waterfall
            .iter()
            .filter(|row| {
                row["stage"] == stage && row["source"] == source && row["outcome"] == outcome
            })
            .map(|row| row["n"].as_u64().unwrap())
            .sum()
    };
    for (stage, source) in [
        ("delivery", "team"),
        ("delivery", "own"),
        ("file", "levier"),
    ] {
        let parts: u64 = ["accepted", "duplicate", "ignored", "quarantined"]
            .iter()
            .map(|outcome| sum(stage, source, outcome))
            .sum();
        assert_eq!(sum(stage, source, "received"), parts, "{stage} {source}");
    }
    assert_eq!(
        sum("file", "levier", "quarantined"),
        1,
        "the order with three decimals"
    );
    // From actor to cohort every stage splits what the one before kept.
    let stages = ["actor", "identified", "in_crm", "customer", "cohort"];
    for pair in stages.windows(2) {
        for platform in ["slack", "standard-webhooks"] {
            let split = sum(pair[1], platform, "kept") + sum(pair[1], platform, "lost");
            assert_eq!(
                sum(pair[0], platform, "kept"),
                split,
                "{platform}: {} to {}",
                pair[0],
                pair[1]
            );
        }
    }
    assert_eq!(sum("actor", "slack", "kept"), 3);
    assert_eq!(
        sum("customer", "slack", "kept"),
        2,
        "the lead bought nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compacting_again_changes_nothing() {
    let world = world(0, 1).await;
    let (tables, lake) = (world.tables().await, world.lake().await);
    world.run("compact", story::AS_OF).await.unwrap();
    assert_eq!(world.tables().await, tables);
    assert_eq!(world.lake().await, lake);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_the_lake_names_a_person() {
    let world = world(0, 1).await;
    for (key, bytes) in world.lake().await {
        let text = String::from_utf8_lossy(&bytes);
        for secret in ["exemple.fr", "Prénom", "exporter mes contacts"] {
            assert!(!text.contains(secret), "{key} holds {secret}");
        }
    }
}
