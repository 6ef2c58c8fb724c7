//! Typed CRM rows as Parquet: `crm/{entity}/`, one file per import and part.

use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use jiff::Timestamp;

use levier_domain::entity::{Entity, LakeKind};
use levier_domain::record::{Record, Value};

use crate::columns::{self, Builder, Column};
use crate::store::LakeError;

/// The Arrow schema of an entity.
#[must_use]
pub fn schema(entity: Entity) -> Arc<Schema> {
    let lake = entity.lake_columns();
    columns::schema(
        lake.iter()
            .map(|column| (column.name.as_str(), column.kind)),
    )
}

/// One batch of records of one entity.
///
/// # Errors
/// [`LakeError::Content`] when Arrow refuses the columns.
pub fn batch<'a>(
    entity: Entity,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<RecordBatch, LakeError> {
    let mut batcher = Batcher::new(entity);
    for record in records {
        batcher.push(record);
    }
    batcher.finish()
}

/// Makes batches record by record, so that no record need outlive the row that it was read from.
pub struct Batcher {
    entity: Entity,
    builders: Vec<Builder>,
    rows: usize,
}

impl Batcher {
    /// Nothing yet.
    #[must_use]
    pub fn new(entity: Entity) -> Self {
        let builders = entity
            .lake_columns()
            .iter()
            .map(|column| Builder::new(column.kind))
            .collect();
        Self {
            entity,
            builders,
            rows: 0,
        }
    }

    /// Adds one record.
    pub fn push(&mut self, record: &Record) {
        for (builder, value) in self.builders.iter_mut().zip(&record.values) {
            append(builder, value);
        }
        self.rows += 1;
    }

    /// Adds one record as a row of an import: `import_id` and `known_from` are given here, whatever the record says.
    pub fn push_of_import(&mut self, record: &Record, import_id: &str, known_from: Timestamp) {
        let own = record.values.len().saturating_sub(2);
        for (at, (builder, value)) in self.builders.iter_mut().zip(&record.values).enumerate() {
            match builder {
                Builder::Text(builder) if at == own => builder.append_value(import_id),
                Builder::Instant(builder) if at == own + 1 => {
                    builder.append_value(known_from.as_microsecond());
                }
                builder => append(builder, value),
            }
        }
        self.rows += 1;
    }

    /// Rows since the last batch.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What was added since the last batch.
    ///
    /// # Errors
    /// [`LakeError::Content`] when Arrow refuses the columns.
    pub fn finish(&mut self) -> Result<RecordBatch, LakeError> {
        self.rows = 0;
        columns::batch(
            self.entity.as_str(),
            &schema(self.entity),
            &mut self.builders,
        )
    }
}

fn append(builder: &mut Builder, value: &Value) {
    match builder {
        Builder::Text(builder) => builder.append_option(value.as_text()),
        Builder::Instant(builder) => {
            builder.append_option(value.as_instant().map(jiff::Timestamp::as_microsecond))
        }
        Builder::Date(builder) => builder.append_option(value.as_date().map(columns::days)),
        Builder::Integer(builder) => builder.append_option(value.as_integer()),
        Builder::Number(builder) => builder.append_option(value.as_number()),
        Builder::Boolean(builder) => builder.append_option(value.as_boolean()),
        Builder::Attributes(builder) => {
            if let Value::Attributes(map) = value {
                for (key, text) in map {
                    builder.keys().append_value(key);
                    builder.values().append_value(text);
                }
            }
            // Lengths of keys and values agree by construction, the only thing that `append` checks.
            let _ = builder.append(matches!(value, Value::Attributes(_)));
        }
    }
}

/// A Parquet file of records.
///
/// # Errors
/// [`LakeError::Content`].
pub fn encode(key: &str, entity: Entity, records: &[Record]) -> Result<Vec<u8>, LakeError> {
    let batches = records
        .chunks(65_536)
        .map(|chunk| batch(entity, chunk))
        .collect::<Result<Vec<_>, _>>()?;
    columns::write(key, &schema(entity), &batches)
}

/// The records of a Parquet file.
///
/// # Errors
/// [`LakeError::Content`].
pub fn decode(key: &str, entity: Entity, bytes: Bytes) -> Result<Vec<Record>, LakeError> {
    let mut records = Vec::new();
    visit(key, entity, bytes, &[], |record| {
        records.push(record.clone())
    })?;
    Ok(records)
}

/// Hands over the records of a Parquet file one by one, filling one record again and again; only the named columns when
/// `columns` is not empty, null elsewhere.
///
/// # Errors
/// [`LakeError::Content`].
pub fn visit(
    key: &str,
    entity: Entity,
    bytes: Bytes,
    columns: &[&str],
    mut take: impl FnMut(&Record),
) -> Result<(), LakeError> {
    let lake = entity.lake_columns();
    let mut record = Record::new(entity);
    for batch in columns::batches(key, bytes, columns)? {
        let batch = batch?;
        let views: Vec<(usize, LakeKind, Column<'_>)> = lake
            .iter()
            .enumerate()
            .map(|(at, column)| (at, column.kind, Column::of(&batch, &column.name)))
            .filter(|(_, _, view)| !matches!(view, Column::Absent))
            .collect();
        for row in 0..batch.num_rows() {
            for (at, kind, view) in &views {
                let value = &mut record.values[*at];
                match (*kind, value, view.text(row)) {
                    (LakeKind::Text, Value::Text(held), Some(text)) => {
                        held.clear();
                        held.push_str(text);
                    }
                    (kind, value, _) => *value = cell(kind, view, row),
                }
            }
            take(&record);
        }
    }
    Ok(())
}

fn cell(kind: LakeKind, view: &Column<'_>, row: usize) -> Value {
    match kind {
        LakeKind::Text => view.text(row).map(|text| Value::Text(text.to_owned())),
        LakeKind::Instant => view.instant(row).map(Value::Instant),
        LakeKind::Date => view.date(row).map(Value::Date),
        LakeKind::Integer => view.integer(row).map(Value::Integer),
        LakeKind::Number => view.number(row).map(Value::Number),
        LakeKind::Boolean => view.boolean(row).map(Value::Boolean),
        LakeKind::Attributes => Some(view.attributes(row))
            .filter(|map| !map.is_empty())
            .map(Value::Attributes),
    }
    .unwrap_or(Value::Null)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn records_of_every_entity_read_back() {
        for entity in Entity::ALL.iter().copied() {
            let mut record = Record::new(entity);
            for (value, column) in record.values.iter_mut().zip(entity.lake_columns()) {
                *value = match column.kind {
                    LakeKind::Text => Value::Text("é".to_owned()),
                    LakeKind::Instant => {
                        Value::Instant("2026-03-29T01:30:00.123456Z".parse().unwrap())
                    }
                    LakeKind::Date => Value::Date("1969-12-31".parse().unwrap()),
                    LakeKind::Integer => Value::Integer(i64::MIN),
                    LakeKind::Number => Value::Number(0.1),
                    LakeKind::Boolean => Value::Boolean(false),
                    LakeKind::Attributes => {
                        Value::Attributes([("a".to_owned(), "b".to_owned())].into())
                    }
                };
            }
            let records = vec![record, Record::new(entity)];
            let bytes = encode("k", entity, &records).unwrap();
            assert_eq!(
                decode("k", entity, Bytes::from(bytes)).unwrap(),
                records,
                "{entity}"
            );
        }
    }
}
