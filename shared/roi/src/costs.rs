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

/// A cost whose currency has no exchange rate on that day: it is known, and in no sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpriced {
    /// Month of the cost.
    pub month: Month,
    /// ISO 4217 code.
    pub currency: String,
    /// Amount in that currency, as it reads (`50000.00`).
    pub amount: String,
}

/// Sums by month and category of the months that gains are set against.
pub(crate) struct Costs {
    pub cells: BTreeMap<(Month, String), i64>,
    /// Costs in no sum, as `50000.00 USD (2025-06)`.
    pub unpriced: Vec<String>,
    /// Whether any cost was given, whatever the month.
    given: bool,
}

impl Costs {
    pub(crate) fn between(
        costs: &[Cost],
        unpriced: &[Unpriced],
        first: Option<Month>,
        last: Month,
    ) -> Self {
        let counts = |month: Month| first.is_none_or(|first| month >= first) && month <= last;
        let mut cells: BTreeMap<(Month, String), i64> = BTreeMap::new();
        for cost in costs.iter().filter(|cost| counts(cost.month)) {
            *cells
                .entry((cost.month, cost.category.clone()))
                .or_default() += cost.amount_minor;
        }
        let unpriced = unpriced
            .iter()
            .filter(|cost| counts(cost.month))
            .map(|cost| format!("{} {} ({})", cost.amount, cost.currency, cost.month))
            .collect();
        Self {
            cells,
            unpriced,
            given: !costs.is_empty(),
        }
    }

    /// The sum, or why there is none.
    pub(crate) fn total(&self) -> Result<i64, String> {
        let total = self.cells.values().sum();
        if !self.cells.is_empty() && total > 0 {
            return Ok(total);
        }
        Err(match self.left_out() {
            Some(why) => why,
            None if !self.cells.is_empty() => {
                "the costs are 0: a return is a ratio to costs".to_owned()
            }
            None if self.given => "needs: costs of the months that are compared".to_owned(),
            None => "needs: costs".to_owned(),
        })
    }

    /// What is in no sum, where anything is.
    pub(crate) fn left_out(&self) -> Option<String> {
        (!self.unpriced.is_empty()).then(|| {
            format!(
                "costs without an exchange rate are not in it: {}",
                self.unpriced.join(", ")
            )
        })
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
