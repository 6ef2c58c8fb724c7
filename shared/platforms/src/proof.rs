//! Proof of the sender: HMAC and Ed25519 over raw bytes, compared in constant time, and the window of a signed time.
//!
//! The text of a signature is compared, not its decoded bytes: a decoder that forgives (case of hex, trailing bits of Base64)
//! would let a changed byte of the header pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use levier_domain::config::{HashAlgorithm, TimestampUnit};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// A secret as bytes. Its `Debug` shows nothing.
#[derive(Clone)]
pub(crate) struct Secret(pub Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// HMAC over the concatenation of `parts`.
    pub(crate) fn mac(&self, algorithm: HashAlgorithm, parts: &[&[u8]]) -> Vec<u8> {
        // HMAC takes keys of any length: the error exists only for fixed-length MACs.
        macro_rules! mac {
            ($hash:ty) => {
                match Hmac::<$hash>::new_from_slice(&self.0) {
                    Ok(mut mac) => {
                        for part in parts {
                            mac.update(part);
                        }
                        mac.finalize().into_bytes().to_vec()
                    }
                    Err(_) => Vec::new(),
                }
            };
        }
        match algorithm {
            HashAlgorithm::Sha1 => mac!(Sha1),
            HashAlgorithm::Sha256 => mac!(Sha256),
            HashAlgorithm::Sha512 => mac!(Sha512),
        }
    }

    /// Lower-case hex of HMAC-SHA256.
    pub(crate) fn hex(&self, parts: &[&[u8]]) -> String {
        hex::encode(self.mac(HashAlgorithm::Sha256, parts))
    }

    /// Standard Base64 of HMAC-SHA256.
    pub(crate) fn base64(&self, parts: &[&[u8]]) -> String {
        STANDARD.encode(self.mac(HashAlgorithm::Sha256, parts))
    }
}

/// Whether the two are the same, in time that does not depend on where they differ.
pub(crate) fn same(given: &[u8], wanted: &[u8]) -> bool {
    bool::from(given.ct_eq(wanted))
}

/// As [`same`] for secrets that travel as they are: through a hash, so that not even the length is told.
pub(crate) fn same_secret(given: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && same(&Sha256::digest(given), &Sha256::digest(wanted))
}

/// Whether `given` is what one of the secrets gives; every secret is tried, so that time tells nothing.
pub(crate) fn any_secret(secrets: &[Secret], test: impl Fn(&Secret) -> bool) -> bool {
    secrets
        .iter()
        .fold(false, |found, secret| test(secret) | found)
}

/// Verifies one Ed25519 signature strictly (no small-order keys, no malleable forms).
pub(crate) fn ed25519(keys: &[VerifyingKey], signature: &[u8], message: &[u8]) -> bool {
    let Ok(signature) = Signature::from_slice(signature) else {
        return false;
    };
    keys.iter().fold(false, |found, key| {
        key.verify_strict(message, &signature).is_ok() | found
    })
}

/// Reads a public key of 32 bytes; weak keys, under which anything verifies, are none.
pub(crate) fn verifying_key(bytes: &[u8]) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
    (!key.is_weak()).then_some(key)
}

/// Decodes lower-case hex and nothing else.
pub(crate) fn strict_hex(text: &str) -> Option<Vec<u8>> {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.bytes().all(lower) {
        hex::decode(text).ok()
    } else {
        None
    }
}

/// Reads a signed time; garbage is `None`.
pub(crate) fn signed_time(text: &str, unit: TimestampUnit) -> Option<Timestamp> {
    let digits = || -> Option<i64> {
        let plain =
            !text.is_empty() && text.len() <= 16 && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    match unit {
        TimestampUnit::S => Timestamp::from_second(digits()?).ok(),
        TimestampUnit::Ms => Timestamp::from_millisecond(digits()?).ok(),
        TimestampUnit::Iso => text.parse().ok(),
    }
}

/// Whether `at` lies within `tolerance` seconds of `now`, both ways, the limit included. Without a tolerance, always.
///
/// Seconds are compared with seconds: a sender that signs whole seconds is not late because of the receiver's fraction.
pub(crate) fn in_window(
    at: Timestamp,
    now: Timestamp,
    tolerance: Option<u64>,
    unit: TimestampUnit,
) -> bool {
    let Some(tolerance) = tolerance else {
        return true;
    };
    match unit {
        TimestampUnit::S => now.as_second().abs_diff(at.as_second()) <= tolerance,
        _ => now.as_millisecond().abs_diff(at.as_millisecond()) <= tolerance.saturating_mul(1000),
    }
}

/// Whether a challenge is a plain token, which is safe to echo and to sign.
pub(crate) fn is_plain_token(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'~' | b'-'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_both_ways_and_holds_its_limit() {
        let now = Timestamp::new(1_000_000, 900_000_000).unwrap();
        for (case, at, inside) in [
            ("at the limit", 1_000_000 - 300, true),
            ("one second late", 1_000_000 - 301, false),
            ("from the future", 1_000_000 + 301, false),
            ("at the future limit", 1_000_000 + 300, true),
        ] {
            let at = Timestamp::from_second(at).unwrap();
            assert_eq!(
                in_window(at, now, Some(300), TimestampUnit::S),
                inside,
                "{case}"
            );
            assert!(in_window(at, now, None, TimestampUnit::S), "{case}");
        }
    }

    #[test]
    fn times_of_garbage_are_no_times() {
        for text in [
            "",
            "hello",
            "-5",
            "+5",
            "1e9",
            " 1",
            "99999999999999999999",
            "9999999999999999",
        ] {
            assert_eq!(signed_time(text, TimestampUnit::S), None, "{text}");
        }
    }

    #[test]
    fn only_plain_tokens_are_echoed() {
        for (text, plain) in [
            ("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", true),
            ("", false),
            ("a b", false),
            ("<script>", false),
            ("v0:123:{}", false),
        ] {
            assert_eq!(is_plain_token(text), plain, "{text}");
        }
        assert!(!is_plain_token(&"a".repeat(257)));
    }
}
