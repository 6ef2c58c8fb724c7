//! Faults reach both endpoints, and what they leave is what a dying machine leaves.

use super::{BUCKET, Fixture, status};
use crate::tables::{item, read};

#[tokio::test(flavor = "multi_thread")]
async fn after_n_requests_everything_fails_until_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let faults = fixture.cloud.faults();
    let job = async || -> Result<(), ()> {
        let put = |key: &str| {
            fixture
                .s3
                .put_object()
                .bucket(BUCKET)
                .key(key)
                .body(b"x".to_vec().into())
                .send()
        };
        put("a").await.map_err(|_| ())?;
        item(&fixture.dynamodb, "run", "1", "x")
            .send()
            .await
            .map_err(|_| ())?;
        put("b").await.map(|_| ()).map_err(|_| ())
    };
    faults.clear();
    job().await.unwrap();
    let calls = faults.calls();
    assert_eq!((calls, faults.writes()), (3, 3));
    for n in 0..calls {
        for key in ["a", "b"] {
            fixture
                .s3
                .delete_object()
                .bucket(BUCKET)
                .key(key)
                .send()
                .await
                .unwrap();
        }
        faults.fail_after(n);
        assert!(job().await.is_err(), "after {n}");
        assert!(faults.calls() > n);
        faults.clear();
        assert_eq!(fixture.exists("a").await, n >= 1, "after {n}");
        assert!(!fixture.exists("b").await, "after {n}");
        job().await.unwrap();
    }
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_took_effect() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let faults = fixture.cloud.faults();

    faults.fail_writes_after_effect(2);
    fixture.put("a", "1").await;
    let item_lost = item(&fixture.dynamodb, "run", "1", "kept").send().await;
    assert!(item_lost.is_err());
    assert!(
        fixture
            .s3
            .head_object()
            .bucket(BUCKET)
            .key("a")
            .send()
            .await
            .is_err(),
        "dead from then on"
    );
    faults.clear();
    assert_eq!(
        read(&fixture.dynamodb, "run", "1").await.as_deref(),
        Some("kept")
    );

    // The client's own retry meets its first attempt.
    faults.lose_answer(1);
    let create = fixture
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("b")
        .if_none_match("*")
        .body(b"2".to_vec().into());
    assert_eq!(status(&create.send().await.unwrap_err()), Some(412));
    assert_eq!(faults.calls(), 2);
    faults.clear();
    assert_eq!(fixture.get("b").await, b"2");
    fixture.cloud.stop().await;
}
