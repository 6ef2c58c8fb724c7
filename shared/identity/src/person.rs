//! Ids of persons: a hash of what a cluster is named after.
//!
//! A cluster is named after its earliest-created record, by the record's own account, so that what is learnt or created later
//! does not rename a person. Records that tie, or do not say when they were created (these come last), stand in the order of
//! their sources, of which a cluster holds one record each. A cluster without records is named after its smallest node. So an id
//! is a function of the set of evidence, and of no earlier night.

use sha2::{Digest, Sha256};

use crate::evidence::{Evidence, UNDATED};

/// Characters of a person's id: 130 bits in base 32.
pub const ID_LENGTH: usize = 26;

/// The id of the cluster that is named after this node.
fn derive(anchor: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut hasher = Sha256::new();
    hasher.update(b"person\0\0\0\0");
    hasher.update(anchor);
    let digest = hasher.finalize();
    let (mut bits, mut held, mut id) = (0_u32, 0, String::with_capacity(ID_LENGTH));
    for &byte in digest.iter() {
        bits = (bits << 8 | u32::from(byte)) & 0xffff;
        held += 8;
        while held >= 5 && id.len() < ID_LENGTH {
            held -= 5;
            id.push(char::from(DIGITS[(bits >> held & 31) as usize]));
        }
    }
    id
}

/// Ids of all persons in one text.
#[derive(Debug, Default)]
pub(crate) struct PersonIds {
    text: String,
    ends: Vec<u64>,
}

impl PersonIds {
    pub(crate) fn get(&self, person: u32) -> &str {
        let at = person as usize;
        let start = if at == 0 {
            0
        } else {
            self.ends[at - 1] as usize
        };
        &self.text[start..self.ends[at] as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// `smallest` are the smallest nodes of the persons, ascending; `person_of` gives each node's person.
    pub(crate) fn assign(evidence: &Evidence, smallest: &[u32], person_of: &[u32]) -> Self {
        let created = |node: u32| evidence.created_of.get(node as usize).unwrap_or(&UNDATED);
        let mut named_after = smallest.to_vec();
        // Records are the first nodes, so that a cluster that has one begins with it.
        for record in 0..evidence.created_of.len() as u32 {
            let held = &mut named_after[person_of[record as usize] as usize];
            if created(record) < created(*held) {
                *held = record;
            }
        }
        let mut out = Self::default();
        for node in named_after {
            out.text.push_str(&derive(evidence.nodes.bytes(node)));
            out.ends.push(out.text.len() as u64);
        }
        out
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_twenty_six_plain_characters() {
        let id = derive(b"anchor");
        assert_eq!(id.len(), ID_LENGTH);
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
        assert_ne!(id, derive(b"anchos"));
    }
}
