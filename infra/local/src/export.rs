//! `levier check --export FILE`: how a file would be read, row by row, without keeping anything.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use levier_domain::entity::Entity;
use levier_domain::private::HashKey;
use levier_domain::receipt::ImportStatus;
use levier_exports::{Dialects, Limits, Pace, Reading, Sidecar};
use levier_import::{DIALECT_ENDING, SIDECAR_ENDING};
use serde_json::json;

use crate::Failure;
use crate::arguments::{Check, Shared};
use crate::output;
use crate::workspace::{now, read_config};

/// Rows shown to a person who did not ask for all of them.
const FIRST_ROWS: u64 = 10;

/// The files of dialects in the folder of an export, by name.
fn dialects_beside(file: &Path) -> Vec<PathBuf> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(DIALECT_ENDING))
        .collect();
    found.sort();
    found
}

/// Prints the receipts that a drop would give; exit code 3 if the file would be refused whole.
pub fn export(shared: &Shared, arguments: &Check, file: &Path) -> Result<ExitCode, Failure> {
    let (config, _) = read_config(shared)?;
    let declared_entity = match &arguments.entity {
        None => None,
        Some(word) => Some(
            word.parse::<Entity>()
                .map_err(|error| Failure::Usage(format!("--entity: {error}")))?,
        ),
    };
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let beside = file.with_file_name(format!("{name}{SIDECAR_ENDING}"));
    let sidecar = match std::fs::read_to_string(&beside) {
        Ok(text) => Some(Sidecar::parse(&name, &text).map_err(Failure::failed)?),
        Err(_) => None,
    };
    let mut dialects = Dialects::builtin().map_err(Failure::failed)?;
    // Dialects that lie beside the file are tried before they are dropped.
    for beside in dialects_beside(file) {
        let text = std::fs::read_to_string(&beside).map_err(Failure::failed)?;
        let name = beside.file_name().unwrap_or_default().to_string_lossy();
        dialects.add(&name, &text).map_err(Failure::failed)?;
    }
    // Nothing is kept, so that any key serves.
    let hash_key = HashKey::new(*b"levier-check-only").map_err(Failure::failed)?;
    let zone = config.workspace.zone();
    let reading = Reading {
        zone: &zone,
        country: &config.workspace.country,
        currency: config.workspace.currency,
        hash_key: &hash_key,
        declared_entity,
        sidecar: sidecar.as_ref(),
        dialects: &dialects,
        dropped_at: now(),
        limits: Limits {
            max_refused_share: config.import.max_refused_share,
            ..Limits::default()
        },
        pace: Pace::default(),
    };
    let input = File::open(file)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    let limit = if arguments.rows {
        None
    } else {
        Some(FIRST_ROWS)
    };
    let mut rows = Vec::new();
    let mut show = |_: &str, line: u64, cells: &[String]| {
        let row = json!({"line": line, "cells": cells});
        if shared.json {
            // With --json alone the receipt is what is asked for.
            if arguments.rows {
                output::json(&row);
            }
        } else {
            rows.push(json!({"line": line, "cells": cells.join(" | ")}));
        }
    };
    let previews = levier_exports::preview(&name, input, &reading, limit, &mut show)
        .map_err(Failure::failed)?;
    if !rows.is_empty() {
        output::table(&rows);
    }
    let mut refused = false;
    for preview in previews {
        let receipt = preview.outcome.receipt;
        refused |= receipt.status == ImportStatus::Refused;
        if shared.json {
            output::json(&json!({"receipt": receipt, "proposal": preview.proposal}));
        } else {
            crate::drop::print_receipt(&receipt, &config);
            if let Some(proposal) = preview.proposal {
                say!("  a sidecar to start from ({name}{SIDECAR_ENDING}):\n\n{proposal}");
            }
        }
    }
    Ok(ExitCode::from(if refused { 3 } else { 0 }))
}
