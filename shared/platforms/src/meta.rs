//! Meta: the WhatsApp Cloud API, Facebook Pages and Instagram comments.
//!
//! One signature for all, `X-Hub-Signature-256` over the body with the app's secret, and one unsigned GET handshake that compares
//! a verify token. A delivery holds many changes; each is an item. A WhatsApp member is the keyed hash of the phone number.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::Value;

use crate::body_mac::BodyMac;
use crate::http::{Answer, Rejection, Reply, Request};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, is_plain_token, same_secret};
use crate::read::{Read, json, need, settle, unknown_type};
use crate::whatsapp;

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "verify_token"];

pub(crate) struct Meta {
    mac: BodyMac,
    verify_token: Secret,
    is_whatsapp: bool,
}

impl Meta {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let verify_token = match &keys.config.verify_token {
            Some(reference) => keys.resolve("verify_token", reference)?,
            None => {
                return Err(keys.wrong(
                    "verify_token",
                    "is missing; set a reference to the token entered in Meta's dashboard",
                ));
            }
        };
        Ok(Self {
            mac: BodyMac::hex(
                keys.secrets("the app's secret")?,
                "x-hub-signature-256",
                "sha256=",
            ),
            verify_token,
            is_whatsapp: keys.config.platform == "whatsapp",
        })
    }
}

impl Platform for Meta {
    fn allow(&self) -> &'static str {
        "POST, GET"
    }

    fn answer(&self, request: &Request, _now: Timestamp) -> Result<Answer, Rejection> {
        if request.method == "POST" {
            verified(self.mac.holds(request))?;
            return Ok(stored());
        }
        let (mode, challenge) = (
            request.query_value("hub.mode"),
            request.query_value("hub.challenge"),
        );
        let challenge = challenge.ok_or(Rejection::BadHandshake("hub.challenge is missing"))?;
        let token = request.query_value("hub.verify_token").unwrap_or_default();
        verified(same_secret(token.as_bytes(), &self.verify_token.0))?;
        if mode.as_deref() != Some("subscribe") {
            return Err(Rejection::BadHandshake("hub.mode is not `subscribe`"));
        }
        if is_plain_token(&challenge) {
            Ok(Answer::Reply(Reply::text(200, challenge)))
        } else {
            Err(Rejection::CHALLENGE)
        }
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        let body = match json(&delivery.body) {
            Ok(body) => body,
            Err(items) => return items,
        };
        if body.list("/entry").is_empty() {
            return vec![Item::quarantined("entry is missing or unreadable")];
        }
        let mut items = Vec::new();
        for entry in body.list("/entry") {
            for change in entry.list("/changes") {
                match change.get_at("/value") {
                    None => items.push(Item::quarantined("value is missing or unreadable")),
                    Some(value) if self.is_whatsapp => {
                        items.extend(whatsapp::items(change, value, origin))
                    }
                    Some(value) => items.push(settle(change_of_page(entry, change, value, origin))),
                }
            }
            for message in entry.list("/messaging") {
                items.push(settle(private_message(entry, message, origin)));
            }
        }
        if items.is_empty() {
            items.push(unknown_type());
        }
        items
    }

    fn sign(&self, request: &mut Request, _: Timestamp, _: &str) -> bool {
        self.mac.sign(request);
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        if self.is_whatsapp {
            BlindSpots {
                en: &[
                    "groups that are not the business's own",
                    "who wrote, where the sender hides the phone number",
                    "joins and leaves",
                ],
                fr: &[
                    "les groupes qui ne sont pas ceux de l'entreprise",
                    "qui écrit, quand le numéro est masqué",
                    "les arrivées et les départs",
                ],
            }
        } else {
            BlindSpots {
                en: &[
                    "groups: Meta closed their API in April 2024",
                    "no e-mail or phone: members need a self-declared link",
                    "who saw a post",
                ],
                fr: &[
                    "les groupes : Meta a fermé leur API en avril 2024",
                    "ni e-mail ni téléphone : il faut un lien déclaré par le membre",
                    "qui a vu une publication",
                ],
            }
        }
    }
}

fn change_of_page(
    entry: &Value,
    change: &Value,
    value: &Value,
    origin: &Origin<'_>,
) -> Result<Item, Item> {
    match change.str("/field") {
        Some("feed") => feed(entry, value, origin),
        Some("comments" | "live_comments") => instagram_comment(entry, value, origin),
        Some("mentions" | "mention") => {
            let id = value
                .id("/comment_id")
                .or_else(|| value.id("/media_id"))
                .or_else(|| value.id("/post_id"));
            let id = need(id, "value.media_id")?;
            let at = need(
                value.time("/created_time").or_else(|| entry.time("/time")),
                "entry.time",
            )?;
            Ok(origin
                .event(Kind::MentionSeen, at, &ids::meta::mention(&id))
                .message(Some(id))
                .item())
        }
        Some(_) => Ok(unknown_type()),
        None => Err(Item::quarantined("field is missing or unreadable")),
    }
}

fn feed(entry: &Value, value: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let item = need(value.str("/item"), "value.item")?;
    let verb = need(value.str("/verb"), "value.verb")?;
    let at = need(
        value.time("/created_time").or_else(|| entry.time("/time")),
        "value.created_time",
    )?;
    let post = value.id("/post_id");
    let actor = value.id("/from/id");
    let is_staff = actor.is_some() && actor == entry.id("/id");
    if matches!(item, "reaction" | "like") {
        let message = need(value.id("/comment_id").or(post.clone()), "value.post_id")?;
        let who = need(actor, "value.from.id")?;
        let kind = if verb == "remove" {
            Kind::ReactionRemoved
        } else {
            Kind::ReactionAdded
        };
        return Ok(origin
            .event(kind, at, &ids::meta::reaction(&message, &who))
            .actor(Some(who))
            .staff(is_staff)
            .thread(post)
            .visibility(Some(Visibility::Public))
            .message(Some(message))
            .attribute("reaction", value.str("/reaction_type"))
            .item());
    }
    let is_comment = item == "comment";
    let said = if is_comment {
        value.id("/comment_id")
    } else {
        post.clone()
    };
    if !is_comment
        && !matches!(
            item,
            "post" | "status" | "photo" | "video" | "share" | "album" | "note"
        )
    {
        return Ok(unknown_type());
    }
    let message = need(
        said,
        if is_comment {
            "value.comment_id"
        } else {
            "value.post_id"
        },
    )?;
    let (kind, object) = match verb {
        "add" | "unhide" => (Kind::MessagePosted, ids::meta::message(&message)),
        "edit" | "edited" | "update" => (
            Kind::MessageEdited,
            ids::meta::edit(&message, &at.as_second().to_string()),
        ),
        "remove" | "delete" | "hide" => (Kind::MessageDeleted, ids::meta::message(&message)),
        _ => return Ok(unknown_type()),
    };
    let parent = value
        .id("/parent_id")
        .or_else(|| post.clone())
        .filter(|_| is_comment);
    Ok(origin
        .event(kind, at, &object)
        .actor(actor)
        .staff(is_staff)
        .channel(entry.id("/id"))
        .thread(post.or(Some(message.clone())))
        .reply_to(parent)
        .visibility(Some(Visibility::Public))
        .message(Some(message))
        .text(
            value
                .str("/message")
                .filter(|_| kind != Kind::MessageDeleted),
        )
        .item())
}

fn instagram_comment(entry: &Value, value: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let id = need(value.id("/id"), "value.id")?;
    let at = need(
        value.time("/timestamp").or_else(|| entry.time("/time")),
        "entry.time",
    )?;
    let media = value.id("/media/id");
    let actor = value.id("/from/id");
    let is_staff = actor.is_some() && actor == entry.id("/id");
    Ok(origin
        .event(Kind::MessagePosted, at, &ids::meta::message(&id))
        .actor(actor)
        .staff(is_staff)
        .channel(entry.id("/id"))
        .thread(media.clone())
        .reply_to(value.id("/parent_id").or(media))
        .visibility(Some(Visibility::Public))
        .message(Some(id))
        .text(value.str("/text"))
        .item())
}

/// Messenger and Instagram Direct.
fn private_message(entry: &Value, message: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let at = message.time("/timestamp").or_else(|| entry.time("/time"));
    if let Some(about) = message.id("/reaction/mid") {
        let at = need(at, "messaging.timestamp")?;
        let who = need(message.id("/sender/id"), "messaging.sender.id")?;
        let kind = if message.str("/reaction/action") == Some("unreact") {
            Kind::ReactionRemoved
        } else {
            Kind::ReactionAdded
        };
        return Ok(origin
            .event(kind, at, &ids::meta::reaction(&about, &who))
            .actor(Some(who))
            .channel(entry.id("/id"))
            .visibility(Some(Visibility::Direct))
            .message(Some(about))
            .attribute("reaction", message.str("/reaction/reaction"))
            .item());
    }
    if let Some(about) = message.id("/message_edit/mid") {
        let at = need(at, "messaging.timestamp")?;
        let object = ids::meta::edit(&about, &at.as_second().to_string());
        return Ok(origin
            .event(Kind::MessageEdited, at, &object)
            .actor(message.id("/sender/id"))
            .channel(entry.id("/id"))
            .visibility(Some(Visibility::Direct))
            .message(Some(about))
            .text(message.str("/message_edit/text"))
            .item());
    }
    let Some(id) = message.id("/message/mid") else {
        return Ok(unknown_type());
    };
    let at = need(at, "messaging.timestamp")?;
    let kind = if message.flag("/message/is_deleted") {
        Kind::MessageDeleted
    } else {
        Kind::MessagePosted
    };
    let is_echo = message.flag("/message/is_echo");
    Ok(origin
        .event(kind, at, &ids::meta::message(&id))
        .actor(message.id("/sender/id"))
        .target(message.id("/recipient/id"))
        .staff(is_echo)
        .channel(entry.id("/id"))
        .reply_to(message.id("/message/reply_to/mid"))
        .visibility(Some(Visibility::Direct))
        .message(Some(id))
        .text(message.str("/message/text"))
        .item())
}
