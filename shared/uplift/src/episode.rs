//! What CRM rows say beyond facts: leads, opportunities, answers, renewals, spend.
//!
//! An episode is on the member side only if its unit had joined in an earlier month than the one in which it began: exposure
//! comes before opportunity. One that began in the month of joining is on neither side, and counted.

use std::collections::BTreeMap;

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
        /// Days from creation to its end, or to the as-of day; `None` where it ended and nobody says when.
        days: Option<u32>,
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

/// Impressions and clicks of campaigns, and what was spent to win customers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Audience {
    /// Impressions of campaigns that count both.
    pub impressions: f64,
    /// Clicks of campaigns that count both.
    pub clicks: f64,
    /// Acquisition spend in the reporting currency, minor units.
    pub acquisition_minor: i64,
    /// Acquisition spend in no sum for want of an exchange rate: rows.
    pub without_rate: u64,
}

impl Audience {
    fn add(&mut self, other: &Self) {
        self.impressions += other.impressions;
        self.clicks += other.clicks;
        self.acquisition_minor += other.acquisition_minor;
        self.without_rate += other.without_rate;
    }
}

/// Spend of one audience by month, as `Month::index`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Campaigns(pub BTreeMap<i32, Audience>);

impl Campaigns {
    /// What was spent from one month to another, both counted.
    #[must_use]
    pub fn between(&self, first: i32, last: i32) -> Audience {
        let mut sum = Audience::default();
        if first <= last {
            for (_, month) in self.0.range(first..=last) {
                sum.add(month);
            }
        }
        sum
    }
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
    pub members: Campaigns,
    /// Spend addressed to others.
    pub others: Campaigns,
    /// Episodes that began in the month in which their unit joined.
    pub in_join_month: u64,
    /// Episodes that name neither a known person nor an account.
    pub unmatched: u64,
    /// Of them opportunities.
    pub unmatched_deals: u64,
    /// Opportunities in all.
    pub deals: u64,
    /// Leads of whom nothing says since when they are customers.
    pub undated_customers: u64,
    /// Whether anything could tell that a lead became a customer.
    pub tells_customers: bool,
    /// Days within which a lead counts as converted.
    pub conversion_days: u32,
}
