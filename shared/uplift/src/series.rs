//! The monthly outcomes that are summed up, and what they are called.

use levier_domain::fact::Fact;
use serde::{Deserialize, Serialize};

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
    /// The columns of the arm sums and of the strata.
    pub(crate) const PLAIN: [Self; 4] =
        [Self::Revenue, Self::Orders, Self::Tickets, Self::Recurring];

    /// Value of one month, in the KPI's own unit.
    pub(crate) fn value(self, plan: &Plan, fact: &Fact) -> f64 {
        match self {
            Self::Revenue => plan.major(fact.revenue_minor),
            Self::Capped => plan.major(
                fact.revenue_minor
                    .min(plan.cap_minor.unwrap_or(fact.revenue_minor)),
            ),
            // Per year.
            Self::Orders => 12.0 * f64::from(fact.orders),
            Self::Tickets => f64::from(fact.tickets),
            Self::Recurring => plan.major(fact.mrr_minor),
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
