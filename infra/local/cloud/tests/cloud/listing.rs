//! Listings over the wire; their rules are tested beside the code.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};

use super::{BUCKET, Fixture};

#[tokio::test(flavor = "multi_thread")]
async fn every_key_of_many_is_listed_once_in_order_with_its_etag() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let keys: Vec<String> = (0..2_600)
        .map(|n| format!("events/day={:02}/{n:05}.json", n % 7))
        .collect();
    let puts = stream::iter(keys.iter().map(|key| {
        let fixture = &fixture;
        async move { (key.clone(), fixture.put(key, key.as_bytes()).await) }
    }));
    let mut want: BTreeMap<String, String> = puts.buffer_unordered(64).collect().await;
    fixture.put("other/x", "x").await;

    let mut listed = Vec::new();
    let mut pages = fixture
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("events/")
        .into_paginator()
        .send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.contents().len());
        for object in page.contents() {
            listed.push((
                object.key().unwrap().to_owned(),
                object.e_tag().unwrap().to_owned(),
            ));
        }
    }
    assert_eq!(sizes, [1000, 1000, 600]);
    assert!(listed == want.clone().into_iter().collect::<Vec<_>>());

    let after = listed[1234].0.clone();
    let page = fixture
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("events/")
        .start_after(&after)
        .max_keys(5);
    let page = page.send().await.unwrap();
    let got: Vec<&str> = page
        .contents()
        .iter()
        .filter_map(|object| object.key())
        .collect();
    let rest: Vec<&str> = listed[1235..1240]
        .iter()
        .map(|(key, _)| key.as_str())
        .collect();
    assert_eq!(got, rest);
    assert_eq!(
        (page.is_truncated(), page.key_count()),
        (Some(true), Some(5))
    );

    let page = fixture
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("events/")
        .delimiter("/")
        .send()
        .await
        .unwrap();
    let days: Vec<&str> = page
        .common_prefixes()
        .iter()
        .filter_map(|common| common.prefix())
        .collect();
    assert_eq!(days.len(), 7);
    assert_eq!((days[0], days[6]), ("events/day=00/", "events/day=06/"));
    assert!(page.contents().is_empty());

    // After a restart nothing is remembered, and the ETags are the same.
    fixture.cloud.stop().await;
    let fixture = Fixture::over(folder.path()).await;
    let mut pages = fixture
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .prefix("events/")
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for object in page.unwrap().contents() {
            assert_eq!(
                want.remove(object.key().unwrap()).as_deref(),
                object.e_tag()
            );
        }
    }
    assert!(want.is_empty());
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_version_of_listing_pages_too() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    for key in ["a/1", "a/2", "b", "c/1", "d"] {
        fixture.put(key, key).await;
    }
    let mut marker = String::new();
    let mut seen = Vec::new();
    loop {
        let page = fixture
            .s3
            .list_objects()
            .bucket(BUCKET)
            .delimiter("/")
            .max_keys(1)
            .marker(&marker)
            .send()
            .await
            .unwrap();
        seen.extend(
            page.common_prefixes()
                .iter()
                .filter_map(|common| common.prefix().map(str::to_owned)),
        );
        seen.extend(
            page.contents()
                .iter()
                .filter_map(|object| object.key().map(str::to_owned)),
        );
        match page.next_marker() {
            Some(next) => marker = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["a/", "b", "c/", "d"]);
    fixture.cloud.stop().await;
}
