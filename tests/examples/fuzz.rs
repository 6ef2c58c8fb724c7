//! Damages deliveries of every platform, then files of every dialect, for as long as it is told: `cargo run --release -p
//! levier-tests --example fuzz -- SECONDS SEED`, by default 60 each and 1. A panic names the seed and the number of the delivery or
//! file, which give it again.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a tool that is called wrongly stops, and prints"
)]

use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| {
        arguments
            .next()
            .map_or(default, |text| text.parse().expect("a number"))
    };
    let (seconds, seed) = (number(60), number(1));
    let longest = Duration::from_secs(seconds);
    let tried = levier_tests::fuzz::deliveries::run(seed, u64::MAX, longest);
    println!(
        "seed {seed}: {} deliveries gave {} events; {} changed bodies were refused; nothing panicked",
        tried.deliveries, tried.events, tried.refused
    );
    let tried = levier_tests::fuzz::files::run(seed, u64::MAX, longest);
    println!(
        "seed {seed}: {} files, {} imported; {} rows, {} refused; nothing panicked",
        tried.files, tried.imported, tried.rows, tried.refused
    );
}
