//! What handles did, by month: 32 bytes for each handle and month in which something happened, so that the whole history fits
//! beside the identity graph.

use std::collections::{BTreeMap, BTreeSet};

use levier_domain::event::{Event, Kind, Visibility};
use levier_identity::{HandleId, Renumbered, Resolution};

use crate::months::{Months, PersonMonths};

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

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.messages_public += other.messages_public;
        self.messages_private += other.messages_private;
        self.reactions += other.reactions;
        self.lives += other.lives;
        self.other += other.other;
        self.reads += other.reads;
    }
}

/// The end of a chain; no such cell.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Actor {
    /// Position of the cell that the latest event went into; [`NONE`] for who never did anything.
    cell: u32,
    bot: bool,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    handle: HandleId,
    month: i32,
    counts: Counts,
}

/// All handles of all platforms.
#[derive(Clone, Debug, Default)]
pub struct Activities {
    platforms: BTreeSet<String>,
    /// By handle.
    actors: Vec<Actor>,
    cells: Vec<Cell>,
}

impl Activities {
    /// Counts one event of an actor.
    pub fn add(&mut self, event: &Event, actor: Option<HandleId>, months: &mut Months<'_>) {
        if !self.platforms.contains(&event.platform) {
            self.platforms.insert(event.platform.clone());
        }
        let Some(handle) = actor else { return };
        let mut counts = Counts::default();
        match event.kind {
            Kind::MessagePosted
                if matches!(
                    event.visibility,
                    Some(Visibility::Private | Visibility::Direct)
                ) =>
            {
                counts.messages_private = 1;
            }
            Kind::MessagePosted => counts.messages_public = 1,
            Kind::ReactionAdded => counts.reactions = 1,
            Kind::LiveAttended => counts.lives = 1,
            kind if kind.is_contribution() => counts.other = 1,
            kind if kind.is_reading() => counts.reads = 1,
            _ => {}
        }
        self.count(handle, months.of(event.occurred_at), event.is_bot, counts);
    }

    fn count(&mut self, handle: HandleId, month: i32, bot: bool, counts: Counts) {
        if self.actors.len() <= handle.position() {
            let nothing = Actor {
                cell: NONE,
                bot: false,
            };
            self.actors.resize(handle.position() + 1, nothing);
        }
        let actor = &mut self.actors[handle.position()];
        actor.bot |= bot;
        // Days come in order, so that a handle's months do too, but for the hours in which day and month of two zones differ.
        match self.cells.get_mut(actor.cell as usize) {
            Some(cell) if cell.month == month => cell.counts += counts,
            _ => {
                actor.cell = self.cells.len() as u32;
                self.cells.push(Cell {
                    handle,
                    month,
                    counts,
                });
            }
        }
    }

    /// Takes in what was counted of other events, whose handles are `renumbered` here.
    pub fn merge(&mut self, other: Self, renumbered: &Renumbered) {
        self.platforms.extend(other.platforms);
        for cell in other.cells {
            let bot = other.actors[cell.handle.position()].bot;
            self.count(renumbered.of(cell.handle), cell.month, bot, cell.counts);
        }
    }

    /// Platforms, by name, each with its handles in no order: the person, and whether a machine uses it.
    #[must_use]
    pub fn platforms<'a>(&'a self, who: &'a Resolution) -> BTreeMap<&'a str, Vec<(u32, bool)>> {
        let mut platforms: BTreeMap<&str, Vec<(u32, bool)>> = self
            .platforms
            .iter()
            .map(|platform| (platform.as_str(), Vec::new()))
            .collect();
        let mut met = vec![false; self.actors.len()];
        for cell in &self.cells {
            if std::mem::replace(&mut met[cell.handle.position()], true) {
                continue;
            }
            let (platform, _) = who.name_of(cell.handle);
            let bot = self.actors[cell.handle.position()].bot;
            let handles = platforms.entry(platform).or_default();
            handles.push((who.position_of(cell.handle), bot));
        }
        platforms
    }

    /// Counters by person and month, once it is known who is who.
    #[must_use]
    pub fn by_person(&self, who: &Resolution) -> PersonMonths<Counts> {
        let mut out = PersonMonths::default();
        for cell in &self.cells {
            out.add(who.position_of(cell.handle), cell.month, cell.counts);
        }
        out.finish(who.positions());
        out
    }
}
