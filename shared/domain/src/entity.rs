//! The CRM entities and their columns: the own layout (what is dropped) and the lake layout (what lies under `crm/`).
//!
//! The table is data, so that the CSV reader, the Parquet schema, the receipts and the docs say the same thing. A column marked
//! *private* never reaches the lake as it is: an e-mail becomes `email_key`, a phone `phone_key`. Money becomes `…_minor`
//! (integer). Every lake row also has `source`, `import_id` and `known_from`.

mod tables;

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use self::tables::{
    ACCOUNTS, ACTIVITY, ASSIGNMENTS, COSTS, DEALS, INVOICES, LINKS, MEMBERS, MENTIONS, ORDERS,
    PEOPLE, RATES, SPEND, SUBSCRIPTIONS, SURVEYS, TICKETS, WEB_TRAFFIC,
};
use crate::event::words;

words! {
    /// One kind of record that can be dropped.
    Entity {
        /// Contacts and leads.
        People = "people",
        /// Companies.
        Accounts = "accounts",
        /// Opportunities.
        Deals = "deals",
        /// Purchases.
        Orders = "orders",
        /// Recurring contracts.
        Subscriptions = "subscriptions",
        /// Bills.
        Invoices = "invoices",
        /// Support requests.
        Tickets = "tickets",
        /// Answers to surveys.
        Surveys = "surveys",
        /// Advertising and acquisition spend.
        Spend = "spend",
        /// What the community costs.
        Costs = "costs",
        /// Visits by channel.
        WebTraffic = "web_traffic",
        /// Mentions on other networks.
        Mentions = "mentions",
        /// Rosters of communities that push nothing.
        Members = "members",
        /// Explicit identities.
        Links = "links",
        /// Randomised invitations.
        Assignments = "assignments",
        /// Exchange rates.
        Rates = "rates",
        /// History of events.
        Activity = "activity",
    }
}

/// What a cell of a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text, kept as it is.
    Text,
    /// An id: text that is never a number.
    Id,
    /// An instant; a bare day is local midnight.
    Instant,
    /// A calendar day.
    Date,
    /// `YYYY-MM`.
    Month,
    /// An amount in major units; in the lake `{name}_minor`.
    Money,
    /// A currency code.
    Currency,
    /// A decimal number.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// One of a closed list.
    Choice(&'static [&'static str]),
    /// An e-mail address; in the lake `email_key`.
    Email,
    /// A phone number; in the lake `phone_key`.
    Phone,
    /// A person's name or id where names occur (owner, agent, author): ids stay, names become keyed hashes.
    Agent,
    /// Free text that is read and dropped; never in the lake.
    FreeText,
    /// All other columns, by header.
    Attributes,
}

/// One column of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Header in the own layout.
    pub name: &'static str,
    /// What its cells hold.
    pub kind: ColumnKind,
    /// Whether an empty cell refuses the row.
    pub required: bool,
}

/// How a lake column is typed in Parquet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LakeKind {
    /// UTF-8.
    Text,
    /// Timestamp in microseconds, UTC.
    Instant,
    /// DATE.
    Date,
    /// 64-bit integer.
    Integer,
    /// Double.
    Number,
    /// Boolean.
    Boolean,
    /// MAP of UTF-8 to UTF-8.
    Attributes,
}

/// One column of `crm/{entity}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeColumn {
    /// Name in Parquet.
    pub name: String,
    /// Type in Parquet.
    pub kind: LakeKind,
    /// Position in [`Entity::columns`] of the column that it comes from; `None` for the three that are added.
    pub origin: Option<usize>,
}

use ColumnKind::{
    Agent, Attributes, Boolean, Choice, Currency, Date, Email, FreeText, Id, Instant, Integer,
    Money, Month, Number, Phone, Text,
};

/// CRM lifecycle stages, in the order of the funnel.
pub const LIFECYCLES: &[&str] = &[
    "subscriber",
    "lead",
    "marketing_qualified",
    "sales_qualified",
    "opportunity",
    "customer",
    "churned",
    "other",
];

impl Entity {
    /// The columns of the own layout, in order.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::People => PEOPLE,
            Self::Accounts => ACCOUNTS,
            Self::Deals => DEALS,
            Self::Orders => ORDERS,
            Self::Subscriptions => SUBSCRIPTIONS,
            Self::Invoices => INVOICES,
            Self::Tickets => TICKETS,
            Self::Surveys => SURVEYS,
            Self::Spend => SPEND,
            Self::Costs => COSTS,
            Self::WebTraffic => WEB_TRAFFIC,
            Self::Mentions => MENTIONS,
            Self::Members => MEMBERS,
            Self::Links => LINKS,
            Self::Assignments => ASSIGNMENTS,
            Self::Rates => RATES,
            Self::Activity => ACTIVITY,
        }
    }

    /// The columns that make the key, unique per `source`.
    #[must_use]
    pub fn key(self) -> &'static [&'static str] {
        match self {
            Self::People => &["person_id"],
            Self::Accounts => &["account_id"],
            Self::Deals => &["deal_id"],
            Self::Orders => &["order_id"],
            Self::Subscriptions => &["subscription_id"],
            Self::Invoices => &["invoice_id"],
            Self::Tickets => &["ticket_id"],
            Self::Surveys => &["response_id"],
            Self::Spend => &["date", "channel", "campaign", "audience", "purpose"],
            Self::Costs => &["month", "category", "label"],
            Self::WebTraffic => &["date", "channel"],
            Self::Mentions => &["mention_id"],
            Self::Members => &["community", "platform", "handle"],
            Self::Links => &["platform", "handle", "person_id"],
            Self::Assignments => &["experiment", "person_id"],
            Self::Rates => &["date", "currency"],
            Self::Activity => &["event_id"],
        }
    }

    /// Position of a column of the own layout.
    #[must_use]
    pub fn position(self, name: &str) -> Option<usize> {
        self.columns().iter().position(|column| column.name == name)
    }

    /// The columns of the lake, in order; position is the position in [`crate::record::Record::values`].
    #[must_use]
    pub fn lake_columns(self) -> &'static [LakeColumn] {
        // Made once: every cell that is looked up by its name asks for them.
        static LAKE: [OnceLock<Vec<LakeColumn>>; Entity::ALL.len()] =
            [const { OnceLock::new() }; Entity::ALL.len()];
        LAKE[self as usize].get_or_init(|| self.make_lake_columns())
    }

    fn make_lake_columns(self) -> Vec<LakeColumn> {
        let mut lake = Vec::new();
        for (origin, column) in self.columns().iter().enumerate() {
            let (name, kind) = match column.kind {
                Text | Id | Month | Currency | Choice(_) | Agent => {
                    (column.name.to_owned(), LakeKind::Text)
                }
                Instant => (column.name.to_owned(), LakeKind::Instant),
                Date => (column.name.to_owned(), LakeKind::Date),
                Money => (format!("{}_minor", column.name), LakeKind::Integer),
                Number => (column.name.to_owned(), LakeKind::Number),
                Integer => (column.name.to_owned(), LakeKind::Integer),
                Boolean => (column.name.to_owned(), LakeKind::Boolean),
                Email | Phone => (format!("{}_key", column.name), LakeKind::Text),
                FreeText => continue,
                Attributes => (column.name.to_owned(), LakeKind::Attributes),
            };
            lake.push(LakeColumn {
                name,
                kind,
                origin: Some(origin),
            });
        }
        for (name, kind) in [
            ("source", LakeKind::Text),
            ("import_id", LakeKind::Text),
            ("known_from", LakeKind::Instant),
        ] {
            lake.push(LakeColumn {
                name: name.to_owned(),
                kind,
                origin: None,
            });
        }
        lake
    }

    /// Position of a column of the lake.
    #[must_use]
    pub fn lake_position(self, name: &str) -> Option<usize> {
        // Asked for every cell of every row: made once, and found by its hash.
        static PLACES: [OnceLock<FxHashMap<&'static str, usize>>; Entity::ALL.len()] =
            [const { OnceLock::new() }; Entity::ALL.len()];
        let places = PLACES[self as usize].get_or_init(|| {
            let columns = self.lake_columns().iter().enumerate();
            columns
                .map(|(at, column)| (column.name.as_str(), at))
                .collect()
        });
        places.get(name).copied()
    }

    /// Whether rows carry a modification time of their own.
    #[must_use]
    pub fn has_updated_at(self) -> bool {
        self.position("updated_at").is_some()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_columns() {
        for entity in Entity::ALL {
            for key in entity.key() {
                assert!(entity.position(key).is_some(), "{entity}: {key}");
            }
        }
    }

    #[test]
    fn nothing_private_is_a_lake_column() {
        for entity in Entity::ALL {
            for column in entity.lake_columns() {
                assert!(
                    !matches!(column.name.as_str(), "email" | "phone" | "text"),
                    "{entity}"
                );
            }
        }
        for entity in Entity::ALL {
            for (position, column) in entity.lake_columns().iter().enumerate() {
                assert_eq!(
                    entity.lake_position(&column.name),
                    Some(position),
                    "{entity}"
                );
            }
            assert_eq!(entity.lake_position("amount"), None, "{entity}");
        }
        assert!(Entity::Orders.lake_position("amount_minor").is_some());
        assert!(Entity::Orders.lake_position("email_key").is_some());
    }
}
