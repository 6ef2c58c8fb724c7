//! A short run of the damage that `--example fuzz` does for longer.

use std::time::Duration;

#[test]
fn damaged_deliveries_panic_nowhere_prove_nothing_and_tell_nobodys_name() {
    let tried = levier_tests::fuzz::run(1, 20_000, Duration::from_secs(20));
    assert!(tried.deliveries >= 1_000, "{tried:?}");
    assert!(tried.events > tried.deliveries / 10, "{tried:?}");
    assert!(tried.refused > 100, "{tried:?}");
}
