//! The objects as files: one writer at a time per key, whole or not at all.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use s3s::crypto::{Checksum, Md5};
use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3Result, s3_error};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::attributes::{AttributeFiles, Attributes, Headers, Version};
use super::folders::{self, FolderSync};
use super::stage::{Staged, Temporary};
use crate::CloudError;
use crate::lock::FolderLock;

/// Keys share this many write locks; an operation never holds two.
const STRIPES: usize = 1024;
/// ETags remembered at most, some 100 bytes each.
const REMEMBERED: usize = 400_000;
/// A folder can be pruned by a delete between its making and its use, but not many times in a row.
const FOLDER_ATTEMPTS: usize = 32;

/// The objects of one data folder.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) root: PathBuf,
    pub(super) staging: PathBuf,
    pub(super) attributes: AttributeFiles,
    durable: bool,
    names: AtomicU64,
    stripes: Vec<Arc<AsyncMutex<()>>>,
    hasher: RandomState,
    etags: Mutex<HashMap<PathBuf, (Version, [u8; 16])>>,
    folders: FolderSync,
    watchers: Mutex<Vec<(String, UnboundedSender<String>)>>,
    _lock: FolderLock,
}

/// A validated key of a bucket and the file it stands for.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) path: PathBuf,
}

/// What a write demands of the object it would replace.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

/// An object as found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: File,
    pub(super) size: u64,
    pub(super) modified: SystemTime,
    pub(super) etag: [u8; 16],
    pub(super) headers: Headers,
}

impl Store {
    /// Blocks. What an earlier process left half-received is removed.
    pub(crate) fn open(data: &Path, durable: bool, lock: FolderLock) -> Result<Self, CloudError> {
        let root = data.join("s3");
        let staging = data.join("s3-staging");
        let attributes = data.join("s3-attributes");
        match std::fs::remove_dir_all(&staging) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(CloudError::io("clear", &staging)(error));
            }
            _ => {}
        }
        for folder in [&root, &staging, &attributes] {
            std::fs::create_dir_all(folder).map_err(CloudError::io("create", folder))?;
        }
        Ok(Self {
            root,
            staging,
            attributes: AttributeFiles::under(attributes),
            durable,
            names: AtomicU64::new(0),
            stripes: (0..STRIPES).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
            etags: Mutex::default(),
            folders: FolderSync::default(),
            watchers: Mutex::default(),
            _lock: lock,
        })
    }

    pub(crate) fn watch(&self, prefix: String, sender: UnboundedSender<String>) {
        self.watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((prefix, sender));
    }

    fn announce(&self, key: &str) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|(prefix, sender)| {
            !key.starts_with(prefix.as_str()) || sender.send(key.to_owned()).is_ok()
        });
    }

    /// A name for a staging file that no other of this process has.
    pub(super) fn temporary(&self) -> PathBuf {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        self.staging.join(number.to_string())
    }

    pub(super) fn bucket(&self, bucket: &str) -> S3Result<PathBuf> {
        let path = self.root.join(bucket);
        if s3s::path::check_bucket_name(bucket) && path.is_dir() {
            Ok(path)
        } else {
            Err(s3_error!(NoSuchBucket, "there is no bucket `{bucket}`"))
        }
    }

    /// The file that stands for a key. Whether the bucket exists is only asked when the file is missing.
    pub(super) fn place(&self, bucket: &str, key: &str) -> S3Result<Place> {
        if !s3s::path::check_bucket_name(bucket) {
            return Err(s3_error!(InvalidBucketName));
        }
        let plain = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.len() <= 255
                && !part.contains('\0')
        };
        if !key.split('/').all(plain) {
            return Err(s3_error!(
                InvalidArgument,
                "the local cloud keeps objects as files: each part of a key between slashes must be a plain file name of 1 to 255 bytes"
            ));
        }
        Ok(Place {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            path: self.root.join(bucket).join(key),
        })
    }

    /// The write lock of a key; it moves into the blocking task, so that a client that hangs up does not free it early.
    pub(super) async fn lock(&self, place: &Place) -> OwnedMutexGuard<()> {
        let stripe = self.hasher.hash_one(&place.path) as usize % STRIPES;
        Arc::clone(&self.stripes[stripe]).lock_owned().await
    }

    /// Makes a staged body the object, under the key's lock, and tells the watchers. Blocks.
    pub(super) fn commit(
        &self,
        place: &Place,
        staged: Staged,
        conditions: &Conditions,
        headers: &Headers,
    ) -> S3Result<[u8; 16]> {
        self.check(place, conditions)?;
        let etag = staged.md5;
        let (file, temporary) = staged.write(self.durable).map_err(internal)?;
        let version = Version::of(&file.metadata().map_err(internal)?);
        drop(file);
        self.commit_file(place, temporary, (version, etag), headers)?;
        Ok(etag)
    }

    /// The last step of [`Self::commit`], for a file that is complete and, if need be, synced.
    pub(super) fn commit_file(
        &self,
        place: &Place,
        temporary: Temporary,
        (version, etag): (Version, [u8; 16]),
        headers: &Headers,
    ) -> S3Result<()> {
        let name = (place.bucket.as_str(), place.key.as_str());
        let scratch = Temporary::at(temporary.path().with_extension("json"));
        let described = self
            .attributes
            .write(
                name,
                version,
                &hex::encode(etag),
                headers,
                (scratch.path(), self.durable),
            )
            .map_err(internal)?;
        self.rename(place, temporary.path())?;
        temporary.keep();
        self.remember(place.path.clone(), version, etag);
        if !described {
            self.attributes.remove(&place.bucket, &place.key);
        }
        if self.durable
            && let Some(folder) = place.path.parent()
        {
            self.folders.sync(folder).map_err(internal)?;
        }
        self.announce(&place.key);
        Ok(())
    }

    fn rename(&self, place: &Place, from: &Path) -> S3Result<()> {
        for _ in 0..FOLDER_ATTEMPTS {
            let error = match std::fs::rename(from, &place.path) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            match error.kind() {
                io::ErrorKind::NotFound => {
                    let bucket = self.bucket(&place.bucket)?;
                    if let Some(folder) = place.path.parent()
                        && let Err(error) = folders::make(&bucket, folder, self.durable)
                        && error.kind() != io::ErrorKind::NotFound
                    {
                        return Err(occupied(place, error));
                    }
                }
                // A folder whose last object was just deleted may still stand there.
                io::ErrorKind::IsADirectory if std::fs::remove_dir(&place.path).is_ok() => {}
                _ => return Err(occupied(place, error)),
            }
        }
        Err(s3_error!(
            OperationAborted,
            "`{}` could not be stored while its folder was being emptied; try again",
            place.key
        ))
    }

    /// Deletes the object if it is there; whether it was. Under the key's lock; blocks.
    pub(super) fn delete(&self, place: &Place, conditions: &Conditions) -> S3Result<bool> {
        self.check(place, conditions)?;
        match std::fs::remove_file(&place.path) {
            Ok(()) => {}
            Err(error) if absent(&error) || place.path.is_dir() => {
                self.bucket(&place.bucket)?;
                return Ok(false);
            }
            Err(error) => return Err(internal(error)),
        }
        self.etags().remove(&place.path);
        self.attributes.remove(&place.bucket, &place.key);
        if let Some(folder) = place.path.parent() {
            if self.durable {
                self.folders.sync(folder).map_err(internal)?;
            }
            folders::prune(&self.root.join(&place.bucket), folder);
        }
        Ok(true)
    }

    /// Whether a write may go ahead. As on S3, `If-Match` on an absent object is "not found", everything else that does
    /// not hold is "precondition failed".
    pub(super) fn check(&self, place: &Place, conditions: &Conditions) -> S3Result<()> {
        let Conditions {
            if_match,
            if_none_match,
        } = conditions;
        if if_match.is_none() && if_none_match.is_none() {
            return Ok(());
        }
        if if_match.is_none() && *if_none_match == Some(ETagCondition::Any) {
            return match place.path.is_file() {
                true => Err(s3_error!(PreconditionFailed, "the object exists already")),
                false => Ok(()),
            };
        }
        let current = match self.find(place) {
            Ok(found) => Some(ETag::Strong(hex::encode(found.etag))),
            Err(error) if error.code().as_str() == "NoSuchKey" => None,
            Err(error) => return Err(error),
        };
        match (if_match, &current) {
            (None, _) | (Some(ETagCondition::Any), Some(_)) => {}
            (Some(_), None) => {
                return Err(s3_error!(
                    NoSuchKey,
                    "If-Match was given, but there is no object"
                ));
            }
            (Some(ETagCondition::ETag(wanted)), Some(current)) => {
                if !current.strong_cmp(wanted) {
                    return Err(s3_error!(
                        PreconditionFailed,
                        "the object has changed: its ETag is another"
                    ));
                }
            }
        }
        match (if_none_match, &current) {
            (None, _) | (_, None) => Ok(()),
            (Some(ETagCondition::ETag(unwanted)), Some(current)) if !current.weak_cmp(unwanted) => {
                Ok(())
            }
            _ => Err(s3_error!(PreconditionFailed, "the object exists already")),
        }
    }

    /// Opens an object. What is answered stays of one version however often the key is written meanwhile. Blocks.
    pub(super) fn find(&self, place: &Place) -> S3Result<Found> {
        let missing = || -> S3Error {
            match self.bucket(&place.bucket) {
                Ok(_) => s3_error!(NoSuchKey, "there is no object `{}`", place.key),
                Err(error) => error,
            }
        };
        let file = match File::open(&place.path) {
            Ok(file) => file,
            Err(error) if absent(&error) => return Err(missing()),
            Err(error) => return Err(internal(error)),
        };
        let metadata = file.metadata().map_err(internal)?;
        if !metadata.is_file() {
            return Err(missing());
        }
        let version = Version::of(&metadata);
        let attributes = self.attributes.read(&place.bucket, &place.key, version);
        let etag = self
            .etag(&place.path, version, attributes.as_ref(), || {
                file.try_clone()
            })
            .map_err(internal)?;
        Ok(Found {
            size: metadata.len(),
            modified: metadata.modified().map_err(internal)?,
            etag,
            headers: attributes.map(|a| a.headers).unwrap_or_default(),
            file,
        })
    }

    /// The ETag of a listed file; `None` if it is gone.
    pub(super) fn listed(&self, place: &Place) -> io::Result<Option<(u64, SystemTime, [u8; 16])>> {
        let look = || -> io::Result<_> {
            let metadata = std::fs::metadata(&place.path)?;
            let version = Version::of(&metadata);
            let known = self.remembered(&place.path, version);
            let etag = match known {
                Some(etag) => etag,
                None => {
                    let kept = self.attributes.read(&place.bucket, &place.key, version);
                    self.etag(&place.path, version, kept.as_ref(), || {
                        File::open(&place.path)
                    })?
                }
            };
            Ok((metadata.len(), metadata.modified()?, etag))
        };
        match look() {
            Ok(listed) => Ok(Some(listed)),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn etag(
        &self,
        path: &Path,
        version: Version,
        kept: Option<&Attributes>,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<[u8; 16]> {
        if let Some(etag) = self.remembered(path, version) {
            return Ok(etag);
        }
        let mut etag = [0; 16];
        let kept = kept.is_some_and(|kept| hex::decode_to_slice(&kept.etag, &mut etag).is_ok());
        if !kept {
            let mut file = open()?;
            etag = md5_of(&mut file)?;
            io::Seek::rewind(&mut file)?;
        }
        self.remember(path.to_owned(), version, etag);
        Ok(etag)
    }

    fn remembered(&self, path: &Path, version: Version) -> Option<[u8; 16]> {
        let etags = self.etags();
        let (of, etag) = etags.get(path)?;
        (*of == version).then_some(*etag)
    }

    fn remember(&self, path: PathBuf, version: Version, etag: [u8; 16]) {
        let mut etags = self.etags();
        if etags.len() >= REMEMBERED {
            etags.clear();
        }
        etags.insert(path, (version, etag));
    }

    fn etags(&self) -> MutexGuard<'_, HashMap<PathBuf, (Version, [u8; 16])>> {
        self.etags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn durable(&self) -> bool {
        self.durable
    }
}

fn md5_of(file: &mut File) -> io::Result<[u8; 16]> {
    let mut md5 = Md5::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(md5.finalize()),
            read => md5.update(&buffer[..read]),
        }
    }
}

/// A part of the path is missing, or is a file where the key needs a folder.
fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn occupied(place: &Place, error: io::Error) -> S3Error {
    match error.kind() {
        io::ErrorKind::IsADirectory
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::DirectoryNotEmpty => s3_error!(
            InvalidArgument,
            "`{}` cannot be an object: the local cloud keeps objects as files, and one key would be a folder of another",
            place.key
        ),
        _ => internal(error),
    }
}

/// A failure of the disk: the client sees a 500 and may try again.
pub(super) fn internal(error: io::Error) -> S3Error {
    tracing::error!(%error, "the object store failed");
    S3Error::internal_error(error)
}
