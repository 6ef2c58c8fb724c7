//! From one read file to the lake: what is new, what changed, what is held already.

use std::collections::{BTreeMap, HashMap};

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use bytes::Bytes;
use levier_domain::entity::Entity;
use levier_domain::receipt::{ImportStatus, Receipt};
use levier_lake::index::{self, Entry};
use levier_lake::{Lake, LakeError, columns, events, keys, records};
use levier_runtime::{Dependencies, JobError};
use serde::Serialize;

use crate::drift;
use crate::object::Drop;
use crate::sink::{Member, Typed};

/// Rows of one object of the lake.
const PART_ROWS: usize = 1_000_000;

/// What one import left in the lake, for the `waterfall`.
#[derive(Serialize)]
struct Ledger<'a> {
    source: &'a str,
    entity: &'a str,
    read: u64,
    stored: u64,
    duplicate: u64,
    dropped: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
}

/// Stores a member and gives its receipt.
pub async fn store(
    deps: &Dependencies,
    drop: &Drop,
    mut member: Member,
) -> Result<Receipt, JobError> {
    if let Some(receipt) = member.unread {
        deps.lake
            .put_json(&keys::receipt(&receipt.import_id), &receipt)
            .await?;
        return Ok(receipt);
    }
    let Some(outcome) = member.outcome.take() else {
        return Err(JobError::Input(format!(
            "{} was not read to its end; drop it again",
            drop.name
        )));
    };
    let lake = &deps.lake;
    let mut receipt = outcome.receipt.clone();
    receipt.import_id.clone_from(&member.import_id);
    let entity = outcome.entity.map_or("unknown", Entity::as_str);
    let source = outcome
        .source
        .clone()
        .unwrap_or_else(|| "unknown".to_owned());
    let mut ledger = Ledger {
        source: &source,
        entity,
        read: receipt.rows.read,
        stored: 0,
        duplicate: 0,
        dropped: BTreeMap::new(),
        refused: BTreeMap::new(),
    };
    if let Some(file) = &member.refused {
        let key = keys::refused(&member.import_id);
        lake.put(&key, read_temporary(&key, file.path())?).await?;
        receipt.refused_file = Some(key);
    }
    if receipt.status == ImportStatus::Refused {
        // Nothing of a refused file is kept: all its rows count as not taken.
        ledger
            .refused
            .insert("file_refused".to_owned(), receipt.rows.read);
    } else {
        if let Some(typed) = &member.typed {
            let decision = decide(lake, typed, &source, &member.import_id).await?;
            receipt.rows.new = decision.new;
            receipt.rows.changed = decision.changed;
            receipt.rows.unchanged = decision.unchanged;
            write_rows(lake, typed, &decision.keep, &source, &member.import_id).await?;
            ledger.stored = decision.keep.iter().filter(|keep| **keep).count() as u64;
            ledger.duplicate = typed.entries.len() as u64 - ledger.stored;
        }
        if !member.events.is_empty() {
            let read = member.events.len() as u64;
            let merged = events::merge(std::mem::take(&mut member.events));
            receipt.rows.new = merged.len() as u64;
            receipt.rows.unchanged = read - merged.len() as u64;
            ledger.stored = merged.len() as u64;
            ledger.duplicate = read - merged.len() as u64;
            let key = keys::staged(&member.import_id);
            lake.put(&key, events::encode(&key, &merged)?).await?;
        }
        // Lines that were folded into another row (order lines, spend of one key) count with it.
        let counted = receipt.rows.new
            + receipt.rows.changed
            + receipt.rows.unchanged
            + receipt.rows.refused
            + receipt.rows.dropped;
        if receipt.rows.read > counted {
            let folded = receipt.rows.read - counted;
            receipt.rows.read = counted;
            ledger.read = counted;
            receipt.warnings.push(format!(
                "{folded} lines were folded into the row that they belong to"
            ));
        }
        ledger.dropped = by_reason(&receipt);
        ledger.refused = std::mem::take(&mut member.reasons);
        balance(&mut ledger, &receipt);
        drift::compare(lake, &mut receipt, &outcome.columns, drop).await?;
    }
    lake.put_json(
        &format!("{}imports/{}.json", keys::LEDGER, member.import_id),
        &ledger,
    )
    .await?;
    lake.put_json(&keys::receipt(&member.import_id), &receipt)
        .await?;
    Ok(receipt)
}

/// Dropped lines by reason. Only the first thousand are listed with theirs; the others count as `other`.
fn by_reason(receipt: &Receipt) -> BTreeMap<String, u64> {
    let mut dropped: BTreeMap<String, u64> = BTreeMap::new();
    for line in &receipt.dropped {
        *dropped.entry(line.why.clone()).or_default() += 1;
    }
    let listed: u64 = dropped.values().sum();
    if receipt.rows.dropped > listed {
        *dropped.entry("other".to_owned()).or_default() += receipt.rows.dropped - listed;
    }
    dropped
}

/// Makes the ledger's sums those of the receipt: an order is refused once, whatever the number of its refused lines.
fn balance(ledger: &mut Ledger<'_>, receipt: &Receipt) {
    let reasons: u64 = ledger.refused.values().sum();
    if reasons != receipt.rows.refused {
        ledger.refused = BTreeMap::new();
        if receipt.rows.refused > 0 {
            ledger
                .refused
                .insert("refused".to_owned(), receipt.rows.refused);
        }
    }
    if ledger.dropped.values().sum::<u64>() != receipt.rows.dropped {
        ledger.dropped = BTreeMap::new();
        if receipt.rows.dropped > 0 {
            ledger
                .dropped
                .insert("dropped".to_owned(), receipt.rows.dropped);
        }
    }
}

fn read_temporary(key: &str, path: &std::path::Path) -> Result<Bytes, LakeError> {
    std::fs::read(path)
        .map(Bytes::from)
        .map_err(|error| LakeError::content(key, "a temporary file", error))
}

#[derive(Default)]
struct Decision {
    keep: Vec<bool>,
    new: u64,
    changed: u64,
    unchanged: u64,
}

/// The greatest held row of a key, and every content that the key ever had.
struct Held {
    best: (i64, i64),
    content: [u8; 16],
    all: Vec<[u8; 16]>,
}

async fn decide(
    lake: &Lake,
    typed: &Typed,
    source: &str,
    import_id: &str,
) -> Result<Decision, LakeError> {
    let mut decision = Decision {
        keep: vec![false; typed.entries.len()],
        ..Decision::default()
    };
    // A key twice in one file: the newest wins wherever it stands, the later line among equals.
    let mut winners: HashMap<[u8; 16], usize> = HashMap::with_capacity(typed.entries.len());
    for (position, entry) in typed.entries.iter().enumerate() {
        let winner = winners.entry(entry.key).or_insert(position);
        if *winner != position {
            decision.unchanged += 1;
            if typed.entries[*winner].updated_at <= entry.updated_at {
                *winner = position;
            }
        }
    }
    let mut held: HashMap<[u8; 16], Held> = HashMap::new();
    let prefix = format!("{}{}/", keys::INDEX, typed.entity);
    for object in lake.list(&prefix).await? {
        // What this very import wrote before it was killed is not history.
        if object
            .key
            .strip_prefix(&prefix)
            .is_some_and(|rest| rest.starts_with(import_id))
        {
            continue;
        }
        let Some(bytes) = lake.get(&object.key).await? else {
            continue;
        };
        index::decode(&object.key, bytes, |from, entry| {
            if from == source && winners.contains_key(&entry.key) {
                let age = (entry.updated_at, entry.known_from);
                let known = held.entry(entry.key).or_insert_with(|| Held {
                    best: age,
                    content: entry.content,
                    all: Vec::new(),
                });
                if age >= known.best {
                    known.best = age;
                    known.content = entry.content;
                }
                known.all.push(entry.content);
            }
        })?;
    }
    for (key, position) in winners {
        let entry: &Entry = &typed.entries[position];
        match held.get(&key) {
            None => {
                decision.new += 1;
                decision.keep[position] = true;
            }
            Some(known) if known.content == entry.content => decision.unchanged += 1,
            Some(known) if (entry.updated_at, entry.known_from) < known.best => {
                // Older than what is held: it changes nothing, but as history it is kept once.
                decision.unchanged += 1;
                decision.keep[position] = !known.all.contains(&entry.content);
            }
            Some(_) => {
                decision.changed += 1;
                decision.keep[position] = true;
            }
        }
    }
    Ok(decision)
}

async fn write_rows(
    lake: &Lake,
    typed: &Typed,
    keep: &[bool],
    source: &str,
    import_id: &str,
) -> Result<(), LakeError> {
    let entity = typed.entity;
    let name = keys::crm(entity, import_id, 0);
    if keep.iter().all(|keep| *keep) && keep.len() <= PART_ROWS {
        lake.put(&name, read_temporary(&name, typed.file.path())?)
            .await?;
    } else {
        let file = typed
            .file
            .reopen()
            .map_err(|error| LakeError::content(&name, "a temporary file", error))?;
        let wrong = |error: &dyn std::fmt::Display| LakeError::content(&name, "rows", error);
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(|builder| builder.with_batch_size(65_536).build())
            .map_err(|error| wrong(&error))?;
        let (mut position, mut part, mut rows, mut batches) = (0, 0, 0, Vec::new());
        for batch in reader {
            let batch = batch.map_err(|error| wrong(&error))?;
            let mask = BooleanArray::from(keep[position..position + batch.num_rows()].to_vec());
            position += batch.num_rows();
            let kept = filter_record_batch(&batch, &mask).map_err(|error| wrong(&error))?;
            rows += kept.num_rows();
            batches.push(kept);
            if rows >= PART_ROWS {
                put_part(lake, entity, import_id, part, &std::mem::take(&mut batches)).await?;
                (part, rows) = (part + 1, 0);
            }
        }
        if rows > 0 {
            put_part(lake, entity, import_id, part, &batches).await?;
        }
    }
    let kept: Vec<Entry> = typed
        .entries
        .iter()
        .zip(keep)
        .filter(|(_, keep)| **keep)
        .map(|(entry, _)| entry.clone())
        .collect();
    for (part, entries) in kept.chunks(PART_ROWS).enumerate() {
        let key = keys::index(entity, import_id, part);
        lake.put(&key, index::encode(&key, source, entries)?)
            .await?;
    }
    Ok(())
}

async fn put_part(
    lake: &Lake,
    entity: Entity,
    import_id: &str,
    part: usize,
    batches: &[arrow::record_batch::RecordBatch],
) -> Result<(), LakeError> {
    let key = keys::crm(entity, import_id, part);
    lake.put(
        &key,
        columns::write(&key, &records::schema(entity), batches)?,
    )
    .await
}
