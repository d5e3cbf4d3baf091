//! Who writes a data folder: what the holder of `LOCK` says about itself, asked without taking it.

use crate::error::LakeError;
use crate::layout::Layout;
use std::fs::{File, TryLockError};

/// What the process that writes here says about itself; null when none does.
///
/// # Errors
/// `Folder` when the lock's file is there and cannot be read.
pub fn writer_of(layout: &Layout) -> Result<Option<String>, LakeError> {
    let path = layout.lock();
    let folder = |cause| LakeError::Folder { path: path.clone(), cause };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(folder(cause)),
    };
    // The text outlives its writer, the lock does not.
    match file.try_lock_shared() {
        Ok(()) => {
            file.unlock().map_err(folder)?;
            Ok(None)
        }
        Err(TryLockError::WouldBlock) => {
            let holder = std::io::read_to_string(&file).map_err(folder)?;
            Ok(Some(holder.trim().to_owned()))
        }
        Err(TryLockError::Error(cause)) => Err(folder(cause)),
    }
}
