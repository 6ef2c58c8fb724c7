//! `alert`: which published figures are beyond their limits, and telling it once.
//!
//! Reads the results that `compact`, `health`, `uplift` and `snapshot` published, writes the table `alerts`, and delivers what
//! fired, what is over and the weekly digest to Slack, Teams and SNS. It runs after every night, and every hour so that what could
//! not be delivered is tried again; where nothing changed it evaluates nothing.
//!
//! The table is a function of the results; telling is not, and has a memory of its own: what was told last of every alert, and an
//! outbox. A message enters the outbox once, under an id made of alert, turn, beginning and count, before the memory moves on, and
//! leaves it when its destination has taken it. Killed anywhere, the job run again ends the same; a destination may then see one message
//! twice, with the same reference. A run for a day of the past is a look back and tells nobody.

mod courier;
mod outbox;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::config::Destination;
use levier_domain::table::{Row, Status, TableName};
use levier_metrics::AsOf;
use levier_render::{Language, Notice, Tables, alert_notice, digest, week_of};
use levier_results::{Pointer, Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::courier::{Courier, Undelivered, address};
use crate::outbox::{CLEARED, FIRED};
pub use crate::outbox::{Letter, outbox};

/// Room of the job's own marks.
const ROOM: &str = "alert";
/// Room of what was told last of every alert.
const TOLD: &str = "alerts-told";

/// What was told last of one alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    firing: bool,
    since: Option<String>,
    /// How often it fired: a period that fires again, after late data say, is a turn of its own.
    #[serde(default)]
    turns: u64,
}

/// Evaluates the alerts of one day and delivers what is new.
///
/// # Errors
/// [`JobError::Input`] when a day is asked for that was never computed; [`JobError`] when storage fails. What a destination does
/// not take is a warning, kept and tried again at the next run.
pub async fn alert(
    deps: &Dependencies,
    courier: &Courier,
    invocation: &Invocation,
    now: Timestamp,
) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("alert");
    let seen = Seen::load(deps, invocation, now).await?;
    let (run, rows) = evaluate(deps, &seen).await?;
    let firing = rows
        .iter()
        .filter(|row| row.text("state") == Some("firing"))
        .count();
    outcome.count("alerts", rows.len() as u64);
    outcome.count("firing", firing as u64);
    for row in &rows {
        if row.text("kind") == Some("threshold") && row.status == Status::Missing {
            outcome.warnings.push(format!(
                "alerts.{}: {}",
                row.text("alert").unwrap_or_default(),
                row.reason.as_deref().unwrap_or_default()
            ));
        }
    }
    outcome.run_id = Some(run.clone());
    let newest = deps.results.pointer("alert").await?;
    if newest.is_some_and(|newest| newest.run_id == run) {
        let mut post = Post { now, put: 0 };
        tell(deps, &rows, &mut post, &mut outcome).await?;
        tell_week(deps, &seen, &rows, &mut post, &mut outcome).await?;
    }
    outbox::deliver(deps, courier, now, &mut outcome).await?;
    Ok(outcome)
}

/// What the jobs to the left published for the day.
struct Seen {
    day: Date,
    health: Option<Pointer>,
    /// The same with how far it was known.
    known: AsOf,
    uplift: Option<Pointer>,
    snapshot: Option<Pointer>,
    sources: Vec<Row>,
}

impl Seen {
    async fn load(
        deps: &Dependencies,
        invocation: &Invocation,
        now: Timestamp,
    ) -> Result<Self, JobError> {
        let results = &deps.results;
        let health = match invocation.as_of {
            Some(day) => Some(results.pointer_as_of("health", day).await?.ok_or_else(|| {
                JobError::Input(format!(
                    "nothing was computed as of {day}; run health with --as-of {day} first"
                ))
            })?),
            None => results.pointer("health").await?,
        };
        // Hourly runs speak of the last night until there is a new one.
        let day = health
            .as_ref()
            .map_or_else(|| as_of(invocation, now, &deps.zone), |health| health.as_of);
        let sources = match results.pointer("compact").await? {
            Some(pointer) => results.read_rows(&pointer, TableName::Sources).await?,
            None => Vec::new(),
        };
        // As far as the figures know it, whatever the hour now.
        let until = health.as_ref().and_then(|health| health.until);
        Ok(Self {
            day,
            known: AsOf::known(day, until),
            health,
            uplift: results.pointer_as_of("uplift", day).await?,
            // The last one sealed until then; one of a later day is not known yet.
            snapshot: results
                .pointer_before("snapshot", day.tomorrow().unwrap_or(day))
                .await?,
            sources,
        })
    }

    async fn rows(
        &self,
        deps: &Dependencies,
        pointer: Option<&Pointer>,
        table: TableName,
    ) -> Result<Vec<Row>, JobError> {
        match pointer.filter(|pointer| pointer.tables.contains(&table)) {
            Some(pointer) => Ok(deps.results.read_rows(pointer, table).await?),
            None => Ok(Vec::new()),
        }
    }
}

/// The table `alerts` of the day: published unless it stands already.
async fn evaluate(deps: &Dependencies, seen: &Seen) -> Result<(String, Vec<Row>), JobError> {
    let before = deps.results.pointer_before("alert", seen.day).await?;
    let mut inputs = Sha256::new();
    for pointer in [&seen.health, &seen.snapshot, &before] {
        inputs.update(pointer.as_ref().map_or("-", |pointer| &pointer.run_id));
        inputs.update([0]);
    }
    for source in &seen.sources {
        // The lag of a source grows by the minute; whether it is silent does not.
        let last = source
            .text("last_received_at")
            .filter(|_| source.status == Status::Quiet);
        inputs.update(format!(
            "{:?}|{}|{last:?}\n",
            source.text("source"),
            source.status
        ));
    }
    if let Some(until) = seen.health.as_ref().and_then(|health| health.until) {
        inputs.update(until.to_string());
    }
    let rules = serde_json::to_vec(&deps.config.alerts)
        .map_err(|error| JobError::Input(error.to_string()))?;
    inputs.update(rules);
    let inputs = format!("{}|{}", seen.day, hex::encode(inputs.finalize()));
    // Noted after the last write of publishing, so that a run killed among them is published again.
    let published = deps.results.state(ROOM, "published").await?;
    let run_id = published
        .as_deref()
        .and_then(|mark| mark.strip_prefix(inputs.as_str())?.strip_prefix('|'));
    let standing = deps.results.pointer_as_of("alert", seen.day).await?;
    if let Some(pointer) = standing.filter(|standing| Some(standing.run_id.as_str()) == run_id) {
        let rows = deps.results.read_rows(&pointer, TableName::Alerts).await?;
        return Ok((pointer.run_id, rows));
    }
    let mut figures = Vec::new();
    for (pointer, table) in [
        (&seen.health, TableName::Kpis),
        (&seen.health, TableName::Health),
        (&seen.snapshot, TableName::Roi),
    ] {
        figures.extend(seen.rows(deps, pointer.as_ref(), table).await?);
    }
    let previous = seen.rows(deps, before.as_ref(), TableName::Alerts).await?;
    let rows = levier_metrics::alerts(&figures, &seen.sources, &previous, seen.known, &deps.config);
    // Named by what it says: nights that end alike are alike, whatever nights came before.
    let said = serde_json::to_vec(&rows).map_err(|error| JobError::Input(error.to_string()))?;
    let run = Run {
        job: "alert",
        id: RunId::new("alert", seen.day, &hex::encode(Sha256::digest(said))),
        as_of: seen.day,
        tables: BTreeMap::from([(TableName::Alerts, rows.clone())]),
    };
    let id = run.publish(&deps.lake, &deps.results).await?;
    deps.results
        .set_state(ROOM, "published", &format!("{inputs}|{id}"))
        .await?;
    Ok((id, rows))
}

fn language(deps: &Dependencies, to: &Destination) -> Language {
    let code = to
        .language
        .as_deref()
        .unwrap_or(&deps.config.workspace.language);
    Language::from_code(code).unwrap_or_default()
}

fn text(told: &Told) -> Result<String, JobError> {
    serde_json::to_string(told).map_err(|error| JobError::Input(error.to_string()))
}

/// Queues what turned since it was told last.
async fn tell(
    deps: &Dependencies,
    rows: &[Row],
    post: &mut Post,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    let told = deps.results.states(TOLD).await?;
    for row in rows {
        let name = row.text("alert").unwrap_or_default();
        let last: Told = told
            .get(name)
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let firing = row.text("state") == Some("firing");
        if firing == last.firing {
            continue;
        }
        let since = row.text("since").map(str::to_owned);
        // What began, and how often it did, identifies a firing; its end carries the same name.
        let began = if firing { &since } else { &last.since };
        let turns = last.turns + u64::from(firing);
        let turn = if firing { FIRED } else { CLEARED };
        outcome.count(turn, 1);
        for (destination, to) in deps.config.notify.iter().filter(|(_, to)| to.alerts) {
            let notice = alert_notice(row, firing, &deps.zone, language(deps, to));
            let began = began.as_deref().unwrap_or("-");
            let subject = format!("{name}|{turn}|{began}|{turns}");
            post.queue(deps, destination, &subject, row.as_of, notice)
                .await?;
        }
        let now = Told {
            firing,
            since,
            turns,
        };
        deps.results.set_state(TOLD, name, &text(&now)?).await?;
    }
    // Of an alert that is no longer watched only the count is kept: set again, it begins anew.
    for (name, held) in &told {
        if rows.iter().any(|row| row.text("alert") == Some(name)) {
            continue;
        }
        let last: Told = serde_json::from_str(held).unwrap_or_default();
        if last.firing {
            let off = Told {
                turns: last.turns,
                ..Told::default()
            };
            deps.results.set_state(TOLD, name, &text(&off)?).await?;
        }
    }
    Ok(())
}

/// Queues the digest of the last whole week, once per destination.
async fn tell_week(
    deps: &Dependencies,
    seen: &Seen,
    alerts: &[Row],
    post: &mut Post,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    // A Sunday that still runs when the figures are computed is told on Monday.
    let whole = seen.known.last_whole_day(&deps.zone);
    let (week, ..) = week_of(whole);
    let mut waiting = Vec::new();
    for (name, to) in deps.config.notify.iter().filter(|(_, to)| to.digest) {
        if !outbox::holds(deps, name, &digest_subject(&week)).await? {
            waiting.push((name, to));
        }
    }
    if waiting.is_empty() || seen.health.is_none() {
        return Ok(());
    }
    let mut tables = BTreeMap::from([(TableName::Alerts, alerts.to_vec())]);
    for (pointer, table) in [
        (&seen.health, TableName::Kpis),
        (&seen.health, TableName::Health),
        (&seen.health, TableName::Champions),
        (&seen.health, TableName::Leads),
        (&seen.uplift, TableName::Uplift),
    ] {
        tables.insert(table, seen.rows(deps, pointer.as_ref(), table).await?);
    }
    let tables = Tables::new(tables);
    let name = &deps.config.workspace.name;
    for (destination, to) in waiting {
        let notice = digest(&tables, name, whole, language(deps, to));
        post.queue(
            deps,
            destination,
            &digest_subject(&week),
            Some(seen.day),
            notice,
        )
        .await?;
        outcome.count("digests", 1);
    }
    Ok(())
}

fn digest_subject(week: &str) -> String {
    format!("digest|{week}")
}

/// Puts letters into the outbox, one after the other.
struct Post {
    now: Timestamp,
    put: u32,
}

impl Post {
    async fn queue(
        &mut self,
        deps: &Dependencies,
        destination: &str,
        subject: &str,
        as_of: Option<Date>,
        notice: Notice,
    ) -> Result<(), JobError> {
        let letter = Letter::new(destination, subject, as_of, notice).queued(self.now, self.put);
        self.put += 1;
        outbox::queue(deps, letter).await
    }
}
