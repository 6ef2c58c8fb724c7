//! Bad files: each gets a receipt that says what to do, and nothing is half-written.

use levier_domain::receipt::ImportStatus;
use levier_tests::World;

const AT: &str = "2026-02-01T10:00:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn hopeless_files_are_refused_whole() {
    let world = World::new().await;
    let latin = b"person_id;email;created_at\np1;a@exemple.fr;01/02/2026\np2;\x81\x8d;02/02/2026\n";
    for (case, name, bytes) in [
        ("empty", "people/empty.csv", &b""[..]),
        ("header of another entity", "orders/people.csv", b"person_id,email\np1,a@exemple.fr\n"),
        ("no known header", "quoi.csv", b"a,b\n1,2\n"),
        ("day and month cannot be told apart", "orders/dates.csv", b"order_id,ordered_at,status,amount,currency\no1,01/02/2026,paid,1.00,EUR\n"),
        ("mixed decimal marks", "orders/mixed.csv", b"order_id,ordered_at,status,amount,currency\no1,2026-01-01,paid,\"1,50\",EUR\no2,2026-01-01,paid,1.50,EUR\n"),
        ("mis-encoded", "people/latin.csv", &latin[..]),
        ("truncated Parquet", "orders/orders.parquet", b"PAR1\x15\x04"),
    ] {
        let receipts = world.drop_file(name, bytes, AT).await.unwrap();
        assert_eq!(receipts.len(), 1, "{case}");
        assert_eq!(receipts[0].status, ImportStatus::Refused, "{case}: {:?}", receipts[0]);
        assert!(receipts[0].reason.as_ref().is_some_and(|reason| reason.len() > 10), "{case}");
    }
    assert!(world.deps.lake.list("crm/").await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_come_back_and_good_ones_stay() {
    let world = World::new().await;
    let text = "order_id,email,ordered_at,status,amount,currency\n\
        o1,a@exemple.fr,2026-01-01,paid,10.00,EUR\n\
        o2,a@exemple.fr,2026-01-02,paid,10.001,EUR\n\
        5.55E+12,a@exemple.fr,2026-01-03,paid,10.00,EUR\n\
        o4,a@exemple.fr,2026-01-04,paid,10.00,EUR\n";
    let receipt = world
        .drop_file("orders/a.csv", text.as_bytes(), AT)
        .await
        .unwrap()
        .remove(0);
    assert!(receipt.balances());
    assert_eq!(
        (receipt.rows.read, receipt.rows.new, receipt.rows.refused),
        (4, 2, 2),
        "{receipt:?}"
    );
    assert_eq!(
        receipt
            .refused
            .iter()
            .map(|refusal| refusal.line)
            .collect::<Vec<_>>(),
        [3, 4]
    );
    let refused = world
        .deps
        .lake
        .get(receipt.refused_file.as_deref().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&refused).lines().count(),
        3,
        "a header and two rows"
    );

    let again = world
        .drop_file("orders/b.csv", text.as_bytes(), AT)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(again.status, ImportStatus::Unchanged);
    assert_eq!((again.rows.new, again.rows.unchanged), (0, 2));
    assert_eq!(world.deps.lake.list("crm/orders/").await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_record_holds_whatever_came_last() {
    let world = World::new().await;
    let row = |lifecycle: &str, updated: &str| {
        format!("person_id,lifecycle,updated_at\np1,{lifecycle},{updated}\n")
    };
    let newer = world
        .drop_file(
            "people/1.csv",
            row("customer", "2026-01-02T00:00:00Z").as_bytes(),
            AT,
        )
        .await
        .unwrap()
        .remove(0);
    let older = world
        .drop_file(
            "people/2.csv",
            row("lead", "2026-01-01T00:00:00Z").as_bytes(),
            AT,
        )
        .await
        .unwrap()
        .remove(0);
    assert_eq!((newer.rows.new, older.rows.unchanged), (1, 1));
    let until = "2026-03-01T00:00:00Z".parse().unwrap();
    let held = levier_join::held(
        &world.deps.lake,
        levier_domain::entity::Entity::People,
        until,
    )
    .await
    .unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].get("lifecycle").as_text(), Some("customer"));
}
