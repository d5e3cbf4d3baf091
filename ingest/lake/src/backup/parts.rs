//! The files of a backup, each of them known by its content.
//!
//! Two histories of one folder, or two folders, have files of equal names and sizes that say different things: the
//! entries of a log are only numbered. So what lies in the folder of the backup counts only if the manifest of the
//! older backup names it; entries of logs are compared byte by byte, and one that differs gets a place of its own.
//! The names of data files are given out once, in whichever folder, so the manifest's word is enough for them.

use super::failed;
use crate::error::LakeError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use waymark_event::ObservationId;

/// Bytes of a file that are in memory at once.
const PIECE_BYTES: u64 = 1_024 * 1_024;

/// One file: where it belongs in a data folder, where it lies in the backup, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) path: String,
    pub(super) stored: String,
    pub(super) size_bytes: u64,
    /// What tells this content from any other; null where an older program wrote the manifest.
    #[serde(default)]
    pub(super) digest: Option<String>,
}

/// Copies what a snapshot needs, as far as the backup does not hold it.
pub(super) struct Work {
    pub(super) root: PathBuf,
    pub(super) to: PathBuf,
    /// The folder in the backup of what only this backup has.
    pub(super) turn: String,
    /// The files, each with the size that it has to have, where that is known.
    pub(super) names: Vec<(String, Option<u64>)>,
    /// By path, what the older backup consists of and what was copied since.
    pub(super) known: BTreeMap<String, Part>,
}

/// What was copied.
#[derive(Default)]
pub(super) struct Copied {
    /// Everything that was asked for; null when a file was gone.
    pub(super) parts: Option<Vec<Part>>,
    /// As in [`Work`], with what was copied.
    pub(super) known: BTreeMap<String, Part>,
    pub(super) files: usize,
    pub(super) size_bytes: u64,
}

impl Work {
    pub(super) fn run(mut self) -> Result<Copied, LakeError> {
        let mut copied = Copied::default();
        let mut parts = Vec::with_capacity(self.names.len());
        for (name, size_bytes) in std::mem::take(&mut self.names) {
            let source = self.root.join(&name);
            if let Some(why) = damage(&source, size_bytes) {
                return Err(LakeError::BackupOfDamaged { file: source, why });
            }
            match self.part(&name, &source, &mut copied) {
                Ok(part) => parts.push(part),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    copied.known = self.known;
                    return Ok(copied);
                }
                Err(cause) => return Err(failed("copy", &source, cause)),
            }
        }
        copied.parts = Some(parts);
        copied.known = self.known;
        Ok(copied)
    }

    /// A file of the data folder as a part of the backup, copied if need be.
    fn part(&mut self, name: &str, source: &Path, copied: &mut Copied) -> io::Result<Part> {
        let part = if let Some(part) = self.held(name, source)? {
            part
        } else {
            // What the older backup has under this name stays, until the new manifest is in its place.
            let is_taken = self.known.contains_key(name);
            let stored = if is_taken { format!("{}/{name}", self.turn) } else { name.to_owned() };
            let part = copy(source, &self.to, name, stored)?;
            copied.files += 1;
            copied.size_bytes += part.size_bytes;
            part
        };
        self.known.insert(name.to_owned(), part.clone());
        Ok(part)
    }

    /// The part that has the content of a file already.
    fn held(&self, name: &str, source: &Path) -> io::Result<Option<Part>> {
        let size_bytes = std::fs::metadata(source)?.len();
        let Some(known) = self.known.get(name).filter(|known| known.size_bytes == size_bytes) else { return Ok(None) };
        let stored = self.to.join(&known.stored);
        if !std::fs::metadata(&stored).is_ok_and(|metadata| metadata.len() == size_bytes) {
            return Ok(None);
        }
        if known.digest.is_some() && !name.contains("/_delta_log/") {
            return Ok(Some(known.clone()));
        }
        let digest = digest_of(source)?;
        let is_same = digest_of(&stored).is_ok_and(|held| held == digest);
        Ok(is_same.then(|| Part { digest: Some(digest), ..known.clone() }))
    }
}

/// What is wrong with a file of the data folder, as far as its size or, of an entry of a log, its form tells.
fn damage(source: &Path, size_bytes: Option<u64>) -> Option<String> {
    if let Some(wanted) = size_bytes {
        let found = std::fs::metadata(source).ok()?.len();
        return (found != wanted).then(|| format!("{found} bytes instead of {wanted}"));
    }
    let is_entry = source.extension().is_some_and(|ending| ending == "json") && source.parent()?.ends_with("_delta_log");
    let entry = if is_entry { std::fs::read(source).ok()? } else { return None };
    let mut lines = serde_json::Deserializer::from_slice(&entry).into_iter::<serde::de::IgnoredAny>();
    lines.find_map(Result::err).map(|error| error.to_string())
}

/// Copies a file to `stored` in the folder `to` so that its name stands for the whole content, also after a power cut.
pub(super) fn copy(source: &Path, to: &Path, path: &str, stored: String) -> io::Result<Part> {
    let target = to.join(&stored);
    let folder = target.parent().unwrap_or(to);
    std::fs::create_dir_all(folder)?;
    let mut draft = target.as_os_str().to_owned();
    draft.push("#draft");
    let draft = PathBuf::from(draft);
    let size_bytes = std::fs::copy(source, &draft)?;
    std::fs::File::open(&draft)?.sync_all()?;
    // Told from the copy: that is what a restore will read.
    let digest = Some(digest_of(&draft)?);
    std::fs::rename(&draft, &target)?;
    std::fs::File::open(folder)?.sync_all()?;
    Ok(Part { path: path.to_owned(), stored, size_bytes, digest })
}

/// What tells the content of a file from any other: a digest of each piece and of what came before it.
pub(super) fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut digest = ObservationId::of("part of a backup", &[]);
    let mut piece = Vec::new();
    loop {
        piece.clear();
        file.by_ref().take(PIECE_BYTES).read_to_end(&mut piece)?;
        if piece.is_empty() {
            return Ok(digest.as_str().to_owned());
        }
        digest = ObservationId::of(digest.as_str(), &piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "lake/t/_delta_log/00000000000000000001.json";
    const DATA: &str = "lake/t/part-1.parquet";

    /// Copies both files of `root` into `to`, over a backup of these parts.
    fn run(root: &Path, to: &Path, turn: &str, known: &[Part]) -> Copied {
        let known = known.iter().map(|part| (part.path.clone(), part.clone())).collect();
        let names = [LOG, DATA].map(|name| (name.to_owned(), None)).to_vec();
        Work { root: root.to_owned(), to: to.to_owned(), turn: turn.to_owned(), names, known }.run().unwrap()
    }

    fn write(root: &Path, name: &str, text: &str) {
        std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        std::fs::write(root.join(name), text).unwrap();
    }

    #[test]
    fn equal_names_and_sizes_of_another_history_are_no_equal_files() {
        let place = tempfile::tempdir().unwrap();
        let (root, to) = (place.path().join("data"), place.path().join("backup"));
        write(&root, LOG, "1");
        write(&root, DATA, "rows");
        // Left behind by a backup that did not come to its end.
        write(&to, LOG, "2");
        write(&to, DATA, "none");
        let first = run(&root, &to, "turns/1", &[]);
        let parts = first.parts.unwrap();
        assert_eq!((first.files, std::fs::read_to_string(to.join(LOG)).unwrap()), (2, "1".to_owned()));
        assert_eq!(std::fs::read_to_string(to.join(DATA)).unwrap(), "rows");
        assert_eq!(run(&root, &to, "turns/2", &parts).files, 0);
        // The history goes another way: the older backup stays whole beside the new one.
        write(&root, LOG, "3");
        let other = run(&root, &to, "turns/3", &parts);
        let stored: Vec<String> = other.parts.unwrap().into_iter().map(|part| part.stored).collect();
        assert_eq!((other.files, stored), (1, vec![format!("turns/3/{LOG}"), DATA.to_owned()]));
        assert_eq!(std::fs::read_to_string(to.join(LOG)).unwrap(), "1");
        assert_eq!(std::fs::read_to_string(to.join("turns/3").join(LOG)).unwrap(), "3");
    }

    #[test]
    fn what_is_damaged_takes_no_place_of_what_is_whole() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join(DATA);
        write(place.path(), DATA, "rows");
        assert_eq!((damage(&file, Some(4)), damage(&file, None)), (None, None));
        assert_eq!(damage(&file, Some(9)).as_deref(), Some("4 bytes instead of 9"));
        let entry = place.path().join(LOG);
        write(place.path(), LOG, "{\"add\":{}}\n{\"commitInfo\":{}}\n");
        assert_eq!(damage(&entry, None), None);
        write(place.path(), LOG, "{\"add\":{}}\n{\"commit");
        assert!(damage(&entry, None).is_some());
        let names = vec![(LOG.to_owned(), None)];
        let (root, to) = (place.path().to_owned(), place.path().join("to"));
        let refused = Work { root, to, turn: "turns/1".to_owned(), names, known: BTreeMap::new() }.run();
        assert!(matches!(refused, Err(LakeError::BackupOfDamaged { .. })));
        assert!(!place.path().join("to").exists());
    }

    #[test]
    fn a_manifest_without_digests_is_not_taken_at_its_word() {
        let place = tempfile::tempdir().unwrap();
        let (root, to) = (place.path().join("data"), place.path().join("backup"));
        write(&root, LOG, "1");
        write(&root, DATA, "rows");
        let old: Vec<Part> =
            run(&root, &to, "turns/1", &[]).parts.unwrap().into_iter().map(|part| Part { digest: None, ..part }).collect();
        assert_eq!(run(&root, &to, "turns/2", &old).files, 0);
        write(&to, DATA, "ruin");
        let again = run(&root, &to, "turns/3", &old);
        assert_eq!((again.files, again.parts.unwrap()[1].stored.clone()), (1, format!("turns/3/{DATA}")));
    }

    #[test]
    fn a_digest_depends_on_every_byte() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        let mut bytes = vec![7_u8; usize::try_from(PIECE_BYTES).unwrap() + 9];
        let mut digest = || {
            std::fs::write(&file, &bytes).unwrap();
            let digest = digest_of(&file).unwrap();
            bytes[9] ^= 1;
            digest
        };
        let (one, other, again) = (digest(), digest(), digest());
        assert!(one != other && one == again);
    }
}
