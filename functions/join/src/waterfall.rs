//! From actor to cohort: how many handles reach a comparison, and why the others do not.
//!
//! Each stage's kept and lost add up to the kept of the stage before, per platform.

use jiff::civil::Date;
use levier_domain::table::{Row, Status};
use levier_identity::{Membership, Resolution};

use crate::activity::Activities;
use crate::commerce::Commerce;
use crate::facts::Facts;

/// The rows of the stages `actor`, `identified`, `in_crm`, `customer` and `cohort`.
pub fn rows(
    who: &Resolution,
    membership: &Membership,
    activities: &Activities,
    commerce: &Commerce,
    facts: &Facts<'_>,
    as_of: Date,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let outcomes = handle_outcomes(who);
    for (platform, handles) in &activities.by_handle {
        let mut lines = Lines {
            platform,
            as_of,
            rows: &mut rows,
        };
        let none = std::collections::BTreeSet::new();
        let bots = activities.bots.get(platform).unwrap_or(&none);
        let (mut people, mut bot, mut staff) = (Vec::new(), 0, 0);
        for handle in handles.keys() {
            let person = who.person_of_handle(platform, handle);
            if bots.contains(handle) {
                bot += 1;
            } else if person.is_some_and(|person| membership.is_staff(person)) {
                staff += 1;
            } else {
                people.push((handle.as_str(), person));
            }
        }
        lines.stage(
            "actor",
            people.len() as u64,
            &[("bot", bot), ("staff", staff)],
        );
        let before = people.len() as u64;
        people.retain(|(_, person)| {
            person.is_some_and(|person| outcomes.identified.contains(person))
        });
        lines.stage(
            "identified",
            people.len() as u64,
            &[("no_identifier", before - people.len() as u64)],
        );
        let before = people.len() as u64;
        people.retain(|(_, person)| person.is_some_and(|person| outcomes.in_crm.contains(person)));
        lines.stage(
            "in_crm",
            people.len() as u64,
            &[("not_in_crm", before - people.len() as u64)],
        );
        let before = people.len() as u64;
        people.retain(|(_, person)| person.is_some_and(|person| facts.is_customer(person)));
        lines.stage(
            "customer",
            people.len() as u64,
            &[("never_bought", before - people.len() as u64)],
        );
        let before = people.len() as u64;
        people.retain(|(_, person)| {
            person.is_some_and(|person| facts.has_history_before_joining(person))
        });
        lines.stage(
            "cohort",
            people.len() as u64,
            &[("no_purchase_before_joining", before - people.len() as u64)],
        );
    }
    for (why, n) in &commerce.left_out {
        let (entity, reason) = why.split_once(": ").unwrap_or(("rows", why));
        rows.push(line("fact", entity, "lost", Some(reason), *n, as_of));
    }
    rows
}

struct Outcomes<'a> {
    in_crm: std::collections::BTreeSet<&'a str>,
    identified: std::collections::BTreeSet<&'a str>,
}

fn handle_outcomes(who: &Resolution) -> Outcomes<'_> {
    let in_crm = who.records().map(|(_, _, person)| person).collect();
    let identified = who
        .nodes()
        .filter(|(node, _)| {
            !matches!(
                node,
                levier_identity::Node::Handle { .. } | levier_identity::Node::Span { .. }
            )
        })
        .map(|(_, person)| person)
        .collect();
    Outcomes { in_crm, identified }
}

struct Lines<'a> {
    platform: &'a str,
    as_of: Date,
    rows: &'a mut Vec<Row>,
}

impl Lines<'_> {
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
