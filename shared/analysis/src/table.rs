//! A table in memory: named columns of numbers or text, from CSV of any common dialect or from Parquet.
//!
//! CSV cells stay text until a method asks for numbers, so that unit ids keep their leading zeros. The delimiter is found by
//! reading: `,`, `;`, tab or `|`, whichever gives the same number of columns in every line. Unless it is `,`, the decimal comma
//! is read.

use crate::error::AnalysisError;
use std::path::Path;

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers; not-a-number means missing.
    Numbers(Vec<f64>),
    /// Text; empty means missing.
    Text(Vec<String>),
}

/// What a cell says when it is asked for a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// A number, possibly infinite.
    Number(f64),
    /// Nothing.
    Missing,
    /// Something else.
    NotANumber,
}

/// Named columns of equal length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    names: Vec<String>,
    columns: Vec<Column>,
    rows: usize,
    decimal_comma: bool,
}

/// What stands for a missing number, in any case.
const NO_NUMBER: [&str; 11] = [
    "", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", ".", "-",
];
/// What stands for a missing label, as written: an arm may well be called `none`.
const NO_LABEL: [&str; 10] = [
    "", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null",
];

impl Table {
    /// From columns; they must be of one length.
    pub fn new(columns: Vec<(String, Column)>) -> Result<Self, AnalysisError> {
        let length = |c: &Column| match c {
            Column::Numbers(v) => v.len(),
            Column::Text(v) => v.len(),
        };
        let rows = columns.first().map_or(0, |(_, c)| length(c));
        if columns.iter().any(|(_, c)| length(c) != rows) {
            return Err(AnalysisError::Inconsistent(
                "columns differ in length".into(),
            ));
        }
        let (names, columns) = columns.into_iter().unzip();
        Ok(Self {
            names,
            columns,
            rows,
            decimal_comma: false,
        })
    }

    /// Reads a file: Parquet by its first four bytes, CSV otherwise.
    pub fn read(path: &Path) -> Result<Self, AnalysisError> {
        let bytes = std::fs::read(path).map_err(|source| AnalysisError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        if bytes.starts_with(b"PAR1") {
            crate::columnar::read(path)
        } else {
            Self::from_csv(path, &bytes)
        }
    }

    /// Reads CSV; `path` is for messages only.
    pub fn from_csv(path: &Path, bytes: &[u8]) -> Result<Self, AnalysisError> {
        let text = decode(bytes);
        if text.trim().is_empty() {
            return Err(AnalysisError::Empty {
                path: path.to_path_buf(),
            });
        }
        let delimiter = sniff(path, &text)?;
        let malformed = |why: String| AnalysisError::Malformed {
            path: path.to_path_buf(),
            why,
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let names: Vec<String> = reader
            .headers()
            .map_err(|e| malformed(e.to_string()))?
            .iter()
            .map(|h| h.trim().to_string())
            .collect();
        let mut columns = vec![Vec::new(); names.len()];
        let mut rows = 0;
        for record in reader.records() {
            let record = record.map_err(|e| malformed(e.to_string()))?;
            for (column, cell) in columns.iter_mut().zip(record.iter()) {
                column.push(cell.trim().to_string());
            }
            rows += 1;
        }
        if rows == 0 {
            return Err(AnalysisError::Empty {
                path: path.to_path_buf(),
            });
        }
        Ok(Self {
            names,
            columns: columns.into_iter().map(Column::Text).collect(),
            rows,
            decimal_comma: delimiter != b',',
        })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Column names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    fn column(&self, name: &str) -> Result<&Column, AnalysisError> {
        let mut named = (0..self.names.len()).filter(|i| self.names[*i] == name);
        match (named.next(), named.next()) {
            (Some(i), None) => Ok(&self.columns[i]),
            (Some(_), Some(_)) => Err(AnalysisError::Inconsistent(format!(
                "column `{name}` appears twice; rename one of them"
            ))),
            _ => Err(AnalysisError::MissingColumn {
                name: name.into(),
                have: self.names.clone(),
            }),
        }
    }

    /// A column as numbers.
    pub fn cells(&self, name: &str) -> Result<Vec<Cell>, AnalysisError> {
        Ok(match self.column(name)? {
            Column::Numbers(v) => v
                .iter()
                .map(|x| {
                    if x.is_nan() {
                        Cell::Missing
                    } else {
                        Cell::Number(*x)
                    }
                })
                .collect(),
            Column::Text(v) => {
                let cells: Vec<Cell> = v.iter().map(|s| self.cell(s)).collect();
                let number = |mark: char| {
                    let mut marked = v.iter().zip(&cells).filter(|(text, cell)| {
                        text.contains(mark) && matches!(cell, Cell::Number(_))
                    });
                    marked.next().map(|(text, _)| text)
                };
                if let Some((point, comma)) = number('.').zip(number(',')) {
                    return Err(AnalysisError::Inconsistent(format!(
                        "column `{name}` writes decimals with a point and with a comma (`{point}`, `{comma}`): write one of them, and no mark between thousands"
                    )));
                }
                cells
            }
        })
    }

    /// What stands in a cell, where it is text.
    pub fn written(&self, name: &str, row: usize) -> Option<&str> {
        match self.column(name).ok()? {
            Column::Text(v) => v.get(row).map(String::as_str),
            Column::Numbers(_) => None,
        }
    }

    fn cell(&self, text: &str) -> Cell {
        let lower = text.to_ascii_lowercase();
        if NO_NUMBER.contains(&lower.as_str()) {
            return Cell::Missing;
        }
        match lower.as_str() {
            "true" | "yes" | "oui" | "vrai" => return Cell::Number(1.0),
            "false" | "no" | "non" | "faux" => return Cell::Number(0.0),
            _ => {}
        }
        if let Ok(x) = text.parse::<f64>() {
            return Cell::Number(x);
        }
        if self.decimal_comma && text.matches(',').count() == 1 && !text.contains('.') {
            let plain: String = text
                .chars()
                .filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}'))
                .map(|c| if c == ',' { '.' } else { c })
                .collect();
            if let Ok(x) = plain.parse::<f64>() {
                return Cell::Number(x);
            }
        }
        Cell::NotANumber
    }

    /// A column as labels; `None` where missing. Whole numbers are written without decimals.
    pub fn labels(&self, name: &str) -> Result<Vec<Option<String>>, AnalysisError> {
        Ok(match self.column(name)? {
            Column::Numbers(v) => v
                .iter()
                .map(|x| (!x.is_nan()).then(|| x.to_string()))
                .collect(),
            Column::Text(v) => v
                .iter()
                .map(|s| (!NO_LABEL.contains(&s.as_str())).then(|| s.clone()))
                .collect(),
        })
    }
}

/// UTF-8 with or without byte-order mark, UTF-16 with one, else one byte a character.
fn decode(bytes: &[u8]) -> String {
    let wide = |little: bool| -> String {
        let units: Vec<u16> = bytes[2..]
            .chunks_exact(2)
            .map(|b| {
                if little {
                    u16::from_le_bytes([b[0], b[1]])
                } else {
                    u16::from_be_bytes([b[0], b[1]])
                }
            })
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(true),
        [0xfe, 0xff, ..] => wide(false),
        _ => {
            let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            std::str::from_utf8(plain).map_or_else(
                |_| plain.iter().map(|b| char::from(*b)).collect(),
                str::to_string,
            )
        }
    }
}

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter under which the first lines agree on their number of columns.
fn sniff(path: &Path, text: &str) -> Result<u8, AnalysisError> {
    let width = |delimiter: u8| -> usize {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut widths = reader.records().take(50).map(|r| r.map_or(0, |r| r.len()));
        let first = widths.next().unwrap_or(0);
        if widths.all(|w| w == first) { first } else { 0 }
    };
    let mut fits: Vec<(usize, u8)> = DELIMITERS
        .into_iter()
        .map(|d| (width(d), d))
        .filter(|(w, _)| *w > 1)
        .collect();
    fits.sort_by_key(|f| std::cmp::Reverse(f.0));
    match fits.as_slice() {
        [] => Ok(header_delimiter(text)),
        [(a, first), (b, second), ..] if a == b => Err(AnalysisError::AmbiguousDelimiter {
            path: path.to_path_buf(),
            first: char::from(*first),
            second: char::from(*second),
        }),
        [(_, d), ..] => Ok(*d),
    }
}

/// Lines that disagree: go by the header, so that the reader's error names the offending line.
fn header_delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    DELIMITERS
        .into_iter()
        .max_by_key(|d| header.bytes().filter(|b| b == d).count())
        .filter(|d| header.as_bytes().contains(d))
        .unwrap_or(b',')
}
