//! What handles did, by month: 32 bytes for each handle and month in which something happened, so that the whole history fits
//! beside the identity graph.

use std::collections::{BTreeMap, HashMap};

use levier_domain::event::{Event, Kind, Visibility};
use levier_identity::Resolution;

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

/// One platform.
#[derive(Clone, Debug, Default)]
struct Platform {
    /// Handle → position in [`Activities::handles`].
    handles: HashMap<String, u32>,
    with_actor: u64,
    without_actor: u64,
}

#[derive(Clone, Copy, Debug)]
struct Handle {
    /// Position of the cell that the latest event went into.
    cell: u32,
    bot: bool,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    handle: u32,
    month: i32,
    counts: Counts,
}

/// All handles of all platforms.
#[derive(Clone, Debug, Default)]
pub struct Activities {
    platforms: BTreeMap<String, Platform>,
    handles: Vec<Handle>,
    cells: Vec<Cell>,
}

impl Activities {
    /// Counts one event.
    pub fn add(&mut self, event: &Event, months: &mut Months<'_>) {
        let platform = match self.platforms.get_mut(&event.platform) {
            Some(platform) => platform,
            None => self.platforms.entry(event.platform.clone()).or_default(),
        };
        let Some(actor) = &event.actor else {
            platform.without_actor += 1;
            return;
        };
        platform.with_actor += 1;
        let month = months.of(event.occurred_at);
        let position = match platform.handles.get(actor) {
            Some(position) => *position,
            None => {
                let position = self.handles.len() as u32;
                platform.handles.insert(actor.clone(), position);
                self.handles.push(Handle {
                    cell: u32::MAX,
                    bot: false,
                });
                position
            }
        };
        let handle = &mut self.handles[position as usize];
        handle.bot |= event.is_bot;
        // Days come in order, so that a handle's months do too, but for the hours in which day and month of two zones differ.
        let here = self
            .cells
            .get(handle.cell as usize)
            .is_some_and(|cell| cell.month == month);
        if !here {
            handle.cell = self.cells.len() as u32;
            self.cells.push(Cell {
                handle: position,
                month,
                counts: Counts::default(),
            });
        }
        let counts = &mut self.cells[handle.cell as usize].counts;
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

    /// Platforms, by name, each with its handles in no order and whether a machine uses them.
    pub fn platforms(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = (&str, bool)>)> {
        self.platforms.iter().map(|(name, platform)| {
            let handles = platform
                .handles
                .iter()
                .map(|(handle, position)| (handle.as_str(), self.handles[*position as usize].bot));
            (name.as_str(), handles)
        })
    }

    /// Counters by person and month, once it is known who is who.
    #[must_use]
    pub fn by_person(&self, who: &Resolution) -> PersonMonths<Counts> {
        let mut person_of = vec![u32::MAX; self.handles.len()];
        for (name, platform) in &self.platforms {
            for (handle, position) in &platform.handles {
                if let Some(person) = who.position_of_handle(name, handle) {
                    person_of[*position as usize] = person;
                }
            }
        }
        let mut out = PersonMonths::default();
        for cell in &self.cells {
            let person = person_of[cell.handle as usize];
            if person != u32::MAX {
                out.add(person, cell.month, cell.counts);
            }
        }
        out.finish(who.positions());
        out
    }
}
