//! The log of forgotten people: whom nothing that arrives may bring back. It lies beside the key of pseudonyms, so all
//! who write one lake heed it, and it is lost with no machine. What is held back, and how, is for others to know.
//!
//! Each time somebody is forgotten is an object of its own, which nobody changes: writers cannot overwrite each other,
//! and whoever has read an object need not read it again. It holds pseudonyms and no names, one per line, and is named
//! by a digest of them, which tells whether it is what was written.

use crate::error::LakeError;
use crate::layout::{FORGOTTEN, Layout};
use futures::future::try_join_all;
use std::collections::BTreeSet;
use waymark_event::ObservationId;

/// So many objects are asked for at once.
const READ_AT_ONCE: usize = 16;
/// How the names of the objects end.
const ENDING: &str = ".txt";

/// The log as far as it was read.
#[derive(Clone, Debug, Default)]
pub struct ForgottenLog {
    objects: BTreeSet<String>,
    pseudonyms: BTreeSet<String>,
}

impl ForgottenLog {
    /// Reads what was noted since the last time, and says whether that was anything; if not, it takes one listing.
    ///
    /// # Errors
    /// `Object` when the log cannot be listed or read, `ForgottenDamaged` when it is not what was written.
    pub async fn read_on(&mut self, layout: &Layout) -> Result<bool, LakeError> {
        let mut new = objects(layout).await?;
        new.retain(|object| !self.objects.contains(object));
        let is_any = !new.is_empty();
        let mut noted = Vec::with_capacity(new.len());
        for some in new.chunks(READ_AT_ONCE) {
            noted.extend(try_join_all(some.iter().map(|object| read(layout, object))).await?);
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
/// `Object` when they cannot be written.
pub async fn note_forgotten(layout: &Layout, pseudonyms: &BTreeSet<String>) -> Result<(), LakeError> {
    let text: String = pseudonyms.iter().flat_map(|pseudonym| [pseudonym.as_str(), "\n"]).collect();
    // What is there under this name says the same, or is damaged and mended by this.
    layout.storage().put(&object_of(text.as_bytes()), text.into()).await
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
}
