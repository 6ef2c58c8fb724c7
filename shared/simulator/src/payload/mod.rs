//! Bodies and headers as the platforms send them, from what happened.

mod chat;
mod discourse;
mod live;
mod noise;
mod own;
mod slack;

use serde_json::Value;

use crate::activity::{Happening, Live, Message, Thread, Via, What};
use crate::calendar::instant;
use crate::company::Company;
use crate::people::{Home, community_email};
use crate::text::{Intent, words};

pub(crate) use noise::noise;

/// Headers beyond the signature, and the body.
pub(crate) type Payload = (Vec<(String, String)>, Vec<u8>);

/// Names of the four reactions.
pub(crate) const SLACK_EMOJI: [&str; 4] = ["+1", "heart", "coffee", "tada"];

/// Identifier of the platform of a source.
pub(crate) fn platform(via: Via) -> &'static str {
    match via {
        Via::Home(Home::Slack) => "slack",
        Via::Home(Home::Discourse) => "discourse",
        Via::Home(Home::Own) => "standard-webhooks",
        Via::Home(Home::Forum) => "generic",
        Via::Home(Home::Discord) => "discord",
        Via::Home(Home::Whatsapp) => "whatsapp",
        Via::Zoom => "zoom",
        Via::MeltingSpot => "meltingspot",
    }
}

/// What a platform calls a channel: 0 help, 1 coffee, 2 ideas, 3 chat.
pub(crate) fn channel_name(home: Home, channel: u8) -> String {
    let word = ["entraide", "cafe", "idees", "papote"][usize::from(channel) % 4];
    match home {
        Home::Slack => format!("C0{:0<8}", word.to_uppercase()),
        Home::Discourse => (5 + channel).to_string(),
        Home::Discord => (700_000_000_000_000_000 + u64::from(channel)).to_string(),
        Home::Whatsapp => format!("cercle-{word}"),
        Home::Own | Home::Forum => word.to_owned(),
    }
}

/// The words of a message.
pub(crate) fn text(thread: &Thread, message: &Message) -> &'static str {
    let intent = match (message.number, thread.question, message.answer) {
        (1, true, _) => Intent::Question,
        (1, false, _) => Intent::Share,
        (_, _, true) => Intent::Answer,
        (_, true, false) => Intent::Thanks,
        (_, false, false) => Intent::Share,
    };
    words(intent, thread.french, message.text)
}

/// The opening message of a thread.
pub(crate) fn opening(thread: &Thread) -> Message {
    Message {
        number: 1,
        at: thread.at,
        author: thread.author,
        text: thread.text,
        answer: false,
    }
}

/// How many deliveries tell of it: Discourse sends `topic_created` and `post_created` for one opening.
pub(crate) fn parts(happening: &Happening) -> u8 {
    match (happening.via, happening.what) {
        (Via::Home(Home::Discourse), What::Opened(_)) => 2,
        _ => 1,
    }
}

impl Company {
    /// The delivery number `part` that tells of something.
    pub(crate) fn payload(&self, happening: &Happening, part: u8) -> Payload {
        match happening.via {
            Via::Home(Home::Slack) => self.slack(happening),
            Via::Home(Home::Discourse) => self.discourse(happening, part),
            Via::Home(Home::Own) => plain(&self.own(happening)),
            Via::Home(Home::Forum) => plain(&self.forum(happening)),
            Via::Home(Home::Discord) => plain(&chat::discord(happening)),
            Via::Home(Home::Whatsapp) => plain(&chat::whatsapp(happening)),
            Via::Zoom => plain(&self.zoom(happening)),
            Via::MeltingSpot => plain(&self.meltingspot(happening)),
        }
    }

    pub(crate) fn joining_email(&self, number: u32) -> String {
        community_email(&self.census.person(number, &self.calendar))
    }
}

fn plain(body: &Value) -> Payload {
    (Vec::new(), bytes(body))
}

fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

fn one<T: Copy>(list: [T; 4], which: u8) -> T {
    list[usize::from(which) % 4]
}

/// Seconds and microseconds, as Slack names messages.
pub(crate) fn slack_time(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Milliseconds, as Ruby writes them.
pub(crate) fn rfc3339(micros: i64) -> String {
    format!("{:.3}", instant(micros / 1_000 * 1_000))
}

pub(crate) fn topic(thread: &Thread) -> u64 {
    thread.id
}

pub(crate) fn post_id(thread: &Thread, message: &Message) -> u64 {
    thread.id * 64 + u64::from(message.number)
}

pub(crate) fn own_message(thread: &Thread, message: &Message) -> String {
    format!("m{}", post_id(thread, message))
}

pub(crate) fn wamid(thread: &Thread, message: &Message) -> String {
    format!("wamid.m{:x}", post_id(thread, message))
}

/// The webinar's number at Zoom.
pub(crate) fn webinar(live: &Live) -> String {
    (96_000_000_000 + u64::from(live.number)).to_string()
}

pub(crate) fn discord_message(thread: &Thread, message: &Message) -> String {
    (1_000_000_000_000_000_000 + post_id(thread, message)).to_string()
}

pub(crate) fn uuid(key: u64) -> String {
    let high = crate::random::mix(key);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        key >> 48 & 0xfff,
        key & 0xffff_ffff_ffff
    )
}
