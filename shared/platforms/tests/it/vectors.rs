//! Published signature vectors, read at test time.

use jiff::Timestamp;
use levier_platforms::Source;
use serde_json::Value;

use crate::support::{is_stored, post, shared_json, source_with, status};

fn run(file: &str, make: impl Fn(&Value) -> Option<Source>) {
    let Some(vectors) = shared_json(&format!("samples/signatures/{file}")) else {
        return;
    };
    let mut tried = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let Some(source) = make(case) else { continue };
        let headers: Vec<(&str, &str)> = case["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap()))
            .collect();
        let now = case["now"]
            .as_i64()
            .map(|at| Timestamp::from_second(at).unwrap())
            .or_else(|| {
                case["now_ms"]
                    .as_i64()
                    .map(|at| Timestamp::from_millisecond(at).unwrap())
            })
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let request = post(case["body"].as_str().unwrap().as_bytes(), &headers);
        let answer = source.answer(&request, now);
        if case["expect"] == "accept" {
            assert!(is_stored(&answer), "{file}: {name}: {answer:?}");
        } else {
            assert_eq!(status(&answer), 401, "{file}: {name}");
        }
        tried += 1;
    }
    assert!(tried > 0, "{file} has no case for this verifier");
}

fn secret(case: &Value) -> &str {
    case["secret"].as_str().unwrap()
}

#[test]
fn slack() {
    run("slack.json", |case| {
        Some(source_with("platform = \"slack\"", secret(case)))
    });
}

#[test]
fn discourse() {
    run("discourse.json", |case| {
        Some(source_with("platform = \"discourse\"", secret(case)))
    });
}

#[test]
fn standard_webhooks() {
    run("standard-webhooks.json", |case| {
        Some(source_with(
            "platform = \"standard-webhooks\"",
            secret(case),
        ))
    });
}
