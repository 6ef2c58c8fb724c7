//! Alerts to a webhook on this machine: told once, tried again, over once, kept when killed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use levier_alert::{Courier, Letter, alert, outbox};
use levier_domain::config::Config;
use levier_domain::table::TableName;
use levier_runtime::{Invocation, JobError, Outcome};
use levier_tests::{CONFIG, World};
use serde_json::Value as Json;

use crate::story;

/// What a webhook answers next, and what it was sent.
#[derive(Clone, Default)]
struct Hook {
    answers: Arc<Mutex<Vec<u16>>>,
    taken: Arc<Mutex<Vec<Json>>>,
    refused: Arc<Mutex<usize>>,
}

impl Hook {
    /// Serves on a port of its own; gives its address.
    async fn serve(&self) -> String {
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}/hook")
    }

    fn answer(&self, statuses: &[u16]) {
        *self.answers.lock().unwrap() = statuses.iter().rev().copied().collect();
    }

    fn taken(&self) -> Vec<String> {
        self.taken
            .lock()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

impl Hook {
    fn about(&self, what: &str) -> Vec<String> {
        let taken = self.taken().into_iter();
        taken.filter(|body| body.contains(what)).collect()
    }
}

async fn take(State(hook): State<Hook>, body: axum::Json<Json>) -> (StatusCode, &'static str) {
    let status = hook.answers.lock().unwrap().pop().unwrap_or(200);
    if status == 0 {
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    if status == 200 {
        hook.taken.lock().unwrap().push(body.0);
        return (StatusCode::OK, "ok");
    }
    *hook.refused.lock().unwrap() += 1;
    (
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        "Cannot POST /hook",
    )
}

const ALERTS: &str = "
[alerts.trop-de-membres]
kpi = \"members\"
above = 2
grain = \"month\"
[notify.equipe]
kind = \"slack\"
url = \"file:webhook\"
language = \"fr\"
digest = false
";

/// One source that may be quiet for as long as it likes, so that its figures are whole; the other is silent by then.
fn configuration(rules: &str) -> String {
    let patient = CONFIG.replacen(
        "platform = \"slack\"",
        "platform = \"slack\"\nquiet_after_hours = 100000",
        1,
    );
    format!("{patient}{rules}")
}

async fn world(hook: &Hook, rules: &str) -> World {
    let url = hook.serve().await;
    let world = World::with(
        &configuration(rules),
        &[
            ("slack", b"slack-secret"),
            ("discourse", b"discourse-secret"),
            ("own", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            ("webhook", url.as_bytes()),
        ],
    )
    .await;
    for (source, body, at) in story::deliveries() {
        assert!(world.send(source, &body, at).await.status < 300);
    }
    for (name, text) in story::files() {
        world
            .drop_file(name, text.as_bytes(), story::DROPPED)
            .await
            .unwrap();
    }
    for job in ["compact", "join", "health"] {
        world.run(job, story::AS_OF).await.unwrap();
    }
    world
}

async fn run(world: &World, at: &str) -> Result<Outcome, JobError> {
    let courier = Courier::new(None, Duration::from_millis(500));
    alert(
        &world.deps,
        &courier,
        &Invocation::default(),
        at.parse().unwrap(),
    )
    .await
}

fn states(rows: &[Json]) -> BTreeMap<String, String> {
    rows.iter()
        .map(|row| {
            (
                row["alert"].as_str().unwrap().to_owned(),
                row["state"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_told_once_whatever_the_webhook_answers_first() {
    let hook = Hook::default();
    let world = world(&hook, ALERTS).await;
    // Busy, down, too slow: all wait, the first says why, and the night does not fail. (The source `own` is silent by then.)
    let mut said = String::new();
    for (hour, answer) in [429, 503, 0].into_iter().enumerate() {
        hook.answer(&[answer]);
        let outcome = run(&world, &format!("2026-03-01T0{hour}:30:00Z"))
            .await
            .unwrap();
        assert_eq!(outcome.counts.get("waiting"), Some(&2), "{outcome:?}");
        assert_eq!(outcome.warnings.len(), 1, "{outcome:?}");
        said.push_str(&outcome.warnings[0]);
    }
    for want in [
        "answered 429",
        "503",
        "within 0.5 s",
        "tried again at the next run",
    ] {
        assert!(said.contains(want), "{want}: {said}");
    }
    for secret in ["127.0.0.1", "/hook"] {
        assert!(!said.contains(secret), "the address is a secret: {said}");
    }
    assert!(hook.taken().is_empty());
    let outcome = run(&world, "2026-03-01T03:00:00Z").await.unwrap();
    assert_eq!(outcome.counts.get("sent"), Some(&2));
    let again = run(&world, "2026-03-01T04:00:00Z").await.unwrap();
    assert_eq!(again.counts.get("sent"), None);
    assert_eq!(hook.taken().len(), 2);
    assert_eq!(hook.about("Alerte\u{202f}: Membres").len(), 1);
    let rows = world.rows(TableName::Alerts).await;
    let states = states(&rows);
    assert_eq!(states["trop-de-membres"], "firing");
    assert!(states.contains_key("source_silent.team"));
    let row = rows
        .iter()
        .find(|row| row["alert"] == "trop-de-membres")
        .unwrap();
    assert_eq!(
        (&row["value"], &row["since"]),
        (&Json::from(3.0), &Json::from("2026-01"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_over_is_told_once_more() {
    let hook = Hook::default();
    let mut world = world(&hook, ALERTS).await;
    run(&world, "2026-03-01T01:00:00Z").await.unwrap();
    // The limit is moved, so that three members are within it.
    let rules = ALERTS.replace("above = 2", "above = 5");
    world.deps.config = Arc::new(Config::parse(&configuration(&rules)).unwrap());
    for hour in 2..4 {
        run(&world, &format!("2026-03-01T0{hour}:00:00Z"))
            .await
            .unwrap();
    }
    let taken = hook.about("Membres");
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert!(taken[1].contains("Terminé"), "{taken:?}");
    // A look back tells nobody.
    let invocation = Invocation {
        as_of: Some("2026-02-01".parse().unwrap()),
        ..Invocation::default()
    };
    let courier = Courier::new(None, Duration::from_millis(500));
    let error = alert(
        &world.deps,
        &courier,
        &invocation,
        "2026-03-01T09:00:00Z".parse().unwrap(),
    )
    .await
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("run health with --as-of 2026-02-01"),
        "{error}"
    );
}

/// Limits that three members are within, and beyond again: the period is the same, the turn is another.
#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_fires_again_for_the_same_period_is_told_again() {
    let hook = Hook::default();
    let mut world = world(&hook, ALERTS).await;
    let within = ALERTS.replace("above = 2", "above = 5");
    let unwatched = ALERTS
        .replace("alerts.trop-de-membres", "alerts.autre")
        .replace("above = 2", "above = 9");
    for (hour, rules) in [ALERTS, &within, ALERTS, &unwatched, ALERTS, ALERTS]
        .into_iter()
        .enumerate()
    {
        world.deps.config = Arc::new(Config::parse(&configuration(rules)).unwrap());
        run(&world, &format!("2026-03-01T0{hour}:00:00Z"))
            .await
            .unwrap();
    }
    let told = hook.about("Membres");
    let turns: Vec<bool> = told.iter().map(|body| body.contains("Terminé")).collect();
    assert_eq!(turns, [false, true, false, false], "{told:?}");
}

/// What came and went while the webhook was down is told in one message, and what is left in the order in which it happened.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_nothing_ends_before_it_began() {
    let hook = Hook::default();
    let mut world = world(&hook, ALERTS).await;
    let within = ALERTS.replace("above = 2", "above = 5");
    hook.answer(&[500; 9]);
    for (hour, rules) in [ALERTS, &within, ALERTS].into_iter().enumerate() {
        world.deps.config = Arc::new(Config::parse(&configuration(rules)).unwrap());
        run(&world, &format!("2026-03-01T0{hour}:00:00Z"))
            .await
            .unwrap();
    }
    assert!(hook.taken().is_empty());
    // One try a run: what follows waits for it.
    assert_eq!(*hook.refused.lock().unwrap(), 3);
    hook.answer(&[]);
    run(&world, "2026-03-01T04:00:00Z").await.unwrap();
    let told = hook.about("Membres");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("Terminé") && told[0].contains("injoignable"),
        "{told:?}"
    );
    assert!(told[1].contains("Alerte"), "{told:?}");
}

/// A webhook that hangs is waited for once, and the others are told meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_hangs_holds_up_no_other() {
    let hook = Hook::default();
    let slow = Hook::default();
    let rules = format!("{ALERTS}[notify.attente]\nkind = \"teams\"\nurl = \"file:slow\"\n");
    let world = world(&hook, &rules).await;
    std::fs::write(world.folder.path().join("slow"), slow.serve().await).unwrap();
    slow.answer(&[0; 9]);
    let begun = std::time::Instant::now();
    let outcome = run(&world, "2026-03-01T01:00:00Z").await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_millis(1_400),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(hook.taken().len(), 2);
    assert_eq!(outcome.counts.get("sent"), Some(&2), "{outcome:?}");
    // Two turns and the week.
    assert_eq!(outcome.counts.get("waiting"), Some(&3), "{outcome:?}");
    assert_eq!(outcome.warnings.len(), 1, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_storage_call_it_still_tells_each_alert() {
    let hook = Hook::default();
    let world = world(&hook, &ALERTS.replace("digest = false", "digest = true")).await;
    let faults = world.faults();
    let mut kills = 0;
    for call in 0_u32.. {
        // An hour later each time: a claim of the killed run has ended.
        let at = jiff::Timestamp::from_second(1_772_323_200 + 3_600 * i64::from(call)).unwrap();
        faults.fail_after(u64::from(call));
        let ended = run(&world, &at.to_string()).await;
        faults.clear();
        match ended {
            Ok(_) => break,
            Err(error) => assert!(error.is_retryable(), "at call {call}: {error}"),
        }
        kills += 1;
    }
    assert!(kills > 10, "only {kills} kills");
    run(&world, "2026-05-01T00:00:00Z").await.unwrap();
    let letters: Vec<Letter> = outbox(&world.deps).await.unwrap();
    assert!(
        letters.iter().all(|letter| letter.sent_at.is_some()),
        "{letters:?}"
    );
    let wanted: BTreeSet<String> = letters.iter().map(|l| l.reference.clone()).collect();
    // The alert and the digest; sources may be silent by then, each its own letter.
    assert!(wanted.len() >= 2 && wanted.len() == letters.len());
    let taken = hook.taken();
    for reference in &wanted {
        assert!(
            taken.iter().any(|body| body.contains(reference)),
            "{reference} was never told"
        );
    }
    // At least once; twice only where the kill fell between sending and noting it.
    assert!(
        taken.len() <= 2 * wanted.len(),
        "{} sent for {}",
        taken.len(),
        wanted.len()
    );
    let digest = taken
        .iter()
        .find(|body| body.contains("semaine du"))
        .unwrap();
    for person in ["ana@", "nU1", "Préno", "U1", "cleo"] {
        assert!(!digest.contains(person), "{person} is named: {digest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_without_an_answer_and_a_dead_webhook_are_clear() {
    let hook = Hook::default();
    let rules = "
[alerts.a]
kpi = \"members\"
above = 2
grain = \"month\"
[notify.astreinte]
kind = \"sns\"
topic_arn = \"arn:aws:sns:eu-west-3:123456789012:levier\"
digest = false
[notify.parti]
kind = \"teams\"
url = \"file:absent\"
digest = false
";
    let world = world(&hook, rules).await;
    let outcome = run(&world, "2026-03-01T01:00:00Z").await.unwrap();
    assert_eq!(outcome.counts.get("waiting"), Some(&4));
    let said = outcome.warnings.join("\n");
    assert!(
        said.contains("notify.parti.url: the file absent cannot be read"),
        "{said}"
    );
    assert!(said.contains("notify.astreinte"), "{said}");
    // After a fortnight it is given up, and says so.
    let outcome = run(&world, "2026-03-16T01:00:00Z").await.unwrap();
    assert_eq!(outcome.counts.get("given_up"), Some(&4));
}

/// Figures computed on a Sunday's night know that Sunday for two hours: its week is told by Monday's, whatever the hour of the run.
#[tokio::test(flavor = "multi_thread")]
async fn a_week_is_told_when_its_sunday_is_over() {
    let hook = Hook::default();
    let rules = ALERTS.replace("digest = false", "digest = true");
    let world = world(&hook, &rules).await;
    let sunday = "2026-03-01T02:00:00Z";
    for job in ["join", "health"] {
        world
            .run_at(job, None, sunday.parse().unwrap())
            .await
            .unwrap();
    }
    for at in [sunday, "2026-03-01T22:00:00Z", "2026-03-02T00:30:00Z"] {
        run(&world, at).await.unwrap();
    }
    let weeks = |hook: &Hook| hook.about("semaine du");
    assert_eq!(weeks(&hook).len(), 1, "{:?}", weeks(&hook));
    assert!(
        weeks(&hook)[0].contains("semaine du 16 février"),
        "{:?}",
        weeks(&hook)
    );
    let monday = "2026-03-02T02:00:00Z";
    for job in ["join", "health"] {
        world
            .run_at(job, None, monday.parse().unwrap())
            .await
            .unwrap();
    }
    run(&world, monday).await.unwrap();
    assert_eq!(weeks(&hook).len(), 2);
    assert!(
        weeks(&hook)[1].contains("semaine du 23 février"),
        "{:?}",
        weeks(&hook)
    );
}

/// A topic that answers as SNS does, and keeps what it was given.
async fn topic(taken: Arc<Mutex<Vec<String>>>) -> aws_sdk_sns::Client {
    use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
    let router = Router::new().fallback(move |body: String| {
        let taken = taken.clone();
        async move {
            taken.lock().unwrap().push(body);
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>1</MessageId></PublishResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PublishResponse>"
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    aws_sdk_sns::Client::from_conf(
        aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-3"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "tests"))
            .endpoint_url(format!("http://{address}"))
            .build(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_takes_an_alert_once_through_the_real_client() {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let client = topic(taken.clone()).await;
    let rules = "
[alerts.a]
kpi = \"members\"
above = 2
grain = \"month\"
[notify.astreinte]
kind = \"sns\"
topic_arn = \"arn:aws:sns:eu-west-3:123456789012:levier.fifo\"
digest = false
";
    let world = world(&Hook::default(), rules).await;
    let courier = Courier::new(Some(client), Duration::from_secs(5));
    for hour in 1..3 {
        let at = format!("2026-03-01T0{hour}:00:00Z").parse().unwrap();
        let outcome = alert(&world.deps, &courier, &Invocation::default(), at)
            .await
            .unwrap();
        assert!(outcome.warnings.is_empty(), "{:?}", outcome.warnings);
    }
    let taken = taken.lock().unwrap();
    // The limit and the silent source, each once.
    assert_eq!(taken.len(), 2, "{taken:?}");
    for body in taken.iter() {
        assert!(body.contains("Action=Publish") && body.contains("MessageDeduplicationId="));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_a_table_of_crm_ids_without_names() {
    let hook = Hook::default();
    let world = world(
        &hook,
        "[qualified_leads]\nmin_contributions = 1\nlifecycles = [\"customer\"]\n",
    )
    .await;
    // Cleo, who bought nothing, writes; Ana and Bob write too, and are customers already.
    let message = r#"{"type":"event_callback","team_id":"T1","event_id":"m9","event_time":1771848000,"event":{"type":"message","channel":"C1","channel_type":"channel","user":"U3","text":"Bonjour","ts":"1771848000.000100","event_ts":"1771848000.000100"}}"#;
    let reply = world.send("team", message, "2026-02-23T12:00:01Z").await;
    assert!(reply.status < 300);
    for job in ["compact", "join", "health"] {
        world.run(job, story::AS_OF).await.unwrap();
    }
    let rows = world.rows(TableName::Leads).await;
    let ids: Vec<&str> = rows
        .iter()
        .map(|row| row["crm_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["p3"], "{rows:?}");
    assert_eq!(rows[0]["last_contribution_at"], "2026-02-23T12:00:00.0001Z");
    let text = serde_json::to_string(&rows).unwrap();
    assert!(!text.contains("exemple.fr") && !text.contains("U3"));
}
