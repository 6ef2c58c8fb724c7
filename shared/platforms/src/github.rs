//! GitHub Discussions and collaborators. Signed `X-Hub-Signature-256`; what happened stands in `X-GitHub-Event` and `action`.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::Value;

use crate::body_mac::BodyMac;
use crate::http::{Answer, Rejection, Request, form_pairs};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::read::{Read, json, need, settle, unknown_type};

pub(crate) const KEYS: &[&str] = &["secret", "secrets"];

pub(crate) struct GitHub {
    mac: BodyMac,
}

impl GitHub {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            mac: BodyMac::hex(
                keys.secrets("the webhook's secret")?,
                "x-hub-signature-256",
                "sha256=",
            ),
        })
    }
}

impl Platform for GitHub {
    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        verified(self.mac.holds(request))?;
        Ok(stored())
    }

    fn keeps(&self, header: &str) -> bool {
        header == "x-github-event"
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        let form = || {
            let pairs = form_pairs(&delivery.body);
            let (_, text) = pairs.into_iter().find(|(key, _)| key == "payload")?;
            serde_json::from_str::<Value>(&text).ok()
        };
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(delivery, &body, origin))],
            Err(items) => form().map_or(items, |body| vec![settle(read(delivery, &body, origin))]),
        }
    }

    fn sign(&self, request: &mut Request, _: Timestamp, delivery_id: &str) -> bool {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let event = likely_event(&body);
        request
            .headers
            .push(("x-github-event".to_owned(), event.to_owned()));
        request
            .headers
            .push(("x-github-delivery".to_owned(), delivery_id.to_owned()));
        self.mac.sign(request);
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "reactions",
                "failed deliveries: GitHub never repeats them by itself",
                "no e-mail or phone: members need a self-declared link",
            ],
            fr: &[
                "les réactions",
                "les envois échoués : GitHub ne les répète jamais de lui-même",
                "ni e-mail ni téléphone : il faut un lien déclaré par le membre",
            ],
        }
    }
}

fn likely_event(body: &Value) -> &'static str {
    if body.get("zen").is_some() {
        "ping"
    } else if body.get("discussion").is_some() {
        if body.get("comment").is_some() {
            "discussion_comment"
        } else {
            "discussion"
        }
    } else if body.get("scope").is_some() {
        "membership"
    } else if body.get("starred_at").is_some() {
        "star"
    } else {
        "member"
    }
}

fn read(delivery: &Delivery, body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let event = match delivery.header("x-github-event") {
        Some(event) => event,
        None => likely_event(body),
    };
    if event == "ping" {
        return Ok(Item::ignored("ping"));
    }
    let action = body.str("/action").unwrap_or_default();
    let received = delivery.received_at;
    match (event, action) {
        ("discussion", "created") => discussion(Kind::MessagePosted, body, received, origin),
        ("discussion", "edited") => discussion(Kind::MessageEdited, body, received, origin),
        ("discussion", "deleted") => discussion(Kind::MessageDeleted, body, received, origin),
        ("discussion", "answered") => {
            let answer = need(body.id("/answer/id"), "answer.id")?;
            let at = body
                .time("/discussion/answer_chosen_at")
                .unwrap_or(received);
            Ok(place(
                origin.event(Kind::AnswerAccepted, at, &ids::github::answer(&answer)),
                body,
            )
            .actor(body.str("/sender/login"))
            .target(body.str("/answer/user/login"))
            .message(Some(ids::github::comment_message(&answer)))
            .item())
        }
        ("discussion", "unanswered") => Ok(Item::ignored("solution_taken_back")),
        ("discussion_comment", "created") => comment(Kind::MessagePosted, body, received, origin),
        ("discussion_comment", "edited") => comment(Kind::MessageEdited, body, received, origin),
        ("discussion_comment", "deleted") => comment(Kind::MessageDeleted, body, received, origin),
        ("member" | "membership", "added" | "removed") => {
            let login = need(body.str("/member/login"), "member.login")?;
            let kind = if action == "added" {
                Kind::MemberJoined
            } else {
                Kind::MemberLeft
            };
            let place = body
                .str("/repository/full_name")
                .or_else(|| body.str("/team/slug"))
                .unwrap_or_default();
            Ok(origin
                .event(kind, received, &ids::github::member(place, login))
                .actor(Some(login))
                .bot(body.str("/member/type") == Some("Bot"))
                .channel(Some(place))
                .item())
        }
        ("star", "created" | "deleted") => {
            let login = need(body.str("/sender/login"), "sender.login")?;
            let repository = need(body.str("/repository/full_name"), "repository.full_name")?;
            let kind = if action == "created" {
                Kind::MemberJoined
            } else {
                Kind::MemberLeft
            };
            let at = body.time("/starred_at").unwrap_or(received);
            Ok(origin
                .event(kind, at, &ids::github::star(repository, login))
                .actor(Some(login))
                .bot(body.str("/sender/type") == Some("Bot"))
                .channel(Some(repository))
                .item())
        }
        _ => Ok(unknown_type()),
    }
}

fn place<'a>(building: crate::draft::Building<'a>, body: &Value) -> crate::draft::Building<'a> {
    let seen_by = if body.flag("/repository/private") {
        Visibility::Private
    } else {
        Visibility::Public
    };
    let repository = body.str("/repository/full_name").unwrap_or_default();
    let channel = match body.str("/discussion/category/slug") {
        Some(category) => format!("{repository}/{category}"),
        None => repository.to_owned(),
    };
    building
        .channel(Some(channel))
        .thread(
            body.id("/discussion/id")
                .map(|id| ids::github::discussion_message(&id)),
        )
        .visibility(Some(seen_by))
}

fn is_staff(association: Option<&str>) -> bool {
    matches!(association, Some("OWNER" | "MEMBER" | "COLLABORATOR"))
}

fn discussion(
    kind: Kind,
    body: &Value,
    received: Timestamp,
    origin: &Origin<'_>,
) -> Result<Item, Item> {
    let about = need(body.get_at("/discussion"), "discussion")?;
    let id = need(about.id("/id"), "discussion.id")?;
    let (at, object) = match kind {
        Kind::MessagePosted => (
            need(about.time("/created_at"), "discussion.created_at")?,
            ids::github::discussion(&id),
        ),
        Kind::MessageEdited => {
            let at = need(about.time("/updated_at"), "discussion.updated_at")?;
            (at, ids::github::discussion_edit(&id, &at.to_string()))
        }
        _ => (received, ids::github::discussion(&id)),
    };
    let text = match (about.str("/title"), about.str("/body")) {
        (Some(title), Some(text)) => Some(format!("{title}\n{text}")),
        (title, text) => title.or(text).map(str::to_owned),
    };
    Ok(place(origin.event(kind, at, &object), body)
        .actor(about.str("/user/login"))
        .bot(about.str("/user/type") == Some("Bot"))
        .staff(is_staff(about.str("/author_association")))
        .message(Some(ids::github::discussion_message(&id)))
        .text(text.filter(|_| kind != Kind::MessageDeleted))
        .item())
}

fn comment(
    kind: Kind,
    body: &Value,
    received: Timestamp,
    origin: &Origin<'_>,
) -> Result<Item, Item> {
    let comment = need(body.get_at("/comment"), "comment")?;
    let id = need(comment.id("/id"), "comment.id")?;
    let (at, object) = match kind {
        Kind::MessagePosted => (
            need(comment.time("/created_at"), "comment.created_at")?,
            ids::github::comment(&id),
        ),
        Kind::MessageEdited => {
            let at = need(comment.time("/updated_at"), "comment.updated_at")?;
            (at, ids::github::comment_edit(&id, &at.to_string()))
        }
        _ => (received, ids::github::comment(&id)),
    };
    let parent = comment
        .id("/parent_id")
        .map(|id| ids::github::comment_message(&id));
    let thread = body
        .id("/discussion/id")
        .map(|id| ids::github::discussion_message(&id));
    Ok(place(origin.event(kind, at, &object), body)
        .actor(comment.str("/user/login"))
        .bot(comment.str("/user/type") == Some("Bot"))
        .staff(is_staff(comment.str("/author_association")))
        .reply_to(parent.or(thread))
        .message(Some(ids::github::comment_message(&id)))
        .text(
            comment
                .str("/body")
                .filter(|_| kind != Kind::MessageDeleted),
        )
        .item())
}
