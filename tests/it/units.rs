//! Whom the facts are about: people, the accounts that rows name without naming a person, and never staff.

use std::collections::BTreeMap;

use levier_domain::fact::Fact;
use levier_domain::table::TableName;
use levier_lake::{facts, keys};
use levier_tests::{CONFIG, World};

/// Every fact, by unit and month.
async fn all(world: &World) -> BTreeMap<(String, String), Fact> {
    let mut all = BTreeMap::new();
    for (key, bytes) in world.lake().await {
        if let Some((month, _)) = keys::parse_facts_key(&key) {
            for fact in facts::decode(&key, month.index(), bytes.into()).unwrap() {
                all.insert((fact.person.clone(), month.to_string()), fact);
            }
        }
    }
    all
}

async fn joined(world: &World, as_of: &str) -> BTreeMap<(String, String), Fact> {
    for job in ["compact", "join"] {
        world.run(job, as_of).await.unwrap();
    }
    all(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_rows_name_without_a_person_is_a_unit_of_its_own() {
    let world = World::new().await;
    let of = |account: &str, month: &str| (format!("levier:{account}"), month.to_owned());
    world
        .take("accounts/a.csv", "account_id,segment\na1,pro\na2,retail\n")
        .await;
    world
        .take(
            "people/p.csv",
            "person_id,email,account_id\nx1,eva@exemple.fr,a1\n",
        )
        .await;
    world.take(
        "members/m.csv",
        "community,platform,handle,person_id,joined_at\nmain,slack,U1,x1,2026-02-10T10:00:00Z\n",
    )
    .await;
    world
        .take(
            "subscriptions/s.csv",
            "subscription_id,account_id,status,started_at,amount,currency,interval\n\
         s1,a1,active,2025-12-10T10:00:00Z,100.00,EUR,month\n\
         s2,a2,active,2026-01-10T10:00:00Z,2400.00,EUR,year\n",
        )
        .await;
    world
        .take(
            "deals/d.csv",
            "deal_id,account_id,created_at,closed_at,status\n\
         d1,a3,2026-02-01T10:00:00Z,2026-03-05T10:00:00Z,won\n\
         d2,a4,2026-02-01T10:00:00Z,,open\n",
        )
        .await;
    world
        .take(
            "tickets/t.csv",
            "ticket_id,account_id,created_at,status\nt1,a1,2026-03-05T10:00:00Z,open\n",
        )
        .await;
    let facts = joined(&world, "2026-04-30").await;
    let mrr = |account: &str, month: &str| facts[&of(account, month)].mrr_minor;
    assert_eq!(
        (mrr("a1", "2025-12"), mrr("a1", "2026-04")),
        (10_000, 10_000)
    );
    assert_eq!(mrr("a2", "2026-01"), 20_000);
    assert_eq!(facts[&of("a1", "2026-03")].tickets, 1);
    // An account is a member from the first join of any of its people.
    let member = |account: &str, month: &str| facts[&of(account, month)].member;
    assert!(!member("a1", "2026-01") && member("a1", "2026-02"));
    assert!(!member("a2", "2026-04"));
    let first = &facts[&of("a1", "2025-12")];
    assert_eq!(first.segment.as_deref(), Some("pro"));
    assert_eq!(first.account.as_deref(), Some("levier:a1"));
    // A won deal makes a customer, an open one nothing.
    let since = facts[&of("a3", "2026-03")].customer_since;
    assert_eq!(since, Some(2026 * 12 + 2));
    assert!(!facts.keys().any(|(unit, _)| unit == "levier:a4"));
    // The person is still there, and has bought nothing.
    let people: Vec<&Fact> = facts
        .values()
        .filter(|fact| !fact.person.starts_with("levier:"))
        .collect();
    assert!(
        people
            .iter()
            .all(|fact| fact.mrr_minor == 0 && fact.tickets == 0)
    );
    assert!(people.iter().any(|fact| fact.member));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_order_does_not_make_a_company_of_subscriptions_a_shop() {
    let world = World::new().await;
    world
        .take(
            "subscriptions/s.csv",
            "subscription_id,email,status,started_at,amount,currency,interval\n\
         s1,eva@exemple.fr,active,2026-01-10T10:00:00Z,100.00,EUR,month\n",
        )
        .await;
    world
        .take(
            "orders/o.csv",
            "order_id,email,ordered_at,status,amount,currency\n\
         o1,eva@exemple.fr,2026-02-10T10:00:00Z,test,5.00,EUR\n",
        )
        .await;
    let facts = joined(&world, "2026-03-31").await;
    let revenue: i64 = facts.values().map(|fact| fact.revenue_minor).sum();
    assert_eq!(revenue, 3 * 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_in_another_currency_is_worth_what_its_months_say() {
    let world = World::new().await;
    world
        .take(
            "rates/r.csv",
            "date,currency,rate\n2026-01-01,USD,0.90\n2026-03-01,USD,0.50\n",
        )
        .await;
    world
        .take(
            "subscriptions/s.csv",
            "subscription_id,email,status,started_at,amount,currency,interval\n\
         s1,eva@exemple.fr,active,2025-12-10T10:00:00Z,100.00,USD,month\n",
        )
        .await;
    let facts = joined(&world, "2026-03-31").await;
    let mrr: Vec<i64> = facts.values().map(|fact| fact.mrr_minor).collect();
    // Before the first rate nothing is guessed; a customer it is all the same.
    assert_eq!(mrr, [0, 9_000, 9_000, 5_000]);
    let since = facts.values().map(|fact| fact.customer_since);
    assert!(since.into_iter().all(|since| since == Some(2025 * 12 + 11)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_or_ends_after_the_as_of_day_has_not_yet() {
    let world = World::new().await;
    world
        .take(
            "subscriptions/s.csv",
            "subscription_id,email,status,started_at,ended_at,amount,currency,interval\n\
         s1,eva@exemple.fr,cancelled,2026-01-10T10:00:00Z,2026-04-25T10:00:00Z,100.00,EUR,month\n\
         s2,abel@exemple.fr,active,2026-04-25T10:00:00Z,,40.00,EUR,month\n",
        )
        .await;
    let april = |facts: BTreeMap<(String, String), Fact>| -> i64 {
        let april = facts.iter().filter(|((_, month), _)| month == "2026-04");
        april.map(|(_, fact)| fact.mrr_minor).sum()
    };
    assert_eq!(april(joined(&world, "2026-04-10").await), 10_000);
    assert_eq!(april(joined(&world, "2026-04-30").await), 4_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_from_a_domain_of_staff_is_no_member() {
    let secrets: &[(&str, &[u8])] = &[
        ("slack", b"slack signing secret"),
        ("discourse", b"discourse secret"),
        ("own", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    let config = format!("{CONFIG}\n[staff]\ndomains = [\"Corp.example\"]\n");
    let world = World::with(&config, secrets).await;
    let body = |id: &str, email: &str| {
        serde_json::json!({
            "type": "message_posted", "timestamp": "2026-02-10T10:00:00Z",
            "data": {"id": id, "actor": {"id": id, "email": email}, "channel": "general"},
        })
        .to_string()
    };
    // By the address that came with a message; no CRM knows either of them.
    for (id, email) in [("u1", "sophie@corp.example"), ("u2", "eva@exemple.fr")] {
        let reply = world
            .send("own", &body(id, email), "2026-02-10T10:00:01Z")
            .await;
        assert!(reply.status < 300, "{reply:?}");
    }
    // By the address in a roster, and by that of a contact behind the handle.
    world
        .take(
            "members/m.csv",
            "community,platform,handle,email,person_id,joined_at\n\
         main,forum,h1,paul@corp.example,,2026-02-10T10:00:00Z\n\
         main,forum,h2,,x1,2026-02-10T10:00:00Z\n\
         main,forum,h3,abel@exemple.fr,,2026-02-10T10:00:00Z\n",
        )
        .await;
    world
        .take("people/p.csv", "person_id,email\nx1,lea@corp.example\n")
        .await;
    let facts = joined(&world, "2026-02-28").await;
    let count = |what: fn(&Fact) -> bool| facts.values().filter(|fact| what(fact)).count();
    // Two of five are members; of staff only who wrote has left a trace to have a row of.
    assert_eq!(
        (count(|fact| fact.member), count(|fact| fact.is_staff)),
        (2, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_answer_and_ask_is_in_no_figure_of_customers() {
    let secrets: &[(&str, &[u8])] = &[
        ("slack", b"slack signing secret"),
        ("discourse", b"discourse secret"),
        ("own", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    let config = format!("{CONFIG}\n[staff]\ndomains = [\"corp.example\"]\n");
    let world = World::with(&config, secrets).await;
    world.take(
        "people/p.csv",
        "person_id,email\nx1,lea@corp.example\nx2,eva@exemple.fr\nx3,abel@exemple.fr\nx4,ida@exemple.fr\nx5,luc@exemple.fr\n",
    )
    .await;
    // Staff give 0 and take an hour; customers 10, 9, 3 and 2, and take ten minutes each.
    let mut surveys = "response_id,person_id,kind,score,answered_at\n".to_owned();
    let mut tickets = "ticket_id,person_id,status,created_at,solved_at,handle_minutes\n".to_owned();
    for (person, score, minutes) in [
        ("x1", 0, 60),
        ("x2", 10, 10),
        ("x3", 9, 10),
        ("x4", 3, 10),
        ("x5", 2, 10),
    ] {
        surveys += &format!("s{person},{person},nps,{score},2026-02-10T10:00:00Z\n");
        tickets += &format!(
            "t{person},{person},solved,2026-02-10T10:00:00Z,2026-02-10T12:00:00Z,{minutes}\n"
        );
    }
    world.take("surveys/s.csv", &surveys).await;
    world.take("tickets/t.csv", &tickets).await;
    for job in ["compact", "join", "health"] {
        world.run(job, "2026-02-28").await.unwrap();
    }
    let rows = world.rows(TableName::Kpis).await;
    let figure = |kpi: &str| {
        let is = |row: &serde_json::Value, column: &str, wanted: &str| row[column] == wanted;
        let found = rows.iter().find(|row| {
            is(row, "kpi", kpi)
                && is(row, "period", "2026-02")
                && is(row, "side", "all")
                && is(row, "segment", "all")
        });
        let row = found.unwrap_or_else(|| panic!("{kpi}: {rows:?}"));
        assert_eq!(row["status"], "ok", "{row}");
        (row["value"].as_f64().unwrap(), row["n"].as_u64().unwrap())
    };
    // Two promoters and two detractors of four; with staff it would be two and three of five.
    assert_eq!(figure("nps"), (0.0, 4));
    assert_eq!(figure("handle_time"), (10.0, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_activity_is_counted_as_what_it_brought() {
    let world = World::new().await;
    let file = "event_id,platform,community,kind,occurred_at,actor,reply_to\n\
         m1,forum,main,message_posted,2026-02-10T10:00:00Z,eva,\n\
         m2,forum,main,message_posted,2026-02-10T11:00:00Z,abel,\n\
         r1,forum,main,reaction_added,2026-02-10T12:00:00Z,abel,m1\n\
         x1,forum,main,message_deleted,2026-02-10T13:00:00Z,abel,m2\n";
    for _ in 0..2 {
        world.take("activity/a.csv", file).await;
        world.run("compact", "2026-02-28").await.unwrap();
    }
    let rows = world.rows(TableName::Waterfall).await;
    let count = |outcome: &str| -> u64 {
        let rows = rows.iter().filter(|row| row["outcome"] == outcome);
        rows.filter_map(|row| row["n"].as_u64()).sum()
    };
    assert_eq!(
        (count("received"), count("accepted"), count("duplicate")),
        (4, 4, 0)
    );
    for job in ["join", "health"] {
        world.run(job, "2026-02-28").await.unwrap();
    }
    let kpis = world.rows(TableName::Kpis).await;
    let messages = kpis
        .iter()
        .find(|row| {
            row["kpi"] == "messages"
                && row["grain"] == "month"
                && ["community", "segment", "platform", "channel", "item"]
                    .iter()
                    .all(|cut| row[*cut] == "all")
        })
        .unwrap();
    // The deleted message is gone: the row that deletes it names it.
    assert_eq!(
        messages["status"], "suppressed",
        "one person is too few: {messages}"
    );
}
