//! Levier's own form: what a sender without a mapping posts.
//!
//! One object or an array of `{"type", "timestamp", "data": {"id", "actor": {…}, "target": {"id"}, "channel", "thread", "reply_to",
//! "visibility", "text", "attributes"}}`. Only `type`, `timestamp` and `data.id` are required; null is absence; an unknown type is
//! ignored.

use std::collections::BTreeMap;

use levier_domain::event::{Kind, Visibility, attribute};
use levier_domain::item::Item;
use levier_domain::private::normalise_email;
use serde_json::Value;

use crate::ids;
use crate::platform::Origin;
use crate::read::{Read, need, settle};

/// Reads a body in the own form.
pub(crate) fn items(body: &Value, origin: &Origin<'_>) -> Vec<Item> {
    match body {
        Value::Array(list) if list.is_empty() => vec![Item::ignored("empty")],
        Value::Array(list) => list.iter().map(|one| settle(item(one, origin))).collect(),
        one => vec![settle(item(one, origin))],
    }
}

fn item(one: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    if !one.is_object() {
        return Err(Item::quarantined("item is no object"));
    }
    let kind = need(one.str("/type"), "type")?;
    let Ok(kind) = kind.parse::<Kind>() else {
        return Ok(Item::ignored("unknown_type"));
    };
    if kind == Kind::RecordChanged {
        return Ok(Item::ignored("no_record"));
    }
    let at = need(
        one.str("/timestamp").and_then(|text| text.parse().ok()),
        "timestamp",
    )?;
    let id = need(one.id("/data/id"), "data.id")?;
    let reply_to = optional_id(one, "/data/reply_to", "data.reply_to")?;
    let visibility = match optional_id(one, "/data/visibility", "data.visibility")? {
        Some(word) => Some(need(word.parse::<Visibility>().ok(), "data.visibility")?),
        None => None,
    };
    for (pointer, field) in [
        ("/data/actor", "data.actor"),
        ("/data/target", "data.target"),
        ("/data/attributes", "data.attributes"),
    ] {
        if one.get_at(pointer).is_some_and(|value| !value.is_object()) {
            return Err(Item::quarantined(format!(
                "{field} is missing or unreadable"
            )));
        }
    }
    let attributes = attributes(one.get_at("/data/attributes"));
    let message = message_of(kind, &id, reply_to.as_deref(), &attributes);
    let email = optional_id(one, "/data/actor/email", "data.actor.email")?;
    let phone = optional_id(one, "/data/actor/phone", "data.actor.phone")?;
    let mut building = origin.event(kind, at, &ids::own::event(&id));
    for (key, value) in attributes {
        building = building.attribute(&key, Some(value));
    }
    Ok(building
        .actor(optional_id(one, "/data/actor/id", "data.actor.id")?)
        .email(email.as_deref())
        .phone(phone.as_deref())
        .external_id(optional_id(
            one,
            "/data/actor/external_id",
            "data.actor.external_id",
        )?)
        .bot(one.flag("/data/actor/bot"))
        .staff(one.flag("/data/actor/staff"))
        .target(optional_id(one, "/data/target/id", "data.target.id")?)
        .channel(optional_id(one, "/data/channel", "data.channel")?)
        .thread(optional_id(one, "/data/thread", "data.thread")?)
        .reply_to(reply_to)
        .visibility(visibility)
        .message(message)
        .text(optional_id(one, "/data/text", "data.text")?)
        .item())
}

/// A text or a number where there is something; anything else there is an error, empty is absence.
fn optional_id(one: &Value, pointer: &str, field: &str) -> Result<Option<String>, Item> {
    match one.get_at(pointer) {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(_) => need(one.id(pointer), field).map(Some),
    }
}

/// The message that an event is about, where the sender has one id for both: what posts, edits or deletes a message is named by
/// it unless an attribute says otherwise; what answers to a message (reaction, acceptance) is about that one.
pub(crate) fn message_of(
    kind: Kind,
    id: &str,
    reply_to: Option<&str>,
    attributes: &BTreeMap<String, String>,
) -> Option<String> {
    if let Some(message) = attributes.get(attribute::MESSAGE) {
        return Some(message.clone());
    }
    match kind {
        Kind::MessagePosted | Kind::MessageEdited | Kind::MessageDeleted => Some(id.to_owned()),
        Kind::ReactionAdded | Kind::ReactionRemoved | Kind::AnswerAccepted => {
            reply_to.map(str::to_owned)
        }
        _ => None,
    }
}

/// Longest attribute value kept, and most words in one: an id, a score, some tags, never prose.
const LONGEST_ATTRIBUTE: usize = 256;
const MOST_WORDS: usize = 8;

fn is_prose(text: &str) -> bool {
    text.len() > LONGEST_ATTRIBUTE || text.split_whitespace().nth(MOST_WORDS).is_some()
}

/// Whether a value holds an e-mail address or is written as a phone number. Digits alone are an id, a date is a date.
fn is_address(text: &str) -> bool {
    let words = || text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';'));
    if words().any(|word| normalise_email(word).is_some()) {
        return true;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let only_number = text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '.' | '-' | '(' | ')' | '/'));
    let written_as_number = text.starts_with('+') || text.contains([' ', '(']);
    only_number && written_as_number && (8..=15).contains(&digits)
}

/// Attributes that may enter an event: plain values, short, no address. The keys that hold hashes are ours alone.
pub(crate) fn attributes(value: Option<&Value>) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (key, value) in value.and_then(Value::as_object).into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => continue,
        };
        let ours = matches!(
            key.as_str(),
            attribute::EMAIL_KEY | attribute::PHONE_KEY | attribute::EXTERNAL_ID
        );
        let personal = is_personal(key) || (holds_text(key) && text.contains(char::is_whitespace));
        if ours || personal || text.is_empty() || is_prose(&text) || is_address(&text) {
            continue;
        }
        kept.insert(key.clone(), text);
    }
    kept
}

/// Keys under which one sender puts an id and another what somebody wrote.
fn holds_text(key: &str) -> bool {
    matches!(
        key.to_ascii_lowercase().as_str(),
        "content" | "contenu" | "comment" | "commentaire" | "description" | "bio" | "title"
    )
}

fn is_personal(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    matches!(
        key.as_str(),
        "name"
            | "first_name"
            | "last_name"
            | "full_name"
            | "fullname"
            | "display_name"
            | "displayname"
            | "user_name"
            | "author_name"
            | "member_name"
            | "contact_name"
            | "nickname"
            | "pseudo"
            | "firstname"
            | "lastname"
            | "nom"
            | "prenom"
            | "prénom"
            | "email"
            | "mail"
            | "phone"
            | "tel"
            | "telephone"
            | "téléphone"
            | "address"
            | "adresse"
            | "mobile"
            | "text"
            | "texte"
            | "body"
            | "message_text"
    )
}
