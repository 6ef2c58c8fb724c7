//! Mighty Networks (beta). The payload does not say what happened: each URL receives one kind of event, named by `event`.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::event::{Kind, attribute};
use levier_domain::item::Item;
use serde_json::Value;

use crate::generic::{bearer, put_bearer};
use crate::http::{Answer, Rejection, Request};
use crate::ids::Object;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, same_secret};
use crate::read::{Read, json, need, settle, unknown_type, without_tags};

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "event"];

pub(crate) struct Mighty {
    secrets: Vec<Secret>,
    event: String,
}

impl Mighty {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let what = "the kind of event that this URL receives, for example \"MemberJoined\"";
        Ok(Self {
            secrets: keys.secrets("the key given to Mighty Networks")?,
            event: keys
                .text("event", keys.config.event.as_deref(), what)?
                .to_owned(),
        })
    }
}

impl Platform for Mighty {
    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        let given = bearer(request).unwrap_or_default();
        verified(any_secret(&self.secrets, |secret| {
            same_secret(given, &secret.0)
        }))?;
        Ok(stored())
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(&self.event, &body, delivery, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, _: Timestamp, _: &str) -> bool {
        put_bearer(request, self.secrets.first());
        true
    }

    fn verification(&self) -> &'static str {
        "token (Bearer)"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "events that have no URL of their own here",
                "who viewed what",
            ],
            fr: &[
                "les événements qui n'ont pas leur propre URL ici",
                "qui a vu quoi",
            ],
        }
    }
}

fn read(event: &str, body: &Value, delivery: &Delivery, origin: &Origin<'_>) -> Result<Item, Item> {
    let payload = need(body.get_at("/payload"), "payload")?;
    let id = need(body.id("/event_id"), "event_id")?;
    // Their examples leave the time unfilled; the object's own time, then the time of receipt, stand in.
    let sent = body.time("/event_timestamp");
    let word: String = event
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    let has = |part: &str| word.contains(part);
    let member = payload
        .id("/member/id")
        .or_else(|| payload.id("/member_id"))
        .or_else(|| payload.id("/creator/id"));
    let person = |building: crate::draft::Building<'_>| {
        building
            .actor(member.clone())
            .email(
                payload
                    .str("/member/email")
                    .or_else(|| payload.str("/creator/email")),
            )
            .channel(payload.id("/space_id"))
            .attribute(
                attribute::INVITED_BY,
                payload.id("/member/referred_by_user_id"),
            )
            .item()
    };
    if has("post") || has("comment") || has("article") || has("message") {
        let (field, message) = ["comment", "post", "article", "message"]
            .iter()
            .find_map(|field| {
                payload
                    .get_at(&format!("/{field}"))
                    .map(|found| (*field, found))
            })
            .unwrap_or(("payload", payload));
        let message_id = need(message.id("/id"), "payload.post.id")?;
        let kind = if has("delete") || has("remove") {
            Kind::MessageDeleted
        } else if has("update") || has("edit") {
            Kind::MessageEdited
        } else {
            Kind::MessagePosted
        };
        let own = if kind == Kind::MessagePosted {
            message.time("/created_at")
        } else {
            sent
        };
        let at = own.or(sent).unwrap_or(delivery.received_at);
        let form = format!("{field}/{message_id}");
        let object = if kind == Kind::MessageEdited {
            Object::of(&[&form, &id])
        } else {
            Object::of(&[&form])
        };
        let thread = message
            .id("/post_id")
            .or_else(|| payload.id("/post/id"))
            .map(|id| format!("post/{id}"));
        let reply_to = message
            .id("/reply_to_id")
            .map(|id| format!("comment/{id}"))
            .or_else(|| thread.clone());
        let actor = message
            .id("/creator/id")
            .or_else(|| message.id("/creator_id"))
            .or(member);
        let text = message
            .str("/text")
            .or_else(|| message.str("/description"))
            .or_else(|| message.str("/title"));
        return Ok(origin
            .event(kind, at, &object)
            .actor(actor)
            .email(message.str("/creator/email"))
            .channel(payload.id("/space_id"))
            .thread(thread.or_else(|| Some(form.clone())))
            .reply_to(reply_to.filter(|parent| *parent != form))
            .message(Some(form))
            .text(
                text.filter(|_| kind != Kind::MessageDeleted)
                    .map(without_tags),
            )
            .item());
    }
    let at = sent.unwrap_or(delivery.received_at);
    let who = || need(member.clone(), "payload.member.id");
    if has("rsvp") {
        let live = payload.id("/event/id").or_else(|| payload.id("/event_id"));
        return Ok(person(
            origin
                .event(Kind::LiveRegistered, at, &Object::of(&["rsvp", &id]))
                .subject(live),
        ));
    }
    if has("reaction") || has("cheer") || has("like") {
        return Ok(person(origin.event(
            Kind::ReactionAdded,
            at,
            &Object::of(&["reaction", &id]),
        )));
    }
    if has("badge") || has("achievement") || has("streak") {
        return Ok(person(origin.event(
            Kind::BadgeAwarded,
            at,
            &Object::of(&["badge", &id]),
        )));
    }
    if has("customfield") || has("memberupdated") || has("profile") {
        return Ok(person(origin.event(
            Kind::MemberUpdated,
            at,
            &Object::of(&["member", &who()?, &id]),
        )));
    }
    if has("joined") || has("memberadded") || has("membercreated") {
        let at = sent
            .or_else(|| payload.time("/member/created_at"))
            .unwrap_or(delivery.received_at);
        let space = payload.id("/space_id").unwrap_or_default();
        return Ok(person(origin.event(
            Kind::MemberJoined,
            at,
            &Object::of(&["member", &who()?, &space, "joined"]),
        )));
    }
    if has("left") || has("removed") || has("deleted") {
        return Ok(person(origin.event(
            Kind::MemberLeft,
            at,
            &Object::of(&["member", &who()?, &id]),
        )));
    }
    Ok(unknown_type())
}
