//! Paths of a data folder: the only place that spells one.

use crate::error::LakeError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The newest format of a data folder that this program writes.
pub const FORMAT_VERSION: u32 = 1;

/// The name of the table that holds one kind of observations; facts may share the kind's own name.
pub fn observed_table(kind: &str) -> String {
    format!("observed/{kind}")
}

/// The name of the table that holds one fact.
pub fn fact_table(fact: &str) -> String {
    format!("facts/{fact}")
}

/// The paths of one data folder.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Format {
    version: u32,
}

impl Layout {
    /// Opens the data folder at `root`, and makes it when it is not there.
    ///
    /// # Errors
    /// `Folder` when it cannot be made or read, `NewerFormat` when a newer program wrote it.
    pub fn open(root: &Path) -> Result<Self, LakeError> {
        let folder = |cause| LakeError::Folder { path: root.to_owned(), cause };
        std::fs::create_dir_all(root.join("lake")).map_err(folder)?;
        std::fs::create_dir_all(root.join("snapshots")).map_err(folder)?;
        let layout = Self { root: std::fs::canonicalize(root).map_err(folder)? };
        layout.check_format()?;
        Ok(layout)
    }

    /// Opens a data folder that must be there already.
    ///
    /// # Errors
    /// `Folder` when it is not there, `NewerFormat` when a newer program wrote it.
    pub fn existing(root: &Path) -> Result<Self, LakeError> {
        let path = std::fs::canonicalize(root).map_err(|cause| LakeError::Folder { path: root.to_owned(), cause })?;
        Self::open(&path)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The SQLite database of the inbox and of small operational state.
    pub fn database(&self) -> PathBuf {
        self.root.join("waymark.sqlite")
    }

    /// The file that the writing process holds.
    pub fn lock(&self) -> PathBuf {
        self.root.join("LOCK")
    }

    /// The folder of one Delta table.
    pub fn table(&self, table: &str) -> PathBuf {
        self.root.join("lake").join(table)
    }

    /// The folder of the snapshots.
    pub fn snapshots(&self) -> PathBuf {
        self.root.join("snapshots")
    }

    /// The secret key of pseudonyms.
    pub fn people_key(&self) -> PathBuf {
        self.root.join("people.key")
    }

    /// The configuration of a folder that carries its own, such as the sample organisation's.
    pub fn configuration(&self) -> PathBuf {
        self.root.join("waymark.toml")
    }

    fn check_format(&self) -> Result<(), LakeError> {
        let path = self.root.join("format.json");
        let folder = |cause| LakeError::Folder { path: path.clone(), cause };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let format: Format = serde_json::from_slice(&bytes).map_err(|cause| folder(cause.into()))?;
                if format.version > FORMAT_VERSION {
                    return Err(LakeError::NewerFormat {
                        path: self.root.clone(),
                        found: format.version,
                        known: FORMAT_VERSION,
                    });
                }
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let bytes = serde_json::to_vec(&Format { version: FORMAT_VERSION }).map_err(|cause| folder(cause.into()))?;
                crate::durable::write_atomically(&path, &bytes).map_err(folder)
            }
            Err(cause) => Err(folder(cause)),
        }
    }
}
