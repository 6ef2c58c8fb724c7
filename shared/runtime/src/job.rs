//! How a scheduled function is called and what it answers.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// `{"job": "...", "as_of": null, "buckets": null}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invocation {
    /// The job, for the log.
    #[serde(default)]
    pub job: String,
    /// The day whose knowledge counts; today when absent.
    #[serde(default)]
    pub as_of: Option<Date>,
    /// The buckets to work on; all when absent.
    #[serde(default)]
    pub buckets: Option<Vec<usize>>,
}

/// What a job did, for the log and the command line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The job.
    pub job: String,
    /// Its run id, where it publishes.
    pub run_id: Option<String>,
    /// What it read and wrote, in words of the job.
    pub counts: std::collections::BTreeMap<String, u64>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

impl Outcome {
    /// Nothing done yet.
    #[must_use]
    pub fn new(job: &str) -> Self {
        Self {
            job: job.to_owned(),
            ..Self::default()
        }
    }

    /// Adds to a count.
    pub fn count(&mut self, what: &str, n: u64) {
        *self.counts.entry(what.to_owned()).or_default() += n;
    }
}

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The bucket.
    #[error(transparent)]
    Lake(#[from] levier_lake::LakeError),
    /// The results table.
    #[error(transparent)]
    Results(#[from] levier_results::ResultsError),
    /// Something about the inputs.
    #[error("{0}")]
    Input(String),
}

impl JobError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Lake(error) => error.is_retryable(),
            Self::Results(error) => error.is_retryable(),
            Self::Input(_) => false,
        }
    }
}

impl From<crate::StartError> for lambda_runtime::Diagnostic {
    fn from(error: crate::StartError) -> Self {
        // A start is tried again by the next invocation; only what a person must set is permanent.
        let error_type = if error.is_retryable() {
            "Retryable"
        } else {
            "Permanent"
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

impl From<JobError> for lambda_runtime::Diagnostic {
    fn from(error: JobError) -> Self {
        let error_type = if error.is_retryable() {
            "Retryable"
        } else {
            "Permanent"
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Until when a day is known: now where it still runs, to its end (`None`) where it is over or yet to come.
#[must_use]
pub fn until(day: Date, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    (zone.to_datetime(now).date() == day).then_some(now)
}

/// The as-of day of an invocation: the one asked for, else the workspace's today.
#[must_use]
pub fn as_of(invocation: &Invocation, now: Timestamp, zone: &TimeZone) -> Date {
    invocation
        .as_of
        .unwrap_or_else(|| zone.to_datetime(now).date())
}
