//! The results table: whole runs, made visible by one pointer.
//!
//! A job writes its rows under a run id that nobody reads yet, then flips one pointer in one transaction: readers see the whole
//! run or the one before. One item holds one whole series (all periods of one figure), so that a night costs thousands of
//! writes. The published twin on S3 follows the flip: one object of each table, day and job, replaced whole.
//!
//! | partition key | sort key | holds |
//! |---|---|---|
//! | `pointer` | job | run id and as-of of the newest run |
//! | `asof#{job}` | as-of date | run id of that date |
//! | `run#{run id}#{table}` | series and chunk | rows, as JSON |
//! | `state#{room}` | name | small state of a room: cursors, reading keys |

mod publish;
mod store;

pub use publish::{Run, RunId};
pub use store::{Pointer, Results, ResultsError};
