//! MeltingSpot, whose webhooks Svix sends: Standard Webhooks under `svix-*`.
//!
//! The body does not name its type: what happened is read from what it holds (a live participant and its status, a live, a
//! member). Deliveries marked as tests count as a machine's.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::event::{Kind, attribute};
use levier_domain::item::Item;
use serde_json::Value;

use crate::http::{Answer, Rejection, Request};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::read::{Read, json, need, settle, unknown_type, without_tags};
use crate::standard_webhooks::Scheme;

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "tolerance"];

pub(crate) struct MeltingSpot {
    scheme: Scheme,
}

impl MeltingSpot {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            scheme: Scheme::compile(keys)?,
        })
    }
}

impl Platform for MeltingSpot {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.scheme.is_signed(request, now))?;
        Ok(stored())
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(&body, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, now: Timestamp, delivery_id: &str) -> bool {
        let signed = self.scheme.sign(request, now, delivery_id);
        for (name, _) in &mut request.headers {
            if let Some(part) = name.strip_prefix("webhook-") {
                *name = format!("svix-{part}");
            }
        }
        signed
    }

    fn verification(&self) -> &'static str {
        self.scheme.verification()
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "reactions and reading",
                "how long somebody stayed in a live",
            ],
            fr: &[
                "les réactions et la lecture",
                "la durée de présence dans un live",
            ],
        }
    }
}

fn read(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    // Some senders wrap the payload with its type.
    let kind = body
        .str("/type")
        .or_else(|| body.str("/eventType"))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let payload = match body.get_at("/data") {
        Some(data) if data.is_object() => data,
        _ => body,
    };
    let at = payload
        .time("/occurredAt")
        .or_else(|| body.time("/timestamp"));
    let is_test = payload.flag("/test");
    if payload.get_at("/liveParticipant").is_some() {
        let live = need(payload.id("/live/id"), "live.id")?;
        let member = need(payload.id("/member/id"), "member.id")?;
        let at = need(at, "occurredAt")?;
        let status = need(
            payload.str("/liveParticipant/status"),
            "liveParticipant.status",
        )?;
        let kind = match status.to_ascii_lowercase().as_str() {
            "accepted" | "registered" | "confirmed" => Kind::LiveRegistered,
            "attended" | "participated" | "joined" | "present" | "attending" => Kind::LiveAttended,
            "invited" | "pending" | "requested" => return Ok(Item::ignored("invited")),
            "declined" | "refused" | "rejected" | "cancelled" | "canceled" | "removed"
            | "absent" => {
                return Ok(Item::ignored("declined"));
            }
            _ => return Ok(unknown_type()),
        };
        return Ok(person(
            origin.event(kind, at, &ids::meltingspot::participation(&live, &member)),
            payload,
            is_test,
        )
        .subject(Some(live))
        .item());
    }
    if payload.get_at("/live").is_some() {
        let live = need(payload.id("/live/id"), "live.id")?;
        let at = need(at, "occurredAt")?;
        return Ok(
            match payload
                .str("/live/status")
                .map(str::to_ascii_lowercase)
                .as_deref()
            {
                Some("planned" | "scheduled" | "published") => origin
                    .event(Kind::LiveScheduled, at, &ids::meltingspot::live(&live))
                    .subject(Some(live))
                    .channel(payload.id("/spot/id"))
                    .bot(is_test)
                    .item(),
                _ => Item::ignored("live_progress"),
            },
        );
    }
    for (pointer, field) in [
        ("/topic", "topic.id"),
        ("/comment", "comment.id"),
        ("/post", "post.id"),
    ] {
        let Some(message) = payload.get_at(pointer) else {
            continue;
        };
        let id = need(message.id("/id"), field)?;
        let at = need(at, "occurredAt")?;
        let kind = if kind.ends_with("deleted") {
            Kind::MessageDeleted
        } else if kind.ends_with("updated") {
            Kind::MessageEdited
        } else {
            Kind::MessagePosted
        };
        let object = if kind == Kind::MessageEdited {
            ids::Object::of(&[&id, &at.to_string()])
        } else {
            ids::meltingspot::message(&id)
        };
        let thread = message
            .id("/topicId")
            .or_else(|| payload.id("/topic/id"))
            .unwrap_or_else(|| id.clone());
        let text = message
            .str("/content")
            .or_else(|| message.str("/text"))
            .or_else(|| message.str("/name"));
        return Ok(person(origin.event(kind, at, &object), payload, is_test)
            .thread(Some(thread.as_str()))
            .reply_to((thread != id).then_some(thread.as_str()))
            .message(Some(id))
            .text(
                text.filter(|_| kind != Kind::MessageDeleted)
                    .map(without_tags),
            )
            .item());
    }
    if payload.get_at("/member").is_some() {
        let member = need(payload.id("/member/id"), "member.id")?;
        let at = need(at, "occurredAt")?;
        let status = payload.str("/member/status").map(str::to_ascii_lowercase);
        let left = kind.ends_with("deleted")
            || matches!(
                status.as_deref(),
                Some("removed" | "deleted" | "left" | "banned")
            );
        let (kind, object) = if left {
            (
                Kind::MemberLeft,
                ids::meltingspot::member(&member, &at.to_string()),
            )
        } else if kind.ends_with("updated") {
            (
                Kind::MemberUpdated,
                ids::meltingspot::member(&member, &at.to_string()),
            )
        } else if matches!(
            status.as_deref(),
            Some("invited" | "pending" | "requested" | "declined")
        ) {
            return Ok(Item::ignored("invited"));
        } else {
            (
                Kind::MemberJoined,
                ids::meltingspot::member(&member, "joined"),
            )
        };
        return Ok(person(origin.event(kind, at, &object), payload, is_test).item());
    }
    if body.is_object() {
        Ok(unknown_type())
    } else {
        Err(Item::quarantined("item is no object"))
    }
}

fn person<'a>(
    building: crate::draft::Building<'a>,
    payload: &Value,
    is_test: bool,
) -> crate::draft::Building<'a> {
    building
        .actor(payload.id("/member/id"))
        .email(payload.str("/member/email"))
        .phone(payload.str("/member/phone"))
        .channel(payload.id("/spot/id"))
        .attribute(attribute::INVITED_BY, payload.id("/member/invitedBy"))
        .bot(is_test)
}
