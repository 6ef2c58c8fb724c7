//! Sources that are pulled, the little world that they tell of, and a clock that does not wait.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use levier_domain::table::TableName;
use levier_pull::Pace;
use levier_runtime::{Invocation, JobError, Outcome};
use levier_tests::World;
use serde_json::{Value, json};

use crate::rest::Rest;

/// Does not wait: notes the waits, and lets each of them and each look at the clock use up time.
pub(crate) struct Noted {
    pub(crate) left: Mutex<Duration>,
    pub(crate) look: Duration,
    pub(crate) waits: Mutex<Vec<f64>>,
}

impl Noted {
    pub(crate) fn new(left: u64, look: u64) -> Self {
        Self {
            left: Mutex::new(Duration::from_secs(left)),
            look: Duration::from_secs(look),
            waits: Mutex::default(),
        }
    }
}

impl Pace for Noted {
    fn left(&self) -> Duration {
        let mut left = self.left.lock().unwrap();
        *left = left.saturating_sub(self.look);
        *left
    }

    fn wait(&self, time: Duration) -> futures::future::BoxFuture<'_, ()> {
        self.waits.lock().unwrap().push(time.as_secs_f64());
        let mut left = self.left.lock().unwrap();
        *left = left.saturating_sub(time);
        Box::pin(std::future::ready(()))
    }
}

pub(crate) async fn pull_at(world: &World, at: &str, pace: &Noted) -> Result<Outcome, JobError> {
    let now: Timestamp = at.parse().unwrap();
    levier_pull::pull(&world.deps, &Invocation::default(), now, pace).await
}

pub(crate) async fn pull(world: &World, at: &str) -> Outcome {
    pull_at(world, at, &Noted::new(900, 0)).await.unwrap()
}

pub(crate) fn source(name: &str, platform: &str, url: &str, own: &str) -> String {
    format!(
        "[sources.{name}]\n{platform}\ncommunity = \"main\"\n[sources.{name}.pull]\ntoken = \"file:token\"\nbase_url = \"{url}\"\n{own}\n"
    )
}

pub(crate) fn all_sources(url: &str) -> String {
    [
        source(
            "server",
            "platform = \"discord\"",
            &format!("{url}/discord"),
            "guild = \"1\"",
        ),
        source(
            "team",
            "platform = \"slack\"\nsecret = \"file:slack\"",
            &format!("{url}/slack"),
            "",
        ),
        source(
            "forum",
            "platform = \"discourse\"\nsecret = \"file:discourse\"",
            &format!("{url}/discourse"),
            "",
        ),
        source(
            "club",
            "platform = \"generic\"\npreset = \"circle\"",
            &format!("{url}/circle"),
            "",
        ),
        source(
            "press",
            "platform = \"generic\"\npreset = \"mention\"",
            &format!("{url}/mention"),
            "account = \"a\"\nalerts = [\"7\"]",
        ),
        source(
            "code",
            "platform = \"github\"\nsecret = \"file:slack\"",
            &format!("{url}/github"),
            "repository = \"acme/forum\"\nhook = 4",
        ),
    ]
    .concat()
}

/// What pulling has left: landed pages and lists.
pub(crate) async fn stored(world: &World) -> std::collections::BTreeMap<String, Vec<u8>> {
    let lake = &world.deps.lake;
    let mut keys = Vec::new();
    for prefix in ["landing/", "pull/"] {
        keys.extend(
            lake.list(prefix)
                .await
                .unwrap()
                .into_iter()
                .map(|object| object.key),
        );
    }
    let all = lake.get_all(&keys).await.unwrap();
    all.into_iter()
        .map(|(key, bytes)| (key, bytes.to_vec()))
        .collect()
}

pub(crate) async fn world(config: &str) -> World {
    World::with(
        config,
        &[
            ("token", b"good"),
            ("slack", b"slack-secret"),
            ("discourse", b"discourse-secret"),
        ],
    )
    .await
}

pub(crate) fn snowflake(at: &str, n: u64) -> u64 {
    let at: Timestamp = at.parse().unwrap();
    ((at.as_millisecond() as u64 - 1_420_070_400_000) << 22) + n
}

pub(crate) fn message(at: &str, n: u64, author: u64) -> (u64, Value) {
    let id = snowflake(at, n);
    (
        id,
        json!({"id": id.to_string(), "type": 0, "content": "Comment faire ?", "timestamp": at, "edited_timestamp": null, "author": {"id": author.to_string()}}),
    )
}

pub(crate) fn member(user: u64, joined: &str) -> (u64, Value) {
    (
        user,
        json!({"user": {"id": user.to_string()}, "joined_at": joined, "roles": []}),
    )
}

/// A little of everything.
pub(crate) fn fill(rest: &Rest) {
    let mut told = rest.told.lock().unwrap();
    told.members = (1..=1203)
        .map(|user| member(user, "2026-01-05T09:00:00.000000+00:00"))
        .collect();
    told.messages.insert(
        "10".to_owned(),
        (0..250)
            .map(|n| {
                message(
                    &format!("2026-03-0{}T0{}:00:00Z", 1 + n % 9, n % 7),
                    n,
                    5 + n % 3,
                )
            })
            .collect(),
    );
    told.messages.insert(
        "12".to_owned(),
        [message("2026-03-02T08:00:00Z", 900, 6)].into(),
    );
    let (first, _) = told.messages["10"]
        .first_key_value()
        .map(|(id, m)| (*id, m.clone()))
        .unwrap();
    told.messages
        .get_mut("10")
        .unwrap()
        .get_mut(&first)
        .unwrap()["reactions"] = json!([{"count": 2, "emoji": {"id": null, "name": "👍"}}]);
    told.reactions.insert(first.to_string(), vec![7, 8]);
    let (thread, opened) = message("2026-03-03T08:00:00Z", 500, 5);
    told.threads = vec![
        json!({"id": thread.to_string(), "parent_id": "10", "type": 11, "thread_metadata": {"archive_timestamp": "2026-03-05T08:00:00+00:00"}}),
    ];
    told.messages.insert(
        thread.to_string(),
        [(thread, opened), message("2026-03-03T09:00:00Z", 501, 7)].into(),
    );
    told.interested = vec![7, 8];
    told.users = (1..=3)
        .map(|n| json!({"id": format!("U{n}"), "updated": 1_772_000_000 + n, "deleted": n == 3, "profile": {"email": format!("u{n}@example.com")}}))
        .collect();
    told.slack.insert(
        "C1".to_owned(),
        vec![
            json!({"type": "message", "user": "U2", "text": "Fini", "ts": "1772960400.000300"}),
            json!({"type": "message", "user": "U1", "text": "Une question ?", "ts": "1772874000.000200", "thread_ts": "1772874000.000200", "reply_count": 1,
                "reactions": [{"name": "wave", "users": ["U2"], "count": 1}]}),
            json!({"type": "message", "subtype": "channel_join", "user": "U1", "text": "joined", "ts": "1772787600.000100"}),
        ],
    );
    told.replies.insert(
        "1772874000.000200".to_owned(),
        vec![
            json!({"type": "message", "user": "U1", "text": "Une question ?", "ts": "1772874000.000200", "thread_ts": "1772874000.000200"}),
            json!({"type": "message", "user": "U2", "text": "Oui", "ts": "1772877600.000200", "thread_ts": "1772874000.000200", "parent_user_id": "U1"}),
        ],
    );
    // Numbers with a hole of more than a page: a page in between is empty.
    told.posts = (1..=60)
        .chain(200..=230)
        .map(|id| (id, json!({"id": id, "topic_id": 9, "post_number": id, "username": "ana", "created_at": format!("2026-03-01T10:{:02}:00Z", id % 60), "raw": "Bonjour"})))
        .collect();
    told.accounts = (1..=101)
        .map(|id| json!({"id": id, "username": format!("user{id}"), "email": format!("user{id}@example.com"), "created_at": "2026-02-01T08:00:00Z"}))
        .collect();
    told.circle.insert(
        "community_members".to_owned(),
        (1..=3).map(|n| json!({"id": 70 + n, "user_id": n, "email": format!("c{n}@example.com"), "created_at": "2026-02-01T08:00:00Z"})).collect(),
    );
    told.circle.insert("posts".to_owned(), vec![json!({"id": 1, "user_id": 1, "created_at": "2026-03-02T08:00:00Z", "body": {"body": "<p>Bonjour</p>"}, "space_id": 4})]);
    told.circle.insert("comments".to_owned(), vec![json!({"id": 1, "user": {"id": 2, "email": "c2@example.com"}, "post": {"id": 1}, "created_at": "2026-03-02T09:00:00Z", "body": {"body": "Merci"}})]);
    told.mentions = (1..=5)
        .map(|id| (id, json!({"id": id.to_string(), "published_at": format!("2026-03-0{id}T10:00:00.10090700+00:00"), "description": "Super produit", "tone": 1})))
        .collect();
}

pub(crate) async fn counts(world: &World, source: &str) -> Value {
    world.run("compact", "2026-03-12").await.unwrap();
    let rows = world.rows(TableName::Sources).await;
    let row = rows.iter().find(|row| row["source"] == source).unwrap();
    let sum: u64 = ["accepted", "duplicate", "ignored", "quarantined"]
        .iter()
        .map(|part| row[*part].as_u64().unwrap())
        .sum();
    assert_eq!(row["received"].as_u64().unwrap(), sum, "{row}");
    row.clone()
}

/// Accepted events of a source by kind.
pub(crate) async fn kinds(world: &World, source: &str) -> Value {
    world.run("compact", "2026-03-12").await.unwrap();
    let mut all = serde_json::Map::new();
    for row in world.rows(TableName::Waterfall).await {
        if row["source"] == source && row["outcome"] == "accepted" && row["stage"] == "delivery" {
            all.insert(row["kind"].as_str().unwrap().to_owned(), row["n"].clone());
        }
    }
    Value::Object(all)
}
