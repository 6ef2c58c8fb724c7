//! Properties that hold for any community: the order of events does not matter, ranges hold, small cells stay hidden.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::event::{Event, Kind, Visibility, attribute};
use levier_domain::table::{Row, Status};
use proptest::prelude::*;

use crate::{Activity, ActivityBuilder, Inputs, champions, cohorts, kpis};

/// 2026-01-01T00:00:00Z in seconds.
const START: i64 = 1_767_225_600;

/// One made-up happening: person, hour, kind, whom or what it is about, flags.
type Happening = (u8, u16, u8, u8, u8);

fn event(at: usize, happening: &Happening) -> Event {
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
            event.text_length = Some(u32::from(about));
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

fn build(events: &[(usize, Happening)], config: &Config) -> Activity {
    let mut builder = ActivityBuilder::new(config);
    for (at, happening) in events {
        builder.push(
            &event(*at, happening),
            None,
            happening.0 % 40 == 0,
            segment(happening.0),
        );
    }
    builder.finish()
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
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

fn config(min_cell: u64) -> Config {
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
    fn figures_are_in_their_range(events in happenings()) {
        let config = config(1);
        let events: Vec<_> = events.into_iter().enumerate().collect();
        for row in rows(&build(&events, &config), &config) {
            let Some(value) = row.value else { continue };
            prop_assert!(value.is_finite(), "{row:?}");
            let kpi = row.kpi.as_deref().unwrap();
            if row.unit.as_deref() == Some("share") && !matches!(kpi, "engagement_rate" | "leave_rate" | "gamification") {
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
        let hidden = kpis(&inputs, as_of, &config);
        let open = kpis(&inputs, as_of, &self::config(0));
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
