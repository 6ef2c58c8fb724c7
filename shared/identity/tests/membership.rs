//! Membership, by case.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use levier_domain::config::Staff;
use levier_domain::entity::Entity;
use levier_domain::event::{Event, Kind, attribute};
use levier_domain::record::{Record, Value};
use levier_identity::{
    Evidence, ExplicitLink, Identifiers, Membership, MembershipEvidence, Options, Resolution,
    resolve,
};
use proptest::prelude::*;

fn day(n: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + n * 86_400).unwrap()
}

fn event(handle: &str, kind: Kind, n: i64) -> Event {
    let mut event = Event::new(
        "slack",
        "main",
        "hook",
        kind,
        day(n),
        &[handle, &n.to_string()],
    );
    event.actor = Some(handle.to_owned());
    event
}

fn roster(handle: &str, joined: Option<i64>, left: Option<i64>, role: &str, known: i64) -> Record {
    let mut record = Record::new(Entity::Members);
    for (name, value) in [
        ("source", Value::Text("levier".to_owned())),
        ("community", Value::Text("main".to_owned())),
        ("platform", Value::Text("Slack".to_owned())),
        ("handle", Value::Text(handle.to_owned())),
        ("role", Value::Text(role.to_owned())),
        (
            "joined_at",
            joined.map_or(Value::Null, |n| Value::Instant(day(n))),
        ),
        (
            "left_at",
            left.map_or(Value::Null, |n| Value::Instant(day(n))),
        ),
        ("known_from", Value::Instant(day(known))),
    ] {
        assert!(record.set(name, value), "{name}");
    }
    record
}

fn build(
    events: &[Event],
    records: &[Record],
    staff: &Staff,
    more: impl FnOnce(&mut Evidence),
) -> (Resolution, Membership) {
    let (mut evidence, mut members) = (Evidence::new(), MembershipEvidence::new());
    for event in events {
        if let Some(actor) = evidence.add_event(event) {
            members.add_event(event, actor);
        }
    }
    for record in records {
        if let Some(handle) = evidence.add_record(record) {
            members.add_roster(record, handle);
        }
    }
    more(&mut evidence);
    let who = resolve(evidence, &Options::default());
    let members = members.finish(&who, staff);
    (who, members)
}

fn intervals(members: &Membership) -> Vec<(i64, Option<i64>)> {
    let number = |at: Timestamp| (at.as_second() - day(0).as_second()) / 86_400;
    members
        .people()
        .iter()
        .flat_map(|person| person.intervals(Some("main")))
        .map(|interval| (number(interval.joined), interval.left.map(number)))
        .collect()
}

#[test]
fn intervals_follow_joins_leaves_and_rosters() {
    use Kind::{
        MemberJoined as Joined, MemberLeft as Left, MessagePosted as Posted,
        NotificationOpened as Opened,
    };
    let of = |line: &[(Kind, i64)]| {
        line.iter()
            .map(|&(kind, n)| event("U", kind, n))
            .collect::<Vec<_>>()
    };
    type Case<'a> = (&'a str, Vec<Event>, Vec<Record>, Vec<(i64, Option<i64>)>);
    let cases: Vec<Case<'_>> = vec![
        (
            "joined and stayed",
            of(&[(Joined, 1), (Posted, 5)]),
            vec![],
            vec![(1, None)],
        ),
        (
            "joined and left",
            of(&[(Joined, 1), (Left, 9)]),
            vec![],
            vec![(1, Some(9))],
        ),
        (
            "came back",
            of(&[(Joined, 1), (Left, 3), (Joined, 7)]),
            vec![],
            vec![(1, Some(3)), (7, None)],
        ),
        (
            "only contributed",
            of(&[(Posted, 4), (Posted, 8)]),
            vec![],
            vec![(4, None)],
        ),
        (
            "contributed before the join was seen",
            of(&[(Posted, 2), (Joined, 6)]),
            vec![],
            vec![(2, None)],
        ),
        (
            "contributed after leaving",
            of(&[(Joined, 1), (Left, 3), (Posted, 5)]),
            vec![],
            vec![(1, Some(3))],
        ),
        ("only read", of(&[(Opened, 2)]), vec![], vec![]),
        ("left without a join", of(&[(Left, 2)]), vec![], vec![]),
        (
            "joined and left at once",
            of(&[(Left, 2), (Joined, 2)]),
            vec![],
            vec![(2, None)],
        ),
        (
            "roster with dates",
            vec![],
            vec![roster("U", Some(1), Some(4), "member", 20)],
            vec![(1, Some(4))],
        ),
        (
            "roster without a date",
            vec![],
            vec![roster("U", None, None, "member", 20)],
            vec![(20, None)],
        ),
        (
            "roster without a date, of somebody active before",
            of(&[(Posted, 3)]),
            vec![roster("U", None, None, "member", 20)],
            vec![(3, None)],
        ),
        (
            "roster of somebody who had left",
            vec![],
            vec![roster("U", None, Some(4), "member", 20)],
            vec![],
        ),
        (
            "staff in the roster",
            of(&[(Joined, 1)]),
            vec![roster("U", Some(1), None, "staff", 20)],
            vec![],
        ),
        (
            "bot in the roster",
            of(&[(Joined, 1)]),
            vec![roster("U", Some(1), None, "bot", 20)],
            vec![],
        ),
    ];
    for (case, events, records, want) in cases {
        let (_, members) = build(&events, &records, &Staff::default(), |_| {});
        assert_eq!(intervals(&members), want, "{case}");
    }
}

#[test]
fn two_handles_of_one_person_are_one_membership() {
    let mut first = event("U", Kind::MemberJoined, 1);
    let mut second = event("V", Kind::MemberJoined, 3);
    for event in [&mut first, &mut second] {
        event
            .attributes
            .insert(attribute::EMAIL_KEY.to_owned(), "a".to_owned());
    }
    let (who, members) = build(
        &[first, second, event("U", Kind::MemberLeft, 5)],
        &[],
        &Staff::default(),
        |_| {},
    );
    assert_eq!(members.people().len(), 1);
    assert_eq!(intervals(&members), [(1, None)]);
    let person = members
        .get(who.person_of_handle("slack", "V").unwrap())
        .unwrap();
    assert_eq!(person.first_join(), Some(day(1)));
    assert!(
        !person.is_member_at(day(0)) && person.is_member_at(day(1)) && person.is_member_at(day(9))
    );
    assert!(!person.is_member_of_at("other", day(9)));
    assert_eq!(person.left_for_good(), None);
}

#[test]
fn staff_are_known_by_handle_id_and_domain() {
    let join = || [event("U", Kind::MemberJoined, 1)];
    let crm = |evidence: &mut Evidence| {
        evidence.add_person(
            "hubspot",
            "1",
            &Identifiers {
                email_domain: Some("exemple.fr"),
                ..Identifiers::default()
            },
        );
        evidence.add_link(
            "levier",
            "slack",
            "U",
            &ExplicitLink {
                person_id: Some("1"),
                same: true,
                ..ExplicitLink::default()
            },
        );
    };
    let text = |text: &str| vec![text.to_owned()];
    for (case, staff, want) in [
        ("nobody", Staff::default(), 1),
        (
            "handle",
            Staff {
                handles: text("slack:U"),
                ..Staff::default()
            },
            0,
        ),
        (
            "id",
            Staff {
                person_ids: text("1"),
                ..Staff::default()
            },
            0,
        ),
        (
            "domain",
            Staff {
                domains: text("Exemple.fr"),
                ..Staff::default()
            },
            0,
        ),
        (
            "another domain",
            Staff {
                domains: text("autre.fr"),
                ..Staff::default()
            },
            1,
        ),
    ] {
        let (who, members) = build(&join(), &[], &staff, crm);
        assert_eq!(members.people().len(), want, "{case}");
        assert_eq!(
            members.is_staff(who.person_of_handle("slack", "U").unwrap()),
            want == 0,
            "{case}"
        );
    }
}

#[test]
fn a_handle_that_changes_hands_changes_the_member() {
    let (who, members) = build(
        &[event("U", Kind::MemberJoined, 1)],
        &[],
        &Staff::default(),
        |evidence| {
            for (id, since, until) in [("1", None, Some(day(5))), ("2", Some(day(5)), None)] {
                evidence.add_link(
                    "levier",
                    "slack",
                    "U",
                    &ExplicitLink {
                        person_id: Some(id),
                        since,
                        until,
                        same: true,
                        ..ExplicitLink::default()
                    },
                );
            }
        },
    );
    let stay = |id: &str| {
        let person = who.person_of_record("levier", id).unwrap();
        members.get(person).unwrap().intervals(None)
    };
    assert_eq!(
        (stay("1")[0].joined, stay("1")[0].left),
        (day(1), Some(day(5)))
    );
    assert_eq!((stay("2")[0].joined, stay("2")[0].left), (day(5), None));
}

proptest! {
    #[test]
    fn intervals_are_apart_and_in_order_whatever_the_order_of_events(
        line in proptest::collection::vec((0..3_usize, 0..3_usize, 0..30_i64), 0..30), turn in 0..30_usize,
    ) {
        const KINDS: [Kind; 3] = [Kind::MemberJoined, Kind::MemberLeft, Kind::MessagePosted];
        let events: Vec<Event> = line.iter().map(|&(handle, kind, n)| event(["U", "V", "W"][handle], KINDS[kind], n)).collect();
        let mut turned = events.clone();
        turned.rotate_left(turn.min(events.len()));
        turned.reverse();
        let (_, members) = build(&events, &[], &Staff::default(), |_| {});
        let (_, same) = build(&turned, &[], &Staff::default(), |_| {});
        prop_assert_eq!(&members, &same);
        // In two parts, the second taken in by the first.
        let (mut evidence, mut parts) = (Evidence::new(), MembershipEvidence::new());
        for part in turned.chunks(turn.max(1)) {
            let (mut theirs, mut seats) = (Evidence::new(), MembershipEvidence::new());
            for event in part {
                if let Some(actor) = theirs.add_event(event) {
                    seats.add_event(event, actor);
                }
            }
            let renumbered = evidence.merge(theirs);
            parts.merge(seats, &renumbered);
        }
        let who = resolve(evidence, &Options::default());
        prop_assert_eq!(&members, &parts.finish(&who, &Staff::default()));
        for person in members.people() {
            let intervals = person.intervals(None);
            for interval in &intervals {
                prop_assert!(interval.left.is_none_or(|left| interval.joined < left));
            }
            for two in intervals.windows(2) {
                prop_assert!(two[0].left.is_some_and(|left| left < two[1].joined));
            }
        }
    }
}
