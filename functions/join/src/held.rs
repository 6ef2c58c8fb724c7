//! Which CRM rows hold on a day: of all that was known by then, the greatest by (`updated_at`, `known_from`) of (source, key).

use std::collections::HashMap;

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::record::Record;
use levier_lake::{Lake, LakeError, keys, records};

type Age = (Option<Timestamp>, Option<Timestamp>, [u8; 16]);

fn age(record: &Record) -> Age {
    // The content decides between rows of equal age, so that the answer does not depend on the order of reading.
    (
        record.updated_at(),
        record.get("known_from").as_instant(),
        record.content_hash(),
    )
}

async fn known(lake: &Lake, entity: Entity, until: Timestamp) -> Result<Vec<Record>, LakeError> {
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
