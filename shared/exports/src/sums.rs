//! Spend rows of one day, channel and campaign are summed.

use std::collections::BTreeMap;

use levier_domain::receipt::Refusal;
use levier_domain::record::{Record, Value};

/// Spend by key, in order of first appearance.
#[derive(Default)]
pub(crate) struct Sums {
    at: BTreeMap<[u8; 16], usize>,
    rows: Vec<(u64, Record)>,
}

impl Sums {
    /// Adds a row to its key: `true` where the key was there already.
    pub(crate) fn add(&mut self, line: u64, record: &Record) -> Result<bool, Refusal> {
        let key = record.key_hash();
        let held = self.at.get(&key).and_then(|at| self.rows.get_mut(*at));
        let Some((first, held)) = held else {
            self.at.insert(key, self.rows.len());
            self.rows.push((line, record.clone()));
            return Ok(false);
        };
        let refuse = |reason: String, hint: &str| Refusal {
            line,
            column: String::new(),
            reason,
            hint: hint.to_owned(),
        };
        if held.get("currency") != record.get("currency") {
            return Err(refuse(
                format!("line {first} has the same day, channel and campaign in another currency"),
                "give one currency for each day, channel and campaign",
            ));
        }
        let amount = match (
            held.get("amount_minor").as_integer(),
            record.get("amount_minor").as_integer(),
        ) {
            (Some(a), Some(b)) => a.checked_add(b).ok_or_else(|| {
                refuse(
                    "the sum of the amounts is too large".to_owned(),
                    "check the amounts",
                )
            })?,
            (a, b) => a.or(b).unwrap_or(0),
        };
        held.set("amount_minor", Value::Integer(amount));
        for column in ["impressions", "clicks", "conversions"] {
            let sum = match (held.get(column).as_number(), record.get(column).as_number()) {
                (None, None) => Value::Null,
                (a, b) => Value::Number(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
            };
            held.set(column, sum);
        }
        Ok(true)
    }

    /// The sums, each with the line on which its key first stood.
    pub(crate) fn take(&mut self) -> Vec<(u64, Record)> {
        self.at.clear();
        std::mem::take(&mut self.rows)
    }
}
