//! The refused-rows file: the original columns and a last one with the reasons, ready to mend and drop again.
//!
//! The file is opened in spreadsheets, so that a cell which would run as a formula is written as text with an apostrophe
//! before it; reading takes the apostrophe off again.

use std::io::{self, Write};

use levier_domain::receipt::Refusal;

/// Header of the last column. A file that comes back with it has the column ignored.
pub const REASON_HEADER: &str = "levier_refused_because";

/// Writes the header line of a refused-rows file.
///
/// # Errors
/// Passes on what `out` reports.
pub fn write_refused_header(out: &mut dyn Write, header: &[String]) -> io::Result<()> {
    out.write_all("\u{FEFF}".as_bytes())?;
    line(
        out,
        header
            .iter()
            .map(String::as_str)
            .filter(|name| *name != REASON_HEADER),
        REASON_HEADER,
    )
}

/// Writes one refused row: its cells as they were and why it was refused.
///
/// # Errors
/// Passes on what `out` reports.
pub fn write_refused(out: &mut dyn Write, cells: &[String], refusal: &Refusal) -> io::Result<()> {
    let reason = if refusal.column.is_empty() {
        format!(
            "line {}: {}; {}",
            refusal.line, refusal.reason, refusal.hint
        )
    } else {
        format!(
            "line {}, {}: {}; {}",
            refusal.line, refusal.column, refusal.reason, refusal.hint
        )
    };
    line(out, cells.iter().map(String::as_str), &reason)
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
