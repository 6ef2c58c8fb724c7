//! The one place where time is read. Everything else takes `now` as an argument.

use jiff::Timestamp;

/// Something that tells the time.
pub type Clock = fn() -> Timestamp;

/// The machine's clock, in whole microseconds, which is all that Parquet keeps.
#[must_use]
pub fn system_clock() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
