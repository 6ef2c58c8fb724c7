//! Which rows of a file are new, changed or held already, judged by the index of what is held; part by part of the keys, so that
//! memory does not grow with the lake.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use levier_domain::entity::Entity;
use levier_lake::index::{self, Entry};
use levier_lake::{Lake, LakeError, keys};

use crate::entries::{Entries, at_once, parts_of, together};

/// What becomes of the rows of one file.
#[derive(Default)]
pub struct Decision {
    /// Whether each row goes to the lake.
    pub keep: Vec<bool>,
    /// Keys not held before.
    pub new: u64,
    /// Keys held with other content.
    pub changed: u64,
    /// Rows that change nothing.
    pub unchanged: u64,
    /// For a complete export: keys that are held and that it does not hold.
    pub gone: Vec<[u8; 16]>,
}

/// The greatest held row of a key, and every content that the key ever had.
struct Held {
    best: (i64, i64),
    content: [u8; 16],
    all: Vec<[u8; 16]>,
}

/// One file to be judged.
pub struct Judged<'a> {
    /// What its rows are.
    pub entity: Entity,
    /// The system that they are from.
    pub source: &'a str,
    /// Id of its import.
    pub import_id: &'a str,
    /// When it was dropped, µs.
    pub dropped_at: i64,
    /// Whether it is a complete export.
    pub full: bool,
}

fn local(error: std::io::Error) -> LakeError {
    LakeError::content("index", "a temporary file", error)
}

/// Judges the rows of one file.
pub async fn decide(
    lake: &Lake,
    file: &Judged<'_>,
    entries: &Entries,
) -> Result<Decision, LakeError> {
    let rows = usize::try_from(entries.rows()).unwrap_or(usize::MAX);
    let mut decision = Decision {
        keep: vec![false; rows],
        ..Decision::default()
    };
    let held = held(lake, file, entries).await?;
    let parts = parts_of(entries.rows().max(held.rows()));
    for group in (0..parts).collect::<Vec<_>>().chunks(at_once()) {
        let work = |part| decide_part(file, entries, &held, (part, parts));
        together(group, work, |part| decision.absorb(part)).map_err(local)?;
    }
    decision.gone.sort_unstable();
    Ok(decision)
}

impl Decision {
    fn absorb(&mut self, part: PartDecision) {
        self.new += part.new;
        self.changed += part.changed;
        self.unchanged += part.unchanged;
        self.gone.extend(part.gone);
        for row in part.kept {
            self.keep[row as usize] = true;
        }
    }
}

/// What becomes of the rows of one part of the keys.
#[derive(Default)]
struct PartDecision {
    kept: Vec<u64>,
    new: u64,
    changed: u64,
    unchanged: u64,
    gone: HashSet<[u8; 16], ByKey>,
}

fn decide_part(
    file: &Judged<'_>,
    entries: &Entries,
    held: &Entries,
    (part, parts): (usize, usize),
) -> std::io::Result<PartDecision> {
    let mut decision = PartDecision::default();
    let rows = entries.part(part, parts)?;
    let winners = newest(&rows, &mut decision);
    let mut known: HashMap<[u8; 16], Held, ByKey> = HashMap::default();
    for (_, entry) in held.part(part, parts)? {
        if winners.contains_key(&entry.key) {
            remember(&mut known, &entry);
        } else if file.full && entry.known_from < file.dropped_at {
            decision.gone.insert(entry.key);
        }
    }
    if file.entity == Entity::Subscriptions {
        keep_history(&rows, &winners, &known, &mut decision);
    }
    for (key, at) in winners {
        let (row, entry) = &rows[at];
        judge(known.get(&key), entry, *row, &mut decision);
    }
    Ok(decision)
}

/// Keys are hashes already: their last bytes serve as they are. (The first ones are alike within a part.)
#[derive(Clone, Copy, Default)]
struct KeyHasher(u64);

type ByKey = BuildHasherDefault<KeyHasher>;

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk::<8>() {
            self.0 = u64::from_le_bytes(*last);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

/// A key twice in one file: the newest wins wherever it stands, the later line among equals.
fn newest(rows: &[(u64, Entry)], decision: &mut PartDecision) -> HashMap<[u8; 16], usize, ByKey> {
    let mut winners = HashMap::with_capacity_and_hasher(rows.len(), ByKey::default());
    for (at, (_, entry)) in rows.iter().enumerate() {
        let winner = winners.entry(entry.key).or_insert(at);
        if *winner != at {
            decision.unchanged += 1;
            if rows[*winner].1.holds_from() <= entry.holds_from() {
                *winner = at;
            }
        }
    }
    winners
}

/// What a contract was before is history, whether its rows come in one file or in several: each content once, and not those that
/// the newest row of the same time corrects.
fn keep_history(
    rows: &[(u64, Entry)],
    winners: &HashMap<[u8; 16], usize, ByKey>,
    known: &HashMap<[u8; 16], Held, ByKey>,
    decision: &mut PartDecision,
) {
    let mut seen: HashSet<([u8; 16], [u8; 16])> = HashSet::new();
    for (row, entry) in rows {
        let older = winners.get(&entry.key).is_some_and(|at| {
            let winner = &rows[*at].1;
            entry.holds_from() < winner.holds_from() && entry.content != winner.content
        });
        let held = known.get(&entry.key);
        let is_held = held.is_some_and(|held| held.all.contains(&entry.content));
        if older && !is_held && seen.insert((entry.key, entry.content)) {
            decision.kept.push(*row);
        }
    }
}

fn remember(known: &mut HashMap<[u8; 16], Held, ByKey>, entry: &Entry) {
    let age = (entry.holds_from(), entry.known_from);
    let held = known.entry(entry.key).or_insert_with(|| Held {
        best: age,
        content: entry.content,
        all: Vec::new(),
    });
    if age >= held.best {
        held.best = age;
        held.content = entry.content;
    }
    held.all.push(entry.content);
}

fn judge(held: Option<&Held>, entry: &Entry, row: u64, decision: &mut PartDecision) {
    match held {
        None => {
            decision.new += 1;
            decision.kept.push(row);
        }
        Some(held) if held.content == entry.content => decision.unchanged += 1,
        Some(held) if (entry.holds_from(), entry.known_from) < held.best => {
            // Older than what is held: it changes nothing, but as history it is kept once.
            decision.unchanged += 1;
            if !held.all.contains(&entry.content) {
                decision.kept.push(row);
            }
        }
        Some(_) => {
            decision.changed += 1;
            decision.kept.push(row);
        }
    }
}

/// What is held of the file's source, without what a complete export has deleted since; only of the file's own keys where these
/// are few enough to be asked for.
async fn held(lake: &Lake, file: &Judged<'_>, entries: &Entries) -> Result<Entries, LakeError> {
    let mut wanted: Option<HashSet<[u8; 16]>> = None;
    if !file.full && !entries.are_many() {
        let mut keys = HashSet::new();
        let rows = entries.part(0, 1).map_err(local)?;
        keys.extend(rows.into_iter().map(|(_, entry)| entry.key));
        wanted = Some(keys);
    }
    let is_wanted = |key: &[u8; 16]| wanted.as_ref().is_none_or(|wanted| wanted.contains(key));
    let mut deleted: HashMap<[u8; 16], i64> = HashMap::new();
    each(lake, file, keys::DELETED, |entry| {
        if is_wanted(&entry.key) {
            let since = deleted.entry(entry.key).or_insert(entry.known_from);
            *since = entry.known_from.max(*since);
        }
        Ok(())
    })
    .await?;
    let mut held = Entries::default();
    each(lake, file, keys::INDEX, |entry| {
        let is_deleted = deleted
            .get(&entry.key)
            .is_some_and(|since| entry.known_from <= *since);
        if is_wanted(&entry.key) && !is_deleted {
            held.push(entry)
        } else {
            Ok(())
        }
    })
    .await?;
    Ok(held)
}

/// Every entry of the file's source and entity under a prefix.
async fn each(
    lake: &Lake,
    file: &Judged<'_>,
    prefix: &str,
    mut take: impl FnMut(Entry) -> std::io::Result<()>,
) -> Result<(), LakeError> {
    let prefix = format!("{prefix}{}/", file.entity);
    for object in lake.list(&prefix).await? {
        // What this very import wrote before it was killed is not history.
        if object
            .key
            .strip_prefix(&prefix)
            .is_some_and(|rest| rest.starts_with(file.import_id))
        {
            continue;
        }
        let Some(bytes) = lake.get(&object.key).await? else {
            continue;
        };
        let mut result = Ok(());
        index::decode(&object.key, bytes, |from, entry| {
            if result.is_ok() && from == file.source {
                result = take(entry);
            }
        })?;
        result.map_err(local)?;
    }
    Ok(())
}
