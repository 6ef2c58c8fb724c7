//! A source that fell silent marks the figures that depend on it, and lowers none.

use levier_domain::table::TableName;
use levier_tests::{CONFIG, World};
use serde_json::Value;

use crate::story;

const AS_OF: &str = "2026-01-20";

async fn kpis(quiet_after_hours: u32) -> Vec<Value> {
    let config = CONFIG.replace(
        "[sources.team]\n",
        &format!("[sources.team]\nquiet_after_hours = {quiet_after_hours}\n"),
    );
    let secrets: [(&str, &[u8]); 3] = [
        ("slack", b"slack-secret"),
        ("discourse", b"discourse-secret"),
        ("own", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    let world = World::with(&config, &secrets).await;
    for (source, body, at) in story::deliveries() {
        if at < AS_OF {
            assert!(world.send(source, &body, at).await.status < 300);
        }
    }
    for job in ["compact", "join", "health"] {
        world.run(job, AS_OF).await.unwrap();
    }
    let mut rows = world.rows(TableName::Kpis).await;
    rows.sort_by_key(|row| {
        [
            "kpi",
            "grain",
            "period",
            "community",
            "segment",
            "side",
            "platform",
            "channel",
            "item",
        ]
        .map(|column| row[column].to_string())
    });
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_depend_on_a_silent_source_are_marked_and_not_lowered() {
    // The last delivery of the source is of the 3rd of January.
    let (alive, silent) = (kpis(24 * 60).await, kpis(24).await);
    assert_eq!(alive.len(), silent.len());
    let mut marked = 0;
    for (before, after) in alive.iter().zip(&silent) {
        assert_eq!(before["kpi"], after["kpi"]);
        assert_eq!(before["value"], after["value"], "{after}");
        if before == after {
            continue;
        }
        marked += 1;
        assert_eq!(after["status"], "partial", "{after}");
        let reason = after["reason"].as_str().unwrap();
        assert!(
            reason.ends_with("source team is silent since 2026-01-03T00:01:01Z"),
            "{reason}"
        );
        if after["grain"] == "day" {
            assert!(after["period"].as_str().unwrap() >= "2026-01-03", "{after}");
        }
    }
    assert!(marked > 10, "{marked} figures marked");
    let surveys = |rows: &[Value]| {
        rows.iter()
            .filter(|row| row["kpi"] == "nps")
            .map(|row| row["status"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        surveys(&alive),
        surveys(&silent),
        "what needs no events is not marked"
    );
}
