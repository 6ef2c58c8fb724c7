//! The two tables about the pipeline: `sources` and the ingest stages of `waterfall`.
//!
//! received = accepted + duplicate + ignored + quarantined holds for every source, to the item. Accepted is what lies in the day
//! files (or the typed rows) under that source's name; what was readable and does not is a duplicate.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::table::{Row, Status, TableName};
use levier_lake::LakeError;
use levier_lake::ledger::{self, Staged};
use levier_platforms::pull;
use levier_runtime::{Dependencies, JobError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::counts::{SourceTotal, Totals};
use crate::days::Counts;

/// What one import left in the lake; `import` writes it, this table sums it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Imported {
    source: String,
    entity: String,
    read: u64,
    stored: u64,
    duplicate: u64,
    dropped: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
}

type Tables = BTreeMap<TableName, Vec<Row>>;

/// Both tables.
pub async fn tables(
    deps: &Dependencies,
    totals: &Totals,
    days: &Counts,
    as_of: Date,
    now: Timestamp,
) -> Result<Tables, JobError> {
    let mut accepted: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (source, kinds) in days.values().flat_map(|day| &day.accepted) {
        let sum = accepted.entry(source).or_default();
        for (kind, n) in kinds {
            *sum.entry(kind).or_default() += n;
        }
    }
    let pulls = deps.results.states(pull::ROOM).await?;
    let mut sources = Vec::new();
    let mut waterfall = Vec::new();
    let mut names: Vec<&str> = deps
        .sources
        .keys()
        .map(String::as_str)
        .chain(totals.0.keys().map(String::as_str))
        .collect();
    names.sort_unstable();
    names.dedup();
    let none = SourceTotal::default();
    for name in names {
        let total = totals.0.get(name).unwrap_or(&none);
        let mut sum = Sum::default();
        for day in total.days.values() {
            sum.deliveries += day.deliveries;
            sum.items += day.read.items;
            sum.repeated += day.repeated;
            add(&mut sum.mapped, &day.read.mapped);
            add(&mut sum.ignored, &day.read.ignored);
            add(&mut sum.quarantined, &day.read.quarantined);
            sum.last_received_at = sum.last_received_at.max(day.last_received_at);
            sum.last_occurred_at = sum.last_occurred_at.max(day.last_occurred_at);
        }
        let empty = BTreeMap::new();
        let taken = accepted.get(name).unwrap_or(&empty);
        let mut row = source_row(deps, name, total, &sum, taken, as_of, now);
        let is_pulled = deps
            .sources
            .get(name)
            .is_some_and(|source| source.puller().is_some());
        let state = pulls.get(name).filter(|_| is_pulled);
        // A state that cannot be read is told by the job that wrote it.
        let trouble = state
            .and_then(|json| serde_json::from_str::<pull::State>(json).ok())
            .and_then(|state| state.trouble());
        if let Some(trouble) = trouble {
            row.status = Status::Partial;
            row.reason = Some(trouble);
        }
        sources.push(row);
        sum.rows("delivery", name, taken, as_of, &mut waterfall);
    }
    file_rows(deps, &accepted, as_of, &mut waterfall).await?;
    Ok([
        (TableName::Sources, sources),
        (TableName::Waterfall, waterfall),
    ]
    .into())
}

fn add(sum: &mut BTreeMap<String, u64>, part: &BTreeMap<String, u64>) {
    for (word, n) in part {
        *sum.entry(word.clone()).or_default() += n;
    }
}

#[derive(Default)]
struct Sum {
    deliveries: u64,
    items: u64,
    repeated: u64,
    mapped: BTreeMap<String, u64>,
    ignored: BTreeMap<String, u64>,
    quarantined: BTreeMap<String, u64>,
    last_received_at: Option<Timestamp>,
    last_occurred_at: Option<Timestamp>,
}

impl Sum {
    fn rows(
        &self,
        stage: &str,
        source: &str,
        accepted: &BTreeMap<&str, u64>,
        as_of: Date,
        rows: &mut Vec<Row>,
    ) {
        rows.push(line(
            stage, source, "received", None, None, self.items, as_of,
        ));
        for (kind, n) in &self.mapped {
            let taken = accepted.get(kind.as_str()).copied().unwrap_or(0).min(*n);
            rows.push(line(
                stage,
                source,
                "accepted",
                None,
                Some(kind),
                taken,
                as_of,
            ));
            if n - taken > 0 {
                rows.push(line(
                    stage,
                    source,
                    "duplicate",
                    Some("same_event"),
                    Some(kind),
                    n - taken,
                    as_of,
                ));
            }
        }
        if self.repeated > 0 {
            rows.push(line(
                stage,
                source,
                "duplicate",
                Some("same_body"),
                None,
                self.repeated,
                as_of,
            ));
        }
        for (reason, n) in &self.ignored {
            rows.push(line(
                stage,
                source,
                "ignored",
                Some(reason),
                None,
                *n,
                as_of,
            ));
        }
        for (reason, n) in &self.quarantined {
            rows.push(line(
                stage,
                source,
                "quarantined",
                Some(reason),
                None,
                *n,
                as_of,
            ));
        }
    }
}

fn line(
    stage: &str,
    source: &str,
    outcome: &str,
    reason: Option<&str>,
    kind: Option<&str>,
    n: u64,
    as_of: Date,
) -> Row {
    let mut row = Row::new(Status::Ok)
        .with("stage", stage)
        .with("source", source)
        .with("outcome", outcome)
        .with("kind", kind);
    row.as_of = Some(as_of);
    row.reason = reason.map(str::to_owned);
    row.n = Some(n);
    row
}

/// Longest usual silence of a source without history of its own, in hours.
const DEFAULT_RHYTHM_HOURS: i64 = 72;

fn source_row(
    deps: &Dependencies,
    name: &str,
    total: &SourceTotal,
    sum: &Sum,
    accepted: &BTreeMap<&str, u64>,
    as_of: Date,
    now: Timestamp,
) -> Row {
    let source = deps.sources.get(name);
    let mapped: u64 = sum.mapped.values().sum();
    let taken: u64 = sum
        .mapped
        .iter()
        .map(|(kind, n)| accepted.get(kind.as_str()).copied().unwrap_or(0).min(*n))
        .sum();
    let lag = match (sum.last_received_at, sum.last_occurred_at) {
        (Some(received), Some(occurred)) => {
            Json::from((received.as_second() - occurred.as_second()).max(0))
        }
        _ => Json::Null,
    };
    let configured = deps
        .config
        .sources
        .get(name)
        .and_then(|config| config.quiet_after_hours)
        .map(i64::from);
    let rhythm = configured.unwrap_or_else(|| usual_silence_hours(total));
    let (status, reason) = match sum.last_received_at {
        None => (Status::Never, Some("no delivery yet".to_owned())),
        Some(last) if now.as_second() - last.as_second() > rhythm * 3600 => (
            Status::Quiet,
            Some(format!(
                "silent since {last}, usual silence up to {rhythm} h"
            )),
        ),
        Some(_) => (Status::Ok, None),
    };
    let platform = source.map_or(total.platform.as_str(), |source| source.platform());
    let community = source.map_or(total.community.as_str(), |source| source.community());
    let mut row = Row::new(status)
        .with("source", name)
        .with("platform", platform)
        .with("deliveries", sum.deliveries)
        .with("received", sum.items)
        .with("accepted", taken)
        .with("duplicate", mapped - taken + sum.repeated)
        .with("ignored", sum.ignored.values().sum::<u64>())
        .with("quarantined", sum.quarantined.values().sum::<u64>())
        .with(
            "last_received_at",
            sum.last_received_at.map(|at| at.to_string()),
        )
        .with("lag_seconds", lag)
        .with("verification", source.map(|source| source.verification()))
        .with(
            "blind_spots",
            source.map_or_else(Vec::new, |source| source.blind_spots().to_vec()),
        )
        .with(
            "blind_spots_fr",
            source.map_or_else(Vec::new, |source| source.blind_spots_fr().to_vec()),
        )
        .with(
            "quiet_since",
            sum.last_received_at
                .filter(|_| status == Status::Quiet)
                .map(|at| at.to_string()),
        );
    row.as_of = Some(as_of);
    row.community = Some(community.to_owned());
    row.reason = reason;
    row
}

/// Three times the longest gap between days with deliveries, at least six hours and at most ninety days; three days while there is no history.
fn usual_silence_hours(total: &SourceTotal) -> i64 {
    let seconds: Vec<i64> = total
        .days
        .values()
        .filter_map(|day| day.last_received_at)
        .map(Timestamp::as_second)
        .collect();
    let longest = seconds
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs() / 3600)
        .max();
    match longest {
        Some(hours) if seconds.len() >= 10 => (hours * 3).clamp(6, 24 * 90),
        _ => DEFAULT_RHYTHM_HOURS,
    }
}

async fn file_rows(
    deps: &Dependencies,
    accepted: &BTreeMap<&str, BTreeMap<&str, u64>>,
    as_of: Date,
    rows: &mut Vec<Row>,
) -> Result<(), LakeError> {
    let read = |prefix: &'static str| async move {
        let keys: Vec<String> = deps
            .lake
            .list(prefix)
            .await?
            .into_iter()
            .map(|object| object.key)
            .collect();
        deps.lake.get_all(&keys).await
    };
    let mut history: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (key, bytes) in read(ledger::STAGED).await? {
        let staged: Staged = serde_json::from_slice(&bytes)
            .map_err(|error| LakeError::content(&key, "JSON", error))?;
        for (source, kinds) in staged.mapped {
            add(history.entry(source).or_default(), &kinds);
        }
    }
    let mut files: BTreeMap<(String, String), Imported> = BTreeMap::new();
    for (key, bytes) in read("ledger/imports/").await? {
        let one: Imported = serde_json::from_slice(&bytes)
            .map_err(|error| LakeError::content(&key, "JSON", error))?;
        let sum = files
            .entry((one.source.clone(), one.entity.clone()))
            .or_default();
        sum.read += one.read;
        sum.stored += one.stored;
        sum.duplicate += one.duplicate;
        add(&mut sum.dropped, &one.dropped);
        add(&mut sum.refused, &one.refused);
    }
    for ((source, entity), sum) in files {
        let line = |outcome: &str, reason: Option<&str>, n: u64| {
            line("file", &source, outcome, reason, Some(&entity), n, as_of)
        };
        let (mut stored, mut duplicate) = (sum.stored, sum.duplicate);
        if entity == "activity" {
            // Events of files are accepted where they lie, like those of deliveries.
            let kinds = accepted.get(source.as_str());
            let taken: u64 = history
                .get(&source)
                .into_iter()
                .flatten()
                .map(|(kind, n)| {
                    kinds
                        .and_then(|kinds| kinds.get(kind.as_str()))
                        .copied()
                        .unwrap_or(0)
                        .min(*n)
                })
                .sum();
            duplicate += stored.saturating_sub(taken);
            stored = stored.min(taken);
        }
        rows.push(line("received", None, sum.read));
        rows.push(line("accepted", None, stored));
        if duplicate > 0 {
            rows.push(line("duplicate", Some("same_row"), duplicate));
        }
        for (why, n) in &sum.dropped {
            rows.push(line("ignored", Some(why), *n));
        }
        for (reason, n) in &sum.refused {
            rows.push(line("quarantined", Some(reason), *n));
        }
    }
    Ok(())
}
