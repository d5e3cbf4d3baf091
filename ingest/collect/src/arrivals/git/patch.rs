//! What a commit changes, wherever it is applied: picked to another branch it is the same patch again.
//!
//! Taken together are the author's time, which a pick keeps, and of each file the lines that went and
//! came. Which lines stand around them does not matter, so the same fix on another release line is the
//! same. The time keeps those apart that happen to say the same: a switch that is turned on, off and on
//! again. Merges have no patch of their own.

use super::paths::{FileChange, Touched};
use gix::ObjectId;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Commits of more files are moves and imports far more often than fixes that are picked.
const FILES_MAX: usize = 50;
/// Larger files are hardly written by people.
const FILE_BYTES_MAX: u64 = 512 * 1_024;

/// The identity of the patch; null where it has none, or would cost too much to know.
pub(super) fn patch_id(clone: &gix::Repository, authored_at: &str, parents: usize, touched: &Touched) -> Option<String> {
    let changes = &touched.changes;
    if parents != 1 || touched.is_truncated || changes.is_empty() || changes.len() > FILES_MAX {
        return None;
    }
    let mut changes: Vec<&FileChange> = changes.iter().collect();
    changes.sort_by(|left, right| left.path.cmp(&right.path));
    let mut hasher = Sha256::new();
    part(&mut hasher, authored_at.as_bytes());
    for change in changes {
        part(&mut hasher, &change.path);
        for side in [&change.before, &change.now] {
            part(&mut hasher, side.as_ref().map_or(b"", |entry| entry.mode.as_slice()));
        }
        for (line, count) in difference(&content(clone, change.before.as_ref())?, &content(clone, change.now.as_ref())?) {
            part(&mut hasher, line);
            part(&mut hasher, &count.to_le_bytes());
        }
    }
    Some(data_encoding::HEXLOWER.encode(&hasher.finalize()[..20]))
}

/// Each part with its length, so that no two lists of parts are the same bytes.
fn part(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update(u64::try_from(bytes.len()).unwrap_or_default().to_le_bytes());
    hasher.update(bytes);
}

/// The lines that there are more or fewer of than before, in their own order.
fn difference<'a>(before: &'a [u8], now: &'a [u8]) -> Vec<(&'a [u8], i64)> {
    let mut counts: HashMap<&[u8], i64> = HashMap::new();
    for (text, step) in [(before, -1), (now, 1)] {
        for line in text.split(|byte| *byte == b'\n') {
            *counts.entry(line).or_default() += step;
        }
    }
    let mut lines: Vec<(&[u8], i64)> = counts.into_iter().filter(|(_, count)| *count != 0).collect();
    lines.sort_unstable();
    lines
}

/// The bytes of one side of a file; null where the clone does not have them, or they are too many.
fn content(clone: &gix::Repository, entry: Option<&super::paths::Entry>) -> Option<Vec<u8>> {
    let Some(entry) = entry else { return Some(Vec::new()) };
    if entry.is_module() {
        return Some(entry.id.to_string().into_bytes());
    }
    let is_small = |id: ObjectId| clone.find_header(id).is_ok_and(|header| header.size() <= FILE_BYTES_MAX);
    is_small(entry.id).then(|| clone.find_object(entry.id).ok().map(|object| object.data.clone()))?
}

#[cfg(test)]
mod tests {
    use super::super::commit::CommitParts;
    use super::super::paths::touched;
    use super::super::tests::Repository;
    use super::*;

    const AUTHORED_AT: &str = "2026-03-02T10:00:00+00:00";

    fn patch_of(repository: &Repository, id: ObjectId, authored_at: &str) -> Option<String> {
        let object = repository.inner.find_object(id).unwrap();
        let commit = CommitParts::of(&object.data);
        patch_id(&repository.inner, authored_at, commit.parents.len(), &touched(&repository.inner, &commit).unwrap())
    }

    #[test]
    fn a_patch_is_the_same_wherever_it_is_applied() {
        let repository = Repository::new();
        let old = repository.commit_of(&[("lib/a", "one\ntwo\n"), ("b", "x\n")], &[]);
        let newer = repository.commit_of(&[("lib/a", "zero\none\ntwo\nmore\n"), ("b", "y\n")], &[old]);
        let fix = repository.commit_of(&[("lib/a", "zero\none\nTWO\nmore\n"), ("b", "y\n")], &[newer]);
        let picked = repository.commit_of(&[("lib/a", "one\nTWO\n"), ("b", "x\n")], &[old]);
        let patch = |id| patch_of(&repository, id, AUTHORED_AT);
        assert!(patch(fix).is_some());
        assert_eq!(patch(fix), patch(picked));
        assert_ne!(patch(fix), patch(newer));
        assert_ne!(patch(fix), patch_of(&repository, picked, "2026-03-02T10:00:01+00:00"), "written at another time");
        let elsewhere = repository.commit_of(&[("lib/a", "one\ntwo\n"), ("b", "x\n"), ("c", "TWO\n")], &[old]);
        assert_ne!(patch(fix), patch(elsewhere), "another file");
        let undone = repository.commit_of(&[("lib/a", "one\ntwo\n"), ("b", "x\n")], &[picked]);
        assert_ne!(patch(fix), patch(undone), "the other way round");
    }

    #[test]
    fn merges_roots_and_what_is_too_large_have_no_patch() {
        let repository = Repository::new();
        let root = repository.commit_of(&[("a", "1")], &[]);
        let side = repository.commit_of(&[("a", "2")], &[root]);
        let merge = repository.commit_of(&[("a", "3")], &[root, side]);
        let same = repository.commit_of(&[("a", "2")], &[side]);
        let long = "x".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
        let large = repository.commit_of(&[("a", &long)], &[side]);
        let names: Vec<String> = (0..=FILES_MAX).map(|number| format!("f{number}")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
        let many = repository.commit_of(&files, &[side]);
        for (id, why) in [(root, "root"), (merge, "merge"), (same, "empty"), (large, "large"), (many, "many")] {
            assert_eq!(patch_of(&repository, id, AUTHORED_AT), None, "{why}");
        }
        assert!(patch_of(&repository, side, AUTHORED_AT).is_some());
    }

    #[test]
    fn lines_that_only_moved_differ_in_nothing() {
        assert_eq!(difference(b"a\nb\n", b"b\na\n"), []);
        assert_eq!(difference(b"a\na\n", b"a\nb\n"), [(b"a".as_slice(), -1), (b"b".as_slice(), 1)]);
    }
}
