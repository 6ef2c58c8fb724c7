//! Leads, answers, contracts and mentions of records: who counts once, who not at all, and what is unknown rather than nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::event::{Event, Kind};
use levier_domain::record::{Record, Value};
use levier_domain::table::{Row, Status};

use crate::worked_company_test::{day, put, text, when};
use crate::worked_story_test::{at, find};
use crate::{ActivityBuilder, Inputs, Records, Who, Words, kpis};

fn config(min_cell: u64, more: &str) -> Config {
    let text = format!(
        "[workspace]\ntimezone = \"Europe/Paris\"\n{more}\n[privacy]\nmin_cell = {min_cell}\n"
    );
    Config::parse(&text).unwrap()
}

fn published(records: &Records, config: &Config) -> Vec<Row> {
    let inputs = Inputs {
        records: Some(records),
        ..Inputs::default()
    };
    kpis(&inputs, date(2026, 11, 10), config)
}

fn contact(records: &mut Records, person: &str, source: &str, cells: &[(&str, Value)]) {
    let mut all = vec![
        ("person_id", text(&format!("{source}-{person}"))),
        ("source", text(source)),
        ("created_at", when("2026-02-02T12:00:00")),
    ];
    all.extend_from_slice(cells);
    put(records, Entity::People, person, &all);
}

fn ordered(records: &mut Records, person: &str, local: &str) {
    let at = at(local).as_microsecond();
    records.bought(person, at, &mut Words::default());
}

#[test]
fn a_conversion_that_nothing_could_tell_is_missing() {
    let mut records = Records::default();
    contact(&mut records, "ana", "crm", &[]);
    let rows = published(&records, &config(0, ""));
    let row = find(&rows, "conversion_rate", "all", "all", "2026-11");
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (
            Status::Missing,
            Some("needs: people with became_customer_at, or people + deals")
        )
    );
    // A lost deal tells that nobody converted.
    put(
        &mut records,
        Entity::Deals,
        "ana",
        &[
            ("deal_id", text("d")),
            ("created_at", when("2026-02-03T12:00:00")),
            ("closed_at", when("2026-02-04T12:00:00")),
            ("status", text("lost")),
        ],
    );
    let rows = published(&records, &config(0, ""));
    let row = find(&rows, "conversion_rate", "all", "all", "2026-02");
    assert_eq!((row.value, row.n), (Some(0.0), Some(1)));
}

#[test]
fn a_lead_is_a_person_who_was_no_customer_before_and_no_staff() {
    let mut records = Records::default();
    let qualified = [("qualified_at", when("2026-02-20T12:00:00"))];
    contact(&mut records, "twice", "hubspot", &qualified);
    contact(&mut records, "twice", "salesforce", &qualified);
    ordered(&mut records, "twice", "2026-03-01T12:00:00");
    contact(&mut records, "never", "hubspot", &[]);
    contact(&mut records, "earlier", "hubspot", &[]);
    ordered(&mut records, "earlier", "2025-06-01T12:00:00");
    contact(
        &mut records,
        "known",
        "hubspot",
        &[("lifecycle", text("customer"))],
    );
    contact(&mut records, "sam", "hubspot", &qualified);
    records.membership.staff("sam", &mut Words::default());
    records.sort();
    let rows = published(&records, &config(0, ""));
    let row = find(&rows, "conversion_rate", "all", "all", "2026-02");
    assert_eq!((row.value, row.n), (Some(0.5), Some(2)), "twice and never");
    assert_eq!(row.own["denominator"].as_f64(), Some(2.0));
    assert_eq!(
        row.reason.as_deref(),
        Some("1 customers are left out: nothing says since when they are")
    );
    let qualified = find(&rows, "qualified_leads", "all", "all", "2026-02");
    assert_eq!(qualified.value, Some(1.0), "one person in two CRMs");
}

fn contract(records: &mut Records, person: &str, cells: &[(&str, Value)]) {
    let mut all = vec![
        ("subscription_id", text(person)),
        ("started_at", when("2025-03-01T00:00:00")),
    ];
    all.extend_from_slice(cells);
    put(records, Entity::Subscriptions, person, &all);
}

#[test]
fn a_contract_cancelled_in_its_trial_converts_nobody() {
    let mut records = Records::default();
    for (who, ended) in [
        ("tried", "2026-02-10T12:00:00"),
        ("paid", "2026-05-10T12:00:00"),
    ] {
        contact(&mut records, who, "crm", &[]);
        contract(
            &mut records,
            who,
            &[
                ("started_at", when("2026-02-03T12:00:00")),
                ("trial_end", when("2026-02-17T12:00:00")),
                ("cancelled_at", when(ended)),
                ("status", text("cancelled")),
                ("interval", text("month")),
            ],
        );
    }
    let rows = published(&records, &config(0, ""));
    let row = find(&rows, "conversion_rate", "all", "all", "2026-02");
    assert_eq!(row.value, Some(0.5));
}

#[test]
fn a_contract_cancelled_without_a_date_of_end_is_not_renewed() {
    let mut records = Records::default();
    for (who, status, cancelled) in [
        ("stays", "active", None),
        ("goes", "cancelled", Some("2026-02-20T12:00:00")),
        // It still runs to the end of what was paid: nothing says yet that it is over.
        ("asked", "active", Some("2026-02-20T12:00:00")),
    ] {
        let mut cells = vec![("status", text(status)), ("interval", text("year"))];
        cells.extend(cancelled.map(|at| ("cancelled_at", when(at))));
        contract(&mut records, who, &cells);
    }
    let rows = published(&records, &config(0, ""));
    let row = find(&rows, "renewal_rate", "all", "all", "2026-03");
    assert_eq!((row.value, row.n), (Some(2.0 / 3.0), Some(3)));
}

fn answer(records: &mut Records, person: &str, kind: &str, said: &str) {
    let cells = [
        ("response_id", text(&format!("{kind} {person}"))),
        ("answered_at", when("2026-03-10T12:00:00")),
        ("kind", text(kind)),
        ("answer", text(said)),
    ];
    put(records, Entity::Surveys, person, &cells);
}

#[test]
fn who_heard_of_us_from_the_community_is_asked_of_new_customers() {
    let named = "[communities.main]\nname = \"The Hive\"";
    let mut records = Records::default();
    for (who, said) in [
        ("a", "I don't remember"),
        ("b", "The Hive"),
        ("c", "a member told me"),
        ("d", "Google"),
        ("old", "The Hive"),
    ] {
        answer(&mut records, who, "heard_about", said);
    }
    let row = |records: &Records| {
        let rows = published(records, &config(0, named));
        find(&rows, "heard_about_us", "all", "all", "2026-03").clone()
    };
    let untold = row(&records);
    assert_eq!(untold.value, Some(0.6), "of everybody who answered");
    assert_eq!(
        untold.reason.as_deref(),
        Some("5 answers may be of others than new customers: nothing tells who they are")
    );
    for who in ["a", "b", "c", "d"] {
        ordered(&mut records, who, "2026-03-09T12:00:00");
    }
    ordered(&mut records, "old", "2024-03-09T12:00:00");
    let told = row(&records);
    assert_eq!((told.value, told.n), (Some(0.5), Some(4)));
    assert_eq!(
        told.reason.as_deref(),
        Some("1 answers of others than new customers are left out")
    );
}

#[test]
fn an_unaided_answer_names_the_brand_and_an_aided_one_says_yes() {
    let mut records = Records::default();
    for (who, said) in [("a", "Acme"), ("b", "Foo, Acme"), ("c", "Foo")] {
        answer(&mut records, who, "awareness_unaided", said);
    }
    for (who, said) in [("a", "Yes, I know it"), ("b", "Non")] {
        answer(&mut records, who, "awareness_aided", said);
    }
    let rows = published(&records, &config(0, "name = \"Acme\""));
    let value = |item| find(&rows, "brand_awareness", item, "all", "2026-03").value;
    assert_eq!(
        (value("unaided"), value("aided")),
        (Some(2.0 / 3.0), Some(0.5))
    );
    let rows = published(&records, &config(0, ""));
    let row = find(&rows, "brand_awareness", "unaided", "all", "2026-03");
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (Status::Missing, Some("needs: workspace.name")),
        "no brand to look for"
    );
}

#[test]
fn thirty_people_of_five_accounts_are_thirty_people() {
    let mut records = Records::default();
    for n in 0..30 {
        let mut survey = Record::new(Entity::Surveys);
        for (column, value) in [
            ("response_id", text(&n.to_string())),
            ("answered_at", when("2026-03-10T12:00:00")),
            ("kind", text("nps")),
            ("score", Value::Number(10.0)),
        ] {
            assert!(survey.set(column, value));
        }
        let who = Who {
            person: Some(format!("p{n}").into()),
            account: Some(format!("crm:a{}", n % 5).into()),
            segment: None,
        };
        assert!(records.push(&survey, who, &mut Words::default()));
    }
    let rows = published(&records, &config(10, ""));
    let row = find(&rows, "nps", "all", "all", "2026-03");
    assert_eq!((row.value, row.n), (Some(100.0), Some(30)));
}

#[test]
fn a_record_of_another_century_makes_no_row_for_every_week_since() {
    let mut records = Records::default();
    answer(&mut records, "a", "nps", "");
    let old = [
        ("response_id", text("old")),
        ("answered_at", when("1970-01-01T12:00:00")),
        ("kind", text("nps")),
        ("score", Value::Number(9.0)),
    ];
    put(&mut records, Entity::Surveys, "b", &old);
    let rows = published(&records, &config(0, ""));
    assert!(
        rows.iter()
            .filter_map(|row| row.period.as_deref())
            .filter(|period| period.len() > 4)
            .all(|period| period.starts_with("20") && period >= "2016"),
        "ten years, as of events"
    );
}

#[test]
fn spend_without_any_customer_needs_customers_and_a_campaign_that_nobody_else_clicked_says_so() {
    let mut records = Records::default();
    for (audience, clicks) in [("members", 5.0), ("others", 0.0)] {
        let cells = [
            ("date", day("2026-03-05")),
            ("channel", text("google")),
            ("audience", text(audience)),
            ("purpose", text("customer_acquisition")),
            ("amount_minor", Value::Integer(10_000)),
            ("currency", text("EUR")),
            ("impressions", Value::Number(100.0)),
            ("clicks", Value::Number(clicks)),
        ];
        put(&mut records, Entity::Spend, "", &cells);
    }
    let config = config(0, "");
    let nobody = crate::CommerceAccumulator::new(&config).finish();
    let inputs = Inputs {
        records: Some(&records),
        commerce: Some(&nobody),
        ..Inputs::default()
    };
    let rows = kpis(&inputs, date(2026, 11, 10), &config);
    let cost = find(&rows, "customer_acquisition_cost", "all", "all", "2026-11");
    assert_eq!(
        cost.reason.as_deref(),
        Some("needs: orders, deals or subscriptions")
    );
    let campaign = find(&rows, "campaign_engagement", "all", "all", "2026-03");
    assert_eq!(
        campaign.reason.as_deref(),
        Some("no click of the other audience: no ratio")
    );
    let others = find(
        &rows,
        "campaign_engagement",
        "click_rate",
        "non_member",
        "2026-03",
    );
    assert_eq!(others.value, Some(0.0));
}

#[test]
fn mentions_that_platforms_push_are_mentions_of_the_brand() {
    let config = config(0, "");
    let mut builder = ActivityBuilder::new(&config);
    for n in 0..3 {
        let seen = at("2026-03-10T12:00:00");
        let event = Event::new(
            "linkedin",
            "main",
            "linkedin",
            Kind::MentionSeen,
            seen,
            &[&n.to_string()],
        );
        builder.push(&event, None, false, None);
    }
    let activity = builder.finish();
    let rows_with = |records: Option<&Records>| {
        let inputs = Inputs {
            activity: Some(&activity),
            records,
            ..Inputs::default()
        };
        kpis(&inputs, date(2026, 11, 10), &config)
    };
    let rows = rows_with(None);
    let value = |item| find(&rows, "mentions", item, "all", "2026-03").value;
    assert_eq!((value("all"), value("brand")), (Some(3.0), Some(3.0)));
    let voice = find(&rows, "share_of_voice", "all", "all", "2026-11");
    assert_eq!(
        voice.reason.as_deref(),
        Some("needs: mentions of competitors or the market")
    );
    let mut records = Records::default();
    let cells = [
        ("mention_id", text("m")),
        ("seen_at", when("2026-03-11T12:00:00")),
        ("about", text("competitor")),
    ];
    put(&mut records, Entity::Mentions, "", &cells);
    let rows = rows_with(Some(&records));
    let voice = find(&rows, "share_of_voice", "all", "all", "2026-03");
    assert_eq!(voice.value, Some(0.75));
}

#[test]
fn a_deal_won_without_a_date_is_said_to_be_in_no_period() {
    let mut records = Records::default();
    for (id, closed) in [("d1", Some("2026-03-11T12:00:00")), ("d2", None)] {
        let mut cells = vec![
            ("deal_id", text(id)),
            ("created_at", when("2026-03-01T12:00:00")),
            ("status", text("won")),
        ];
        cells.extend(closed.map(|at| ("closed_at", when(at))));
        put(&mut records, Entity::Deals, id, &cells);
    }
    let rows = published(&records, &config(0, ""));
    let signed = find(&rows, "contracts_signed", "all", "all", "2026-03");
    assert_eq!(signed.value, Some(1.0));
    assert_eq!(
        signed.reason.as_deref(),
        Some("1 deals won are in no period: no date of closing")
    );
}
