//! What the health score says of a made-up community of sixty: sums, refusals, who does not count.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::event::{Event, Kind, attribute};
use levier_domain::table::{Row, Status};

use crate::health::health_with;
use crate::{Activity, ActivityBuilder, Silence};

/// 2026-01-01T00:00:00Z in hours.
const START: i64 = 490_896;
/// The last of ninety days.
const AS_OF: (i16, i8, i8) = (2026, 3, 31);
/// The day with which the last thirty begin.
const START_OF_LAST_30: i64 = 60;

/// Ninety days: six threads a day, answered ever faster; twenty members come after forty days. `words` is of every reply, `noise`
/// adds a machine and a member of staff who answer everything at once.
fn community(days: i64, words: Option<&str>, noise: bool) -> Activity {
    // Of three people the mood is known: too few to tell of.
    let mood = |who: &str, _| ["u1", "u2", "u3"].contains(&who).then_some(0.5);
    in_mood(days, words, noise, mood)
}

/// As [`community`], with the sentiment of everybody's messages by hour.
fn in_mood(
    days: i64,
    words: Option<&str>,
    noise: bool,
    mood: impl Fn(&str, i64) -> Option<f64>,
) -> Activity {
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
        event.sentiment = mood(&who, hour);
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

fn rows(activity: &Activity, silent: &[(&str, &str)]) -> Vec<Row> {
    rows_with(activity, silent, 10)
}

fn rows_with(activity: &Activity, silent: &[(&str, &str)], min_cell: u64) -> Vec<Row> {
    let mut config = utc();
    config.privacy.min_cell = min_cell;
    all_rows(activity, silent, &config)
        .into_iter()
        .filter(|row| row.community.as_deref() == Some("main"))
        .collect()
}

fn utc() -> Config {
    let mut config = Config::default();
    config.workspace.timezone = "UTC".to_owned();
    config
}

fn all_rows(activity: &Activity, silent: &[(&str, &str)], config: &Config) -> Vec<Row> {
    let silent: Vec<Silence> = silent
        .iter()
        .map(|(community, since)| Silence {
            community: (*community).to_owned(),
            source: "chat".to_owned(),
            since: since.parse().unwrap(),
        })
        .collect();
    let (year, month, day) = AS_OF;
    health_with(activity, date(year, month, day), config, 7, &silent)
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
    let silent = rows(&activity, &[("main", "2026-03-20T10:00:00Z")]);
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
            .starts_with("suspended: source chat is silent since 2026-03-20T10:00:00Z")
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

/// Without the mood, which only the month before tells of, the score moved as it would if the mood weighed nothing.
#[test]
fn a_component_that_is_told_on_one_day_alone_moves_nothing() {
    let turn = START_OF_LAST_30 * 24;
    let activity = in_mood(90, None, false, |who, hour| {
        let known = hour < turn || ["u1", "u2", "u3"].contains(&who);
        known.then_some(-0.5)
    });
    let change = |rows: &[Row]| {
        let of = |row: &&Row| {
            row.kpi.as_deref() == Some("health_change") && row.text("component") == Some("score")
        };
        rows.iter().find(of).cloned().unwrap()
    };
    let now = rows(&activity, &[]);
    let without = {
        let mut config = utc();
        config.health.sentiment = 0.0;
        let mut rows = all_rows(&activity, &[], &config);
        rows.retain(|row| row.community.as_deref() == Some("main"));
        change(&rows)
    };
    let said = change(&now);
    assert_eq!(
        (said.value, said.lower, said.upper),
        (without.value, without.lower, without.upper)
    );
    assert_eq!(said.own["announced"], without.own["announced"]);
    assert!(
        said.reason
            .as_deref()
            .unwrap()
            .contains("sentiment is not compared"),
        "{said:?}"
    );
    let parts: f64 = now
        .iter()
        .filter(|row| row.kpi.as_deref() == Some("health_change"))
        .filter_map(|row| row.own.get("points")?.as_f64())
        .sum();
    assert!((parts - said.value.unwrap()).abs() < 1e-9);
}

/// A community of five beside two that are large enough: what is told of the total and of the others gives none away.
#[test]
fn what_a_small_community_does_cannot_be_had_by_subtraction() {
    let mut builder = ActivityBuilder::new(&Config::default());
    let mut n = 0;
    let mut post = |community: &str, hour: i64, who: String, thread: &str| {
        n += 1;
        let at = Timestamp::from_second((START + hour) * 3600).unwrap();
        let name = n.to_string();
        let mut event = Event::new(
            "forum",
            community,
            "forum",
            Kind::MessagePosted,
            at,
            &[&name],
        );
        event.actor = Some(who);
        event.thread = Some(format!("{community}{thread}"));
        event.channel = Some("help".to_owned());
        builder.push(&event, None, false, None);
    };
    for (community, first, people) in [("main", 40, 60), ("mid", 20, 38), ("side", 4, 5)] {
        for day in 0..90 {
            let there = if day < 40 { first } else { people };
            for k in 0..6 {
                let (asker, answerer) =
                    ((day * 7 + k * 11) % there, (day * 5 + k * 13 + 1) % there);
                let thread = format!("{day}-{k}");
                post(
                    community,
                    day * 24 + k,
                    format!("{community}{asker}"),
                    &thread,
                );
                post(
                    community,
                    day * 24 + k + 2,
                    format!("{community}{answerer}"),
                    &thread,
                );
            }
        }
    }
    let rows = all_rows(&builder.finish(), &[], &utc());
    let of = |component: &str, community: &str| {
        rows.iter()
            .find(|row| {
                row.kpi.as_deref() == Some("health_component")
                    && row.text("component") == Some(component)
                    && row.community.as_deref() == Some(community)
            })
            .unwrap()
    };
    let mut hidden = 0;
    for component in [
        "responsiveness",
        "newcomer_retention",
        "stickiness",
        "reciprocity",
        "spread",
    ] {
        if of(component, "side").status == Status::Suppressed {
            hidden += 1;
            assert_eq!(
                of(component, "mid").status,
                Status::Suppressed,
                "{component}"
            );
            assert!(
                of(component, "mid")
                    .reason
                    .as_deref()
                    .unwrap()
                    .contains("subtracted")
            );
            assert_eq!(of(component, "main").status, Status::Ok, "{component}");
            assert_eq!(of(component, "all").status, Status::Ok, "{component}");
        }
    }
    assert_eq!(hidden, 5);
    let score = |community: &str| {
        rows.iter()
            .find(|row| {
                row.kpi.as_deref() == Some("health_score")
                    && row.period.as_deref() == Some("30d")
                    && row.community.as_deref() == Some(community)
            })
            .unwrap()
    };
    assert!(score("main").value.is_some() && score("main").n == Some(60));
    let reason = score("mid").reason.as_deref().unwrap();
    assert!(
        reason.starts_with("responsiveness is withheld") && !reason.contains("activity"),
        "enough happened, too little may be told: {reason}"
    );
    assert!(rows.iter().all(|row| {
        row.kpi.as_deref() != Some("health_score")
            || row.community.as_deref() != Some("mid")
            || row.n.is_none()
    }));
}

#[test]
fn a_silence_suspends_the_windows_that_it_touches_and_no_other() {
    let activity = community(90, None, false);
    let with = |since: &str| {
        let rows = rows(&activity, &[("main", since)]);
        let suspended = |period: &str| {
            let row = rows.iter().find(|row| {
                row.kpi.as_deref() == Some("health_score") && row.period.as_deref() == Some(period)
            });
            row.unwrap()
                .reason
                .as_deref()
                .is_some_and(|reason| reason.starts_with("suspended"))
        };
        ["30d", "2026-03", "2026-02"].map(suspended)
    };
    assert_eq!(with("2026-03-20T10:00:00Z"), [true, true, false]);
    assert_eq!(with("2026-02-27T10:00:00Z"), [true, true, true]);
    // Known now, and not on the day that is asked about.
    assert_eq!(with("2026-04-01T00:00:00Z"), [false, false, false]);
}

/// Fifteen months in which people come and go; of three a month the mood is known.
fn flowing(days: i64) -> Activity {
    let mut builder = ActivityBuilder::new(&Config::default());
    let mut n = 0;
    let mut post = |hour: i64, who: i64, thread: &str| {
        n += 1;
        let at = Timestamp::from_second((START + hour) * 3600).unwrap();
        let name = n.to_string();
        let mut event = Event::new("forum", "main", "forum", Kind::MessagePosted, at, &[&name]);
        event.actor = Some(format!("u{who}"));
        event.thread = Some(thread.to_owned());
        event.sentiment = (who % 23 == 0).then_some(if hour / 720 % 3 == 0 { 0.5 } else { -0.5 });
        builder.push(&event, None, false, None);
    };
    for day in 0..days {
        let base = day * 2 / 3;
        for k in 0..(5 + day / 30 % 4) {
            let thread = format!("t{day}-{k}");
            post(day * 24 + k, base + (day * 7 + k * 11) % 45, &thread);
            let wait = 1 + (k * 17 + day * 3) % (20 + 15 * (day / 30 % 3));
            if day * 24 + k + wait < days * 24 {
                post(
                    day * 24 + k + wait,
                    base + (day * 5 + k * 13 + 1) % 45,
                    &thread,
                );
            }
        }
    }
    builder.finish()
}

fn backtest_row(activity: &Activity, days: i64, sentiment: f64) -> (Row, usize) {
    let mut config = utc();
    config.health.sentiment = sentiment;
    let last = Timestamp::from_second((START + days * 24 - 1) * 3600).unwrap();
    let as_of = last.to_zoned(jiff::tz::TimeZone::UTC).date();
    let rows = health_with(activity, as_of, &config, 7, &[]);
    let month_ends = rows.iter().filter(|row| {
        row.kpi.as_deref() == Some("health_score")
            && row.community.as_deref() == Some("main")
            && row.period.as_deref() != Some("30d")
            && row.value.is_some()
    });
    let scored = month_ends.count();
    let row = rows
        .into_iter()
        .find(|row| row.kpi.as_deref() == Some("health_backtest"));
    (row.unwrap(), scored)
}

#[test]
fn the_score_that_is_put_to_the_test_is_the_one_that_is_published() {
    let activity = flowing(1000);
    let (tested, scored) = backtest_row(&activity, 1000, 0.05);
    let (without, _) = backtest_row(&activity, 1000, 0.0);
    assert_eq!((tested.status, scored), (Status::Ok, 12), "{tested:?}");
    assert_eq!(
        tested.value, without.value,
        "the mood is not told, and not in the score"
    );
}

#[test]
fn months_so_far_are_those_with_a_score() {
    let (row, scored) = backtest_row(&flowing(330), 330, 0.05);
    assert_eq!(row.status, Status::CannotSay);
    // Ten months are over; in the first two nobody had been new two months before.
    assert!((5..10).contains(&scored), "{scored}");
    assert_eq!(row.own["months"].as_u64(), Some(scored as u64));
    assert_eq!(row.own["communities"].as_u64(), Some(1));
    let quiet = community(20, None, false);
    let (row, _) = backtest_row(&quiet, 20, 0.05);
    assert_eq!(row.own["communities"].as_u64(), Some(0), "none has a score");
}
