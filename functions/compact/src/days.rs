//! The day files: merging events into them, and counting what lies in them.
//!
//! What was derived from the text of a deleted message goes: the deletions seen so far stand in one small object, and every day
//! file is written with the derived columns of those messages blank, whichever of message and deletion came first.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::civil::Date;
use levier_domain::event::{Event, Kind, attribute};
use levier_lake::brought::{self, Brought};
use levier_lake::ledger::Day;
use levier_lake::{Lake, LakeError, events, keys};

const COUNTS: &str = "ledger/days.json";
const DELETIONS: &str = "ledger/deletions.json";

/// Events by day, source and kind.
pub type Counts = BTreeMap<Date, Day>;

/// What lies in the day files, by day.
pub async fn counts(lake: &Lake) -> Result<Counts, LakeError> {
    Ok(lake.get_json(COUNTS).await?.unwrap_or_default())
}

fn message_key(event: &Event) -> Option<String> {
    event
        .message()
        .map(|message| format!("{}|{}|{message}", event.platform, event.community))
}

/// Takes events out of their day files, and forgets the deletions among them. What such a deletion blanked comes back when its
/// message is read again.
pub async fn take_back(lake: &Lake, going: &Brought) -> Result<(), LakeError> {
    let goes = |day: &Date, event: &Event| {
        let id = brought::id(&event.event_id);
        id.is_some_and(|id| going.get(day).is_some_and(|ids| ids.contains(&id)))
    };
    // Deletions first: once its event is out of the day file nobody knows which message it named.
    let mut deletions: BTreeSet<String> = lake.get_json(DELETIONS).await?.unwrap_or_default();
    for day in going.keys() {
        for event in held(lake, *day).await? {
            if event.kind == Kind::MessageDeleted
                && goes(day, &event)
                && let Some(message) = message_key(&event)
            {
                deletions.remove(&message);
            }
        }
    }
    if deletions.is_empty() {
        lake.delete(DELETIONS).await?;
    } else {
        lake.put_json(DELETIONS, &deletions).await?;
    }
    let mut counts = counts(lake).await?;
    for day in going.keys() {
        let key = keys::events(*day);
        let mut events = held(lake, *day).await?;
        events.retain(|event| !goes(day, event));
        if events.is_empty() {
            lake.delete(&key).await?;
            counts.remove(day);
        } else {
            lake.put(&key, events::encode(&key, &events)?).await?;
            counts.insert(*day, count(&events));
        }
    }
    lake.put_json(COUNTS, &counts).await
}

async fn held(lake: &Lake, day: Date) -> Result<Vec<Event>, LakeError> {
    let key = keys::events(day);
    match lake.get(&key).await? {
        Some(bytes) => events::decode(&key, bytes),
        None => Ok(Vec::new()),
    }
}

fn count(events: &[Event]) -> Day {
    let mut day = Day::default();
    for event in events {
        let kinds = day.accepted.entry(event.source.clone()).or_default();
        *kinds.entry(event.kind.as_str().to_owned()).or_default() += 1;
    }
    day
}

/// Merges events into their day files.
pub async fn merge(lake: &Lake, fresh: Vec<Event>) -> Result<(), LakeError> {
    if fresh.is_empty() {
        return Ok(());
    }
    let mut deletions: BTreeSet<String> = lake.get_json(DELETIONS).await?.unwrap_or_default();
    let news: BTreeSet<String> = fresh
        .iter()
        .filter(|event| event.kind == Kind::MessageDeleted)
        .filter_map(message_key)
        .filter(|key| !deletions.contains(key))
        .collect();
    let mut by_day: BTreeMap<Date, Vec<Event>> = BTreeMap::new();
    for event in fresh {
        by_day
            .entry(keys::event_day(event.occurred_at))
            .or_default()
            .push(event);
    }
    if !news.is_empty() {
        // Deletions are rare; a new one looks through every day for the message that it names.
        for object in lake.list(keys::EVENTS).await? {
            if let Some(day) = keys::day_of_events_key(&object.key) {
                by_day.entry(day).or_default();
            }
        }
        deletions.extend(news);
    }
    let mut counts = counts(lake).await?;
    for (day, fresh) in by_day {
        let key = keys::events(day);
        let before = lake.get(&key).await?;
        let held = before
            .clone()
            .map_or(Ok(Vec::new()), |bytes| events::decode(&key, bytes))?;
        let mut merged = events::merge(held.into_iter().chain(fresh).collect());
        for event in &mut merged {
            if matches!(event.kind, Kind::MessagePosted | Kind::MessageEdited)
                && message_key(event).is_some_and(|key| deletions.contains(&key))
            {
                event.language = None;
                event.sentiment = None;
                event.is_question = None;
                event.text_length = None;
                event.attributes.remove(attribute::WORDS);
            }
        }
        let bytes = Bytes::from(events::encode(&key, &merged)?);
        if before.as_ref() != Some(&bytes) {
            lake.put(&key, bytes).await?;
        }
        counts.insert(day, count(&merged));
    }
    lake.put_json(COUNTS, &counts).await?;
    if !deletions.is_empty() {
        lake.put_json(DELETIONS, &deletions).await?;
    }
    Ok(())
}
