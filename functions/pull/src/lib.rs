//! `pull`: history, and what does not push, through the platforms' REST APIs, into the same landing as `receive`.
//!
//! Every source with a `[sources.NAME.pull]` is read in turn. What a page gives is landed as one delivery of its source, and read
//! at compaction by the reader of its webhooks: history and live events bear the same ids and count once. How rounds, lists and
//! cursors work is told in [`levier_platforms::pull`]; what survives a kill, in `round`.
//!
//! A source that fails (a revoked token, a platform that is down) does not stop the others: its row in `sources` says what to do,
//! the run warns, and the next run goes on where it stopped.

mod http;
mod pace;
mod round;

use jiff::Timestamp;
use levier_runtime::{Dependencies, Invocation, JobError, Outcome};

pub use pace::{Pace, Ticking};

use crate::round::{Stop, Work};

/// Whether any source has something to pull.
#[must_use]
pub fn has_work(deps: &Dependencies) -> bool {
    deps.sources
        .values()
        .any(|source| source.puller().is_some())
}

/// Pulls every source up to `now`, or as far as `pace` lets it.
///
/// # Errors
/// [`JobError`] where a store fails; everything landed so far stays, and running again goes on. A platform that fails is a
/// warning of the outcome.
pub async fn pull(
    deps: &Dependencies,
    _invocation: &Invocation,
    now: Timestamp,
    pace: &dyn Pace,
) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("pull");
    for source in deps.sources.values() {
        let Some(puller) = source.puller() else {
            continue;
        };
        outcome.count("sources", 1);
        let mut work = match Work::open(deps, source, puller).await {
            Ok(work) => work,
            Err(Stop::Job(error)) => return Err(error),
            Err(stop) => {
                outcome.warnings.push(stop.to_string());
                continue;
            }
        };
        match work.pull(now, pace, &mut outcome).await {
            Ok(()) => outcome.count("up_to_date", 1),
            Err(Stop::Job(error)) => return Err(error),
            Err(Stop::TimeIsUp) => {
                outcome.count("to_be_continued", 1);
                tracing::info!(source = source.name(), "stopped for time");
            }
            Err(Stop::Busy) => outcome.warnings.push(format!(
                "`{}`: another run is pulling it; nothing is to be done",
                source.name()
            )),
            Err(Stop::Platform(detail)) => {
                outcome.count("failed", 1);
                tracing::error!(source = source.name(), detail, "not pulled");
                outcome.warnings.push(detail);
            }
        }
        for warning in work.warnings() {
            outcome
                .warnings
                .push(format!("`{}`: {warning}", source.name()));
        }
    }
    Ok(outcome)
}
