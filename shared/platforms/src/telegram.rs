//! Telegram bots. The secret token travels in a header; nothing is signed. Message ids count per chat, so a message is
//! `{chat}/{message_id}` everywhere.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::event::{Kind, Visibility, attribute};
use levier_domain::item::Item;
use serde_json::Value;

use crate::http::{Answer, Rejection, Request};
use crate::ids;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, same_secret};
use crate::read::{Read, json, need, settle, unknown_type};

pub(crate) const KEYS: &[&str] = &["secret", "secrets"];
const HEADER: &str = "x-telegram-bot-api-secret-token";

pub(crate) struct Telegram {
    secrets: Vec<Secret>,
}

impl Telegram {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: keys.secrets("the secret_token given to setWebhook")?,
        })
    }
}

impl Platform for Telegram {
    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        let given = request.header(HEADER).unwrap_or_default();
        verified(any_secret(&self.secrets, |secret| {
            same_secret(given.as_bytes(), &secret.0)
        }))?;
        Ok(stored())
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => read(&body, delivery.received_at, origin),
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, _: Timestamp, _: &str) -> bool {
        if let Some(secret) = self.secrets.first() {
            request.headers.push((
                HEADER.to_owned(),
                String::from_utf8_lossy(&secret.0).into_owned(),
            ));
        }
        true
    }

    fn verification(&self) -> &'static str {
        "token (header)"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "deleted messages, except in business chats",
                "joins and reactions, unless the bot is administrator and allowed_updates lists them",
                "no e-mail; a phone only where the member shares it",
            ],
            fr: &[
                "les messages supprimés, sauf dans les discussions professionnelles",
                "arrivées et réactions, sauf si le bot est administrateur et allowed_updates les liste",
                "pas d'e-mail ; un téléphone seulement si le membre le partage",
            ],
        }
    }
}

fn read(body: &Value, received: Timestamp, origin: &Origin<'_>) -> Vec<Item> {
    if body.get_at("/update_id").is_none() {
        return vec![Item::quarantined("update_id is missing or unreadable")];
    }
    for field in ["message", "channel_post", "business_message"] {
        if let Some(message) = body.get_at(&format!("/{field}")) {
            return posted(message, origin);
        }
    }
    for field in [
        "edited_message",
        "edited_channel_post",
        "edited_business_message",
    ] {
        if let Some(message) = body.get_at(&format!("/{field}")) {
            return vec![settle(spoken(Kind::MessageEdited, message, origin))];
        }
    }
    if let Some(change) = body.get_at("/chat_member") {
        return vec![settle(membership(change, origin))];
    }
    if let Some(reaction) = body.get_at("/message_reaction") {
        return reactions(reaction, origin).unwrap_or_else(|item| vec![item]);
    }
    // Neither of these two says when: the time of receipt stands in.
    if let Some(update) = body.get_at("/deleted_business_messages") {
        return deleted(update, received, origin).unwrap_or_else(|item| vec![item]);
    }
    if let Some(answer) = body.get_at("/poll_answer") {
        return vec![settle(poll(answer, received, origin))];
    }
    vec![unknown_type()]
}

fn posted(message: &Value, origin: &Origin<'_>) -> Vec<Item> {
    let joined = message.list("/new_chat_members");
    if !joined.is_empty() {
        return joined
            .iter()
            .map(|user| settle(member(Kind::MemberJoined, message, user, origin)))
            .collect();
    }
    if let Some(user) = message.get_at("/left_chat_member") {
        return vec![settle(member(Kind::MemberLeft, message, user, origin))];
    }
    const SERVICE: &[&str] = &[
        "/new_chat_title",
        "/new_chat_photo",
        "/delete_chat_photo",
        "/group_chat_created",
        "/supergroup_chat_created",
        "/pinned_message",
        "/migrate_to_chat_id",
        "/migrate_from_chat_id",
        "/forum_topic_created",
        "/forum_topic_closed",
        "/video_chat_started",
        "/video_chat_ended",
        "/message_auto_delete_timer_changed",
    ];
    if SERVICE.iter().any(|field| message.get_at(field).is_some()) {
        return vec![Item::ignored("system_message")];
    }
    vec![settle(spoken(Kind::MessagePosted, message, origin))]
}

fn member(kind: Kind, message: &Value, user: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let chat = need(message.id("/chat/id"), "chat.id")?;
    let who = need(user.id("/id"), "user.id")?;
    let at = need(message.time("/date"), "date")?;
    let inviter = message
        .id("/from/id")
        .filter(|from| kind == Kind::MemberJoined && *from != who);
    Ok(origin
        .event(
            kind,
            at,
            &ids::telegram::member(&chat, &who, at.as_second()),
        )
        .actor(Some(who))
        .bot(user.flag("/is_bot"))
        .channel(Some(chat))
        .visibility(visibility(message))
        .attribute(attribute::INVITED_BY, inviter)
        .item())
}

fn membership(change: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let chat = need(change.id("/chat/id"), "chat_member.chat.id")?;
    let who = need(
        change.id("/new_chat_member/user/id"),
        "chat_member.new_chat_member.user.id",
    )?;
    let at = need(change.time("/date"), "chat_member.date")?;
    let inside = |field: &str| match change.str(&format!("/{field}/status")) {
        Some("creator" | "administrator" | "member") => Some(true),
        Some("restricted") => Some(change.flag(&format!("/{field}/is_member"))),
        Some("left" | "kicked") => Some(false),
        _ => None,
    };
    let before = need(
        inside("old_chat_member"),
        "chat_member.old_chat_member.status",
    )?;
    let after = need(
        inside("new_chat_member"),
        "chat_member.new_chat_member.status",
    )?;
    let kind = match (before, after) {
        (false, true) => Kind::MemberJoined,
        (true, false) => Kind::MemberLeft,
        _ => Kind::MemberUpdated,
    };
    let inviter = change
        .id("/invite_link/creator/id")
        .or_else(|| change.id("/from/id"));
    let inviter = inviter.filter(|from| kind == Kind::MemberJoined && *from != who);
    let role = change.str("/new_chat_member/status");
    Ok(origin
        .event(
            kind,
            at,
            &ids::telegram::member(&chat, &who, at.as_second()),
        )
        .actor(Some(who))
        .bot(change.flag("/new_chat_member/user/is_bot"))
        .staff(matches!(role, Some("creator" | "administrator")))
        .channel(Some(chat))
        .visibility(visibility(change))
        .attribute(attribute::INVITED_BY, inviter)
        .item())
}

fn spoken(kind: Kind, message: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let chat = need(message.id("/chat/id"), "message.chat.id")?;
    let id = need(message.id("/message_id"), "message.message_id")?;
    let sent = need(message.time("/date"), "message.date")?;
    let (at, object) = if kind == Kind::MessageEdited {
        let at = message.time("/edit_date").unwrap_or(sent);
        (at, ids::telegram::edit(&chat, &id, at.as_second()))
    } else {
        (sent, ids::telegram::message(&chat, &id))
    };
    let form = |id: String| ids::telegram::message_id(&chat, &id);
    let author = message
        .id("/from/id")
        .or_else(|| message.id("/sender_chat/id"));
    // A contact that one shares of oneself.
    let own = message
        .id("/contact/user_id")
        .is_some_and(|id| Some(id) == author);
    let in_private = message.str("/chat/type") == Some("private")
        && message.get_at("/contact/user_id").is_none();
    let phone = message
        .str("/contact/phone_number")
        .filter(|_| own || in_private);
    Ok(origin
        .event(kind, at, &object)
        .actor(author)
        .target(message.id("/reply_to_message/from/id"))
        .bot(message.flag("/from/is_bot"))
        .staff(message.get_at("/sender_chat").is_some())
        .phone(phone)
        .channel(Some(chat.as_str()))
        .thread(message.id("/message_thread_id").map(form))
        .reply_to(message.id("/reply_to_message/message_id").map(form))
        .visibility(visibility(message))
        .message(Some(form(id)))
        .text(message.str("/text").or_else(|| message.str("/caption")))
        .item())
}

fn reactions(update: &Value, origin: &Origin<'_>) -> Result<Vec<Item>, Item> {
    let chat = need(update.id("/chat/id"), "message_reaction.chat.id")?;
    let id = need(update.id("/message_id"), "message_reaction.message_id")?;
    let at = need(update.time("/date"), "message_reaction.date")?;
    let who = update
        .id("/user/id")
        .or_else(|| update.id("/actor_chat/id"));
    let who = need(who, "message_reaction.user.id")?;
    let emojis = |field: &str| -> Vec<String> {
        let list = update.list(field).iter();
        list.filter_map(|one| {
            one.str("/emoji")
                .map(str::to_owned)
                .or_else(|| one.id("/custom_emoji_id"))
                .or_else(|| one.id("/type"))
        })
        .collect()
    };
    let (old, new) = (emojis("/old_reaction"), emojis("/new_reaction"));
    let item = |kind: Kind, emoji: &String| {
        origin
            .event(kind, at, &ids::telegram::reaction(&chat, &id, &who, emoji))
            .actor(Some(who.as_str()))
            .bot(update.flag("/user/is_bot"))
            .channel(Some(chat.as_str()))
            .visibility(visibility(update))
            .message(Some(ids::telegram::message_id(&chat, &id)))
            .attribute("reaction", Some(emoji.as_str()))
            .item()
    };
    let added = new
        .iter()
        .filter(|emoji| !old.contains(emoji))
        .map(|emoji| item(Kind::ReactionAdded, emoji));
    let removed = old
        .iter()
        .filter(|emoji| !new.contains(emoji))
        .map(|emoji| item(Kind::ReactionRemoved, emoji));
    let items: Vec<Item> = added.chain(removed).collect();
    Ok(if items.is_empty() {
        vec![Item::ignored("unchanged")]
    } else {
        items
    })
}

fn deleted(update: &Value, at: Timestamp, origin: &Origin<'_>) -> Result<Vec<Item>, Item> {
    let chat = need(update.id("/chat/id"), "deleted_business_messages.chat.id")?;
    let ids = update.list("/message_ids");
    let items = ids.iter().filter_map(|id| id.id("")).map(|id| {
        origin
            .event(
                Kind::MessageDeleted,
                at,
                &ids::telegram::message(&chat, &id),
            )
            .channel(Some(chat.as_str()))
            .visibility(visibility(update))
            .message(Some(ids::telegram::message_id(&chat, &id)))
            .item()
    });
    let items: Vec<Item> = items.collect();
    if items.is_empty() {
        return need(None, "deleted_business_messages.message_ids");
    }
    Ok(items)
}

fn poll(answer: &Value, at: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let poll = need(answer.id("/poll_id"), "poll_answer.poll_id")?;
    let who = answer
        .id("/user/id")
        .or_else(|| answer.id("/voter_chat/id"));
    let who = need(who, "poll_answer.user.id")?;
    if answer.list("/option_ids").is_empty() {
        return Ok(Item::ignored("vote_taken_back"));
    }
    Ok(origin
        .event(
            Kind::PollAnswered,
            at,
            &ids::Object::of(&["poll", &poll, &who]),
        )
        .actor(Some(who))
        .bot(answer.flag("/user/is_bot"))
        .subject(Some(poll))
        .item())
}

fn visibility(update: &Value) -> Option<Visibility> {
    match update.str("/chat/type")? {
        "private" => Some(Visibility::Direct),
        "channel" => Some(Visibility::Public),
        _ if update.get_at("/chat/username").is_some() => Some(Visibility::Public),
        _ => Some(Visibility::Private),
    }
}
