//! Handshakes byte for byte, and what is refused of them.

use levier_platforms::{Answer, Reply, Request, Source};
use serde_json::json;

use crate::support::*;

const SEED: [u8; 32] = [0; 32];
const META: &str = "secret = \"env:X\"\nverify_token = \"env:V\"";
const DISCORD: &str = "platform = \"discord\"\npublic_key = \"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\"";

fn reply(answer: Answer) -> Reply {
    match answer {
        Answer::Reply(reply) => reply,
        other => panic!("no handshake: {other:?}"),
    }
}

fn ask(method: &str, query: &str, headers: &[(&str, &str)]) -> Request {
    Request {
        method: method.to_owned(),
        query: query.to_owned(),
        headers: pairs(headers),
        ..Request::default()
    }
}

fn content_type(reply: &Reply) -> &str {
    reply
        .headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map_or("", |(_, value)| value.as_str())
}

/// Signed with the source's own secret, then without its proof, then with a challenge that is none.
fn signed_challenge(source: &Source, body: &str, want: &str, kind: &str, spoilt: &[String]) {
    let request = source.sign(body.as_bytes(), now(), "d").unwrap();
    let got = reply(source.answer(&request, now()));
    assert_eq!(got.status, 200);
    assert_eq!(String::from_utf8(got.body.clone()).unwrap(), want);
    assert!(content_type(&got).starts_with(kind), "{got:?}");
    assert_eq!(
        status(&source.answer(&post(body.as_bytes(), &[]), now())),
        401
    );
    for spoilt in spoilt {
        let request = source.sign(spoilt.as_bytes(), now(), "d").unwrap();
        assert_eq!(status(&source.answer(&request, now())), 400, "{spoilt}");
        let bare = post(spoilt.as_bytes(), &[]);
        assert_eq!(status(&source.answer(&bare, now())), 401, "{spoilt}");
    }
}

#[test]
fn zoom_answers_with_the_mac_of_its_token() {
    let source = source_with("platform = \"zoom\"", "zoom-secret");
    let body = |token: serde_json::Value| {
        json!({"payload": {"plainToken": token}, "event_ts": 1_772_359_200_000_i64, "event": "endpoint.url_validation"}).to_string()
    };
    signed_challenge(
        &source,
        &body(json!("qgg8vlvZRS6UYooatFL8Aw")),
        &format!(
            "{{\"plainToken\":\"qgg8vlvZRS6UYooatFL8Aw\",\"encryptedToken\":\"{}\"}}",
            mac("zoom-secret", "qgg8vlvZRS6UYooatFL8Aw")
        ),
        "application/json",
        &[
            body(json!("a b")),
            body(json!("v0:1:{}")),
            body(json!("")),
            body(json!(5)),
            body(json!(null)),
            body(json!("a".repeat(257))),
        ],
    );
}

/// Lower-case hex of HMAC-SHA256, reckoned apart from the room's own code.
fn mac(secret: &str, text: &str) -> String {
    use hmac::Mac as _;
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[test]
fn bettermode_gets_its_challenge_back() {
    let source = source("platform = \"bettermode\"\nsecret = \"env:X\"");
    let body = |challenge: serde_json::Value| {
        json!({"type": "TEST", "networkId": "n", "data": {"challenge": challenge}}).to_string()
    };
    signed_challenge(
        &source,
        &body(json!("c-1_2.3~4")),
        "{\"type\":\"TEST\",\"status\":\"SUCCEEDED\",\"data\":{\"challenge\":\"c-1_2.3~4\"}}",
        "application/json",
        &[body(json!("<b>")), body(json!(null)), body(json!(""))],
    );
}

#[test]
fn slack_gets_its_challenge_as_text() {
    let source = source("platform = \"slack\"\nsecret = \"env:X\"");
    let body = |challenge: serde_json::Value| {
        json!({"token": "t", "challenge": challenge, "type": "url_verification"}).to_string()
    };
    signed_challenge(
        &source,
        &body(json!("3eZbrw1aBm2rZgRNFdxV")),
        "3eZbrw1aBm2rZgRNFdxV",
        "text/plain",
        &[body(json!("\"}{")), body(json!(["a"]))],
    );
}

#[test]
fn discord_pings() {
    let source = source(DISCORD);
    for (case, body, code, want) in [
        (
            "Webhook Events",
            &br#"{"version":1,"application_id":"1","type":0}"#[..],
            204,
            "",
        ),
        (
            "Interactions",
            br#"{"application_id":"1","id":"2","type":1,"version":1}"#,
            200,
            "{\"type\":1}",
        ),
    ] {
        let request = source.sign_ed25519(body, now(), "d", &SEED).unwrap();
        let got = reply(source.answer(&request, now()));
        assert_eq!(got.status, code, "{case}");
        assert_eq!(String::from_utf8(got.body.clone()).unwrap(), want, "{case}");
        assert_eq!(content_type(&got), "application/json", "{case}");
        let forged = source.sign_ed25519(body, now(), "d", &[1; 32]).unwrap();
        assert_eq!(status(&source.answer(&forged, now())), 401, "{case}");
        assert_eq!(
            status(&source.answer(&post(body, &[]), now())),
            401,
            "{case}"
        );
    }
    let event = br#"{"version":1,"application_id":"1","type":1,"event":{"type":"QUEST_USER_ENROLLMENT","timestamp":"2026-03-01T10:00:00"}}"#;
    let request = source.sign_ed25519(event, now(), "d", &SEED).unwrap();
    let answer = source.answer(&request, now());
    assert!(is_stored(&answer) && status(&answer) == 204);
}

#[test]
fn meta_compares_its_token() {
    for platform in ["whatsapp", "facebook", "instagram"] {
        let source = source(&format!("platform = \"{platform}\"\n{META}"));
        for (case, query, codes) in [
            (
                "right",
                "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=V",
                &[200][..],
            ),
            (
                "another order, escaped",
                "hub.verify_token=%56&hub.challenge=1158201444&hub.mode=subscribe",
                &[200],
            ),
            (
                "wrong token",
                "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=W",
                &[401, 403],
            ),
            (
                "no token",
                "hub.mode=subscribe&hub.challenge=1158201444",
                &[401, 403],
            ),
            (
                "empty token",
                "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=",
                &[401, 403],
            ),
            (
                "another mode",
                "hub.mode=unsubscribe&hub.challenge=1158201444&hub.verify_token=V",
                &[400],
            ),
            (
                "no mode",
                "hub.challenge=1158201444&hub.verify_token=V",
                &[400],
            ),
            (
                "not a plain token",
                "hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=V",
                &[400],
            ),
            (
                "empty challenge",
                "hub.mode=subscribe&hub.challenge=&hub.verify_token=V",
                &[400],
            ),
            (
                "no challenge",
                "hub.mode=subscribe&hub.verify_token=V",
                &[400, 405],
            ),
            ("nothing", "", &[400, 405]),
        ] {
            let answer = source.answer(&ask("GET", query, &[]), now());
            assert!(
                codes.contains(&status(&answer)),
                "{platform} {case}: {answer:?}"
            );
            if codes == [200] {
                let got = reply(answer);
                assert_eq!(got.body, b"1158201444", "{platform} {case}");
                assert!(content_type(&got).starts_with("text/plain"), "{platform}");
            }
        }
    }
}

#[test]
fn linkedin_signs_plain_tokens_only() {
    let source = source_with("platform = \"linkedin\"", "li-secret");
    let code = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
    let got = reply(source.answer(
        &ask("GET", &format!("challengeCode={code}&applicationId=7"), &[]),
        now(),
    ));
    assert_eq!(
        String::from_utf8(got.body.clone()).unwrap(),
        format!(
            "{{\"challengeCode\":\"{code}\",\"challengeResponse\":\"{}\"}}",
            mac("li-secret", code)
        )
    );
    assert_eq!((got.status, content_type(&got)), (200, "application/json"));
    for query in [
        "challengeCode=hmacsha256%3D%7B%7D",
        "challengeCode=a+b",
        "challengeCode=",
        "challengeCode",
        "applicationId=7",
        "",
    ] {
        let code = status(&source.answer(&ask("GET", query, &[]), now()));
        assert_eq!(code, 400, "{query}");
    }
}

#[test]
fn graph_gets_its_token_as_text_whatever_it_holds() {
    let source = source_with("platform = \"teams\"", "state");
    for (query, want) in [
        (
            "validationToken=Validation%3A+Testing+client+application+reachability+for+subscription+Request-Id%3A+1",
            "Validation: Testing client application reachability for subscription Request-Id: 1",
        ),
        (
            "validationToken=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
            "<script>alert(1)</script>",
        ),
        ("validationToken=%C3%A9%20%2B%2B", "é ++"),
        ("a=b&validationToken=x", "x"),
    ] {
        let got = reply(source.answer(&ask("POST", query, &[]), now()));
        assert_eq!(got.status, 200, "{query}");
        assert_eq!(String::from_utf8(got.body.clone()).unwrap(), want);
        assert!(content_type(&got).starts_with("text/plain"), "{query}");
    }
    assert_eq!(
        status(&source.answer(&ask("GET", "validationToken=x", &[]), now())),
        405
    );
    for (case, body, code) in [
        ("the state", r#"{"value":[{"clientState":"state"}]}"#, 202),
        (
            "a lifecycle",
            r#"{"value":[{"clientState":"state","lifecycleEvent":"missed"}]}"#,
            202,
        ),
        (
            "one wrong of two",
            r#"{"value":[{"clientState":"state"},{"clientState":"stale"}]}"#,
            401,
        ),
        (
            "one without",
            r#"{"value":[{"clientState":"state"},{}]}"#,
            401,
        ),
        ("none", r#"{"value":[]}"#, 401),
        ("not a list", r#"{"value":{"clientState":"state"}}"#, 401),
        ("unreadable", "clientState=state", 401),
        ("empty", "", 401),
    ] {
        assert_eq!(
            status(&source.answer(&post(body.as_bytes(), &[]), now())),
            code,
            "{case}"
        );
    }
}

#[test]
fn cloudevents_grants_origins() {
    let open = source("platform = \"cloudevents\"\nsecret = \"env:X\"");
    let closed = source(
        "platform = \"cloudevents\"\nsecret = \"env:X\"\nallowed_origins = [\"eventemitter.example.com\"]",
    );
    let asking = |origin: &str| {
        ask(
            "OPTIONS",
            "",
            &[
                ("WebHook-Request-Origin", origin),
                ("WebHook-Request-Rate", "120"),
            ],
        )
    };
    for (case, source, granted) in [
        ("open", &open, "*"),
        ("closed", &closed, "eventemitter.example.com"),
    ] {
        let got = reply(source.answer(&asking("eventemitter.example.com"), now()));
        let header = |name: &str| {
            let found = got.headers.iter().find(|(header, _)| header == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        assert!(
            matches!(got.status, 200 | 204) && got.body.is_empty(),
            "{case}"
        );
        assert_eq!(header("webhook-allowed-origin"), granted, "{case}");
        assert_eq!(header("webhook-allowed-rate"), "*", "{case}");
        assert_eq!(header("allow"), "POST", "{case}");
    }
    assert!(matches!(
        closed.answer(&asking("evil.example"), now()),
        Answer::Refuse(_)
    ));
    assert_eq!(status(&open.answer(&ask("OPTIONS", "", &[]), now())), 400);
}

#[test]
fn who_only_asks_whether_the_address_exists_is_told() {
    let intercom = source("platform = \"intercom\"\nsecret = \"env:X\"");
    assert_eq!(
        reply(intercom.answer(&ask("HEAD", "", &[]), now())).status,
        200
    );
    let mailchimp = source("platform = \"mailchimp\"\nsecret = \"env:X\"");
    assert_eq!(
        reply(mailchimp.answer(&ask("GET", "token=X", &[]), now())).status,
        200
    );
    assert_eq!(
        status(&mailchimp.answer(&ask("GET", "token=Y", &[]), now())),
        401
    );
}

#[test]
fn the_first_secret_signs_the_handshake() {
    let rotating = source("platform = \"linkedin\"\nsecrets = [\"env:NEW\", \"env:OLD\"]");
    let got = reply(rotating.answer(&ask("GET", "challengeCode=abc", &[]), now()));
    let text = String::from_utf8(got.body).unwrap();
    assert!(text.contains(&mac("NEW", "abc")), "{text}");
}
