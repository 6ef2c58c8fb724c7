//! The `imports` table: one row per file, visible as soon as it is imported.

use std::collections::BTreeMap;

use levier_domain::receipt::{ImportStatus, Receipt};
use levier_domain::table::{Row, Status, TableName};
use levier_results::Pointer;
use levier_runtime::{Dependencies, JobError};

use crate::object::Drop;

/// All imports are one run: each row stands for itself, so that none waits for another.
const RUN: &str = "import";

/// Adds the rows of one drop.
pub async fn publish(
    deps: &Dependencies,
    drop: &Drop,
    receipts: &[Receipt],
) -> Result<(), JobError> {
    let day = deps.zone.to_datetime(drop.dropped_at).date();
    let rows: Vec<Row> = receipts
        .iter()
        .filter(|receipt| receipt.status != ImportStatus::Unchanged)
        .map(|receipt| {
            let status = match receipt.status {
                ImportStatus::Imported => Status::Imported,
                ImportStatus::Unchanged => Status::Unchanged,
                ImportStatus::Refused => Status::Refused,
            };
            let mut row = Row::new(status)
                .with("file", receipt.file.as_str())
                .with("import_id", receipt.import_id.as_str())
                .with("entity", receipt.entity.as_deref())
                .with("dialect", receipt.dialect.as_deref())
                .with("encoding", receipt.encoding.as_deref())
                .with("rows_read", receipt.rows.read)
                .with("rows_new", receipt.rows.new)
                .with("rows_changed", receipt.rows.changed)
                .with("rows_unchanged", receipt.rows.unchanged)
                .with("rows_refused", receipt.rows.refused)
                .with("rows_dropped", receipt.rows.dropped)
                .with("refused_file", receipt.refused_file.as_deref())
                .with("dropped_at", drop.dropped_at.to_string());
            row.as_of = Some(day);
            row.n = Some(receipt.rows.read);
            row.reason.clone_from(&receipt.reason);
            row
        })
        .collect();
    deps.results
        .write_rows(RUN, TableName::Imports, &rows)
        .await?;
    deps.results
        .flip(
            "import",
            &Pointer {
                run_id: RUN.to_owned(),
                as_of: day,
                until: None,
                tables: vec![TableName::Imports],
                // It grows with every drop, and nothing is ever removed from it.
                rows: BTreeMap::new(),
            },
        )
        .await?;
    Ok(())
}
