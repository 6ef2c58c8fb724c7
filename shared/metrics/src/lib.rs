//! The KPI catalogue, the health score and the lists that a community builder works from.
//!
//! Everything is a function of values: events in a compact form ([`activity::Activity`]), person-month facts, typed CRM records,
//! an as-of day and the configuration. The same set of inputs in any order gives the same bits.

pub mod activity;
pub mod conversation;
pub mod health;
pub mod health_action;
pub mod health_parts;
pub mod membership;
pub mod numbers;

pub use activity::{Activity, ActivityBuilder};
pub use health::{health, health_with};

#[cfg(test)]
mod chs_test;
