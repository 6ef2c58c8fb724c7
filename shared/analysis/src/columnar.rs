//! Parquet into the same table: numbers become `f64`, booleans 0 and 1, text stays text.

use crate::error::AnalysisError;
use crate::table::{Column, Table};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::{RecordBatch, RecordBatchReader};
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
    let schema = reader.schema();
    let batches: Vec<RecordBatch> = reader
        .collect::<Result<_, _>>()
        .map_err(|e| malformed(e.to_string()))?;
    let whole = concat_batches(&schema, &batches).map_err(|e| malformed(e.to_string()))?;
    drop(batches);
    let mut columns: Vec<(String, Column)> = Vec::new();
    for (field, array) in whole.schema().fields().iter().zip(whole.columns()) {
        if let Some(column) = convert(array).map_err(&malformed)? {
            columns.push((field.name().clone(), column));
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

/// Whole numbers up to here are told apart by a floating-point number.
const EXACT: f64 = 9_007_199_254_740_991.0;

fn convert(array: &ArrayRef) -> Result<Option<Column>, String> {
    let kind = array.data_type();
    if let Some(flags) = array.as_any().downcast_ref::<BooleanArray>() {
        let number = |f: Option<bool>| f.map_or(f64::NAN, |b| f64::from(u8::from(b)));
        return Ok(Some(Column::Numbers(flags.iter().map(number).collect())));
    }
    if kind.is_null() {
        return Ok(Some(Column::Numbers(vec![f64::NAN; array.len()])));
    }
    if kind.is_numeric() {
        let floats = cast(array, &DataType::Float64).map_err(|e| e.to_string())?;
        let numbers: Vec<f64> = floats
            .as_primitive::<Float64Type>()
            .iter()
            .map(|v| v.unwrap_or(f64::NAN))
            .collect();
        // Ids of 64 bits would run together; as text they do not, and they still read as numbers.
        if !(kind.is_integer() && numbers.iter().any(|v| v.abs() > EXACT)) {
            return Ok(Some(Column::Numbers(numbers)));
        }
    }
    if kind.is_nested() {
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
