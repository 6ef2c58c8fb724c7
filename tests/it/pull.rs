//! What does not push: pulled pages against servers that behave as the real APIs, together with webhooks, failures and kills.

use jiff::Timestamp;
use levier_runtime::Invocation;
use levier_tests::World;
use serde_json::{Value, json};

use crate::pull_world::{
    Noted, all_sources, counts, fill, kinds, member, message, pull, pull_at, source, stored, world,
};
use crate::rest::Rest;

const FIRST: &str = "2026-03-10T10:00:00Z";
const SECOND: &str = "2026-03-11T10:00:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn history_comes_once_and_then_only_what_is_new() {
    let rest = Rest::start().await;
    fill(&rest);
    let world = world(&all_sources(&rest.url)).await;
    let outcome = pull(&world, FIRST).await;
    assert_eq!(outcome.counts["up_to_date"], 6, "{outcome:?}");
    assert_eq!(
        outcome.warnings,
        ["`team`: history of C9: not_in_channel; invite the app to the channel"]
    );

    assert_eq!(
        kinds(&world, "server").await,
        json!({"member_joined": 1203, "message_posted": 253, "reaction_added": 2, "live_scheduled": 1, "live_registered": 2})
    );
    // Two profiles, one deactivated; one join of a channel; three messages of which one a reply; one reaction.
    assert_eq!(
        kinds(&world, "team").await,
        json!({"member_updated": 2, "member_left": 1, "member_joined": 1, "message_posted": 3, "reaction_added": 1})
    );
    assert_eq!(
        kinds(&world, "forum").await,
        json!({"member_joined": 101, "message_posted": 91})
    );
    // A post and a comment of one number are two messages.
    assert_eq!(
        kinds(&world, "club").await,
        json!({"member_joined": 3, "message_posted": 2})
    );
    assert_eq!(kinds(&world, "press").await, json!({"mention_seen": 5}));
    let before: Vec<u64> = futures::future::join_all(
        ["server", "team", "forum", "club", "press"].map(|name| counts(&world, name)),
    )
    .await
    .iter()
    .map(|row| row["deliveries"].as_u64().unwrap())
    .collect();

    // Nothing happened: nothing is landed.
    let outcome = pull(&world, "2026-03-10T11:00:00Z").await;
    assert_eq!(outcome.counts.get("deliveries"), None, "{outcome:?}");

    {
        let mut told = rest.told.lock().unwrap();
        told.members.remove(&9);
        let (user, again) = member(10, "2026-03-11T08:00:00.000000+00:00");
        told.members.insert(user, again);
        let (id, news) = message("2026-03-11T09:00:00Z", 1, 5);
        told.messages.get_mut("10").unwrap().insert(id, news);
        told.slack.get_mut("C1").unwrap().insert(
            0,
            json!({"type": "message", "user": "U2", "text": "Encore", "ts": "1773219600.000300"}),
        );
        told.posts.insert(231, json!({"id": 231, "topic_id": 9, "post_number": 231, "username": "ana", "created_at": "2026-03-11T09:00:00Z", "raw": "Encore"}));
        told.accounts.remove(0);
        told.circle.get_mut("community_members").unwrap().remove(2);
        told.mentions.insert(6, json!({"id": "6", "published_at": "2026-02-01T10:00:00Z", "description": "Bof", "tone": -1}));
    }
    rest.asked();
    let outcome = pull(&world, SECOND).await;
    // Discord: who joined anew, who left, a message; one each of Slack and Mention; a post and a leaver of Discourse; a leaver of Circle.
    assert_eq!(outcome.counts["deliveries"], 8, "{outcome:?}");
    assert!(rest.asked().iter().any(|line| line.contains("since_id=5")));
    let server = kinds(&world, "server").await;
    assert_eq!(
        (
            &server["member_left"],
            &server["member_joined"],
            &server["message_posted"]
        ),
        (&json!(2), &json!(1204), &json!(254))
    );
    assert_eq!(
        kinds(&world, "forum").await,
        json!({"member_joined": 101, "message_posted": 92, "member_left": 1})
    );
    assert_eq!(kinds(&world, "club").await["member_left"], json!(1));
    assert_eq!(kinds(&world, "press").await, json!({"mention_seen": 6}));
    for (name, before) in ["server", "team", "forum", "club", "press"]
        .iter()
        .zip(before)
    {
        let row = counts(&world, name).await;
        assert_eq!(row["duplicate"], 0, "{row}");
        assert_eq!(row["quarantined"], 0, "{row}");
        assert!(row["deliveries"].as_u64().unwrap() > before, "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_webhooks_count_once() {
    let rest = Rest::start().await;
    fill(&rest);
    let world = world(&all_sources(&rest.url)).await;
    let slack = |event: Value| {
        json!({"type": "event_callback", "event_id": "E", "event_time": 1_772_874_001, "event": event}).to_string()
    };
    for event in [
        json!({"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "text": "Une question ?", "ts": "1772874000.000200", "event_ts": "1772874000.000200"}),
        json!({"type": "reaction_added", "user": "U2", "reaction": "wave", "item": {"type": "message", "channel": "C1", "ts": "1772874000.000200"}, "event_ts": "1772874100.000100"}),
    ] {
        assert!(
            world
                .send("team", &slack(event), "2026-03-07T09:00:05Z")
                .await
                .status
                < 300
        );
    }
    let post = json!({"post": {"id": 7, "topic_id": 9, "post_number": 7, "username": "ana", "created_at": "2026-03-01T10:07:00Z", "raw": "Bonjour"}});
    assert!(
        world
            .send("forum", &post.to_string(), "2026-03-01T10:07:05Z")
            .await
            .status
            < 300
    );
    pull(&world, FIRST).await;
    assert_eq!(kinds(&world, "team").await["message_posted"], 3);
    let row = counts(&world, "team").await;
    assert_eq!(
        (row["duplicate"].as_u64(), row["accepted"].as_u64()),
        (Some(2), Some(8)),
        "{row}"
    );
    let row = counts(&world, "forum").await;
    assert_eq!(
        (row["duplicate"].as_u64(), row["accepted"].as_u64()),
        (Some(1), Some(192)),
        "{row}"
    );
    // Nobody can pass a body off as pulled, and a source that is only pulled takes no webhook.
    let mut forged = world.signed(
        "team",
        "{\"users\":[]}",
        "2026-03-07T09:00:05Z".parse().unwrap(),
    );
    forged
        .headers
        .push(("x-levier-pull".to_owned(), "slack.users".to_owned()));
    assert!(world.deps.sources["team"].kept_headers(&forged).is_empty());
    assert!(
        world.deps.sources["server"]
            .sign(b"{}", Timestamp::UNIX_EPOCH, "d")
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_failures_and_expired_cursors_cost_nothing() {
    let rest = Rest::start().await;
    fill(&rest);
    let calm = world(&all_sources(&rest.url)).await;
    pull(&calm, FIRST).await;
    let (want, asked) = (stored(&calm).await, rest.asked().len());

    let world = world(&all_sources(&rest.url)).await;
    rest.instead(
        "/channels/10/messages",
        429,
        &[("retry-after", "7")],
        json!({"retry_after": 7.0, "global": false}),
    );
    rest.instead("/members", 502, &[], Value::Null);
    rest.instead("/posts.json", 503, &[("retry-after", "11")], Value::Null);
    // Spent: the next request waits for the end of the window.
    rest.instead("/scheduled-events", 200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "3.5")], json!([{"id": "1470000000000000000", "scheduled_start_time": "2026-03-09T18:00:00+00:00", "creator_id": "5"}]));
    let pace = Noted::new(900, 0);
    let outcome = pull_at(&world, FIRST, &pace).await.unwrap();
    assert_eq!(outcome.counts["up_to_date"], 6, "{outcome:?}");
    let mut waits = pace.waits.lock().unwrap().clone();
    waits.sort_by(f64::total_cmp);
    assert_eq!(waits, [1.0, 3.5, 7.0, 11.0]);
    assert!(stored(&world).await == want);
    assert_eq!(rest.asked().len(), asked + 3);

    // The second page of Slack's history says that its cursor has expired: the channel is read again, and lands nothing twice.
    let world = self::world(&all_sources(&rest.url)).await;
    let store = rest.told.clone();
    let rows = std::mem::take(&mut store.lock().unwrap().instead);
    assert!(rows.is_empty());
    pull_until_expired(&world, &rest).await;
    assert!(stored(&world).await == want);
}

/// Stops after Slack's first page of history, has the cursor expire, and goes on.
async fn pull_until_expired(world: &World, rest: &Rest) {
    rest.asked();
    for _ in 0..200 {
        // Two looks at the clock: one request, then no time is left.
        let outcome = pull_at(world, FIRST, &Noted::new(4, 2)).await.unwrap();
        if outcome.counts.get("up_to_date") == Some(&6) {
            panic!("the history of Slack was never cut in the middle");
        }
        let asked = rest.asked();
        if asked
            .iter()
            .any(|line| line.contains("/slack/conversations.history") && !line.contains("cursor="))
        {
            break;
        }
    }
    rest.instead(
        "/slack/conversations.history",
        200,
        &[],
        json!({"ok": false, "error": "invalid_cursor"}),
    );
    let outcome = pull(world, FIRST).await;
    assert_eq!(outcome.counts["up_to_date"], 6, "{outcome:?}");
    let asked = rest.asked();
    let history: Vec<&String> = asked
        .iter()
        .filter(|line| line.contains("history") && line.contains("channel=C1"))
        .collect();
    assert!(
        history[0].contains("cursor=c2") && !history[1].contains("cursor="),
        "{history:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stops_its_source_and_no_other() {
    let rest = Rest::start().await;
    fill(&rest);
    let config = all_sources(&rest.url).replacen("file:token", "file:revoked", 1);
    let world = World::with(
        &config,
        &[
            ("token", b"good"),
            ("revoked", b"bad"),
            ("slack", b"slack-secret"),
            ("discourse", b"discourse-secret"),
        ],
    )
    .await;
    let outcome = pull(&world, FIRST).await;
    assert_eq!(
        (outcome.counts["up_to_date"], outcome.counts["failed"]),
        (5, 1)
    );
    let row = counts(&world, "server").await;
    assert_eq!(row["status"], "partial");
    let reason = row["reason"].as_str().unwrap();
    assert!(
        reason.contains("`server`") && reason.contains("[sources.server.pull] token"),
        "{reason}"
    );
    assert!(!reason.contains("bad"), "{reason}");
    assert_eq!(counts(&world, "forum").await["status"], "ok");

    // A new token: the source goes on, and its row says so.
    std::fs::write(world.folder.path().join("revoked"), "good").unwrap();
    let config = levier_domain::config::Config::parse(&config).unwrap();
    let mut deps = world.deps.clone();
    deps.sources = std::sync::Arc::new(
        config
            .sources
            .iter()
            .map(|(name, source)| {
                let compiled = levier_platforms::Source::compile(name, source, &|reference| {
                    deps.secrets.read(reference)
                });
                (name.clone(), compiled.unwrap())
            })
            .collect(),
    );
    let now = SECOND.parse().unwrap();
    let outcome = levier_pull::pull(&deps, &Invocation::default(), now, &Noted::new(900, 0))
        .await
        .unwrap();
    assert_eq!(outcome.counts["up_to_date"], 6, "{outcome:?}");
    assert_eq!(counts(&world, "server").await["status"], "ok");
    assert_eq!(kinds(&world, "server").await["message_posted"], 253);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stops_in_time_and_the_next_goes_on() {
    let rest = Rest::start().await;
    fill(&rest);
    let calm = world(&all_sources(&rest.url)).await;
    pull(&calm, FIRST).await;
    rest.asked();
    let world = world(&all_sources(&rest.url)).await;
    let mut runs = 0;
    loop {
        runs += 1;
        let outcome = pull_at(&world, FIRST, &Noted::new(6, 1)).await.unwrap();
        if outcome.counts.get("up_to_date") == Some(&6) {
            break;
        }
        assert!(runs < 100, "{outcome:?}");
    }
    assert!(runs > 3, "only {runs} runs");
    assert!(stored(&world).await == stored(&calm).await);
    // A wait that is longer than what is left is not begun, and is no failure.
    rest.instead(
        "/guilds/1/members",
        429,
        &[("retry-after", "3600")],
        Value::Null,
    );
    let pace = Noted::new(900, 0);
    let outcome = pull_at(&world, SECOND, &pace).await.unwrap();
    assert_eq!(
        (
            outcome.counts["to_be_continued"],
            outcome.counts["up_to_date"]
        ),
        (1, 5)
    );
    assert!(pace.waits.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_killed_at_any_storage_call_lands_the_same() {
    let rest = Rest::start().await;
    fill(&rest);
    rest.told
        .lock()
        .unwrap()
        .messages
        .get_mut("10")
        .unwrap()
        .retain(|id, _| id % 5 == 0);
    let whole = world(&all_sources(&rest.url)).await;
    let world = world(&all_sources(&rest.url)).await;
    let faults = world.faults();
    let mut kills = 0;
    for (at, change) in [(FIRST, false), (SECOND, true)] {
        if change {
            let mut told = rest.told.lock().unwrap();
            told.members.remove(&9);
            told.accounts.remove(0);
        }
        pull(&whole, at).await;
        for call in 0.. {
            faults.fail_after(call);
            let ended = pull_at(&world, at, &Noted::new(900, 0)).await;
            faults.clear();
            match ended {
                Ok(_) => break,
                Err(error) => assert!(error.is_retryable(), "call {call}: {error}"),
            }
            kills += 1;
        }
        // Writes that took effect though their answers were lost.
        for write in 1..4 {
            faults.fail_writes_after_effect(write);
            let _ = pull_at(&world, at, &Noted::new(900, 0)).await;
            faults.clear();
        }
    }
    assert!(kills > 20, "only {kills} kills");
    let (want, got) = (stored(&whole).await, stored(&world).await);
    assert_eq!(
        got.keys().collect::<Vec<_>>(),
        want.keys().collect::<Vec<_>>()
    );
    assert!(got == want);
    for one in [&whole, &world] {
        one.run("compact", "2026-03-12").await.unwrap();
    }
    assert_eq!(world.tables().await, whole.tables().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_deliveries_of_github_are_asked_for_again() {
    let rest = Rest::start().await;
    let row = |id: u64, guid: &str, code: u16, again: bool| json!({"id": id, "guid": guid, "status_code": code, "redelivery": again, "event": "discussion"});
    rest.told.lock().unwrap().deliveries = vec![
        row(9, "tried", 500, true),
        row(8, "came", 200, true),
        row(7, "tried", 500, true),
        row(6, "tried", 500, true),
        row(5, "tried", 500, true),
        row(4, "tried", 500, false),
        row(3, "came", 502, false),
        row(2, "lost", 0, false),
        row(1, "fine", 200, false),
    ];
    let config = source(
        "code",
        "platform = \"github\"\nsecret = \"file:slack\"",
        &format!("{}/github", rest.url),
        "repository = \"acme/forum\"\nhook = 4",
    );
    let world = world(&config).await;
    pull(&world, FIRST).await;
    let posts: Vec<String> = rest
        .asked()
        .into_iter()
        .filter(|line| line.starts_with("POST"))
        .collect();
    assert_eq!(
        posts,
        ["POST /github/repos/acme/forum/hooks/4/deliveries/2/attempts?"]
    );
}
