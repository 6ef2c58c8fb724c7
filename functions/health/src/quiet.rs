//! Sources that fell silent: the figures that depend on them are marked, not lowered.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::table::{Row, Status, TableName};
use levier_metrics::FROM_EVENTS;
use levier_metrics::calendar::{GRAINS, spans};
use levier_runtime::{Dependencies, JobError};

/// A source that is silent for longer than its rhythm, as compaction found.
pub struct Quiet {
    source: String,
    platform: String,
    community: String,
    since: Timestamp,
}

/// Every source that is silent now.
pub async fn quiet(deps: &Dependencies) -> Result<Vec<Quiet>, JobError> {
    let Some(pointer) = deps.results.pointer("compact").await? else {
        return Ok(Vec::new());
    };
    let rows = deps
        .results
        .read_rows(&pointer.run_id, TableName::Sources)
        .await?;
    let quiet = |row: Row| {
        Some(Quiet {
            source: row.text("source")?.to_owned(),
            platform: row.text("platform")?.to_owned(),
            since: row.text("last_received_at")?.parse().ok()?,
            community: row.community.filter(|_| row.status == Status::Quiet)?,
        })
    };
    Ok(rows.into_iter().filter_map(quiet).collect())
}

/// Their communities.
pub fn communities(quiet: &[Quiet]) -> BTreeSet<String> {
    quiet.iter().map(|one| one.community.clone()).collect()
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
