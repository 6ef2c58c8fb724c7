//! What holds of rows that are dropped more than once: a function of the drops, whatever they were split into.

use std::collections::BTreeMap;

use levier_domain::entity::Entity;
use levier_domain::receipt::{ImportStatus, Receipt};
use levier_join::held;
use levier_tests::World;

async fn put(world: &World, name: &str, text: &str, at: &str) -> Receipt {
    let mut receipts = world.drop_file(name, text.as_bytes(), at).await.unwrap();
    assert_eq!(receipts.len(), 1);
    receipts.remove(0)
}

/// Lifecycle of everybody, as known at the end of 2026.
async fn lifecycles(world: &World) -> BTreeMap<String, String> {
    let rows = held(
        &world.deps.lake,
        Entity::People,
        "2027-01-01T00:00:00Z".parse().unwrap(),
    )
    .await
    .unwrap();
    rows.iter()
        .map(|row| {
            let text = |name: &str| row.get(name).as_text().unwrap_or_default().to_owned();
            (text("person_id"), text("lifecycle"))
        })
        .collect()
}

fn people(lifecycle: &str, ids: std::ops::RangeInclusive<u32>) -> String {
    let mut text = "person_id,email,lifecycle\n".to_owned();
    for id in ids {
        text += &format!("{id},p{id}@exemple.fr,{lifecycle}\n");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_files_of_one_second_the_later_holds() {
    let world = World::new().await;
    let at = "2026-05-01T08:00:00Z";
    let micros = "2026-05-01T08:00:00.25Z"
        .parse::<jiff::Timestamp>()
        .unwrap()
        .as_microsecond();
    for (position, lifecycle) in ["lead", "customer"].into_iter().enumerate() {
        let name = format!("people/{micros}-{position:04}/p{position}.csv");
        put(&world, &name, &people(lifecycle, 1..=20), at).await;
    }
    let lifecycles = lifecycles(&world).await;
    assert_eq!(lifecycles.len(), 20);
    assert!(
        lifecycles.values().all(|lifecycle| lifecycle == "customer"),
        "{lifecycles:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_without_a_modification_time_is_as_old_as_its_drop() {
    let world = World::new().await;
    let dated = "person_id,email,lifecycle,updated_at\n1,p1@exemple.fr,lead,2026-01-10T10:00:00Z\n";
    put(&world, "people/a.csv", dated, "2026-01-11T08:00:00Z").await;
    let receipt = put(
        &world,
        "people/b.csv",
        &people("customer", 1..=1),
        "2026-02-11T08:00:00Z",
    )
    .await;
    assert_eq!((receipt.rows.changed, receipt.rows.unchanged), (1, 0));
    assert_eq!(lifecycles(&world).await["1"], "customer");
    // What was modified since wins again; what was modified before does not, whenever it is dropped.
    let since =
        "person_id,email,lifecycle,updated_at\n1,p1@exemple.fr,churned,2026-02-20T10:00:00Z\n";
    put(&world, "people/c.csv", since, "2026-03-01T08:00:00Z").await;
    let late =
        "person_id,email,lifecycle,updated_at\n1,p1@exemple.fr,opportunity,2026-01-20T10:00:00Z\n";
    let receipt = put(&world, "people/d.csv", late, "2026-04-01T08:00:00Z").await;
    assert_eq!((receipt.rows.changed, receipt.rows.unchanged), (0, 1));
    assert_eq!(lifecycles(&world).await["1"], "churned");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modification_after_its_drop_does_not_win_for_ever() {
    let world = World::new().await;
    let ahead = "person_id,email,lifecycle,updated_at\n1,p1@exemple.fr,lead,2062-01-10T10:00:00Z\n";
    put(&world, "people/a.csv", ahead, "2026-01-11T08:00:00Z").await;
    let next =
        "person_id,email,lifecycle,updated_at\n1,p1@exemple.fr,customer,2026-02-10T10:00:00Z\n";
    put(&world, "people/b.csv", next, "2026-02-11T08:00:00Z").await;
    assert_eq!(lifecycles(&world).await["1"], "customer");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_export_can_be_dropped_again() {
    let world = World::new().await;
    let good = people("customer", 1..=3);
    put(&world, "people/full/a.csv", &good, "2026-01-11T08:00:00Z").await;
    // The same content over what it says: nothing is done.
    let same = put(&world, "people/full/b.csv", &good, "2026-01-12T08:00:00Z").await;
    assert_eq!(same.status, ImportStatus::Unchanged);
    assert_eq!((same.rows.new, same.rows.unchanged), (0, 3));
    // A bad one deletes and changes.
    put(
        &world,
        "people/full/c.csv",
        &people("lead", 1..=2),
        "2026-01-13T08:00:00Z",
    )
    .await;
    assert_eq!(lifecycles(&world).await.len(), 2);
    let again = put(&world, "people/full/d.csv", &good, "2026-01-14T08:00:00Z").await;
    assert_eq!(again.status, ImportStatus::Imported);
    assert_eq!((again.rows.new, again.rows.changed), (1, 2));
    let lifecycles = lifecycles(&world).await;
    assert_eq!(lifecycles.len(), 3);
    assert!(
        lifecycles.values().all(|lifecycle| lifecycle == "customer"),
        "{lifecycles:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_has_the_same_history_in_one_file_and_in_two() {
    let header =
        "subscription_id,email,plan,status,started_at,amount,interval,currency,updated_at\n";
    let before = "S1,p1@exemple.fr,Basic,active,2025-01-10,10.00,month,EUR,2025-01-10\n";
    let after = "S1,p1@exemple.fr,Pro,active,2025-01-10,30.00,month,EUR,2025-06-15\n";
    let mut histories = Vec::new();
    for files in [
        vec![format!("{header}{before}"), format!("{header}{after}")],
        vec![format!("{header}{after}{before}")],
        vec![format!("{header}{before}{after}")],
        vec![format!("{header}{after}"), format!("{header}{before}")],
    ] {
        let world = World::new().await;
        for (position, text) in files.iter().enumerate() {
            let name = format!("subscriptions/s{position}.csv");
            put(&world, &name, text, "2025-07-01T08:00:00Z").await;
        }
        for job in ["compact", "join"] {
            world.run(job, "2025-07-31").await.unwrap();
        }
        // What holds is the newest, whatever else is kept.
        let until = "2025-08-01T00:00:00Z".parse().unwrap();
        let rows = held(&world.deps.lake, Entity::Subscriptions, until)
            .await
            .unwrap();
        let plans: Vec<Option<&str>> = rows.iter().map(|row| row.get("plan").as_text()).collect();
        assert_eq!(plans, [Some("Pro")]);
        let mut mrr = Vec::new();
        for (key, bytes) in world.lake().await {
            if let Some((month, _)) = levier_lake::keys::parse_facts_key(&key) {
                let rows = levier_lake::facts::decode(&key, month.index(), bytes.into()).unwrap();
                mrr.push((month.to_string(), rows[0].mrr_minor));
            }
        }
        mrr.sort();
        histories.push(mrr);
    }
    let may = ("2025-05".to_owned(), 1_000);
    let july = ("2025-07".to_owned(), 3_000);
    assert!(
        histories[0].contains(&may) && histories[0].contains(&july),
        "{histories:?}"
    );
    assert!(
        histories.windows(2).all(|pair| pair[0] == pair[1]),
        "{histories:?}"
    );
}
