//! The canonical event: what every platform's payloads become.
//!
//! The id comes from the event (platform, object, kind), never from the delivery, so that a redelivery, a history pull and an
//! export of the same message are one event. Message text never enters: only language, sentiment, question mark and length do.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value, in the order of the design.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that stands for it in files, tables and configuration.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::event::UnknownWord;
            fn from_str(text: &str) -> Result<Self, $crate::event::UnknownWord> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or_else(|| $crate::event::UnknownWord {
                    word: text.to_owned(),
                    known: Self::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}
pub(crate) use words;

/// A word that none of a closed list's values has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not one of {known}")]
pub struct UnknownWord {
    /// What was read.
    pub word: String,
    /// What could have been read.
    pub known: String,
}

words! {
    /// What happened.
    Kind {
        /// Someone became a member.
        MemberJoined = "member_joined",
        /// Someone ceased to be a member.
        MemberLeft = "member_left",
        /// A member's profile changed.
        MemberUpdated = "member_updated",
        /// A message, post, reply or comment.
        MessagePosted = "message_posted",
        /// A message was edited; attribute `message` names it.
        MessageEdited = "message_edited",
        /// A message was deleted; attribute `message` names it.
        MessageDeleted = "message_deleted",
        /// A reaction, like or vote; attribute `message` names what it is about.
        ReactionAdded = "reaction_added",
        /// A reaction taken back.
        ReactionRemoved = "reaction_removed",
        /// An answer was accepted as the solution.
        AnswerAccepted = "answer_accepted",
        /// A live (webinar, meetup) was scheduled.
        LiveScheduled = "live_scheduled",
        /// Someone registered for a live.
        LiveRegistered = "live_registered",
        /// Someone attended a live.
        LiveAttended = "live_attended",
        /// A notification or newsletter reached someone.
        NotificationDelivered = "notification_delivered",
        /// It was opened.
        NotificationOpened = "notification_opened",
        /// A link in it was followed.
        NotificationClicked = "notification_clicked",
        /// A video, article, review or resource was published.
        ContentPublished = "content_published",
        /// It was viewed.
        ContentViewed = "content_viewed",
        /// An invitation led to a join.
        InviteAccepted = "invite_accepted",
        /// A poll was answered.
        PollAnswered = "poll_answered",
        /// Points, a badge or a challenge.
        BadgeAwarded = "badge_awarded",
        /// A survey was answered.
        SurveyAnswered = "survey_answered",
        /// A mention on another network was seen.
        MentionSeen = "mention_seen",
        /// A webhook that carries a CRM record.
        RecordChanged = "record_changed",
    }
}

impl Kind {
    /// Whether it counts as a contribution (KPIS: messages, reactions, live attendance, content, survey and poll answers).
    #[must_use]
    pub fn is_contribution(self) -> bool {
        matches!(
            self,
            Self::MessagePosted
                | Self::ReactionAdded
                | Self::LiveAttended
                | Self::ContentPublished
                | Self::SurveyAnswered
                | Self::PollAnswered
        )
    }

    /// Whether it counts as reading (opening, clicking, viewing), which is kept apart from contributing.
    #[must_use]
    pub fn is_reading(self) -> bool {
        matches!(
            self,
            Self::NotificationOpened | Self::NotificationClicked | Self::ContentViewed
        )
    }
}

words! {
    /// Who could see it.
    Visibility {
        /// Every member.
        Public = "public",
        /// A closed channel or group.
        Private = "private",
        /// One person.
        Direct = "direct",
    }
}

/// Words of which a reply must have as many at least to be taken for an answer (STATISTICS: gaming).
pub const ANSWER_WORDS: u32 = 3;

/// Keys of [`Event::attributes`] that other rooms rely on.
pub mod attribute {
    /// The platform's own id of the message that the event is, edits, deletes, reacts to or accepts.
    pub const MESSAGE: &str = "message";
    /// Keyed hash of the actor's e-mail, hex.
    pub const EMAIL_KEY: &str = "email_key";
    /// Keyed hash of the actor's phone, hex.
    pub const PHONE_KEY: &str = "phone_key";
    /// The actor's id in the company's own systems (single sign-on), where the platform gives it.
    pub const EXTERNAL_ID: &str = "external_id";
    /// The live, survey, content or campaign that the event is about.
    pub const SUBJECT: &str = "subject";
    /// A score (survey answer, points).
    pub const SCORE: &str = "score";
    /// Comma-separated tags of the thread or channel.
    pub const TAGS: &str = "tags";
    /// How many words a text of fewer than [`super::ANSWER_WORDS`] has; absent where it has more, or where there is no text.
    pub const WORDS: &str = "words";
    /// The handle that invited the actor.
    pub const INVITED_BY: &str = "invited_by";
}

/// One canonical event, as it lies in `events/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `{platform}:` and 32 hex digits of a hash over what identifies the event on its platform; see [`event_id`].
    pub event_id: String,
    /// The configured source (or `import`) that brought it.
    pub source: String,
    /// Platform id: `slack`, `discourse`…
    pub platform: String,
    /// Configured community.
    pub community: String,
    /// What happened.
    pub kind: Kind,
    /// When, by the event's own time.
    pub occurred_at: Timestamp,
    /// The member who did it, as the platform names them. Never a CRM id.
    pub actor: Option<String>,
    /// The member to whom it was done.
    pub target: Option<String>,
    /// Channel, category or space.
    pub channel: Option<String>,
    /// The platform's id of the thread (its first message or topic).
    pub thread: Option<String>,
    /// The platform's id of the message that this one answers.
    pub reply_to: Option<String>,
    /// Who could see it.
    pub visibility: Option<Visibility>,
    /// ISO 639-1 code of the text, when sure.
    pub language: Option<String>,
    /// Sentiment in [−1, 1]; `None` when not scored.
    pub sentiment: Option<f64>,
    /// Whether the text asks a question; `None` without text.
    pub is_question: Option<bool>,
    /// Length of the text in characters; `None` without text.
    pub text_length: Option<u32>,
    /// Whether a machine did it.
    pub is_bot: bool,
    /// Whether the platform says that the actor is staff (configured staff is applied at `join`).
    pub is_staff: bool,
    /// What the kind adds; keys in [`attribute`]. Never a name, an address or text.
    pub attributes: BTreeMap<String, String>,
}

impl Event {
    /// An event with only its identity; the rest is empty.
    #[must_use]
    pub fn new(
        platform: &str,
        community: &str,
        source: &str,
        kind: Kind,
        occurred_at: Timestamp,
        object: &[&str],
    ) -> Self {
        Self {
            event_id: event_id(platform, community, kind, object),
            source: source.to_owned(),
            platform: platform.to_owned(),
            community: community.to_owned(),
            kind,
            occurred_at,
            actor: None,
            target: None,
            channel: None,
            thread: None,
            reply_to: None,
            visibility: None,
            language: None,
            sentiment: None,
            is_question: None,
            text_length: None,
            is_bot: false,
            is_staff: false,
            attributes: BTreeMap::new(),
        }
    }

    /// The platform's own id of the message that it is about, if any.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.attributes.get(attribute::MESSAGE).map(String::as_str)
    }
}

/// The id of an event: a function of what the platform says it is, never of the delivery or the configured source.
///
/// `object` is the platform's own naming of it, most general first: `["C024BE91L", "1355517523.000005"]` for a Slack message.
/// The hash is SHA-256 over the parts, each preceded by its length so that no two lists collide, cut to 128 bits.
///
/// ```
/// use levier_domain::event::{Kind, event_id};
/// let id = event_id("slack", "main", Kind::MessagePosted, &["C024BE91L", "1355517523.000005"]);
/// assert!(id.starts_with("slack:") && id.len() == 38);
/// ```
#[must_use]
pub fn event_id(platform: &str, community: &str, kind: Kind, object: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in [platform, community, kind.as_str()].iter().chain(object) {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    format!("{platform}:{}", hex::encode(&digest[..16]))
}
