//! What the people KPIs of one scope need once for all their periods.

use levier_domain::event::Kind;

use crate::activity::{NONE, flag, position};
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
    /// `invitations` are those accepted, by person and time.
    fn of(scope: &Scope<'_>, invitations: &[(u32, i64)]) -> Self {
        let mut joins = Vec::new();
        let mut before: Option<&Stay> = None;
        for stay in scope.spans.all() {
            // An invitation is to the stay in which it was accepted, or to the next one.
            let since = before
                .filter(|before| before.person == stay.person)
                .map_or(i64::MIN, |before| before.to);
            before = Some(stay);
            if !stay.implied {
                let next = invitations.partition_point(|at| *at < (stay.person, since));
                let invited = invitations
                    .get(next)
                    .is_some_and(|at| *at < (stay.person, stay.to));
                joins.push((stay.from, stay.person, invited));
            }
        }
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
    /// A direct message of which is told to whom.
    pub direct: bool,
    pub scored: bool,
}

impl Present {
    /// Up to `now`.
    fn of(scope: &Scope<'_>, now: i64) -> Self {
        let mut flags = 0;
        let mut kinds = 0;
        let mut direct = false;
        for (_, entry) in scope.between(i64::MIN, now) {
            flags |= entry.flags;
            kinds |= 1 << entry.kind;
            direct |= entry.has(flag::DIRECT) && entry.target != NONE;
        }
        Self {
            kinds,
            direct,
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
            moves: Moves::of(scope, &invitations(scope)),
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

/// Who accepted an invitation when, by person and time.
fn invitations(scope: &Scope<'_>) -> Vec<(u32, i64)> {
    let mut invited: Vec<(u32, i64)> = scope
        .between(i64::MIN, i64::MAX)
        .filter(|(_, e)| {
            e.kind() == Kind::InviteAccepted
                || (e.kind() == Kind::MemberJoined && e.has(flag::INVITED))
        })
        .filter_map(|(_, e)| Some((e.member()?, e.at)))
        .collect();
    invited.sort_unstable();
    invited
}
