//! A short run of the damage that `--example fuzz` does for longer.

use std::time::Duration;

#[test]
fn damaged_deliveries_panic_nowhere_prove_nothing_and_tell_nobodys_name() {
    let tried = levier_tests::fuzz::deliveries::run(1, 20_000, Duration::from_secs(20));
    assert!(tried.deliveries >= 1_000, "{tried:?}");
    assert!(tried.events > tried.deliveries / 10, "{tried:?}");
    assert!(tried.refused > 100, "{tried:?}");
}

#[test]
fn damaged_files_panic_nowhere_lose_no_row_and_tell_nobodys_name() {
    let tried = levier_tests::fuzz::files::run(1, 20_000, Duration::from_secs(10));
    assert!(tried.files >= 200, "{tried:?}");
    assert!(tried.imported > tried.files / 20, "{tried:?}");
    assert!(tried.refused > 0 && tried.rows > tried.files, "{tried:?}");
}
