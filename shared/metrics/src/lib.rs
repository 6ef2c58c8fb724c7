//! The KPI catalogue, the health score and the lists that a community builder works from.
//!
//! Everything is a function of values: events in a compact form ([`activity::Activity`]), person-month facts, typed CRM records,
//! an as-of day and the configuration. The same set of inputs in any order gives the same bits.

pub mod activity;
pub mod alert;
pub mod before_after;
mod book;
mod business;
pub mod calendar;
mod catalogue;
pub mod cell;
pub mod cohorts;
mod collect;
pub mod commerce;
mod contacts;
pub mod conversation;
mod crm;
mod days;
pub mod draft;
pub mod health;
pub mod health_action;
pub mod health_backtest;
mod health_change;
pub mod health_parts;
mod health_told;
mod heard;
pub mod helpers;
mod inputs;
pub mod leads;
pub mod lifetime;
pub mod lists;
mod market;
mod material;
pub mod membership;
mod mix;
pub mod numbers;
mod part;
mod people;
pub mod records;
pub mod scope;
pub mod spices;
mod sums;
mod surveys;
mod talk;
pub mod tally;
mod told;

pub use activity::Activity;
pub use alert::alerts;
pub use calendar::AsOf;
pub use catalogue::{FROM_EVENTS, kpis};
pub use cohorts::cohorts;
pub use collect::{ActivityBuilder, RosterLine};
pub use commerce::{Commerce, CommerceAccumulator};
pub use contacts::Lead;
pub use health::{health, health_with};
pub use health_told::Silence;
pub use inputs::Inputs;
pub use leads::community_qualified_leads;
pub use lists::champions;
pub use records::{Deal, Membership, Records, Spend, Subscription, Survey, Who, Words};

#[cfg(test)]
mod chs_test;
#[cfg(test)]
mod clock_test;
#[cfg(test)]
mod customers_test;
#[cfg(test)]
mod edge_test;
#[cfg(test)]
mod health_test;
#[cfg(test)]
mod plain_test;
#[cfg(test)]
mod property_test;
#[cfg(test)]
mod trade_test;
#[cfg(test)]
mod unknown_test;
#[cfg(test)]
mod worked_company_test;
#[cfg(test)]
mod worked_story_test;
#[cfg(test)]
mod worked_test;
