//! The lake: where every object lies, what its Parquet looks like, and how it is read and written over S3.
//!
//! One bucket holds everything under fixed prefixes ([`keys`]). Raw bytes live only under `drop/`, `landing/`, `quarantine/` and
//! `refused/`, which expire; all else is typed and names no person. Objects are written whole and replaced whole, so that a
//! reader sees one version or the other and never half of one.
//!
//! Why no table format: a night rewrites the few day and bucket files that its news touch, one writer at a time, and results
//! become visible by a pointer elsewhere. Plain Parquet in Hive layout is then all that Athena, Spark, DuckDB and Polars need.

pub mod brought;
pub mod columns;
pub mod delivery;
pub mod domains;
pub mod events;
pub mod facts;
pub mod index;
pub mod keys;
pub mod layout;
pub mod ledger;
pub mod records;
mod store;
pub mod table;

pub use aws_sdk_s3::primitives::ByteStream;
pub use store::{DROPPED_AT, Lake, LakeError, Object};
