//! Slack Events API.
//!
//! Signed `v0=hex(HMAC-SHA256(secret, "v0:{timestamp}:{body}"))`, five minutes both ways. The URL verification is signed like any
//! delivery and answered with its challenge.

use jiff::Timestamp;
use levier_domain::config::{ConfigError, TimestampUnit};
use levier_domain::event::{Kind, Visibility, attribute};
use levier_domain::item::Item;
use serde_json::Value;

use crate::http::{Answer, Rejection, Reply, Request};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, in_window, is_plain_token, same, signed_time};
use crate::read::{Read, json, need, settle, slack_time, unknown_type};

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "tolerance"];

pub(crate) struct Slack {
    secrets: Vec<Secret>,
    tolerance: u64,
}

impl Slack {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: keys.secrets("the app's signing secret")?,
            tolerance: keys.config.tolerance.unwrap_or(300),
        })
    }

    fn is_signed(&self, request: &Request, now: Timestamp) -> bool {
        let (Some(timestamp), Some(signature)) = (
            request.header("x-slack-request-timestamp"),
            request.header("x-slack-signature"),
        ) else {
            return false;
        };
        let fresh = signed_time(timestamp, TimestampUnit::S)
            .is_some_and(|at| in_window(at, now, Some(self.tolerance), TimestampUnit::S));
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

impl Platform for Slack {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.is_signed(request, now))?;
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return Ok(stored());
        };
        if body.str("/type") != Some("url_verification") {
            return Ok(stored());
        }
        match body.str("/challenge") {
            Some(challenge) if is_plain_token(challenge) => {
                Ok(Answer::Reply(Reply::text(200, challenge)))
            }
            _ => Err(Rejection::CHALLENGE),
        }
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        let body = match json(&delivery.body) {
            Ok(body) => body,
            Err(items) => return items,
        };
        let item = match body.str("/type") {
            Some("event_callback") => settle(callback(&body, origin)),
            Some("app_rate_limited") => Item::ignored("app_rate_limited"),
            Some(_) => unknown_type(),
            None => Item::quarantined("type is missing or unreadable"),
        };
        vec![item]
    }

    fn sign(&self, request: &mut Request, now: Timestamp, _delivery_id: &str) -> bool {
        let timestamp = now.as_second().to_string();
        if let Some(secret) = self.secrets.first() {
            let signature = sign(secret, &timestamp, &request.body);
            request
                .headers
                .push(("x-slack-request-timestamp".to_owned(), timestamp));
            request
                .headers
                .push(("x-slack-signature".to_owned(), signature));
        }
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "no e-mail or phone in messages: only profile changes and new members carry them, with users:read.email",
                "channels that the app has not been invited to",
                "who read a message",
                "no accepted answers",
            ],
            fr: &[
                "ni e-mail ni téléphone dans les messages : seuls les changements de profil et les arrivées les portent, avec users:read.email",
                "les canaux où l'application n'est pas invitée",
                "qui a lu un message",
                "pas de réponses acceptées",
            ],
        }
    }
}

fn callback(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let event = need(body.get_at("/event"), "event")?;
    let kind = need(event.str("/type"), "event.type")?;
    // The event's own time, or else the envelope's.
    let at = || {
        let own = event.str("/event_ts").or_else(|| event.str("/ts"));
        own.and_then(slack_time)
            .or_else(|| body.time("/event_time"))
    };
    match kind {
        "message" | "app_mention" => message(event, origin),
        "reaction_added" | "reaction_removed" => {
            if event
                .str("/item/type")
                .is_some_and(|kind| kind != "message")
            {
                return Ok(Item::ignored("reaction_to_a_file"));
            }
            let channel = need(event.str("/item/channel"), "event.item.channel")?;
            let ts = need(event.str("/item/ts"), "event.item.ts")?;
            let user = need(event.str("/user"), "event.user")?;
            let emoji = need(event.str("/reaction"), "event.reaction")?;
            let kind = if kind == "reaction_added" {
                Kind::ReactionAdded
            } else {
                Kind::ReactionRemoved
            };
            let object = ids::slack::reaction(channel, ts, user, emoji);
            Ok(origin
                .event(kind, need(at(), "event.event_ts")?, &object)
                .actor(Some(user))
                .target(event.str("/item_user"))
                .channel(Some(channel))
                .visibility(visibility(None, channel))
                .message(Some(ts))
                .attribute("reaction", Some(emoji))
                .item())
        }
        "member_joined_channel" | "member_left_channel" => {
            let channel = need(event.str("/channel"), "event.channel")?;
            let user = need(event.str("/user"), "event.user")?;
            let at = need(at(), "event_time")?;
            let kind = if kind == "member_joined_channel" {
                Kind::MemberJoined
            } else {
                Kind::MemberLeft
            };
            let object = ids::slack::channel_member(channel, user, at.as_second());
            Ok(origin
                .event(kind, at, &object)
                .actor(Some(user))
                .channel(Some(channel))
                .visibility(visibility(event.str("/channel_type"), channel))
                .attribute(attribute::INVITED_BY, event.str("/inviter"))
                .item())
        }
        "team_join" => {
            let user = need(event.str("/user/id"), "event.user.id")?;
            let at = need(at(), "event_time")?;
            Ok(profile(
                origin.event(Kind::MemberJoined, at, &ids::slack::team_member(user)),
                event,
                user,
            ))
        }
        "user_change" | "user_profile_changed" => {
            let user = need(event.str("/user/id"), "event.user.id")?;
            let at = need(
                event.time("/user/updated").or_else(at),
                "event.user.updated",
            )?;
            let kind = if event.flag("/user/deleted") {
                Kind::MemberLeft
            } else {
                Kind::MemberUpdated
            };
            let object = ids::slack::user(user, &at.as_second().to_string());
            Ok(profile(origin.event(kind, at, &object), event, user))
        }
        _ => Ok(unknown_type()),
    }
}

fn profile(building: crate::draft::Building<'_>, event: &Value, user: &str) -> Item {
    building
        .actor(Some(user))
        .bot(event.flag("/user/is_bot") || user == "USLACKBOT")
        .staff(event.flag("/user/is_admin") || event.flag("/user/is_owner"))
        .email(event.str("/user/profile/email"))
        .phone(event.str("/user/profile/phone"))
        .item()
}

/// Subtypes that are messages of a person or a machine. All others are Slack's own bookkeeping ("set the topic", "archived").
const SPOKEN: &[&str] = &[
    "bot_message",
    "me_message",
    "file_share",
    "thread_broadcast",
    "file_comment",
    "reply_broadcast",
];

fn message(event: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let channel = need(event.str("/channel"), "event.channel")?;
    let seen_by = visibility(event.str("/channel_type"), channel);
    match event.str("/subtype") {
        Some("message_changed") => {
            let ts = need(event.str("/message/ts"), "event.message.ts")?;
            let at = event.str("/event_ts").and_then(slack_time);
            // What is left of the first message of a thread once it is deleted.
            if event.str("/message/subtype") == Some("tombstone") {
                let at = need(at, "event.event_ts")?;
                return Ok(deleted(event, origin, channel, ts, at, seen_by));
            }
            // A link's preview arriving is also sent as a change; nobody edited anything.
            let Some(edited) = event.str("/message/edited/ts") else {
                return Ok(Item::ignored("not_an_edit"));
            };
            if event.str("/previous_message/edited/ts") == Some(edited) {
                return Ok(Item::ignored("not_an_edit"));
            }
            let at = need(slack_time(edited).or(at), "event.message.edited.ts")?;
            let object = ids::slack::edit(channel, ts, edited);
            let user = event
                .str("/message/edited/user")
                .or_else(|| event.str("/message/user"));
            Ok(origin
                .event(Kind::MessageEdited, at, &object)
                .actor(user)
                .channel(Some(channel))
                .thread(event.str("/message/thread_ts").or(Some(ts)))
                .visibility(seen_by)
                .message(Some(ts))
                .bot(event.str("/message/bot_id").is_some())
                .text(event.str("/message/text"))
                .item())
        }
        Some("message_deleted") => {
            let ts = event
                .str("/deleted_ts")
                .or_else(|| event.str("/previous_message/ts"));
            let ts = need(ts, "event.deleted_ts")?;
            let at = event
                .str("/event_ts")
                .or_else(|| event.str("/ts"))
                .and_then(slack_time);
            let at = need(at, "event.event_ts")?;
            Ok(deleted(event, origin, channel, ts, at, seen_by))
        }
        Some(subtype) if !SPOKEN.contains(&subtype) => Ok(Item::ignored("system_message")),
        subtype => {
            let ts = need(event.str("/ts"), "event.ts")?;
            let at = need(slack_time(ts), "event.ts")?;
            let thread = event.str("/thread_ts").unwrap_or(ts);
            let is_bot = subtype == Some("bot_message")
                || event.str("/bot_id").is_some()
                || event.get_at("/bot_profile").is_some();
            Ok(origin
                .event(Kind::MessagePosted, at, &ids::slack::message(channel, ts))
                .actor(event.str("/user").or_else(|| event.str("/bot_id")))
                .channel(Some(channel))
                .thread(Some(thread))
                .reply_to((thread != ts).then_some(thread))
                .target(
                    (thread != ts)
                        .then(|| event.str("/parent_user_id"))
                        .flatten(),
                )
                .visibility(seen_by)
                .message(Some(ts))
                .bot(is_bot)
                .text(event.str("/text"))
                .item())
        }
    }
}

fn deleted(
    event: &Value,
    origin: &Origin<'_>,
    channel: &str,
    ts: &str,
    at: Timestamp,
    seen_by: Option<Visibility>,
) -> Item {
    origin
        .event(Kind::MessageDeleted, at, &ids::slack::message(channel, ts))
        .actor(event.str("/previous_message/user"))
        .channel(Some(channel))
        .thread(event.str("/previous_message/thread_ts"))
        .visibility(seen_by)
        .message(Some(ts))
        .item()
}

/// From `channel_type`, or else from the first letter of the channel's id.
fn visibility(channel_type: Option<&str>, channel: &str) -> Option<Visibility> {
    match channel_type {
        Some("channel" | "C") => Some(Visibility::Public),
        Some("group" | "mpim" | "G") => Some(Visibility::Private),
        Some("im" | "D" | "app_home") => Some(Visibility::Direct),
        _ => match channel.as_bytes().first() {
            Some(b'C') => Some(Visibility::Public),
            Some(b'G') => Some(Visibility::Private),
            Some(b'D') => Some(Visibility::Direct),
            _ => None,
        },
    }
}
