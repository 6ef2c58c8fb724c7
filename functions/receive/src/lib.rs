//! `receive`: verify a webhook, land it durably, then say 200.
//!
//! Nothing is parsed here beyond what the proof and the handshake need: a delivery that is genuine is stored whatever is in it,
//! and read at compaction. Why so: the tightest platforms give three seconds and disable what fails, so the only work on this
//! path is one signature and one write. Storage down means 503, and the platform sends again.
//!
//! The same router runs on AWS Lambda (behind an HTTP API) and in the local command.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use futures::StreamExt;
use jiff::Timestamp;
use levier_lake::delivery::{Body as LandedBody, Landed};
use levier_platforms::{Answer, Rejection, Reply, Request, Source};
use levier_runtime::Dependencies;
use serde_json::json;

/// How many deliveries with one body may share one microsecond before the next is told to come again.
const ATTEMPTS: u32 = 64;
/// How much of a refused body is read on, and how long its next piece is waited for, so that the refusal reaches its sender.
const MOST_DRAINED: usize = 64 << 20;
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How long storage may take; the tightest platforms give three seconds in all.
const LONGEST_WRITE: Duration = Duration::from_millis(2_500);
/// Seconds after which a platform may try again when storage is down.
const RETRY_AFTER_S: u32 = 5;

/// The routes of `receive`: everything under `/hooks/`.
pub fn router(deps: Dependencies) -> Router {
    Router::new()
        .route("/hooks/{*source}", axum::routing::any(serve))
        .with_state(deps)
}

async fn serve(State(deps): State<Dependencies>, request: HttpRequest) -> Response<Body> {
    let now = (deps.clock)();
    let (parts, body) = request.into_parts();
    let limit = deps.config.receive.max_body_bytes;
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let announced = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse::<usize>().ok());
    let mut incoming = Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
    };
    // The body of an unknown source, or of a method that the source does not take, is of no interest.
    let wanted =
        find(&deps, &incoming).is_some_and(|source| source.takes(&incoming.method).is_ok());
    let mut body = body.into_data_stream();
    if !wanted {
        drain(&mut body).await;
        return respond(receive(&deps, &incoming, now).await);
    }
    if announced.is_none_or(|length| length <= limit) {
        incoming.body.reserve_exact(announced.unwrap_or_default());
        loop {
            match body.next().await {
                None => return respond(receive(&deps, &incoming, now).await),
                Some(Ok(piece)) if piece.len() <= limit - incoming.body.len() => {
                    incoming.body.extend_from_slice(&piece);
                }
                Some(Ok(_)) => break,
                Some(Err(error)) => {
                    tracing::info!(%error, "the sender hung up");
                    return respond(broken());
                }
            }
        }
    }
    // A sender that asks first has sent nothing yet.
    if incoming.header("expect").is_none() {
        drain(&mut body).await;
    }
    respond(too_large(limit))
}

/// Reads on while more comes and forgets it: a sender that is still writing when the connection closes sees a reset, not the
/// answer.
async fn drain(body: &mut BodyDataStream) {
    let mut left = MOST_DRAINED;
    while let Ok(Some(Ok(piece))) = tokio::time::timeout(LONGEST_PAUSE, body.next()).await {
        match left.checked_sub(piece.len()) {
            Some(rest) => left = rest,
            None => break,
        }
    }
}

fn find<'a>(deps: &'a Dependencies, request: &Request) -> Option<&'a Source> {
    let name = request.path.strip_prefix("/hooks/")?;
    deps.sources.get(name)
}

/// Verifies and lands one request; the answers are those of CONFIG, in its order.
pub async fn receive(deps: &Dependencies, request: &Request, now: Timestamp) -> Reply {
    let Some(source) = find(deps, request) else {
        return problem(
            404,
            "Unknown source",
            "there is no such source; its name is the table's name in levier.toml, [sources.NAME]",
        );
    };
    if request.body.len() > deps.config.receive.max_body_bytes {
        return too_large(deps.config.receive.max_body_bytes);
    }
    match source.answer(request, now) {
        Answer::Reply(reply) => reply,
        Answer::Refuse(rejection) => {
            tracing::info!(
                source = source.name(),
                status = rejection.status(),
                "refused"
            );
            refuse(&rejection)
        }
        Answer::Store { reply } => match within(land(deps, source, request, now)).await {
            Ok(()) => reply,
            Err(detail) => {
                tracing::error!(source = source.name(), detail, "not stored");
                problem(
                    503,
                    "Not stored",
                    "the delivery could not be stored; send it again",
                )
                .header("retry-after", RETRY_AFTER_S.to_string())
            }
        },
    }
}

/// Gives up on a write that would outlast the platform: whoever hears 503 sends again, whoever hears nothing counts a failure.
async fn within(landing: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    tokio::time::timeout(LONGEST_WRITE, landing)
        .await
        .unwrap_or_else(|_| Err("storage did not answer in time".to_owned()))
}

async fn land(
    deps: &Dependencies,
    source: &Source,
    request: &Request,
    now: Timestamp,
) -> Result<(), String> {
    let landed = Landed {
        source: source.name().to_owned(),
        received_at: now,
        query: source.kept_query(request),
        headers: source.kept_headers(request),
        body: LandedBody::new(request.body.clone()),
    };
    let json = bytes::Bytes::from(serde_json::to_vec(&landed).map_err(|error| error.to_string())?);
    // Creating, never replacing: two deliveries of one body in one microsecond are two deliveries.
    for attempt in 0..ATTEMPTS {
        match deps.lake.create(&landed.key(attempt), json.clone()).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("{ATTEMPTS} equal deliveries in one microsecond"))
}

fn too_large(limit: usize) -> Reply {
    problem(
        413,
        "Body too large",
        &format!("the body is larger than {limit} bytes, the limit of [receive] max_body_bytes"),
    )
}

fn broken() -> Reply {
    problem(
        400,
        "Body incomplete",
        "the body ended before it was complete; send it again",
    )
}

fn refuse(rejection: &Rejection) -> Reply {
    let status = rejection.status();
    let title = match status {
        401 => "Not verified",
        405 => "Method not allowed",
        _ => "Bad request",
    };
    let reply = problem(status, title, &rejection.to_string());
    match rejection.allow() {
        Some(allow) => reply.header("allow", allow),
        None => reply,
    }
}

/// A problem document (RFC 9457).
fn problem(status: u16, title: &str, detail: &str) -> Reply {
    let document =
        json!({"type": "about:blank", "title": title, "status": status, "detail": detail});
    Reply {
        status,
        headers: vec![(
            "content-type".to_owned(),
            "application/problem+json".to_owned(),
        )],
        body: document.to_string().into_bytes(),
    }
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
