//! Alerts: hysteresis, gaps, silent sources, rolling windows, what needs no configuration.
#![allow(clippy::unwrap_used)]

use super::*;
use jiff::civil::date;
use proptest::prelude::*;

fn figure(period: &str, value: Option<f64>) -> Row {
    let mut row = Row::new(if value.is_some() {
        Status::Ok
    } else {
        Status::Suppressed
    });
    row.kpi = Some("stickiness".to_owned());
    row.community = Some("all".to_owned());
    row.segment = Some("all".to_owned());
    row.period = Some(period.to_owned());
    row.value = value;
    let grain = if period.ends_with('d') {
        period.to_owned()
    } else {
        "month".to_owned()
    };
    row.with("grain", grain)
        .with("side", "all")
        .with("item", "all")
}

fn config(text: &str) -> Config {
    Config::parse(&format!("[alerts.a]\nkpi = \"stickiness\"\n{text}")).unwrap()
}

fn months(values: &[Option<f64>]) -> Vec<Row> {
    values
        .iter()
        .enumerate()
        .map(|(at, value)| figure(&format!("2026-{:02}", at + 1), *value))
        .collect()
}

fn of(rows: &[Row], text: &str) -> Row {
    alerts(rows, &[], &[], date(2026, 9, 1), &config(text)).remove(0)
}

fn state(row: &Row) -> (&str, Option<&str>, u64) {
    (
        row.text("state").unwrap(),
        row.text("since"),
        row.own["streak"].as_u64().unwrap(),
    )
}

#[test]
fn whole_periods_are_replayed() {
    let some = |values: &[f64]| months(&values.iter().copied().map(Some).collect::<Vec<_>>());
    let rule = "below = 0.2\nhysteresis = 0.05\ngrain = \"month\"\n";
    for (case, values, rule, want) in [
        ("never", vec![0.3, 0.25], rule, ("clear", None, 0)),
        ("at the limit", vec![0.3, 0.2], rule, ("clear", None, 0)),
        (
            "fires",
            vec![0.3, 0.19],
            rule,
            ("firing", Some("2026-02"), 1),
        ),
        (
            "hovers",
            vec![0.3, 0.19, 0.22, 0.21],
            rule,
            ("firing", Some("2026-02"), 3),
        ),
        ("back", vec![0.3, 0.19, 0.26], rule, ("clear", None, 0)),
        (
            "again",
            vec![0.19, 0.26, 0.1],
            rule,
            ("firing", Some("2026-03"), 1),
        ),
        (
            "not yet for two periods",
            vec![0.3, 0.1],
            "below = 0.2\nfor_periods = 2\ngrain = \"month\"\n",
            ("clear", None, 1),
        ),
        (
            "two in a row",
            vec![0.1, 0.3, 0.1, 0.1],
            "below = 0.2\nfor_periods = 2\ngrain = \"month\"\n",
            ("firing", Some("2026-04"), 2),
        ),
        (
            "outside of a band",
            vec![0.5, 0.9],
            "below = 0.2\nabove = 0.8\ngrain = \"month\"\n",
            ("firing", Some("2026-02"), 1),
        ),
        (
            "falls by a fifth",
            vec![0.5, 0.4],
            "falls_by = 0.2\ngrain = \"month\"\n",
            ("firing", Some("2026-02"), 1),
        ),
        (
            "falls by less",
            vec![0.5, 0.41],
            "falls_by = 0.2\ngrain = \"month\"\n",
            ("clear", None, 0),
        ),
        (
            "rises",
            vec![0.5, 0.4, 0.8],
            "rises_by = 0.5\ngrain = \"month\"\n",
            ("firing", Some("2026-03"), 1),
        ),
    ] {
        assert_eq!(state(&of(&some(&values), rule)), want, "{case}");
    }
}

#[test]
fn no_figure_keeps_the_state_and_says_so() {
    let rule = "below = 0.2\ngrain = \"month\"\n";
    let row = of(&months(&[Some(0.1), None]), rule);
    assert_eq!(state(&row), ("firing", Some("2026-01"), 1));
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (Status::Suppressed, Some(KEPT))
    );
    let row = of(&[], rule);
    assert_eq!(state(&row), ("clear", None, 0));
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (Status::Missing, Some(NO_FIGURE))
    );
    // A change over a gap cannot be told: neither fires nor clears.
    let rule = "falls_by = 0.2\ngrain = \"month\"\n";
    assert_eq!(
        state(&of(&months(&[Some(0.5), None, Some(0.1)]), rule)).0,
        "clear"
    );
}

#[test]
fn the_running_period_and_other_scopes_are_not_looked_at() {
    let rule = "below = 0.2\ngrain = \"month\"\n";
    let mut running = figure("2026-02", Some(0.1));
    running.status = Status::Partial;
    let mut other = figure("2026-03", Some(0.1));
    other.community = Some("main".to_owned());
    let part = figure("2026-04", Some(0.1)).with("side", "member");
    let row = of(&[figure("2026-01", Some(0.3)), running, other, part], rule);
    assert_eq!(state(&row), ("clear", None, 0));
    assert_eq!(row.period.as_deref(), Some("2026-01"));
}

/// Withheld or not, the running period is none to go by; of a withheld whole one the last figure is told.
#[test]
fn a_withheld_running_period_hides_no_figure() {
    let rule = config("below = 0.2\ngrain = \"month\"\n");
    let rows = months(&[Some(0.1), None]);
    let on = |as_of: AsOf| alerts(&rows, &[], &[], as_of, &rule).remove(0);
    for (case, as_of) in [
        ("within the month", AsOf::from(date(2026, 2, 10))),
        (
            "on its last morning",
            AsOf::known(
                date(2026, 2, 28),
                Some("2026-02-28T05:00:00Z".parse().unwrap()),
            ),
        ),
    ] {
        let row = on(as_of);
        assert_eq!(
            (row.value, row.period.as_deref()),
            (Some(0.1), Some("2026-01")),
            "{case}"
        );
        assert_eq!(row.status, Status::Ok, "{case}");
    }
    let row = on(date(2026, 2, 28).into());
    assert_eq!((row.value, row.period.as_deref()), (None, Some("2026-02")));
    assert_eq!(row.own["last_value"], 0.1);
    assert_eq!(row.text("last_period"), Some("2026-01"));
}

/// An alert that names no item of a figure that exists by item only says which there are; the return is an item of its own name.
#[test]
fn an_alert_without_a_figure_says_which_there_are() {
    let part = |item: &str, grain: &str, period: &str| {
        let mut row = figure(period, Some(3.0));
        row.own.insert("item".to_owned(), item.into());
        row.own.insert("grain".to_owned(), grain.into());
        row
    };
    let rows = [
        part("deals_won", "month", "2026-01"),
        part("tickets_solved", "28d", "28d"),
    ];
    for (case, rule, said) in [
        (
            "no item",
            "below = 2",
            "item = deals_won, tickets_solved (grain = 28d, month)",
        ),
        (
            "community that is not there",
            "below = 2\nitem = \"deals_won\"\ncommunity = \"mian\"",
            "community = all",
        ),
        (
            "other grain",
            "below = 2\nitem = \"deals_won\"\ngrain = \"week\"",
            "with grain = month",
        ),
    ] {
        let row = of(&rows, rule);
        assert_eq!(row.status, Status::Missing, "{case}");
        let reason = row.reason.unwrap();
        assert!(reason.contains(said), "{case}: {reason}");
    }
    let row = of(&rows, "above = 2\nitem = \"deals_won\"\ngrain = \"month\"");
    assert_eq!(state(&row).0, "firing");
    let mut total = Row::new(Status::Ok)
        .with("item", "roi")
        .with("scenario", "central");
    (total.kpi, total.community) = (Some("roi".into()), Some("all".into()));
    (total.period, total.value) = (Some("all".into()), Some(0.4));
    let config = Config::parse("[alerts.a]\nkpi = \"roi\"\nbelow = 1").unwrap();
    let row = alerts(&[total], &[], &[], date(2026, 9, 1), &config).remove(0);
    assert_eq!((state(&row).0, row.value), ("firing", Some(0.4)));
}

#[test]
fn what_a_silent_source_left_incomplete_neither_fires_nor_clears() {
    let rule = "below = 0.2\ngrain = \"month\"\n";
    let mut low = figure("2026-02", Some(0.1));
    low.status = Status::Partial;
    low.reason = Some("source team is silent since 2026-02-03T10:00:00Z".to_owned());
    let row = of(&[figure("2026-01", Some(0.3)), low.clone()], rule);
    assert_eq!(state(&row), ("clear", None, 0));
    assert_eq!(row.period.as_deref(), Some("2026-02"));
    let row = of(&[figure("2026-01", Some(0.15)), low], rule);
    assert_eq!(state(&row), ("firing", Some("2026-01"), 1));
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (Status::Partial, Some(KEPT))
    );
}

#[test]
fn a_rolling_window_goes_on_from_the_night_before() {
    let rule = config("below = 0.2\nhysteresis = 0.05\nfor_periods = 2\n");
    let mut previous = Vec::new();
    let mut seen = Vec::new();
    for (day, value) in [
        (1, Some(0.1)),
        (2, Some(0.1)),
        (3, Some(0.22)),
        (4, None),
        (5, Some(0.3)),
    ] {
        let rows = [figure("28d", value)];
        let now = alerts(&rows, &[], &previous, date(2026, 3, day), &rule);
        // The same night again changes nothing.
        assert_eq!(
            now,
            alerts(&rows, &[], &previous, date(2026, 3, day), &rule)
        );
        seen.push((
            now[0].text("state").unwrap().to_owned(),
            now[0].text("since").map(str::to_owned),
        ));
        previous = now;
    }
    let on = ("firing".to_owned(), Some("2026-03-02".to_owned()));
    let off = ("clear".to_owned(), None);
    assert_eq!(seen, [off.clone(), on.clone(), on.clone(), on, off]);
    assert_eq!(previous[0].text("cleared"), Some("2026-03-05"));
}

#[test]
fn health_and_silence_need_no_configuration() {
    let mut score = figure("30d", Some(60.0)).with("component", "score");
    score.kpi = Some("health_score".to_owned());
    let mut change = score.clone();
    change.kpi = Some("health_change".to_owned());
    (change.value, change.lower, change.upper) = (Some(-8.0), Some(-12.0), Some(-3.0));
    let mut own = score.clone();
    own.community = Some("main".to_owned());
    let mut quiet = Row::new(Status::Quiet)
        .with("source", "team")
        .with("last_received_at", "2026-02-01T10:00:00Z");
    quiet.community = Some("main".to_owned());
    let never = Row::new(Status::Never).with("source", "forum");
    let rows = alerts(
        &[score, change, own],
        &[quiet, never],
        &[],
        date(2026, 3, 1),
        &Config::default(),
    );
    let told: Vec<(&str, &str, Option<&str>)> = rows
        .iter()
        .map(|row| {
            (
                row.text("alert").unwrap(),
                row.text("state").unwrap(),
                row.text("since"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("health_fell.all", "firing", Some("2026-03-01")),
            ("health_rose.all", "clear", None),
            ("source_silent.team", "firing", Some("2026-02-01T10:00:00Z")),
        ]
    );
}

proptest! {
    /// With hysteresis an alert never changes twice within the band, and it fires only beyond its limit.
    #[test]
    fn hovering_fires_once(values in proptest::collection::vec(0.0_f64..1.0, 1..24)) {
        let rows: Vec<Row> = values
            .iter()
            .enumerate()
            .map(|(at, value)| figure(&format!("{:04}-01", 2000 + at), Some(*value)))
            .collect();
        let rule = config("below = 0.4\nhysteresis = 0.2\ngrain = \"month\"\n");
        let mut on = false;
        for upto in 1..=rows.len() {
            let row = alerts(&rows[..upto], &[], &[], date(2026, 9, 1), &rule).remove(0);
            let now = row.text("state") == Some("firing");
            let value = values[upto - 1];
            prop_assert!(!now || on || value < 0.4);
            prop_assert!(now || !on || value >= 0.6);
            on = now;
        }
    }
}
