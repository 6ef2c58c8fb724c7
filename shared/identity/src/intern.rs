//! Interned byte strings: one arena, one table, `u32` names.
//!
//! Ten million nodes must fit beside the links within a Lambda's memory, so that a map of owned strings is out of the
//! question. An entry costs its bytes, four for its length, eight for its place and about seven in the table.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// A set of byte strings, numbered from 0 in order of arrival until [`Interner::canonicalise`] numbers them in byte order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interner {
    arena: Vec<u8>,
    starts: Vec<usize>,
    /// The numbers, found by the hash of their bytes: a byte of it beside each number keeps most of what is not meant from being
    /// looked at, which in an arena that no cache holds is all the cost.
    numbers: HashTable<u32>,
}

fn at<'a>(arena: &'a [u8], starts: &[usize], index: u32) -> &'a [u8] {
    let start = starts[index as usize];
    let mut length = [0; 4];
    length.copy_from_slice(&arena[start..start + 4]);
    let length = u32::from_le_bytes(length) as usize;
    &arena[start + 4..start + 4 + length]
}

fn hash(bytes: &[u8]) -> u64 {
    // The table never leaves the process and its order is never seen; what is interned comes from signed sources and dropped files.
    FxBuildHasher.hash_one(bytes)
}

impl Interner {
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(crate) fn bytes(&self, index: u32) -> &[u8] {
        at(&self.arena, &self.starts, index)
    }

    pub(crate) fn get(&self, bytes: &[u8]) -> Option<u32> {
        self.find(hash(bytes), bytes)
    }

    fn find(&self, hash: u64, bytes: &[u8]) -> Option<u32> {
        self.numbers
            .find(hash, |index| self.bytes(*index) == bytes)
            .copied()
    }

    pub(crate) fn intern(&mut self, bytes: &[u8]) -> u32 {
        let wanted = hash(bytes);
        if let Some(index) = self.find(wanted, bytes) {
            return index;
        }
        let index = self.starts.len() as u32;
        self.starts.push(self.arena.len());
        self.arena
            .extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.arena.extend_from_slice(bytes);
        let (arena, starts) = (&self.arena, &self.starts);
        self.numbers
            .insert_unique(wanted, index, |index| hash(at(arena, starts, *index)));
        index
    }

    /// Numbers the entries in byte order and gives the new number of each old one.
    pub(crate) fn canonicalise(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.starts.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| self.bytes(a).cmp(self.bytes(b)));
        let mut rank = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            rank[old as usize] = new as u32;
        }
        self.starts = order.iter().map(|&old| self.starts[old as usize]).collect();
        for number in &mut self.numbers {
            *number = rank[*number as usize];
        }
        rank
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again_after_growth_and_renumbering() {
        let mut interner = Interner::default();
        let words: Vec<String> = (0..1000)
            .map(|n| format!("node {}", (n * 7919) % 1000))
            .collect();
        let old: Vec<u32> = words
            .iter()
            .map(|word| interner.intern(word.as_bytes()))
            .collect();
        assert_eq!(interner.len(), 1000);
        let rank = interner.canonicalise();
        for (word, old) in words.iter().zip(old) {
            let index = interner.get(word.as_bytes()).unwrap();
            assert_eq!(index, rank[old as usize]);
            assert_eq!(interner.bytes(index), word.as_bytes());
        }
        assert!((1..1000).all(|n| interner.bytes(n - 1) < interner.bytes(n)));
        assert_eq!(interner.get(b"absent"), None);
    }
}
