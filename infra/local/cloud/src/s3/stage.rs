//! Takes an upload in, checks it against what the client announced, and only then lets it become an object.
//!
//! Small bodies wait in memory; larger ones spill into a file of the staging folder, which lies beside the objects'
//! folder on the same file system: no listing ever sees it, and a rename is atomic.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Error, S3Result, TrailingHeaders, s3_error};
use tokio::task::JoinHandle;

/// A body larger than this is written while it arrives.
const SPILL: usize = 4 << 20;

/// What the client says about the body it sends.
#[derive(Debug, Default)]
pub(super) struct Announced {
    pub(super) length: Option<i64>,
    pub(super) md5: Option<String>,
    pub(super) algorithm: Option<String>,
    pub(super) checksum: Checksum,
    pub(super) trailers: Option<TrailingHeaders>,
}

/// A temporary file, removed unless it becomes something.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    kept: bool,
}

impl Temporary {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, kept: false }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// It was renamed: there is nothing left to remove.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A complete, verified body that is not yet an object.
#[derive(Debug)]
pub(super) struct Staged {
    waiting: Vec<Bytes>,
    file: Option<File>,
    temporary: Temporary,
    pub(super) md5: [u8; 16],
    pub(super) checksum: Checksum,
}

impl Staged {
    /// Reads the body to its end. An error leaves nothing behind.
    pub(super) async fn receive(
        mut body: StreamingBlob,
        announced: Announced,
        temporary: PathBuf,
    ) -> S3Result<Self> {
        let mut hashers = hashers(&announced)?;
        let mut spilling = Spilling::Idle(Spill {
            file: None,
            temporary: Temporary::at(temporary),
            md5: Md5::new(),
        });
        let mut waiting = Vec::new();
        let (mut buffered, mut total) = (0_usize, 0_u64);
        while let Some(chunk) = body.next().await {
            let chunk = chunk
                .map_err(|error| S3Error::with_source(s3s::S3ErrorCode::IncompleteBody, error))?;
            hashers.update(&chunk);
            buffered += chunk.len();
            total += chunk.len() as u64;
            waiting.push(chunk);
            if buffered >= SPILL {
                let chunks = std::mem::take(&mut waiting);
                let mut spill = spilling.rest().await?;
                spilling = Spilling::Busy(tokio::task::spawn_blocking(move || {
                    spill.take(&chunks)?;
                    Ok(spill)
                }));
                buffered = 0;
            }
        }
        let Spill {
            file,
            temporary,
            mut md5,
        } = spilling.rest().await?;
        for chunk in &waiting {
            md5.update(chunk);
        }
        if let Some(length) = announced.length
            && u64::try_from(length) != Ok(total)
        {
            return Err(s3_error!(
                IncompleteBody,
                "announced {length} bytes, received {total}"
            ));
        }
        let md5 = md5.finalize();
        if let Some(wanted) = &announced.md5
            && BASE64_STANDARD.decode(wanted).ok().as_deref() != Some(md5.as_slice())
        {
            return Err(s3_error!(BadDigest, "Content-MD5 does not match the body"));
        }
        let checksum = hashers.finalize();
        verify(announced, &checksum)?;
        Ok(Self {
            waiting,
            file,
            temporary,
            md5,
            checksum,
        })
    }

    /// Writes what is still in memory; with `sync`, onto the disk. Blocks.
    pub(super) fn write(self, sync: bool) -> std::io::Result<(File, Temporary)> {
        let file = spill(self.file, &self.temporary, &self.waiting)?;
        if sync {
            file.sync_data()?;
        }
        Ok((file, self.temporary))
    }
}

/// A body on its way to a file, hashed as it is written.
struct Spill {
    file: Option<File>,
    temporary: Temporary,
    md5: Md5,
}

impl Spill {
    fn take(&mut self, chunks: &[Bytes]) -> std::io::Result<()> {
        for chunk in chunks {
            self.md5.update(chunk);
        }
        self.file = Some(spill(self.file.take(), &self.temporary, chunks)?);
        Ok(())
    }
}

/// What has arrived is hashed and written while more arrives, one piece at a time.
enum Spilling {
    Idle(Spill),
    Busy(JoinHandle<std::io::Result<Spill>>),
}

impl Spilling {
    async fn rest(self) -> S3Result<Spill> {
        match self {
            Self::Idle(spill) => Ok(spill),
            Self::Busy(task) => task
                .await
                .map_err(S3Error::internal_error)?
                .map_err(super::store::internal),
        }
    }
}

fn spill(file: Option<File>, temporary: &Temporary, chunks: &[Bytes]) -> std::io::Result<File> {
    let mut file = match file {
        Some(file) => file,
        None => File::create_new(temporary.path())?,
    };
    for chunk in chunks {
        file.write_all(chunk)?;
    }
    Ok(file)
}

fn hashers(announced: &Announced) -> S3Result<ChecksumHasher> {
    let given = &announced.checksum;
    let mut hashers = ChecksumHasher::default();
    let named = announced.algorithm.as_deref().unwrap_or_default();
    if !["", "CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"].contains(&named) {
        return Err(s3_error!(
            NotImplemented,
            "checksum algorithm {named} is unknown here; use CRC32, CRC32C, CRC64NVME, SHA1 or SHA256"
        ));
    }
    if given.checksum_crc32.is_some() || named == "CRC32" {
        hashers.crc32 = Some(s3s::crypto::Checksum::new());
    }
    if given.checksum_crc32c.is_some() || named == "CRC32C" {
        hashers.crc32c = Some(s3s::crypto::Checksum::new());
    }
    if given.checksum_sha1.is_some() || named == "SHA1" {
        hashers.sha1 = Some(s3s::crypto::Checksum::new());
    }
    if given.checksum_sha256.is_some() || named == "SHA256" {
        hashers.sha256 = Some(s3s::crypto::Checksum::new());
    }
    if given.checksum_crc64nvme.is_some() || named == "CRC64NVME" {
        hashers.crc64nvme = Some(s3s::crypto::Checksum::new());
    }
    Ok(hashers)
}

/// Compares each announced checksum, from a header or from a trailer, with the computed one.
fn verify(announced: Announced, computed: &Checksum) -> S3Result<()> {
    let trailers = announced
        .trailers
        .and_then(|trailers| trailers.take())
        .unwrap_or_default();
    let given = announced.checksum;
    let pairs = [
        ("crc32", given.checksum_crc32, &computed.checksum_crc32),
        ("crc32c", given.checksum_crc32c, &computed.checksum_crc32c),
        (
            "crc64nvme",
            given.checksum_crc64nvme,
            &computed.checksum_crc64nvme,
        ),
        ("sha1", given.checksum_sha1, &computed.checksum_sha1),
        ("sha256", given.checksum_sha256, &computed.checksum_sha256),
    ];
    for (name, header, computed) in pairs {
        let trailer = trailers
            .get(format!("x-amz-checksum-{name}"))
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        for wanted in header.into_iter().chain(trailer) {
            if computed
                .as_ref()
                .is_some_and(|computed| *computed != wanted)
            {
                return Err(s3_error!(
                    BadDigest,
                    "the {name} checksum does not match the body: announced {wanted}, computed {}",
                    computed.as_deref().unwrap_or_default()
                ));
            }
            if computed.is_none() {
                return Err(s3_error!(
                    InvalidRequest,
                    "a {name} trailer was sent without naming the algorithm"
                ));
            }
        }
    }
    Ok(())
}
