//! Start, stop, restart, and who may have the folder.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use levier_cloud::{Cloud, CloudError, CloudOptions};

use super::{BUCKET, Fixture, TABLE};
use crate::tables::{item, read};

/// Set for the copy of this test binary that is killed.
const HOLD: &str = "LEVIER_CLOUD_TEST_HOLD";

#[tokio::test(flavor = "multi_thread")]
async fn data_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = Fixture::over(folder.path()).await;
    let etag = before.put("landing/a.json", "{}").await;
    item(&before.dynamodb, "run", "1", "done")
        .send()
        .await
        .unwrap();
    before.cloud.stop().await;

    let after = Fixture::over(folder.path()).await;
    assert_eq!(after.get("landing/a.json").await, b"{}");
    let head = after
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("landing/a.json")
        .send()
        .await
        .unwrap();
    assert_eq!(head.e_tag, Some(etag));
    assert_eq!(
        read(&after.dynamodb, "run", "1").await.as_deref(),
        Some("done")
    );
    let lying = folder.path().join("s3").join(BUCKET).join("landing/a.json");
    assert_eq!(std::fs::read(lying).unwrap(), b"{}");
    after.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_cloud_on_the_folder_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let first = Cloud::start(CloudOptions::new(folder.path()))
        .await
        .unwrap();
    match Cloud::start(CloudOptions::new(folder.path())).await {
        Err(error @ CloudError::InUse { pid, .. }) => {
            assert_eq!(pid, Some(std::process::id()));
            assert!(error.to_string().contains("--data"), "{error}");
        }
        Err(other) => panic!("the wrong refusal: {other}"),
        Ok(_) => panic!("two clouds on one folder"),
    }
    first.stop().await;
    Cloud::start(CloudOptions::new(folder.path()))
        .await
        .unwrap()
        .stop()
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_cloud_gives_the_folder_back() {
    let folder = tempfile::tempdir().unwrap();
    drop(Fixture::over(folder.path()).await);
    Fixture::over(folder.path()).await.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let options = CloudOptions {
        s3_port: port,
        ..CloudOptions::new(folder.path())
    };
    match Cloud::start(options).await.map(|_| ()) {
        Err(CloudError::Listen { port: named, .. }) => assert_eq!(named, port),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn preparing_twice_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    fixture.put("a", "1").await;
    levier_cloud::prepare(&fixture.s3, &fixture.dynamodb, BUCKET, TABLE)
        .await
        .unwrap();
    assert_eq!(fixture.get("a").await, b"1");
    fixture.cloud.stop().await;
}

/// The child of the next test: holds the folder, with acknowledged data in it, until it is killed.
#[tokio::test(flavor = "multi_thread")]
async fn hold_the_folder_until_killed() {
    let Ok(folder) = std::env::var(HOLD) else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let fixture = Fixture::over(&folder).await;
    fixture.put("landing/kept", "acknowledged").await;
    item(&fixture.dynamodb, "run", "1", "acknowledged")
        .send()
        .await
        .unwrap();
    std::fs::write(folder.join("ready"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_is_refused_and_a_killed_one_is_not_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["lifecycle::hold_the_folder_until_killed", "--exact"])
        .env(HOLD, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !folder.path().join("ready").exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the child did not start"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    match Cloud::start(CloudOptions::new(folder.path()))
        .await
        .map(|_| ())
    {
        Err(CloudError::InUse { pid, .. }) => assert_eq!(pid, Some(child.id())),
        other => panic!("expected a refusal, got {other:?}"),
    }

    // SIGKILL: nothing is flushed, nothing is unlocked.
    child.kill().unwrap();
    child.wait().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    assert_eq!(fixture.get("landing/kept").await, b"acknowledged");
    assert_eq!(
        read(&fixture.dynamodb, "run", "1").await.as_deref(),
        Some("acknowledged")
    );
    fixture.cloud.stop().await;
}
