//! The evidence ladder over person-month facts: what membership changes, by which method, and whether it may be said.
//!
//! Pure: facts and configuration in, rows of the tables `uplift`, `tenure` and `cohorts` out. One pass over persons fills
//! sufficient statistics ([`Accumulator`]); nothing per person is kept, so that shards by bucket, merged in bucket order, give
//! the same bits whoever computed them. Then every rung is computed side by side:
//!
//! | grade | method | compared |
//! |---|---|---|
//! | D | `naive`, `landmark` | members' months with non-members' months, clustered by customer; who had joined by a month, and who had not |
//! | C | `stratified`, `aipw`, `regression`, `bg_nbd_gamma_gamma`, `sbg` | the same customers' like, by what was known before joining |
//! | B | `did` | each member's change since joining with the change of those who have not joined (yet) |
//! | B | `hazard` | monthly risk of leaving, membership varying in time |
//! | A | `itt`, `cace` | randomised invitations |
//!
//! A gate that blocks takes the grade away: the row says `cannot_say`, which gate, what was measured and what would suffice.
//!
//! # Population
//! Customers only, from the month after their first purchase (that month is selected on buying and incomplete) to the last
//! whole month; zeros after they stop buying count. Staff are left out. A customer's months before joining belong to the other
//! side. Whoever joined before being observed as a customer for a month has no "before": left out, and counted.
//!
//! ```
//! use levier_domain::{config::Config, fact::Fact, table::TableName, time::Month};
//! use levier_uplift::{Accumulator, Plan, UpliftInput};
//! let config = Config::default();
//! let (first, last) = ("2024-01".parse::<Month>()?, "2025-12".parse::<Month>()?);
//! let plan = Plan::new(&UpliftInput::new(&config, jiff::civil::date(2025, 12, 31), first, last));
//! let mut accumulator = Accumulator::new(&plan);
//! let month = |n: i32| Fact { person: "p1".into(), month: first.index() + n, customer_since: Some(first.index()), ..Fact::default() };
//! accumulator.update_person(&(0..24).map(month).collect::<Vec<_>>());
//! let tables = accumulator.finish();
//! assert!(tables.iter().any(|(name, rows)| *name == TableName::Uplift && !rows.is_empty()));
//! # Ok::<(), levier_domain::time::TimeError>(())
//! ```

mod account;
mod accumulator;
mod adjusted;
mod arms;
mod complement;
mod counts;
mod deal_report;
mod design;
mod entries;
mod episode;
mod episode_report;
mod experiment;
mod gate;
mod grids;
mod kpi;
mod ladder;
mod life;
mod lifetime;
mod order_value;
mod person;
mod plan;
mod preview;
mod profile;
mod remedy;
mod report;
mod retention;
mod retention_report;
mod rung;
mod series;
mod spend_report;
mod staggered;
mod suspicion;
mod value_report;
mod view;

pub use accumulator::{Accumulator, MergeError, Partial};
pub use episode::{Audience, Campaigns, Ending, Episode, Episodes, What};
pub use person::{Person, PersonMonth};
pub use plan::{Assignment, Group, Plan, UpliftInput, settings_digest};
pub use preview::Preview;

#[cfg(test)]
extern crate self as levier_uplift;
#[cfg(test)]
#[path = "../examples/coverage/company.rs"]
mod company;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod experiment_test;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod privacy_test;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod revenue_test;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod traps_test;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod whole_test;
