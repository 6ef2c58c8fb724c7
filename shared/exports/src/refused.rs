//! The refused-rows file: the original columns and a last one with the reasons, ready to mend and drop again.
//!
//! The file is opened in spreadsheets, so that a cell which would run as a formula is written as text with an apostrophe
//! before it; reading takes the apostrophe off again.

use std::io::{self, Write};

use crate::dialect::token;

/// Headers that the last column may have, in English and in French. A file that comes back with one has the column ignored.
pub const REASON_HEADERS: [&str; 2] = ["levier_refused_because", "levier_motif_du_refus"];

/// A refused-rows file being written.
pub struct RefusedRows<W: Write> {
    out: W,
    /// The columns that are written: all but the reasons of an earlier refusal.
    columns: Vec<bool>,
}

impl<W: Write> RefusedRows<W> {
    /// Begins the file; `header` is that of the dropped one, `reasons` one of [`REASON_HEADERS`].
    ///
    /// # Errors
    /// Passes on what `out` reports.
    pub fn new(mut out: W, header: &[String], reasons: &str) -> io::Result<Self> {
        let columns: Vec<bool> = header
            .iter()
            .map(|name| !REASON_HEADERS.contains(&token(name).as_str()))
            .collect();
        out.write_all("\u{FEFF}".as_bytes())?;
        let mut rows = Self { out, columns };
        rows.row(header, reasons)?;
        Ok(rows)
    }

    /// Writes one refused row: its cells as they were, and why it was refused.
    ///
    /// # Errors
    /// Passes on what `out` reports.
    pub fn row(&mut self, cells: &[String], reason: &str) -> io::Result<()> {
        let kept = |at: usize| self.columns.get(at).copied().unwrap_or(true);
        let cells = cells.iter().enumerate().filter(|(at, _)| kept(*at));
        line(&mut self.out, cells.map(|(_, cell)| cell.as_str()), reason)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Passes on what `out` reports.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn line<'c>(
    out: &mut dyn Write,
    cells: impl Iterator<Item = &'c str>,
    last: &str,
) -> io::Result<()> {
    for cell in cells {
        write_cell(out, cell)?;
        out.write_all(b",")?;
    }
    write_cell(out, last)?;
    out.write_all(b"\r\n")
}

/// Whether a spreadsheet would run the cell. A plain signed number is left alone.
#[must_use]
pub fn is_formula(cell: &str) -> bool {
    match cell.trim_start_matches([' ', '\u{A0}']).chars().next() {
        Some('=' | '@' | '\t' | '\r' | '\n' | '|' | '%') => true,
        Some('+' | '-') => !cell
            .trim()
            .bytes()
            .skip(1)
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b' ')),
        _ => false,
    }
}

fn write_cell(out: &mut dyn Write, cell: &str) -> io::Result<()> {
    let formula = is_formula(cell);
    if !formula && !cell.contains([',', '"', '\n', '\r', ';', '\t']) {
        return out.write_all(cell.as_bytes());
    }
    out.write_all(b"\"")?;
    if formula {
        out.write_all(b"'")?;
    }
    out.write_all(cell.replace('"', "\"\"").as_bytes())?;
    out.write_all(b"\"")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_refused_again_has_one_column_of_reasons() {
        let header = ["a", "Levier_refused_because", "b"].map(str::to_owned);
        let mut out = Vec::new();
        let mut rows = RefusedRows::new(&mut out, &header, REASON_HEADERS[1]).unwrap();
        rows.row(
            &["1", "line 2: wrong", "2", "3"].map(str::to_owned),
            "ligne 2 : faux",
        )
        .unwrap();
        rows.finish().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\u{FEFF}a,b,levier_motif_du_refus\r\n1,2,3,ligne 2 : faux\r\n"
        );
    }

    #[test]
    fn formulas_do_not_come_out_again() {
        for (case, cell, want) in [
            ("plain", "Lyon", "Lyon"),
            ("formula", "=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("at", "@SUM(A1)", "\"'@SUM(A1)\""),
            (
                "command",
                "-2+cmd|' /C calc'!A0",
                "\"'-2+cmd|' /C calc'!A0\"",
            ),
            ("negative amount", "-12.50", "-12.50"),
            ("phone", "+33 6 12 34", "+33 6 12 34"),
            ("comma", "a,b", "\"a,b\""),
        ] {
            let mut out = Vec::new();
            write_cell(&mut out, cell).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), want, "{case}");
        }
    }
}
