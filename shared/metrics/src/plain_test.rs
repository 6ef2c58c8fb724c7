//! The catalogue once more, by scans over the list of events: slow, plain, written from KPIS.md and sharing no code with the
//! counts that it checks. `tests/oracle` does the same for all KPIs, in SQL, where DuckDB is at hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use jiff::civil::date;
use jiff::tz::TimeZone;
use levier_domain::event::{Event, Kind, attribute};
use levier_domain::table::Row;
use proptest::prelude::*;

use crate::property_test::{build, config, event, happenings};
use crate::{Inputs, kpis};

const COMMUNITY: &str = "main";

/// Everything that happened in one community, bare.
struct Plain {
    events: Vec<Event>,
}

impl Plain {
    fn actor(event: &Event) -> &str {
        event.actor.as_deref().unwrap()
    }

    fn named(event: &Event) -> Option<&str> {
        event.attributes.get(attribute::MESSAGE).map(String::as_str)
    }

    fn staff(event: &Event) -> bool {
        Self::actor(event) == "u0"
    }

    fn deleted(&self, message: &str) -> bool {
        let deletes =
            |e: &&Event| e.kind == Kind::MessageDeleted && Self::named(e) == Some(message);
        self.posted(message) && self.events.iter().any(|e| deletes(&e))
    }

    fn posted(&self, message: &str) -> bool {
        self.events
            .iter()
            .any(|e| e.kind == Kind::MessagePosted && Self::named(e) == Some(message))
    }

    /// Whether a reaction was taken back: reading its person's acts on its message in order of time, a removal takes the last one.
    fn taken_back(&self, reaction: &Event) -> bool {
        let mut acts: Vec<&Event> = self
            .events
            .iter()
            .filter(|e| matches!(e.kind, Kind::ReactionAdded | Kind::ReactionRemoved))
            .filter(|e| e.actor == reaction.actor && Self::named(e) == Self::named(reaction))
            .collect();
        acts.sort_by_key(|e| (e.occurred_at, e.kind));
        let mut standing: Vec<&str> = Vec::new();
        for act in acts {
            if act.kind == Kind::ReactionAdded {
                standing.push(&act.event_id);
            } else {
                standing.pop();
            }
        }
        !standing.contains(&reaction.event_id.as_str())
    }

    fn counts(&self, event: &Event) -> bool {
        !Self::staff(event)
            && match event.kind {
                Kind::MessagePosted => !self.deleted(Self::named(event).unwrap()),
                Kind::ReactionAdded => {
                    !self.deleted(Self::named(event).unwrap()) && !self.taken_back(event)
                }
                _ => true,
            }
    }

    fn contributions(&self) -> Vec<&Event> {
        self.events
            .iter()
            .filter(|e| e.kind.is_contribution() && self.counts(e))
            .collect()
    }

    /// Joins and leaves of a person, `(instant, joins)`; the first contribution where nobody's join is told.
    fn moves(&self, person: &str) -> Vec<(i64, bool)> {
        let told = self.events.iter().any(|e| e.kind == Kind::MemberJoined);
        let mut moves: Vec<(i64, bool)> = self
            .events
            .iter()
            .filter(|e| matches!(e.kind, Kind::MemberJoined | Kind::MemberLeft))
            .filter(|e| Self::actor(e) == person)
            .map(|e| (e.occurred_at.as_microsecond(), e.kind == Kind::MemberJoined))
            .collect();
        if !told {
            let contributions = self.contributions();
            let own = contributions.iter().filter(|e| Self::actor(e) == person);
            moves.extend(own.map(|e| (e.occurred_at.as_microsecond(), true)).min());
        }
        moves.sort_unstable();
        moves
    }

    fn people(&self) -> BTreeSet<&str> {
        self.events
            .iter()
            .filter(|e| !Self::staff(e))
            .map(Self::actor)
            .collect()
    }

    /// Whether a member at an instant: the last move on or before it was a join.
    fn member(&self, person: &str, at: i64) -> bool {
        self.moves(person)
            .iter()
            .take_while(|(when, _)| *when <= at)
            .last()
            .is_some_and(|(_, joins)| *joins)
    }

    fn members(&self, at: i64) -> usize {
        self.people()
            .iter()
            .filter(|person| self.member(person, at))
            .count()
    }

    /// Moves within a stretch that changed something: joins of who was no member, leaves of who was one.
    fn changes(&self, from: i64, to: i64, joins: bool) -> usize {
        let told = self.events.iter().any(|e| e.kind == Kind::MemberJoined);
        if joins && !told {
            return 0;
        }
        self.people()
            .iter()
            .map(|person| {
                let instants: BTreeSet<i64> = self.moves(person).iter().map(|m| m.0).collect();
                instants
                    .into_iter()
                    .filter(|at| (from..to).contains(at))
                    .filter(|at| {
                        let before = self.member(person, at - 1);
                        let moves = self.moves(person);
                        let here = |joins| moves.contains(&(*at, joins));
                        // At one instant the leave comes first.
                        if joins {
                            here(true) && (!before || here(false))
                        } else {
                            here(false) && before
                        }
                    })
                    .count()
            })
            .sum()
    }
}

fn published(rows: &[Row], kpi: &str, item: &str, month: &str) -> Option<f64> {
    rows.iter()
        .find(|row| {
            row.kpi.as_deref() == Some(kpi)
                && row.period.as_deref() == Some(month)
                && row.community.as_deref() == Some(COMMUNITY)
                && row.segment.as_deref() == Some("all")
                && ["platform", "channel"]
                    .iter()
                    .all(|c| row.text(c) == Some("all"))
                && row.text("item") == Some(item)
        })
        .and_then(|row| row.value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn plain_scans_find_the_same_figures(happened in happenings()) {
        let config = config(0);
        let numbered: Vec<_> = happened.into_iter().enumerate().collect();
        let activity = build(&numbered, &config);
        let inputs = Inputs { activity: Some(&activity), ..Inputs::default() };
        let rows = kpis(&inputs, date(2026, 3, 10), &config);
        let events: Vec<Event> = numbered
            .iter()
            .map(|(at, happening)| event(*at, happening))
            .filter(|e| e.community == COMMUNITY)
            .collect();
        prop_assume!(!events.is_empty());
        let left = |happening: &(usize, _)| event(happening.0, &happening.1).kind == Kind::MemberLeft;
        let told_leaves = numbered.iter().any(left);
        let plain = Plain { events };
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let midnight = |year, month, day| {
            date(year, month, day).to_zoned(paris.clone()).unwrap().timestamp().as_microsecond()
        };
        for (month, from, to) in [
            ("2026-01", midnight(2026, 1, 1), midnight(2026, 2, 1)),
            ("2026-02", midnight(2026, 2, 1), midnight(2026, 3, 1)),
            ("2026-03", midnight(2026, 3, 1), midnight(2026, 3, 11)),
        ] {
            // A month before anything happened has no rows.
            if published(&rows, "members", "all", month).is_none() {
                continue;
            }
            let inside = |e: &&&Event| (from..to).contains(&e.occurred_at.as_microsecond());
            let contributions = plain.contributions();
            let here: Vec<&&Event> = contributions.iter().filter(inside).collect();
            let active: BTreeSet<&str> = here
                .iter()
                .filter(|e| plain.member(Plain::actor(e), e.occurred_at.as_microsecond()))
                .map(|e| Plain::actor(e))
                .collect();
            let (start, end) = (plain.members(from - 1), plain.members(to - 1));
            let (joins, leaves) = (plain.changes(from, to, true), plain.changes(from, to, false));
            let messages = here.iter().filter(|e| e.kind == Kind::MessagePosted).count();
            let lives: BTreeSet<(&str, Option<&String>)> = here
                .iter()
                .filter(|e| e.kind == Kind::LiveAttended)
                .map(|e| (Plain::actor(e), e.attributes.get(attribute::SUBJECT)))
                .collect();
            let ratio = |top: usize, bottom: f64| (bottom > 0.0).then(|| top as f64 / bottom);
            for (kpi, item, want) in [
                ("registrations", "all", Some(joins as f64)),
                ("new_members_net", "all", Some(joins as f64 - leaves as f64)),
                ("members", "all", Some(end as f64)),
                ("messages", "all", Some(messages as f64)),
                ("active_members", "all", Some(active.len() as f64)),
                ("leave_rate", "all", ratio(leaves, start as f64).filter(|_| told_leaves)),
                ("engagement_rate", "all", ratio(active.len(), (start + end) as f64 / 2.0)),
                ("activity_per_member", "all", ratio(here.len(), end as f64)),
                ("activity_per_active_member", "all", ratio(here.len(), active.len() as f64)),
                ("messages_per_member", "all", ratio(messages, end as f64)),
            ] {
                prop_assert_eq!(published(&rows, kpi, item, month), want, "{} {}", kpi, month);
            }
            if let Some(attended) = published(&rows, "live_attendees", "all", month) {
                prop_assert_eq!(attended, lives.len() as f64);
            }
        }
    }
}
