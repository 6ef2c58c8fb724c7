//! The one trait that every platform fulfils.
//!
//! Three doors: `answer` verifies and shakes hands, `normalise` reads what was stored, `sign` does what the platform does, for
//! `levier send`. Verification happens before parsing; handshakes that the platform signs are verified too.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use levier_domain::item::Item;
use levier_domain::private::HashKey;

use crate::http::{Answer, Rejection, Reply, Request};

/// The delivery as it was landed: what [`crate::Source::normalise`] sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it was received; used as the event's time only where the platform states none.
    pub received_at: Timestamp,
    /// Raw query of the request.
    pub query: String,
    /// The headers that matter; see [`crate::Source::kept_headers`].
    pub headers: Vec<(String, String)>,
    /// The exact body.
    pub body: Vec<u8>,
}

impl Delivery {
    /// The first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// What the workspace adds to reading.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Key with which e-mails and phones are hashed.
    pub hash_key: &'a HashKey,
    /// ISO 3166 alpha-2, for national phone numbers.
    pub country: &'a str,
    /// For times without a zone.
    pub zone: &'a TimeZone,
}

/// Whose delivery is read, in which workspace.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub source: &'a str,
    pub platform: &'a str,
    pub community: &'a str,
    pub context: &'a Context<'a>,
}

impl Origin<'_> {
    /// A reference as it may lie in the lake; see [`HashKey::conceal`].
    pub(crate) fn conceal(&self, text: &str) -> String {
        self.context.hash_key.conceal(text, self.context.country)
    }
}

/// Why a payload cannot be signed here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSign {
    /// Only the platform holds the private key.
    #[error(
        "source `{source_name}` is verified with a public key, and only the holder of the private key can sign"
    )]
    PublicKeyOnly {
        /// Name of the source.
        source_name: String,
    },
    /// The platform uses no such keys.
    #[error("source `{source_name}` is not verified with Ed25519; sign with its secret instead")]
    NoKeyPair {
        /// Name of the source.
        source_name: String,
    },
}

/// One community platform.
pub(crate) trait Platform: Send + Sync {
    /// Methods in use, as the `Allow` header has them. The first is the one that carries deliveries.
    fn allow(&self) -> &'static str {
        "POST"
    }

    /// Verifies and answers a request whose method is allowed.
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection>;

    /// Whether `normalise` needs the header of that name (lower case); never true of secrets, tokens or signatures.
    fn keeps(&self, _header: &str) -> bool {
        false
    }

    /// Reads a stored delivery.
    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item>;

    /// Adds what proves the sender to a POST of `request.body`. `false` where only a private key could.
    fn sign(&self, request: &mut Request, now: Timestamp, delivery_id: &str) -> bool;

    /// Adds an Ed25519 proof made with `seed`; `false` where the platform uses none.
    fn sign_ed25519(&self, _: &mut Request, _: Timestamp, _: &str, _seed: &[u8; 32]) -> bool {
        false
    }

    /// Where the keys of the sender's tokens are published, for platforms that have such keys and were not given them.
    fn token_keys_url(&self) -> Option<&str> {
        None
    }

    /// Takes a JWK set fetched from there; `false` if it holds no key.
    fn take_token_keys(&self, _jwks: &[u8]) -> bool {
        false
    }

    /// How senders prove themselves, in a few words.
    fn verification(&self) -> &'static str;

    /// What the platform cannot tell, in English and French.
    fn blind_spots(&self) -> BlindSpots;
}

/// The same list in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlindSpots {
    /// English.
    pub en: &'static [&'static str],
    /// French.
    pub fr: &'static [&'static str],
}

/// Stored: 200 without a body.
pub(crate) fn stored() -> Answer {
    Answer::Store {
        reply: Reply::empty(200),
    }
}

/// Stored, with another 2xx.
pub(crate) fn stored_as(status: u16) -> Answer {
    Answer::Store {
        reply: Reply::empty(status),
    }
}

/// `Ok` if the proof holds.
pub(crate) fn verified(holds: bool) -> Result<(), Rejection> {
    if holds {
        Ok(())
    } else {
        Err(Rejection::Unverified)
    }
}
