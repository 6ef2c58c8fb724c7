//! Published answers that our own computations must hit. The data lie outside the repository; without them a case says so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod adjustment;
mod contrasts;
mod durations;
mod panel;
mod value;

use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;

fn folder() -> PathBuf {
    std::env::var_os("LEVIER_SHARED")
        .map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
            PathBuf::from,
        )
        .join("reference")
}

/// One answers file; `None`, said aloud, when it is absent outside CI.
pub fn answers(name: &str) -> Option<Value> {
    let path = folder().join("answers").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) => {
            assert!(
                std::env::var_os("CI").is_none(),
                "reference answers {} are missing",
                path.display()
            );
            eprintln!("SKIPPED: reference answers {} are not here", path.display());
            None
        }
    }
}

/// A data file as named columns of text.
pub fn table(name: &str) -> HashMap<String, Vec<String>> {
    let mut reader = csv::Reader::from_path(folder().join("data").join(name)).unwrap();
    let headers = reader.headers().unwrap().clone();
    let mut columns: HashMap<String, Vec<String>> = headers
        .iter()
        .map(|h| (h.to_string(), Vec::new()))
        .collect();
    for record in reader.records() {
        let record = record.unwrap();
        for (h, v) in headers.iter().zip(record.iter()) {
            columns.get_mut(h).unwrap().push(v.to_string());
        }
    }
    columns
}

pub fn numbers(table: &HashMap<String, Vec<String>>, column: &str) -> Vec<f64> {
    table[column].iter().map(|v| v.parse().unwrap()).collect()
}

pub fn f(v: &Value) -> f64 {
    v.as_f64().unwrap_or_else(|| panic!("{v} is not a number"))
}

/// Relative closeness, absolute below one part in `tolerance`.
#[track_caller]
pub fn close(what: &str, ours: f64, theirs: f64, tolerance: f64) {
    let scale = theirs.abs().max(1e-3);
    assert!(
        (ours - theirs).abs() <= tolerance * scale,
        "{what}: ours {ours:?}, theirs {theirs:?}"
    );
}
