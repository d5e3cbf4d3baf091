//! Which files a commit touches: its tree beside those of its parents. No file is read.
//!
//! A path counts only where the commit differs from every parent, so that a merge does not tell once
//! more what its branches did. Where a tree is missing (an incomplete clone) nothing is told.

use super::commit::CommitParts;
use gix::ObjectId;
use std::collections::{BTreeMap, BTreeSet};

/// Paths of one commit past this number are left out.
const PATHS_MAX: usize = 1_000;
/// Longer paths are no real ones.
const PATH_BYTES_MAX: usize = 4_096;

/// The files that a commit touches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) paths: Vec<String>,
    pub(super) is_truncated: bool,
    /// What became of each file beside its first parent.
    pub(super) changes: Vec<FileChange>,
}

/// One file before and after a commit; null where there was none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileChange {
    pub(super) path: Vec<u8>,
    pub(super) before: Option<Entry>,
    pub(super) now: Option<Entry>,
}

/// One entry of a tree: what it is, and its content's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mode: Vec<u8>,
    pub(super) id: ObjectId,
}

type Tree = BTreeMap<Vec<u8>, Entry>;

impl Entry {
    fn is_folder(&self) -> bool {
        self.mode == b"40000"
    }

    /// Whether it is a commit of another repository, whose content is not here.
    pub(super) fn is_module(&self) -> bool {
        self.mode == b"160000"
    }
}

/// What the commit touches; null when some tree is not in the clone.
pub(super) fn touched(clone: &gix::Repository, commit: &CommitParts<'_>) -> Option<Touched> {
    let mut before = Vec::with_capacity(commit.parents.len());
    for parent in &commit.parents {
        let parent = clone.find_object(*parent).ok()?;
        before.push(Some(CommitParts::of(&parent.data).tree?));
    }
    if before.is_empty() {
        before.push(None);
    }
    let mut touched = Touched::default();
    touched.compare(clone, b"", Some(commit.tree?), &before)?;
    touched.paths.sort();
    Some(touched)
}

impl Touched {
    fn compare(
        &mut self,
        clone: &gix::Repository,
        folder: &[u8],
        now: Option<ObjectId>,
        before: &[Option<ObjectId>],
    ) -> Option<()> {
        if before.contains(&now) || folder.len() > PATH_BYTES_MAX {
            return Some(());
        }
        let tree = entries(clone, now)?;
        let trees: Vec<Tree> = before.iter().map(|before| entries(clone, *before)).collect::<Option<_>>()?;
        let names: BTreeSet<&Vec<u8>> = tree.keys().chain(trees.iter().flat_map(Tree::keys)).collect();
        for name in names {
            let entry = tree.get(name);
            let earlier: Vec<Option<&Entry>> = trees.iter().map(|tree| tree.get(name)).collect();
            if earlier.contains(&entry) {
                continue;
            }
            let path = [folder, name.as_slice()].concat();
            let is_file = |entry: Option<&Entry>| entry.is_some_and(|entry| !entry.is_folder());
            if is_file(entry) || earlier.iter().any(|entry| is_file(*entry)) {
                if self.paths.len() == PATHS_MAX {
                    self.is_truncated = true;
                    return Some(());
                }
                self.paths.push(String::from_utf8_lossy(&path).into_owned());
                let file = |entry: Option<&Entry>| entry.filter(|entry| !entry.is_folder()).cloned();
                let before = file(earlier.first().copied().flatten());
                self.changes.push(FileChange { path: path.clone(), before, now: file(entry) });
            }
            let below = |entry: Option<&Entry>| entry.filter(|entry| entry.is_folder()).map(|entry| entry.id);
            let earlier: Vec<Option<ObjectId>> = earlier.into_iter().map(below).collect();
            self.compare(clone, &[path.as_slice(), b"/"].concat(), below(entry), &earlier)?;
        }
        Some(())
    }
}

/// The entries of a tree; none where there is no tree, null where it is not in the clone.
fn entries(clone: &gix::Repository, tree: Option<ObjectId>) -> Option<Tree> {
    let Some(tree) = tree else { return Some(Tree::new()) };
    let object = clone.find_object(tree).ok()?;
    let mut rest = object.data.as_slice();
    let width = tree.as_slice().len();
    let mut entries = Tree::new();
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let end = space + 1 + rest.get(space + 1..)?.iter().position(|byte| *byte == 0)?;
        let id = ObjectId::try_from(rest.get(end + 1..end + 1 + width)?).ok()?;
        entries.insert(rest.get(space + 1..end)?.to_vec(), Entry { mode: rest.get(..space)?.to_vec(), id });
        rest = rest.get(end + 1 + width..)?;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Repository;
    use super::*;

    /// A commit of these files, and what it is seen to touch.
    fn commit(repository: &Repository, files: &[(&str, &str)], parents: &[ObjectId]) -> ObjectId {
        repository.commit_of(files, parents)
    }

    fn paths(repository: &Repository, id: ObjectId) -> Vec<String> {
        let object = repository.inner.find_object(id).unwrap();
        touched(&repository.inner, &CommitParts::of(&object.data)).unwrap().paths
    }

    #[test]
    fn a_commit_touches_what_differs_from_every_parent() {
        let repository = Repository::new();
        let first = commit(&repository, &[("a", "1"), ("lib/b", "1"), ("lib/c", "1")], &[]);
        assert_eq!(paths(&repository, first), ["a", "lib/b", "lib/c"]);
        let changed = commit(&repository, &[("a", "1"), ("lib/b", "2"), ("lib/d/e", "1")], &[first]);
        assert_eq!(paths(&repository, changed), ["lib/b", "lib/c", "lib/d/e"], "changed, gone and new");
        let side = commit(&repository, &[("a", "2"), ("lib/b", "1"), ("lib/c", "1")], &[first]);
        let merge = commit(&repository, &[("a", "2"), ("lib/b", "2"), ("lib/d/e", "1")], &[changed, side]);
        assert!(paths(&repository, merge).is_empty(), "its branches told all of this");
        let evil = commit(&repository, &[("a", "3"), ("lib/b", "2"), ("lib/d/e", "1")], &[changed, side]);
        assert_eq!(paths(&repository, evil), ["a"]);
        let empty = commit(&repository, &[("a", "3"), ("lib/b", "2"), ("lib/d/e", "1")], &[evil]);
        assert!(paths(&repository, empty).is_empty());
        let turned = commit(&repository, &[("a/b", "3"), ("lib", "2")], &[empty]);
        assert_eq!(paths(&repository, turned), ["a", "a/b", "lib", "lib/b", "lib/d/e"], "files and folders change places");
    }

    #[test]
    fn a_missing_tree_tells_nothing_and_a_flood_is_cut() {
        let repository = Repository::new();
        let names: Vec<String> = (0..PATHS_MAX + 5).map(|number| format!("f{number:05}")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        let flood = commit(&repository, &files, &[]);
        let object = repository.inner.find_object(flood).unwrap();
        let cut = touched(&repository.inner, &CommitParts::of(&object.data)).unwrap();
        assert_eq!((cut.paths.len(), cut.is_truncated), (PATHS_MAX, true));
        let gone = format!("tree {}\nauthor A <a> 1 +0000\n\nm", "1".repeat(40));
        assert_eq!(touched(&repository.inner, &CommitParts::of(gone.as_bytes())), None);
    }
}
