//! What comes out: deliveries and files that add up, the same for the same seed.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use jiff::civil::date;
use levier_simulator::{Company, CompanyOptions, NAME_MARK, Scale, Story, TEXT_MARK};

fn tiny(seed: u64) -> Company {
    let options = CompanyOptions {
        customers: Some(300),
        ..CompanyOptions::new(Scale::Small)
    };
    Company::with_options(options, seed, date(2026, 11, 1))
}

#[test]
fn deliveries_arrive_in_order_and_add_up() {
    let company = Company::new(Scale::Small, 7, date(2026, 11, 1));
    let started = Instant::now();
    let deliveries: Vec<_> = company.deliveries().collect();
    println!("{} deliveries in {:?}", deliveries.len(), started.elapsed());
    assert!(
        deliveries
            .windows(2)
            .all(|pair| pair[0].received_at <= pair[1].received_at)
    );
    let ids: HashSet<_> = deliveries
        .iter()
        .map(|delivery| &delivery.delivery_id)
        .collect();
    assert_eq!(ids.len(), deliveries.len(), "delivery ids are unique");
    let expected = company.expected_deliveries();
    assert_eq!(expected.len(), 8, "{expected:?}");
    let mut bodies: HashSet<(&str, &[u8])> = HashSet::new();
    let mut found: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for delivery in &deliveries {
        let counts = found.entry(&delivery.source).or_default();
        counts.0 += 1;
        if !bodies.insert((&delivery.source, &delivery.body)) {
            counts.1 += 1;
        }
        if serde_json::from_slice::<serde_json::Value>(&delivery.body).is_err() {
            counts.2 += 1;
        }
    }
    let mut events = 0;
    for (source, want) in &expected {
        let (received, repeated, broken) = found[source.as_str()];
        assert_eq!(received, want.deliveries, "{source}");
        assert_eq!(repeated, want.duplicates, "{source}: {want:?}");
        assert_eq!(broken, want.quarantined, "{source}");
        assert_eq!(
            want.deliveries,
            want.events + want.echoes + want.duplicates + want.ignored + want.quarantined
        );
        events += want.events;
        println!("{source}: {want:?}");
    }
    assert!((42_000..58_000).contains(&events), "{events} events");
}

#[test]
fn bodies_carry_names_and_texts_that_can_be_searched_for() {
    let company = tiny(2);
    let text: Vec<String> = company
        .deliveries()
        .map(|delivery| String::from_utf8(delivery.body).unwrap())
        .collect();
    let with = |mark: &str| text.iter().filter(|body| body.contains(mark)).count();
    assert!(with(NAME_MARK) > 100);
    assert!(with(TEXT_MARK) > 100);
}

#[test]
fn files_add_up_and_stay_the_same() {
    let company = tiny(5);
    let expected = company.expected_files();
    for (file, want) in company.files().zip(&expected) {
        let bytes = file.bytes().unwrap();
        assert_eq!(bytes, file.bytes().unwrap());
        let delimiter = if file.name.starts_with("hubspot") {
            b';'
        } else {
            b','
        };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(bytes.as_slice());
        let records = reader.records().map(Result::unwrap).count();
        assert_eq!(records as u64, want.records, "{}", file.name);
        println!("{want:?}");
    }
    assert!(expected.iter().all(|file| file.good > 0), "{expected:?}");
}

#[test]
fn the_erased_are_gone_from_the_files_of_the_survivorship_story() {
    let of = |story| {
        let options = CompanyOptions {
            customers: Some(500),
            ..CompanyOptions::new(Scale::Small).story(story)
        };
        let company = Company::with_options(options, 1, date(2026, 11, 1));
        company.expected_files()[0].good
    };
    assert!(of(Story::Survivorship) < of(Story::Plain));
}

#[test]
fn a_company_is_a_function_of_its_seed() {
    let bodies = |seed| {
        tiny(seed)
            .deliveries()
            .take(500)
            .map(|delivery| delivery.body)
            .collect::<Vec<_>>()
    };
    assert_eq!(bodies(1), bodies(1));
    assert_ne!(bodies(1), bodies(2));
}

#[test]
fn some_join_with_an_address_that_the_crm_does_not_know_in_the_story_that_says_so() {
    let strangers = |story| {
        let options = CompanyOptions {
            customers: Some(300),
            ..CompanyOptions::new(Scale::Small).story(story)
        };
        let company = Company::with_options(options, 1, date(2026, 11, 1));
        company
            .deliveries()
            .filter(|delivery| {
                String::from_utf8_lossy(&delivery.body).contains("@ailleurs.example")
            })
            .count()
    };
    assert_eq!(strangers(Story::Plain), 0);
    assert!(strangers(Story::UnlinkedMembers) > 10);
}

/// Not part of the build: `cargo test --release -p levier-simulator --test outputs -- --ignored --nocapture`.
#[test]
#[ignore = "minutes of work: how fast the sizes are generated"]
fn how_fast_each_size_is_generated() {
    use levier_domain::entity::Entity;
    use levier_domain::private::HashKey;
    let key = HashKey::new(*b"a key of enough bytes").unwrap();
    for scale in [Scale::Small, Scale::Medium, Scale::Large] {
        let started = Instant::now();
        let company = Company::new(scale, 7, date(2026, 11, 1));
        println!(
            "{scale:?}: known in {:?}; truth {:?}",
            started.elapsed(),
            company.truth
        );
        if scale == Scale::Small {
            let started = Instant::now();
            let bytes: usize = company
                .deliveries()
                .map(|delivery| delivery.body.len())
                .sum();
            println!("  {bytes} bytes of deliveries in {:?}", started.elapsed());
            let started = Instant::now();
            let rows: u64 = company
                .expected_files()
                .iter()
                .map(|file| file.records)
                .sum();
            println!("  {rows} rows of files in {:?}", started.elapsed());
        }
        let most = if scale == Scale::Large {
            2_000_000
        } else {
            usize::MAX
        };
        let started = Instant::now();
        let events = company.events(&key).take(most).count();
        println!("  {events} events in {:?}", started.elapsed());
        let started = Instant::now();
        let orders = company.records(Entity::Orders, &key).take(most).count();
        println!("  {orders} orders in {:?}", started.elapsed());
    }
}
