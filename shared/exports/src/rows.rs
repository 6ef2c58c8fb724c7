//! Records of a text table, each with the physical line on which it begins.
//!
//! A reader of our own, because three things matter here that general readers hide: the physical line of every record (blank
//! lines included), records whose quotes do not close, and cells without an allocation each. A quote that is opened and not
//! closed properly costs its own line, never its neighbours: reading starts again on the next physical line.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2};

/// How a cell came: as text, or typed by the file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Native {
    /// Text, to be typed by us.
    Text,
    /// A number of a workbook, JSON or Parquet file: a dot as decimal mark, no thousands.
    Number,
}

/// What is wrong with the shape of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Quote,
    UnclosedQuote,
    TooLong,
    NotAnObject,
}

impl Fault {
    pub(crate) fn reason(self) -> (&'static str, &'static str) {
        match self {
            Self::Quote => (
                "a quote stands in the middle of a quoted cell, so that the cells cannot be told apart",
                "double the quotes inside the cell, or export again",
            ),
            Self::UnclosedQuote => (
                "a quote is opened and never closed",
                "close the quote; if this is the last line, the file was cut off: export it again",
            ),
            Self::TooLong => (
                "the record is longer than 16 MB",
                "a quote is probably missing; export again without free-text columns",
            ),
            Self::NotAnObject => (
                "the line is no JSON object",
                "write one object per line, all its braces and quotes closed",
            ),
        }
    }
}

/// One record, its cells held in one text. Reused from record to record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) fault: Option<Fault>,
    text: String,
    bounds: Vec<(u32, u32)>,
    natives: Vec<Native>,
}

impl Row {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.bounds.clear();
        self.natives.clear();
        self.fault = None;
    }

    pub(crate) fn len(&self) -> usize {
        self.bounds.len()
    }

    /// Length of its text.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Memory that it holds, near enough.
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity() + 8 * self.bounds.capacity() + size_of::<Self>()
    }

    pub(crate) fn cell(&self, index: usize) -> &str {
        self.bounds
            .get(index)
            .and_then(|(from, to)| self.text.get(*from as usize..*to as usize))
            .unwrap_or("")
    }

    pub(crate) fn native(&self, index: usize) -> Native {
        self.natives.get(index).copied().unwrap_or(Native::Text)
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.cell(index))
    }

    pub(crate) fn to_cells(&self) -> Vec<String> {
        self.cells().map(str::to_owned).collect()
    }

    pub(crate) fn push(&mut self, cell: &str, native: Native) {
        let from = self.text.len() as u32;
        self.text.push_str(cell);
        self.bounds.push((from, self.text.len() as u32));
        if native != Native::Text || !self.natives.is_empty() {
            self.natives.resize(self.bounds.len() - 1, Native::Text);
            self.natives.push(native);
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.fault.is_none() && self.text.trim().is_empty()
            || self.cells().all(|cell| cell.trim().is_empty()) && self.fault.is_none()
    }
}

/// Anything that gives records one after the other.
pub(crate) trait Rows {
    /// Reads the next record into `row`; `false` at the end.
    fn next(&mut self, row: &mut Row) -> io::Result<bool>;
}

/// How a text table is cut into cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
    /// Whether a backslash makes the next character a plain one inside quotes.
    pub(crate) backslash: bool,
}

impl Shape {
    pub(crate) fn of(delimiter: u8) -> Self {
        Self {
            delimiter,
            quote: Some(b'"'),
            backslash: false,
        }
    }
}

const LONGEST: usize = 16 << 20;
/// A quoted cell that spans more than this after many failures is taken for a stray quote.
const SHORT: usize = 64 << 10;

/// Records of a delimited text (UTF-8).
pub(crate) struct TextRows<R> {
    input: R,
    shape: Shape,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    ended: bool,
    line: u64,
    /// Bytes that may still be scanned in vain after quotes that never close; keeps hostile files linear.
    patience: usize,
    scratch: Vec<u8>,
}

enum Parsed {
    /// Bytes consumed and physical lines passed.
    Record(usize, u64),
    /// The buffer ends inside the record.
    More,
    /// The first physical line must be given up.
    Broken(Fault),
}

impl<R: Read> TextRows<R> {
    pub(crate) fn new(input: R, shape: Shape) -> Self {
        Self {
            input,
            shape,
            buffer: vec![0; 256 * 1024],
            start: 0,
            filled: 0,
            ended: false,
            line: 1,
            patience: 256 << 20,
            scratch: Vec::new(),
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        if self.filled == self.buffer.len() {
            let size = self.buffer.len() * 2;
            self.buffer.resize(size, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(());
                }
                Ok(n) => {
                    self.filled += n;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn parse(&mut self, row: &mut Row) -> Parsed {
        let data = &self.buffer[self.start..self.filled];
        let limit = if self.patience == 0 { SHORT } else { LONGEST };
        let Some(end) = memchr2(b'\n', b'\r', data) else {
            if data.len() >= LONGEST {
                return Parsed::Broken(Fault::TooLong);
            }
            if !self.ended {
                return Parsed::More;
            }
            return self.parse_line(row, data.len(), 0, limit);
        };
        let next = match data[end] {
            b'\r' if end + 1 == data.len() && !self.ended => return Parsed::More,
            b'\r' if data.get(end + 1) == Some(&b'\n') => end + 2,
            _ => end + 1,
        };
        self.parse_line(row, end, next - end, limit)
    }

    /// `end` is where the first physical line ends, `terminator` how long its line end is.
    fn parse_line(&mut self, row: &mut Row, end: usize, terminator: usize, limit: usize) -> Parsed {
        let data = &self.buffer[self.start..self.filled];
        let first = &data[..end];
        let quoted = self
            .shape
            .quote
            .is_some_and(|quote| memchr(quote, first).is_some());
        if !quoted {
            split_plain(row, first, self.shape.delimiter);
            return Parsed::Record(end + terminator, 1);
        }
        let parsed = parse_quoted(row, &mut self.scratch, data, self.shape, self.ended, limit);
        if let Parsed::Broken(_) = parsed {
            self.patience = self.patience.saturating_sub(data.len());
        }
        parsed
    }

    /// Gives up the first physical line of what stands in the buffer.
    fn give_up_line(&mut self, row: &mut Row, fault: Fault) -> io::Result<()> {
        row.clear();
        row.fault = Some(fault);
        let mut kept = false;
        loop {
            let data = &self.buffer[self.start..self.filled];
            let end = memchr2(b'\n', b'\r', data);
            if !kept {
                let head = &data[..end.unwrap_or(data.len()).min(SHORT)];
                split_plain(row, head, self.shape.delimiter);
                kept = true;
            }
            match end {
                Some(end) => {
                    if data[end] == b'\r' && end + 1 == data.len() && !self.ended {
                        self.fill()?;
                        continue;
                    }
                    let two = data[end] == b'\r' && data.get(end + 1) == Some(&b'\n');
                    self.start += end + if two { 2 } else { 1 };
                    self.line += 1;
                    return Ok(());
                }
                None if self.ended => {
                    self.start = self.filled;
                    return Ok(());
                }
                None => {
                    self.start = self.filled;
                    self.fill()?;
                }
            }
        }
    }
}

impl<R: Read> Rows for TextRows<R> {
    fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        loop {
            if self.start == self.filled {
                if self.ended {
                    return Ok(false);
                }
                self.fill()?;
                continue;
            }
            row.clear();
            row.line = self.line;
            match self.parse(row) {
                Parsed::Record(consumed, lines) => {
                    self.start += consumed;
                    self.line += lines;
                    return Ok(true);
                }
                Parsed::More => self.fill()?,
                Parsed::Broken(fault) => {
                    self.give_up_line(row, fault)?;
                    return Ok(true);
                }
            }
        }
    }
}

fn split_plain(row: &mut Row, line: &[u8], delimiter: u8) {
    let mut from = 0;
    for at in memchr_iter(delimiter, line) {
        row.bounds.push((from as u32, at as u32));
        from = at + 1;
    }
    row.bounds.push((from as u32, line.len() as u32));
    set_text(row, line);
}

/// Moves the bytes into the row's text; the input is UTF-8 by construction and cuts fall on ASCII, so that the check holds.
fn set_text(row: &mut Row, scratch: &[u8]) {
    match std::str::from_utf8(scratch) {
        Ok(text) => {
            row.text.clear();
            row.text.push_str(text);
        }
        Err(_) => row.text = String::from_utf8_lossy(scratch).into_owned(),
    }
}

fn parse_quoted(
    row: &mut Row,
    out: &mut Vec<u8>,
    data: &[u8],
    shape: Shape,
    ended: bool,
    limit: usize,
) -> Parsed {
    let quote = shape.quote.unwrap_or(b'"');
    out.clear();
    let mut at = 0;
    let mut lines = 1;
    loop {
        // One cell.
        let from = out.len() as u32;
        let mut look = at;
        while data.get(look) == Some(&b' ') && shape.delimiter != b' ' {
            look += 1;
        }
        if data.get(look) == Some(&quote) {
            at = look + 1;
            loop {
                let Some(step) = (if shape.backslash {
                    memchr2(quote, b'\\', &data[at..])
                } else {
                    memchr(quote, &data[at..])
                }) else {
                    if ended || data.len() >= limit {
                        return Parsed::Broken(Fault::UnclosedQuote);
                    }
                    return Parsed::More;
                };
                let cell = &data[at..at + step];
                lines += line_ends(cell);
                out.extend_from_slice(cell);
                at += step;
                if data[at] == b'\\' && shape.backslash {
                    match data.get(at + 1) {
                        Some(next) => {
                            out.push(*next);
                            at += 2;
                            continue;
                        }
                        None if ended => return Parsed::Broken(Fault::UnclosedQuote),
                        None => return Parsed::More,
                    }
                }
                if data.get(at + 1) == Some(&quote) {
                    out.push(quote);
                    at += 2;
                    continue;
                }
                if at + 1 == data.len() && !ended {
                    return Parsed::More;
                }
                at += 1;
                break;
            }
            row.bounds.push((from, out.len() as u32));
            while data.get(at) == Some(&b' ') && shape.delimiter != b' ' {
                at += 1;
            }
            if at == data.len() && !ended {
                return Parsed::More;
            }
        } else {
            let rest = &data[at..];
            let stop = memchr::memchr3(shape.delimiter, b'\n', b'\r', rest);
            let Some(step) = stop.or(ended.then_some(rest.len())) else {
                if data.len() >= limit {
                    return Parsed::Broken(Fault::TooLong);
                }
                return Parsed::More;
            };
            out.extend_from_slice(&rest[..step]);
            at += step;
            row.bounds.push((from, out.len() as u32));
        }
        match data.get(at) {
            None => {
                set_text(row, out);
                return Parsed::Record(at, lines);
            }
            Some(byte) if *byte == shape.delimiter => at += 1,
            Some(b'\n') => {
                set_text(row, out);
                return Parsed::Record(at + 1, lines);
            }
            Some(b'\r') => {
                if at + 1 == data.len() && !ended {
                    return Parsed::More;
                }
                let two = data.get(at + 1) == Some(&b'\n');
                set_text(row, out);
                return Parsed::Record(at + if two { 2 } else { 1 }, lines);
            }
            Some(_) => return Parsed::Broken(Fault::Quote),
        }
    }
}

fn line_ends(cell: &[u8]) -> u64 {
    let feeds = memchr_iter(b'\n', cell).count() as u64;
    let lone_returns = memchr_iter(b'\r', cell)
        .filter(|at| cell.get(at + 1) != Some(&b'\n'))
        .count() as u64;
    feeds + lone_returns
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str, delimiter: u8) -> Vec<(u64, Vec<String>, Option<Fault>)> {
        let mut rows = TextRows::new(text.as_bytes(), Shape::of(delimiter));
        let mut row = Row::default();
        let mut all = Vec::new();
        while rows.next(&mut row).unwrap() {
            all.push((row.line, row.to_cells(), row.fault));
        }
        all
    }

    #[test]
    fn records_keep_their_physical_lines() {
        for (case, text, want) in [
            ("line feeds", "a,b\n1,2\n", vec![(1, 2), (2, 2)]),
            ("carriage returns", "a,b\r1,2\r", vec![(1, 2), (2, 2)]),
            ("both", "a,b\r\n1,2\r\n3,4", vec![(1, 2), (2, 2), (3, 2)]),
            (
                "blank between",
                "a,b\n\n1,2\n",
                vec![(1, 2), (2, 1), (3, 2)],
            ),
            (
                "line end in a cell",
                "a,b\n\"1\n\n1\",2\n3,4\n",
                vec![(1, 2), (2, 2), (5, 2)],
            ),
            (
                "quote that never closes costs one line",
                "a,b\n\"1,2\n3,4\n5,6\n",
                vec![(1, 2), (2, 2), (3, 2), (4, 2)],
            ),
        ] {
            let got: Vec<_> = read(text, b',')
                .into_iter()
                .map(|(line, cells, _)| (line, cells.len()))
                .collect();
            assert_eq!(got, want, "{case}");
        }
    }

    #[test]
    fn quotes_are_read_as_written() {
        for (case, text, want, fault) in [
            ("doubled", "\"a\"\"b\",c", vec!["a\"b", "c"], None),
            ("empty", "\"\",c", vec!["", "c"], None),
            ("delimiter inside", "\"a,b\",c", vec!["a,b", "c"], None),
            (
                "inside a plain cell",
                "5\" pipe,c",
                vec!["5\" pipe", "c"],
                None,
            ),
            ("space before", "a, \"b,c\" ", vec!["a", "b,c"], None),
            (
                "stray",
                "\"a\"b\",c",
                vec!["\"a\"b\"", "c"],
                Some(Fault::Quote),
            ),
        ] {
            let got = read(text, b',');
            assert_eq!(got.len(), 1, "{case}");
            assert_eq!(
                (got[0].1.clone(), got[0].2),
                (want.iter().map(|s| (*s).to_owned()).collect(), fault),
                "{case}"
            );
        }
    }

    #[test]
    fn a_broken_quote_spares_its_neighbours() {
        let got = read("a,b\n1,\"x\n2,\"y\"\n3,\"z\"\n", b',');
        let faults: Vec<_> = got
            .iter()
            .map(|(line, _, fault)| (*line, fault.is_some()))
            .collect();
        assert_eq!(faults, [(1, false), (2, true), (3, false), (4, false)]);
    }
}
