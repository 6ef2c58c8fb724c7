//! What the health score says of a made-up community of sixty: sums, refusals, who does not count.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::event::{Event, Kind, attribute};
use levier_domain::table::{Row, Status};

use crate::health::health_with;
use crate::{Activity, ActivityBuilder};

/// 2026-01-01T00:00:00Z in hours.
const START: i64 = 490_896;
/// The last of ninety days.
const AS_OF: (i16, i8, i8) = (2026, 3, 31);

/// Ninety days: six threads a day, answered ever faster; twenty members come after forty days. `words` is of every reply, `noise`
/// adds a machine and a member of staff who answer everything at once.
fn community(days: i64, words: Option<&str>, noise: bool) -> Activity {
    let mut builder = ActivityBuilder::new(&Config::default());
    let mut n = 0;
    let mut post = |hour: i64, who: String, thread: &str, reply: bool, bot: bool| {
        n += 1;
        let at = Timestamp::from_second((START + hour) * 3600).unwrap();
        let mut event = Event::new(
            "forum",
            "main",
            "forum",
            Kind::MessagePosted,
            at,
            &[&n.to_string()],
        );
        let segment = if who.len() == 3 { "pro" } else { "retail" };
        event.actor = Some(who.clone());
        event.thread = Some(thread.to_owned());
        event.is_bot = bot;
        // Of three people the mood is known: too few to tell of.
        event.sentiment = ["u1", "u2", "u3"].contains(&who.as_str()).then_some(0.5);
        event.channel = Some("help".to_owned());
        if let Some(words) = words.filter(|_| reply) {
            event
                .attributes
                .insert(attribute::WORDS.to_owned(), words.to_owned());
        }
        builder.push(&event, None, who == "sam", Some(segment));
    };
    for day in 0..days {
        let people = if day < 40 { 40 } else { 60 };
        for k in 0..6 {
            let (asker, answerer) = ((day * 7 + k * 11) % people, (day * 5 + k * 13 + 1) % people);
            let thread = format!("t{day}-{k}");
            post(day * 24 + k, format!("u{asker}"), &thread, false, false);
            let wait = 1 + (day * 3 + k * 17) % (130 - day);
            if day * 24 + k + wait < days * 24 {
                post(
                    day * 24 + k + wait,
                    format!("u{answerer}"),
                    &thread,
                    true,
                    false,
                );
            }
            if noise {
                post(day * 24 + k + 1, "robot".to_owned(), &thread, true, true);
                post(day * 24 + k + 1, "sam".to_owned(), &thread, true, false);
            }
        }
    }
    builder.finish()
}

fn rows(activity: &Activity, silent: &[&str]) -> Vec<Row> {
    rows_with(activity, silent, 10)
}

fn rows_with(activity: &Activity, silent: &[&str], min_cell: u64) -> Vec<Row> {
    let mut config = Config::default();
    config.privacy.min_cell = min_cell;
    config.workspace.timezone = "UTC".to_owned();
    let silent: BTreeSet<String> = silent.iter().map(|name| (*name).to_owned()).collect();
    let (year, month, day) = AS_OF;
    health_with(activity, date(year, month, day), &config, 7, &silent)
        .into_iter()
        .filter(|row| row.community.as_deref() == Some("main"))
        .collect()
}

fn score(rows: &[Row]) -> &Row {
    rows.iter()
        .find(|row| {
            row.kpi.as_deref() == Some("health_score") && row.period.as_deref() == Some("30d")
        })
        .unwrap()
}

#[test]
fn what_moved_the_score_adds_up_in_logarithms_and_in_points() {
    let rows = rows(&community(90, None, false), &[]);
    let changes: Vec<&Row> = rows
        .iter()
        .filter(|row| row.kpi.as_deref() == Some("health_change"))
        .collect();
    let (whole, parts): (Vec<&Row>, Vec<&Row>) = changes
        .into_iter()
        .partition(|row| row.text("component") == Some("score"));
    let (now, change) = (score(&rows).value.unwrap(), whole[0].value.unwrap());
    let points: f64 = parts
        .iter()
        .map(|row| row.own["points"].as_f64().unwrap())
        .sum();
    let logs: f64 = parts.iter().map(|row| row.value.unwrap()).sum();
    assert!(change.abs() > 0.1, "{change}");
    assert!((points - change).abs() < 1e-9, "{points} is not {change}");
    assert!((logs - (now / (now - change)).ln()).abs() < 1e-9);
    assert_eq!(
        whole[0].own["announced"].as_bool().unwrap(),
        whole[0].lower.unwrap() > 0.0 || whole[0].upper.unwrap() < 0.0
    );
    let band = ["band_lower", "band_upper"].map(|end| score(&rows).own[end].as_f64().unwrap());
    assert!(band[0] <= now && now <= band[1], "{band:?}");
    assert_eq!(
        score(&rows).own["weights"]["responsiveness"],
        0.25,
        "weights are printed"
    );
}

#[test]
fn machines_and_staff_change_nothing() {
    let (quiet, noisy) = (community(90, None, false), community(90, None, true));
    let (quiet, noisy) = (rows(&quiet, &[]), rows(&noisy, &[]));
    assert_eq!(score(&quiet).value, score(&noisy).value);
}

#[test]
fn replies_of_two_words_answer_nothing() {
    let component = |words: Option<&str>| {
        rows(&community(90, words, false), &[])
            .iter()
            .find(|row| row.text("component") == Some("responsiveness"))
            .and_then(|row| row.value)
    };
    assert_eq!(component(Some("2")), Some(0.0));
    assert!(component(None).unwrap() > 0.0);
    assert_eq!(
        component(Some("3")),
        component(None),
        "three words are an answer"
    );
}

#[test]
fn a_silent_source_or_too_little_activity_is_said() {
    let activity = community(90, None, false);
    let silent = rows(&activity, &["main"]);
    let suspended = score(&silent);
    assert_eq!(
        (suspended.status, suspended.value),
        (Status::CannotSay, None)
    );
    assert!(
        suspended
            .reason
            .as_deref()
            .unwrap()
            .starts_with("suspended")
    );
    let young = rows(&community(3, None, false), &[]);
    let refused = score(&young);
    assert_eq!(refused.status, Status::CannotSay);
    for lacking in [
        "threads: fewer than 20",
        "newcomers: fewer than 15",
        "active authors: fewer than 30",
    ] {
        assert!(
            refused.reason.as_deref().unwrap().contains(lacking),
            "{refused:?}"
        );
    }
}

#[test]
fn the_next_steps_name_where_the_component_is_weakest() {
    let rows = rows(&community(90, None, false), &[]);
    let actions: Vec<&Row> = rows
        .iter()
        .filter(|row| row.kpi.as_deref() == Some("health_action"))
        .collect();
    assert!(!actions.is_empty());
    for action in &actions {
        if let Some(segment) = action.text("action_segment") {
            assert!(action.text("action_en").unwrap().contains(segment));
            assert!(action.text("action_fr").unwrap().contains(segment));
        }
        assert!(action.value.unwrap() > 0.0);
    }
    assert!(
        actions
            .iter()
            .any(|a| a.text("action_segment").is_some() || a.text("channel") == Some("help")),
        "{actions:?}"
    );
}

/// Who knows the score and all components but one knows that one: what rests on too few people is in no score.
#[test]
fn a_component_of_too_few_people_is_not_part_of_the_score() {
    let activity = community(90, None, false);
    let components = |rows: &[Row]| -> Vec<Row> {
        rows.iter()
            .filter(|row| row.kpi.as_deref() == Some("health_component"))
            .cloned()
            .collect()
    };
    let open = rows_with(&activity, &[], 0);
    let closed = rows_with(&activity, &[], 10);
    let mood = |rows: &[Row]| {
        let found = components(rows)
            .into_iter()
            .find(|row| row.text("component") == Some("sentiment"))
            .unwrap();
        (found.status, found.value.is_some())
    };
    assert_eq!(mood(&open), (Status::Ok, true));
    assert_eq!(mood(&closed), (Status::Suppressed, false));
    let value = score(&closed).value.unwrap();
    assert_ne!(score(&open).value, Some(value));
    let logs: f64 = components(&closed)
        .iter()
        .filter_map(|row| row.own.get("contribution")?.as_f64())
        .sum();
    assert!(
        (logs - (value / 100.0).ln()).abs() < 1e-9,
        "the parts that are told are the whole score"
    );
    assert!(
        !closed.iter().any(|row| {
            row.kpi.as_deref() == Some("health_change")
                && row.text("component") == Some("sentiment")
        }),
        "nor does its change tell of it"
    );
}

/// The month that ends today is not over before midnight: its score is not yet in the history.
#[test]
fn a_month_has_a_score_once_its_last_day_is_over() {
    let mut config = Config::default();
    config.workspace.timezone = "UTC".to_owned();
    let end = date(2026, 3, 31);
    let morning = crate::AsOf::known(end, Some("2026-03-31T02:00:00Z".parse().unwrap()));
    let zone = config.workspace.zone();
    assert_eq!(
        crate::health::last_month(morning, &zone).to_string(),
        "2026-02"
    );
    assert_eq!(
        crate::health::last_month(end.into(), &zone).to_string(),
        "2026-03"
    );
}
