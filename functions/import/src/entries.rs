//! What is remembered of every row while a file is judged: a key, a content, an age and a position.
//!
//! Ten million rows must fit in a Lambda's memory, so that entries are kept by the first bits of their key and go to temporary
//! files, one for each part, once they are many. Whatever belongs to one key lies in one part, in order of arrival.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use levier_lake::index::Entry;

/// Parts that keys are divided into.
pub const PARTS: usize = 16;
/// Entries held in memory before they go to files.
const MOST_HELD: usize = 1 << 20;
const BYTES: usize = 16 + 16 + 8 + 8 + 8;

/// Entries by part.
pub struct Entries {
    held: [Vec<(u64, Entry)>; PARTS],
    files: Vec<Mutex<File>>,
    in_memory: usize,
    most_held: usize,
    rows: u64,
}

impl Default for Entries {
    fn default() -> Self {
        Self {
            held: Default::default(),
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

fn part_of(key: &[u8; 16]) -> usize {
    usize::from(key[0] >> 4)
}

impl Entries {
    /// Adds the entry of the next row.
    ///
    /// # Errors
    /// A temporary file cannot be written.
    pub fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.held[part_of(&entry.key)].push((self.rows, entry));
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
        while self.files.len() < PARTS {
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

    /// The entries of one part with their rows, in order of arrival.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub fn part(&self, part: usize) -> io::Result<Vec<(u64, Entry)>> {
        let mut out = Vec::new();
        if let Some(file) = self.files.get(part) {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let bytes = usize::try_from(file.metadata()?.len()).unwrap_or_default();
            file.seek(SeekFrom::Start(0))?;
            out.reserve_exact(bytes / BYTES + self.held[part].len());
            // In pieces: a part is large enough once.
            let mut piece = vec![0; BYTES * 16_384];
            let mut left = bytes;
            while left > 0 {
                let piece = &mut piece[..left.min(BYTES * 16_384)];
                file.read_exact(piece)?;
                left -= piece.len();
                for record in piece.chunks_exact(BYTES) {
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
        }
        out.extend(self.held[part].iter().cloned());
        Ok(out)
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
        let mut seen = 0;
        for part in 0..PARTS {
            let (a, b) = (few.part(part).unwrap(), many.part(part).unwrap());
            assert_eq!(a, b, "part {part}");
            assert!(a.is_sorted_by_key(|(row, _)| *row), "part {part}");
            seen += a.len();
        }
        assert_eq!(seen, 277);
    }
}
