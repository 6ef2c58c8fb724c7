//! One winner, whatever the concurrency.

use futures::future::join_all;

use super::{BUCKET, Fixture, code, status};
use crate::tables::{item, read};

const CONTENDERS: usize = 32;
const ROUNDS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_conditional_create_has_one_winner() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    for round in 0..ROUNDS {
        let key = format!("races/{round}/claim");
        let attempts = (0..CONTENDERS).map(|contender| {
            fixture
                .s3
                .put_object()
                .bucket(BUCKET)
                .key(&key)
                .if_none_match("*")
                .body(format!("{contender}").into_bytes().into())
                .send()
        });
        let outcomes = join_all(attempts).await;
        let winners: Vec<usize> = (0..CONTENDERS).filter(|n| outcomes[*n].is_ok()).collect();
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert_eq!(status(error), Some(412));
            assert_eq!(code(error), Some("PreconditionFailed"));
        }
        assert_eq!(fixture.get(&key).await, winners[0].to_string().as_bytes());
    }
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conditional_replace_has_one_winner() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let mut etag = fixture.put("pointer", "start").await;
    for round in 0..ROUNDS {
        let attempts = (0..CONTENDERS).map(|contender| {
            fixture
                .s3
                .put_object()
                .bucket(BUCKET)
                .key("pointer")
                .if_match(&etag)
                .body(format!("{round}/{contender}").into_bytes().into())
                .send()
        });
        let outcomes = join_all(attempts).await;
        let winners: Vec<usize> = (0..CONTENDERS).filter(|n| outcomes[*n].is_ok()).collect();
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert_eq!(status(error), Some(412));
        }
        let winner = winners[0];
        etag = outcomes[winner].as_ref().unwrap().e_tag.clone().unwrap();
        assert_eq!(
            fixture.get("pointer").await,
            format!("{round}/{winner}").as_bytes()
        );
    }
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conditional_item_has_one_winner() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    for round in 0..ROUNDS {
        let round = round.to_string();
        let attempts = (0..CONTENDERS).map(|contender| {
            item(&fixture.dynamodb, "race", &round, &contender.to_string())
                .condition_expression("attribute_not_exists(pk)")
                .send()
        });
        let outcomes = join_all(attempts).await;
        let winners: Vec<usize> = (0..CONTENDERS).filter(|n| outcomes[*n].is_ok()).collect();
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert!(
                error
                    .as_service_error()
                    .unwrap()
                    .is_conditional_check_failed_exception()
            );
        }
        let kept = read(&fixture.dynamodb, "race", &round).await;
        assert_eq!(kept, Some(winners[0].to_string()));
    }
    fixture.cloud.stop().await;
}

/// Creates and deletes that meet in one folder: pruning an empty folder must not lose a neighbour's write.
#[tokio::test(flavor = "multi_thread")]
async fn deletes_beside_creates_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    for round in 0..10 {
        let tasks = (0..CONTENDERS).map(|n| {
            let fixture = &fixture;
            async move {
                let key = format!("busy/{}/deep/{n}", round % 3);
                for _ in 0..3 {
                    fixture.put(&key, "x").await;
                    let delete = fixture.s3.delete_object().bucket(BUCKET).key(&key);
                    delete.send().await.unwrap();
                }
                fixture.put(&key, format!("{round}")).await;
            }
        });
        join_all(tasks).await;
        for n in 0..CONTENDERS {
            let kept = fixture.get(&format!("busy/{}/deep/{n}", round % 3)).await;
            assert_eq!(kept, round.to_string().as_bytes());
        }
    }
    fixture.cloud.stop().await;
}
