//! Objects: reads in ranges and under conditions, refused uploads, headers, copies, deletes, multipart, notices.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Delete, ObjectIdentifier};
use tokio::sync::mpsc;

use super::{BUCKET, Fixture, code, status};

/// Longer than one piece of a streamed answer and than what waits in memory of an upload.
fn long_body() -> Vec<u8> {
    (0..9_000_001_u32).map(|n| (n % 251) as u8).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_are_cut_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let body = long_body();
    let size = body.len();
    fixture.put("lake/a.parquet", body.clone()).await;
    assert_eq!(fixture.get("lake/a.parquet").await, body, "whole");
    for (case, range, want) in [
        ("a footer", "bytes=-8", size - 8..size),
        ("more than there is", "bytes=-99999999", 0..size),
        ("one byte", "bytes=0-0", 0..1),
        ("the middle", "bytes=600000-7000000", 600_000..7_000_001),
        ("to the end", "bytes=8999990-", 8_999_990..size),
        ("past the end", "bytes=8999990-99999999", 8_999_990..size),
    ] {
        let got = fixture
            .s3
            .get_object()
            .bucket(BUCKET)
            .key("lake/a.parquet")
            .range(range)
            .send()
            .await
            .unwrap();
        let header = format!("bytes {}-{}/{size}", want.start, want.end - 1);
        assert_eq!(got.content_range(), Some(header.as_str()), "{case}");
        assert!(
            got.body.collect().await.unwrap().to_vec() == body[want],
            "{case}"
        );
    }
    let beyond = fixture
        .s3
        .get_object()
        .bucket(BUCKET)
        .key("lake/a.parquet")
        .range("bytes=9000001-");
    assert_eq!(status(&beyond.send().await.unwrap_err()), Some(416));
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_checksum_leaves_no_object() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let put = |key: &str, body: Vec<u8>| {
        fixture
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(body.into())
    };
    let refused = [
        put("new/small", b"body".to_vec())
            .checksum_crc32("AAAAAA==")
            .send()
            .await,
        put("new/sha", b"body".to_vec())
            .checksum_sha256("AAAA")
            .send()
            .await,
        put("new/md5", b"body".to_vec())
            .content_md5("1B2M2Y8AsgTpgAmY7PhCfg==")
            .send()
            .await,
        put("new/long", long_body())
            .checksum_crc32("AAAAAA==")
            .send()
            .await,
    ];
    for outcome in refused {
        let error = outcome.unwrap_err();
        assert_eq!(status(&error), Some(400));
        assert_eq!(code(&error), Some("BadDigest"));
    }
    for key in ["new/small", "new/sha", "new/md5", "new/long"] {
        assert!(!fixture.exists(key).await, "{key}");
    }
    assert!(!folder.path().join("s3").join(BUCKET).join("new").exists());
    assert_eq!(
        std::fs::read_dir(folder.path().join("s3-staging"))
            .unwrap()
            .count(),
        0
    );

    fixture.put("old", "first").await;
    put("old", b"second".to_vec())
        .checksum_crc32("AAAAAA==")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        fixture.get("old").await,
        b"first",
        "a refused replacement changes nothing"
    );
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditional_reads_answer_304_and_412() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let etag = fixture.put("a", "1").await;
    let get = || fixture.s3.get_object().bucket(BUCKET).key("a");
    assert_eq!(
        status(&get().if_none_match(&etag).send().await.unwrap_err()),
        Some(304)
    );
    assert!(get().if_match(&etag).send().await.is_ok());
    fixture.put("a", "2").await;
    assert!(get().if_none_match(&etag).send().await.is_ok());
    assert_eq!(
        status(&get().if_match(&etag).send().await.unwrap_err()),
        Some(412)
    );
    let head = || fixture.s3.head_object().bucket(BUCKET).key("a");
    assert_eq!(
        status(&head().if_match(&etag).send().await.unwrap_err()),
        Some(412)
    );
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replace_of_nothing_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let put = fixture
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("absent")
        .if_match("\"0123\"");
    assert_eq!(status(&put.send().await.unwrap_err()), Some(404));
    let elsewhere = fixture
        .s3
        .put_object()
        .bucket("nowhere")
        .key("a")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&elsewhere), Some("NoSuchBucket"));
    let unread = fixture
        .s3
        .get_object()
        .bucket("nowhere")
        .key("a")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&unread), Some("NoSuchBucket"));
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_metadata_follow_the_content() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let put = fixture
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("drop/a.csv")
        .content_type("text/csv")
        .metadata("entity", "orders");
    put.body(b"id".to_vec().into()).send().await.unwrap();
    let copy = fixture
        .s3
        .copy_object()
        .bucket(BUCKET)
        .key("drop/b.csv")
        .copy_source(format!("{BUCKET}/drop/a.csv"));
    copy.send().await.unwrap();
    for key in ["drop/a.csv", "drop/b.csv"] {
        let head = fixture
            .s3
            .head_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
        assert_eq!(head.content_type(), Some("text/csv"), "{key}");
        assert_eq!(
            head.metadata().unwrap().get("entity").map(String::as_str),
            Some("orders"),
            "{key}"
        );
    }
    fixture.put("drop/a.csv", "id").await;
    let head = fixture
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("drop/a.csv")
        .send()
        .await
        .unwrap();
    assert_eq!(
        head.content_type(),
        Some("application/octet-stream"),
        "the new object wears its own headers"
    );
    assert!(head.metadata().is_none_or(|metadata| metadata.is_empty()));
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_what_is_absent_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    for key in ["a/b/1", "a/b/2", "a/c"] {
        fixture.put(key, "x").await;
    }
    for key in ["a/b/1", "a/b/1", "a/b", "never/was"] {
        fixture
            .s3
            .delete_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
    }
    assert!(fixture.exists("a/b/2").await);
    let ids =
        ["a/b/2", "a/c", "absent"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder()
        .set_objects(Some(ids.to_vec()))
        .build()
        .unwrap();
    let deleted = fixture
        .s3
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .unwrap();
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (3, 0));
    let left = std::fs::read_dir(folder.path().join("s3").join(BUCKET))
        .unwrap()
        .count();
    assert_eq!(left, 0, "empty folders go with their last object");
    fixture.put("a", "a folder's name is free again").await;
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_files_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    fixture.put("k", "x").await;
    fixture.put("l/under", "x").await;
    let long = "x".repeat(256);
    for key in ["k/under", "l", "folder/", "a//b", long.as_str()] {
        let put = fixture
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(b"x".to_vec().into());
        let error = put.send().await.expect_err(key);
        assert_eq!(status(&error), Some(400), "{key}");
        assert!(
            error
                .as_service_error()
                .and_then(|e| e.meta().message())
                .is_some(),
            "{key}"
        );
    }
    for key in [
        "accents/é à.csv",
        "hive/year=2026/month=01/part-0.parquet",
        "odd/%41+b&c?d#e",
    ] {
        fixture.put(key, key).await;
        assert_eq!(fixture.get(key).await, key.as_bytes());
        assert!(
            folder.path().join("s3").join(BUCKET).join(key).is_file(),
            "{key}"
        );
    }
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_join_in_order_and_only_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let (sender, mut notices) = mpsc::unbounded_channel();
    fixture.cloud.on_put("lake/", sender);
    let begun = fixture
        .s3
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("lake/big")
        .send()
        .await
        .unwrap();
    let id = begun.upload_id().unwrap();
    let mut parts = Vec::new();
    for (number, body) in [(2, vec![b'b'; 10]), (1, long_body())] {
        let part = fixture
            .s3
            .upload_part()
            .bucket(BUCKET)
            .key("lake/big")
            .upload_id(id)
            .part_number(number);
        let part = part.body(body.into()).send().await.unwrap();
        parts.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(part.e_tag)
                .build(),
        );
    }
    assert!(!fixture.exists("lake/big").await);
    assert!(notices.try_recv().is_err());
    parts.reverse();
    let upload = CompletedMultipartUpload::builder()
        .set_parts(Some(parts))
        .build();
    let complete = fixture
        .s3
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key("lake/big")
        .upload_id(id);
    complete.multipart_upload(upload).send().await.unwrap();
    let mut want = long_body();
    want.extend([b'b'; 10]);
    assert!(fixture.get("lake/big").await == want);
    assert_eq!(notices.try_recv().unwrap(), "lake/big");

    let other = fixture
        .s3
        .create_multipart_upload()
        .bucket(BUCKET)
        .key("lake/other")
        .send()
        .await
        .unwrap();
    let abort = || {
        fixture
            .s3
            .abort_multipart_upload()
            .bucket(BUCKET)
            .key("lake/other")
            .upload_id(other.upload_id().unwrap())
    };
    abort().send().await.unwrap();
    assert_eq!(
        code(&abort().send().await.unwrap_err()),
        Some("NoSuchUpload")
    );
    assert_eq!(
        std::fs::read_dir(folder.path().join("s3-staging"))
            .unwrap()
            .count(),
        0
    );
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_is_announced_once_under_its_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let (sender, mut notices) = mpsc::unbounded_channel();
    fixture.cloud.on_put("drop/", sender);
    fixture.put("landing/a", "x").await;
    fixture.put("drop/b.csv", "x").await;
    let refused = fixture
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("drop/b.csv")
        .if_none_match("*")
        .send()
        .await;
    assert!(refused.is_err());
    fixture.put("drop/c d.csv", "x").await;
    assert_eq!(notices.try_recv().unwrap(), "drop/b.csv");
    assert_eq!(notices.try_recv().unwrap(), "drop/c d.csv");
    assert!(notices.try_recv().is_err());
    fixture.cloud.stop().await;
}
