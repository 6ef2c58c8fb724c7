//! Discord Webhook Events and Interactions.
//!
//! Ed25519 over timestamp and body. Discord probes with bad signatures and takes the address away unless they get 401. A ping of
//! the Webhook Events (`type` 0) wants 204, one of the Interactions (`type` 1, no event) wants `{"type":1}`.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use levier_domain::config::{ConfigError, TimestampUnit};
use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::{Value, json as build};

use crate::http::{Answer, Rejection, Reply, Request};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{ed25519, in_window, signed_time, strict_hex};
use crate::read::{Read, json, need, settle, unknown_type};

pub(crate) const KEYS: &[&str] = &["public_key", "public_keys", "tolerance"];

pub(crate) struct Discord {
    keys: Vec<VerifyingKey>,
    tolerance: Option<u64>,
}

impl Discord {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let form = "the application's public key, 64 hexadecimal digits";
        let public = keys.public_keys(form, |text| hex::decode(text).ok())?;
        if public.is_empty() && !keys.is_only_pulled() {
            return Err(keys.wrong("public_key", format!("is missing; set {form}")));
        }
        Ok(Self {
            keys: public,
            tolerance: keys.config.tolerance,
        })
    }

    fn is_signed(&self, request: &Request, now: Timestamp) -> bool {
        let (Some(timestamp), Some(signature)) = (
            request.header("x-signature-timestamp"),
            request.header("x-signature-ed25519"),
        ) else {
            return false;
        };
        let fresh = signed_time(timestamp, TimestampUnit::S)
            .is_some_and(|at| in_window(at, now, self.tolerance, TimestampUnit::S));
        let Some(signature) = strict_hex(signature) else {
            return false;
        };
        fresh
            && ed25519(
                &self.keys,
                &signature,
                &[timestamp.as_bytes(), &request.body].concat(),
            )
    }
}

impl Platform for Discord {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.is_signed(request, now))?;
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return Ok(stored());
        };
        let typed = Reply::empty(204).header("content-type", "application/json");
        if body.get_at("/event").is_some() {
            return Ok(Answer::Store { reply: typed });
        }
        Ok(match body.integer("/type") {
            Some(0) => Answer::Reply(typed),
            Some(1) => Answer::Reply(Reply::json(200, &build!({"type": 1}))),
            // The least that each kind of interaction takes as an answer: a private word, nothing, no suggestions, nothing.
            Some(2) => store_with(&build!({"type": 4, "data": {"content": "OK", "flags": 64}})),
            Some(4) => store_with(&build!({"type": 8, "data": {"choices": []}})),
            Some(3 | 5) => store_with(&build!({"type": 6})),
            _ => stored(),
        })
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(&body, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, _: &mut Request, _: Timestamp, _: &str) -> bool {
        false
    }

    fn sign_ed25519(
        &self,
        request: &mut Request,
        now: Timestamp,
        _: &str,
        seed: &[u8; 32],
    ) -> bool {
        let timestamp = now.as_second().to_string();
        let signed = [timestamp.as_bytes(), &request.body].concat();
        let signature = hex::encode(SigningKey::from_bytes(seed).sign(&signed).to_bytes());
        request
            .headers
            .push(("x-signature-timestamp".to_owned(), timestamp));
        request
            .headers
            .push(("x-signature-ed25519".to_owned(), signature));
        true
    }

    fn verification(&self) -> &'static str {
        "Ed25519"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "webhooks carry no joins, leaves, messages, reactions, threads or events of a server: the scheduled pull brings them",
                "edits and deletions between two pulls",
                "no e-mail or phone: members need a self-declared link",
                "interest in a scheduled event, not attendance",
            ],
            fr: &[
                "les webhooks ne portent ni arrivées, ni départs, ni messages, réactions, fils ou événements d'un serveur : le relevé planifié les apporte",
                "les modifications et suppressions entre deux relevés",
                "ni e-mail ni téléphone : il faut un lien déclaré par le membre",
                "l'intérêt pour un événement, pas la présence",
            ],
        }
    }
}

fn store_with(answer: &Value) -> Answer {
    Answer::Store {
        reply: Reply::json(200, answer),
    }
}

fn read(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let Some(event) = body.get_at("/event") else {
        return match body.integer("/type") {
            Some(0 | 1) => Ok(Item::ignored("ping")),
            Some(2..=5) => Ok(Item::ignored("interaction")),
            Some(_) => Ok(unknown_type()),
            None => Err(Item::quarantined("type is missing or unreadable")),
        };
    };
    let kind = need(event.str("/type"), "event.type")?;
    let (kind, place) = match kind {
        "LOBBY_MESSAGE_CREATE" => (Kind::MessagePosted, Visibility::Private),
        "LOBBY_MESSAGE_UPDATE" => (Kind::MessageEdited, Visibility::Private),
        "LOBBY_MESSAGE_DELETE" => (Kind::MessageDeleted, Visibility::Private),
        "GAME_DIRECT_MESSAGE_CREATE" => (Kind::MessagePosted, Visibility::Direct),
        "GAME_DIRECT_MESSAGE_UPDATE" => (Kind::MessageEdited, Visibility::Direct),
        "GAME_DIRECT_MESSAGE_DELETE" => (Kind::MessageDeleted, Visibility::Direct),
        _ => return Ok(unknown_type()),
    };
    let id = need(event.id("/data/id"), "event.data.id")?;
    let own_time = match kind {
        Kind::MessagePosted => time(event, "/data/timestamp"),
        Kind::MessageEdited => time(event, "/data/edited_timestamp"),
        _ => None,
    };
    let at = need(
        own_time.or_else(|| time(event, "/timestamp")),
        "event.timestamp",
    )?;
    let object = if kind == Kind::MessageEdited {
        ids::discord::edit(&id, &at.to_string())
    } else {
        ids::discord::message(&id)
    };
    Ok(origin
        .event(kind, at, &object)
        .actor(event.id("/data/author/id"))
        .bot(event.flag("/data/author/bot"))
        .channel(
            event
                .id("/data/lobby_id")
                .or_else(|| event.id("/data/channel_id")),
        )
        .reply_to(event.id("/data/message_reference/message_id"))
        .visibility(Some(place))
        .message(Some(id))
        .text(event.str("/data/content"))
        .item())
}

/// Webhook Events write UTC without saying so.
fn time(event: &Value, pointer: &str) -> Option<Timestamp> {
    event.time(pointer).or_else(|| {
        let civil: DateTime = event.str(pointer)?.parse().ok()?;
        civil
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    })
}
