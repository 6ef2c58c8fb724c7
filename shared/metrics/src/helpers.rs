//! Champions: members who help others, week after week or better than nearly all.
//!
//! A champion *helped* (answered somebody else's question, or had an answer accepted) in at least 6 of the last 12 weeks, or
//! has accepted answers that place them in the top 1 % of members. Weeks are the twelve spans of seven days that end with the
//! as-of day.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::event::Kind;
use rustc_hash::FxHashMap;

use crate::activity::{Activity, Entry, NOWHERE, flag};
use crate::calendar::midnight;
use crate::membership::Spans;
use crate::scope::Cut;

/// Weeks looked at.
pub const WEEKS: usize = 12;
/// Weeks of helping that make a champion.
pub const STEADY: u32 = 6;

/// What one member did for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// Weeks with help, bit by bit, the latest is bit 0.
    pub weeks: u16,
    /// Answers to others' questions in the twelve weeks.
    pub answers: u32,
    /// Accepted answers in the twelve weeks.
    pub accepted: u32,
    /// The handle that helped most recently.
    pub handle: u32,
}

impl Help {
    /// In how many weeks.
    #[must_use]
    pub fn steady(&self) -> u32 {
        self.weeks.count_ones()
    }
}

/// One help: an answer to somebody else's question, or an answer of theirs that was accepted.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// When (µs).
    at: i64,
    /// Position of the entry.
    entry: u32,
    /// Who helped.
    person: u32,
    /// By which handle.
    handle: u32,
    accepted: bool,
}

/// Every help there ever was, by time: found once, then looked at by cut and by end of period.
#[derive(Clone, Debug, Default)]
pub struct Helping(Vec<Moment>);

impl Helping {
    /// The help in an activity.
    #[must_use]
    pub fn of(activity: &Activity) -> Self {
        let moments = activity.entries.iter().enumerate();
        Self(
            moments
                .filter_map(|(at, entry)| moment(activity, at, entry))
                .collect(),
        )
    }

    /// What members did for others in the twelve weeks that end with `as_of`.
    #[must_use]
    pub fn helpers(
        &self,
        activity: &Activity,
        cut: &Cut,
        as_of: Date,
        zone: &TimeZone,
    ) -> BTreeMap<u32, Help> {
        let border = |weeks: usize| {
            midnight(
                as_of.saturating_add(Span::new().days(1 - 7 * weeks as i64)),
                zone,
            )
        };
        let borders: Vec<i64> = (0..=WEEKS).map(border).collect();
        let start = self.0.partition_point(|m| m.at < borders[WEEKS]);
        let end = self.0.partition_point(|m| m.at < borders[0]).max(start);
        let mut helps: FxHashMap<u32, Help> = FxHashMap::default();
        for moment in &self.0[start..end] {
            if !cut.takes(activity, &activity.entries[moment.entry as usize]) {
                continue;
            }
            let week = borders
                .partition_point(|border| *border > moment.at)
                .saturating_sub(1);
            let help = helps.entry(moment.person).or_default();
            help.weeks |= 1 << week;
            help.answers += u32::from(!moment.accepted);
            help.accepted += u32::from(moment.accepted);
            help.handle = moment.handle;
        }
        // Sorted first, a tree is built in one go.
        let mut helps: Vec<(u32, Help)> = helps.into_iter().collect();
        helps.sort_unstable_by_key(|(person, _)| *person);
        helps.into_iter().collect()
    }
}

/// The help that an entry is, if it is one.
fn moment(activity: &Activity, position: usize, entry: &Entry) -> Option<Moment> {
    let (handle, accepted) = match entry.kind() {
        Kind::MessagePosted if entry.has(flag::REPLY) => (entry.actor, false),
        // Whose answer it was: the author of the accepted message.
        Kind::AnswerAccepted if entry.parent != NOWHERE => {
            (activity.entries[entry.parent as usize].actor, true)
        }
        Kind::AnswerAccepted => (entry.target, true),
        _ => return None,
    };
    let person = activity.member_of(handle)?;
    if entry.thread != NOWHERE {
        let opener = &activity.entries[activity.threads[entry.thread as usize].opener as usize];
        let own = opener.human() == Some(person);
        if own || (!accepted && !opener.has(flag::QUESTION)) {
            return None;
        }
    } else if !accepted {
        return None;
    }
    Some(Moment {
        at: entry.at,
        entry: position as u32,
        person,
        handle,
        accepted,
    })
}

/// Why somebody is a champion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Helped in enough weeks.
    Steady,
    /// Accepted answers in the top 1 %.
    TopAnswers,
}

impl Rule {
    /// Name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "helped_6_of_12_weeks",
            Self::TopAnswers => "accepted_answers_top_1_percent",
        }
    }
}

/// The champions among helpers who are members just before `until` (µs).
#[must_use]
pub fn champions_among(
    helps: &BTreeMap<u32, Help>,
    spans: &Spans,
    until: i64,
) -> BTreeMap<u32, Rule> {
    let there = helps.iter().map(|(person, help)| (*person, *help));
    let there: Vec<(u32, Help)> = there
        .filter(|(person, _)| spans.member_at(*person, until - 1))
        .collect();
    by_rule(&there, spans.members_before(until))
}

/// Who of members who helped is a champion; `members` is the size of which 1 % (rounded up) is taken, ties at the border included.
pub(crate) fn by_rule(helps: &[(u32, Help)], members: u64) -> BTreeMap<u32, Rule> {
    let mut accepted: Vec<u32> = helps
        .iter()
        .map(|(_, help)| help.accepted)
        .filter(|n| *n > 0)
        .collect();
    accepted.sort_unstable_by(|a, b| b.cmp(a));
    let places = members.div_ceil(100) as usize;
    let least = places
        .checked_sub(1)
        .and_then(|last| accepted.get(last.min(accepted.len().saturating_sub(1))))
        .copied();
    helps
        .iter()
        .filter_map(|(person, help)| {
            if help.steady() >= STEADY {
                Some((*person, Rule::Steady))
            } else if help.accepted > 0 && least.is_some_and(|least| help.accepted >= least) {
                Some((*person, Rule::TopAnswers))
            } else {
                None
            }
        })
        .collect()
}
