//! From actor to cohort: how many handles reach a comparison, and why the others do not.
//!
//! Each stage's kept and lost add up to the kept of the stage before, per platform.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use levier_identity::{Membership, Node, PersonMembership, Resolution};

use crate::activity::Activities;
use crate::facts::Written;

/// The rows of the stages `actor`, `identified`, `in_crm`, `customer` and `cohort`.
pub fn rows(
    who: &Resolution,
    membership: &Membership,
    activities: &Activities,
    written: &Written,
    zone: &TimeZone,
    as_of: Date,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let stages = Stages::new(who);
    for (platform, handles) in activities.platforms(who) {
        let mut lines = Lines {
            platform,
            as_of,
            rows: &mut rows,
        };
        let (mut people, mut bot, mut staff) = (Vec::new(), 0, 0);
        for (person, is_bot) in handles {
            if is_bot {
                bot += 1;
            } else if membership.is_staff(who.id(person)) {
                staff += 1;
            } else {
                people.push(person);
            }
        }
        lines.stage(
            "actor",
            people.len() as u64,
            &[("bot", bot), ("staff", staff)],
        );
        let mut people: Vec<u32> = lines.keep(("identified", "no_identifier"), people, |person| {
            stages.identified[person as usize].then_some(person)
        });
        for (stage, reason, holds) in [
            ("in_crm", "not_in_crm", &stages.in_crm as &dyn Holds),
            ("customer", "never_bought", &Customer(written)),
            (
                "cohort",
                "no_purchase_before_joining",
                &History(written, who, membership, zone),
            ),
        ] {
            people = lines.keep((stage, reason), people, |person| {
                holds.holds(person).then_some(person)
            });
        }
    }
    for ((entity, reason), n) in &written.left_out {
        rows.push(line(
            "fact",
            entity.as_str(),
            "lost",
            Some(reason),
            *n,
            as_of,
        ));
    }
    rows
}

/// Something that holds of a person or does not.
trait Holds {
    fn holds(&self, person: u32) -> bool;
}

impl Holds for Vec<bool> {
    fn holds(&self, person: u32) -> bool {
        self.get(person as usize).copied().unwrap_or(false)
    }
}

fn since(written: &Written, person: u32) -> Option<Timestamp> {
    let since = *written.customer_since.get(person as usize)?;
    (since != i64::MAX)
        .then(|| Timestamp::from_microsecond(since).ok())
        .flatten()
}

struct Customer<'a>(&'a Written);

impl Holds for Customer<'_> {
    fn holds(&self, person: u32) -> bool {
        since(self.0, person).is_some()
    }
}

/// A customer for a month or more before joining: without it there is nothing to compare with.
struct History<'a>(&'a Written, &'a Resolution, &'a Membership, &'a TimeZone);

impl Holds for History<'_> {
    fn holds(&self, person: u32) -> bool {
        let joined = self
            .2
            .get(self.1.id(person))
            .and_then(PersonMembership::first_join);
        match (since(self.0, person), joined) {
            (Some(since), Some(joined)) => Month::at(since, self.3) < Month::at(joined, self.3),
            _ => false,
        }
    }
}

/// By person: known by more than a handle, and by a record.
struct Stages {
    identified: Vec<bool>,
    in_crm: Vec<bool>,
}

impl Stages {
    fn new(who: &Resolution) -> Self {
        let mut stages = Self {
            identified: vec![false; who.positions()],
            in_crm: vec![false; who.positions()],
        };
        for (node, person) in who.placed_nodes() {
            let person = person as usize;
            stages.in_crm[person] |= matches!(node, Node::Record { .. });
            stages.identified[person] |= !matches!(node, Node::Handle { .. } | Node::Span { .. });
        }
        stages
    }
}

struct Lines<'a> {
    platform: &'a str,
    as_of: Date,
    rows: &'a mut Vec<Row>,
}

impl Lines<'_> {
    /// A stage that keeps those for whom `keep` gives something.
    fn keep<T>(
        &mut self,
        (stage, reason): (&str, &str),
        people: Vec<T>,
        keep: impl FnMut(T) -> Option<u32>,
    ) -> Vec<u32> {
        let before = people.len();
        let kept: Vec<u32> = people.into_iter().filter_map(keep).collect();
        let lost = (before - kept.len()) as u64;
        self.stage(stage, kept.len() as u64, &[(reason, lost)]);
        kept
    }

    fn stage(&mut self, stage: &str, kept: u64, lost: &[(&str, u64)]) {
        self.rows
            .push(line(stage, self.platform, "kept", None, kept, self.as_of));
        for (reason, n) in lost {
            if *n > 0 {
                self.rows.push(line(
                    stage,
                    self.platform,
                    "lost",
                    Some(reason),
                    *n,
                    self.as_of,
                ));
            }
        }
    }
}

fn line(
    stage: &str,
    source: &str,
    outcome: &str,
    reason: Option<&str>,
    n: u64,
    as_of: Date,
) -> Row {
    let kind = if stage == "fact" { "rows" } else { "handles" };
    let mut row = Row::new(Status::Ok)
        .with("stage", stage)
        .with("source", source)
        .with("outcome", outcome)
        .with("kind", kind);
    row.as_of = Some(as_of);
    row.reason = reason.map(str::to_owned);
    row.n = Some(n);
    row
}
