//! What the people KPIs of one scope need once for all their periods.

use levier_domain::event::Kind;

use crate::activity::{flag, position};
use crate::days::Days;
use crate::inputs::Run;
use crate::membership::Span as Stay;
use crate::scope::{Entered, Scope, funnel};

/// Joins and leaves of one scope, by time.
pub(crate) struct Moves {
    joins: Vec<(i64, u32, bool)>,
    leaves: Vec<(i64, u32)>,
}

impl Moves {
    fn of(scope: &Scope<'_>, invited: &dyn Fn(u32) -> bool) -> Self {
        let told = |stay: &&Stay| !stay.implied;
        let mut joins: Vec<_> = scope
            .spans
            .all()
            .iter()
            .filter(told)
            .map(|stay| (stay.from, stay.person, invited(stay.person)))
            .collect();
        let mut leaves: Vec<_> = scope
            .spans
            .all()
            .iter()
            .filter(|s| s.to != i64::MAX)
            .map(|s| (s.to, s.person))
            .collect();
        joins.sort_unstable();
        leaves.sort_unstable();
        Self { joins, leaves }
    }

    pub fn joined(&self, from: i64, to: i64) -> &[(i64, u32, bool)] {
        let start = self.joins.partition_point(|j| j.0 < from);
        &self.joins[start..self.joins.partition_point(|j| j.0 < to).max(start)]
    }

    pub fn left(&self, from: i64, to: i64) -> &[(i64, u32)] {
        let start = self.leaves.partition_point(|l| l.0 < from);
        &self.leaves[start..self.leaves.partition_point(|l| l.0 < to).max(start)]
    }
}

/// What a scope needs once for all its periods.
pub(crate) struct Material {
    pub moves: Moves,
    pub days: Days,
    pub registered: Vec<Entered>,
    pub delivered: Vec<Entered>,
    /// Lives attended: when, which, by whom.
    pub attended: Vec<(i64, u64, u32)>,
    /// Direct messages between members: when, and the two, the smaller first.
    pub direct: Vec<(i64, u32, u32)>,
    pub has: Present,
}

/// What occurs at all in a scope.
#[derive(Default)]
pub(crate) struct Present {
    kinds: u64,
    pub direct: bool,
    pub scored: bool,
}

impl Present {
    /// Up to `now`.
    fn of(scope: &Scope<'_>, now: i64) -> Self {
        let mut flags = 0;
        let mut kinds = 0;
        for (_, entry) in scope.between(i64::MIN, now) {
            flags |= entry.flags;
            kinds |= 1 << entry.kind;
        }
        Self {
            kinds,
            direct: flags & flag::DIRECT != 0,
            scored: flags & flag::SCORED != 0,
        }
    }

    pub fn kind(&self, kind: Kind) -> bool {
        self.kinds & 1 << position(kind) != 0
    }
}

impl Material {
    /// Gathers it, in a few passes over the events.
    pub fn of(run: &Run<'_>, scope: &Scope<'_>) -> Self {
        let invited = invitations(scope);
        let has = Present::of(scope, run.now);
        let in_channel = scope.cut.channel.is_some();
        let all = |kind: Kind, then: &[Kind]| {
            if has.kind(kind) {
                funnel(scope, kind, then, run.now)
            } else {
                Vec::new()
            }
        };
        let members = |kind: Kind, wanted: u32| {
            // What does not occur is not looked for.
            let until = if has.kind(kind) { run.now } else { i64::MIN };
            scope
                .between(i64::MIN, until)
                .filter(move |(_, e)| e.kind() == kind && e.flags & wanted == wanted)
                .filter_map(|(_, e)| Some((e, e.member()?)))
        };
        let direct = if has.direct { flag::DIRECT } else { u32::MAX };
        Self {
            days: if in_channel {
                Days::default()
            } else {
                Days::of(run, scope)
            },
            moves: Moves::of(scope, &|person| invited.binary_search(&person).is_ok()),
            registered: all(Kind::LiveRegistered, &[]),
            delivered: all(
                Kind::NotificationDelivered,
                &[Kind::NotificationOpened, Kind::NotificationClicked],
            ),
            attended: members(Kind::LiveAttended, 0)
                .map(|(e, person)| (e.at, e.item, person))
                .collect(),
            direct: members(Kind::MessagePosted, direct)
                .filter_map(|(e, from)| Some((e.at, from, scope.activity.member_of(e.target)?)))
                .filter(|(_, from, to)| from != to)
                .map(|(at, from, to)| (at, from.min(to), from.max(to)))
                .collect(),
            has,
        }
    }

    /// Lives attended in a stretch, once per person and live.
    pub fn attended(&self, from: i64, to: i64) -> Vec<(u64, u32)> {
        let start = self.attended.partition_point(|a| a.0 < from);
        let end = self.attended.partition_point(|a| a.0 < to).max(start);
        let mut attended: Vec<(u64, u32)> = self.attended[start..end]
            .iter()
            .map(|a| (a.1, a.2))
            .collect();
        attended.sort_unstable();
        attended.dedup();
        attended
    }
}

/// People whose join was invited.
fn invitations(scope: &Scope<'_>) -> Vec<u32> {
    let mut invited: Vec<u32> = scope
        .between(i64::MIN, i64::MAX)
        .filter(|(_, e)| {
            e.kind() == Kind::InviteAccepted
                || (e.kind() == Kind::MemberJoined && e.has(flag::INVITED))
        })
        .filter_map(|(_, e)| e.member())
        .collect();
    invited.sort_unstable();
    invited.dedup();
    invited
}
