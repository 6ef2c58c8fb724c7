//! The fast path: canonical events as compaction would make them, straight from what happened, without bodies in between.
//!
//! A test holds it to the long way: reading every delivery gives the same events.

use levier_domain::event::{Event, Kind, Visibility, attribute};
use levier_domain::private::HashKey;

use crate::activity::{Happening, Live, Message, Thread, Via, What};
use crate::calendar::instant;
use crate::company::Company;
use crate::payload::{
    channel_name, discord_message, opening, own_message, platform, rfc3339, slack_time, text,
    topic, uuid, wamid,
};
use crate::people::{Home, handle};
use crate::text::mood;

const COMMUNITY: &str = "main";

impl Company {
    /// All canonical events, sorted by time, one at a time: no duplicates, nothing ignored. `key` hashes addresses as the pipeline
    /// does. Language, sentiment, question mark and length are those of the law, not of a reader.
    pub fn events<'a>(&'a self, key: &'a HashKey) -> impl Iterator<Item = Event> + 'a {
        self.happenings()
            .map(move |happening| self.event(&happening, key))
    }

    fn event(&self, happening: &Happening, key: &HashKey) -> Event {
        let via = happening.via;
        let actor = match via {
            Via::Home(home) => seen(home, happening.actor, key),
            Via::Zoom => format!("z{}", happening.actor),
            Via::MeltingSpot => uuid(1 << 40 | u64::from(happening.actor)),
        };
        let kind = match happening.what {
            What::Joined => Kind::MemberJoined,
            What::Left => Kind::MemberLeft,
            What::Opened(_) | What::Replied(..) => Kind::MessagePosted,
            What::Reacted(..) => Kind::ReactionAdded,
            What::Accepted(..) => Kind::AnswerAccepted,
            What::LiveScheduled(_) => Kind::LiveScheduled,
            What::LiveRegistered(_) => Kind::LiveRegistered,
            What::LiveAttended(_) => Kind::LiveAttended,
        };
        let object = object(happening, &actor);
        let parts: Vec<&str> = object.iter().map(String::as_str).collect();
        let mut event = Event::new(
            platform(via),
            COMMUNITY,
            via.source(),
            kind,
            instant(told(happening)),
            &parts,
        );
        event.actor = Some(actor);
        event.is_staff = self.is_staff(happening.actor);
        let known = matches!(
            happening.what,
            What::Joined | What::LiveRegistered(_) | What::LiveAttended(_)
        ) || (happening.what == What::Left && via == Via::Home(Home::Discourse));
        if known && let Some(email) = key.email(&self.joining_email(happening.actor)) {
            event
                .attributes
                .insert(attribute::EMAIL_KEY.to_owned(), email);
        }
        if let Via::Home(home) = via {
            conversation(&mut event, home, &happening.what, key);
            if home == Home::Whatsapp {
                let phone = seen(home, happening.actor, key);
                event
                    .attributes
                    .insert(attribute::PHONE_KEY.to_owned(), phone);
            }
        }
        if let What::LiveScheduled(live) | What::LiveRegistered(live) | What::LiveAttended(live) =
            happening.what
        {
            event
                .attributes
                .insert(attribute::SUBJECT.to_owned(), subject(via, &live));
        }
        event
    }
}

fn conversation(event: &mut Event, home: Home, what: &What, key: &HashKey) {
    let (thread, message) = match what {
        What::Opened(thread) => (thread, opening(thread)),
        What::Replied(thread, message)
        | What::Reacted(thread, message, _)
        | What::Accepted(thread, message) => (thread, *message),
        _ => return,
    };
    let first = name(home, thread, &opening(thread));
    event.channel = Some(channel_name(home, thread.channel));
    event.visibility = Some(if matches!(home, Home::Discord | Home::Whatsapp) {
        Visibility::Private
    } else {
        Visibility::Public
    });
    event
        .attributes
        .insert(attribute::MESSAGE.to_owned(), name(home, thread, &message));
    event.thread = Some(if home == Home::Discourse {
        topic(thread).to_string()
    } else {
        first.clone()
    });
    if event.kind == Kind::MessagePosted {
        let words = text(thread, &message);
        event.reply_to = (message.number > 1).then_some(first);
        event.language = Some(if thread.french { "fr" } else { "en" }.to_owned());
        event.is_question = Some(words.contains('?'));
        event.text_length = Some(words.chars().count() as u32);
        event.sentiment = mood(words);
    } else {
        event.target = Some(seen(home, message.author, key));
    }
}

/// The handle as it is kept: WhatsApp's is a phone number, and so its key.
fn seen(home: Home, number: u32, key: &HashKey) -> String {
    let handle = handle(home, number);
    if home == Home::Whatsapp {
        key.phone(&format!("+{handle}"), "FR").unwrap_or_default()
    } else {
        handle
    }
}

/// What names the event on its platform, as the readers of the platforms have it.
fn object(happening: &Happening, actor: &str) -> Vec<String> {
    let second = (happening.at / 1_000_000).to_string();
    let serial = |prefix: &str| vec![format!("{prefix}{:x}", happening.id)];
    let list = |parts: [&str; 2]| parts.map(str::to_owned).to_vec();
    match (happening.via, happening.what) {
        (Via::Home(Home::Slack), What::Joined) => list(["team", actor]),
        (Via::Home(Home::Slack), What::Left) => {
            vec![channel_name(Home::Slack, 1), actor.to_owned(), second]
        }
        (Via::Home(Home::Discourse), What::Joined | What::Left) => vec![
            "user".to_owned(),
            (10 + happening.actor).to_string(),
            if happening.what == What::Joined {
                "joined".to_owned()
            } else {
                // Discourse names a suspension by its time.
                rfc3339(happening.at)
            },
        ],
        (Via::Home(Home::Slack), What::Reacted(thread, message, emoji)) => vec![
            channel_name(Home::Slack, thread.channel),
            slack_time(message.at),
            actor.to_owned(),
            crate::payload::SLACK_EMOJI[usize::from(emoji) % 4].to_owned(),
        ],
        (Via::Home(Home::Discourse), What::Reacted(thread, message, _)) => vec![
            topic(&thread).to_string(),
            message.number.to_string(),
            actor.to_owned(),
        ],
        (Via::Home(Home::Discourse), What::Accepted(thread, message)) => vec![
            topic(&thread).to_string(),
            message.number.to_string(),
            "solution".to_owned(),
        ],
        (Via::Home(home), What::Opened(thread)) => message_object(home, &thread, &opening(&thread)),
        (Via::Home(home), What::Replied(thread, message)) => {
            message_object(home, &thread, &message)
        }
        (Via::Zoom, What::LiveAttended(live)) => vec![
            crate::payload::webinar(&live),
            format!("live{}==", live.number),
            actor.to_owned(),
        ],
        (Via::MeltingSpot, What::LiveRegistered(live)) => vec![
            "live".to_owned(),
            uuid(u64::from(live.number)),
            actor.to_owned(),
        ],
        (Via::Home(Home::Forum), _) => serial("f"),
        (Via::Home(Home::Whatsapp), _) => serial("wamid."),
        _ => serial("o"),
    }
}

fn message_object(home: Home, thread: &Thread, message: &Message) -> Vec<String> {
    match home {
        Home::Slack => vec![
            channel_name(Home::Slack, thread.channel),
            slack_time(message.at),
        ],
        Home::Discourse => vec![topic(thread).to_string(), message.number.to_string()],
        _ => vec![name(home, thread, message)],
    }
}

/// The platform's own id of a message.
fn name(home: Home, thread: &Thread, message: &Message) -> String {
    match home {
        Home::Slack => slack_time(message.at),
        Home::Discourse => format!("{}/{}", topic(thread), message.number),
        Home::Own | Home::Forum => own_message(thread, message),
        Home::Discord => discord_message(thread, message),
        Home::Whatsapp => wamid(thread, message),
    }
}

/// The time that the payload tells, which is coarser than the truth on some platforms.
fn told(happening: &Happening) -> i64 {
    match happening.via {
        Via::Home(Home::Slack) => happening.at,
        Via::Home(Home::Whatsapp) | Via::MeltingSpot => happening.at / 1_000_000 * 1_000_000,
        _ => happening.at / 1_000 * 1_000,
    }
}

fn subject(via: Via, live: &Live) -> String {
    match via {
        Via::Zoom => crate::payload::webinar(live),
        Via::MeltingSpot => uuid(u64::from(live.number)),
        Via::Home(_) => format!("live-{}", live.number),
    }
}
