//! Which events the deliveries of one day brought: what must go before that day can be read again with another mapping.
//!
//! One object beside each ledger of landing, read by nothing but reprocessing. An event is its day and the 128 bits of its id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Date32Array, FixedSizeBinaryArray, FixedSizeBinaryBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use jiff::civil::Date;
use levier_domain::event::Event;

use crate::store::LakeError;
use crate::{columns, keys};

/// The 128 bits of an event id.
pub type Id = [u8; 16];

/// Events by the day file in which they lie.
pub type Brought = BTreeMap<Date, BTreeSet<Id>>;

/// The id's bits; `None` for what is no id of an event.
#[must_use]
pub fn id(event_id: &str) -> Option<Id> {
    let mut bits = [0; 16];
    let (_, digits) = event_id.rsplit_once(':')?;
    hex::decode_to_slice(digits, &mut bits).ok()?;
    Some(bits)
}

/// What these events are.
#[must_use]
pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Brought {
    let mut brought = Brought::new();
    for event in events {
        if let Some(id) = id(&event.event_id) {
            let day = keys::event_day(event.occurred_at);
            brought.entry(day).or_default().insert(id);
        }
    }
    brought
}

fn schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("date", DataType::Date32, false),
        Field::new("event", DataType::FixedSizeBinary(16), false),
    ]))
}

/// A Parquet file, by day and id.
///
/// # Errors
/// [`LakeError::Content`].
pub fn encode(key: &str, brought: &Brought) -> Result<Vec<u8>, LakeError> {
    let wrong = |error: arrow::error::ArrowError| LakeError::content(key, "events brought", error);
    let count = brought.values().map(BTreeSet::len).sum();
    let mut ids = FixedSizeBinaryBuilder::with_capacity(count, 16);
    let mut days = Vec::with_capacity(count);
    for (day, of_day) in brought {
        for id in of_day {
            days.push(columns::days(*day));
            ids.append_value(id).map_err(wrong)?;
        }
    }
    let arrays: Vec<ArrayRef> = vec![Arc::new(Date32Array::from(days)), Arc::new(ids.finish())];
    let batch = RecordBatch::try_new(schema(), arrays).map_err(wrong)?;
    columns::write(key, &schema(), &[batch])
}

/// The inverse of [`encode`].
///
/// # Errors
/// [`LakeError::Content`].
pub fn decode(key: &str, bytes: Bytes) -> Result<Brought, LakeError> {
    let mut brought = Brought::new();
    for batch in columns::read(key, bytes, &[])? {
        let ids = batch
            .column_by_name("event")
            .and_then(|column| column.as_any().downcast_ref::<FixedSizeBinaryArray>());
        let ids = ids.ok_or_else(|| LakeError::content(key, "events brought", "no ids"))?;
        let days = columns::Column::of(&batch, "date");
        for row in 0..batch.num_rows() {
            let day = days.date(row);
            let (Some(day), Ok(id)) = (day, Id::try_from(ids.value(row))) else {
                return Err(LakeError::content(
                    key,
                    "events brought",
                    format!("row {row}"),
                ));
            };
            brought.entry(day).or_default().insert(id);
        }
    }
    Ok(brought)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use levier_domain::event::Kind;

    #[test]
    fn what_was_brought_reads_back() {
        let event = |object: &str, at: &str| {
            Event::new(
                "slack",
                "main",
                "team",
                Kind::MessagePosted,
                at.parse().unwrap(),
                &[object],
            )
        };
        let events = [
            event("1", "2026-01-01T23:59:59Z"),
            event("2", "2026-01-02T00:00:00Z"),
            event("2", "2026-01-02T00:00:00Z"),
        ];
        let brought = of(&events);
        assert_eq!(brought.len(), 2);
        assert_eq!(brought.values().map(BTreeSet::len).sum::<usize>(), 2);
        let bytes = encode("k", &brought).unwrap();
        assert_eq!(decode("k", Bytes::from(bytes)).unwrap(), brought);
        assert_eq!(
            decode("k", Bytes::from(encode("k", &Brought::new()).unwrap())).unwrap(),
            Brought::new()
        );
        assert_eq!(id("slack"), None);
    }
}
