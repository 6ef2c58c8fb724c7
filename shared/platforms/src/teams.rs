//! Microsoft Teams through Graph change notifications.
//!
//! No signature: every notification repeats the subscription's `clientState`, and one wrong among several refuses the delivery.
//! The validation token is echoed whatever it holds, as plain text. Basic notifications name a message without saying what it
//! says or who wrote it. A rich one is stored with the rest, because Graph wants its answer within three seconds, and taken at
//! reading only once its tokens, its signature and its decryption hold; otherwise it is quarantined, never accepted.

use std::sync::{PoisonError, RwLock};

use aws_lc_rs::rsa::OaepPrivateDecryptingKey;
use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::item::Item;
use serde_json::Value;

use crate::graph_keys::{self, Refusal, TokenKey};
use crate::http::{Answer, Rejection, Reply, Request};
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored_as, verified};
use crate::proof::{Secret, any_secret, same_secret};
use crate::read::{Read, json};
use crate::teams_message;

pub(crate) const KEYS: &[&str] = &[
    "secret",
    "secrets",
    "app_id",
    "private_key",
    "private_keys",
    "jwks",
];

pub(crate) struct Teams {
    secrets: Vec<Secret>,
    app_id: Option<String>,
    private_keys: Vec<OaepPrivateDecryptingKey>,
    /// Where the tokens' keys are published, unless they came with a reference.
    keys_url: Option<String>,
    keys: RwLock<Vec<TokenKey>>,
}

impl Teams {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let config = keys.config;
        if config.private_key.is_some() && config.private_keys.is_some() {
            return Err(keys.wrong(
                "private_keys",
                "set `private_key` or `private_keys`, not both",
            ));
        }
        let references = config.all_private_keys();
        if !references.is_empty() {
            keys.text(
                "app_id",
                config.app_id.as_deref(),
                "the application's id: it is the audience of the tokens",
            )?;
        }
        let mut private_keys = Vec::new();
        for reference in references {
            let pem = keys.resolve("private_key", reference)?;
            private_keys.push(graph_keys::private_key(&pem.0).ok_or_else(|| {
                keys.wrong(
                    "private_key",
                    "is no RSA private key of 2048 bits or more in PEM (PKCS#8); set a reference to one",
                )
            })?);
        }
        let mut keys_url = None;
        let mut token_keys = Vec::new();
        match &config.jwks {
            // Keys that no private key goes with would open nothing.
            Some(url) if is_url(url) && private_keys.is_empty() => {}
            Some(url) if is_url(url) => keys_url = Some(url.clone()),
            Some(written) => {
                let reference = written.parse().map_err(|_| {
                    keys.wrong(
                        "jwks",
                        "is neither a reference nor an https URL; set one of the two, or remove it",
                    )
                })?;
                let set = keys.resolve("jwks", &reference)?;
                token_keys = graph_keys::token_keys(&set.0).ok_or_else(|| {
                    keys.wrong(
                        "jwks",
                        "is no JWK set with an RSA key; set a reference to one, or the https URL of one",
                    )
                })?;
            }
            None if private_keys.is_empty() => {}
            None => keys_url = Some(graph_keys::MICROSOFT.to_owned()),
        }
        Ok(Self {
            secrets: keys.secrets("the subscriptions' clientState")?,
            app_id: config.app_id.clone(),
            private_keys,
            keys_url,
            keys: RwLock::new(token_keys),
        })
    }
}

/// An https URL, or an http one on this very machine, where nobody can listen in.
fn is_url(text: &str) -> bool {
    let on_loopback = ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"]
        .iter()
        .any(|start| text.starts_with(start));
    on_loopback || text.starts_with("https://")
}

impl Platform for Teams {
    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        if let Some(token) = request.query_value("validationToken") {
            return Ok(Answer::Reply(Reply::text(200, token)));
        }
        let body: Value =
            serde_json::from_slice(&request.body).map_err(|_| Rejection::Unverified)?;
        let notifications = body.list("/value");
        let all = notifications
            .iter()
            .fold(!notifications.is_empty(), |all, one| {
                let given = one.str("/clientState").unwrap_or_default();
                any_secret(&self.secrets, |secret| {
                    same_secret(given.as_bytes(), &secret.0)
                }) & all
            });
        verified(all)?;
        Ok(stored_as(202))
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Err(items) => items,
            Ok(body) if body.list("/value").is_empty() => {
                vec![Item::quarantined("value is missing or unreadable")]
            }
            Ok(body) => body
                .list("/value")
                .iter()
                .flat_map(|one| {
                    self.read(one, &body, delivery, origin)
                        .unwrap_or_else(|item| vec![item])
                })
                .collect(),
        }
    }

    fn sign(&self, request: &mut Request, _: Timestamp, _: &str) -> bool {
        let (Some(secret), Ok(mut body)) = (
            self.secrets.first(),
            serde_json::from_slice::<Value>(&request.body),
        ) else {
            return true;
        };
        let state = Value::String(String::from_utf8_lossy(&secret.0).into_owned());
        if let Some(list) = body.get_mut("value").and_then(Value::as_array_mut) {
            for one in list.iter_mut().filter_map(Value::as_object_mut) {
                one.insert("clientState".to_owned(), state.clone());
            }
            request.body = body.to_string().into_bytes();
        }
        true
    }

    fn token_keys_url(&self) -> Option<&str> {
        self.keys_url.as_deref()
    }

    fn take_token_keys(&self, jwks: &[u8]) -> bool {
        let Some(fetched) = graph_keys::token_keys(jwks) else {
            return false;
        };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fetched;
        true
    }

    fn verification(&self) -> &'static str {
        "clientState"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "who wrote and what, in basic notifications",
                "joins and leaves",
                "everything while a subscription has lapsed: renew it, then pull",
            ],
            fr: &[
                "l'auteur et le contenu, dans les notifications simples",
                "les arrivées et les départs",
                "tout pendant qu'un abonnement a expiré : le renouveler, puis relever l'historique",
            ],
        }
    }
}

impl Teams {
    fn read(
        &self,
        one: &Value,
        body: &Value,
        delivery: &Delivery,
        origin: &Origin<'_>,
    ) -> Result<Vec<Item>, Item> {
        if let Some(lifecycle) = one.str("/lifecycleEvent") {
            return Ok(vec![Item::ignored(match lifecycle {
                "reauthorizationRequired" => "lifecycle_reauthorization_required",
                "subscriptionRemoved" => "lifecycle_subscription_removed",
                "missed" => "lifecycle_missed",
                _ => "lifecycle",
            })]);
        }
        let Some(content) = one.get_at("/encryptedContent") else {
            return teams_message::basic(one, delivery.received_at, origin).map(|item| vec![item]);
        };
        let plain = self
            .open(content, body, delivery.received_at)
            .map_err(Item::quarantined)?;
        teams_message::rich(one, &plain, delivery.received_at, origin)
    }

    /// Tokens first, then the content: nothing is decrypted for a sender who is not Graph.
    fn open(&self, content: &Value, body: &Value, at: Timestamp) -> Result<Value, Refusal> {
        let Some(app_id) = self.app_id.as_deref() else {
            return Err("rich_notification_without_app_id");
        };
        if self.private_keys.is_empty() {
            return Err("rich_notification_without_private_key");
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if keys.is_empty() {
            return Err("token_keys_not_fetched");
        }
        graph_keys::check_tokens(body.list("/validationTokens"), &keys, app_id, at)?;
        graph_keys::open(content, &self.private_keys)
    }
}
