//! `FolderLock`: at most one process writes tables; the file says which.
//!
//! The operating system drops the lock when the process ends, in whatever way, so a stale file
//! never needs an operator.

use crate::error::LakeError;
use crate::layout::Layout;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};

/// The right to write tables; given back when dropped.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
}

impl FolderLock {
    /// Takes the lock for the role `role`, or says who holds it.
    ///
    /// # Errors
    /// `Locked` when another process holds it, `Folder` when the file cannot be written.
    pub fn take(layout: &Layout, role: &str) -> Result<Self, LakeError> {
        let path = layout.lock();
        let folder = |cause| LakeError::Folder { path: path.clone(), cause };
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path).map_err(folder)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(folder)?;
                return Err(LakeError::Locked { path: layout.root().to_owned(), holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(cause)) => return Err(folder(cause)),
        }
        file.set_len(0).map_err(folder)?;
        file.seek(SeekFrom::Start(0)).map_err(folder)?;
        write!(file, "`waymark {role}`, process {}", std::process::id()).map_err(folder)?;
        file.sync_all().map_err(folder)?;
        Ok(Self { file })
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(error.message = %error, "the folder lock was not given back; it ends with the process");
        }
    }
}
