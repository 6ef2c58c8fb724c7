//! From one read file to the lake: what is new, what changed, what is held already.

use std::collections::BTreeMap;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use bytes::Bytes;
use levier_domain::entity::Entity;
use levier_domain::receipt::{ImportStatus, Receipt};
use levier_lake::index::{self, Entry};
use levier_lake::{Lake, LakeError, columns, domains, events, keys, records};
use levier_runtime::{Dependencies, JobError};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::decide::{Judged, decide};
use crate::drift;
use crate::entries::{at_once, parts_of, together};
use crate::object::Drop;
use crate::sink::{Member, Typed};
use crate::writing::{BATCH, Part};

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
        let full = outcome.full || drop.full;
        if let Some(typed) = &member.typed {
            let judged = Judged {
                entity: typed.entity,
                source: &source,
                import_id: &member.import_id,
                dropped_at: member.known_from.as_microsecond(),
                full,
            };
            let decision = decide(lake, &judged, &typed.entries).await?;
            receipt.rows.new = decision.new;
            receipt.rows.changed = decision.changed;
            receipt.rows.unchanged = decision.unchanged;
            let kept = decision.keep.contains(&true);
            if drop.again && !kept && (!full || decision.gone.is_empty()) {
                // The same content over what it says already: nothing was done, and nothing is counted twice.
                receipt.status = ImportStatus::Unchanged;
                lake.put_json(&keys::receipt(&receipt.import_id), &receipt)
                    .await?;
                return Ok(receipt);
            }
            write_rows(lake, typed, &decision.keep, &source, &member.import_id).await?;
            ledger.stored = decision.keep.iter().filter(|keep| **keep).count() as u64;
            ledger.duplicate = typed.entries.rows() - ledger.stored;
            if full {
                delete_gone(lake, &judged, &decision.gone, &mut receipt).await?;
            }
        } else if full {
            receipt.warnings.push(
                "the file is declared complete and holds no records: nothing was deleted"
                    .to_owned(),
            );
        }
        if !member.domains.is_empty() {
            let key = keys::domains(&member.import_id);
            lake.put(&key, domains::encode(&key, &member.domains)?)
                .await?;
        }
        if !member.events.is_empty() {
            let read = member.events.len() as u64;
            let mut merged = events::merge(std::mem::take(&mut member.events));
            // The ledger counts by the system of the file: what its events are called by must be the same.
            for event in &mut merged {
                event.source.clone_from(&source);
            }
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

/// Writes the rows that are kept, then their index.
async fn write_rows(
    lake: &Lake,
    typed: &Typed,
    keep: &[bool],
    source: &str,
    import_id: &str,
) -> Result<(), LakeError> {
    let entity = typed.entity;
    let mut from = 0;
    let mut puts = Puts::new(lake);
    for (part, written) in typed.parts.iter().enumerate() {
        let name = keys::crm(entity, import_id, part);
        let own = &keep[from..from + written.rows];
        from += written.rows;
        if own.iter().all(|keep| *keep) {
            let bytes = read_temporary(&name, written.file.path())?;
            puts.put(name, bytes).await?;
        } else if own.contains(&true) {
            let bytes = filtered(&name, entity, written, own)?;
            puts.put(name, bytes.into()).await?;
        }
    }
    puts.finish().await?;
    // Of many rows the index is written part by part, each at its own key; of few it is one object in the order of the rows.
    let parts = if typed.entries.are_many() {
        parts_of(typed.entries.rows())
    } else {
        1
    };
    let encode = |part: usize| {
        let key = keys::index(entity, import_id, part);
        let local = |error| LakeError::content(&key, "a temporary file", error);
        let mut kept = typed.entries.part(part, parts).map_err(local)?;
        kept.retain(|(row, _)| keep[*row as usize]);
        if kept.is_empty() {
            return Ok(None);
        }
        let bytes = index::encode(&key, source, kept.iter().map(|(_, entry)| entry))?;
        Ok::<_, LakeError>(Some((key, bytes)))
    };
    for group in (0..parts).collect::<Vec<_>>().chunks(at_once()) {
        let mut objects = Vec::new();
        together(group, encode, |object| objects.extend(object))?;
        for (key, bytes) in objects {
            puts.put(key, bytes.into()).await?;
        }
    }
    puts.finish().await?;
    Ok(())
}

/// Objects on their way to the lake, a few at once.
struct Puts<'l> {
    lake: &'l Lake,
    running: JoinSet<Result<(), LakeError>>,
}

impl<'l> Puts<'l> {
    fn new(lake: &'l Lake) -> Self {
        Self {
            lake,
            running: JoinSet::new(),
        }
    }

    /// Begins to write an object; waits while too many are being written.
    async fn put(&mut self, key: String, bytes: Bytes) -> Result<(), LakeError> {
        while self.running.len() >= at_once() {
            self.one().await?;
        }
        let lake = self.lake.clone();
        self.running
            .spawn(async move { lake.put(&key, bytes).await });
        Ok(())
    }

    async fn one(&mut self) -> Result<(), LakeError> {
        match self.running.join_next().await {
            None => Ok(()),
            Some(Ok(written)) => written,
            Some(Err(error)) => Err(LakeError::content("rows", "a temporary file", error)),
        }
    }

    /// Waits until every object is there.
    async fn finish(&mut self) -> Result<(), LakeError> {
        while !self.running.is_empty() {
            self.one().await?;
        }
        Ok(())
    }
}

/// The rows of a part that are kept, as a file.
fn filtered(
    name: &str,
    entity: Entity,
    written: &Part,
    keep: &[bool],
) -> Result<Vec<u8>, LakeError> {
    let wrong = |error: &dyn std::fmt::Display| LakeError::content(name, "rows", error);
    let file = written
        .file
        .reopen()
        .map_err(|error| LakeError::content(name, "a temporary file", error))?;
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|builder| builder.with_batch_size(BATCH).build())
        .map_err(|error| wrong(&error))?;
    let mut writer = columns::Writer::new(name, &records::schema(entity), Vec::new())?;
    let mut from = 0;
    for batch in reader {
        let batch = batch.map_err(|error| wrong(&error))?;
        let mask = BooleanArray::from(keep[from..from + batch.num_rows()].to_vec());
        from += batch.num_rows();
        writer.write(&filter_record_batch(&batch, &mask).map_err(|error| wrong(&error))?)?;
    }
    writer.finish()
}

/// Makes the keys that a complete export does not hold count as deleted, and says so.
async fn delete_gone(
    lake: &Lake,
    file: &Judged<'_>,
    gone: &[[u8; 16]],
    receipt: &mut Receipt,
) -> Result<(), LakeError> {
    if receipt.rows.refused > 0 {
        receipt.warnings.push(format!(
            "the file is declared complete, but {} of its rows are refused: nothing was deleted. Mend them and drop the file again",
            receipt.rows.refused
        ));
        return Ok(());
    }
    let entries: Vec<Entry> = gone
        .iter()
        .map(|key| Entry {
            key: *key,
            content: [0; 16],
            updated_at: i64::MIN,
            known_from: file.dropped_at,
        })
        .collect();
    let key = keys::deleted(file.entity, file.import_id);
    lake.put(&key, index::encode(&key, file.source, &entries)?)
        .await?;
    receipt.warnings.push(format!(
        "the file is declared complete: {} record(s) of {} {} that it does not hold count as deleted from now on",
        gone.len(),
        file.source,
        file.entity
    ));
    Ok(())
}
