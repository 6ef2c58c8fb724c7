//! What a person looks after: quarantined deliveries, identities, reading keys.

use std::process::ExitCode;

use levier_domain::entity::Entity;
use levier_lake::columns::{self, Column};
use levier_lake::ledger::{self, DayOfLanding};
use levier_lake::{ByteStream, keys};
use levier_report::Role;
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{
    Identity, IdentityAction, Key, KeyAction, Quarantine, QuarantineAction, Shared,
};
use crate::output;
use crate::workspace::{Workspace, now, random};

fn print(shared: &Shared, rows: Vec<Json>) {
    if shared.json {
        output::json(&Json::Array(rows))
    } else {
        output::table(&rows)
    }
}

/// `levier quarantine`.
pub async fn quarantine(shared: &Shared, arguments: &Quarantine) -> Result<ExitCode, Failure> {
    let workspace = Workspace::open(shared).await?;
    let lake = &workspace.deps.lake;
    match &arguments.action {
        QuarantineAction::List => {
            let mut rows = Vec::new();
            for object in lake.list(keys::QUARANTINE).await.map_err(Failure::failed)? {
                let held: Json = lake
                    .get_json(&object.key)
                    .await
                    .map_err(Failure::failed)?
                    .unwrap_or_default();
                let key = object
                    .key
                    .strip_prefix(keys::QUARANTINE)
                    .unwrap_or(&object.key);
                rows.push(json!({"key": key, "source": held["delivery"]["source"], "received_at": held["delivery"]["received_at"], "reasons": held["reasons"]}));
            }
            print(shared, rows);
        }
        QuarantineAction::Show { key } => {
            let held: Option<Json> = lake
                .get_json(&format!("{}{key}", keys::QUARANTINE))
                .await
                .map_err(Failure::failed)?;
            output::json(&held.ok_or_else(|| {
                Failure::Usage(format!(
                    "there is no `{key}` in quarantine; levier quarantine list shows what is there"
                ))
            })?);
        }
        QuarantineAction::Replay { source } => {
            // What a ledger does not name is read again by the next compaction.
            let mut replayed = 0;
            for object in lake.list(keys::QUARANTINE).await.map_err(Failure::failed)? {
                let rest = object
                    .key
                    .strip_prefix(keys::QUARANTINE)
                    .unwrap_or_default();
                if source
                    .as_ref()
                    .is_some_and(|source| !rest.starts_with(&format!("{source}/")))
                {
                    continue;
                }
                let landing = format!("{}{rest}", keys::LANDING);
                // `{source}/{date}/{hour}/{delivery}`: the ledger is that of source and date.
                let mut parts = rest.splitn(3, '/');
                let (Some(source), Some(date), Some(delivery)) =
                    (parts.next(), parts.next(), parts.next())
                else {
                    continue;
                };
                if lake
                    .head(&landing)
                    .await
                    .map_err(Failure::failed)?
                    .is_none()
                {
                    continue;
                }
                let ledger_key =
                    ledger::day_of_landing_key(&format!("{}{source}/{date}/", keys::LANDING));
                let mut ledger: DayOfLanding = lake
                    .get_json(&ledger_key)
                    .await
                    .map_err(Failure::failed)?
                    .unwrap_or_default();
                ledger.deliveries.remove(delivery);
                lake.put_json(&ledger_key, &ledger)
                    .await
                    .map_err(Failure::failed)?;
                lake.delete(&object.key).await.map_err(Failure::failed)?;
                replayed += 1;
            }
            print(
                shared,
                vec![json!({"replayed": replayed, "next": "levier run compact"})],
            );
        }
    }
    workspace.close().await;
    Ok(ExitCode::SUCCESS)
}

/// `levier identity`.
pub async fn identity(shared: &Shared, arguments: &Identity) -> Result<ExitCode, Failure> {
    let workspace = Workspace::open(shared).await?;
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
            levier_report::revoke_key(results, name)
                .await
                .map_err(usage)?;
            print(shared, vec![json!({"name": name, "revoked": true})]);
        }
    }
    workspace.close().await;
    Ok(ExitCode::SUCCESS)
}
