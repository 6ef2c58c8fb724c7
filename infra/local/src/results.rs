//! Reading results: tables, snapshots, and the estimators on a table of one's own.

use std::process::ExitCode;

use levier_domain::table::Row;
use levier_lake::keys;
use levier_report::Filter;
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Shared, Snapshot, SnapshotAction, Table};
use crate::output;
use crate::workspace::Workspace;

/// `levier table`.
pub async fn table(shared: &Shared, arguments: &Table) -> Result<ExitCode, Failure> {
    let name = levier_report::parse_name(&arguments.name)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let format = arguments
        .format
        .as_deref()
        .unwrap_or(if shared.json { "json" } else { "text" });
    if !matches!(format, "json" | "csv" | "text") {
        return Err(Failure::Usage(format!(
            "--format `{format}` is not one of json, csv, text"
        )));
    }
    let filter = Filter {
        as_of: arguments.as_of,
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        community: arguments.community.clone(),
        segment: arguments.segment.clone(),
        kpi: arguments.kpi.clone(),
        lang: arguments.lang.clone(),
        dialect: arguments.dialect.clone(),
        key: None,
        fiscal_year_start: 0,
    };
    let dialect =
        levier_report::dialect(&filter).map_err(|error| Failure::Usage(error.to_string()))?;
    let workspace = Workspace::read(shared).await?;
    let filter = Filter {
        fiscal_year_start: workspace.deps.config.workspace.fiscal_year_start,
        ..filter
    };
    let rows = levier_report::rows(&workspace.deps.results, name, &filter).await;
    workspace.close().await;
    let rows: Vec<Row> = rows
        .map_err(|error| match error {
            error @ (levier_report::TableError::Filter(_)
            | levier_report::TableError::NoSuch { .. }) => Failure::Usage(error.to_string()),
            error => Failure::failed(error),
        })?
        .into_iter()
        .map(Row::flat)
        .collect();
    match format {
        "csv" => crate::output::text(format_args!("{}", levier_render::csv(&rows, name, dialect))),
        other => {
            let rows: Vec<Json> = rows
                .iter()
                .map(|row| levier_report::fields(name, row))
                .collect();
            if other == "json" {
                output::json(&Json::Array(rows))
            } else {
                output::table(&rows)
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `levier snapshot`.
pub async fn snapshot(shared: &Shared, arguments: &Snapshot) -> Result<ExitCode, Failure> {
    let workspace = Workspace::read(shared).await?;
    let lake = workspace.deps.lake.clone();
    let read = |id: String| {
        let lake = lake.clone();
        async move {
            lake.get_json::<Json>(&format!("{}{id}.json", keys::SNAPSHOTS))
                .await
                .map_err(Failure::failed)?
                .ok_or_else(|| {
                    Failure::Usage(format!(
                        "there is no snapshot `{id}`; levier snapshot list shows those there are"
                    ))
                })
        }
    };
    let ended = match &arguments.action {
        SnapshotAction::List => {
            let objects = lake.list(keys::SNAPSHOTS).await.map_err(Failure::failed)?;
            let ids: Vec<Json> = objects
                .iter()
                .filter_map(|object| object.key.strip_prefix(keys::SNAPSHOTS)?.strip_suffix(".json"))
                .map(|id| json!({"snapshot_id": id}))
                .collect();
            if shared.json { output::json(&Json::Array(ids)) } else { output::table(&ids) }
            Ok(ExitCode::SUCCESS)
        }
        SnapshotAction::Show { id } => read(id.clone()).await.map(|snapshot| {
            output::json(&snapshot);
            ExitCode::SUCCESS
        }),
        SnapshotAction::Verify { id } => read(id.clone()).await.map(|snapshot| {
            let verdict = levier_snapshot::verify(id, &snapshot);
            let answer = json!({"snapshot_id": id, "sealed": verdict.is_ok(), "reason": verdict.as_ref().err().map(ToString::to_string)});
            if shared.json { output::json(&answer) } else { output::table(&[answer]) }
            ExitCode::from(u8::from(verdict.is_err()))
        }),
    };
    workspace.close().await;
    ended
}

/// `levier analyse`.
pub fn analyse(
    shared: &Shared,
    arguments: &levier_analysis::AnalyseArguments,
) -> Result<ExitCode, Failure> {
    match levier_analysis::run(arguments) {
        Ok(answer) => {
            if shared.json {
                output::json(&answer);
            } else {
                say!("{}", levier_analysis::render_text(&answer));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.is_usage() => Err(Failure::Usage(error.to_string())),
        Err(error) => Err(Failure::failed(error)),
    }
}
