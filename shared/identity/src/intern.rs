//! Interned byte strings: one arena, one table of slots, `u32` names.
//!
//! Ten million nodes must fit beside the links within a Lambda's memory, so that a map of owned strings is out of the
//! question. An entry costs its bytes, four for its length, eight for its place and about six for its slot.

use std::hash::Hasher;

const EMPTY: u32 = u32::MAX;

/// A set of byte strings, numbered from 0 in order of arrival until [`Interner::canonicalise`] numbers them in byte order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interner {
    arena: Vec<u8>,
    starts: Vec<usize>,
    slots: Vec<u32>,
}

fn hash(bytes: &[u8]) -> u64 {
    // Fixed keys: the table never leaves the process and its order is never seen.
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

impl Interner {
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    pub(crate) fn bytes(&self, index: u32) -> &[u8] {
        let start = self.starts[index as usize];
        let mut length = [0; 4];
        length.copy_from_slice(&self.arena[start..start + 4]);
        let length = u32::from_le_bytes(length) as usize;
        &self.arena[start + 4..start + 4 + length]
    }

    fn slot(&self, bytes: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(bytes) as usize & mask;
        while self.slots[slot] != EMPTY && self.bytes(self.slots[slot]) != bytes {
            slot = (slot + 1) & mask;
        }
        slot
    }

    pub(crate) fn get(&self, bytes: &[u8]) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let found = self.slots[self.slot(bytes)];
        (found != EMPTY).then_some(found)
    }

    pub(crate) fn intern(&mut self, bytes: &[u8]) -> u32 {
        if self.slots.len() * 3 <= self.starts.len() * 4 {
            self.grow();
        }
        let slot = self.slot(bytes);
        if self.slots[slot] == EMPTY {
            self.slots[slot] = self.starts.len() as u32;
            self.starts.push(self.arena.len());
            self.arena
                .extend_from_slice(&(bytes.len() as u32).to_le_bytes());
            self.arena.extend_from_slice(bytes);
        }
        self.slots[slot]
    }

    fn grow(&mut self) {
        self.slots = vec![EMPTY; (self.slots.len() * 2).max(16)];
        let mask = self.slots.len() - 1;
        for index in 0..self.starts.len() as u32 {
            let mut slot = hash(self.bytes(index)) as usize & mask;
            while self.slots[slot] != EMPTY {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = index;
        }
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
        for slot in &mut self.slots {
            if *slot != EMPTY {
                *slot = rank[*slot as usize];
            }
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
