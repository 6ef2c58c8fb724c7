//! The thread that writes typed rows to temporary Parquet files, while the next ones are read.

use std::fs::File;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow::record_batch::RecordBatch;
use levier_domain::entity::Entity;
use levier_lake::columns::Writer;
use levier_lake::{LakeError, records};
use tempfile::NamedTempFile;

/// Rows of one object of the lake: two row groups.
const PART_ROWS: usize = 524_288;
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
            let mut parts = Vec::new();
            let mut open: Option<(Part, Writer<File>)> = None;
            for batch in waiting {
                let (part, writer) = match &mut open {
                    Some(open) => open,
                    None => {
                        let file = NamedTempFile::new().map_err(local)?;
                        let out = file.reopen().map_err(local)?;
                        let writer = Writer::new("rows", &records::schema(entity), out)?;
                        open.insert((Part { file, rows: 0 }, writer))
                    }
                };
                writer.write(&batch)?;
                part.rows += batch.num_rows();
                if part.rows >= PART_ROWS
                    && let Some((part, writer)) = open.take()
                {
                    writer.finish()?;
                    parts.push(part);
                }
            }
            if let Some((part, writer)) = open {
                writer.finish()?;
                parts.push(part);
            }
            Ok(parts)
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
