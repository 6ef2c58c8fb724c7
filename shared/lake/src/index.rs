//! The index beside the typed rows: key hash, content hash and ages, so that an import knows what is new without reading rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, FixedSizeBinaryArray, FixedSizeBinaryBuilder, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;

use levier_domain::entity::LakeKind;

use crate::columns::{self, Writer};
use crate::store::LakeError;

/// One typed row, as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// [`levier_domain::record::Record::key_hash`].
    pub key: [u8; 16],
    /// [`levier_domain::record::Record::content_hash`].
    pub content: [u8; 16],
    /// Modification time of the record in microseconds; `i64::MIN` where it has none.
    pub updated_at: i64,
    /// When the file was dropped, in microseconds.
    pub known_from: i64,
}

impl Entry {
    /// Since when what the row says holds, as [`levier_domain::record::Record::holds_from`].
    #[must_use]
    pub fn holds_from(&self) -> i64 {
        match self.updated_at {
            i64::MIN => self.known_from,
            updated => updated.min(self.known_from),
        }
    }
}

fn schema() -> Arc<Schema> {
    let instant = columns::data_type(LakeKind::Instant);
    Arc::new(Schema::new(vec![
        Field::new("source", DataType::Utf8, false),
        Field::new("key", DataType::FixedSizeBinary(16), false),
        Field::new("content", DataType::FixedSizeBinary(16), false),
        Field::new("updated_at", instant.clone(), true),
        Field::new("known_from", instant, false),
    ]))
}

/// Rows that are laid out as columns at once.
const BATCH: usize = 65_536;

/// A Parquet file of entries of one source.
///
/// # Errors
/// [`LakeError::Content`].
pub fn encode<'e>(
    object_key: &str,
    source: &str,
    entries: impl IntoIterator<Item = &'e Entry, IntoIter: ExactSizeIterator>,
) -> Result<Vec<u8>, LakeError> {
    let mut entries = entries.into_iter();
    // Two hashes make up nearly all of it.
    let out = Vec::with_capacity(entries.len() * 36 + 4096);
    let mut writer = Writer::of_hashes(object_key, &schema(), out, &["key", "content"])?;
    loop {
        let some: Vec<&Entry> = entries.by_ref().take(BATCH).collect();
        if some.is_empty() {
            return writer.finish();
        }
        writer.write(&batch(object_key, source, &some)?)?;
    }
}

fn batch(object_key: &str, source: &str, entries: &[&Entry]) -> Result<RecordBatch, LakeError> {
    let wrong = |error: arrow::error::ArrowError| LakeError::content(object_key, "index", error);
    let mut keys = FixedSizeBinaryBuilder::with_capacity(entries.len(), 16);
    let mut contents = FixedSizeBinaryBuilder::with_capacity(entries.len(), 16);
    for entry in entries {
        keys.append_value(entry.key).map_err(wrong)?;
        contents.append_value(entry.content).map_err(wrong)?;
    }
    let updated = TimestampMicrosecondArray::from_iter(
        entries
            .iter()
            .map(|entry| (entry.updated_at != i64::MIN).then_some(entry.updated_at)),
    );
    let known =
        TimestampMicrosecondArray::from_iter_values(entries.iter().map(|entry| entry.known_from));
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
            source,
            entries.len(),
        ))),
        Arc::new(keys.finish()),
        Arc::new(contents.finish()),
        Arc::new(updated.with_timezone("UTC")),
        Arc::new(known.with_timezone("UTC")),
    ];
    RecordBatch::try_new(schema(), arrays).map_err(wrong)
}

/// The entries of a Parquet file, each with its source.
///
/// # Errors
/// [`LakeError::Content`].
pub fn decode(
    object_key: &str,
    bytes: Bytes,
    mut each: impl FnMut(&str, Entry),
) -> Result<(), LakeError> {
    let wrong = || {
        LakeError::content(
            object_key,
            "index",
            "a column is absent or has another type",
        )
    };
    for batch in columns::read(object_key, bytes, &[])? {
        let binary = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|array| array.as_any().downcast_ref::<FixedSizeBinaryArray>())
        };
        let instants = |name: &str| {
            batch
                .column_by_name(name)
                .and_then(|array| array.as_any().downcast_ref::<TimestampMicrosecondArray>())
        };
        let sources = batch
            .column_by_name("source")
            .and_then(|array| array.as_any().downcast_ref::<StringArray>());
        let (sources, keys, contents) = (
            sources.ok_or_else(wrong)?,
            binary("key").ok_or_else(wrong)?,
            binary("content").ok_or_else(wrong)?,
        );
        let (updated, known) = (
            instants("updated_at").ok_or_else(wrong)?,
            instants("known_from").ok_or_else(wrong)?,
        );
        for row in 0..batch.num_rows() {
            let hash = |array: &FixedSizeBinaryArray| {
                <[u8; 16]>::try_from(array.value(row)).map_err(|_| wrong())
            };
            each(
                sources.value(row),
                Entry {
                    key: hash(keys)?,
                    content: hash(contents)?,
                    updated_at: if updated.is_valid(row) {
                        updated.value(row)
                    } else {
                        i64::MIN
                    },
                    known_from: known.value(row),
                },
            );
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back() {
        let entries = vec![
            Entry {
                key: [1; 16],
                content: [2; 16],
                updated_at: i64::MIN,
                known_from: 5,
            },
            Entry {
                key: [3; 16],
                content: [4; 16],
                updated_at: -7,
                known_from: 6,
            },
        ];
        let bytes = encode("k", "shopify", &entries).unwrap();
        let mut read = Vec::new();
        decode("k", Bytes::from(bytes), |source, entry| {
            assert_eq!(source, "shopify");
            read.push(entry);
        })
        .unwrap();
        assert_eq!(read, entries);
    }
}
