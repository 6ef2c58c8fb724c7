//! The monthly outcomes that are summed up, and what they are called.

use serde::{Deserialize, Serialize};

use crate::person::PersonMonth;
use crate::plan::Plan;

/// A monthly outcome of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Series {
    Revenue,
    /// Revenue capped at the 99th percentile.
    Capped,
    Orders,
    Tickets,
    Recurring,
}

impl Series {
    /// Every series that has a panel.
    pub(crate) const ALL: [Self; 5] = [
        Self::Revenue,
        Self::Capped,
        Self::Orders,
        Self::Tickets,
        Self::Recurring,
    ];
    /// The columns of the arm sums and of the strata.
    pub(crate) const PLAIN: [Self; 4] =
        [Self::Revenue, Self::Orders, Self::Tickets, Self::Recurring];

    /// Value of one month, in the KPI's own unit.
    pub(crate) fn value(self, plan: &Plan, month: &PersonMonth) -> f64 {
        match self {
            Self::Revenue => plan.major(month.revenue_minor),
            Self::Capped => plan.major(
                month
                    .revenue_minor
                    .min(plan.cap_minor.unwrap_or(month.revenue_minor)),
            ),
            // Per year.
            Self::Orders => 12.0 * f64::from(month.orders),
            Self::Tickets => f64::from(month.tickets),
            Self::Recurring => plan.major(month.mrr_minor),
        }
    }

    /// Position among [`Series::PLAIN`]; capped revenue stands with revenue.
    pub(crate) fn column(self) -> usize {
        match self {
            Self::Revenue | Self::Capped => 0,
            Self::Orders => 1,
            Self::Tickets => 2,
            Self::Recurring => 3,
        }
    }
}
