//! Small column builders, so that the schemas read as lists of columns.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, BooleanBuilder, Date32Array, Date32Builder, Float64Array,
    Float64Builder, Int64Array, Int64Builder, MapArray, MapBuilder, StringArray, StringBuilder,
    TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use levier_domain::entity::LakeKind;

use crate::store::LakeError;

/// The Arrow type of a lake column.
#[must_use]
pub fn data_type(kind: LakeKind) -> DataType {
    match kind {
        LakeKind::Text => DataType::Utf8,
        LakeKind::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        LakeKind::Date => DataType::Date32,
        LakeKind::Integer => DataType::Int64,
        LakeKind::Number => DataType::Float64,
        LakeKind::Boolean => DataType::Boolean,
        LakeKind::Attributes => map_type(),
    }
}

fn map_type() -> DataType {
    let entries = Field::new(
        "entries",
        DataType::Struct(
            vec![
                Field::new("key", DataType::Utf8, false),
                Field::new("value", DataType::Utf8, true),
            ]
            .into(),
        ),
        false,
    );
    DataType::Map(Arc::new(entries), false)
}

/// Days since 1970-01-01, Parquet's DATE.
#[must_use]
pub fn days(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    date.since(epoch).map_or(0, |span| span.get_days())
}

/// The inverse of [`days`].
#[must_use]
pub fn date(days: i32) -> Date {
    Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().days(days))
}

/// A builder for one column.
pub enum Builder {
    /// UTF-8.
    Text(StringBuilder),
    /// Microseconds, UTC.
    Instant(TimestampMicrosecondBuilder),
    /// DATE.
    Date(Date32Builder),
    /// 64-bit integer.
    Integer(Int64Builder),
    /// Double.
    Number(Float64Builder),
    /// Boolean.
    Boolean(BooleanBuilder),
    /// MAP.
    Attributes(Box<MapBuilder<StringBuilder, StringBuilder>>),
}

impl Builder {
    /// An empty column of `kind`.
    #[must_use]
    pub fn new(kind: LakeKind) -> Self {
        match kind {
            LakeKind::Text => Self::Text(StringBuilder::new()),
            LakeKind::Instant => {
                Self::Instant(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            LakeKind::Date => Self::Date(Date32Builder::new()),
            LakeKind::Integer => Self::Integer(Int64Builder::new()),
            LakeKind::Number => Self::Number(Float64Builder::new()),
            LakeKind::Boolean => Self::Boolean(BooleanBuilder::new()),
            LakeKind::Attributes => Self::Attributes(Box::new(MapBuilder::new(
                None,
                StringBuilder::new(),
                StringBuilder::new(),
            ))),
        }
    }

    /// The finished column.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Instant(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Number(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Attributes(builder) => Arc::new(builder.finish()),
        }
    }
}

/// A batch of finished columns.
///
/// # Errors
/// [`LakeError::Content`] when the columns have unequal lengths.
pub fn batch(
    key: &str,
    schema: &Arc<Schema>,
    builders: &mut [Builder],
) -> Result<RecordBatch, LakeError> {
    let arrays = builders.iter_mut().map(Builder::finish).collect();
    RecordBatch::try_new(Arc::clone(schema), arrays)
        .map_err(|error| LakeError::content(key, "columns", error))
}

/// A schema from names and kinds, every column nullable.
#[must_use]
pub fn schema<'a>(columns: impl IntoIterator<Item = (&'a str, LakeKind)>) -> Arc<Schema> {
    Arc::new(Schema::new(
        columns
            .into_iter()
            .map(|(name, kind)| Field::new(name, data_type(kind), true))
            .collect::<Vec<_>>(),
    ))
}

/// A Parquet file of `batches`: Zstandard, no clock and no host in it, so that equal rows give equal bytes.
///
/// # Errors
/// [`LakeError::Content`] when Arrow refuses a batch.
pub fn write(
    key: &str,
    schema: &Arc<Schema>,
    batches: &[RecordBatch],
) -> Result<Vec<u8>, LakeError> {
    let mut writer = Writer::new(key, schema, Vec::new())?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()
}

/// A Parquet file written batch by batch, as [`write()`] would.
pub struct Writer<W: std::io::Write + Send> {
    key: String,
    inner: ArrowWriter<W>,
}

impl<W: std::io::Write + Send> Writer<W> {
    /// Begins a file; `key` names it in errors.
    ///
    /// # Errors
    /// [`LakeError::Content`].
    pub fn new(key: &str, schema: &Arc<Schema>, out: W) -> Result<Self, LakeError> {
        Self::with(key, schema, out, properties().build())
    }

    /// Begins a file whose columns `hashes` are written as they are: hashes are neither repeated nor compressible.
    ///
    /// # Errors
    /// [`LakeError::Content`].
    pub fn of_hashes(
        key: &str,
        schema: &Arc<Schema>,
        out: W,
        hashes: &[&str],
    ) -> Result<Self, LakeError> {
        let mut how = properties();
        for column in hashes {
            how = how
                .set_column_dictionary_enabled((*column).into(), false)
                .set_column_compression((*column).into(), Compression::UNCOMPRESSED);
        }
        Self::with(key, schema, out, how.build())
    }

    fn with(
        key: &str,
        schema: &Arc<Schema>,
        out: W,
        how: WriterProperties,
    ) -> Result<Self, LakeError> {
        let inner = ArrowWriter::try_new(out, Arc::clone(schema), Some(how))
            .map_err(|error| LakeError::content(key, "Parquet", error))?;
        Ok(Self {
            key: key.to_owned(),
            inner,
        })
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// [`LakeError::Content`] when Arrow refuses it or `out` cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.inner
            .write(batch)
            .map_err(|error| LakeError::content(&self.key, "Parquet", error))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`LakeError::Content`].
    pub fn finish(self) -> Result<W, LakeError> {
        let Self { key, inner } = self;
        inner
            .into_inner()
            .map_err(|error| LakeError::content(&key, "Parquet", error))
    }
}

/// Rows decoded at once.
const BATCH: usize = 16_384;

/// How every file of the lake is written.
fn properties() -> WriterPropertiesBuilder {
    let level = ZstdLevel::try_new(1).unwrap_or_default();
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_created_by("levier".to_owned())
        .set_max_row_group_row_count(Some(262_144))
}

/// The batches of a Parquet file as they are decoded, only the named columns when `columns` is not empty.
///
/// # Errors
/// [`LakeError::Content`] where it is no Parquet file, also from a batch.
pub fn batches(
    key: &str,
    bytes: Bytes,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + use<>, LakeError> {
    batches_of(key, bytes, columns, BATCH)
}

/// As [`batches`], so many rows at once: few where many files are open side by side.
///
/// # Errors
/// [`LakeError::Content`] where it is no Parquet file, also from a batch.
pub fn batches_of(
    key: &str,
    bytes: Bytes,
    columns: &[&str],
    rows: usize,
) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + use<>, LakeError> {
    let wrong = |error: &dyn std::fmt::Display| LakeError::content(key, "Parquet", error);
    let mut builder =
        ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| wrong(&error))?;
    if !columns.is_empty() {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    let reader = builder
        .with_batch_size(rows)
        .build()
        .map_err(|error| wrong(&error))?;
    let key = key.to_owned();
    Ok(reader.map(move |batch| batch.map_err(|error| LakeError::content(&key, "Parquet", error))))
}

/// The batches of a Parquet file, all at once; see [`batches`].
///
/// # Errors
/// [`LakeError::Content`] where it is no Parquet file.
pub fn read(key: &str, bytes: Bytes, columns: &[&str]) -> Result<Vec<RecordBatch>, LakeError> {
    batches(key, bytes, columns)?.collect()
}

/// Puts a text where another was, keeping the place's memory.
pub fn refill(place: &mut Option<String>, text: Option<&str>) {
    match (place.as_mut(), text) {
        (Some(held), Some(text)) => {
            held.clear();
            held.push_str(text);
        }
        (_, text) => *place = text.map(str::to_owned),
    }
}

/// A typed view of one column of a batch; an absent column reads as nulls.
pub enum Column<'a> {
    /// The file has no such column.
    Absent,
    /// UTF-8.
    Text(&'a StringArray),
    /// Microseconds, UTC.
    Instant(&'a TimestampMicrosecondArray),
    /// DATE.
    Date(&'a Date32Array),
    /// 64-bit integer.
    Integer(&'a Int64Array),
    /// Double.
    Number(&'a Float64Array),
    /// Boolean.
    Boolean(&'a BooleanArray),
    /// MAP.
    Attributes(&'a MapArray),
}

impl<'a> Column<'a> {
    /// The column `name` of `batch`.
    #[must_use]
    pub fn of(batch: &'a RecordBatch, name: &str) -> Self {
        let Some(array) = batch.column_by_name(name) else {
            return Self::Absent;
        };
        let any = array.as_any();
        if let Some(array) = any.downcast_ref::<StringArray>() {
            Self::Text(array)
        } else if let Some(array) = any.downcast_ref::<TimestampMicrosecondArray>() {
            Self::Instant(array)
        } else if let Some(array) = any.downcast_ref::<Date32Array>() {
            Self::Date(array)
        } else if let Some(array) = any.downcast_ref::<Int64Array>() {
            Self::Integer(array)
        } else if let Some(array) = any.downcast_ref::<Float64Array>() {
            Self::Number(array)
        } else if let Some(array) = any.downcast_ref::<BooleanArray>() {
            Self::Boolean(array)
        } else if let Some(array) = any.downcast_ref::<MapArray>() {
            Self::Attributes(array)
        } else {
            Self::Absent
        }
    }

    /// Text at `row`.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<&'a str> {
        if let Self::Text(array) = self {
            array.is_valid(row).then(|| array.value(row))
        } else {
            None
        }
    }

    /// Instant at `row`.
    #[must_use]
    pub fn instant(&self, row: usize) -> Option<Timestamp> {
        if let Self::Instant(array) = self
            && array.is_valid(row)
        {
            Timestamp::from_microsecond(array.value(row)).ok()
        } else {
            None
        }
    }

    /// Day at `row`.
    #[must_use]
    pub fn date(&self, row: usize) -> Option<Date> {
        if let Self::Date(array) = self {
            array.is_valid(row).then(|| date(array.value(row)))
        } else {
            None
        }
    }

    /// Integer at `row`.
    #[must_use]
    pub fn integer(&self, row: usize) -> Option<i64> {
        if let Self::Integer(array) = self {
            array.is_valid(row).then(|| array.value(row))
        } else {
            None
        }
    }

    /// Number at `row`.
    #[must_use]
    pub fn number(&self, row: usize) -> Option<f64> {
        if let Self::Number(array) = self {
            array.is_valid(row).then(|| array.value(row))
        } else {
            None
        }
    }

    /// Flag at `row`.
    #[must_use]
    pub fn boolean(&self, row: usize) -> Option<bool> {
        if let Self::Boolean(array) = self {
            array.is_valid(row).then(|| array.value(row))
        } else {
            None
        }
    }

    /// Map at `row`, empty where null.
    #[must_use]
    pub fn attributes(&self, row: usize) -> std::collections::BTreeMap<String, String> {
        let mut map = std::collections::BTreeMap::new();
        self.each_attribute(row, |key, value| {
            map.insert(key.to_owned(), value.to_owned());
        });
        map
    }

    /// Hands over every entry of the map at `row`, none where null.
    pub fn each_attribute(&self, row: usize, mut take: impl FnMut(&'a str, &'a str)) {
        let Self::Attributes(array) = self else {
            return;
        };
        if !array.is_valid(row) {
            return;
        }
        let offsets = array.value_offsets();
        let (Ok(from), Ok(to)) = (
            usize::try_from(offsets[row]),
            usize::try_from(offsets[row + 1]),
        ) else {
            return;
        };
        let keys = array.keys().as_any().downcast_ref::<StringArray>();
        let values = array.values().as_any().downcast_ref::<StringArray>();
        if let (Some(keys), Some(values)) = (keys, values) {
            for entry in from..to {
                if values.is_valid(entry) {
                    take(keys.value(entry), values.value(entry));
                }
            }
        }
    }
}
