//! Levier's own form: what a sender without a mapping posts.
//!
//! One object or an array of `{"type", "timestamp", "data": {"id", "actor": {…}, "target": {"id"}, "channel", "thread", "reply_to",
//! "visibility", "text", "attributes"}}`. Only `type`, `timestamp` and `data.id` are required; null is absence; an unknown type is
//! ignored.

use std::collections::BTreeMap;

use levier_domain::event::{Kind, Visibility, attribute};
use levier_domain::item::Item;
use serde_json::Value;

use crate::attributes;
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
    // An id that is an address is its key from here on: a plain hash of it could be undone.
    let reference = |pointer: &str, field: &str| -> Result<Option<String>, Item> {
        Ok(optional_id(one, pointer, field)?.map(|text| origin.conceal(&text)))
    };
    let id = need(reference("/data/id", "data.id")?, "data.id")?;
    let reply_to = reference("/data/reply_to", "data.reply_to")?;
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
    let attributes = attributes::kept(one.get_at("/data/attributes"), origin);
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
        .channel(reference("/data/channel", "data.channel")?)
        .thread(reference("/data/thread", "data.thread")?)
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
