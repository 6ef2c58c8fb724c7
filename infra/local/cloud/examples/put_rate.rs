//! How many small objects and items a second go through the real clients: `put_rate [SECONDS] [TASKS]`.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use levier_cloud::{Cloud, CloudOptions, clients, prepare};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let tasks = arguments.next().map_or(Ok(64), |text| text.parse())?;
    for durable in [true, false] {
        let folder = tempfile::tempdir_in(".")?;
        let begun = Instant::now();
        let cloud = Cloud::start(CloudOptions {
            durable,
            ..CloudOptions::new(folder.path())
        })
        .await?;
        let started = begun.elapsed();
        let (s3, dynamodb) = clients(cloud.s3_url(), cloud.dynamodb_url()).await;
        prepare(&s3, &dynamodb, "levier", "levier").await?;
        println!(
            "durable {durable}: up in {started:?}, prepared in {:?}",
            begun.elapsed()
        );

        let body = vec![b'x'; 600];
        let (client, sent) = (s3.clone(), body.clone());
        rate("  S3 put, 600 bytes", seconds, tasks, move |n| {
            let put = client
                .put_object()
                .bucket("levier")
                .key(format!("landing/slack/2026-01-01/{:02}/{n}", n % 24));
            let put = put.body(sent.clone().into());
            async move { put.send().await.map(|_| ()).map_err(Into::into) }
        })
        .await?;
        let client = s3.clone();
        rate("  S3 get, 600 bytes", seconds, tasks, move |n| {
            let n = n % 1000;
            let get = client
                .get_object()
                .bucket("levier")
                .key(format!("landing/slack/2026-01-01/{:02}/{n}", n % 24));
            async move {
                get.send().await?.body.collect().await?;
                Ok(())
            }
        })
        .await?;
        let client = dynamodb.clone();
        rate("  DynamoDB conditional put", seconds, tasks, move |n| {
            let put = client
                .put_item()
                .table_name("levier")
                .condition_expression("attribute_not_exists(pk)");
            let put = put.item("pk", AttributeValue::S(format!("run-{}", n % 10)));
            let put = put.item("sk", AttributeValue::S(format!("kpis/{n}")));
            let put = put.item("body", AttributeValue::S("x".repeat(600)));
            async move { put.send().await.map(|_| ()).map_err(Into::into) }
        })
        .await?;
        let begun = Instant::now();
        let mut pages = s3
            .list_objects_v2()
            .bucket("levier")
            .prefix("landing/")
            .into_paginator()
            .send();
        let mut listed = 0;
        while let Some(page) = pages.next().await {
            listed += page?.contents().len();
        }
        println!("  S3 list: {listed} keys in {:?}", begun.elapsed());
        cloud.stop().await;
    }
    Ok(())
}

/// Runs numbered operations from `tasks` tasks for `seconds`, at most as many as an earlier rate could have stored.
async fn rate<F: Future<Output = Outcome> + Send>(
    what: &str,
    seconds: u64,
    tasks: usize,
    operation: impl Fn(u64) -> F + Send + Sync + 'static,
) -> Outcome {
    let operation = Arc::new(operation);
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let (operation, next) = (Arc::clone(&operation), Arc::clone(&next));
        running.spawn(async move {
            while Instant::now() < until {
                operation(next.fetch_add(1, Ordering::Relaxed)).await?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(outcome) = running.join_next().await {
        outcome??;
    }
    let done = next.load(Ordering::Relaxed);
    println!(
        "{what}: {:.0} per second with {tasks} tasks",
        done as f64 / begun.elapsed().as_secs_f64()
    );
    Ok(())
}
