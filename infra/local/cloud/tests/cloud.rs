//! The local cloud through the real AWS SDK clients, one binary for all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

#[path = "cloud/faults.rs"]
mod faults;
#[path = "cloud/lifecycle.rs"]
mod lifecycle;
#[path = "cloud/listing.rs"]
mod listing;
#[path = "cloud/objects.rs"]
mod objects;
#[path = "cloud/races.rs"]
mod races;
#[path = "cloud/tables.rs"]
mod tables;

use std::path::Path;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use levier_cloud::{Cloud, CloudOptions, clients, prepare};

const BUCKET: &str = "levier";
const TABLE: &str = "levier";

/// A cloud with a bucket, a table and the clients that speak to it.
struct Fixture {
    cloud: Cloud,
    s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
}

impl Fixture {
    async fn over(data: &Path) -> Self {
        let cloud = Cloud::start(CloudOptions::new(data)).await.unwrap();
        let (s3, dynamodb) = clients(cloud.s3_url(), cloud.dynamodb_url()).await;
        prepare(&s3, &dynamodb, BUCKET, TABLE).await.unwrap();
        Self {
            cloud,
            s3,
            dynamodb,
        }
    }

    async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let put = self
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .body(body.into().into());
        put.send().await.unwrap().e_tag.unwrap()
    }

    async fn get(&self, key: &str) -> Vec<u8> {
        let got = self.s3.get_object().bucket(BUCKET).key(key).send().await;
        let body = got.unwrap().body.collect().await.unwrap();
        body.to_vec()
    }

    async fn exists(&self, key: &str) -> bool {
        match self.s3.head_object().bucket(BUCKET).key(key).send().await {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(status(&error), Some(404));
                false
            }
        }
    }
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}
