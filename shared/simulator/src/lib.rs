//! A made-up French company, Maison Brumelune, whose true community effect is known.
//!
//! Estimators are judged by what they say where the answer is known. Real companies never know it; this one does, because it
//! is drawn from a law that is written down ([`Truth`]): a hidden affinity makes some customers better *and* likelier to join,
//! joins are staggered, and membership itself changes nothing for three months and then more and more. Raw comparison says several
//! times the truth; difference-in-differences is right, because untreated revenue is additive in person and month.
//!
//! Pure: seed and sizes in, bytes out. Everything is a function of (options, seed, end), each person and each day has its own
//! stream of chance, and so any part can be generated alone.
//!
//! ```
//! use levier_simulator::{Company, CompanyOptions, Scale};
//! let options = CompanyOptions { customers: Some(200), ..CompanyOptions::new(Scale::Small) };
//! let company = Company::with_options(options, 7, jiff::civil::date(2026, 11, 1));
//! assert!(company.truth.raw_gap > company.truth.revenue_per_customer);
//! assert_eq!(company.panel().count(), 200 * 24);
//! ```

mod activity;
mod budget;
mod calendar;
mod commerce;
mod company;
mod configuration;
mod deliveries;
mod events;
mod expected;
mod files;
mod model;
mod options;
mod panel;
mod payload;
mod people;
mod random;
mod rows;
mod text;
mod tickets;
mod truth;

pub use company::Company;
pub use deliveries::{SimulatedDelivery, SourceExpected};
pub use expected::Expected;
pub use files::{FileExpected, SimulatedFile};
pub use options::{CompanyOptions, Scale, Story};
pub use panel::PanelRow;
pub use people::NAME_MARK;
pub use text::TEXT_MARK;
pub use truth::{TenureTruth, Truth};
