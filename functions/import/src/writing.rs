//! The thread that writes typed rows to temporary Parquet files, while the next ones are read.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use levier_domain::entity::Entity;
use levier_lake::columns::Writer;
use levier_lake::{LakeError, records};
use tempfile::NamedTempFile;

/// Rows of one object of the lake: two row groups.
const PART_ROWS: usize = 524_288;
/// Rows that are encoded at once; few, so that they lie in the processor's cache.
pub const BATCH: usize = 16_384;
/// Batches that may wait to be written.
const WAITING: usize = 4;

/// One written file.
pub struct Part {
    /// The file.
    pub file: NamedTempFile,
    /// Its rows.
    pub rows: usize,
}

/// Files being written.
pub struct Files {
    batches: Option<SyncSender<RecordBatch>>,
    thread: Option<JoinHandle<Result<Vec<Part>, LakeError>>>,
}

/// Makes batches of one size out of batches of any, so that what is written does not know how the rows came.
#[derive(Default)]
struct Even {
    held: VecDeque<RecordBatch>,
    rows: usize,
}

impl Even {
    fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        self.held.push_back(batch);
    }

    /// The next batch of [`BATCH`] rows; the last one may have fewer, but not under `least`.
    fn next(&mut self, least: usize) -> Result<Option<RecordBatch>, LakeError> {
        if self.rows < least {
            return Ok(None);
        }
        let (mut wanted, mut pieces) = (BATCH, Vec::new());
        while wanted > 0
            && let Some(batch) = self.held.pop_front()
        {
            let n = batch.num_rows().min(wanted);
            if n < batch.num_rows() {
                self.held.push_front(batch.slice(n, batch.num_rows() - n));
            }
            pieces.push(batch.slice(0, n));
            wanted -= n;
        }
        self.rows -= BATCH - wanted;
        match pieces.as_slice() {
            [] => Ok(None),
            [whole] => Ok(Some(whole.clone())),
            [first, ..] => concat_batches(&first.schema(), &pieces)
                .map(Some)
                .map_err(|error| LakeError::content("rows", "columns", error)),
        }
    }
}

/// The files that are written and the one that is open.
struct Parts {
    entity: Entity,
    done: Vec<Part>,
    open: Option<(Part, Writer<File>)>,
}

impl Parts {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        let (part, writer) = match &mut self.open {
            Some(open) => open,
            None => {
                let file = NamedTempFile::new().map_err(local)?;
                let out = file.reopen().map_err(local)?;
                let writer = Writer::new("rows", &records::schema(self.entity), out)?;
                self.open.insert((Part { file, rows: 0 }, writer))
            }
        };
        writer.write(batch)?;
        part.rows += batch.num_rows();
        if part.rows >= PART_ROWS {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), LakeError> {
        if let Some((part, writer)) = self.open.take() {
            writer.finish()?;
            self.done.push(part);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Part>, LakeError> {
        self.close()?;
        Ok(self.done)
    }
}

/// The rows could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// What the file system or the encoder says.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The thread is gone.
    #[error("the thread that writes rows ended early; try again")]
    Gone,
}

fn local(error: std::io::Error) -> LakeError {
    LakeError::content("rows", "a temporary file", error)
}

impl Files {
    /// Starts the thread.
    pub fn start(entity: Entity) -> Self {
        let (batches, waiting) = sync_channel::<RecordBatch>(WAITING);
        let thread = std::thread::spawn(move || {
            let mut parts = Parts {
                entity,
                done: Vec::new(),
                open: None,
            };
            let mut even = Even::default();
            for batch in waiting {
                even.push(batch);
                while let Some(batch) = even.next(BATCH)? {
                    parts.write(&batch)?;
                }
            }
            while let Some(batch) = even.next(1)? {
                parts.write(&batch)?;
            }
            parts.finish()
        });
        Self {
            batches: Some(batches),
            thread: Some(thread),
        }
    }

    /// Hands a batch on.
    ///
    /// # Errors
    /// [`WriteError`] that the thread ended with.
    pub fn write(&mut self, batch: RecordBatch) -> Result<(), WriteError> {
        let sent = self
            .batches
            .as_ref()
            .is_some_and(|batches| batches.send(batch).is_ok());
        if sent {
            return Ok(());
        }
        self.finish().and(Err(WriteError::Gone))
    }

    /// Waits for the last batch and gives the files.
    ///
    /// # Errors
    /// [`WriteError`] that the thread ended with.
    pub fn finish(&mut self) -> Result<Vec<Part>, WriteError> {
        self.batches = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(parts)) => Ok(parts?),
            Some(Err(_)) | None => Err(WriteError::Gone),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use levier_domain::record::{Record, Value};

    use super::*;

    /// Rows that count on from `from`.
    fn rows(from: usize, n: usize) -> RecordBatch {
        let rows: Vec<Record> = (from..from + n)
            .map(|row| {
                let mut record = Record::new(Entity::Rates);
                record.set("currency", Value::Text(row.to_string()));
                record
            })
            .collect();
        records::batch(Entity::Rates, &rows).unwrap()
    }

    #[test]
    fn what_is_written_does_not_know_how_the_rows_came() {
        let total = 2 * BATCH + 77;
        let whole = rows(0, total);
        for (case, sizes) in [
            ("at once", vec![total]),
            ("as they are written", vec![BATCH, BATCH, 77]),
            ("in many small pieces", vec![1000; total / 1000]),
            ("unevenly", vec![BATCH + 1, 1, BATCH - 1]),
        ] {
            let (mut even, mut from, mut out) = (Even::default(), 0, Vec::new());
            for n in sizes {
                even.push(rows(from, n));
                from += n;
                while let Some(batch) = even.next(BATCH).unwrap() {
                    out.push(batch);
                }
            }
            even.push(rows(from, total - from));
            while let Some(batch) = even.next(1).unwrap() {
                out.push(batch);
            }
            let lengths: Vec<usize> = out.iter().map(RecordBatch::num_rows).collect();
            assert_eq!(lengths, [BATCH, BATCH, 77], "{case}");
            assert_eq!(
                concat_batches(&whole.schema(), &out).unwrap(),
                whole,
                "{case}"
            );
        }
    }
}
