//! What is unknown is not nothing, who has left is not there, and what a month does not hold is not taken from another one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::{Date, date};
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::event::{Kind, Visibility, attribute};
use levier_domain::record::Value;
use levier_domain::table::{Row, Status};

use crate::worked_company_test::{day, put, text, when};
use crate::worked_story_test::{CONFIG, Story, at, find};
use crate::{Activity, ActivityBuilder, Inputs, Records, champions, cohorts, kpis};

fn told(config: &Config, tell: impl FnOnce(&mut Story)) -> Activity {
    let mut story = Story {
        builder: ActivityBuilder::new(config),
        n: 0,
    };
    tell(&mut story);
    story.builder.finish()
}

fn published(activity: &Activity, records: &Records, as_of: Date, config: &Config) -> Vec<Row> {
    let inputs = Inputs {
        activity: Some(activity),
        records: Some(records),
        ..Inputs::default()
    };
    kpis(&inputs, as_of, config)
}

fn march(activity: &Activity, config: &Config) -> Vec<Row> {
    published(activity, &Records::default(), date(2026, 3, 31), config)
}

fn said(row: &Row) -> (Status, Option<&str>) {
    (row.status, row.reason.as_deref())
}

/// Asks in `help` on the 4th of March and is answered the same day.
fn conversation(s: &mut Story) {
    for (day, who) in [(2, "u1"), (3, "u2")] {
        s.event(
            &format!("2026-02-{day:02}T10:00:00"),
            Kind::MemberJoined,
            who,
            |_| {},
        );
    }
    s.message("2026-03-04T09:00:00", "u1", "help", "t1", "a1", |e| {
        e.is_question = Some(true);
    });
    s.message("2026-03-04T11:00:00", "u2", "help", "t1", "a2", |_| {});
}

#[test]
fn that_no_platform_told_of_leaves_or_accepted_answers_is_no_zero() {
    let config = Config::parse(CONFIG).unwrap();
    let untold = march(&told(&config, conversation), &config);
    for (kpi, reason) in [
        (
            "leave_rate",
            "needs: leaves (no connected platform has told of any)",
        ),
        (
            "accepted_answer_share",
            "needs: accepted answers (no connected platform has told of any)",
        ),
    ] {
        let row = find(&untold, kpi, "all", "all", "2026-03");
        assert_eq!(said(row), (Status::Missing, Some(reason)), "{kpi}");
    }
    // Once one is told of, in whatever month, months without any are months without any.
    let activity = told(&config, |s| {
        conversation(s);
        s.event("2026-02-20T10:00:00", Kind::MemberJoined, "u3", |_| {});
        s.event("2026-02-21T10:00:00", Kind::MemberLeft, "u3", |_| {});
        s.message("2026-02-22T09:00:00", "u1", "help", "t0", "z1", |e| {
            e.is_question = Some(true);
        });
        s.about(
            "2026-02-23T09:00:00",
            Kind::AnswerAccepted,
            "u1",
            "help",
            "z1",
        );
    });
    let rows = march(&activity, &config);
    for kpi in ["leave_rate", "accepted_answer_share"] {
        let row = find(&rows, kpi, "all", "all", "2026-03");
        assert_eq!(row.value, Some(0.0), "{kpi}");
    }
    // … but not on a platform that tells of none.
    let activity = told(&config, |s| {
        conversation(s);
        s.event("2026-02-21T10:00:00", Kind::MemberLeft, "u2", |e| {
            e.platform = "chat".to_owned();
        });
    });
    let rows = march(&activity, &config);
    let of = |platform: &str| {
        rows.iter()
            .find(|row| {
                row.kpi.as_deref() == Some("leave_rate")
                    && row.period.as_deref() == Some("2026-03")
                    && row.community.as_deref() == Some("all")
                    && row.text("platform") == Some(platform)
            })
            .unwrap()
            .status
    };
    assert_eq!((of("forum"), of("all")), (Status::Missing, Status::Ok));
}

#[test]
fn the_tags_of_one_community_say_nothing_of_another() {
    let config = Config::parse(
        "[privacy]\nmin_cell = 0\n[communities.main]\noff_product_channels = [\"cafe\"]\n\
         feedback_channels = [\"ideas\"]\n[communities.second]\n",
    )
    .unwrap();
    let activity = told(&config, |s| {
        s.message("2026-03-04T09:00:00", "u1", "cafe", "t1", "a1", |_| {});
        s.message("2026-03-04T10:00:00", "u1", "cafe", "t2", "a2", |e| {
            e.community = "second".to_owned();
        });
    });
    let rows = march(&activity, &config);
    let of = |kpi: &str, community: &str| {
        let found = rows.iter().find(|row| {
            row.kpi.as_deref() == Some(kpi)
                && row.period.as_deref() == Some("2026-03")
                && row.community.as_deref() == Some(community)
                && row.text("platform") == Some("all")
                && row.text("channel") == Some("all")
        });
        found.unwrap()
    };
    assert_eq!(of("off_product_share", "main").value, Some(1.0));
    assert_eq!(of("feedback_threads", "main").value, Some(0.0));
    assert_eq!(
        said(of("off_product_share", "second")).1,
        Some("needs: channel tags (off_product_channels of a community)")
    );
    assert_eq!(
        said(of("feedback_threads", "second")).1,
        Some("needs: channel tags (feedback_channels of a community)")
    );
}

#[test]
fn the_most_active_of_no_members_did_not_nothing() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = told(&config, |s| {
        // The platform tells of joins, and none of those who write: they are no members.
        s.event("2026-02-02T10:00:00", Kind::MemberJoined, "gone", |_| {});
        s.event("2026-02-03T10:00:00", Kind::MemberLeft, "gone", |_| {});
        s.message("2026-03-04T09:00:00", "u1", "help", "t1", "a1", |_| {});
    });
    let rows = march(&activity, &config);
    for (kpi, item) in [
        ("contribution_concentration", "all"),
        ("ugc", "top_5_percent"),
    ] {
        let row = find(&rows, kpi, item, "all", "2026-03");
        assert_eq!(
            said(row),
            (Status::Missing, Some("no members at the end")),
            "{kpi}"
        );
    }
}

#[test]
fn a_direct_message_to_nobody_known_reveals_no_pair() {
    let config = Config::parse(CONFIG).unwrap();
    let rows = |target: Option<&str>| {
        let activity = told(&config, |s| {
            conversation(s);
            s.event("2026-03-18T10:00:00", Kind::MessagePosted, "u1", |e| {
                e.visibility = Some(Visibility::Direct);
                e.target = target.map(str::to_owned);
            });
        });
        march(&activity, &config)
    };
    let unknown = rows(None);
    let row = find(
        &unknown,
        "one_to_one_conversations",
        "all",
        "all",
        "2026-03",
    );
    assert_eq!(row.status, Status::Missing);
    let known = rows(Some("u2"));
    let row = find(&known, "one_to_one_conversations", "all", "all", "2026-03");
    assert_eq!(row.value, Some(1.0));
}

#[test]
fn an_invitation_is_to_the_join_that_it_led_to() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = told(&config, |s| {
        s.event("2026-01-05T10:00:00", Kind::InviteAccepted, "b", |_| {});
        s.event("2026-01-05T10:00:01", Kind::MemberJoined, "b", |_| {});
        s.event("2026-02-05T10:00:00", Kind::MemberLeft, "b", |_| {});
        s.event("2026-03-05T10:00:00", Kind::MemberJoined, "b", |_| {});
        s.event("2026-03-06T10:00:00", Kind::MemberJoined, "c", |e| {
            e.attributes
                .insert(attribute::INVITED_BY.to_owned(), "b".to_owned());
        });
    });
    let rows = march(&activity, &config);
    let value = |item, period| find(&rows, "referrals", item, "all", period).value;
    assert_eq!(value("all", "2026-01"), Some(1.0));
    assert_eq!(
        value("share_of_joins", "2026-03"),
        Some(0.5),
        "c, and not b"
    );
}

#[test]
fn the_few_who_were_not_active_are_not_found_in_the_rate_of_those_who_were() {
    let config = Config::parse(&CONFIG.replace("min_cell = 1", "min_cell = 10")).unwrap();
    let rows = |silent: usize| {
        let activity = told(&config, |s| {
            for n in 0..40 {
                let who = format!("u{n}");
                s.event("2026-02-02T10:00:00", Kind::MemberJoined, &who, |_| {});
                if n >= silent {
                    s.message("2026-03-04T09:00:00", &who, "help", &who, &who, |_| {});
                }
            }
        });
        march(&activity, &config)
    };
    let status = |rows: &[Row]| find(rows, "engagement_rate", "all", "all", "2026-03").status;
    assert_eq!(status(&rows(5)), Status::Suppressed);
    assert_eq!(status(&rows(12)), Status::Ok);
}

#[test]
fn a_champion_who_has_left_is_none() {
    let config = Config::parse(CONFIG).unwrap();
    let rows = |left: Option<&str>| {
        let activity = told(&config, |s| {
            for who in ["u1", "u2"] {
                s.event("2026-01-02T10:00:00", Kind::MemberJoined, who, |_| {});
            }
            // A question answered in each of eleven weeks.
            for week in 0..11 {
                let day = date(2026, 1, 10).saturating_add(jiff::Span::new().days(7 * week));
                let (ask, reply) = (format!("q{week}"), format!("r{week}"));
                s.message(&format!("{day}T09:00:00"), "u1", "help", &ask, &ask, |e| {
                    e.is_question = Some(true);
                });
                s.message(
                    &format!("{day}T10:00:00"),
                    "u2",
                    "help",
                    &ask,
                    &reply,
                    |_| {},
                );
            }
            if let Some(left) = left {
                s.event(left, Kind::MemberLeft, "u2", |_| {});
            }
        });
        let mut rows = champions(&activity, date(2026, 3, 31), &config);
        rows.extend(champions(&activity, date(2026, 6, 20), &config));
        rows.extend(march(&activity, &config));
        rows
    };
    let listed = |rows: &[Row], kpi: &str| {
        rows.iter()
            .filter(|row| row.kpi.as_deref() == Some(kpi) && row.text("handle") == Some("u2"))
            .count()
    };
    let stays = rows(None);
    assert_eq!(listed(&stays, "champions"), 1);
    assert_eq!(listed(&stays, "former_champions"), 1, "of June");
    assert_eq!(
        find(&stays, "champions", "all", "all", "2026-03").value,
        Some(1.0)
    );
    let left = rows(Some("2026-03-30T10:00:00"));
    assert_eq!(listed(&left, "champions"), 0);
    assert_eq!(listed(&left, "former_champions"), 0);
    // Of nobody nothing is shown.
    let champions = find(&left, "champions", "all", "all", "2026-03");
    assert_eq!(
        (champions.value, champions.status),
        (None, Status::Suppressed)
    );
}

#[test]
fn a_question_with_an_accepted_answer_waits_for_none() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = told(&config, |s| {
        for who in ["u1", "u2"] {
            s.event("2026-02-02T10:00:00", Kind::MemberJoined, who, |_| {});
        }
        for (id, day) in [("q1", 4), ("q2", 5)] {
            let when = format!("2026-03-{day:02}T09:00:00");
            s.message(&when, "u1", "help", id, id, |e| e.is_question = Some(true));
        }
        s.event("2026-03-06T09:00:00", Kind::AnswerAccepted, "u1", |e| {
            e.channel = Some("help".to_owned());
            e.target = Some("u2".to_owned());
            e.thread = Some("q1".to_owned());
        });
    });
    let rows = champions(&activity, date(2026, 3, 31), &config);
    let waiting: Vec<&str> = rows
        .iter()
        .filter(|row| row.kpi.as_deref() == Some("unanswered_questions"))
        .filter_map(|row| row.text("question"))
        .collect();
    assert_eq!(waiting, ["q2"]);
    let rows = march(&activity, &config);
    let share = find(&rows, "unanswered_share_72h", "all", "all", "2026-03");
    assert_eq!(share.value, Some(0.5));
}

#[test]
fn a_live_for_which_nobody_registered_has_its_row() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = told(&config, |s| {
        conversation(s);
        s.subject("2026-03-05T10:00:00", Kind::LiveRegistered, "u1", "L1");
        s.subject("2026-03-06T10:00:00", Kind::LiveAttended, "u1", "L2");
    });
    let rows = march(&activity, &config);
    let row = find(&rows, "live_show_up_rate", "L2", "all", "all");
    assert_eq!(
        said(row),
        (Status::Missing, Some("nobody registered in the period"))
    );
}

#[test]
fn still_active_is_said_of_members_only() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = told(&config, |s| {
        conversation(s);
        s.event("2026-02-20T10:00:00", Kind::MemberLeft, "u1", |_| {});
    });
    let map = cohorts(&activity, date(2026, 3, 31), &config);
    let of = |measure: &str| {
        let cell = map.iter().find(|row| {
            row.text("measure") == Some(measure)
                && row.period.as_deref() == Some("M1")
                && row.community.as_deref() == Some("main")
        });
        cell.unwrap().value
    };
    assert_eq!((of("member"), of("active")), (Some(0.5), Some(0.5)));
}

fn scored(records: &mut Records, local: &str, score: f64) {
    let cells = [
        ("response_id", text(local)),
        ("answered_at", when(local)),
        ("kind", text("nps")),
        ("score", Value::Number(score)),
    ];
    put(records, Entity::Surveys, "ana", &cells);
}

#[test]
fn spices_score_the_last_whole_month_and_no_other() {
    let config = Config::parse(CONFIG).unwrap();
    let activity = told(&config, conversation);
    let mut records = Records::default();
    for month in 1..=5 {
        scored(
            &mut records,
            &format!("2025-{month:02}-10T12:00:00"),
            f64::from(2 * month),
        );
    }
    let of = |records: &Records, as_of: Date| {
        let rows = published(&activity, records, as_of, &config);
        let found = rows
            .iter()
            .find(|row| row.text("item") == Some("success.nps"));
        found.and_then(|row| row.value)
    };
    assert_eq!(
        of(&records, date(2025, 6, 10)),
        Some(100.0),
        "May, as of June"
    );
    assert_eq!(
        of(&records, date(2026, 10, 10)),
        None,
        "May is no September"
    );
}

#[test]
fn half_a_month_of_data_is_no_month_before_the_launch() {
    let config = Config::parse(
        "[workspace]\ntimezone = \"Europe/Paris\"\n[privacy]\nmin_cell = 0\n[communities.main]\n\
         launch = \"2025-09-01\"\n",
    )
    .unwrap();
    let mut records = Records::default();
    let mut visits = |date: String, n: f64| {
        let cells = [
            ("date", day(&date)),
            ("channel", text("organic")),
            ("visits", Value::Number(n)),
        ];
        put(&mut records, Entity::WebTraffic, "", &cells);
    };
    // The counter was set up on the 20th of May.
    visits("2025-05-20".to_owned(), 10.0);
    for month in 6..=12 {
        visits(format!("2025-{month:02}-10"), 100.0);
    }
    let inputs = Inputs {
        records: Some(&records),
        ..Inputs::default()
    };
    let rows = kpis(&inputs, date(2026, 1, 10), &config);
    let mean = find(&rows, "before_after", "organic_traffic.mean", "all", "all");
    assert_eq!(mean.value, Some(0.0));
    assert_eq!(
        mean.reason.as_deref(),
        Some("not attributable; 3 whole months on each side of the launch")
    );
    let none = find(&rows, "organic_traffic", "organic", "all", "2025-W24");
    assert!(none.value.is_some_and(|n| n.is_sign_positive()));
    let silent = find(&rows, "organic_traffic", "organic", "all", "2025-W23");
    assert!(
        silent.value.is_some_and(f64::is_sign_positive),
        "0 and not −0"
    );
}

#[test]
fn leads_who_opted_out_are_marked_and_staff_are_none() {
    let config = Config::parse(&format!(
        "{CONFIG}[qualified_leads]\nmin_contributions = 1\n"
    ))
    .unwrap();
    let activity = told(&config, |s| {
        conversation(s);
        s.message("2026-03-05T09:00:00", "u3", "help", "t3", "c1", |_| {});
        s.message("2026-03-05T09:00:00", "sam", "help", "t4", "d1", |_| {});
    });
    let mut records = Records {
        membership: crate::Membership::of(&activity, &mut crate::Words::default()),
        ..Records::default()
    };
    for (id, person, lifecycle, out) in [
        ("c1", "p-u1", "lead", true),
        ("c2", "p-u2", "lead", false),
        ("c3", "p-u3", "customer", false),
        ("c4", "p-sam", "lead", false),
    ] {
        let cells = [
            ("person_id", text(id)),
            ("source", text("crm")),
            ("created_at", when("2025-01-02T12:00:00")),
            ("lifecycle", text(lifecycle)),
            ("opted_out", Value::Boolean(out)),
        ];
        put(&mut records, Entity::People, person, &cells);
    }
    records.bought(
        "p-u2",
        at("2026-03-30T12:00:00").as_microsecond(),
        &mut crate::Words::default(),
    );
    let listed = crate::community_qualified_leads(&activity, &records, date(2026, 3, 29), &config);
    let marks: Vec<_> = listed
        .iter()
        .map(|row| (row.text("crm_id").unwrap(), row.own["opted_out"].as_bool()))
        .collect();
    assert_eq!(marks, [("c1", Some(true)), ("c2", Some(false))]);
    // u3 is a customer, nobody knows since when: neither a conversion nor a lead that waits. Sam is no lead.
    let rows = published(&activity, &records, date(2026, 3, 31), &config);
    let others = find(
        &rows,
        "community_qualified_leads",
        "conversion_of_other_leads",
        "all",
        "all",
    );
    assert_eq!(others.n, Some(2), "u1 and u2 until they wrote");
    assert!(
        others
            .reason
            .as_deref()
            .unwrap()
            .ends_with("; 1 customers are left out: nothing says since when they are"),
        "{:?}",
        others.reason
    );
}

#[test]
fn without_anything_a_roster_is_asked_for_too() {
    let rows = kpis(&Inputs::default(), date(2026, 3, 31), &Config::default());
    let row = find(&rows, "members", "all", "all", "2026-03");
    assert_eq!(said(row).1, Some("needs: events or a roster"));
}
