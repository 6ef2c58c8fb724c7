//! The community of ten of WORKED_EXAMPLE.md, and how its figures are looked up.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::event::{Event, Kind, Visibility, attribute};
use levier_domain::fact::Fact;
use levier_domain::record::{Record, Value};
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;

use crate::{Activity, ActivityBuilder, CommerceAccumulator, Membership, Records, Who, Words};

pub(crate) const CONFIG: &str = "[workspace]\ntimezone = \"Europe/Paris\"\n[privacy]\nmin_cell = 1\n\
    [communities.main]\noff_product_channels = [\"cafe\"]\n[commerce]\nmargin = 0.6\n";

/// Paris time to an instant.
pub(crate) fn at(text: &str) -> Timestamp {
    let local: DateTime = text.parse().unwrap();
    local
        .to_zoned(jiff::tz::TimeZone::get("Europe/Paris").unwrap())
        .unwrap()
        .timestamp()
}

pub(crate) struct Story {
    pub(crate) builder: ActivityBuilder,
    pub(crate) n: u32,
}

impl Story {
    pub(crate) fn event(
        &mut self,
        when: &str,
        kind: Kind,
        who: &str,
        tell: impl FnOnce(&mut Event),
    ) {
        self.n += 1;
        let mut event = Event::new(
            "forum",
            "main",
            "forum",
            kind,
            at(when),
            &[&self.n.to_string()],
        );
        event.actor = Some(who.to_owned());
        tell(&mut event);
        self.builder
            .push(&event, Some(&format!("p-{who}")), who == "sam", None);
    }

    pub(crate) fn message(
        &mut self,
        when: &str,
        who: &str,
        channel: &str,
        thread: &str,
        id: &str,
        tell: impl FnOnce(&mut Event),
    ) {
        self.event(when, Kind::MessagePosted, who, |event| {
            event.channel = Some(channel.to_owned());
            event.thread = Some(thread.to_owned());
            event.visibility = Some(Visibility::Public);
            event
                .attributes
                .insert(attribute::MESSAGE.to_owned(), id.to_owned());
            tell(event);
        });
    }

    pub(crate) fn about(&mut self, when: &str, kind: Kind, who: &str, channel: &str, id: &str) {
        self.event(when, kind, who, |event| {
            event.channel = Some(channel.to_owned());
            event
                .attributes
                .insert(attribute::MESSAGE.to_owned(), id.to_owned());
        });
    }

    pub(crate) fn subject(&mut self, when: &str, kind: Kind, who: &str, subject: &str) {
        self.event(when, kind, who, |event| {
            event
                .attributes
                .insert(attribute::SUBJECT.to_owned(), subject.to_owned());
        });
    }
}

/// The events of WORKED_EXAMPLE.md.
pub(crate) fn story(config: &Config) -> Activity {
    let mut s = Story {
        builder: ActivityBuilder::new(config),
        n: 0,
    };
    for (day, who) in [
        (2, "u1"),
        (3, "u2"),
        (4, "u3"),
        (5, "u4"),
        (6, "u5"),
        (7, "u6"),
        (10, "u10"),
    ] {
        s.event(
            &format!("2026-02-{day:02}T10:00:00"),
            Kind::MemberJoined,
            who,
            |_| {},
        );
    }
    s.event("2026-03-02T10:00:00", Kind::MemberJoined, "u7", |e| {
        e.attributes
            .insert(attribute::INVITED_BY.to_owned(), "u1".to_owned());
    });
    s.event("2026-03-03T10:00:00", Kind::MemberJoined, "u8", |_| {});
    s.event("2026-03-29T00:30:00", Kind::MemberJoined, "u9", |_| {});
    s.event("2026-03-20T10:00:00", Kind::MemberLeft, "u10", |_| {});
    let ask = |e: &mut Event| e.is_question = Some(true);
    s.message("2026-03-04T09:00:00", "u1", "help", "t1", "a1", |e| {
        ask(e);
        e.sentiment = Some(0.5);
    });
    s.message("2026-03-04T11:00:00", "u2", "help", "t1", "a2", |_| {});
    s.message("2026-03-04T12:00:00", "sam", "help", "t1", "a3", |_| {});
    s.message("2026-03-10T10:00:00", "u7", "help", "t2", "b1", ask);
    s.message("2026-03-10T14:00:00", "sam", "help", "t2", "b2", |_| {});
    s.message("2026-03-10T16:00:00", "u2", "help", "t2", "b3", |_| {});
    s.about(
        "2026-03-11T09:00:00",
        Kind::AnswerAccepted,
        "u7",
        "help",
        "b3",
    );
    s.message("2026-03-12T10:00:00", "u3", "help", "t3", "c1", ask);
    s.message("2026-03-15T10:00:00", "sam", "news", "t4", "d1", |_| {});
    s.message("2026-03-15T10:30:00", "u4", "news", "t4", "d2", |_| {});
    s.message("2026-03-16T10:00:00", "u4", "cafe", "t5", "e1", |e| {
        e.sentiment = Some(-0.1)
    });
    s.message("2026-03-16T11:00:00", "u1", "cafe", "t5", "e2", |_| {});
    s.message("2026-03-16T12:00:00", "u4", "cafe", "t5", "e3", |e| {
        e.reply_to = Some("e2".to_owned())
    });
    s.about(
        "2026-03-16T13:00:00",
        Kind::ReactionAdded,
        "u6",
        "cafe",
        "e1",
    );
    s.about(
        "2026-03-16T13:10:00",
        Kind::ReactionAdded,
        "u5",
        "cafe",
        "e1",
    );
    s.about(
        "2026-03-16T13:20:00",
        Kind::ReactionRemoved,
        "u5",
        "cafe",
        "e1",
    );
    s.message("2026-03-17T10:00:00", "u5", "cafe", "t6", "f1", |_| {});
    s.about(
        "2026-03-17T11:00:00",
        Kind::MessageDeleted,
        "u5",
        "cafe",
        "f1",
    );
    s.event("2026-03-18T10:00:00", Kind::MessagePosted, "u1", |e| {
        e.visibility = Some(Visibility::Direct);
        e.target = Some("u2".to_owned());
        e.attributes
            .insert(attribute::MESSAGE.to_owned(), "g1".to_owned());
    });
    for who in ["u1", "u2", "u3", "u8"] {
        s.subject("2026-03-05T10:00:00", Kind::LiveRegistered, who, "live-1");
    }
    for who in ["u1", "u2"] {
        s.subject("2026-03-19T18:00:00", Kind::LiveAttended, who, "live-1");
    }
    for n in 1..=8 {
        s.subject(
            "2026-03-23T08:00:00",
            Kind::NotificationDelivered,
            &format!("u{n}"),
            "letter-1",
        );
    }
    for who in ["u1", "u2", "u3", "u4", "u1"] {
        s.subject(
            "2026-03-23T09:00:00",
            Kind::NotificationOpened,
            who,
            "letter-1",
        );
    }
    s.subject(
        "2026-03-23T09:05:00",
        Kind::NotificationClicked,
        "u1",
        "letter-1",
    );
    s.builder.finish()
}

pub(crate) fn facts() -> Vec<Fact> {
    let mut facts = Vec::new();
    let march = Month::of(date(2026, 3, 1)).index();
    for (person, member, orders, revenue, tickets) in [
        ("a", true, 2, 10_000, 0),
        ("b", true, 1, 5_000, 1),
        ("c", false, 1, 3_000, 2),
        ("d", false, 0, 0, 1),
    ] {
        let mut fact = Fact {
            person: person.to_owned(),
            month: march - 1,
            customer_since: Some(march - 1),
            orders: 1,
            revenue_minor: 1_000,
            ..Fact::default()
        };
        facts.push(fact.clone());
        fact.month = march;
        fact.member = member;
        fact.orders = orders;
        fact.revenue_minor = revenue;
        fact.tickets = tickets;
        fact.months_since_order = Some(1);
        facts.push(fact.clone());
    }
    facts
}

pub(crate) fn collected(facts: &[Fact], config: &Config) -> CommerceAccumulator {
    let mut sums = CommerceAccumulator::new(config);
    facts.iter().for_each(|fact| sums.update(fact));
    sums
}

pub(crate) fn records(activity: &Activity) -> Records {
    let mut records = Records {
        membership: Membership::of(activity, &mut Words::default()),
        ..Records::default()
    };
    let put = |records: &mut Records, entity, person: &str, cells: &[(&str, Value)]| {
        let mut record = Record::new(entity);
        for (column, value) in cells {
            assert!(record.set(column, value.clone()), "{column}");
        }
        let who = Who {
            person: Some(person.into()),
            ..Who::default()
        };
        assert!(records.push(&record, who, &mut Words::default()));
    };
    let text = |t: &str| Value::Text(t.to_owned());
    for (n, status) in ["won", "won", "won", "lost"].into_iter().enumerate() {
        let closed = at(&format!("2026-03-{:02}T12:00:00", 11 + 2 * n));
        put(
            &mut records,
            Entity::Deals,
            &format!("x{n}"),
            &[
                ("deal_id", text(&n.to_string())),
                ("created_at", Value::Instant(at("2026-03-01T12:00:00"))),
                ("closed_at", Value::Instant(closed)),
                ("status", text(status)),
            ],
        );
    }
    for (n, (kind, score)) in [
        ("nps", 10.0),
        ("nps", 9.0),
        ("nps", 8.0),
        ("nps", 3.0),
        ("csat", 5.0),
        ("csat", 4.0),
        ("csat", 2.0),
    ]
    .into_iter()
    .enumerate()
    {
        put(
            &mut records,
            Entity::Surveys,
            &format!("p-u{}", n + 1),
            &[
                ("response_id", text(&n.to_string())),
                ("answered_at", Value::Instant(at("2026-03-25T12:00:00"))),
                ("kind", text(kind)),
                ("score", Value::Number(score)),
            ],
        );
    }
    records
}

pub(crate) fn find<'a>(
    rows: &'a [Row],
    kpi: &str,
    item: &str,
    side: &str,
    period: &str,
) -> &'a Row {
    let mut found = rows.iter().filter(|row| {
        row.kpi.as_deref() == Some(kpi)
            && row.period.as_deref() == Some(period)
            && row.community.as_deref() == Some("all")
            && row.segment.as_deref() == Some("all")
            && [
                ("item", item),
                ("side", side),
                ("platform", "all"),
                ("channel", "all"),
            ]
            .iter()
            .all(|(c, v)| row.text(c) == Some(v))
    });
    let row = found
        .next()
        .unwrap_or_else(|| panic!("no row {kpi} {item} {side} {period}"));
    assert!(
        found.next().is_none(),
        "two rows {kpi} {item} {side} {period}"
    );
    row
}

pub(crate) fn check(rows: &[Row], kpi: &str, item: &str, side: &str, want: f64) {
    let row = find(rows, kpi, item, side, "2026-03");
    let value = row
        .value
        .unwrap_or_else(|| panic!("{kpi} {item} {side}: {row:?}"));
    assert!(
        (value - want).abs() <= 1e-9 * want.abs().max(1.0),
        "{kpi} {item} {side}: {value} is not {want}"
    );
    assert_eq!(row.status, Status::Ok, "{kpi}");
}
