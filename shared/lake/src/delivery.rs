//! One landed delivery: headers that matter, raw body, received-at.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::keys;

/// What `receive` stores before it says 200, as JSON. The body stays text where it is UTF-8, so that a person can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// Name of the source.
    pub source: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Raw query string, without tokens.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Headers that matter to the mapping; never signatures, tokens or cookies.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(flatten)]
    pub body: Body,
}

/// Raw bytes, as text where they are UTF-8.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// UTF-8.
    #[serde(rename = "body")]
    Text(String),
    /// Anything else, in hex.
    #[serde(rename = "body_hex")]
    Hex(String),
}

impl Body {
    /// Keeps the bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes)
            .map_or_else(|error| Self::Hex(hex::encode(error.as_bytes())), Self::Text)
    }

    /// The bytes as received.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex(digits) => hex::decode(digits).unwrap_or_default(),
        }
    }
}

impl Landed {
    /// The key under which attempt number `attempt` stores it: time of receipt, then a hash of the body. Two deliveries that
    /// share both are told apart by the attempt.
    #[must_use]
    pub fn key(&self, attempt: u32) -> String {
        let digest = Sha256::digest(self.body.bytes());
        let hour = keys::landing_hour(&self.source, self.received_at);
        format!(
            "{hour}{:016}-{}-{attempt}",
            self.received_at.as_microsecond(),
            hex::encode(&digest[..8])
        )
    }
}
