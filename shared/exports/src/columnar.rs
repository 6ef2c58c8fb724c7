//! Parquet files as tables: typed columns become cells that the same rules read, so that every format obeys one set of rules.

use arrow::array::{Array, ArrayRef, MapArray, RecordBatch};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use jiff::Timestamp;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::io;

use crate::rows::{Native, Row, Rows};

/// A Parquet file is read whole: its index stands at the end. Larger ones should be split.
pub(crate) const LARGEST: u64 = 1 << 30;

fn damaged(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the Parquet file is damaged: {error}"),
    )
}

/// The names of the columns.
pub(crate) fn header(bytes: &Bytes) -> io::Result<Vec<String>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).map_err(damaged)?;
    Ok(builder
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect())
}

/// The records of a Parquet file.
pub(crate) struct ParquetRows {
    reader: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    at: usize,
    number: u64,
}

impl ParquetRows {
    pub(crate) fn new(bytes: &Bytes) -> io::Result<Self> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone())
            .and_then(|builder| builder.with_batch_size(4096).build())
            .map_err(damaged)?;
        Ok(Self {
            reader,
            batch: None,
            at: 0,
            number: 0,
        })
    }
}

impl Rows for ParquetRows {
    fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        loop {
            if let Some(batch) = &self.batch
                && self.at < batch.num_rows()
            {
                row.clear();
                self.number += 1;
                row.line = self.number;
                for column in batch.columns() {
                    push(row, column, self.at)?;
                }
                self.at += 1;
                return Ok(true);
            }
            match self.reader.next() {
                None => return Ok(false),
                Some(batch) => {
                    self.batch = Some(batch.map_err(damaged)?);
                    self.at = 0;
                }
            }
        }
    }
}

fn push(row: &mut Row, column: &ArrayRef, at: usize) -> io::Result<()> {
    if column.is_null(at) {
        row.push("", Native::Text);
        return Ok(());
    }
    let text = |column: &dyn Array| -> io::Result<String> {
        let options = FormatOptions::default();
        let formatter = ArrayFormatter::try_new(column, &options).map_err(damaged)?;
        formatter.value(at).try_to_string().map_err(damaged)
    };
    match column.data_type() {
        DataType::Timestamp(unit, zone) => {
            let cast =
                arrow::compute::cast(&column.slice(at, 1), &DataType::Int64).map_err(damaged)?;
            let ticks = cast
                .as_any()
                .downcast_ref::<arrow::array::Int64Array>()
                .map_or(0, |array| array.value(0));
            let instant = match unit {
                TimeUnit::Second => Timestamp::from_second(ticks),
                TimeUnit::Millisecond => Timestamp::from_millisecond(ticks),
                TimeUnit::Microsecond => Timestamp::from_microsecond(ticks),
                TimeUnit::Nanosecond => Timestamp::from_nanosecond(i128::from(ticks)),
            }
            .map_err(damaged)?;
            // A timestamp without a zone is local to the workspace: it is written without the `Z`.
            let written = instant.to_string();
            let local = zone.is_none();
            row.push(
                if local {
                    written.trim_end_matches('Z')
                } else {
                    &written
                },
                Native::Text,
            );
        }
        DataType::Map(_, _) => {
            let mut object = serde_json::Map::new();
            if let Some(map) = column.as_any().downcast_ref::<MapArray>() {
                let entries = map.value(at);
                let options = FormatOptions::default();
                if let [keys, values] = entries.columns() {
                    let keys = ArrayFormatter::try_new(keys, &options).map_err(damaged)?;
                    let nulls = values.clone();
                    let values = ArrayFormatter::try_new(values, &options).map_err(damaged)?;
                    for entry in 0..entries.len() {
                        if !nulls.is_null(entry) {
                            object.insert(
                                keys.value(entry).try_to_string().map_err(damaged)?,
                                values.value(entry).try_to_string().map_err(damaged)?.into(),
                            );
                        }
                    }
                }
            }
            row.push(&serde_json::Value::Object(object).to_string(), Native::Text);
        }
        // pandas makes ids with gaps doubles: a whole number below 2^53 has all its digits still.
        DataType::Float64 => {
            let whole = column
                .as_any()
                .downcast_ref::<arrow::array::Float64Array>()
                .map(|array| array.value(at))
                .filter(|number| number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0);
            match whole {
                Some(number) => row.push(&(number as i64).to_string(), Native::Number),
                None => row.push(&text(column)?, Native::Number),
            }
        }
        kind if kind.is_numeric() => row.push(&text(column)?, Native::Number),
        _ => row.push(&text(column)?, Native::Text),
    }
    Ok(())
}
