//! Every figure of WORKED_EXAMPLE.md is a figure here.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::event::{Kind, attribute};
use levier_domain::table::Status;

use crate::worked_story_test::*;
use crate::{ActivityBuilder, CommerceAccumulator, Inputs, champions, cohorts, kpis};

#[test]
fn every_figure_on_paper_is_computed() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = story(&config);
    let commerce = collected(&facts(), &config).finish();
    let records = records(&activity);
    let inputs = Inputs {
        activity: Some(&activity),
        commerce: Some(&commerce),
        records: Some(&records),
    };
    let rows = kpis(&inputs, date(2026, 3, 31), &config);
    for (kpi, item, want) in [
        ("registrations", "all", 3.0),
        ("new_members_net", "all", 2.0),
        ("members", "all", 9.0),
        ("active_members", "all", 6.0),
        ("active_share_90d", "all", 6.0 / 9.0),
        ("inactive_share_90d", "all", 3.0 / 9.0),
        ("engagement_rate", "all", 0.75),
        ("stickiness", "all", 1.0 / 14.0),
        ("stickiness", "weekly", 0.375),
        ("activity_per_member", "all", 13.0 / 9.0),
        ("activity_per_member", "public", 1.0),
        ("activity_per_member", "private", 1.0 / 9.0),
        ("activity_per_member", "reaction", 1.0 / 9.0),
        ("activity_per_active_member", "all", 13.0 / 6.0),
        ("messages", "all", 10.0),
        ("messages", "public", 9.0),
        ("messages", "private", 1.0),
        ("messages_per_member", "all", 10.0 / 9.0),
        ("messages_per_active_member", "all", 10.0 / 6.0),
        ("one_to_one_conversations", "all", 1.0),
        ("live_registrations", "all", 4.0),
        ("live_attendees", "all", 2.0),
        ("live_show_up_rate", "all", 0.5),
        ("leave_rate", "all", 1.0 / 7.0),
        ("retention_factor", "all", 3.0),
        ("notification_open_rate", "all", 0.5),
        ("notification_click_rate", "all", 0.125),
        ("many_to_many_share", "all", 5.0 / 8.0),
        ("member_initiated_share", "all", 0.8),
        ("peer_answer_share", "all", 0.5),
        ("time_to_first_answer", "all", 4.0),
        ("time_to_first_answer", "peer", 6.0),
        ("time_to_first_answer", "staff", 4.0),
        ("unanswered_share_72h", "all", 1.0 / 3.0),
        ("accepted_answer_share", "all", 1.0 / 3.0),
        ("replies_per_thread", "all", 1.4),
        ("reciprocity", "all", 0.5),
        ("champions", "all", 1.0),
        ("new_champions", "all", 1.0),
        ("contribution_concentration", "all", 4.0 / 13.0),
        ("contribution_concentration", "gini", 23.0 / 78.0),
        ("off_product_share", "all", 0.2),
        ("ugc", "all", 4.0),
        ("ugc", "top_5_percent", 0.25),
        ("referrals", "all", 1.0),
        ("referrals", "share_of_joins", 1.0 / 3.0),
        ("sentiment", "all", 0.2),
        ("sentiment", "coverage", 0.2),
        ("satisfaction", "all", 2.0 / 3.0),
        ("nps", "all", 25.0),
        ("closing_rate", "all", 0.75),
        ("contracts_signed", "all", 3.0),
        ("sales_cycle_days", "all", 12.0),
        ("ticket_deflection", "contact_rate_difference", 2.0),
    ] {
        check(&rows, kpi, item, "all", want);
    }
    for (kpi, all, member, other) in [
        ("average_order_value", 45.0, 50.0, 30.0),
        ("purchase_frequency", 12.0, 18.0, 6.0),
        ("revenue_per_customer", 45.0, 75.0, 15.0),
        ("contact_rate", 1.0, 0.5, 1.5),
    ] {
        for (side, want) in [("all", all), ("member", member), ("non_member", other)] {
            check(&rows, kpi, "all", side, want);
        }
    }
    for (item, want) in [("member_1m", 6.0 / 7.0), ("active_1m", 5.0 / 7.0)] {
        let row = find(&rows, "member_retention", item, "all", "2026-02");
        assert_eq!((row.value, row.n), (Some(want), Some(7)), "{item}");
    }
    let kept = find(&rows, "customer_retention", "1m", "all", "2026-02");
    assert_eq!((kept.value, kept.n), (Some(1.0), Some(4)));
    for (kpi, reason) in [
        ("content_views", "needs: content views"),
        ("gamification", "needs: badges or points"),
        ("mrr", "needs: subscriptions"),
        ("renewal_rate", "needs: annual subscriptions"),
        ("mentions", "needs: mentions"),
        ("handle_time", "needs: tickets"),
    ] {
        let row = find(&rows, kpi, "all", "all", "2026-03");
        assert_eq!(
            (row.status, row.reason.as_deref()),
            (Status::Missing, Some(reason)),
            "{kpi}"
        );
    }
    let day = find(&rows, "registrations", "all", "all", "2026-03-29");
    assert_eq!(
        day.value,
        Some(1.0),
        "half past midnight on the day the clocks change"
    );
}

/// Ids of the catalogue that have rows in `kpis` (those of ROI are rows of `roi`), as KPIS.md lists them.
const CATALOGUE: [&str; 76] = [
    "accepted_answer_share",
    "active_members",
    "active_share_90d",
    "activity_per_active_member",
    "activity_per_member",
    "agent_productivity",
    "arpa",
    "average_order_value",
    "before_after",
    "brand_awareness",
    "campaign_engagement",
    "champions",
    "churn_rate",
    "closing_rate",
    "community_qualified_leads",
    "contact_rate",
    "content_views",
    "contracts_signed",
    "contribution_concentration",
    "conversion_rate",
    "crm_status_mix",
    "customer_acquisition_cost",
    "customer_retention",
    "engagement_rate",
    "gamification",
    "gross_revenue_retention",
    "handle_time",
    "heard_about_us",
    "inactive_share_90d",
    "lead_source_mix",
    "leave_rate",
    "lifetime_value",
    "live_attendees",
    "live_registrations",
    "live_show_up_rate",
    "many_to_many_share",
    "member_acquisition_cost",
    "member_initiated_share",
    "member_retention",
    "members",
    "mentions",
    "messages",
    "messages_per_active_member",
    "messages_per_member",
    "mrr",
    "net_revenue_retention",
    "new_champions",
    "new_members_net",
    "notification_click_rate",
    "notification_open_rate",
    "nps",
    "off_product_share",
    "one_to_one_conversations",
    "organic_traffic",
    "peer_answer_share",
    "promo_revenue",
    "purchase_frequency",
    "qualified_leads",
    "reciprocity",
    "referrals",
    "registrations",
    "renewal_rate",
    "replies_per_thread",
    "retention_factor",
    "revenue_per_customer",
    "sales_cycle_days",
    "satisfaction",
    "sentiment",
    "share_of_voice",
    "spices",
    "stickiness",
    "ticket_deflection",
    "time_to_first_answer",
    "topics",
    "ugc",
    "unanswered_share_72h",
];

#[test]
fn every_kpi_has_a_row_whatever_is_absent() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = story(&config);
    let events_alone = Inputs {
        activity: Some(&activity),
        ..Inputs::default()
    };
    let nothing = kpis(&Inputs::default(), date(2026, 3, 31), &Config::default());
    assert!(
        nothing
            .iter()
            .all(|row| row.value.is_none() && row.reason.is_some()),
        "what has no input has no figure, and says why"
    );
    for rows in [nothing, kpis(&events_alone, date(2026, 3, 31), &config)] {
        let ids: std::collections::BTreeSet<&str> =
            rows.iter().filter_map(|row| row.kpi.as_deref()).collect();
        let lacking: Vec<&&str> = CATALOGUE
            .iter()
            .filter(|kpi| !ids.contains(**kpi))
            .collect();
        assert!(lacking.is_empty(), "{lacking:?}");
    }
}

#[test]
fn the_lists_name_who_and_what_waits() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = story(&config);
    let rows = champions(&activity, date(2026, 3, 31), &config);
    let listed = |kpi: &str| -> Vec<String> {
        rows.iter()
            .filter(|r| r.kpi.as_deref() == Some(kpi))
            .map(|r| r.text("handle").unwrap().to_owned())
            .collect()
    };
    assert_eq!(listed("champions"), ["u2"]);
    assert_eq!(listed("unanswered_questions"), ["u3"]);
    assert_eq!(listed("newcomers_to_welcome"), ["u9"]);
    let map = cohorts(&activity, date(2026, 3, 31), &config);
    let cell = map.iter().find(|r| {
        r.text("cohort") == Some("2026-02")
            && r.text("measure") == Some("active")
            && r.period.as_deref() == Some("M1")
            && r.community.as_deref() == Some("main")
    });
    assert_eq!(cell.unwrap().value, Some(5.0 / 7.0));
}

#[test]
fn buckets_split_and_merge_to_the_same_sums() {
    let config = Config::parse(CONFIG).unwrap();
    let whole = collected(&facts(), &config).finish();
    let mut one = CommerceAccumulator::new(&config);
    let mut other = CommerceAccumulator::new(&config);
    for fact in facts().iter().rev() {
        if fact.person.as_str() < "c" {
            one.update(fact)
        } else {
            other.update(fact)
        }
    }
    other.merge(one);
    assert_eq!(other.finish(), whole);
}

#[test]
fn a_message_asks_and_feels_what_its_last_edit_says() {
    let config = Config::default();
    for (case, edits, asks, mood) in [
        ("never edited", &[][..], false, 0.0),
        (
            "edited into a question",
            &[(11, Some(true), 0.5)][..],
            true,
            0.5,
        ),
        (
            "and back again",
            &[(11, Some(true), 0.5), (12, Some(false), -0.25)][..],
            false,
            -0.25,
        ),
        (
            "an edit without text",
            &[(11, Some(true), 0.5), (12, None, 0.0)][..],
            true,
            0.5,
        ),
    ] {
        let mut s = Story {
            builder: ActivityBuilder::new(&config),
            n: 0,
        };
        s.message("2026-03-02T10:00:00", "u1", "cafe", "m1", "m1", |_| {});
        for (hour, question, sentiment) in edits {
            s.event(
                &format!("2026-03-02T{hour}:00:00"),
                Kind::MessageEdited,
                "u1",
                |event| {
                    event.channel = Some("cafe".to_owned());
                    event.thread = Some("m1".to_owned());
                    event.is_question = *question;
                    event.text_length = question.map(|_| 40);
                    event.sentiment = question.map(|_| *sentiment);
                    event
                        .attributes
                        .insert(attribute::MESSAGE.to_owned(), "m1".to_owned());
                },
            );
        }
        let activity = s.builder.finish();
        let posted = activity
            .entries
            .iter()
            .find(|entry| entry.kind() == Kind::MessagePosted)
            .unwrap();
        assert_eq!(posted.has(crate::activity::flag::QUESTION), asks, "{case}");
        let scale = f64::from(crate::activity::SENTIMENT_SCALE);
        assert_eq!(f64::from(posted.sentiment) / scale, mood, "{case}");
        assert_eq!(
            posted.has(crate::activity::flag::SCORED),
            !edits.is_empty(),
            "{case}"
        );
    }
}
