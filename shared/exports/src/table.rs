//! What a file is underneath: text, JSON, Parquet, a workbook or an archive, told by its first bytes and not by its name.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;

use crate::columnar::{self, ParquetRows};
use crate::encoding::{Charset, Utf8Reader};
use crate::json::{JsonRows, Layout};
use crate::rows::{Rows, Shape, TextRows};

/// Bytes that can be read from the start as often as needed: a first pass surveys, a second reads.
pub(crate) trait Input {
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>>;
}

/// A file as it was dropped.
pub(crate) struct Whole<R>(pub(crate) R);

impl<R: Read + Seek> Input for Whole<R> {
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        self.0.seek(SeekFrom::Start(0))?;
        Ok(Box::new(&mut self.0))
    }
}

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Parquet,
    Zip,
    Gzip,
    OldWorkbook,
    /// A format that is no table, by name.
    Foreign(&'static str),
    Text,
}

pub(crate) fn container(head: &[u8]) -> Container {
    match head {
        [b'P', b'A', b'R', b'1', ..] => Container::Parquet,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Container::Zip,
        [0x1F, 0x8B, ..] => Container::Gzip,
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Container::OldWorkbook,
        [b'%', b'P', b'D', b'F', ..] => Container::Foreign("PDF"),
        [0x89, b'P', b'N', b'G', ..] | [0xFF, 0xD8, 0xFF, ..] => Container::Foreign("picture"),
        [b'7', b'z', 0xBC, 0xAF, ..] => Container::Foreign("7z archive"),
        [b'R', b'a', b'r', b'!', ..] => Container::Foreign("RAR archive"),
        _ => Container::Text,
    }
}

/// Whether decoded text is JSON, and how its objects stand.
pub(crate) fn json_layout(name: &str, head: &str) -> Option<Layout> {
    let head = head.trim_start_matches('\u{FEFF}').trim_start();
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".ndjson") || lower.ends_with(".jsonl") {
        return Some(Layout::Lines);
    }
    if let Some(inner) = head.strip_prefix('[') {
        let inner = inner.trim_start();
        if inner.starts_with('{')
            || (inner.starts_with(']') && lower.ends_with(".json"))
            || (inner.is_empty() && lower.ends_with(".json"))
        {
            return Some(Layout::Array);
        }
        return None;
    }
    if head.starts_with('{') {
        let first = head.lines().next().unwrap_or("");
        if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(first).is_ok()
            || first.starts_with("{\"")
        {
            return Some(Layout::Lines);
        }
    }
    None
}

/// A table that can be read twice.
pub(crate) enum Table<'i> {
    Text {
        input: &'i mut dyn Input,
        charset: Charset,
        shape: Shape,
    },
    Json {
        input: &'i mut dyn Input,
        charset: Charset,
        layout: Layout,
        keys: Vec<String>,
    },
    Parquet(Bytes),
    Sheet(crate::workbook::Sheet),
}

impl Table<'_> {
    pub(crate) fn rows(&mut self) -> io::Result<Box<dyn Rows + '_>> {
        Ok(match self {
            Self::Text {
                input,
                charset,
                shape,
            } => Box::new(TextRows::new(
                Utf8Reader::new(input.open()?, *charset),
                *shape,
            )),
            Self::Json {
                input,
                charset,
                layout,
                keys,
            } => Box::new(JsonRows::new(
                Utf8Reader::new(input.open()?, *charset),
                *layout,
                keys.clone(),
            )),
            Self::Parquet(bytes) => Box::new(ParquetRows::new(bytes)?),
            Self::Sheet(sheet) => Box::new(sheet.rows()),
        })
    }

    /// The header, where it is not one of the records.
    pub(crate) fn own_header(&self) -> io::Result<Option<Vec<String>>> {
        match self {
            Self::Json { keys, .. } => Ok(Some(keys.clone())),
            Self::Parquet(bytes) => columnar::header(bytes).map(Some),
            Self::Text { .. } | Self::Sheet(_) => Ok(None),
        }
    }
}
