//! What is settled before any result is seen: months, windows, slices, headline methods.

use std::collections::BTreeMap;

use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::time::Month;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entries;
use crate::person::TRAITS;
use crate::preview::Preview;

/// Arm of a randomised invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Was invited.
    Invited,
    /// Was held out.
    HeldOut,
}

/// One row of the export `assignments`: who was drawn into which arm, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Person id of `identity/`.
    pub person: String,
    /// The arm.
    pub group: Group,
    /// Month of the draw, as [`Month::index`].
    pub month: i32,
}

/// Everything that decides a plan.
#[derive(Clone, Debug)]
pub struct UpliftInput<'a> {
    /// The workspace's configuration.
    pub config: &'a Config,
    /// Day whose knowledge the facts rest on.
    pub as_of: Date,
    /// First month with facts (of the facts' manifest).
    pub first_month: Month,
    /// Last month with facts; left out when it still runs on the as-of day.
    pub last_month: Month,
    /// Where revenue comes from: `orders`, `invoices`, `subscriptions` or `none`.
    pub revenue_from: &'a str,
    /// Randomised invitations, if any.
    pub assignments: &'a [Assignment],
    /// Planned share of invited among the assigned, where it is known (0.9 when one in ten is held out).
    pub invited_share: Option<f64>,
    /// What a first pass has seen; without it nothing is winsorised, no trait is compared by, and persons are the units.
    pub preview: Option<&'a Preview>,
}

impl<'a> UpliftInput<'a> {
    /// Revenue from orders, nothing randomised, no first pass.
    #[must_use]
    pub fn new(config: &'a Config, as_of: Date, first_month: Month, last_month: Month) -> Self {
        Self {
            config,
            as_of,
            first_month,
            last_month,
            revenue_from: "orders",
            assignments: &[],
            invited_share: None,
            preview: None,
        }
    }
}

/// A part of the population for which results are published apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Slice {
    All,
    Segment(String),
    Community(String),
    Platform(String),
}

impl Slice {
    pub(crate) fn community(&self) -> &str {
        match self {
            Self::Community(name) => name,
            _ => "all",
        }
    }

    pub(crate) fn segment(&self) -> &str {
        match self {
            Self::Segment(name) => name,
            _ => "all",
        }
    }

    /// Slices of one kind are parts of one whole.
    pub(crate) fn kind(&self) -> u8 {
        match self {
            Self::All => 0,
            Self::Segment(_) => 1,
            Self::Community(_) => 2,
            Self::Platform(_) => 3,
        }
    }

    pub(crate) fn platform(&self) -> &str {
        match self {
            Self::Platform(name) => name,
            _ => "all",
        }
    }
}

/// What is settled before any result is seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub(crate) as_of: Date,
    /// First month of the window.
    pub(crate) first: i32,
    /// Last whole month.
    pub(crate) last: i32,
    pub(crate) min_cell: u64,
    pub(crate) currency: String,
    pub(crate) minor_per_major: f64,
    pub(crate) anticipation: f64,
    pub(crate) silence: i32,
    pub(crate) revenue_from: String,
    pub(crate) headline: BTreeMap<String, String>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) invited_share: Option<f64>,
    pub(crate) cap_minor: Option<i64>,
    /// Values of segment, country, lead source and plan that are told apart.
    pub(crate) traits: [Vec<String>; TRAITS],
    /// Whether the unit is the account.
    pub(crate) by_account: bool,
    /// Contribution margin, where it is configured.
    pub(crate) margin: Option<f64>,
    #[serde(with = "entries")]
    pub(crate) assignments: BTreeMap<String, (Group, i32)>,
}

/// Digest of the settings that results of a plan rest on: two that differ may say something else of the same facts.
#[must_use]
pub fn settings_digest(config: &Config) -> String {
    let places: Vec<(&str, String)> = config
        .sources
        .values()
        .map(|source| (source.community.as_str(), source.platform.to_string()))
        .collect();
    let mut settings = serde_json::json!({
        "commerce": config.commerce,
        "uplift": config.uplift,
        "min_cell": config.privacy.min_cell,
        "currency": config.workspace.currency,
        "timezone": config.workspace.timezone,
        "communities": config.communities.keys().collect::<Vec<_>>(),
        "places": places,
    });
    // Whether objects keep the order of their keys depends on what else is built with it; the digest must not.
    settings.sort_all_objects();
    hex::encode(Sha256::digest(settings.to_string()))
}

/// Months of entry pooled into one panel.
pub(crate) const WAVE_MONTHS: i32 = 3;
/// Seed of every simulated critical value: the same bands every time.
pub(crate) const SEED: u64 = 20_240_229;

impl Plan {
    /// Settles months, windows and slices.
    ///
    /// The window holds the last `uplift.window_months` whole months, but begins a month after the first fact at the
    /// earliest, so that whoever was a customer in the first month of facts is observed throughout.
    #[must_use]
    pub fn new(input: &UpliftInput<'_>) -> Self {
        let config = input.config;
        let day_after = input.as_of.tomorrow().unwrap_or(input.as_of);
        let runs = input.last_month.end_day() > day_after;
        let last = input.last_month.index() - i32::from(runs);
        let window = i32::try_from(config.uplift.window_months.clamp(2, 60)).unwrap_or(24);
        let first = (last - window + 1).max(input.first_month.index() + 1);
        let mut slices = vec![Slice::All];
        let mut segments = config.uplift.segments.clone();
        if segments.is_empty() {
            // Those that are frequent enough to say something about.
            segments = input
                .preview
                .map(|preview| preview.traits()[0].clone())
                .unwrap_or_default();
            segments.sort();
        }
        slices.extend(segments.into_iter().map(Slice::Segment));
        let mut communities: Vec<String> = config.communities.keys().cloned().collect();
        communities.extend(
            config
                .sources
                .values()
                .map(|source| source.community.clone()),
        );
        communities.sort();
        communities.dedup();
        if communities.len() > 1 {
            slices.extend(communities.into_iter().map(Slice::Community));
        }
        let mut platforms: Vec<String> = config
            .sources
            .values()
            .map(|source| source.platform.to_string())
            .collect();
        platforms.sort();
        platforms.dedup();
        if platforms.len() > 1 {
            slices.extend(platforms.into_iter().map(Slice::Platform));
        }
        let mut assignments: BTreeMap<String, (Group, i32)> = BTreeMap::new();
        for drawn in input.assignments {
            let entry = assignments
                .entry(drawn.person.clone())
                .or_insert((drawn.group, drawn.month));
            // The first draw holds; drawn twice in one month, held out holds, whatever the order of rows.
            if drawn.month < entry.1 || (drawn.month == entry.1 && drawn.group == Group::HeldOut) {
                *entry = (drawn.group, drawn.month);
            }
        }
        Self {
            as_of: input.as_of,
            first,
            last,
            min_cell: config.privacy.min_cell,
            currency: config.workspace.currency.code().to_owned(),
            minor_per_major: config.workspace.currency.minor_per_major() as f64,
            anticipation: f64::from(config.uplift.anticipation_months),
            silence: i32::try_from(config.commerce.churn_after_months.clamp(1, 60)).unwrap_or(12),
            revenue_from: input.revenue_from.to_owned(),
            headline: config.uplift.headline.clone(),
            slices,
            invited_share: input.invited_share,
            cap_minor: input.preview.and_then(Preview::cap_minor),
            traits: input.preview.map(Preview::traits).unwrap_or_default(),
            by_account: input.preview.is_some_and(Preview::by_account),
            margin: config.commerce.margin,
            assignments,
        }
    }

    /// First month of the window.
    #[must_use]
    pub fn first_month(&self) -> Month {
        Month::from_index(self.first)
    }

    /// Last whole month.
    #[must_use]
    pub fn last_month(&self) -> Month {
        Month::from_index(self.last)
    }

    pub(crate) fn major(&self, minor: i64) -> f64 {
        minor as f64 / self.minor_per_major
    }
}
