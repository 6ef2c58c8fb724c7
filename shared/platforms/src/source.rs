//! One configured source, compiled: the door of this room.

use std::sync::Arc;

use jiff::Timestamp;
use levier_domain::config::{ConfigError, SourceConfig};
use levier_domain::item::Item;

use crate::http::{Answer, Rejection, Request};
use crate::keys::{Keys, Lookup};
use crate::platform::{BlindSpots, CannotSign, Context, Delivery, Origin, Platform};
use crate::pull::{self, Puller};
use crate::registry;

/// A source as `levier.toml` has it, with its secrets read and its rules compiled. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    platform: String,
    community: String,
    reader: Box<dyn Platform>,
    puller: Option<Puller>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({}: {})", self.inner.name, self.inner.platform)
    }
}

impl Source {
    /// Validates the keys for the platform and reads every reference through `lookup` (the secret, or what failed).
    ///
    /// # Errors
    /// [`ConfigError`] names `sources.NAME.KEY` and what to set.
    pub fn compile(
        name: &str,
        config: &SourceConfig,
        lookup: Lookup<'_>,
    ) -> Result<Self, ConfigError> {
        let entry = registry::find(&config.platform).ok_or_else(|| ConfigError::Key {
            key: format!("sources.{name}.platform"),
            problem: format!(
                "`{}` is not known; set one of {}",
                config.platform,
                registry::names().join(", ")
            ),
        })?;
        let keys = Keys::new(name, config, lookup, entry.keys)?;
        let reader = (entry.compile)(&keys)?;
        let puller = Puller::compile(&keys)?;
        Ok(Self {
            inner: Arc::new(Inner {
                name: name.to_owned(),
                // A preset is a platform of its own: its members' handles are not those of other mapped sources.
                platform: config.preset.as_ref().unwrap_or(&config.platform).clone(),
                community: config.community.clone(),
                reader,
                puller,
            }),
        })
    }

    /// The name, which is the route.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Platform id of its events; the preset's name where there is one.
    #[must_use]
    pub fn platform(&self) -> &str {
        &self.inner.platform
    }

    /// The community that it belongs to.
    #[must_use]
    pub fn community(&self) -> &str {
        &self.inner.community
    }

    /// What to do with a request: 405, 401, 400, handshakes and verification. 404 and 413 are the caller's.
    #[must_use]
    pub fn answer(&self, request: &Request, now: Timestamp) -> Answer {
        if let Err(rejection) = self.takes(&request.method) {
            return Answer::Refuse(rejection);
        }
        self.inner
            .reader
            .answer(request, now)
            .unwrap_or_else(Answer::Refuse)
    }

    /// Whether the platform uses the method here; asked before a body is read.
    ///
    /// # Errors
    /// [`Rejection::Method`], which says what it takes.
    pub fn takes(&self, method: &str) -> Result<(), Rejection> {
        let allow = self.inner.reader.allow();
        if allow.split(", ").any(|allowed| allowed == method) {
            Ok(())
        } else {
            Err(Rejection::Method { allow })
        }
    }

    /// The headers to store with the delivery: what reading it needs, never secrets, tokens or signatures.
    #[must_use]
    pub fn kept_headers(&self, request: &Request) -> Vec<(String, String)> {
        request
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .filter(|(name, _)| name != pull::HEADER && self.inner.reader.keeps(name))
            .collect()
    }

    /// The query to store with the delivery: without what proves the sender.
    #[must_use]
    pub fn kept_query(&self, request: &Request) -> String {
        request
            .query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .filter(|pair| {
                let key = pair.split('=').next().unwrap_or_default();
                !matches!(key, "token" | "access_token")
            })
            .collect::<Vec<_>>()
            .join("&")
    }

    /// Reads a stored delivery into items, at least one: a delivery in which nothing can be read is one quarantined item.
    #[must_use]
    pub fn normalise(&self, delivery: &Delivery, context: &Context<'_>) -> Vec<Item> {
        let origin = Origin {
            source: &self.inner.name,
            platform: &self.inner.platform,
            community: &self.inner.community,
            context,
        };
        let reader = self.inner.reader.as_ref();
        let items = match delivery.header(pull::HEADER) {
            Some(what) => pull::normalise(what, delivery, &origin, reader),
            None => reader.normalise(delivery, &origin),
        };
        if items.is_empty() {
            vec![Item::ignored("empty")]
        } else {
            items
        }
    }

    /// A request that carries `body` with the proof that the platform would send, for `levier send`. The path is
    /// `/hooks/{name}`. Headers that say what the body is are guessed from the body; set them yourself before posting otherwise.
    ///
    /// # Errors
    /// [`CannotSign`] where only the platform holds the private key; see [`Source::sign_ed25519`].
    pub fn sign(
        &self,
        body: &[u8],
        now: Timestamp,
        delivery_id: &str,
    ) -> Result<Request, CannotSign> {
        let mut request = self.unsigned(body);
        if self.inner.reader.sign(&mut request, now, delivery_id) {
            Ok(request)
        } else {
            Err(CannotSign::PublicKeyOnly {
                source_name: self.inner.name.clone(),
            })
        }
    }

    /// The same with an Ed25519 key pair of one's own, whose public half the source must know.
    ///
    /// # Errors
    /// [`CannotSign`] where the platform uses no such key.
    pub fn sign_ed25519(
        &self,
        body: &[u8],
        now: Timestamp,
        delivery_id: &str,
        seed: &[u8; 32],
    ) -> Result<Request, CannotSign> {
        let mut request = self.unsigned(body);
        let reader = &self.inner.reader;
        if reader.sign_ed25519(&mut request, now, delivery_id, seed) {
            Ok(request)
        } else {
            Err(CannotSign::NoKeyPair {
                source_name: self.inner.name.clone(),
            })
        }
    }

    fn unsigned(&self, body: &[u8]) -> Request {
        Request {
            method: "POST".to_owned(),
            path: format!("/hooks/{}", self.inner.name),
            query: String::new(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_vec(),
        }
    }

    /// What the platform cannot tell, in English.
    #[must_use]
    pub fn blind_spots(&self) -> &'static [&'static str] {
        self.spots().en
    }

    /// The same in French.
    #[must_use]
    pub fn blind_spots_fr(&self) -> &'static [&'static str] {
        self.spots().fr
    }

    fn spots(&self) -> BlindSpots {
        self.inner.reader.blind_spots()
    }

    /// The https URL of the token keys that this source needs and cannot fetch itself (Teams, rich notifications). Fetch it before
    /// reading deliveries and hand the bytes to [`Source::take_token_keys`]; until then rich notifications are quarantined.
    #[must_use]
    pub fn token_keys_url(&self) -> Option<&str> {
        self.inner.reader.token_keys_url()
    }

    /// Takes a fetched JWK set in place of the one before, for all clones of this source. `false`, and nothing changes, if it
    /// holds no RSA key.
    pub fn take_token_keys(&self, jwks: &[u8]) -> bool {
        self.inner.reader.take_token_keys(jwks)
    }

    /// What reads the platform's REST API, where `[sources.NAME.pull]` says so.
    #[must_use]
    pub fn puller(&self) -> Option<&Puller> {
        self.inner.puller.as_ref()
    }

    /// How senders prove themselves: `HMAC-SHA256`, `Ed25519`, `unsigned`…
    #[must_use]
    pub fn verification(&self) -> &'static str {
        self.inner.reader.verification()
    }
}
