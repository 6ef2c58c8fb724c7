//! What pulled pages of Discord say, as canonical events: the ids are those of an export of the same channel.

use jiff::Timestamp;
use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::Value;

use crate::ids;
use crate::platform::Origin;
use crate::pull::discord::time_of;
use crate::read::{Read, need, settle};

/// Kinds of message that somebody wrote: default, reply, command, first message of a thread, command of a menu.
const SPOKEN: &[i64] = &[0, 19, 20, 21, 23];

pub(super) fn read(what: &str, body: &Value, origin: &Origin<'_>) -> Vec<Item> {
    let each = |list: &str, read: &dyn Fn(&Value) -> Result<Item, Item>| -> Vec<Item> {
        body.list(list)
            .iter()
            .map(|row| settle(read(row)))
            .collect()
    };
    match what {
        "discord.messages" => body
            .list("/messages")
            .iter()
            .flat_map(|row| message(row, body, origin))
            .collect(),
        "discord.reactions" => each("/users", &|user| reaction(user, body, origin)),
        "discord.members" => each("/members", &|row| member(row, body, origin)),
        "discord.leavers" => each("/left", &|row| left(row, body, origin)),
        "discord.events" => each("/events", &|row| event(row, origin)),
        _ => each("/users", &|row| interest(row, body, origin)),
    }
}

fn seen_by(body: &Value) -> Visibility {
    if body.flag("/private") {
        Visibility::Private
    } else {
        Visibility::Public
    }
}

/// The message, and its last edit.
fn message(row: &Value, body: &Value, origin: &Origin<'_>) -> Vec<Item> {
    let read = |kind: Kind| -> Result<Item, Item> {
        let id = need(row.str("/id"), "id")?;
        let (at, object) = match kind {
            Kind::MessageEdited => {
                let at = need(row.time("/edited_timestamp"), "edited_timestamp")?;
                (at, ids::discord::edit(id, &at.to_string()))
            }
            _ => {
                let at = need(row.time("/timestamp"), "timestamp")?;
                (at, ids::discord::message(id))
            }
        };
        let thread = body.str("/thread");
        let answers = row
            .str("/message_reference/message_id")
            .filter(|_| row.integer("/type") == Some(19));
        // A thread bears the id of the message that it hangs on: its messages answer that one.
        let answers = answers.or_else(|| thread.filter(|thread| *thread != id));
        Ok(origin
            .event(kind, at, &object)
            .actor(row.str("/author/id"))
            .bot(row.flag("/author/bot") || row.str("/webhook_id").is_some())
            .channel(body.str("/channel"))
            .thread(thread)
            .reply_to(answers)
            .target(row.str("/referenced_message/author/id"))
            .visibility(Some(seen_by(body)))
            .message(Some(id))
            .text(row.str("/content"))
            .item())
    };
    if !SPOKEN.contains(&row.integer("/type").unwrap_or(0)) {
        return vec![Item::ignored("system_message")];
    }
    let mut items = vec![settle(read(Kind::MessagePosted))];
    if row.get_at("/edited_timestamp").is_some() {
        items.push(settle(read(Kind::MessageEdited)));
    }
    items
}

/// The API does not say when: the message's own time is the earliest that it can be, as for an export.
fn reaction(user: &Value, body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let message = need(body.str("/message"), "message")?;
    let at = need(time_of(message), "message")?;
    let emoji = need(body.str("/emoji"), "emoji")?;
    let emoji = emoji.rsplit_once(':').map_or(emoji, |(_, id)| id);
    let id = need(user.str("/id"), "id")?;
    Ok(origin
        .event(
            Kind::ReactionAdded,
            at,
            &ids::discord::reaction(message, id, emoji),
        )
        .actor(Some(id))
        .bot(user.flag("/bot"))
        .channel(body.str("/channel"))
        .visibility(Some(seen_by(body)))
        .message(Some(message))
        .item())
}

fn member(row: &Value, body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let user = need(row.str("/user/id"), "user.id")?;
    let at = need(row.time("/joined_at"), "joined_at")?;
    let guild = need(body.str("/guild"), "guild")?;
    let joined = row.str("/joined_at").unwrap_or_default();
    Ok(origin
        .event(
            Kind::MemberJoined,
            at,
            &ids::discord::member(guild, user, joined),
        )
        .actor(Some(user))
        .bot(row.flag("/user/bot"))
        .item())
}

fn left(row: &Value, body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let user = need(row.str("/user"), "user")?;
    let at = need(row.time("/at"), "at")?;
    let guild = need(body.str("/guild"), "guild")?;
    Ok(origin
        .event(
            Kind::MemberLeft,
            at,
            &ids::discord::member(guild, user, &at.to_string()),
        )
        .actor(Some(user))
        .attribute(LEFT_AFTER, body.str("/after"))
        .item())
}

/// Attribute of a leaver who was found by comparing two lists: when the earlier one was made.
pub(super) const LEFT_AFTER: &str = "left_after";

fn event(row: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let id = need(row.str("/id"), "id")?;
    let at: Timestamp = need(time_of(id), "id")?;
    Ok(origin
        .event(Kind::LiveScheduled, at, &ids::discord::scheduled_event(id))
        .actor(row.str("/creator_id"))
        .channel(row.str("/channel_id"))
        .subject(Some(id))
        .attribute(
            "starts_at",
            row.time("/scheduled_start_time").map(|at| at.to_string()),
        )
        .item())
}

/// Interest, which is not attendance. Not said when: the round in which it was first seen stands in.
fn interest(row: &Value, body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let event = need(body.str("/event"), "event")?;
    let user = need(
        row.str("/user/id").or_else(|| row.str("/user_id")),
        "user.id",
    )?;
    let at = need(body.time("/at"), "at")?;
    Ok(origin
        .event(
            Kind::LiveRegistered,
            at,
            &ids::discord::interest(event, user),
        )
        .actor(Some(user))
        .bot(row.flag("/user/bot"))
        .subject(Some(event))
        .item())
}
