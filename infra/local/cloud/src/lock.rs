//! One cloud per folder.
//!
//! The lock is the operating system's, on an open file: it vanishes with its process, however that ends, so a lock left
//! by a killed process is never in the way. The process id inside the file is only there to be read by the refused.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use crate::CloudError;

const FILE: &str = "cloud.lock";
/// A cloud that is just stopping still holds the lock for a moment.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(25);

/// Held as long as anything may still write to the folder.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Blocks for at most a seventh of a second.
    pub(crate) fn take(data: &Path) -> Result<Self, CloudError> {
        let path = data.join(FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(CloudError::io("open", &path))?;
        for attempt in 1..=ATTEMPTS {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt == ATTEMPTS => {
                    let mut text = String::new();
                    let pid = file
                        .read_to_string(&mut text)
                        .ok()
                        .and_then(|_| text.trim().parse().ok());
                    return Err(CloudError::InUse {
                        data: data.to_owned(),
                        pid,
                    });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => {
                    return Err(CloudError::io("lock", &path)(source));
                }
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(CloudError::io("write", &path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it_and_a_stale_file_is_not_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "999999\n").unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        match FolderLock::take(folder.path()) {
            Err(CloudError::InUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("expected a refusal, got {other:?}"),
        }
        drop(first);
        FolderLock::take(folder.path()).unwrap();
    }
}
