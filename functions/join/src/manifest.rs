//! What the facts are: written last, read first by every job that reads facts.

use jiff::civil::Date;
use levier_domain::time::Month;
use levier_lake::Lake;
use levier_runtime::JobError;
use serde::{Deserialize, Serialize};

/// Where the manifest lies.
pub const MANIFEST: &str = "facts/_manifest.json";

/// What the facts are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The day whose knowledge they rest on.
    pub as_of: Date,
    /// First month with facts.
    pub first: Month,
    /// Last month with facts, which may still run.
    pub last: Month,
    /// Number of buckets, a power of two.
    pub buckets: usize,
    /// Persons.
    pub persons: u64,
    /// Rows.
    pub rows: u64,
    /// Where revenue comes from: `orders`, `invoices`, `subscriptions` or `none`.
    pub revenue_from: String,
    /// SHA-256 over all fact files, hex.
    pub digest: String,
}

/// The manifest of the facts, if they are of the day asked for.
///
/// # Errors
/// [`JobError::Input`] where there are no facts, or facts of another day.
pub async fn manifest_of(lake: &Lake, day: Date) -> Result<Manifest, JobError> {
    let manifest: Option<Manifest> = lake.get_json(MANIFEST).await?;
    match manifest {
        None => Err(JobError::Input(
            "there are no facts yet; run join first".to_owned(),
        )),
        Some(manifest) if manifest.as_of != day => Err(JobError::Input(format!(
            "the facts are as of {}, not {day}; run join --as-of {day} first",
            manifest.as_of
        ))),
        Some(manifest) => Ok(manifest),
    }
}
