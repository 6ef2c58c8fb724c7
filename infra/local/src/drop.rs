//! `levier drop`: put files in the drop bucket and print the receipts.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::receipt::{ImportStatus, Receipt};
use levier_import::{FULL, SIDECAR_ENDING};
use levier_lake::{ByteStream, keys};
use levier_render::{Language, receipt_sentence, refusal_sentence};
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
    let config = workspace.deps.config.clone();
    workspace.close().await;
    let refused = receipts
        .iter()
        .any(|receipt| receipt.status == ImportStatus::Refused);
    if shared.json {
        output::json(&serde_json::to_value(&receipts).unwrap_or_default());
    } else {
        for receipt in &receipts {
            print_receipt(receipt, &config);
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

/// Prints a receipt for people, in the workspace's language; the receipt's own texts are English.
pub fn print_receipt(receipt: &Receipt, config: &Config) {
    let language = Language::from_code(&config.workspace.language).unwrap_or_default();
    let say = |english: &str, french: &str| language.say(english, french);
    let told = |text: &str| receipt_sentence(text, language);
    let rows = receipt.rows;
    say!("{}", receipt.file);
    match receipt.status {
        ImportStatus::Refused => say!(
            "  {}{}",
            say("refused: ", "refusé : "),
            told(receipt.reason.as_deref().unwrap_or("no reason given"))
        ),
        ImportStatus::Unchanged => say!(
            "  {}",
            say(
                "unchanged: this very file was imported before",
                "inchangé : ce fichier même a déjà été importé"
            )
        ),
        ImportStatus::Imported => {}
    }
    if let Some(dialect) = &receipt.dialect {
        say!(
            "  {} {dialect} ({})",
            say("read as", "lu comme"),
            told(receipt.recognised_by.as_deref().unwrap_or("declared"))
        );
    }
    let counted = [
        (rows.new, say("new", "nouvelles")),
        (rows.changed, say("changed", "modifiées")),
        (rows.unchanged, say("unchanged", "inchangées")),
        (rows.refused, say("refused", "refusées")),
        (rows.dropped, say("dropped", "laissées de côté")),
    ]
    .map(|(n, what)| format!("{n} {what}"));
    say!(
        "  {} {}{}",
        rows.read,
        say("rows: ", "lignes : "),
        counted.join(", ")
    );
    for refusal in receipt.refused.iter().take(10) {
        say!("  {}", refusal_sentence(refusal, language));
    }
    if receipt.refused.len() > 10 {
        say!(
            "  {} {}{}",
            say("further rows:", "autres lignes :"),
            receipt.rows.refused - 10,
            say(
                "; the refused rows with their reasons: ",
                " ; les lignes refusées avec leurs motifs : "
            ) + receipt.refused_file.as_deref().unwrap_or("-")
        );
    }
    if let Some(matching) = receipt.matching.filter(|matching| matching.none > 0) {
        say!(
            "  {} / {} {}",
            matching.none,
            matching.rows,
            say(
                "rows hold nothing that names a person (id, e-mail, phone or account): they cannot be matched",
                "lignes ne contiennent rien qui désigne une personne (identifiant, e-mail, téléphone ou compte) : elles ne peuvent être rapprochées"
            )
        );
    }
    for note in receipt.drift.iter().chain(&receipt.warnings) {
        say!("  {}", told(note));
    }
}

/// A receipt's short form for the demo.
pub fn summary(receipt: &Receipt) -> Json {
    json!({"file": receipt.file, "status": receipt.status, "rows": receipt.rows, "dialect": receipt.dialect})
}
