//! What compaction has read, to the item: one ledger per source and day of landing, one count per day of events.
//!
//! The ledger makes compaction idempotent (a delivery that stands in it is not read again) and keeps the counts after the raw
//! deliveries have expired. Accepted events are counted where they lie, by day, so that an event that two deliveries brought is
//! accepted once; what was readable and is not accepted is a duplicate. Neither count depends on any order.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::keys::{LANDING, LEDGER};

/// What one delivery was read into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// Items in it.
    pub items: u64,
    /// Items that gave an event, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mapped: BTreeMap<String, u64>,
    /// Items of no use, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ignored: BTreeMap<String, u64>,
    /// Items that could not be read, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub quarantined: BTreeMap<String, u64>,
}

/// All deliveries of one source received on one day, by the rest of their key (`{hour}/{delivery}`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayOfLanding {
    /// Name of the source.
    pub source: String,
    /// Platform of the source.
    pub platform: String,
    /// Community of the source.
    pub community: String,
    /// Rest of the landing key → what it was read into.
    pub deliveries: BTreeMap<String, Read>,
}

/// Events of one day file, by source and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Source → kind → events.
    pub accepted: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What one file of history was read into.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// The file's import.
    pub import_id: String,
    /// Source → kind → events in the file.
    pub mapped: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Where the ledger of a day of landing (`landing/{source}/{date}/`) lies.
#[must_use]
pub fn day_of_landing_key(landing_prefix: &str) -> String {
    format!("{LEDGER}{}.json", landing_prefix.trim_end_matches('/'))
}

/// Prefix of the ledgers of landing.
pub const LANDED: &str = "ledger/landing/";

/// Where the events that a day of landing (`landing/{source}/{date}/`) brought are listed; see [`crate::brought`].
#[must_use]
pub fn brought_key(landing_prefix: &str) -> String {
    let rest = landing_prefix
        .strip_prefix(LANDING)
        .unwrap_or(landing_prefix);
    format!("{BROUGHT}{}.parquet", rest.trim_end_matches('/'))
}

/// Prefix of those lists.
pub const BROUGHT: &str = "ledger/brought/";

/// Where the ledger of a staged file lies.
#[must_use]
pub fn staged_key(import_id: &str) -> String {
    format!("{LEDGER}staged/{import_id}.json")
}

/// Prefix of the ledgers of staged files.
pub const STAGED: &str = "ledger/staged/";
