//! What is read does not depend on how the rows are spread over stretches and threads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_docs
)]

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::{Read, Settings, read_all};
use levier_domain::receipt::ImportStatus;
use levier_exports::Pace;
use proptest::prelude::*;

const WHOLE: Pace = Pace {
    threads: 1,
    rows: usize::MAX,
};

fn with(pace: Pace, name: &str, content: &[u8]) -> Vec<Read> {
    let settings = Settings {
        pace,
        ..Settings::default()
    };
    read_all(name, content, &settings)
}

fn told(files: &[Read]) -> Vec<String> {
    files
        .iter()
        .map(|file| {
            format!(
                "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{} {} {:?}",
                file.receipt(),
                file.header,
                file.records,
                file.events,
                file.refused,
                file.outcome.accepted,
                file.outcome.folded,
                file.outcome.columns,
            )
        })
        .collect()
}

fn reads_alike(name: &str, content: &[u8]) -> Vec<Read> {
    let whole = with(WHOLE, name, content);
    for (threads, rows) in [(1, 1), (1, 3), (2, 1), (3, 2), (4, 7)] {
        let pace = Pace { threads, rows };
        assert_eq!(
            told(&with(pace, name, content)),
            told(&whole),
            "{name}: {pace:?}"
        );
    }
    whole
}

fn each_file(folder: &Path, take: &mut dyn FnMut(&str, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, take);
        } else if path.metadata().unwrap().len() < 2 << 20 {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            take(&name, &std::fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_fixture_reads_alike() {
    let mut seen = 0;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    each_file(&folder, &mut |name, content| {
        seen += 1;
        reads_alike(name, content);
    });
    assert!(seen >= 10);
}

#[test]
fn every_sample_reads_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/exports");
    if !folder.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "no sample files");
        eprintln!("skipped: no sample files at {}", folder.display());
        return;
    }
    each_file(&folder, &mut |name, content| {
        reads_alike(name, content);
    });
}

#[test]
fn values_without_a_meaning_are_told_apart_as_if_they_came_one_by_one() {
    let mut text = "Record ID,First Name,Last Name,Email,Lifecycle Stage,Create Date\n".to_owned();
    // More than are told apart, each coming back after the others.
    for n in (0..260).chain(0..260) {
        writeln!(text, "{n},A,B,,phase {n},2026-01-02 10:00").unwrap();
    }
    let whole = reads_alike("contacts.csv", text.as_bytes());
    let said = whole[0].receipt().warnings.join("\n");
    assert!(said.contains("520 value(s) of lifecycle"), "{said}");
}

fn orders(rows: usize, amount: &str, late: &str) -> String {
    let mut text = "order_id,ordered_at,status,amount,currency\n".to_owned();
    for n in 0..rows {
        let amount = if n + 1 == rows { late } else { amount };
        writeln!(text, "o{n},2026-01-02,paid,\"{amount}\",EUR").unwrap();
    }
    text
}

#[test]
fn what_the_beginning_proves_is_checked_against_every_later_row() {
    for (case, amount, late, refused) in [
        ("the same mark to the end", "12.50", "13.50", false),
        ("proven by the last row alone", "12", "12,50", false),
        ("contradicted by the last row", "12.50", "12,50", true),
    ] {
        let text = orders(20_000, amount, late);
        let whole = with(WHOLE, "orders.csv", text.as_bytes());
        let many = with(
            Pace {
                threads: 2,
                rows: 512,
            },
            "orders.csv",
            text.as_bytes(),
        );
        assert_eq!(told(&whole), told(&many), "{case}");
        let receipt = whole[0].receipt();
        assert_eq!(
            receipt.status == ImportStatus::Refused,
            refused,
            "{case}: {:?}",
            receipt.reason
        );
        if refused {
            let reason = receipt.reason.as_deref().unwrap();
            assert!(
                reason.contains("line 2 ") && reason.contains("line 20001 "),
                "{reason}"
            );
        } else {
            assert_eq!(whole[0].records.len(), 20_000, "{case}");
        }
    }
}

#[test]
fn a_later_row_that_settles_the_order_of_day_and_month_is_heard() {
    let mut text = "person_id,created_at,country\n".to_owned();
    for n in 0..20_000 {
        let day = if n == 19_999 {
            "25/04/2026"
        } else {
            "2026-04-25"
        };
        writeln!(text, "p{n},{day},FR").unwrap();
    }
    let whole = with(WHOLE, "people.csv", text.as_bytes());
    assert_eq!(whole[0].records.len(), 20_000, "{:?}", whole[0].receipt());
    let [first, last] = [0, 19_999].map(|n| whole[0].records[n].1.get("created_at").clone());
    assert_eq!(first, last);
}

fn shopify(lines: &[(u8, u8)]) -> String {
    let mut text = "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Id,Refunded Amount\n".to_owned();
    for (name, kind) in lines {
        let name = format!("#{}", name % 3);
        match kind % 8 {
            // The order itself, a further line of it, and what goes wrong with either.
            0 | 1 => writeln!(text, "{name},a@exemple.fr,paid,,EUR,10,0,0,12.50,,,2026-01-02 09:50:26 +0100,1,x,5,55500{name},"),
            2 | 3 => writeln!(text, "{name},a@exemple.fr,,,,,,,,,,2026-01-02 09:50:26 +0100,2,y,5,,"),
            4 => writeln!(text, "{name},,,,,,,,,,,,deux,y,5,,"),
            5 => writeln!(text, "{name},trop,court"),
            6 => writeln!(text),
            _ => writeln!(text, "{name},\"jamais fermé"),
        }
        .unwrap();
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn order_lines_fold_alike_wherever_a_stretch_ends(lines in prop::collection::vec((0_u8..3, 0_u8..8), 0..40)) {
        let _ = reads_alike("shopify.csv", shopify(&lines).as_bytes());
    }
}
