//! One customer's months: when they became one, when they joined, what they did.

use levier_stats::bootstrap::unit_hash;

use crate::person::{Person, PersonMonth};
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
    pub person: &'a Person<'a>,
    /// Month of the first purchase.
    pub since: i32,
    /// Month of the first join, if within the window's end.
    pub joined: Option<i32>,
    /// First month of the panel to which the customer belongs.
    pub start: i32,
    pub hash: u64,
}

impl<'a> Life<'a> {
    /// Reads a person.
    pub(crate) fn read(plan: &Plan, person: &'a Person<'a>) -> Result<Self, LeftOut> {
        if person.is_staff {
            return Err(LeftOut::Staff);
        }
        let Some(since) = person
            .customer_since
            .filter(|since| *since <= plan.last && !person.months.is_empty())
        else {
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
            person,
            since,
            joined: person.joined_month.filter(|joined| *joined <= plan.last),
            start,
            hash: unit_hash(person.id.as_bytes()),
        })
    }

    /// What is known of a month; `None` where nothing was recorded, which is a month of zeros.
    pub(crate) fn at(&self, month: i32) -> Option<&'a PersonMonth> {
        let months = self.person.months;
        let first = months.first()?.month;
        let guess = usize::try_from(month - first).ok()?;
        // Months are contiguous as a rule: look there first.
        match months.get(guess) {
            Some(held) if held.month == month => Some(held),
            _ => months
                .binary_search_by_key(&month, |held| held.month)
                .ok()
                .map(|at| &months[at]),
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
    pub(crate) fn segment(&self) -> Option<&'a str> {
        Some(self.person.traits[0]).filter(|segment| !segment.is_empty())
    }

    /// The communities joined first.
    pub(crate) fn communities(&self) -> impl Iterator<Item = &'a str> {
        self.person.communities.split(',')
    }

    /// The platforms joined first.
    pub(crate) fn platforms(&self) -> impl Iterator<Item = &'a str> {
        self.person.platforms.split(',')
    }
}

/// Half-octave bin of a monthly amount; 0 for nothing, so that bins need no pass over the data.
pub(crate) fn level_bin(monthly: f64) -> u8 {
    if monthly <= 0.0 {
        return 0;
    }
    ((2.0 * monthly.log2()).floor() + 40.0).clamp(1.0, 120.0) as u8
}

/// Middle of a half-octave bin of monthly revenue.
pub(crate) fn level_middle(level: u8) -> f64 {
    if level == 0 {
        0.0
    } else {
        ((f64::from(level) - 39.5) / 2.0).exp2()
    }
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
