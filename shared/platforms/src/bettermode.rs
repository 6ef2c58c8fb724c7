//! Bettermode. Signed over a time in milliseconds; older apps send the same under `X-Tribe-*`.

use jiff::Timestamp;
use levier_domain::config::{ConfigError, TimestampUnit};
use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::Value;

use crate::http::{Answer, Rejection, Reply, Request};
use crate::ids::Object;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, in_window, is_plain_token, same, signed_time};
use crate::read::{Read, json, need, settle, unknown_type, without_tags};

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "tolerance"];

pub(crate) struct Bettermode {
    secrets: Vec<Secret>,
    tolerance: u64,
}

impl Bettermode {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: keys.secrets("the app's signing secret")?,
            tolerance: keys.config.tolerance.unwrap_or(900),
        })
    }

    fn is_signed(&self, request: &Request, now: Timestamp) -> bool {
        let part = |name: &str| {
            request
                .header(&format!("x-bettermode-{name}"))
                .or_else(|| request.header(&format!("x-tribe-{name}")))
        };
        let (Some(timestamp), Some(signature)) = (part("request-timestamp"), part("signature"))
        else {
            return false;
        };
        let fresh = signed_time(timestamp, TimestampUnit::Ms)
            .is_some_and(|at| in_window(at, now, Some(self.tolerance), TimestampUnit::Ms));
        let matches = any_secret(&self.secrets, |secret| {
            let wanted = secret.hex(&[timestamp.as_bytes(), b":", &request.body]);
            same(signature.as_bytes(), wanted.as_bytes())
        });
        fresh && matches
    }
}

impl Platform for Bettermode {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.is_signed(request, now))?;
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return Ok(stored());
        };
        if body.str("/type") != Some("TEST") {
            return Ok(stored());
        }
        let challenge = body
            .str("/data/challenge")
            .filter(|text| is_plain_token(text));
        let challenge = challenge.ok_or(Rejection::CHALLENGE)?;
        Ok(Answer::Reply(Reply::json_text(
            200,
            format!(
                r#"{{"type":"TEST","status":"SUCCEEDED","data":{{"challenge":"{challenge}"}}}}"#
            ),
        )))
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(&body, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, now: Timestamp, _: &str) -> bool {
        let timestamp = now.as_millisecond().to_string();
        if let Some(secret) = self.secrets.first() {
            let signature = secret.hex(&[timestamp.as_bytes(), b":", &request.body]);
            request
                .headers
                .push(("x-bettermode-request-timestamp".to_owned(), timestamp));
            request
                .headers
                .push(("x-bettermode-signature".to_owned(), signature));
        }
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &["accepted answers", "who viewed a post"],
            fr: &["les réponses acceptées", "qui a vu une publication"],
        }
    }
}

fn read(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    match body.str("/type") {
        Some("SUBSCRIPTION") => {}
        Some("TEST") => return Ok(Item::ignored("handshake")),
        Some(_) => return Ok(unknown_type()),
        None => return Err(Item::quarantined("type is missing or unreadable")),
    }
    let data = need(body.get_at("/data"), "data")?;
    let name = need(data.str("/name"), "data.name")?;
    let at = need(data.time("/time"), "data.time")?;
    let object = data.get_at("/object").unwrap_or(&Value::Null);
    let actor = data.id("/actor/id");
    let is_staff = matches!(data.str("/actor/roleType"), Some("admin" | "moderator"));
    let (noun, verb) = name.rsplit_once('.').unwrap_or((name, ""));
    let stamp = at.to_string();
    match (noun, verb) {
        ("member", "created" | "verified" | "updated" | "deleted" | "suspended") => {
            let id = object.id("/id").or_else(|| data.id("/target/memberId"));
            let id = need(id, "data.object.id")?;
            let (kind, object_id) = match verb {
                "created" | "verified" => (Kind::MemberJoined, Object::of(&["member", &id])),
                "updated" => (Kind::MemberUpdated, Object::of(&["member", &id, &stamp])),
                _ => (Kind::MemberLeft, Object::of(&["member", &id, &stamp])),
            };
            Ok(origin
                .event(kind, at, &object_id)
                .actor(Some(id))
                .email(object.str("/email"))
                .phone(object.str("/phone"))
                .external_id(object.id("/externalId"))
                .staff(object.flag("/teammate"))
                .attribute("invitation_link", object.id("/invitationLinkId"))
                .item())
        }
        ("space_membership", "created" | "deleted") => {
            let member = object
                .id("/memberId")
                .or_else(|| data.id("/target/memberId"));
            let member = need(member, "data.target.memberId")?;
            let space = object.id("/spaceId").or_else(|| data.id("/target/spaceId"));
            let space = need(space, "data.target.spaceId")?;
            let kind = if verb == "created" {
                Kind::MemberJoined
            } else {
                Kind::MemberLeft
            };
            Ok(origin
                .event(kind, at, &Object::of(&["space", &space, &member, &stamp]))
                .actor(Some(member))
                .channel(Some(space))
                .item())
        }
        ("post", "published" | "created" | "updated" | "deleted") => {
            if verb == "created" && object.get_at("/publishedAt").is_none() {
                return Ok(Item::ignored("draft"));
            }
            let id = need(
                object.id("/id").or_else(|| data.id("/target/postId")),
                "data.object.id",
            )?;
            let (kind, object_id) = match verb {
                "updated" => (Kind::MessageEdited, Object::of(&[&id, &stamp])),
                "deleted" => (Kind::MessageDeleted, Object::of(&[&id])),
                _ => (Kind::MessagePosted, Object::of(&[&id])),
            };
            let own_time = object
                .time("/publishedAt")
                .or_else(|| object.time("/createdAt"));
            let at = if kind == Kind::MessagePosted {
                own_time.unwrap_or(at)
            } else {
                at
            };
            let replied = object.id("/repliedToId");
            let root = object
                .list("/repliedToIds")
                .last()
                .and_then(|id| id.id(""))
                .or_else(|| replied.clone());
            let text = ["/textContent", "/shortContent", "/content", "/title"]
                .iter()
                .find_map(|field| object.str(field));
            let author = object.id("/createdById").or_else(|| object.id("/ownerId"));
            Ok(origin
                .event(kind, at, &object_id)
                .actor(if kind == Kind::MessagePosted {
                    author.or(actor)
                } else {
                    actor.or(author)
                })
                .staff(is_staff)
                .channel(object.id("/spaceId").or_else(|| data.id("/target/spaceId")))
                .thread(root.or(Some(id.clone())))
                .reply_to(replied)
                .visibility(object.flag("/isPrivate").then_some(Visibility::Private))
                .message(Some(id))
                .text(
                    text.filter(|_| kind != Kind::MessageDeleted)
                        .map(without_tags),
                )
                .item())
        }
        (
            "reaction" | "post.reaction" | "post_reaction",
            "created" | "added" | "deleted" | "removed",
        ) => {
            let post = object.id("/postId").or_else(|| data.id("/target/postId"));
            let post = need(post, "data.target.postId")?;
            let who = need(actor, "data.actor.id")?;
            let reaction = object
                .id("/reaction")
                .or_else(|| object.id("/reactionId"))
                .unwrap_or_default();
            let kind = if matches!(verb, "created" | "added") {
                Kind::ReactionAdded
            } else {
                Kind::ReactionRemoved
            };
            Ok(origin
                .event(kind, at, &Object::of(&[&post, &who, &reaction]))
                .actor(Some(who))
                .staff(is_staff)
                .message(Some(post))
                .attribute("reaction", Some(reaction))
                .item())
        }
        ("member_invitation", "accepted") => {
            let id = need(
                object.id("/id").or_else(|| data.id("/id")),
                "data.object.id",
            )?;
            Ok(origin
                .event(Kind::InviteAccepted, at, &Object::of(&["invitation", &id]))
                .actor(
                    object
                        .id("/inviteeId")
                        .or_else(|| data.id("/target/memberId"))
                        .or(actor),
                )
                .target(object.id("/inviterId"))
                .attribute(
                    levier_domain::event::attribute::INVITED_BY,
                    object.id("/inviterId"),
                )
                .item())
        }
        _ => Ok(unknown_type()),
    }
}
