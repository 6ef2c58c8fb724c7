//! Alerts: limits on published figures, with hysteresis, so that a figure that hovers about its limit fires once.
//!
//! Over whole periods (day to year) an alert is replayed over the whole published series, so that its state is a function of the
//! figures and of nothing else: late data that change the past change the state with it. A rolling window has no past in the
//! tables; there the state of the last night before is what the next one continues. Without a figure the state stands as it was:
//! silence is not recovery.
//!
//! Besides the configured ones every workspace has `health_fell.*` and `health_rose.*` (the interval of the difference of the
//! health score leaves 0 out) and `source_silent.*` (a source is silent for longer than its rhythm).

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::config::{AlertGrain, Config, Threshold};
use levier_domain::table::{Row, Status};
use serde_json::Value as Json;

use crate::calendar::{AsOf, containing};
use crate::cell::Name;

/// Grains over which an alert is replayed.
const CALENDAR: [&str; 5] = ["day", "week", "month", "quarter", "year"];
/// Grains tried in turn where an alert names none.
const DEFAULT_GRAINS: [&str; 5] = ["28d", "30d", "month", "90d", "all"];

/// Said of an alert whose figure is not published.
pub const NO_FIGURE: &str = "needs: a published figure of this name and scope";
/// Said of an alert whose figure was withheld or missing this time.
pub const KEPT: &str = "no figure this time: the state before is kept";

/// How a figure says that a source behind it fell silent.
const SILENCE: &str = " is silent since ";

/// What an alert looks at.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    label: String,
    value: Option<f64>,
    change: Option<f64>,
}

/// Where an alert stands.
#[derive(Clone, Debug, Default, PartialEq)]
struct Standing {
    firing: bool,
    streak: u64,
    since: Option<String>,
    cleared: Option<String>,
}

impl Standing {
    fn of(row: Option<&Row>) -> Self {
        let text = |column: &str| row.and_then(|row| row.text(column)).map(str::to_owned);
        Self {
            firing: text("state").as_deref() == Some("firing"),
            streak: row
                .and_then(|row| row.own.get("streak"))
                .and_then(Json::as_u64)
                .unwrap_or(0),
            since: text("since"),
            cleared: text("cleared"),
        }
    }

    /// Goes one period on; `beyond` says whether the figure is beyond the limit, `needed` how often in a row it must be.
    fn step(&mut self, beyond: bool, needed: u64, label: &str) {
        if beyond {
            self.streak += 1;
            if !self.firing && self.streak >= needed {
                self.firing = true;
                self.since = Some(label.to_owned());
            }
        } else {
            if self.firing {
                self.cleared = Some(label.to_owned());
            }
            self.firing = false;
            self.streak = 0;
            self.since = None;
        }
    }

    fn onto(self, row: Row) -> Row {
        row.with("state", if self.firing { "firing" } else { "clear" })
            .with("streak", self.streak)
            .with("since", self.since)
            .with("cleared", self.cleared)
    }
}

/// Rows of the table `alerts`: one per alert, with its state after the run of `as_of`.
///
/// `figures` are the rows of the tables `kpis`, `health` and `roi`; `sources` those of `sources`; `previous` the alerts of the
/// last run of an earlier day. Only published figures are looked at, so that nothing withheld shows through.
#[must_use]
pub fn alerts(
    figures: &[Row],
    sources: &[Row],
    previous: &[Row],
    as_of: impl Into<AsOf>,
    config: &Config,
) -> Vec<Row> {
    let as_of: AsOf = as_of.into();
    let running = running(
        as_of,
        &config.workspace.zone(),
        config.workspace.fiscal_year_start,
    );
    let as_of = as_of.day;
    let before = |name: &str| previous.iter().find(|row| row.text("alert") == Some(name));
    let mut rows: Vec<Row> = config
        .alerts
        .iter()
        .map(|(name, rule)| threshold(name, rule, figures, before(name), (as_of, &running)))
        .collect();
    rows.extend(health_changes(figures, &before, as_of));
    rows.extend(
        sources
            .iter()
            .filter_map(|source| silent(source, &before, as_of)),
    );
    rows.sort_by(|a, b| a.text("alert").cmp(&b.text("alert")));
    rows
}

/// The periods that are not over, by grain.
fn running(as_of: AsOf, zone: &TimeZone, fiscal_start: u8) -> Vec<(&'static str, Name)> {
    CALENDAR
        .into_iter()
        .map(|grain| containing(grain, as_of.day, as_of, zone, fiscal_start))
        .filter(|span| span.partial)
        .map(|span| (span.grain, span.name))
        .collect()
}

fn blank(name: &str, kind: &str, kpi: &str, community: &str, segment: &str, as_of: Date) -> Row {
    let mut row = Row::new(Status::Ok);
    row.as_of = Some(as_of);
    row.community = Some(community.to_owned());
    row.segment = Some(segment.to_owned());
    row.kpi = Some(kpi.to_owned());
    row.with("alert", name).with("kind", kind)
}

fn threshold(
    name: &str,
    rule: &Threshold,
    figures: &[Row],
    before: Option<&Row>,
    (as_of, running): (Date, &[(&str, Name)]),
) -> Row {
    let community = rule.community.as_deref().unwrap_or("all");
    let segment = rule.segment.as_deref().unwrap_or("all");
    let (grain, series) = series(figures, rule, (community, segment), running);
    let rolling = !CALENDAR.contains(&grain);
    let mut standing = if rolling {
        Standing::of(before)
    } else {
        Standing::default()
    };
    let points = points(&series, rolling, as_of);
    for point in &points {
        if let Some(beyond) = beyond(rule, point, standing.firing) {
            standing.step(beyond, u64::from(rule.for_periods), &point.label);
        }
    }
    let mut row = blank(name, "threshold", &rule.kpi, community, segment, as_of);
    match series.last() {
        None => {
            row.status = Status::Missing;
            row.reason = Some(missing(figures, rule, community, segment));
            row.period = rule.grain.map(|grain| grain.name().to_owned());
            // What was never seen is not remembered either, unless a figure of a rolling window is only gone for now.
            standing = Standing::of(before);
        }
        Some(last) => {
            row.period.clone_from(&last.period);
            row.value = last.value;
            row.n = last.n;
            row.lower = last.lower;
            row.upper = last.upper;
            row.unit.clone_from(&last.unit);
            row.status = last.status;
            if last.status != Status::Ok {
                row.reason = Some(KEPT.to_owned());
            }
        }
    }
    let change = points.last().and_then(|point| point.change);
    // Where the last figure is withheld or missing, the one that the state rests on is told.
    let told = points
        .iter()
        .rev()
        .find(|point| point.value.is_some())
        .filter(|_| row.value.is_none() && !rolling);
    if let Some(told) = told {
        row = row
            .with("last_value", told.value)
            .with("last_period", told.label.as_str());
    }
    let row = row
        .with("severity", "warning")
        .with("grain", grain)
        .with("side", rule.side.as_deref().unwrap_or("all"))
        .with("platform", rule.platform.as_deref().unwrap_or("all"))
        .with("channel", rule.channel.as_deref().unwrap_or("all"))
        .with("item", rule.item.as_deref().unwrap_or("all"))
        .with("below", rule.below)
        .with("above", rule.above)
        .with("falls_by", rule.falls_by)
        .with("rises_by", rule.rises_by)
        .with("hysteresis", rule.hysteresis)
        .with("for_periods", rule.for_periods)
        .with("change", change);
    standing.onto(row)
}

/// Whether a figure is beyond the limits of a rule, given whether the alert is on; `None` where it cannot be told.
fn beyond(rule: &Threshold, point: &Point, firing: bool) -> Option<bool> {
    let slack = if firing { rule.hysteresis } else { 0.0 };
    let value = point.value?;
    let level = rule.below.is_some_and(|limit| value < limit + slack)
        || rule.above.is_some_and(|limit| value > limit - slack);
    if level || (rule.falls_by.is_none() && rule.rises_by.is_none()) {
        return Some(level);
    }
    let change = point.change?;
    // A fifth less is a fifth less, whatever the last bit of the quotient.
    let slack = slack + 1e-12;
    Some(
        rule.falls_by.is_some_and(|share| change <= slack - share)
            || rule.rises_by.is_some_and(|share| change >= share - slack),
    )
}

/// The figures that an alert looks at, oldest first, and the grain that was chosen.
fn series<'a>(
    figures: &'a [Row],
    rule: &Threshold,
    (community, segment): (&str, &str),
    running: &[(&str, Name)],
) -> (&'static str, Vec<&'a Row>) {
    let wanted = [
        ("side", &rule.side),
        ("platform", &rule.platform),
        ("channel", &rule.channel),
        ("item", &rule.item),
    ];
    let of_rule: Vec<&Row> = figures
        .iter()
        .filter(|row| {
            row.kpi.as_deref() == Some(rule.kpi.as_str())
                && row.community.as_deref() == Some(community)
                && row.segment.as_deref().unwrap_or("all") == segment
                // The running period is not looked at, withheld or not; a whole one that a silent source left incomplete is a gap.
                && !running.iter().any(|(grain, period)| {
                    row.period.as_deref() == Some(&**period) && grain_of(row) == *grain
                })
                && (row.status != Status::Partial
                    || row.reason.as_deref().is_some_and(|said| said.contains(SILENCE)))
                && matches!(row.text("component"), None | Some("score"))
                && matches!(row.text("scenario"), None | Some("central"))
        })
        .filter(|row| {
            wanted.iter().all(|(column, wanted)| {
                let held = row.text(column).unwrap_or("all");
                // The return is the item of its own name beside the levers that it is made of.
                held == wanted.as_deref().unwrap_or("all")
                    || (*column == "item" && wanted.is_none() && held == rule.kpi)
            })
        })
        .collect();
    let of_grain = |grain: &str| -> Vec<&Row> {
        let mut rows: Vec<&Row> = of_rule
            .iter()
            .copied()
            .filter(|row| grain_of(row) == grain)
            .collect();
        rows.sort_by(|a, b| a.period.cmp(&b.period));
        rows
    };
    match rule.grain.map(AlertGrain::name) {
        Some(grain) => (grain, of_grain(grain)),
        None => DEFAULT_GRAINS
            .into_iter()
            .map(|grain| (grain, of_grain(grain)))
            .find(|(_, rows)| !rows.is_empty())
            .unwrap_or(("month", Vec::new())),
    }
}

/// The grain of a row: its column, else what its period's name tells.
fn grain_of(row: &Row) -> &str {
    if let Some(grain) = row.text("grain") {
        return grain;
    }
    let period = row.period.as_deref().unwrap_or("all");
    match period.len() {
        7 if !period.contains(['Q', 'W']) => "month",
        7 => "quarter",
        8 => "week",
        10 => "day",
        4 => "year",
        _ => period,
    }
}

/// Most values of a column that are named.
const NAMED: usize = 8;

/// Why an alert has no figure: the first column in which its scope is not that of any figure of its KPI, with the values that
/// there are. Channels are not named: the name of a closed one may say who is in it.
fn missing(figures: &[Row], rule: &Threshold, community: &str, segment: &str) -> String {
    let mut rows: Vec<&Row> = figures
        .iter()
        .filter(|row| row.kpi.as_deref() == Some(&*rule.kpi) && row.status != Status::Missing)
        .collect();
    let all = |wanted: &Option<String>| wanted.clone().unwrap_or_else(|| "all".to_owned());
    let held = |row: &Row, column: &str| -> String {
        match column {
            "community" => row.community.clone().unwrap_or_default(),
            "segment" => row.segment.clone().unwrap_or_else(|| "all".to_owned()),
            "grain" => grain_of(row).to_owned(),
            column => row.text(column).unwrap_or("all").to_owned(),
        }
    };
    let values = |rows: &[&Row], column: &str| -> String {
        let values: BTreeSet<String> = rows.iter().map(|row| held(row, column)).collect();
        let mut named: Vec<&str> = values.iter().take(NAMED).map(String::as_str).collect();
        if values.len() > NAMED {
            named.push("…");
        }
        named.join(", ")
    };
    if rows.is_empty() {
        return NO_FIGURE.to_owned();
    }
    for (column, wanted) in [
        ("community", community.to_owned()),
        ("segment", segment.to_owned()),
        ("side", all(&rule.side)),
        ("platform", all(&rule.platform)),
        ("item", all(&rule.item)),
    ] {
        let fitting: Vec<&Row> = rows
            .iter()
            .copied()
            .filter(|row| {
                let held = held(row, column);
                held == wanted || (column == "item" && rule.item.is_none() && held == rule.kpi)
            })
            .collect();
        if fitting.is_empty() {
            let mut there = [column, " = ", &values(&rows, column)].concat();
            if column == "item" {
                there.push_str(&format!(" (grain = {})", values(&rows, "grain")));
            }
            return format!("needs: a figure that is published, with {there}");
        }
        rows = fitting;
    }
    // What is left to be wrong is the period; where it is there too, the figure is of a period that still runs.
    let looked_at = |grain: &str| match rule.grain {
        Some(wanted) => wanted.name() == grain,
        None => DEFAULT_GRAINS.contains(&grain),
    };
    if rows.iter().any(|row| looked_at(grain_of(row))) {
        return NO_FIGURE.to_owned();
    }
    format!(
        "needs: a figure that is published, with grain = {}",
        values(&rows, "grain")
    )
}

fn points(series: &[&Row], rolling: bool, as_of: Date) -> Vec<Point> {
    let figure = |row: &Row| {
        row.value
            .filter(|value| value.is_finite() && row.status == Status::Ok)
    };
    let label = |row: &Row| {
        if rolling {
            as_of.to_string()
        } else {
            row.period.clone().unwrap_or_default()
        }
    };
    series
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let value = figure(row);
            let earlier = at.checked_sub(1).and_then(|at| figure(series[at]));
            Point {
                label: label(row),
                value,
                change: value
                    .zip(earlier)
                    .filter(|(_, earlier)| *earlier != 0.0)
                    .map(|(value, earlier)| (value - earlier) / earlier.abs()),
            }
        })
        .collect()
}

/// Alerts of the health score: its change over 30 days, told from chance.
fn health_changes<'a>(
    figures: &'a [Row],
    before: &impl Fn(&str) -> Option<&'a Row>,
    as_of: Date,
) -> Vec<Row> {
    let of = |kpi: &'static str, period: &'static str| {
        figures.iter().filter(move |row| {
            row.kpi.as_deref() == Some(kpi)
                && row.text("component") == Some("score")
                && row.period.as_deref() == Some(period)
        })
    };
    let mut communities: BTreeSet<&str> = of("health_score", "30d")
        .filter_map(|row| row.community.as_deref())
        .collect();
    // A single community is the whole: told once.
    if communities.len() == 2 && communities.contains("all") {
        communities.retain(|name| *name == "all");
    }
    let mut rows = Vec::new();
    for community in communities {
        let change =
            of("health_change", "30d").find(|row| row.community.as_deref() == Some(community));
        for (kind, severity) in [("health_fell", "warning"), ("health_rose", "info")] {
            let name = format!("{kind}.{community}");
            let mut standing = Standing::of(before(&name));
            let mut row = blank(&name, kind, "health_change", community, "all", as_of);
            row.period = Some("30d".to_owned());
            match change.filter(|change| change.status == Status::Ok) {
                Some(change) => {
                    row.value = change.value;
                    row.lower = change.lower;
                    row.upper = change.upper;
                    row.n = change.n;
                    row.unit.clone_from(&change.unit);
                    let excluded = if kind == "health_fell" {
                        change.upper.is_some_and(|upper| upper < 0.0)
                    } else {
                        change.lower.is_some_and(|lower| lower > 0.0)
                    };
                    standing.step(excluded, 1, &as_of.to_string());
                }
                None => {
                    row.status = Status::Missing;
                    row.reason = Some(KEPT.to_owned());
                }
            }
            rows.push(standing.onto(row.with("severity", severity)));
        }
    }
    rows
}

/// The alert of one source; `None` for one from which nothing ever came: it is not silent, it has not begun.
fn silent<'a>(source: &Row, before: &impl Fn(&str) -> Option<&'a Row>, as_of: Date) -> Option<Row> {
    let route = source.text("source")?;
    if source.status == Status::Never {
        return None;
    }
    let name = format!("source_silent.{route}");
    let mut standing = Standing::of(before(&name));
    // Silence began with the last delivery, whenever it was noticed.
    let last = source.text("last_received_at").unwrap_or_default();
    let label = if source.status == Status::Quiet && !last.is_empty() {
        last.to_owned()
    } else {
        as_of.to_string()
    };
    standing.step(source.status == Status::Quiet, 1, &label);
    let community = source.community.as_deref().unwrap_or("all");
    let mut row = blank(
        &name,
        "source_silent",
        "source_silent",
        community,
        "all",
        as_of,
    );
    row.period = Some("now".to_owned());
    let row = row
        .with("severity", "warning")
        .with("source", route)
        .with("platform", source.text("platform"))
        .with("last_received_at", source.text("last_received_at"));
    Some(standing.onto(row))
}

#[cfg(test)]
mod tests;
