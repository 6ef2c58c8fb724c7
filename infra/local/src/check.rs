//! `levier check`: what is wrong with configuration, secrets and sources, and how a file would be read.

use std::process::ExitCode;

use levier_domain::config::Config;
use levier_platforms::{Context, Delivery, Source};
use levier_runtime::Secrets;
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Check, Shared};
use crate::output;
use crate::schedule::Schedule;
use crate::workspace::{now, read_config};

/// Checks; exit code 1 where something is wrong.
pub async fn check(shared: &Shared, arguments: &Check) -> Result<ExitCode, Failure> {
    if let Some(file) = &arguments.export {
        return crate::export::export(shared, arguments, file);
    }
    let (config, folder) = read_config(shared)?;
    let secrets = Secrets::local(folder);
    if let (Some(name), Some(sample)) = (&arguments.source, &arguments.sample) {
        return sample_of(shared, &config, &secrets, name, sample);
    }
    let mut findings = Vec::new();
    let mut wrong = false;
    let mut say = |what: String, problem: Option<String>| {
        wrong |= problem.is_some();
        let status = if problem.is_some() { "wrong" } else { "ok" };
        findings.push(json!({"what": what, "status": status, "problem": problem}));
    };
    say("levier.toml".to_owned(), None);
    if let Some(reference) = &config.workspace.hash_key {
        let short = |key: Vec<u8>| {
            if key.len() < 16 {
                Err("has fewer than 16 bytes".to_owned())
            } else {
                Ok(())
            }
        };
        say(
            "workspace.hash_key".to_owned(),
            secrets.read(reference).and_then(short).err(),
        );
    }
    for (name, source) in &config.sources {
        let compiled = Source::compile(name, source, &|reference| secrets.read(reference));
        let problem = compiled.as_ref().err().map(ToString::to_string);
        let how = compiled.as_ref().map_or("", |source| source.verification());
        say(
            format!(
                "sources.{name} ({}{}{how})",
                source.platform,
                if how.is_empty() { "" } else { ", " }
            ),
            problem,
        );
    }
    crate::notice::check(&config, &secrets, &mut say);
    let schedules = &config.schedules;
    for (key, text) in [
        ("compact", &schedules.compact),
        ("nightly", &schedules.nightly),
        ("snapshot", &schedules.snapshot),
        ("pull", &schedules.pull),
        ("alert", &schedules.alert),
    ] {
        say(format!("schedules.{key}"), Schedule::parse(text).err());
    }
    if shared.json {
        output::json(&Json::Array(findings))
    } else {
        output::table(&findings)
    }
    Ok(ExitCode::from(u8::from(wrong)))
}

/// What a payload would give, event by event.
fn sample_of(
    shared: &Shared,
    config: &Config,
    secrets: &Secrets,
    name: &str,
    sample: &std::path::Path,
) -> Result<ExitCode, Failure> {
    let source = config
        .sources
        .get(name)
        .ok_or_else(|| Failure::Usage(format!("there is no [sources.{name}] in levier.toml")))?;
    // A mapping is tried without its secrets: nothing is verified here.
    let source = Source::compile(name, source, &|reference| {
        secrets.read(reference).or_else(|_| Ok(vec![0; 32]))
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
    let delivery = Delivery {
        received_at: now(),
        query: String::new(),
        headers: Vec::new(),
        body,
    };
    let mut failed = false;
    let rows: Vec<Json> = source
        .normalise(&delivery, &context)
        .into_iter()
        .map(|item| match item {
            levier_domain::item::Item::Event(draft) => {
                json!({"item": "event", "event": draft.event})
            }
            levier_domain::item::Item::Ignored { reason } => {
                json!({"item": "ignored", "reason": reason})
            }
            levier_domain::item::Item::Quarantined { reason } => {
                failed = true;
                json!({"item": "quarantined", "reason": reason})
            }
        })
        .collect();
    if shared.json {
        output::json(&Json::Array(rows))
    } else {
        output::table(&rows)
    }
    Ok(ExitCode::from(u8::from(failed)))
}
