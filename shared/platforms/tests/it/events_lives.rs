//! Lives and hosted communities: made-up payloads in the platforms' own form, one line per event.

use crate::table::check;

#[test]
fn zoom() {
    check(
        "platform = \"zoom\"\nsecret = \"env:X\"",
        vec![
            (
                "a registration",
                &[],
                r#"{"event": "webinar.registration_created", "event_ts": 1772359200000, "payload": {"account_id": "acc", "object": {"id": 123, "uuid": "u==", "registrant": {"id": "r1", "email": "zoe@example.com", "phone": "+33612345678", "create_time": "2026-02-27T08:00:00Z"}}}}"#,
                &[
                    "live_registered 2026-02-27T08:00:00Z actor=r1 email_key=# phone_key=# subject=123",
                ],
            ),
            (
                "having come",
                &[],
                r#"{"event": "webinar.participant_joined", "event_ts": 1772359200000, "payload": {"account_id": "acc", "object": {"id": "123", "uuid": "u==", "host_id": "h1", "participant": {"user_id": "167", "id": "z1", "email": "zoe@example.com", "join_time": "2026-03-01T10:00:30Z"}}}}"#,
                &["live_attended 2026-03-01T10:00:30Z actor=z1 email_key=# subject=123"],
            ),
            (
                "without an account",
                &[],
                r#"{"event": "meeting.participant_joined", "event_ts": 1772359200000, "payload": {"account_id": "acc", "object": {"id": "9", "uuid": "v==", "host_id": "h1", "participant": {"user_id": "168", "participant_uuid": "p-9", "user_name": "iPhone", "join_time": "2026-03-01T10:00:30Z"}}}}"#,
                &["live_attended 2026-03-01T10:00:30Z subject=9"],
            ),
            (
                "the host",
                &[],
                r#"{"event": "webinar.participant_joined", "event_ts": 1772359200000, "payload": {"account_id": "acc", "object": {"id": "123", "uuid": "u==", "host_id": "h1", "participant": {"id": "h1", "join_time": "2026-03-01T09:55:00Z"}}}}"#,
                &["live_attended 2026-03-01T09:55:00Z actor=h1 subject=123 staff"],
            ),
            (
                "leaving",
                &[],
                r#"{"event": "webinar.participant_left", "event_ts": 1772359200000, "payload": {"account_id": "acc", "object": {"id": "123", "uuid": "u==", "participant": {"id": "z1"}}}}"#,
                &["ignored told_by_joining"],
            ),
            (
                "scheduled",
                &[],
                r#"{"event": "webinar.created", "event_ts": 1772359200000, "payload": {"account_id": "acc", "object": {"id": 123, "uuid": "u==", "host_id": "h1", "start_time": "2026-03-05T18:00:00Z"}}}"#,
                &[
                    "live_scheduled 2026-03-01T10:00:00Z actor=h1 starts_at=2026-03-05T18:00:00Z subject=123 staff",
                ],
            ),
            (
                "a recording",
                &[],
                r#"{"event": "recording.completed", "event_ts": 1772359200000, "payload": {"account_id": "acc", "object": {"id": 1}}}"#,
                &["ignored unknown_type"],
            ),
            (
                "no participant",
                &[],
                r#"{"event": "webinar.participant_joined", "event_ts": 1772359200000, "payload": {"account_id": "acc", "object": {"id": "123"}}}"#,
                &["quarantined payload.object.participant is missing or unreadable"],
            ),
        ],
    );
}

#[test]
fn meltingspot() {
    check(
        "platform = \"meltingspot\"\nsecret = \"env:B64\"",
        vec![
            (
                "a member",
                &[],
                r#"{"occurredAt": "2026-03-01T10:00:00Z", "spot": {"id": "s1"}, "member": {"id": "m1", "email": "zoe@example.com", "status": "ACCEPTED"}}"#,
                &["member_joined 2026-03-01T10:00:00Z actor=m1 channel=s1 email_key=#"],
            ),
            (
                "invited only",
                &[],
                r#"{"occurredAt": "2026-03-01T10:00:00Z", "spot": {"id": "s1"}, "member": {"id": "m1", "email": "zoe@example.com", "status": "INVITED"}}"#,
                &["ignored invited"],
            ),
            (
                "gone",
                &[],
                r#"{"type": "member.deleted", "data": {"occurredAt": "2026-03-01T10:00:00Z", "spot": {"id": "s1"}, "member": {"id": "m1"}}}"#,
                &["member_left 2026-03-01T10:00:00Z actor=m1 channel=s1"],
            ),
            (
                "registered for a live",
                &[],
                r#"{"occurredAt": "2026-03-01T10:00:00Z", "spot": {"id": "s1"}, "live": {"id": "l1"}, "member": {"id": "m1", "email": "zoe@example.com"}, "liveParticipant": {"status": "ACCEPTED"}}"#,
                &[
                    "live_registered 2026-03-01T10:00:00Z actor=m1 channel=s1 email_key=# subject=l1",
                ],
            ),
            (
                "came to a live",
                &[],
                r#"{"occurredAt": "2026-03-01T10:00:00Z", "spot": {"id": "s1"}, "live": {"id": "l1"}, "member": {"id": "m1"}, "liveParticipant": {"status": "ATTENDED"}}"#,
                &["live_attended 2026-03-01T10:00:00Z actor=m1 channel=s1 subject=l1"],
            ),
            (
                "a topic",
                &[],
                r#"{"occurredAt": "2026-03-01T10:00:00Z", "spot": {"id": "s1"}, "topic": {"id": "t1", "content": "<p>Une question ?</p>"}, "member": {"id": "m1"}}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=m1 channel=s1 thread=t1 message=t1 text=\"Une question ?\"",
                ],
            ),
            (
                "a comment, and it deleted",
                &[],
                r#"{"type": "comment.deleted", "data": {"occurredAt": "2026-03-01T10:00:00Z", "spot": {"id": "s1"}, "comment": {"id": "c1", "topicId": "t1", "content": "x"}, "member": {"id": "m1"}}}"#,
                &[
                    "message_deleted 2026-03-01T10:00:00Z actor=m1 channel=s1 thread=t1 reply_to=t1 message=c1",
                ],
            ),
        ],
    );
}

#[test]
fn mighty() {
    check(
        "platform = \"mighty\"\nsecret = \"env:X\"\nevent = \"MemberJoined\"",
        vec![
            (
                "a member",
                &[],
                r#"{"event_id": "e1", "event_timestamp": "2026-03-01T10:00:00Z", "payload": {"space_id": 3, "member": {"id": 11, "email": "zoe@example.com", "referred_by_user_id": 12}}}"#,
                &[
                    "member_joined 2026-03-01T10:00:00Z actor=11 channel=3 email_key=# invited_by=12",
                ],
            ),
            (
                "no payload",
                &[],
                r#"{"event_id": "e1"}"#,
                &["quarantined payload is missing or unreadable"],
            ),
        ],
    );
}

#[test]
fn mighty_2() {
    check(
        "platform = \"mighty\"\nsecret = \"env:X\"\nevent = \"PostCreated\"",
        vec![(
            "a post",
            &[],
            r#"{"event_id": "e1", "event_timestamp": "2026-03-01T10:00:00Z", "payload": {"space_id": 3, "post": {"id": 21, "title": "Bonjour", "description": "<p>À tous</p>", "created_at": "2026-03-01T09:00:00Z", "creator": {"id": 11, "email": "zoe@example.com"}}}}"#,
            &[
                "message_posted 2026-03-01T09:00:00Z actor=11 channel=3 thread=post/21 email_key=# message=post/21 text=\"À tous\"",
            ],
        )],
    );
}

#[test]
fn mighty_3() {
    check(
        "platform = \"mighty\"\nsecret = \"env:X\"\nevent = \"CommentCreated\"",
        vec![(
            "a comment",
            &[],
            r#"{"event_id": "e1", "event_timestamp": "2026-03-01T10:00:00Z", "payload": {"space_id": 3, "comment": {"id": 31, "post_id": 21, "text": "Merci", "created_at": "2026-03-01T09:05:00Z", "creator": {"id": 12}}}}"#,
            &[
                "message_posted 2026-03-01T09:05:00Z actor=12 channel=3 thread=post/21 reply_to=post/21 message=comment/31 text=\"Merci\"",
            ],
        )],
    );
}

#[test]
fn mighty_4() {
    check(
        "platform = \"mighty\"\nsecret = \"env:X\"\nevent = \"CommentDeleted\"",
        vec![(
            "it deleted",
            &[],
            r#"{"event_id": "e1", "event_timestamp": "2026-03-01T10:00:00Z", "payload": {"space_id": 3, "comment": {"id": 31, "post_id": 21, "text": "Merci", "creator": {"id": 12}}}}"#,
            &[
                "message_deleted 2026-03-01T10:00:00Z actor=12 channel=3 thread=post/21 reply_to=post/21 message=comment/31",
            ],
        )],
    );
}
