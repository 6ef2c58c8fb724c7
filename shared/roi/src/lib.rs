//! What the community cost, what it brought, and how sure that is.
//!
//! Pure: costs, rows of the tables `uplift`, `tenure` and `kpis`, and assumptions in, rows of the table `roi` out.
//!
//! | scenario | revenue lever | assumed levers |
//! |---|---|---|
//! | `conservative` | lower end, only on grades A and B | never |
//! | `central` | the estimate; grade C counts as assumed | yes |
//! | `optimistic` | upper end | yes |
//!
//! Grade D and whatever a gate blocks never become euros. Levers that measure the same euro are never added: the revenue effect
//! is the total; `retention` and `spend` are its parts, shown and not summed. What cannot be computed has a status and a reason,
//! never a 0.
//!
//! ```text
//! incremental margin = effect per member-month × member-months × contribution margin
//! support savings    = −(effect on tickets per member-month) × member-months × cost per ticket      (assumed)
//! other levers       = Σ over months of a count (a KPI) × what one of it is worth                   (assumed)
//! return             = (gains − costs) ÷ costs
//! payback            = first month in which cumulative gains reach cumulative costs
//! ```
//!
//! Gains are spread over months by how many members there were in each month and how long they had been members, along the
//! tenure curve, so that the months add up to the effect times all member-months. Costs and gains are of the same months: where
//! members joined before the window of `uplift`, what came before it is in neither, and the column `window` says so; a community
//! that began within the window has all its costs counted, those before the first gain as well. A cost that has no exchange rate
//! makes the return partial, and there is no conservative one.
//!
//! ```
//! use levier_domain::{config::Config, table::Status};
//! use levier_roi::{RoiInput, roi};
//! let rows = roi(&RoiInput::new(&Config::default(), jiff::civil::date(2026, 10, 31), "2026-10".parse()?));
//! let total = rows.iter().find(|row| row.text("item") == Some("roi")).unwrap();
//! assert_eq!(total.status, Status::Missing);
//! assert_eq!(total.reason.as_deref(), Some("needs: costs"));
//! # Ok::<(), levier_domain::time::TimeError>(())
//! ```

mod costs;
mod counted;
mod effect;
mod gains;
mod model;
mod months;

pub use costs::{Cost, Unpriced};
pub use model::{RoiInput, roi};
pub use months::{MemberMonths, Members, member_months};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
