//! Which CRM rows hold on a day: of all that was known by then, the greatest by (`updated_at`, `known_from`) of (source, key).

use std::collections::HashMap;

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::record::Record;
use levier_lake::{Lake, LakeError, index, keys, records};

type Age = (Option<Timestamp>, Option<Timestamp>, [u8; 16]);

fn age(record: &Record) -> Age {
    // The content decides between rows of equal age, so that the answer does not depend on the order of reading.
    (
        record.updated_at(),
        record.get("known_from").as_instant(),
        record.content_hash(),
    )
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

/// All versions known before `until`, without what a complete export has deleted since they were dropped.
async fn known(lake: &Lake, entity: Entity, until: Timestamp) -> Result<Vec<Record>, LakeError> {
    let deleted = deleted(lake, entity, until).await?;
    let objects = lake.list(&format!("{}{entity}/", keys::CRM)).await?;
    let all: Vec<String> = objects.into_iter().map(|object| object.key).collect();
    let mut rows = Vec::new();
    for chunk in all.chunks(16) {
        for (key, bytes) in lake.get_all(chunk).await? {
            let known = records::decode(&key, entity, bytes)?;
            rows.extend(known.into_iter().filter(|record| {
                record
                    .get("known_from")
                    .as_instant()
                    .is_none_or(|from| from < until)
            }));
        }
    }
    if !deleted.is_empty() {
        rows.retain(|record| {
            let from = record
                .get("known_from")
                .as_instant()
                .map_or(i64::MIN, Timestamp::as_microsecond);
            deleted
                .get(&identity(record))
                .is_none_or(|since| *since < from)
        });
    }
    Ok(rows)
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

/// The rows of an entity that hold, by source and key.
///
/// # Errors
/// [`LakeError`].
pub async fn held(lake: &Lake, entity: Entity, until: Timestamp) -> Result<Vec<Record>, LakeError> {
    let mut best: HashMap<(String, [u8; 16]), Record> = HashMap::new();
    for record in known(lake, entity, until).await? {
        match best.entry(identity(&record)) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(record);
            }
            std::collections::hash_map::Entry::Occupied(mut place) => {
                if age(place.get()) < age(&record) {
                    place.insert(record);
                }
            }
        }
    }
    let mut rows: Vec<((String, [u8; 16]), Record)> = best.into_iter().collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(rows.into_iter().map(|(_, record)| record).collect())
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
    let mut all: std::collections::BTreeMap<(String, [u8; 16]), Vec<Record>> =
        std::collections::BTreeMap::new();
    for record in known(lake, entity, until).await? {
        all.entry(identity(&record)).or_default().push(record);
    }
    Ok(all
        .into_values()
        .map(|mut versions| {
            versions.sort_by_cached_key(age);
            versions
        })
        .collect())
}
