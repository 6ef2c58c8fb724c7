//! Levier's own form, and Standard Webhooks around it.

use serde_json::json;

use crate::support::*;

const KEYS: &str = "platform = \"standard-webhooks\"\nsecret = \"env:B64\"";

#[test]
fn the_own_form() {
    let source = source(KEYS);
    let at = "2026-03-01T09:00:00+01:00";
    for (case, body, want) in [
        (
            "only what is required",
            json!({"type": "message_posted", "timestamp": at, "data": {"id": "m1"}}),
            vec!["message_posted 2026-03-01T08:00:00Z message=m1"],
        ),
        (
            "everything",
            json!({"type": "message_posted", "timestamp": at, "data": {"id": "m2", "actor": {"id": "u1", "email": "Zoe@Exemple.fr", "phone": "+33612345678", "external_id": "crm-1", "bot": true, "staff": true},
                "target": {"id": "u2"}, "channel": "c", "thread": "t", "reply_to": "m1", "visibility": "private", "text": "Bonjour", "attributes": {"score": 5, "mail": "a@b.fr", "note": "x@y.fr"}}}),
            vec![
                "message_posted 2026-03-01T08:00:00Z actor=u1 target=u2 channel=c thread=t reply_to=m1 seen=private email_key=# external_id=crm-1 message=m2 phone_key=# score=5 bot staff text=\"Bonjour\"",
            ],
        ),
        (
            "null is absence",
            json!({"type": "reaction_added", "timestamp": at, "data": {"id": "r1", "actor": null, "channel": null, "visibility": null, "reply_to": "m1"}}),
            vec!["reaction_added 2026-03-01T08:00:00Z reply_to=m1 message=m1"],
        ),
        (
            "an array, each item for itself",
            json!([{"type": "content_viewed", "timestamp": at, "data": {"id": 5}}, {"type": "dance", "timestamp": at, "data": {"id": "x"}}, {"type": "member_left", "data": {"id": "x"}}, 7]),
            vec![
                "content_viewed 2026-03-01T08:00:00Z",
                "ignored unknown_type",
                "quarantined timestamp is missing or unreadable",
                "quarantined item is no object",
            ],
        ),
        (
            "no id",
            json!({"type": "member_left", "timestamp": at}),
            vec!["quarantined data.id is missing or unreadable"],
        ),
        (
            "a day is no instant",
            json!({"type": "member_left", "timestamp": "2026-03-01", "data": {"id": "x"}}),
            vec!["quarantined timestamp is missing or unreadable"],
        ),
        (
            "wrong visibility",
            json!({"type": "member_left", "timestamp": at, "data": {"id": "x", "visibility": "secret"}}),
            vec!["quarantined data.visibility is missing or unreadable"],
        ),
        (
            "actor is a text",
            json!({"type": "member_left", "timestamp": at, "data": {"id": "x", "actor": "u"}}),
            vec!["quarantined data.actor is missing or unreadable"],
        ),
        (
            "what names a person or says something stays out of attributes",
            json!({"type": "badge_awarded", "timestamp": at, "data": {"id": "b1", "attributes": {
                "level": "or", "points": 12, "since": "2026-03-01", "order": "20260301",
                "display_name": "Zoé", "contact": "appelez-moi : zoe@exemple.fr", "call": "+33 6 12 34 56 78", "line": "06 12 34 56 78",
                "comment": "un mot gentil", "note": "une phrase qui raconte bien plus de choses qu'un identifiant"}}}),
            vec![
                "badge_awarded 2026-03-01T08:00:00Z level=or order=20260301 points=12 since=2026-03-01",
            ],
        ),
        (
            "names, numbers, accounts and quotes under other keys",
            json!({"type": "badge_awarded", "timestamp": at, "data": {"id": "b2", "attributes": {
                "author": "Ana Dupont", "given_name": "Ana", "last-name": "Dupont", "user": "ana", "user_id": "u12", "owner": "u12",
                "phone_number": "0612345678", "line": "0612345678", "question": "Comment exporter ?", "excerpt": "je suis malade",
                "iban": "FR76", "account": "FR76 3000 6000 0112 3456 7890 189", "ip": "82.64.1.2", "from": "82.64.1.2",
                "url": "https://x.fr/u/ana.dupont?email=ana%40acme.fr", "tags": "export, csv", "score": 9}}}),
            vec![
                "badge_awarded 2026-03-01T08:00:00Z owner=u12 score=9 tags=export, csv user_id=u12",
            ],
        ),
        ("an empty list", json!([]), vec!["ignored empty"]),
        ("a number", json!(5), vec!["quarantined item is no object"]),
    ] {
        assert_eq!(
            lines(&items(&source, &body.to_string(), &[])),
            want,
            "{case}"
        );
    }
    assert_eq!(
        lines(&items(&source, "\u{feff}{", &[])),
        ["quarantined not_json"]
    );
}

#[test]
fn one_id_whatever_the_source_is_called_and_however_often_it_is_sent() {
    let body = r#"{"type":"message_posted","timestamp":"2026-03-01T09:00:00Z","data":{"id":"m1"}}"#;
    let id = |source: &levier_platforms::Source| {
        only_event(&items(source, body, &[])).event.event_id.clone()
    };
    let config = levier_domain::config::Config::parse(
        "[sources.other]\ncommunity = \"main\"\nplatform = \"standard-webhooks\"\nsecret = \"env:B64\"\n",
    )
    .unwrap();
    let other =
        levier_platforms::Source::compile("other", &config.sources["other"], &lookup).unwrap();
    assert_eq!(id(&source(KEYS)), id(&other));
}

#[test]
fn a_member_named_by_an_address_is_its_key() {
    let source = source(KEYS);
    let read = |actor: &str| {
        let body = json!({"type": "member_joined", "timestamp": "2026-03-01T09:00:00Z", "data": {"id": "j", "actor": {"id": actor, "external_id": actor}, "target": {"id": actor}}});
        only_event(&items(&source, &body.to_string(), &[]))
            .event
            .clone()
    };
    for (case, actor, key, attribute) in [
        (
            "e-mail",
            " Zoe@Exemple.fr",
            hash_key().email("zoe@exemple.fr"),
            "email_key",
        ),
        (
            "phone",
            "+33 6 12 34 56 78",
            hash_key().phone("+33612345678", "FR"),
            "phone_key",
        ),
    ] {
        let event = read(actor);
        assert!(key.is_some(), "{case}");
        assert_eq!(event.actor, key, "{case}");
        assert_eq!(event.target, key, "{case}");
        assert_eq!(event.attributes.get(attribute), key.as_ref(), "{case}");
        assert_eq!(event.attributes.get("external_id"), key.as_ref(), "{case}");
    }
    // Digits alone are an id, of whatever length.
    assert_eq!(read("0612345678").actor.as_deref(), Some("0612345678"));
}

#[test]
fn references_that_are_addresses_are_keys_that_still_meet() {
    let own = source(KEYS);
    let mapped = source(&format!(
        r#"{KEYS}
[[sources.s.map]]
kind = "message_posted"
id = "item.data.id"
occurred_at = "item.timestamp"
channel = "item.data.channel"
thread = "item.data.thread"
reply_to = "item.data.reply_to"
attributes = "item.data.attributes""#
    ));
    let body = |id: &str, reply_to: &str| {
        json!({"type": "message_posted", "timestamp": "2026-03-01T09:00:00Z", "data": {
            "id": id, "channel": "dm ana@acme.fr", "thread": "+33612345678", "reply_to": reply_to, "attributes": {"invited_by": "bob@acme.fr"}}})
        .to_string()
    };
    let bob = hash_key().email("bob@acme.fr").unwrap();
    for source in [&own, &mapped] {
        let answer = items(source, &body("ana@acme.fr", "bob@acme.fr"), &[]);
        let event = &only_event(&answer).event;
        assert!(!format!("{event:?}").contains("acme.fr"), "{event:?}");
        assert!(!format!("{event:?}").contains("612345678"), "{event:?}");
        assert_eq!(event.reply_to.as_ref(), Some(&bob));
        assert_eq!(event.attributes.get("invited_by"), Some(&bob));
        let asked = items(source, &body("Bob@acme.fr", "m0"), &[]);
        let asked = &only_event(&asked).event;
        assert_eq!(asked.message(), Some(bob.as_str()));
        // A plain hash of an address could be undone by hashing every address that one knows.
        let plain = levier_domain::event::event_id(
            "standard-webhooks",
            "main",
            asked.kind,
            &["Bob@acme.fr"],
        );
        assert_ne!(asked.event_id, plain);
    }
}

#[test]
fn ed25519_signatures_of_standard_webhooks() {
    let seed = [7; 32];
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key();
    let written = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        public.as_bytes(),
    );
    let source = source(&format!(
        "platform = \"standard-webhooks\"\npublic_key = \"whpk_{written}\""
    ));
    let body = json!({"type": "member_left"}).to_string();
    let request = source
        .sign_ed25519(body.as_bytes(), now(), "d1", &seed)
        .unwrap();
    assert!(is_stored(&source.answer(&request, now())));
    let wrong = source
        .sign_ed25519(body.as_bytes(), now(), "d1", &[8; 32])
        .unwrap();
    assert_eq!(status(&source.answer(&wrong, now())), 401);
    assert!(source.sign(body.as_bytes(), now(), "d1").is_err());
    assert_eq!(source.verification(), "Ed25519");
}
