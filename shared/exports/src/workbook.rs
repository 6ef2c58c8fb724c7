//! Workbooks: every sheet as rows of cells, with the epoch of its serial dates.

use std::io;

use bytes::Bytes;

use crate::read::Failure;
use crate::rows::{Native, Row, Rows};

/// A workbook is held in memory while it is read.
pub(crate) const LARGEST: u64 = 256 << 20;

/// One sheet.
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) epoch_1904: bool,
    /// Number of the first row, counting from 1.
    first: u64,
    cells: Vec<Vec<(String, Native)>>,
}

impl Sheet {
    pub(crate) fn rows(&self) -> SheetRows<'_> {
        SheetRows { sheet: self, at: 0 }
    }
}

/// The rows of a sheet, each with the number that the spreadsheet shows.
pub(crate) struct SheetRows<'s> {
    sheet: &'s Sheet,
    at: usize,
}

impl Rows for SheetRows<'_> {
    fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        let Some(cells) = self.sheet.cells.get(self.at) else {
            return Ok(false);
        };
        row.clear();
        row.line = self.sheet.first + self.at as u64;
        for (cell, native) in cells {
            row.push(cell, *native);
        }
        self.at += 1;
        Ok(true)
    }
}

pub(crate) fn sheets(
    _bytes: Bytes,
    _wanted: Option<&str>,
    _max_columns: usize,
) -> Result<Vec<Sheet>, Failure> {
    Err(Failure::Reason(
        "Workbooks are not read yet. Save the sheet as CSV in UTF-8 and drop that.".to_owned(),
    ))
}
