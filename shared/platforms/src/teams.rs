//! Microsoft Teams through Graph change notifications.
//!
//! No signature: every notification repeats the subscription's `clientState`, and one wrong among several refuses the delivery.
//! The validation token is echoed whatever it holds, as plain text. Basic notifications name a message without saying what it
//! says or who wrote it. A rich one is taken only once its tokens, its signature and its decryption hold; until this source has
//! the keys for that it is quarantined, never accepted.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::Value;

use crate::http::{Answer, Rejection, Reply, Request};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored_as, verified};
use crate::proof::{Secret, any_secret, same_secret};
use crate::read::{Read, json, need, settle, unix, unknown_type};

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
}

impl Teams {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let config = keys.config;
        let private = config.all_private_keys();
        if !private.is_empty() {
            keys.text(
                "app_id",
                config.app_id.as_deref(),
                "the application's id: it is the audience of the tokens",
            )?;
        }
        for reference in private {
            let pem = keys.resolve("private_key", reference)?;
            if !pem.0.windows(11).any(|window| window == b"PRIVATE KEY") {
                return Err(keys.wrong(
                    "private_key",
                    "is no PEM; set a reference to a PKCS#8 private key",
                ));
            }
        }
        if let Some(jwks) = &config.jwks
            && !jwks.starts_with("https://")
        {
            let reference = jwks.parse().map_err(|_| {
                keys.wrong(
                    "jwks",
                    "is neither a reference nor an https URL; set one of the two, or remove it",
                )
            })?;
            keys.resolve("jwks", &reference)?;
        }
        Ok(Self {
            secrets: keys.secrets("the subscriptions' clientState")?,
        })
    }
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
                .map(|one| settle(read(one, delivery, origin)))
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

fn read(one: &Value, delivery: &Delivery, origin: &Origin<'_>) -> Result<Item, Item> {
    if let Some(lifecycle) = one.str("/lifecycleEvent") {
        return Ok(Item::ignored(match lifecycle {
            "reauthorizationRequired" => "lifecycle_reauthorization_required",
            "subscriptionRemoved" => "lifecycle_subscription_removed",
            "missed" => "lifecycle_missed",
            _ => "lifecycle",
        }));
    }
    if one.get_at("/encryptedContent").is_some() {
        return Err(Item::quarantined("encrypted_content_not_verified"));
    }
    let resource = need(one.str("/resource"), "value.resource")?;
    let kind = match need(one.str("/changeType"), "value.changeType")? {
        "created" => Kind::MessagePosted,
        "updated" => Kind::MessageEdited,
        "deleted" => Kind::MessageDeleted,
        _ => return Ok(unknown_type()),
    };
    let part = |name: &str| named(resource, name);
    let Some(first) = part("messages") else {
        return Ok(unknown_type());
    };
    // Mail is not the community's.
    if part("chats").is_none() && part("channels").is_none() {
        return Ok(unknown_type());
    }
    let reply = part("replies");
    let message = reply.clone().unwrap_or_else(|| first.clone());
    let place = part("channels").or_else(|| part("chats"));
    let seen_by = if part("channels").is_some() {
        Visibility::Public
    } else {
        Visibility::Private
    };
    // A chat message's id is the millisecond in which it was written.
    let written = message
        .parse::<i64>()
        .ok()
        .filter(|id| *id > 1_000_000_000_000)
        .and_then(unix);
    let (at, object) = match kind {
        Kind::MessagePosted => (
            written.unwrap_or(delivery.received_at),
            ids::teams::message(place.as_deref().unwrap_or_default(), &message),
        ),
        Kind::MessageEdited => {
            let version = one.str("/resourceData/@odata.etag").unwrap_or_default();
            (
                delivery.received_at,
                ids::teams::edit(place.as_deref().unwrap_or_default(), &message, version),
            )
        }
        _ => (
            delivery.received_at,
            ids::teams::message(place.as_deref().unwrap_or_default(), &message),
        ),
    };
    Ok(origin
        .event(kind, at, &object)
        .channel(place)
        .thread(Some(first.clone()))
        .reply_to(reply.map(|_| first))
        .visibility(Some(seen_by))
        .message(Some(message))
        .item())
}

/// The id after a segment, in either form: `messages('1615')` or `messages/1615`.
fn named(resource: &str, segment: &str) -> Option<String> {
    let mut rest = resource.split('/').peekable();
    while let Some(part) = rest.next() {
        if let Some(id) = part
            .strip_prefix(segment)
            .and_then(|id| id.strip_prefix("('"))
            .and_then(|id| id.strip_suffix("')"))
        {
            return Some(id.to_owned());
        }
        if part.eq_ignore_ascii_case(segment) {
            return rest.peek().map(|id| (*id).to_owned());
        }
    }
    None
}
