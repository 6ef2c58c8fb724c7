//! Standard Webhooks (and Svix, which sends the same under `svix-*`): `v1` HMAC-SHA256, `v1a` Ed25519.
//!
//! The header is a list: `v1,{base64} v1a,{base64} …`; one right signature suffices, unknown versions are passed over. What is
//! signed is `{id}.{timestamp}.{body}`, and the key of `v1` is what `whsec_` decodes to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use jiff::Timestamp;
use levier_domain::config::{ConfigError, TimestampUnit};
use levier_domain::item::Item;

use crate::http::{Answer, Rejection, Request};
use crate::keys::Keys;
use crate::mapping::Mapping;
use crate::own;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, ed25519, in_window, same, signed_time};
use crate::read::{base64, json};

pub(crate) const KEYS: &[&str] = &[
    "secret",
    "secrets",
    "public_key",
    "public_keys",
    "tolerance",
    "map",
];

/// The scheme alone, for every platform that uses it.
pub(crate) struct Scheme {
    secrets: Vec<Secret>,
    public_keys: Vec<VerifyingKey>,
    tolerance: u64,
}

impl Scheme {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let secrets = keys.decoded_secrets(keys.optional_secrets()?)?;
        let public_keys = keys.public_keys("`whpk_` and 32 bytes in Base64", |text| {
            base64(text.strip_prefix("whpk_").unwrap_or(text))
        })?;
        if secrets.is_empty() && public_keys.is_empty() {
            return Err(keys.wrong(
                "secret",
                "is missing; set a reference to the `whsec_…` secret, or `public_key` to the `whpk_…` key",
            ));
        }
        Ok(Self {
            secrets,
            public_keys,
            tolerance: keys.config.tolerance.unwrap_or(300),
        })
    }

    pub(crate) fn is_signed(&self, request: &Request, now: Timestamp) -> bool {
        let part = |name: &str| {
            request
                .header(&format!("webhook-{name}"))
                .or_else(|| request.header(&format!("svix-{name}")))
                .filter(|value| !value.is_empty())
        };
        let (Some(id), Some(timestamp), Some(signatures)) =
            (part("id"), part("timestamp"), part("signature"))
        else {
            return false;
        };
        let fresh = signed_time(timestamp, TimestampUnit::S)
            .is_some_and(|at| in_window(at, now, Some(self.tolerance), TimestampUnit::S));
        let signed = signed_bytes(id, timestamp, &request.body);
        let mut found = false;
        for signature in signatures.split(' ') {
            found |= match signature.split_once(',') {
                Some(("v1", text)) => any_secret(&self.secrets, |secret| {
                    same(text.as_bytes(), secret.base64(&[&signed]).as_bytes())
                }),
                Some(("v1a", text)) => {
                    base64(text).is_some_and(|bytes| ed25519(&self.public_keys, &bytes, &signed))
                }
                _ => false,
            };
        }
        fresh && found
    }

    pub(crate) fn sign(&self, request: &mut Request, now: Timestamp, id: &str) -> bool {
        let Some(secret) = self.secrets.first() else {
            return false;
        };
        let timestamp = now.as_second().to_string();
        let signature = secret.base64(&[&signed_bytes(id, &timestamp, &request.body)]);
        put(request, id, timestamp, format!("v1,{signature}"));
        true
    }

    pub(crate) fn sign_ed25519(
        &self,
        request: &mut Request,
        now: Timestamp,
        id: &str,
        seed: &[u8; 32],
    ) -> bool {
        let timestamp = now.as_second().to_string();
        let signed = signed_bytes(id, &timestamp, &request.body);
        let signature = SigningKey::from_bytes(seed).sign(&signed);
        let text = STANDARD.encode(signature.to_bytes());
        put(request, id, timestamp, format!("v1a,{text}"));
        true
    }

    pub(crate) fn verification(&self) -> &'static str {
        match (self.secrets.is_empty(), self.public_keys.is_empty()) {
            (false, true) => "HMAC-SHA256",
            (true, false) => "Ed25519",
            _ => "HMAC-SHA256 or Ed25519",
        }
    }
}

fn signed_bytes(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    signed
}

fn put(request: &mut Request, id: &str, timestamp: String, signature: String) {
    for (name, value) in [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", signature),
    ] {
        request.headers.push((name.to_owned(), value));
    }
}

/// A source that speaks Standard Webhooks, in Levier's own form or mapped.
pub(crate) struct StandardWebhooks {
    scheme: Scheme,
    mapping: Option<Mapping>,
}

impl StandardWebhooks {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            scheme: Scheme::compile(keys)?,
            mapping: Mapping::configured(keys)?,
        })
    }
}

impl Platform for StandardWebhooks {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.scheme.is_signed(request, now))?;
        Ok(stored())
    }

    fn keeps(&self, header: &str) -> bool {
        self.mapping.is_some() && crate::mapping::may_keep(header)
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match (json(&delivery.body), &self.mapping) {
            (Err(items), _) => items,
            (Ok(body), Some(mapping)) => mapping.items(body, delivery, origin),
            (Ok(body), None) => own::items(&body, origin),
        }
    }

    fn sign(&self, request: &mut Request, now: Timestamp, delivery_id: &str) -> bool {
        self.scheme.sign(request, now, delivery_id)
    }

    fn sign_ed25519(
        &self,
        request: &mut Request,
        now: Timestamp,
        id: &str,
        seed: &[u8; 32],
    ) -> bool {
        self.scheme.sign_ed25519(request, now, id, seed)
    }

    fn verification(&self) -> &'static str {
        self.scheme.verification()
    }

    fn blind_spots(&self) -> BlindSpots {
        crate::mapping::BLIND_SPOTS
    }
}
