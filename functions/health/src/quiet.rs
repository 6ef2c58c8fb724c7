//! Sources that fell silent: the figures that depend on them are marked, not lowered, and the health score is suspended.
//!
//! Only sources of the configuration count: of one that was taken out of it nothing is expected. Only those that brought what the
//! score lives on suspend it: payments, CRM records and surveys stop without anybody having said less. Silences that are over are
//! not looked for: what was delivered late, pulled or dropped since may have filled them, which the times of receipt do not tell.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::event::Kind;
use levier_domain::table::{Row, Status, TableName};
use levier_metrics::calendar::{GRAINS, spans};
use levier_metrics::{FROM_EVENTS, Silence};
use levier_runtime::{Dependencies, JobError};

/// A source that is silent for longer than its rhythm, as compaction found.
pub struct Quiet {
    source: String,
    platform: String,
    community: String,
    since: Timestamp,
    /// Whether contributions came from it, other than answers to surveys, which come in waves.
    talks: bool,
}

/// Every source that is silent now.
pub async fn quiet(deps: &Dependencies) -> Result<Vec<Quiet>, JobError> {
    let Some(pointer) = deps.results.pointer("compact").await? else {
        return Ok(Vec::new());
    };
    let read = |table| deps.results.read_rows(&pointer, table);
    let sources = read(TableName::Sources).await?;
    if !sources.iter().any(|row| row.status == Status::Quiet) {
        return Ok(Vec::new());
    }
    Ok(among(
        &sources,
        &read(TableName::Waterfall).await?,
        &deps.config,
    ))
}

/// The silent sources of the configuration, by what the tables of compaction say.
fn among(sources: &[Row], waterfall: &[Row], config: &Config) -> Vec<Quiet> {
    let contribution = |row: &&Row| {
        let kind = row.text("kind").and_then(|kind| kind.parse::<Kind>().ok());
        row.text("stage") == Some("delivery")
            && row.n.is_some_and(|n| n > 0)
            // What another source had brought before is a duplicate here.
            && matches!(row.text("outcome"), Some("accepted" | "duplicate"))
            && kind.is_some_and(|kind| kind.is_contribution() && kind != Kind::SurveyAnswered)
    };
    let talking: BTreeSet<&str> = waterfall
        .iter()
        .filter(contribution)
        .filter_map(|row| row.text("source"))
        .collect();
    let quiet = |row: &Row| {
        let source = row.text("source")?;
        let counts = row.status == Status::Quiet && config.sources.contains_key(source);
        Some(Quiet {
            source: source.to_owned(),
            platform: row.text("platform")?.to_owned(),
            since: row.text("last_received_at")?.parse().ok()?,
            community: row.community.clone().filter(|_| counts)?,
            talks: talking.contains(source),
        })
    };
    sources.iter().filter_map(quiet).collect()
}

/// What suspends the health score.
pub fn silences(quiet: &[Quiet]) -> Vec<Silence> {
    let silence = |one: &Quiet| Silence {
        community: one.community.clone(),
        source: one.source.clone(),
        since: one.since,
    };
    quiet.iter().filter(|one| one.talks).map(silence).collect()
}

/// Marks the KPIs that need events of a silent source and are about a time since when it is silent: `partial`, with the source
/// and since when. The figure stays: what the others brought is true, and only what is missing is unknown.
pub fn mark(rows: &mut [Row], quiet: &[Quiet], as_of: Date, deps: &Dependencies) {
    for one in quiet {
        let zone = &deps.zone;
        let first = zone.to_datetime(one.since).date();
        if first > as_of {
            continue;
        }
        let fiscal = deps.config.workspace.fiscal_year_start;
        let periods: BTreeMap<&str, BTreeSet<String>> = GRAINS
            .iter()
            .map(|grain| {
                let since = spans(grain, first, as_of.into(), zone, fiscal);
                (
                    *grain,
                    since.iter().map(|span| span.name.to_string()).collect(),
                )
            })
            .collect();
        let reason = format!("source {} is silent since {}", one.source, one.since);
        for row in rows.iter_mut() {
            if touches(row, one, &periods) {
                row.status = Status::Partial;
                row.reason = Some(match row.reason.take() {
                    Some(said) => format!("{said}; {reason}"),
                    None => reason.clone(),
                });
            }
        }
    }
}

fn touches(row: &Row, quiet: &Quiet, periods: &BTreeMap<&str, BTreeSet<String>>) -> bool {
    let about = |column: Option<&str>, own: &str| {
        column.is_none_or(|value| value.is_empty() || value == "all" || value == own)
    };
    matches!(row.status, Status::Ok | Status::Partial)
        && row
            .kpi
            .as_deref()
            .is_some_and(|kpi| FROM_EVENTS.contains(&kpi))
        && about(row.community.as_deref(), &quiet.community)
        && about(row.text("platform"), &quiet.platform)
        && row
            .text("grain")
            .and_then(|grain| periods.get(grain))
            .zip(row.period.as_ref())
            .is_some_and(|(since, period)| since.contains(period))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn source(name: &str, platform: &str, status: Status) -> Row {
        let mut row = Row::new(status)
            .with("source", name)
            .with("platform", platform)
            .with("last_received_at", "2026-10-03T10:00:00Z");
        row.community = Some("main".to_owned());
        row
    }

    fn line(source: &str, outcome: &str, kind: &str, n: u64) -> Row {
        let mut row = Row::new(Status::Ok)
            .with("stage", "delivery")
            .with("source", source)
            .with("outcome", outcome)
            .with("kind", kind);
        row.n = Some(n);
        row
    }

    #[test]
    fn only_what_is_configured_counts_and_only_what_talks_suspends() {
        let config = ["chat", "forum", "shop", "answers", "again", "alive"]
            .map(|name| {
                format!("[sources.{name}]\nplatform = \"slack\"\ncommunity = \"main\"\nsecret = \"env:S\"\n")
            })
            .concat();
        let config = Config::parse(&config).unwrap();
        let sources = [
            source("chat", "slack", Status::Quiet),
            source("removed", "slack", Status::Quiet),
            source("shop", "stripe", Status::Quiet),
            source("answers", "typeform", Status::Quiet),
            source("again", "discourse", Status::Quiet),
            source("alive", "slack", Status::Ok),
        ];
        let waterfall = [
            line("chat", "accepted", "message_posted", 12),
            line("removed", "accepted", "message_posted", 12),
            line("shop", "accepted", "record_changed", 40),
            line("shop", "ignored", "message_posted", 1),
            line("answers", "accepted", "survey_answered", 7),
            line("again", "accepted", "message_posted", 0),
            line("again", "duplicate", "message_posted", 3),
            line("alive", "accepted", "message_posted", 9),
        ];
        let quiet = among(&sources, &waterfall, &config);
        let names: Vec<&str> = quiet.iter().map(|one| one.source.as_str()).collect();
        assert_eq!(names, ["chat", "shop", "answers", "again"]);
        let suspending = silences(&quiet);
        let names: Vec<&str> = suspending.iter().map(|one| one.source.as_str()).collect();
        assert_eq!(names, ["chat", "again"]);
    }
}
