//! A CRM record out of a webhook: the lake's columns, money in minor units, addresses hashed.

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::event::Kind;
use levier_domain::item::Item;
use levier_domain::money::{Currency, Money};
use levier_domain::record::{Record, Value as Cell};
use serde_json::Value;

use crate::ids::{self, Object};
use crate::platform::Origin;
use crate::read::need;

/// A record being filled; what is absent stays null.
pub(crate) struct Row<'a> {
    origin: &'a Origin<'a>,
    record: Record,
}

impl<'a> Row<'a> {
    pub(crate) fn new(entity: Entity, origin: &'a Origin<'a>) -> Self {
        let mut record = Record::new(entity);
        record.set("source", Cell::Text(origin.platform.to_owned()));
        Self { origin, record }
    }

    pub(crate) fn text(mut self, column: &str, value: Option<impl Into<String>>) -> Self {
        if let Some(text) = value
            .map(Into::into)
            .filter(|text: &String| !text.is_empty())
        {
            self.record.set(column, Cell::Text(text));
        }
        self
    }

    /// An id: whoever is named by an address there is named by the address's key, as in events and exports.
    pub(crate) fn id(self, column: &str, value: Option<impl Into<String>>) -> Self {
        let concealed = value.map(|id| self.origin.conceal(&id.into()));
        self.text(column, concealed)
    }

    pub(crate) fn instant(mut self, column: &str, value: Option<Timestamp>) -> Self {
        if let Some(at) = value {
            self.record.set(column, Cell::Instant(at));
        }
        self
    }

    pub(crate) fn minor(mut self, column: &str, value: Option<i64>) -> Self {
        if let Some(minor) = value {
            self.record.set(column, Cell::Integer(minor));
        }
        self
    }

    pub(crate) fn number(mut self, column: &str, value: Option<f64>) -> Self {
        if let Some(number) = value.filter(|number| number.is_finite()) {
            self.record.set(column, Cell::Number(number));
        }
        self
    }

    pub(crate) fn flag(mut self, column: &str, value: Option<bool>) -> Self {
        if let Some(flag) = value {
            self.record.set(column, Cell::Boolean(flag));
        }
        self
    }

    pub(crate) fn email(self, raw: Option<&str>) -> Self {
        let key = raw.and_then(|raw| self.origin.context.hash_key.email(raw));
        self.text("email_key", key)
    }

    pub(crate) fn phone(self, raw: Option<&str>) -> Self {
        let context = self.origin.context;
        let key = raw.and_then(|raw| context.hash_key.phone(raw, context.country));
        self.text("phone_key", key)
    }

    /// The record as a `record_changed` event: its id is the record's and what it said.
    pub(crate) fn changed(self, at: Timestamp, id: &str) -> Item {
        let content = hex::encode(self.record.content_hash());
        let object: Object = ids::record(self.record.entity.as_str(), id, &content);
        self.origin
            .event(Kind::RecordChanged, at, &object)
            .subject(Some(id))
            .attribute("entity", Some(self.record.entity.as_str()))
            .record(self.record)
            .item()
    }

    pub(crate) fn record(self) -> Record {
        self.record
    }
}

/// A currency code, or a quarantined item.
pub(crate) fn currency(code: Option<&str>, field: &str) -> Result<Currency, Item> {
    need(code.and_then(|code| Currency::parse(code).ok()), field)
}

/// An amount in major units, as text or number, in minor units; absent is `None`, unreadable a quarantined item.
pub(crate) fn major(
    value: Option<&Value>,
    currency: Currency,
    field: &str,
) -> Result<Option<i64>, Item> {
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => {
            return Err(Item::quarantined(format!(
                "{field} is missing or unreadable"
            )));
        }
    };
    need(Money::parse(&text, currency).ok(), field).map(|money| Some(money.minor()))
}
