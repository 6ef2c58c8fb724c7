//! Totals per source: one small object each, an entry per day of receipt, replaced whole from that day's ledger.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use levier_lake::ledger::{DayOfLanding, Read};
use levier_lake::{Lake, LakeError};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "ledger/totals/";

/// For how many days a body that gives no event is remembered, so that its redelivery counts as a duplicate: no platform repeats
/// a delivery for longer. (Events need no such memory: their ids tell.)
pub const WINDOW: i32 = 7;

type Words = BTreeMap<String, u64>;

/// What tells a delivery of which some item gave no event from others: its body (by the hash in its key) and what became of it.
fn nothing<'a>(key: &'a str, read: &'a Read) -> Option<(&'a str, &'a Words, &'a Words)> {
    if read.ignored.is_empty() && read.quarantined.is_empty() {
        return None;
    }
    let body = key.rsplit('/').next()?.split('-').nth(1)?;
    Some((body, &read.ignored, &read.quarantined))
}

fn add(sum: &mut Words, part: &Words) {
    for (word, n) in part {
        *sum.entry(word.clone()).or_default() += n;
    }
}

/// One day of one source, summed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayTotal {
    /// Deliveries.
    pub deliveries: u64,
    /// Sums over deliveries.
    pub read: Read,
    /// Items that gave nothing and repeat a body that gave the same nothing before; in none of the sums but `items`.
    #[serde(default)]
    pub repeated: u64,
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

    /// Takes an entry out, before its day is read again.
    pub fn forget(&mut self, source: &str, day: &str) {
        if let Some(total) = self.0.get_mut(source) {
            total.days.remove(day);
        }
    }

    /// Replaces the entry of one day. `before` are the ledgers of the [`WINDOW`] days before it, in which a body may have come
    /// already.
    pub fn update(
        &mut self,
        prefix: &str,
        before: &[&DayOfLanding],
        ledger: &DayOfLanding,
        latest: Option<Timestamp>,
    ) {
        let mut total = DayTotal::default();
        let mut seen: HashSet<(&str, &Words, &Words)> = before
            .iter()
            .flat_map(|ledger| &ledger.deliveries)
            .filter_map(|(key, read)| nothing(key, read))
            .collect();
        for (key, read) in &ledger.deliveries {
            total.deliveries += 1;
            total.read.items += read.items;
            let repeats = nothing(key, read).is_some_and(|body| !seen.insert(body));
            add(&mut total.read.mapped, &read.mapped);
            if repeats {
                total.repeated += read
                    .ignored
                    .values()
                    .chain(read.quarantined.values())
                    .sum::<u64>();
            } else {
                add(&mut total.read.ignored, &read.ignored);
                add(&mut total.read.quarantined, &read.quarantined);
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
