//! `compact`: landing → canonical events, each once, partitioned by day; then the `sources` and `waterfall` tables.
//!
//! A run reads the deliveries that no ledger names yet, has their source say what is in them, reads the text for language and
//! sentiment and drops it, merges the events into their day files, and writes the ledgers last. Killed anywhere and run again it
//! ends with the same bytes: until its ledger stands, a delivery is simply read again, and merging is a set operation.
//!
//! Why a ledger and not a cursor: deliveries land concurrently and out of order, and a cursor would pass some by.

mod again;
mod counts;
mod days;
mod reading;
mod receipts;
mod tables;
mod token_keys;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use levier_domain::event::Event;
use levier_domain::record::Record;
use levier_lake::delivery::Landed;
use levier_lake::ledger::{self, DayOfLanding, Staged};
use levier_lake::{brought, events, keys};
use levier_results::{Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};

pub use crate::again::Again;
pub use crate::reading::finish;

use crate::counts::{Totals, WINDOW};
use crate::reading::Reader;
use crate::receipts::Receipts;

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
    compact_again(deps, &Again::Nothing, invocation, now).await
}

/// The same, reading again what `again` names: one command after a mapping was mended.
///
/// # Errors
/// [`JobError`]; running again, or the next compaction, goes on.
pub async fn compact_again(
    deps: &Dependencies,
    again: &Again,
    invocation: &Invocation,
    now: Timestamp,
) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("compact");
    again::carry_out(&deps.lake).await?;
    if let Again::Since { from, source } = again {
        again::plan(deps, *from, source.as_deref(), &mut outcome).await?;
        again::carry_out(&deps.lake).await?;
    }
    let mut totals = Totals::load(&deps.lake).await?;
    compact_landing(deps, again, &mut totals, now, &mut outcome).await?;
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
    outcome.run_id = Some(run.publish(&deps.lake, &deps.results).await?);
    Ok(outcome)
}

/// The run's name follows from its rows: running again without news is the same run.
fn digest<T: serde::Serialize>(value: &T) -> Result<String, JobError> {
    use sha2::{Digest, Sha256};
    let json = serde_json::to_vec(value).map_err(|error| JobError::Input(error.to_string()))?;
    Ok(hex::encode(Sha256::digest(json)))
}

/// `landing/{source}/{date}/` and the rest of the key of a landed delivery.
fn day_and_rest(key: &str) -> Option<(String, &str)> {
    let mut parts = key.splitn(4, '/');
    let (landing, source, date) = (parts.next()?, parts.next()?, parts.next()?);
    Some((format!("{landing}/{source}/{date}/"), parts.next()?))
}

/// The import that staged events.
fn import_of(staged: &str) -> &str {
    staged
        .trim_start_matches(keys::STAGED)
        .trim_end_matches(".parquet")
}

/// The same source `offset` days later; `None` where the prefix names no day.
fn neighbour(prefix: &str, offset: i32) -> Option<String> {
    let (source, day) = prefix.trim_end_matches('/').rsplit_once('/')?;
    let day: jiff::civil::Date = day.parse().ok()?;
    let day = day.checked_add(jiff::Span::new().days(offset)).ok()?;
    Some(format!("{source}/{day}/"))
}

async fn compact_landing(
    deps: &Dependencies,
    again: &Again,
    totals: &mut Totals,
    now: Timestamp,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    // One ledger for each source and day of receipt: few objects, however many deliveries.
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for object in deps.lake.list(keys::LANDING).await? {
        if let Some((prefix, rest)) = day_and_rest(&object.key) {
            days.entry(prefix).or_default().push(rest.to_owned());
        }
    }
    let written: BTreeSet<String> = deps
        .lake
        .list(ledger::LANDED)
        .await?
        .into_iter()
        .map(|object| object.key)
        .collect();
    // Days around those that are in landing tell what was delivered before.
    let known: BTreeSet<String> = days
        .keys()
        .flat_map(|prefix| (-WINDOW..=WINDOW).filter_map(|offset| neighbour(prefix, offset)))
        .map(|prefix| ledger::day_of_landing_key(&prefix))
        .filter(|key| written.contains(key))
        .collect();
    let known: Vec<String> = known.into_iter().collect();
    let mut ledgers: BTreeMap<String, DayOfLanding> = BTreeMap::new();
    for (key, bytes) in deps.lake.get_all(&known).await? {
        let ledger = serde_json::from_slice(&bytes)
            .map_err(|error| levier_lake::LakeError::content(&key, "JSON", error))?;
        ledgers.insert(key, ledger);
    }
    let mut fresh: Vec<(String, String)> = Vec::new();
    let mut keys_came: BTreeMap<String, bool> = BTreeMap::new();
    for (prefix, deliveries) in days {
        let source = source_of(&prefix).to_owned();
        let empty = DayOfLanding::default();
        let ledger = ledgers
            .get(&ledger::day_of_landing_key(&prefix))
            .unwrap_or(&empty);
        let waits = |delivery: &String| match ledger.deliveries.get(delivery) {
            None => true,
            Some(before) => again.wants(&source, before, true),
        };
        if !keys_came.contains_key(&source) && deliveries.iter().any(waits) {
            let came = token_keys::fetch(deps, &source, now, outcome).await?;
            keys_came.insert(source.clone(), came);
        }
        let came = keys_came.get(&source).copied().unwrap_or(false);
        let unread =
            deliveries
                .into_iter()
                .filter(|delivery| match ledger.deliveries.get(delivery) {
                    None => true,
                    Some(before) => again.wants(&source, before, came),
                });
        fresh.extend(unread.map(|delivery| (prefix.clone(), delivery)));
    }
    let receipts = Receipts::of(&fresh, &ledgers);
    for chunk in fresh.chunks(DELIVERIES_AT_ONCE) {
        read_chunk(deps, chunk, &receipts, &mut ledgers, totals, outcome).await?;
    }
    Ok(())
}

/// Reads some deliveries: events into their days, records beside the imports, and only then the ledgers that say so.
async fn read_chunk(
    deps: &Dependencies,
    chunk: &[(String, String)],
    receipts: &Receipts,
    ledgers: &mut BTreeMap<String, DayOfLanding>,
    totals: &mut Totals,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    let mut events: Vec<Event> = Vec::new();
    let mut touched: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
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
                let delivery = key.strip_prefix(prefix).unwrap_or(&key).to_owned();
                let first = receipts.first(&landed.source, &delivery, landed.received_at);
                let read = reader.read(&landed, first, &mut events, &mut records);
                let copy = format!(
                    "{}{}",
                    keys::QUARANTINE,
                    key.strip_prefix(keys::LANDING).unwrap_or(&key)
                );
                if read.quarantined.is_empty() {
                    let before = ledger.deliveries.get(&delivery);
                    if before.is_some_and(|before| !before.quarantined.is_empty()) {
                        deps.lake.delete(&copy).await?;
                        outcome.count("released_deliveries", 1);
                    }
                } else {
                    let kept = serde_json::json!({"reasons": read.quarantined, "delivery": landed});
                    deps.lake.put_json(&copy, &kept).await?;
                    outcome.count("quarantined_deliveries", 1);
                }
                outcome.count("deliveries", 1);
                outcome.count("items", read.items);
                ledger.deliveries.insert(delivery, read);
            }
        }
        reader.write_records(deps, &records).await?;
        reader.write_domains(&deps.lake).await?;
        note_brought(deps, prefix, &events[first..]).await?;
        touched.insert(
            prefix.to_owned(),
            events[first..].iter().map(|event| event.occurred_at).max(),
        );
    }
    outcome.count("events", events.len() as u64);
    days::merge(&deps.lake, events).await?;
    let mut writes = Vec::new();
    let mut sources = BTreeSet::new();
    let of_day = |prefix: &str| ledgers.get(&ledger::day_of_landing_key(prefix));
    for prefix in touched.keys() {
        // What came on a day decides whether the days after it repeat.
        for day in (0..=WINDOW).filter_map(|offset| neighbour(prefix, offset)) {
            let Some(ledger) = of_day(&day) else { continue };
            let before: Vec<&DayOfLanding> = (-WINDOW..0)
                .filter_map(|offset| of_day(&neighbour(&day, offset)?))
                .collect();
            let latest = touched.get(&day).copied().flatten();
            totals.update(&day, &before, ledger, latest);
        }
        let key = ledger::day_of_landing_key(prefix);
        let Some(ledger) = ledgers.get(&key) else {
            continue;
        };
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

fn source_of(prefix: &str) -> &str {
    let rest = prefix.strip_prefix(keys::LANDING).unwrap_or(prefix);
    rest.split('/').next().unwrap_or_default()
}

/// Adds to the list of what a day of landing brought, which reading it again begins with.
async fn note_brought(deps: &Dependencies, prefix: &str, events: &[Event]) -> Result<(), JobError> {
    let key = ledger::brought_key(prefix);
    let mut all = brought::of(events);
    if all.is_empty() {
        return Ok(());
    }
    if let Some(bytes) = deps.lake.get(&key).await? {
        for (day, ids) in brought::decode(&key, bytes)? {
            all.entry(day).or_default().extend(ids);
        }
    }
    deps.lake.put(&key, brought::encode(&key, &all)?).await?;
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
        let import_id = import_of(&object.key).to_owned();
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
