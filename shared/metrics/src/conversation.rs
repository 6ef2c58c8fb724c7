//! Who answered whom: threads, first answers, what was deleted or taken back.
//!
//! A *thread* is opened by its earliest message that answers nothing. A message without thread opens one of its own. Direct
//! messages make no threads. A *question* is an opening message that asks something; an *answer* is a message in its thread by
//! another human. A thread whose opening message was deleted, or came before our time, is not counted as opened.

use levier_domain::event::Kind;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::activity::{Activity, Entry, NONE, NOWHERE, flag, mix, position};

/// One conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Position of the entry that opened it.
    pub opener: u32,
    /// Messages after the opening one.
    pub replies: u32,
    /// When another human first answered (µs), `i64::MAX` if nobody did.
    pub first_answer: i64,
    /// The person who answered first, or [`NONE`].
    pub first_answerer: u32,
    /// When a member who is not staff first answered.
    pub first_peer: i64,
    /// When staff first answered.
    pub first_staff: i64,
    /// When another human first answered in more than a word or two.
    pub first_substantial: i64,
    /// When an answer was accepted.
    pub accepted: i64,
}

impl Thread {
    /// Whether nobody had answered by `now`: what was accepted was an answer, wherever it was given.
    #[must_use]
    pub fn unanswered(&self, now: i64) -> bool {
        self.first_answer >= now && self.accepted >= now
    }

    fn opened_by(opener: u32) -> Self {
        Self {
            opener,
            replies: 0,
            first_answer: i64::MAX,
            first_answerer: NONE,
            first_peer: i64::MAX,
            first_staff: i64::MAX,
            first_substantial: i64::MAX,
            accepted: i64::MAX,
        }
    }
}

/// Messages by (hash, channel), to find what a reply or reaction is about.
///
/// The hashes are spread evenly, so that their leading bits lead to a row or two: a look-up touches memory twice, where a
/// binary search over millions would touch it twenty times.
struct Index {
    rows: Vec<(u64, u32, u32)>,
    /// Where the rows of every prefix begin, and an end.
    first: Vec<u32>,
    shift: u32,
}

impl Index {
    fn of(entries: &[Entry]) -> Self {
        let posted = position(Kind::MessagePosted);
        let mut rows: Vec<_> = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.kind == posted)
            .map(|(at, entry)| (entry.item, entry.channel, at as u32))
            .collect();
        rows.sort_unstable();
        let bits = rows.len().max(2).ilog2();
        let shift = u64::BITS - bits;
        let mut first = vec![0_u32; (1 << bits) + 1];
        for row in &rows {
            first[(row.0 >> shift) as usize + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        Self { rows, first, shift }
    }

    /// The message of that id in that channel; else, where the id occurs once, that one.
    fn find(&self, item: u64, channel: u32) -> Option<usize> {
        let prefix = (item >> self.shift) as usize;
        let near = &self.rows[self.first[prefix] as usize..self.first[prefix + 1] as usize];
        let mut rows = near.iter().filter(|row| row.0 == item);
        let first = rows.next()?;
        if first.1 == channel {
            return Some(first.2 as usize);
        }
        let mut alone = true;
        for row in rows {
            if row.1 == channel {
                return Some(row.2 as usize);
            }
            alone = false;
        }
        alone.then_some(first.2 as usize)
    }
}

/// Replaces hashes by positions, drops what was cancelled, and fills the threads.
pub(crate) fn resolve(activity: &mut Activity) {
    let mut entries = std::mem::take(&mut activity.entries);
    mark_openers(&mut entries);
    let index = Index::of(&entries);
    apply_edits(&mut entries, &index);
    let index = if drop_cancelled(&mut entries, &index) {
        Index::of(&entries)
    } else {
        index
    };
    let opened = entries.iter().filter(|e| e.has(flag::OPENER)).count();
    let mut threads: Vec<Thread> = Vec::with_capacity(opened);
    let mut by_hash: FxHashMap<u64, u32> = FxHashMap::default();
    by_hash.reserve(opened);
    for (at, entry) in entries
        .iter()
        .enumerate()
        .filter(|(_, e)| e.has(flag::OPENER))
    {
        by_hash.insert(entry.thread, threads.len() as u32);
        threads.push(Thread::opened_by(at as u32));
    }
    for at in 0..entries.len() {
        let entry = entries[at];
        let named = match entry.kind() {
            Kind::MessagePosted => (entry.parent != NOWHERE).then_some(entry.parent),
            Kind::ReactionAdded | Kind::AnswerAccepted | Kind::MessageEdited => Some(entry.item),
            _ => None,
        };
        let mut parent = named
            .and_then(|item| index.find(item, entry.channel))
            .filter(|p| *p != at);
        if entry.thread == NOWHERE
            && let Some(parent) = parent
        {
            entries[at].thread = entries[parent].thread;
        }
        let thread = by_hash.get(&entries[at].thread).copied();
        if parent.is_none() && entry.has(flag::REPLY) {
            parent = thread.map(|thread| threads[thread as usize].opener as usize);
        }
        count(&entries, &mut threads, at, thread);
        entries[at].parent = parent.map_or(NOWHERE, |parent| parent as u64);
    }
    // Positions replace hashes last: until here a thread is found by its hash.
    for entry in &mut entries {
        entry.thread = by_hash
            .get(&entry.thread)
            .map_or(NOWHERE, |thread| u64::from(*thread));
    }
    activity.threads = threads;
    activity.entries = entries;
}

/// Counts one entry into its thread.
fn count(entries: &[Entry], threads: &mut [Thread], at: usize, thread: Option<u32>) {
    let entry = entries[at];
    let Some(thread) = thread.map(|thread| &mut threads[thread as usize]) else {
        return;
    };
    match entry.kind() {
        Kind::MessagePosted if entry.has(flag::REPLY) => {
            let Some(person) = entry.human() else {
                return;
            };
            thread.replies += 1;
            if entries[thread.opener as usize].human() == Some(person) {
                return;
            }
            if entry.at < thread.first_answer {
                thread.first_answer = entry.at;
                thread.first_answerer = person;
            }
            let first = if entry.has(flag::STAFF) {
                &mut thread.first_staff
            } else {
                if !entry.has(flag::SHORT) {
                    thread.first_substantial = thread.first_substantial.min(entry.at);
                }
                &mut thread.first_peer
            };
            *first = (*first).min(entry.at);
        }
        Kind::AnswerAccepted => thread.accepted = thread.accepted.min(entry.at),
        _ => {}
    }
}

/// To whom an interaction goes: the author of the message that it answers or reacts to, else whom it names.
#[must_use]
pub(crate) fn counterpart(activity: &Activity, entry: &Entry) -> Option<u32> {
    let social = entry.kind() == Kind::ReactionAdded
        || (entry.kind() == Kind::MessagePosted && !entry.has(flag::DIRECT));
    if !social {
        return None;
    }
    if entry.parent == NOWHERE {
        return activity.person_of(entry.target);
    }
    activity.entries[entry.parent as usize].human()
}

/// Says of every entry whether it was done to another human, and whether from member to member.
pub(crate) fn mark_interactions(activity: &mut Activity) {
    for at in 0..activity.entries.len() {
        let entry = activity.entries[at];
        let (Some(from), Some(to)) = (entry.human(), counterpart(activity, &entry)) else {
            continue;
        };
        if from == to {
            continue;
        }
        let staff = entry.has(flag::STAFF) || activity.people[to as usize].staff;
        activity.entries[at].flags |= if staff {
            flag::INTERACTS
        } else {
            flag::INTERACTS | flag::MUTUAL
        };
    }
}

/// Gives every message its thread's hash and says which opens it; deleted openers still open, so that no reply takes their
/// place.
fn mark_openers(entries: &mut [Entry]) {
    let posted = position(Kind::MessagePosted);
    let mut opened: FxHashSet<u64> = FxHashSet::default();
    for entry in entries.iter_mut().filter(|entry| entry.kind == posted) {
        if entry.has(flag::DIRECT) {
            entry.thread = NOWHERE;
            continue;
        }
        let alone = entry.thread == NOWHERE;
        if alone && entry.parent == NOWHERE {
            // Without even a message id: a hash that no named thread has.
            entry.thread = mix(entry.item ^ u64::from(entry.channel).rotate_left(40) ^ 0x5bd1);
        } else if alone {
            entry.flags |= flag::REPLY;
            continue;
        }
        if opened.insert(entry.thread) && entry.parent == NOWHERE {
            entry.flags |= flag::OPENER;
        } else {
            entry.flags |= flag::REPLY;
        }
    }
}

/// A message asks and feels what its last edit says; the edit itself then says nothing more.
///
/// Edits that come without text (basic notifications of Teams) change nothing. Entries are in the order of time.
fn apply_edits(entries: &mut [Entry], index: &Index) {
    for at in 0..entries.len() {
        let edit = entries[at];
        if edit.kind() != Kind::MessageEdited || !edit.has(flag::TEXT) {
            continue;
        }
        if let Some(message) = index.find(edit.item, edit.channel) {
            let posted = &mut entries[message];
            posted.flags = posted.flags & !flag::READ | edit.flags & flag::READ;
            posted.sentiment = edit.sentiment;
            entries[at].flags &= !flag::READ;
            entries[at].sentiment = 0;
        }
    }
}

/// Removes deleted messages with the reactions to them, and reactions taken back; says whether there was anything to remove.
///
/// A removal cancels the latest reaction before it of the same person to the same message.
fn drop_cancelled(entries: &mut Vec<Entry>, index: &Index) -> bool {
    let mut dead = vec![false; entries.len()];
    // Only reactions of which some removal speaks are worth remembering.
    let mut reactions: FxHashMap<(u32, u64), Vec<u32>> = entries
        .iter()
        .filter(|entry| entry.kind() == Kind::ReactionRemoved)
        .map(|entry| ((entry.actor, entry.item), Vec::new()))
        .collect();
    let mut deleted = false;
    for (at, entry) in entries.iter().enumerate() {
        match entry.kind() {
            Kind::MessageDeleted => {
                if let Some(message) = index.find(entry.item, entry.channel) {
                    dead[message] = true;
                    deleted = true;
                }
            }
            Kind::ReactionAdded if !reactions.is_empty() => {
                if let Some(added) = reactions.get_mut(&(entry.actor, entry.item)) {
                    added.push(at as u32);
                }
            }
            Kind::ReactionRemoved => {
                dead[at] = true;
                if let Some(added) = reactions
                    .get_mut(&(entry.actor, entry.item))
                    .and_then(Vec::pop)
                {
                    dead[added as usize] = true;
                }
            }
            _ => {}
        }
    }
    if !deleted && reactions.is_empty() {
        return false;
    }
    for (at, entry) in entries.iter().enumerate() {
        let about = matches!(entry.kind(), Kind::ReactionAdded | Kind::AnswerAccepted);
        if about
            && index
                .find(entry.item, entry.channel)
                .is_some_and(|message| dead[message])
        {
            dead[at] = true;
        }
    }
    let mut dead = dead.into_iter();
    entries.retain(|_| !dead.next().unwrap_or(false));
    true
}
