//! `compact`: landing → canonical events, each once, partitioned by day; then the `sources` and `waterfall` tables.
//!
//! A run reads the deliveries that no ledger names yet, has their source say what is in them, reads the text for language and
//! sentiment and drops it, merges the events into their day files, and writes the ledgers last. Killed anywhere and run again it
//! ends with the same bytes: until its ledger stands, a delivery is simply read again, and merging is a set operation.
//!
//! Why a ledger and not a cursor: deliveries land concurrently and out of order, and a cursor would pass some by.

mod counts;
mod days;
mod reading;
mod tables;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use levier_domain::event::Event;
use levier_domain::record::Record;
use levier_lake::delivery::Landed;
use levier_lake::ledger::{self, Hour, Staged};
use levier_lake::{events, keys};
use levier_results::{Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};

use crate::counts::Totals;
use crate::reading::Reader;

/// Deliveries read before their events are merged into the day files: bounds memory.
const DELIVERIES_AT_ONCE: usize = 20_000;
/// Events of files merged at once.
const EVENTS_AT_ONCE: usize = 200_000;

/// Runs compaction over every delivery acknowledged before it began.
///
/// # Errors
/// [`JobError`]; everything written so far stays valid, and running again goes on.
pub async fn compact(
    deps: &Dependencies,
    invocation: &Invocation,
    now: Timestamp,
) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("compact");
    let mut totals = Totals::load(&deps.lake).await?;
    compact_landing(deps, &mut totals, &mut outcome).await?;
    compact_staged(deps, &mut outcome).await?;
    let days = days::counts(&deps.lake).await?;
    let tables = tables::tables(
        deps,
        &totals,
        &days,
        as_of(invocation, now, &deps.zone),
        now,
    )
    .await?;
    let day = as_of(invocation, now, &deps.zone);
    let digest = digest(&tables)?;
    let run = Run {
        job: "compact",
        id: RunId::new("compact", day, &digest),
        as_of: day,
        tables,
    };
    run.publish(&deps.lake, &deps.results).await?;
    outcome.run_id = Some(run.id.as_str().to_owned());
    Ok(outcome)
}

/// The run's name follows from its rows: running again without news is the same run.
fn digest<T: serde::Serialize>(value: &T) -> Result<String, JobError> {
    use sha2::{Digest, Sha256};
    let json = serde_json::to_vec(value).map_err(|error| JobError::Input(error.to_string()))?;
    Ok(hex::encode(Sha256::digest(json)))
}

async fn compact_landing(
    deps: &Dependencies,
    totals: &mut Totals,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    let mut hours: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for object in deps.lake.list(keys::LANDING).await? {
        if let Some((hour, delivery)) = object.key.rsplit_once('/') {
            hours
                .entry(format!("{hour}/"))
                .or_default()
                .push(delivery.to_owned());
        }
    }
    for (prefix, deliveries) in hours {
        let ledger_key = ledger::hour_key(&prefix);
        let mut hour: Hour = deps.lake.get_json(&ledger_key).await?.unwrap_or_default();
        let fresh: Vec<String> = deliveries
            .into_iter()
            .filter(|delivery| !hour.deliveries.contains_key(delivery))
            .collect();
        for chunk in fresh.chunks(DELIVERIES_AT_ONCE) {
            read_chunk(deps, &prefix, chunk, &mut hour, totals, outcome).await?;
            deps.lake.put_json(&ledger_key, &hour).await?;
        }
    }
    Ok(())
}

async fn read_chunk(
    deps: &Dependencies,
    prefix: &str,
    chunk: &[String],
    hour: &mut Hour,
    totals: &mut Totals,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    let object_keys: Vec<String> = chunk
        .iter()
        .map(|delivery| format!("{prefix}{delivery}"))
        .collect();
    let mut events: Vec<Event> = Vec::new();
    let mut records: Vec<Record> = Vec::new();
    let mut reader = Reader::new(deps, prefix);
    for (key, bytes) in deps.lake.get_all(&object_keys).await? {
        let landed: Landed = match serde_json::from_slice(&bytes) {
            Ok(landed) => landed,
            Err(error) => {
                return Err(levier_lake::LakeError::content(&key, "landed delivery", error).into());
            }
        };
        let delivery = key.rsplit('/').next().unwrap_or_default().to_owned();
        let read = reader.read(&landed, &mut events, &mut records);
        if !read.quarantined.is_empty() {
            let copy = format!(
                "{}{}",
                keys::QUARANTINE,
                key.strip_prefix(keys::LANDING).unwrap_or(&key)
            );
            deps.lake
                .put_json(
                    &copy,
                    &serde_json::json!({"reasons": read.quarantined, "delivery": landed}),
                )
                .await?;
            outcome.count("quarantined_deliveries", 1);
        }
        outcome.count("deliveries", 1);
        outcome.count("items", read.items);
        hour.deliveries.insert(delivery, read);
    }
    reader.describe(hour);
    reader.write_records(deps, &records).await?;
    outcome.count("events", events.len() as u64);
    let latest = events.iter().map(|event| event.occurred_at).max();
    days::merge(&deps.lake, events).await?;
    totals.update(prefix, hour, latest);
    totals.save(&deps.lake, &hour.source).await?;
    Ok(())
}

/// Events that dropped files of history brought: already canonical, to be merged into their days.
async fn compact_staged(deps: &Dependencies, outcome: &mut Outcome) -> Result<(), JobError> {
    let known: BTreeSet<String> = deps
        .lake
        .list(ledger::STAGED)
        .await?
        .into_iter()
        .map(|object| object.key)
        .collect();
    for object in deps.lake.list(keys::STAGED).await? {
        let import_id = object
            .key
            .trim_start_matches(keys::STAGED)
            .trim_end_matches(".parquet")
            .to_owned();
        let ledger_key = ledger::staged_key(&import_id);
        if known.contains(&ledger_key) {
            continue;
        }
        let Some(bytes) = deps.lake.get(&object.key).await? else {
            continue;
        };
        let staged = events::decode(&object.key, bytes)?;
        let mut ledger = Staged {
            import_id,
            ..Staged::default()
        };
        for event in &staged {
            let kinds = ledger.mapped.entry(event.source.clone()).or_default();
            *kinds.entry(event.kind.as_str().to_owned()).or_default() += 1;
        }
        outcome.count("events_of_files", staged.len() as u64);
        let mut rest = staged;
        while !rest.is_empty() {
            let tail = rest.split_off(rest.len().min(EVENTS_AT_ONCE));
            days::merge(&deps.lake, std::mem::replace(&mut rest, tail)).await?;
        }
        deps.lake.put_json(&ledger_key, &ledger).await?;
    }
    Ok(())
}
