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
use levier_lake::ledger::{self, DayOfLanding, Staged};
use levier_lake::{events, keys};
use levier_results::{Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};

use crate::counts::Totals;
use crate::reading::Reader;

/// Deliveries read before their events are merged into the day files: bounds memory.
const DELIVERIES_AT_ONCE: usize = 50_000;
/// Raw deliveries in memory at once.
const READ_AT_ONCE: usize = 1_000;
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
    // One ledger for each source and day of receipt: few objects, however many deliveries.
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for object in deps.lake.list(keys::LANDING).await? {
        let mut parts = object.key.splitn(4, '/');
        if let (Some(landing), Some(source), Some(date), Some(rest)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            days.entry(format!("{landing}/{source}/{date}/"))
                .or_default()
                .push(rest.to_owned());
        }
    }
    let written: BTreeSet<String> = deps
        .lake
        .list(ledger::LANDED)
        .await?
        .into_iter()
        .map(|object| object.key)
        .collect();
    let known: Vec<String> = days
        .keys()
        .map(|prefix| ledger::day_of_landing_key(prefix))
        .filter(|key| written.contains(key))
        .collect();
    let mut ledgers: BTreeMap<String, DayOfLanding> = BTreeMap::new();
    for (key, bytes) in deps.lake.get_all(&known).await? {
        let ledger = serde_json::from_slice(&bytes)
            .map_err(|error| levier_lake::LakeError::content(&key, "JSON", error))?;
        ledgers.insert(key, ledger);
    }
    let mut fresh: Vec<(String, String)> = Vec::new();
    for (prefix, deliveries) in days {
        let ledger = ledgers
            .entry(ledger::day_of_landing_key(&prefix))
            .or_default();
        let unread = deliveries
            .into_iter()
            .filter(|delivery| !ledger.deliveries.contains_key(delivery));
        fresh.extend(unread.map(|delivery| (prefix.clone(), delivery)));
    }
    for chunk in fresh.chunks(DELIVERIES_AT_ONCE) {
        read_chunk(deps, chunk, &mut ledgers, totals, outcome).await?;
    }
    Ok(())
}

/// Reads some deliveries: events into their days, records beside the imports, and only then the ledgers that say so.
async fn read_chunk(
    deps: &Dependencies,
    chunk: &[(String, String)],
    ledgers: &mut BTreeMap<String, DayOfLanding>,
    totals: &mut Totals,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    let mut events: Vec<Event> = Vec::new();
    let mut touched: BTreeMap<&str, Option<Timestamp>> = BTreeMap::new();
    for part in chunk.chunk_by(|a, b| a.0 == b.0) {
        let prefix = part[0].0.as_str();
        let mut reader = Reader::new(deps, prefix);
        let mut records: Vec<Record> = Vec::new();
        let first = events.len();
        let ledger = ledgers
            .entry(ledger::day_of_landing_key(prefix))
            .or_default();
        reader.describe(ledger);
        for some in part.chunks(READ_AT_ONCE) {
            let object_keys: Vec<String> = some
                .iter()
                .map(|(prefix, delivery)| format!("{prefix}{delivery}"))
                .collect();
            for (key, bytes) in deps.lake.get_all(&object_keys).await? {
                let landed: Landed = serde_json::from_slice(&bytes).map_err(|error| {
                    levier_lake::LakeError::content(&key, "landed delivery", error)
                })?;
                let read = reader.read(&landed, &mut events, &mut records);
                if !read.quarantined.is_empty() {
                    let copy = format!(
                        "{}{}",
                        keys::QUARANTINE,
                        key.strip_prefix(keys::LANDING).unwrap_or(&key)
                    );
                    let kept = serde_json::json!({"reasons": read.quarantined, "delivery": landed});
                    deps.lake.put_json(&copy, &kept).await?;
                    outcome.count("quarantined_deliveries", 1);
                }
                outcome.count("deliveries", 1);
                outcome.count("items", read.items);
                ledger
                    .deliveries
                    .insert(key.strip_prefix(prefix).unwrap_or(&key).to_owned(), read);
            }
        }
        reader.write_records(deps, &records).await?;
        touched.insert(
            prefix,
            events[first..].iter().map(|event| event.occurred_at).max(),
        );
    }
    outcome.count("events", events.len() as u64);
    days::merge(&deps.lake, events).await?;
    let mut writes = Vec::new();
    let mut sources = BTreeSet::new();
    for (prefix, latest) in touched {
        let key = ledger::day_of_landing_key(prefix);
        let Some(ledger) = ledgers.get(&key) else {
            continue;
        };
        totals.update(prefix, ledger, latest);
        sources.insert(ledger.source.clone());
        let bytes = serde_json::to_vec(ledger)
            .map_err(|error| levier_lake::LakeError::content(&key, "JSON", error))?;
        writes.push((key, bytes));
    }
    for source in sources {
        totals.save(&deps.lake, &source).await?;
    }
    deps.lake.put_all(writes).await?;
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
