//! Every rule, by case.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use levier_domain::config::Join;
use levier_domain::entity::Entity;
use levier_domain::record::{Record, Value};
use levier_identity::{
    Doubt, Evidence, ExplicitLink, Identifiers, Options, Outcome, Refusal, Resolution, Rule,
    resolve,
};

fn email(key: &str) -> Identifiers<'_> {
    Identifiers {
        email_key: Some(key),
        ..Identifiers::default()
    }
}

fn phone(key: &str) -> Identifiers<'_> {
    Identifiers {
        phone_key: Some(key),
        ..Identifiers::default()
    }
}

fn both<'a>(e: &'a str, p: &'a str) -> Identifiers<'a> {
    Identifiers {
        email_key: Some(e),
        phone_key: Some(p),
        ..Identifiers::default()
    }
}

fn same(person_id: &str) -> ExplicitLink<'_> {
    ExplicitLink {
        person_id: Some(person_id),
        same: true,
        ..ExplicitLink::default()
    }
}

fn different(person_id: &str) -> ExplicitLink<'_> {
    ExplicitLink {
        person_id: Some(person_id),
        same: false,
        ..ExplicitLink::default()
    }
}

fn who(build: impl FnOnce(&mut Evidence)) -> Resolution {
    let mut evidence = Evidence::new();
    build(&mut evidence);
    resolve(evidence, &Options::default())
}

/// Whether slack:U is the person of hubspot:1.
fn linked(who: &Resolution) -> bool {
    who.person_of_handle("slack", "U").is_some()
        && who.person_of_handle("slack", "U") == who.person_of_record("hubspot", "1")
}

#[test]
fn a_handle_and_a_record_are_one_person_when_a_rule_says_so() {
    type Build = fn(&mut Evidence);
    let cases: &[(&str, Build, Option<Rule>)] = &[
        (
            "nothing in common",
            |e| {
                e.add_person("hubspot", "1", &email("a"));
                e.add_handle("slack", "U", &email("b"));
            },
            None,
        ),
        (
            "the same e-mail",
            |e| {
                e.add_person("hubspot", "1", &email("a"));
                e.add_handle("slack", "U", &email("a"));
            },
            Some(Rule::Email),
        ),
        (
            "an e-mail that only an order gives",
            |e| {
                e.add_mention("hubspot", Some("1"), Some("a"));
                e.add_handle("slack", "U", &email("a"));
            },
            Some(Rule::EmailMentioned),
        ),
        (
            "a role address",
            |e| {
                e.add_person(
                    "hubspot",
                    "1",
                    &Identifiers {
                        email_is_role: true,
                        ..email("a")
                    },
                );
                e.add_handle("slack", "U", &email("a"));
            },
            None,
        ),
        (
            "a phone alone",
            |e| {
                e.add_person("hubspot", "1", &phone("p"));
                e.add_handle("slack", "U", &phone("p"));
            },
            None,
        ),
        (
            "a role address and a phone: a company's front desk",
            |e| {
                e.add_person(
                    "hubspot",
                    "1",
                    &Identifiers {
                        email_is_role: true,
                        ..both("a", "p")
                    },
                );
                e.add_handle("slack", "U", &both("a", "p"));
            },
            None,
        ),
        (
            "an e-mail of two records, and the phone of one",
            |e| {
                e.add_person("hubspot", "1", &both("a", "p"));
                e.add_person("hubspot", "2", &both("a", "q"));
                e.add_handle("slack", "U", &both("a", "p"));
            },
            Some(Rule::PhoneAndEmail),
        ),
        (
            "an e-mail of two records",
            |e| {
                e.add_person("hubspot", "1", &email("a"));
                e.add_person("hubspot", "2", &email("a"));
                e.add_handle("slack", "U", &email("a"));
            },
            None,
        ),
        (
            "external id",
            |e| {
                e.add_person("hubspot", "1", &Identifiers::default());
                e.add_handle(
                    "slack",
                    "U",
                    &Identifiers {
                        external_id: Some("1"),
                        ..Identifiers::default()
                    },
                );
            },
            Some(Rule::ExternalId),
        ),
        (
            "external id that two systems have",
            |e| {
                e.add_person("hubspot", "1", &Identifiers::default());
                e.add_person("shopify", "1", &Identifiers::default());
                e.add_handle(
                    "slack",
                    "U",
                    &Identifiers {
                        external_id: Some("1"),
                        ..Identifiers::default()
                    },
                );
            },
            None,
        ),
        (
            "external id that two systems have, and the phone",
            |e| {
                e.add_person("hubspot", "1", &phone("p"));
                e.add_person("shopify", "1", &Identifiers::default());
                e.add_handle(
                    "slack",
                    "U",
                    &Identifiers {
                        external_id: Some("1"),
                        ..phone("p")
                    },
                );
            },
            Some(Rule::PhoneAndId),
        ),
        (
            "a roster in the own layout names the id",
            |e| {
                e.add_person("hubspot", "1", &Identifiers::default());
                e.add_roster("levier", "Slack", "U", Some("1"), &Identifiers::default());
            },
            Some(Rule::Roster),
        ),
        (
            "an explicit link",
            |e| {
                e.add_person("hubspot", "1", &Identifiers::default());
                e.add_link("levier", "slack", "U", &same("1"));
            },
            Some(Rule::Explicit),
        ),
        (
            "an explicit link to an id of two systems",
            |e| {
                e.add_person("hubspot", "1", &Identifiers::default());
                e.add_person("shopify", "1", &Identifiers::default());
                e.add_link("levier", "slack", "U", &same("1"));
            },
            None,
        ),
        (
            "an undone e-mail",
            |e| {
                e.add_person("hubspot", "1", &email("a"));
                e.add_handle("slack", "U", &email("a"));
                e.add_link("levier", "slack", "U", &different("1"));
            },
            None,
        ),
        (
            "different wins over same",
            |e| {
                e.add_person("hubspot", "1", &Identifiers::default());
                e.add_link("hubspot", "slack", "U", &same("1"));
                e.add_link("levier", "slack", "U", &different("1"));
            },
            None,
        ),
    ];
    for (case, build, want) in cases {
        let who = who(build);
        assert_eq!(linked(&who), want.is_some(), "{case}");
        if let Some(rule) = want {
            assert!(who.links().any(|link| link.rule == *rule), "{case}");
        }
    }
}

#[test]
fn a_shared_email_is_nobodys() {
    let build = |records: usize| {
        who(|e| {
            for id in 0..records {
                e.add_person("hubspot", &id.to_string(), &email("a"));
            }
            e.add_handle("slack", "U", &email("a"));
        })
    };
    let few = build(3);
    assert_eq!(
        few.person_of_email("a"),
        few.person_of_handle("slack", "U"),
        "three: the records are in doubt, not the e-mail"
    );
    assert!(
        few.conflicts()
            .all(|conflict| conflict.refusal == Refusal::TwoIdsOfOneSource)
    );
    assert_eq!(
        few.review()
            .filter(|review| review.doubt == Doubt::EmailOfSeveralRecords)
            .count(),
        3
    );
    let many = build(4);
    assert_eq!(many.person_of_email("a"), None, "four: shared");
    assert!(
        many.conflicts()
            .all(|conflict| conflict.refusal == Refusal::SharedEmail)
    );
    assert_eq!(
        many.len(),
        5,
        "four records and a handle; the e-mail is nobody"
    );
}

#[test]
fn a_chain_between_two_ids_breaks_where_nothing_decides() {
    let who = who(|e| {
        e.add_person("hubspot", "1", &email("a"));
        e.add_person("hubspot", "2", &email("b"));
        e.add_person("shopify", "9", &email("a"));
        e.add_person("shopify", "9", &email("b"));
    });
    let person = |source, id| who.person_of_record(source, id).map(str::to_owned);
    assert_ne!(person("hubspot", "1"), person("hubspot", "2"));
    assert_ne!(person("shopify", "9"), person("hubspot", "1"));
    assert_ne!(person("shopify", "9"), person("hubspot", "2"));
    assert_eq!(
        who.person_of_email("a").map(str::to_owned),
        person("hubspot", "1"),
        "each keeps its own address"
    );
    assert_eq!(who.conflicts().count(), 2);
}

#[test]
fn a_stronger_rule_wins_over_a_weaker_one() {
    let who = who(|e| {
        e.add_person("hubspot", "1", &Identifiers::default());
        e.add_person("hubspot", "2", &email("a"));
        e.add_handle("slack", "U", &email("a"));
        e.add_link("levier", "slack", "U", &same("1"));
    });
    assert!(linked(&who));
    assert_eq!(
        who.conflicts()
            .map(|conflict| conflict.link.rule)
            .collect::<Vec<_>>(),
        [Rule::Email, Rule::Email]
    );
}

#[test]
fn a_cluster_past_the_cap_is_refused() {
    let mut evidence = Evidence::new();
    for handle in 0..5 {
        evidence.add_handle("slack", &format!("U{handle}"), &email("a"));
    }
    let join = Join {
        max_cluster: 4,
        ..Join::default()
    };
    let who = resolve(evidence, &Options { join });
    assert_eq!(who.links().count(), 0);
    assert_eq!(
        who.conflicts()
            .filter(|conflict| conflict.refusal == Refusal::TooLarge)
            .count(),
        5
    );
}

#[test]
fn a_handle_can_change_hands() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let who = who(|e| {
        e.add_person("hubspot", "1", &Identifiers::default());
        e.add_person("hubspot", "2", &Identifiers::default());
        e.add_link(
            "levier",
            "slack",
            "U",
            &ExplicitLink {
                until: Some(at("2026-03-01T00:00:00Z")),
                ..same("1")
            },
        );
        e.add_link(
            "levier",
            "slack",
            "U",
            &ExplicitLink {
                since: Some(at("2026-03-01T00:00:00Z")),
                ..same("2")
            },
        );
    });
    for (case, when, id) in [
        ("before", "2026-02-28T23:59:59Z", "1"),
        ("at the border", "2026-03-01T00:00:00Z", "2"),
        ("after", "2026-08-01T00:00:00Z", "2"),
    ] {
        assert_eq!(
            who.person_of_handle_at("slack", "U", at(when)),
            who.person_of_record("hubspot", id),
            "{case}"
        );
    }
}

#[test]
fn a_person_is_named_after_the_record_that_was_created_first() {
    let created = |day: i64| Identifiers {
        email_key: Some("a"),
        created_at: Some(Timestamp::from_second(day * 86_400).unwrap()),
        ..Identifiers::default()
    };
    let alone = |source: &str| {
        let who = who(|e| e.add_person(source, "1", &Identifiers::default()));
        who.person_of_record(source, "1").unwrap().to_owned()
    };
    for (case, records, named_after) in [
        (
            "the first source where nothing is said",
            &[("hubspot", None), ("stripe", None)][..],
            "hubspot",
        ),
        (
            "the older one",
            &[("hubspot", Some(20)), ("stripe", Some(10))],
            "stripe",
        ),
        (
            "the one that says when",
            &[("hubspot", None), ("stripe", Some(10))],
            "stripe",
        ),
        (
            "the first source of a tie",
            &[("stripe", Some(10)), ("hubspot", Some(10))],
            "hubspot",
        ),
        (
            "the earlier of two statements",
            &[
                ("stripe", Some(30)),
                ("hubspot", Some(20)),
                ("stripe", Some(10)),
            ],
            "stripe",
        ),
        (
            "before the epoch",
            &[("hubspot", Some(0)), ("stripe", Some(-1))],
            "stripe",
        ),
    ] {
        let who = who(|e| {
            for (source, day) in records {
                e.add_person(source, "1", &day.map_or_else(|| email("a"), created));
            }
            e.add_handle("slack", "U", &email("a"));
        });
        assert_eq!(
            who.person_of_handle("slack", "U"),
            Some(alone(named_after).as_str()),
            "{case}"
        );
    }
}

#[test]
fn records_are_read_by_entity() {
    let record = |entity, cells: &[(&str, &str)]| {
        let mut record = Record::new(entity);
        for (name, value) in cells {
            assert!(record.set(name, Value::Text((*value).to_owned())), "{name}");
        }
        record
    };
    let mut person = record(
        Entity::People,
        &[
            ("source", "hubspot"),
            ("person_id", "1"),
            ("email_key", "a"),
        ],
    );
    person.set(
        "attributes",
        Value::Attributes([("email_domain".to_owned(), "exemple.fr".to_owned())].into()),
    );
    let mut role = record(
        Entity::People,
        &[
            ("source", "hubspot"),
            ("person_id", "2"),
            ("email_key", "r"),
        ],
    );
    role.set(
        "attributes",
        Value::Attributes([("email_role".to_owned(), "true".to_owned())].into()),
    );
    let who = who(|e| {
        e.add_record(&person);
        e.add_record(&role);
        e.add_record(&record(
            Entity::Accounts,
            &[
                ("source", "hubspot"),
                ("account_id", "A"),
                ("domain", "www.exemple.fr"),
            ],
        ));
        e.add_record(&record(
            Entity::Orders,
            &[("source", "shopify"), ("order_id", "o"), ("email_key", "a")],
        ));
        e.add_record(&record(
            Entity::Orders,
            &[("source", "levier"), ("order_id", "o"), ("person_id", "1")],
        ));
        e.add_record(&record(
            Entity::Members,
            &[
                ("source", "levier"),
                ("community", "main"),
                ("platform", "forum"),
                ("handle", "h"),
                ("email_key", "a"),
            ],
        ));
        e.add_record(&record(
            Entity::Links,
            &[
                ("source", "levier"),
                ("platform", "slack"),
                ("handle", "U"),
                ("person_id", "1"),
                ("relation", "same"),
            ],
        ));
        e.add_record(&record(
            Entity::Rates,
            &[("source", "levier"), ("currency", "USD")],
        ));
    });
    let person = who.person_of_record("hubspot", "1");
    assert!(linked(&who));
    assert_eq!(who.person_of_handle("forum", "h"), person);
    assert_eq!(who.person_of_row("shopify", None, Some("a")), person);
    assert_eq!(
        who.person_of_row("levier", Some("1"), None),
        person,
        "the own layout speaks of the CRM's id"
    );
    assert_eq!(who.person_of_email("r"), None, "role");
    assert_eq!(
        who.accounts().collect::<Vec<_>>(),
        [(person.unwrap(), "hubspot:A")]
    );
    let in_crm = |platform: &str| {
        who.waterfall()
            .handles
            .get(&(platform.to_owned(), Outcome::InCrm))
            .copied()
    };
    assert_eq!((in_crm("forum"), in_crm("slack")), (Some(1), Some(1)));
    assert_eq!(who.waterfall().records["hubspot"], (2, 1));
}

#[test]
fn the_waterfall_says_why_a_handle_is_lost() {
    let who = who(|e| {
        e.add_person(
            "hubspot",
            "1",
            &Identifiers {
                email_is_role: true,
                ..email("role")
            },
        );
        e.add_person("hubspot", "2", &phone("p"));
        for id in 3..8 {
            e.add_person("hubspot", &id.to_string(), &email("shared"));
        }
        e.add_handle("slack", "none", &Identifiers::default());
        e.add_handle("slack", "role", &email("role"));
        e.add_handle("slack", "shared", &email("shared"));
        e.add_handle("slack", "phone", &phone("p"));
        e.add_handle("slack", "stranger", &email("else"));
        e.add_handle(
            "slack",
            "sso",
            &Identifiers {
                external_id: Some("zzz"),
                ..Identifiers::default()
            },
        );
    });
    let handles = &who.waterfall().handles;
    for outcome in [
        Outcome::NoIdentifier,
        Outcome::RoleEmail,
        Outcome::SharedEmail,
        Outcome::PhoneAlone,
        Outcome::NotInCrm,
        Outcome::UnknownId,
    ] {
        assert_eq!(
            handles.get(&("slack".to_owned(), outcome)),
            Some(&1),
            "{outcome}"
        );
    }
    assert_eq!(
        who.review()
            .map(|review| review.doubt)
            .collect::<Vec<_>>()
            .first(),
        Some(&Doubt::PhoneAlone)
    );
}
