//! What an object has besides its bytes: ETag, content type, user metadata.
//!
//! Most objects need nothing of it: their ETag is the MD5 of their content, which is recomputed when unknown, and their
//! headers are the defaults. The rest keep a small JSON file outside the objects' folder, written before the object it
//! describes; it names the size and modification time of that object, so that a crash in between only means that the
//! old object loses its headers, never that an object wears another's.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use s3s::crypto::{Checksum, Md5};
use serde::{Deserialize, Serialize};

/// Hashing more than this for an ETag again costs more than one small file.
const WORTH_KEEPING: u64 = 1 << 20;
/// What the SDK sends when nobody chose.
const DEFAULT_TYPE: &str = "application/octet-stream";

/// Which content a file had when something was learnt about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) size: u64,
    modified_s: i64,
    modified_ns: i64,
}

impl Version {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified_s: metadata.mtime(),
            modified_ns: metadata.mtime_nsec(),
        }
    }
}

/// The headers a caller may set on an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Headers {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "HashMap::is_empty")]
    pub(super) metadata: HashMap<String, String>,
}

impl Headers {
    /// Leaves out what every object has.
    pub(super) fn without_defaults(mut self) -> Self {
        self.content_type.take_if(|kind| kind == DEFAULT_TYPE);
        self
    }

    pub(super) fn content_type(&self) -> String {
        self.content_type
            .clone()
            .unwrap_or_else(|| DEFAULT_TYPE.to_owned())
    }

    pub(super) fn metadata(&self) -> Option<HashMap<String, String>> {
        (!self.metadata.is_empty()).then(|| self.metadata.clone())
    }
}

/// The content of one attribute file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Attributes {
    version: Version,
    pub(super) etag: String,
    #[serde(flatten)]
    pub(super) headers: Headers,
}

/// The attribute files.
#[derive(Debug)]
pub(super) struct AttributeFiles {
    root: PathBuf,
}

impl AttributeFiles {
    pub(super) fn under(root: PathBuf) -> Self {
        Self { root }
    }

    /// Named by hash, so that no key can collide with another's folder.
    fn path(&self, bucket: &str, key: &str) -> PathBuf {
        let name = hex::encode(Md5::checksum(format!("{bucket}/{key}").as_bytes()));
        let (fan, rest) = name.split_at(2);
        self.root.join(fan).join(format!("{rest}.json"))
    }

    /// What is kept about that content of the object, if anything.
    pub(super) fn read(&self, bucket: &str, key: &str, version: Version) -> Option<Attributes> {
        let text = std::fs::read(self.path(bucket, key)).ok()?;
        let attributes: Attributes = serde_json::from_slice(&text).ok()?;
        (attributes.version == version).then_some(attributes)
    }

    /// Writes what is worth keeping; true if something was.
    pub(super) fn write(
        &self,
        (bucket, key): (&str, &str),
        version: Version,
        etag: &str,
        headers: &Headers,
        (temporary, sync): (&Path, bool),
    ) -> io::Result<bool> {
        if *headers == Headers::default() && version.size < WORTH_KEEPING {
            return Ok(false);
        }
        let path = self.path(bucket, key);
        let attributes = Attributes {
            version,
            etag: etag.to_owned(),
            headers: headers.clone(),
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(temporary, serde_json::to_vec(&attributes)?)?;
        if sync {
            std::fs::File::open(temporary)?.sync_data()?;
        }
        std::fs::rename(temporary, &path)?;
        Ok(true)
    }

    /// Forgets the object; most have nothing to forget.
    pub(super) fn remove(&self, bucket: &str, key: &str) {
        let _ = std::fs::remove_file(self.path(bucket, key));
    }
}
