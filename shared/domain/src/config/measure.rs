//! What is measured, and how: staff, commerce, privacy, identity, uplift, health, ROI, schedules, retention. What is told, and to
//! whom, is in `notice`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Who is staff: never a member, counted apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Staff {
    /// Handles, `platform:handle`.
    pub handles: Vec<String>,
    /// CRM person ids.
    pub person_ids: Vec<String>,
    /// E-mail domains of the company.
    pub domains: Vec<String>,
    /// References to e-mail addresses are not kept; list domains or ids. Roles of rosters that mean staff.
    pub roles: Vec<String>,
}

/// Margin and churn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Commerce {
    /// Contribution margin, a share of revenue; euros of gain are missing without it.
    pub margin: Option<f64>,
    /// Months of silence after which a customer without contract counts as lost.
    pub churn_after_months: u32,
    /// Days within which a lead can convert.
    pub conversion_days: u32,
    /// Promo codes handed out in the community.
    pub community_promo_codes: Vec<String>,
    /// Which rows revenue is: orders where there is a paid one, else paid invoices, else subscriptions, unless said here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revenue_from: Option<RevenueFrom>,
    /// Sources whose orders count, for a shop and its payment service tell every sale twice; all of them when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orders_from: Vec<String>,
}

/// Rows that revenue is summed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevenueFrom {
    /// Paid orders.
    Orders,
    /// Paid invoices.
    Invoices,
    /// What subscriptions are due for.
    Subscriptions,
}

impl RevenueFrom {
    /// As the configuration and the manifest of the facts write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Invoices => "invoices",
            Self::Subscriptions => "subscriptions",
        }
    }
}

impl Commerce {
    /// Whether orders of a source count.
    #[must_use]
    pub fn counts_orders_of(&self, source: &str) -> bool {
        self.orders_from.is_empty() || self.orders_from.iter().any(|name| name == source)
    }
}

impl Default for Commerce {
    fn default() -> Self {
        Self {
            margin: None,
            churn_after_months: 12,
            conversion_days: 180,
            community_promo_codes: Vec::new(),
            revenue_from: None,
            orders_from: Vec::new(),
        }
    }
}

/// What is suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// Smallest number of people in a published cell.
    pub min_cell: u64,
}

impl Default for Privacy {
    fn default() -> Self {
        Self { min_cell: 10 }
    }
}

/// How dropped files are judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Import {
    /// A file of which more than this share of rows is refused changes nothing.
    pub max_refused_share: f64,
}

impl Default for Import {
    fn default() -> Self {
        Self {
            max_refused_share: 0.5,
        }
    }
}

/// How identities are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Join {
    /// Largest number of handles and records in one person.
    pub max_cluster: usize,
    /// Most CRM records that may share one e-mail before it counts as shared.
    pub max_records_per_email: usize,
    /// Persons per bucket of facts; the number of buckets is a power of two.
    pub persons_per_bucket: usize,
}

impl Default for Join {
    fn default() -> Self {
        Self {
            max_cluster: 20,
            max_records_per_email: 3,
            persons_per_bucket: 50_000,
        }
    }
}

/// Headline estimators, covariates and windows, fixed before results are seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpliftOptions {
    /// Months of history before the as-of month that are read.
    pub window_months: u32,
    /// Months before joining in which behaviour may already change.
    pub anticipation_months: u32,
    /// Headline method per KPI; the rung of STATISTICS.md when absent.
    pub headline: BTreeMap<String, String>,
    /// Segments for which uplift is published apart.
    pub segments: Vec<String>,
}

impl UpliftOptions {
    /// Methods that may be the headline of a KPI; of KPIs that are not named here the headline is settled.
    fn methods(kpi: &str) -> &'static [&'static str] {
        match kpi {
            "revenue_per_customer" | "purchase_frequency" | "mrr" | "contact_rate" => {
                &["did", "stratified", "aipw", "regression", "itt", "cace"]
            }
            "customer_retention" => &["hazard", "naive"],
            _ => &[],
        }
    }

    /// The key that is wrong within `[uplift]`, and what to set.
    pub(super) fn validate(&self) -> Result<(), (String, String)> {
        for (kpi, method) in &self.headline {
            let methods = Self::methods(kpi);
            if methods.is_empty() {
                let problem = "this KPI has one method; name revenue_per_customer, purchase_frequency, mrr, contact_rate or customer_retention, or take the line out";
                return Err((format!("headline.{kpi}"), problem.to_owned()));
            }
            if !methods.contains(&method.as_str()) {
                let problem = format!(
                    "`{method}` is no method of it; set one of {}",
                    methods.join(", ")
                );
                return Err((format!("headline.{kpi}"), problem));
            }
        }
        Ok(())
    }
}

impl Default for UpliftOptions {
    fn default() -> Self {
        Self {
            window_months: 24,
            anticipation_months: 0,
            headline: BTreeMap::new(),
            segments: Vec::new(),
        }
    }
}

/// Weights of the health score's components; they need not sum to one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HealthWeights {
    /// First reply by another member within 24 hours.
    pub responsiveness: f64,
    /// First posters active again on their days 8 to 30.
    pub newcomer_retention: f64,
    /// Weekly actives over monthly actives.
    pub stickiness: f64,
    /// Reply edges that are answered.
    pub reciprocity: f64,
    /// Gini of posts per active author.
    pub spread: f64,
    /// Log change of monthly actives.
    pub growth: f64,
    /// Positive minus negative share.
    pub sentiment: f64,
}

impl Default for HealthWeights {
    fn default() -> Self {
        Self {
            responsiveness: 0.25,
            newcomer_retention: 0.25,
            stickiness: 0.15,
            reciprocity: 0.15,
            spread: 0.10,
            growth: 0.05,
            sentiment: 0.05,
        }
    }
}

impl HealthWeights {
    /// The weights by key.
    fn named(&self) -> [(&'static str, f64); 7] {
        [
            ("responsiveness", self.responsiveness),
            ("newcomer_retention", self.newcomer_retention),
            ("stickiness", self.stickiness),
            ("reciprocity", self.reciprocity),
            ("spread", self.spread),
            ("growth", self.growth),
            ("sentiment", self.sentiment),
        ]
    }

    /// The first key whose weight makes no sense, and what to set.
    pub(super) fn validate(&self) -> Result<(), (&'static str, String)> {
        for (key, weight) in self.named() {
            if !(weight.is_finite() && weight >= 0.0) {
                let problem = "set a weight of 0 or more, for example 0.1".to_owned();
                return Err((key, problem));
            }
        }
        // There is no score without these two.
        for (key, weight) in &self.named()[..2] {
            if *weight <= 0.0 {
                let problem = "set a weight above 0, for example 0.25: the score needs this one";
                return Err((key, problem.to_owned()));
            }
        }
        let sum: f64 = self.named().iter().map(|(_, weight)| weight).sum();
        if !sum.is_finite() {
            let problem = "the weights are too large to be summed; set for example 0.25";
            return Err(("responsiveness", problem.to_owned()));
        }
        Ok(())
    }
}

/// How often the sentiment is right about one label, measured on labelled messages (`levier sentiment evaluate`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelErrors {
    /// Share of messages with the label that are read so.
    pub sensitivity: f64,
    /// Share of messages without it that are not read so.
    pub specificity: f64,
}

impl LabelErrors {
    /// The share that an apparent share stands for: `(apparent + specificity − 1) / (sensitivity + specificity − 1)`, cut to
    /// [0, 1]. Source: Rogan and Gladen 1978.
    #[must_use]
    pub fn correct(&self, apparent: f64) -> f64 {
        let better_than_chance = self.sensitivity + self.specificity - 1.0;
        ((apparent + self.specificity - 1.0) / better_than_chance).clamp(0.0, 1.0)
    }
}

/// Errors of the sentiment; the health score's share of positive less negative messages is corrected for them where both are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SentimentErrors {
    /// About positive messages.
    pub positive: Option<LabelErrors>,
    /// About negative messages.
    pub negative: Option<LabelErrors>,
}

/// Assumptions of the ROI model; what is assumed is marked so everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoiAssumptions {
    /// Cost of one support ticket in major units of the reporting currency.
    pub cost_per_ticket: Option<f64>,
    /// Share of peer-answered questions that would have been tickets.
    pub deflection_share: Option<f64>,
    /// Other levers by name: what is counted, and what one of it is worth.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub levers: BTreeMap<String, CountedLever>,
}

#[expect(
    clippy::derivable_impls,
    reason = "every assumption is spelt out as absent: none is ever made silently"
)]
impl Default for RoiAssumptions {
    fn default() -> Self {
        Self {
            cost_per_ticket: None,
            deflection_share: None,
            levers: BTreeMap::new(),
        }
    }
}

/// A lever that is counted and valued, as contents are: Σ over months of a KPI × what one is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountedLever {
    /// A KPI of [`CountedLever::COUNTS`].
    pub kpi: String,
    /// One item of it (`posts` of `ugc`); the whole KPI by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// What one is worth, in major units of the reporting currency.
    pub value: f64,
    /// The least that one is worth; `value` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The most that one is worth; `value` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl CountedLever {
    /// Counts of what happens, whose months add up, and whose worth is in no other lever (tickets and revenue are).
    pub const COUNTS: [&str; 10] = [
        "content_views",
        "feedback_threads",
        "live_attendees",
        "live_registrations",
        "mentions",
        "messages",
        "organic_traffic",
        "referrals",
        "registrations",
        "ugc",
    ];

    /// What one is worth: at least, probably, at most.
    #[must_use]
    pub fn worth(&self) -> (f64, f64, f64) {
        (
            self.low.unwrap_or(self.value),
            self.value,
            self.high.unwrap_or(self.value),
        )
    }
}

impl RoiAssumptions {
    /// Names that the model gives to rows of its own.
    const TAKEN: [&str; 13] = [
        "acquisition_savings",
        "content",
        "costs",
        "events",
        "gains",
        "incremental_margin",
        "member_months",
        "other",
        "payback_month",
        "people",
        "platform",
        "rewards",
        "roi",
    ];

    /// The key that is wrong within `[roi]`, and what to set.
    pub(super) fn validate(&self) -> Result<(), (String, String)> {
        let wrong = |key: &str, problem: &str| Err((key.to_owned(), problem.to_owned()));
        if self
            .cost_per_ticket
            .is_some_and(|cost| !(cost > 0.0 && cost.is_finite()))
        {
            return wrong("cost_per_ticket", "set an amount above 0, for example 6.5");
        }
        if self
            .deflection_share
            .is_some_and(|share| !(0.0..=1.0).contains(&share))
        {
            return wrong(
                "deflection_share",
                "set a share between 0 and 1, for example 0.3",
            );
        }
        let mut counted: BTreeMap<(&str, Option<&str>), &str> = BTreeMap::new();
        for (name, lever) in &self.levers {
            let key = |column: &str| format!("levers.{name}{column}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let taken = Self::TAKEN.contains(&name.as_str())
                || matches!(name.as_str(), "retention" | "spend" | "support_savings");
            if name.is_empty() || name.len() > 40 || !name.chars().all(plain) || taken {
                return Err((
                    key(""),
                    "call it by 1 to 40 of a-z, 0-9 and _, and by no name that the table roi uses"
                        .to_owned(),
                ));
            }
            if !CountedLever::COUNTS.contains(&lever.kpi.as_str()) {
                return Err((
                    key(".kpi"),
                    format!("set one of {}", CountedLever::COUNTS.join(", ")),
                ));
            }
            let (low, value, high) = lever.worth();
            if !(0.0 <= low && low <= value && value <= high && high.is_finite() && value > 0.0) {
                return Err((
                    key(".value"),
                    "set 0 ≤ low ≤ value ≤ high with a value above 0: what one is worth".to_owned(),
                ));
            }
            if let Some(other) = counted.insert((&lever.kpi, lever.item.as_deref()), name) {
                return Err((
                    key(".kpi"),
                    format!(
                        "levers.{other} counts the same: what is counted twice is no gain, keep one of the two"
                    ),
                ));
            }
        }
        for (name, lever) in &self.levers {
            if lever.item.is_some()
                && let Some(whole) = counted.get(&(lever.kpi.as_str(), None))
            {
                return Err((
                    format!("levers.{name}.item"),
                    format!(
                        "levers.{whole} counts all of {} already: keep one of the two",
                        lever.kpi
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// When jobs run, as EventBridge schedule expressions in the workspace's zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Schedules {
    /// Landing to events.
    pub compact: String,
    /// Everything nightly but the snapshot.
    pub nightly: String,
    /// The sealed ROI snapshot.
    pub snapshot: String,
    /// History from platforms that do not push.
    pub pull: String,
    /// Alerts: what fired or cleared is told, what could not be delivered is tried again.
    pub alert: String,
}

impl Default for Schedules {
    fn default() -> Self {
        Self {
            compact: "rate(15 minutes)".to_owned(),
            nightly: "cron(0 3 * * ? *)".to_owned(),
            snapshot: "cron(0 5 2 * ? *)".to_owned(),
            pull: "rate(1 hour)".to_owned(),
            alert: "rate(1 hour)".to_owned(),
        }
    }
}

/// How long raw bytes live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days of `drop/`, `landing/`, `quarantine/` and `refused/`.
    pub raw_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_days: 30 }
    }
}
