//! Counting all periods of one scope, of every grain, in a single pass over its events.
//!
//! What adds up over time is counted between borders of periods and summed; distinct people do not add up, so that every grain
//! remembers of each person what they were met doing in its period at hand. An event is read once, whatever the grains.

use levier_domain::event::Kind;

use crate::activity::{Entry, flag};
use crate::calendar::Span;
use crate::membership::Spans;
use crate::scope::Scope;

/// What is counted, each with the distinct people behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum What {
    /// Contributions.
    Contributions,
    /// Contributions by who was a member at the time.
    ByMembers,
    /// Messages.
    Messages,
    /// Messages that everybody sees.
    Public,
    /// Messages in closed channels and direct ones.
    Private,
    /// Reactions.
    Reactions,
    /// Contributions that are neither.
    Other,
    /// Content published.
    Content,
    /// Threads opened by members.
    Posts,
    /// Views.
    Views,
    /// Interactions with somebody.
    Interactions,
    /// Those from member to other member.
    ManyToMany,
    /// Messages with a sentiment.
    Scored,
    /// Badges, points, challenges.
    Badges,
    /// Threads in feedback channels.
    Feedback,
}

const N: usize = 15;

/// Counts of one period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [u64; N],
    people: [u64; N],
    /// Sum of sentiments, in units of [`crate::activity::SENTIMENT_SCALE`].
    pub sentiment: i64,
    /// Sum of points × 1000.
    pub points: i64,
}

/// What everybody was met doing, by grain: forgotten between periods without touching memory.
pub struct Marks {
    people: usize,
    /// The first stamp that nobody bears yet.
    fresh: u32,
    /// Of each person, a cell a grain: the stamp of the period, and what was done in it, bit by bit.
    cells: Vec<(u32, u32)>,
}

impl Marks {
    /// For so many people.
    #[must_use]
    pub fn new(people: usize) -> Self {
        Self {
            people,
            fresh: 1,
            cells: Vec::new(),
        }
    }

    /// Makes room for `grains` of at most `periods` each, in which nobody was met; gives the stamp of the first period.
    fn begin(&mut self, grains: usize, periods: usize) -> u32 {
        let periods = periods as u32;
        let room = self.people * grains;
        if self.cells.len() < room || self.fresh.checked_add(periods).is_none() {
            self.cells.clear();
            self.cells.resize(room, (0, 0));
            self.fresh = 1;
        }
        let stamp = self.fresh;
        self.fresh += periods;
        stamp
    }
}

/// Where counting stands in one grain.
struct Cursor<'a> {
    spans: &'a [Span],
    at: usize,
}

impl Cursor<'_> {
    /// The period of an instant, which never goes back; `None` between periods.
    fn at(&mut self, instant: i64) -> Option<usize> {
        while self.spans.get(self.at)?.to <= instant {
            self.at += 1;
        }
        (self.spans[self.at].from <= instant).then_some(self.at)
    }
}

/// What an entry counts as, bit by bit.
fn bits(entry: &Entry, person: u32, spans: &Spans) -> u32 {
    let bit = |what: What| 1_u32 << what as u32;
    let when = |flags: u32, what: What| if entry.has(flags) { bit(what) } else { 0 };
    let kind = entry.kind();
    let mut bits = when(flag::INTERACTS, What::Interactions) | when(flag::MUTUAL, What::ManyToMany);
    if kind == Kind::MessagePosted && entry.has(flag::OPENER) {
        bits |= when(flag::FEEDBACK, What::Feedback);
    }
    if entry.has(flag::STAFF) {
        return bits;
    }
    if kind.is_contribution() {
        bits |= bit(What::Contributions);
        if spans.member_at(person, entry.at) {
            bits |= bit(What::ByMembers);
        }
    }
    bits | match kind {
        Kind::MessagePosted => {
            let seen = if entry.has(flag::PRIVATE | flag::DIRECT) {
                What::Private
            } else {
                What::Public
            };
            bit(What::Messages)
                | bit(seen)
                | when(flag::OPENER, What::Posts)
                | when(flag::SCORED, What::Scored)
        }
        Kind::ReactionAdded => bit(What::Reactions),
        Kind::ContentPublished => bit(What::Other) | bit(What::Content),
        Kind::LiveAttended | Kind::SurveyAnswered | Kind::PollAnswered => bit(What::Other),
        Kind::ContentViewed => bit(What::Views),
        Kind::BadgeAwarded => bit(What::Badges),
        _ => 0,
    }
}

fn add(counts: &mut [u64; N], mut bits: u32) {
    while bits != 0 {
        counts[bits.trailing_zeros() as usize] += 1;
        bits &= bits - 1;
    }
}

impl Tally {
    /// Counts every period of `grains`; the periods of one grain follow one another.
    #[must_use]
    pub fn series(scope: &Scope<'_>, marks: &mut Marks, grains: &[Vec<Span>]) -> Vec<Vec<Self>> {
        let mut borders: Vec<i64> = grains
            .iter()
            .flatten()
            .flat_map(|span| [span.from, span.to])
            .collect();
        borders.sort_unstable();
        borders.dedup();
        let (Some(first), Some(last)) = (borders.first(), borders.last()) else {
            return grains.iter().map(|_| Vec::new()).collect();
        };
        let mut series: Vec<Vec<Self>> = grains
            .iter()
            .map(|spans| vec![Self::default(); spans.len()])
            .collect();
        let mut between = vec![Self::default(); borders.len()];
        let mut border = 0;
        let mut cursors: Vec<Cursor<'_>> =
            grains.iter().map(|spans| Cursor { spans, at: 0 }).collect();
        let longest = grains.iter().map(Vec::len).max().unwrap_or(0);
        let stamp = marks.begin(grains.len(), longest);
        for (_, entry) in scope.between(*first, *last) {
            let Some(person) = entry.human() else {
                continue;
            };
            let bits = bits(entry, person, &scope.spans);
            if bits == 0 {
                continue;
            }
            while borders[border + 1] <= entry.at {
                border += 1;
            }
            let sums = &mut between[border];
            add(&mut sums.counts, bits);
            if bits & 1 << What::Scored as u32 != 0 {
                sums.sentiment += i64::from(entry.sentiment);
            }
            if bits & 1 << What::Badges as u32 != 0 && entry.score != i32::MIN {
                sums.points += i64::from(entry.score);
            }
            let cells = &mut marks.cells[person as usize * grains.len()..][..grains.len()];
            for ((cell, cursor), tallies) in cells.iter_mut().zip(&mut cursors).zip(&mut series) {
                let Some(period) = cursor.at(entry.at) else {
                    continue;
                };
                let stamp = stamp + period as u32;
                if cell.0 != stamp {
                    *cell = (stamp, 0);
                }
                let new = bits & !cell.1;
                if new != 0 {
                    cell.1 |= new;
                    add(&mut tallies[period].people, new);
                }
            }
        }
        for (spans, tallies) in grains.iter().zip(&mut series) {
            for (span, tally) in spans.iter().zip(tallies) {
                let from = borders.partition_point(|border| *border < span.from);
                let to = borders.partition_point(|border| *border < span.to);
                for part in &between[from..to.max(from)] {
                    for (total, count) in tally.counts.iter_mut().zip(part.counts) {
                        *total += count;
                    }
                    tally.sentiment += part.sentiment;
                    tally.points += part.points;
                }
            }
        }
        series
    }

    /// How often.
    #[must_use]
    pub fn n(&self, what: What) -> u64 {
        self.counts[what as usize]
    }

    /// By how many people.
    #[must_use]
    pub fn people(&self, what: What) -> u64 {
        self.people[what as usize]
    }
}
