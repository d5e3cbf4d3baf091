//! Which refs are read: the tags that deploy, from old to new, and after them one branch.
//!
//! What a ref points at is followed to a commit here; refs that lead elsewhere are warned about.

use super::commit::{self, CommitParts};
use super::{GitError, GitRequest, Warnings};
use chrono::{DateTime, FixedOffset};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::objs::Kind;
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::path::Path;

/// Names listed in a sentence before the rest is counted.
const NAMES_LISTED: usize = 8;
/// Tags of tags deeper than this lead nowhere.
const TAG_DEPTH_MAX: usize = 16;

/// A ref that is read.
#[derive(Debug)]
pub(super) struct Selected {
    /// The full name, such as `refs/tags/v1.2`.
    pub(super) name: String,
    /// The sha that the ref holds: of the tag object where there is one.
    pub(super) target: String,
    /// The commit to which it leads.
    pub(super) commit: ObjectId,
    /// What a tag adds; null for a branch.
    pub(super) tag: Option<SelectedTag>,
}

/// What a tag adds to a ref.
#[derive(Debug)]
pub(super) struct SelectedTag {
    /// The name without `refs/tags/`.
    pub(super) name: String,
    /// `annotated` or `light`.
    pub(super) kind: &'static str,
    /// The tagger's time, else the committer's.
    pub(super) tagged_at: DateTime<FixedOffset>,
}

/// The refs to read: tags by time and name, then the branch.
pub(super) fn select(
    clone: &gix::Repository,
    path: &Path,
    request: &GitRequest,
    warnings: &mut Warnings,
) -> Result<Vec<Selected>, GitError> {
    let patterns = patterns(&request.deployments)?;
    let mut selected = Vec::new();
    if !request.deployments.is_empty() {
        selected = tags(clone, path, request, &patterns, warnings)?;
    }
    selected.sort_by(|one, other| tag_order(one).cmp(&tag_order(other)));
    match branch(clone, request)? {
        Some(branch) => selected.push(branch),
        None if selected.is_empty() => return Err(GitError::Empty { path: path.to_owned() }),
        None => warnings.push("no branch is read: nothing is checked out and there is no default branch".to_owned()),
    }
    Ok(selected)
}

fn tag_order(one: &Selected) -> (Option<DateTime<FixedOffset>>, &str) {
    (one.tag.as_ref().map(|tag| tag.tagged_at), &one.name)
}

fn patterns(texts: &[String]) -> Result<GlobSet, GitError> {
    let refused = |pattern: &str, cause| GitError::Pattern { pattern: pattern.to_owned(), cause };
    let mut builder = GlobSetBuilder::new();
    for text in texts {
        builder.add(Glob::new(text).map_err(|cause| refused(text, cause))?);
    }
    builder.build().map_err(|cause| refused(&texts.join(", "), cause))
}

fn tags(
    clone: &gix::Repository,
    path: &Path,
    request: &GitRequest,
    patterns: &GlobSet,
    warnings: &mut Warnings,
) -> Result<Vec<Selected>, GitError> {
    let mut names = Vec::new();
    let mut found = Vec::new();
    let mut has_match = false;
    for mut reference in references(clone, path, "refs/tags/", warnings)? {
        let full = reference.name().as_bstr().to_str_lossy().into_owned();
        let name = full.strip_prefix("refs/tags/").unwrap_or(&full).to_owned();
        if patterns.is_match(&name) {
            has_match = true;
            match tag(clone, &mut reference, full, name) {
                Ok(tag) => found.push(tag),
                Err(sentence) => warnings.push(sentence),
            }
        } else {
            names.push(name);
        }
    }
    if has_match {
        return Ok(found);
    }
    let patterns = request.deployments.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(" or ");
    Err(GitError::NoMatchingTag { patterns, existing: listed("tags", "tag", names) })
}

/// Reads all refs below `prefix` before any is followed, because both need the packed refs.
fn references<'c>(
    clone: &'c gix::Repository,
    path: &Path,
    prefix: &str,
    warnings: &mut Warnings,
) -> Result<Vec<gix::Reference<'c>>, GitError> {
    let refused = |cause| GitError::Refs { path: path.to_owned(), cause: Box::new(cause) };
    let platform = clone.references().map_err(refused)?;
    let mut references = Vec::new();
    for reference in platform.prefixed(prefix.as_bytes()).map_err(refused)? {
        match reference {
            Ok(reference) => references.push(reference),
            Err(cause) => warnings.push(format!("a ref below `{prefix}` is unreadable: {cause}")),
        }
    }
    Ok(references)
}

fn tag(clone: &gix::Repository, reference: &mut gix::Reference<'_>, full: String, name: String) -> Result<Selected, String> {
    let unreadable = |cause: gix::Error| format!("the tag `{name}` is skipped: {cause}");
    let target = reference.follow_to_object().map_err(unreadable)?.detach();
    let mut tagged_at = None;
    let mut is_annotated = false;
    let mut id = target;
    for _ in 0..TAG_DEPTH_MAX {
        let object = clone.find_object(id).map_err(unreadable)?;
        match object.kind {
            Kind::Tag => {
                let decoded = object.try_to_tag_ref().map_err(unreadable)?;
                is_annotated = true;
                tagged_at = tagged_at.or(decoded.tagger.map(commit::instant));
                id = decoded.target();
            }
            Kind::Commit => {
                let tagged_at = tagged_at.unwrap_or_else(|| commit::instant(CommitParts::of(&object.data).committer));
                let kind = if is_annotated { "annotated" } else { "light" };
                let tag = Some(SelectedTag { name, kind, tagged_at });
                return Ok(Selected { name: full, target: target.to_string(), commit: id, tag });
            }
            Kind::Tree | Kind::Blob => {
                return Err(format!("the tag `{name}` is skipped: it points at a {}, not at a commit", object.kind));
            }
        }
    }
    Err(format!("the tag `{name}` is skipped: it leads through more than {TAG_DEPTH_MAX} tags"))
}

/// The branch that was asked for, else the remote's default, else the one that is checked out,
/// else a usual one, else the commit itself.
fn branch(clone: &gix::Repository, request: &GitRequest) -> Result<Option<Selected>, GitError> {
    if let Some(asked) = &request.branch {
        let name = asked.strip_prefix("refs/heads/").unwrap_or(asked);
        return match tip(clone, name) {
            Some(commit) => Ok(Some(selected_branch(name, commit))),
            None => {
                Err(GitError::NoSuchBranch { branch: name.to_owned(), existing: listed("branches", "branch", branches(clone)) })
            }
        };
    }
    let default = symbolic(clone, "refs/remotes/origin/HEAD", "refs/remotes/origin/");
    let checked_out = symbolic(clone, "HEAD", "refs/heads/");
    let usual = ["main", "master", "trunk"].map(str::to_owned);
    for name in default.into_iter().chain(checked_out).chain(usual) {
        if let Some(commit) = tip(clone, &name) {
            return Ok(Some(selected_branch(&name, commit)));
        }
    }
    let detached = clone.head().ok().filter(gix::Head::is_detached).and_then(|head| head.id()).map(gix::Id::detach);
    Ok(detached.map(|commit| Selected { name: "HEAD".to_owned(), target: commit.to_string(), commit, tag: None }))
}

fn selected_branch(name: &str, commit: ObjectId) -> Selected {
    Selected { name: format!("refs/heads/{name}"), target: commit.to_string(), commit, tag: None }
}

/// The branch that the symbolic ref `name` names.
fn symbolic(clone: &gix::Repository, name: &str, prefix: &str) -> Option<String> {
    let reference = clone.try_find_reference(name).ok().flatten()?;
    let target = reference.target().try_name()?.as_bstr().to_str_lossy().into_owned();
    target.strip_prefix(prefix).map(str::to_owned)
}

/// The later of the local branch and what was fetched of it: a fetch moves only the second, a
/// commit only the first.
fn tip(clone: &gix::Repository, name: &str) -> Option<ObjectId> {
    let candidates = [format!("refs/heads/{name}"), format!("refs/remotes/origin/{name}")];
    let mut latest: Option<(DateTime<FixedOffset>, ObjectId)> = None;
    for candidate in candidates {
        let Some(mut reference) = clone.try_find_reference(candidate.as_str()).ok().flatten() else { continue };
        let Ok(id) = reference.follow_to_object() else { continue };
        let id = id.detach();
        let object = clone.find_object(id).ok();
        let committed_at = object.map(|object| commit::instant(CommitParts::of(&object.data).committer)).unwrap_or_default();
        if latest.is_none_or(|(before, _)| committed_at > before) {
            latest = Some((committed_at, id));
        }
    }
    latest.map(|(_, id)| id)
}

fn branches(clone: &gix::Repository) -> Vec<String> {
    let Ok(platform) = clone.references() else { return Vec::new() };
    let mut names: Vec<String> = ["refs/heads/", "refs/remotes/origin/"]
        .into_iter()
        .filter_map(|prefix| Some((prefix, platform.prefixed(prefix.as_bytes()).ok()?)))
        .flat_map(|(prefix, found)| {
            found.flatten().filter_map(move |one| {
                one.name().as_bstr().to_str_lossy().strip_prefix(prefix).filter(|name| *name != "HEAD").map(str::to_owned)
            })
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// `it has 12 tags, such as ...`, or that it has none.
fn listed(many: &str, one: &str, mut names: Vec<String>) -> String {
    names.sort();
    let shown = names.iter().take(NAMES_LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => format!("the repository has no {many}"),
        1 => format!("the repository has the {one} {shown}"),
        count if count <= NAMES_LISTED => format!("the repository has the {many} {shown}"),
        count => format!("the repository has {count} {many}, such as {shown}"),
    }
}
