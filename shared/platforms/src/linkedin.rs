//! LinkedIn organisation social actions.
//!
//! `X-LI-Signature` is the HMAC of `hmacsha256=` and the body: the prefix is signed and not sent. The GET handshake signs its
//! challenge, so nothing but a plain token is signed: signing any text would sign forgeries.

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
use crate::proof::is_plain_token;
use crate::read::{Read, json, need, settle, unknown_type};

pub(crate) const KEYS: &[&str] = &["secret", "secrets"];

pub(crate) struct LinkedIn {
    mac: BodyMac,
}

impl LinkedIn {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let mac = BodyMac::hex(
            keys.secrets("the app's client secret")?,
            "x-li-signature",
            "",
        );
        Ok(Self {
            mac: BodyMac {
                salt: b"hmacsha256=",
                ..mac
            },
        })
    }
}

impl Platform for LinkedIn {
    fn allow(&self) -> &'static str {
        "POST, GET"
    }

    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        if request.method == "POST" {
            verified(self.mac.holds(request))?;
            return Ok(stored());
        }
        let code = request.query_value("challengeCode");
        let code = code.ok_or(Rejection::BadHandshake("challengeCode is missing"))?;
        if !is_plain_token(&code) {
            return Err(Rejection::CHALLENGE);
        }
        let current = self.mac.secrets.first().ok_or(Rejection::Unverified)?;
        let response = current.hex(&[code.as_bytes()]);
        Ok(Answer::Reply(Reply::json_text(
            200,
            format!(r#"{{"challengeCode":"{code}","challengeResponse":"{response}"}}"#),
        )))
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Err(items) => items,
            Ok(body) if body.list("/notifications").is_empty() => match body.str("/type") {
                Some(_) => vec![unknown_type()],
                None => vec![Item::quarantined("notifications is missing or unreadable")],
            },
            Ok(body) => body
                .list("/notifications")
                .iter()
                .map(|one| settle(read(one, origin)))
                .collect(),
        }
    }

    fn sign(&self, request: &mut Request, _: Timestamp, _: &str) -> bool {
        self.mac.sign(request);
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "groups and profiles: only the organisation's own pages",
                "no e-mail or phone: members need a self-declared link",
                "who saw a post",
                "likes taken back",
            ],
            fr: &[
                "les groupes et profils : seules les pages de l'organisation",
                "ni e-mail ni téléphone : il faut un lien déclaré par le membre",
                "qui a vu une publication",
                "les « j'aime » retirés",
            ],
        }
    }
}

fn read(one: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let action = need(one.str("/action"), "notifications.action")?;
    let kind = match action {
        "LIKE" => Kind::ReactionAdded,
        "COMMENT" | "ADMIN_COMMENT" => Kind::MessagePosted,
        "COMMENT_EDIT" => Kind::MessageEdited,
        "COMMENT_DELETE" => Kind::MessageDeleted,
        "SHARE_MENTION" => Kind::MentionSeen,
        "SHARE" => Kind::ContentPublished,
        _ => return Ok(unknown_type()),
    };
    let at = need(one.time("/lastModifiedAt"), "notifications.lastModifiedAt")?;
    let activity = one.id("/generatedActivity");
    let post = one.id("/sourcePost");
    let detail = |what: &str| {
        ["comment", "like", "share"]
            .iter()
            .find_map(|kind| one.str(&format!("/decoratedGeneratedActivity/{kind}/{what}")))
    };
    let actor = detail("owner")
        .or_else(|| detail("actor"))
        .map(str::to_owned);
    let object = match (kind, &activity) {
        (
            Kind::MessagePosted | Kind::MessageDeleted | Kind::ContentPublished | Kind::MentionSeen,
            Some(activity),
        ) => ids::linkedin::activity(activity),
        (Kind::ReactionAdded, Some(activity)) => ids::linkedin::activity(activity),
        _ => ids::Object::of(&[&need(
            one.id("/notificationId"),
            "notifications.notificationId",
        )?]),
    };
    let message = match kind {
        Kind::ReactionAdded => post.clone(),
        Kind::MessagePosted | Kind::MessageEdited | Kind::MessageDeleted => activity.clone(),
        _ => None,
    };
    let is_comment = matches!(kind, Kind::MessagePosted | Kind::MessageEdited);
    let parent = one
        .id("/decoratedGeneratedActivity/comment/parentComment")
        .or_else(|| post.clone());
    Ok(origin
        .event(kind, at, &object)
        .actor(actor)
        .staff(action == "ADMIN_COMMENT")
        .channel(one.id("/organizationalEntity"))
        .thread(post)
        .reply_to(parent.filter(|_| is_comment))
        .visibility(Some(Visibility::Public))
        .message(message)
        .subject(activity.filter(|_| matches!(kind, Kind::ContentPublished | Kind::MentionSeen)))
        .text(detail("text").filter(|_| is_comment))
        .item())
}
