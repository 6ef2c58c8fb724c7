//! `levier drop`: put files in the drop bucket and print the receipts.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::receipt::{ImportStatus, Receipt};
use levier_import::{FULL, SIDECAR_ENDING};
use levier_lake::{ByteStream, keys};
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{DropFiles, Shared};
use crate::output;
use crate::workspace::{Workspace, now};

/// How long a receipt is waited for while another process imports.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Drops every file; exit code 3 if one was refused whole.
pub async fn drop_files(shared: &Shared, arguments: &DropFiles) -> Result<ExitCode, Failure> {
    let entity = match &arguments.entity {
        None => None,
        Some(word) => Some(
            word.parse::<Entity>()
                .map_err(|error| Failure::Usage(format!("--entity: {error}")))?,
        ),
    };
    for file in &arguments.files {
        if !file.is_file() {
            return Err(Failure::Usage(format!("{} is not a file", file.display())));
        }
    }
    let workspace = Workspace::open(shared).await?;
    let mut receipts: Vec<Receipt> = Vec::new();
    for (position, file) in arguments.files.iter().enumerate() {
        let declared = Declared {
            entity,
            full: arguments.full,
        };
        let key = put(&workspace, file, declared, position, arguments.known_at).await?;
        receipts.extend(wait(&workspace, &key).await?);
    }
    workspace.close().await;
    let refused = receipts
        .iter()
        .any(|receipt| receipt.status == ImportStatus::Refused);
    if shared.json {
        output::json(&serde_json::to_value(&receipts).unwrap_or_default());
    } else {
        for receipt in &receipts {
            print_receipt(receipt);
        }
    }
    Ok(ExitCode::from(if refused { 3 } else { 0 }))
}

/// What the admin says about a file by where it is put.
#[derive(Clone, Copy, Default)]
pub struct Declared {
    /// What the rows are.
    pub entity: Option<Entity>,
    /// The file is a complete export.
    pub full: bool,
}

/// Puts one file, and what stands beside it to say how it is read.
pub async fn put(
    workspace: &Workspace,
    file: &Path,
    declared: Declared,
    position: usize,
    known_at: Option<Timestamp>,
) -> Result<String, Failure> {
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut prefix = declared
        .entity
        .map_or_else(String::new, |entity| format!("{entity}/"));
    if declared.full {
        prefix.push_str(FULL);
        prefix.push('/');
    }
    let key = format!(
        "{}{prefix}{}-{position:04}/{name}",
        keys::DROP,
        now().as_microsecond()
    );
    let lake = &workspace.deps.lake;
    let beside = file.with_file_name(format!("{name}{SIDECAR_ENDING}"));
    if let Ok(text) = std::fs::read(&beside) {
        lake.put(&format!("{key}{SIDECAR_ENDING}"), text)
            .await
            .map_err(Failure::failed)?;
    }
    // Read in large pieces: each one is a walk to another thread and back.
    let body = ByteStream::read_from()
        .path(file)
        .buffer_size(1 << 20)
        .build()
        .await
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))?;
    lake.drop_file(&key, body, known_at)
        .await
        .map_err(Failure::failed)?;
    Ok(key)
}

/// The receipts of a dropped file: imported here, or by the running `up`.
pub async fn wait(workspace: &Workspace, key: &str) -> Result<Vec<Receipt>, Failure> {
    if workspace.up.is_none() {
        return levier_import::import_object(&workspace.deps, key)
            .await
            .map_err(Failure::failed);
    }
    let begun = Instant::now();
    loop {
        if let Some(receipts) = levier_import::receipts(&workspace.deps, key)
            .await
            .map_err(Failure::failed)?
        {
            return Ok(receipts);
        }
        if begun.elapsed() > PATIENCE {
            return Err(Failure::Failed(format!(
                "no receipt for {key} after an hour; is the running levier up busy?"
            )));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub fn print_receipt(receipt: &Receipt) {
    let rows = receipt.rows;
    println!("{}", receipt.file);
    match receipt.status {
        ImportStatus::Refused => println!(
            "  refused: {}",
            receipt.reason.as_deref().unwrap_or("no reason given")
        ),
        ImportStatus::Unchanged => println!("  unchanged: this very file was imported before"),
        ImportStatus::Imported => {}
    }
    if let Some(dialect) = &receipt.dialect {
        println!(
            "  read as {dialect} ({})",
            receipt.recognised_by.as_deref().unwrap_or("declared")
        );
    }
    println!(
        "  {} rows: {} new, {} changed, {} unchanged, {} refused, {} dropped",
        rows.read, rows.new, rows.changed, rows.unchanged, rows.refused, rows.dropped
    );
    for refusal in receipt.refused.iter().take(10) {
        println!(
            "  line {}, {}: {}; {}",
            refusal.line, refusal.column, refusal.reason, refusal.hint
        );
    }
    if receipt.refused.len() > 10 {
        println!(
            "  and {} more; the refused rows with their reasons: {}",
            receipt.rows.refused - 10,
            receipt.refused_file.as_deref().unwrap_or("-")
        );
    }
    if let Some(matching) = receipt.matching.filter(|matching| matching.none > 0) {
        println!(
            "  {} of {} rows hold nothing that names a person (id, e-mail, phone or account): they cannot be matched",
            matching.none, matching.rows
        );
    }
    for note in receipt.drift.iter().chain(&receipt.warnings) {
        println!("  {note}");
    }
}

/// A receipt's short form for the demo.
pub fn summary(receipt: &Receipt) -> Json {
    json!({"file": receipt.file, "status": receipt.status, "rows": receipt.rows, "dialect": receipt.dialect})
}
