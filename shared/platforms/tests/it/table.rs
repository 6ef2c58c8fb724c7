//! Table tests from a body to the lines of its items.

use crate::support::*;

/// Name, headers, body and what it becomes.
pub type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static [&'static str],
);

/// Every case that differs is shown, not only the first.
pub fn check(keys: &str, cases: Vec<Case>) {
    let source = source(keys);
    let mut differ = Vec::new();
    for (case, headers, body, want) in cases {
        let got = lines(&items(&source, body, headers));
        if got != want {
            differ.push(format!("{case}: {got:#?}"));
        }
    }
    assert!(differ.is_empty(), "{keys}\n{}", differ.join("\n"));
}
