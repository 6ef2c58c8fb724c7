//! Discourse: table of events, published payloads.

use levier_domain::event::Kind;
use levier_platforms::ids;
use serde_json::{Value, json};

use crate::support::*;

const KEYS: &str = "platform = \"discourse\"\nsecret = \"env:X\"";

fn read(event: &str, body: Value) -> Vec<String> {
    lines(&items(
        &source(KEYS),
        &body.to_string(),
        &[("X-Discourse-Event", event)],
    ))
}

fn a_post(more: Value) -> Value {
    let mut post = json!({"id": 900, "username": "zoe", "user_id": 7, "topic_id": 12, "post_number": 1, "post_type": 1, "category_id": 4,
        "created_at": "2026-03-01T09:00:00.000Z", "updated_at": "2026-03-01T09:30:00.000Z", "version": 1, "topic_archetype": "regular",
        "raw": "Comment faire ?", "cooked": "<p>Comment faire ?</p>"});
    for (key, value) in more.as_object().unwrap() {
        post[key] = value.clone();
    }
    json!({"post": post})
}

#[test]
fn events_become_canonical() {
    for (case, event, body, want) in [
        ("ping", "ping", json!({"ping": "OK"}), "ignored ping"),
        (
            "first post",
            "post_created",
            a_post(json!({})),
            "message_posted 2026-03-01T09:00:00Z actor=zoe channel=4 thread=12 seen=public message=12/1 post_id=900 post_number=1 text=\"Comment faire ?\"",
        ),
        (
            "reply to a post, by staff",
            "post_created",
            a_post(
                json!({"post_number": 3, "reply_to_post_number": 2, "reply_to_user": {"username": "max"}, "staff": true}),
            ),
            "message_posted 2026-03-01T09:00:00Z actor=zoe target=max channel=4 thread=12 reply_to=12/2 seen=public message=12/3 staff text=\"Comment faire ?\"",
        ),
        (
            "reply to the topic, in a private message, without raw text",
            "post_created",
            a_post(json!({"post_number": 2, "topic_archetype": "private_message", "raw": null})),
            "message_posted 2026-03-01T09:00:00Z actor=zoe channel=4 thread=12 reply_to=12/1 seen=direct message=12/2 text=\"Comment faire ?\"",
        ),
        (
            "the system speaks",
            "post_created",
            a_post(json!({"user_id": -1, "username": "system"})),
            "message_posted 2026-03-01T09:00:00Z actor=system channel=4 thread=12 seen=public message=12/1 post_id=900 post_number=1 bot text=\"Comment faire ?\"",
        ),
        (
            "a small action",
            "post_created",
            a_post(json!({"post_type": 3})),
            "ignored system_message",
        ),
        (
            "edited",
            "post_edited",
            a_post(json!({"version": 2})),
            "message_edited 2026-03-01T09:30:00Z actor=zoe channel=4 thread=12 seen=public message=12/1 text=\"Comment faire ?\"",
        ),
        (
            "deleted",
            "post_destroyed",
            a_post(json!({"deleted_at": "2026-03-01T09:45:00Z"})),
            "message_deleted 2026-03-01T09:45:00Z actor=zoe channel=4 thread=12 seen=public message=12/1",
        ),
        (
            "user with single sign-on",
            "user_created",
            json!({"user": {"id": 7, "username": "zoe", "name": "Zoé", "email": "zoe@exemple.fr", "created_at": "2026-02-28T08:00:00Z", "single_sign_on_record": {"external_id": "crm-7"}}}),
            "member_joined 2026-02-28T08:00:00Z actor=zoe email_key=# external_id=crm-7",
        ),
        (
            "user gone",
            "user_destroyed",
            json!({"user": {"id": 7, "username": "zoe", "admin": true}}),
            "member_left 2026-03-01T10:00:00Z actor=zoe staff",
        ),
        (
            "chat",
            "chat_message_created",
            json!({"chat_message": {"message": {"id": 5, "message": "Salut", "created_at": "2026-03-01T09:10:00Z", "chat_channel_id": 2, "user": {"id": 7, "username": "zoe"}, "in_reply_to": {"id": 4}}, "channel": {"id": 2, "chatable_type": "Category"}}}),
            "message_posted 2026-03-01T09:10:00Z actor=zoe channel=chat/2 reply_to=chat/4 seen=public message=chat/5 text=\"Salut\"",
        ),
        (
            "badge",
            "user_badge_granted",
            json!({"user_badge": {"id": 3, "badge_id": 41, "granted_at": "2026-03-01T09:00:00Z", "user": {"username": "zoe"}}}),
            "badge_awarded 2026-03-01T09:00:00Z actor=zoe subject=41",
        ),
        (
            "a type of tomorrow",
            "category_created",
            json!({"category": {}}),
            "ignored unknown_type",
        ),
        (
            "no header",
            "",
            json!({"post": {}}),
            "quarantined x-discourse-event is missing or unreadable",
        ),
        (
            "no topic",
            "post_created",
            json!({"post": {"id": 5}}),
            "quarantined post.topic_id is missing or unreadable",
        ),
    ] {
        assert_eq!(read(event, body), [want], "{case}");
    }
}

#[test]
fn a_topic_and_its_first_post_are_one_event() {
    let source = source(KEYS);
    let topic = json!({"topic": {"id": 12, "created_at": "2026-03-01T09:00:00Z", "created_by": {"username": "zoe"}, "user_id": 7, "archetype": "regular", "title": "Comment faire ?"}});
    let id = |event: &str, body: Value| {
        let found = items(&source, &body.to_string(), &[("x-discourse-event", event)]);
        only_event(&found).event.event_id.clone()
    };
    let from_topic = id("topic_created", topic);
    assert_eq!(from_topic, id("post_created", a_post(json!({}))));
    // The lake keeps the one with more attributes: the post, which has the text, even beside a topic with tags.
    let knows = |event: &str, body: Value| {
        let found = items(&source, &body.to_string(), &[("x-discourse-event", event)]);
        only_event(&found).event.attributes.len()
    };
    let tagged = json!({"topic": {"id": 12, "created_at": "2026-03-01T09:00:00Z", "title": "Comment faire ?", "tags": ["aide"]}});
    assert!(knows("post_created", a_post(json!({"id": null}))) > knows("topic_created", tagged));
    assert_eq!(
        from_topic,
        ids::event_id(
            "discourse",
            "main",
            Kind::MessagePosted,
            &ids::discourse::post("12", 1)
        )
    );
    let joined = |event: &str| {
        id(
            event,
            json!({"user": {"id": 7, "username": "zoe", "created_at": "2026-02-28T08:00:00Z"}}),
        )
    };
    assert_eq!(joined("user_created"), joined("user_confirmed_email"));
}

#[test]
fn published_payloads() {
    let source = source(KEYS);
    for (file, want) in [
        (
            "post_created",
            "message_posted 2023-02-09T10:19:46.324Z actor=user_0740c8 channel=7 thread=46582 reply_to=46582/1 seen=public message=46582/3",
        ),
        (
            "post_destroyed",
            "message_deleted 2026-03-01T10:00:00Z actor=user_3d6765 channel=97 thread=31274 seen=public message=31274/1",
        ),
        (
            "post_edited",
            "message_edited 2023-02-10T09:44:54.865Z actor=user_1dfb21 target=user_69455c channel=97 thread=31544 reply_to=31544/37 seen=public message=31544/38",
        ),
        (
            "post_liked",
            "reaction_added 2026-03-01T10:00:00Z actor=user_3a5dfd target=user_6ab607 channel=7 thread=46632 seen=public message=46632/1",
        ),
        (
            "topic_created",
            "message_posted 2023-02-13T08:39:01.337Z actor=user_0a17d5 channel=97 thread=31739 seen=public message=31739/1 tags=nvidia,silverblue text=\"No updates published for f37 Silverblue since Feb 9th?\"",
        ),
        (
            "topic_edited",
            "message_edited 2026-03-01T10:00:00Z actor=user_0a17d5 channel=97 thread=31739 seen=public message=31739/1 tags=f37,silverblue",
        ),
        (
            "accepted_solution",
            "answer_accepted 2026-03-01T10:00:00Z target=Person 97be2d channel=97 thread=31703 seen=public message=31703/3",
        ),
    ] {
        let Some(delivery) = sample(&format!("discourse/{file}.json")) else {
            return;
        };
        assert_eq!(lines(&read_delivery(&source, &delivery)), [want], "{file}");
    }
}
