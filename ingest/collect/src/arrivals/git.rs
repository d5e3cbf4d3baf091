//! Git: what a clone knows, written as deliveries of the format `waymark-git/1`.
//!
//! A dialect cannot read a repository, so this arrival writes what it read into the delivery: one
//! delivery per changed ref, with the commits that this ref was the first to reach. Commits stay
//! known after a force push, because they were written down. What a tag or a commit means is left
//! to the dialect and to facts; fetching is left to the owner of the clone.

mod clone;
mod commit;
mod evidence;
mod findings;
mod patch;
mod paths;
mod reference;
mod runtime;
mod walk;
mod weeks;
mod write;

#[cfg(test)]
mod tests;

pub use self::evidence::{EvidenceProgress, EvidenceReading, EvidenceRequest, clone_key, read_evidence};
use self::reference::Selected;
pub use self::runtime::runtime_evidence;
use self::walk::History;
use self::write::{DeliveryWriter, Shared};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use waymark_event::{Delivery, Instant};

/// What was read before: the sha that each ref had, and under `unread/<sha>` each commit that a
/// shallow or incomplete clone could not show. To be stored as it is and given to the next reading.
pub type KnownRefs = BTreeMap<String, String>;

/// The marker of commits that could not be read, inside [`KnownRefs`].
const UNREAD: &str = "unread/";
/// The name of this source, and of its only connection.
const SOURCE: &str = "git";
/// Warnings past this number are counted, not kept.
const WARNINGS_MAX: usize = 20;

/// What is asked of a clone.
#[derive(Clone, Debug)]
pub struct GitRequest {
    /// The service that its tags deploy; null leaves this to the register of services.
    pub service: Option<String>,
    /// The repository's key; null takes it from the address of the remote.
    pub repository: Option<String>,
    /// Glob patterns of tag names; each tag that matches one is a successful deployment.
    pub deployments: Vec<String>,
    /// The environment into which these tags deploy.
    pub environment: String,
    /// The branch to read; null takes the remote's default branch, else the one that is checked out.
    pub branch: Option<String>,
}

impl Default for GitRequest {
    fn default() -> Self {
        Self { service: None, repository: None, deployments: Vec::new(), environment: "production".to_owned(), branch: None }
    }
}

/// How far a reading has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GitProgress {
    /// Commits read so far.
    pub commits: usize,
    /// Refs that are finished.
    pub refs_done: usize,
    /// Refs to be read in all.
    pub refs: usize,
}

/// What a reading yielded.
#[derive(Clone, Debug)]
pub struct GitReading {
    /// The repository's key, as it stands in the deliveries.
    pub repository: String,
    /// One or more deliveries per changed ref, tags from old to new, the branch last.
    pub deliveries: Vec<Delivery>,
    /// What the next reading shall know, to be stored once the deliveries are durable.
    pub refs: KnownRefs,
    /// New commits in the deliveries.
    pub commits: usize,
    /// Tags that match a pattern, whether they are new or not.
    pub tags: usize,
    /// Whether the clone ends before the history does.
    pub is_shallow: bool,
    /// What could not be read, one sentence each.
    pub warnings: Vec<String>,
}

/// Why a clone could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is nothing at this path.
    #[error("there is no folder `{}`", path.display())]
    NoFolder {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The folder is no clone.
    #[error("`{}` is not a git repository: give the top folder of a clone", path.display())]
    NotARepository {
        /// The path that was asked for.
        path: PathBuf,
        /// What the opening found.
        #[source]
        cause: Box<gix::Error>,
    },
    /// The name that a person gave to the repository is no address.
    #[error("`{name}` names no repository: write it as `host/owner/name`")]
    NoRepositoryName {
        /// The name that was given.
        name: String,
    },
    /// The clone has no commit yet.
    #[error("the repository `{}` has no commits yet", path.display())]
    Empty {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The list of refs cannot be read.
    #[error("failed to read the refs of `{}`", path.display())]
    Refs {
        /// The path that was asked for.
        path: PathBuf,
        /// What the reading found.
        #[source]
        cause: Box<gix::Error>,
    },
    /// A pattern of tag names is none.
    #[error("`{pattern}` is not a pattern of tag names: write it as `v*` or `release-*`")]
    Pattern {
        /// The pattern that was given.
        pattern: String,
        /// What is wrong with it.
        #[source]
        cause: globset::Error,
    },
    /// Patterns were given, and no tag matches one.
    #[error("no tag matches {patterns}: {existing}")]
    NoMatchingTag {
        /// The patterns, quoted.
        patterns: String,
        /// The tags that exist, as a phrase.
        existing: String,
    },
    /// The branch that was asked for does not exist.
    #[error("there is no branch `{branch}`: {existing}")]
    NoSuchBranch {
        /// The branch that was asked for.
        branch: String,
        /// The branches that exist, as a phrase.
        existing: String,
    },
    /// A commit could not be written as a line.
    #[error("failed to write a commit of `{repository}` as a line")]
    Write {
        /// The repository's key.
        repository: String,
        /// What the writing found.
        #[source]
        cause: serde_json::Error,
    },
}

/// Reads what is new in the clone at `path` since `known`.
///
/// Each commit is written once, with the first ref that reaches it; commits that a known ref
/// reaches are not written again, unless an earlier reading could not see them.
///
/// # Errors
/// When the folder is no readable clone, is empty, or lacks the branch or tags that were asked for, or its name is none.
pub fn read_repository(
    path: &Path,
    request: &GitRequest,
    known: &KnownRefs,
    observed_at: Instant,
    progress: &dyn Fn(GitProgress),
) -> Result<GitReading, GitError> {
    let clone = clone::open(path)?;
    let mut warnings = Warnings::default();
    let selected = reference::select(&clone, path, request, &mut warnings)?;
    let repository = clone::repository_key(&clone, request)?;
    let is_shallow = clone::is_shallow(&clone);
    if is_shallow {
        warnings.push("the clone is shallow, so older history is missing: run `git fetch --unshallow`".to_owned());
    }
    let mut refs = surviving_refs(&clone, known, &selected);
    let mut history = History::open(&clone, known);
    if !history.has_new(&selected, known) {
        refs.extend(known.iter().filter(|(name, _)| name.starts_with(UNREAD)).map(|(name, sha)| (name.clone(), sha.clone())));
        return Ok(GitReading {
            repository,
            deliveries: Vec::new(),
            refs,
            commits: 0,
            tags: selected.iter().filter(|one| one.tag.is_some()).count(),
            is_shallow,
            warnings: warnings.into_sentences(),
        });
    }
    history.mark_known(known);
    let mut writer = DeliveryWriter::new(Shared { repository: &repository, request, observed_at, is_shallow });
    let mut state = GitProgress { commits: 0, refs_done: 0, refs: selected.len() };
    for one in &selected {
        let old = known.get(&one.name).map(|sha| history.commit_of(sha).unwrap_or_else(|| sha.clone()));
        writer.begin(one, old.as_deref())?;
        history.read_new(one.commit, &mut warnings, &mut |line| {
            state.commits += 1;
            if state.commits.is_multiple_of(1_000) {
                progress(state);
            }
            writer.line(&line)
        })?;
        writer.end(one, known.get(&one.name));
        state.refs_done += 1;
        progress(state);
    }
    refs.extend(history.into_unread().into_iter().map(|sha| (format!("{UNREAD}{sha}"), sha)));
    Ok(GitReading {
        deliveries: writer.into_deliveries(),
        refs,
        commits: state.commits,
        tags: selected.iter().filter(|one| one.tag.is_some()).count(),
        is_shallow,
        warnings: warnings.into_sentences(),
        repository,
    })
}

/// The refs that were known and still exist, and those that were read now.
fn surviving_refs(clone: &gix::Repository, known: &KnownRefs, selected: &[Selected]) -> KnownRefs {
    let mut refs: KnownRefs = known
        .iter()
        .filter(|(name, _)| !name.starts_with(UNREAD) && clone.try_find_reference(name.as_str()).is_ok_and(|one| one.is_some()))
        .map(|(name, sha)| (name.clone(), sha.clone()))
        .collect();
    refs.extend(selected.iter().map(|one| (one.name.clone(), one.target.clone())));
    refs
}

/// Sentences about what could not be read; past a limit only their number.
#[derive(Debug, Default)]
struct Warnings {
    sentences: Vec<String>,
    left_out: usize,
}

impl Warnings {
    fn push(&mut self, sentence: String) {
        if self.sentences.len() < WARNINGS_MAX {
            self.sentences.push(sentence);
        } else {
            self.left_out += 1;
        }
    }

    fn into_sentences(mut self) -> Vec<String> {
        if self.left_out > 0 {
            self.sentences.push(format!("{} further warnings are left out", self.left_out));
        }
        self.sentences
    }
}
