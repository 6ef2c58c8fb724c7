//! Whole files in, receipts and rows out: made-up exports in French and English, one case a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Read, Settings, read, read_with};
use levier_domain::entity::Entity;
use levier_domain::receipt::ImportStatus;
use levier_exports::Sidecar;

fn text<'r>(read: &'r Read, row: usize, column: &str) -> Option<&'r str> {
    read.records[row].1.get(column).as_text()
}

#[test]
fn hubspot_contacts_are_recognised_in_each_language() {
    for (case, content, dialect, lifecycle) in [
        (
            "english",
            "Record ID,First Name,Last Name,Email,Phone Number,Lifecycle Stage,Contact owner,Create Date,Score\n101,Ada,Martin,ada@exemple.fr,+33612345678,Marketing Qualified Lead,Jean Dupont,2026-01-02 10:00,12\n",
            "hubspot-contacts-en",
            "marketing_qualified",
        ),
        (
            "french",
            "ID de fiche d’informations;Prénom;Nom;E-mail;Phase du cycle de vie;Propriétaire du contact;Date de création\n101;Ada;Martin;ada@exemple.fr;Client;Jean Dupont;02/01/2026 10:00\n",
            "hubspot-contacts-fr",
            "customer",
        ),
        (
            "internal",
            "hs_object_id,email,lifecyclestage,createdate\n101,ada@exemple.fr,marketingqualifiedlead,2026-01-02T09:00:00Z\n",
            "hubspot-contacts-internal",
            "marketing_qualified",
        ),
    ] {
        let got = read("contacts.csv", content.as_bytes());
        assert_eq!(
            got.receipt().status,
            ImportStatus::Imported,
            "{case}: {:?}",
            got.receipt()
        );
        assert_eq!(got.receipt().dialect.as_deref(), Some(dialect), "{case}");
        assert_eq!(text(&got, 0, "lifecycle"), Some(lifecycle), "{case}");
        assert_eq!(text(&got, 0, "source"), Some("hubspot"), "{case}");
        assert_eq!(
            got.records[0]
                .1
                .get("created_at")
                .as_instant()
                .unwrap()
                .to_string(),
            "2026-01-02T09:00:00Z",
            "{case}"
        );
        assert!(text(&got, 0, "email_key").is_some(), "{case}");
        let shown = format!("{:?}", got.records);
        for private in ["Ada", "Martin", "Jean", "exemple.fr", "+336"] {
            assert!(!shown.contains(private), "{case}: {private} in {shown}");
        }
    }
}

#[test]
fn shopify_lines_fold_into_their_order() {
    let got = read(
        "orders_export.csv",
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Created at,Lineitem quantity,Lineitem name,Payment Method,Refunded Amount,Id,Cancelled at\n\
         #1,a@exemple.fr,paid,2025-10-07 09:50:26 +0200,EUR,10.00,5.00,2.50,15.00,CLUB,2025-10-07 09:50:26 +0200,1,Gourde,stripe,0.00,5550001,\n\
         #1,,,,,,,,,,,2,Sac,,,,\n\
         #2,b@exemple.fr,voided,,EUR,1.00,0.00,0.00,1.00,,2025-10-08 09:50:26 +0200,1,Gourde,stripe,0.00,5550002,\n\
         #3,c@exemple.fr,paid,,EUR,1.00,0.00,0.00,1.00,,2025-10-08 09:50:26 +0200,1,Gourde,bogus,0.00,5.55E+12,\n"
            .as_bytes(),
    );
    assert_eq!(got.receipt().rows.read, 3, "{:?}", got.receipt());
    assert_eq!(
        (
            got.outcome.accepted,
            got.receipt().rows.refused,
            got.outcome.folded
        ),
        (2, 1, 1)
    );
    assert_eq!(got.records[0].1.get("items").as_integer(), Some(3));
    assert_eq!(
        got.records[0].1.get("amount_minor").as_integer(),
        Some(1500)
    );
    assert_eq!(text(&got, 1, "status"), Some("cancelled"));
    assert_eq!(got.receipt().refused[0].line, 5);
    assert_eq!(got.receipt().refused[0].column, "Id");
}

#[test]
fn every_entity_has_an_own_layout() {
    for (entity, content) in [
        (
            Entity::People,
            "person_id,email,lifecycle\np1,a@exemple.fr,customer\n",
        ),
        (Entity::Accounts, "account_id,domain\na1,exemple.fr\n"),
        (
            Entity::Deals,
            "deal_id,created_at,status,amount\nd1,2026-01-02,won,12.50\n",
        ),
        (
            Entity::Orders,
            "order_id,ordered_at,status,amount,currency\no1,2026-01-02,paid,12.50,EUR\n",
        ),
        (
            Entity::Subscriptions,
            "subscription_id,status,started_at,amount,interval,currency\ns1,active,2026-01-02,9,month,EUR\n",
        ),
        (
            Entity::Invoices,
            "invoice_id,issued_at,amount,currency,status\ni1,2026-01-02,9,EUR,paid\n",
        ),
        (
            Entity::Tickets,
            "ticket_id,created_at,status\nt1,2026-01-02,open\n",
        ),
        (
            Entity::Surveys,
            "response_id,answered_at,kind,score\nr1,2026-01-02,nps,9\n",
        ),
        (
            Entity::Spend,
            "date,channel,amount,currency\n2026-01-02,google,12.50,EUR\n",
        ),
        (
            Entity::Costs,
            "month,category,amount,currency\n2026-01,platform,12.50,EUR\n",
        ),
        (
            Entity::WebTraffic,
            "date,channel,visits\n2026-01-02,organic,12\n",
        ),
        (
            Entity::Mentions,
            "mention_id,seen_at,network,about\nm1,2026-01-02,x,brand\n",
        ),
        (
            Entity::Members,
            "community,platform,handle\nmain,hivebrite,h1\n",
        ),
        (Entity::Links, "platform,handle,person_id\nslack,U1,p1\n"),
        (
            Entity::Assignments,
            "experiment,person_id,group,assigned_at\ne1,p1,invited,2026-01-02\n",
        ),
        (Entity::Rates, "date,currency,rate\n2026-01-02,USD,0.92\n"),
    ] {
        let got = read("own.csv", content.as_bytes());
        assert_eq!(
            got.receipt().entity.as_deref(),
            Some(entity.as_str()),
            "{:?}",
            got.receipt()
        );
        assert_eq!(got.records.len(), 1, "{entity}: {:?}", got.receipt());
        assert_eq!(got.receipt().rows.read, 1);
    }
    let got = read(
        "own.csv",
        b"event_id,community,platform,kind,occurred_at,actor,text\ne1,main,forum,message_posted,2026-01-02T10:00:00Z,u1,Bonjour ?\n",
    );
    assert_eq!(got.events.len(), 1, "{:?}", got.receipt());
    assert_eq!(got.events[0].1.text.as_deref(), Some("Bonjour ?"));
}

#[test]
fn whole_files_are_refused_with_a_reason() {
    for (case, content, entity, says) in [
        ("empty", &b""[..], None, "empty"),
        ("no known header", b"foo,bar\n1,2\n", None, "header"),
        ("another entity", b"order_id,ordered_at,status,amount,currency\no1,2026-01-02,paid,1,EUR\n", Some(Entity::People), "orders"),
        ("another entity that also names people", b"order_id,person_id,ordered_at,status,amount,currency\no1,p1,2026-01-02,paid,1,EUR\n", Some(Entity::People), "orders"),
        ("deals without their status", b"deal_id,person_id,account_id,created_at,amount\nd1,p1,a1,2026-01-02,1\n", None, "status"),
        ("ambiguous required date", b"order_id,ordered_at,status,amount,currency\no1,03/04/2026,paid,1,EUR\n", None, "day and month"),
        ("mixed marks", b"order_id,ordered_at,status,amount,currency\no1,2026-01-02,paid,\"1,50\",EUR\no2,2026-01-02,paid,1.50,EUR\n", None, "decimal marks"),
        ("mapped header twice", b"person_id,email,email\np1,a@exemple.fr,b@exemple.fr\n", None, "twice"),
        ("half refused", b"order_id,ordered_at,status,amount,currency\no1,2026-01-02,paid,x,EUR\n", None, "refused"),
        ("nul", b"person_id,email\np1,\0\0\0\n", None, "NUL"),
        ("mojibake", "person_id,segment\np1,Fidélité\n".replace('é', "Ã©").leak().as_bytes(), None, "mis-encoded"),
        ("pdf", b"%PDF-1.7", None, "PDF"),
        ("latin-9 or 1252", b"person_id,segment\np1,c\xBDur\n", None, "ISO-8859-15"),
    ] {
        let got = read_with("file.csv", content, &Settings { entity, ..Settings::default() });
        assert_eq!(got.receipt().status, ImportStatus::Refused, "{case}");
        let reason = got.receipt().reason.clone().unwrap();
        assert!(reason.contains(says), "{case}: {reason}");
    }
}

#[test]
fn the_euro_sign_tells_latin_9() {
    let got = read(
        "file.csv",
        b"order_id;ordered_at;status;amount;currency;promo_code\no1;2026-01-02;paid;12,50 \xA4;EUR;c\xBDur\n",
    );
    assert_eq!(
        got.receipt().encoding.as_deref(),
        Some("iso-8859-15"),
        "{:?}",
        got.receipt()
    );
    assert_eq!(text(&got, 0, "promo_code"), Some("cœur"));
    assert_eq!(
        got.records[0].1.get("amount_minor").as_integer(),
        Some(1250)
    );
}

#[test]
fn every_line_is_accounted_for() {
    let got = read(
        "file.csv",
        b"Report of the day\n\norder_id,ordered_at,status,amount,currency\no1,2026-01-02,paid,1,EUR\n\norder_id,ordered_at,status,amount,currency\no2,2026-01-02,paid,-1,EUR\no3,2026-01-02,paid\no4,2026-01-02,paid,1,EUR,,\no5,2026-01-02,paid,1.999,EUR\no6,2026-01-02,paid,1,XXZ\no7,2026-01-02,paid,1,EUR\no8,2026-01-02,paid,1,EUR\n",
    );
    let receipt = got.receipt();
    assert_eq!(receipt.status, ImportStatus::Imported, "{receipt:?}");
    let refused: Vec<_> = receipt.refused.iter().map(|r| r.line).collect();
    assert_eq!(refused, [7, 8, 10, 11]);
    let dropped: Vec<_> = receipt
        .dropped
        .iter()
        .map(|d| (d.line, d.why.as_str()))
        .collect();
    assert_eq!(
        dropped,
        [
            (1, "preamble"),
            (2, "blank"),
            (5, "blank"),
            (6, "repeated_header")
        ]
    );
    assert_eq!(receipt.rows.read, got.outcome.accepted + 4 + 4);
    for refusal in &receipt.refused {
        assert!(
            !refusal.reason.contains("o3") && !refusal.hint.is_empty(),
            "{refusal:?}"
        );
    }
}

#[test]
fn spend_of_one_key_is_summed() {
    let got = read("s.csv", b"date,channel,campaign,amount,currency,clicks\n2026-01-02,google,c,1.50,EUR,2\n2026-01-02,google,c,2,EUR,\n2026-01-03,google,c,2,EUR,1\n");
    assert_eq!(got.records.len(), 2);
    assert_eq!(got.records[0].1.get("amount_minor").as_integer(), Some(350));
    assert_eq!((got.receipt().rows.read, got.outcome.folded), (2, 1));
}

#[test]
fn json_lines_and_parquet_are_read_by_the_same_rules() {
    let got = read("o.ndjson", b"{\"order_id\":5550001,\"ordered_at\":\"2026-01-02\",\"status\":\"paid\",\"amount\":12.5,\"currency\":\"EUR\"}\n{\"order_id\":\"o2\",\"status\":\"paid\"}\nnot json\n{\"order_id\":\"o3\",\"ordered_at\":\"2026-01-02\",\"status\":\"paid\",\"amount\":\"1\",\"currency\":\"EUR\"}\n");
    assert_eq!(got.records.len(), 2, "{:?}", got.receipt());
    assert_eq!(text(&got, 0, "order_id"), Some("5550001"));
    assert_eq!(
        got.receipt()
            .refused
            .iter()
            .map(|r| r.line)
            .collect::<Vec<_>>(),
        [2, 3]
    );

    let bytes = common::parquet_orders();
    let got = read("o.parquet", &bytes);
    assert_eq!(got.records.len(), 2, "{:?}", got.receipt());
    assert_eq!(
        got.records[0].1.get("amount_minor").as_integer(),
        Some(1250)
    );
    assert_eq!(
        got.records[0]
            .1
            .get("ordered_at")
            .as_instant()
            .unwrap()
            .to_string(),
        "2026-01-02T10:00:00Z"
    );
    assert_eq!(got.records[1].0, 2);
}

#[test]
fn a_sidecar_overrules() {
    let sidecar = Sidecar::parse("x", "entity = \"orders\"\nsource = \"acme\"\ndate_order = \"mdy\"\ncurrency = \"EUR\"\n[columns]\n\"No\" = \"order_id\"\n\"When\" = \"ordered_at\"\n\"State\" = \"status\"\n\"Sum\" = \"amount\"\n[values.status]\n\"ok\" = \"paid\"\n").unwrap();
    let got = read_with(
        "a.csv",
        b"No;When;State;Sum\n1;03/04/2026;OK;12,50\n",
        &Settings {
            sidecar: Some(sidecar),
            ..Settings::default()
        },
    );
    assert_eq!(
        got.receipt().status,
        ImportStatus::Imported,
        "{:?}",
        got.receipt()
    );
    assert_eq!(text(&got, 0, "source"), Some("acme"));
    assert_eq!(
        got.records[0]
            .1
            .get("ordered_at")
            .as_instant()
            .unwrap()
            .to_string(),
        "2026-03-03T23:00:00Z"
    );
}

#[test]
fn an_optional_ambiguous_date_is_left_empty_with_a_warning() {
    let got = read("p.csv", b"person_id,created_at\np1,03/04/2026\n");
    assert!(got.records[0].1.get("created_at").as_instant().is_none());
    assert!(
        got.receipt()
            .warnings
            .iter()
            .any(|w| w.contains("day and month")),
        "{:?}",
        got.receipt()
    );
}

#[test]
fn every_builtin_dialect_compiles() {
    let names: Vec<_> = common::dialects().names().collect();
    assert!(names.len() > 80, "{}", names.len());
}

#[test]
fn an_id_that_is_an_address_joins_and_is_not_told() {
    let people = read(
        "people.csv",
        "person_id,created_at,lead_source_raw\nJean.Morel@exemple.fr,2026-01-02,conseillé par lea@exemple.fr (forum)\n+33 6 12 34 56 78,2026-01-02,@marque\n"
            .as_bytes(),
    );
    let orders = read(
        "orders.csv",
        b"order_id,person_id,ordered_at,status,amount,currency\no1,jean.morel@exemple.fr,2026-01-02,paid,12.50,EUR\n",
    );
    let id = text(&people, 0, "person_id").unwrap();
    assert_eq!(id.len(), 32, "a keyed hash: {id}");
    assert_eq!(
        text(&orders, 0, "person_id"),
        Some(id),
        "however it is written"
    );
    let said = text(&people, 0, "lead_source_raw").unwrap();
    assert!(
        said.starts_with("conseillé par ") && said.ends_with(" (forum)"),
        "{said}"
    );
    assert_eq!(text(&people, 1, "person_id").unwrap().len(), 32);
    assert_eq!(
        text(&people, 1, "lead_source_raw"),
        Some("@marque"),
        "no address"
    );
    for read in [&people, &orders] {
        let shown = format!("{:?}", read.records).to_lowercase();
        for private in ["morel", "lea@", "6 12 34"] {
            assert!(!shown.contains(private), "{private} in {shown}");
        }
    }
}

#[test]
fn other_columns_are_kept_only_where_they_tell_of_nobody() {
    let header = "person_id,email,Commercial,Famille,Ville,Points,Inscrit,VIP,Secteur,Portable,Fixe,NIR,Remarque libre,contactName";
    let mut file = format!("{header}\n");
    for n in 0..12 {
        let city = ["Lyon", "Nantes"][n % 2];
        let sector =
            ["BTP", "Industrie agroalimentaire", "Jean Dupont"][if n == 11 { 2 } else { n % 2 }];
        file.push_str(&format!(
            "p{n},a{n}@exemple.fr,Marie Durand,Durand{n},{city},{n},2026-01-{:02},oui,{sector},336123456{n:02},(+33)6123456{n:02},1850575123456{n:02},à rappeler {n},Luc Petit\n",
            n + 1
        ));
    }
    let got = read("people.csv", file.as_bytes());
    assert_eq!(got.records.len(), 12, "{:?}", got.receipt());
    let shown = format!("{:?}", got.records);
    for private in [
        "Durand", "Dupont", "Petit", "33612", "6123456", "18505", "rappeler",
    ] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
    for kept in [
        "Lyon",
        "BTP",
        "Industrie agroalimentaire",
        "oui",
        "2026-01-03",
    ] {
        assert!(shown.contains(kept), "{kept} not in {shown}");
    }
    let columns = &got.receipt().columns;
    for header in [
        "Commercial",
        "Famille",
        "Portable",
        "Fixe",
        "NIR",
        "contactName",
    ] {
        assert!(columns.ignored.iter().any(|h| h == header), "{columns:?}");
    }
    assert!(
        got.receipt()
            .warnings
            .iter()
            .any(|w| w.contains("few words that recur: Famille")),
        "{:?}",
        got.receipt().warnings
    );
}

#[test]
fn attributes_of_json_obey_the_same_rule() {
    let mut file = String::new();
    for n in 0..4 {
        file.push_str(&format!(
            "{{\"person_id\":\"p{n}\",\"email\":\"a{n}@exemple.fr\",\"attributes\":{{\"contact\":\"Jean Dupont\",\"tier\":\"gold\",\"said\":\"mot {n}\",\"score\":{n}}}}}\n"
        ));
    }
    let got = read("people.ndjson", file.as_bytes());
    let shown = format!("{:?}", got.records[0]);
    assert!(shown.contains("gold") && shown.contains("score"), "{shown}");
    assert!(
        !shown.contains("Dupont") && !shown.contains("mot"),
        "{shown}"
    );
}

#[test]
fn phone_numbers_inside_a_text_become_keys() {
    let got = read(
        "surveys.csv",
        "response_id,answered_at,kind,answer\nr1,2026-01-02,heard_about,rappelez-moi au 06 12 34 56 78 svp\n".as_bytes(),
    );
    let said = text(&got, 0, "answer").unwrap();
    assert!(
        said.starts_with("rappelez-moi au ") && said.ends_with(" svp"),
        "{said}"
    );
    assert!(!said.contains("34 56"), "{said}");
}

#[test]
fn a_receipt_repeats_only_what_recurs() {
    let mut file =
        "ID de fiche d'informations;E-mail;Phase du cycle de vie;Source d'origine\n".to_owned();
    for n in 0..4 {
        file.push_str(&format!("{n};a{n}@exemple.fr;VIP;Salon\n"));
    }
    file.push_str("9;b@exemple.fr;Ami de Luc Petit;Parrainé par Luc Petit\n");
    let got = read("contacts.csv", file.as_bytes());
    let warnings = got.receipt().warnings.join("\n");
    assert!(
        warnings.contains("`VIP` (4)") && warnings.contains("`Salon` (4)"),
        "{warnings}"
    );
    assert!(!warnings.contains("Petit"), "{warnings}");
    assert_eq!(text(&got, 4, "lead_source"), Some("other"));
    assert_eq!(
        text(&got, 4, "lead_source_raw"),
        Some("Parrainé par Luc Petit")
    );
}
