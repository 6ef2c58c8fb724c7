//! A row of `activity` as a canonical event.

use levier_domain::event::{Event, Kind, attribute};
use levier_domain::item::Draft;
use levier_domain::receipt::Refusal;
use levier_domain::record::{Record, Value};

use crate::cells::shape;

/// The event of one typed row; `written` is what stands in its free text, `domain` the keyed hash of the domain of its e-mail.
pub(crate) fn event(
    line: u64,
    record: &Record,
    written: Option<String>,
    domain: Option<String>,
) -> Result<Draft, Refusal> {
    let text = |column: &str| record.get(column).as_text().map(str::to_owned);
    let refuse = |column: &str, reason: String, hint: String| Refusal {
        line,
        column: column.to_owned(),
        reason,
        hint,
    };
    let word = text("kind").unwrap_or_default();
    let kind: Kind = match word.parse() {
        Ok(Kind::RecordChanged) | Err(_) => {
            return Err(refuse(
                "kind",
                format!("is no kind of event ({})", shape(&word)),
                format!(
                    "write one of {}",
                    Kind::ALL
                        .iter()
                        .filter(|kind| **kind != Kind::RecordChanged)
                        .map(|kind| kind.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            ));
        }
        Ok(kind) => kind,
    };
    let (Some(id), Some(platform), Some(community), Some(occurred_at)) = (
        text("event_id"),
        text("platform"),
        text("community"),
        record.get("occurred_at").as_instant(),
    ) else {
        return Err(refuse(
            "",
            "a required cell is empty".to_owned(),
            "fill in event_id, platform, community and occurred_at".to_owned(),
        ));
    };
    let mut event = Event::new(&platform, &community, "import", kind, occurred_at, &[&id]);
    if is_canonical(&id, &platform) {
        event.event_id.clone_from(&id);
    }
    event.actor = text("actor");
    event.target = text("target");
    event.channel = text("channel");
    event.thread = text("thread");
    event.reply_to = text("reply_to");
    event.visibility = text("visibility").and_then(|word| word.parse().ok());
    if let Value::Attributes(map) = record.get("attributes") {
        event.attributes.clone_from(map);
    }
    for (column, key) in [
        ("email_key", attribute::EMAIL_KEY),
        ("phone_key", attribute::PHONE_KEY),
    ] {
        if let Some(hash) = text(column) {
            event.attributes.insert(key.to_owned(), hash);
        }
    }
    // A row names the message that it is about as a webhook does: itself, or the one that it replies to. An id that is already
    // that of an event names no message.
    let about = match kind {
        Kind::MessagePosted => Some(id).filter(|id| !is_canonical(id, &platform)),
        Kind::MessageDeleted
        | Kind::ReactionAdded
        | Kind::ReactionRemoved
        | Kind::AnswerAccepted => event.reply_to.clone(),
        _ => None,
    };
    if let Some(message) = about {
        event
            .attributes
            .entry(attribute::MESSAGE.to_owned())
            .or_insert(message);
    }
    Ok(Draft {
        event,
        text: written,
        record: None,
        domain,
    })
}

/// Whether an id is already that of a canonical event of the platform.
fn is_canonical(id: &str, platform: &str) -> bool {
    id.strip_prefix(platform)
        .and_then(|rest| rest.strip_prefix(':'))
        .is_some_and(|hash| {
            hash.len() == 32
                && hash
                    .bytes()
                    .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        })
}
