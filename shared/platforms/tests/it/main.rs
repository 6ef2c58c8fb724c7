//! One binary for all tests of the platforms room.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr
)]

mod support;

mod answers;
mod discourse;
mod events_lives;
mod events_records;
mod events_social;
mod handshakes;
mod keys;
mod mapping;
mod never_panics;
mod own;
mod samples;
mod slack;
mod table;
mod tamper;
mod teams;
mod vectors;
