//! `snapshot`: the ROI snapshot, sealed.
//!
//! Everything that finance signs stands in one document: costs, gains with their grades, the range of the return, the uplift it
//! rests on, definitions, and digests of what it was computed from. The seal is a hash over the document in canonical form; a
//! changed digit breaks it. A snapshot is never replaced: a later as-of day, or other inputs, is another snapshot.

mod costs;
mod seal;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::entity::Entity;
use levier_domain::table::{Row, Status, TableName};
use levier_domain::time::start_of_day;
use levier_join::held;
use levier_lake::keys;
use levier_results::{Run, RunId};
use levier_roi::RoiInput;
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};
use serde_json::{Value as Json, json};

pub use crate::seal::{BrokenSeal, seal, verify};

/// Runs the snapshot job for one as-of day.
///
/// # Errors
/// [`JobError::Input`] when the uplift of that day is absent; [`JobError`] when storage fails.
pub async fn snapshot(
    deps: &Dependencies,
    invocation: &Invocation,
    now: Timestamp,
) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("snapshot");
    let day = as_of(invocation, now, &deps.zone);
    let manifest = levier_join::manifest_of(&deps.lake, day).await?;
    let pointer = deps.results.pointer_as_of("uplift", day).await?;
    let pointer = pointer.ok_or_else(|| {
        JobError::Input(format!(
            "there is no uplift as of {day}; run uplift --as-of {day} first"
        ))
    })?;
    let uplift = deps.results.read_rows(&pointer, TableName::Uplift).await?;
    let tenure = deps.results.read_rows(&pointer, TableName::Tenure).await?;
    let settings = levier_uplift::settings_digest(&deps.config);
    rests_on(&tenure, "facts", &manifest.digest, day)?;
    rests_on(&tenure, "settings", &settings, day)?;
    let (kpis, health_run) = kpis(deps, day).await?;
    let until = start_of_day(day.tomorrow().unwrap_or(day), &deps.zone);
    let spent = held(&deps.lake, Entity::Costs, until).await?;
    let rates = held(&deps.lake, Entity::Rates, until).await?;
    let read = costs::costs(&spent, &rates, deps.config.workspace.currency);
    // The running month is compared with nothing: neither its costs nor its gains count yet.
    let runs = manifest.last.end_day() > day.tomorrow().unwrap_or(day);
    let mut input = RoiInput::new(&deps.config, day, manifest.last.plus(-i32::from(runs)));
    input.costs = &read.costs;
    input.unpriced = &read.unpriced;
    input.uplift = &uplift;
    input.tenure = &tenure;
    input.kpis = &kpis;
    let roi = levier_roi::roi(&input);

    let headline: Vec<&Row> = uplift
        .iter()
        .filter(|row| row.own.get("headline") == Some(&Json::Bool(true)))
        .collect();
    let mut inputs = json!({
        "facts": manifest.digest,
        "settings": settings,
        "uplift_run": pointer.run_id,
    });
    if let Some(run) = health_run {
        inputs["health_run"] = json!(run);
    }
    let document = json!({
        "as_of": day,
        "workspace": deps.config.workspace.name,
        "currency": deps.config.workspace.currency,
        "roi": roi,
        "uplift": headline,
        "costs_left_out": read.left_out,
        "inputs": inputs,
        "assumptions": {"commerce": deps.config.commerce, "roi": deps.config.roi},
        "definitions": {
            "roi": "(gains − costs) ÷ costs",
            "gains": "levers that measure the same euro are never added; only grades A and B enter the conservative scenario",
            "seal": "SHA-256 over this document without its seal, keys sorted, no spaces",
        },
    });
    let (id, sealed) = seal(day, document);
    let key = format!("{}{id}.json", keys::SNAPSHOTS);
    // Created, never replaced: the same inputs give the same bytes under the same name.
    let fresh = deps
        .lake
        .create(&key, sealed.to_string().into_bytes())
        .await?;
    outcome.count("snapshots", u64::from(fresh));

    let mut row = Row::new(Status::Ok)
        .with("snapshot_id", id.as_str())
        .with("seal", sealed["seal"].clone())
        .with("url", format!("/v1/snapshots/{id}"));
    row.as_of = Some(day);
    let tables = BTreeMap::from([(TableName::Roi, roi), (TableName::Snapshots, vec![row])]);
    let seal_text = sealed["seal"].as_str().unwrap_or_default().to_owned();
    let run = Run {
        job: "snapshot",
        id: RunId::new("snapshot", day, &seal_text),
        as_of: day,
        tables,
    };
    outcome.run_id = Some(run.publish(&deps.lake, &deps.results).await?);
    Ok(outcome)
}

/// Checks that the uplift was computed from what the document will say: it states the digests itself.
fn rests_on(tenure: &[Row], column: &str, wanted: &str, day: Date) -> Result<(), JobError> {
    let stated = tenure.iter().find_map(|row| row.text(column));
    if stated == Some(wanted) {
        return Ok(());
    }
    let what = match (column, stated) {
        (_, None) => "inputs that it does not state",
        ("facts", _) => "other facts than those of today",
        _ => "another configuration than that of today",
    };
    Err(JobError::Input(format!(
        "the uplift as of {day} was computed from {what}; run uplift --as-of {day} first, then snapshot"
    )))
}

/// The KPIs of that day and their run, where a lever counts them.
async fn kpis(deps: &Dependencies, day: Date) -> Result<(Vec<Row>, Option<String>), JobError> {
    if deps.config.roi.levers.is_empty() {
        return Ok((Vec::new(), None));
    }
    let pointer = deps.results.pointer_as_of("health", day).await?;
    let pointer = pointer.ok_or_else(|| {
        JobError::Input(format!(
            "there are no KPIs as of {day}, which the levers of [roi.levers] count; run health --as-of {day} first"
        ))
    })?;
    let rows = deps.results.read_rows(&pointer, TableName::Kpis).await?;
    Ok((rows, Some(pointer.run_id)))
}
