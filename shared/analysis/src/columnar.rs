//! Parquet into the same table: numbers become `f64`, booleans 0 and 1, text stays text.

use crate::error::AnalysisError;
use crate::table::{Column, Table};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::Path;

/// Reads a Parquet file. Columns of nested types are left out.
pub fn read(path: &Path) -> Result<Table, AnalysisError> {
    let malformed = |why: String| AnalysisError::Malformed {
        path: path.to_path_buf(),
        why,
    };
    let file = std::fs::File::open(path).map_err(|source| AnalysisError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|b| b.build())
        .map_err(|e| malformed(e.to_string()))?;
    let mut columns: Vec<(String, Column)> = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|e| malformed(e.to_string()))?;
        for (i, field) in batch.schema().fields().iter().enumerate() {
            let Some(part) = convert(batch.column(i)).map_err(&malformed)? else {
                continue;
            };
            match columns.iter_mut().find(|(n, _)| n == field.name()) {
                Some((_, Column::Numbers(all))) => {
                    if let Column::Numbers(more) = part {
                        all.extend(more);
                    }
                }
                Some((_, Column::Text(all))) => {
                    if let Column::Text(more) = part {
                        all.extend(more);
                    }
                }
                None => columns.push((field.name().clone(), part)),
            }
        }
    }
    let table = Table::new(columns)?;
    if table.rows() == 0 {
        return Err(AnalysisError::Empty {
            path: path.to_path_buf(),
        });
    }
    Ok(table)
}

fn convert(array: &ArrayRef) -> Result<Option<Column>, String> {
    let kind = array.data_type();
    if let Some(flags) = array.as_any().downcast_ref::<BooleanArray>() {
        let number = |f: Option<bool>| f.map_or(f64::NAN, |b| f64::from(u8::from(b)));
        return Ok(Some(Column::Numbers(flags.iter().map(number).collect())));
    }
    if kind.is_numeric() {
        let cast = cast(array, &DataType::Float64).map_err(|e| e.to_string())?;
        return Ok(Some(Column::Numbers(
            cast.as_primitive::<Float64Type>()
                .iter()
                .map(|v| v.unwrap_or(f64::NAN))
                .collect(),
        )));
    }
    if kind.is_nested() || kind.is_null() {
        return Ok(None);
    }
    match cast(array, &DataType::Utf8) {
        Ok(text) => Ok(Some(Column::Text(
            text.as_string::<i32>()
                .iter()
                .map(|v| v.unwrap_or_default().to_string())
                .collect(),
        ))),
        Err(_) => Ok(None),
    }
}
