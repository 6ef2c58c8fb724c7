//! What the bucket's lifecycle rules do on AWS: raw bytes go after `[retention] raw_days`.

use jiff::{SignedDuration, Timestamp};
use levier_lake::keys;
use levier_runtime::{Dependencies, JobError};

/// Where raw bytes lie, and nothing else does.
const RAW: &[&str] = &[keys::DROP, keys::LANDING, keys::QUARANTINE, keys::REFUSED];

/// Deletes raw objects written longer ago than they may live; how many.
pub async fn expire(deps: &Dependencies, now: Timestamp) -> Result<u64, JobError> {
    let days = i64::from(deps.config.retention.raw_days);
    let oldest = now - SignedDuration::from_hours(24 * days);
    let mut expired = 0;
    for prefix in RAW {
        for object in deps.lake.list(prefix).await? {
            if object.modified.is_some_and(|at| at < oldest) {
                deps.lake.delete(&object.key).await?;
                expired += 1;
            }
        }
    }
    Ok(expired)
}
