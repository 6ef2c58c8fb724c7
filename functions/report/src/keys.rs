//! Reading keys: made, listed, revoked, checked. Only their hashes are kept.

use axum::http::HeaderMap;
use base64::Engine;
use jiff::Timestamp;
use levier_results::{Results, ResultsError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const ROOM: &str = "keys";

/// What a key's holder may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read tables and pages.
    #[default]
    Reader,
    /// Also review snapshots.
    Finance,
    /// Also run jobs.
    Operator,
}

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// Name given by whoever made it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// SHA-256 of the key, hex.
    pub hash: String,
    /// When it was revoked: it opens nothing from then on, and is remembered so that revoking the last key opens no door.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// A key, shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewKey {
    /// The key itself.
    pub key: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub info: KeyInfo,
}

/// Why a key cannot be made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No such key.
    #[error("there is no key named `{0}`; levier key list shows those there are")]
    Unknown(String),
    /// A name that is taken or empty.
    #[error("`{0}` cannot be a key's name: give one that is not empty and not taken")]
    Name(String),
    /// The results cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
}

/// What was found out about a request.
pub(crate) enum Verdict {
    /// It carries a key that holds.
    Known(#[expect(dead_code, reason = "reviews will need the role")] Role),
    /// No key was ever made.
    NoKeys,
    /// It carries none that holds.
    Unknown,
}

fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

/// Makes a key from 32 random bytes given by the caller, valid for `days`.
///
/// # Errors
/// [`KeyError`].
pub async fn create_key(
    results: &Results,
    name: &str,
    role: Role,
    random: [u8; 32],
    now: Timestamp,
    days: u32,
) -> Result<NewKey, KeyError> {
    let taken = all_keys(results).await?;
    let in_use = |info: &KeyInfo| info.name == name && info.revoked_at.is_none();
    if name.trim().is_empty() || taken.iter().any(in_use) {
        return Err(KeyError::Name(name.to_owned()));
    }
    let key = format!(
        "lvr_{}",
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random)
    );
    let lifetime = jiff::SignedDuration::from_hours(24 * i64::from(days));
    let expires_at = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
    let info = KeyInfo {
        name: name.to_owned(),
        role,
        created_at: now,
        expires_at,
        hash: hash(&key),
        revoked_at: None,
    };
    let text = serde_json::to_string(&info).unwrap_or_default();
    results.set_state(ROOM, name, &text).await?;
    Ok(NewKey { key, info })
}

/// All keys ever made, by name.
async fn all_keys(results: &Results) -> Result<Vec<KeyInfo>, KeyError> {
    Ok(results
        .states(ROOM)
        .await?
        .values()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect())
}

/// All keys that were not revoked, by name.
///
/// # Errors
/// [`KeyError::Results`].
pub async fn list_keys(results: &Results) -> Result<Vec<KeyInfo>, KeyError> {
    let mut keys = all_keys(results).await?;
    keys.retain(|info| info.revoked_at.is_none());
    Ok(keys)
}

/// Revokes a key at once.
///
/// # Errors
/// [`KeyError::Unknown`] where there is none of that name.
pub async fn revoke_key(results: &Results, name: &str, now: Timestamp) -> Result<(), KeyError> {
    let known = list_keys(results).await?;
    let mut info = known
        .into_iter()
        .find(|info| info.name == name)
        .ok_or_else(|| KeyError::Unknown(name.to_owned()))?;
    info.revoked_at = Some(now);
    let text = serde_json::to_string(&info).unwrap_or_default();
    Ok(results.set_state(ROOM, name, &text).await?)
}

/// The keys that a request carries, in the four forms.
fn presented(headers: &HeaderMap, query: Option<&str>) -> Vec<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut keys = Vec::new();
    if let Some(authorisation) = text("authorization") {
        // The name of a scheme is of any case.
        let (scheme, proof) = authorisation.split_once(' ').unwrap_or((authorisation, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            keys.push(proof.trim().to_owned());
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = base64::engine::general_purpose::STANDARD
                .decode(proof.trim())
                .unwrap_or_default();
            if let Some((_, password)) = String::from_utf8_lossy(&decoded).split_once(':') {
                keys.push(password.to_owned());
            }
        }
    }
    keys.extend(text("x-api-key").map(str::to_owned));
    // Keys are of the URL alphabet, so that nothing needs decoding.
    keys.extend(
        query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .filter_map(|pair| pair.strip_prefix("key="))
            .map(str::to_owned),
    );
    keys
}

pub(crate) async fn check(
    results: &Results,
    headers: &HeaderMap,
    query: Option<&str>,
    now: Timestamp,
) -> Result<Verdict, KeyError> {
    let known = all_keys(results).await?;
    if known.is_empty() {
        return Ok(Verdict::NoKeys);
    }
    for key in presented(headers, query) {
        let hash = hash(&key);
        for info in &known {
            if bool::from(info.hash.as_bytes().ct_eq(hash.as_bytes()))
                && info.expires_at > now
                && info.revoked_at.is_none()
            {
                return Ok(Verdict::Known(info.role));
            }
        }
    }
    Ok(Verdict::Unknown)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_in_each_of_its_forms() {
        let basic = base64::engine::general_purpose::STANDARD.encode("sheet:lvr_k");
        for (case, name, value, query, want) in [
            (
                "bearer",
                "authorization",
                "Bearer lvr_k",
                None,
                vec!["lvr_k"],
            ),
            (
                "bearer of another case",
                "authorization",
                "bearer  lvr_k ",
                None,
                vec!["lvr_k"],
            ),
            (
                "basic",
                "authorization",
                &format!("Basic {basic}"),
                None,
                vec!["lvr_k"],
            ),
            (
                "basic of another case",
                "authorization",
                &format!("BASIC {basic}"),
                None,
                vec!["lvr_k"],
            ),
            ("no scheme", "authorization", "lvr_k", None, vec![]),
            ("header", "x-api-key", "lvr_k", None, vec!["lvr_k"]),
            (
                "query",
                "accept",
                "*/*",
                Some("kpi=nps&key=lvr_k"),
                vec!["lvr_k"],
            ),
            (
                "another parameter",
                "accept",
                "*/*",
                Some("apikey=lvr_k"),
                vec![],
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(presented(&headers, query), want, "{case}");
        }
    }
}
