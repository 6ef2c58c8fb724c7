//! The keys of senders' tokens, for sources that need them (Teams, rich notifications): fetched before their deliveries are read.
//!
//! The set published under a URL changes over the weeks, and a delivery may be read again when the key of its token has long gone
//! from there. So every key seen is kept beside the ledgers with the time until which it was seen, and is good for what was
//! received until then. Where nothing can be fetched, the kept keys serve, and without any the deliveries wait in quarantine.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use levier_runtime::{Dependencies, JobError, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// How long a fetched set is taken for the newest.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// How long after it was last seen a key is still good: publishers announce a change a day ahead.
const GRACE: SignedDuration = SignedDuration::from_hours(24);
/// How long a key that is published no more is kept: raw deliveries live no longer.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 40);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Microsoft's set has some 20 kB.
const LARGEST_SET: usize = 1 << 20;

/// Keys of one URL.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    url: String,
    fetched_at: Option<Timestamp>,
    keys: Vec<KeptKey>,
}

#[derive(Serialize, Deserialize)]
struct KeptKey {
    seen_at: Timestamp,
    jwk: Json,
}

impl Kept {
    /// Notes the keys of a JWK set; `false` if it is none.
    fn learn(&mut self, set: &[u8], now: Timestamp) -> bool {
        let set: Json = serde_json::from_slice(set).unwrap_or_default();
        let Some(keys) = set["keys"].as_array() else {
            return false;
        };
        for jwk in keys {
            self.keys.retain(|kept| kept.jwk != *jwk);
            self.keys.push(KeptKey {
                seen_at: now,
                jwk: jwk.clone(),
            });
        }
        self.keys
            .retain(|kept| now.duration_since(kept.seen_at) <= KEPT);
        self.fetched_at = Some(now);
        true
    }

    /// The set with the time until which each key is good.
    fn set(&self) -> Vec<u8> {
        let keys: Vec<Json> = self
            .keys
            .iter()
            .map(|kept| {
                let mut jwk = kept.jwk.clone();
                if let (Some(members), Ok(until)) =
                    (jwk.as_object_mut(), kept.seen_at.checked_add(GRACE))
                {
                    members.insert("not_after".to_owned(), json!(until.as_second()));
                }
                jwk
            })
            .collect();
        json!({ "keys": keys }).to_string().into_bytes()
    }
}

/// Gives the named sources the keys of their senders' tokens; whether one has come that was not there before.
pub(crate) async fn fetch(
    deps: &Dependencies,
    source: &str,
    now: Timestamp,
    outcome: &mut Outcome,
) -> Result<bool, JobError> {
    let Some(source) = deps.sources.get(source) else {
        return Ok(false);
    };
    let Some(url) = source.token_keys_url() else {
        return Ok(false);
    };
    let key = format!(
        "ledger/token-keys/{}.json",
        hex::encode(&Sha256::digest(url)[..8])
    );
    let mut kept: Kept = deps.lake.get_json(&key).await?.unwrap_or_default();
    kept.url = url.to_owned();
    let fresh = kept
        .fetched_at
        .is_some_and(|at| now.duration_since(at).abs() <= FRESH);
    if !fresh {
        match download(url).await {
            Ok(set) if kept.learn(&set, now) => deps.lake.put_json(&key, &kept).await?,
            Ok(_) => warn(outcome, source.name(), url, "what is there is no JWK set"),
            Err(problem) => warn(outcome, source.name(), url, &problem),
        }
    }
    Ok(source.take_token_keys(&kept.set()))
}

fn warn(outcome: &mut Outcome, source: &str, url: &str, problem: &str) {
    outcome.warnings.push(format!(
        "{source}: the keys of its senders' tokens cannot be fetched from {url} ({problem}); keys fetched before serve, and what they do not open waits in quarantine until a later compaction gets them"
    ));
}

async fn download(url: &str) -> Result<Vec<u8>, String> {
    // Only an address on this machine is ever called without TLS; see `sources.NAME.jwks`.
    let client = reqwest::Client::builder()
        .https_only(url.starts_with("https:"))
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| error.to_string())?;
    let sent = client.get(url).send().await;
    let mut response = sent
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| error.without_url().to_string())?;
    let mut set = Vec::new();
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| error.without_url().to_string())?
    {
        if set.len() + piece.len() > LARGEST_SET {
            return Err("it is larger than a JWK set can be".to_owned());
        }
        set.extend_from_slice(&piece);
    }
    Ok(set)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_until_a_day_after_it_was_last_seen_and_kept_for_rereading() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let mut kept = Kept::default();
        let (old, new) = (json!({"kid": "old"}), json!({"kid": "new"}));
        assert!(kept.learn(
            json!({"keys": [old, new]}).to_string().as_bytes(),
            at("2026-03-01T00:00:00Z")
        ));
        assert!(kept.learn(
            json!({"keys": [new]}).to_string().as_bytes(),
            at("2026-03-10T00:00:00Z")
        ));
        let set: Json = serde_json::from_slice(&kept.set()).unwrap();
        let until = |kid: &str| {
            let key = set["keys"]
                .as_array()
                .unwrap()
                .iter()
                .find(|key| key["kid"] == kid);
            key.unwrap()["not_after"].as_i64().unwrap()
        };
        assert_eq!(until("old"), at("2026-03-02T00:00:00Z").as_second());
        assert_eq!(until("new"), at("2026-03-11T00:00:00Z").as_second());
        assert!(kept.learn(
            json!({"keys": [new]}).to_string().as_bytes(),
            at("2026-05-01T00:00:00Z")
        ));
        assert_eq!(
            kept.keys.len(),
            1,
            "the old one went with the deliveries that it could open"
        );
        assert!(!kept.learn(b"<html>", at("2026-05-01T00:00:00Z")));
    }
}
