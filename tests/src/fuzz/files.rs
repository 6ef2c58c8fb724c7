//! Damage to dropped files, by a seed: every dialect, in every encoding and container.
//!
//! What must hold of any bytes: nothing panics; a file gives at least one outcome and twice the same; every row that was read is
//! accepted, refused or dropped, and said so; what is refused whole hands on nothing that counts; and no address or
//! telephone number stands in a typed row. Seeds are made of the dialects' own headers, so that a new dialect is tried without a line
//! here.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use levier_domain::entity::Entity;
use levier_domain::item::Draft;
use levier_domain::money::Currency;
use levier_domain::private::HashKey;
use levier_domain::receipt::Refusal;
use levier_exports::{
    Dialects, KeptRows, Limits, Outcome, Pace, Reading, Sink, SinkError, Stretch,
};

use super::{Dice, bend_bytes};

/// What stands in the cells and must not come out, whatever column it stands in. Names and words may: the raw word of a status or
/// source is kept, and nobody can tell a name in such a column from a word.
const CANARIES: [&str; 2] = ["canari.personne@", "6 12 34 56 78"];

/// Cells as they stand in exports.
const CELLS: [&str; 34] = [
    "",
    "canari.personne@exemple.fr",
    "+33 6 12 34 56 78",
    "0612345678",
    "Canari Nomsecret",
    "phrase secrète du canari",
    "2026-03-01",
    "01/03/2026",
    "13/03/2026 14:05",
    "2026-03-01T10:00:00+02:00",
    "2026-03-01 10:00:00 UTC",
    "3/14/26 9:05 AM",
    "46082",
    "1 234,56 €",
    "1\u{202f}234,56",
    "1,234.56",
    "-0.005",
    "€12",
    "1.2E+17",
    "9999999999999999999999",
    "0015000000Gv7qJ",
    "42",
    "o-17",
    "paid",
    "Payé",
    "won",
    "Gagné",
    "lead",
    "true",
    "Oui",
    "EUR",
    "=HYPERLINK(\"http://x\")",
    "a;b|c",
    "2026-02-30",
];

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    /// Files.
    pub files: u64,
    /// Of them, those of which something was imported.
    pub imported: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows refused, with a reason.
    pub refused: u64,
}

/// A column: the field that it fills, and the spellings that its header may have.
type Column = (String, Vec<String>);

/// A cell that the field takes in most dialects, where there is one.
fn fitting(field: &str) -> Option<&'static str> {
    Some(match field {
        "email" => "canari.personne@exemple.fr",
        "phone" => "+33 6 12 34 56 78",
        "currency" => "EUR",
        "amount" | "score" | "visits" | "month" | "rate" => "7",
        "status" => "paid",
        "kind" => "nps",
        "interval" => "month",
        field if field.ends_with("_at") || field == "date" => "2026-03-01 10:00:00",
        field if field.ends_with("_id") => "o-17",
        _ => return None,
    })
}

/// The columns of every dialect, by name.
fn headers() -> BTreeMap<String, Vec<Column>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/exports/dialects");
    let mut headers = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: toml::Table = text.parse().unwrap();
        let columns = file.get("columns").and_then(toml::Value::as_table);
        let spellings = |(field, value): (&String, &toml::Value)| {
            let list = value.as_array().into_iter().flatten();
            let list: Vec<String> = list.filter_map(|s| s.as_str().map(str::to_owned)).collect();
            (!list.is_empty()).then(|| (field.clone(), list))
        };
        let columns: Vec<Column> = columns
            .into_iter()
            .flatten()
            .filter_map(spellings)
            .collect();
        if !columns.is_empty() {
            headers.insert(file["name"].as_str().unwrap().to_owned(), columns);
        }
    }
    for entity in Entity::ALL {
        let columns = entity.columns().iter();
        let own = |name: &str| (name.to_owned(), vec![name.to_owned()]);
        let columns = columns.map(|column| own(column.name)).collect();
        headers.insert(format!("levier-{}", entity.as_str()), columns);
    }
    headers
}

/// Keeps the little that is looked at afterwards.
#[derive(Default)]
struct Seen {
    rows: u64,
    text: String,
}

/// Tries files until the time is over or `most` were tried.
///
/// # Panics
/// Where something does not hold; the message names seed and number, which together give the file again.
pub fn run(seed: u64, most: u64, longest: Duration) -> Tried {
    let dialects = Dialects::builtin().unwrap();
    let key = HashKey::new(*b"a key of the tests").unwrap();
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let reading = Reading {
        zone: &zone,
        country: "FR",
        currency: Currency::EUR,
        hash_key: &key,
        declared_entity: None,
        sidecar: None,
        dialects: &dialects,
        dropped_at: Timestamp::UNIX_EPOCH,
        limits: Limits {
            max_unpacked_bytes: 16 << 20,
            max_refused_share: 0.9,
            ..Limits::default()
        },
        pace: Pace::default(),
    };
    let headers: Vec<(String, Vec<Column>)> = headers().into_iter().collect();
    let begun = Instant::now();
    let mut tried = Tried::default();
    for number in 0..most {
        if number.is_multiple_of(16) && begun.elapsed() > longest {
            break;
        }
        let mut dice = Dice::of(seed, number);
        let (name, bytes, whole) = file(&headers, &mut dice);
        let which = format!("seed {seed}, file {number} ({name})");
        let (outcomes, seen) = read(&name, &bytes, &reading, &which);
        let (again, seen_again) = read(&name, &bytes, &reading, &which);
        assert!(!outcomes.is_empty(), "{which}: no outcome");
        assert_eq!(
            seen.text, seen_again.text,
            "{which}: other rows the second time"
        );
        tried.files += 1;
        for (outcome, again) in outcomes.iter().zip(&again) {
            assert_eq!(
                format!("{:?}", outcome.receipt),
                format!("{:?}", again.receipt),
                "{which}: another receipt the second time"
            );
            let rows = &outcome.receipt.rows;
            assert_eq!(
                rows.read,
                outcome.accepted + rows.refused + rows.dropped,
                "{which}: rows are lost: {:?}",
                outcome.receipt
            );
            if outcome.is_refused() {
                assert_eq!(outcome.accepted, 0, "{which}: refused, and yet accepted");
                assert!(
                    outcome
                        .receipt
                        .reason
                        .as_ref()
                        .is_some_and(|r| !r.is_empty()),
                    "{which}: refused without a reason"
                );
            } else {
                tried.imported += 1;
                assert!(
                    outcome.accepted <= seen.rows,
                    "{which}: more accepted than handed on"
                );
            }
            tried.rows += rows.read;
            tried.refused += rows.refused;
        }
        // A cell that lost a byte is another cell, and nobody can tell what it was.
        let text = seen.text.to_lowercase();
        for canary in CANARIES.iter().filter(|_| whole) {
            assert!(
                !text.contains(canary),
                "{which} lets `{canary}` through: {text}"
            );
        }
    }
    tried
}

fn read(name: &str, bytes: &[u8], reading: &Reading<'_>, which: &str) -> (Vec<Outcome>, Seen) {
    let seen = RefCell::new(Seen::default());
    let outcomes = levier_exports::read(name, Cursor::new(bytes), reading, &mut |_| {
        Box::new(Shared(&seen))
    });
    let outcomes = outcomes.unwrap_or_else(|error| panic!("{which}: {error}"));
    (outcomes, seen.into_inner())
}

/// Several files of one archive are seen by one.
struct Shared<'a>(&'a RefCell<Seen>);

impl Sink for Shared<'_> {
    fn header(&mut self, _headers: &[String]) -> Result<(), SinkError> {
        Ok(())
    }

    fn stretch(&self, _: Entity) -> Box<dyn Stretch> {
        Box::new(KeptRows::default())
    }

    fn take(&mut self, stretch: Box<dyn Stretch>) -> Result<(), SinkError> {
        let stretch: Box<dyn Any> = stretch;
        let Ok(rows) = stretch.downcast::<KeptRows>() else {
            panic!("a stretch of another sink");
        };
        let mut seen = self.0.borrow_mut();
        for (line, record) in rows.0 {
            seen.rows += 1;
            seen.text.push_str(&format!("{line}{record:?}"));
        }
        Ok(())
    }

    // What was seen and is forgotten still must not name anybody.
    fn restart(&mut self) {}

    fn event(&mut self, line: u64, draft: Draft) -> Result<(), SinkError> {
        let mut seen = self.0.borrow_mut();
        seen.rows += 1;
        seen.text.push_str(&format!("{line}{draft:?}"));
        Ok(())
    }

    fn refused(&mut self, _line: u64, _: &[String], refusal: Refusal) -> Result<(), SinkError> {
        assert!(!refusal.reason.is_empty(), "a refusal without a reason");
        Ok(())
    }
}

/// A file: its name, its bytes, and whether its cells are whole.
fn file(headers: &[(String, Vec<Column>)], dice: &mut Dice) -> (String, Vec<u8>, bool) {
    let (dialect, columns) = dice.pick(headers);
    let json = dice.below(8) == 0;
    let text = if json {
        lines_of_json(columns, dice)
    } else {
        table(columns, dice)
    };
    let mut bytes = encode(&text, dice);
    let mut name = format!("{dialect}.{}", if json { "ndjson" } else { "csv" });
    let bent = dice.below(3) == 0;
    if bent {
        bend_bytes(&mut bytes, dice);
    }
    let packed = dice.below(8);
    if packed < 2 {
        bytes = if packed == 0 {
            gzip(&bytes)
        } else {
            zip(&name, &bytes)
        };
        name = format!("{name}.{}", if packed == 0 { "gz" } else { "zip" });
        if dice.below(3) == 0 {
            bend_bytes(&mut bytes, dice);
            return (name, bytes, false);
        }
    }
    (name, bytes, !bent)
}

/// A delimited table with preambles, footers, ragged rows and quotes where they should not be.
fn table(columns: &[Column], dice: &mut Dice) -> String {
    let delimiter = *dice.pick(&[",", ";", "\t", "|"]);
    let end = *dice.pick(&["\n", "\r\n"]);
    let quote = |cell: &str, dice: &mut Dice| {
        let needs = cell.contains(delimiter) || cell.contains('"') || cell.contains('\n');
        if (needs && dice.below(20) > 0) || dice.below(6) == 0 {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let mut header: Vec<String> = columns.iter().map(|c| dice.pick(&c.1).clone()).collect();
    for _ in 0..dice.below(3) {
        let at = dice.below(header.len());
        match dice.below(3) {
            0 => header[at] = (*dice.pick(&CELLS)).to_owned(),
            1 => header.insert(at, "Colonne en plus".to_owned()),
            _ => header.swap(0, at),
        }
    }
    let mut text = String::new();
    for _ in 0..dice.below(3).saturating_sub(1) {
        text.push_str(&format!("Rapport du 1er mars{end}{end}"));
    }
    let line = |cells: &[String], dice: &mut Dice| {
        let cells: Vec<String> = cells.iter().map(|cell| quote(cell, dice)).collect();
        format!("{}{end}", cells.join(delimiter))
    };
    text.push_str(&line(&header, dice));
    let mut before: Vec<String> = Vec::new();
    for _ in 0..dice.below(12) {
        let width = match dice.below(12) {
            0 => dice.below(header.len() + 3),
            _ => header.len(),
        };
        // Rows of one order share most of their cells.
        let mut row = if dice.below(4) == 0 && before.len() == width {
            before.clone()
        } else {
            (0..width)
                .map(|at| {
                    let field = columns.get(at).map_or("", |column| column.0.as_str());
                    cell(field, dice).to_owned()
                })
                .collect()
        };
        if !row.is_empty() && dice.below(3) == 0 {
            let at = dice.below(row.len());
            row[at] = (*dice.pick(&CELLS)).to_owned();
        }
        text.push_str(&line(&row, dice));
        before = row;
    }
    if dice.below(6) == 0 {
        text.push_str(&format!("Total{delimiter}12{end}"));
    }
    text
}

/// Mostly what fits, sometimes anything.
fn cell(field: &str, dice: &mut Dice) -> &'static str {
    match fitting(field) {
        Some(cell) if dice.below(12) > 0 => cell,
        None if dice.below(2) == 0 => "",
        _ => dice.pick::<&str>(&CELLS),
    }
}

fn lines_of_json(columns: &[Column], dice: &mut Dice) -> String {
    let names: Vec<(&str, &String)> = columns
        .iter()
        .map(|c| (c.0.as_str(), dice.pick(&c.1)))
        .collect();
    let mut text = String::new();
    for _ in 0..=dice.below(6) {
        let mut row = serde_json::Map::new();
        for (field, name) in &names {
            let cell = cell(field, dice);
            let value = match (dice.below(10), cell.parse::<i64>()) {
                (0, _) => serde_json::Value::Null,
                (1, _) => serde_json::json!(["a;b|c", {"a": 1}]),
                (2..5, Ok(number)) => number.into(),
                _ => cell.into(),
            };
            row.insert((*name).clone(), value);
        }
        text.push_str(&serde_json::Value::Object(row).to_string());
        text.push('\n');
    }
    text
}

/// UTF-8 with or without a mark, UTF-16, or Windows-1252.
fn encode(text: &str, dice: &mut Dice) -> Vec<u8> {
    match dice.below(6) {
        0 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        1 => {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            [0xff, 0xfe].into_iter().chain(units).collect()
        }
        2 => text
            .chars()
            .map(|c| match c {
                '€' => 0x80,
                c => u8::try_from(u32::from(c)).unwrap_or(b'?'),
            })
            .collect(),
        _ => text.as_bytes().to_vec(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for name in [name, "lisez-moi.txt"] {
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
