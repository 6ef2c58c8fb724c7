//! The company around the community of ten, second half of WORKED_EXAMPLE.md: contacts, contracts, tickets, spend, mentions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::event::{Event, Kind, attribute};
use levier_domain::fact::Fact;
use levier_domain::record::{Record, Value};
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;

use crate::worked_story_test::{CONFIG, at, check, find, story};
use crate::{
    ActivityBuilder, Commerce, CommerceAccumulator, Inputs, Membership, Records, RosterLine, Who,
    Words, kpis,
};

fn config() -> Config {
    let more = "conversion_days = 30\ncommunity_promo_codes = [\"CERCLE\"]\n";
    Config::parse(&format!("{CONFIG}{more}")).unwrap()
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn when(local: &str) -> Value {
    Value::Instant(at(local))
}

pub(crate) fn day(text: &str) -> Value {
    Value::Date(text.parse().unwrap())
}

/// Takes one record of a person (empty: of nobody).
pub(crate) fn put(records: &mut Records, entity: Entity, person: &str, cells: &[(&str, Value)]) {
    let mut record = Record::new(entity);
    for (column, value) in cells {
        assert!(record.set(column, value.clone()), "{column}");
    }
    let who = Who {
        person: Some(person.into()).filter(|_| !person.is_empty()),
        ..Who::default()
    };
    assert!(
        records.push(&record, who, &mut Words::default()),
        "{entity}"
    );
}

fn people(records: &mut Records) {
    for (id, person, lifecycle, source, more) in [
        (
            "c1",
            "p-u1",
            "lead",
            Some("organic"),
            vec![("qualified_at", when("2026-03-10T12:00:00"))],
        ),
        (
            "c2",
            "p-u2",
            "customer",
            Some("organic"),
            vec![("became_customer_at", when("2026-03-11T12:00:00"))],
        ),
        (
            "c3",
            "y1",
            "opportunity",
            Some("ads"),
            vec![("qualified_at", when("2026-03-05T12:00:00"))],
        ),
        ("c4", "y2", "churned", None, vec![]),
    ] {
        let mut cells = vec![
            ("person_id", text(id)),
            ("source", text("levier")),
            ("created_at", when("2026-03-01T12:00:00")),
            ("lifecycle", text(lifecycle)),
        ];
        cells.extend(source.map(|source| ("lead_source", text(source))));
        cells.extend(more);
        put(records, Entity::People, person, &cells);
    }
}

fn sales(records: &mut Records) {
    put(
        records,
        Entity::Orders,
        "y2",
        &[
            ("order_id", text("o1")),
            ("ordered_at", when("2026-03-21T12:00:00")),
            ("status", text("partially_refunded")),
            ("amount_minor", Value::Integer(12_000)),
            ("refunded_amount_minor", Value::Integer(6_000)),
            ("tax_minor", Value::Integer(2_000)),
            ("currency", text("EUR")),
            ("promo_code", text("cercle")),
        ],
    );
    for (id, owner) in [("d1", "sales-1"), ("d2", "sales-1"), ("d3", "sales-2")] {
        put(
            records,
            Entity::Deals,
            id,
            &[
                ("deal_id", text(id)),
                ("created_at", when("2026-03-01T12:00:00")),
                ("closed_at", when("2026-03-11T12:00:00")),
                ("status", text("won")),
                ("owner_id", text(owner)),
            ],
        );
    }
    for (id, started, ended) in [
        ("s1", "2025-03-15T12:00:00", None),
        ("s2", "2025-03-10T00:00:00", Some("2026-03-10T00:00:00")),
    ] {
        let mut cells = vec![
            ("subscription_id", text(id)),
            ("status", text("active")),
            ("interval", text("year")),
            ("started_at", when(started)),
        ];
        cells.extend(ended.map(|ended| ("ended_at", when(ended))));
        put(records, Entity::Subscriptions, id, &cells);
    }
    for (date, audience, purpose, amount, shown, clicks) in [
        (
            "2026-03-05",
            "members",
            "member_acquisition",
            30_000,
            100.0,
            10.0,
        ),
        (
            "2026-03-06",
            "others",
            "customer_acquisition",
            20_000,
            200.0,
            10.0,
        ),
    ] {
        put(
            records,
            Entity::Spend,
            "",
            &[
                ("date", day(date)),
                ("channel", text("google")),
                ("audience", text(audience)),
                ("purpose", text(purpose)),
                ("amount_minor", Value::Integer(amount)),
                ("currency", text("EUR")),
                ("impressions", Value::Number(shown)),
                ("clicks", Value::Number(clicks)),
            ],
        );
    }
}

fn voices(records: &mut Records) {
    for (who, bought) in [
        ("h1", "2026-03-20T12:00:00"),
        ("h2", "2026-03-20T12:00:00"),
        ("h3", "2024-05-02T12:00:00"),
    ] {
        records.bought(who, at(bought).as_microsecond(), &mut Words::default());
    }
    for (id, kind, score, answer) in [
        ("h1", "heard_about", None, Some("Un membre du forum")),
        ("h2", "heard_about", None, Some("Google")),
        ("h3", "heard_about", None, Some("Un membre")),
        ("a1", "awareness_aided", Some(1.0), None),
        ("a2", "awareness_aided", Some(0.0), None),
        ("a3", "awareness_aided", None, Some("oui")),
        ("a4", "awareness_unaided", Some(0.0), None),
        ("a5", "awareness_unaided", Some(1.0), None),
    ] {
        let mut cells = vec![
            ("response_id", text(id)),
            ("answered_at", when("2026-03-25T12:00:00")),
            ("kind", text(kind)),
        ];
        cells.extend(score.map(|score| ("score", Value::Number(score))));
        cells.extend(answer.map(|answer| ("answer", text(answer))));
        put(records, Entity::Surveys, id, &cells);
    }
    for (id, minutes, agent) in [("t1", 10.0, "A"), ("t2", 20.0, "A"), ("t3", 60.0, "B")] {
        put(
            records,
            Entity::Tickets,
            id,
            &[
                ("ticket_id", text(id)),
                ("created_at", when("2026-03-02T12:00:00")),
                ("solved_at", when("2026-03-03T12:00:00")),
                ("handle_minutes", Value::Number(minutes)),
                ("agent_id", text(agent)),
            ],
        );
    }
    for (nth, about) in [
        "brand",
        "brand",
        "community",
        "competitor",
        "competitor",
        "market",
    ]
    .iter()
    .enumerate()
    {
        put(
            records,
            Entity::Mentions,
            "",
            &[
                ("mention_id", text(&nth.to_string())),
                ("seen_at", when("2026-03-10T12:00:00")),
                ("about", text(about)),
            ],
        );
    }
    for (date, channel, visits) in [
        ("2026-02-01", "direct", 20.0),
        ("2026-03-01", "organic", 100.0),
        ("2026-03-20", "organic", 50.0),
        ("2026-03-20", "direct", 30.0),
    ] {
        put(
            records,
            Entity::WebTraffic,
            "",
            &[
                ("date", day(date)),
                ("channel", text(channel)),
                ("visits", Value::Number(visits)),
            ],
        );
    }
}

/// Recurring revenue of January, February and March, in cents, by person.
const RECURRING: [(&str, [i64; 3]); 5] = [
    ("a", [1_000, 1_000, 1_500]),
    ("b", [2_000, 2_000, 1_000]),
    ("c", [500, 500, 0]),
    ("d", [0, 0, 700]),
    ("e", [300, 0, 400]),
];

fn commerce(config: &Config) -> Commerce {
    let january = Month::of(date(2026, 1, 1)).index();
    let mut sums = CommerceAccumulator::new(config);
    for (person, amounts) in RECURRING {
        let first = amounts.iter().position(|minor| *minor > 0).unwrap() as i32;
        for (nth, minor) in (0..).zip(amounts) {
            sums.update(&Fact {
                person: person.to_owned(),
                month: january + nth,
                customer_since: Some(january + first),
                mrr_minor: minor,
                revenue_minor: minor,
                subscribed: minor > 0,
                ..Fact::default()
            });
        }
    }
    sums.finish()
}

fn rows() -> Vec<Row> {
    let config = config();
    let activity = story(&config);
    let mut records = Records {
        membership: Membership::of(&activity, &mut Words::default()),
        ..Records::default()
    };
    people(&mut records);
    sales(&mut records);
    voices(&mut records);
    let commerce = commerce(&config);
    let inputs = Inputs {
        activity: Some(&activity),
        commerce: Some(&commerce),
        records: Some(&records),
    };
    kpis(&inputs, date(2026, 3, 31), &config)
}

#[test]
fn every_figure_of_the_company_on_paper_is_computed() {
    let rows = rows();
    for (kpi, item, side, want) in [
        ("crm_status_mix", "all", "all", 9.0),
        ("crm_status_mix", "lead", "all", 1.0 / 9.0),
        ("crm_status_mix", "customer", "all", 1.0 / 9.0),
        ("crm_status_mix", "unknown", "all", 7.0 / 9.0),
        ("lead_source_mix", "organic", "all", 2.0 / 9.0),
        ("lead_source_mix", "unknown", "all", 7.0 / 9.0),
        ("conversion_rate", "all", "all", 0.5),
        ("conversion_rate", "all", "member", 0.5),
        ("conversion_rate", "all", "non_member", 0.5),
        ("qualified_leads", "all", "all", 2.0),
        ("qualified_leads", "all", "member", 1.0),
        ("qualified_leads", "all", "non_member", 1.0),
        ("community_qualified_leads", "all", "all", 1.0),
        ("contracts_signed", "all", "all", 3.0),
        ("contracts_signed", "per_100_leads", "all", 75.0),
        ("agent_productivity", "deals_won", "all", 1.5),
        ("agent_productivity", "tickets_solved", "all", 1.5),
        ("handle_time", "all", "all", 30.0),
        ("handle_time", "median", "all", 20.0),
        ("renewal_rate", "all", "all", 0.5),
        ("promo_revenue", "all", "all", 50.0),
        ("member_acquisition_cost", "all", "all", 100.0),
        ("customer_acquisition_cost", "all", "all", 200.0),
        ("customer_acquisition_cost", "all", "non_member", 200.0),
        ("campaign_engagement", "all", "all", 2.0),
        ("campaign_engagement", "click_rate", "member", 0.1),
        ("campaign_engagement", "click_rate", "non_member", 0.05),
        ("heard_about_us", "all", "all", 0.5),
        ("brand_awareness", "aided", "all", 2.0 / 3.0),
        ("brand_awareness", "unaided", "all", 0.5),
        (
            "brand_awareness",
            "branded_and_direct_traffic",
            "all",
            150.0,
        ),
        ("mentions", "all", "all", 3.0),
        ("share_of_voice", "all", "all", 0.5),
        ("organic_traffic", "all", "all", 180.0),
        ("organic_traffic", "organic", "all", 150.0),
        ("mrr", "all", "all", 36.0),
        ("mrr", "new", "all", 7.0),
        ("mrr", "expansion", "all", 5.0),
        ("mrr", "contraction", "all", -10.0),
        ("mrr", "churned", "all", -5.0),
        ("mrr", "reactivated", "all", 4.0),
        ("arpa", "all", "all", 9.0),
        ("net_revenue_retention", "all", "all", 25.0 / 35.0),
        ("gross_revenue_retention", "all", "all", 20.0 / 35.0),
        ("churn_rate", "all", "all", 1.0 / 3.0),
    ] {
        check(&rows, kpi, item, side, want);
    }
    let kept = find(&rows, "customer_retention", "1m", "all", "2026-01");
    assert_eq!((kept.value, kept.n), (Some(3.0 / 4.0), Some(4)));
}

#[test]
fn an_account_without_a_person_is_a_customer_too() {
    let mut records = Records::default();
    records.membership.insert("ana".into(), 10, i64::MAX);
    let words = &mut Words::default();
    records.membership.employ("ana", "crm:acme", words);
    let who = |account: &str| Who {
        account: Some(account.into()),
        ..Who::default()
    };
    assert!(records.membership.member_at(&who("crm:acme"), 10));
    assert!(!records.membership.member_at(&who("crm:acme"), 9));
    assert!(!records.membership.member_at(&who("crm:other"), 10));
    let mut deal = Record::new(Entity::Deals);
    for (column, value) in [
        ("deal_id", text("d")),
        ("created_at", when("2026-03-01T12:00:00")),
        ("closed_at", when("2026-03-02T12:00:00")),
        ("status", text("won")),
    ] {
        assert!(deal.set(column, value));
    }
    assert!(records.push(&deal, who("crm:acme"), &mut Words::default()));
    let since = at("2026-03-02T12:00:00").as_microsecond();
    let lead = Who {
        person: Some("ana".into()),
        ..who("crm:acme")
    };
    assert_eq!(records.customers().since(&lead), Some(since));
    assert_eq!(records.customers().since(&who("crm:other")), None);
}

#[test]
fn the_value_of_a_contract_is_margin_times_its_restricted_mean() {
    let config = config();
    let march = Month::of(date(2026, 3, 1)).index();
    let mut commerce = Commerce {
        has_subscriptions: true,
        months: Some((march, march)),
        ..Commerce::default()
    };
    // Of a hundred contracts half end after a month, half still run after three years.
    commerce.contracts.insert((0, 1, true), 50);
    commerce.contracts.insert((0, 36, false), 50);
    commerce.groups.insert(
        crate::commerce::Group {
            grain: "month",
            start: march,
            community: "all".to_owned(),
            segment: "all".to_owned(),
            side: 0,
        },
        crate::commerce::Sums {
            mrr: 50_000,
            subscribers: 50,
            ..crate::commerce::Sums::default()
        },
    );
    let inputs = Inputs {
        commerce: Some(&commerce),
        ..Inputs::default()
    };
    let rows = kpis(&inputs, date(2026, 3, 31), &config);
    let found = find(&rows, "lifetime_value", "contractual", "all", "all");
    // One whole month, then half of each of 35: margin 0.6, 10 € a month, q the discount of a month.
    let q = 1.1_f64.powf(-1.0 / 12.0);
    let months = q + 0.5 * q * q * (1.0 - q.powi(35)) / (1.0 - q);
    let want = 0.6 * 10.0 * months;
    let value = found.value.unwrap();
    assert!((value - want).abs() < 1e-9 * want, "{value} is not {want}");
}

/// Events of three members in March: two views, a badge with points, one without, an article.
#[test]
fn what_is_read_and_won_is_counted_apart() {
    let config = config();
    let mut builder = ActivityBuilder::new(&config);
    let mut n = 0;
    let mut push = |who: &str, kind: Kind, tell: &dyn Fn(&mut Event)| {
        n += 1;
        let mut event = Event::new(
            "forum",
            "main",
            "forum",
            kind,
            at("2026-03-10T12:00:00"),
            &[&n.to_string()],
        );
        event.actor = Some(who.to_owned());
        tell(&mut event);
        builder.push(
            &event,
            None,
            who == "sam",
            Some(if who == "u1" { "pro" } else { "retail" }),
        );
    };
    for who in ["u1", "u2", "u3", "u4"] {
        push(who, Kind::MemberJoined, &|_| {});
    }
    for who in ["u1", "u2", "u1", "sam"] {
        push(who, Kind::ContentViewed, &|_| {});
    }
    push("u1", Kind::BadgeAwarded, &|event| {
        event
            .attributes
            .insert(attribute::SCORE.to_owned(), "12.5".to_owned());
    });
    push("u2", Kind::BadgeAwarded, &|_| {});
    push("u3", Kind::ContentPublished, &|_| {});
    for (who, thread) in [("u1", "t1"), ("u2", "t1"), ("u2", "t2")] {
        push(who, Kind::MessagePosted, &|event| {
            event.channel = Some("help".to_owned());
            event.thread = Some(thread.to_owned());
        });
    }
    let activity = builder.finish();
    let inputs = Inputs {
        activity: Some(&activity),
        ..Inputs::default()
    };
    let rows = kpis(&inputs, date(2026, 3, 31), &config);
    for (kpi, item, want) in [
        ("content_views", "all", 3.0),
        ("gamification", "badges", 2.0),
        ("gamification", "points", 12.5),
        ("gamification", "participation", 0.5),
        ("ugc", "content", 1.0),
        ("ugc", "posts", 2.0),
        ("ugc", "all", 3.0),
    ] {
        check(&rows, kpi, item, "all", want);
    }
    let topic = |segment: &str| {
        rows.iter()
            .find(|row| {
                row.kpi.as_deref() == Some("topics")
                    && row.period.as_deref() == Some("2026-03")
                    && row.text("channel") == Some("help")
                    && row.segment.as_deref() == Some(segment)
            })
            .and_then(|row| row.value)
    };
    assert_eq!(
        (topic("all"), topic("pro"), topic("retail")),
        (Some(3.0), Some(1.0), Some(2.0))
    );
}

#[test]
fn a_roster_without_dates_makes_members_and_no_registrations() {
    let config = config();
    let mut builder = ActivityBuilder::new(&config);
    let line = |handle, joined_at, left_at| RosterLine {
        community: "main",
        platform: "forum",
        handle,
        joined_at,
        left_at,
        seen_at: Some(at("2026-03-05T12:00:00")),
        invited: false,
    };
    for who in ["u1", "u2", "u3"] {
        builder.roster(&line(who, None, None), None, false, None);
    }
    let joined = Some(at("2026-03-02T12:00:00"));
    builder.roster(&line("u4", joined, None), None, false, None);
    let left = Some(at("2026-03-01T12:00:00"));
    builder.roster(&line("u5", None, left), None, false, None);
    builder.machine("forum", "robot");
    let activity = builder.finish();
    let inputs = Inputs {
        activity: Some(&activity),
        ..Inputs::default()
    };
    let rows = kpis(&inputs, date(2026, 3, 31), &config);
    check(&rows, "members", "all", "all", 4.0);
    check(&rows, "registrations", "all", "all", 1.0);
    assert!(
        crate::champions(&activity, date(2026, 3, 10), &config)
            .iter()
            .all(|row| row.text("handle") == Some("u4")),
        "who was there before the roster is no newcomer"
    );
}

#[test]
fn five_percent_of_members_are_counted_in_whole_people() {
    // 0.05 × 140 and 0.01 × 700 are a little more than 7 in floating point.
    let counts: Vec<u64> = (1..=20).rev().collect();
    let seven: u64 = (14..=20).sum();
    assert_eq!(crate::people::top_of(&counts, 140, 5), (seven, 7));
    assert_eq!(crate::people::top_of(&counts, 141, 5).1, 8);
    let helps: Vec<(u32, crate::helpers::Help)> = (0..9)
        .map(|person| {
            let help = crate::helpers::Help {
                accepted: 100 - person,
                ..crate::helpers::Help::default()
            };
            (person, help)
        })
        .collect();
    assert_eq!(crate::helpers::by_rule(&helps, 700).len(), 7);
}

#[test]
fn a_fiscal_year_names_its_quarters_and_a_partial_one_says_so() {
    let text = CONFIG.replace("[privacy]", "fiscal_year_start = 4\n[privacy]");
    let config = Config::parse(&text).unwrap();
    let activity = story(&config);
    let inputs = Inputs {
        activity: Some(&activity),
        ..Inputs::default()
    };
    let rows = kpis(&inputs, date(2026, 3, 30), &config);
    let status = |period: &str| find(&rows, "members", "all", "all", period).status;
    for (period, want) in [
        ("FY2026", Status::Partial),
        ("FY2026-Q4", Status::Partial),
        ("2026-03", Status::Partial),
        ("2026-02", Status::Ok),
        ("2026-W13", Status::Ok),
        ("2026-W14", Status::Partial),
        ("2026-03-30", Status::Ok),
        ("28d", Status::Ok),
        ("90d", Status::Ok),
    ] {
        assert_eq!(status(period), want, "{period}");
    }
    let year = find(&rows, "registrations", "all", "all", "FY2026");
    assert_eq!(
        year.value,
        Some(10.0),
        "seven in February and three in March"
    );
}
