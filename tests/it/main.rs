//! One binary for all integration tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "a failure here is a failed test"
)]

mod alerts;
mod faults;
mod files;
mod hooks;
mod infra;
mod order;
mod small;
mod story;
