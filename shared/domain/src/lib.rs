//! The words that every room of Levier speaks: money, periods, events, CRM records, facts, table rows, configuration.
//!
//! Nothing here reads a file, a clock or a network, so that every rule about meaning can be tested with values alone.
//! A value that exists is valid: each type has one door (`parse`, `new`) and refuses what the rest of the pipeline could
//! not interpret.
//!
//! ```
//! use levier_domain::money::{Currency, Money};
//! let price = Money::parse("12.50", Currency::parse("EUR").unwrap()).unwrap();
//! assert_eq!(price.minor(), 1250);
//! ```

pub mod config;
pub mod entity;
pub mod event;
pub mod fact;
pub mod item;
pub mod money;
pub mod private;
pub mod receipt;
pub mod record;
pub mod table;
pub mod time;
