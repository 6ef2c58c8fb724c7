//! What CRM rows say beyond facts: leads, opportunities, answers, renewals, spend.
//!
//! An episode is on the member side only if its unit had joined in an earlier month than the one in which it began: exposure
//! comes before opportunity. One that began in the month of joining is on neither side, and counted.

use serde::{Deserialize, Serialize};

/// How an opportunity ended, as of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Won.
    Won,
    /// Lost.
    Lost,
    /// Still open.
    Open,
}

/// What an episode is.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A lead that was watched for the whole window: whether it became a customer within it.
    Lead {
        /// Became a customer within the window.
        converted: bool,
    },
    /// An opportunity.
    Deal {
        /// Days from creation to its end, or to the as-of day.
        days: u32,
        /// How it ended.
        ending: Ending,
    },
    /// An answer to "would you recommend us", 0 to 10.
    Recommend {
        /// The answer.
        score: u8,
    },
    /// An answer on satisfaction, 1 to 5.
    Satisfaction {
        /// 4 or 5.
        satisfied: bool,
    },
    /// A yearly subscription that came due.
    Renewal {
        /// Went on.
        renewed: bool,
    },
}

/// One episode of one unit.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Episode {
    /// What it is.
    pub what: What,
    /// Month in which it began, as `Month::index`.
    pub month: i32,
    /// Whether the unit was a member before that month.
    pub member: bool,
    /// Segment; empty where unknown.
    pub segment: String,
    /// Number of the account or person, to tell units apart.
    pub unit: u64,
}

/// Impressions and clicks of campaigns, or cost and new customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Audience {
    /// Impressions of campaigns that count both.
    pub impressions: f64,
    /// Clicks of campaigns that count both.
    pub clicks: f64,
    /// Acquisition spend in the reporting currency, minor units.
    pub acquisition_minor: i64,
}

/// All episodes of a run, and which entities were ever imported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Episodes {
    /// Opportunities were imported.
    pub has_deals: bool,
    /// Survey answers were imported.
    pub has_surveys: bool,
    /// People with the day on which they were created were imported.
    pub has_leads: bool,
    /// Subscriptions were imported.
    pub has_subscriptions: bool,
    /// Spend was imported.
    pub has_spend: bool,
    /// In any order; the report sorts them.
    pub list: Vec<Episode>,
    /// Spend addressed to members, and to others; what is addressed to all is in neither.
    pub members: Audience,
    /// Spend addressed to others.
    pub others: Audience,
    /// Episodes that began in the month in which their unit joined.
    pub in_join_month: u64,
    /// Episodes that name neither a known person nor an account.
    pub unmatched: u64,
    /// Days within which a lead counts as converted.
    pub conversion_days: u32,
}
