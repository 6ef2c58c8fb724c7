//! Help desks: Zendesk and Intercom. Tickets and contacts become CRM records; Zendesk's trigger bodies, which an administrator
//! writes, are read by `map`.

use jiff::Timestamp;
use levier_domain::config::{ConfigError, HashAlgorithm, TimestampUnit};
use levier_domain::entity::Entity;
use levier_domain::event::Kind;
use levier_domain::item::Item;
use serde_json::Value;

use crate::body_mac::BodyMac;
use crate::http::{Answer, Rejection, Reply, Request};
use crate::ids::Object;
use crate::keys::Keys;
use crate::mapping::{Mapping, may_keep};
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, in_window, same, signed_time};
use crate::read::{Read, json, need, settle, unknown_type, without_tags};
use crate::row::Row;

/// Keys of a Zendesk source.
pub(crate) const KEYS: &[&str] = &["secret", "secrets", "tolerance", "map"];

pub(crate) struct Zendesk {
    secrets: Vec<Secret>,
    tolerance: Option<u64>,
    mapping: Option<Mapping>,
}

const SIGNATURE: &str = "x-zendesk-webhook-signature";
const TIMESTAMP: &str = "x-zendesk-webhook-signature-timestamp";

impl Zendesk {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: keys.secrets("the webhook's signing secret")?,
            tolerance: keys.config.tolerance,
            mapping: Mapping::configured(keys)?,
        })
    }

    fn is_signed(&self, request: &Request, now: Timestamp) -> bool {
        let (Some(timestamp), Some(signature)) =
            (request.header(TIMESTAMP), request.header(SIGNATURE))
        else {
            return false;
        };
        // Zendesk writes RFC 3339; whole seconds are understood too.
        let at = signed_time(timestamp, TimestampUnit::Iso)
            .or_else(|| signed_time(timestamp, TimestampUnit::S));
        let fresh = at.is_some_and(|at| in_window(at, now, self.tolerance, TimestampUnit::S));
        let matches = any_secret(&self.secrets, |secret| {
            let wanted = secret.base64(&[timestamp.as_bytes(), &request.body]);
            same(signature.as_bytes(), wanted.as_bytes())
        });
        fresh && matches
    }
}

impl Platform for Zendesk {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.is_signed(request, now))?;
        Ok(stored())
    }

    fn keeps(&self, header: &str) -> bool {
        self.mapping.is_some() && may_keep(header)
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match (json(&delivery.body), &self.mapping) {
            (Err(items), _) => items,
            (Ok(body), Some(mapping)) => mapping.items(body, delivery, origin),
            (Ok(body), None) => vec![settle(zendesk(&body, origin))],
        }
    }

    fn sign(&self, request: &mut Request, now: Timestamp, _: &str) -> bool {
        let timestamp = now.to_string();
        if let Some(secret) = self.secrets.first() {
            let signature = secret.base64(&[timestamp.as_bytes(), &request.body]);
            request.headers.push((TIMESTAMP.to_owned(), timestamp));
            request.headers.push((SIGNATURE.to_owned(), signature));
        }
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "the requester's e-mail: tickets name them by number, exports join them",
                "what happened before the webhook was made",
            ],
            fr: &[
                "l'e-mail du demandeur : les tickets le nomment par numéro, les exports le relient",
                "ce qui précède la création du webhook",
            ],
        }
    }
}

fn status(raw: Option<&str>) -> Option<&'static str> {
    Some(match raw?.to_ascii_lowercase().as_str() {
        "new" | "open" => "open",
        "pending" | "hold" | "on-hold" | "snoozed" => "pending",
        "solved" => "solved",
        "closed" | "deleted" => "closed",
        _ => return None,
    })
}

fn zendesk(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let Some(kind) = body
        .str("/type")
        .and_then(|kind| kind.strip_prefix("zen:event-type:"))
    else {
        return Ok(unknown_type());
    };
    let at = need(
        body.time("/time")
            .or_else(|| body.time("/detail/updated_at")),
        "time",
    )?;
    let detail = need(body.get_at("/detail"), "detail")?;
    let (noun, verb) = kind.split_once('.').unwrap_or((kind, ""));
    let id = || need(detail.id("/id"), "detail.id");
    match noun {
        "ticket" if verb == "permanently_deleted" || verb == "soft_deleted" => {
            Ok(Item::ignored("deleted_in_crm"))
        }
        "ticket" => {
            let id = id()?;
            let status = need(status(detail.str("/status")), "detail.status")?;
            let row = Row::new(Entity::Tickets, origin)
                .id("ticket_id", Some(id.as_str()))
                .id("person_id", detail.id("/requester_id"))
                .id("account_id", detail.id("/organization_id"))
                .instant(
                    "created_at",
                    Some(need(detail.time("/created_at"), "detail.created_at")?),
                )
                .instant(
                    "solved_at",
                    (verb == "status_changed" && status == "solved").then_some(at),
                )
                .id("agent_id", detail.id("/assignee_id"))
                .text("channel", detail.str("/via/channel"))
                .text("topic", detail.str("/type"))
                .text("status", Some(status))
                .instant("updated_at", Some(detail.time("/updated_at").unwrap_or(at)));
            Ok(row.changed(at, &id))
        }
        "user" if verb == "created" || verb.ends_with("changed") || verb == "updated" => {
            let id = id()?;
            let row = Row::new(Entity::People, origin)
                .id("person_id", Some(id.as_str()))
                .email(detail.str("/email"))
                .phone(detail.str("/phone"))
                .id("account_id", detail.id("/organization_id"))
                .instant("created_at", detail.time("/created_at"))
                .instant("updated_at", Some(detail.time("/updated_at").unwrap_or(at)));
            Ok(row.changed(at, &id))
        }
        "community_post" | "article"
            if verb == "published" || verb == "created" || verb == "comment_created" =>
        {
            let id = id()?;
            let comment = body
                .id("/event/comment/id")
                .or_else(|| body.id("/event/comment_id"));
            let post = format!("{noun}/{id}");
            let message =
                comment.map_or_else(|| post.clone(), |comment| format!("comment/{comment}"));
            let kind = if noun == "article" && verb != "comment_created" {
                Kind::ContentPublished
            } else {
                Kind::MessagePosted
            };
            let author = body
                .id("/event/comment/author_id")
                .or_else(|| body.id("/event/author_id"));
            let text = body
                .str("/event/comment/body")
                .or_else(|| body.str("/event/body"))
                .or_else(|| body.str("/event/title"));
            Ok(origin
                .event(kind, at, &Object::of(&[&message]))
                .actor(author)
                .thread(Some(post.clone()))
                .reply_to((message != post).then_some(post))
                .message(Some(message))
                .text(text.map(without_tags))
                .item())
        }
        _ => Ok(unknown_type()),
    }
}

/// Intercom: HMAC-SHA1, the only thing its webhooks sign with.
pub(crate) struct Intercom {
    mac: BodyMac,
}

impl Intercom {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let mac = BodyMac::hex(
            keys.secrets("the app's client secret")?,
            "x-hub-signature",
            "sha1=",
        );
        Ok(Self {
            mac: BodyMac {
                algorithm: HashAlgorithm::Sha1,
                ..mac
            },
        })
    }
}

impl Platform for Intercom {
    fn allow(&self) -> &'static str {
        "POST, HEAD"
    }

    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        // Intercom asks with HEAD whether somebody is there before it takes the address.
        if request.method == "HEAD" {
            return Ok(Answer::Reply(Reply::empty(200)));
        }
        verified(self.mac.holds(request))?;
        Ok(stored())
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(intercom(&body, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, _: Timestamp, _: &str) -> bool {
        self.mac.sign(request);
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA1"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "which message was opened: only the last opening of a contact is told",
                "what happened before the webhook was made",
            ],
            fr: &[
                "quel message a été ouvert : seule la dernière ouverture d'un contact est donnée",
                "ce qui précède la création du webhook",
            ],
        }
    }
}

fn intercom(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let topic = need(body.str("/topic"), "topic")?;
    if topic == "ping" {
        return Ok(Item::ignored("ping"));
    }
    let item = need(body.get_at("/data/item"), "data.item")?;
    let at = || {
        need(
            item.time("/updated_at")
                .or_else(|| body.time("/created_at")),
            "data.item.updated_at",
        )
    };
    let id = || need(item.id("/id"), "data.item.id");
    if topic.ends_with(".deleted") || topic.ends_with(".archived") {
        return Ok(Item::ignored("deleted_in_crm"));
    }
    if topic.starts_with("contact.") || topic.starts_with("user.") {
        let kind = item.str("/type");
        if kind.is_some_and(|kind| !matches!(kind, "contact" | "user" | "lead")) {
            return Ok(unknown_type());
        }
        let (id, at) = (id()?, at()?);
        let row = Row::new(Entity::People, origin)
            .id("person_id", Some(id.as_str()))
            .email(item.str("/email"))
            .phone(item.str("/phone"))
            .id("account_id", item.id("/companies/data/0/id"))
            .instant("created_at", item.time("/created_at"))
            .text(
                "lifecycle",
                match item.str("/role") {
                    Some("lead") => Some("lead"),
                    _ => None,
                },
            )
            .text("lifecycle_raw", item.str("/role"))
            .text("owner_id", item.id("/owner_id"))
            .text(
                "language",
                item.str("/language_override")
                    .or_else(|| item.str("/language")),
            )
            .flag(
                "opted_out",
                item.get_at("/unsubscribed_from_emails")
                    .and_then(Value::as_bool),
            )
            .instant("updated_at", Some(at));
        return Ok(row.changed(at, &id));
    }
    if topic.starts_with("conversation.") || topic.starts_with("ticket.") {
        let item = item.get_at("/conversation").unwrap_or(item);
        let id = need(item.id("/id"), "data.item.id")?;
        let at = at()?;
        let state = item.str("/state").or_else(|| item.str("/ticket_state"));
        let open = item.get_at("/open").and_then(Value::as_bool);
        let state = status(state).or(open.map(|open| if open { "open" } else { "closed" }));
        let person = [
            "/user/id",
            "/contacts/contacts/0/id",
            "/contacts/0/id",
            "/source/author/id",
        ]
        .iter()
        .find_map(|pointer| item.id(pointer));
        let email = ["/user/email", "/source/author/email"]
            .iter()
            .find_map(|pointer| item.str(pointer));
        let rating = item
            .integer("/conversation_rating/rating")
            .map(|rating| rating as f64);
        let row = Row::new(Entity::Tickets, origin)
            .id("ticket_id", Some(id.as_str()))
            .id("person_id", person)
            .email(email)
            .instant(
                "created_at",
                Some(need(item.time("/created_at"), "data.item.created_at")?),
            )
            .instant(
                "first_reply_at",
                item.time("/statistics/first_admin_reply_at"),
            )
            .instant("solved_at", item.time("/statistics/last_close_at"))
            .id(
                "agent_id",
                item.id("/assignee/id")
                    .or_else(|| item.id("/admin_assignee_id"))
                    .filter(|id| id != "0"),
            )
            .text("channel", item.str("/source/type"))
            .text("status", Some(need(state, "data.item.state")?))
            .number("satisfaction", rating)
            .instant("updated_at", Some(at));
        return Ok(row.changed(at, &id));
    }
    Ok(unknown_type())
}
