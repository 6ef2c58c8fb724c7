//! What one delivery or file is read into: items, the unit of every count.
//!
//! received = accepted + duplicate + ignored + quarantined holds over items. The reader decides between the last three words;
//! whether a readable item is new or a duplicate is only known once all deliveries are seen, at compaction.

use crate::event::Event;
use crate::record::Record;

/// One thing that a delivery said.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A canonical event, with the text still to be read for language and sentiment.
    Event(Box<Draft>),
    /// Understood, and of no use: an unknown type, an echo, a ping.
    Ignored {
        /// A short stable word: `unknown_type`, `no_rule`, `ping`…
        reason: String,
    },
    /// Should have been understood and was not; replayed after a fix.
    Quarantined {
        /// What failed, on which field; never the value itself.
        reason: String,
    },
}

/// An event before its text is read and dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The event, without what only the text tells.
    pub event: Event,
    /// The text, read once at compaction and never stored.
    pub text: Option<String>,
    /// For `record_changed`: the CRM record that the webhook carries.
    pub record: Option<Record>,
    /// Keyed hash of the company's domain of the actor's e-mail, where one came along: kept beside the events, once for each
    /// address.
    pub domain: Option<String>,
}

impl Item {
    /// An event without text.
    #[must_use]
    pub fn event(event: Event) -> Self {
        Self::Event(Box::new(Draft {
            event,
            text: None,
            record: None,
            domain: None,
        }))
    }

    /// An event with text to read.
    #[must_use]
    pub fn message(event: Event, text: impl Into<String>) -> Self {
        Self::Event(Box::new(Draft {
            event,
            text: Some(text.into()),
            record: None,
            domain: None,
        }))
    }

    /// An item of no use, and why.
    #[must_use]
    pub fn ignored(reason: impl Into<String>) -> Self {
        Self::Ignored {
            reason: reason.into(),
        }
    }

    /// An item that could not be read, and why.
    #[must_use]
    pub fn quarantined(reason: impl Into<String>) -> Self {
        Self::Quarantined {
            reason: reason.into(),
        }
    }
}
