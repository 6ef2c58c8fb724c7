//! Properties that hold for any community: the order of events does not matter, ranges hold, small cells stay hidden.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::event::{Event, Kind, Visibility, attribute};
use levier_domain::table::{Row, Status};
use proptest::prelude::*;

use crate::calendar::{Span, spans};
use crate::health::Measured;
use crate::health_change::compare;
use crate::health_parts::Component;
use crate::scope::{Counter, Cut, Scope};
use crate::tally::{Marks, Tally, What};
use crate::{Activity, ActivityBuilder, Inputs, champions, cohorts, kpis};

/// 2026-01-01T00:00:00Z in seconds.
const START: i64 = 1_767_225_600;

/// One made-up happening: person, hour, kind, whom or what it is about, flags.
pub(crate) type Happening = (u8, u16, u8, u8, u8);

pub(crate) fn event(at: usize, happening: &Happening) -> Event {
    let (person, hour, kind, about, bits) = *happening;
    let kind = [
        Kind::MemberJoined,
        Kind::MessagePosted,
        Kind::MessagePosted,
        Kind::MessagePosted,
        Kind::ReactionAdded,
        Kind::ReactionRemoved,
        Kind::MemberLeft,
        Kind::LiveRegistered,
        Kind::LiveAttended,
        Kind::NotificationDelivered,
        Kind::NotificationOpened,
        Kind::MessageDeleted,
        Kind::AnswerAccepted,
        Kind::ContentPublished,
        Kind::BadgeAwarded,
    ][usize::from(kind) % 15];
    let occurred = Timestamp::from_second(START + i64::from(hour) * 3600).unwrap();
    let community = if bits & 1 == 0 { "main" } else { "side" };
    let mut event = Event::new(
        "forum",
        community,
        "forum",
        kind,
        occurred,
        &[&at.to_string()],
    );
    event.actor = Some(format!("u{}", person % 40));
    event.channel = Some(format!("c{}", about % 3));
    let message = |n: u8| format!("m{n}");
    match kind {
        Kind::MessagePosted => {
            event
                .attributes
                .insert(attribute::MESSAGE.to_owned(), format!("m{at}"));
            event.thread = Some(format!("t{}", about % 12));
            event.reply_to = (bits & 2 != 0).then(|| message(about));
            event.is_question = Some(bits & 4 != 0);
            event.sentiment = (bits & 8 != 0).then(|| f64::from(about) / 128.0 - 1.0);
            if about % 4 == 0 {
                event
                    .attributes
                    .insert(attribute::WORDS.to_owned(), (about % 3).to_string());
            }
            event.visibility = Some(if bits & 16 != 0 {
                Visibility::Direct
            } else {
                Visibility::Public
            });
            event.target = Some(format!("u{}", about % 40));
        }
        Kind::LiveRegistered
        | Kind::LiveAttended
        | Kind::NotificationDelivered
        | Kind::NotificationOpened => {
            event
                .attributes
                .insert(attribute::SUBJECT.to_owned(), format!("s{}", about % 3));
        }
        _ => {
            event
                .attributes
                .insert(attribute::MESSAGE.to_owned(), message(about));
            event.target = Some(format!("u{}", about % 40));
        }
    }
    event
}

fn segment(person: u8) -> Option<&'static str> {
    [None, Some("retail"), Some("pro")][usize::from(person % 40) % 3]
}

pub(crate) fn build(events: &[(usize, Happening)], config: &Config) -> Activity {
    let mut builder = ActivityBuilder::new(config);
    for (at, happening) in events {
        push(&mut builder, *at, happening);
    }
    builder.finish()
}

fn push(builder: &mut ActivityBuilder, at: usize, happening: &Happening) {
    builder.push(
        &event(at, happening),
        None,
        happening.0.is_multiple_of(40),
        segment(happening.0),
    );
}

pub(crate) fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    proptest::collection::vec(
        (
            any::<u8>(),
            0_u16..1500,
            any::<u8>(),
            any::<u8>(),
            any::<u8>(),
        ),
        1..250,
    )
}

fn rows(activity: &Activity, config: &Config) -> Vec<Row> {
    let as_of = date(2026, 3, 10);
    let inputs = Inputs {
        activity: Some(activity),
        ..Inputs::default()
    };
    let mut rows = kpis(&inputs, as_of, config);
    rows.extend(champions(activity, as_of, config));
    rows.extend(cohorts(activity, as_of, config));
    rows
}

pub(crate) fn config(min_cell: u64) -> Config {
    let mut config = Config::default();
    config.privacy.min_cell = min_cell;
    config
}

fn number(row: &Row, column: &str) -> Option<f64> {
    row.own.get(column).and_then(serde_json::Value::as_f64)
}

/// Everything but one dimension that tells rows apart.
fn without(row: &Row, dimension: &str) -> String {
    let mut parts = BTreeMap::new();
    for (name, value) in [
        ("period", &row.period),
        ("community", &row.community),
        ("segment", &row.segment),
        ("kpi", &row.kpi),
    ] {
        parts.insert(name.to_owned(), value.clone().unwrap_or_default());
    }
    for name in ["grain", "side", "platform", "channel", "item"] {
        parts.insert(
            name.to_owned(),
            row.text(name).unwrap_or_default().to_owned(),
        );
    }
    parts.insert(dimension.to_owned(), "all".to_owned());
    format!("{parts:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn order_does_not_matter(events in happenings(), seed in any::<u64>()) {
        let config = config(3);
        let events: Vec<_> = events.into_iter().enumerate().collect();
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|(at, _)| crate::activity::mix(*at as u64 ^ seed));
        let (one, other) = (build(&events, &config), build(&shuffled, &config));
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(rows(&one, &config), rows(&other, &config));
    }

    #[test]
    fn days_read_side_by_side_are_as_days_read_in_turn(events in happenings(), seed in any::<u64>()) {
        let config = config(3);
        let events: Vec<_> = events.into_iter().enumerate().collect();
        let mut merged = ActivityBuilder::new(&config);
        for part in 0..3 {
            let mut builder = ActivityBuilder::new(&config);
            for (at, happening) in &events {
                if crate::activity::mix(*at as u64 ^ seed) % 3 == part {
                    push(&mut builder, *at, happening);
                }
            }
            merged.merge(builder);
        }
        prop_assert_eq!(merged.len(), events.len());
        prop_assert_eq!(merged.finish(), build(&events, &config));
    }

    #[test]
    fn periods_counted_in_one_pass_are_as_counted_one_by_one(events in happenings(), first in 0_u16..1500) {
        let config = config(1);
        let events: Vec<_> = events.into_iter().enumerate().collect();
        let activity = build(&events, &config);
        let as_of = date(2026, 3, 10);
        let zone = config.workspace.zone();
        let since = crate::inputs::day_of((START + i64::from(first) * 3600) * 1_000_000, &zone);
        let mut marks = Marks::new(activity.people.len());
        for cut in Cut::all(&activity) {
            let scope = Scope::of(&activity, cut);
            // Rolling grains overlap the others, and the last of each still runs.
            let grains: Vec<Vec<Span>> = ["day", "week", "month", "28d", "90d"]
                .map(|grain| spans(grain, since, as_of.into(), &zone, 4))
                .to_vec();
            let series = Tally::series(&scope, &mut marks, &grains);
            for (span, tally) in grains.iter().flatten().zip(series.iter().flatten()) {
                let alone = Tally::series(&scope, &mut Marks::new(activity.people.len()), &[vec![span.clone()]]);
                prop_assert_eq!(tally, &alone[0][0], "{:?} {:?}", cut, span);
                let by_hand: Vec<u32> = scope
                    .between(span.from, span.to)
                    .filter(|(_, entry)| entry.kind() == Kind::ReactionAdded)
                    .filter_map(|(_, entry)| entry.member())
                    .collect();
                prop_assert_eq!(tally.n(What::Reactions), by_hand.len() as u64);
                prop_assert_eq!(tally.people(What::Reactions), Counter::new(activity.people.len()).distinct(by_hand));
            }
        }
    }

    #[test]
    fn figures_are_in_their_range(events in happenings()) {
        let config = config(1);
        let events: Vec<_> = events.into_iter().enumerate().collect();
        for row in rows(&build(&events, &config), &config) {
            let Some(value) = row.value else { continue };
            prop_assert!(value.is_finite(), "{row:?}");
            let kpi = row.kpi.as_deref().unwrap();
            if row.unit.as_deref() == Some("share") && !matches!(kpi, "engagement_rate" | "leave_rate" | "gamification" | "live_show_up_rate") {
                prop_assert!((0.0..=1.0).contains(&value), "{row:?}");
            }
            if let (Some(lower), Some(upper)) = (row.lower, row.upper) {
                prop_assert!(lower <= value && value <= upper, "{row:?}");
            }
            if kpi != "new_members_net" && kpi != "sentiment" {
                prop_assert!(value >= 0.0, "{row:?}");
            }
        }
    }

    #[test]
    fn small_cells_stay_hidden(events in happenings()) {
        let min = 5;
        let config = config(min);
        let events: Vec<_> = events.into_iter().enumerate().collect();
        let activity = build(&events, &config);
        let as_of = date(2026, 3, 10);
        let inputs = Inputs { activity: Some(&activity), ..Inputs::default() };
        // What is made of published figures only has no twin where less is published.
        let direct = |config: &Config| -> Vec<Row> {
            let derived = |row: &Row| matches!(row.kpi.as_deref(), Some("spices" | "before_after"));
            kpis(&inputs, as_of, config).into_iter().filter(|row| !derived(row)).collect()
        };
        let (hidden, open) = (direct(&config), direct(&self::config(0)));
        prop_assert_eq!(hidden.len(), open.len());
        for row in &hidden {
            if matches!(row.status, Status::Suppressed | Status::Missing | Status::CannotSay) {
                prop_assert!(row.value.is_none() && row.n.is_none() && row.lower.is_none());
                prop_assert!(number(row, "numerator").is_none() && number(row, "denominator").is_none());
            } else {
                prop_assert!(row.n.unwrap() >= min, "{row:?}");
            }
        }
        // Subtracting what is shown from a total that is shown leaves nothing about fewer than the least number of people.
        for dimension in ["community", "segment", "item"] {
            let mut families: BTreeMap<String, (bool, Vec<u64>)> = BTreeMap::new();
            for (shown, full) in hidden.iter().zip(&open) {
                prop_assert_eq!(without(shown, ""), without(full, ""));
                let family = families.entry(without(shown, dimension)).or_default();
                let name = if matches!(dimension, "community" | "segment") {
                    if dimension == "community" { shown.community.as_deref() } else { shown.segment.as_deref() }
                } else {
                    shown.text(dimension)
                };
                if name == Some("all") {
                    family.0 = shown.value.is_some();
                } else if shown.status == Status::Suppressed && full.n != Some(0) {
                    // A median that is not reached says nothing in the open table: at least one person is behind it.
                    family.1.push(full.n.unwrap_or(min));
                }
            }
            for (name, (total_shown, parts)) in families {
                if total_shown && !parts.is_empty() {
                    prop_assert!(parts.len() > 1 && parts.iter().sum::<u64>() >= min, "{dimension} {name}: {parts:?}");
                }
            }
        }
    }
}

/// One person-month: person, month, orders, revenue, recurring revenue, tickets, flags.
type Trading = (u8, u8, u8, u16, u8, u8, u8);

fn trade(months: &[Trading]) -> Vec<levier_domain::fact::Fact> {
    let mut facts: BTreeMap<(u8, u8), levier_domain::fact::Fact> = BTreeMap::new();
    for (person, month, orders, revenue, recurring, tickets, bits) in months {
        let (person, month) = (person % 30, month % 14);
        let base = levier_domain::time::Month::of(date(2025, 1, 1)).index();
        facts.insert(
            (person, month),
            levier_domain::fact::Fact {
                person: format!("p{person}"),
                month: base + i32::from(month),
                member: bits & 1 == 0,
                communities: if bits & 1 == 0 {
                    "main".to_owned()
                } else {
                    String::new()
                },
                segment: segment(person).map(str::to_owned),
                customer_since: (bits & 2 == 0).then_some(base + i32::from(person % 5)),
                orders: u32::from(orders % 4),
                revenue_minor: i64::from(*revenue),
                mrr_minor: if bits & 4 == 0 {
                    i64::from(*recurring)
                } else {
                    0
                },
                subscribed: bits & 4 == 0 && *recurring > 0,
                tickets: u32::from(tickets % 3),
                months_since_order: (bits & 8 == 0).then_some(i32::from(bits % 20)),
                ..levier_domain::fact::Fact::default()
            },
        );
    }
    facts.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn facts_split_over_buckets_give_the_same_bits(
        months in proptest::collection::vec(any::<Trading>(), 1..300),
        buckets in 1_u8..6,
    ) {
        let config = config(3);
        let facts = trade(&months);
        let mut whole = crate::CommerceAccumulator::new(&config);
        facts.iter().for_each(|fact| whole.update(fact));
        let mut merged = crate::CommerceAccumulator::new(&config);
        for bucket in (0..buckets).rev() {
            let mut part = crate::CommerceAccumulator::new(&config);
            let inside = |fact: &&levier_domain::fact::Fact| fact.person.bytes().map(u32::from).sum::<u32>() % u32::from(buckets) == u32::from(bucket);
            facts.iter().rev().filter(inside).for_each(|fact| part.update(fact));
            part.end_bucket();
            merged.merge(part);
        }
        let (whole, merged) = (whole.finish(), merged.finish());
        prop_assert_eq!(&whole, &merged);
        let rows = |commerce| kpis(&Inputs { commerce: Some(commerce), ..Inputs::default() }, date(2026, 2, 28), &config);
        let rows = (rows(&whole), rows(&merged));
        prop_assert_eq!(&rows.0, &rows.1);
        for row in &rows.0 {
            if let Some(value) = row.value {
                prop_assert!(value.is_finite(), "{row:?}");
                if matches!(row.kpi.as_deref(), Some("churn_rate" | "customer_retention" | "gross_revenue_retention")) {
                    prop_assert!((0.0..=1.0).contains(&value), "{row:?}");
                }
                if let (Some(lower), Some(upper)) = (row.lower, row.upper) {
                    prop_assert!(lower <= value && value <= upper, "{row:?}");
                }
                if !matches!(row.kpi.as_deref(), Some("spices" | "before_after")) {
                    prop_assert!(row.n.is_none_or(|n| n >= 3), "{row:?}");
                }
            }
        }
    }
}

/// How long a big community takes and what an event weighs: run by hand, `cargo test -p levier-metrics -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::print_stderr)]
fn a_million_events() {
    let config = config(10);
    let mut builder = ActivityBuilder::new(&config);
    let clock = std::time::Instant::now();
    for at in 0..1_000_000_u64 {
        let bits = crate::activity::mix(at);
        let happening = (
            0,
            (bits % 9000) as u16,
            1 + (bits >> 16) as u8 % 4,
            (bits >> 24) as u8,
            (bits >> 32) as u8 & !16,
        );
        let mut event = event(at as usize, &happening);
        let person = (bits >> 40) % 50_000;
        event.actor = Some(format!("u{person}"));
        event.thread = Some(format!("t{}", (bits >> 20) % 100_000));
        builder.push(&event, None, false, segment((person % 3) as u8));
    }
    eprintln!("push {:?}", clock.elapsed());
    let activity = builder.finish();
    eprintln!(
        "finish {:?}, {} bytes an event",
        clock.elapsed(),
        size_of::<crate::activity::Entry>()
    );
    let inputs = Inputs {
        activity: Some(&activity),
        ..Inputs::default()
    };
    let rows = kpis(&inputs, date(2027, 1, 10), &config);
    eprintln!("kpis {:?}, {} rows", clock.elapsed(), rows.len());
    let rows = crate::health(&activity, date(2026, 12, 31), &config, 1);
    eprintln!("health {:?}, {} rows", clock.elapsed(), rows.len());
}

/// Components of a day: those that are there, between their anchors.
fn components() -> impl Strategy<Value = Vec<Measured>> {
    proptest::collection::vec((any::<bool>(), 0.0_f64..1.0), 7).prop_map(|all| {
        let weights = Config::default().health;
        let there = Component::ALL.into_iter().zip(all);
        there
            .filter(|(_, (there, _))| *there)
            .map(|(component, (_, normalised))| Measured {
                component,
                raw: normalised,
                normalised,
                weight: crate::health::weight_of(&weights, component),
            })
            .collect()
    })
}

proptest! {
    /// Whatever was measured on either day: the points of the components are the change that is published, and their logarithms
    /// that of the two scores that it lies between.
    #[test]
    fn what_moved_the_score_adds_up(now in components(), before in components()) {
        let weights = Config::default().health;
        let Some(compared) = compare(&now, &before, &weights) else { return Ok(()) };
        let rows = compared.rows(Vec::new(), |status, component| {
            Row::new(status).with("component", component)
        });
        let top = &rows[0];
        let (Some(change), Some(from)) = (top.value, top.own.get("before").and_then(|b| b.as_f64())) else {
            prop_assert_eq!(top.status, Status::CannotSay);
            return Ok(());
        };
        let points: f64 = rows[1..].iter().map(|row| row.own["points"].as_f64().unwrap()).sum();
        let logs: f64 = rows[1..].iter().map(|row| row.value.unwrap()).sum();
        prop_assert!((points - change).abs() < 1e-9);
        prop_assert!((logs - ((from + change) / from).ln()).abs() < 1e-9);
        for row in &rows[1..] {
            let name = row.text("component").unwrap();
            let there = |side: &[Measured]| side.iter().any(|c| c.component.name() == name);
            prop_assert!(there(&now) && there(&before), "{name} is on one side only");
        }
    }
}
