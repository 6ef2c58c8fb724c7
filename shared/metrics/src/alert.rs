//! Alerts: thresholds on any published figure, with hysteresis, so that a figure that hovers about its limit fires once.

use jiff::civil::Date;
use levier_domain::config::{Config, Threshold};
use levier_domain::table::{Row, Status};

/// The state of one configured alert after a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its name in the configuration.
    pub name: String,
    /// KPI id.
    pub kpi: String,
    /// Community or `all`.
    pub community: String,
    /// Whether it is on.
    pub firing: bool,
    /// Whether it was turned on by this run: what is sent.
    pub fired: bool,
    /// Whether it was turned off by this run.
    pub resolved: bool,
    /// The figure looked at.
    pub value: Option<f64>,
    /// Its period.
    pub period: Option<String>,
    /// Since which as-of day it has been on.
    pub since: Option<Date>,
    /// What to say.
    pub text: String,
}

/// The states of all configured alerts, from the rows of a run (tables `kpis` and `health`) and the states before it.
///
/// A threshold looks at the freshest figure: a rolling window, else the latest whole period. Without a figure the state before
/// is kept: silence is not recovery. The health score's own alert, `health_change`, fires when the interval of the difference
/// leaves 0 out and the score fell.
#[must_use]
pub fn alerts(rows: &[Row], previous: &[Alert], config: &Config) -> Vec<Alert> {
    let mut states: Vec<Alert> = config
        .alerts
        .iter()
        .map(|(name, threshold)| {
            let community = threshold.community.as_deref().unwrap_or("all");
            let row = freshest(rows, &threshold.kpi, community);
            let before = previous.iter().find(|alert| alert.name == *name);
            let was = before.is_some_and(|alert| alert.firing);
            let value = row.and_then(|row| row.value);
            let firing = value.map_or(was, |value| on(threshold, value, was));
            state(name, &threshold.kpi, community, row, firing, before)
        })
        .collect();
    for row in rows.iter().filter(|r| {
        r.kpi.as_deref() == Some("health_change") && r.text("component") == Some("score")
    }) {
        let community = row.community.as_deref().unwrap_or("all");
        let name = format!("health_change.{community}");
        let before = previous.iter().find(|alert| alert.name == name);
        let firing = row.upper.is_some_and(|upper| upper < 0.0);
        states.push(state(
            &name,
            "health_change",
            community,
            Some(row),
            firing,
            before,
        ));
    }
    states
}

/// Whether an alert is on, given whether it was.
fn on(threshold: &Threshold, value: f64, was: bool) -> bool {
    let slack = if was { threshold.hysteresis.abs() } else { 0.0 };
    threshold.below.is_some_and(|limit| value < limit + slack)
        || threshold.above.is_some_and(|limit| value > limit - slack)
}

fn state(
    name: &str,
    kpi: &str,
    community: &str,
    row: Option<&Row>,
    firing: bool,
    before: Option<&Alert>,
) -> Alert {
    let was = before.is_some_and(|alert| alert.firing);
    let value = row.and_then(|row| row.value);
    let period = row.and_then(|row| row.period.clone());
    let since = if !firing {
        None
    } else if was {
        before.and_then(|alert| alert.since)
    } else {
        row.and_then(|row| row.as_of)
    };
    let figure = value.map_or_else(|| "no figure".to_owned(), |value| value.to_string());
    let text = match (was, firing) {
        (false, true) => format!("{name}: {kpi} of {community} crossed its limit: {figure}"),
        (true, false) => format!("{name}: {kpi} of {community} is back: {figure}"),
        (true, true) => format!("{name}: {kpi} of {community} is still beyond its limit: {figure}"),
        (false, false) => format!("{name}: {kpi} of {community} is within its limits: {figure}"),
    };
    Alert {
        name: name.to_owned(),
        kpi: kpi.to_owned(),
        community: community.to_owned(),
        firing,
        fired: firing && !was,
        resolved: was && !firing,
        value,
        period,
        since,
        text,
    }
}

fn freshest<'a>(rows: &'a [Row], kpi: &str, community: &str) -> Option<&'a Row> {
    let whole = |row: &&Row, column: &str| matches!(row.text(column), None | Some("all" | "score"));
    rows.iter()
        .filter(|row| {
            row.kpi.as_deref() == Some(kpi) && row.community.as_deref() == Some(community)
        })
        .filter(|row| {
            matches!(row.segment.as_deref(), None | Some("all"))
                && row.status == Status::Ok
                && row.value.is_some()
        })
        .filter(|row| {
            ["side", "platform", "channel", "item", "component"]
                .iter()
                .all(|column| whole(row, column))
        })
        .max_by_key(|row| (rank(row), row.period.clone()))
}

fn rank(row: &Row) -> u8 {
    match (row.text("grain"), row.period.as_deref()) {
        (_, Some("28d" | "30d")) => 5,
        (Some("month"), _) => 4,
        (_, Some("90d")) => 3,
        (Some("all"), _) => 2,
        _ => 1,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn run(value: f64, previous: &[Alert]) -> Alert {
        let text = "[alerts.slow]\nkpi = \"stickiness\"\nbelow = 0.2\nhysteresis = 0.05\n";
        let config = Config::parse(text).unwrap();
        let mut row = Row::new(Status::Ok);
        row.kpi = Some("stickiness".to_owned());
        row.community = Some("all".to_owned());
        row.period = Some("28d".to_owned());
        row.as_of = Some(date(2026, 3, 1));
        row.value = Some(value);
        alerts(&[row.with("grain", "28d")], previous, &config).remove(0)
    }

    #[test]
    fn an_alert_fires_once_and_ends_only_beyond_its_hysteresis() {
        let quiet = run(0.3, &[]);
        assert!(!quiet.firing && !quiet.fired);
        let fired = run(0.19, &[quiet]);
        assert!(fired.firing && fired.fired && fired.since == Some(date(2026, 3, 1)));
        let hovering = run(0.22, &[fired]);
        assert!(hovering.firing && !hovering.fired && !hovering.resolved);
        let over = run(0.26, &[hovering]);
        assert!(!over.firing && over.resolved);
    }

    #[test]
    fn no_figure_keeps_the_state() {
        let fired = run(0.1, &[]);
        let config = Config::parse("[alerts.slow]\nkpi = \"stickiness\"\nbelow = 0.2\n").unwrap();
        let kept = alerts(&[], &[fired], &config).remove(0);
        assert!(kept.firing && !kept.fired);
    }
}
