//! What handles did, by month: small counters, so that the whole history fits beside the identity graph.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use levier_domain::event::{Event, Kind, Visibility};
use levier_domain::time::Month;

/// Counters of one handle in one month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Public messages and replies.
    pub messages_public: u32,
    /// Messages in closed channels and direct ones.
    pub messages_private: u32,
    /// Reactions.
    pub reactions: u32,
    /// Lives attended.
    pub lives: u32,
    /// Content, survey and poll answers.
    pub other: u32,
    /// Opens, clicks and views.
    pub reads: u32,
}

impl Counts {
    /// Adds another month or handle.
    pub fn add(&mut self, other: &Self) {
        self.messages_public += other.messages_public;
        self.messages_private += other.messages_private;
        self.reactions += other.reactions;
        self.lives += other.lives;
        self.other += other.other;
        self.reads += other.reads;
    }
}

/// All handles: platform → handle → month → counters.
#[derive(Clone, Debug, Default)]
pub struct Activities {
    /// Platform → handle → month index → counters.
    pub by_handle: BTreeMap<String, BTreeMap<String, BTreeMap<i32, Counts>>>,
    /// Platform → events with and without an actor.
    pub events: BTreeMap<String, (u64, u64)>,
    /// Handles that are machines.
    pub bots: BTreeMap<String, std::collections::BTreeSet<String>>,
}

impl Activities {
    /// Counts one event.
    pub fn add(&mut self, event: &Event, zone: &TimeZone) {
        let events = self.events.entry(event.platform.clone()).or_default();
        let Some(actor) = &event.actor else {
            events.1 += 1;
            return;
        };
        events.0 += 1;
        if event.is_bot {
            self.bots
                .entry(event.platform.clone())
                .or_default()
                .insert(actor.clone());
        }
        let month = Month::at(event.occurred_at, zone).index();
        let handles = match self.by_handle.get_mut(&event.platform) {
            Some(handles) => handles,
            None => self.by_handle.entry(event.platform.clone()).or_default(),
        };
        let months = match handles.get_mut(actor) {
            Some(months) => months,
            None => handles.entry(actor.clone()).or_default(),
        };
        let counts = months.entry(month).or_default();
        match event.kind {
            Kind::MessagePosted
                if matches!(
                    event.visibility,
                    Some(Visibility::Private | Visibility::Direct)
                ) =>
            {
                counts.messages_private += 1;
            }
            Kind::MessagePosted => counts.messages_public += 1,
            Kind::ReactionAdded => counts.reactions += 1,
            Kind::LiveAttended => counts.lives += 1,
            kind if kind.is_contribution() => counts.other += 1,
            kind if kind.is_reading() => counts.reads += 1,
            _ => {}
        }
    }
}
