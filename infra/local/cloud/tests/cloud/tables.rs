//! The DynamoDB operations the pipeline leans on.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, PutRequest, TransactWriteItem, Update, WriteRequest,
};

use super::{Fixture, TABLE};

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))].into()
}

pub fn item(dynamodb: &Client, pk: &str, sk: &str, value: &str) -> PutItemFluentBuilder {
    let put = dynamodb
        .put_item()
        .table_name(TABLE)
        .set_item(Some(key(pk, sk)));
    put.item("value", text(value))
}

pub async fn read(dynamodb: &Client, pk: &str, sk: &str) -> Option<String> {
    let get = dynamodb
        .get_item()
        .table_name(TABLE)
        .set_key(Some(key(pk, sk)))
        .consistent_read(true);
    let item = get.send().await.unwrap().item?;
    item.get("value")?.as_s().ok().cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pointer_flips_only_from_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    item(&fixture.dynamodb, "pointer", "current", "run-1")
        .send()
        .await
        .unwrap();
    let flip = |from: &str, to: &str| {
        item(&fixture.dynamodb, "pointer", "current", to)
            .condition_expression("#v = :from")
            .expression_attribute_names("#v", "value")
            .expression_attribute_values(":from", text(from))
    };
    flip("run-1", "run-2").send().await.unwrap();
    let stale = flip("run-1", "run-3").send().await.unwrap_err();
    assert!(
        stale
            .as_service_error()
            .unwrap()
            .is_conditional_check_failed_exception()
    );
    assert_eq!(
        read(&fixture.dynamodb, "pointer", "current")
            .await
            .as_deref(),
        Some("run-2")
    );
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let create = |sk: &str| {
        let put = Put::builder()
            .table_name(TABLE)
            .set_item(Some(key("tx", sk)));
        let put = put
            .item("value", text(sk))
            .condition_expression("attribute_not_exists(pk)");
        TransactWriteItem::builder()
            .put(put.build().unwrap())
            .build()
    };
    let count = Update::builder()
        .table_name(TABLE)
        .set_key(Some(key("tx", "count")))
        .update_expression("ADD n :one")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    let count = TransactWriteItem::builder()
        .update(count.build().unwrap())
        .build();
    let first = fixture
        .dynamodb
        .transact_write_items()
        .transact_items(create("a"))
        .transact_items(count.clone());
    first.send().await.unwrap();
    let second = fixture
        .dynamodb
        .transact_write_items()
        .transact_items(create("b"))
        .transact_items(count)
        .transact_items(create("a"));
    let refused = second.send().await.unwrap_err();
    assert!(
        refused
            .as_service_error()
            .unwrap()
            .is_transaction_canceled_exception()
    );
    assert_eq!(
        read(&fixture.dynamodb, "tx", "a").await.as_deref(),
        Some("a")
    );
    assert_eq!(read(&fixture.dynamodb, "tx", "b").await, None);
    let counted = fixture
        .dynamodb
        .get_item()
        .table_name(TABLE)
        .set_key(Some(key("tx", "count")))
        .send()
        .await
        .unwrap();
    assert_eq!(
        counted.item().unwrap()["n"],
        AttributeValue::N("1".to_owned())
    );
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_written_and_queried_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    for batch in 0..4 {
        let requests = (0..25).map(|n| {
            let n = batch * 25 + n;
            let table = if n % 2 == 0 { "kpis" } else { "uplift" };
            let put =
                PutRequest::builder().set_item(Some(key("run-1", &format!("{table}/{n:03}"))));
            let put = put.item("value", text(&n.to_string())).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        let write = fixture
            .dynamodb
            .batch_write_item()
            .request_items(TABLE, requests.collect());
        let written = write.send().await.unwrap();
        assert!(written.unprocessed_items().is_none_or(HashMap::is_empty));
    }
    let mut pages = fixture
        .dynamodb
        .query()
        .table_name(TABLE)
        .key_condition_expression("pk = :run AND begins_with(sk, :table)")
        .expression_attribute_values(":run", text("run-1"))
        .expression_attribute_values(":table", text("kpis/"))
        .limit(7)
        .into_paginator()
        .send();
    let (mut found, mut count) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.items().len() <= 7);
        count += 1;
        found.extend(
            page.items()
                .iter()
                .map(|item| item["sk"].as_s().unwrap().clone()),
        );
    }
    let want: Vec<String> = (0..100)
        .step_by(2)
        .map(|n| format!("kpis/{n:03}"))
        .collect();
    assert_eq!(found, want);
    assert!(count >= 8);
    fixture.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_items_go_with_the_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Fixture::over(folder.path()).await;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for (sk, expires) in [("old", now - 10), ("new", now + 3_600)] {
        let put = item(&fixture.dynamodb, "seen", sk, "x");
        put.item("expires_at", AttributeValue::N(expires.to_string()))
            .send()
            .await
            .unwrap();
    }
    assert_eq!(fixture.cloud.sweep_expired().await.unwrap(), 1);
    assert_eq!(read(&fixture.dynamodb, "seen", "old").await, None);
    assert!(read(&fixture.dynamodb, "seen", "new").await.is_some());
    fixture.cloud.stop().await;
}
