//! What somebody is told: alerts, where they are sent, and which leads go to the sales team.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError, Reference};

/// Community-qualified leads: a lead that contributed enough before it became a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeadRule {
    /// Least contributions in the window.
    pub min_contributions: u32,
    /// Window in days.
    pub window_days: u32,
    /// CRM lifecycles that count as leads.
    pub lifecycles: Vec<String>,
    /// Kinds of contribution that count (`message_posted`, `live_attended`…); every kind when empty.
    pub kinds: Vec<String>,
    /// Channels in which contributions count; every channel when empty.
    pub channels: Vec<String>,
    /// Communities in which contributions count; every one when empty.
    pub communities: Vec<String>,
}

impl Default for LeadRule {
    fn default() -> Self {
        Self {
            min_contributions: 3,
            window_days: 90,
            lifecycles: [
                "subscriber",
                "lead",
                "marketing_qualified",
                "sales_qualified",
                "opportunity",
            ]
            .map(str::to_owned)
            .to_vec(),
            kinds: Vec::new(),
            channels: Vec::new(),
            communities: Vec::new(),
        }
    }
}

/// Of which periods an alert looks at the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlertGrain {
    /// Whole days.
    #[serde(rename = "day")]
    Day,
    /// Whole ISO weeks.
    #[serde(rename = "week")]
    Week,
    /// Whole months.
    #[serde(rename = "month")]
    Month,
    /// Whole quarters.
    #[serde(rename = "quarter")]
    Quarter,
    /// Whole years.
    #[serde(rename = "year")]
    Year,
    /// The last 28 days, every night anew.
    #[serde(rename = "28d")]
    Rolling28,
    /// The last 30 days, every night anew: the window of the health score.
    #[serde(rename = "30d")]
    Rolling30,
    /// The last 90 days, every night anew.
    #[serde(rename = "90d")]
    Rolling90,
}

impl AlertGrain {
    /// Its name in rows and in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Rolling28 => "28d",
            Self::Rolling30 => "30d",
            Self::Rolling90 => "90d",
        }
    }

    /// Whether it is a window that ends with the as-of day: it has no past in the tables.
    #[must_use]
    pub fn is_rolling(self) -> bool {
        matches!(self, Self::Rolling28 | Self::Rolling30 | Self::Rolling90)
    }
}

/// One alert: a published figure, its limits, and how far it must come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// KPI id, or `health_score`.
    pub kpi: String,
    /// Community; `all` when absent.
    pub community: Option<String>,
    /// Segment; `all` when absent.
    pub segment: Option<String>,
    /// `member` or `non_member`; `all` when absent.
    pub side: Option<String>,
    /// Platform; `all` when absent.
    pub platform: Option<String>,
    /// Channel; `all` when absent.
    pub channel: Option<String>,
    /// Part of the KPI; the whole when absent.
    pub item: Option<String>,
    /// Of which periods; when absent, the rolling window where the KPI has one, else whole months.
    pub grain: Option<AlertGrain>,
    /// Fires under this value.
    pub below: Option<f64>,
    /// Fires over this value.
    pub above: Option<f64>,
    /// Fires when the figure loses this share of the period before (0.1: a tenth).
    pub falls_by: Option<f64>,
    /// Fires when the figure gains this share of the period before.
    pub rises_by: Option<f64>,
    /// How far beyond its limit the figure must come back before the alert is over, in its own unit.
    #[serde(default)]
    pub hysteresis: f64,
    /// Periods in a row (nights, for a rolling window) that must be beyond the limit before it fires.
    #[serde(default = "one")]
    pub for_periods: u32,
}

fn one() -> u32 {
    1
}

/// Whose figures there are; those of all together need no side.
const SIDES: [&str; 3] = ["all", "member", "non_member"];
/// A rise of this many times the period before is a percentage written as a number.
const MOST_RISE: f64 = 5.0;

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DestinationKind {
    /// A Slack incoming webhook.
    Slack,
    /// A Teams workflow that takes webhook requests.
    Teams,
    /// A topic of Amazon SNS.
    Sns,
}

/// Where alerts and the digest are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// How.
    pub kind: DestinationKind,
    /// Reference to the webhook's address, which is a secret.
    pub url: Option<Reference>,
    /// ARN of the SNS topic.
    pub topic_arn: Option<String>,
    /// `fr` or `en`; the workspace's when absent.
    pub language: Option<String>,
    /// Whether alerts are sent here.
    #[serde(default = "yes")]
    pub alerts: bool,
    /// Whether the weekly digest is sent here.
    #[serde(default = "yes")]
    pub digest: bool,
}

fn yes() -> bool {
    true
}

/// Whether a name is letters, digits, - and _, of whatever language.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.chars().all(plain)
}

fn wrong(key: String, problem: &str) -> Result<(), ConfigError> {
    Err(ConfigError::Key {
        key,
        problem: problem.to_owned(),
    })
}

/// Checks what is told, and to whom.
pub(super) fn validate(config: &Config) -> Result<(), ConfigError> {
    for (label, errors) in [
        ("positive", config.sentiment.positive),
        ("negative", config.sentiment.negative),
    ] {
        let share = |x: f64| (0.0..=1.0).contains(&x);
        if let Some(errors) = errors
            && !(share(errors.sensitivity)
                && share(errors.specificity)
                && errors.sensitivity + errors.specificity > 1.0)
        {
            return wrong(
                format!("sentiment.{label}"),
                "sensitivity and specificity are shares whose sum is over 1 (under it the reading is no better than chance, and cannot be corrected); levier sentiment evaluate prints them",
            );
        }
    }
    alerts(&config.alerts)?;
    destinations(&config.notify)?;
    if config.qualified_leads.min_contributions == 0 || config.qualified_leads.window_days == 0 {
        return wrong(
            "qualified_leads".to_owned(),
            "set min_contributions and window_days to at least 1; 3 and 90 are the defaults",
        );
    }
    lifecycles(&config.qualified_leads.lifecycles)?;
    for kind in &config.qualified_leads.kinds {
        let known = kind
            .parse::<crate::event::Kind>()
            .is_ok_and(crate::event::Kind::is_contribution);
        if !known {
            return wrong(
                "qualified_leads.kinds".to_owned(),
                &format!(
                    "`{kind}` is no contribution; write for example \"message_posted\" or \"live_attended\""
                ),
            );
        }
    }
    Ok(())
}

fn lifecycles(wanted: &[String]) -> Result<(), ConfigError> {
    let known = crate::entity::LIFECYCLES;
    let unknown = wanted.iter().find(|one| !known.contains(&one.as_str()));
    let problem = match unknown {
        Some(one) => format!("there is no lifecycle `{one}`"),
        None if wanted.is_empty() => "without a lifecycle nobody could be a lead".to_owned(),
        None => return Ok(()),
    };
    wrong(
        "qualified_leads.lifecycles".to_owned(),
        &format!("{problem}; name at least one of {}", known.join(", ")),
    )
}

fn alerts(alerts: &BTreeMap<String, Threshold>) -> Result<(), ConfigError> {
    for (name, alert) in alerts {
        let key = |what: &str| format!("alerts.{name}{what}");
        if !is_name(name) {
            return wrong(
                key(""),
                "an alert's name is shown to people: letters, digits, - and _",
            );
        }
        let limits = [alert.below, alert.above, alert.falls_by, alert.rises_by];
        if limits.iter().flatten().count() == 0 {
            return wrong(
                key(""),
                "set a limit: below, above, falls_by or rises_by; without one it could never fire",
            );
        }
        if limits.iter().flatten().any(|limit| !limit.is_finite()) {
            return wrong(
                key(""),
                "a limit is a plain number, for example below = 0.2",
            );
        }
        if [alert.falls_by, alert.rises_by]
            .iter()
            .flatten()
            .any(|share| *share <= 0.0)
        {
            return wrong(
                key(""),
                "falls_by and rises_by are shares of the period before, over 0: 0.1 is a tenth",
            );
        }
        if alert.falls_by.is_some_and(|share| share >= 1.0)
            || alert.rises_by.is_some_and(|share| share >= MOST_RISE)
        {
            return wrong(
                key(""),
                "falls_by and rises_by are shares of the period before: write 0.3 for 30 %; falls_by is under 1 (a figure of 0 is below = …), rises_by under 5",
            );
        }
        if let Some(side) = &alert.side
            && !SIDES.contains(&side.as_str())
        {
            return wrong(
                key(".side"),
                &format!(
                    "there is no side `{side}`; set \"member\" or \"non_member\", or take it out for all together"
                ),
            );
        }
        let of_health = alert.kpi.starts_with("health_");
        let has = |grain| match grain {
            AlertGrain::Rolling30 => of_health,
            AlertGrain::Month => true,
            _ => !of_health,
        };
        if let Some(grain) = alert.grain.filter(|grain| !has(*grain)) {
            return wrong(
                key(".grain"),
                &format!(
                    "there is no figure of `{}` over {}; {}",
                    alert.kpi,
                    grain.name(),
                    if of_health {
                        "the health score is over 30d and month"
                    } else {
                        "30d is the window of the health score; set 28d"
                    }
                ),
            );
        }
        if (alert.falls_by.is_some() || alert.rises_by.is_some())
            && alert.grain.is_none_or(AlertGrain::is_rolling)
        {
            return wrong(
                key(".grain"),
                "a change is from one whole period to the next; set day, week, month, quarter or year",
            );
        }
        if let (Some(below), Some(above)) = (alert.below, alert.above)
            && below > above
        {
            return wrong(
                key(""),
                "below is over above, so that it would always fire; with both set it fires outside of [below, above]",
            );
        }
        if !alert.hysteresis.is_finite() || alert.hysteresis < 0.0 {
            return wrong(
                key(".hysteresis"),
                "set how far the figure must come back, 0 or more, in the unit of its limit",
            );
        }
        // Over is what is as far within both limits.
        if let (Some(below), Some(above)) = (alert.below, alert.above)
            && alert.hysteresis * 2.0 > above - below
        {
            return wrong(
                key(".hysteresis"),
                "it is over half of what lies between below and above, so that the alert could never be over; set less",
            );
        }
        if !(1..=60).contains(&alert.for_periods) {
            return wrong(
                key(".for_periods"),
                "set how many periods in a row must be beyond the limit, 1 to 60",
            );
        }
    }
    Ok(())
}

fn destinations(destinations: &BTreeMap<String, Destination>) -> Result<(), ConfigError> {
    for (name, destination) in destinations {
        let key = |what: &str| format!("notify.{name}{what}");
        if !is_name(name) {
            return wrong(key(""), "a destination's name is letters, digits, - and _");
        }
        match destination.kind {
            DestinationKind::Slack | DestinationKind::Teams => {
                if destination.url.is_none() {
                    return wrong(
                        key(".url"),
                        "set a reference to the address of the webhook, for example \"env:SLACK_WEBHOOK_URL\"",
                    );
                }
                if destination.topic_arn.is_some() {
                    return wrong(key(".topic_arn"), "belongs to kind = \"sns\"; take it out");
                }
            }
            DestinationKind::Sns => {
                let arn = destination.topic_arn.as_deref().unwrap_or_default();
                if !arn.starts_with("arn:") || arn.split(':').count() != 6 {
                    return wrong(
                        key(".topic_arn"),
                        "set the ARN of the topic, arn:aws:sns:REGION:ACCOUNT:NAME",
                    );
                }
                if destination.url.is_some() {
                    return wrong(
                        key(".url"),
                        "belongs to kind = \"slack\" or \"teams\"; take it out",
                    );
                }
            }
        }
        if let Some(language) = &destination.language
            && !matches!(language.as_str(), "fr" | "en")
        {
            return wrong(key(".language"), "set \"fr\" or \"en\"");
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_could_never_fire_or_never_arrive_is_refused() {
        for (case, text, said) in [
            ("no limit", "[alerts.a]\nkpi = \"nps\"", "set a limit"),
            (
                "always",
                "[alerts.a]\nkpi = \"nps\"\nbelow = 3\nabove = 1",
                "always fire",
            ),
            (
                "change of a rolling window",
                "[alerts.a]\nkpi = \"nps\"\nfalls_by = 0.1",
                "alerts.a.grain",
            ),
            (
                "negative hysteresis",
                "[alerts.a]\nkpi = \"nps\"\nbelow = 3\nhysteresis = -1",
                "alerts.a.hysteresis",
            ),
            (
                "name of several words",
                "[alerts.\"été brûlé\"]\nkpi = \"nps\"\nbelow = 3",
                "letters, digits, - and _",
            ),
            (
                "side",
                "[alerts.a]\nkpi = \"nps\"\nbelow = 3\nside = \"members\"",
                "alerts.a.side",
            ),
            (
                "window of the health score",
                "[alerts.a]\nkpi = \"messages\"\nbelow = 3\ngrain = \"30d\"",
                "set 28d",
            ),
            (
                "health score by week",
                "[alerts.a]\nkpi = \"health_score\"\nbelow = 3\ngrain = \"week\"",
                "30d and month",
            ),
            (
                "per cent for a share",
                "[alerts.a]\nkpi = \"messages\"\nfalls_by = 30\ngrain = \"week\"",
                "write 0.3 for 30 %",
            ),
            (
                "per cent of a rise",
                "[alerts.a]\nkpi = \"messages\"\nrises_by = 50\ngrain = \"week\"",
                "write 0.3 for 30 %",
            ),
            (
                "never over",
                "[alerts.a]\nkpi = \"nps\"\nbelow = 1\nabove = 3\nhysteresis = 1.1",
                "never be over",
            ),
            (
                "lifecycle",
                "[qualified_leads]\nlifecycles = [\"Lead\", \"prospect\"]",
                "there is no lifecycle `Lead`",
            ),
            (
                "no lifecycle",
                "[qualified_leads]\nlifecycles = []",
                "qualified_leads.lifecycles",
            ),
            (
                "no periods",
                "[alerts.a]\nkpi = \"nps\"\nbelow = 3\nfor_periods = 0",
                "alerts.a.for_periods",
            ),
            (
                "unknown grain",
                "[alerts.a]\nkpi = \"nps\"\nbelow = 3\ngrain = \"decade\"",
                "decade",
            ),
            (
                "webhook without address",
                "[notify.a]\nkind = \"slack\"",
                "notify.a.url",
            ),
            (
                "address in clear",
                "[notify.a]\nkind = \"slack\"\nurl = \"https://hooks.example.com/x\"",
                "never the value",
            ),
            (
                "topic by name",
                "[notify.a]\nkind = \"sns\"\ntopic_arn = \"alerts\"",
                "notify.a.topic_arn",
            ),
            ("unknown kind", "[notify.a]\nkind = \"pigeon\"", "pigeon"),
            (
                "language",
                "[notify.a]\nkind = \"slack\"\nurl = \"env:A\"\nlanguage = \"de\"",
                "notify.a.language",
            ),
            (
                "kind of contribution",
                "[qualified_leads]\nkinds = [\"content_viewed\"]",
                "content_viewed",
            ),
        ] {
            let error = Config::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{case}: {error}");
        }
        for fits in [
            "[alerts.\"été\"]\nkpi = \"messages\"\nrises_by = 1.5\ngrain = \"week\"",
            "[alerts.a]\nkpi = \"nps\"\nbelow = 1\nabove = 3\nhysteresis = 1",
            "[alerts.a]\nkpi = \"health_score\"\nbelow = 40\ngrain = \"30d\"",
            "[qualified_leads]\nlifecycles = [\"lead\"]",
        ] {
            assert!(Config::parse(fits).is_ok(), "{fits}");
        }
        let whole = "[alerts.a]\nkpi = \"nps\"\nfalls_by = 0.1\ngrain = \"month\"\n[notify.a]\nkind = \"teams\"\nurl = \"env:A\"\n";
        let config = Config::parse(whole).unwrap();
        assert_eq!(config.alerts["a"].for_periods, 1);
        assert!(config.notify["a"].alerts && config.notify["a"].digest);
    }
}
