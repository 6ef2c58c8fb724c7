//! What holds whatever the evidence.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use levier_domain::config::Join;
use levier_identity::{Evidence, ExplicitLink, Identifiers, Node, Options, Resolution, resolve};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Fact {
    Handle(u8, u8, Option<u8>, Option<u8>, Option<u8>),
    Person(u8, u8, Option<u8>, Option<u8>, bool),
    Mention(u8, Option<u8>, Option<u8>),
    Roster(u8, u8, u8),
    Link(u8, u8, u8, bool),
}

const SOURCES: [&str; 3] = ["hubspot", "shopify", "levier"];
const PLATFORMS: [&str; 2] = ["slack", "forum"];

/// Records below this number are early, the others late.
const EARLY: u8 = 7;

/// When a record was created: in no order of names, and late ones after all early ones.
fn created(source: u8, id: u8) -> Timestamp {
    let shuffled = (i64::from(source) * 7 + i64::from(id)) * 5 % 21;
    let day = shuffled + if id < EARLY { 0 } else { 1000 };
    Timestamp::from_second(day * 86_400).unwrap()
}

fn add(evidence: &mut Evidence, fact: &Fact) {
    let text = |prefix: &str, n: u8| format!("{prefix}{n}");
    match *fact {
        Fact::Handle(platform, handle, email, phone, external) => {
            let (email, phone) = (email.map(|n| text("e", n)), phone.map(|n| text("p", n)));
            let external = external.map(|n| text("", n));
            evidence.add_handle(
                PLATFORMS[platform as usize],
                &text("u", handle),
                &Identifiers {
                    email_key: email.as_deref(),
                    phone_key: phone.as_deref(),
                    external_id: external.as_deref(),
                    ..Identifiers::default()
                },
            );
        }
        Fact::Person(source, id, email, phone, role) => {
            let (email, phone) = (email.map(|n| text("e", n)), phone.map(|n| text("p", n)));
            evidence.add_person(
                SOURCES[source as usize],
                &text("", id),
                &Identifiers {
                    email_key: email.as_deref(),
                    email_is_role: role,
                    phone_key: phone.as_deref(),
                    created_at: Some(created(source, id)),
                    ..Identifiers::default()
                },
            );
        }
        Fact::Mention(source, id, email) => {
            let (id, email) = (id.map(|n| text("", n)), email.map(|n| text("e", n)));
            evidence.add_mention(SOURCES[source as usize], id.as_deref(), email.as_deref());
        }
        Fact::Roster(platform, handle, id) => {
            evidence.add_roster(
                "levier",
                PLATFORMS[platform as usize],
                &text("u", handle),
                Some(&text("", id)),
                &Identifiers::default(),
            );
        }
        Fact::Link(platform, handle, id, same) => {
            evidence.add_link(
                "levier",
                PLATFORMS[platform as usize],
                &text("u", handle),
                &ExplicitLink {
                    person_id: Some(&text("", id)),
                    same,
                    ..ExplicitLink::default()
                },
            );
        }
    }
}

fn fact() -> impl Strategy<Value = Fact> {
    let some = |n: u8| proptest::option::of(0..n);
    prop_oneof![
        4 => (0..2_u8, 0..6_u8, some(8), some(5), some(7)).prop_map(|(a, b, c, d, e)| Fact::Handle(a, b, c, d, e)),
        4 => (0..3_u8, 0..7_u8, some(8), some(5), proptest::bool::weighted(0.05)).prop_map(|(a, b, c, d, e)| Fact::Person(a, b, c, d, e)),
        2 => (0..3_u8, some(7), some(8)).prop_map(|(a, b, c)| Fact::Mention(a, b, c)),
        1 => (0..2_u8, 0..6_u8, 0..7_u8).prop_map(|(a, b, c)| Fact::Roster(a, b, c)),
        1 => (0..2_u8, 0..6_u8, 0..7_u8, proptest::bool::ANY).prop_map(|(a, b, c, d)| Fact::Link(a, b, c, d)),
    ]
}

const OPTIONS: Options = Options {
    join: Join {
        max_cluster: 6,
        max_records_per_email: 3,
        persons_per_bucket: 1,
    },
};

fn of(facts: &[Fact]) -> Resolution {
    let mut evidence = Evidence::new();
    for fact in facts {
        add(&mut evidence, fact);
    }
    resolve(evidence, &OPTIONS)
}

fn told(who: &Resolution) -> String {
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        who.nodes().collect::<Vec<_>>(),
        who.links().collect::<Vec<_>>(),
        who.conflicts().collect::<Vec<_>>(),
        who.review().collect::<Vec<_>>(),
        who.waterfall(),
    )
}

fn late_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (0..3_u8, EARLY..EARLY + 5, proptest::option::of(0..8_u8))
            .prop_map(|(a, b, c)| Fact::Person(a, b, c, None, false)),
        (0..2_u8, 6..9_u8, proptest::option::of(0..8_u8))
            .prop_map(|(a, b, c)| Fact::Handle(a, b, c, None, None)),
    ]
}

/// Persons by the early records that a people file declares of them.
fn by_early_records(who: &Resolution, facts: &[Fact]) -> BTreeMap<BTreeSet<(u8, u8)>, String> {
    let mut records: BTreeMap<&str, BTreeSet<(u8, u8)>> = BTreeMap::new();
    for fact in facts {
        if let Fact::Person(source, id, ..) = *fact
            && let Some(person) = who.person_of_record(SOURCES[source as usize], &id.to_string())
        {
            records.entry(person).or_default().insert((source, id));
        }
    }
    records
        .into_iter()
        .map(|(person, records)| (records, person.to_owned()))
        .collect()
}

/// Pairs of nodes that are one person.
fn merged(who: &Resolution) -> BTreeSet<(String, String)> {
    let mut by_person: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (node, person) in who.nodes() {
        by_person.entry(person).or_default().push(node.to_string());
    }
    by_person
        .values()
        .flat_map(|nodes| {
            nodes
                .iter()
                .flat_map(|a| nodes.iter().map(|b| (a.clone(), b.clone())))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn order_and_repetition_do_not_matter(facts in proptest::collection::vec(fact(), 0..50), seed in any::<u64>()) {
        let mut shuffled = facts.clone();
        shuffled.extend(facts.iter().take(10).cloned());
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(told(&of(&facts)), told(&of(&shuffled)));
    }

    #[test]
    fn evidence_taken_in_part_by_part_is_the_same(
        facts in proptest::collection::vec(fact(), 0..50), size in 1..20_usize,
    ) {
        let mut whole = Evidence::new();
        for part in facts.chunks(size) {
            let mut evidence = Evidence::new();
            for fact in part {
                add(&mut evidence, fact);
            }
            whole.merge(evidence);
        }
        prop_assert_eq!(told(&of(&facts)), told(&resolve(whole, &OPTIONS)));
    }

    #[test]
    fn what_is_created_later_renames_nobody_who_survives(
        facts in proptest::collection::vec(fact(), 0..50),
        late in proptest::collection::vec(late_fact(), 1..20),
    ) {
        let before = by_early_records(&of(&facts), &facts);
        let mut all = facts.clone();
        all.extend(late);
        let after = by_early_records(&of(&all), &facts);
        for (records, person) in &before {
            if let Some(now) = after.get(records) {
                prop_assert_eq!(person, now, "{:?}", records);
            }
        }
    }

    #[test]
    fn nobody_has_two_ids_of_one_source_or_is_a_crowd(facts in proptest::collection::vec(fact(), 0..60)) {
        let who = of(&facts);
        let mut ids: BTreeMap<(&str, String), String> = BTreeMap::new();
        let mut size: BTreeMap<&str, usize> = BTreeMap::new();
        for (node, person) in who.nodes() {
            if !matches!(node, Node::Email(_)) {
                *size.entry(person).or_default() += 1;
            }
            if let Node::Record { source, id } = node {
                let held = ids.insert((person, source.to_owned()), id.to_owned());
                prop_assert_eq!(held, None);
            }
        }
        prop_assert!(size.values().all(|&n| n <= OPTIONS.join.max_cluster));
    }

    #[test]
    fn one_more_undoing_never_merges_more(
        facts in proptest::collection::vec(fact(), 0..60),
        platform in 0..2_u8, handle in 0..6_u8, id in 0..7_u8,
    ) {
        // The undoing names two nodes; they exist before it too, so that only the undoing differs.
        let mut before = facts;
        before.push(Fact::Handle(platform, handle, None, None, None));
        before.push(Fact::Mention(2, Some(id), None));
        let mut after = before.clone();
        after.push(Fact::Link(platform, handle, id, false));
        let (before, after) = (of(&before), of(&after));
        prop_assert!(merged(&after).is_subset(&merged(&before)));
        let handle_text = format!("u{handle}");
        let person = after.person_of_handle(PLATFORMS[platform as usize], &handle_text);
        prop_assert_ne!(person, after.person_of_record("levier", &id.to_string()));
    }
}
