//! `levier.toml`: everything a workspace says about itself. Unknown keys are refused, every key has a documented default, and
//! secrets occur only by reference.
//!
//! A file that holds only `[sources.*]` is valid.
//!
//! ```
//! use levier_domain::config::Config;
//! let config = Config::parse("[sources.forum]\nplatform = \"discourse\"\ncommunity = \"main\"\nsecret = \"env:S\"\n").unwrap();
//! assert_eq!(config.workspace.currency.code(), "EUR");
//! assert!(Config::parse("[workspace]\ncolour = \"red\"\n").unwrap_err().to_string().contains("colour"));
//! ```

mod measure;
mod notice;
mod reference;
mod source;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use measure::{
    Commerce, CountedLever, HealthWeights, Import, Join, LabelErrors, Privacy, Retention,
    RoiAssumptions, Schedules, SentimentErrors, Staff, UpliftOptions,
};
pub use notice::{AlertGrain, Destination, DestinationKind, LeadRule, Threshold};
pub use reference::{Reference, ReferenceError};
pub use source::{
    Encoding, HashAlgorithm, MapRule, OneOrMany, PullConfig, SourceConfig, TimestampUnit,
};

use crate::money::Currency;

/// The whole of `levier.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who and where.
    pub workspace: Workspace,
    /// What `receive` accepts.
    pub receive: Receive,
    /// Webhook sources, by route.
    pub sources: BTreeMap<String, SourceConfig>,
    /// Communities, by id.
    pub communities: BTreeMap<String, Community>,
    /// Who is staff.
    pub staff: Staff,
    /// Margin and churn.
    pub commerce: Commerce,
    /// What is suppressed.
    pub privacy: Privacy,
    /// How dropped files are judged.
    pub import: Import,
    /// How identities are resolved.
    pub join: Join,
    /// Headline estimators, covariates and windows.
    pub uplift: UpliftOptions,
    /// Weights of the health score.
    pub health: HealthWeights,
    /// Errors of the sentiment on labelled messages of one's own.
    pub sentiment: SentimentErrors,
    /// Assumptions of the ROI model.
    pub roi: RoiAssumptions,
    /// Community-qualified leads.
    pub qualified_leads: LeadRule,
    /// Alerts, by name.
    pub alerts: BTreeMap<String, Threshold>,
    /// Where alerts and the digest are sent, by name.
    pub notify: BTreeMap<String, Destination>,
    /// When jobs run.
    pub schedules: Schedules,
    /// How long raw bytes live.
    pub retention: Retention,
}

/// Who and where the workspace is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workspace {
    /// Shown on pages.
    pub name: String,
    /// IANA time zone in which days and months begin.
    pub timezone: String,
    /// Reporting currency.
    pub currency: Currency,
    /// ISO 3166 alpha-2, for phone numbers.
    pub country: String,
    /// Language of pages and files: `fr` or `en`.
    pub language: String,
    /// First month of the fiscal year, 1 to 12.
    pub fiscal_year_start: u8,
    /// Reference to the key with which e-mails and phones are hashed; made once and kept in the data folder when absent locally.
    pub hash_key: Option<Reference>,
}

impl Default for Workspace {
    fn default() -> Self {
        Self {
            name: "Levier".to_owned(),
            timezone: "Europe/Paris".to_owned(),
            currency: Currency::EUR,
            country: "FR".to_owned(),
            language: "fr".to_owned(),
            fiscal_year_start: 1,
            hash_key: None,
        }
    }
}

impl Workspace {
    /// The time zone; UTC only if [`Config::parse`] was bypassed.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.timezone).unwrap_or(TimeZone::UTC)
    }
}

/// Limits of `receive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Receive {
    /// Largest body taken, in bytes.
    pub max_body_bytes: usize,
}

impl Default for Receive {
    fn default() -> Self {
        Self {
            max_body_bytes: 4_194_304,
        }
    }
}

/// One community.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Community {
    /// Shown on pages; the id when absent.
    pub name: Option<String>,
    /// The day on which it opened; the first join when absent.
    pub launch: Option<Date>,
    /// Channels whose threads are not about the product.
    pub off_product_channels: Vec<String>,
    /// Channels in which feedback and ideas are given.
    pub feedback_channels: Vec<String>,
}

impl Config {
    /// Reads and validates the text of a `levier.toml`.
    ///
    /// # Errors
    /// [`ConfigError`] names the key and what to set.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::Toml(explain(text, &error)))?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, problem: String| {
            Err(ConfigError::Key {
                key: key.to_owned(),
                problem,
            })
        };
        if TimeZone::get(&self.workspace.timezone).is_err() {
            return wrong(
                "workspace.timezone",
                format!(
                    "`{}` is no IANA zone; set for example \"Europe/Paris\"",
                    self.workspace.timezone
                ),
            );
        }
        if self.workspace.country.len() != 2
            || !self
                .workspace
                .country
                .bytes()
                .all(|byte| byte.is_ascii_uppercase())
        {
            return wrong(
                "workspace.country",
                "set two capitals of ISO 3166, for example \"FR\"".to_owned(),
            );
        }
        if !matches!(self.workspace.language.as_str(), "fr" | "en") {
            return wrong("workspace.language", "set \"fr\" or \"en\"".to_owned());
        }
        if !(1..=12).contains(&self.workspace.fiscal_year_start) {
            return wrong(
                "workspace.fiscal_year_start",
                "set the number of a month, 1 to 12".to_owned(),
            );
        }
        if self.receive.max_body_bytes == 0 {
            return wrong(
                "receive.max_body_bytes",
                "set at least 1; 4194304 is the default".to_owned(),
            );
        }
        if let Some(margin) = self.commerce.margin
            && !(margin > 0.0 && margin <= 1.0)
        {
            return wrong(
                "commerce.margin",
                "set a share between 0 and 1, for example 0.6".to_owned(),
            );
        }
        if let Err((key, problem)) = self.health.validate() {
            return wrong(&format!("health.{key}"), problem);
        }
        if let Err((key, problem)) = self.uplift.validate() {
            return wrong(&format!("uplift.{key}"), problem);
        }
        if let Err((key, problem)) = self.roi.validate() {
            return wrong(&format!("roi.{key}"), problem);
        }
        // More days than a century would leave the calendar.
        if !(1..=36_500).contains(&self.retention.raw_days) {
            return wrong(
                "retention.raw_days",
                "set a number of days between 1 and 36500, for example 30; with 0 what arrives would be deleted before a mapping that cannot read it is mended".to_owned(),
            );
        }
        for name in self.sources.keys() {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
                return wrong(
                    &format!("sources.{name}"),
                    "a source's name is its route: 1 to 64 of a-z, 0-9 and -".to_owned(),
                );
            }
        }
        for (name, source) in &self.sources {
            if source.community.trim().is_empty() {
                return wrong(
                    &format!("sources.{name}.community"),
                    "set the community that the source belongs to".to_owned(),
                );
            }
        }
        notice::validate(self)
    }
}

/// Where and what, without the line itself: it may hold a secret that somebody wrote out.
fn explain(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count();
    let key = text.lines().nth(line).unwrap_or_default();
    let key = key.split('=').next().unwrap_or_default().trim();
    format!("line {}, `{key}`: {}", line + 1, error.message().trim())
}

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML, an unknown key, or a wrong type; the text has line and key.
    #[error("levier.toml cannot be read: {0}")]
    Toml(String),
    /// A value that makes no sense.
    #[error("levier.toml: `{key}`: {problem}")]
    Key {
        /// Dotted name.
        key: String,
        /// What is wrong and what to set.
        problem: String,
    },
    /// A reference that cannot be resolved.
    #[error("levier.toml: `{key}`: {problem}")]
    Reference {
        /// Dotted name.
        key: String,
        /// What is wrong and what to set.
        problem: String,
    },
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for (case, text, said) in [
            ("unknown key", "[workspace]\ncurency = \"EUR\"", "curency"),
            (
                "unknown zone",
                "[workspace]\ntimezone = \"Paris\"",
                "workspace.timezone",
            ),
            (
                "unknown currency",
                "[workspace]\ncurrency = \"EURO\"",
                "EURO",
            ),
            (
                "source name",
                "[sources.Forum]\nplatform = \"slack\"\ncommunity = \"main\"",
                "sources.Forum",
            ),
            (
                "secret in clear",
                "[sources.f]\nplatform = \"slack\"\ncommunity = \"main\"\nsecret = \"abc\"",
                "env:",
            ),
            (
                "unknown source key",
                "[sources.f]\nplatform = \"slack\"\ncommunity = \"main\"\nsecrt = \"env:A\"",
                "secrt",
            ),
            (
                "unknown key of a pull",
                "[sources.f]\nplatform = \"slack\"\ncommunity = \"main\"\n[sources.f.pull]\ntoken = \"env:A\"\nchanels = []",
                "chanels",
            ),
            (
                "a pull's token in clear",
                "[sources.f]\nplatform = \"slack\"\ncommunity = \"main\"\n[sources.f.pull]\ntoken = \"xoxb-1\"",
                "env:",
            ),
            (
                "a ticket that costs nothing",
                "[roi]\ncost_per_ticket = -6",
                "roi.cost_per_ticket",
            ),
            (
                "a headline that is no method",
                "[uplift.headline]\nrevenue_per_customer = \"nonsense\"",
                "uplift.headline.revenue_per_customer",
            ),
            (
                "a headline of a KPI with one method",
                "[uplift.headline]\nnps = \"naive\"",
                "uplift.headline.nps",
            ),
            (
                "a share over one",
                "[roi]\ndeflection_share = 30",
                "roi.deflection_share",
            ),
            (
                "a lever of a ratio",
                "[roi.levers.habit]\nkpi = \"stickiness\"\nvalue = 1",
                "set one of content_views",
            ),
            (
                "a lever by a name that is taken",
                "[roi.levers.support_savings]\nkpi = \"ugc\"\nvalue = 1",
                "no name that the table roi uses",
            ),
            (
                "a range that is none",
                "[roi.levers.ideas]\nkpi = \"ugc\"\nvalue = 10\nlow = 12",
                "low ≤ value ≤ high",
            ),
            (
                "two levers of one count",
                "[roi.levers.a]\nkpi = \"ugc\"\nvalue = 1\n[roi.levers.b]\nkpi = \"ugc\"\nvalue = 2",
                "levers.a counts the same",
            ),
            (
                "a lever of a part of another",
                "[roi.levers.a]\nkpi = \"ugc\"\nvalue = 1\n[roi.levers.b]\nkpi = \"ugc\"\nitem = \"posts\"\nvalue = 2",
                "levers.a counts all of ugc",
            ),
            (
                "margin over one",
                "[commerce]\nmargin = 60",
                "commerce.margin",
            ),
            (
                "a negative weight",
                "[health]\nspread = -0.1",
                "health.spread",
            ),
            (
                "a weight that is no number",
                "[health]\ngrowth = nan",
                "health.growth",
            ),
            (
                "an infinite weight",
                "[health]\nsentiment = inf",
                "health.sentiment",
            ),
            (
                "a required component without weight",
                "[health]\nresponsiveness = 0",
                "health.responsiveness",
            ),
            (
                "the other one",
                "[health]\nnewcomer_retention = 0.0",
                "health.newcomer_retention",
            ),
            (
                "weights whose sum is no number",
                "[health]\nresponsiveness = 1e308\nnewcomer_retention = 1e308",
                "health.",
            ),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{case}: {error}");
            assert!(
                !error.contains("\"abc\""),
                "{case} tells the secret: {error}"
            );
        }
    }

    #[test]
    fn weights_need_not_sum_to_one_and_some_may_be_nothing() {
        let config = Config::parse("[health]\nresponsiveness = 25\nsentiment = 0\n").unwrap();
        assert_eq!(
            (config.health.responsiveness, config.health.sentiment),
            (25.0, 0.0)
        );
    }
}
