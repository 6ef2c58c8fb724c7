//! Kill it anywhere: a job killed at any storage call and run again ends with the same bytes as one that was not.

use levier_tests::World;

use crate::story;

async fn landed() -> World {
    let world = World::new().await;
    for (source, body, at) in story::deliveries() {
        assert!(world.send(source, &body, at).await.status < 300);
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_job_survives_a_kill_at_every_storage_call() {
    let whole = landed().await;
    for (name, text) in story::files() {
        whole
            .drop_file(name, text.as_bytes(), story::DROPPED)
            .await
            .unwrap();
    }
    whole.night(story::AS_OF).await.unwrap();
    let (tables, lake) = (whole.tables().await, whole.lake().await);

    let world = landed().await;
    let faults = world.faults();
    let mut kills = 0;
    for (name, text) in story::files() {
        for call in 0.. {
            faults.fail_after(call);
            let ended = world.drop_file(name, text.as_bytes(), story::DROPPED).await;
            faults.clear();
            if ended.is_ok() {
                break;
            }
            kills += 1;
        }
    }
    for job in ["compact", "join", "health", "uplift", "alert", "snapshot"] {
        for call in 0.. {
            faults.fail_after(call);
            let ended = world.run(job, story::AS_OF).await;
            faults.clear();
            match ended {
                Ok(()) => break,
                Err(error) => assert!(error.is_retryable(), "{job} at call {call}: {error}"),
            }
            kills += 1;
        }
    }
    assert!(
        kills > 100,
        "only {kills} kills: the faults did not reach the jobs"
    );
    assert_eq!(world.tables().await, tables);
    let after = world.lake().await;
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        lake.keys().collect::<Vec<_>>()
    );
    for (key, bytes) in lake {
        assert!(after[&key] == bytes, "{key} differs after {kills} kills");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_stored_is_not_acknowledged() {
    let world = World::new().await;
    let faults = world.faults();
    faults.fail_after(0);
    let (source, body, at) = &story::deliveries()[0];
    let reply = world.send(source, body, at).await;
    assert_eq!(reply.status, 503);
    assert!(
        reply.headers.iter().any(|(name, _)| name == "retry-after"),
        "{:?}",
        reply.headers
    );
    faults.clear();
    assert!(world.deps.lake.list("landing/").await.unwrap().is_empty());
    assert!(world.send(source, body, at).await.status < 300);
    assert_eq!(world.deps.lake.list("landing/").await.unwrap().len(), 1);
}
