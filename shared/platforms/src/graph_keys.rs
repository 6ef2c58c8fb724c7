//! What opens a rich Graph notification: the tokens' keys, the application's private keys, and the checks in their order.
//!
//! A token is a JWT signed RS256 by Microsoft; its audience is this application and its sender Graph's own application. The
//! content travels under a fresh AES key, which is encrypted for one of the private keys (RSA-OAEP, SHA-1) and also signs it
//! (HMAC-SHA256). What does not hold is told by one word and never read.

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use crate::proof::{Secret, same};
use crate::read::{Read, base64, unix};

/// Graph's own application, which signs for every tenant.
const GRAPH: &str = "0bf30f3b-4a52-48df-9a82-234910c4a086";
/// Where Microsoft publishes the keys of its tokens.
pub(crate) const MICROSOFT: &str = "https://login.microsoftonline.com/common/discovery/v2.0/keys";
/// How far ahead a token's first second may lie, for clocks that disagree.
const SKEW_S: i64 = 300;

/// One public key of a JWK set.
#[derive(Clone)]
pub(crate) struct TokenKey {
    id: Option<String>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// Until when a delivery may have come whose token it signed.
    not_after: Option<Timestamp>,
}

/// The RSA keys of a JWK set; `None` if it is no such set or holds none. A member `not_after` (Unix seconds), which a cache may
/// add to a key, says until when it was published.
pub(crate) fn token_keys(jwks: &[u8]) -> Option<Vec<TokenKey>> {
    let set: Value = serde_json::from_slice(jwks).ok()?;
    let keys: Vec<TokenKey> = set
        .list("/keys")
        .iter()
        .filter(|key| key.str("/kty") == Some("RSA"))
        .filter_map(|key| {
            Some(TokenKey {
                id: key.str("/kid").map(str::to_owned),
                modulus: unsigned(key.str("/n")?)?,
                exponent: unsigned(key.str("/e")?)?,
                not_after: key.integer("/not_after").and_then(unix),
            })
        })
        .collect();
    (!keys.is_empty()).then_some(keys)
}

/// A number in base64url, without leading zeros.
fn unsigned(text: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[first..].to_vec())
}

/// A private key of PEM (PKCS#8).
pub(crate) fn private_key(pem: &[u8]) -> Option<OaepPrivateDecryptingKey> {
    let text = std::str::from_utf8(pem).ok()?;
    let (_, rest) = text.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let plain: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let key = PrivateDecryptingKey::from_pkcs8(&base64(&plain)?).ok()?;
    OaepPrivateDecryptingKey::new(key).ok()
}

/// Why a rich notification is not taken: one word for the quarantine.
pub(crate) type Refusal = &'static str;

/// Checks every token of a delivery as of the time when it came.
pub(crate) fn check_tokens(
    tokens: &[Value],
    keys: &[TokenKey],
    app_id: &str,
    at: Timestamp,
) -> Result<(), Refusal> {
    if tokens.is_empty() {
        return Err("validation_token_missing");
    }
    for token in tokens {
        let token = token.as_str().ok_or("validation_token_unreadable")?;
        check_token(token, keys, app_id, at)?;
    }
    Ok(())
}

fn check_token(token: &str, keys: &[TokenKey], app_id: &str, at: Timestamp) -> Result<(), Refusal> {
    const UNREADABLE: Refusal = "validation_token_unreadable";
    let (signed, signature) = token.rsplit_once('.').ok_or(UNREADABLE)?;
    let (header, claims) = signed.split_once('.').ok_or(UNREADABLE)?;
    let part = |text: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    };
    let header = part(header).ok_or(UNREADABLE)?;
    // Only what Microsoft signs with: a token must not choose a weaker way by itself.
    if header.str("/alg") != Some("RS256") {
        return Err("validation_token_algorithm");
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| UNREADABLE)?;
    let kid = header.str("/kid");
    let holds = keys
        .iter()
        .filter(|key| kid.is_none() || key.id.is_none() || key.id.as_deref() == kid)
        .filter(|key| key.not_after.is_none_or(|end| at <= end))
        .any(|key| {
            RsaPublicKeyComponents {
                n: &key.modulus,
                e: &key.exponent,
            }
            .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
            .is_ok()
        });
    if !holds {
        return Err("validation_token_signature");
    }
    let claims = part(claims).ok_or(UNREADABLE)?;
    let audience = match claims.get_at("/aud") {
        Some(Value::Array(list)) => list.iter().any(|one| one.as_str() == Some(app_id)),
        Some(one) => one.as_str() == Some(app_id),
        None => false,
    };
    if !audience {
        return Err("validation_token_audience");
    }
    let senders = [claims.str("/appid"), claims.str("/azp")];
    let is_graph = senders.iter().flatten().count() > 0
        && senders.iter().flatten().all(|sender| *sender == GRAPH);
    if !is_graph {
        return Err("validation_token_sender");
    }
    let second = |name: &str| claims.integer(name).and_then(unix);
    if second("/exp").is_none_or(|expires| expires <= at) {
        return Err("validation_token_expired");
    }
    if second("/nbf").is_some_and(|begins| begins.as_second() > at.as_second() + SKEW_S) {
        return Err("validation_token_not_yet_valid");
    }
    Ok(())
}

/// Opens `encryptedContent` with the first private key that can.
pub(crate) fn open(content: &Value, keys: &[OaepPrivateDecryptingKey]) -> Result<Value, Refusal> {
    let part = |name: &str| content.str(name).and_then(base64);
    let data = part("/data").ok_or("encrypted_data_unreadable")?;
    let wrapped = part("/dataKey").ok_or("encrypted_data_key_unreadable")?;
    let signature = part("/dataSignature").ok_or("data_signature_missing")?;
    let key = keys
        .iter()
        .find_map(|private| unwrap(private, &wrapped))
        .ok_or("data_key_not_for_this_private_key")?;
    let wanted = Secret(key.clone()).mac(levier_domain::config::HashAlgorithm::Sha256, &[&data]);
    if !same(&signature, &wanted) {
        return Err("data_signature_wrong");
    }
    let plain = decrypt(&key, data).ok_or("encrypted_data_unreadable")?;
    serde_json::from_slice(&plain).map_err(|_| "decrypted_data_not_json")
}

/// The symmetric key; a private key that it is not for gives nothing.
fn unwrap(private: &OaepPrivateDecryptingKey, wrapped: &[u8]) -> Option<Vec<u8>> {
    let mut room = vec![0; private.min_output_size()];
    let key = private
        .decrypt(&OAEP_SHA1_MGF1SHA1, wrapped, &mut room, None)
        .ok()?;
    (key.len() == 32).then(|| key.to_vec())
}

/// AES-256-CBC with PKCS#7; the vector is the key's first sixteen bytes.
fn decrypt(key: &[u8], mut data: Vec<u8>) -> Option<Vec<u8>> {
    let vector = FixedLength::<16>::try_from(key.get(..16)?).ok()?;
    let cipher = UnboundCipherKey::new(&AES_256, key).ok()?;
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(cipher).ok()?;
    let plain = cipher
        .decrypt(&mut data, DecryptionContext::Iv128(vector))
        .ok()?;
    Some(plain.to_vec())
}
