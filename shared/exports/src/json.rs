//! NDJSON and JSON arrays as tables: keys are headers, the elements are records. One element is held at a time.

use std::collections::HashMap;
use std::io::{self, Read};

use serde_json::Value as Json;

use crate::rows::{Fault, Native, Row, Rows};

/// How the objects stand in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One object per line.
    Lines,
    /// One array of objects.
    Array,
}

const LONGEST: usize = 16 << 20;
/// More distinct keys than this is no table.
pub(crate) const MOST_COLUMNS: usize = 16_384;

/// Cuts the text into its objects, each with its line (or element) number.
pub(crate) struct Objects<R> {
    input: R,
    layout: Layout,
    buffer: Vec<u8>,
    start: usize,
    filled: usize,
    ended: bool,
    number: u64,
    opened: bool,
    given_up: bool,
}

/// One piece: the bytes of an element, or what is wrong with it.
pub(crate) enum Piece {
    Object(std::ops::Range<usize>),
    Blank,
    TooLong,
    End,
}

impl<R: Read> Objects<R> {
    pub(crate) fn new(input: R, layout: Layout) -> Self {
        Self {
            input,
            layout,
            buffer: vec![0; 64 * 1024],
            start: 0,
            filled: 0,
            ended: false,
            number: 0,
            opened: false,
            given_up: false,
        }
    }

    pub(crate) fn bytes(&self, range: std::ops::Range<usize>) -> &[u8] {
        &self.buffer[range]
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
        let n = self.input.read(&mut self.buffer[self.filled..])?;
        self.filled += n;
        self.ended = n == 0;
        Ok(())
    }

    pub(crate) fn next(&mut self) -> io::Result<Piece> {
        match self.layout {
            Layout::Lines => self.next_line(),
            Layout::Array => self.next_element(),
        }
    }

    fn next_line(&mut self) -> io::Result<Piece> {
        loop {
            let data = &self.buffer[self.start..self.filled];
            let end = match memchr::memchr(b'\n', data) {
                Some(end) => end,
                None if self.ended && data.is_empty() => return Ok(Piece::End),
                None if self.ended => data.len(),
                None if data.len() > LONGEST => {
                    // Skip to the end of the line.
                    self.number += 1;
                    loop {
                        self.start = self.filled;
                        self.fill()?;
                        let rest = &self.buffer[self.start..self.filled];
                        if let Some(end) = memchr::memchr(b'\n', rest) {
                            self.start += end + 1;
                            return Ok(Piece::TooLong);
                        }
                        if self.ended {
                            self.start = self.filled;
                            return Ok(Piece::TooLong);
                        }
                    }
                }
                None => {
                    self.fill()?;
                    continue;
                }
            };
            let range = self.start..self.start + end;
            self.start = (self.start + end + 1).min(self.filled);
            self.number += 1;
            return Ok(if self.buffer[range.clone()].trim_ascii().is_empty() {
                Piece::Blank
            } else {
                Piece::Object(range)
            });
        }
    }

    fn next_element(&mut self) -> io::Result<Piece> {
        loop {
            // What stands between elements.
            while self.start < self.filled {
                let byte = self.buffer[self.start];
                match byte {
                    b'[' if !self.opened => self.opened = true,
                    b',' | b' ' | b'\t' | b'\r' | b'\n' => {}
                    b']' => return Ok(Piece::End),
                    _ => break,
                }
                self.start += 1;
            }
            if self.start == self.filled {
                if self.given_up {
                    return Ok(Piece::End);
                }
                if self.ended {
                    return Err(not_closed());
                }
                self.fill()?;
                continue;
            }
            let data = &self.buffer[self.start..self.filled];
            match element_end(data) {
                Some(end) => {
                    let range = self.start..self.start + end;
                    self.start += end;
                    self.number += 1;
                    return Ok(Piece::Object(range));
                }
                None if self.ended => return Err(not_closed()),
                None if data.len() > LONGEST => {
                    self.number += 1;
                    self.start = self.filled;
                    self.given_up = true;
                    return Ok(Piece::TooLong);
                }
                None => self.fill()?,
            }
        }
    }
}

/// An array without its end is part of a file: what is missing cannot be told, so that none of it is read.
fn not_closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the JSON array has no closing bracket",
    )
}

/// Where the first JSON value of `data` ends, if it does.
fn element_end(data: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    for (at, byte) in data.iter().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b',' | b']' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// The keys of all objects, in order of first appearance; `None` when there are too many.
pub(crate) fn keys<R: Read>(input: R, layout: Layout) -> io::Result<Option<Vec<String>>> {
    let mut objects = Objects::new(input, layout);
    let mut seen: HashMap<String, ()> = HashMap::new();
    let mut keys = Vec::new();
    loop {
        match objects.next()? {
            Piece::End => return Ok(Some(keys)),
            Piece::Blank | Piece::TooLong => {}
            Piece::Object(range) => {
                let Ok(Json::Object(map)) = serde_json::from_slice(objects.bytes(range)) else {
                    continue;
                };
                for key in map.keys() {
                    if !seen.contains_key(key) {
                        if keys.len() == MOST_COLUMNS {
                            return Ok(None);
                        }
                        seen.insert(key.clone(), ());
                        keys.push(key.clone());
                    }
                }
            }
        }
    }
}

/// Objects as rows of the columns `keys`.
pub(crate) struct JsonRows<R> {
    objects: Objects<R>,
    keys: Vec<String>,
}

impl<R: Read> JsonRows<R> {
    pub(crate) fn new(input: R, layout: Layout, keys: Vec<String>) -> Self {
        Self {
            objects: Objects::new(input, layout),
            keys,
        }
    }
}

impl<R: Read> Rows for JsonRows<R> {
    fn next(&mut self, row: &mut Row) -> io::Result<bool> {
        row.clear();
        let piece = self.objects.next()?;
        row.line = self.objects.number;
        match piece {
            Piece::End => return Ok(false),
            Piece::Blank => {}
            Piece::TooLong => row.fault = Some(Fault::TooLong),
            Piece::Object(range) => {
                let bytes = self.objects.bytes(range);
                match serde_json::from_slice::<Json>(bytes) {
                    Ok(Json::Object(map)) => {
                        for key in &self.keys {
                            push(row, map.get(key));
                        }
                    }
                    _ => {
                        row.push(&String::from_utf8_lossy(bytes), Native::Text);
                        row.fault = Some(Fault::NotAnObject);
                    }
                }
            }
        }
        Ok(true)
    }
}

fn push(row: &mut Row, value: Option<&Json>) {
    match value {
        None | Some(Json::Null) => row.push("", Native::Text),
        Some(Json::String(text)) => row.push(text, Native::Text),
        Some(Json::Number(number)) => row.push(&number.to_string(), Native::Number),
        Some(Json::Bool(flag)) => row.push(if *flag { "true" } else { "false" }, Native::Text),
        Some(other) => row.push(&other.to_string(), Native::Text),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str, layout: Layout) -> Vec<(u64, Vec<String>, bool)> {
        let keys = keys(text.as_bytes(), layout).unwrap().unwrap();
        let mut rows = JsonRows::new(text.as_bytes(), layout, keys);
        let mut row = Row::default();
        let mut all = Vec::new();
        while rows.next(&mut row).unwrap() {
            all.push((row.line, row.to_cells(), row.fault.is_some()));
        }
        all
    }

    #[test]
    fn objects_are_records_wherever_they_stand() {
        let own = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        for (case, text, layout, want) in [
            (
                "lines",
                "{\"a\":1}\n\n{\"b\":\"x\"}\n",
                Layout::Lines,
                vec![
                    (1, own(&["1", ""]), false),
                    (2, own(&[]), false),
                    (3, own(&["", "x"]), false),
                ],
            ),
            (
                "array",
                "[{\"a\":\"]}\"},\n {\"a\":null}]",
                Layout::Array,
                vec![(1, own(&["]}"]), false), (2, own(&[""]), false)],
            ),
            (
                "broken line",
                "{\"a\":1}\n{\"a\":\n",
                Layout::Lines,
                vec![(1, own(&["1"]), false), (2, own(&["{\"a\":"]), true)],
            ),
        ] {
            assert_eq!(read(text, layout), want, "{case}");
        }
    }

    #[test]
    fn an_array_that_is_cut_off_is_not_read_in_part() {
        for text in ["[{\"a\":1},{\"a\":", "[{\"a\":1},", "[{\"a\":1}", "["] {
            let error = keys(text.as_bytes(), Layout::Array).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{text}");
        }
    }
}
