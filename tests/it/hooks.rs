//! What `receive` answers: every failure has its status, and nothing refused is stored.

use axum::body::Body;
use axum::http::Request;
use levier_tests::World;
use tower::ServiceExt;

async fn landed(world: &World) -> usize {
    world.deps.lake.list("landing/").await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_their_status_and_store_nothing() {
    let world = World::new().await;
    let at: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let body = r#"{"type":"event_callback","event":{"type":"message"}}"#;
    let good = world.signed("team", body, at);
    let mut tampered = good.clone();
    tampered.body[3] ^= 1;
    let mut unsigned = good.clone();
    unsigned
        .headers
        .retain(|(name, _)| !name.contains("signature"));
    let mut unknown = good.clone();
    unknown.path = "/hooks/nobody".to_owned();
    let mut get = good.clone();
    get.method = "GET".to_owned();
    let mut large = good.clone();
    large.body = vec![b' '; world.deps.config.receive.max_body_bytes + 1];
    let late = at
        .checked_add(jiff::SignedDuration::from_secs(301))
        .unwrap();
    for (case, request, now, status) in [
        ("tampered", &tampered, at, 401),
        ("unsigned", &unsigned, at, 401),
        ("stale", &good, late, 401),
        ("unknown source", &unknown, at, 404),
        ("another method", &get, at, 405),
        ("too large", &large, at, 413),
    ] {
        let reply = levier_receive::receive(&world.deps, request, now).await;
        assert_eq!(reply.status, status, "{case}");
        let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(problem["status"], status, "{case}");
        assert!(
            reply.headers.contains(&(
                "content-type".to_owned(),
                "application/problem+json".to_owned()
            )),
            "{case}"
        );
    }
    assert_eq!(landed(&world).await, 0);
    assert!(levier_receive::receive(&world.deps, &good, at).await.status < 300);
    assert_eq!(landed(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_are_answered_over_http_and_not_stored() {
    let world = World::new().await;
    let at = (world.deps.clock)();
    let body = r#"{"token":"x","challenge":"3eZbrw1aB","type":"url_verification"}"#;
    let signed = world.signed("team", body, at);
    let mut request = Request::builder().method("POST").uri("/hooks/team");
    for (name, value) in &signed.headers {
        request = request.header(name, value);
    }
    let response = levier_receive::router(world.deps.clone())
        .oneshot(request.body(Body::from(signed.body)).unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let answer = axum::body::to_bytes(response.into_body(), 4096)
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&answer).contains("3eZbrw1aB"));
    assert_eq!(landed(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_refused_for_its_size_announced_or_not_but_first_for_its_method() {
    let world = World::new().await;
    let limit = world.deps.config.receive.max_body_bytes;
    let pieces = move || {
        let piece = axum::body::Bytes::from(vec![b' '; 1 << 20]);
        let count = limit / piece.len() + 1;
        Body::from_stream(futures::stream::iter(
            (0..count).map(move |_| Ok::<_, std::io::Error>(piece.clone())),
        ))
    };
    for (case, method, announced, body, status) in [
        ("announced", "POST", Some(limit + 1), Body::empty(), 413),
        ("in pieces", "POST", None, pieces(), 413),
        ("another method", "PUT", Some(limit + 1), pieces(), 405),
        (
            "exactly the limit, unsigned",
            "POST",
            None,
            Body::from(vec![b' '; limit]),
            401,
        ),
    ] {
        let mut request = Request::builder().method(method).uri("/hooks/team");
        if let Some(length) = announced {
            request = request.header("content-length", length);
        }
        let response = levier_receive::router(world.deps.clone())
            .oneshot(request.body(body).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{case}");
    }
    assert_eq!(landed(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_deliveries_in_one_microsecond_are_two() {
    let world = World::new().await;
    for _ in 0..2 {
        assert!(
            world
                .send("team", "{}", "2026-01-01T00:00:00.000001Z")
                .await
                .status
                < 300
        );
    }
    assert_eq!(landed(&world).await, 2);
}
