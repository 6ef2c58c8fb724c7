//! The bucket: get, put, create, list, delete, with errors that say on which key and whether a retry helps.

use std::fmt;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use rayon::prelude::*;

/// A body of so many bytes is summed (CRC) and not signed as well: the signature costs as much as all the rest of writing it.
const LARGE: usize = 1 << 20;

/// One bucket, spoken to through the AWS SDK.
#[derive(Clone, Debug)]
pub struct Lake {
    client: Client,
    bucket: String,
}

/// What a listing says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written; for a dropped file, when it says that it was dropped.
    pub modified: Option<Timestamp>,
}

/// User metadata of a dropped file that is handed in later: when it was first known (RFC 3339).
pub const DROPPED_AT: &str = "levier-dropped-at";

/// A call to the bucket that failed.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The service refused or could not be reached.
    #[error("cannot {operation} `{key}` in bucket `{bucket}`: {detail}")]
    Service {
        /// `read`, `write`, `list`, `delete`.
        operation: &'static str,
        /// The key or prefix.
        key: String,
        /// The bucket.
        bucket: String,
        /// What the service said, in one line.
        detail: String,
        /// Whether trying again may help.
        retryable: bool,
    },
    /// The object is not what the layout says it is.
    #[error(
        "`{key}` is not readable as {expected}: {detail}; delete it and run the job that writes it again"
    )]
    Content {
        /// The key.
        key: String,
        /// What it should be.
        expected: &'static str,
        /// What is wrong.
        detail: String,
    },
}

impl LakeError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Service {
                retryable: true,
                ..
            }
        )
    }

    /// An object that is not what the layout says it is.
    pub fn content(key: &str, expected: &'static str, detail: impl fmt::Display) -> Self {
        Self::Content {
            key: key.to_owned(),
            expected,
            detail: detail.to_string(),
        }
    }
}

/// How many objects are read at once: enough to hide latency, few enough to bound memory.
const READS_AT_ONCE: usize = 32;

impl Lake {
    /// The bucket `bucket` behind `client`.
    #[must_use]
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
        }
    }

    /// Name of the bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The client, for callers that stream.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn error<E>(&self, operation: &'static str, key: &str, error: &SdkError<E>) -> LakeError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let retryable = match error {
            SdkError::ServiceError(context) => {
                context.raw().status().as_u16() >= 500 || context.raw().status().as_u16() == 429
            }
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        LakeError::Service {
            operation,
            key: key.to_owned(),
            bucket: self.bucket.clone(),
            detail: DisplayErrorContext(error).to_string(),
            retryable,
        }
    }

    /// The bytes of an object, `None` where there is none.
    ///
    /// # Errors
    /// [`LakeError::Service`].
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, LakeError> {
        let sent = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await;
        let output = match sent {
            Ok(output) => output,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_no_such_key() || e.code() == Some("NoSuchKey")) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(self.error("read", key, &error)),
        };
        let body = output
            .body
            .collect()
            .await
            .map_err(|error| LakeError::Service {
                operation: "read",
                key: key.to_owned(),
                bucket: self.bucket.clone(),
                detail: error.to_string(),
                retryable: true,
            })?;
        Ok(Some(body.into_bytes()))
    }

    /// The bytes of an object as they come, for what may be larger than memory.
    ///
    /// # Errors
    /// [`LakeError::Service`], also where there is no such object.
    pub async fn stream(&self, key: &str) -> Result<ByteStream, LakeError> {
        let sent = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await;
        sent.map(|output| output.body)
            .map_err(|error| self.error("read", key, &error))
    }

    /// When an object was last written and how large it is, `None` where there is none.
    ///
    /// # Errors
    /// [`LakeError::Service`].
    pub async fn head(&self, key: &str) -> Result<Option<Object>, LakeError> {
        match self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
        {
            Ok(head) => Ok(Some(Object {
                key: key.to_owned(),
                size: head
                    .content_length()
                    .and_then(|n| u64::try_from(n).ok())
                    .unwrap_or(0),
                modified: head
                    .metadata()
                    .and_then(|metadata| metadata.get(DROPPED_AT))
                    .and_then(|at| at.parse().ok())
                    .or_else(|| head.last_modified().and_then(instant)),
            })),
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|raw| raw.status().as_u16() == 404) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.error("read", key, &error)),
        }
    }

    /// Writes or replaces an object.
    ///
    /// # Errors
    /// [`LakeError::Service`].
    pub async fn put(&self, key: &str, body: impl Into<Bytes>) -> Result<(), LakeError> {
        let body: Bytes = body.into();
        let large = body.len() >= LARGE;
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(ByteStream::from(body));
        let put = if large {
            put.customize().disable_payload_signing().send().await
        } else {
            put.send().await
        };
        put.map(drop)
            .map_err(|error| self.error("write", key, &error))
    }

    /// Writes a dropped file; `known_at` is when it was first known, where that is not now.
    ///
    /// # Errors
    /// [`LakeError::Service`].
    pub async fn drop_file(
        &self,
        key: &str,
        body: ByteStream,
        known_at: Option<Timestamp>,
    ) -> Result<(), LakeError> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(body);
        let put = match known_at {
            Some(at) => put.metadata(DROPPED_AT, at.to_string()),
            None => put,
        };
        // A body sent in signed and summed pieces costs more to sign and check than to write; TLS and the length keep it whole.
        let plain = aws_sdk_s3::config::Builder::new()
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        put.customize()
            .config_override(plain)
            .disable_payload_signing()
            .send()
            .await
            .map(drop)
            .map_err(|error| self.error("write", key, &error))
    }

    /// Writes an object only where there is none; `false` where there was one.
    ///
    /// # Errors
    /// [`LakeError::Service`].
    pub async fn create(&self, key: &str, body: impl Into<Bytes>) -> Result<bool, LakeError> {
        let body = ByteStream::from(body.into());
        match self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .body(body)
            .send()
            .await
        {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|raw| matches!(raw.status().as_u16(), 412 | 409)) =>
            {
                Ok(false)
            }
            Err(error) => Err(self.error("write", key, &error)),
        }
    }

    /// Deletes an object; one that is not there is no error.
    ///
    /// # Errors
    /// [`LakeError::Service`].
    pub async fn delete(&self, key: &str) -> Result<(), LakeError> {
        let sent = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await;
        sent.map(drop)
            .map_err(|error| self.error("delete", key, &error))
    }

    /// Everything under a prefix, by key.
    ///
    /// # Errors
    /// [`LakeError::Service`].
    pub async fn list(&self, prefix: &str) -> Result<Vec<Object>, LakeError> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error("list", prefix, &error))?;
            objects.extend(page.contents().iter().filter_map(|object| {
                Some(Object {
                    key: object.key()?.to_owned(),
                    size: object
                        .size()
                        .and_then(|n| u64::try_from(n).ok())
                        .unwrap_or(0),
                    modified: object.last_modified().and_then(instant),
                })
            }));
        }
        objects.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(objects)
    }

    /// Reads many objects at once, in the order of `keys`; one that vanished meanwhile is left out.
    ///
    /// # Errors
    /// The first [`LakeError`] met.
    pub async fn get_all(&self, keys: &[String]) -> Result<Vec<(String, Bytes)>, LakeError> {
        let mut reads = futures::stream::iter(keys.to_vec())
            .map(|key| {
                let lake = self.clone();
                async move {
                    let read = lake.get(&key).await;
                    (key, read)
                }
            })
            .buffered(READS_AT_ONCE);
        let mut found = Vec::with_capacity(keys.len());
        while let Some((key, read)) = reads.next().await {
            if let Some(bytes) = read? {
                found.push((key, bytes));
            }
        }
        Ok(found)
    }

    /// Reads objects one after the other, `ahead` of them under way: hides latency, and no more than that many are in memory.
    #[must_use]
    pub fn read_ahead(
        &self,
        keys: Vec<String>,
        ahead: usize,
    ) -> BoxStream<'static, (String, Result<Option<Bytes>, LakeError>)> {
        let lake = self.clone();
        futures::stream::iter(keys)
            .map(move |key| {
                let lake = lake.clone();
                async move {
                    let read = lake.get(&key).await;
                    (key, read)
                }
            })
            .buffered(ahead)
            .boxed()
    }

    /// Works on many objects, as many of them side by side as there are processors, and hands over what came of each in the order
    /// of `keys`; one that vanished meanwhile is left out. `work` is told the position of the key.
    ///
    /// # Errors
    /// The first [`LakeError`] met, in the order of `keys`.
    pub async fn side_by_side<T: Send>(
        &self,
        keys: Vec<String>,
        work: impl Fn(usize, &str, Bytes) -> Result<T, LakeError> + Sync,
        mut take: impl FnMut(T),
    ) -> Result<(), LakeError> {
        let at_once = rayon::current_num_threads();
        // What the next ones need is under way meanwhile, and no more: a file of rows has tens of megabytes.
        let reads = self.read_ahead(keys, 2 * at_once);
        let mut chunks = reads.enumerate().chunks(at_once);
        while let Some(chunk) = chunks.next().await {
            let done: Vec<Result<Option<T>, LakeError>> = chunk
                .into_par_iter()
                .map(|(position, (key, read))| {
                    let Some(bytes) = read? else { return Ok(None) };
                    work(position, &key, bytes).map(Some)
                })
                .collect();
            for part in done {
                part?.into_iter().for_each(&mut take);
            }
        }
        Ok(())
    }

    /// Writes many objects at once.
    ///
    /// # Errors
    /// The first [`LakeError`] met; which of the others were written is unknown.
    pub async fn put_all(&self, objects: Vec<(String, Vec<u8>)>) -> Result<(), LakeError> {
        let mut writes = futures::stream::iter(objects)
            .map(|(key, bytes)| {
                let lake = self.clone();
                async move { lake.put(&key, bytes).await }
            })
            .buffered(READS_AT_ONCE);
        while let Some(written) = writes.next().await {
            written?;
        }
        Ok(())
    }

    /// A JSON object, `None` where there is none.
    ///
    /// # Errors
    /// [`LakeError::Content`] where it is not what it should be.
    pub async fn get_json<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<T>, LakeError> {
        match self.get(key).await? {
            None => Ok(None),
            Some(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| LakeError::content(key, "JSON", error)),
        }
    }

    /// Writes a value as JSON, keys in the order of its fields.
    ///
    /// # Errors
    /// [`LakeError::Service`].
    pub async fn put_json<T: serde::Serialize>(
        &self,
        key: &str,
        value: &T,
    ) -> Result<(), LakeError> {
        let bytes =
            serde_json::to_vec(value).map_err(|error| LakeError::content(key, "JSON", error))?;
        self.put(key, bytes).await
    }
}

fn instant(at: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}
