//! Deliveries that could not be read, and reading again after a mapping was mended.

use std::process::ExitCode;

use levier_compact::Again;
use levier_lake::keys;
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Quarantine, QuarantineAction, Reprocess, Shared};
use crate::jobs;
use crate::output;
use crate::workspace::Workspace;

/// `levier quarantine`.
pub async fn quarantine(shared: &Shared, arguments: &Quarantine) -> Result<ExitCode, Failure> {
    let workspace = Workspace::read(shared).await?;
    let ended = match &arguments.action {
        QuarantineAction::List => list(shared, &workspace).await,
        QuarantineAction::Show { key } => show(&workspace, key).await,
        QuarantineAction::Replay { source } => {
            let again = Again::Quarantined {
                source: source.clone(),
            };
            read_again(shared, &workspace, source.as_deref(), again).await
        }
    };
    workspace.close().await;
    ended.map(|()| ExitCode::SUCCESS)
}

/// `levier reprocess`.
pub async fn reprocess(shared: &Shared, arguments: &Reprocess) -> Result<ExitCode, Failure> {
    let workspace = Workspace::open(shared).await?;
    let again = Again::Since {
        from: arguments.from,
        source: arguments.source.clone(),
    };
    let ended = read_again(shared, &workspace, arguments.source.as_deref(), again).await;
    workspace.close().await;
    ended.map(|()| ExitCode::SUCCESS)
}

async fn list(shared: &Shared, workspace: &Workspace) -> Result<(), Failure> {
    let lake = &workspace.deps.lake;
    let objects = lake.list(keys::QUARANTINE).await.map_err(Failure::failed)?;
    let names: Vec<String> = objects.into_iter().map(|object| object.key).collect();
    let held = lake.get_all(&names).await.map_err(Failure::failed)?;
    let rows: Vec<Json> = held
        .iter()
        .map(|(key, bytes)| {
            let held: Json = serde_json::from_slice(bytes).unwrap_or_default();
            json!({
                "key": key.strip_prefix(keys::QUARANTINE).unwrap_or(key),
                "source": held["delivery"]["source"],
                "received_at": held["delivery"]["received_at"],
                "reasons": held["reasons"],
            })
        })
        .collect();
    if shared.json {
        output::json(&Json::Array(rows));
    } else {
        output::table(&rows);
    }
    Ok(())
}

async fn show(workspace: &Workspace, key: &str) -> Result<(), Failure> {
    let held: Option<Json> = workspace
        .deps
        .lake
        .get_json(&format!("{}{key}", keys::QUARANTINE))
        .await
        .map_err(Failure::failed)?;
    output::json(&held.ok_or_else(|| {
        Failure::Usage(format!(
            "there is no `{key}` in quarantine; levier quarantine list shows what is there"
        ))
    })?);
    Ok(())
}

/// Compacts, reading again what `again` names, and says what came of it.
async fn read_again(
    shared: &Shared,
    workspace: &Workspace,
    source: Option<&str>,
    again: Again,
) -> Result<(), Failure> {
    if let Some(name) = source
        && !workspace.deps.sources.contains_key(name)
    {
        let known: Vec<&str> = workspace.deps.sources.keys().map(String::as_str).collect();
        return Err(Failure::Usage(format!(
            "there is no source `{name}` in levier.toml; there are: {}",
            known.join(", ")
        )));
    }
    let outcome = jobs::again(workspace, &again).await?;
    let count = |what: &str| outcome.counts.get(what).copied().unwrap_or(0);
    let row = json!({
        "replayed": count("deliveries"),
        "released": count("released_deliveries"),
        "quarantined": count("quarantined_deliveries"),
        "items": count("items"),
        "events": count("events"),
        "days": count("days_read_again"),
        "warnings": outcome.warnings,
    });
    if shared.json {
        output::json(&Json::Array(vec![row]));
    } else {
        output::table(&[row]);
    }
    Ok(())
}
