//! Reads whatever a CRM admin drops, and says straight what became of every row.
//!
//! A file is decoded, its header is looked for against the [`dialect`]s that are known, its cells are typed by one set of rules,
//! and every record ends as a typed row, an event, a refusal with its reason, or a dropped line. Nothing is guessed in silence: the
//! receipt says what was recognised and why, and a [`Sidecar`] overrules it. No storage and no clock is known here; rows go to
//! a [`Sink`].
//!
//! Why not a general CSV reader and sniffer? Because preambles, footers, decimal commas and Windows-1252 are what French exports
//! are made of, and each of them misleads statistics. A known header line settles delimiter, position and meaning at once.

mod activity;
mod archive;
mod builtin;
mod cells;
mod chat;
mod checks;
mod closed;
mod columnar;
mod dates;
pub mod dialect;
mod emit;
mod encoding;
mod evidence;
mod history;
mod json;
mod judge;
mod notes;
mod number;
mod plan;
mod preview;
mod private;
mod read;
mod recognise;
mod refused;
mod rows;
mod sidecar;
mod sniff;
mod stretch;
mod sums;
mod survey;
mod table;
mod typing;
mod values;
mod workbook;

pub use dialect::{Dialect, DialectError, Dialects};
pub use preview::{Preview, preview};
pub use read::{Limits, MOST_LISTED, Outcome, ReadError, Reading, Sink, SinkError, SinkFor, read};
pub use refused::{REASON_HEADERS, RefusedRows, is_formula};
pub use sidecar::Sidecar;
pub use stretch::{KeptRows, Pace, Stretch};
