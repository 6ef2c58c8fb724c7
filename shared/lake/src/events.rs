//! Canonical events as Parquet: one file per UTC day, sorted by event id, each id once.

use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;

use levier_domain::entity::LakeKind;
use levier_domain::event::{Event, Kind};

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

/// What a column of `events/` says, with its unit.
#[must_use]
pub(crate) fn unit(column: &str) -> &'static str {
    match column {
        "event_id" => "from the event, never from the delivery",
        "source" => "table of levier.toml, or system of the file, that brought it",
        "platform" => "platform",
        "community" => "community",
        "kind" => "canonical kind",
        "occurred_at" => "the event's own time",
        "actor" => "handle of who did it, as the platform names it",
        "target" => "handle of to whom it was done",
        "channel" => "channel, space or category",
        "thread" => "thread",
        "reply_to" => "message that this one answers",
        "visibility" => "public, private or direct",
        "language" => "fr, en or another code; null when not told",
        "sentiment" => "-1 to 1; null when not scored",
        "is_question" => "the text asks something",
        "text_length" => "characters of the text",
        "is_bot" => "a machine did it",
        "is_staff" => "the platform says that staff did it",
        _ => "attributes of the kind; identifiers learnt are keyed hashes",
    }
}

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
    visit(key, bytes, &Wanted::ALL, |event| events.push(event.clone()))?;
    Ok(events)
}

/// What [`visit`] reads of an event; all else stays blank.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Columns; `kind` and `occurred_at` always come along.
    pub columns: &'static [&'static str],
    /// Attributes; `None` for every one.
    pub attributes: Option<&'static [&'static str]>,
}

impl Wanted {
    /// Everything.
    pub const ALL: Self = Self {
        columns: &[],
        attributes: None,
    };
}

/// Hands over the events of a Parquet file one by one. One event is filled again and again, so that fifty million of them cost
/// no allocation each.
///
/// # Errors
/// [`LakeError::Content`] where a required column that is wanted is empty or unknown.
pub fn visit(
    key: &str,
    bytes: Bytes,
    wanted: &Wanted,
    mut take: impl FnMut(&Event),
) -> Result<(), LakeError> {
    let mut event = Event {
        event_id: String::new(),
        source: String::new(),
        platform: String::new(),
        community: String::new(),
        kind: Kind::MessagePosted,
        occurred_at: jiff::Timestamp::UNIX_EPOCH,
        actor: None,
        target: None,
        channel: None,
        thread: None,
        reply_to: None,
        visibility: None,
        language: None,
        sentiment: None,
        is_question: None,
        text_length: None,
        is_bot: false,
        is_staff: false,
        attributes: std::collections::BTreeMap::new(),
    };
    let whole = wanted.columns.is_empty();
    let mut columns = wanted.columns.to_vec();
    if !whole {
        columns.extend(["kind", "occurred_at"]);
    }
    for batch in columns::batches(key, bytes, &columns)? {
        let batch = batch?;
        let views: Vec<Column<'_>> = COLUMNS
            .iter()
            .map(|(name, _)| Column::of(&batch, name))
            .collect();
        for row in 0..batch.num_rows() {
            let wrong = |what: &'static str| {
                LakeError::content(key, "events", format!("row {row} has no valid {what}"))
            };
            for (place, at) in [
                (&mut event.event_id, 0),
                (&mut event.source, 1),
                (&mut event.platform, 2),
                (&mut event.community, 3),
            ] {
                match views[at].text(row) {
                    Some(text) => {
                        place.clear();
                        place.push_str(text);
                    }
                    None if whole || columns.contains(&COLUMNS[at].0) => {
                        return Err(wrong(COLUMNS[at].0));
                    }
                    None => {}
                }
            }
            event.kind = views[4]
                .text(row)
                .and_then(|kind| kind.parse().ok())
                .ok_or_else(|| wrong("kind"))?;
            event.occurred_at = views[5].instant(row).ok_or_else(|| wrong("occurred_at"))?;
            for (place, at) in [
                (&mut event.actor, 6),
                (&mut event.target, 7),
                (&mut event.channel, 8),
                (&mut event.thread, 9),
                (&mut event.reply_to, 10),
                (&mut event.language, 12),
            ] {
                columns::refill(place, views[at].text(row));
            }
            event.visibility = views[11].text(row).and_then(|word| word.parse().ok());
            event.sentiment = views[13].number(row);
            event.is_question = views[14].boolean(row);
            event.text_length = views[15].integer(row).and_then(|n| u32::try_from(n).ok());
            event.is_bot = views[16].boolean(row).unwrap_or(false);
            event.is_staff = views[17].boolean(row).unwrap_or(false);
            event.attributes.clear();
            views[18].each_attribute(row, |name, value| {
                if wanted.attributes.is_none_or(|some| some.contains(&name)) {
                    event.attributes.insert(name.to_owned(), value.to_owned());
                }
            });
            take(&event);
        }
    }
    Ok(())
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
