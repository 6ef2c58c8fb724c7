//! Which CRM rows hold on a day: of all that was known by then, the greatest by (`updated_at`, `known_from`) of (source, key),
//! where a row without a modification time, or with one after its drop, counts as modified when it was dropped.
//!
//! [`Holding`] hands the rows over one by one and keeps in memory only the keys that occur more than once: within one import a
//! key occurs once, and most rows of a large export are never exported again. [`held`] is the same as a list, for entities that
//! are small by nature.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bytes::Bytes;
use futures::StreamExt;
use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::record::Record;
use levier_lake::{Lake, LakeError, index, keys, records};

/// Objects fetched ahead of the one that is read: hides latency, bounds memory.
const AHEAD: usize = 2;
/// Bytes of objects whose keys are compared at once; more are compared by ranges of their hash.
const COMPARED_AT_ONCE: u64 = 1 << 30;

type Age = (Option<Timestamp>, Option<Timestamp>, [u8; 16]);

fn age(record: &Record) -> Age {
    // The content decides between rows of equal age, so that the answer does not depend on the order of reading.
    (
        record.holds_from(),
        record.get("known_from").as_instant(),
        record.content_hash(),
    )
}

fn known_by(record: &Record, until: Timestamp) -> bool {
    record
        .get("known_from")
        .as_instant()
        .is_none_or(|from| from < until)
}

/// Since when the keys that a complete export did not hold any more count as deleted, of those dropped before `until`.
async fn deleted(
    lake: &Lake,
    entity: Entity,
    until: Timestamp,
) -> Result<HashMap<(String, [u8; 16]), i64>, LakeError> {
    let objects = lake.list(&format!("{}{entity}/", keys::DELETED)).await?;
    let all: Vec<String> = objects.into_iter().map(|object| object.key).collect();
    let mut deleted = HashMap::new();
    for chunk in all.chunks(16) {
        for (key, bytes) in lake.get_all(chunk).await? {
            index::decode(&key, bytes, |source, entry| {
                if entry.known_from < until.as_microsecond() {
                    let since = deleted
                        .entry((source.to_owned(), entry.key))
                        .or_insert(entry.known_from);
                    *since = entry.known_from.max(*since);
                }
            })?;
        }
    }
    Ok(deleted)
}

fn identity(record: &Record) -> (String, [u8; 16]) {
    (
        record
            .get("source")
            .as_text()
            .unwrap_or_default()
            .to_owned(),
        record.key_hash(),
    )
}

/// 64 bits over source and key: equal for equal identities, and unequal ones that meet only cost a comparison.
fn mark(record: &Record) -> u64 {
    let (source, key) = identity(record);
    let mut low = [0; 8];
    low.copy_from_slice(&key[..8]);
    source.bytes().fold(u64::from_le_bytes(low), |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Which of several rows of one identity holds, and where it stands.
#[derive(Clone, Debug)]
struct Winner {
    age: Age,
    place: (usize, u64),
}

/// The rows of an entity that hold, to be read as often as needed.
#[derive(Debug)]
pub struct Holding {
    entity: Entity,
    until: Timestamp,
    objects: Vec<String>,
    /// Identities with several rows.
    doubled: HashSet<u64>,
    /// Identities that a complete export did not hold any more, and since when.
    deleted: HashMap<(String, [u8; 16]), i64>,
    winners: HashMap<(String, [u8; 16]), Winner>,
}

impl Holding {
    /// Looks for keys that occur more than once; reads nothing where a single import brought everything.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn find(lake: &Lake, entity: Entity, until: Timestamp) -> Result<Self, LakeError> {
        let objects = lake.list(&format!("{}{entity}/", keys::CRM)).await?;
        let bytes: u64 = objects.iter().map(|object| object.size).sum();
        let mut found = Self {
            entity,
            until,
            objects: objects.into_iter().map(|object| object.key).collect(),
            doubled: HashSet::new(),
            deleted: deleted(lake, entity, until).await?,
            winners: HashMap::new(),
        };
        // Of contracts one import may bring what they were before.
        if entity != Entity::Subscriptions && found.is_of_one_import() {
            return Ok(found);
        }
        let columns = found.key_columns();
        let ranges = bytes.div_ceil(COMPARED_AT_ONCE).max(1);
        for range in 0..ranges {
            let mut marks: Vec<u64> = Vec::new();
            found
                .visit(lake, &columns, |_, record| {
                    let mark = mark(record);
                    if mark % ranges == range {
                        marks.push(mark);
                    }
                })
                .await?;
            marks.sort_unstable();
            for pair in marks.windows(2).filter(|pair| pair[0] == pair[1]) {
                found.doubled.insert(pair[0]);
            }
        }
        if found.doubled.is_empty() {
            return Ok(found);
        }
        let mut winners: HashMap<(String, [u8; 16]), Winner> = HashMap::new();
        found
            .visit(lake, &[], |place, record| {
                if !found.doubled.contains(&mark(record)) {
                    return;
                }
                let challenger = Winner {
                    age: age(record),
                    place,
                };
                winners
                    .entry(identity(record))
                    .and_modify(|winner| {
                        if winner.age < challenger.age {
                            *winner = challenger.clone();
                        }
                    })
                    .or_insert(challenger);
            })
            .await?;
        found.winners = winners;
        Ok(found)
    }

    /// `crm/{entity}/{import id}-{part}.parquet`; imports decide between rows of one key before they write, webhooks do not.
    fn is_of_one_import(&self) -> bool {
        let imports: BTreeSet<&str> = self
            .objects
            .iter()
            .map(|key| {
                key.rsplit_once('-')
                    .map_or(key.as_str(), |(import, _)| import)
            })
            .collect();
        imports.len() <= 1
            && imports.iter().all(|import| {
                !import
                    .rsplit('/')
                    .next()
                    .is_some_and(|name| name.starts_with("hook-"))
            })
    }

    fn key_columns(&self) -> Vec<&'static str> {
        let mut columns = self.entity.key().to_vec();
        columns.extend(["source", "known_from"]);
        columns
    }

    /// Every row known by then, with its place.
    async fn visit(
        &self,
        lake: &Lake,
        columns: &[&str],
        mut take: impl FnMut((usize, u64), &Record),
    ) -> Result<(), LakeError> {
        let mut reads = lake.read_ahead(self.objects.clone(), AHEAD);
        let mut position = 0;
        while let Some((key, read)) = reads.next().await {
            if let Some(bytes) = read? {
                self.visit_object(position, &key, bytes, columns, &mut take)?;
            }
            position += 1;
        }
        Ok(())
    }

    /// Whether a complete export has deleted the row since it was dropped.
    fn is_deleted(&self, record: &Record) -> bool {
        if self.deleted.is_empty() {
            return false;
        }
        let from = record
            .get("known_from")
            .as_instant()
            .map_or(i64::MIN, Timestamp::as_microsecond);
        self.deleted
            .get(&identity(record))
            .is_some_and(|since| from <= *since)
    }

    fn visit_object(
        &self,
        position: usize,
        key: &str,
        bytes: Bytes,
        columns: &[&str],
        take: &mut impl FnMut((usize, u64), &Record),
    ) -> Result<(), LakeError> {
        let mut row = 0;
        records::visit(key, self.entity, bytes, columns, |record| {
            if known_by(record, self.until) && !self.is_deleted(record) {
                take((position, row), record);
            }
            row += 1;
        })
    }

    /// Whether a row at a place is the one that holds among those of its identity.
    fn holds(&self, place: (usize, u64), record: &Record) -> bool {
        self.doubled.is_empty()
            || !self.doubled.contains(&mark(record))
            || self
                .winners
                .get(&identity(record))
                .is_none_or(|winner| winner.place == place)
    }

    /// Columns, and those that tell which rows hold.
    fn with_keys<'c>(&self, columns: &[&'c str]) -> Vec<&'c str> {
        let mut wanted = columns.to_vec();
        if !wanted.is_empty() {
            wanted.push("known_from");
            if !self.doubled.is_empty() || !self.deleted.is_empty() {
                wanted.extend(self.key_columns());
            }
        }
        wanted
    }

    /// Hands over every row that holds, only the named columns (all where none is named); gives their number.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn each(
        &self,
        lake: &Lake,
        columns: &[&str],
        mut take: impl FnMut(&Record),
    ) -> Result<u64, LakeError> {
        let mut n = 0;
        self.visit(lake, &self.with_keys(columns), |place, record| {
            if self.holds(place, record) {
                n += 1;
                take(record);
            }
        })
        .await?;
        Ok(n)
    }

    /// As [`Holding::each`], as many files side by side as there are processors: each begins with `begin`, is told its rows by
    /// `take` and goes to `merge`, in the order of the files.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn gather<T: Send>(
        &self,
        lake: &Lake,
        columns: &[&str],
        begin: impl Fn() -> T + Sync,
        take: impl Fn(&mut T, &Record) + Sync,
        mut merge: impl FnMut(T),
    ) -> Result<u64, LakeError> {
        let wanted = self.with_keys(columns);
        let work = |position: usize, key: &str, bytes: Bytes| {
            let (mut n, mut part) = (0, begin());
            self.visit_object(position, key, bytes, &wanted, &mut |place, record| {
                if self.holds(place, record) {
                    n += 1;
                    take(&mut part, record);
                }
            })?;
            Ok((n, part))
        };
        let mut all = 0;
        lake.side_by_side(self.objects.clone(), work, |(n, part)| {
            all += n;
            merge(part);
        })
        .await?;
        Ok(all)
    }
}

/// The rows of an entity that hold, by source and key.
///
/// # Errors
/// [`LakeError`].
pub async fn held(lake: &Lake, entity: Entity, until: Timestamp) -> Result<Vec<Record>, LakeError> {
    let mut rows: Vec<Record> = Vec::new();
    Holding::find(lake, entity, until)
        .await?
        .gather(
            lake,
            &[],
            Vec::new,
            |part: &mut Vec<Record>, record| part.push(record.clone()),
            |part| rows.extend(part),
        )
        .await?;
    rows.sort_by_cached_key(identity);
    Ok(rows)
}

/// Every version of every row of an entity, by source and key, oldest first.
///
/// # Errors
/// [`LakeError`].
pub async fn versions(
    lake: &Lake,
    entity: Entity,
    until: Timestamp,
) -> Result<Vec<Vec<Record>>, LakeError> {
    let all = Holding {
        entity,
        until,
        objects: lake
            .list(&format!("{}{entity}/", keys::CRM))
            .await?
            .into_iter()
            .map(|object| object.key)
            .collect(),
        doubled: HashSet::new(),
        deleted: deleted(lake, entity, until).await?,
        winners: HashMap::new(),
    };
    let mut versions: BTreeMap<(String, [u8; 16]), Vec<Record>> = BTreeMap::new();
    all.visit(lake, &[], |_, record| {
        versions
            .entry(identity(record))
            .or_default()
            .push(record.clone());
    })
    .await?;
    Ok(versions
        .into_values()
        .map(|mut versions| {
            versions.sort_by_cached_key(age);
            versions
        })
        .collect())
}
