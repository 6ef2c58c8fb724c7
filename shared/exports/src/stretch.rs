//! Where typed rows go while a file is read: stretch by stretch of the file, each filled on a thread of its own and handed to
//! the [`Sink`](crate::Sink) in the file's order, so that what comes out does not know how many threads there were.

use std::any::Any;

use levier_domain::record::Record;

use crate::read::SinkError;

/// Takes the typed rows of one stretch of a file, on any thread.
pub trait Stretch: Any + Send {
    /// A typed row: values in lake order, `source` set, `import_id` and `known_from` null. The record is used again for the next
    /// row, so that what is to be kept is copied or taken out. `domain` is the keyed hash of the company's domain of its e-mail,
    /// for entities that say who somebody is.
    ///
    /// # Errors
    /// Stops the reading.
    fn record(
        &mut self,
        line: u64,
        record: &mut Record,
        domain: Option<&str>,
    ) -> Result<(), SinkError>;
}

/// Rows with their lines, as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptRows(pub Vec<(u64, Record)>);

impl Stretch for KeptRows {
    fn record(&mut self, line: u64, record: &mut Record, _: Option<&str>) -> Result<(), SinkError> {
        self.0.push((line, record.clone()));
        Ok(())
    }
}

/// Takes nothing: a preview keeps no rows.
pub(crate) struct Nothing;

impl Stretch for Nothing {
    fn record(&mut self, _: u64, _: &mut Record, _: Option<&str>) -> Result<(), SinkError> {
        Ok(())
    }
}

/// How the rows of a file are spread over threads. Nothing that is read depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Threads that type rows; with one, rows are typed where they are read.
    pub threads: usize,
    /// Rows of one stretch.
    pub rows: usize,
}

impl Default for Pace {
    /// As many threads as there are processors, four at most; stretches that a processor's cache holds.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            threads: threads.min(4),
            rows: 16_384,
        }
    }
}
