//! Events in a compact, interned form: 64 bytes each, so that the events of a big company fit in memory. Who did what to whom
//! stands in the entry itself: counting it looks nothing up.
//!
//! What the KPIs need of an event is who, when, where and to what it refers; names are kept once, in tables. Ids are given by
//! the order of the names, not of the pushes, and entries are sorted, so that an [`Activity`] is a function of the *set* of
//! events. Message and thread ids are 64-bit hashes while building and positions afterwards.
//!
//! Every event must be pushed once (deduplicated by event id before).

use std::collections::BTreeMap;

use levier_domain::event::Kind;
use rustc_hash::FxHashMap;

use crate::conversation::Thread;

/// No such id.
pub const NONE: u32 = u32::MAX;
/// No such position or hash.
pub const NOWHERE: u64 = u64::MAX;

/// Bits of [`Entry::flags`].
pub mod flag {
    /// A closed channel.
    pub const PRIVATE: u32 = 1;
    /// One to one.
    pub const DIRECT: u32 = 1 << 1;
    /// The text asks something.
    pub const QUESTION: u32 = 1 << 2;
    /// The text has too few words to be an answer; see [`levier_domain::event::ANSWER_WORDS`].
    pub const SHORT: u32 = 1 << 3;
    /// A sentiment was scored.
    pub const SCORED: u32 = 1 << 4;
    /// The first message of its thread.
    pub const OPENER: u32 = 1 << 5;
    /// A message in a thread that someone else or the same person opened.
    pub const REPLY: u32 = 1 << 6;
    /// The join was invited.
    pub const INVITED: u32 = 1 << 7;
    /// The thread is off product.
    pub const OFF_PRODUCT: u32 = 1 << 8;
    /// The membership comes from a roster.
    pub const ROSTER: u32 = 1 << 9;
    /// The thread's channel is tagged as feedback.
    pub const FEEDBACK: u32 = 1 << 10;
    /// The membership is known to hold from then on, not to have begun then.
    pub const PRESUMED: u32 = 1 << 11;
    /// The text was read.
    pub const TEXT: u32 = 1 << 12;
    /// Who did it is staff.
    pub const STAFF: u32 = 1 << 13;
    /// It was done to another human: answered, addressed or reacted to.
    pub const INTERACTS: u32 = 1 << 14;
    /// By one member to another.
    pub const MUTUAL: u32 = 1 << 15;
    /// What reading the text told.
    pub const READ: u32 = QUESTION | SHORT | SCORED | TEXT;
}

/// Units of [`Entry::sentiment`] in 1: integers, so that sums do not depend on their order.
pub const SENTIMENT_SCALE: i32 = 1_000_000_000;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Microseconds since 1970, UTC.
    pub at: i64,
    /// Message, or subject of the event.
    pub item: u64,
    /// Position of the entry of the message that this one answers or is about, or [`NOWHERE`].
    pub parent: u64,
    /// Position of the thread, or [`NOWHERE`].
    pub thread: u64,
    /// Handle of who did it, or [`NONE`].
    pub actor: u32,
    /// Handle of to whom it was done, or [`NONE`].
    pub target: u32,
    /// Channel, or [`NONE`].
    pub channel: u32,
    /// Sentiment × [`SENTIMENT_SCALE`].
    pub sentiment: i32,
    /// Score × 1000 (points, answers), or `i32::MIN`.
    pub score: i32,
    /// Who did it, in [`Activity::people`]; [`NONE`] for nobody and for machines.
    pub person: u32,
    /// See [`flag`].
    pub flags: u32,
    /// Community.
    pub community: u16,
    /// Platform.
    pub platform: u8,
    /// Position in [`Kind::ALL`].
    pub kind: u8,
}

impl Entry {
    /// What happened.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::ALL[usize::from(self.kind)]
    }

    /// Whether a flag is set.
    #[must_use]
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// The human who did it, staff included.
    #[must_use]
    pub fn human(&self) -> Option<u32> {
        (self.person != NONE).then_some(self.person)
    }

    /// The human who did it, unless they are staff.
    #[must_use]
    pub fn member(&self) -> Option<u32> {
        self.human().filter(|_| !self.has(flag::STAFF))
    }
}

/// One account on one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle {
    /// `platform:handle`.
    pub name: String,
    /// Position in [`Activity::people`].
    pub person: u32,
    /// A machine.
    pub bot: bool,
}

/// One human.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Person id of the identity graph, or the handle where none was resolved.
    pub id: String,
    /// Whether `id` is a resolved person.
    pub resolved: bool,
    /// Position in [`Activity::segments`], or `u16::MAX`.
    pub segment: u16,
    /// Staff or bot: never a member.
    pub staff: bool,
}

/// A span of membership of one handle in one community.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stay {
    /// Position in [`Activity::people`].
    pub person: u32,
    /// Joined at (µs).
    pub from: i64,
    /// Left at (µs), `i64::MAX` while staying.
    pub to: i64,
    /// Community.
    pub community: u16,
    /// Platform.
    pub platform: u8,
    /// No join was recorded anywhere on the platform: the first contribution stands for it, and is not counted as a join.
    pub implied: bool,
}

/// Everything that happened, sorted by time.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Activity {
    /// The events that count, sorted: no deleted messages, no reactions taken back.
    pub entries: Vec<Entry>,
    /// Accounts, by name.
    pub handles: Vec<Handle>,
    /// Humans, by id.
    pub people: Vec<Person>,
    /// Communities, by id.
    pub communities: Vec<String>,
    /// Platforms, by id.
    pub platforms: Vec<String>,
    /// Channels, by name.
    pub channels: Vec<String>,
    /// CRM segments, by name.
    pub segments: Vec<String>,
    /// Threads, by first message.
    pub threads: Vec<Thread>,
    /// Spans of membership, sorted.
    pub stays: Vec<Stay>,
    /// Names of the messages that ask something (hash → thread or message id), for the work lists.
    pub questions: BTreeMap<u64, String>,
    /// Names of lives (hash → subject).
    pub subjects: BTreeMap<u64, String>,
}

impl Activity {
    /// The person behind a handle, unless staff or a bot.
    #[must_use]
    pub fn member_of(&self, handle: u32) -> Option<u32> {
        let person = self.person_of(handle)?;
        (!self.people[person as usize].staff).then_some(person)
    }

    /// The person behind a handle, staff included; bots are nobody.
    #[must_use]
    pub fn person_of(&self, handle: u32) -> Option<u32> {
        let handle = self.handles.get(handle as usize)?;
        (!handle.bot).then_some(handle.person)
    }

    /// The positions of resolved people by their ids.
    #[must_use]
    pub(crate) fn by_id(&self) -> FxHashMap<&str, u32> {
        let people = self.people.iter().enumerate();
        people
            .filter(|(_, person)| person.resolved)
            .map(|(at, person)| (person.id.as_str(), at as u32))
            .collect()
    }

    /// The name of a platform.
    #[must_use]
    pub fn platform(&self, position: u8) -> &str {
        self.platforms
            .get(usize::from(position))
            .map_or("", String::as_str)
    }
}

/// A 64-bit hash that never changes between machines or versions (FNV-1a with a final mix).
pub(crate) fn stable_hash(parts: &[&str]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut eat = |byte: u8| {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    };
    for part in parts {
        part.bytes().for_each(&mut eat);
        eat(0xff);
    }
    mix(hash).min(NOWHERE - 1)
}

/// The finaliser of SplitMix64.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Position of a kind in [`Kind::ALL`].
pub(crate) fn position(kind: Kind) -> u8 {
    Kind::ALL
        .iter()
        .position(|other| *other == kind)
        .unwrap_or(0) as u8
}
