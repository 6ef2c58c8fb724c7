//! Archives, workbooks, unknown tables, hostile files, and the sample files beside the project.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod common;

use std::io::{Cursor, Write};
use std::path::PathBuf;

use common::{Settings, read, read_all, with_reading};
use levier_domain::receipt::ImportStatus;
use levier_exports::preview;
use proptest::prelude::*;

const ORDERS: &str = "order_id,ordered_at,status,amount,currency\no1,2026-01-02,paid,12.50,EUR\n";

fn gz(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn packed_files_are_read_as_if_dropped_alone() {
    let got = read("o.csv.gz", &gz(ORDERS.as_bytes()));
    assert_eq!(got.records.len(), 1, "{:?}", got.receipt());

    let archive = zip(&[
        ("orders.csv", ORDERS.as_bytes()),
        ("__MACOSX/._orders.csv", b"x"),
        ("empty.csv", b""),
    ]);
    let got = read_all("weekly.zip", &archive, &Settings::default());
    let names: Vec<_> = got.iter().map(|r| r.receipt().file.clone()).collect();
    assert_eq!(names, ["weekly.zip/orders.csv", "weekly.zip/empty.csv"]);
    assert_eq!(got[0].records.len(), 1);
    assert_eq!(got[1].receipt().status, ImportStatus::Refused);
}

#[test]
fn archives_that_would_mislead_are_refused_member_by_member() {
    let inner = zip(&[("orders.csv", ORDERS.as_bytes())]);
    let archive = zip(&[
        ("weekly.zip", inner.as_slice()),
        ("a\u{1b}[31m.csv", ORDERS.as_bytes()),
    ]);
    let got = read_all("outer.zip", &archive, &Settings::default());
    let reason = got[0].receipt().reason.clone().unwrap_or_default();
    assert!(reason.contains("inside the archive"), "{reason}");
    assert_eq!(got[1].receipt().status, ImportStatus::Imported);
    assert!(!got[1].receipt().file.contains('\u{1b}'));
}

#[test]
fn ids_that_lost_digits_are_refused_in_json_too() {
    let text = r#"[{"order_id":5.5e12,"ordered_at":"2026-01-02","status":"paid","amount":12.5,"currency":"EUR"},
        {"order_id":12345678901234567,"ordered_at":"2026-01-02","status":"paid","amount":12.5,"currency":"EUR"}]"#;
    let got = read("orders.json", text.as_bytes());
    let lines: Vec<u64> = got.receipt().refused.iter().map(|r| r.line).collect();
    assert_eq!(
        (lines, got.records.len()),
        (vec![1], 1),
        "{:?}",
        got.receipt()
    );
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![b'a'; 80 << 20];
    let got = read("bomb.csv.gz", &gz(&zeros));
    assert_eq!(got.receipt().status, ImportStatus::Refused);
    assert!(
        got.receipt().reason.as_deref().unwrap().contains("bomb"),
        "{:?}",
        got.receipt().reason
    );
    let wide = "a,".repeat(100_000);
    let got = read("wide.csv", wide.as_bytes());
    assert!(got.receipt().reason.as_deref().unwrap().contains("columns"));
}

#[test]
fn exports_of_each_system_find_their_dialect() {
    for (dialect, content, accepted, dropped) in [
        (
            "hubspot-companies-fr",
            "ID de fiche d'informations,Nom de l'entreprise,Nom de domaine de l'entreprise,Date de création\n1,Refuge,refuge.example,02/01/2026\n",
            1,
            0,
        ),
        (
            "hubspot-deals-en",
            "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Deal owner,Create Date,Associated Contact IDs\n1,X,Closed Won,Sales,12.50,2026-01-02,Jean Dupont,2025-12-01,5;6\n",
            1,
            0,
        ),
        (
            "hubspot-deals-fr",
            "ID de fiche d'informations;Nom de la transaction;Phase de la transaction;Montant;Date de création;Associated Contact IDs\n1;X;Fermée gagnée;1 234,50;02/01/2026;5\n",
            1,
            0,
        ),
        (
            "salesforce-opportunities",
            "\"ID\",\"ISDELETED\",\"ACCOUNTID\",\"STAGENAME\",\"AMOUNT\",\"CLOSEDATE\",\"ISCLOSED\",\"ISWON\",\"CREATEDDATE\"\n\"006x0000001YtCr\",\"false\",\"001x0000002xLD0\",\"Chez nous\",\"500000.0\",\"2026-01-02\",\"true\",\"true\",\"2005-06-15T20:47:07.000Z\"\n\"006x0000001YtCs\",\"true\",\"\",\"X\",\"1\",\"2026-01-02\",\"true\",\"true\",\"2005-06-15T20:47:07.000Z\"\n",
            1,
            1,
        ),
        (
            "salesforce-report-opportunities-en",
            "\"Opportunity ID\",\"Stage\",\"Amount\",\"Close Date\",\"Created Date\"\n\"006x0000001YtCr\",\"Closed Won\",\"12.50\",\"2026-01-20\",\"2026-01-02\"\n\"Grand Totals (1 records)\"\n\n\"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.\"\n\"Confidential Information - Do Not Distribute\"\n",
            1,
            4,
        ),
        (
            "pipedrive-deals-fr",
            "Affaire - ID;Affaire - Titre;Affaire - Statut;Affaire - Étape;Affaire - Valeur;Affaire - Devise;Affaire - Affaire créée\n1;X;Gagné;Signature;100;EUR;2026-01-02 10:00:00\n",
            1,
            0,
        ),
        (
            "shopify-customers",
            "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Total Spent,Total Orders\n'5550001,A,B,a@exemple.fr,yes,'+33612345678,10.00,1\n",
            1,
            0,
        ),
        (
            "woocommerce-orders",
            "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),Items sold,Coupon(s),Net Sales,Attribution\n2026-01-02 10:00:00,12,10 €,completed,A B,new,2× A,2,,10.5,Direct\n",
            1,
            0,
        ),
        (
            "stripe-payments",
            "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status,Customer ID,Customer Email\nch_1,2026-01-02 10:00:00,12.50,0.00,eur,true,Paid,cus_1,a@exemple.fr\nch_2,2026-01-02 10:00:00,12.50,0.00,eur,true,Failed,cus_1,a@exemple.fr\n",
            2,
            0,
        ),
        (
            "zendesk-tickets",
            "Summation column,Id,Requester,Requester id,Requester email,Assignee,Status,Via,Created at,Solved at,Satisfaction Score,Reopens\n1,12,A B,34,a@exemple.fr,Jean Dupont,Solved,Mail,2026-01-02 10:00,2026-01-03 10:00,Good,1\n",
            1,
            0,
        ),
        (
            "typeform-nps",
            "#,How likely are you to recommend us to a friend?,Why?,Why?,Submit Date (UTC),Network ID\nabc1,9,x,y,2026-01-02 10:00:00,n1\n",
            1,
            0,
        ),
        (
            "google-ads-campaigns-fr",
            "Rapport sur les campagnes\n1 janvier 2026 - 31 janvier 2026\nJour;Campagne;Code de la devise;Coût;Impr.;Clics;Conversions\n2026-01-02;C1;EUR;12,50;1 000;3;--\n2026-01-03;C1;EUR;7,5;1;1;0,5\nTotal : compte;--;EUR;20,00;1 001;4;0,5\n",
            2,
            3,
        ),
        (
            "meta-ads-campaigns-fr",
            "Début des rapports,Fin des rapports,Nom de la campagne,Montant dépensé (USD),Impressions,Résultats\n2026-01-02,2026-01-02,C1,12.5,10,1\n",
            1,
            0,
        ),
        (
            "linkedin-ads-campaigns-en",
            "Campaign Performance Report (in UTC)\nReport Start: 1/1/2026\n\nStart Date (in UTC),Account Name,Campaign Name,Campaign ID,Total Spent,Currency,Impressions,Clicks\n1/2/2026,A,C1,9,\"1,234.50\",USD,10,1\n",
            1,
            3,
        ),
        (
            "google-analytics-traffic-en",
            "# ----\n# Traffic acquisition\n# ----\nDate,Session default channel group,Sessions,Total users\n20260102,Organic Search,12,10\n",
            1,
            3,
        ),
        (
            "brandwatch-mentions",
            "Report,x\n\nQuery Id,Query Name,Date,Url,Page Type,Sentiment,Author\n1,q,2026-01-02 10:00:00.0,https://example.org/1,forum,positive,Jean\n",
            1,
            2,
        ),
    ] {
        let got = read("export.csv", content.as_bytes());
        let receipt = got.receipt();
        assert_eq!(
            receipt.status,
            ImportStatus::Imported,
            "{dialect}: {receipt:?}"
        );
        assert_eq!(receipt.dialect.as_deref(), Some(dialect));
        assert_eq!(
            (got.outcome.accepted, receipt.rows.dropped),
            (accepted, dropped),
            "{dialect}: {receipt:?}"
        );
        let shown = format!("{:?}", got.records);
        for private in ["Jean", "exemple.fr", "+336", "A B"] {
            assert!(!shown.contains(private), "{dialect}: {private} in {shown}");
        }
    }
}

#[test]
fn an_unknown_table_is_shown_and_a_mapping_proposed() {
    let content =
        "Ref;Courriel;Ville\n1;a@exemple.fr;Lyon\n2;b@exemple.fr;Nantes\n3;c@exemple.fr;a;b\n";
    let mut shown = Vec::new();
    let previews = with_reading(&Settings::default(), |reading| {
        preview(
            "x.csv",
            Cursor::new(content),
            reading,
            None,
            &mut |_, line, cells| {
                shown.push((line, cells.len()));
            },
        )
        .unwrap()
    });
    assert_eq!(shown, [(1, 3), (2, 3), (3, 3)]);
    let preview = &previews[0];
    assert_eq!(preview.outcome.receipt.refused[0].line, 4);
    assert!(preview.outcome.receipt.balances());
    let proposal = preview.proposal.as_deref().unwrap();
    assert!(proposal.contains("\"Courriel\" = \"email\""), "{proposal}");
}

fn samples() -> Option<PathBuf> {
    let root = std::env::var_os("LEVIER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let exports = root.join("samples/exports");
    if exports.is_dir() {
        return Some(exports);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "the sample files are absent"
    );
    eprintln!("skipped: the sample files beside the project are absent");
    None
}

#[test]
fn every_sample_gets_a_straight_answer() {
    let Some(root) = samples() else { return };
    let mut folders = vec![root];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&path).unwrap();
            files += 1;
            let started = std::time::Instant::now();
            let previews = with_reading(&Settings::default(), |reading| {
                preview(
                    &name,
                    Cursor::new(&bytes),
                    reading,
                    Some(5),
                    &mut |_, _, _| {},
                )
                .unwrap()
            });
            let took = started.elapsed();
            assert!(took.as_secs() < 20, "{name} took {took:?}");
            eprintln!("TIMED {took:?} {} {name}", bytes.len());
            for preview in previews {
                let receipt = &preview.outcome.receipt;
                assert!(
                    receipt.balances() || receipt.status == ImportStatus::Refused,
                    "{name}: {receipt:?}"
                );
                assert!(
                    receipt.status == ImportStatus::Imported || receipt.reason.is_some(),
                    "{name}"
                );
            }
        }
    }
    assert!(files > 100, "{files}");
}

#[test]
fn data_loader_samples_come_in() {
    let Some(root) = samples() else { return };
    let bytes = std::fs::read(root.join("salesforce_dataloader/accountData.csv")).unwrap();
    let got = read("accountData.csv", &bytes);
    assert_eq!(
        got.receipt().dialect.as_deref(),
        Some("salesforce-accounts"),
        "{:?}",
        got.receipt()
    );
    assert!(!got.records.is_empty());
    let bytes = std::fs::read(root.join("salesforce_dataloader/opportunityData.csv")).unwrap();
    let got = read("opportunityData.csv", &bytes);
    assert_eq!(
        got.receipt().dialect.as_deref(),
        Some("salesforce-opportunities"),
        "{:?}",
        got.receipt()
    );
    assert!(!got.records.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_all("x.csv", &bytes, &Settings::default());
    }

    #[test]
    fn every_row_is_accounted_for_whatever_the_damage(body in "[o0-9,\"\n;EUR.paid-]{0,200}") {
        let content = format!("{ORDERS}{body}");
        // The sum is checked while reading.
        let _ = read_all("x.csv", content.as_bytes(), &Settings::default());
    }
}
