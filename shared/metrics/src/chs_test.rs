//! The health score against the published reference answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::date;
use levier_domain::config::Config;
use levier_domain::event::{Event, Kind, attribute};

use crate::activity::Activity;
use crate::collect::ActivityBuilder;
use crate::health::{combine, health, measure};
use crate::health_parts::{Component, parts};

/// The folder of shared references, if it is there.
fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("LEVIER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    if folder.join("reference").is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "the references are absent; set LEVIER_SHARED"
    );
    eprintln!(
        "skipped: no references at {}; set LEVIER_SHARED",
        folder.display()
    );
    None
}

fn fixture(folder: &std::path::Path) -> Activity {
    let config = Config::default();
    let mut builder = ActivityBuilder::new(&config);
    let mut reader = csv::Reader::from_path(folder.join("reference/data/chs_events.csv")).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let at = Timestamp::from_second(record[1].parse().unwrap()).unwrap();
        let mut event = Event::new(
            "forum",
            "main",
            "forum",
            Kind::MessagePosted,
            at,
            &[&record[0]],
        );
        event.actor = Some(record[2].to_owned());
        event.thread = Some(record[3].to_owned());
        event.reply_to = Some(record[4].to_owned()).filter(|text| !text.is_empty());
        event.sentiment = Some(record[5].parse().unwrap());
        event
            .attributes
            .insert(attribute::MESSAGE.to_owned(), record[0].to_owned());
        builder.push(&event, None, false, None);
    }
    builder.finish()
}

#[test]
fn the_components_are_those_of_the_reference() {
    let Some(folder) = shared() else { return };
    let activity = fixture(&folder);
    let text = std::fs::read_to_string(folder.join("reference/answers/chs.json")).unwrap();
    let answers: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut config = Config::default();
    config.workspace.timezone = "UTC".to_owned();
    let as_of = date(1970, 3, 31);
    let parts = parts(&activity, None, as_of, &config.workspace.zone());
    assert_eq!(
        (
            parts.threads.len(),
            parts.newcomers.len(),
            parts.edges.len()
        ),
        (92, 23, 127)
    );
    let measured = measure(&parts, &config.health, &|_| 1);
    for (component, raw, normalised) in [
        (
            Component::Responsiveness,
            "replied_24h_KM",
            "responsiveness",
        ),
        (
            Component::NewcomerRetention,
            "newcomer_retention_d8_30",
            "retention",
        ),
        (Component::Stickiness, "wau_mau", "stickiness"),
        (Component::Reciprocity, "reciprocity", "reciprocity"),
        (Component::Spread, "gini_posts", "spread"),
        (Component::Growth, "growth_log", "growth"),
        (Component::Sentiment, "net_sentiment", "sentiment"),
    ] {
        let got = measured.iter().find(|m| m.component == component).unwrap();
        let want = answers["components_raw"][raw].as_f64().unwrap();
        assert!(
            (got.raw - want).abs() <= 1e-12 * want.abs(),
            "{raw}: {} is not {want}",
            got.raw
        );
        let want = answers["normalised"][normalised].as_f64().unwrap();
        assert!(
            (got.normalised - want).abs() < 1e-12,
            "{normalised}: {} is not {want}",
            got.normalised
        );
    }
    let score = combine(measured, &config.health).unwrap();
    let logs: f64 = [
        (0.25, 0.147_432_887_212_764_5_f64),
        (0.25, 1.0),
        (0.15, 0.613_559_322_033_898_4),
        (0.15, 0.532_058_492_688_413_9),
        (0.10, 0.547_180_511_696_848_7),
        (0.05, 0.333_317_898_662_040_8),
        (0.05, 0.611_216_730_038_022_8),
    ]
    .iter()
    .map(|(w, s)| w * s.ln())
    .sum();
    assert!((score.value - 100.0 * logs.exp()).abs() < 1e-9);
    let rows = health(&activity, as_of, &config, 7);
    let top = rows
        .iter()
        .find(|r| r.kpi.as_deref() == Some("health_score") && r.period.as_deref() == Some("30d"))
        .unwrap();
    assert_eq!(top.value, Some(score.value));
    assert!(top.lower.unwrap() < score.value && score.value < top.upper.unwrap());
    assert_eq!(rows, health(&activity, as_of, &config, 7));
}
