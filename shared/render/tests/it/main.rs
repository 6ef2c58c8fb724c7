//! Pages and sentences over a fixed company: what a reader sees, and what must never be seen.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod fixture;
mod html;
mod reasons;

use std::collections::BTreeMap;

use levier_domain::receipt::{DroppedLine, Matching, Receipt, Refusal, RowCounts};
use levier_domain::table::{Row, Status, TableName};
use levier_render::{
    Language, Links, Tables, dashboard, imports_page, kpis_page, problem, receipt_page,
    sources_page, uplift_sentence,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use Language::{English, French};

fn receipt() -> Receipt {
    let mut receipt = Receipt::new("contacts-hubspot.csv", "imp-20");
    receipt.entity = Some("people".into());
    receipt.dialect = Some("hubspot-contacts-fr".into());
    receipt.recognised_by = Some("en-têtes « ID de fiche », « E-mail »".into());
    receipt.encoding = Some("windows-1252".into());
    receipt.delimiter = Some(";".into());
    receipt.rows = RowCounts {
        read: 2_031,
        new: 2_011,
        changed: 0,
        unchanged: 0,
        refused: 19,
        dropped: 1,
    };
    receipt.refused.push(Refusal {
        line: 1_204,
        column: "Date d'inscription".into(),
        reason: "not a date".into(),
        hint: "write it as 2026-03-29".into(),
    });
    receipt.dropped.push(DroppedLine {
        line: 2_033,
        why: "total".into(),
    });
    receipt
        .columns
        .mapped
        .insert("E-mail".into(), "email".into());
    receipt.columns.ignored.push("Notes".into());
    receipt.drift.push("column « Pays » is gone".into());
    receipt.matching = Some(Matching {
        rows: 2_011,
        person_id: 0,
        email: 1_950,
        phone: 412,
        account_id: 0,
        none: 61,
    });
    receipt
}

/// Every page in one language, by name.
fn pages(
    tables: &Tables,
    name: &str,
    receipt: &Receipt,
    language: Language,
) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("dashboard", dashboard(tables, name, language)),
        ("sources", sources_page(tables, language)),
        ("imports", imports_page(tables, language)),
        ("kpis", kpis_page(tables, language)),
        (
            "receipt",
            receipt_page(receipt, &Links::default(), language),
        ),
        (
            "problem",
            problem(
                404,
                name,
                "no such table: kpi; did you mean kpis?",
                &Links::default(),
                language,
            ),
        ),
    ])
}

#[test]
fn pages_read_as_written() {
    for language in [French, English] {
        for (name, page) in pages(&fixture::tables(), "Atelier Brume", &receipt(), language) {
            insta::assert_snapshot!(format!("{name}_{}", language.code()), html::text(&page));
        }
    }
}

/// With `LEVIER_RENDER_OUT` set, the pages are written there for a look at them.
#[test]
fn pages_can_be_looked_at() {
    let Ok(folder) = std::env::var("LEVIER_RENDER_OUT") else {
        return;
    };
    for language in [French, English] {
        for (name, page) in pages(&fixture::tables(), "Atelier Brume", &receipt(), language) {
            std::fs::write(format!("{folder}/{name}_{}.html", language.code()), page).unwrap();
        }
        let empty = dashboard(&Tables::default(), "Atelier Brume", language);
        std::fs::write(format!("{folder}/empty_{}.html", language.code()), empty).unwrap();
    }
}

#[test]
fn pages_are_sound_with_and_without_rows() {
    for language in [French, English] {
        for (case, tables) in [("full", fixture::tables()), ("empty", Tables::default())] {
            for (name, page) in pages(&tables, "Atelier Brume", &receipt(), language) {
                assert_eq!(html::fault(&page), None, "{name}, {case}");
                assert_eq!(page.matches("<h1").count(), 1, "{name}, {case}");
                for forbidden in [
                    "NaN", "inf ", "<script", "http://", "https://", "url(", "@import",
                ] {
                    assert!(!page.contains(forbidden), "{name}, {case}: {forbidden}");
                }
                assert!(page.contains(&format!("<html lang=\"{}\">", language.code())));
                let charts = page.matches("<svg").count()
                    - page.matches("aria-hidden=\"true\"><path").count();
                assert!(
                    page.matches("</desc>").count() >= charts,
                    "{name}: a chart has no description"
                );
            }
        }
    }
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    assert_eq!(
        dashboard(&fixture::tables(), "A", French),
        dashboard(&fixture::tables(), "A", French)
    );
}

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&{{7*7}}";

fn poisoned(value: &mut Value) {
    match value {
        Value::String(text) if text.parse::<f64>().is_err() => text.push_str(HOSTILE),
        Value::Array(items) => items.iter_mut().for_each(poisoned),
        Value::Object(fields) => fields.values_mut().for_each(poisoned),
        _ => {}
    }
}

#[test]
fn hostile_text_in_any_field_stays_text() {
    for poison_codes in [false, true] {
        let mut rows = fixture::rows();
        for row in rows.values_mut().flatten() {
            for text in [&mut row.reason, &mut row.unit].into_iter().flatten() {
                text.push_str(HOSTILE);
            }
            if poison_codes {
                for text in [
                    &mut row.kpi,
                    &mut row.period,
                    &mut row.community,
                    &mut row.segment,
                ]
                .into_iter()
                .flatten()
                {
                    text.push_str(HOSTILE);
                }
                row.own.values_mut().for_each(poisoned);
            } else {
                for column in [
                    "file",
                    "source",
                    "platform",
                    "blind_spots",
                    "dropped_at",
                    "last_received_at",
                    "import_id",
                    "cohort",
                    "basis",
                    "next_action",
                ] {
                    if let Some(value) = row.own.get_mut(column) {
                        poisoned(value);
                    }
                }
            }
        }
        let mut poisoned_receipt = serde_json::to_value(receipt()).unwrap();
        poisoned(&mut poisoned_receipt);
        poisoned_receipt["status"] = json!("imported");
        let poisoned_receipt: Receipt = serde_json::from_value(poisoned_receipt).unwrap();
        for language in [French, English] {
            for (name, page) in pages(
                &Tables::new(rows.clone()),
                HOSTILE,
                &poisoned_receipt,
                language,
            ) {
                assert!(
                    !page.contains("<script") && !page.contains("<img"),
                    "{name}"
                );
                // Ids that the catalogue does not have are not listed there.
                assert!(
                    name == "kpis" || page.contains("&lt;script"),
                    "{name}: the text is gone"
                );
                assert_eq!(html::fault(&page), None, "{name}");
            }
        }
    }
}

#[test]
fn figures_that_are_not_finite_are_never_printed() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut rows = fixture::rows();
        for row in rows.values_mut().flatten() {
            (row.value, row.lower, row.upper) = (
                row.value.map(|_| bad),
                row.lower.map(|_| bad),
                row.upper.map(|_| bad),
            );
        }
        for (name, page) in pages(&Tables::new(rows), "A", &receipt(), English) {
            assert!(!page.contains("NaN") && !page.contains(">inf"), "{name}");
        }
    }
}

#[test]
fn what_is_unknown_is_said_and_never_zero() {
    let mut row = fixture::row(Status::Missing);
    row.kpi = Some("active_members".into());
    row.period = Some("2026-08".into());
    row.reason = Some("needs: events".into());
    // A careless writer leaves a value beside the status: the status wins.
    row.value = Some(0.0);
    let tables = Tables::new(BTreeMap::from([(
        TableName::Kpis,
        vec![row.with("grain", "month")],
    )]));
    let page = html::text(&dashboard(&tables, "A", English));
    assert!(
        page.contains("Active members\nmissing: needs community events"),
        "{page}"
    );
}

fn changed(mut row: Row, change: impl FnOnce(&mut Row)) -> Row {
    change(&mut row);
    row
}

#[test]
fn every_grade_has_its_sentence() {
    let headline = fixture::headline();
    let cases: Vec<(&str, Row, Option<Row>)> = vec![
        ("B", headline.clone(), Some(fixture::raw())),
        (
            "A",
            headline.clone().with("grade", "A").with("method", "itt"),
            Some(fixture::raw()),
        ),
        (
            "C",
            headline.clone().with("grade", "C").with("method", "aipw"),
            Some(fixture::raw()),
        ),
        ("D", fixture::raw(), None),
        (
            "loss",
            changed(headline.clone(), |row| {
                (row.value, row.lower, row.upper) = (Some(-1.2), Some(-2.0), Some(-0.4))
            }),
            Some(fixture::raw()),
        ),
        (
            "not established",
            changed(headline.clone(), |row| {
                (row.value, row.lower, row.upper) = (Some(0.4), Some(-0.5), Some(1.3))
            }),
            Some(fixture::raw()),
        ),
        (
            "raw understates",
            headline.clone(),
            Some(changed(fixture::raw(), |row| row.value = Some(1.0))),
        ),
        ("cannot say", fixture::blocked(), Some(fixture::raw())),
        (
            "cannot say, reason",
            changed(fixture::row(Status::CannotSay), |row| {
                row.kpi = Some("lifetime_value".into());
                row.reason = Some("rungs_disagree".into());
            }),
            None,
        ),
        (
            "missing",
            changed(fixture::row(Status::Missing), |row| {
                row.kpi = Some("nps".into());
                row.reason = Some("needs: surveys, people".into());
            }),
            None,
        ),
        (
            "suppressed",
            changed(fixture::row(Status::Suppressed), |row| {
                row.kpi = Some("closing_rate".into())
            }),
            None,
        ),
        (
            "share",
            changed(headline.clone(), |row| {
                row.kpi = Some("conversion_rate".into());
                row.unit = Some("share".into());
                (row.value, row.lower, row.upper) = (Some(0.042), Some(0.011), Some(0.073));
                row.own.insert("member_level".into(), json!(0.31));
                row.own.insert("counterfactual_level".into(), json!(0.268));
            }),
            None,
        ),
    ];
    let said: Vec<String> = cases
        .iter()
        .map(|(case, row, raw)| {
            format!(
                "{case}\n  {}\n  {}",
                uplift_sentence(row, raw.as_ref(), English),
                uplift_sentence(row, raw.as_ref(), French)
            )
        })
        .collect();
    insta::assert_snapshot!("sentences", said.join("\n"));
}

proptest! {
    #[test]
    fn no_figures_break_a_page(value in any::<f64>(), lower in any::<f64>(), upper in any::<f64>(), month in -40_i32..80) {
        let mut rows = fixture::rows();
        for row in rows.values_mut().flatten() {
            (row.value, row.lower, row.upper) = (Some(value), Some(lower), Some(upper));
            row.own.entry("event_time".into()).and_modify(|held| *held = json!(month));
        }
        let page = dashboard(&Tables::new(rows), "A", French);
        prop_assert_eq!(html::fault(&page), None);
        prop_assert!(!page.contains("NaN"));
    }
}
