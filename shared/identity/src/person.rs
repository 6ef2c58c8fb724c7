//! Ids of persons: derived from the cluster's anchor, kept as clusters grow.
//!
//! Without a previous run an id is a hash of the cluster's smallest node. With one, a cluster keeps the earliest id that any of
//! its nodes had (the smaller where several are as early), so that a link found later does not rename a person; the ids it
//! swallows are aliases. Ids are never published: tables, cells and buckets of results are sums over persons, so that results
//! stay a function of the set of evidence although an id may remember the night on which it was made.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::intern::Interner;
use crate::node::{self, Node};

/// Characters of a person's id: 130 bits in base 32.
pub const ID_LENGTH: usize = 26;

/// The id that a cluster with this anchor gets when no earlier one is known.
fn derive(anchor: &[u8], attempt: u32) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut hasher = Sha256::new();
    hasher.update(b"person");
    hasher.update(attempt.to_le_bytes());
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

/// Which person each node was, and since when that person is known; as [`crate::Resolution::assignments`] gave it.
#[derive(Clone, Debug, Default)]
pub struct PreviousAssignments {
    nodes: Interner,
    ids: Interner,
    of: Vec<(u32, u32)>,
    since: HashMap<u32, i64>,
}

impl PreviousAssignments {
    /// No previous run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `node` was `person`, first known at `since` (the same instant for one person; the earliest of several counts).
    pub fn insert(&mut self, node: &Node<'_>, person: &str, since: Timestamp) {
        let mut key = Vec::new();
        match node {
            Node::Record { source, id } => node::record_key(&mut key, source, id),
            Node::Handle { platform, handle } => node::handle_key(&mut key, platform, handle),
            Node::Span {
                platform,
                handle,
                since,
                until,
            } => {
                let mut of = Vec::new();
                node::handle_key(&mut of, platform, handle);
                node::span_key(&mut key, &of, *since, *until);
            }
            Node::Email(email) => node::email_node_key(&mut key, email),
        }
        let node = self.nodes.intern(&key);
        let id = self.ids.intern(person.as_bytes());
        if node as usize == self.of.len() {
            self.of.push((node, id));
        } else {
            // Two statements about one node: the smaller id, whichever came first.
            let held = &mut self.of[node as usize];
            if self.ids.bytes(id) < self.ids.bytes(held.1) {
                held.1 = id;
            }
        }
        let since = since.as_microsecond();
        self.since
            .entry(id)
            .and_modify(|held| *held = (*held).min(since))
            .or_insert(since);
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    fn id(&self, id: u32) -> &str {
        std::str::from_utf8(self.ids.bytes(id)).unwrap_or_default()
    }
}

/// Ids of all persons in one text.
#[derive(Debug, Default)]
pub(crate) struct PersonIds {
    text: String,
    ends: Vec<u64>,
    /// Known since, µs; `i64::MAX` for those made now.
    pub(crate) since: Vec<i64>,
    /// Former ids that are now another's, with the id that stands.
    pub(crate) aliases: BTreeMap<String, String>,
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

    fn push(&mut self, id: &str, since: i64) {
        self.text.push_str(id);
        self.ends.push(self.text.len() as u64);
        self.since.push(since);
    }

    /// `anchors` are the smallest nodes of the persons, ascending; `person_of` gives each node's person.
    pub(crate) fn assign(
        nodes: &Interner,
        anchors: &[u32],
        person_of: &[u32],
        previous: &PreviousAssignments,
    ) -> Self {
        let mut out = Self::default();
        if previous.is_empty() {
            for &anchor in anchors {
                out.push(&derive(nodes.bytes(anchor), 0), i64::MAX);
            }
            return out;
        }
        // Of a person that fell apart, the part with its smallest node keeps the id.
        let mut heir: HashMap<u32, u32> = HashMap::new();
        let mut known: Vec<(u32, u32)> = previous
            .of
            .iter()
            .filter_map(|&(old, id)| Some((nodes.get(previous.nodes.bytes(old))?, id)))
            .collect();
        known.sort_unstable();
        for &(node, id) in &known {
            heir.entry(id).or_insert(person_of[node as usize]);
        }
        let mut claims: HashMap<u32, Vec<u32>> = HashMap::new();
        for (&id, &person) in &heir {
            claims.entry(person).or_default().push(id);
        }
        let taken: HashSet<&str> = heir.keys().map(|&id| previous.id(id)).collect();
        for (person, &anchor) in anchors.iter().enumerate() {
            let mut mine = claims.remove(&(person as u32)).unwrap_or_default();
            mine.sort_unstable_by(|&x, &y| {
                (previous.since.get(&x), previous.id(x))
                    .cmp(&(previous.since.get(&y), previous.id(y)))
            });
            if let Some((&keeps, swallowed)) = mine.split_first() {
                out.push(
                    previous.id(keeps),
                    previous.since.get(&keeps).copied().unwrap_or(i64::MAX),
                );
                for &id in swallowed {
                    out.aliases
                        .insert(previous.id(id).to_owned(), previous.id(keeps).to_owned());
                }
            } else {
                let mut attempt = 0;
                let mut id = derive(nodes.bytes(anchor), attempt);
                while taken.contains(id.as_str()) {
                    attempt += 1;
                    id = derive(nodes.bytes(anchor), attempt);
                }
                out.push(&id, i64::MAX);
            }
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
        let id = derive(b"anchor", 0);
        assert_eq!(id.len(), ID_LENGTH);
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        );
        assert_ne!(id, derive(b"anchor", 1));
        assert_ne!(id, derive(b"anchos", 0));
    }
}
