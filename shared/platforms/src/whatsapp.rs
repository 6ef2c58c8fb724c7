//! WhatsApp Cloud API: messages, reactions, edits, revocations, statuses and preferences of one change.

use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::Value;

use crate::ids;
use crate::platform::Origin;
use crate::read::{Read, need, settle, unknown_type};

/// The items of one change.
pub(crate) fn items(change: &Value, value: &Value, origin: &Origin<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    for one in value.list("/messages") {
        items.push(settle(message(value, one, origin)));
    }
    for one in value.list("/statuses") {
        items.push(settle(status(one, origin)));
    }
    for one in value.list("/user_preferences") {
        items.push(settle(preference(one, origin)));
    }
    if items.is_empty() {
        items.push(match change.str("/field") {
            Some("messages") if value.get_at("/errors").is_some() => {
                Item::ignored("platform_error")
            }
            _ => unknown_type(),
        });
    }
    items
}

/// The handle: the phone's key, so that no number is kept; a sender without a number has an opaque id already.
fn handle(raw: Option<&str>, origin: &Origin<'_>) -> Option<String> {
    let raw = raw?;
    let digits = raw.trim_start_matches('+');
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        // `US.1349…`, which WhatsApp gives where the number is hidden; anything else is hashed too.
        let opaque = raw
            .split_once('.')
            .is_some_and(|(country, _)| country.len() == 2);
        return if opaque {
            Some(raw.to_owned())
        } else {
            origin.context.hash_key.name(raw)
        };
    }
    ids::whatsapp::member(origin.context.hash_key, digits)
}

fn message(value: &Value, message: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let id = need(message.str("/id"), "messages.id")?;
    let at = need(message.time("/timestamp"), "messages.timestamp")?;
    let kind = need(message.str("/type"), "messages.type")?;
    let from = message
        .str("/from")
        .or_else(|| message.str("/from_user_id"));
    let business = value
        .str("/metadata/display_phone_number")
        .map(|text| text.trim_start_matches('+'));
    let is_staff = from.is_some() && from == business;
    let group = message.str("/group_id");
    let place = if group.is_some() {
        Visibility::Private
    } else {
        Visibility::Direct
    };
    let phone = from.map(|from| format!("+{}", from.trim_start_matches('+')));
    let contact = value
        .list("/contacts")
        .iter()
        .find(|contact| contact.str("/wa_id") == from);
    let begin = |kind: Kind, object: &ids::Object| {
        origin
            .event(kind, at, object)
            .actor(handle(from, origin))
            .staff(is_staff)
            .phone(phone.as_deref())
            .attribute(
                "whatsapp_user_id",
                contact.and_then(|contact| contact.str("/user_id")),
            )
            .channel(group.or_else(|| value.str("/metadata/phone_number_id")))
            .visibility(Some(place))
    };
    match kind {
        "reaction" => {
            let about = need(
                message.str("/reaction/message_id"),
                "messages.reaction.message_id",
            )?;
            let emoji = message.str("/reaction/emoji");
            let kind = if emoji.is_some() {
                Kind::ReactionAdded
            } else {
                Kind::ReactionRemoved
            };
            Ok(begin(kind, &ids::whatsapp::message(id))
                .message(Some(about))
                .attribute("reaction", emoji)
                .item())
        }
        "revoke" => {
            let about = need(
                message.str("/revoke/original_message_id"),
                "messages.revoke.original_message_id",
            )?;
            Ok(begin(Kind::MessageDeleted, &ids::whatsapp::message(about))
                .message(Some(about))
                .item())
        }
        "edit" => {
            let about = need(
                message.str("/edit/original_message_id"),
                "messages.edit.original_message_id",
            )?;
            let text = message.get_at("/edit/message").and_then(said);
            Ok(begin(Kind::MessageEdited, &ids::whatsapp::message(id))
                .message(Some(about))
                .text(text)
                .item())
        }
        "system" => match message.str("/system/type") {
            Some("user_changed_number" | "customer_changed_number") => {
                let new = message
                    .str("/system/wa_id")
                    .or_else(|| message.str("/system/new_wa_id"));
                let new = new.map(|digits| format!("+{digits}"));
                Ok(begin(Kind::MemberUpdated, &ids::whatsapp::message(id))
                    .phone(new.as_deref())
                    .attribute("successor", handle(new.as_deref(), origin))
                    .item())
            }
            _ => Ok(Item::ignored("system_message")),
        },
        "unsupported" | "unknown" | "errors" => Ok(Item::ignored("unsupported_message")),
        _ => Ok(begin(Kind::MessagePosted, &ids::whatsapp::message(id))
            .reply_to(message.str("/context/id"))
            .message(Some(id))
            .text(said(message))
            .item()),
    }
}

/// What a message says: its text, caption, or the button that was pressed.
fn said(message: &Value) -> Option<&str> {
    [
        "/text/body",
        "/image/caption",
        "/video/caption",
        "/document/caption",
        "/button/text",
        "/interactive/button_reply/title",
        "/interactive/list_reply/title",
    ]
    .iter()
    .find_map(|pointer| message.str(pointer))
}

fn status(status: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let id = need(status.str("/id"), "statuses.id")?;
    let at = need(status.time("/timestamp"), "statuses.timestamp")?;
    let kind = match need(status.str("/status"), "statuses.status")? {
        "delivered" => Kind::NotificationDelivered,
        "read" | "played" => Kind::NotificationOpened,
        "sent" => return Ok(Item::ignored("sent")),
        "failed" => return Ok(Item::ignored("failed")),
        "deleted" | "warning" => return Ok(Item::ignored("status")),
        _ => return Ok(unknown_type()),
    };
    let to = status.str("/recipient_id");
    let who = handle(to, origin);
    let phone = to.map(|to| format!("+{}", to.trim_start_matches('+')));
    let object = ids::whatsapp::status(id, who.as_deref().unwrap_or_default());
    Ok(origin
        .event(kind, at, &object)
        .actor(who)
        .phone(phone.as_deref())
        .subject(Some(id))
        .attribute("category", status.str("/pricing/category"))
        .item())
}

fn preference(preference: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let at = need(preference.time("/timestamp"), "user_preferences.timestamp")?;
    let who = need(
        handle(
            preference
                .str("/wa_id")
                .or_else(|| preference.str("/user_id")),
            origin,
        ),
        "user_preferences.wa_id",
    )?;
    let phone = preference.str("/wa_id").map(|digits| format!("+{digits}"));
    let object = ids::Object::of(&["preference", &who, &at.as_second().to_string()]);
    Ok(origin
        .event(Kind::MemberUpdated, at, &object)
        .actor(Some(who))
        .phone(phone.as_deref())
        .attribute("preference", preference.str("/value"))
        .item())
}
