//! Folders of the store: made when needed, removed when empty, synced in groups.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Above this many remembered folders the memory is dropped; it only saves work.
const REMEMBERED: usize = 10_000;

/// Makes renames survive a power cut. Callers that wait for the same folder share one sync: whoever gets the turn syncs
/// for all that had asked by then.
#[derive(Debug, Default)]
pub(super) struct FolderSync {
    folders: Mutex<HashMap<PathBuf, Arc<Turn>>>,
}

#[derive(Debug, Default)]
struct Turn {
    asked: AtomicU64,
    /// The last request that a finished sync covers.
    covered: Mutex<u64>,
}

impl FolderSync {
    /// Returns once every change made in `folder` before the call is on the disk.
    pub(super) fn sync(&self, folder: &Path) -> io::Result<()> {
        let turn = {
            let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
            if folders.len() >= REMEMBERED {
                folders.clear();
            }
            match folders.get(folder) {
                Some(turn) => Arc::clone(turn),
                None => Arc::clone(folders.entry(folder.to_owned()).or_default()),
            }
        };
        let mine = turn.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut covered = turn.covered.lock().unwrap_or_else(PoisonError::into_inner);
        if *covered >= mine {
            return Ok(());
        }
        let all = turn.asked.load(Ordering::SeqCst);
        sync_once(folder)?;
        *covered = all;
        Ok(())
    }
}

fn sync_once(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Emptied and removed meanwhile: nothing of ours is left in it to lose.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        synced => synced,
    }
}

/// Makes `folder` and what is missing above it, up to `root`, which must exist. With `sync`, durably.
pub(super) fn make(root: &Path, folder: &Path, sync: bool) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|ancestor| *ancestor != root && !ancestor.is_dir())
        .collect();
    for folder in missing.iter().rev() {
        match std::fs::create_dir(folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(error) => return Err(error),
        }
        if sync && let Some(parent) = folder.parent() {
            sync_once(parent)?;
        }
    }
    Ok(())
}

/// Removes `folder` and the folders above it, up to `root`, as far as they are empty.
pub(super) fn prune(root: &Path, folder: &Path) {
    for folder in folder.ancestors().take_while(|ancestor| *ancestor != root) {
        if std::fs::remove_dir(folder).is_err() {
            return;
        }
    }
}
