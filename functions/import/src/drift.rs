//! What differs from the last file of the same dialect: columns gone or new, types changed, row count halved.

use std::collections::BTreeMap;

use levier_domain::receipt::Receipt;
use levier_lake::{Lake, LakeError, keys};
use serde::{Deserialize, Serialize};

use crate::object::Drop;

/// What is remembered of the last file of a dialect, and of the one before for when this one is read again.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Memory {
    import_id: String,
    dropped_at: String,
    rows: u64,
    columns: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Box<Memory>>,
}

/// Compares a receipt with the last one of its dialect and remembers it.
pub async fn compare(
    lake: &Lake,
    receipt: &mut Receipt,
    columns: &[(String, String)],
    drop: &Drop,
) -> Result<(), LakeError> {
    let Some(dialect) = receipt.dialect.clone() else {
        return Ok(());
    };
    // Mended rows are a part of a file, and no measure of the next whole one.
    if receipt
        .columns
        .ignored
        .iter()
        .any(|header| levier_exports::REASON_HEADERS.contains(&header.as_str()))
    {
        return Ok(());
    }
    let key = format!("{}dialects/{dialect}.json", keys::RECEIPTS);
    let known: Option<Memory> = lake.get_json(&key).await?;
    // Killed after remembering and run again, the file must not be compared with itself.
    let last = match known {
        Some(memory) if memory.import_id == receipt.import_id => {
            memory.before.map(|before| *before)
        }
        other => other,
    };
    let own = Memory {
        import_id: receipt.import_id.clone(),
        dropped_at: drop.dropped_at.to_string(),
        rows: receipt.rows.read,
        columns: columns.iter().cloned().collect(),
        before: None,
    };
    if let Some(last) = &last
        && last.dropped_at <= own.dropped_at
    {
        for (name, kind) in &last.columns {
            match own.columns.get(name) {
                None => receipt.drift.push(format!(
                    "column `{name}` is gone since the last file of this dialect: the records that the file holds again lose what it said"
                )),
                Some(now) if now != kind => receipt
                    .drift
                    .push(format!("column `{name}` was {kind} and is {now} now")),
                Some(_) => {}
            }
        }
        for name in own
            .columns
            .keys()
            .filter(|name| !last.columns.contains_key(*name))
        {
            receipt.drift.push(format!("column `{name}` is new"));
        }
        if own.rows * 2 < last.rows {
            receipt.drift.push(format!(
                "{} rows where the last file had {}: is it complete?",
                own.rows, last.rows
            ));
        }
    }
    let before = last.map(|mut last| {
        last.before = None;
        Box::new(last)
    });
    lake.put_json(&key, &Memory { before, ..own }).await
}
