//! Each S3 operation that Levier, DuckDB and the AWS command line use, in terms of the store.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::attributes::{Headers, Version};
use super::list::{self, Line, Query};
use super::stage::{Announced, Staged, Temporary};
use super::store::{Conditions, Found, Place, Store, internal};
use super::{blocking, blocking_s3};

/// Answers up to this size are read in one go; larger ones are streamed in pieces of it.
const PIECE: u64 = 512 << 10;
/// Keys on a page at most, as on S3.
const PAGE: i32 = 1000;
/// `encoding-type=url` leaves these as they are.
const IN_KEYS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

pub(super) struct Operations {
    pub(super) store: Arc<Store>,
}

type Reply<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Operations {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> Reply<CreateBucketOutput> {
        let path = self.store.root.join(&req.input.bucket);
        let made = tokio::task::spawn_blocking(move || std::fs::create_dir(path));
        match made.await.map_err(S3Error::internal_error)? {
            Ok(()) => Ok(S3Response::new(CreateBucketOutput::default())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(s3_error!(BucketAlreadyOwnedByYou))
            }
            Err(error) => Err(internal(error)),
        }
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> Reply<HeadBucketOutput> {
        self.store.bucket(&req.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> Reply<GetBucketLocationOutput> {
        self.store.bucket(&req.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput {
            location_constraint: Some(crate::REGION.to_owned().into()),
        }))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> Reply<ListBucketsOutput> {
        let root = self.store.root.clone();
        let mut buckets = blocking(move || {
            let mut buckets = Vec::new();
            for entry in std::fs::read_dir(root)? {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                if entry.file_type()?.is_dir() && s3s::path::check_bucket_name(&name) {
                    buckets.push(Bucket {
                        name: Some(name),
                        creation_date: Some(entry.metadata()?.modified()?.into()),
                        bucket_region: None,
                    });
                }
            }
            Ok(buckets)
        })
        .await?;
        buckets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets),
            ..ListBucketsOutput::default()
        }))
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> Reply<DeleteBucketOutput> {
        let path = self.store.bucket(&req.input.bucket)?;
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir(path));
        match removed.await.map_err(S3Error::internal_error)? {
            Ok(()) => Ok(S3Response::new(DeleteBucketOutput::default())),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                Err(s3_error!(BucketNotEmpty))
            }
            Err(error) => Err(internal(error)),
        }
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> Reply<PutObjectOutput> {
        let input = req.input;
        let place = self.store.place(&input.bucket, &input.key)?;
        let announced = Announced {
            length: input.content_length,
            md5: input.content_md5,
            algorithm: input
                .checksum_algorithm
                .map(|name| name.as_str().to_owned()),
            checksum: Checksum {
                checksum_crc32: input.checksum_crc32,
                checksum_crc32c: input.checksum_crc32c,
                checksum_crc64nvme: input.checksum_crc64nvme,
                checksum_sha1: input.checksum_sha1,
                checksum_sha256: input.checksum_sha256,
                ..Checksum::default()
            },
            trailers: req.trailing_headers,
        };
        let headers = Headers {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            metadata: input.metadata.unwrap_or_default(),
        }
        .without_defaults();
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let body = input.body.unwrap_or_else(|| s3s::Body::empty().into());
        let staged = Staged::receive(body, announced, self.store.temporary()).await?;
        let checksum = staged.checksum.clone();

        let lock = self.store.lock(&place).await;
        let store = Arc::clone(&self.store);
        let etag = blocking_s3(move || {
            let _lock = lock;
            store.commit(&place, staged, &conditions, &headers)
        })
        .await?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(strong(etag)),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..PutObjectOutput::default()
        }))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> Reply<GetObjectOutput> {
        let input = req.input;
        let place = self.store.place(&input.bucket, &input.key)?;
        let reading = Reading {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        let store = Arc::clone(&self.store);
        let range = input.range;
        let (found, start, length, first) = blocking_s3(move || {
            let mut found = store.find(&place)?;
            reading.check(&found)?;
            let span = match range {
                None => 0..found.size,
                Some(range) => range.check(found.size)?,
            };
            let length = span.end - span.start;
            if span.start > 0 {
                found
                    .file
                    .seek(SeekFrom::Start(span.start))
                    .map_err(internal)?;
            }
            let first = piece(&mut found.file, length).map_err(internal)?;
            Ok((found, span.start, length, first))
        })
        .await?;

        let content_range =
            range.map(|_| format!("bytes {start}-{}/{}", start + length - 1, found.size));
        let headers = found.headers;
        Ok(S3Response::new(GetObjectOutput {
            body: Some(body(found.file, first, length)),
            content_length: Some(signed(length)?),
            content_range,
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(strong(found.etag)),
            last_modified: Some(seconds(found.modified).into()),
            content_type: Some(
                input
                    .response_content_type
                    .unwrap_or_else(|| headers.content_type()),
            ),
            metadata: headers.metadata(),
            content_encoding: headers.content_encoding,
            content_disposition: input
                .response_content_disposition
                .or(headers.content_disposition),
            content_language: headers.content_language,
            cache_control: headers.cache_control,
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> Reply<HeadObjectOutput> {
        let input = req.input;
        let place = self.store.place(&input.bucket, &input.key)?;
        let reading = Reading {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
            if_modified_since: input.if_modified_since,
            if_unmodified_since: input.if_unmodified_since,
        };
        let store = Arc::clone(&self.store);
        let found = blocking_s3(move || {
            let found = store.find(&place)?;
            reading.check(&found)?;
            Ok(found)
        })
        .await?;
        let headers = found.headers;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(signed(found.size)?),
            accept_ranges: Some("bytes".to_owned()),
            e_tag: Some(strong(found.etag)),
            last_modified: Some(seconds(found.modified).into()),
            content_type: Some(headers.content_type()),
            metadata: headers.metadata(),
            content_encoding: headers.content_encoding,
            content_disposition: headers.content_disposition,
            content_language: headers.content_language,
            cache_control: headers.cache_control,
            ..HeadObjectOutput::default()
        }))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> Reply<DeleteObjectOutput> {
        let input = req.input;
        let place = self.store.place(&input.bucket, &input.key)?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: None,
        };
        self.delete(place, conditions).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> Reply<DeleteObjectsOutput> {
        let input = req.input;
        self.store.bucket(&input.bucket)?;
        let quiet = input.delete.quiet == Some(true);
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            let conditions = Conditions {
                if_match: object.e_tag.map(ETagCondition::ETag),
                if_none_match: None,
            };
            let outcome = match self.store.place(&input.bucket, &object.key) {
                Ok(place) => self.delete(place, conditions).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => deleted.push(DeletedObject {
                    key: Some(object.key),
                    ..DeletedObject::default()
                }),
                Err(error) => errors.push(Error {
                    key: Some(object.key),
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                    version_id: None,
                }),
            }
        }
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> Reply<CopyObjectOutput> {
        let input = req.input;
        let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
            return Err(s3_error!(
                NotImplemented,
                "copies are made from a bucket of this cloud"
            ));
        };
        let source = self.store.place(bucket, key)?;
        let place = self.store.place(&input.bucket, &input.key)?;
        let reading = Reading {
            if_match: input.copy_source_if_match,
            if_none_match: input.copy_source_if_none_match,
            if_modified_since: input.copy_source_if_modified_since,
            if_unmodified_since: input.copy_source_if_unmodified_since,
        };
        let replace = input
            .metadata_directive
            .as_ref()
            .map(MetadataDirective::as_str)
            == Some(MetadataDirective::REPLACE);
        let replaced = replace.then(|| {
            Headers {
                content_type: input.content_type,
                content_encoding: input.content_encoding,
                content_disposition: input.content_disposition,
                content_language: input.content_language,
                cache_control: input.cache_control,
                metadata: input.metadata.unwrap_or_default(),
            }
            .without_defaults()
        });
        let lock = self.store.lock(&place).await;
        let store = Arc::clone(&self.store);
        let (etag, modified) = blocking_s3(move || {
            let _lock = lock;
            let mut found = store.find(&source)?;
            reading
                .check(&found)
                .map_err(|error| match error.code().as_str() {
                    "NotModified" => s3_error!(PreconditionFailed, "the source is unchanged"),
                    _ => error,
                })?;
            let temporary = Temporary::at(store.temporary());
            let mut file = File::create_new(temporary.path()).map_err(internal)?;
            io::copy(&mut found.file, &mut file).map_err(internal)?;
            if store.durable() {
                file.sync_data().map_err(internal)?;
            }
            let metadata = file.metadata().map_err(internal)?;
            let modified = metadata.modified().map_err(internal)?;
            let headers = replaced.unwrap_or(found.headers);
            store.commit_file(
                &place,
                temporary,
                (Version::of(&metadata), found.etag),
                &headers,
            )?;
            Ok((found.etag, modified))
        })
        .await?;
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                e_tag: Some(strong(etag)),
                last_modified: Some(seconds(modified).into()),
                ..CopyObjectResult::default()
            }),
            ..CopyObjectOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> Reply<ListObjectsV2Output> {
        let input = req.input;
        let after = match &input.continuation_token {
            Some(token) => hex::decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| {
                    s3_error!(InvalidArgument, "the continuation token is not one of ours")
                })?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let url = input.encoding_type.as_ref().map(EncodingType::as_str) == Some(EncodingType::URL);
        let query = query(&input.prefix, &input.delimiter, after, input.max_keys)?;
        let listed = self.list(&input.bucket, query, url).await?;
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: i32::try_from(listed.keys.len() + listed.common.len()).ok(),
            max_keys: Some(input.max_keys.unwrap_or(PAGE).min(PAGE)),
            is_truncated: Some(listed.next.is_some()),
            contents: Some(listed.keys),
            common_prefixes: Some(listed.common),
            next_continuation_token: listed.next.map(hex::encode),
            continuation_token: input.continuation_token,
            start_after: input.start_after.map(|after| in_xml(after, url)),
            prefix: input.prefix.map(|prefix| in_xml(prefix, url)),
            delimiter: input.delimiter.map(|delimiter| in_xml(delimiter, url)),
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            ..ListObjectsV2Output::default()
        }))
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> Reply<ListObjectsOutput> {
        let input = req.input;
        let mut after = input.marker.clone().unwrap_or_default();
        // A marker that is a common prefix stands for all of it.
        if input
            .delimiter
            .as_ref()
            .is_some_and(|d| !d.is_empty() && after.ends_with(d.as_str()))
        {
            after.push(char::MAX);
        }
        let url = input.encoding_type.as_ref().map(EncodingType::as_str) == Some(EncodingType::URL);
        let query = query(&input.prefix, &input.delimiter, after, input.max_keys)?;
        let listed = self.list(&input.bucket, query, url).await?;
        Ok(S3Response::new(ListObjectsOutput {
            max_keys: Some(input.max_keys.unwrap_or(PAGE).min(PAGE)),
            is_truncated: Some(listed.next.is_some()),
            contents: Some(listed.keys),
            common_prefixes: Some(listed.common),
            next_marker: listed
                .next
                .map(|next| in_xml(next.trim_end_matches(char::MAX).to_owned(), url)),
            marker: input.marker.map(|marker| in_xml(marker, url)),
            prefix: input.prefix.map(|prefix| in_xml(prefix, url)),
            delimiter: input.delimiter.map(|delimiter| in_xml(delimiter, url)),
            encoding_type: input.encoding_type,
            name: Some(input.bucket),
            ..ListObjectsOutput::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> Reply<CreateMultipartUploadOutput> {
        let input = req.input;
        let place = self.store.place(&input.bucket, &input.key)?;
        let headers = Headers {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            content_disposition: input.content_disposition,
            content_language: input.content_language,
            cache_control: input.cache_control,
            metadata: input.metadata.unwrap_or_default(),
        }
        .without_defaults();
        let store = Arc::clone(&self.store);
        let id = blocking_s3(move || store.begin_upload(&place, headers)).await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> Reply<UploadPartOutput> {
        let input = req.input;
        let place = self.store.place(&input.bucket, &input.key)?;
        self.store
            .check_part(&place, &input.upload_id, input.part_number)?;
        let announced = Announced {
            length: input.content_length,
            md5: input.content_md5,
            algorithm: input
                .checksum_algorithm
                .map(|name| name.as_str().to_owned()),
            checksum: Checksum {
                checksum_crc32: input.checksum_crc32,
                checksum_crc32c: input.checksum_crc32c,
                checksum_crc64nvme: input.checksum_crc64nvme,
                checksum_sha1: input.checksum_sha1,
                checksum_sha256: input.checksum_sha256,
                ..Checksum::default()
            },
            trailers: req.trailing_headers,
        };
        let body = input.body.unwrap_or_else(|| s3s::Body::empty().into());
        let staged = Staged::receive(body, announced, self.store.temporary()).await?;
        let (etag, checksum) = (staged.md5, staged.checksum.clone());
        let store = Arc::clone(&self.store);
        blocking_s3(move || store.keep_part(&place, &input.upload_id, input.part_number, staged))
            .await?;
        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(strong(etag)),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> Reply<CompleteMultipartUploadOutput> {
        let input = req.input;
        let place = self.store.place(&input.bucket, &input.key)?;
        let parts = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .filter(|parts| !parts.is_empty())
            .ok_or_else(|| {
                s3_error!(
                    InvalidRequest,
                    "an upload is completed with at least one part"
                )
            })?;
        let conditions = Conditions {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let lock = self.store.lock(&place).await;
        let store = Arc::clone(&self.store);
        let etag = blocking_s3(move || {
            let _lock = lock;
            store.complete_upload(&place, &input.upload_id, &parts, &conditions)
        })
        .await?;
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(strong(etag)),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> Reply<AbortMultipartUploadOutput> {
        let input = req.input;
        let place = self.store.place(&input.bucket, &input.key)?;
        let store = Arc::clone(&self.store);
        blocking_s3(move || store.abort_upload(&place, &input.upload_id)).await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

impl Operations {
    async fn delete(&self, place: Place, conditions: Conditions) -> S3Result<()> {
        let lock = self.store.lock(&place).await;
        let store = Arc::clone(&self.store);
        blocking_s3(move || {
            let _lock = lock;
            store.delete(&place, &conditions).map(|_| ())
        })
        .await
    }

    async fn list(&self, bucket: &str, query: Query, url: bool) -> S3Result<Listed> {
        let bucket = bucket.to_owned();
        let store = Arc::clone(&self.store);
        blocking_s3(move || {
            let page = list::page(&store.bucket(&bucket)?, &query).map_err(internal)?;
            let mut listed = Listed {
                next: page.next,
                ..Listed::default()
            };
            for line in page.lines {
                match line {
                    Line::Common(prefix) => listed.common.push(CommonPrefix {
                        prefix: Some(in_xml(prefix, url)),
                    }),
                    Line::Key(key) => {
                        let place = Place {
                            path: store.root.join(&bucket).join(&key),
                            bucket: bucket.clone(),
                            key,
                        };
                        let Some((size, modified, etag)) =
                            store.listed(&place).map_err(internal)?
                        else {
                            continue;
                        };
                        listed.keys.push(Object {
                            key: Some(in_xml(place.key, url)),
                            size: Some(signed(size)?),
                            last_modified: Some(modified.into()),
                            e_tag: Some(strong(etag)),
                            ..Object::default()
                        });
                    }
                }
            }
            Ok(listed)
        })
        .await
    }
}

/// A page with what a listing tells of each object.
#[derive(Default)]
struct Listed {
    keys: Vec<Object>,
    common: Vec<CommonPrefix>,
    next: Option<String>,
}

fn query(
    prefix: &Option<String>,
    delimiter: &Option<String>,
    after: String,
    max_keys: Option<i32>,
) -> S3Result<Query> {
    let limit = usize::try_from(max_keys.unwrap_or(PAGE).min(PAGE))
        .map_err(|_| s3_error!(InvalidArgument, "max-keys is not negative"))?;
    Ok(Query {
        prefix: prefix.clone().unwrap_or_default(),
        delimiter: delimiter.clone().unwrap_or_default(),
        after,
        limit,
    })
}

/// A key as a listing writes it.
fn in_xml(key: String, url: bool) -> String {
    if url {
        utf8_percent_encode(&key, IN_KEYS).to_string()
    } else {
        key
    }
}

/// What a read demands of the object.
struct Reading {
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
}

impl Reading {
    /// In the order of RFC 9110, 13.2.2: a condition on the ETag overrides the one on the date.
    fn check(&self, found: &Found) -> S3Result<()> {
        let etag = strong(found.etag);
        let modified = Timestamp::from(seconds(found.modified));
        let is = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(wanted) => etag.weak_cmp(wanted),
        };
        let holds = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => is(condition),
            (None, Some(since)) => modified <= *since,
            (None, None) => true,
        };
        if !holds {
            return Err(s3_error!(PreconditionFailed, "the object has changed"));
        }
        let fresh = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => is(condition),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if fresh {
            return Err(s3_error!(NotModified));
        }
        Ok(())
    }
}

fn strong(etag: [u8; 16]) -> ETag {
    ETag::Strong(hex::encode(etag))
}

fn signed(size: u64) -> S3Result<i64> {
    i64::try_from(size).map_err(S3Error::internal_error)
}

/// Dates in HTTP have whole seconds; comparisons with them must too.
fn seconds(time: SystemTime) -> SystemTime {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => UNIX_EPOCH + Duration::from_secs(since.as_secs()),
        Err(_) => time,
    }
}

/// Reads the next piece of what is left.
fn piece(file: &mut File, left: u64) -> io::Result<Bytes> {
    let size = usize::try_from(left.min(PIECE)).map_err(io::Error::other)?;
    let mut buffer = vec![0; size];
    file.read_exact(&mut buffer)?;
    Ok(buffer.into())
}

/// The first piece, then the rest as the client takes it.
fn body(file: File, first: Bytes, length: u64) -> StreamingBlob {
    let left = length - first.len() as u64;
    if left == 0 {
        return s3s::Body::from(first).into();
    }
    let rest = stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok::<_, io::Error>(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let piece = piece(&mut file, left)?;
            Ok::<_, io::Error>((piece, file))
        });
        let (piece, file) = read.await.map_err(io::Error::other)??;
        let left = left - piece.len() as u64;
        Ok(Some((piece, (file, left))))
    });
    let first = stream::once(std::future::ready(Ok::<_, io::Error>(first)));
    StreamingBlob::wrap(futures::StreamExt::chain(first, rest))
}
