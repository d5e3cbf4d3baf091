//! The log of forgotten people: whom nothing that arrives may bring back. It lies beside the key of pseudonyms, so all
//! who write one lake heed it, and it is lost with no machine. What is held back, and how, is for others to know.
//!
//! Each time somebody is forgotten is an object of its own, which nobody changes: writers cannot overwrite each other,
//! and whoever has read an object need not read it again. It holds pseudonyms and no names, one per line, and is named
//! by a digest of them, which tells whether it is what was written. That there is a log, each machine notes in its own
//! state: so it is noticed when all of it is gone, but not when some objects are.

use crate::error::LakeError;
use crate::layout::{FORGOTTEN, Layout};
use crate::state::StateStore;
use futures::future::try_join_all;
use std::collections::{BTreeMap, BTreeSet};
use waymark_event::ObservationId;

/// So many objects are asked for at once.
const READ_AT_ONCE: usize = 16;
/// How the names of the objects end.
const ENDING: &str = ".txt";
/// The group of the state in which a machine notes that it has seen a log.
const SEEN: &str = "seen";

/// The log as far as it was read.
#[derive(Clone, Debug, Default)]
pub struct ForgottenLog {
    objects: BTreeSet<String>,
    pseudonyms: BTreeSet<String>,
    /// Whether it was looked for before: then what was read tells whether there is a log.
    is_begun: bool,
}

impl ForgottenLog {
    /// A log that is about to be written again: that nothing of it is there is no loss.
    pub fn begun_again() -> Self {
        Self { is_begun: true, ..Self::default() }
    }

    /// Reads what was noted since the last time, and says whether that was anything; if not, it takes one listing.
    ///
    /// # Errors
    /// `Object` when the log cannot be listed or read, `Inbox` when this machine's state cannot be, `ForgottenGone` when
    /// nothing of a log is there any more, `ForgottenDamaged` when it is not what was written.
    pub async fn read_on(&mut self, layout: &Layout) -> Result<bool, LakeError> {
        let mut new = objects(layout).await?;
        let is_expected = if self.is_begun { !self.objects.is_empty() } else { was_seen(layout)? };
        if new.is_empty() && is_expected {
            return Err(gone(layout));
        }
        self.is_begun = true;
        new.retain(|object| !self.objects.contains(object));
        let is_any = !new.is_empty();
        let mut noted = Vec::with_capacity(new.len());
        for some in new.chunks(READ_AT_ONCE) {
            noted.extend(try_join_all(some.iter().map(|object| read(layout, object))).await?);
        }
        if is_any {
            // Before they count as read: were this to fail, they are new again the next time.
            note_seen(layout)?;
        }
        self.pseudonyms.extend(noted.into_iter().flatten());
        self.objects.extend(new);
        Ok(is_any)
    }

    /// Every pseudonym of everybody who was forgotten.
    pub const fn pseudonyms(&self) -> &BTreeSet<String> {
        &self.pseudonyms
    }
}

/// Notes pseudonyms for all who write this lake; when this returns, they stay. The same again changes nothing.
///
/// # Errors
/// `Object` when they cannot be written, `Inbox` when this machine's state cannot be.
pub async fn note_forgotten(layout: &Layout, pseudonyms: &BTreeSet<String>) -> Result<(), LakeError> {
    let text: String = pseudonyms.iter().flat_map(|pseudonym| [pseudonym.as_str(), "\n"]).collect();
    // What is there under this name says the same, or is damaged and mended by this.
    layout.storage().put(&object_of(text.as_bytes()), text.into()).await?;
    note_seen(layout)
}

/// Whether this machine has seen a log.
pub(crate) fn was_seen(layout: &Layout) -> Result<bool, LakeError> {
    Ok(StateStore::open(layout)?.group(SEEN)?.contains_key(&name_of(layout)))
}

/// Only once there is a log, or its loss would be told of before it is there.
fn note_seen(layout: &Layout) -> Result<(), LakeError> {
    StateStore::open(layout)?.store(SEEN, &BTreeMap::from([(name_of(layout), "true".to_owned())]))
}

/// The name of a log in the state: a folder has its own state and may be moved, while one machine may write several lakes
/// in object stores.
fn name_of(layout: &Layout) -> String {
    if layout.storage().is_local() { FORGOTTEN.to_owned() } else { layout.storage().describe() }
}

/// What is said of a log of which nothing is there any more.
pub(crate) fn gone(layout: &Layout) -> LakeError {
    LakeError::ForgottenGone { location: layout.storage().describe() }
}

/// The objects of the log, in the order of their names; what else lies beside them is none of ours.
pub(crate) async fn objects(layout: &Layout) -> Result<Vec<String>, LakeError> {
    let listed = layout.storage().list_folder(FORGOTTEN).await?;
    Ok(listed.into_iter().map(|stored| stored.path).filter(|path| is_object(path)).collect())
}

/// The pseudonyms in an object of the log; none when somebody has taken it away since it was listed.
pub(crate) async fn read(layout: &Layout, object: &str) -> Result<BTreeSet<String>, LakeError> {
    let Some(bytes) = layout.storage().get(object).await? else { return Ok(BTreeSet::new()) };
    if object_of(&bytes) != object {
        return Err(LakeError::ForgottenDamaged { object: object.to_owned() });
    }
    Ok(String::from_utf8_lossy(&bytes).lines().map(ToOwned::to_owned).collect())
}

fn object_of(bytes: &[u8]) -> String {
    format!("{FORGOTTEN}/{}{ENDING}", ObservationId::of(FORGOTTEN, bytes).as_str())
}

/// Whether a path has the form of those that [`object_of`] gives.
fn is_object(path: &str) -> bool {
    let name = path.strip_prefix(FORGOTTEN).and_then(|name| name.strip_prefix('/'));
    let digest = name.and_then(|name| name.strip_suffix(ENDING)).unwrap_or_default();
    digest.len() == 32 && digest.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(pseudonyms: &[&str]) -> BTreeSet<String> {
        pseudonyms.iter().map(|pseudonym| (*pseudonym).to_owned()).collect()
    }

    #[tokio::test]
    async fn what_is_noted_is_read_once_and_by_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let mut log = ForgottenLog::default();
        assert!(!log.read_on(&layout).await.unwrap());
        for noted in [&["p_a", "p_b"][..], &["p_b", "p_c"], &["p_a", "p_b"]] {
            note_forgotten(&layout, &some(noted)).await.unwrap();
        }
        std::fs::write(folder.path().join("forgotten/notes.txt"), "not ours").unwrap();
        assert_eq!(objects(&layout).await.unwrap().len(), 2);
        assert!(log.read_on(&layout).await.unwrap() && !log.read_on(&layout).await.unwrap());
        note_forgotten(&layout, &some(&["p_d"])).await.unwrap();
        assert!(log.read_on(&layout).await.unwrap());
        assert_eq!(*log.pseudonyms(), some(&["p_a", "p_b", "p_c", "p_d"]));
    }

    #[tokio::test]
    async fn what_is_damaged_is_said_until_it_is_noted_again() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        note_forgotten(&layout, &some(&["p_a", "p_b"])).await.unwrap();
        let object = objects(&layout).await.unwrap().remove(0);
        std::fs::write(folder.path().join(&object), "p_a\n").unwrap();
        let mut log = ForgottenLog::default();
        assert!(matches!(log.read_on(&layout).await, Err(LakeError::ForgottenDamaged { .. })));
        assert!(log.pseudonyms().is_empty());
        note_forgotten(&layout, &some(&["p_a", "p_b"])).await.unwrap();
        assert!(log.read_on(&layout).await.unwrap());
        assert_eq!(*log.pseudonyms(), some(&["p_a", "p_b"]));
    }

    #[tokio::test]
    async fn a_log_that_is_gone_is_said_until_somebody_is_noted_again() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let mut running = ForgottenLog::default();
        assert!(!running.read_on(&layout).await.unwrap(), "nobody was forgotten yet");
        note_forgotten(&layout, &some(&["p_a"])).await.unwrap();
        assert!(running.read_on(&layout).await.unwrap());
        std::fs::remove_dir_all(folder.path().join(FORGOTTEN)).unwrap();
        let is_gone = |read: Result<bool, LakeError>| matches!(read, Err(LakeError::ForgottenGone { .. }));
        assert!(is_gone(running.read_on(&layout).await));
        assert!(is_gone(ForgottenLog::default().read_on(&layout).await), "a process that begins says it, too");
        let mut again = ForgottenLog::begun_again();
        assert!(!again.read_on(&layout).await.unwrap());
        note_forgotten(&layout, &some(&["p_a"])).await.unwrap();
        assert!(again.read_on(&layout).await.unwrap() && !running.read_on(&layout).await.unwrap());
        assert!(ForgottenLog::default().read_on(&layout).await.unwrap());
    }
}
