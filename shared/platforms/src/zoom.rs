//! Zoom webinars and meetings.
//!
//! Signed `v0=hex(HMAC-SHA256(secret, "v0:{timestamp}:{body}"))`; Zoom states no window. The URL validation, signed too, is
//! answered with the HMAC of its token. Coming back into the same webinar is one attendance.

use jiff::Timestamp;
use levier_domain::config::{ConfigError, TimestampUnit};
use levier_domain::event::Kind;
use levier_domain::item::Item;
use serde_json::Value;

use crate::http::{Answer, Rejection, Reply, Request};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, in_window, is_plain_token, same, signed_time};
use crate::read::{Read, json, need, settle, unknown_type};

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "tolerance"];

pub(crate) struct Zoom {
    secrets: Vec<Secret>,
    tolerance: Option<u64>,
}

impl Zoom {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: keys.secrets("the app's secret token")?,
            tolerance: keys.config.tolerance,
        })
    }

    fn is_signed(&self, request: &Request, now: Timestamp) -> bool {
        let (Some(timestamp), Some(signature)) = (
            request.header("x-zm-request-timestamp"),
            request.header("x-zm-signature"),
        ) else {
            return false;
        };
        let fresh = signed_time(timestamp, TimestampUnit::S)
            .is_some_and(|at| in_window(at, now, self.tolerance, TimestampUnit::S));
        let matches = any_secret(&self.secrets, |secret| {
            same(
                signature.as_bytes(),
                sign(secret, timestamp, &request.body).as_bytes(),
            )
        });
        fresh && matches
    }
}

fn sign(secret: &Secret, timestamp: &str, body: &[u8]) -> String {
    format!(
        "v0={}",
        secret.hex(&[b"v0:", timestamp.as_bytes(), b":", body])
    )
}

impl Platform for Zoom {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.is_signed(request, now))?;
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return Ok(stored());
        };
        if body.str("/event") != Some("endpoint.url_validation") {
            return Ok(stored());
        }
        let token = body
            .str("/payload/plainToken")
            .filter(|token| is_plain_token(token));
        let token = token.ok_or(Rejection::CHALLENGE)?;
        let current = self.secrets.first().ok_or(Rejection::Unverified)?;
        let proof = current.hex(&[token.as_bytes()]);
        Ok(Answer::Reply(Reply::json_text(
            200,
            format!(r#"{{"plainToken":"{token}","encryptedToken":"{proof}"}}"#),
        )))
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(&body, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, now: Timestamp, delivery_id: &str) -> bool {
        let timestamp = now.as_second().to_string();
        if let Some(secret) = self.secrets.first() {
            let signature = sign(secret, &timestamp, &request.body);
            for (name, value) in [
                ("x-zm-request-timestamp", timestamp),
                ("x-zm-signature", signature),
                ("x-zm-request-id", delivery_id.to_owned()),
            ] {
                request.headers.push((name.to_owned(), value));
            }
        }
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "participants who joined by phone or without signing in have no e-mail",
                "how long somebody stayed, beyond having come",
                "chat, polls and questions of the webinar",
            ],
            fr: &[
                "les participants par téléphone ou non connectés n'ont pas d'e-mail",
                "la durée de présence, au-delà d'être venu",
                "le chat, les sondages et les questions du webinaire",
            ],
        }
    }
}

fn read(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let event = need(body.str("/event"), "event")?;
    if event == "endpoint.url_validation" {
        return Ok(Item::ignored("handshake"));
    }
    let (family, what) = event.split_once('.').unwrap_or((event, ""));
    if !matches!(family, "webinar" | "meeting") {
        return Ok(unknown_type());
    }
    let live = || need(body.id("/payload/object/id"), "payload.object.id");
    let sent = body.time("/event_ts");
    match what {
        "created" => {
            let live = live()?;
            let at = need(body.time("/payload/object/created_at").or(sent), "event_ts")?;
            Ok(origin
                .event(Kind::LiveScheduled, at, &ids::zoom::live(&live))
                .actor(
                    body.id("/payload/operator_id")
                        .or_else(|| body.id("/payload/object/host_id")),
                )
                .staff(true)
                .subject(Some(live))
                .attribute(
                    "starts_at",
                    body.time("/payload/object/start_time")
                        .map(|at| at.to_string()),
                )
                .item())
        }
        "registration_created" => {
            let live = live()?;
            let registrant = need(
                body.get_at("/payload/object/registrant"),
                "payload.object.registrant",
            )?;
            let at = need(registrant.time("/create_time").or(sent), "event_ts")?;
            let who = registrant.id("/id").or_else(|| key(registrant, origin));
            let who = need(who, "payload.object.registrant.id")?;
            Ok(origin
                .event(
                    Kind::LiveRegistered,
                    at,
                    &ids::zoom::registration(&live, &who),
                )
                .actor(Some(who))
                .email(registrant.str("/email"))
                .phone(registrant.str("/phone"))
                .subject(Some(live))
                .item())
        }
        "participant_joined" => {
            let live = live()?;
            let participant = need(
                body.get_at("/payload/object/participant"),
                "payload.object.participant",
            )?;
            let at = need(
                participant.time("/join_time").or(sent),
                "payload.object.participant.join_time",
            )?;
            let known = ["/participant_user_id", "/id", "/registrant_id"]
                .iter()
                .find_map(|pointer| participant.id(pointer))
                .or_else(|| key(participant, origin));
            let anonymous = participant
                .id("/participant_uuid")
                .or_else(|| participant.id("/user_id"));
            let seat = need(known.clone().or(anonymous), "payload.object.participant.id")?;
            let occurrence = body.id("/payload/object/uuid").unwrap_or_default();
            let is_host = known.is_some()
                && known == body.id("/payload/object/host_id")
                && participant.id("/registrant_id").is_none();
            Ok(origin
                .event(
                    Kind::LiveAttended,
                    at,
                    &ids::zoom::attendance(&live, &occurrence, &seat),
                )
                .actor(known)
                .email(participant.str("/email"))
                .phone(participant.str("/phone_number"))
                .staff(is_host)
                .subject(Some(live))
                .item())
        }
        "participant_left" => Ok(Item::ignored("told_by_joining")),
        _ => Ok(unknown_type()),
    }
}

/// A handle from the address, for who has no Zoom id.
fn key(person: &Value, origin: &Origin<'_>) -> Option<String> {
    person
        .str("/email")
        .and_then(|email| origin.context.hash_key.email(email))
}
