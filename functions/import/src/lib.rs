//! `import`: one dropped file → typed rows, refused rows, a receipt.
//!
//! Called by the bucket's notification for what is put under `drop/`, and by a schedule that catches up on notifications that
//! were lost. A file is read into a temporary one first and judged as a whole; only then does anything reach the lake. The
//! receipt of the drop is written last: while it is absent, the file is simply imported again, to the same bytes.
//!
//! `drop/{entity}/…` declares the entity, `drop/full/…` or `drop/{entity}/full/…` (or `full = true` in the sidecar) that the file
//! is complete; `FILE.levier.toml` beside a file says how to read it; a dropped `NAME.dialect.toml` is a dialect that all later files
//! may be recognised as (it lies under `config/dialects/`).
//!
//! What a complete export of a system does not hold counts as deleted from its drop on: its keys go to `deleted/`, the rows stay,
//! so that an earlier as-of day still sees them. A later file that holds the key again brings it back. A complete export of which
//! a row was refused deletes nothing, because that row may be one of those that seem to be gone.

mod decide;
mod dialect;
mod drift;
mod entries;
mod matching;
mod object;
mod sink;
mod store;
mod table;
mod writing;

use jiff::Timestamp;
use levier_domain::receipt::Receipt;
use levier_exports::Dialects;
use levier_lake::keys;
use levier_runtime::{Dependencies, Invocation, JobError, Outcome};
use serde::{Deserialize, Serialize};

pub use crate::dialect::DIALECT_ENDING;
pub use crate::object::{Drop, FULL, SIDECAR_ENDING, load_dialects};

/// How the function is called: by the bucket, or by the schedule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Call {
    /// A notification of the bucket.
    Bucket(Notification),
    /// Catch up on whatever has no receipt.
    Schedule(Invocation),
}

/// An S3 event notification, as far as it is read.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Notification {
    /// One per object.
    #[serde(rename = "Records")]
    pub records: Vec<NotificationRecord>,
}

/// One record of a notification.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NotificationRecord {
    /// The part about S3.
    pub s3: NotificationS3,
}

/// Bucket and object of a record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NotificationS3 {
    /// The object.
    pub object: NotificationObject,
}

/// The object of a record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NotificationObject {
    /// Its key, URL-encoded with `+` for a space.
    pub key: String,
}

/// Imports what the call names.
///
/// # Errors
/// [`JobError`] when storage fails; a file that cannot be read is a receipt, not an error.
pub async fn import(deps: &Dependencies, call: &Call) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("import");
    let keys: Vec<String> = match call {
        Call::Bucket(notification) => notification
            .records
            .iter()
            .map(|record| decode(&record.s3.object.key))
            .collect(),
        Call::Schedule(_) => waiting(deps).await?,
    };
    for key in keys {
        for receipt in import_object(deps, &key).await? {
            outcome.count("files", 1);
            outcome.count("rows", receipt.rows.read);
            outcome.count("refused_rows", receipt.rows.refused);
        }
    }
    Ok(outcome)
}

fn decode(key: &str) -> String {
    let spaced = key.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

/// Dropped objects that have no receipt yet, in the order in which they were dropped.
///
/// # Errors
/// [`JobError::Lake`].
pub async fn waiting(deps: &Dependencies) -> Result<Vec<String>, JobError> {
    let receipts: std::collections::BTreeSet<String> = deps
        .lake
        .list(&format!("{}drops/", keys::RECEIPTS))
        .await?
        .into_iter()
        .map(|object| object.key)
        .collect();
    let mut objects = deps.lake.list(keys::DROP).await?;
    objects.retain(|object| {
        !object.key.ends_with(SIDECAR_ENDING)
            && !receipts.contains(&keys::drop_receipts(&object.key))
    });
    objects.sort_by(|a, b| (a.modified, &a.key).cmp(&(b.modified, &b.key)));
    Ok(objects.into_iter().map(|object| object.key).collect())
}

/// Imports one dropped object and gives its receipts, one for each member of an archive. A sidecar alone gives none.
///
/// # Errors
/// [`JobError`] when storage fails.
pub async fn import_object(deps: &Dependencies, key: &str) -> Result<Vec<Receipt>, JobError> {
    if key.ends_with(SIDECAR_ENDING) || key.ends_with('/') {
        return Ok(Vec::new());
    }
    let Some(mut drop) = Drop::fetch(&deps.lake, key).await? else {
        return Err(JobError::Input(format!(
            "`{key}` is not in the bucket any more; drop the file again"
        )));
    };
    let receipts = match drop.known(&deps.lake).await? {
        Some(receipts) => receipts,
        None => fresh(deps, &drop).await?,
    };
    table::publish(deps, &drop, &receipts).await?;
    deps.lake
        .put_json(&keys::drop_receipts(key), &receipts)
        .await?;
    Ok(receipts)
}

async fn fresh(deps: &Dependencies, drop: &Drop) -> Result<Vec<Receipt>, JobError> {
    if drop.name.ends_with(DIALECT_ENDING) {
        let receipts = vec![dialect::keep(deps, drop).await?];
        drop.remember(&deps.lake, &receipts).await?;
        return Ok(receipts);
    }
    let dialects = load_dialects(&deps.lake).await?;
    let members = sink::read(deps, drop, &dialects)?;
    let mut receipts = Vec::new();
    for member in members {
        receipts.push(store::store(deps, drop, member).await?);
    }
    drop.remember(&deps.lake, &receipts).await?;
    Ok(receipts)
}

/// The receipts of a drop, once it was imported.
///
/// # Errors
/// [`JobError::Lake`].
pub async fn receipts(deps: &Dependencies, key: &str) -> Result<Option<Vec<Receipt>>, JobError> {
    Ok(deps.lake.get_json(&keys::drop_receipts(key)).await?)
}

/// How a file would be read, without keeping anything.
///
/// # Errors
/// [`JobError::Input`] where a dialect of the workspace is wrong.
pub fn builtin_dialects() -> Result<Dialects, JobError> {
    Dialects::builtin().map_err(|error| JobError::Input(error.to_string()))
}

/// The instant as whole microseconds, which is all that Parquet keeps.
fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
