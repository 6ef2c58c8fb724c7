//! Multipart uploads: parts in a staging folder of their own, joined into one object at the end.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use s3s::crypto::{Checksum, Md5};
use s3s::dto::CompletedPart;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::attributes::{Headers, Version};
use super::stage::{Staged, Temporary};
use super::store::{Conditions, Place, Store, internal};

const LAST_PART: i32 = 10_000;

/// What an upload was begun for.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    bucket: String,
    key: String,
    headers: Headers,
}

impl Store {
    /// Blocks. The id names the upload's folder until it is completed, aborted, or the process ends.
    pub(super) fn begin_upload(&self, place: &Place, headers: Headers) -> S3Result<String> {
        self.bucket(&place.bucket)?;
        let begun = Begun {
            bucket: place.bucket.clone(),
            key: place.key.clone(),
            headers,
        };
        let folder = self.temporary();
        let id = folder
            .file_name()
            .map(|name| format!("{}-{}", std::process::id(), name.to_string_lossy()))
            .unwrap_or_default();
        let folder = self.upload_folder(&id);
        std::fs::create_dir(&folder).map_err(internal)?;
        let text = serde_json::to_vec(&begun).map_err(|error| internal(error.into()))?;
        std::fs::write(folder.join("begun.json"), text).map_err(internal)?;
        Ok(id)
    }

    fn upload_folder(&self, id: &str) -> PathBuf {
        self.staging.join(format!("upload-{id}"))
    }

    /// The folder of an upload of this object, and the headers it was begun with.
    fn upload(&self, place: &Place, id: &str) -> S3Result<(PathBuf, Headers)> {
        let unknown = || {
            s3_error!(
                NoSuchUpload,
                "there is no such upload for `{}`; uploads do not outlive the local cloud's process: begin again",
                place.key
            )
        };
        let plain = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !plain {
            return Err(unknown());
        }
        let folder = self.upload_folder(id);
        let text = std::fs::read(folder.join("begun.json")).map_err(|_| unknown())?;
        let begun: Begun = serde_json::from_slice(&text).map_err(|_| unknown())?;
        if begun.bucket != place.bucket || begun.key != place.key {
            return Err(unknown());
        }
        Ok((folder, begun.headers))
    }

    /// Refuses a part before its body is read.
    pub(super) fn check_part(&self, place: &Place, id: &str, number: i32) -> S3Result<()> {
        if !(1..=LAST_PART).contains(&number) {
            return Err(s3_error!(
                InvalidArgument,
                "a part number is between 1 and {LAST_PART}"
            ));
        }
        self.upload(place, id).map(|_| ())
    }

    /// Stores a received part; the last of a number wins. Blocks.
    pub(super) fn keep_part(
        &self,
        place: &Place,
        id: &str,
        number: i32,
        staged: Staged,
    ) -> S3Result<()> {
        let (folder, _) = self.upload(place, id)?;
        let name = part_name(number, &hex::encode(staged.md5));
        let (_, temporary) = staged.write(self.durable()).map_err(internal)?;
        for old in part_names(&folder, number).map_err(internal)? {
            std::fs::remove_file(folder.join(old)).map_err(internal)?;
        }
        std::fs::rename(temporary.path(), folder.join(name)).map_err(internal)?;
        temporary.keep();
        Ok(())
    }

    /// Joins the named parts into the object, under the key's lock. Blocks. The upload stays until that is done, so that
    /// a lost answer or a failed condition can be tried again.
    pub(super) fn complete_upload(
        &self,
        place: &Place,
        id: &str,
        parts: &[CompletedPart],
        conditions: &Conditions,
    ) -> S3Result<[u8; 16]> {
        let (folder, headers) = self.upload(place, id)?;
        self.check(place, conditions)?;
        let joined = Temporary::at(self.temporary());
        let mut file = File::create_new(joined.path()).map_err(internal)?;
        let mut md5 = Md5::new();
        let mut before = 0;
        for part in parts {
            let number = part.part_number.unwrap_or_default();
            if number <= before {
                return Err(s3_error!(InvalidPartOrder));
            }
            before = number;
            let stored = part_names(&folder, number).map_err(internal)?.pop_first();
            let named = part
                .e_tag
                .as_ref()
                .map(|etag| part_name(number, etag.value()));
            let Some(stored) =
                stored.filter(|stored| named.as_ref().is_none_or(|named| named == stored))
            else {
                return Err(s3_error!(
                    InvalidPart,
                    "part {number} was not uploaded, or not with that ETag"
                ));
            };
            append(&mut file, &mut md5, folder.join(stored)).map_err(internal)?;
        }
        if self.durable() {
            file.sync_data().map_err(internal)?;
        }
        let etag = md5.finalize();
        let version = Version::of(&file.metadata().map_err(internal)?);
        drop(file);
        self.commit_file(place, joined, (version, etag), &headers)?;
        let _ = std::fs::remove_dir_all(&folder);
        Ok(etag)
    }

    /// Forgets the upload and its parts. Blocks.
    pub(super) fn abort_upload(&self, place: &Place, id: &str) -> S3Result<()> {
        let (folder, _) = self.upload(place, id)?;
        std::fs::remove_dir_all(folder).map_err(internal)
    }
}

fn part_name(number: i32, etag: &str) -> String {
    format!("{number:05}-{etag}")
}

fn part_names(folder: &std::path::Path, number: i32) -> io::Result<BTreeSet<String>> {
    let begin = part_name(number, "");
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(&begin) {
            names.insert(name);
        }
    }
    Ok(names)
}

fn append(to: &mut File, md5: &mut Md5, part: PathBuf) -> io::Result<()> {
    let mut part = File::open(part)?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = part.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        md5.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
    }
}
