//! Discourse webhooks.
//!
//! Signed `X-Discourse-Event-Signature: sha256=hex(HMAC-SHA256(secret, body))`; what happened stands in the header
//! `X-Discourse-Event`. A topic's creation is sent twice when both kinds are ticked, as `topic_created` and as its first post: both
//! give one id. Likes, solutions and leavers carry no time of their own: there the time of receipt stands in.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::event::{Kind, Visibility, attribute};
use levier_domain::item::Item;
use serde_json::Value;

use crate::draft::Building;
use crate::http::{Answer, Rejection, Request, form_pairs};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, same};
use crate::read::{Read, json, need, settle, unknown_type, without_tags};

pub(crate) const KEYS: &[&str] = &["secret", "secrets"];

pub(crate) struct Discourse {
    secrets: Vec<Secret>,
}

impl Discourse {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: keys.secrets("the webhook's secret")?,
        })
    }
}

fn sign(secret: &Secret, body: &[u8]) -> String {
    format!("sha256={}", secret.hex(&[body]))
}

impl Platform for Discourse {
    fn answer(&self, request: &Request, _now: Timestamp) -> Result<Answer, Rejection> {
        let signature = request
            .header("x-discourse-event-signature")
            .unwrap_or_default();
        verified(any_secret(&self.secrets, |secret| {
            same(signature.as_bytes(), sign(secret, &request.body).as_bytes())
        }))?;
        Ok(stored())
    }

    fn keeps(&self, header: &str) -> bool {
        matches!(header, "x-discourse-event" | "x-discourse-event-type")
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        let body = match json(&delivery.body) {
            Ok(body) => body,
            Err(items) => match form_json(&delivery.body) {
                Some(body) => body,
                None => return items,
            },
        };
        let event = delivery.header("x-discourse-event").unwrap_or_default();
        vec![settle(read(event, &body, delivery, origin))]
    }

    fn sign(&self, request: &mut Request, _now: Timestamp, delivery_id: &str) -> bool {
        let event = serde_json::from_slice::<Value>(&request.body)
            .map(|body| likely_event(&body))
            .unwrap_or("ping");
        if let Some(secret) = self.secrets.first() {
            let signature = sign(secret, &request.body);
            for (name, value) in [
                ("x-discourse-event", event),
                ("x-discourse-event-id", delivery_id),
                ("x-discourse-event-signature", &signature),
            ] {
                if request.header(name).is_none() {
                    request.headers.push((name.to_owned(), value.to_owned()));
                }
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
                "when a like was given or an answer accepted: the time of receipt stands in",
                "likes taken back",
                "who read a topic",
                "deliveries that failed, unless retry_web_hook_events is on",
            ],
            fr: &[
                "quand un « j'aime » a été donné ou une réponse acceptée : l'heure de réception en tient lieu",
                "les « j'aime » retirés",
                "qui a lu un sujet",
                "les envois échoués, sauf si retry_web_hook_events est actif",
            ],
        }
    }
}

/// A form body holds the JSON in one field.
fn form_json(body: &[u8]) -> Option<Value> {
    form_pairs(body)
        .into_iter()
        .find(|(key, _)| key == "payload")
        .and_then(|(_, text)| serde_json::from_str(&text).ok())
}

/// The event that a body most likely is, for `levier send`, whose files hold the body only.
fn likely_event(body: &Value) -> &'static str {
    for (key, event) in [
        ("topic", "topic_created"),
        ("post", "post_created"),
        ("like", "post_liked"),
        ("solved", "accepted_solution"),
        ("user", "user_created"),
        ("notification", "notification_created"),
        ("chat_message", "chat_message_created"),
        ("user_badge", "user_badge_granted"),
    ] {
        if body.get(key).is_some() {
            return event;
        }
    }
    "ping"
}

fn read(event: &str, body: &Value, delivery: &Delivery, origin: &Origin<'_>) -> Result<Item, Item> {
    let received = delivery.received_at;
    match event {
        "ping" => Ok(Item::ignored("ping")),
        "topic_created" => topic(Kind::MessagePosted, body, received, origin),
        "topic_edited" => topic(Kind::MessageEdited, body, received, origin),
        "topic_destroyed" => topic(Kind::MessageDeleted, body, received, origin),
        "topic_recovered" => Ok(Item::ignored("told_by_its_post")),
        "post_created" => post(Kind::MessagePosted, body, received, origin),
        "post_edited" | "post_recovered" => post(Kind::MessageEdited, body, received, origin),
        "post_destroyed" => post(Kind::MessageDeleted, body, received, origin),
        "post_liked" => like(body, received, origin),
        "accepted_solution" => solution(body, received, origin),
        // What is taken back deletes nothing that was said; the last acceptance of a topic holds.
        "unaccepted_solution" => Ok(Item::ignored("solution_taken_back")),
        "user_created" | "user_confirmed_email" | "user_approved" => {
            user(Kind::MemberJoined, event, body, received, origin)
        }
        "user_updated" => user(Kind::MemberUpdated, event, body, received, origin),
        "user_destroyed" | "user_suspended" => {
            user(Kind::MemberLeft, event, body, received, origin)
        }
        "chat_message_created" => chat(Kind::MessagePosted, body, received, origin),
        "chat_message_edited" => chat(Kind::MessageEdited, body, received, origin),
        "chat_message_trashed" => chat(Kind::MessageDeleted, body, received, origin),
        "notification_created" => notification(body, origin),
        "user_badge_granted" => badge(body, origin),
        "user_added_to_group" => group(body, origin),
        "topic_upvote" => upvote(body, received, origin),
        "" => Err(Item::quarantined(
            "x-discourse-event is missing or unreadable",
        )),
        _ => Ok(unknown_type()),
    }
}

fn common<'a>(building: Building<'a>, post: &Value) -> Building<'a> {
    let staff = post.flag("/staff") || post.flag("/admin") || post.flag("/moderator");
    building
        .bot(post.integer("/user_id").is_some_and(|id| id <= 0))
        .staff(staff)
}

fn post(kind: Kind, body: &Value, received: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let post = need(body.get_at("/post"), "post")?;
    if post.integer("/post_type") == Some(3) {
        return Ok(Item::ignored("system_message"));
    }
    let topic = need(post.id("/topic_id"), "post.topic_id")?;
    let number = need(post.integer("/post_number"), "post.post_number")?;
    let (at, object) = match kind {
        Kind::MessagePosted => (
            need(post.time("/created_at"), "post.created_at")?,
            ids::discourse::post(&topic, number),
        ),
        Kind::MessageEdited => {
            let at = need(post.time("/updated_at"), "post.updated_at")?;
            let version = post.id("/version").unwrap_or_else(|| at.to_string());
            (at, ids::discourse::edit(&topic, number, &version))
        }
        _ => (
            post.time("/deleted_at").unwrap_or(received),
            ids::discourse::post(&topic, number),
        ),
    };
    // A reply to no post in particular answers the topic.
    let answers = post.integer("/reply_to_post_number").unwrap_or(1);
    let is_reply = number > 1 && answers != number;
    let text = match post.str("/raw") {
        Some(raw) => Some(raw.to_owned()),
        None => post.str("/cooked").map(without_tags),
    };
    let whisper = post.integer("/post_type") == Some(4);
    let opens_topic = kind == Kind::MessagePosted && number == 1;
    // Of two events with one id the lake keeps the one with more attributes. A topic's draft has two at most, so these three let
    // its first post, which has the text, stay whichever comes first.
    Ok(common(origin.event(kind, at, &object), post)
        .attribute(
            "post_id",
            opens_topic.then(|| post.id("/id").unwrap_or_else(|| topic.clone())),
        )
        .attribute("post_number", opens_topic.then(|| number.to_string()))
        .attribute(attribute::TAGS, tags(post.list("/topic_tags")))
        .actor(post.str("/username"))
        .target(post.str("/reply_to_user/username"))
        .channel(post.id("/category_id"))
        .thread(Some(topic.as_str()))
        .reply_to(is_reply.then(|| ids::discourse::message_id(&topic, answers)))
        .visibility(visibility(post.str("/topic_archetype"), whisper))
        .message(Some(ids::discourse::message_id(&topic, number)))
        .text(if kind == Kind::MessageDeleted {
            None
        } else {
            text
        })
        .item())
}

fn topic(kind: Kind, body: &Value, received: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let topic = need(body.get_at("/topic"), "topic")?;
    let id = need(topic.id("/id"), "topic.id")?;
    let (at, object) = match kind {
        Kind::MessagePosted => (
            need(topic.time("/created_at"), "topic.created_at")?,
            ids::discourse::post(&id, 1),
        ),
        Kind::MessageEdited => {
            let said = ids::digest(topic.to_string().as_bytes());
            (received, ids::discourse::edit(&id, 1, &said))
        }
        _ => (
            topic.time("/deleted_at").unwrap_or(received),
            ids::discourse::post(&id, 1),
        ),
    };
    // The title is text of the first post, whose own delivery brings the rest.
    let title = if kind == Kind::MessagePosted {
        topic.str("/title")
    } else {
        None
    };
    Ok(origin
        .event(kind, at, &object)
        .actor(topic.str("/created_by/username"))
        .bot(topic.integer("/user_id").is_some_and(|id| id <= 0))
        .channel(topic.id("/category_id"))
        .thread(Some(id.as_str()))
        .visibility(visibility(topic.str("/archetype"), false))
        .message(Some(ids::discourse::message_id(&id, 1)))
        .attribute(attribute::TAGS, tags(topic.list("/tags")))
        .text(title)
        .item())
}

fn tags(list: &[Value]) -> Option<String> {
    let names: Vec<&str> = list
        .iter()
        .filter_map(|tag| tag.as_str().or_else(|| tag.str("/name")))
        .collect();
    (!names.is_empty()).then(|| names.join(","))
}

fn like(body: &Value, received: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let topic = need(body.id("/like/post/topic_id"), "like.post.topic_id")?;
    let number = need(
        body.integer("/like/post/post_number"),
        "like.post.post_number",
    )?;
    let username = need(body.str("/like/user/username"), "like.user.username")?;
    let at = body.time("/like/created_at").unwrap_or(received);
    let object = ids::discourse::like(&topic, number, username);
    Ok(origin
        .event(Kind::ReactionAdded, at, &object)
        .actor(Some(username))
        .target(body.str("/like/post/username"))
        .bot(body.integer("/like/user/id").is_some_and(|id| id <= 0))
        .channel(body.id("/like/post/category_id"))
        .thread(Some(topic.as_str()))
        .visibility(visibility(body.str("/like/post/topic_archetype"), false))
        .message(Some(ids::discourse::message_id(&topic, number)))
        .item())
}

/// The payload is the answer's post: it says who answered, not who accepted.
fn solution(body: &Value, received: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let topic = need(body.id("/solved/topic_id"), "solved.topic_id")?;
    let number = need(body.integer("/solved/post_number"), "solved.post_number")?;
    let at = body.time("/solved/accepted_at").unwrap_or(received);
    Ok(origin
        .event(
            Kind::AnswerAccepted,
            at,
            &ids::discourse::solution(&topic, number),
        )
        .target(body.str("/solved/username"))
        .channel(body.id("/solved/category_id"))
        .thread(Some(topic.as_str()))
        .visibility(visibility(body.str("/solved/topic_archetype"), false))
        .message(Some(ids::discourse::message_id(&topic, number)))
        .item())
}

fn user(
    kind: Kind,
    event: &str,
    body: &Value,
    received: Timestamp,
    origin: &Origin<'_>,
) -> Result<Item, Item> {
    let user = need(body.get_at("/user"), "user")?;
    let id = need(user.id("/id"), "user.id")?;
    let username = need(user.str("/username"), "user.username")?;
    let (at, what) = match kind {
        Kind::MemberJoined => (
            user.time("/created_at").unwrap_or(received),
            "joined".to_owned(),
        ),
        Kind::MemberLeft => (
            user.time("/suspended_at").unwrap_or(received),
            user.str("/suspended_at").unwrap_or(event).to_owned(),
        ),
        _ => (received, ids::digest(user.to_string().as_bytes())),
    };
    let external = user
        .id("/external_id")
        .or_else(|| user.id("/single_sign_on_record/external_id"));
    Ok(origin
        .event(kind, at, &ids::discourse::user(&id, &what))
        .actor(Some(username))
        .email(user.str("/email"))
        .external_id(external)
        .bot(user.integer("/id").is_some_and(|id| id <= 0))
        .staff(user.flag("/admin") || user.flag("/moderator"))
        .attribute(attribute::INVITED_BY, user.str("/invited_by/username"))
        .item())
}

fn chat(kind: Kind, body: &Value, received: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let message = need(body.get_at("/chat_message/message"), "chat_message.message")?;
    let id = need(message.id("/id"), "chat_message.message.id")?;
    let (at, object) = match kind {
        Kind::MessagePosted => (
            need(
                message.time("/created_at"),
                "chat_message.message.created_at",
            )?,
            ids::discourse::chat_message(&id),
        ),
        Kind::MessageEdited => {
            let said = ids::digest(message.to_string().as_bytes());
            (received, ids::Object::of(&["chat", &id, &said]))
        }
        _ => (
            message.time("/deleted_at").unwrap_or(received),
            ids::discourse::chat_message(&id),
        ),
    };
    let channel = message
        .id("/chat_channel_id")
        .or_else(|| body.id("/chat_message/channel/id"));
    let direct = body.str("/chat_message/channel/chatable_type") == Some("DirectMessage");
    let text = if kind == Kind::MessageDeleted {
        None
    } else {
        message.str("/message")
    };
    Ok(origin
        .event(kind, at, &object)
        .actor(message.str("/user/username"))
        .bot(message.integer("/user/id").is_some_and(|id| id <= 0))
        .staff(message.flag("/user/admin") || message.flag("/user/moderator"))
        .channel(channel.map(|id| format!("chat/{id}")))
        .thread(message.id("/thread_id").map(|id| format!("chat/{id}")))
        .reply_to(
            message
                .id("/in_reply_to/id")
                .map(|id| ids::discourse::chat_message_id(&id)),
        )
        .visibility(Some(if direct {
            Visibility::Direct
        } else {
            Visibility::Public
        }))
        .message(Some(ids::discourse::chat_message_id(&id)))
        .text(text)
        .item())
}

/// Sent, not opened; the payload does not name the receiver but by number.
fn notification(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let id = need(body.id("/notification/id"), "notification.id")?;
    let at = need(
        body.time("/notification/created_at"),
        "notification.created_at",
    )?;
    Ok(origin
        .event(
            Kind::NotificationDelivered,
            at,
            &ids::Object::of(&["notification", &id]),
        )
        .actor(body.str("/notification/username"))
        .item())
}

fn badge(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let id = need(body.id("/user_badge/id"), "user_badge.id")?;
    let at = need(body.time("/user_badge/granted_at"), "user_badge.granted_at")?;
    let user = body
        .str("/user_badge/user/username")
        .or_else(|| body.str("/users/0/username"));
    Ok(origin
        .event(Kind::BadgeAwarded, at, &ids::Object::of(&["badge", &id]))
        .actor(user)
        .subject(body.id("/user_badge/badge_id"))
        .item())
}

fn group(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let member = body.get_at("/group_user").or_else(|| body.get_at("/user"));
    let member = need(member, "group_user")?;
    // The user's number alone would make a second handle of the same person.
    let Some(username) = member.str("/username") else {
        return Ok(Item::ignored("group_membership_without_username"));
    };
    let group = need(member.id("/group_id"), "group_user.group_id")?;
    let at = need(member.time("/created_at"), "group_user.created_at")?;
    Ok(origin
        .event(
            Kind::MemberJoined,
            at,
            &ids::Object::of(&["group", &group, username]),
        )
        .actor(Some(username))
        .channel(Some(format!("group/{group}")))
        .item())
}

fn upvote(body: &Value, received: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let vote = body.as_object().and_then(|wrapper| wrapper.values().next());
    let vote = need(vote, "topic_vote")?;
    let topic = need(vote.id("/topic_id"), "topic_vote.topic_id")?;
    let voter = vote
        .str("/voter_username")
        .map(str::to_owned)
        .or_else(|| vote.id("/voter_id"));
    let voter = need(voter, "topic_vote.voter_id")?;
    let object = ids::Object::of(&[&topic, "1", &voter, "vote"]);
    Ok(origin
        .event(Kind::ReactionAdded, received, &object)
        .actor(vote.str("/voter_username"))
        .thread(Some(topic.as_str()))
        .message(Some(ids::discourse::message_id(&topic, 1)))
        .item())
}

fn visibility(archetype: Option<&str>, whisper: bool) -> Option<Visibility> {
    match archetype {
        Some("private_message") => Some(Visibility::Direct),
        _ if whisper => Some(Visibility::Private),
        Some(_) => Some(Visibility::Public),
        None => None,
    }
}
