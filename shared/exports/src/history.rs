//! Chat histories as events: a Slack export, a WhatsApp chat, exports of Discord and Discourse.
//!
//! The ids are those that a webhook or a pull of the same message would give, asked of `levier-platforms`, so that a history and
//! the live stream overlap without counting anything twice. A WhatsApp chat carries no ids: its messages are named by community,
//! minute, author and order within the minute, and never meet those of a webhook.

use jiff::Timestamp;
use levier_domain::event::{Event, Kind, Visibility, attribute};
use levier_domain::item::Draft;
use levier_domain::private::{EMAIL_DOMAIN, HashKey};
use levier_identity::company_domain;
use levier_platforms::ids::{self, Object};
use serde_json::Value as Json;

/// What one record of a history is.
pub(crate) enum Told {
    /// Events, the message first.
    Events(Vec<Draft>),
    /// Of no use, and why.
    Dropped(&'static str),
    /// Not readable: what is missing.
    Refused(String),
}

/// Where a history belongs.
pub(crate) struct Place<'a> {
    pub(crate) community: &'a str,
    pub(crate) hash_key: &'a HashKey,
    pub(crate) country: &'a str,
}

impl Place<'_> {
    fn event(&self, platform: &str, kind: Kind, at: Timestamp, object: &Object) -> Event {
        Event::new(
            platform,
            self.community,
            "import",
            kind,
            at,
            &object.parts(),
        )
    }
}

fn draft(mut event: Event, text: Option<&str>) -> Draft {
    // On its way beside the e-mail; an event never keeps it.
    let domain = event.attributes.remove(EMAIL_DOMAIN);
    Draft {
        event,
        text: text.map(str::to_owned),
        record: None,
        domain,
    }
}

/// Slack's `1355517523.000005`: seconds and microseconds.
pub(crate) fn slack_time(ts: &str) -> Option<Timestamp> {
    let (seconds, micros) = ts.split_once('.').unwrap_or((ts, "0"));
    let seconds: i64 = seconds.parse().ok()?;
    let micros: i64 = format!("{micros:0<6}").get(..6)?.parse().ok()?;
    Timestamp::from_microsecond(seconds.checked_mul(1_000_000)?.checked_add(micros)?).ok()
}

/// What `users.json` says about a member.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlackUser {
    pub(crate) email: Option<String>,
    /// Keyed hash of the company's domain of the e-mail.
    pub(crate) domain: Option<String>,
    pub(crate) is_bot: bool,
    pub(crate) is_staff: bool,
}

/// One message of a Slack export.
pub(crate) fn slack(
    message: &Json,
    channel: &str,
    visibility: Visibility,
    users: &std::collections::HashMap<String, SlackUser>,
    place: &Place<'_>,
) -> Told {
    const SPOKEN: &[&str] = &[
        "bot_message",
        "me_message",
        "file_share",
        "thread_broadcast",
        "file_comment",
        "reply_broadcast",
    ];
    let text = |key: &str| message.get(key).and_then(Json::as_str);
    let Some(ts) = text("ts") else {
        return Told::Refused("the message has no `ts`".to_owned());
    };
    let Some(at) = slack_time(ts) else {
        return Told::Refused("`ts` is no Slack time".to_owned());
    };
    let subtype = text("subtype");
    if matches!(
        subtype,
        Some("channel_join" | "group_join" | "channel_leave" | "group_leave")
    ) {
        let Some(user) = text("user") else {
            return Told::Refused("the message has no `user`".to_owned());
        };
        let kind = if subtype.is_some_and(|s| s.ends_with("join")) {
            Kind::MemberJoined
        } else {
            Kind::MemberLeft
        };
        let object = ids::slack::channel_member(channel, user, at.as_second());
        let mut event = place.event("slack", kind, at, &object);
        event.actor = Some(user.to_owned());
        event.channel = Some(channel.to_owned());
        event.visibility = Some(visibility);
        if let Some(inviter) = text("inviter") {
            event
                .attributes
                .insert(attribute::INVITED_BY.to_owned(), inviter.to_owned());
        }
        tell_user(&mut event, user, users);
        return Told::Events(vec![draft(event, None)]);
    }
    if subtype.is_some_and(|subtype| !SPOKEN.contains(&subtype)) {
        return Told::Dropped("system_message");
    }
    let thread = text("thread_ts").unwrap_or(ts);
    let actor = text("user").or_else(|| text("bot_id"));
    let mut event = place.event(
        "slack",
        Kind::MessagePosted,
        at,
        &ids::slack::message(channel, ts),
    );
    event.actor = actor.map(str::to_owned);
    event.channel = Some(channel.to_owned());
    event.thread = Some(thread.to_owned());
    if thread != ts {
        event.reply_to = Some(thread.to_owned());
        event.target = text("parent_user_id").map(str::to_owned);
    }
    event.visibility = Some(visibility);
    event.is_bot = subtype == Some("bot_message") || text("bot_id").is_some();
    event
        .attributes
        .insert(attribute::MESSAGE.to_owned(), ts.to_owned());
    if let Some(user) = actor {
        tell_user(&mut event, user, users);
    }
    let mut events = vec![draft(event, text("text"))];
    if let Some(edited) = message.get("edited")
        && let Some(edited_ts) = edited.get("ts").and_then(Json::as_str)
        && let Some(edited_at) = slack_time(edited_ts)
    {
        let object = ids::slack::edit(channel, ts, edited_ts);
        let mut event = place.event("slack", Kind::MessageEdited, edited_at, &object);
        event.actor = edited
            .get("user")
            .and_then(Json::as_str)
            .or(actor)
            .map(str::to_owned);
        event.channel = Some(channel.to_owned());
        event.thread = Some(thread.to_owned());
        event.visibility = Some(visibility);
        event
            .attributes
            .insert(attribute::MESSAGE.to_owned(), ts.to_owned());
        events.push(draft(event, text("text")));
    }
    let reactions = message
        .get("reactions")
        .and_then(Json::as_array)
        .map_or(&[][..], Vec::as_slice);
    for reaction in reactions {
        let Some(emoji) = reaction.get("name").and_then(Json::as_str) else {
            continue;
        };
        let given_by = reaction
            .get("users")
            .and_then(Json::as_array)
            .map_or(&[][..], Vec::as_slice);
        for user in given_by.iter().filter_map(Json::as_str) {
            // The export does not say when: the message's own time is the earliest that it can be.
            let object = ids::slack::reaction(channel, ts, user, emoji);
            let mut event = place.event("slack", Kind::ReactionAdded, at, &object);
            event.actor = Some(user.to_owned());
            event.target = text("user").map(str::to_owned);
            event.channel = Some(channel.to_owned());
            event.visibility = Some(visibility);
            event
                .attributes
                .insert(attribute::MESSAGE.to_owned(), ts.to_owned());
            event
                .attributes
                .insert("reaction".to_owned(), emoji.to_owned());
            tell_user(&mut event, user, users);
            events.push(draft(event, None));
        }
    }
    Told::Events(events)
}

fn tell_user(event: &mut Event, user: &str, users: &std::collections::HashMap<String, SlackUser>) {
    if let Some(known) = users.get(user) {
        if let Some(email) = &known.email {
            event
                .attributes
                .insert(attribute::EMAIL_KEY.to_owned(), email.clone());
        }
        if let Some(domain) = &known.domain {
            event
                .attributes
                .insert(EMAIL_DOMAIN.to_owned(), domain.clone());
        }
        event.is_bot |= known.is_bot;
        event.is_staff |= known.is_staff;
    }
}

/// One message of a Discord export (DiscordChatExporter's JSON): `channel` is its `channel` object.
pub(crate) fn discord(message: &Json, channel: Option<&Json>, place: &Place<'_>) -> Told {
    let text = |key: &str| message.get(key).and_then(Json::as_str);
    let Some(id) = text("id") else {
        return Told::Refused("the message has no `id`".to_owned());
    };
    let Some(at) = text("timestamp").and_then(|at| at.parse::<Timestamp>().ok()) else {
        return Told::Refused("the message has no readable `timestamp`".to_owned());
    };
    if !matches!(
        text("type"),
        None | Some(
            "Default"
                | "Reply"
                | "ChatInputCommand"
                | "ContextMenuCommand"
                | "ThreadStarterMessage"
        )
    ) {
        return Told::Dropped("system_message");
    }
    let author = message.get("author");
    let actor = author
        .and_then(|author| author.get("id"))
        .and_then(Json::as_str);
    let channel_id = channel
        .and_then(|channel| channel.get("id"))
        .and_then(Json::as_str);
    let mut event = place.event(
        "discord",
        Kind::MessagePosted,
        at,
        &ids::discord::message(id),
    );
    event.actor = actor.map(str::to_owned);
    event.channel = channel_id.map(str::to_owned);
    event.reply_to = message
        .pointer("/reference/messageId")
        .and_then(Json::as_str)
        .map(str::to_owned);
    event.is_bot = author
        .and_then(|author| author.get("isBot"))
        .and_then(Json::as_bool)
        .unwrap_or(false);
    event
        .attributes
        .insert(attribute::MESSAGE.to_owned(), id.to_owned());
    let mut events = vec![draft(event, text("content"))];
    let reactions = message
        .get("reactions")
        .and_then(Json::as_array)
        .map_or(&[][..], Vec::as_slice);
    for reaction in reactions {
        let emoji = ["/emoji/id", "/emoji/name"]
            .iter()
            .filter_map(|path| reaction.pointer(path).and_then(Json::as_str))
            .find(|text| !text.is_empty());
        let given_by = reaction
            .get("users")
            .and_then(Json::as_array)
            .map_or(&[][..], Vec::as_slice);
        for user in given_by
            .iter()
            .filter_map(|user| user.get("id").and_then(Json::as_str))
        {
            let object = ids::discord::reaction(id, user, emoji.unwrap_or_default());
            let mut event = place.event("discord", Kind::ReactionAdded, at, &object);
            event.actor = Some(user.to_owned());
            event.target = actor.map(str::to_owned);
            event.channel = channel_id.map(str::to_owned);
            event
                .attributes
                .insert(attribute::MESSAGE.to_owned(), id.to_owned());
            events.push(draft(event, None));
        }
    }
    Told::Events(events)
}

/// One post of Discourse, by the columns of a query or the API's own names.
pub(crate) fn discourse(post: &Json, place: &Place<'_>) -> Told {
    let text = |keys: &[&str]| {
        keys.iter().find_map(|key| match post.get(*key)? {
            Json::String(text) if !text.is_empty() => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let (Some(topic), Some(number)) = (
        text(&["topic_id"]),
        text(&["post_number"]).and_then(|number| number.parse::<i64>().ok()),
    ) else {
        return Told::Refused("the post has no `topic_id` or `post_number`".to_owned());
    };
    let at = text(&["created_at"]).and_then(|at| {
        crate::dates::parse(&at, None)
            .ok()
            .and_then(|when| when.instant(&jiff::tz::TimeZone::UTC))
    });
    let Some(at) = at else {
        return Told::Refused("the post has no readable `created_at`".to_owned());
    };
    if text(&["post_type"]).is_some_and(|kind| kind != "1") {
        return Told::Dropped("system_message");
    }
    let object = ids::discourse::post(&topic, number);
    let mut event = place.event("discourse", Kind::MessagePosted, at, &object);
    event.actor = text(&["username"]);
    event.channel = text(&["category_id"]);
    event.thread = Some(topic.clone());
    if number > 1 {
        let answers = text(&["reply_to_post_number"])
            .and_then(|number| number.parse::<i64>().ok())
            .unwrap_or(1);
        event.reply_to = Some(ids::discourse::message_id(&topic, answers));
    }
    event.is_staff = ["admin", "moderator", "staff"]
        .iter()
        .any(|key| post.get(*key).and_then(Json::as_bool) == Some(true));
    event.attributes.insert(
        attribute::MESSAGE.to_owned(),
        ids::discourse::message_id(&topic, number),
    );
    if let Some(email) = text(&["email"])
        && let Some(key) = place.hash_key.email(&email)
    {
        let attributes = &mut event.attributes;
        attributes.insert(attribute::EMAIL_KEY.to_owned(), key);
        if let Some(domain) = company_domain(&email) {
            attributes.insert(EMAIL_DOMAIN.to_owned(), place.hash_key.domain(&domain));
        }
    }
    let body = text(&["raw", "text"]);
    Told::Events(vec![draft(event, body.as_deref())])
}

/// The author of a WhatsApp line: a phone number gives the handle that webhooks give, a contact's name a keyed hash.
pub(crate) fn whatsapp_member(author: &str, place: &Place<'_>) -> (Option<String>, Option<String>) {
    let clean: String = author
        .chars()
        .filter(|c| !matches!(c, '\u{200E}' | '\u{202A}' | '\u{202C}' | '~'))
        .collect();
    let clean = clean.trim();
    if clean.starts_with('+') {
        let digits: String = clean.chars().filter(char::is_ascii_digit).collect();
        return (
            ids::whatsapp::member(place.hash_key, &digits),
            place.hash_key.phone(clean, place.country),
        );
    }
    (place.hash_key.name(clean), None)
}

/// The event of one WhatsApp message: `nth` counts the author's messages within the same second.
pub(crate) fn whatsapp(
    at: Timestamp,
    author: &str,
    text: &str,
    nth: u32,
    place: &Place<'_>,
) -> Draft {
    let (member, phone) = whatsapp_member(author, place);
    let handle = member.unwrap_or_default();
    let object = Object::of(&[
        "chat",
        &at.as_second().to_string(),
        &handle,
        &nth.to_string(),
    ]);
    let mut event = place.event("whatsapp", Kind::MessagePosted, at, &object);
    event.actor = Some(handle);
    event.visibility = Some(Visibility::Private);
    event
        .attributes
        .insert(attribute::MESSAGE.to_owned(), object.parts().join("/"));
    if let Some(phone) = phone {
        event
            .attributes
            .insert(attribute::PHONE_KEY.to_owned(), phone);
    }
    let media = matches!(
        text.trim_matches(|c: char| c.is_whitespace() || c == '\u{200E}'),
        "<Media omitted>"
            | "<Médias omis>"
            | "<Média omis>"
            | "image omitted"
            | "image absente"
            | "video omitted"
            | "vidéo absente"
            | "audio omitted"
            | "audio omis"
            | "sticker omitted"
            | "sticker omis"
    );
    draft(event, (!media).then_some(text))
}
