//! The local cloud: what S3 and DynamoDB are on AWS, inside the calling process and over one folder.
//!
//! [`Cloud::start`] opens an S3-protocol server over `DIR/s3/` and a DynamoDB-compatible server over
//! `DIR/dynamodb.sqlite`, each on its own loopback port. The functions speak to them through the real AWS SDK clients
//! ([`clients`]), so that what runs here is what runs on AWS. The objects lie as plain files at
//! `DIR/s3/{bucket}/{key}`, so DuckDB and the like read the lake without any server.
//!
//! # Why not the S3 backend that comes with the protocol crate
//!
//! The protocol (routes, signatures, XML) is `s3s`. The storage behind it is ours ([`Cloud`] hides it), because each
//! promise the pipeline leans on sits in the write path and in the listing:
//!
//! - a conditional create or replace has exactly one winner, whatever the concurrency;
//! - a refused upload (wrong checksum, lost connection) leaves nothing behind;
//! - an acknowledged object is on the disk, file and folder entry both ([`CloudOptions::durable`]);
//! - a listing reads only the folders its prefix names, in the order of S3, page after page, with ETags;
//! - a conditional read answers 304 or 412.
//!
//! # Limits, by choice
//!
//! A key is a path: its parts are plain file names of at most 255 bytes, `a` and `a/b` cannot both be objects, and a
//! key does not end in `/`. No versions, tags or lifecycle rules. An unfinished multipart upload does not outlive the
//! process. An ETag is always the MD5 of the content, multipart uploads included.
//!
//! # Example
//!
//! ```no_run
//! # async fn example() -> Result<(), levier_cloud::CloudError> {
//! use levier_cloud::{Cloud, CloudOptions, clients, prepare};
//!
//! let cloud = Cloud::start(CloudOptions::new(".levier")).await?;
//! let (s3, dynamodb) = clients(cloud.s3_url(), cloud.dynamodb_url()).await;
//! prepare(&s3, &dynamodb, "levier", "levier").await?;
//! cloud.stop().await;
//! # Ok(())
//! # }
//! ```

mod clients;
mod cloud;
mod dynamodb;
mod error;
mod faults;
mod lock;
mod s3;
mod serve;

pub use clients::{LocalCredentials, REGION, TTL_ATTRIBUTE, clients, credentials, prepare};
pub use cloud::{Cloud, CloudOptions};
pub use error::CloudError;
pub use faults::Faults;
