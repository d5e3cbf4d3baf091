//! Walking a history: which commits are known, and which a ref is the first to reach.
//!
//! The walk follows parents and nothing else: commit times are not trusted to prune it. What a
//! shallow or incomplete clone cannot show is remembered, so that a later, fuller clone gives it.

use super::commit::{CommitLine, CommitParts};
use super::paths::touched;
use super::reference::Selected;
use super::{GitError, KnownRefs, UNREAD, Warnings};
use gix::ObjectId;
use gix::hashtable::HashSet;
use gix::objs::Kind;
use std::collections::BTreeSet;

/// The history of one clone, and how much of it has been read.
pub(super) struct History<'c> {
    clone: &'c gix::Repository,
    /// Git's own index of parents, when there is one.
    graph: Option<gix::commitgraph::Graph>,
    /// What the refs of earlier readings reach.
    known: HashSet,
    /// What the refs of this reading reach.
    visited: HashSet,
    /// Commits whose parents were cut off when the clone was made.
    cut: HashSet,
    /// What earlier readings could not see.
    unread_before: HashSet,
    unread: BTreeSet<String>,
}

impl<'c> History<'c> {
    pub(super) fn open(clone: &'c gix::Repository, known: &KnownRefs) -> Self {
        let cut = clone.shallow_commits().ok().flatten();
        Self {
            clone,
            graph: clone.commit_graph_if_enabled().ok().flatten(),
            known: HashSet::default(),
            visited: HashSet::default(),
            cut: cut.map(|commits| commits.iter().copied().collect()).unwrap_or_default(),
            unread_before: known.keys().filter_map(|name| object_id(name.strip_prefix(UNREAD)?)).collect(),
            unread: BTreeSet::new(),
        }
    }

    /// Whether a ref changed, or something has appeared that an earlier reading missed.
    pub(super) fn has_new(&self, selected: &[Selected], known: &KnownRefs) -> bool {
        selected.iter().any(|one| known.get(&one.name) != Some(&one.target))
            || self.unread_before.iter().any(|id| self.clone.has_object(id))
    }

    /// Marks everything that the refs of an earlier reading reach, except what it could not see.
    pub(super) fn mark_known(&mut self, known: &KnownRefs) {
        let refs = known.iter().filter(|(name, _)| !name.starts_with(UNREAD));
        let mut stack: Vec<ObjectId> = refs.filter_map(|(_, sha)| self.peeled(sha)).collect();
        while let Some(id) = stack.pop() {
            if self.unread_before.contains(&id) || !self.known.insert(id) || self.cut.contains(&id) {
                continue;
            }
            self.push_parents(id, &mut stack);
        }
    }

    /// The commit to which a sha of an earlier reading leads, if it is still here.
    pub(super) fn commit_of(&self, sha: &str) -> Option<String> {
        self.peeled(sha).map(|id| id.to_string())
    }

    /// Writes each commit that `tip` reaches and that was not seen before.
    pub(super) fn read_new(
        &mut self,
        tip: ObjectId,
        warnings: &mut Warnings,
        write: &mut dyn FnMut(CommitLine) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let mut stack = vec![tip];
        while let Some(id) = stack.pop() {
            if !self.visited.insert(id) {
                continue;
            }
            if self.known.contains(&id) {
                // Behind a known commit nothing is new, unless the clone has grown there.
                if !self.unread_before.is_empty() && !self.cut.contains(&id) {
                    self.push_parents(id, &mut stack);
                }
                continue;
            }
            let Some(object) = self.clone.find_object(id).ok().filter(|object| object.kind == Kind::Commit) else {
                warnings.push(format!("the commit `{id}` is not in this clone"));
                self.unread.insert(id.to_string());
                continue;
            };
            let commit = CommitParts::of(&object.data);
            if self.cut.contains(&id) {
                self.unread.extend(commit.parents.iter().map(ToString::to_string));
            } else {
                stack.extend(commit.parents.iter().filter(|parent| !self.visited.contains(*parent)));
            }
            let touched = touched(self.clone, &commit).filter(|_| !self.cut.contains(&id));
            write(CommitLine::of(self.clone, id.to_string(), &commit, touched))?;
        }
        Ok(())
    }

    /// What this reading could not see, and what earlier ones could not and this one did not.
    pub(super) fn into_unread(self) -> BTreeSet<String> {
        let Self { visited, unread, unread_before, .. } = self;
        let still = unread_before.into_iter().filter(|id| !visited.contains(id)).map(|id| id.to_string());
        unread.into_iter().chain(still).collect()
    }

    fn peeled(&self, sha: &str) -> Option<ObjectId> {
        let object = self.clone.find_object(object_id(sha)?).ok()?;
        object.peel_to_commit().ok().map(|commit| commit.id)
    }

    /// Parents from the index when it knows the commit: it is an order of magnitude faster.
    fn push_parents(&self, id: ObjectId, stack: &mut Vec<ObjectId>) {
        if let Some(graph) = &self.graph
            && let Some(commit) = graph.commit_by_id(id)
        {
            let before = stack.len();
            let parents = commit.iter_parents().map(|parent| parent.map(|position| graph.id_at(position).to_owned()));
            if parents.map(|parent| parent.map(|parent| stack.push(parent))).all(|parent| parent.is_ok()) {
                return;
            }
            stack.truncate(before);
        }
        if let Ok(object) = self.clone.find_object(id) {
            stack.extend(CommitParts::of(&object.data).parents);
        }
    }
}

fn object_id(sha: &str) -> Option<ObjectId> {
    ObjectId::from_hex(sha.as_bytes()).ok()
}
