//! Facts: one row per person and month, the only thing that KPIs of commerce and the uplift read.
//!
//! Membership is time-varying: `member` and `tenure_months` say what held *in that month*, so that a customer's time before
//! joining stays on the non-member side. Covariates are what was known before the month began.

use crate::time::Month;

/// One person in one month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fact {
    /// Person id of `identity/`.
    pub person: String,
    /// Months since year 0; see [`Month::index`].
    pub month: i32,
    /// Account of the person, if any.
    pub account: Option<String>,
    /// Whether the person is staff or a bot (never a member, left out of comparisons).
    pub is_staff: bool,
    /// Member at the end of the month.
    pub member: bool,
    /// Month of the first join ever, as of the run.
    pub joined_month: Option<i32>,
    /// Whole months since the first join (0 in the month of joining); `None` before it.
    pub tenure_months: Option<i32>,
    /// Month of the last leave, if not a member any more.
    pub left_month: Option<i32>,
    /// Communities of which a member, comma-separated and sorted.
    pub communities: String,
    /// Platforms on which a member, comma-separated and sorted.
    pub platforms: String,
    /// Public messages and replies.
    pub messages_public: u32,
    /// Messages in closed channels and direct ones.
    pub messages_private: u32,
    /// Reactions given.
    pub reactions: u32,
    /// Lives attended.
    pub lives: u32,
    /// Content, survey and poll answers.
    pub other_contributions: u32,
    /// Opens, clicks and views.
    pub reads: u32,
    /// Month of the first paid order, won deal or subscription; `None` while no customer.
    pub customer_since: Option<i32>,
    /// Paid orders (also those refunded later).
    pub orders: u32,
    /// Revenue net of refunds and without tax, in minor units of the reporting currency.
    pub revenue_minor: i64,
    /// Refunds, in minor units of the reporting currency.
    pub refunds_minor: i64,
    /// Monthly recurring revenue at the end of the month, in minor units.
    pub mrr_minor: i64,
    /// Whether a subscription was active at the end of the month.
    pub subscribed: bool,
    /// Tickets opened.
    pub tickets: u32,
    /// Minutes of handling of tickets solved.
    pub handle_minutes: f64,
    /// Paid orders before the month.
    pub prior_orders: u32,
    /// Revenue before the month, in minor units.
    pub prior_revenue_minor: i64,
    /// Months since the last paid order before the month; `None` without one.
    pub months_since_order: Option<i32>,
    /// CRM segment.
    pub segment: Option<String>,
    /// CRM country.
    pub country: Option<String>,
    /// CRM lead source.
    pub lead_source: Option<String>,
    /// CRM plan.
    pub plan: Option<String>,
    /// CRM lifecycle as held at the run.
    pub lifecycle: Option<String>,
}

impl Fact {
    /// The month as a calendar month.
    #[must_use]
    pub fn calendar_month(&self) -> Month {
        Month::from_index(self.month)
    }

    /// Contributions of the month.
    #[must_use]
    pub fn contributions(&self) -> u32 {
        self.messages_public
            + self.messages_private
            + self.reactions
            + self.lives
            + self.other_contributions
    }

    /// Whether a customer on or before the month.
    #[must_use]
    pub fn is_customer(&self) -> bool {
        self.customer_since.is_some_and(|since| since <= self.month)
    }
}
