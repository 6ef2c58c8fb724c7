//! What CRM rows say of members and of others, and what a snapshot rests on.

use levier_domain::table::TableName;
use levier_tests::World;
use serde_json::Value as Json;

async fn drop(world: &World, name: &str, text: &str) {
    let receipts = world
        .drop_file(name, text.as_bytes(), "2026-08-31T08:00:00Z")
        .await
        .unwrap();
    for receipt in receipts {
        assert_eq!(receipt.rows.refused, 0, "{name}: {receipt:?}");
    }
}

/// Eighty people, each of an account and customer since 2025; the first forty joined in January 2026.
async fn company() -> World {
    let world = World::new().await;
    let mut people = "person_id,email,account_id,created_at\n".to_owned();
    let mut members = "community,platform,handle,person_id,joined_at\n".to_owned();
    let mut orders = "order_id,person_id,ordered_at,status,amount,currency\n".to_owned();
    for n in 0..80 {
        people += &format!("x{n},p{n}@exemple.fr,a{n},2025-09-01T10:00:00Z\n");
        if n < 40 {
            members += &format!("main,slack,U{n},x{n},2026-01-10T10:00:00Z\n");
        }
        for month in ["2025-10", "2025-12", "2026-02", "2026-04"] {
            orders += &format!("o{n}-{month},x{n},{month}-05T10:00:00Z,paid,50.00,EUR\n");
        }
    }
    drop(&world, "people/p.csv", &people).await;
    drop(&world, "members/m.csv", &members).await;
    drop(&world, "orders/o.csv", &orders).await;
    world
}

async fn night(world: &World, as_of: &str) {
    for job in ["compact", "join", "uplift"] {
        world.run(job, as_of).await.unwrap();
    }
}

async fn row(world: &World, kpi: &str) -> Json {
    let rows = world.rows(TableName::Uplift).await;
    let naive =
        |row: &Json| row["kpi"] == kpi && row["method"] == "naive" && row["segment"] == "all";
    rows.into_iter().find(naive).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn deals_that_name_only_an_account_are_of_its_people() {
    let world = company().await;
    let mut deals = "deal_id,account_id,created_at,closed_at,status\n".to_owned();
    for n in 0..80 {
        let won = n % 10 < if n < 40 { 6 } else { 3 };
        let status = if won { "won" } else { "lost" };
        deals += &format!("d{n},a{n},2026-03-02T10:00:00Z,2026-04-11T10:00:00Z,{status}\n");
    }
    drop(&world, "deals/d.csv", &deals).await;
    night(&world, "2026-08-31").await;
    let closing = row(&world, "closing_rate").await;
    assert!(
        (closing["value"].as_f64().unwrap() - 0.3).abs() < 1e-9,
        "{closing}"
    );
    assert_eq!(
        (&closing["n_members"], &closing["unmatched"]),
        (&40.into(), &0.into())
    );
    let signed = row(&world, "contracts_signed").await;
    assert!(signed["member_level"].as_f64().unwrap() > 0.0, "{signed}");
    let cycle = row(&world, "sales_cycle_days").await;
    assert!(
        (cycle["member_level"].as_f64().unwrap() - 40.0).abs() < 1e-9,
        "{cycle}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_converts_by_what_it_buys_and_money_is_of_the_window() {
    let world = company().await;
    let mut people = "person_id,email,created_at\n".to_owned();
    let mut orders = "order_id,person_id,ordered_at,status,amount,currency\n".to_owned();
    let mut members = "community,platform,handle,person_id,joined_at\n".to_owned();
    for n in 0..80 {
        people += &format!("l{n},l{n}@exemple.fr,2026-02-02T10:00:00Z\n");
        if n < 40 {
            members += &format!("main,slack,L{n},l{n},2026-01-10T10:00:00Z\n");
        }
        if n % 10 < if n < 40 { 5 } else { 2 } {
            orders += &format!("lo{n},l{n},2026-03-05T10:00:00Z,paid,50.00,EUR\n");
        }
    }
    drop(&world, "people/l.csv", &people).await;
    drop(&world, "orders/l.csv", &orders).await;
    drop(&world, "members/l.csv", &members).await;
    drop(
        &world,
        "rates/r.csv",
        "date,currency,rate\n2020-01-01,USD,0.5\n",
    )
    .await;
    // Of the window: 100 EUR for others, 100 EUR and 400 USD for members; the rest is of another time.
    drop(
        &world,
        "spend/s.csv",
        "date,channel,campaign,audience,purpose,amount,currency\n\
         2026-03-05,ads,a,others,customer_acquisition,100.00,EUR\n\
         2026-03-05,ads,b,members,customer_acquisition,100.00,EUR\n\
         2026-03-06,ads,b,members,customer_acquisition,400.00,USD\n\
         2020-03-05,ads,c,others,customer_acquisition,9000.00,EUR\n",
    )
    .await;
    night(&world, "2026-08-31").await;
    let rate = row(&world, "conversion_rate").await;
    let level = |row: &Json, name: &str| row[name].as_f64().unwrap();
    assert!((level(&rate, "member_level") - 0.5).abs() < 1e-9, "{rate}");
    assert!(
        (level(&rate, "non_member_level") - 0.2).abs() < 1e-9,
        "{rate}"
    );
    let cost = row(&world, "customer_acquisition_cost").await;
    let new = |name: &str| cost[name].as_f64().unwrap();
    assert!(
        (level(&cost, "member_level") * new("n_members") - 300.0).abs() < 1e-6,
        "{cost}"
    );
    assert!(
        (level(&cost, "non_member_level") * new("n_non_members") - 100.0).abs() < 1e-6,
        "{cost}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_rests_on_the_uplift_of_what_it_states() {
    let mut world = company().await;
    let day = "2026-08-31";
    night(&world, day).await;
    world.run("snapshot", day).await.unwrap();
    // Other facts.
    drop(
        &world,
        "orders/more.csv",
        "order_id,person_id,ordered_at,status,amount,currency\nm1,x1,2026-05-05T10:00:00Z,paid,90.00,EUR\n",
    )
    .await;
    world.run("join", day).await.unwrap();
    let refused = world.run("snapshot", day).await.unwrap_err().to_string();
    assert!(
        refused.contains("other facts") && refused.contains("run uplift"),
        "{refused}"
    );
    world.run("uplift", day).await.unwrap();
    world.run("snapshot", day).await.unwrap();
    // Another margin.
    world.deps = levier_tests::connect(
        &world.cloud,
        &levier_tests::CONFIG.replace("margin = 0.5", "margin = 0.25"),
        world.folder.path(),
    )
    .await;
    let refused = world.run("snapshot", day).await.unwrap_err().to_string();
    assert!(refused.contains("another configuration"), "{refused}");
}
