//! Mapping rules.

use crate::support::*;

fn mapped(map: &str) -> levier_platforms::Source {
    source(&format!(
        "platform = \"standard-webhooks\"\nsecret = \"env:B64\"\n{map}"
    ))
}

const FORUM: &str = r#"
[[sources.s.map]]
each = "body.events"
when = "item.what == 'post'"
kind = "message_posted"
id = "item.uid"
occurred_at = "item.when"
actor = "item.who.id"
email = "item.who.mail"
bot = "item.who.robot"
channel = "item.where"
reply_to = "item.parent"
text = "item.content"

[[sources.s.map]]
each = "body.events"
when = "item.what == 'like' && headers.\"x-event\" == 'e'"
kind = "reaction_added"
id = "item.uid"
occurred_at = "item.when"
actor = "item.who.id"
attributes = "{message: item.on}"
"#;

#[test]
fn one_payload_gives_many_events() {
    let source = mapped(FORUM);
    let body = r#"{"events": [
        {"what": "post", "uid": 1, "when": 1772359200, "who": {"id": "u1", "mail": "zoe@exemple.fr", "robot": true}, "where": "c", "parent": "p0", "content": "Bonjour"},
        {"what": "like", "uid": "l1", "when": "2026-03-01T10:00:00Z", "who": {"id": "u2"}, "on": 1},
        {"what": "login"},
        {"what": "post", "when": 1772359200000},
        {"what": "post", "uid": true, "when": 1772359200},
        {"what": "post", "uid": "a", "when": "hier"}]}"#;
    assert_eq!(
        lines(&items(&source, body, &[("X-Event", "e")])),
        [
            "message_posted 2026-03-01T10:00:00Z actor=u1 channel=c reply_to=p0 email_key=# message=1 bot text=\"Bonjour\"",
            "reaction_added 2026-03-01T10:00:00Z actor=u2 message=1",
            "ignored no_rule",
            "quarantined rule 1: id is missing or unreadable",
            "quarantined rule 1: id is missing or unreadable",
            "quarantined rule 1: occurred_at is missing or unreadable",
        ]
    );
    for (case, body, want) in [
        ("no list", r#"{"ping": 1}"#, "ignored no_rule"),
        ("an empty list", r#"{"events": []}"#, "ignored no_rule"),
        (
            "a list that is a text",
            r#"{"events": "x"}"#,
            "quarantined rule 1: each is missing or unreadable",
        ),
        ("not JSON", "events=1", "quarantined not_json"),
    ] {
        assert_eq!(lines(&items(&source, body, &[])), [want], "{case}");
    }
}

#[test]
fn the_body_is_the_one_item_unless_said_otherwise() {
    let source = mapped(
        "[[sources.s.map]]\nkind = \"member_joined\"\nid = \"body.id\"\noccurred_at = \"item.at\"\nactor = \"item.id\"\nvisibility = \"item.seen\"\n",
    );
    assert_eq!(
        lines(&items(
            &source,
            r#"{"id": "u1", "at": 1772359200000000, "seen": "public"}"#,
            &[]
        )),
        ["member_joined 2026-03-01T10:00:00Z actor=u1 seen=public"]
    );
    assert_eq!(
        lines(&items(&source, "null", &[])),
        ["quarantined rule 1: id is missing or unreadable"]
    );
}
