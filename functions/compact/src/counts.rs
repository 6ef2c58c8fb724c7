//! Totals per source: one small object each, an entry per day of receipt, replaced whole from that day's ledger.

use std::collections::BTreeMap;

use jiff::Timestamp;
use levier_lake::ledger::{DayOfLanding, Read};
use levier_lake::{Lake, LakeError};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "ledger/totals/";

/// One day of one source, summed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayTotal {
    /// Deliveries.
    pub deliveries: u64,
    /// Sums over deliveries.
    pub read: Read,
    /// When the last one was received.
    pub last_received_at: Option<Timestamp>,
    /// The latest time that an event of the day has of its own.
    pub last_occurred_at: Option<Timestamp>,
}

/// One source, by day of receipt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceTotal {
    /// Platform.
    pub platform: String,
    /// Community.
    pub community: String,
    /// Days, oldest first.
    pub days: BTreeMap<String, DayTotal>,
}

/// All sources, by name.
#[derive(Clone, Debug, Default)]
pub struct Totals(pub BTreeMap<String, SourceTotal>);

impl Totals {
    /// The totals as of the last run.
    pub async fn load(lake: &Lake) -> Result<Self, LakeError> {
        let mut all = BTreeMap::new();
        for object in lake.list(PREFIX).await? {
            if let Some(total) = lake.get_json(&object.key).await? {
                all.insert(
                    object
                        .key
                        .trim_start_matches(PREFIX)
                        .trim_end_matches(".json")
                        .to_owned(),
                    total,
                );
            }
        }
        Ok(Self(all))
    }

    /// Replaces the entry of one day.
    pub fn update(&mut self, prefix: &str, ledger: &DayOfLanding, latest: Option<Timestamp>) {
        let mut total = DayTotal::default();
        for (key, read) in &ledger.deliveries {
            total.deliveries += 1;
            total.read.items += read.items;
            for (sum, part) in [
                (&mut total.read.mapped, &read.mapped),
                (&mut total.read.ignored, &read.ignored),
                (&mut total.read.quarantined, &read.quarantined),
            ] {
                for (word, n) in part {
                    *sum.entry(word.clone()).or_default() += n;
                }
            }
            // The key of a delivery is its hour, then its time of receipt in microseconds.
            let received = key
                .rsplit('/')
                .next()
                .and_then(|name| name.split('-').next())
                .and_then(|micros| micros.parse().ok())
                .and_then(|m| Timestamp::from_microsecond(m).ok());
            total.last_received_at = total.last_received_at.max(received);
        }
        let source = self.0.entry(ledger.source.clone()).or_default();
        source.platform.clone_from(&ledger.platform);
        source.community.clone_from(&ledger.community);
        let name = prefix
            .trim_end_matches('/')
            .splitn(3, '/')
            .nth(2)
            .unwrap_or(prefix)
            .to_owned();
        let before = source
            .days
            .get(&name)
            .and_then(|before| before.last_occurred_at);
        total.last_occurred_at = latest.max(before);
        source.days.insert(name, total);
    }

    /// Writes the totals of one source.
    pub async fn save(&self, lake: &Lake, source: &str) -> Result<(), LakeError> {
        match self.0.get(source) {
            Some(total) => {
                lake.put_json(&format!("{PREFIX}{source}.json"), total)
                    .await
            }
            None => Ok(()),
        }
    }
}
