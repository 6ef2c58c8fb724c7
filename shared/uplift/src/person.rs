//! One person's months, with only what comparisons read and without a text per month.
//!
//! Two million customers of 24 months are 48 million of these: a month is a few numbers, what is said once of a person is said
//! once, and texts are borrowed from wherever the facts were read.

use levier_domain::fact::Fact;
use serde::{Deserialize, Serialize};

/// What one month says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonMonth {
    /// Months since year 0.
    pub month: i32,
    /// Paid orders.
    pub orders: u32,
    /// Tickets opened.
    pub tickets: u32,
    /// Whether a subscription was active at the end of the month.
    pub subscribed: bool,
    /// Revenue net of refunds and without tax, minor units.
    pub revenue_minor: i64,
    /// Monthly recurring revenue at the end of the month, minor units.
    pub mrr_minor: i64,
    /// Paid orders before the month.
    pub prior_orders: u32,
    /// Revenue before the month, minor units.
    pub prior_revenue_minor: i64,
    /// Months since the last paid order before the month.
    pub months_since_order: Option<i32>,
}

/// How many traits of the CRM are compared by.
pub(crate) const TRAITS: usize = 4;

/// One person (or account) and its months, sorted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Person<'a> {
    /// Id of `identity/`.
    pub id: &'a str,
    /// Account, if any.
    pub account: Option<&'a str>,
    /// Staff or bot in any month.
    pub is_staff: bool,
    /// Month of the first join ever.
    pub joined_month: Option<i32>,
    /// Month of the first purchase.
    pub customer_since: Option<i32>,
    /// Segment, country, lead source and plan of the CRM; empty where unknown.
    pub traits: [&'a str; TRAITS],
    /// Communities joined first, comma-separated.
    pub communities: &'a str,
    /// Platforms joined first, comma-separated.
    pub platforms: &'a str,
    /// The months.
    pub months: &'a [PersonMonth],
}

impl<'a> Person<'a> {
    /// Reads facts of one person, sorted by month; `months` is emptied and filled.
    pub fn of_facts(facts: &'a [Fact], months: &'a mut Vec<PersonMonth>) -> Self {
        months.clear();
        months.extend(facts.iter().map(|fact| PersonMonth {
            month: fact.month,
            orders: fact.orders,
            tickets: fact.tickets,
            subscribed: fact.subscribed,
            revenue_minor: fact.revenue_minor,
            mrr_minor: fact.mrr_minor,
            prior_orders: fact.prior_orders,
            prior_revenue_minor: fact.prior_revenue_minor,
            months_since_order: fact.months_since_order,
        }));
        let Some(latest) = facts.last() else {
            return Self::default();
        };
        let first_joined = facts.iter().find(|fact| {
            latest
                .joined_month
                .is_some_and(|joined| fact.month >= joined)
                && !fact.communities.is_empty()
        });
        let text = |text: &'a Option<String>| text.as_deref().unwrap_or_default();
        Self {
            id: &latest.person,
            account: latest.account.as_deref(),
            is_staff: facts.iter().any(|fact| fact.is_staff),
            joined_month: latest.joined_month,
            customer_since: latest.customer_since,
            traits: [
                text(&latest.segment),
                text(&latest.country),
                text(&latest.lead_source),
                text(&latest.plan),
            ],
            communities: first_joined.map_or("", |fact| &fact.communities),
            platforms: first_joined.map_or("", |fact| &fact.platforms),
            months,
        }
    }
}
