//! A dropped dialect: a file `NAME.dialect.toml` says how the exports of a system are read from now on, as those that ship do.

use levier_domain::receipt::Receipt;
use levier_runtime::{Dependencies, JobError};

use crate::object::{DIALECTS, Drop, chain, load_dialects};

/// Ending of a dropped file that is a dialect.
pub const DIALECT_ENDING: &str = ".dialect.toml";
/// No dialect is larger.
const LARGEST: u64 = 1 << 20;

/// Keeps a dialect for all later drops, or says why it cannot be used.
pub async fn keep(deps: &Dependencies, drop: &Drop) -> Result<Receipt, JobError> {
    let receipt = Receipt::new(&drop.name, &drop.id);
    let size = drop.file.as_file().metadata().map_or(0, |file| file.len());
    if size > LARGEST {
        return Ok(receipt.refuse("The dialect file is larger than 1 MB: it is no dialect."));
    }
    let text = match std::fs::read_to_string(drop.file.path()) {
        Ok(text) => text,
        Err(error) => {
            return Ok(receipt.refuse(format!("The dialect file cannot be read: {error}.")));
        }
    };
    let mut dialects = load_dialects(&deps.lake).await?;
    if let Err(error) = dialects.add(&drop.name, &text) {
        return Ok(receipt.refuse(format!(
            "The dialect cannot be used: {}. The one of that name, if there was one, holds still.",
            chain(&error)
        )));
    }
    deps.lake
        .put(&format!("{DIALECTS}{}", drop.name), text.into_bytes())
        .await?;
    let mut receipt = receipt;
    let added = dialects.names().last().map(str::to_owned);
    receipt.entity = added
        .as_deref()
        .and_then(|name| dialects.get(name))
        .map(|dialect| dialect.entity().as_str().to_owned());
    receipt.recognised_by = Some(format!("a name that ends in {DIALECT_ENDING}"));
    receipt.warnings.push(format!(
        "exports that look like {} are read by this dialect from now on",
        added.as_deref().unwrap_or("it")
    ));
    receipt.dialect = added;
    Ok(receipt)
}
