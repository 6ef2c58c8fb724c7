//! Totals per source: one small object each, an entry per hour, replaced whole from that hour's ledger.

use std::collections::BTreeMap;

use jiff::Timestamp;
use levier_lake::ledger::{Hour, Read};
use levier_lake::{Lake, LakeError};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "ledger/totals/";

/// One hour of one source, summed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HourTotal {
    /// Deliveries.
    pub deliveries: u64,
    /// Sums over deliveries.
    pub read: Read,
    /// When the last one was received.
    pub last_received_at: Option<Timestamp>,
    /// The latest time that an event of the hour has of its own.
    pub last_occurred_at: Option<Timestamp>,
}

/// One source, by hour (`{date}/{hour}`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceTotal {
    /// Platform.
    pub platform: String,
    /// Community.
    pub community: String,
    /// Hours, oldest first.
    pub hours: BTreeMap<String, HourTotal>,
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

    /// Replaces the entry of one hour.
    pub fn update(&mut self, prefix: &str, hour: &Hour, latest: Option<Timestamp>) {
        let mut total = HourTotal::default();
        for (key, read) in &hour.deliveries {
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
            // The key of a delivery begins with its time of receipt in microseconds.
            let received = key
                .split('-')
                .next()
                .and_then(|micros| micros.parse().ok())
                .and_then(|m| Timestamp::from_microsecond(m).ok());
            total.last_received_at = total.last_received_at.max(received);
        }
        let source = self.0.entry(hour.source.clone()).or_default();
        source.platform.clone_from(&hour.platform);
        source.community.clone_from(&hour.community);
        let name = prefix
            .trim_end_matches('/')
            .splitn(3, '/')
            .nth(2)
            .unwrap_or(prefix)
            .to_owned();
        let before = source
            .hours
            .get(&name)
            .and_then(|before| before.last_occurred_at);
        total.last_occurred_at = latest.max(before);
        source.hours.insert(name, total);
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
