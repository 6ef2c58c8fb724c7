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
    let refused = String::from_utf8(refused.to_vec()).unwrap();
    let lines: Vec<&str> = refused.lines().collect();
    assert_eq!(lines.len(), 3, "a header and two rows");
    assert!(lines[0].ends_with(",levier_motif_du_refus"), "{refused}");
    assert!(lines[2].contains("ligne 4, order_id"), "{refused}");
    assert!(!refused.contains("scientific"), "{refused}");
    // The receipt's own reasons are a contract, in English.
    assert!(receipt.refused[1].reason.contains("scientific"));

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

#[tokio::test(flavor = "multi_thread")]
async fn what_a_complete_export_does_not_hold_is_deleted_from_its_day_on() {
    let world = World::new().await;
    let people = |rows: &str| format!("person_id,lifecycle\n{rows}");
    let on = async |name: &str, rows: &str, at: &str| {
        world
            .drop_file(name, people(rows).as_bytes(), at)
            .await
            .unwrap()
            .remove(0)
    };
    let held = async |until: &str| -> Vec<String> {
        levier_join::held(
            &world.deps.lake,
            levier_domain::entity::Entity::People,
            until.parse().unwrap(),
        )
        .await
        .unwrap()
        .iter()
        .map(|record| {
            record
                .get("person_id")
                .as_text()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
    };
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    on(
        "people/1.csv",
        "p1,lead\np2,lead\np3,lead\n",
        "2026-01-01T00:00:00Z",
    )
    .await;
    // A refused row may be one of those that seem to be gone: nothing is deleted.
    let careful = on(
        "people/full/2.csv",
        "p1,lead\np2,nonsense\n",
        "2026-01-02T00:00:00Z",
    )
    .await;
    assert_eq!((careful.rows.refused, careful.rows.unchanged), (1, 1));
    assert!(
        careful
            .warnings
            .iter()
            .any(|w| w.contains("nothing was deleted"))
    );
    assert_eq!(held("2026-01-02T12:00:00Z").await.len(), 3);

    let full = on(
        "people/full/3.csv",
        "p1,lead\np3,customer\n",
        "2026-01-03T00:00:00Z",
    )
    .await;
    assert_eq!((full.rows.changed, full.rows.unchanged), (1, 1));
    assert!(
        full.warnings
            .iter()
            .any(|w| w.contains("1 record(s) of levier people")),
        "{:?}",
        full.warnings
    );
    assert_eq!(sorted(held("2026-01-04T00:00:00Z").await), ["p1", "p3"]);
    // Of an earlier day it was still there.
    assert_eq!(
        sorted(held("2026-01-02T12:00:00Z").await),
        ["p1", "p2", "p3"]
    );

    // What comes back is new, although its content was held before.
    let back = on("people/4.csv", "p2,lead\n", "2026-01-05T00:00:00Z").await;
    assert_eq!(back.rows.new, 1, "{back:?}");
    assert_eq!(
        sorted(held("2026-01-06T00:00:00Z").await),
        ["p1", "p2", "p3"]
    );
    assert_eq!(sorted(held("2026-01-04T00:00:00Z").await), ["p1", "p3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_roll_up_to_accounts_by_domain_and_the_lake_names_no_domain_of_theirs() {
    let world = World::new().await;
    for (name, text) in [
        (
            "accounts/a.csv",
            "account_id,domain\nacc1,https://www.exemple.fr\n",
        ),
        (
            "people/p.csv",
            "person_id,email\np1,ana@exemple.fr\np2,bob@gmail.com\np3,cleo@famille-cleo.fr\n",
        ),
    ] {
        let receipt = world
            .drop_file(name, text.as_bytes(), AT)
            .await
            .unwrap()
            .remove(0);
        assert_eq!(receipt.status, ImportStatus::Imported, "{receipt:?}");
    }
    let lake = world.lake().await;
    for (key, bytes) in &lake {
        if !key.starts_with("drop/") && !key.starts_with("crm/accounts/") {
            let named = ["famille-cleo", "exemple.fr"]
                .iter()
                .any(|domain| bytes.windows(domain.len()).any(|w| w == domain.as_bytes()));
            assert!(!named, "{key} names a domain");
        }
    }
    world.run("join", "2026-02-02").await.unwrap();
    let known = levier_join::Known::load(&world.deps.lake).await.unwrap();
    let accounts: Vec<&str> = known.accounts().map(|(_, account)| account).collect();
    assert_eq!(accounts, ["levier:acc1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn assignments_by_address_are_told_apart() {
    let world = World::new().await;
    let text = "experiment,person_id,email,group,assigned_at\n\
        e,,ana@exemple.fr,invited,2026-01-01\n\
        e,,bob@exemple.fr,held_out,2026-01-01\n\
        e,,,held_out,2026-01-01\n";
    let receipt = world
        .drop_file("assignments/a.csv", text.as_bytes(), AT)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (receipt.rows.new, receipt.rows.refused),
        (2, 1),
        "{receipt:?}"
    );
    assert_eq!(receipt.refused[0].line, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_dialect_reads_the_files_after_it() {
    let world = World::new().await;
    let export = b"Client no;Mail;Stufe\n1;ana@exemple.fr;Kunde\n";
    let refused = world
        .drop_file("a.csv", export, AT)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(refused.status, ImportStatus::Refused);
    let wrong = b"name = \"acme-contacts-de\"\nsystem = \"acme\"\nentity = \"people\"\n[columns]\nnobody = \"Client no\"\n";
    let refused = world
        .drop_file("acme.dialect.toml", wrong, AT)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(refused.status, ImportStatus::Refused);
    assert!(refused.reason.unwrap_or_default().contains("nobody"));

    let dialect = br#"name = "acme-contacts-de"
system = "acme"
entity = "people"
require = ["client no", "stufe"]
[columns]
person_id = "Client no"
email = "Mail"
lifecycle = "Stufe"
[values.lifecycle]
kunde = "customer"
"#;
    let kept = world
        .drop_file("acme.dialect.toml", dialect, AT)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(kept.status, ImportStatus::Imported, "{kept:?}");
    assert_eq!(kept.dialect.as_deref(), Some("acme-contacts-de"));
    let read = world
        .drop_file("b.csv", export, AT)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (read.rows.new, read.dialect.as_deref()),
        (1, Some("acme-contacts-de"))
    );
}
