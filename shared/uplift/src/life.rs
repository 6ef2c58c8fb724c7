//! One customer's months, read from facts: when they became one, when they joined, what they did.

use levier_domain::fact::Fact;
use levier_stats::bootstrap::unit_hash;

use crate::plan::{Plan, WAVE_MONTHS};

/// Why somebody takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftOut {
    Staff,
    NeverCustomer,
    TooRecent,
}

impl LeftOut {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::NeverCustomer => "not_a_customer",
            Self::TooRecent => "customer_for_too_short",
        }
    }
}

/// A customer who takes part.
pub(crate) struct Life<'a> {
    pub facts: &'a [Fact],
    /// Month of the first purchase.
    pub since: i32,
    /// Month of the first join, if within the window's end.
    pub joined: Option<i32>,
    /// First month of the panel to which the customer belongs.
    pub start: i32,
    pub hash: u64,
}

impl<'a> Life<'a> {
    /// Reads a person's facts, sorted by month.
    pub(crate) fn read(plan: &Plan, facts: &'a [Fact]) -> Result<Self, LeftOut> {
        let Some(latest) = facts.last() else {
            return Err(LeftOut::NeverCustomer);
        };
        if facts.iter().any(|fact| fact.is_staff) {
            return Err(LeftOut::Staff);
        }
        let Some(since) = latest.customer_since.filter(|since| *since <= plan.last) else {
            return Err(LeftOut::NeverCustomer);
        };
        let start = if since < plan.first {
            plan.first
        } else {
            plan.first + ((since - plan.first) / WAVE_MONTHS + 1) * WAVE_MONTHS
        };
        if since >= plan.last {
            return Err(LeftOut::TooRecent);
        }
        Ok(Self {
            facts,
            since,
            joined: latest.joined_month.filter(|joined| *joined <= plan.last),
            start,
            hash: unit_hash(latest.person.as_bytes()),
        })
    }

    /// The facts of a month; `None` where nothing was recorded, which is a month of zeros.
    pub(crate) fn at(&self, month: i32) -> Option<&'a Fact> {
        let first = self.facts.first()?.month;
        let guess = usize::try_from(month - first).ok()?;
        // Months are contiguous as a rule: look there first.
        match self.facts.get(guess) {
            Some(fact) if fact.month == month => Some(fact),
            _ => self
                .facts
                .binary_search_by_key(&month, |fact| fact.month)
                .ok()
                .map(|at| &self.facts[at]),
        }
    }

    /// Whether joined in or before a month: former members stay on the member side.
    pub(crate) fn is_member(&self, month: i32) -> bool {
        self.joined.is_some_and(|joined| joined <= month)
    }

    /// Mean monthly revenue (major units) and orders before a month, without the first month as a customer.
    pub(crate) fn before(&self, plan: &Plan, month: i32) -> Option<(f64, f64)> {
        let fact = self.at(month)?;
        let months = month - self.since - 1;
        if months < 1 {
            return None;
        }
        let (mut revenue, mut orders) = (fact.prior_revenue_minor, i64::from(fact.prior_orders));
        if let Some(opening) = self.at(self.since) {
            revenue -= opening.revenue_minor;
            orders -= i64::from(opening.orders);
        }
        let months = f64::from(months);
        Some((plan.major(revenue) / months, orders as f64 / months))
    }

    /// The segment, as the CRM has it.
    pub(crate) fn segment(&self) -> Option<&str> {
        self.facts.last().and_then(|fact| fact.segment.as_deref())
    }

    /// The communities joined first.
    pub(crate) fn communities(&self) -> impl Iterator<Item = &'a str> {
        let joined = self.joined;
        self.facts
            .iter()
            .filter(move |fact| joined.is_some_and(|joined| fact.month >= joined))
            .map(|fact| fact.communities.as_str())
            .find(|communities| !communities.is_empty())
            .into_iter()
            .flat_map(|communities| communities.split(','))
    }
}

/// Half-octave bin of a monthly amount; 0 for nothing, so that bins need no pass over the data.
pub(crate) fn level_bin(monthly: f64) -> u8 {
    if monthly <= 0.0 {
        return 0;
    }
    ((2.0 * monthly.log2()).floor() + 40.0).clamp(1.0, 120.0) as u8
}

/// Bin of the months since the first purchase.
pub(crate) fn age_bin(months: i32) -> u8 {
    match months {
        i32::MIN..=3 => 0,
        4..=6 => 1,
        7..=12 => 2,
        13..=24 => 3,
        _ => 4,
    }
}
