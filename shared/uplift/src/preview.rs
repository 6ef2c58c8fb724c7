//! A first pass over persons for what has to be settled before the second: the cap of winsorising, which traits to compare by,
//! and whether the unit is the account. Whole numbers only, so that no sharding changes them.

use std::collections::BTreeMap;

use levier_domain::fact::Fact;
use serde::{Deserialize, Serialize};

use crate::entries;
use crate::person::{Person, PersonMonth, TRAITS};

/// Most values of one trait that are told apart; the rest are one.
const MOST_VALUES: usize = 6;
/// Fewest customers of a value that is told apart.
const FEWEST: u64 = 50;

/// What the first pass has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Customer-months by size of revenue, in bins 1 % wide.
    #[serde(with = "entries")]
    bins: BTreeMap<i32, u64>,
    traits: [BTreeMap<String, u64>; TRAITS],
    customers: u64,
    of_accounts: u64,
}

impl Preview {
    /// One person.
    pub fn update(&mut self, person: &Person<'_>) {
        if person.is_staff {
            return;
        }
        for month in person.months.iter().filter(|month| month.revenue_minor > 0) {
            let bin = ((month.revenue_minor as f64).ln() / 1.01_f64.ln()).floor() as i32;
            *self.bins.entry(bin).or_default() += 1;
        }
        if person.customer_since.is_none() {
            return;
        }
        self.customers += 1;
        self.of_accounts += u64::from(person.account.is_some());
        for (counts, value) in self.traits.iter_mut().zip(person.traits) {
            match counts.get_mut(value) {
                Some(count) => *count += 1,
                None if value.is_empty() => {}
                None => {
                    counts.insert(value.to_owned(), 1);
                }
            }
        }
    }

    /// One person's facts, sorted by month.
    pub fn update_person(&mut self, facts: &[Fact]) {
        let mut months: Vec<PersonMonth> = Vec::new();
        self.update(&Person::of_facts(facts, &mut months));
    }

    /// Joins another shard.
    pub fn merge(&mut self, other: &Self) {
        for (bin, n) in &other.bins {
            *self.bins.entry(*bin).or_default() += n;
        }
        for (mine, theirs) in self.traits.iter_mut().zip(&other.traits) {
            for (value, n) in theirs {
                *mine.entry(value.clone()).or_default() += n;
            }
        }
        self.customers += other.customers;
        self.of_accounts += other.of_accounts;
    }

    /// The 99th percentile of customer-months with revenue, in minor units, or at most 1 % more; `None` when nothing was sold.
    #[must_use]
    pub fn cap_minor(&self) -> Option<i64> {
        let total: u64 = self.bins.values().sum();
        let mut seen = 0;
        for (bin, n) in &self.bins {
            seen += n;
            if seen * 100 >= total * 99 {
                return Some(1.01_f64.powi(bin + 1).ceil() as i64);
            }
        }
        None
    }

    /// Values of segment, country, lead source and plan that are frequent enough to compare by, the most frequent first.
    pub(crate) fn traits(&self) -> [Vec<String>; TRAITS] {
        std::array::from_fn(|at| {
            let mut values: Vec<(&String, &u64)> = self.traits[at]
                .iter()
                .filter(|(_, n)| **n >= FEWEST)
                .collect();
            values.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
            values
                .into_iter()
                .take(MOST_VALUES)
                .map(|(value, _)| value.clone())
                .collect()
        })
    }

    /// Whether customers are companies: at least half of them belong to an account.
    #[must_use]
    pub fn by_account(&self) -> bool {
        self.of_accounts > 0 && 2 * self.of_accounts >= self.customers
    }
}
