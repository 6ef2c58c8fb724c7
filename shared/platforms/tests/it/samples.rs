//! Published payloads of the other platforms, one line per item.

use crate::support::*;

#[test]
fn published_payloads() {
    let meta = "secret = \"env:X\"\nverify_token = \"env:V\"";
    let mut differ = Vec::new();
    for (platform, more, file, want) in [
        (
            "discord",
            "public_key = \"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\"",
            "discord/LOBBY_MESSAGE_DELETE",
            "message_deleted 2025-08-05T21:44:09.412957Z channel=1402399883394285659 seen=private message=1402406637632884857",
        ),
        (
            "discord",
            "public_key = \"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\"",
            "discord/ENTITLEMENT_CREATE",
            "ignored unknown_type",
        ),
        (
            "zoom",
            "secret = \"env:X\"",
            "zoom/webinar.participant_joined",
            "live_attended 2023-07-07T17:59:30Z actor=E5qMfcA4SSmHgDMVSwYong email_key=# subject=96766811781",
        ),
        (
            "meltingspot",
            "secret = \"env:B64\"",
            "meltingspot/live.participant.created",
            "ignored invited",
        ),
        (
            "meltingspot",
            "secret = \"env:B64\"",
            "meltingspot/live.participant.updated",
            "live_registered 2024-05-07T15:28:34Z actor=00000000-0000-0000-0000-000000000000 channel=00000000-0000-0000-0000-000000000000 email_key=# subject=00000000-0000-0000-0000-000000000000 bot",
        ),
        (
            "meltingspot",
            "secret = \"env:B64\"",
            "meltingspot/live.updated",
            "live_scheduled 2024-05-07T15:28:34Z channel=00000000-0000-0000-0000-000000000000 subject=00000000-0000-0000-0000-000000000000 bot",
        ),
        (
            "whatsapp",
            meta,
            "whatsapp/message.text",
            "message_posted 2023-10-11T16:53:43Z actor=024907a99ba2d51b87d47bd5f5d42545 channel=1122334455667 seen=direct message=wamid.xyzxyz whatsapp_user_id=US.13491208655302741918 text=\"Body Text\"",
        ),
        (
            "whatsapp",
            meta,
            "whatsapp/message.reaction",
            "reaction_added 2023-10-11T17:14:16Z actor=024907a99ba2d51b87d47bd5f5d42545 channel=1122334455667 seen=direct message=wamid.yzxyzx= reaction=😮 whatsapp_user_id=US.13491208655302741918",
        ),
        (
            "whatsapp",
            meta,
            "whatsapp/message_status.read",
            "notification_opened 2023-07-15T00:20:58Z actor=024907a99ba2d51b87d47bd5f5d42545 category=service subject=wamid.xyzxyz",
        ),
        (
            "whatsapp",
            meta,
            "whatsapp/deleted_message.revoke",
            "message_deleted 2023-10-11T16:53:43Z actor=e571fe191a419c97c98f72476a574a93 channel=<BUSINESS_PHONE_NUMBER_ID> seen=direct message=<ORIGINAL_WHATSAPP_MESSAGE_ID>",
        ),
        (
            "whatsapp",
            meta,
            "whatsapp/system.phone_number_change",
            "member_updated 2025-07-30T04:55:15Z actor=024907a99ba2d51b87d47bd5f5d42545 channel=1122334455667 seen=direct successor=7a398512849f190ab8e5ac30d76c08d8",
        ),
        (
            "whatsapp",
            meta,
            "whatsapp/user_marketing_preferences.signup",
            "member_updated 2024-11-15T21:22:01Z actor=bf9d78c4f35708d2518a63a18b8f269e phone_key=# preference=signup",
        ),
        (
            "teams",
            "secret = \"env:X\"",
            "msgraph/changeNotification.basic",
            "ignored unknown_type",
        ),
        (
            "teams",
            "secret = \"env:X\"",
            "msgraph/lifecycleNotification",
            "ignored lifecycle",
        ),
        (
            "telegram",
            "secret = \"env:X\"",
            "telegram/chat_member",
            "member_updated 1973-11-29T21:33:09Z actor=123456789 channel=987654321 seen=direct bot staff",
        ),
        (
            "telegram",
            "secret = \"env:X\"",
            "telegram/contact",
            "message_posted 2022-11-16T21:26:38Z actor=12345 channel=12345 seen=direct message=12345/123456",
        ),
        (
            "telegram",
            "secret = \"env:X\"",
            "telegram/edited_message",
            "message_edited 2020-03-23T17:40:45Z actor=999999999 target=999999999 channel=999999999 reply_to=999999999/23758 seen=direct message=999999999/23762 text=\"Editing this message\"",
        ),
        (
            "telegram",
            "secret = \"env:X\"",
            "telegram/left_chat_member",
            "member_left 2022-11-16T21:26:38Z actor=12345 channel=12345 seen=direct",
        ),
        (
            "telegram",
            "secret = \"env:X\"",
            "telegram/message_reaction",
            "reaction_added 2023-05-25T03:17:44Z actor=456 channel=456 seen=direct message=456/123 reaction=🤡 | reaction_added 2023-05-25T03:17:44Z actor=456 channel=456 seen=direct message=456/123 reaction=1234567890123456789",
        ),
        (
            "telegram",
            "secret = \"env:X\"",
            "telegram/new_chat_members",
            "member_joined 2022-11-16T21:26:38Z actor=12345 channel=12345 seen=direct",
        ),
        (
            "github",
            "secret = \"env:X\"",
            "github/discussion.created",
            "message_posted 2021-03-30T20:09:52Z actor=Codertocat channel=Codertocat/Hello-World/general thread=discussion/3299614 seen=public message=discussion/3299614 staff text=\"TEST edit\\nTEST edit\"",
        ),
        (
            "github",
            "secret = \"env:X\"",
            "github/discussion.answered",
            "answer_accepted 2021-03-30T23:17:18Z actor=Codertocat target=dan2wik channel=Codertocat/Hello-World/q-a thread=discussion/3299614 seen=public message=comment/550561",
        ),
        (
            "github",
            "secret = \"env:X\"",
            "github/discussion_comment.created",
            "message_posted 2021-03-30T20:21:30Z actor=Codertocat channel=Codertocat/Hello-World/general thread=discussion/3299614 reply_to=discussion/3299614 seen=public message=comment/550062 staff text=\"ANSWER\"",
        ),
        (
            "github",
            "secret = \"env:X\"",
            "github/discussion_comment.deleted",
            "message_deleted 2026-03-01T10:00:00Z actor=Codertocat channel=Codertocat/Hello-World/general thread=discussion/3299614 reply_to=discussion/3299614 seen=public message=comment/550062 staff",
        ),
        (
            "github",
            "secret = \"env:X\"",
            "github/member.added",
            "member_joined 2026-03-01T10:00:00Z actor=hacktocat channel=Codertocat/Hello-World",
        ),
        (
            "bettermode",
            "secret = \"env:X\"",
            "bettermode/member.created",
            "member_joined 2021-12-20T03:32:18.757Z actor=zENywtyv1G email_key=# invitation_link=Nab5VLjadkLuOCsqjffJp",
        ),
        (
            "mighty",
            "secret = \"env:X\"\nevent = \"MemberJoined\"",
            "mighty/MemberJoined",
            "member_joined 2025-12-29T18:18:06Z actor=1234 channel=123 email_key=#",
        ),
        (
            "zendesk",
            "secret = \"env:X\"",
            "zendesk/trigger.ticket_create_update",
            "ignored unknown_type",
        ),
        (
            "intercom",
            "secret = \"env:X\"",
            "intercom/contact.user.created",
            "record_changed 2026-01-10T04:22:28.238Z entity=people subject=6961d4041c1e12de4c5499cc record=people person_id=6961d4041c1e12de4c5499cc email_key=# created_at=2026-01-10T04:22:28.24Z lifecycle_raw=user opted_out=false updated_at=2026-01-10T04:22:28.238Z source=intercom",
        ),
        (
            "intercom",
            "secret = \"env:X\"",
            "intercom/conversation.user.created",
            "record_changed 2019-03-22T21:29:58Z entity=tickets subject=21321941764 record=tickets ticket_id=21321941764 person_id=5c9553cb27e377f24eed49f7 created_at=2019-03-22T21:29:58Z status=open updated_at=2019-03-22T21:29:58Z source=intercom",
        ),
        (
            "typeform",
            "secret = \"env:X\"",
            "typeform/form_response",
            "survey_answered 2018-01-18T18:17:02Z actor=abc123456 external_id=abc123456 subject=lT4Z3j",
        ),
        (
            "stripe",
            "secret = \"env:X\"",
            "stripe/customer.created",
            "record_changed 2022-03-26T18:41:47Z entity=people subject=cus_00000000000000 record=people person_id=cus_00000000000000 created_at=2022-03-26T18:41:47Z updated_at=2022-03-26T18:41:47Z source=stripe",
        ),
        (
            "stripe",
            "secret = \"env:X\"",
            "stripe/invoice.paid",
            "record_changed 2022-03-26T18:40:15Z entity=invoices subject=in_000000000000000000000000 record=invoices invoice_id=in_000000000000000000000000 person_id=cus_00000000000000 issued_at=2022-03-26T18:40:13Z paid_at=2022-03-26T18:40:13Z amount_minor=2000 currency=USD status=paid source=stripe",
        ),
        (
            "shopify",
            "secret = \"env:X\"",
            "shopify/customers.create",
            "record_changed 2026-03-01T10:00:00Z entity=people subject=706405506930370000 record=people person_id=706405506930370000 email_key=# opted_out=false source=shopify",
        ),
        (
            "shopify",
            "secret = \"env:X\"",
            "shopify/orders.create",
            "record_changed 2023-02-21T01:50:03Z entity=orders subject=820982911946154500 record=orders order_id=820982911946154500 person_id=115310627314723950 email_key=# ordered_at=2023-02-21T01:50:03Z status=test amount_minor=3699 refunded_amount_minor=0 tax_minor=0 shipping_minor=1000 discount_minor=500 currency=CAD items=2 channel=web updated_at=2023-02-21T01:50:03Z source=shopify",
        ),
        (
            "hubspot",
            "secret = \"env:X\"\npublic_url = \"https://h.example/h\"",
            "hubspot/CONTACT",
            "record_changed 2023-04-02T15:08:42.728Z entity=people subject=251 record=people person_id=251 email_key=# account_id=7298823368 created_at=2023-04-02T15:08:19.688Z lifecycle=lead lifecycle_raw=lead lead_source=OFFLINE lead_source_raw=OFFLINE owner_id=823493108 updated_at=2023-04-02T15:08:42.728Z source=hubspot",
        ),
        (
            "cloudevents",
            "secret = \"env:X\"",
            "cloudevents/structured",
            "ignored unknown_type",
        ),
    ] {
        let source = source(&format!("platform = \"{platform}\"\n{more}"));
        let Some(delivery) = sample(&format!("{file}.json")) else {
            return;
        };
        let got = lines(&read_delivery(&source, &delivery)).join(" | ");
        if got != want {
            differ.push(format!("{file}\n  got  {got}\n  want {want}"));
        }
    }
    assert!(differ.is_empty(), "\n{}", differ.join("\n"));
}
