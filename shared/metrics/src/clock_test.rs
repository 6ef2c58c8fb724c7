//! Local time: the days on which clocks change, weeks across years, fiscal years, rolling windows at their edges, partial periods.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, date};
use levier_domain::config::Config;
use levier_domain::event::{Event, Kind, Visibility};
use levier_domain::table::{Row, Status};

use crate::{ActivityBuilder, AsOf, Inputs, kpis};

fn config(zone: &str) -> Config {
    Config::parse(&format!(
        "[workspace]\ntimezone = \"{zone}\"\nfiscal_year_start = 4\n[privacy]\nmin_cell = 1\n[communities.main]\n"
    ))
    .unwrap()
}

/// One message at each local time (the earlier one where a time is there twice), and the rows as of a day.
fn rows(zone: &str, times: &[&str], as_of: impl Into<AsOf>) -> Vec<Row> {
    let config = config(zone);
    let mut builder = ActivityBuilder::new(&config);
    let local = |text: &str| -> Timestamp {
        let time: DateTime = text.parse().unwrap();
        time.to_zoned(config.workspace.zone()).unwrap().timestamp()
    };
    for (n, when) in times.iter().enumerate() {
        let mut event = Event::new(
            "forum",
            "main",
            "forum",
            Kind::MessagePosted,
            local(when),
            &[&n.to_string()],
        );
        event.actor = Some("ana".to_owned());
        event.channel = Some("help".to_owned());
        event.visibility = Some(Visibility::Public);
        builder.push(&event, None, false, None);
    }
    let activity = builder.finish();
    let inputs = Inputs {
        activity: Some(&activity),
        ..Inputs::default()
    };
    kpis(&inputs, as_of, &config)
}

/// Messages of the whole company by period of a grain, silent ones left out.
fn messages(rows: &[Row], grain: &str) -> BTreeMap<String, (f64, Status)> {
    let all = |row: &Row, column: &str| row.text(column) == Some("all");
    rows.iter()
        .filter(|row| {
            row.kpi.as_deref() == Some("messages")
                && row.community.as_deref() == Some("all")
                && row.segment.as_deref() == Some("all")
                && row.text("grain") == Some(grain)
                && ["side", "platform", "channel", "item"]
                    .iter()
                    .all(|column| all(row, column))
        })
        .filter_map(|row| {
            let value = row.value.filter(|value| *value > 0.0)?;
            Some((row.period.clone()?, (value, row.status)))
        })
        .collect()
}

fn counts(rows: &[Row], grain: &str) -> Vec<(String, f64)> {
    messages(rows, grain)
        .into_iter()
        .map(|(period, (value, _))| (period, value))
        .collect()
}

fn expect(found: Vec<(String, f64)>, want: &[(&str, f64)], case: &str) {
    let want: Vec<(String, f64)> = want
        .iter()
        .map(|(period, n)| ((*period).to_owned(), *n))
        .collect();
    assert_eq!(found, want, "{case}");
}

#[test]
fn half_past_midnight_is_the_day_it_says_when_clocks_change() {
    for (zone, spring, autumn) in [
        ("Europe/Paris", "2026-03-29", "2026-10-25"),
        ("America/New_York", "2026-03-08", "2026-11-01"),
    ] {
        for day in [spring, autumn] {
            let switch: Date = day.parse().unwrap();
            let (before, after) = (switch.yesterday().unwrap(), switch.tomorrow().unwrap());
            let times = [
                format!("{before}T23:59:59"),
                format!("{switch}T00:00:00"),
                format!("{switch}T00:30:00"),
                format!("{switch}T03:30:00"),
                format!("{switch}T23:30:00"),
                format!("{after}T00:00:00"),
                format!("{after}T00:30:00"),
            ];
            let times: Vec<&str> = times.iter().map(String::as_str).collect();
            let rows = rows(zone, &times, date(2026, 12, 15));
            let days = [before, switch, after].map(|day| day.to_string());
            expect(
                counts(&rows, "day"),
                &[(&days[0], 1.0), (&days[1], 4.0), (&days[2], 2.0)],
                zone,
            );
        }
    }
}

#[test]
fn weeks_and_fiscal_years_go_across_the_new_year() {
    let times = [
        "2024-12-30T00:30:00", // Monday of the first week of 2025
        "2025-12-28T23:30:00", // Sunday
        "2025-12-29T00:30:00", // Monday of the first week of 2026
        "2026-01-01T00:30:00",
        "2026-01-04T23:59:59", // Sunday
        "2026-01-05T00:00:00",
        "2026-03-31T23:59:59",
        "2026-04-01T00:00:00",
        "2027-01-03T12:00:00", // Sunday of the fifty-third week of 2026
    ];
    let rows = rows("Europe/Paris", &times, date(2027, 1, 10));
    expect(
        counts(&rows, "week"),
        &[
            ("2025-W01", 1.0),
            ("2025-W52", 1.0),
            ("2026-W01", 3.0),
            ("2026-W02", 1.0),
            ("2026-W14", 2.0),
            ("2026-W53", 1.0),
        ],
        "ISO weeks",
    );
    expect(
        counts(&rows, "year"),
        &[("FY2025", 1.0), ("FY2026", 6.0), ("FY2027", 2.0)],
        "fiscal years are named after the year in which they end",
    );
    expect(
        counts(&rows, "quarter"),
        &[
            ("FY2025-Q3", 1.0),
            ("FY2026-Q3", 2.0),
            ("FY2026-Q4", 4.0),
            ("FY2027-Q1", 1.0),
            ("FY2027-Q4", 1.0),
        ],
        "fiscal quarters",
    );
    let status = |grain, period: &str| messages(&rows, grain)[period].1;
    assert_eq!(status("year", "FY2026"), Status::Ok);
    assert_eq!(status("year", "FY2027"), Status::Partial);
    assert_eq!(status("quarter", "FY2027-Q4"), Status::Partial);
}

#[test]
fn rolling_windows_hold_their_first_and_last_instant() {
    // 28 days that end with 10 November begin on 14 October, in summer time; 90 days on 13 August.
    let times = [
        "2026-08-12T23:59:59",
        "2026-08-13T00:00:00",
        "2026-10-13T23:59:59",
        "2026-10-14T00:00:00",
        "2026-11-10T23:59:59",
        "2026-11-11T00:00:00",
    ];
    let rows = rows("Europe/Paris", &times, date(2026, 11, 10));
    expect(counts(&rows, "28d"), &[("28d", 2.0)], "28 days");
    expect(counts(&rows, "90d"), &[("90d", 4.0)], "90 days");
    let months = messages(&rows, "month");
    assert_eq!(
        months["2026-11"],
        (1.0, Status::Partial),
        "the day after is not yet there"
    );
    assert_eq!(months["2026-10"], (2.0, Status::Ok));
    assert_eq!(
        messages(&rows, "28d")["28d"].1,
        Status::Ok,
        "a rolling window is whole"
    );
}

#[test]
fn the_last_day_of_a_period_makes_it_whole() {
    let times = ["2026-10-05T12:00:00"];
    let status = |as_of| messages(&rows("Europe/Paris", &times, as_of), "month")["2026-10"].1;
    assert_eq!(status(date(2026, 10, 30)), Status::Partial);
    assert_eq!(status(date(2026, 10, 31)), Status::Ok);
}

/// At three o'clock on a Sunday neither the Sunday nor its week nor its month is over; what was is the same to the bit.
#[test]
fn a_day_that_has_just_begun_is_not_a_whole_one() {
    let zone = "Europe/Paris";
    let times = ["2026-05-30T12:00:00", "2026-05-31T02:30:00"];
    let sunday = date(2026, 5, 31);
    let at = |text: &str| -> AsOf {
        let time: DateTime = text.parse().unwrap();
        let zone = jiff::tz::TimeZone::get(zone).unwrap();
        AsOf::known(sunday, Some(time.to_zoned(zone).unwrap().timestamp()))
    };
    let night = rows(zone, &times, at("2026-05-31T03:00:00"));
    let whole = rows(zone, &times, sunday);
    for (grain, period) in [
        ("day", "2026-05-31"),
        ("week", "2026-W22"),
        ("month", "2026-05"),
    ] {
        let status = |rows: &[Row]| messages(rows, grain)[period].1;
        assert_eq!(status(&night), Status::Partial, "{grain}");
        assert_eq!(status(&whole), Status::Ok, "{grain}");
    }
    assert_eq!(messages(&night, "day")["2026-05-30"].1, Status::Ok);
    // A window that ends with the day is about what is known of it.
    assert_eq!(messages(&night, "28d")["28d"], (2.0, Status::Ok));
    assert_eq!(rows(zone, &times, at("2026-06-01T00:00:00")), whole);
    assert_eq!(rows(zone, &times, at("2026-06-05T00:00:00")), whole);
}

/// A question of an hour ago has waited an hour, and is not one that nobody answered for three days.
#[test]
fn waits_end_now_where_the_day_still_runs() {
    let mut config = config("Pacific/Pago_Pago");
    config.communities.entry("main".to_owned()).or_default();
    let asked: Timestamp = "2026-05-27T14:00:00Z".parse().unwrap();
    let now = asked + jiff::SignedDuration::from_hours(71);
    let day = date(2026, 5, 30);
    let mut builder = ActivityBuilder::new(&config);
    let mut event = Event::new("forum", "main", "forum", Kind::MessagePosted, asked, &["1"]);
    event.actor = Some("ana".to_owned());
    event.is_question = Some(true);
    builder.push(&event, None, false, None);
    let activity = builder.finish();
    let inputs = Inputs {
        activity: Some(&activity),
        ..Inputs::default()
    };
    let unanswered = |as_of: AsOf| {
        kpis(&inputs, as_of, &config)
            .into_iter()
            .find(|row| {
                row.kpi.as_deref() == Some("unanswered_share_72h")
                    && row.text("grain") == Some("28d")
            })
            .unwrap()
            .value
    };
    let hours = |as_of: AsOf| {
        crate::champions(&activity, as_of, &config)
            .into_iter()
            .find(|row| row.kpi.as_deref() == Some("unanswered_questions"))
            .unwrap()
            .value
    };
    let running = AsOf::known(day, Some(now));
    assert_eq!((unanswered(running), hours(running)), (None, Some(71.0)));
    assert_eq!(unanswered(day.into()), Some(1.0));
}
