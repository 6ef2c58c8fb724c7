//! What people and programs really write: one file a case, with what it must give.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Read, Settings, read, read_all, read_with};
use levier_domain::entity::Entity;
use levier_domain::receipt::ImportStatus;
use levier_domain::record::Value;
use levier_exports::Sidecar;

fn text<'r>(read: &'r Read, row: usize, column: &str) -> Option<&'r str> {
    read.records[row].1.get(column).as_text()
}

fn minor(read: &Read, row: usize, column: &str) -> Option<i64> {
    read.records[row].1.get(column).as_integer()
}

fn number(read: &Read, row: usize, column: &str) -> Option<f64> {
    read.records[row].1.get(column).as_number()
}

fn with_sidecar(name: &str, content: &[u8], sidecar: &str) -> Read {
    let settings = Settings {
        sidecar: Some(Sidecar::parse("x", sidecar).unwrap()),
        ..Settings::default()
    };
    read_with(name, content, &settings)
}

fn warned(read: &Read, of: &str) -> bool {
    read.receipt().warnings.iter().any(|w| w.contains(of))
}

#[test]
fn ids_alone_do_not_make_people() {
    let attendance = b"person_id;webinaire;attended\n1;Lancement;oui\n2;Lancement;non\n";
    let got = read("attendance.csv", attendance);
    assert_eq!(
        got.receipt().status,
        ImportStatus::Refused,
        "{:?}",
        got.receipt()
    );
    let reason = got.receipt().reason.clone().unwrap();
    assert!(reason.contains("would empty"), "{reason}");
    let declared = Settings {
        entity: Some(Entity::People),
        ..Settings::default()
    };
    let got = read_with("attendance.csv", attendance, &declared);
    assert_eq!(got.receipt().status, ImportStatus::Imported);
    assert!(warned(&got, "no e-mail"), "{:?}", got.receipt());
    for header in ["E-Mail", "email address", "Courriel"] {
        let file = format!("PERSON_ID;{header};Lifecycle\n1;a@x.fr;lead\n");
        let got = read("p.csv", file.as_bytes());
        assert!(
            text(&got, 0, "email_key").is_some(),
            "{header}: {:?}",
            got.receipt()
        );
        assert!(!warned(&got, "no e-mail"));
    }
}

#[test]
fn thousands_of_counts_are_no_decimals() {
    let got = read(
        "t.csv",
        b"date,channel,visits,visitors,conversions\n2026-01-01,organic,\"1,234\",\"1,000\",\"1,500\"\n2026-01-02,organic,900,800,3\n",
    );
    assert_eq!(
        number(&got, 0, "visits"),
        Some(1234.0),
        "{:?}",
        got.receipt()
    );
    assert_eq!(number(&got, 0, "visitors"), Some(1000.0));
    assert_eq!(number(&got, 0, "conversions"), None, "may be 1.5");
    assert_eq!(number(&got, 1, "conversions"), Some(3.0));
    assert!(warned(&got, "thousands or decimals"), "{:?}", got.receipt());
    let got = read("t.csv", b"date;channel;visits\n2026-01-01;organic;12.345\n");
    assert_eq!(number(&got, 0, "visits"), Some(12345.0));
    let got = read(
        "r.csv",
        b"date;currency;rate\n2026-01-01;USD;0,923\n2026-01-02;USD;1,085\n",
    );
    assert_eq!(
        number(&got, 1, "rate"),
        Some(1.085),
        "another row proves it"
    );
    let got = read(
        "s.csv",
        b"response_id,answered_at,kind,score\nr,2026-01-02,csat,4.125\n",
    );
    assert_eq!(number(&got, 0, "score"), Some(4.125), "its scale proves it");
}

#[test]
fn a_sidecar_is_laid_over_what_is_recognised() {
    let orders = b"order_id,ordered_at,status,amount,currency\no1,03/04/2025,pay\xC3\xA9,1,EUR\n";
    let got = with_sidecar(
        "o.csv",
        orders,
        "date_order = \"dmy\"\ntimezone = \"UTC\"\nsource = \"shop\"\n[values.status]\n\"pay\u{e9}\" = \"paid\"\n",
    );
    assert_eq!(got.records.len(), 1, "{:?}", got.receipt());
    assert_eq!(text(&got, 0, "status"), Some("paid"));
    assert_eq!(text(&got, 0, "source"), Some("shop"));
    let because = got.receipt().recognised_by.clone().unwrap();
    assert!(because.ends_with("(with its sidecar file)"), "{because}");
    let got = with_sidecar(
        "o.csv",
        b"order_id,ordered_at,status,amount\no1,2025-04-03,paid,1\n",
        "entity = \"orders\"\n[constants]\ncurrency = \"EUR\"\n",
    );
    assert_eq!(
        minor(&got, 0, "amount_minor"),
        Some(100),
        "{:?}",
        got.receipt()
    );
}

#[test]
fn a_sidecar_inside_an_archive_holds_for_its_file() {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in [
        ("a/x.csv", "No;Mail;Stage\n1;a@x.fr;lead\n"),
        (
            "a/x.csv.levier.toml",
            "entity = \"people\"\nsource = \"acme\"\n[columns]\n\"No\" = \"person_id\"\n\"Mail\" = \"email\"\n",
        ),
        ("b.csv", "person_id;email\n1;a@x.fr\n"),
        ("b.csv.levier.toml", "no_such_key = 1\n"),
    ] {
        zip.start_file(name, options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let all = read_all("w.zip", &bytes, &Settings::default());
    assert_eq!(all.len(), 2);
    assert_eq!(
        text(&all[0], 0, "source"),
        Some("acme"),
        "{:?}",
        all[0].receipt()
    );
    assert!(text(&all[0], 0, "email_key").is_some());
    let reason = all[1].receipt().reason.clone().unwrap();
    assert!(reason.contains("sidecar"), "{reason}");
}

#[test]
fn refused_rows_read_back_once_mended() {
    let got = read(
        "o.csv",
        "order_id;ordered_at;status;amount;currency;items\n1;25/12/2025;paid;1 234,56 €;EUR;2\n2;26/12/2025;paid;12,50;EUR;1\n3;03/04/2025;payé;1 034,50 €;EUR;\"1.234\"\n".as_bytes(),
    );
    assert_eq!(got.refused.len(), 1, "{:?}", got.receipt());
    let cells = &got.refused[0].1;
    assert_eq!(
        cells[1..],
        ["2025-04-03", "payé", "1034,50 EUR", "EUR", "1234"]
    );
    let mut out = Vec::new();
    let mut rows =
        levier_exports::RefusedRows::new(&mut out, &got.header, levier_exports::REASON_HEADERS[0])
            .unwrap();
    rows.row(cells, "why").unwrap();
    rows.finish().unwrap();
    let mended = String::from_utf8(out).unwrap().replace("payé", "paid");
    let again = read("refused.csv", mended.as_bytes());
    assert_eq!(again.records.len(), 1, "{:?}", again.receipt());
    assert_eq!(minor(&again, 0, "amount_minor"), Some(103_450));
}

#[test]
fn totals_are_no_data_in_any_layout() {
    for (case, content, kept) in [
        (
            "people",
            "person_id;email;segment\np1;a@x.fr;A\np2;b@x.fr;B\nTotal : 2;;\n",
            2,
        ),
        (
            "orders",
            "order_id;ordered_at;status;amount;currency\no1;2026-01-02;paid;10;EUR\nTOTAL;;;10;EUR\nGrand total;;;10;\n",
            1,
        ),
        (
            "a company",
            "account_id;domain\na1;x.fr\nTotal Energies;total.com\n",
            2,
        ),
    ] {
        let got = read("f.csv", content.as_bytes());
        assert_eq!(got.records.len(), kept, "{case}: {:?}", got.receipt());
        assert_eq!(got.receipt().rows.refused, 0, "{case}");
        assert!(
            got.receipt().dropped.iter().all(|line| line.why == "total"),
            "{case}"
        );
    }
}

#[test]
fn a_converted_lead_leaves_its_address_to_its_contact() {
    let got = read(
        "lead.csv",
        b"ID,LASTNAME,EMAIL,PHONE,COMPANY,STATUS,ISCONVERTED,CONVERTEDCONTACTID\n00Q000000000001AAA,X,a@x.fr,0612345678,C,Closed - Converted,true,003000000000001AAA\n00Q000000000002AAA,Y,b@x.fr,,C,Open,false,\n",
    );
    assert_eq!(got.records.len(), 2, "{:?}", got.receipt());
    assert_eq!(*got.records[0].1.get("email_key"), Value::Null);
    assert_eq!(*got.records[0].1.get("phone_key"), Value::Null);
    assert_eq!(text(&got, 0, "lifecycle"), Some("opportunity"));
    assert!(text(&got, 1, "email_key").is_some());
}

#[test]
fn taxes_lie_within_amounts() {
    let got = read(
        "o.csv",
        b"order_id,ordered_at,status,amount,tax,currency\n1,2026-01-02,paid,10,2,EUR\n2,2026-01-02,paid,10,50,EUR\n3,2026-01-02,paid,10,-1,EUR\n4,2026-01-02,paid,10,0,EUR\n5,2026-01-02,paid,0,0,EUR\n",
    );
    let refused: Vec<_> = got.receipt().refused.iter().map(|r| r.line).collect();
    assert_eq!(refused, [3, 4], "{:?}", got.receipt());
    let got = read(
        "i.csv",
        b"invoice_id,issued_at,amount,tax,currency,status\n1,2026-01-02,-600,-100,EUR,paid\n",
    );
    assert_eq!(got.records.len(), 1, "credit notes: {:?}", got.receipt());
}

#[test]
fn a_report_over_several_days_is_told() {
    let got = read(
        "meta.csv",
        b"Reporting starts,Reporting ends,Campaign name,Amount spent (EUR)\n2026-01-01,2026-06-30,A,6000\n2026-01-02,2026-01-02,B,10\n",
    );
    assert_eq!(got.records.len(), 2);
    assert!(
        warned(&got, "1 row(s) span several days"),
        "{:?}",
        got.receipt()
    );
}

#[test]
fn amounts_as_spreadsheets_write_them() {
    let got = read(
        "o.csv",
        "order_id;ordered_at;status;amount;refunded_amount;currency\n1;2026-01-02;paid;12,50 € TTC;-   €;EUR\n2;2026-01-02;paid;12,50 euros;-;EUR\n3;2026-01-02;paid;-   €;;EUR\n4;2026-01-02;paid;12,50 $;;CAD\n".as_bytes(),
    );
    assert_eq!(got.records.len(), 4, "{:?}", got.receipt());
    assert_eq!(minor(&got, 0, "refunded_amount_minor"), Some(0));
    assert_eq!(minor(&got, 1, "amount_minor"), Some(1250));
    assert_eq!(minor(&got, 2, "amount_minor"), Some(0));
    assert_eq!(minor(&got, 3, "amount_minor"), Some(1250));
}

#[test]
fn addresses_as_mail_programs_write_them() {
    let got = read(
        "p.csv",
        b"person_id;email\n1;a@x.fr\n2;<a@x.fr>\n3;Jean Dupont <a@x.fr>\n4;a@x.fr,b@x.fr\n5;\"Dupont, Jean\" (a@x.fr)\n",
    );
    let keys: Vec<_> = (0..got.records.len())
        .map(|n| text(&got, n, "email_key"))
        .collect();
    assert!(
        keys.iter().all(|key| key.is_some() && *key == keys[0]),
        "{keys:?}"
    );
    assert!(
        warned(&got, "1 cell(s) hold several addresses"),
        "{:?}",
        got.receipt()
    );
}

#[test]
fn a_file_of_excel_for_mac_is_read_as_such() {
    let got = read(
        "p.csv",
        b"person_id;email;segment;country\n1;a@x.fr;M\x8Edias et sant\x8E;\x83gypte\n",
    );
    assert_eq!(
        got.receipt().encoding.as_deref(),
        Some("macintosh"),
        "{:?}",
        got.receipt()
    );
    assert_eq!(text(&got, 0, "segment"), Some("Médias et santé"));
    assert_eq!(text(&got, 0, "country"), Some("Égypte"));
    assert!(warned(&got, "Mac Roman"));
    let got = read(
        "p.csv",
        b"person_id;email;segment\n1;a@x.fr;M\xE9dias \x80 l\x92\xE9t\xE9\n",
    );
    assert_eq!(got.receipt().encoding.as_deref(), Some("windows-1252"));
}

#[test]
fn ids_as_programs_write_them() {
    let got = read(
        "p.csv",
        b"person_id,email,segment\n\"=\"\"00456\"\"\",a@x.fr,A\n12345.0,b@x.fr,A\n7,c@x.fr,A\n8,d@x.fr,A\n1.23E5,e@x.fr,A\n",
    );
    assert_eq!(
        text(&got, 0, "person_id"),
        Some("00456"),
        "{:?}",
        got.receipt()
    );
    assert_eq!(text(&got, 1, "person_id"), Some("12345"));
    assert!(warned(&got, "1 id(s) end in `.0`"), "{:?}", got.receipt());
    assert_eq!(got.receipt().refused[0].line, 6);
}

#[test]
fn an_answer_of_an_api_says_which_part_is_the_table() {
    for (content, says) in [
        ("{\"orders\": [{\"order_id\": \"1\"}]}", "`orders`"),
        ("{\n  \"orders\": [\n {\"order_id\": \"1\"}\n]}", "JSON"),
    ] {
        let got = read("o.json", content.as_bytes());
        let reason = got.receipt().reason.clone().unwrap();
        assert!(reason.contains(says), "{reason}");
    }
}

#[test]
fn what_the_system_says_of_won_decides() {
    let got = read(
        "deals.csv",
        "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Create Date,Is Closed Won\n1,A,Gagné 2026,P,10,2026-01-02 10:00,true\n2,B,Gagné 2026,P,10,2026-01-02 10:00,true\n3,C,Gagné 2026,P,10,2026-01-02 10:00,\n".as_bytes(),
    );
    assert_eq!(text(&got, 0, "status"), Some("won"), "{:?}", got.receipt());
    assert_eq!(text(&got, 2, "status"), Some("open"));
    assert_eq!(got.receipt().columns.mapped["Is Closed Won"], "status");
    assert!(!warned(&got, "no meaning"), "{:?}", got.receipt());
}

#[test]
fn a_day_is_the_workspaces_where_times_are_utc() {
    let got = read(
        "opportunity.csv",
        b"ID,STAGENAME,AMOUNT,CLOSEDATE,CREATEDDATE,ISWON,ISCLOSED\n006000000000001AAA,Closed Won,10,2025-05-01,2025-04-01T10:00:00.000Z,true,true\n",
    );
    let closed = got.records[0].1.get("closed_at").as_instant().unwrap();
    assert_eq!(
        closed.to_string(),
        "2025-04-30T22:00:00Z",
        "midnight in Paris"
    );
}
