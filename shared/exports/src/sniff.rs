//! The last resort for a text table that no dialect knows: the delimiter and quote under which its records look most alike.
//!
//! Each candidate cuts the first records; it scores by how many records share a width, how wide they are, and how many cells
//! look like values (numbers, dates, words, nothing) rather than like uncut text. The idea of weighing pattern against type
//! is that of van den Burg, Nazábal and Sutton, "Wrangling messy CSV files by detecting row and type patterns" (2019).

use std::collections::BTreeMap;

use crate::rows::{Row, Rows, Shape, TextRows};

const DELIMITERS: &[u8] = b",;\t|:^~ &";
const MOST_ROWS: usize = 1000;

/// The likeliest shape of `head`.
pub(crate) fn shape(head: &str) -> Shape {
    let mut best = (f64::MIN, Shape::of(b','));
    let quotes: &[Option<u8>] = if head.contains('\'') {
        &[Some(b'"'), Some(b'\'')]
    } else {
        &[Some(b'"')]
    };
    for delimiter in DELIMITERS {
        if memchr::memchr(*delimiter, head.as_bytes()).is_none() {
            continue;
        }
        for quote in quotes {
            for backslash in [false, true] {
                if backslash && !head.contains("\\\"") {
                    continue;
                }
                let shape = Shape {
                    delimiter: *delimiter,
                    quote: *quote,
                    backslash,
                };
                let score = score(head, shape);
                if score > best.0 + 1e-9 {
                    best = (score, shape);
                }
            }
        }
    }
    best.1
}

fn score(head: &str, shape: Shape) -> f64 {
    let mut rows = TextRows::new(head.as_bytes(), shape);
    let mut row = Row::default();
    let mut widths: BTreeMap<usize, f64> = BTreeMap::new();
    let (mut cells, mut typed, mut faults, mut count) = (0.0_f64, 0.0_f64, 0.0_f64, 0_usize);
    let mut quoted_bonus = 0.0;
    // A record counts by the lines that it spans, so that cells of several lines do not speak against their delimiter.
    let mut last: Option<(u64, usize)> = None;
    while count < MOST_ROWS && rows.next(&mut row).unwrap_or(false) {
        if row.is_blank() {
            continue;
        }
        count += 1;
        if row.fault.is_some() {
            faults += 1.0;
            continue;
        }
        if let Some((line, width)) = last.replace((row.line, row.len())) {
            *widths.entry(width).or_default() += row.line.saturating_sub(line).clamp(1, 50) as f64;
        }
        for cell in row.cells() {
            cells += 1.0;
            if looks_like_a_value(cell, shape) {
                typed += 1.0;
            }
        }
    }
    if let Some((_, width)) = last {
        *widths.entry(width).or_default() += 1.0;
    }
    if count == 0 || cells == 0.0 {
        return f64::MIN;
    }
    if shape.quote == Some(b'\'') && !wraps(head, shape.delimiter) {
        return f64::MIN;
    }
    if shape.quote == Some(b'\'') {
        quoted_bonus = 1e-3;
    }
    let kinds = widths.len() as f64;
    let pattern: f64 = widths
        .iter()
        .map(|(width, n)| n * (*width as f64 - 1.0).max(0.001) / *width as f64)
        .sum::<f64>()
        / kinds;
    let readable = typed / cells;
    let sound = 1.0 - faults / count as f64;
    // Words stand between spaces and hours between colons in any text.
    let plain = match shape.delimiter {
        b' ' | b':' => 0.5,
        b'&' | b'^' | b'~' => 0.8,
        _ => 1.0,
    };
    pattern * readable * sound * sound * plain * (1.0 + quoted_bonus)
}

/// Whether single quotes really wrap cells: they stand beside a delimiter or a line end on both sides.
fn wraps(head: &str, delimiter: u8) -> bool {
    let bytes = head.as_bytes();
    let border =
        |byte: Option<&u8>| byte.is_none_or(|b| *b == delimiter || matches!(b, b'\n' | b'\r'));
    let (mut opening, mut closing) = (0, 0);
    for at in memchr::memchr_iter(b'\'', bytes) {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        opening += usize::from(border(before));
        closing += usize::from(border(bytes.get(at + 1)));
    }
    opening > 1 && closing > 1 && opening.abs_diff(closing) * 4 <= opening.max(closing)
}

fn looks_like_a_value(cell: &str, shape: Shape) -> bool {
    let cell = cell.trim();
    if cell.is_empty() {
        return true;
    }
    let foreign = cell.bytes().any(|b| {
        b != shape.delimiter && matches!(b, b';' | b'\t' | b'|' | b'"')
            || b == b',' && !matches!(shape.delimiter, b',' | b'\t') && !decimal(cell)
    });
    if foreign && cell.len() < 400 {
        // A sentence may hold a comma; uncut text holds several marks and no space after them.
        return cell.contains(", ") && !cell.contains(['\t', '|', '"']);
    }
    cell.len() < 400
}

/// Digits with one comma among them: `12,50`.
fn decimal(cell: &str) -> bool {
    cell.bytes().filter(|b| *b == b',').count() == 1
        && cell.bytes().all(|b| {
            b.is_ascii_digit() || matches!(b, b',' | b'.' | b'-' | b'+' | b' ' | b'%' | 0x80..)
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_makes_records_alike() {
        for (case, head, delimiter, quote) in [
            ("comma", "a,b,c\n1,2,3\n4,5,6\n", b',', b'"'),
            (
                "semicolon with decimal commas",
                "nom;prix\nA;12,50\nB;3,20\n",
                b';',
                b'"',
            ),
            ("tab", "a\tb\n1\t2, 3\n", b'\t', b'"'),
            ("pipe", "a|b|c\nx, y|2|3\n", b'|', b'"'),
            (
                "times among commas",
                "t,v\n10:00:00,1\n11:00:00,2\n",
                b',',
                b'"',
            ),
            (
                "single quotes",
                "'a','b'\n'1,5','2'\n'x','y'\n",
                b',',
                b'\'',
            ),
            (
                "tables in cells of several lines",
                "a,b\n1,\"x|y|z\nu|v|w\np|q|r\"\n2,\"x|y|z\nu|v|w\np|q|r\"\n",
                b',',
                b'"',
            ),
            (
                "sentences",
                "id,text\n1,\"Bonjour; merci, à vous\"\n2,ok\n",
                b',',
                b'"',
            ),
        ] {
            let shape = shape(head);
            assert_eq!(
                (shape.delimiter, shape.quote),
                (delimiter, Some(quote)),
                "{case}"
            );
        }
    }
}
