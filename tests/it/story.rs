//! A handful of people, whose every count is known.

use std::fmt::Write;

/// Deliveries: source, body, time of receipt.
pub fn deliveries() -> Vec<(&'static str, String, &'static str)> {
    let slack = |id: &str, event: &str| {
        format!(
            r#"{{"type":"event_callback","team_id":"T1","event_id":"{id}","event_time":1767225600,"event":{event}}}"#
        )
    };
    let join = |user: &str, mail: &str, id: &str| {
        slack(
            id,
            &format!(
                r#"{{"type":"team_join","event_ts":"1767225600.000{id}","user":{{"id":"{user}","name":"n{user}","profile":{{"email":"{mail}","real_name":"Prénom {user}"}}}}}}"#
            ),
        )
    };
    let message = |user: &str, ts: &str, text: &str, thread: Option<&str>| {
        let thread =
            thread.map_or_else(String::new, |thread| format!(r#","thread_ts":"{thread}""#));
        slack(
            ts,
            &format!(
                r#"{{"type":"message","channel":"C1","channel_type":"channel","user":"{user}","text":"{text}","ts":"{ts}","event_ts":"{ts}"{thread}}}"#
            ),
        )
    };
    let question = message(
        "U1",
        "1767312000.000100",
        "Comment exporter mes contacts ?",
        None,
    );
    vec![
        ("team", join("U1", "ana@exemple.fr", "101"), "2026-01-01T01:00:00Z"),
        ("team", join("U2", "bob@exemple.fr", "102"), "2026-01-01T01:00:01Z"),
        ("team", join("U3", "cleo@exemple.fr", "103"), "2026-01-01T01:00:02Z"),
        ("team", question.clone(), "2026-01-02T00:00:01Z"),
        // The same body delivered again, and once more a day later.
        ("team", question.clone(), "2026-01-02T00:01:01Z"),
        ("team", question, "2026-01-03T00:01:01Z"),
        ("team", message("U2", "1767315600.000200", "Par le menu Fichier", Some("1767312000.000100")), "2026-01-02T01:00:01Z"),
        ("team", slack("X1", r#"{"type":"emoji_changed","event_ts":"1767315700.000100"}"#), "2026-01-02T01:05:00Z"),
        ("team", "not json".to_owned(), "2026-01-02T01:06:00Z"),
        (
            "own",
            r#"[{"type":"live_attended","timestamp":"2026-02-03T18:00:00Z","data":{"id":"l1-ana","actor":{"id":"ana","email":"ana@exemple.fr"}}},
                {"type":"live_attended","timestamp":"2026-02-03T18:00:00Z","data":{"id":"l1-bob","actor":{"id":"bob","email":"BOB@exemple.fr"}}},
                {"type":"no_such_kind","timestamp":"2026-02-03T18:00:00Z","data":{"id":"x"}}]"#
                .to_owned(),
            "2026-02-03T19:00:00Z",
        ),
    ]
}

/// Items by outcome of the source `team`: received, accepted, duplicate, ignored, quarantined.
pub const TEAM: [u64; 5] = [9, 5, 2, 1, 1];
/// The same of the source `own`.
pub const OWN: [u64; 5] = [3, 2, 0, 1, 0];

/// Orders, people and costs in the own layout.
pub fn files() -> Vec<(&'static str, String)> {
    let mut orders =
        String::from("order_id,email,ordered_at,status,amount,refunded_amount,currency\n");
    for month in 1..=6 {
        for (position, mail) in [
            "ana@exemple.fr",
            "bob@exemple.fr",
            "dina@exemple.fr",
            "eli@exemple.fr",
        ]
        .iter()
        .enumerate()
        {
            writeln!(
                orders,
                "o{month}{position},{mail},2025-{:02}-1{position}T10:00:00Z,paid,{}.50,0,EUR",
                month + 6,
                20 + position
            )
            .unwrap();
        }
    }
    orders.push_str("bad,ana@exemple.fr,2025-09-01T10:00:00Z,paid,12.345,0,EUR\n");
    let people = "person_id,email,created_at,lifecycle,updated_at\n\
        p1,ana@exemple.fr,2025-06-01,customer,2025-12-01T00:00:00Z\n\
        p2,bob@exemple.fr,2025-06-01,customer,2025-12-01T00:00:00Z\n\
        p3,cleo@exemple.fr,2025-06-01,lead,2025-12-01T00:00:00Z\n\
        p4,dina@exemple.fr,2025-06-01,customer,2025-12-01T00:00:00Z\n\
        p5,eli@exemple.fr,2025-06-01,customer,2025-12-01T00:00:00Z\n";
    let later = "person_id,email,created_at,lifecycle,updated_at\np3,cleo@exemple.fr,2025-06-01,customer,2026-01-15T00:00:00Z\n";
    let costs = "month,category,label,amount,currency\n2026-01,platform,licence,\"100,00\",EUR\n2026-02,platform,licence,\"100,00\",EUR\n";
    vec![
        ("orders/orders.csv", orders),
        ("people/people.csv", people.to_owned()),
        ("people/people-later.csv", later.to_owned()),
        ("costs/costs.csv", costs.to_owned()),
    ]
}

/// When the files were dropped.
pub const DROPPED: &str = "2026-02-20T10:00:00Z";
/// The as-of day.
pub const AS_OF: &str = "2026-02-28";
