//! What the community cost, by month and category.

use std::collections::BTreeMap;

use levier_domain::time::Month;

/// One row of the export `costs`, in minor units of the reporting currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Month of the cost.
    pub month: Month,
    /// `platform`, `people`, `events`, `rewards`, `content` or `other`.
    pub category: String,
    /// Amount.
    pub amount_minor: i64,
}

/// Sums by month and category, up to and with the last whole month.
pub(crate) struct Costs {
    pub cells: BTreeMap<(Month, String), i64>,
}

impl Costs {
    pub(crate) fn until(costs: &[Cost], last: Month) -> Self {
        let mut cells: BTreeMap<(Month, String), i64> = BTreeMap::new();
        for cost in costs.iter().filter(|cost| cost.month <= last) {
            *cells
                .entry((cost.month, cost.category.clone()))
                .or_default() += cost.amount_minor;
        }
        Self { cells }
    }

    pub(crate) fn total(&self) -> Option<i64> {
        let total = self.cells.values().sum();
        (!self.cells.is_empty() && total > 0).then_some(total)
    }

    pub(crate) fn by_month(&self) -> BTreeMap<Month, i64> {
        self.group(|(month, _)| *month)
    }

    pub(crate) fn by_category(&self) -> BTreeMap<String, i64> {
        self.group(|(_, category)| category.clone())
    }

    fn group<K: Ord>(&self, key: impl Fn(&(Month, String)) -> K) -> BTreeMap<K, i64> {
        let mut sums = BTreeMap::new();
        for (cell, amount) in &self.cells {
            *sums.entry(key(cell)).or_default() += amount;
        }
        sums
    }
}
