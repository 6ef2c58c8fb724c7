//! Workbooks: every sheet as rows of cells, dates written out by the epoch of their workbook.
//!
//! Only cells that are there are held, so that one cell in the last corner of an empty sheet does not cost a billion.

use std::io::{self, Cursor, Read};

use bytes::Bytes;
use calamine::{Data, Reader, Sheets, open_workbook_auto_from_rs};

use crate::read::Failure;
use crate::rows::{Native, Row, Rows};

/// A workbook is held in memory while it is read.
pub(crate) const LARGEST: u64 = 256 << 20;
/// What the XML of a workbook may unfold to.
const LARGEST_UNPACKED: u64 = 2 << 30;
/// More cells than this is a job for CSV.
const MOST_CELLS: usize = 20_000_000;
/// Gaps between rows up to this many lines are told as blank lines.
const LONGEST_GAP: u64 = 1000;

type Cell = (u32, String, Native);

/// One sheet.
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) epoch_1904: bool,
    width: usize,
    /// Last rows of merged cells that span several.
    pub(crate) merged: Vec<u64>,
    /// Number of each row as the spreadsheet shows it, and its cells by column.
    cells: Vec<(u64, Vec<Cell>)>,
}

impl Sheet {
    pub(crate) fn rows(&self) -> SheetRows<'_> {
        SheetRows {
            sheet: self,
            at: 0,
            line: 0,
        }
    }
}

/// The rows of a sheet.
pub(crate) struct SheetRows<'s> {
    sheet: &'s Sheet,
    at: usize,
    line: u64,
}

impl Rows for SheetRows<'_> {
    fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        row.clear();
        let Some((number, cells)) = self.sheet.cells.get(self.at) else {
            return Ok(false);
        };
        if self.line + 1 < *number && number - self.line <= LONGEST_GAP {
            self.line += 1;
            row.line = self.line;
            return Ok(true);
        }
        self.line = *number;
        row.line = *number;
        let mut cells = cells.iter().peekable();
        for column in 0..self.sheet.width {
            match cells.next_if(|(at, _, _)| *at as usize == column) {
                Some((_, text, native)) => row.push(text, *native),
                None => row.push("", Native::Text),
            }
        }
        self.at += 1;
        Ok(true)
    }
}

fn damaged(error: impl std::fmt::Display) -> Failure {
    let text = error.to_string();
    Failure::Reason(if text.to_ascii_lowercase().contains("password") {
        "The workbook is protected by a password. Save it without one and drop it again.".to_owned()
    } else {
        format!(
            "The workbook cannot be opened ({text}): it is damaged, or no workbook. Save it again as XLSX or CSV."
        )
    })
}

/// The sheets that have cells; only `wanted` where it is given.
pub(crate) fn sheets(
    bytes: Bytes,
    wanted: Option<&str>,
    max_columns: usize,
) -> Result<Vec<Sheet>, Failure> {
    let epoch_1904 = check_archive(&bytes)?;
    let mut workbook = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(damaged)?;
    let names = workbook.sheet_names();
    if let Some(wanted) = wanted
        && !names.iter().any(|name| name == wanted)
    {
        return Err(Failure::Reason(format!(
            "The sidecar names the sheet `{wanted}`, which the workbook does not have. Its sheets are {}.",
            names.join(", ")
        )));
    }
    let mut all = Vec::new();
    for name in names {
        if wanted.is_some_and(|wanted| wanted != name) {
            continue;
        }
        // Charts and macros are no tables.
        let Ok(cells) = cells(&mut workbook, &name, max_columns)? else {
            continue;
        };
        let merged = merged(&mut workbook, &name);
        let width = cells
            .iter()
            .filter_map(|(_, row)| row.last().map(|(at, _, _)| *at as usize + 1))
            .max()
            .unwrap_or(0);
        if width > 0 {
            all.push(Sheet {
                name,
                epoch_1904,
                width,
                merged,
                cells,
            });
        }
    }
    if all.is_empty() {
        return Err(Failure::Reason(
            "The workbook is empty: no sheet has a filled cell.".to_owned(),
        ));
    }
    Ok(all)
}

/// The last rows of merged cells that span several rows; other formats than XLSX do not tell.
fn merged<R: Read + io::Seek + Clone>(workbook: &mut Sheets<R>, name: &str) -> Vec<u64> {
    let Sheets::Xlsx(xlsx) = workbook else {
        return Vec::new();
    };
    let ranges = xlsx.merge_cells_by_sheet_name(name).unwrap_or_default();
    ranges
        .iter()
        .filter(|range| range.end.0 > range.start.0)
        .map(|range| u64::from(range.end.0) + 1)
        .collect()
}

type Grid = Vec<(u64, Vec<Cell>)>;

fn cells<R: Read + io::Seek + Clone>(
    workbook: &mut Sheets<R>,
    name: &str,
    max_columns: usize,
) -> Result<Result<Grid, ()>, Failure> {
    let mut grid: Grid = Vec::new();
    let mut count = 0_usize;
    let mut take = |line: u64, column: u32, data: &Data| -> Result<(), Failure> {
        let Some((text, native)) = write(data) else {
            return Ok(());
        };
        if column as usize >= max_columns {
            return Err(Failure::Reason(format!(
                "The sheet has a cell beyond column {max_columns}: this is no table."
            )));
        }
        count += 1;
        if count > MOST_CELLS {
            return Err(Failure::Reason(
                "The sheet has more than 20 million cells. Save it as CSV, which may be of any size.".to_owned(),
            ));
        }
        match grid.last_mut() {
            Some((last, row)) if *last == line => row.push((column, text, native)),
            _ => grid.push((line, vec![(column, text, native)])),
        }
        Ok(())
    };
    if let Sheets::Xlsx(xlsx) = workbook {
        let Ok(mut reader) = xlsx.worksheet_cells_reader(name) else {
            return Ok(Err(()));
        };
        while let Some(cell) = reader.next_cell().map_err(damaged)? {
            let (row, column) = cell.get_position();
            let data = Data::from(cell.get_value().clone());
            take(u64::from(row) + 1, column, &data)?;
        }
        grid.sort_by_key(|(line, _)| *line);
        for (_, row) in &mut grid {
            row.sort_by_key(|(column, _, _)| *column);
        }
        return Ok(Ok(grid));
    }
    let Ok(range) = workbook.worksheet_range(name) else {
        return Ok(Err(()));
    };
    let (first_row, first_column) = range.start().unwrap_or((0, 0));
    for (row, column, data) in range.used_cells() {
        take(
            u64::from(first_row) + row as u64 + 1,
            first_column + column as u32,
            data,
        )?;
    }
    Ok(Ok(grid))
}

/// Bounds what a packed workbook unfolds to, and reads its epoch.
fn check_archive(bytes: &Bytes) -> Result<bool, Failure> {
    if !bytes.starts_with(b"PK") {
        return Ok(false);
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes.clone())).map_err(damaged)?;
    let mut unpacked = 0_u64;
    for index in 0..archive.len() {
        if let Ok(member) = archive.by_index_raw(index) {
            unpacked = unpacked.saturating_add(member.size());
        }
    }
    if unpacked > LARGEST_UNPACKED {
        return Err(Failure::Reason(
            "The workbook unfolds to more than 2 GB: it is refused as a possible bomb. Save it as CSV.".to_owned(),
        ));
    }
    let mut text = String::new();
    if let Ok(member) = archive.by_name("xl/workbook.xml") {
        // Where the text is no UTF-8 the epoch stays the usual one.
        let _ = member.take(1 << 20).read_to_string(&mut text);
    }
    Ok(text.contains("date1904=\"1\"") || text.contains("date1904=\"true\""))
}

/// A cell as text that the typing rules read.
fn write(data: &Data) -> Option<(String, Native)> {
    Some(match data {
        Data::Empty => return None,
        Data::String(text) if text.is_empty() => return None,
        Data::String(text) => (text.clone(), Native::Text),
        Data::Int(integer) => (integer.to_string(), Native::Number),
        Data::Float(number) => (number_text(*number), Native::Number),
        Data::Bool(flag) => (flag.to_string(), Native::Text),
        Data::DateTime(when) if when.is_datetime() => {
            let (year, month, day, hour, minute, second, milli) = when.to_ymd_hms_milli();
            if year < 1900 {
                return Some((number_text(when.as_f64()), Native::Number));
            }
            let text = if (hour, minute, second, milli) == (0, 0, 0, 0) {
                format!("{year:04}-{month:02}-{day:02}")
            } else {
                format!(
                    "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}"
                )
            };
            (text, Native::Text)
        }
        Data::DateTime(when) => (number_text(when.as_f64()), Native::Number),
        Data::DateTimeIso(text) | Data::DurationIso(text) => (text.clone(), Native::Text),
        // `#N/A` and its like hold nothing.
        Data::Error(_) => return None,
    })
}

/// A number as the spreadsheet shows it: fifteen significant digits. Longer whole numbers have lost digits already and keep the
/// mark of it.
fn number_text(number: f64) -> String {
    if !number.is_finite() {
        return String::new();
    }
    if number.abs() >= 1e15 {
        let text = format!("{number:E}");
        return text.replace('E', "E+");
    }
    if number.fract() == 0.0 {
        return format!("{number:.0}");
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_sheet_shows_them() {
        for (number, want) in [
            (12.5, "12.5"),
            (0.1 + 0.2, "0.3"),
            (33612345678.0, "33612345678"),
            (5.55e17, "5.55E+17"),
            (-3.0, "-3"),
        ] {
            assert_eq!(number_text(number), want);
        }
    }
}
