//! Reading again: repeated bodies count once, quarantine is replayed, a mended mapping is as good as one that was right from the
//! start, and the keys of senders' tokens are fetched where deliveries need them.

use std::collections::BTreeMap;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use levier_compact::{Again, compact_again};
use levier_domain::table::TableName;
use levier_runtime::{Dependencies, Invocation, Outcome};
use levier_tests::{World, connect};
use serde_json::{Value, json};

const AS_OF: &str = "2026-03-20";

/// A forum of which one rule takes answers; `kind` and `id` are what gets mended.
fn forum(kind: &str, id: &str) -> String {
    format!(
        r#"
[sources.forum]
platform = "generic"
community = "main"
scheme = "bearer"
secret = "file:forum"
[[sources.forum.map]]
each = "body.events"
kind = "{kind}"
id = "{id}"
occurred_at = "item.when"
actor = "item.who"
text = "item.said"
[sources.own]
platform = "standard-webhooks"
community = "main"
secret = "file:own"
"#
    )
}

const SECRETS: [(&str, &[u8]); 2] = [
    ("forum", b"a forum's token"),
    ("own", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
];

async fn world(config: &str) -> World {
    let world = World::with(config, &SECRETS).await;
    for (body, at) in [
        (
            json!({"events": [{"uid": "1", "when": "2026-03-01T10:00:00Z", "who": "ana", "said": "Comment faire ?"}, {"when": "2026-03-01T10:05:00Z", "who": "bob", "ref": "2"}]}),
            "2026-03-01T10:10:00Z",
        ),
        (
            json!({"events": [{"uid": "3", "when": "2026-03-02T10:00:00Z", "who": "ana"}]}),
            "2026-03-02T10:10:00Z",
        ),
        (
            json!({"events": [{"when": "2026-03-03T10:00:00Z", "who": "cleo", "ref": "4"}]}),
            "2026-03-03T10:10:00Z",
        ),
    ] {
        assert!(world.send("forum", &body.to_string(), at).await.status < 300);
    }
    let own = json!({"type": "live_attended", "timestamp": "2026-03-02T18:00:00Z", "data": {"id": "l1", "actor": {"id": "ana"}}});
    assert!(
        world
            .send("own", &own.to_string(), "2026-03-02T19:00:00Z")
            .await
            .status
            < 300
    );
    world
}

async fn again(deps: &Dependencies, again: &Again) -> Outcome {
    let now = "2026-03-20T20:00:00Z".parse().unwrap();
    let invocation = Invocation {
        job: "compact".to_owned(),
        as_of: Some(AS_OF.parse().unwrap()),
        buckets: None,
    };
    compact_again(deps, again, &invocation, now).await.unwrap()
}

/// Another configuration over the same stores.
async fn mended(world: &World, config: &str) -> Dependencies {
    connect(&world.cloud, config, world.folder.path()).await
}

async fn counts(world: &World, source: &str) -> [u64; 5] {
    let rows = world.rows(TableName::Sources).await;
    let row = rows.iter().find(|row| row["source"] == source).unwrap();
    [
        "received",
        "accepted",
        "duplicate",
        "ignored",
        "quarantined",
    ]
    .map(|column| row[column].as_u64().unwrap())
}

/// Objects that must not depend on how often something was read; runs are named by their digest.
fn comparable(lake: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    lake.into_iter()
        .filter(|(key, _)| !key.starts_with("published/"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_mapping_is_as_good_as_one_that_was_right_from_the_start() {
    let right = forum("message_posted", "item.uid || item.ref");
    let whole = world(&right).await;
    whole.run("compact", AS_OF).await.unwrap();
    let want = comparable(whole.lake().await);
    assert_eq!(counts(&whole, "forum").await, [4, 4, 0, 0, 0]);

    let wrong = world(&forum("content_published", "item.uid")).await;
    wrong.run("compact", AS_OF).await.unwrap();
    assert_eq!(counts(&wrong, "forum").await, [4, 2, 0, 0, 2]);
    let since = Again::Since {
        from: "2026-03-01".parse().unwrap(),
        source: Some("forum".to_owned()),
    };
    // Killed at every storage call on the way.
    let deps = mended(&wrong, &right).await;
    let faults = wrong.faults();
    let mut kills = 0;
    for call in 0.. {
        faults.fail_after(call);
        let now = "2026-03-20T20:00:00Z".parse().unwrap();
        let invocation = Invocation {
            as_of: Some(AS_OF.parse().unwrap()),
            ..Invocation::default()
        };
        let ended = compact_again(&deps, &since, &invocation, now).await;
        faults.clear();
        if ended.is_ok() {
            break;
        }
        kills += 1;
    }
    assert!(kills > 20, "only {kills} kills");
    assert_eq!(counts(&wrong, "forum").await, [4, 4, 0, 0, 0]);
    let got = comparable(wrong.lake().await);
    assert_eq!(
        got.keys().collect::<Vec<_>>(),
        want.keys().collect::<Vec<_>>()
    );
    for (key, bytes) in &want {
        assert!(got[key] == *bytes, "{key} differs");
    }
    assert!(
        wrong
            .deps
            .lake
            .list("quarantine/")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_again_from_a_later_day_leaves_the_days_before_alone() {
    let world = world(&forum("content_published", "item.uid")).await;
    world.run("compact", AS_OF).await.unwrap();
    let deps = mended(&world, &forum("message_posted", "item.uid || item.ref")).await;
    let since = Again::Since {
        from: "2026-03-02".parse().unwrap(),
        source: None,
    };
    again(&deps, &since).await;
    assert_eq!(counts(&world, "forum").await, [4, 3, 0, 0, 1]);
    let waterfall = world.rows(TableName::Waterfall).await;
    let accepted = |kind: &str| {
        waterfall
            .iter()
            .filter(|row| {
                row["source"] == "forum" && row["outcome"] == "accepted" && row["kind"] == kind
            })
            .map(|row| row["n"].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(
        (accepted("content_published"), accepted("message_posted")),
        (1, 2)
    );
    assert_eq!(counts(&world, "own").await, [1, 1, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantine_is_replayed_and_emptied_once_the_mapping_is_mended() {
    let world = world(&forum("message_posted", "item.uid")).await;
    world.run("compact", AS_OF).await.unwrap();
    assert_eq!(world.deps.lake.list("quarantine/").await.unwrap().len(), 2);
    let quarantined = Again::Quarantined { source: None };
    // Nothing was mended yet: what could not be read still cannot.
    let outcome = again(&world.deps, &quarantined).await;
    assert_eq!(outcome.counts["quarantined_deliveries"], 2);
    assert_eq!(counts(&world, "forum").await, [4, 2, 0, 0, 2]);
    let deps = mended(&world, &forum("message_posted", "item.uid || item.ref")).await;
    let elsewhere = Again::Quarantined {
        source: Some("own".to_owned()),
    };
    assert!(
        !again(&deps, &elsewhere)
            .await
            .counts
            .contains_key("deliveries")
    );
    let outcome = again(&deps, &quarantined).await;
    assert_eq!(outcome.counts["released_deliveries"], 2);
    assert_eq!(counts(&world, "forum").await, [4, 4, 0, 0, 0]);
    assert!(
        world
            .deps
            .lake
            .list("quarantine/")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_gives_no_event_counts_once_too_whatever_the_order() {
    let deliveries = [
        ("not json", "2026-03-01T10:00:00Z"),
        ("not json", "2026-03-01T10:05:00Z"),
        (r#"{"events":[{}],"x":1}"#, "2026-03-02T10:00:00Z"),
        ("not json", "2026-03-04T10:00:00Z"),
        // Longer ago than any platform repeats a delivery.
        ("not json", "2026-03-15T10:00:00Z"),
    ];
    let mut seen = Vec::new();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]] {
        let world = World::with(&forum("message_posted", "item.uid"), &SECRETS).await;
        for position in order {
            let (body, at) = deliveries[position];
            assert!(world.send("forum", body, at).await.status < 300);
            world.run("compact", AS_OF).await.unwrap();
        }
        assert_eq!(counts(&world, "forum").await, [5, 0, 2, 0, 3], "{order:?}");
        seen.push(comparable(world.lake().await));
    }
    assert!(seen[0] == seen[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_time_of_its_own_is_one_event_on_whatever_day_it_is_sent_again() {
    let like = json!({"like": {"post": {"topic_id": 3, "post_number": 2, "username": "lea"}, "user": {"id": 7, "username": "ana"}}}).to_string();
    for compact_between in [false, true] {
        let world = World::new().await;
        for at in [
            "2026-03-01T23:59:00Z",
            "2026-03-02T00:04:00Z",
            "2026-03-03T10:00:00Z",
        ] {
            assert!(world.send("forum", &like, at).await.status < 300);
            if compact_between {
                world.run("compact", AS_OF).await.unwrap();
            }
        }
        world.run("compact", AS_OF).await.unwrap();
        assert_eq!(counts(&world, "forum").await, [3, 1, 2, 0, 0]);
        let days = world.deps.lake.list("events/").await.unwrap();
        assert_eq!(days.len(), 1);
        assert!(days[0].key.contains("2026-03-01"), "{}", days[0].key);
    }
}

/// A rich notification that carries a token, of which nothing else holds.
fn rich() -> Value {
    json!({
        "value": [{
            "changeType": "created", "clientState": "state", "resource": "chats('c')/messages('1')",
            "encryptedContent": {"data": "AAAA", "dataKey": "AAAA", "dataSignature": "AAAA"},
        }],
        "validationTokens": ["e30.e30.AAAA"],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn token_keys_are_fetched_once_deliveries_need_them_and_what_waited_is_read_again() {
    let pem = rsa_pem();
    let config = |port: u16| {
        format!(
            r#"
[sources.teams]
platform = "teams"
community = "main"
secret = "file:state"
app_id = "8e460676-ae3f-4b1e-8790-ee0fb5d6ff5a"
private_key = "file:teams.pem"
jwks = "http://127.0.0.1:{port}/keys"
"#
        )
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let world = World::with(&config(port), &[("state", b"state"), ("teams.pem", &pem)]).await;
    assert!(
        world
            .send("teams", &rich().to_string(), "2026-03-01T10:00:00Z")
            .await
            .status
            < 300
    );
    let reasons = |world: &World| {
        let lake = world.deps.lake.clone();
        async move {
            let copies = lake.list("quarantine/").await.unwrap();
            assert_eq!(copies.len(), 1);
            let copy: Value = lake.get_json(&copies[0].key).await.unwrap().unwrap();
            copy["reasons"]
                .as_object()
                .unwrap()
                .keys()
                .next()
                .unwrap()
                .clone()
        }
    };
    // Nobody answers: the compaction ends, says so, and the delivery waits.
    let outcome = again(&world.deps, &Again::Nothing).await;
    assert!(
        outcome.warnings[0].contains("cannot be fetched"),
        "{:?}",
        outcome.warnings
    );
    assert_eq!(reasons(&world).await, "token_keys_not_fetched");
    // A page that is no key set changes nothing; a key set is taken, and what waited is read again by itself.
    for (answer, want) in [
        ("<html>", "token_keys_not_fetched"),
        (
            r#"{"keys":[{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}]}"#,
            "validation_token_algorithm",
        ),
    ] {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
            .await
            .unwrap();
        let router = Router::new().route("/keys", get(move || async move { answer }));
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        again(&world.deps, &Again::Nothing).await;
        assert_eq!(reasons(&world).await, want);
        server.abort();
        let _ = server.await;
    }
    // Kept: the next compaction needs no server.
    let body = rich().to_string().replace("messages('1')", "messages('2')");
    assert!(
        world
            .send("teams", &body, "2026-03-01T10:01:00Z")
            .await
            .status
            < 300
    );
    let outcome = again(&world.deps, &Again::Nothing).await;
    assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    assert_eq!(world.deps.lake.list("quarantine/").await.unwrap().len(), 2);
}

/// A private key made for this run alone.
fn rsa_pem() -> Vec<u8> {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'static> = AsDer::as_der(&key).unwrap();
    let text = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").into_bytes()
}
