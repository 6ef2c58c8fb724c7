//! Canonical events as Parquet: one file per UTC day, sorted by event id, each id once.

use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;

use levier_domain::entity::LakeKind;
use levier_domain::event::Event;

use crate::columns::{self, Builder, Column};
use crate::store::LakeError;

/// The columns of `events/`, in order.
pub const COLUMNS: &[(&str, LakeKind)] = &[
    ("event_id", LakeKind::Text),
    ("source", LakeKind::Text),
    ("platform", LakeKind::Text),
    ("community", LakeKind::Text),
    ("kind", LakeKind::Text),
    ("occurred_at", LakeKind::Instant),
    ("actor", LakeKind::Text),
    ("target", LakeKind::Text),
    ("channel", LakeKind::Text),
    ("thread", LakeKind::Text),
    ("reply_to", LakeKind::Text),
    ("visibility", LakeKind::Text),
    ("language", LakeKind::Text),
    ("sentiment", LakeKind::Number),
    ("is_question", LakeKind::Boolean),
    ("text_length", LakeKind::Integer),
    ("is_bot", LakeKind::Boolean),
    ("is_staff", LakeKind::Boolean),
    ("attributes", LakeKind::Attributes),
];

/// The Arrow schema of `events/`.
#[must_use]
pub fn schema() -> Arc<Schema> {
    columns::schema(COLUMNS.iter().copied())
}

fn batch(events: &[Event]) -> Result<RecordBatch, LakeError> {
    let mut builders: Vec<Builder> = COLUMNS
        .iter()
        .map(|(_, kind)| Builder::new(*kind))
        .collect();
    for event in events {
        let texts = [
            (0, Some(event.event_id.as_str())),
            (1, Some(event.source.as_str())),
            (2, Some(event.platform.as_str())),
            (3, Some(event.community.as_str())),
            (4, Some(event.kind.as_str())),
            (6, event.actor.as_deref()),
            (7, event.target.as_deref()),
            (8, event.channel.as_deref()),
            (9, event.thread.as_deref()),
            (10, event.reply_to.as_deref()),
            (
                11,
                event
                    .visibility
                    .map(levier_domain::event::Visibility::as_str),
            ),
            (12, event.language.as_deref()),
        ];
        for (position, text) in texts {
            if let Builder::Text(builder) = &mut builders[position] {
                builder.append_option(text);
            }
        }
        if let Builder::Instant(builder) = &mut builders[5] {
            builder.append_value(event.occurred_at.as_microsecond());
        }
        if let Builder::Number(builder) = &mut builders[13] {
            builder.append_option(event.sentiment);
        }
        if let Builder::Integer(builder) = &mut builders[15] {
            builder.append_option(event.text_length.map(i64::from));
        }
        for (position, flag) in [
            (14, event.is_question),
            (16, Some(event.is_bot)),
            (17, Some(event.is_staff)),
        ] {
            if let Builder::Boolean(builder) = &mut builders[position] {
                builder.append_option(flag);
            }
        }
        if let Builder::Attributes(builder) = &mut builders[18] {
            for (key, value) in &event.attributes {
                builder.keys().append_value(key);
                builder.values().append_value(value);
            }
            // Lengths of keys and values agree by construction, the only thing that `append` checks.
            let _ = builder.append(true);
        }
    }
    columns::batch("events", &schema(), &mut builders)
}

/// A Parquet file of events, in the order given.
///
/// # Errors
/// [`LakeError::Content`].
pub fn encode(key: &str, events: &[Event]) -> Result<Vec<u8>, LakeError> {
    let batches = events
        .chunks(65_536)
        .map(batch)
        .collect::<Result<Vec<_>, _>>()?;
    columns::write(key, &schema(), &batches)
}

/// The events of a Parquet file.
///
/// # Errors
/// [`LakeError::Content`] where a required column is empty or unknown.
pub fn decode(key: &str, bytes: Bytes) -> Result<Vec<Event>, LakeError> {
    let mut events = Vec::new();
    for batch in columns::read(key, bytes, &[])? {
        let column = |name: &str| Column::of(&batch, name);
        let (id, source, platform, community) = (
            column("event_id"),
            column("source"),
            column("platform"),
            column("community"),
        );
        let (kind, at, actor, target) = (
            column("kind"),
            column("occurred_at"),
            column("actor"),
            column("target"),
        );
        let (channel, thread, reply_to, visibility) = (
            column("channel"),
            column("thread"),
            column("reply_to"),
            column("visibility"),
        );
        let (language, sentiment, is_question) = (
            column("language"),
            column("sentiment"),
            column("is_question"),
        );
        let (length, is_bot, is_staff, attributes) = (
            column("text_length"),
            column("is_bot"),
            column("is_staff"),
            column("attributes"),
        );
        for row in 0..batch.num_rows() {
            let wrong = |what: &'static str| {
                LakeError::content(key, "events", format!("row {row} has no valid {what}"))
            };
            let text = |view: &Column<'_>| view.text(row).map(str::to_owned);
            events.push(Event {
                event_id: text(&id).ok_or_else(|| wrong("event_id"))?,
                source: text(&source).ok_or_else(|| wrong("source"))?,
                platform: text(&platform).ok_or_else(|| wrong("platform"))?,
                community: text(&community).ok_or_else(|| wrong("community"))?,
                kind: kind
                    .text(row)
                    .and_then(|kind| kind.parse().ok())
                    .ok_or_else(|| wrong("kind"))?,
                occurred_at: at.instant(row).ok_or_else(|| wrong("occurred_at"))?,
                actor: text(&actor),
                target: text(&target),
                channel: text(&channel),
                thread: text(&thread),
                reply_to: text(&reply_to),
                visibility: visibility.text(row).and_then(|word| word.parse().ok()),
                language: text(&language),
                sentiment: sentiment.number(row),
                is_question: is_question.boolean(row),
                text_length: length.integer(row).and_then(|n| u32::try_from(n).ok()),
                is_bot: is_bot.boolean(row).unwrap_or(false),
                is_staff: is_staff.boolean(row).unwrap_or(false),
                attributes: attributes.attributes(row),
            });
        }
    }
    Ok(events)
}

/// Sorts by id and keeps one event per id, whatever order they came in: of two that share an id but not their content, the one
/// that knows more stays (more attributes, then the smaller serialisation).
#[must_use]
pub fn merge(mut events: Vec<Event>) -> Vec<Event> {
    let content = |event: &Event| serde_json::to_string(event).unwrap_or_default();
    events.sort_by(|a, b| {
        a.event_id
            .cmp(&b.event_id)
            .then_with(|| b.attributes.len().cmp(&a.attributes.len()))
            .then_with(|| {
                if a == b {
                    std::cmp::Ordering::Equal
                } else {
                    content(a).cmp(&content(b))
                }
            })
    });
    events.dedup_by(|later, first| later.event_id == first.event_id);
    events
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use levier_domain::event::Kind;

    fn event(object: &str) -> Event {
        Event::new(
            "slack",
            "main",
            "slack",
            Kind::MessagePosted,
            "2026-03-29T01:30:00Z".parse().unwrap(),
            &[object],
        )
    }

    #[test]
    fn events_read_back() {
        let mut full = event("1");
        full.actor = Some("U1".to_owned());
        full.sentiment = Some(-0.25);
        full.is_question = Some(true);
        full.text_length = Some(12);
        full.attributes.insert("message".to_owned(), "1".to_owned());
        let events = vec![full, event("2")];
        assert_eq!(
            decode("k", Bytes::from(encode("k", &events).unwrap())).unwrap(),
            events
        );
    }

    #[test]
    fn merging_is_a_set_operation() {
        let mut richer = event("1");
        richer
            .attributes
            .insert("message".to_owned(), "1".to_owned());
        let forwards = merge(vec![event("1"), event("2"), richer.clone(), event("2")]);
        let backwards = merge(vec![event("2"), richer.clone(), event("2"), event("1")]);
        assert_eq!(forwards, backwards);
        assert_eq!(forwards.len(), 2);
        assert!(forwards.contains(&richer));
    }
}
