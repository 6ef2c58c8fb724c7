//! `levier check --export FILE`: how a file would be read, row by row, without keeping anything.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use levier_domain::entity::Entity;
use levier_domain::item::Draft;
use levier_domain::private::HashKey;
use levier_domain::receipt::{ImportStatus, Refusal};
use levier_domain::record::Record;
use levier_exports::{Dialects, Limits, Reading, Sidecar, Sink, SinkError};
use levier_import::SIDECAR_ENDING;

use crate::Failure;
use crate::arguments::{Check, Shared};
use crate::output;
use crate::workspace::{now, read_config};

struct Nothing;

impl Sink for Nothing {
    fn header(&mut self, _headers: &[String]) -> Result<(), SinkError> {
        Ok(())
    }
    fn record(&mut self, _line: u64, _record: Record) -> Result<(), SinkError> {
        Ok(())
    }
    fn event(&mut self, _line: u64, _draft: Draft) -> Result<(), SinkError> {
        Ok(())
    }
    fn refused(&mut self, _line: u64, _cells: &[String], _refusal: Refusal) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Prints the receipts that a drop would give; exit code 3 if the file would be refused whole.
pub fn export(shared: &Shared, arguments: &Check, file: &Path) -> Result<ExitCode, Failure> {
    let (config, _) = read_config(shared)?;
    let declared_entity = match &arguments.entity {
        None => None,
        Some(word) => Some(word.parse::<Entity>().map_err(|error| Failure::Usage(format!("--entity: {error}")))?),
    };
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = file.with_file_name(format!("{name}{SIDECAR_ENDING}"));
    let sidecar = match std::fs::read_to_string(&beside) {
        Ok(text) => Some(Sidecar::parse(&name, &text).map_err(Failure::failed)?),
        Err(_) => None,
    };
    let dialects = Dialects::builtin().map_err(Failure::failed)?;
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
        limits: Limits { max_refused_share: config.import.max_refused_share, ..Limits::default() },
    };
    let input = File::open(file).map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    let mut sink_for = |_: &str| -> Box<dyn Sink> { Box::new(Nothing) };
    let outcomes = levier_exports::read(&name, input, &reading, &mut sink_for).map_err(Failure::failed)?;
    let mut refused = false;
    for outcome in outcomes {
        refused |= outcome.receipt.status == ImportStatus::Refused;
        if shared.json {
            output::json(&serde_json::json!({"receipt": outcome.receipt}));
        } else {
            crate::drop::print_receipt(&outcome.receipt);
        }
    }
    Ok(ExitCode::from(if refused { 3 } else { 0 }))
}
