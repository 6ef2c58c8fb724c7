//! The real AWS SDK clients, pointed at the local endpoints, and the bucket and table the pipeline needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::CloudError;

/// The region of the local cloud.
pub const REGION: &str = "eu-west-3";
/// The attribute of a table item that holds its expiry, in seconds since 1970.
pub const TTL_ATTRIBUTE: &str = "expires_at";

/// The access key pair of the product's own clients. It protects nothing: the endpoints listen on the loopback interface only,
/// and its signatures are checked so that what is unsigned here fails here, not first on AWS. Other tools may bring any pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalCredentials {
    /// The access key id.
    pub access_key_id: &'static str,
    /// The secret access key.
    pub secret_access_key: &'static str,
    /// The region requests are signed for.
    pub region: &'static str,
}

/// The fixed credentials of the local cloud, also for tools of one's own (DuckDB, the AWS command line).
pub const fn credentials() -> LocalCredentials {
    LocalCredentials {
        access_key_id: "levier-local",
        secret_access_key: "levier-local-secret",
        region: REGION,
    }
}

/// S3 and DynamoDB clients for the local endpoints: path style, static credentials, short waits. Nothing is read from
/// the environment, from files or from the network to configure them.
pub async fn clients(
    s3_url: &str,
    dynamodb_url: &str,
) -> (aws_sdk_s3::Client, aws_sdk_dynamodb::Client) {
    // Clients of one partition share a retry budget: one that has met many faults must not starve the next.
    static PARTITION: AtomicU64 = AtomicU64::new(0);
    let partition = RetryPartition::new(format!(
        "levier-local-{}",
        PARTITION.fetch_add(1, Ordering::Relaxed)
    ));
    let keys = credentials();
    let keys = Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        None,
        None,
        "levier-local",
    );
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(10))
        .with_max_backoff(Duration::from_millis(100));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(60))
        .build();

    let s3 = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(keys.clone())
        .endpoint_url(s3_url)
        .force_path_style(true)
        .retry_config(retries.clone())
        .retry_partition(partition.clone())
        .timeout_config(timeouts.clone())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    let dynamodb = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(keys)
        .endpoint_url(dynamodb_url)
        .retry_config(retries)
        .retry_partition(partition)
        .timeout_config(timeouts)
        .build();
    (
        aws_sdk_s3::Client::from_conf(s3),
        aws_sdk_dynamodb::Client::from_conf(dynamodb),
    )
}

/// Makes the bucket and the table if they are absent: `pk` (string, hash), `sk` (string, range), on demand, items expire
/// by [`TTL_ATTRIBUTE`]. Calling it again changes nothing.
///
/// # Errors
/// [`CloudError::Prepare`] when an endpoint does not answer or refuses a name.
pub async fn prepare(
    s3: &aws_sdk_s3::Client,
    dynamodb: &aws_sdk_dynamodb::Client,
    bucket: &str,
    table: &str,
) -> Result<(), CloudError> {
    tokio::try_join!(prepare_bucket(s3, bucket), prepare_table(dynamodb, table))?;
    Ok(())
}

async fn prepare_bucket(s3: &aws_sdk_s3::Client, bucket: &str) -> Result<(), CloudError> {
    let place = CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::from(REGION))
        .build();
    let created = s3
        .create_bucket()
        .bucket(bucket)
        .create_bucket_configuration(place)
        .send()
        .await;
    match created {
        Ok(_) => Ok(()),
        Err(error)
            if error.as_service_error().is_some_and(|e| {
                e.is_bucket_already_owned_by_you() || e.is_bucket_already_exists()
            }) =>
        {
            Ok(())
        }
        Err(error) => Err(failed("bucket", bucket)(error.into())),
    }
}

async fn prepare_table(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Result<(), CloudError> {
    let failed = || failed("table", table);
    let mut request = dynamodb
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .map_err(|error| failed()(error.into()))?;
        let key = KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .map_err(|error| failed()(error.into()))?;
        request = request.attribute_definitions(attribute).key_schema(key);
    }
    if let Err(error) = request.send().await
        && !error
            .as_service_error()
            .is_some_and(|e| e.is_resource_in_use_exception())
    {
        return Err(failed()(error.into()));
    }

    let ttl = dynamodb
        .describe_time_to_live()
        .table_name(table)
        .send()
        .await
        .map_err(|error| failed()(error.into()))?;
    let enabled = ttl.time_to_live_description().is_some_and(|ttl| {
        ttl.attribute_name() == Some(TTL_ATTRIBUTE)
            && matches!(
                ttl.time_to_live_status(),
                Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
            )
    });
    if !enabled {
        let specification = TimeToLiveSpecification::builder()
            .attribute_name(TTL_ATTRIBUTE)
            .enabled(true)
            .build()
            .map_err(|error| failed()(error.into()))?;
        dynamodb
            .update_time_to_live()
            .table_name(table)
            .time_to_live_specification(specification)
            .send()
            .await
            .map_err(|error| failed()(error.into()))?;
    }
    Ok(())
}

fn failed(
    what: &'static str,
    name: &str,
) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> CloudError {
    let name = name.to_owned();
    move |source| CloudError::Prepare { what, name, source }
}
