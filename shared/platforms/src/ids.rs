//! What names an event on its platform.
//!
//! A webhook, a history pull and an export of the same message must give the same event id, so all three rooms ask here. The
//! configured source, the delivery and the time of receipt never take part.
//!
//! ```
//! use levier_domain::event::Kind;
//! use levier_platforms::ids;
//! let live = ids::event_id("slack", "main", Kind::MessagePosted, &ids::slack::message("C1", "1355517523.000005"));
//! assert!(live.starts_with("slack:"));
//! assert_eq!(ids::discourse::message_id("31544", 38), "31544/38");
//! ```

use levier_domain::event::Kind;
use sha2::{Digest, Sha256};

/// The platform's own naming of one event, most general part first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(Vec<String>);

impl Object {
    /// An object from its parts.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        Self(parts.iter().map(|part| (*part).to_owned()).collect())
    }

    /// The parts, as [`levier_domain::event::event_id`] takes them.
    #[must_use]
    pub fn parts(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// The id of the event: [`levier_domain::event::event_id`] over the object.
#[must_use]
pub fn event_id(platform: &str, community: &str, kind: Kind, object: &Object) -> String {
    levier_domain::event::event_id(platform, community, kind, &object.parts())
}

/// 128 bits over what was said, for the few events to which a platform gives neither id nor time.
#[must_use]
pub fn digest(content: &[u8]) -> String {
    hex::encode(&Sha256::digest(content)[..16])
}

/// Slack. A message is its channel and `ts`; `ts` alone is the form of MESSAGE, thread and reply-to.
pub mod slack {
    use super::Object;

    /// A message; also what its deletion is about.
    #[must_use]
    pub fn message(channel: &str, ts: &str) -> Object {
        Object::of(&[channel, ts])
    }

    /// One edit of a message: `edited_ts` is the time of the edit.
    #[must_use]
    pub fn edit(channel: &str, ts: &str, edited_ts: &str) -> Object {
        Object::of(&[channel, ts, edited_ts])
    }

    /// A reaction, given or taken back. No time: an export does not say when.
    #[must_use]
    pub fn reaction(channel: &str, ts: &str, user: &str, emoji: &str) -> Object {
        Object::of(&[channel, ts, user, emoji])
    }

    /// Joining (or leaving) a channel, at whole Unix seconds, so that somebody can join again.
    #[must_use]
    pub fn channel_member(channel: &str, user: &str, second: i64) -> Object {
        Object::of(&[channel, user, &second.to_string()])
    }

    /// Joining the workspace.
    #[must_use]
    pub fn team_member(user: &str) -> Object {
        Object::of(&["team", user])
    }

    /// A change of a user (profile, or deactivation), at the user's own `updated`.
    #[must_use]
    pub fn user(user: &str, updated: &str) -> Object {
        Object::of(&["team", user, updated])
    }
}

/// Discourse. A post is its topic and number, because `topic_created` does not carry the post's id and is the same message as
/// the topic's post number 1.
pub mod discourse {
    use super::Object;

    /// Form of MESSAGE and reply-to: `{topic}/{post_number}`.
    #[must_use]
    pub fn message_id(topic: &str, post_number: i64) -> String {
        format!("{topic}/{post_number}")
    }

    /// A post; also what its deletion is about.
    #[must_use]
    pub fn post(topic: &str, post_number: i64) -> Object {
        Object::of(&[topic, &post_number.to_string()])
    }

    /// One version of a post.
    #[must_use]
    pub fn edit(topic: &str, post_number: i64, version: &str) -> Object {
        Object::of(&[topic, &post_number.to_string(), version])
    }

    /// A like by a user.
    #[must_use]
    pub fn like(topic: &str, post_number: i64, username: &str) -> Object {
        Object::of(&[topic, &post_number.to_string(), username])
    }

    /// An accepted (or unaccepted) answer.
    #[must_use]
    pub fn solution(topic: &str, post_number: i64) -> Object {
        Object::of(&[topic, &post_number.to_string(), "solution"])
    }

    /// Joining, once in a user's life; `what` tells `joined`, `left`, or a digest of a change.
    #[must_use]
    pub fn user(user_id: &str, what: &str) -> Object {
        Object::of(&["user", user_id, what])
    }

    /// A chat message.
    #[must_use]
    pub fn chat_message(message_id: &str) -> Object {
        Object::of(&["chat", message_id])
    }

    /// Form of MESSAGE of a chat message: `chat/{id}`.
    #[must_use]
    pub fn chat_message_id(message_id: &str) -> String {
        format!("chat/{message_id}")
    }
}

/// Levier's own form, mapped sources and CloudEvents: the id that the sender gives.
pub mod own {
    use super::Object;

    /// An event.
    #[must_use]
    pub fn event(id: &str) -> Object {
        Object::of(&[id])
    }
}

/// Zoom. A live is its webinar's or meeting's id.
pub mod zoom {
    use super::Object;

    /// A scheduled webinar or meeting.
    #[must_use]
    pub fn live(live: &str) -> Object {
        Object::of(&[live])
    }

    /// A registration.
    #[must_use]
    pub fn registration(live: &str, registrant: &str) -> Object {
        Object::of(&[live, registrant])
    }

    /// Having come to one occurrence (`uuid`) of a live, however often one reconnected.
    #[must_use]
    pub fn attendance(live: &str, occurrence: &str, participant: &str) -> Object {
        Object::of(&[live, occurrence, participant])
    }
}

/// MeltingSpot.
pub mod meltingspot {
    use super::Object;

    /// A live.
    #[must_use]
    pub fn live(live: &str) -> Object {
        Object::of(&["live", live])
    }

    /// A member's registration for, or attendance of, a live.
    #[must_use]
    pub fn participation(live: &str, member: &str) -> Object {
        Object::of(&["live", live, member])
    }

    /// A topic, post or comment.
    #[must_use]
    pub fn message(message: &str) -> Object {
        Object::of(&[message])
    }

    /// A member; `what` is `joined`, or the time of another change.
    #[must_use]
    pub fn member(member: &str, what: &str) -> Object {
        Object::of(&["member", member, what])
    }
}

/// Discord. Snowflakes are unique over all of Discord; a message's own is the form of MESSAGE, thread and reply-to.
pub mod discord {
    use super::Object;

    /// A message; also what its deletion is about.
    #[must_use]
    pub fn message(message: &str) -> Object {
        Object::of(&[message])
    }

    /// One edit of a message.
    #[must_use]
    pub fn edit(message: &str, edited_at: &str) -> Object {
        Object::of(&[message, edited_at])
    }

    /// A reaction: `emoji` is the custom emoji's id, or the character itself.
    #[must_use]
    pub fn reaction(message: &str, user: &str, emoji: &str) -> Object {
        Object::of(&[message, user, emoji])
    }

    /// Joining a server, at the member's own `joined_at` as the API writes it (or leaving, at the time when that was seen).
    #[must_use]
    pub fn member(guild: &str, user: &str, at: &str) -> Object {
        Object::of(&[guild, user, at])
    }

    /// A scheduled event of a server.
    #[must_use]
    pub fn scheduled_event(event: &str) -> Object {
        Object::of(&["event", event])
    }

    /// Interest in a scheduled event.
    #[must_use]
    pub fn interest(event: &str, user: &str) -> Object {
        Object::of(&["event", event, user])
    }
}

/// CRM records that webhooks carry.
#[must_use]
pub fn record(entity: &str, id: &str, content: &str) -> Object {
    Object::of(&[entity, id, content])
}

/// Facebook Pages and Instagram: posts, comments and messages have ids of their own.
pub mod meta {
    use super::Object;

    /// A post, comment or private message; also what its deletion is about.
    #[must_use]
    pub fn message(message: &str) -> Object {
        Object::of(&[message])
    }

    /// One edit, at whole Unix seconds.
    #[must_use]
    pub fn edit(message: &str, second: &str) -> Object {
        Object::of(&[message, second])
    }

    /// A reaction by a user.
    #[must_use]
    pub fn reaction(message: &str, user: &str) -> Object {
        Object::of(&[message, user])
    }

    /// A mention.
    #[must_use]
    pub fn mention(id: &str) -> Object {
        Object::of(&["mention", id])
    }
}

/// WhatsApp. A message is its `wamid`; a member is the key of the phone number.
pub mod whatsapp {
    use levier_domain::private::HashKey;

    use super::Object;

    /// A message; also what its revocation is about.
    #[must_use]
    pub fn message(wamid: &str) -> Object {
        Object::of(&[wamid])
    }

    /// A status of a message for one recipient.
    #[must_use]
    pub fn status(wamid: &str, recipient: &str) -> Object {
        Object::of(&[wamid, recipient])
    }

    /// The handle of a member: the phone's key, and where the digits are no valid number the key of the digits.
    #[must_use]
    pub fn member(key: &HashKey, digits: &str) -> Option<String> {
        key.phone(&format!("+{digits}"), "FR")
            .or_else(|| key.name(digits))
    }
}

/// LinkedIn: URNs.
pub mod linkedin {
    use super::Object;

    /// What an action made: a comment's, like's or share's URN.
    #[must_use]
    pub fn activity(urn: &str) -> Object {
        Object::of(&[urn])
    }
}

/// Telegram. Message ids count per chat; `{chat}/{message_id}` is the form of MESSAGE, thread and reply-to.
pub mod telegram {
    use super::Object;

    /// Form of MESSAGE, thread and reply-to.
    #[must_use]
    pub fn message_id(chat: &str, message: &str) -> String {
        format!("{chat}/{message}")
    }

    /// A message.
    #[must_use]
    pub fn message(chat: &str, message: &str) -> Object {
        Object::of(&[chat, message])
    }

    /// One edit of a message.
    #[must_use]
    pub fn edit(chat: &str, message: &str, second: i64) -> Object {
        Object::of(&[chat, message, &second.to_string()])
    }

    /// A reaction.
    #[must_use]
    pub fn reaction(chat: &str, message: &str, user: &str, emoji: &str) -> Object {
        Object::of(&[chat, message, user, emoji])
    }

    /// Joining or leaving a chat: the service message and the membership update of it are one event.
    #[must_use]
    pub fn member(chat: &str, user: &str, second: i64) -> Object {
        Object::of(&[chat, user, &second.to_string()])
    }
}

/// GitHub. `discussion/{id}` and `comment/{id}` are the forms of MESSAGE, thread and reply-to.
pub mod github {
    use super::Object;

    /// Form of MESSAGE and thread of a discussion.
    #[must_use]
    pub fn discussion_message(id: &str) -> String {
        format!("discussion/{id}")
    }

    /// Form of MESSAGE of a comment.
    #[must_use]
    pub fn comment_message(id: &str) -> String {
        format!("comment/{id}")
    }

    /// A discussion's first message.
    #[must_use]
    pub fn discussion(id: &str) -> Object {
        Object::of(&["discussion", id])
    }

    /// One edit of it.
    #[must_use]
    pub fn discussion_edit(id: &str, at: &str) -> Object {
        Object::of(&["discussion", id, at])
    }

    /// A comment.
    #[must_use]
    pub fn comment(id: &str) -> Object {
        Object::of(&["comment", id])
    }

    /// One edit of it.
    #[must_use]
    pub fn comment_edit(id: &str, at: &str) -> Object {
        Object::of(&["comment", id, at])
    }

    /// A comment accepted as the answer.
    #[must_use]
    pub fn answer(comment: &str) -> Object {
        Object::of(&["comment", comment, "answer"])
    }

    /// Joining or leaving a repository or team.
    #[must_use]
    pub fn member(place: &str, login: &str) -> Object {
        Object::of(&["member", place, login])
    }

    /// A star.
    #[must_use]
    pub fn star(repository: &str, login: &str) -> Object {
        Object::of(&["star", repository, login])
    }
}

/// Microsoft Teams. A chat message's id is unique in its channel or chat; the id alone is the form of MESSAGE and thread.
pub mod teams {
    use super::Object;

    /// A message; also what its deletion is about.
    #[must_use]
    pub fn message(place: &str, message: &str) -> Object {
        Object::of(&[place, message])
    }

    /// One version of a message.
    #[must_use]
    pub fn edit(place: &str, message: &str, version: &str) -> Object {
        Object::of(&[place, message, version])
    }

    /// A reaction by a user.
    #[must_use]
    pub fn reaction(place: &str, message: &str, user: &str, reaction: &str) -> Object {
        Object::of(&[place, message, user, reaction])
    }

    /// Joining or leaving a team, channel or chat, at whole Unix seconds.
    #[must_use]
    pub fn member(place: &str, user: &str, second: i64) -> Object {
        Object::of(&["member", place, user, &second.to_string()])
    }

    /// One state of a membership, where Graph does not say since when: `version` is its etag or a digest of it.
    #[must_use]
    pub fn membership(place: &str, user: &str, version: &str) -> Object {
        Object::of(&["member", place, user, version])
    }
}
