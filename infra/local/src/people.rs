//! What a person looks after: identities and reading keys.

use std::process::ExitCode;

use levier_domain::entity::Entity;
use levier_lake::columns::{self, Column};
use levier_lake::{ByteStream, keys};
use levier_report::Role;
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Identity, IdentityAction, Key, KeyAction, Shared};
use crate::output;
use crate::workspace::{Workspace, now, random};

fn print(shared: &Shared, rows: Vec<Json>) {
    if shared.json {
        output::json(&Json::Array(rows))
    } else {
        output::table(&rows)
    }
}

/// `levier identity`.
pub async fn identity(shared: &Shared, arguments: &Identity) -> Result<ExitCode, Failure> {
    let workspace = Workspace::read(shared).await?;
    let lake = &workspace.deps.lake;
    let name = match &arguments.action {
        IdentityAction::Review => "review",
        IdentityAction::Links => "links",
        IdentityAction::Conflicts => "conflicts",
        IdentityAction::Undo { handle, person_id } => {
            let (platform, name) = handle.split_once(':').ok_or_else(|| {
                Failure::Usage(format!("`{handle}` is no handle; write platform:handle"))
            })?;
            // A row of `links`, dropped as an admin would.
            let row = json!({"platform": platform, "handle": name, "person_id": person_id, "relation": "different"});
            let key = format!(
                "{}{}/{}/undo.ndjson",
                keys::DROP,
                Entity::Links,
                now().as_microsecond()
            );
            lake.drop_file(&key, ByteStream::from(row.to_string().into_bytes()), None)
                .await
                .map_err(Failure::failed)?;
            let receipts = crate::drop::wait(&workspace, &key).await?;
            print(shared, receipts.iter().map(crate::drop::summary).collect());
            workspace.close().await;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let key = format!("{}{name}.parquet", keys::IDENTITY);
    let bytes = lake.get(&key).await.map_err(Failure::failed)?;
    let bytes = bytes
        .ok_or_else(|| Failure::Failed("nothing was joined yet; levier run join".to_owned()))?;
    let mut rows = Vec::new();
    for batch in columns::read(&key, bytes, &[]).map_err(Failure::failed)? {
        let header: Vec<String> = batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        for row in 0..batch.num_rows() {
            let cells = header
                .iter()
                .map(|name| (name.clone(), Column::of(&batch, name).text(row).into()));
            rows.push(Json::Object(cells.collect()));
        }
    }
    print(shared, rows);
    workspace.close().await;
    Ok(ExitCode::SUCCESS)
}

/// `levier key`.
pub async fn key(shared: &Shared, arguments: &Key) -> Result<ExitCode, Failure> {
    let workspace = Workspace::open(shared).await?;
    let results = &workspace.deps.results;
    let usage = |error: levier_report::KeyError| Failure::Usage(error.to_string());
    match &arguments.action {
        KeyAction::Create { name, role, days } => {
            let role: Role = serde_json::from_value(Json::from(role.as_str())).map_err(|_| {
                Failure::Usage(format!(
                    "--role `{role}` is not one of reader, finance, operator"
                ))
            })?;
            let made = levier_report::create_key(results, name, role, random()?, now(), *days)
                .await
                .map_err(usage)?;
            print(
                shared,
                vec![
                    json!({"name": made.info.name, "key": made.key, "role": made.info.role, "expires_at": made.info.expires_at}),
                ],
            );
        }
        KeyAction::List => {
            let known = levier_report::list_keys(results).await.map_err(usage)?;
            let rows = known.iter().map(|info| json!({"name": info.name, "role": info.role, "created_at": info.created_at, "expires_at": info.expires_at}));
            print(shared, rows.collect());
        }
        KeyAction::Revoke { name } => {
            levier_report::revoke_key(results, name, now())
                .await
                .map_err(usage)?;
            print(shared, vec![json!({"name": name, "revoked": true})]);
        }
    }
    workspace.close().await;
    Ok(ExitCode::SUCCESS)
}
