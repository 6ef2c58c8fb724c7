//! Slack: handshake, table of events, published payloads.

use levier_platforms::{Answer, ids};
use serde_json::{Value, json};

use crate::support::*;

const KEYS: &str = "platform = \"slack\"\nsecret = \"env:X\"";

fn callback(event: Value) -> String {
    json!({"type": "event_callback", "event_id": "Ev1", "event_time": 1_772_359_200, "event": event}).to_string()
}

#[test]
fn the_url_verification_is_signed_and_answered_with_its_challenge() {
    let source = source(KEYS);
    let body = br#"{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV","type":"url_verification"}"#;
    let mut request = source.sign(body, now(), "d").unwrap();
    let Answer::Reply(reply) = source.answer(&request, now()) else {
        panic!("no handshake");
    };
    assert_eq!(
        (reply.status, reply.body.as_slice()),
        (200, &b"3eZbrw1aBm2rZgRNFdxV"[..])
    );
    request
        .headers
        .retain(|(name, _)| name != "x-slack-signature");
    assert_eq!(status(&source.answer(&request, now())), 401);
    for challenge in [json!("<b>"), json!(""), json!(5), Value::Null] {
        let body = json!({"type": "url_verification", "challenge": challenge}).to_string();
        let request = source.sign(body.as_bytes(), now(), "d").unwrap();
        assert_eq!(status(&source.answer(&request, now())), 400, "{challenge}");
    }
}

#[test]
fn events_become_canonical() {
    let source = source(KEYS);
    for (case, event, want) in [
        (
            "message in a public channel",
            json!({"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "text": "Bonjour ?", "ts": "1772359200.000100"}),
            "message_posted 2026-03-01T10:00:00.0001Z actor=U1 channel=C1 thread=1772359200.000100 seen=public message=1772359200.000100 text=\"Bonjour ?\"",
        ),
        (
            "reply in a thread",
            json!({"type": "message", "channel": "G1", "channel_type": "group", "user": "U2", "text": "Oui", "ts": "1772359260.000200", "thread_ts": "1772359200.000100", "parent_user_id": "U1"}),
            "message_posted 2026-03-01T10:01:00.0002Z actor=U2 target=U1 channel=G1 thread=1772359200.000100 reply_to=1772359200.000100 seen=private message=1772359260.000200 text=\"Oui\"",
        ),
        (
            "a machine in a direct channel",
            json!({"type": "message", "subtype": "bot_message", "channel": "D1", "channel_type": "im", "bot_id": "B1", "text": "hi", "ts": "1772359200.000300"}),
            "message_posted 2026-03-01T10:00:00.0003Z actor=B1 channel=D1 thread=1772359200.000300 seen=direct message=1772359200.000300 bot text=\"hi\"",
        ),
        (
            "an edit",
            json!({"type": "message", "subtype": "message_changed", "channel": "C1", "channel_type": "channel", "event_ts": "1772359300.000100",
                "message": {"user": "U1", "text": "Bonsoir", "ts": "1772359200.000100", "edited": {"user": "U1", "ts": "1772359299.000000"}},
                "previous_message": {"user": "U1", "text": "Bonjour", "ts": "1772359200.000100"}}),
            "message_edited 2026-03-01T10:01:39Z actor=U1 channel=C1 thread=1772359200.000100 seen=public message=1772359200.000100 text=\"Bonsoir\"",
        ),
        (
            "a preview that arrives is no edit",
            json!({"type": "message", "subtype": "message_changed", "channel": "C1", "event_ts": "1772359300.000100",
                "message": {"user": "U1", "text": "Bonjour", "ts": "1772359200.000100", "attachments": []}}),
            "ignored not_an_edit",
        ),
        (
            "a deletion",
            json!({"type": "message", "subtype": "message_deleted", "channel": "C1", "channel_type": "channel", "deleted_ts": "1772359200.000100", "event_ts": "1772359400.000000",
                "previous_message": {"user": "U1", "ts": "1772359200.000100"}}),
            "message_deleted 2026-03-01T10:03:20Z actor=U1 channel=C1 seen=public message=1772359200.000100",
        ),
        (
            "the first message of a thread deleted",
            json!({"type": "message", "subtype": "message_changed", "channel": "C1", "channel_type": "channel", "event_ts": "1772359400.000000",
                "message": {"subtype": "tombstone", "user": "USLACKBOT", "ts": "1772359200.000100"}}),
            "message_deleted 2026-03-01T10:03:20Z channel=C1 seen=public message=1772359200.000100",
        ),
        (
            "bookkeeping",
            json!({"type": "message", "subtype": "channel_topic", "channel": "C1", "user": "U1", "ts": "1772359200.000100"}),
            "ignored system_message",
        ),
        (
            "a reaction",
            json!({"type": "reaction_added", "user": "U2", "item": {"type": "message", "channel": "C1", "ts": "1772359200.000100"}, "item_user": "U1", "reaction": "tada", "event_ts": "1772359210.000000"}),
            "reaction_added 2026-03-01T10:00:10Z actor=U2 target=U1 channel=C1 seen=public message=1772359200.000100 reaction=tada",
        ),
        (
            "a reaction taken back",
            json!({"type": "reaction_removed", "user": "U2", "item": {"type": "message", "channel": "C1", "ts": "1772359200.000100"}, "reaction": "tada", "event_ts": "1772359220.000000"}),
            "reaction_removed 2026-03-01T10:00:20Z actor=U2 channel=C1 seen=public message=1772359200.000100 reaction=tada",
        ),
        (
            "an invited member",
            json!({"type": "member_joined_channel", "user": "U3", "channel": "C1", "channel_type": "C", "inviter": "U1", "event_ts": "1772359230.000000"}),
            "member_joined 2026-03-01T10:00:30Z actor=U3 channel=C1 seen=public invited_by=U1",
        ),
        (
            "a new member with address",
            json!({"type": "team_join", "user": {"id": "U4", "is_bot": false, "profile": {"email": "zoe@exemple.fr", "phone": "06 12 34 56 78", "real_name": "Zoé"}}, "event_ts": "1772359240.000000"}),
            "member_joined 2026-03-01T10:00:40Z actor=U4 email_key=# phone_key=#",
        ),
        (
            "a deactivated member",
            json!({"type": "user_change", "user": {"id": "U4", "deleted": true, "updated": 1_772_359_250}, "event_ts": "1772359251.000000"}),
            "member_left 2026-03-01T10:00:50Z actor=U4",
        ),
        (
            "an administrator's profile",
            json!({"type": "user_profile_changed", "user": {"id": "U5", "is_admin": true, "updated": 1_772_359_250, "profile": {"email": "chef@exemple.fr"}}, "event_ts": "1772359251.000000"}),
            "member_updated 2026-03-01T10:00:50Z actor=U5 email_key=# staff",
        ),
        (
            "a type of tomorrow",
            json!({"type": "huddle_started"}),
            "ignored unknown_type",
        ),
        (
            "no type",
            json!({"user": "U1"}),
            "quarantined event.type is missing or unreadable",
        ),
        (
            "no channel",
            json!({"type": "message", "user": "U1", "ts": "1772359200.000100"}),
            "quarantined event.channel is missing or unreadable",
        ),
    ] {
        assert_eq!(
            lines(&items(&source, &callback(event), &[])),
            [want],
            "{case}"
        );
    }
    for (case, body, want) in [
        (
            "rate limit",
            r#"{"type":"app_rate_limited"}"#,
            "ignored app_rate_limited",
        ),
        ("not JSON", "token=x&command=/y", "quarantined not_json"),
        ("no type", "{}", "quarantined type is missing or unreadable"),
    ] {
        assert_eq!(lines(&items(&source, body, &[])), [want], "{case}");
    }
}

#[test]
fn a_mention_and_its_message_are_one_event_with_the_id_of_an_export() {
    let source = source(KEYS);
    let id = |kind: &str| {
        let event = json!({"type": kind, "channel": "C1", "user": "U1", "text": "x", "ts": "1772359200.000100"});
        only_event(&items(&source, &callback(event), &[]))
            .event
            .event_id
            .clone()
    };
    assert_eq!(id("message"), id("app_mention"));
    let export = ids::event_id(
        "slack",
        "main",
        levier_domain::event::Kind::MessagePosted,
        &ids::slack::message("C1", "1772359200.000100"),
    );
    assert_eq!(id("message"), export);
}

#[test]
fn published_payloads() {
    let source = source(KEYS);
    for (file, want) in [
        (
            "app_mention",
            "message_posted 2020-07-28T08:50:30.0096Z actor=W222 channel=C111 thread=1595926230.009600 seen=public message=1595926230.009600 text=\"<@W111> Hi there!\"",
        ),
        (
            "member_joined_channel",
            "member_joined 2020-09-09T02:01:21Z actor=W23456789 channel=C111 seen=public invited_by=U222",
        ),
        (
            "member_left_channel",
            "member_left 2020-09-09T02:01:21Z actor=W23456789 channel=C111 seen=public",
        ),
        (
            "message.file_share",
            "message_posted 2021-01-12T23:21:55.001Z actor=U111 channel=G111 thread=1610493715.001000 seen=private message=1610493715.001000 text=\"Here is your file!\"",
        ),
        (
            "reaction_added",
            "reaction_added 2020-09-09T02:01:21.0008Z actor=W111 target=W111 channel=C111 seen=public message=1599529504.000400 reaction=heart_eyes",
        ),
        (
            "message_changed.skeleton",
            "quarantined type is missing or unreadable",
        ),
    ] {
        let Some(delivery) = sample(&format!("slack/{file}.json")) else {
            return;
        };
        assert_eq!(lines(&read_delivery(&source, &delivery)), [want], "{file}");
    }
}
