//! The dropped object: fetched to a temporary file, named by its content.

use std::io::Write;

use bytes::Bytes;
use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::receipt::{ImportStatus, Receipt, RowCounts};
use levier_exports::{Dialects, Sidecar};
use levier_lake::{Lake, LakeError, keys};
use levier_runtime::JobError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::task::JoinHandle;

use crate::whole_micros;

/// Ending of the file that says how its neighbour is to be read.
pub const SIDECAR_ENDING: &str = ".levier.toml";
/// The part of a key that declares a complete export: `drop/people/full/…`.
pub const FULL: &str = "full";
/// Dialects of the workspace's own, one file each.
pub const DIALECTS: &str = "config/dialects/";

/// One dropped file.
pub struct Drop {
    /// Its key under `drop/`.
    pub key: String,
    /// Its file name.
    pub name: String,
    /// The entity that its prefix declares.
    pub entity: Option<Entity>,
    /// Whether its prefix declares it a complete export.
    pub full: bool,
    /// What stands beside it, or why that cannot be read.
    pub sidecar: Result<Option<Sidecar>, String>,
    /// When it was dropped.
    pub dropped_at: Timestamp,
    /// SHA-256 over content, name of the declared entity and sidecar, cut to 128 bits, hex.
    pub id: String,
    /// Whether another drop has brought the same content before: what came in between, or how files are read by now, may have
    /// changed what it says.
    pub again: bool,
    /// The content.
    pub file: NamedTempFile,
}

/// What is remembered of a content: which drop brought it first, and what that gave.
#[derive(Serialize, Deserialize)]
struct Memory {
    first: String,
    receipts: Vec<Receipt>,
}

/// The dialects that ship and those of the workspace.
pub async fn load_dialects(lake: &Lake) -> Result<Dialects, JobError> {
    let wrong = |error: levier_exports::DialectError| {
        JobError::Input(format!("a dialect cannot be read: {error}"))
    };
    let mut dialects = Dialects::builtin().map_err(wrong)?;
    for object in lake.list(DIALECTS).await? {
        if let Some(bytes) = lake.get(&object.key).await? {
            let name = object.key.rsplit('/').next().unwrap_or_default().to_owned();
            dialects
                .add(&name, &String::from_utf8_lossy(&bytes))
                .map_err(wrong)?;
        }
    }
    Ok(dialects)
}

/// Bytes that are hashed and written at once.
const PIECE: usize = 1 << 20;

/// The temporary copy of an object, hashed as it is written.
struct Copy {
    file: NamedTempFile,
    hasher: Sha256,
}

impl Copy {
    fn take(&mut self, chunks: &[Bytes]) -> std::io::Result<()> {
        for chunk in chunks {
            self.hasher.update(chunk);
            self.file.write_all(chunk)?;
        }
        Ok(())
    }
}

/// What has arrived is hashed and written while more arrives, one piece at a time.
enum Copying {
    Idle(Copy),
    Busy(JoinHandle<std::io::Result<Copy>>),
}

impl Copying {
    async fn rest(self) -> std::io::Result<Copy> {
        match self {
            Self::Idle(copy) => Ok(copy),
            Self::Busy(task) => task.await.map_err(std::io::Error::other)?,
        }
    }
}

impl Drop {
    /// Fetches an object; `None` where it is gone.
    pub async fn fetch(lake: &Lake, key: &str) -> Result<Option<Self>, LakeError> {
        let Some(head) = lake.head(key).await? else {
            return Ok(None);
        };
        let local = |error: std::io::Error| LakeError::content(key, "a temporary file", error);
        let mut copying = Copying::Idle(Copy {
            file: NamedTempFile::new().map_err(local)?,
            hasher: Sha256::new(),
        });
        let mut stream = lake.stream(key).await?;
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        while let Some(chunk) = stream
            .try_next()
            .await
            .map_err(|error| LakeError::content(key, "bytes", error))?
        {
            bytes += chunk.len();
            waiting.push(chunk);
            if bytes >= PIECE {
                let mut copy = copying.rest().await.map_err(local)?;
                let chunks = std::mem::take(&mut waiting);
                bytes = 0;
                copying = Copying::Busy(tokio::task::spawn_blocking(move || {
                    copy.take(&chunks)?;
                    Ok(copy)
                }));
            }
        }
        let mut copy = copying.rest().await.map_err(local)?;
        copy.take(&waiting).map_err(local)?;
        let Copy {
            mut file,
            mut hasher,
        } = copy;
        file.flush().map_err(local)?;
        let path = key.strip_prefix(keys::DROP).unwrap_or(key);
        let (mut entity, mut full) = (None, false);
        for word in path.split('/').take(2) {
            match word.parse::<Entity>() {
                Ok(named) if entity.is_none() => entity = Some(named),
                Err(_) if word == FULL => full = true,
                _ => break,
            }
        }
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        let beside = lake.get(&format!("{key}{SIDECAR_ENDING}")).await?;
        let sidecar = match &beside {
            None => Ok(None),
            Some(bytes) => Sidecar::parse(
                &format!("{name}{SIDECAR_ENDING}"),
                &String::from_utf8_lossy(bytes),
            )
            .map(Some)
            .map_err(|error| chain(&error)),
        };
        hasher.update(entity.map_or("", Entity::as_str));
        if full {
            hasher.update(FULL);
        }
        hasher.update(beside.unwrap_or_default());
        let id = hex::encode(&hasher.finalize()[..16]);
        let modified = whole_micros(head.modified.unwrap_or(Timestamp::UNIX_EPOCH));
        let dropped_at = within_the_second(modified, path);
        Ok(Some(Self {
            key: key.to_owned(),
            name,
            entity,
            full,
            sidecar,
            dropped_at,
            id,
            again: false,
            file,
        }))
    }

    /// Id of the import of one member (the file itself where it is no archive).
    pub fn import_id(&self, member: &str) -> String {
        if member == self.name && !self.again {
            return self.id.clone();
        }
        let mut hasher = Sha256::new();
        hasher.update(&self.id);
        if self.again {
            hasher.update(&self.key);
        }
        hasher.update(member.strip_prefix(&self.name).unwrap_or(member));
        hex::encode(&hasher.finalize()[..16])
    }

    fn memory(&self) -> String {
        format!("{}files/{}.json", keys::RECEIPTS, self.id)
    }

    /// The receipts of this drop, if it was imported before; finds out whether another one has brought the same content.
    pub async fn known(&mut self, lake: &Lake) -> Result<Option<Vec<Receipt>>, LakeError> {
        let Some(memory) = lake.get_json::<Memory>(&self.memory()).await? else {
            return Ok(None);
        };
        let before = memory.receipts;
        let refused = |receipt: &Receipt| receipt.status == ImportStatus::Refused;
        if before.is_empty() || before.iter().any(refused) {
            return Ok(None);
        }
        // Killed before its receipts were written and run again, the first drop of a content is still the first.
        if memory.first == self.key {
            return Ok(Some(before));
        }
        // The same drop asked for twice is answered as it was the first time.
        if let Some(own) = lake.get_json(&keys::drop_receipts(&self.key)).await? {
            return Ok(Some(own));
        }
        // What happened has happened: events do not replace one another.
        if before
            .iter()
            .all(|receipt| receipt.entity.as_deref() == Some(Entity::Activity.as_str()))
        {
            return Ok(Some(self.nothing_new(before)));
        }
        self.again = true;
        Ok(None)
    }

    fn nothing_new(&self, before: Vec<Receipt>) -> Vec<Receipt> {
        let again = before.into_iter().map(|mut receipt| {
            let rows = receipt.rows;
            receipt.rows = RowCounts {
                new: 0,
                changed: 0,
                unchanged: rows.new + rows.changed + rows.unchanged,
                ..rows
            };
            receipt.status = ImportStatus::Unchanged;
            // The content is the same, the name need not be.
            if let Some((_, inner)) = receipt.file.split_once('/') {
                receipt.file = format!("{}/{inner}", self.name);
            } else {
                receipt.file.clone_from(&self.name);
            }
            receipt
        });
        again.collect()
    }

    /// Remembers that this content was imported.
    pub async fn remember(&self, lake: &Lake, receipts: &[Receipt]) -> Result<(), LakeError> {
        if self.again {
            return Ok(());
        }
        let memory = Memory {
            first: self.key.clone(),
            receipts: receipts.to_vec(),
        };
        lake.put_json(&self.memory(), &memory).await
    }
}

/// S3 tells when an object was written by the second. Of files dropped within one the key tells which came first, where it says
/// so (`drop/…/{microseconds}-{position}/name`): without that, chance would decide between rows without a modification time.
fn within_the_second(modified: Timestamp, path: &str) -> Timestamp {
    const SECOND: i64 = 1_000_000;
    let told = path.rsplit('/').nth(1).and_then(|folder| {
        let (at, position) = folder.split_once('-')?;
        Some((at.parse::<i64>().ok()?, position.parse::<i64>().ok()?))
    });
    let Some((at, position)) = told.filter(|(_, position)| (0..SECOND).contains(position)) else {
        return modified;
    };
    let modified = modified.as_microsecond();
    let same = at.div_euclid(SECOND) == modified.div_euclid(SECOND);
    let told = if same && modified.rem_euclid(SECOND) == 0 {
        at
    } else {
        modified
    };
    Timestamp::from_microsecond(told + position).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
