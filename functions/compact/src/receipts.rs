//! When a body first came: the time of an event that has none of its own.
//!
//! A like of Discourse says not when it was given, so the time of receipt stands in. The same delivery sent again later, perhaps
//! on another day, is still that one like: what stands in is the receipt of the first delivery with that body.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use levier_lake::ledger::DayOfLanding;

use crate::counts::WINDOW;
use crate::source_of;

/// Times of receipt (µs) of bodies that came more than once, by source and hash of the body.
#[derive(Default)]
pub struct Receipts(HashMap<(String, u64), Vec<i64>>);

/// Time of receipt and hash of the body, as a delivery's key tells them (`{hour}/{micros}-{hash}-{attempt}`).
fn parse(delivery: &str) -> Option<(i64, u64)> {
    let mut parts = delivery.rsplit('/').next()?.split('-');
    let micros = parts.next()?.parse().ok()?;
    let hash = u64::from_str_radix(parts.next()?, 16).ok()?;
    Some((micros, hash))
}

impl Receipts {
    /// Of the unread deliveries and those that the ledgers name.
    pub fn of(fresh: &[(String, String)], ledgers: &BTreeMap<String, DayOfLanding>) -> Self {
        let mut times: HashMap<(String, u64), Vec<i64>> = HashMap::new();
        for (prefix, delivery) in fresh {
            if let Some((micros, hash)) = parse(delivery) {
                let key = (source_of(prefix).to_owned(), hash);
                times.entry(key).or_default().push(micros);
            }
        }
        for ledger in ledgers.values() {
            for delivery in ledger.deliveries.keys() {
                if let Some((micros, hash)) = parse(delivery)
                    && let Some(known) = times.get_mut(&(ledger.source.clone(), hash))
                {
                    known.push(micros);
                }
            }
        }
        times.retain(|_, known| known.len() > 1);
        Self(times)
    }

    /// When the body of a delivery first came, not longer before it than platforms repeat.
    pub fn first(&self, source: &str, delivery: &str, received_at: Timestamp) -> Timestamp {
        let window = i64::from(WINDOW) * 86_400_000_000;
        let first = parse(delivery).and_then(|(micros, hash)| {
            let known = self.0.get(&(source.to_owned(), hash))?;
            let near = known
                .iter()
                .filter(|time| **time <= micros && **time >= micros - window);
            near.min().copied()
        });
        first
            .and_then(|micros| Timestamp::from_microsecond(micros).ok())
            .unwrap_or(received_at)
    }
}
