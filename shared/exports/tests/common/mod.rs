//! A sink that keeps everything, and files made in memory.
#![allow(dead_code)]

use std::cell::RefCell;
use std::io::Cursor;
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use levier_domain::entity::Entity;
use levier_domain::item::Draft;
use levier_domain::money::Currency;
use levier_domain::private::HashKey;
use levier_domain::receipt::{Receipt, Refusal};
use levier_domain::record::Record;
use levier_exports::{
    Dialects, KeptRows, Limits, Outcome, Pace, Reading, Sidecar, Sink, SinkError, Stretch,
};

#[derive(Default)]
pub struct Kept {
    pub header: Vec<String>,
    pub records: Vec<(u64, Record)>,
    pub events: Vec<(u64, Draft)>,
    pub refused: Vec<(u64, Vec<String>, Refusal)>,
}

struct Keeper(Rc<RefCell<Kept>>);

impl Sink for Keeper {
    fn header(&mut self, headers: &[String]) -> Result<(), SinkError> {
        self.0.borrow_mut().header = headers.to_vec();
        Ok(())
    }
    fn stretch(&self, _: Entity) -> Box<dyn Stretch> {
        Box::new(KeptRows::default())
    }
    fn take(&mut self, stretch: Box<dyn Stretch>) -> Result<(), SinkError> {
        let rows: Box<dyn std::any::Any> = stretch;
        let rows = rows.downcast::<KeptRows>().unwrap();
        self.0.borrow_mut().records.extend(rows.0);
        Ok(())
    }
    fn restart(&mut self) {
        let header = std::mem::take(&mut self.0.borrow_mut().header);
        *self.0.borrow_mut() = Kept {
            header,
            ..Kept::default()
        };
    }
    fn event(&mut self, line: u64, draft: Draft) -> Result<(), SinkError> {
        self.0.borrow_mut().events.push((line, draft));
        Ok(())
    }
    fn refused(&mut self, line: u64, cells: &[String], refusal: Refusal) -> Result<(), SinkError> {
        self.0
            .borrow_mut()
            .refused
            .push((line, cells.to_vec(), refusal));
        Ok(())
    }
}

pub struct Read {
    pub outcome: Outcome,
    pub header: Vec<String>,
    pub records: Vec<(u64, Record)>,
    pub events: Vec<(u64, Draft)>,
    pub refused: Vec<(u64, Vec<String>, Refusal)>,
}

impl Read {
    pub fn receipt(&self) -> &Receipt {
        &self.outcome.receipt
    }
}

#[derive(Default)]
pub struct Settings {
    pub entity: Option<Entity>,
    pub sidecar: Option<Sidecar>,
    pub limits: Limits,
    pub pace: Pace,
}

pub fn read(name: &str, content: &[u8]) -> Read {
    read_with(name, content, &Settings::default())
}

pub fn read_with(name: &str, content: &[u8], settings: &Settings) -> Read {
    let mut all = read_all(name, content, settings);
    assert_eq!(
        all.len(),
        1,
        "{:?}",
        all.iter().map(|r| r.receipt().clone()).collect::<Vec<_>>()
    );
    all.remove(0)
}

pub fn dialects() -> &'static Dialects {
    static DIALECTS: std::sync::OnceLock<Dialects> = std::sync::OnceLock::new();
    DIALECTS.get_or_init(|| Dialects::builtin().unwrap())
}

pub fn with_reading<T>(settings: &Settings, go: impl FnOnce(&Reading<'_>) -> T) -> T {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let hash_key = HashKey::new(*b"0123456789abcdef").unwrap();
    let reading = Reading {
        zone: &zone,
        country: "FR",
        currency: Currency::EUR,
        hash_key: &hash_key,
        declared_entity: settings.entity,
        sidecar: settings.sidecar.as_ref(),
        dialects: dialects(),
        dropped_at: Timestamp::UNIX_EPOCH,
        limits: settings.limits,
        pace: settings.pace,
    };
    go(&reading)
}

pub fn read_all(name: &str, content: &[u8], settings: &Settings) -> Vec<Read> {
    let mut kept: Vec<Rc<RefCell<Kept>>> = Vec::new();
    let outcomes = with_reading(settings, |reading| {
        levier_exports::read(name, Cursor::new(content), reading, &mut |_| {
            let one = Rc::new(RefCell::new(Kept::default()));
            kept.push(one.clone());
            Box::new(Keeper(one))
        })
        .unwrap()
    });
    outcomes
        .into_iter()
        .zip(kept)
        .map(|(outcome, kept)| {
            let kept = std::mem::take(&mut *kept.borrow_mut());
            let rows = outcome.receipt.rows;
            assert_eq!(
                rows.read,
                outcome.accepted + rows.refused + rows.dropped,
                "every row is accounted for: {:?}",
                outcome.receipt
            );
            if !outcome.is_refused() {
                assert!(outcome.accepted <= (kept.records.len() + kept.events.len()) as u64);
            }
            Read {
                outcome,
                header: kept.header,
                records: kept.records,
                events: kept.events,
                refused: kept.refused,
            }
        })
        .collect()
}

pub fn parquet_orders() -> Vec<u8> {
    use arrow::array::{
        ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    };
    let at: Timestamp = "2026-01-02T10:00:00Z".parse().unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("order_id", Arc::new(StringArray::from(vec!["o1", "o2"]))),
        (
            "ordered_at",
            Arc::new(
                TimestampMicrosecondArray::from(vec![at.as_microsecond(); 2]).with_timezone("UTC"),
            ),
        ),
        (
            "status",
            Arc::new(StringArray::from(vec!["paid", "pending"])),
        ),
        ("amount", Arc::new(Float64Array::from(vec![12.5, 3.0]))),
        ("currency", Arc::new(StringArray::from(vec!["EUR", "EUR"]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut out = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut out, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    out
}
