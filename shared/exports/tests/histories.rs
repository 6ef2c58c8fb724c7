//! Chat histories: events with the ids that webhooks would give, and nothing of what people wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::io::{Cursor, Write};

use common::{Settings, read, read_with};
use levier_domain::event::{Kind, event_id};
use levier_domain::receipt::ImportStatus;
use levier_exports::Sidecar;

fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_slack_export_gives_the_ids_of_the_webhooks() {
    let archive = zip(&[
        (
            "users.json",
            r#"[{"id":"U1","profile":{"email":"ada@exemple.fr"}},{"id":"U2","is_bot":true}]"#,
        ),
        ("channels.json", r#"[{"id":"C1","name":"general"}]"#),
        (
            "general/2026-01-02.json",
            r#"[{"type":"message","user":"U1","ts":"1355517523.000005","text":"Bonjour ?","reactions":[{"name":"wave","users":["U2"]}]},
                {"type":"message","subtype":"channel_join","user":"U1","ts":"1355517500.000001","text":"<@U1> a rejoint"},
                {"type":"message","subtype":"channel_topic","user":"U1","ts":"1355517501.000001","text":"x"},
                {"type":"message","user":"U1","text":"sans heure"}]"#,
        ),
    ]);
    let got = read("slack.zip", &archive);
    assert_eq!(
        got.receipt().status,
        ImportStatus::Imported,
        "{:?}",
        got.receipt()
    );
    assert_eq!(got.receipt().dialect.as_deref(), Some("slack-export"));
    assert_eq!(
        (
            got.outcome.accepted,
            got.receipt().rows.dropped,
            got.receipt().rows.refused
        ),
        (2, 1, 1)
    );
    let ids: Vec<_> = got
        .events
        .iter()
        .map(|(_, draft)| draft.event.event_id.clone())
        .collect();
    assert!(ids.contains(&event_id(
        "slack",
        "main",
        Kind::MessagePosted,
        &["C1", "1355517523.000005"]
    )));
    assert!(ids.contains(&event_id(
        "slack",
        "main",
        Kind::ReactionAdded,
        &["C1", "1355517523.000005", "U2", "wave"]
    )));
    let events: Vec<_> = got.events.iter().map(|(_, draft)| &draft.event).collect();
    let shown = format!("{events:?}");
    for private in ["ada@", "Bonjour"] {
        assert!(!shown.contains(private), "{private}");
    }
}

#[test]
fn whatsapp_chats_are_read_in_french_and_english() {
    for (case, content, first) in [
        (
            "french",
            "25/01/2026 à 10:11 - Les messages sont chiffrés de bout en bout.\n25/01/2026 à 10:12 - +33 6 12 34 56 78: Bonjour\nencore moi\n25/01/2026 à 10:12 - Ada: <Médias omis>\n",
            "2026-01-25T09:12:00Z",
        ),
        (
            "english",
            "1/25/26, 10:11 AM - Messages are end-to-end encrypted.\n1/25/26, 10:12 AM - +33 6 12 34 56 78: Hello\nme again\n1/25/26, 10:12 AM - Ada: <Media omitted>\n",
            "2026-01-25T09:12:00Z",
        ),
    ] {
        let got = read("chat.txt", content.as_bytes());
        assert_eq!(got.events.len(), 2, "{case}: {:?}", got.receipt());
        assert_eq!(got.receipt().rows.dropped, 1, "{case}");
        let draft = &got.events[0].1;
        assert_eq!(draft.event.occurred_at.to_string(), first, "{case}");
        assert!(draft.text.as_deref().unwrap().contains('\n'), "{case}");
        assert!(draft.event.attributes.contains_key("phone_key"), "{case}");
        assert_eq!(got.events[1].1.text, None, "{case}");
        let shown = format!(
            "{:?}",
            got.events.iter().map(|(_, d)| &d.event).collect::<Vec<_>>()
        );
        assert!(
            !shown.contains("Ada") && !shown.contains("+33"),
            "{case}: {shown}"
        );
    }
    let ambiguous = "01/02/2026 à 10:12 - Ada: Bonjour\n";
    assert_eq!(
        read("chat.txt", ambiguous.as_bytes()).receipt().status,
        ImportStatus::Refused
    );
    let sidecar = Sidecar::parse("x", "date_order = \"dmy\"\ncommunity = \"club\"").unwrap();
    let got = read_with(
        "chat.txt",
        ambiguous.as_bytes(),
        &Settings {
            sidecar: Some(sidecar),
            ..Settings::default()
        },
    );
    assert_eq!(got.events[0].1.event.community, "club");
}

#[test]
fn discord_and_discourse_exports_are_read() {
    let discord = "{\n  \"guild\": {\"id\": \"1\"},\n  \"channel\": {\"id\": \"2\"},\n  \"messages\": [{\"id\": \"30\", \"type\": \"Default\", \"timestamp\": \"2026-01-02T10:00:00+00:00\", \"content\": \"salut\", \"author\": {\"id\": \"4\", \"isBot\": false}}]\n}";
    let got = read("channel.json", discord.as_bytes());
    assert_eq!(got.events.len(), 1, "{:?}", got.receipt());
    assert_eq!(
        got.events[0].1.event.event_id,
        event_id("discord", "main", Kind::MessagePosted, &["30"])
    );

    let discourse = "topic_id,post_number,created_at,username,raw,reply_to_post_number\n315,1,2026-01-02 10:00:00 UTC,ada,Bonjour,\n315,2,2026-01-02 11:00:00 UTC,bob,Oui,1\n";
    let got = read("posts.csv", discourse.as_bytes());
    assert_eq!(got.events.len(), 2, "{:?}", got.receipt());
    assert_eq!(
        got.events[1].1.event.event_id,
        event_id("discourse", "main", Kind::MessagePosted, &["315", "2"])
    );
    assert_eq!(got.events[1].1.event.reply_to.as_deref(), Some("315/1"));
}
