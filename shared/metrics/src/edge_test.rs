//! Communities at the edge: nothing but a roster, nothing but staff, a channel too small to be seen.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::event::{Event, Kind, Visibility};
use levier_domain::fact::Fact;
use levier_domain::record::{Record, Value};
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;

use crate::heard::SILENT;
use crate::{
    Activity, ActivityBuilder, CommerceAccumulator, Inputs, Membership, Records, RosterLine, Who,
    Words, kpis,
};

fn config(min_cell: u64) -> Config {
    Config::parse(&format!(
        "[workspace]\ntimezone = \"Europe/Paris\"\n[privacy]\nmin_cell = {min_cell}\n[communities.main]\n"
    ))
    .unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn message(n: usize, who: &str, channel: &str) -> Event {
    let mut event = Event::new(
        "forum",
        "main",
        "forum",
        Kind::MessagePosted,
        at("2026-03-10T10:00:00Z"),
        &[&n.to_string()],
    );
    event.actor = Some(who.to_owned());
    event.channel = Some(channel.to_owned());
    event.visibility = Some(Visibility::Public);
    event
}

fn published(activity: &Activity, config: &Config) -> Vec<Row> {
    let inputs = Inputs {
        activity: Some(activity),
        ..Inputs::default()
    };
    kpis(&inputs, date(2026, 3, 31), config)
}

fn of_march<'a>(rows: &'a [Row], kpi: &'a str, channel: &'a str) -> impl Iterator<Item = &'a Row> {
    rows.iter().filter(move |row| {
        row.kpi.as_deref() == Some(kpi)
            && row.period.as_deref() == Some("2026-03")
            && row.text("channel") == Some(channel)
    })
}

#[test]
fn what_members_of_a_roster_do_is_unknown_and_not_nothing() {
    let config = config(1);
    let mut builder = ActivityBuilder::new(&config);
    for who in ["u1", "u2", "u3"] {
        let joined = Some(at("2026-02-02T12:00:00Z"));
        let line = RosterLine {
            community: "main",
            platform: "forum",
            handle: who,
            joined_at: joined,
            invited: who == "u2",
            ..RosterLine::default()
        };
        builder.roster(&line, None, false, None);
    }
    let activity = builder.finish();
    let rows = published(&activity, &config);
    let told: Vec<&str> = rows
        .iter()
        .filter(|row| matches!(row.status, Status::Ok | Status::Partial))
        .filter_map(|row| row.kpi.as_deref())
        .collect();
    let invited: Vec<Option<f64>> = rows
        .iter()
        .filter(|row| row.kpi.as_deref() == Some("referrals"))
        .filter(|row| row.period.as_deref() == Some("2026-02"))
        .filter(|row| {
            row.community.as_deref() == Some("main") && row.text("platform") == Some("all")
        })
        .map(|row| row.value)
        .collect();
    assert_eq!(
        invited,
        [Some(1.0), Some(1.0 / 3.0)],
        "as the roster names who invited"
    );
    for kpi in ["members", "registrations", "member_retention"] {
        assert!(told.contains(&kpi), "{kpi}");
    }
    assert!(
        !told.contains(&"leave_rate"),
        "nobody was told to have left"
    );
    for kpi in [
        "engagement_rate",
        "inactive_share_90d",
        "activity_per_member",
        "messages",
        "champions",
        "ugc",
        "spices",
    ] {
        assert!(!told.contains(&kpi), "{kpi} is told by no event");
        if kpi != "spices" {
            let found = of_march(&rows, kpi, "all").next().unwrap();
            assert_eq!(
                (found.status, found.reason.as_deref()),
                (Status::Missing, Some(SILENT)),
                "{kpi}"
            );
        }
    }
    let active = |row: &&Row| row.text("measure") == Some("active");
    assert!(
        crate::cohorts(&activity, date(2026, 3, 31), &config)
            .iter()
            .filter(active)
            .all(|row| row.status == Status::Missing),
        "who of a roster is active is unknown"
    );
}

#[test]
fn staff_among_themselves_are_no_community() {
    let config = config(0);
    let mut builder = ActivityBuilder::new(&config);
    for n in 0..40 {
        builder.push(
            &message(n, &format!("s{}", n % 8), "help"),
            None,
            true,
            None,
        );
    }
    let rows = published(&builder.finish(), &config);
    for kpi in ["members", "active_members", "messages"] {
        let found = of_march(&rows, kpi, "all").next().unwrap();
        assert_eq!(found.value, Some(0.0), "{kpi}: {found:?}");
    }
    for kpi in [
        "engagement_rate",
        "stickiness",
        "active_share_90d",
        "peer_answer_share",
    ] {
        let found = of_march(&rows, kpi, "all").next().unwrap();
        assert_eq!(found.status, Status::Missing, "{kpi}: {found:?}");
    }
}

#[test]
fn a_hidden_channel_cannot_be_found_by_taking_the_others_from_the_whole() {
    let config = config(10);
    let mut builder = ActivityBuilder::new(&config);
    let mut n = 0;
    for (channel, people) in [("help", 30), ("ideas", 20), ("board", 3)] {
        for who in 0..people {
            n += 1;
            let who = format!("{channel}{who}");
            builder.push(&message(n, &who, channel), None, false, None);
        }
    }
    let rows = published(&builder.finish(), &config);
    for kpi in ["topics", "messages"] {
        let shown = |channel: &str| {
            of_march(&rows, kpi, channel)
                .filter(|row| {
                    row.community.as_deref() == Some("main")
                        && row.text("platform") == Some("all")
                        && row.text("item") == Some("all")
                        && row.segment.as_deref() == Some("all")
                })
                .any(|row| row.status == Status::Ok)
        };
        assert!(!shown("board"), "{kpi}: three people are too few");
        assert!(shown("help"), "{kpi}");
        assert!(
            !(shown("all") && shown("ideas")),
            "{kpi}: the whole less the others would tell of the three"
        );
        assert!(
            of_march(&rows, kpi, "all").next().is_some(),
            "{kpi} has a total"
        );
    }
}

#[test]
fn every_lead_is_of_a_segment() {
    let config = config(1);
    let list = |segment: Option<&str>| {
        let mut builder = ActivityBuilder::new(&config);
        for n in 0..6 {
            let (who, of) = if n % 2 == 0 {
                ("ana", segment)
            } else {
                ("bob", None)
            };
            builder.push(
                &message(n, who, "help"),
                Some(&format!("p-{who}")),
                false,
                of,
            );
        }
        let activity = builder.finish();
        let mut records = Records {
            membership: Membership::of(&activity, &mut Words::default()),
            ..Records::default()
        };
        for (who, of) in [("ana", segment), ("bob", None)] {
            let mut record = Record::new(Entity::People);
            for (column, value) in [("person_id", who), ("lifecycle", "lead")] {
                record.set(column, Value::Text(value.to_owned()));
            }
            let who = Who {
                person: Some(format!("p-{who}").into()),
                account: None,
                segment: of.map(Into::into),
            };
            records.push(&record, who, &mut Words::default());
        }
        records.sort();
        crate::community_qualified_leads(&activity, &records, date(2026, 3, 31), &config)
            .into_iter()
            .map(|row| row.segment.unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(list(Some("pro")), ["pro", "unknown"]);
    assert_eq!(list(None), ["all", "all"], "a workspace without segments");
}

/// Two members of a community who pay and buy; one leaves both in March. The one who left is lost to the community, not forgotten by it.
#[test]
fn who_leaves_a_community_counts_among_those_who_were_there() {
    let config = config(1);
    let march = Month::of(date(2026, 3, 1)).index();
    let mut sums = CommerceAccumulator::new(&config);
    for (person, stays) in [("ana", true), ("bob", false)] {
        let mut fact = Fact {
            person: person.to_owned(),
            month: march - 1,
            member: true,
            communities: "main".to_owned(),
            customer_since: Some(march - 1),
            mrr_minor: 1_000,
            subscribed: true,
            ..Fact::default()
        };
        sums.update(&fact);
        fact.month = march;
        if !stays {
            fact.member = false;
            fact.communities = String::new();
            fact.mrr_minor = 0;
            fact.subscribed = false;
        }
        sums.update(&fact);
    }
    let commerce = sums.finish();
    let inputs = Inputs {
        commerce: Some(&commerce),
        ..Inputs::default()
    };
    let rows = kpis(&inputs, date(2026, 3, 31), &config);
    let value = |kpi: &str, item: &str, period: &str, community: &str| {
        rows.iter()
            .find(|row| {
                row.kpi.as_deref() == Some(kpi)
                    && row.period.as_deref() == Some(period)
                    && row.community.as_deref() == Some(community)
                    && row.text("side") == Some("member")
                    && row.text("item") == Some(item)
                    && row.segment.as_deref() == Some("all")
            })
            .and_then(|row| row.value)
    };
    for community in ["all", "main"] {
        for (kpi, item, period, want) in [
            ("churn_rate", "all", "2026-03", 0.5),
            ("net_revenue_retention", "all", "2026-03", 0.5),
            ("gross_revenue_retention", "all", "2026-03", 0.5),
            ("customer_retention", "1m", "2026-02", 0.5),
            ("mrr", "all", "2026-03", 10.0),
        ] {
            assert_eq!(
                value(kpi, item, period, community),
                Some(want),
                "{kpi} of {community}"
            );
        }
    }
}

#[test]
fn a_running_month_is_not_a_month_in_which_nobody_bought() {
    let config = config(1);
    let june = Month::of(date(2026, 6, 1)).index();
    let histories = |as_of: jiff::civil::Date| {
        let mut sums = CommerceAccumulator::new(&config).as_of(as_of);
        for month in june - 3..=june {
            let bought = month < june - 1;
            sums.update(&Fact {
                person: "ana".to_owned(),
                month,
                customer_since: Some(june - 3),
                orders: u32::from(bought),
                revenue_minor: if bought { 1_001 } else { 0 },
                ..Fact::default()
            });
        }
        let commerce = sums.finish();
        let worth = commerce.values.into_keys().next();
        (commerce.histories.into_keys().next(), worth)
    };
    // Bought in March and April: one repeat after one month, worth every cent of it; watched until June ends, or May.
    let worth = Some((0, 1, 1_001));
    assert_eq!(histories(date(2026, 6, 30)), (Some((0, 1, 1, 3)), worth));
    assert_eq!(histories(date(2026, 6, 29)), (Some((0, 1, 1, 2)), worth));
    assert_eq!(histories(date(2026, 6, 1)), (Some((0, 1, 1, 2)), worth));
}
