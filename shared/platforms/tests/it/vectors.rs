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

#[test]
fn stripe() {
    run("stripe.json", |case| {
        Some(source_with("platform = \"stripe\"", secret(case)))
    });
}

#[test]
fn github_and_meta() {
    run("github.json", |case| {
        Some(source_with("platform = \"github\"", secret(case)))
    });
    run("github.json", |case| {
        Some(source_with(
            "platform = \"facebook\"\nverify_token = \"env:V\"",
            secret(case),
        ))
    });
}

#[test]
fn hubspot_v3() {
    run("hubspot.json", |case| {
        let url = case["url"].as_str().unwrap();
        (case["version"] == "v3").then(|| {
            source_with(
                &format!("platform = \"hubspot\"\npublic_url = \"{url}\""),
                secret(case),
            )
        })
    });
}

/// Discord signs timestamp and body; the vectors sign any message, so only those that begin like a time fit through that door.
#[test]
fn ed25519_through_discord() {
    let Some(vectors) = shared_json("samples/signatures/ed25519.wycheproof.json") else {
        return;
    };
    let mut tried = 0;
    for group in vectors["testGroups"].as_array().unwrap() {
        let key = group["publicKey"]["pk"].as_str().unwrap();
        let text = format!("platform = \"discord\"\npublic_key = \"{key}\"");
        let Ok(source) = crate::support::try_source(&text) else {
            continue;
        };
        for case in group["tests"].as_array().unwrap() {
            let message = hex::decode(case["msg"].as_str().unwrap()).unwrap();
            let digits = message
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count()
                .min(10);
            let (timestamp, body) = message.split_at(digits);
            let timestamp = String::from_utf8(timestamp.to_vec()).unwrap();
            let signature = case["sig"].as_str().unwrap();
            let request = post(
                body,
                &[
                    ("x-signature-timestamp", &timestamp),
                    ("x-signature-ed25519", signature),
                ],
            );
            let answer = source.answer(&request, Timestamp::UNIX_EPOCH);
            if case["result"] == "valid" && digits > 0 {
                assert_ne!(status(&answer), 401, "{}", case["tcId"]);
                tried += 1;
            } else {
                assert_eq!(status(&answer), 401, "{}", case["tcId"]);
            }
        }
    }
    assert!(tried > 0, "no vector begins with a digit");
}
