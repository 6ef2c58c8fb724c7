//! One binary for all integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a failure here is a failed test"
)]

mod again;
mod alerts;
mod dropped;
mod faults;
mod files;
mod fuzz;
mod hooks;
mod infra;
mod ledgers;
mod nights;
mod order;
mod pull;
mod pull_world;
mod quiet;
mod reading;
mod refund;
mod rest;
mod small;
mod story;
mod units;
mod uplift;
