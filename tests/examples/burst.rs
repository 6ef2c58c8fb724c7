//! A burst of signed deliveries on this machine's loopback: what is lost, how long an answer takes, and how that compares with a
//! bare handler that only stores.
//!
//! `cargo run --release -p levier-tests --example burst -- [DELIVERIES_PER_SECOND] [SECONDS]`, by default 2000 and 30. Deliveries
//! are sent when they are due whether or not earlier ones were answered, and an answer's time counts from then, so that a stall
//! cannot hide. Both handlers write to the same durable bucket, one after the other, bare first. Exit code 1 if a delivery was
//! lost or answered later than the three seconds that Slack, Discord, Zoom, Graph and LinkedIn give.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark that fails stops, and prints"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use levier_cloud::{Cloud, CloudOptions};
use levier_lake::Lake;
use levier_platforms::Request;
use levier_tests::{CONFIG, connect};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Connections that senders keep open.
const CONNECTIONS: usize = 256;
/// What the tightest platforms give.
const BUDGET: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| {
        arguments
            .next()
            .map_or(default, |text| text.parse().expect("a number"))
    };
    let (rate, seconds) = (number(2000), number(30));
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in [
        ("slack", "slack-secret"),
        ("discourse", "discourse-secret"),
        ("own", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ] {
        std::fs::write(folder.path().join(name), secret).unwrap();
    }
    let cloud = Cloud::start(CloudOptions::new(folder.path().join("data")))
        .await
        .unwrap();
    let deps = connect(&cloud, CONFIG, folder.path()).await;
    let bare = Router::new()
        .route("/{*any}", post(store))
        .with_state(deps.lake.clone());

    let mut reports = Vec::new();
    let mut good = true;
    for (name, router, prefix) in [
        ("bare", bare, "bare/"),
        (
            "receive",
            levier_receive::router(deps.clone()),
            "landing/team/",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let requests: Vec<Vec<u8>> = (0..rate * seconds)
            .map(|number| {
                let now = (deps.clock)();
                let body = format!(
                    r#"{{"type":"event_callback","event_id":"E{number}","event":{{"type":"message","channel":"C1","channel_type":"channel","user":"U{}","text":"Bonjour à tous, voici le message numéro {number}","ts":"1767312000.{number:06}"}}}}"#,
                    number % 977
                );
                http(&deps.sources["team"].sign(body.as_bytes(), now, "d").unwrap())
            })
            .collect();
        let (mut times, took, refused) = burst(&address.to_string(), requests, rate).await;
        server.abort();
        let stored = deps.lake.list(prefix).await.unwrap().len();
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64();
        let late = times.iter().filter(|time| **time > BUDGET).count();
        good &= stored == rate * seconds && refused == 0 && (name == "bare" || late == 0);
        reports.push(json!({
            "handler": name, "sent": rate * seconds, "stored": stored, "lost": rate * seconds - stored.min(rate * seconds),
            "not_2xx": refused, "later_than_3_s": late, "per_second": (rate * seconds) as f64 / took.as_secs_f64(),
            "p50_ms": at(0.5) * 1e3, "p99_ms": at(0.99) * 1e3, "max_ms": at(1.0) * 1e3,
        }));
    }
    let ratio = |figure: &str| {
        let of = |report: usize| -> f64 { reports[report][figure].as_f64().unwrap() };
        of(1) / of(0)
    };
    for report in &reports {
        println!("{report}");
    }
    println!(
        "{}",
        json!({"rate": rate, "seconds": seconds, "p50_to_bare": ratio("p50_ms"), "p99_to_bare": ratio("p99_ms")})
    );
    cloud.stop().await;
    ExitCode::from(u8::from(!good))
}

/// Stores the body and nothing else.
async fn store(State(lake): State<Lake>, body: Bytes) -> StatusCode {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    match lake.create(&format!("bare/{number}"), body).await {
        Ok(true) => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn http(request: &Request) -> Vec<u8> {
    let mut text = format!("POST {} HTTP/1.1\r\nhost: localhost\r\n", request.path);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", request.body.len()));
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&request.body);
    bytes
}

/// Sends every request when it is due; the time of each answer from then on, how long all took, and how many were no 2xx.
async fn burst(
    address: &str,
    requests: Vec<Vec<u8>>,
    rate: usize,
) -> (Vec<Duration>, Duration, usize) {
    let requests = Arc::new(requests);
    let begun = Instant::now() + Duration::from_millis(200);
    let mut senders = Vec::new();
    for first in 0..CONNECTIONS {
        let requests = Arc::clone(&requests);
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        senders.push(tokio::spawn(async move {
            let (mut times, mut refused) = (Vec::new(), 0);
            let mut answer = vec![0; 4096];
            for (number, request) in requests.iter().enumerate().skip(first).step_by(CONNECTIONS) {
                let due = begun + Duration::from_secs_f64(number as f64 / rate as f64);
                tokio::time::sleep_until(due.into()).await;
                stream.write_all(request).await.unwrap();
                let mut length = 0;
                // Answers of both handlers have no body.
                while !answer[..length].ends_with(b"\r\n\r\n") {
                    let read = stream.read(&mut answer[length..]).await.unwrap();
                    assert!(read > 0, "the server hung up");
                    length += read;
                }
                times.push(due.elapsed());
                refused += usize::from(!answer.starts_with(b"HTTP/1.1 200"));
            }
            (times, refused)
        }));
    }
    let (mut times, mut refused) = (Vec::new(), 0);
    for sender in senders {
        let (of_one, bad) = sender.await.unwrap();
        times.extend(of_one);
        refused += bad;
    }
    (times, begun.elapsed(), refused)
}
