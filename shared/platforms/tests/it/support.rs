//! What every test here needs: a source from TOML, a workspace, samples that lie beside the repository.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use levier_domain::config::{Config, Reference};
use levier_domain::item::{Draft, Item};
use levier_domain::private::HashKey;
use levier_platforms::{Answer, Context, Delivery, Request, Source};
use serde_json::Value;

pub const NOW: &str = "2026-03-01T10:00:00Z";

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// Secrets of the tests: `env:X` stands for the value set here, `env:B64` for a Standard Webhooks one.
pub fn lookup(reference: &Reference) -> Result<Vec<u8>, String> {
    match reference {
        Reference::Env(name) if name == "B64" => {
            Ok(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_vec())
        }
        Reference::Env(name) if name == "MISSING" => Err("not set".to_owned()),
        Reference::Env(name) if name == "EMPTY" => Ok(Vec::new()),
        Reference::Env(name) => Ok(name.as_bytes().to_vec()),
        Reference::File(path) => std::fs::read(path).map_err(|error| error.to_string()),
        _ => Err("not here".to_owned()),
    }
}

/// Compiles the one source of a TOML text whose table is `[sources.s]`.
pub fn try_source(keys: &str) -> Result<Source, String> {
    let config = Config::parse(&format!("[sources.s]\ncommunity = \"main\"\n{keys}\n"))
        .map_err(|error| error.to_string())?;
    Source::compile("s", &config.sources["s"], &lookup).map_err(|error| error.to_string())
}

pub fn source(keys: &str) -> Source {
    try_source(keys).unwrap()
}

/// A source that takes `secret` as it is.
pub fn source_with(keys: &str, secret: &str) -> Source {
    let text = format!("[sources.s]\ncommunity = \"main\"\nsecret = \"env:S\"\n{keys}\n");
    let config = Config::parse(&text).unwrap();
    let bytes = secret.as_bytes().to_vec();
    Source::compile("s", &config.sources["s"], &|_| Ok(bytes.clone())).unwrap()
}

pub fn hash_key() -> HashKey {
    HashKey::new(*b"0123456789abcdef").unwrap()
}

pub fn delivery(body: &[u8], headers: &[(&str, &str)]) -> Delivery {
    Delivery {
        received_at: now(),
        query: String::new(),
        headers: pairs(headers),
        body: body.to_vec(),
    }
}

pub fn pairs(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned()))
        .collect()
}

pub fn post(body: &[u8], headers: &[(&str, &str)]) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/hooks/s".to_owned(),
        query: String::new(),
        headers: pairs(headers),
        body: body.to_vec(),
    }
}

pub fn read_delivery(source: &Source, delivery: &Delivery) -> Vec<Item> {
    let key = hash_key();
    let zone = TimeZone::UTC;
    let context = Context {
        hash_key: &key,
        country: "FR",
        zone: &zone,
    };
    source.normalise(delivery, &context)
}

pub fn items(source: &Source, body: &str, headers: &[(&str, &str)]) -> Vec<Item> {
    read_delivery(source, &delivery(body.as_bytes(), headers))
}

/// One line per item, with everything but the hash of its id: what table tests compare.
pub fn lines(items: &[Item]) -> Vec<String> {
    items.iter().map(line).collect()
}

fn line(item: &Item) -> String {
    match item {
        Item::Ignored { reason } => format!("ignored {reason}"),
        Item::Quarantined { reason } => format!("quarantined {reason}"),
        Item::Event(draft) => event_line(draft),
    }
}

fn event_line(draft: &Draft) -> String {
    let event = &draft.event;
    let mut line = format!("{} {}", event.kind, event.occurred_at);
    let mut put = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            line.push_str(&format!(" {name}={value}"));
        }
    };
    put("actor", &event.actor);
    put("target", &event.target);
    put("channel", &event.channel);
    put("thread", &event.thread);
    put("reply_to", &event.reply_to);
    put("seen", &event.visibility.map(|v| v.to_string()));
    for (key, value) in &event.attributes {
        let value = match key.as_str() {
            "email_key" | "phone_key" => "#".to_owned(),
            _ => value.clone(),
        };
        put(key, &Some(value));
    }
    if event.is_bot {
        line.push_str(" bot");
    }
    if event.is_staff {
        line.push_str(" staff");
    }
    if let Some(text) = &draft.text {
        line.push_str(&format!(" text={text:?}"));
    }
    if let Some(record) = &draft.record {
        line.push_str(&format!(" record={}", record.entity));
        for (column, value) in record.entity.lake_columns().iter().zip(&record.values) {
            use levier_domain::record::Value as Cell;
            let shown = match value {
                Cell::Null => continue,
                Cell::Text(_) if column.name.ends_with("_key") => "#".to_owned(),
                Cell::Text(text) => text.clone(),
                Cell::Integer(integer) => integer.to_string(),
                Cell::Number(number) => number.to_string(),
                Cell::Boolean(flag) => flag.to_string(),
                Cell::Instant(at) => at.to_string(),
                Cell::Date(date) => date.to_string(),
                Cell::Attributes(map) => format!("{:?}", map.keys().collect::<Vec<_>>()),
            };
            line.push_str(&format!(" {}={shown}", column.name));
        }
    }
    line
}

pub fn only_event(items: &[Item]) -> &Draft {
    match items {
        [Item::Event(draft)] => draft,
        other => panic!("not one event: {:?}", lines(other)),
    }
}

pub fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Reply(reply) | Answer::Store { reply } => reply.status,
        Answer::Refuse(rejection) => rejection.status(),
    }
}

pub fn is_stored(answer: &Answer) -> bool {
    matches!(answer, Answer::Store { .. })
}

/// The folder of shared documents, or `None` (said aloud) where it is absent; absence fails under CI.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var("LEVIER_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let full = PathBuf::from(root).join(path);
    if full.exists() {
        return Some(full);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "shared samples are absent: {}",
        full.display()
    );
    eprintln!("skipped: {} is absent", full.display());
    None
}

pub fn shared_json(path: &str) -> Option<Value> {
    let text = std::fs::read_to_string(shared(path)?).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// A sample payload as bytes; files that wrap body and headers are unwrapped.
pub fn sample(path: &str) -> Option<Delivery> {
    let text = std::fs::read_to_string(shared(&format!("samples/webhooks/{path}"))?).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let wrapped = |headers: &str, body: &str| -> Option<Delivery> {
        let map = value.get(headers)?.as_object()?;
        let body = value.get(body)?;
        let body = body
            .as_str()
            .map_or_else(|| body.to_string(), str::to_owned);
        Some(Delivery {
            received_at: now(),
            query: String::new(),
            headers: map
                .iter()
                .map(|(name, value)| {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    (name.to_ascii_lowercase(), text)
                })
                .collect(),
            body: body.into_bytes(),
        })
    };
    wrapped("webhook_headers", "webhook_body")
        .or_else(|| wrapped("headers", "body"))
        .or_else(|| Some(delivery(text.as_bytes(), &[])))
}
