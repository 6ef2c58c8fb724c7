//! Social and developer platforms: made-up payloads in the platforms' own form, one line per event.

use crate::table::check;

#[test]
fn whatsapp() {
    check(
        "platform = \"whatsapp\"\nsecret = \"env:X\"\nverify_token = \"env:V\"",
        vec![
            (
                "text",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "contacts": [{"profile": {"name": "Zoé"}, "wa_id": "33612345678"}], "messages": [{"from": "33612345678", "id": "wamid.A", "timestamp": "1772359200", "type": "text", "text": {"body": "Bonjour !"}}]}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 channel=1122334455 seen=direct message=wamid.A phone_key=# text=\"Bonjour !\"",
                ],
            ),
            (
                "an answer to a message",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "contacts": [{"profile": {"name": "Zoé"}, "wa_id": "33612345678"}], "messages": [{"from": "33612345678", "id": "wamid.A", "timestamp": "1772359200", "type": "text", "context": {"from": "33140000000", "id": "wamid.Q"}, "text": {"body": "Oui"}}]}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 channel=1122334455 reply_to=wamid.Q seen=direct message=wamid.A phone_key=# text=\"Oui\"",
                ],
            ),
            (
                "a caption, in a group",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "contacts": [{"profile": {"name": "Zoé"}, "wa_id": "33612345678"}], "messages": [{"from": "33612345678", "id": "wamid.A", "timestamp": "1772359200", "type": "image", "group_id": "g1", "image": {"caption": "Mon chat", "id": "i"}}]}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 channel=g1 seen=private message=wamid.A phone_key=# text=\"Mon chat\"",
                ],
            ),
            (
                "a reaction",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "contacts": [{"profile": {"name": "Zoé"}, "wa_id": "33612345678"}], "messages": [{"from": "33612345678", "id": "wamid.A", "timestamp": "1772359200", "type": "reaction", "reaction": {"message_id": "wamid.Q", "emoji": "👍"}}]}}]}]}"#,
                &[
                    "reaction_added 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 channel=1122334455 seen=direct message=wamid.Q phone_key=# reaction=👍",
                ],
            ),
            (
                "a reaction taken back",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "contacts": [{"profile": {"name": "Zoé"}, "wa_id": "33612345678"}], "messages": [{"from": "33612345678", "id": "wamid.A", "timestamp": "1772359200", "type": "reaction", "reaction": {"message_id": "wamid.Q"}}]}}]}]}"#,
                &[
                    "reaction_removed 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 channel=1122334455 seen=direct message=wamid.Q phone_key=#",
                ],
            ),
            (
                "an edit",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "contacts": [{"profile": {"name": "Zoé"}, "wa_id": "33612345678"}], "messages": [{"from": "33612345678", "id": "wamid.B", "timestamp": "1772359200", "type": "edit", "edit": {"original_message_id": "wamid.A", "message": {"type": "text", "text": {"body": "Bonsoir"}}}}]}}]}]}"#,
                &[
                    "message_edited 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 channel=1122334455 seen=direct message=wamid.A phone_key=# text=\"Bonsoir\"",
                ],
            ),
            (
                "a revocation",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "contacts": [{"profile": {"name": "Zoé"}, "wa_id": "33612345678"}], "messages": [{"from": "33612345678", "id": "wamid.C", "timestamp": "1772359200", "type": "revoke", "revoke": {"original_message_id": "wamid.A"}}]}}]}]}"#,
                &[
                    "message_deleted 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 channel=1122334455 seen=direct message=wamid.A phone_key=#",
                ],
            ),
            (
                "statuses",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "statuses": [{"id": "wamid.S", "status": "sent", "timestamp": "1772359200", "recipient_id": "33612345678"}, {"id": "wamid.S", "status": "delivered", "timestamp": "1772359200", "recipient_id": "33612345678"}, {"id": "wamid.S", "status": "read", "timestamp": "1772359200", "recipient_id": "33612345678"}, {"id": "wamid.S", "status": "failed", "timestamp": "1772359200", "recipient_id": "33612345678"}, {"id": "wamid.S", "status": "tomorrow", "timestamp": "1772359200", "recipient_id": "33612345678"}]}}]}]}"#,
                &[
                    "ignored sent",
                    "notification_delivered 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 phone_key=# subject=wamid.S",
                    "notification_opened 2026-03-01T10:00:00Z actor=deeb7699f3c1274510bf1b0f7d110197 phone_key=# subject=wamid.S",
                    "ignored failed",
                    "ignored unknown_type",
                ],
            ),
            (
                "errors, unsupported and another field",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "9", "changes": [{"field": "messages", "value": {"errors": [{"code": 1}]}}, {"field": "messages", "value": {"messages": [{"from": "33612345678", "id": "wamid.A", "timestamp": "1772359200", "type": "unsupported"}]}}, {"field": "account_update", "value": {"event": "x"}}, {"field": "messages"}]}]}"#,
                &[
                    "ignored platform_error",
                    "ignored unsupported_message",
                    "ignored unknown_type",
                    "quarantined value is missing or unreadable",
                ],
            ),
            (
                "no time",
                &[],
                r#"{"object": "whatsapp_business_account", "entry": [{"id": "99", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "33140000000", "phone_number_id": "1122334455"}, "messages": [{"from": "33612345678", "id": "wamid.A", "type": "text", "text": {"body": "x"}}]}}]}]}"#,
                &["quarantined messages.timestamp is missing or unreadable"],
            ),
        ],
    );
}

#[test]
fn facebook() {
    check(
        "platform = \"facebook\"\nsecret = \"env:X\"\nverify_token = \"env:V\"",
        vec![
            (
                "a comment on a post",
                &[],
                r#"{"object": "page", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "feed", "value": {"item": "comment", "verb": "add", "comment_id": "p1_c1", "post_id": "p1", "parent_id": "p1", "created_time": 1772359200, "from": {"id": "u1", "name": "Zoé"}, "message": "Bravo"}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=u1 channel=page1 thread=p1 reply_to=p1 seen=public message=p1_c1 text=\"Bravo\"",
                ],
            ),
            (
                "an answer by the page",
                &[],
                r#"{"object": "page", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "feed", "value": {"item": "comment", "verb": "add", "comment_id": "p1_c2", "post_id": "p1", "parent_id": "p1_c1", "created_time": 1772359200, "from": {"id": "page1"}, "message": "Merci"}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=page1 channel=page1 thread=p1 reply_to=p1_c1 seen=public message=p1_c2 staff text=\"Merci\"",
                ],
            ),
            (
                "a comment edited",
                &[],
                r#"{"object": "page", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "feed", "value": {"item": "comment", "verb": "edited", "comment_id": "p1_c1", "post_id": "p1", "parent_id": "p1", "created_time": 1772359200, "from": {"id": "u1"}, "message": "Bravo !"}}]}]}"#,
                &[
                    "message_edited 2026-03-01T10:00:00Z actor=u1 channel=page1 thread=p1 reply_to=p1 seen=public message=p1_c1 text=\"Bravo !\"",
                ],
            ),
            (
                "a comment removed",
                &[],
                r#"{"object": "page", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "feed", "value": {"item": "comment", "verb": "remove", "comment_id": "p1_c1", "post_id": "p1", "parent_id": "p1", "created_time": 1772359200, "from": {"id": "u1"}, "message": "Bravo !"}}]}]}"#,
                &[
                    "message_deleted 2026-03-01T10:00:00Z actor=u1 channel=page1 thread=p1 reply_to=p1 seen=public message=p1_c1",
                ],
            ),
            (
                "a post of the page",
                &[],
                r#"{"object": "page", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "feed", "value": {"item": "status", "verb": "add", "post_id": "p2", "created_time": 1772359200, "from": {"id": "page1"}, "message": "Portes ouvertes"}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=page1 channel=page1 thread=p2 seen=public message=p2 staff text=\"Portes ouvertes\"",
                ],
            ),
            (
                "a like, and it taken back",
                &[],
                r#"{"object": "page", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "feed", "value": {"item": "reaction", "verb": "add", "reaction_type": "love", "post_id": "p1", "created_time": 1772359200, "from": {"id": "u1"}}}, {"field": "feed", "value": {"item": "reaction", "verb": "remove", "reaction_type": "love", "post_id": "p1", "created_time": 1772359200, "from": {"id": "u1"}}}]}]}"#,
                &[
                    "reaction_added 2026-03-01T10:00:00Z actor=u1 thread=p1 seen=public message=p1 reaction=love",
                    "reaction_removed 2026-03-01T10:00:00Z actor=u1 thread=p1 seen=public message=p1 reaction=love",
                ],
            ),
            (
                "another field",
                &[],
                r#"{"object": "page", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "ratings", "value": {}}]}]}"#,
                &["ignored unknown_type"],
            ),
            (
                "no author of a like",
                &[],
                r#"{"object": "page", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "feed", "value": {"item": "like", "verb": "add", "post_id": "p1", "created_time": 1772359200}}]}]}"#,
                &["quarantined value.from.id is missing or unreadable"],
            ),
        ],
    );
}

#[test]
fn instagram() {
    check(
        "platform = \"instagram\"\nsecret = \"env:X\"\nverify_token = \"env:V\"",
        vec![
            (
                "a comment",
                &[],
                r#"{"object": "instagram", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "comments", "value": {"id": "ig_c1", "from": {"id": "u1", "username": "zoe"}, "media": {"id": "m1"}, "text": "Trop mignon"}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:01:40Z actor=u1 channel=page1 thread=m1 reply_to=m1 seen=public message=ig_c1 text=\"Trop mignon\"",
                ],
            ),
            (
                "an answer to a comment",
                &[],
                r#"{"object": "instagram", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "comments", "value": {"id": "ig_c2", "parent_id": "ig_c1", "from": {"id": "page1"}, "media": {"id": "m1"}, "text": "Merci"}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:01:40Z actor=page1 channel=page1 thread=m1 reply_to=ig_c1 seen=public message=ig_c2 staff text=\"Merci\"",
                ],
            ),
            (
                "a mention",
                &[],
                r#"{"object": "instagram", "entry": [{"id": "page1", "time": 1772359300, "changes": [{"field": "mentions", "value": {"media_id": "m9"}}]}]}"#,
                &["mention_seen 2026-03-01T10:01:40Z message=m9"],
            ),
            (
                "a private message, and it unsent",
                &[],
                r#"{"object": "instagram", "entry": [{"id": "page1", "time": 1772359300000, "messaging": [{"sender": {"id": "u1"}, "recipient": {"id": "page1"}, "timestamp": 1772359200000, "message": {"mid": "mid1", "text": "Bonjour"}}, {"sender": {"id": "u1"}, "recipient": {"id": "page1"}, "timestamp": 1772359260000, "message": {"mid": "mid1", "is_deleted": true}}]}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=u1 target=page1 channel=page1 seen=direct message=mid1 text=\"Bonjour\"",
                    "message_deleted 2026-03-01T10:01:00Z actor=u1 target=page1 channel=page1 seen=direct message=mid1",
                ],
            ),
            (
                "an edit, a reaction and a reading of a private message",
                &[],
                r#"{"object": "instagram", "entry": [{"id": "page1", "time": 1772359300000, "messaging": [{"sender": {"id": "u1"}, "recipient": {"id": "page1"}, "timestamp": 1772359230000, "message_edit": {"mid": "mid1", "text": "Bonsoir", "num_edit": 1}}, {"sender": {"id": "u1"}, "recipient": {"id": "page1"}, "timestamp": 1772359240000, "reaction": {"mid": "mid1", "action": "react", "reaction": "love"}}, {"sender": {"id": "u1"}, "recipient": {"id": "page1"}, "timestamp": 1772359250000, "read": {"mid": "mid1"}}]}]}"#,
                &[
                    "message_edited 2026-03-01T10:00:30Z actor=u1 channel=page1 seen=direct message=mid1 text=\"Bonsoir\"",
                    "reaction_added 2026-03-01T10:00:40Z actor=u1 channel=page1 seen=direct message=mid1 reaction=love",
                    "ignored unknown_type",
                ],
            ),
        ],
    );
}

#[test]
fn linkedin() {
    check(
        "platform = \"linkedin\"\nsecret = \"env:X\"",
        vec![
            (
                "a comment",
                &[],
                r#"{"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [{"notificationId": 7, "organizationalEntity": "urn:li:organization:1", "lastModifiedAt": 1772359200000, "sourcePost": "urn:li:share:10", "action": "COMMENT", "generatedActivity": "urn:li:comment:(urn:li:activity:1,2)", "decoratedGeneratedActivity": {"comment": {"owner": "urn:li:person:z", "text": "Bravo"}}}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=urn:li:person:z channel=urn:li:organization:1 thread=urn:li:share:10 reply_to=urn:li:share:10 seen=public message=urn:li:comment:(urn:li:activity:1,2) text=\"Bravo\"",
                ],
            ),
            (
                "a comment by the page",
                &[],
                r#"{"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [{"notificationId": 7, "organizationalEntity": "urn:li:organization:1", "lastModifiedAt": 1772359200000, "sourcePost": "urn:li:share:10", "action": "ADMIN_COMMENT", "generatedActivity": "urn:li:comment:(urn:li:activity:1,3)", "decoratedGeneratedActivity": {"comment": {"owner": "urn:li:organization:1", "text": "Merci"}}}]}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=urn:li:organization:1 channel=urn:li:organization:1 thread=urn:li:share:10 reply_to=urn:li:share:10 seen=public message=urn:li:comment:(urn:li:activity:1,3) staff text=\"Merci\"",
                ],
            ),
            (
                "an edit",
                &[],
                r#"{"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [{"notificationId": 7, "organizationalEntity": "urn:li:organization:1", "lastModifiedAt": 1772359200000, "sourcePost": "urn:li:share:10", "action": "COMMENT_EDIT", "generatedActivity": "urn:li:comment:(urn:li:activity:1,2)", "decoratedGeneratedActivity": {"comment": {"owner": "urn:li:person:z", "text": "Bravo !"}}}]}"#,
                &[
                    "message_edited 2026-03-01T10:00:00Z actor=urn:li:person:z channel=urn:li:organization:1 thread=urn:li:share:10 reply_to=urn:li:share:10 seen=public message=urn:li:comment:(urn:li:activity:1,2) text=\"Bravo !\"",
                ],
            ),
            (
                "a deletion",
                &[],
                r#"{"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [{"notificationId": 7, "organizationalEntity": "urn:li:organization:1", "lastModifiedAt": 1772359200000, "sourcePost": "urn:li:share:10", "action": "COMMENT_DELETE", "generatedActivity": "urn:li:comment:(urn:li:activity:1,2)"}]}"#,
                &[
                    "message_deleted 2026-03-01T10:00:00Z channel=urn:li:organization:1 thread=urn:li:share:10 seen=public message=urn:li:comment:(urn:li:activity:1,2)",
                ],
            ),
            (
                "a like",
                &[],
                r#"{"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [{"notificationId": 7, "organizationalEntity": "urn:li:organization:1", "lastModifiedAt": 1772359200000, "sourcePost": "urn:li:share:10", "action": "LIKE", "generatedActivity": "urn:li:like:(urn:li:person:z,1)", "decoratedGeneratedActivity": {"like": {"actor": "urn:li:person:z"}}}]}"#,
                &[
                    "reaction_added 2026-03-01T10:00:00Z actor=urn:li:person:z channel=urn:li:organization:1 thread=urn:li:share:10 seen=public message=urn:li:share:10",
                ],
            ),
            (
                "a share",
                &[],
                r#"{"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [{"notificationId": 7, "organizationalEntity": "urn:li:organization:1", "lastModifiedAt": 1772359200000, "sourcePost": "urn:li:share:10", "action": "SHARE", "generatedActivity": "urn:li:share:99", "decoratedGeneratedActivity": {"share": {"owner": "urn:li:person:z", "text": "À lire"}}}]}"#,
                &[
                    "content_published 2026-03-01T10:00:00Z actor=urn:li:person:z channel=urn:li:organization:1 thread=urn:li:share:10 seen=public subject=urn:li:share:99",
                ],
            ),
            (
                "tomorrow's",
                &[],
                r#"{"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": [{"notificationId": 7, "organizationalEntity": "urn:li:organization:1", "lastModifiedAt": 1772359200000, "sourcePost": "urn:li:share:10", "action": "APPLAUSE"}]}"#,
                &["ignored unknown_type"],
            ),
        ],
    );
}

#[test]
fn telegram() {
    check(
        "platform = \"telegram\"\nsecret = \"env:X\"",
        vec![
            (
                "a message",
                &[],
                r#"{"update_id": 1, "message": {"message_id": 5, "date": 1772359200, "chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "text": "Bonjour"}}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=7 channel=-100123 seen=public message=-100123/5 text=\"Bonjour\"",
                ],
            ),
            (
                "an answer",
                &[],
                r#"{"update_id": 1, "message": {"message_id": 6, "date": 1772359200, "chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 8, "is_bot": false, "first_name": "Max"}, "text": "Salut", "reply_to_message": {"message_id": 5, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "date": 1772359200, "chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}}}}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=8 target=7 channel=-100123 reply_to=-100123/5 seen=public message=-100123/6 text=\"Salut\"",
                ],
            ),
            (
                "an edit",
                &[],
                r#"{"update_id": 1, "edited_message": {"message_id": 5, "date": 1772359200, "chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "edit_date": 1772359260, "text": "Bonsoir"}}"#,
                &[
                    "message_edited 2026-03-01T10:01:00Z actor=7 channel=-100123 seen=public message=-100123/5 text=\"Bonsoir\"",
                ],
            ),
            (
                "a machine",
                &[],
                r#"{"update_id": 1, "message": {"message_id": 5, "date": 1772359200, "chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 9, "is_bot": true}, "text": "Bienvenue"}}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=9 channel=-100123 seen=public message=-100123/5 bot text=\"Bienvenue\"",
                ],
            ),
            (
                "two joins",
                &[],
                r#"{"update_id": 1, "message": {"message_id": 5, "date": 1772359200, "chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "new_chat_members": [{"id": 7, "is_bot": false, "first_name": "Zoé"}, {"id": 8, "is_bot": false, "first_name": "Max"}]}}"#,
                &[
                    "member_joined 2026-03-01T10:00:00Z actor=7 channel=-100123 seen=public",
                    "member_joined 2026-03-01T10:00:00Z actor=8 channel=-100123 seen=public invited_by=7",
                ],
            ),
            (
                "a departure",
                &[],
                r#"{"update_id": 1, "message": {"message_id": 5, "date": 1772359200, "chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "left_chat_member": {"id": 8, "is_bot": false, "first_name": "Max"}}}"#,
                &["member_left 2026-03-01T10:00:00Z actor=8 channel=-100123 seen=public"],
            ),
            (
                "joined by a link",
                &[],
                r#"{"update_id": 1, "chat_member": {"chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 8, "is_bot": false, "first_name": "Max"}, "date": 1772359200, "old_chat_member": {"status": "left", "user": {"id": 8, "is_bot": false, "first_name": "Max"}}, "new_chat_member": {"status": "member", "user": {"id": 8, "is_bot": false, "first_name": "Max"}}, "invite_link": {"creator": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "invite_link": "x"}}}"#,
                &[
                    "member_joined 2026-03-01T10:00:00Z actor=8 channel=-100123 seen=public invited_by=7",
                ],
            ),
            (
                "thrown out",
                &[],
                r#"{"update_id": 1, "chat_member": {"chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "date": 1772359200, "old_chat_member": {"status": "member", "user": {"id": 8, "is_bot": false, "first_name": "Max"}}, "new_chat_member": {"status": "kicked", "user": {"id": 8, "is_bot": false, "first_name": "Max"}}}}"#,
                &["member_left 2026-03-01T10:00:00Z actor=8 channel=-100123 seen=public"],
            ),
            (
                "promoted",
                &[],
                r#"{"update_id": 1, "chat_member": {"chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "date": 1772359200, "old_chat_member": {"status": "member", "user": {"id": 8, "is_bot": false, "first_name": "Max"}}, "new_chat_member": {"status": "administrator", "user": {"id": 8, "is_bot": false, "first_name": "Max"}}}}"#,
                &["member_updated 2026-03-01T10:00:00Z actor=8 channel=-100123 seen=public staff"],
            ),
            (
                "a reaction changed",
                &[],
                r#"{"update_id": 1, "message_reaction": {"chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "message_id": 5, "user": {"id": 8, "is_bot": false, "first_name": "Max"}, "date": 1772359200, "old_reaction": [{"type": "emoji", "emoji": "👍"}], "new_reaction": [{"type": "emoji", "emoji": "🔥"}]}}"#,
                &[
                    "reaction_added 2026-03-01T10:00:00Z actor=8 channel=-100123 seen=public message=-100123/5 reaction=🔥",
                    "reaction_removed 2026-03-01T10:00:00Z actor=8 channel=-100123 seen=public message=-100123/5 reaction=👍",
                ],
            ),
            (
                "deleted in a business chat",
                &[],
                r#"{"update_id": 1, "deleted_business_messages": {"business_connection_id": "b", "chat": {"id": 7, "type": "private"}, "message_ids": [5, 6]}}"#,
                &[
                    "message_deleted 2026-03-01T10:00:00Z channel=7 seen=direct message=7/5",
                    "message_deleted 2026-03-01T10:00:00Z channel=7 seen=direct message=7/6",
                ],
            ),
            (
                "a vote",
                &[],
                r#"{"update_id": 1, "poll_answer": {"poll_id": "p1", "user": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "option_ids": [1]}}"#,
                &["poll_answered 2026-03-01T10:00:00Z actor=7 subject=p1"],
            ),
            (
                "a vote taken back",
                &[],
                r#"{"update_id": 1, "poll_answer": {"poll_id": "p1", "user": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "option_ids": []}}"#,
                &["ignored vote_taken_back"],
            ),
            (
                "a phone of one's own",
                &[],
                r#"{"update_id": 1, "message": {"message_id": 8, "date": 1772359200, "chat": {"id": 7, "type": "private"}, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "contact": {"phone_number": "+33612345678", "user_id": 7}}}"#,
                &[
                    "message_posted 2026-03-01T10:00:00Z actor=7 channel=7 seen=direct message=7/8 phone_key=#",
                ],
            ),
            (
                "a title",
                &[],
                r#"{"update_id": 1, "message": {"message_id": 5, "date": 1772359200, "chat": {"id": -100123, "type": "supergroup", "title": "Refuge", "username": "refuge"}, "from": {"id": 7, "is_bot": false, "first_name": "Zoé"}, "new_chat_title": "X"}}"#,
                &["ignored system_message"],
            ),
            (
                "tomorrow's, and no update",
                &[],
                r#"{"update_id": 1, "future": {}}"#,
                &["ignored unknown_type"],
            ),
        ],
    );
}

#[test]
fn github() {
    check(
        "platform = \"github\"\nsecret = \"env:X\"",
        vec![
            (
                "a discussion",
                &[("x-github-event", "discussion")],
                r#"{"action": "created", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}}"#,
                &[
                    "message_posted 2026-03-01T09:00:00Z actor=zoe channel=refuge/forum/q-a thread=discussion/50 seen=public message=discussion/50 text=\"Comment adopter ?\\nBonjour à tous\"",
                ],
            ),
            (
                "it edited",
                &[("x-github-event", "discussion")],
                r#"{"action": "edited", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}}"#,
                &[
                    "message_edited 2026-03-01T09:10:00Z actor=zoe channel=refuge/forum/q-a thread=discussion/50 seen=public message=discussion/50 text=\"Comment adopter ?\\nBonjour à tous\"",
                ],
            ),
            (
                "it deleted",
                &[("x-github-event", "discussion")],
                r#"{"action": "deleted", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}}"#,
                &[
                    "message_deleted 2026-03-01T10:00:00Z actor=zoe channel=refuge/forum/q-a thread=discussion/50 seen=public message=discussion/50",
                ],
            ),
            (
                "a comment by a member of the team",
                &[("x-github-event", "discussion_comment")],
                r#"{"action": "created", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}, "comment": {"id": 60, "body": "Par ici", "created_at": "2026-03-01T09:20:00Z", "updated_at": "2026-03-01T09:25:00Z", "user": {"login": "max", "type": "User"}, "author_association": "MEMBER", "parent_id": null}}"#,
                &[
                    "message_posted 2026-03-01T09:20:00Z actor=max channel=refuge/forum/q-a thread=discussion/50 reply_to=discussion/50 seen=public message=comment/60 staff text=\"Par ici\"",
                ],
            ),
            (
                "an answer to a comment",
                &[("x-github-event", "discussion_comment")],
                r#"{"action": "created", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}, "comment": {"id": 61, "body": "Par ici", "created_at": "2026-03-01T09:20:00Z", "updated_at": "2026-03-01T09:25:00Z", "user": {"login": "max", "type": "User"}, "author_association": "NONE", "parent_id": 60}}"#,
                &[
                    "message_posted 2026-03-01T09:20:00Z actor=max channel=refuge/forum/q-a thread=discussion/50 reply_to=comment/60 seen=public message=comment/61 text=\"Par ici\"",
                ],
            ),
            (
                "a comment edited",
                &[("x-github-event", "discussion_comment")],
                r#"{"action": "edited", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}, "comment": {"id": 60, "body": "Par ici", "created_at": "2026-03-01T09:20:00Z", "updated_at": "2026-03-01T09:25:00Z", "user": {"login": "max", "type": "User"}, "author_association": "MEMBER", "parent_id": null}}"#,
                &[
                    "message_edited 2026-03-01T09:25:00Z actor=max channel=refuge/forum/q-a thread=discussion/50 reply_to=discussion/50 seen=public message=comment/60 staff text=\"Par ici\"",
                ],
            ),
            (
                "a comment deleted",
                &[("x-github-event", "discussion_comment")],
                r#"{"action": "deleted", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}, "comment": {"id": 60, "body": "Par ici", "created_at": "2026-03-01T09:20:00Z", "updated_at": "2026-03-01T09:25:00Z", "user": {"login": "max", "type": "User"}, "author_association": "MEMBER", "parent_id": null}}"#,
                &[
                    "message_deleted 2026-03-01T10:00:00Z actor=max channel=refuge/forum/q-a thread=discussion/50 reply_to=discussion/50 seen=public message=comment/60 staff",
                ],
            ),
            (
                "accepted",
                &[("x-github-event", "discussion")],
                r#"{"action": "answered", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}, "answer": {"id": 60, "body": "Par ici", "created_at": "2026-03-01T09:20:00Z", "updated_at": "2026-03-01T09:25:00Z", "user": {"login": "max", "type": "User"}, "author_association": "MEMBER", "parent_id": null}}"#,
                &[
                    "answer_accepted 2026-03-01T09:50:00Z actor=zoe target=max channel=refuge/forum/q-a thread=discussion/50 seen=public message=comment/60",
                ],
            ),
            (
                "taken back",
                &[("x-github-event", "discussion")],
                r#"{"action": "unanswered", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "discussion": {"id": 50, "title": "Comment adopter ?", "body": "Bonjour à tous", "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:10:00Z", "user": {"login": "zoe", "type": "User"}, "author_association": "NONE", "category": {"slug": "q-a"}, "answer_chosen_at": "2026-03-01T09:50:00Z"}, "old_answer": {"id": 60, "body": "Par ici", "created_at": "2026-03-01T09:20:00Z", "updated_at": "2026-03-01T09:25:00Z", "user": {"login": "max", "type": "User"}, "author_association": "MEMBER", "parent_id": null}}"#,
                &["ignored solution_taken_back"],
            ),
            (
                "a star",
                &[("x-github-event", "star")],
                r#"{"action": "created", "repository": {"full_name": "refuge/forum", "private": false}, "sender": {"login": "zoe", "type": "User"}, "starred_at": "2026-03-01T09:00:00Z"}"#,
                &["member_joined 2026-03-01T09:00:00Z actor=zoe channel=refuge/forum"],
            ),
            (
                "a push",
                &[("x-github-event", "push")],
                r#"{"ref": "main"}"#,
                &["ignored unknown_type"],
            ),
        ],
    );
}
