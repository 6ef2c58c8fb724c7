//! The readers of the platforms find in the deliveries what the company says is in them, and the fast path says the same.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{BTreeMap, HashMap};

use jiff::civil::date;
use jiff::tz::TimeZone;
use levier_domain::config::{Config, Reference};
use levier_domain::event::{Event, Kind, attribute};
use levier_domain::item::Item;
use levier_domain::private::HashKey;
use levier_platforms::{Context, Delivery, Source};
use levier_simulator::{Company, CompanyOptions, NAME_MARK, Scale, SourceExpected, TEXT_MARK};

fn company() -> Company {
    let options = CompanyOptions {
        customers: Some(600),
        ..CompanyOptions::new(Scale::Small)
    };
    Company::with_options(options, 11, date(2026, 11, 1))
}

/// The sources whose platform can be read already.
fn sources(company: &Company) -> BTreeMap<String, Source> {
    let config = Config::parse(&company.configuration()).unwrap();
    let secrets: HashMap<String, Vec<u8>> = company.secrets().into_iter().collect();
    let lookup = |reference: &Reference| match reference {
        Reference::File(path) => secrets
            .get(path.trim_start_matches("secrets/"))
            .cloned()
            .ok_or_else(|| "no such secret".to_owned()),
        _ => Err("only files here".to_owned()),
    };
    config
        .sources
        .iter()
        .filter(|(name, source)| {
            let known = levier_platforms::names()
                .iter()
                .any(|platform| *platform == source.platform);
            if !known {
                println!("skipped: no reader for {name} ({}) yet", source.platform);
            }
            known
        })
        .map(|(name, source)| {
            let compiled = Source::compile(name, source, &lookup).unwrap();
            (name.clone(), compiled)
        })
        .collect()
}

#[test]
fn reading_every_delivery_gives_what_is_expected_and_what_the_fast_path_gives() {
    let company = company();
    let sources = sources(&company);
    assert!(sources.len() >= 5);
    let key = HashKey::new(*b"a key of enough bytes").unwrap();
    let context = Context {
        hash_key: &key,
        country: "FR",
        zone: &TimeZone::get("Europe/Paris").unwrap(),
    };
    let mut read: HashMap<String, Event> = HashMap::new();
    let mut found: BTreeMap<String, SourceExpected> = BTreeMap::new();
    for simulated in company.deliveries() {
        let Some(source) = sources.get(&simulated.source) else {
            continue;
        };
        let counts = found.entry(simulated.source.clone()).or_default();
        counts.deliveries += 1;
        let headers = simulated
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        let delivery = Delivery {
            received_at: simulated.received_at,
            query: String::new(),
            headers,
            body: simulated.body,
        };
        for item in source.normalise(&delivery, &context) {
            match item {
                Item::Event(draft) => {
                    let event = draft.event;
                    let shown = format!("{event:?}");
                    assert!(!shown.contains(NAME_MARK), "{shown}");
                    assert!(!shown.contains(TEXT_MARK), "{shown}");
                    if read.insert(event.event_id.clone(), event).is_some() {
                        counts.duplicates += 1;
                    } else {
                        counts.events += 1;
                    }
                }
                Item::Ignored { .. } => counts.ignored += 1,
                Item::Quarantined { .. } => counts.quarantined += 1,
            }
        }
    }
    for (source, want) in company.expected_deliveries() {
        let Some(got) = found.get(&source) else {
            continue;
        };
        let want = SourceExpected {
            duplicates: want.duplicates + want.echoes,
            echoes: 0,
            ..want
        };
        assert_eq!(*got, want, "{source}");
    }
    let mut fast = 0;
    for event in company.events(&key) {
        if !sources.contains_key(&event.source) {
            continue;
        }
        fast += 1;
        let long = read
            .get(&event.event_id)
            .unwrap_or_else(|| panic!("nobody reads {event:?}"));
        // Discourse does not say when or by whom an answer was accepted.
        if event.kind != Kind::AnswerAccepted {
            assert_eq!(long.occurred_at, event.occurred_at, "{event:?}");
            assert_eq!(long.actor, event.actor, "{event:?}");
        }
        assert_eq!((long.kind, &long.platform), (event.kind, &event.platform));
        for (one, other, what) in [
            (&long.channel, &event.channel, "channel"),
            (&long.reply_to, &event.reply_to, "reply_to"),
        ] {
            if matches!(event.kind, Kind::MessagePosted) {
                assert_eq!(one, other, "{what} of {event:?}");
            }
        }
        for attribute in [attribute::MESSAGE, attribute::EMAIL_KEY] {
            assert_eq!(
                long.attributes.get(attribute),
                event.attributes.get(attribute),
                "{attribute} of {event:?}"
            );
        }
    }
    assert_eq!(fast, read.len());
}
