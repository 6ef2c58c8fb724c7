//! Newsletter tools: Brevo, and Mailchimp with its transactional twin. Neither signs: a token travels in a header or the address.
//!
//! The member is the key of the e-mail address. Leaving a list is a change of the member, not a leaving of the community.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use levier_domain::config::ConfigError;
use levier_domain::event::Kind;
use levier_domain::item::Item;
use serde_json::{Map, Value};

use crate::generic::{bearer, put_bearer, put_query};
use crate::http::{Answer, Rejection, Reply, Request, form_pairs};
use crate::ids::Object;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, same_secret};
use crate::read::{Read, need, settle, unknown_type};

pub(crate) const KEYS: &[&str] = &["secret", "secrets"];

/// Reads one event of a tool.
type Reader = fn(&Value, &Origin<'_>) -> Result<Item, Item>;

/// Brevo (`Authorization: Bearer`) or Mailchimp (`?token=`).
pub(crate) struct Newsletter {
    secrets: Vec<Secret>,
    is_mailchimp: bool,
}

impl Newsletter {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: keys.secrets("the token given to the newsletter tool")?,
            is_mailchimp: keys.config.platform == "mailchimp",
        })
    }
}

impl Platform for Newsletter {
    fn allow(&self) -> &'static str {
        if self.is_mailchimp {
            "POST, GET, HEAD"
        } else {
            "POST"
        }
    }

    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        let in_query = request.query_value("token");
        if request.method != "POST" && in_query.is_none() {
            return Err(Rejection::BadHandshake(
                "the token is missing; give Mailchimp the address with ?token=…",
            ));
        }
        let given = if self.is_mailchimp {
            in_query.as_deref().map(str::as_bytes)
        } else {
            bearer(request)
        };
        verified(any_secret(&self.secrets, |secret| {
            given.is_some_and(|given| same_secret(given, &secret.0))
        }))?;
        // Mailchimp calls the address once when it is entered.
        Ok(if request.method == "POST" {
            stored()
        } else {
            Answer::Reply(Reply::empty(200))
        })
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        let (list, read): (Vec<Value>, Reader) = if self.is_mailchimp {
            match mailchimp_body(&delivery.body) {
                Some(body) if body.get("mandrill_events").is_some() => {
                    (body.list("/mandrill_events").to_vec(), mandrill)
                }
                Some(body) => (vec![body], audience),
                None => return vec![Item::quarantined("not_json")],
            }
        } else {
            match serde_json::from_slice(&delivery.body) {
                Ok(Value::Array(list)) => (list, brevo),
                Ok(one) => (vec![one], brevo),
                Err(_) => return vec![Item::quarantined("not_json")],
            }
        };
        list.iter().map(|one| settle(read(one, origin))).collect()
    }

    fn sign(&self, request: &mut Request, _: Timestamp, _: &str) -> bool {
        if self.is_mailchimp {
            put_query(request, "token", self.secrets.first());
        } else {
            put_bearer(request, self.secrets.first());
        }
        true
    }

    fn verification(&self) -> &'static str {
        if self.is_mailchimp {
            "token (URL)"
        } else {
            "token (Bearer)"
        }
    }

    fn blind_spots(&self) -> BlindSpots {
        if self.is_mailchimp {
            BlindSpots {
                en: &[
                    "opens and clicks of campaigns: only transactional mail tells them",
                    "opens by readers who block pictures",
                ],
                fr: &[
                    "les ouvertures et clics des campagnes : seuls les e-mails transactionnels les disent",
                    "les ouvertures des lecteurs qui bloquent les images",
                ],
            }
        } else {
            BlindSpots {
                en: &["opens by readers who block pictures"],
                fr: &["les ouvertures des lecteurs qui bloquent les images"],
            }
        }
    }
}

fn brevo(one: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let event = need(one.str("/event"), "event")?;
    let kind = match event {
        "delivered" => Kind::NotificationDelivered,
        "opened" | "unique_opened" | "open" | "first_opening" | "proxy_open"
        | "unique_proxy_open" => Kind::NotificationOpened,
        "click" | "clicked" => Kind::NotificationClicked,
        "unsubscribe" | "unsubscribed" | "list_addition" | "contact_updated" => Kind::MemberUpdated,
        "request" | "sent" | "hard_bounce" | "soft_bounce" | "blocked" | "deferred"
        | "invalid_email" | "error" | "spam" | "complaint" => {
            return Ok(Item::ignored(format!("mail_{event}")));
        }
        _ => return Ok(unknown_type()),
    };
    // `ts_epoch` is in milliseconds, `ts_event` and `ts` in seconds; `date` is in the account's own zone.
    let at = ["/ts_epoch", "/ts_event", "/ts"]
        .iter()
        .find_map(|pointer| one.time(pointer));
    let at = need(at, "ts_event")?;
    let email = one
        .str("/email")
        .or_else(|| one.str("/email/0"))
        .or_else(|| one.str("/content/0/email"));
    let who = need(
        email.and_then(|email| origin.context.hash_key.email(email)),
        "email",
    )?;
    let subject = one
        .id("/camp_id")
        .or_else(|| one.id("/message-id"))
        .or_else(|| one.id("/id"));
    let object = Object::of(&[
        event,
        subject.as_deref().unwrap_or_default(),
        &who,
        &at.as_second().to_string(),
        one.str("/link")
            .or_else(|| one.str("/URL"))
            .unwrap_or_default(),
    ]);
    let left = matches!(event, "unsubscribe" | "unsubscribed");
    Ok(origin
        .event(kind, at, &object)
        .actor(Some(who))
        .email(email)
        .bot(event.contains("proxy"))
        .subject(subject)
        .attribute("subscription", left.then_some("unsubscribed"))
        .item())
}

fn mandrill(one: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let event = need(one.str("/event"), "event")?;
    let kind = match event {
        "send" | "delivered" => Kind::NotificationDelivered,
        "open" => Kind::NotificationOpened,
        "click" => Kind::NotificationClicked,
        "unsub" => Kind::MemberUpdated,
        "hard_bounce" | "soft_bounce" | "deferral" | "reject" | "spam" => {
            return Ok(Item::ignored(format!("mail_{event}")));
        }
        _ => return Ok(unknown_type()),
    };
    let at = need(one.time("/ts"), "ts")?;
    let email = one.str("/msg/email");
    let who = need(
        email.and_then(|email| origin.context.hash_key.email(email)),
        "msg.email",
    )?;
    let message = one.id("/msg/_id").or_else(|| one.id("/_id"));
    let object = Object::of(&[
        event,
        message.as_deref().unwrap_or_default(),
        &who,
        &at.as_second().to_string(),
        one.str("/url").unwrap_or_default(),
    ]);
    Ok(origin
        .event(kind, at, &object)
        .actor(Some(who))
        .email(email)
        .subject(message)
        .attribute("subscription", (event == "unsub").then_some("unsubscribed"))
        .item())
}

fn audience(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let kind = need(body.str("/type"), "type")?;
    let at = need(body.str("/fired_at").and_then(utc), "fired_at")?;
    let stamp = at.as_second().to_string();
    let get = |key: &str| {
        body.str(&format!("/data[{key}]"))
            .or_else(|| body.str(&format!("/data/{key}")))
    };
    let list = get("list_id").unwrap_or_default();
    if kind == "campaign" {
        let id = need(get("id"), "data[id]")?;
        if get("status") != Some("sent") {
            return Ok(Item::ignored("campaign_not_sent"));
        }
        return Ok(origin
            .event(Kind::ContentPublished, at, &Object::of(&["campaign", id]))
            .subject(Some(id))
            .staff(true)
            .channel(Some(list))
            .item());
    }
    let subscription = match kind {
        "subscribe" => Some("subscribed"),
        "unsubscribe" => Some("unsubscribed"),
        "cleaned" => Some("cleaned"),
        "profile" | "upemail" => None,
        _ => return Ok(unknown_type()),
    };
    let email = get("new_email").or_else(|| get("email"));
    let who = need(
        email.and_then(|email| origin.context.hash_key.email(email)),
        "data[email]",
    )?;
    Ok(origin
        .event(
            Kind::MemberUpdated,
            at,
            &Object::of(&[kind, list, &who, &stamp]),
        )
        .actor(Some(who))
        .email(email)
        .channel(Some(list))
        .attribute("subscription", subscription)
        .item())
}

/// A form as Mailchimp posts it, or JSON; Mandrill's events are JSON inside the form.
fn mailchimp_body(body: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        return Some(match value {
            Value::Array(events) => Value::Object(Map::from_iter([(
                "mandrill_events".to_owned(),
                Value::Array(events),
            )])),
            other => other,
        });
    }
    let mut form = Map::new();
    for (key, value) in form_pairs(body) {
        let value = if key == "mandrill_events" {
            serde_json::from_str(&value).ok()?
        } else {
            Value::String(value)
        };
        form.insert(key, value);
    }
    (form.contains_key("type") || form.contains_key("mandrill_events"))
        .then_some(Value::Object(form))
}

/// Mailchimp writes `2026-03-01 10:00:00` and means UTC.
fn utc(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let civil: DateTime = text.parse().ok()?;
    civil
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}
