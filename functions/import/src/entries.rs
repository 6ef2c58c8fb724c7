//! What is remembered of every row while a file is judged: a key, a content, an age and a position.
//!
//! Ten million rows must fit in a Lambda's memory, so that entries are kept by the first bits of their key and go to temporary
//! files, one for each part, once they are many. Whatever belongs to one key lies in one part, in order of arrival.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use levier_lake::index::Entry;

/// Pieces that keys are divided into by their first byte; neighbours make up a part.
const PIECES: usize = 256;
/// Rows of one part, about.
const PART_ROWS: u64 = 262_144;
/// Entries held in memory before they go to files.
const MOST_HELD: usize = 1 << 20;
const BYTES: usize = 16 + 16 + 8 + 8 + 8;

/// Entries by part.
pub struct Entries {
    held: Vec<Vec<(u64, Entry)>>,
    files: Vec<Mutex<File>>,
    in_memory: usize,
    most_held: usize,
    rows: u64,
}

impl Default for Entries {
    fn default() -> Self {
        Self {
            held: vec![Vec::new(); PIECES],
            files: Vec::new(),
            in_memory: 0,
            most_held: MOST_HELD,
            rows: 0,
        }
    }
}

/// How many parts are worked on at once: two where there are two processors, no more because each is held in memory.
pub fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, |n| usize::from(n).min(2))
}

/// Does one piece of work for each of a few parts, all at once, and hands the results on in the order of the parts.
///
/// # Errors
/// The first error, by part.
pub fn together<T: Send, E: Send>(
    parts: &[usize],
    work: impl Fn(usize) -> Result<T, E> + Sync,
    mut take: impl FnMut(T),
) -> Result<(), E> {
    if let [only] = parts {
        take(work(*only)?);
        return Ok(());
    }
    let work = &work;
    let done = std::thread::scope(|scope| {
        let running: Vec<_> = parts
            .iter()
            .map(|part| scope.spawn(move || work(*part)))
            .collect();
        running
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect::<Vec<_>>()
    });
    for result in done {
        take(result?);
    }
    Ok(())
}

/// In how many parts so many rows are looked at, so that a part is as large whatever their number: a power of two.
pub fn parts_of(rows: u64) -> usize {
    usize::try_from(rows.div_ceil(PART_ROWS))
        .map_or(PIECES, |parts| parts.next_power_of_two().min(PIECES))
}

impl Entries {
    /// Adds the entry of the next row.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.held[usize::from(entry.key[0])].push((self.rows, entry));
        self.rows += 1;
        self.in_memory += 1;
        if self.in_memory >= self.most_held {
            self.spill()?;
        }
        Ok(())
    }

    /// How many were added.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether there are too many to be held in memory at once.
    pub fn are_many(&self) -> bool {
        !self.files.is_empty()
    }

    fn spill(&mut self) -> io::Result<()> {
        while self.files.len() < PIECES {
            self.files.push(Mutex::new(tempfile::tempfile()?));
        }
        let mut bytes = Vec::new();
        for (held, file) in self.held.iter_mut().zip(&mut self.files) {
            bytes.clear();
            for (row, entry) in held.drain(..) {
                bytes.extend_from_slice(&row.to_le_bytes());
                bytes.extend_from_slice(&entry.key);
                bytes.extend_from_slice(&entry.content);
                bytes.extend_from_slice(&entry.updated_at.to_le_bytes());
                bytes.extend_from_slice(&entry.known_from.to_le_bytes());
            }
            file.get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .write_all(&bytes)?;
        }
        self.in_memory = 0;
        Ok(())
    }

    /// The entries of one of `parts` parts with their rows, in order of arrival.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub fn part(&self, part: usize, parts: usize) -> io::Result<Vec<(u64, Entry)>> {
        let wide = PIECES / parts;
        let mut out = Vec::new();
        for piece in part * wide..(part + 1) * wide {
            self.piece(piece, &mut out)?;
        }
        out.sort_unstable_by_key(|(row, _)| *row);
        Ok(out)
    }

    fn piece(&self, piece: usize, out: &mut Vec<(u64, Entry)>) -> io::Result<()> {
        if let Some(file) = self.files.get(piece) {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut bytes)?;
            out.reserve(bytes.len() / BYTES + self.held[piece].len());
            for record in bytes.chunks_exact(BYTES) {
                out.push((
                    u64::from_le_bytes(take(record, 0)),
                    Entry {
                        key: take(record, 8),
                        content: take(record, 24),
                        updated_at: i64::from_le_bytes(take(record, 40)),
                        known_from: i64::from_le_bytes(take(record, 48)),
                    },
                ));
            }
        }
        out.extend(self.held[piece].iter().cloned());
        Ok(())
    }
}

fn take<const N: usize>(bytes: &[u8], from: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[from..from + N]);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn entry(n: u8) -> Entry {
        Entry {
            key: [n; 16],
            content: [n.wrapping_mul(3); 16],
            updated_at: i64::from(n) - 100,
            known_from: i64::MAX,
        }
    }

    #[test]
    fn files_give_back_what_memory_does() {
        let mut few = Entries::default();
        let mut many = Entries {
            most_held: 7,
            ..Entries::default()
        };
        for n in (0..=255).chain(0..=20) {
            few.push(entry(n)).unwrap();
            many.push(entry(n)).unwrap();
        }
        assert!(many.are_many() && !few.are_many());
        assert_eq!(many.rows(), 277);
        for parts in [1, 2, 16, PIECES] {
            let mut seen = 0;
            for part in 0..parts {
                let (a, b) = (
                    few.part(part, parts).unwrap(),
                    many.part(part, parts).unwrap(),
                );
                assert_eq!(a, b, "part {part} of {parts}");
                assert!(a.is_sorted_by_key(|(row, _)| *row), "part {part}");
                seen += a.len();
            }
            assert_eq!(seen, 277, "{parts}");
        }
    }

    #[test]
    fn a_part_is_as_large_whatever_the_number_of_rows() {
        for (rows, want) in [
            (0, 1),
            (262_144, 1),
            (262_145, 2),
            (7_000_000, 32),
            (14_000_000, 64),
            (u64::MAX, PIECES),
        ] {
            assert_eq!(parts_of(rows), want, "{rows}");
        }
    }
}
