//! `levier check`: what is wrong with configuration, secrets and sources, and how a file would be read.

use std::process::ExitCode;

use levier_domain::config::Config;
use levier_domain::item::Item;
use levier_domain::record::{Record, Value};
use levier_platforms::{Context, Delivery, Source};
use levier_runtime::Secrets;
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Check, Shared};
use crate::notice::Found;
use crate::output;
use crate::schedule::Schedule;
use crate::workspace::{config_path, now, read_config, used};

/// Checks; exit code 1 where something is wrong.
pub async fn check(shared: &Shared, arguments: &Check) -> Result<ExitCode, Failure> {
    if let Some(file) = &arguments.export {
        return crate::export::export(shared, arguments, file);
    }
    let file = config_path(shared).display().to_string();
    let (config, folder) = read_config(shared).inspect_err(|failure| {
        // A file that cannot be read is a finding too, for whoever reads findings.
        if shared.json && arguments.sample.is_none() {
            let problem = failure.to_string();
            output::json(&json!([{"what": file, "status": "wrong", "problem": problem}]));
        }
    })?;
    let secrets = Secrets::local(folder);
    if let (Some(name), Some(sample)) = (&arguments.source, &arguments.sample) {
        return sample_of(shared, &config, &secrets, arguments, (name, sample));
    }
    let mut findings = Vec::new();
    let mut wrong = false;
    let mut tell = |what: String, found: Found| {
        let (status, problem) = match found {
            Found::Fine => ("ok", None),
            Found::Doubtful(said) => ("doubtful", Some(said)),
            Found::Wrong(said) => ("wrong", Some(said)),
        };
        wrong |= status == "wrong";
        findings.push(json!({"what": what, "status": status, "problem": problem}));
    };
    tell(file.clone(), Found::Fine);
    if let Some(reference) = &config.workspace.hash_key {
        let short = |key: Vec<u8>| {
            if key.len() < 16 {
                Err("has fewer than 16 bytes".to_owned())
            } else {
                Ok(())
            }
        };
        tell(
            "workspace.hash_key".to_owned(),
            Found::of(secrets.read(reference).and_then(short).err()),
        );
    }
    for (name, source) in &config.sources {
        let compiled = Source::compile(name, source, &|reference| secrets.read(reference));
        let problem = compiled.as_ref().err().map(ToString::to_string);
        let how = compiled.as_ref().map_or("", |source| source.verification());
        let pulled = if source.pull.is_some() {
            ", pulled"
        } else {
            ""
        };
        tell(
            format!(
                "sources.{name} ({}{}{how}{pulled})",
                source.platform,
                if how.is_empty() { "" } else { ", " }
            ),
            Found::of(problem),
        );
    }
    tell(
        "privacy.min_cell".to_owned(),
        match config.privacy.min_cell {
            few @ (0 | 1) => Found::Doubtful(format!(
                "with {few} nothing is suppressed, and figures of one person are published; the default is 10"
            )),
            _ => Found::Fine,
        },
    );
    crate::notice::check(&config, &secrets, &mut tell);
    let schedules = &config.schedules;
    for (key, text) in [
        ("compact", &schedules.compact),
        ("nightly", &schedules.nightly),
        ("snapshot", &schedules.snapshot),
        ("pull", &schedules.pull),
        ("alert", &schedules.alert),
    ] {
        tell(
            format!("schedules.{key}"),
            Found::of(Schedule::parse(text).err()),
        );
    }
    if let Some(up) = crate::workspace::running(&shared.data).await {
        let used = used(&up).await?;
        let served = used.file.display().to_string();
        let found = match used.problem {
            Some(problem) => Found::Wrong(format!(
                "it goes on with what {served} said before: {problem}"
            )),
            None if std::path::absolute(&file).ok() != Some(used.file) => {
                Found::Doubtful(format!("it uses {served}"))
            }
            None => Found::Fine,
        };
        tell(format!("levier up (process {})", up.pid), found);
    }
    if shared.json {
        output::json(&Json::Array(findings))
    } else {
        output::table(&findings)
    }
    Ok(ExitCode::from(u8::from(wrong)))
}

/// What a payload would give, item by item: the events as they would lie in the lake, or where reading fails.
fn sample_of(
    shared: &Shared,
    config: &Config,
    secrets: &Secrets,
    arguments: &Check,
    (name, sample): (&str, &std::path::Path),
) -> Result<ExitCode, Failure> {
    let source = config
        .sources
        .get(name)
        .ok_or_else(|| Failure::Usage(format!("there is no [sources.{name}] in levier.toml")))?;
    // A mapping is tried without its secrets: nothing is verified here, and any text stands for one that is not set.
    let source = Source::compile(name, source, &|reference| {
        secrets
            .read(reference)
            .or_else(|_| Ok(b"user:whsec".to_vec()))
    })
    .or_else(|_| {
        // Where a secret must have a form, this one has it.
        Source::compile(name, source, &|reference| {
            secrets.read(reference).or_else(|_| Ok(b"AAAA".to_vec()))
        })
    })
    .map_err(|error| Failure::Usage(error.to_string()))?;
    let body = std::fs::read(sample)
        .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", sample.display())))?;
    let hash_key = levier_domain::private::HashKey::new(*b"levier-check-only")
        .map_err(|error| Failure::Failed(error.to_string()))?;
    let zone = config.workspace.zone();
    let context = Context {
        hash_key: &hash_key,
        country: &config.workspace.country,
        zone: &zone,
    };
    // The headers that the platform would send with such a body, and those that were given.
    let at = now();
    let mut request = source.sign(&body, at, "check").unwrap_or_default();
    for (header, value) in crate::send::headers(&arguments.headers)? {
        request.headers.retain(|(known, _)| *known != header);
        request.headers.push((header, value));
    }
    let delivery = Delivery {
        received_at: at,
        query: String::new(),
        headers: source.kept_headers(&request),
        body,
    };
    let mut failed = false;
    let rows: Vec<Json> = source
        .normalise(&delivery, &context)
        .into_iter()
        .enumerate()
        .map(|(position, item)| {
            let (outcome, mut row) = match item {
                Item::Event(draft) => {
                    let (event, record) = levier_compact::finish(*draft);
                    let mut row = serde_json::to_value(&event).unwrap_or_default();
                    if let Some(record) = record {
                        row["record"] = cells(&record);
                    }
                    ("event", json!({"event": row}))
                }
                Item::Ignored { reason } => ("ignored", json!({"reason": reason})),
                Item::Quarantined { reason } => {
                    failed = true;
                    ("quarantined", json!({"reason": reason}))
                }
            };
            row["item"] = json!(position + 1);
            row["outcome"] = json!(outcome);
            row
        })
        .collect();
    if shared.json {
        output::json(&Json::Array(rows));
    } else {
        for row in &rows {
            print_item(row);
        }
    }
    Ok(ExitCode::from(u8::from(failed)))
}

/// The filled cells of a CRM record.
fn cells(record: &Record) -> Json {
    let cell = |value: &Value| match value {
        Value::Null => None,
        Value::Text(text) => Some(json!(text)),
        Value::Integer(whole) => Some(json!(whole)),
        Value::Number(number) => Some(json!(number)),
        Value::Boolean(flag) => Some(json!(flag)),
        Value::Instant(at) => Some(json!(at)),
        Value::Date(day) => Some(json!(day)),
        Value::Attributes(map) => Some(json!(map)),
    };
    let filled = record.entity.lake_columns().iter().filter_map(|column| {
        let value = cell(record.get(&column.name))?;
        Some((column.name.clone(), value))
    });
    Json::Object(filled.collect())
}

/// One item for a person: what became of it, then every field that is filled.
fn print_item(row: &Json) {
    let reason = row["reason"].as_str().map(|reason| format!(": {reason}"));
    say!(
        "item {}: {}{}",
        row["item"],
        row["outcome"].as_str().unwrap_or_default(),
        reason.unwrap_or_default()
    );
    for (name, value) in row["event"].as_object().into_iter().flatten() {
        match value {
            Json::Null => {}
            Json::Object(map) if map.is_empty() => {}
            Json::String(text) => say!("  {name:<12} {text}"),
            other => say!("  {name:<12} {other}"),
        }
    }
}
