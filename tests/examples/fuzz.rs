//! Damages deliveries of every platform for as long as it is told: `cargo run --release -p levier-tests --example fuzz -- SECONDS
//! SEED`, by default 60 and 1. A panic names the seed and the number of the delivery, which give it again.
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
    let tried = levier_tests::fuzz::run(seed, u64::MAX, Duration::from_secs(seconds));
    println!(
        "seed {seed}: {} deliveries gave {} events; {} changed bodies were refused; nothing panicked",
        tried.deliveries, tried.events, tried.refused
    );
}
