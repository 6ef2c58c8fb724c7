//! Who was seen, who was left out and why: whole numbers, so that no sharding changes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counters by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(crate) fn add(&mut self, name: &str, n: u64) {
        match self.0.get_mut(name) {
            Some(count) => *count += n,
            None => {
                self.0.insert(name.to_owned(), n);
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (name, n) in &other.0 {
            self.add(name, *n);
        }
    }
}

/// Names of what is left out of the comparison over time, with the reason as published.
pub(crate) const LEFT_OUT: [&str; 5] = [
    "staff",
    "customer_for_too_short",
    "joined_before_customer",
    "no_month_before_joining",
    "member_of_another_community",
];
