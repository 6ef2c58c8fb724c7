//! One typed CRM record, in the lake's columns.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use crate::entity::Entity;

/// One typed cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Absent.
    #[default]
    Null,
    /// Text, ids, months, currencies, choices, keyed hashes.
    Text(String),
    /// A whole number; money in minor units.
    Integer(i64),
    /// A decimal number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// An instant.
    Instant(Timestamp),
    /// A calendar day.
    Date(Date),
    /// The other columns by header.
    Attributes(BTreeMap<String, String>),
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The integer, if it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(integer) = self {
            Some(*integer)
        } else {
            None
        }
    }

    /// The number, if it is one (integers widen).
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Integer(integer) => Some(*integer as f64),
            _ => None,
        }
    }

    /// The instant, if it is one.
    #[must_use]
    pub fn as_instant(&self) -> Option<Timestamp> {
        if let Self::Instant(instant) = self {
            Some(*instant)
        } else {
            None
        }
    }

    /// The day, if it is one.
    #[must_use]
    pub fn as_date(&self) -> Option<Date> {
        if let Self::Date(date) = self {
            Some(*date)
        } else {
            None
        }
    }

    /// The flag, if it is one.
    #[must_use]
    pub fn as_boolean(&self) -> Option<bool> {
        if let Self::Boolean(flag) = self {
            Some(*flag)
        } else {
            None
        }
    }

    /// Appends what is hashed of the value.
    fn feed(&self, out: &mut Vec<u8>) {
        let mut put = |tag: u8, bytes: &[u8]| {
            let mut head = [tag; 9];
            head[1..].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
            out.extend_from_slice(&head);
            out.extend_from_slice(bytes);
        };
        match self {
            Self::Null => put(0, &[]),
            Self::Text(text) => put(1, text.as_bytes()),
            Self::Integer(integer) => put(2, &integer.to_le_bytes()),
            Self::Number(number) => put(3, &number.to_bits().to_le_bytes()),
            Self::Boolean(flag) => put(4, &[u8::from(*flag)]),
            Self::Instant(instant) => put(5, &instant.as_microsecond().to_le_bytes()),
            Self::Date(date) => put(6, date.to_string().as_bytes()),
            Self::Attributes(map) => {
                put(7, &(map.len() as u64).to_le_bytes());
                for (key, value) in map {
                    put(1, key.as_bytes());
                    put(1, value.as_bytes());
                }
            }
        }
    }
}

/// One record of one entity: `values` stand in the order of [`Entity::lake_columns`], the last three being
/// `source`, `import_id`, `known_from`.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Which entity.
    pub entity: Entity,
    /// The cells.
    pub values: Vec<Value>,
}

impl Record {
    /// An empty record of `entity`.
    #[must_use]
    pub fn new(entity: Entity) -> Self {
        Self {
            entity,
            values: vec![Value::Null; entity.lake_columns().len()],
        }
    }

    /// The cell of a lake column (`amount_minor`, `email_key`); `Null` where there is no such column.
    #[must_use]
    pub fn get(&self, column: &str) -> &Value {
        const NULL: &Value = &Value::Null;
        self.entity
            .lake_position(column)
            .and_then(|position| self.values.get(position))
            .unwrap_or(NULL)
    }

    /// Sets the cell of a lake column; a column that does not exist is left alone and `false` returned.
    pub fn set(&mut self, column: &str, value: Value) -> bool {
        match self
            .entity
            .lake_position(column)
            .and_then(|position| self.values.get_mut(position))
        {
            Some(cell) => {
                *cell = value;
                true
            }
            None => false,
        }
    }

    /// 128 bits over the key columns (without `source`). Assignments and links may name their person by e-mail alone: its key
    /// then stands for the id that is absent.
    #[must_use]
    pub fn key_hash(&self) -> [u8; 16] {
        Fingerprint::of(self.entity).key(self)
    }

    /// 128 bits over everything that the file said: all cells but `source`, `import_id` and `known_from`.
    #[must_use]
    pub fn content_hash(&self) -> [u8; 16] {
        Fingerprint::content_of(self, &mut Vec::with_capacity(512))
    }

    /// The record's own modification time.
    #[must_use]
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.get("updated_at").as_instant()
    }

    /// Since when what a row says holds: its own modification time, else when it was dropped. Nothing was modified after it was
    /// dropped: a clock or a zone is wrong, and must not win over all that comes later.
    #[must_use]
    pub fn holds_from(&self) -> Option<Timestamp> {
        let known = self.get("known_from").as_instant();
        self.updated_at().into_iter().chain(known).min()
    }

    /// When a contract ended: as told; where its status says that it is over and no date tells since when, when its end was asked
    /// for, else the end of the period that was paid, else when the row was modified or dropped.
    #[must_use]
    pub fn contract_end(&self) -> Option<Timestamp> {
        let at = |column: &str| self.get(column).as_instant();
        let over = matches!(self.get("status").as_text(), Some("cancelled" | "ended"));
        at("ended_at").or_else(|| {
            let told = || at("cancelled_at").or_else(|| at("current_period_end"));
            over.then(|| told().or_else(|| self.holds_from())).flatten()
        })
    }

    /// What was refunded of an order or an invoice, in minor units: as told; all of what is called refunded without an amount.
    /// `None` where a part was refunded and how much is not said.
    #[must_use]
    pub fn refunded_minor(&self) -> Option<i64> {
        match self.get("refunded_amount_minor").as_integer() {
            Some(minor) => Some(minor),
            None => match self.get("status").as_text() {
                Some("refunded") => Some(self.get("amount_minor").as_integer().unwrap_or(0)),
                Some("partially_refunded") => None,
                _ => Some(0),
            },
        }
    }
}

/// Takes the hashes of many records of one entity: where their columns stand is looked up once, and what is hashed is gathered
/// first, because hashing cell by cell costs twice as much.
pub struct Fingerprint {
    key: Vec<usize>,
    /// Where the person stands, and the e-mail that stands for one who is absent.
    person: Option<(usize, usize)>,
    updated_at: Option<usize>,
    bytes: Vec<u8>,
}

impl Fingerprint {
    /// For records of `entity`.
    #[must_use]
    pub fn of(entity: Entity) -> Self {
        let person = matches!(entity, Entity::Assignments | Entity::Links)
            .then(|| {
                entity
                    .lake_position("person_id")
                    .zip(entity.lake_position("email_key"))
            })
            .flatten();
        Self {
            key: entity
                .key()
                .iter()
                .filter_map(|column| entity.lake_position(column))
                .collect(),
            person,
            updated_at: entity.lake_position("updated_at"),
            bytes: Vec::with_capacity(512),
        }
    }

    /// [`Record::key_hash`].
    pub fn key(&mut self, record: &Record) -> [u8; 16] {
        self.bytes.clear();
        for at in &self.key {
            record.values[*at].feed(&mut self.bytes);
        }
        if let Some((person, email)) = self.person
            && record.values[person] == Value::Null
        {
            record.values[email].feed(&mut self.bytes);
        }
        truncated(&self.bytes)
    }

    /// [`Record::content_hash`].
    pub fn content(&mut self, record: &Record) -> [u8; 16] {
        Self::content_of(record, &mut self.bytes)
    }

    /// [`Record::updated_at`] in microseconds.
    #[must_use]
    pub fn updated_at(&self, record: &Record) -> Option<i64> {
        self.updated_at
            .and_then(|at| record.values[at].as_instant())
            .map(Timestamp::as_microsecond)
    }

    fn content_of(record: &Record, bytes: &mut Vec<u8>) -> [u8; 16] {
        bytes.clear();
        for value in &record.values[..record.values.len().saturating_sub(3)] {
            value.feed(bytes);
        }
        truncated(bytes)
    }
}

fn truncated(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&Sha256::digest(bytes)[..16]);
    out
}
