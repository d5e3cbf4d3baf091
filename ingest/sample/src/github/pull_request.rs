//! Pull requests, and the commits that they were made of.

use crate::github::{Author, text_or_null};
use crate::turn::Turn;
use waymark_event::Instant;

/// A pull request from its opening to its end.
pub(crate) struct PullRequest {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) author: Author,
    pub(crate) title: String,
    pub(crate) branch: String,
    pub(crate) label: Option<&'static str>,
    pub(crate) opened_at: Instant,
    /// When it stopped being a draft; null = it never was one.
    pub(crate) ready_at: Option<Instant>,
    pub(crate) closed_at: Instant,
    pub(crate) is_merged: bool,
    /// Hash and author time of its commits, oldest first; never empty.
    pub(crate) commits: Vec<(String, Instant)>,
    /// The commit of the default branch from which it began.
    pub(crate) base_sha: String,
    pub(crate) additions: i64,
    pub(crate) deletions: i64,
    /// The commit of the default branch that it takes back.
    pub(crate) revert_of: Option<String>,
}

/// At which point of its life a pull request is shown.
#[derive(Clone, Copy)]
pub(crate) enum Stage<'a> {
    Opened,
    Ready,
    /// With what stands in `merge_commit_sha`: the merge, or the trial of one when it was not merged.
    Closed(&'a str),
}

impl PullRequest {
    /// The newest commit of its branch.
    pub(crate) fn head_sha(&self) -> &str {
        self.commits.last().map_or(self.base_sha.as_str(), |(sha, _)| sha)
    }
}

pub(crate) fn pull_request(turn: &Turn<'_>, pull_request: &PullRequest, stage: Stage<'_>) -> String {
    let name = &turn.service.name;
    let PullRequest { id, number, title, branch, opened_at, base_sha, additions, deletions, .. } = pull_request;
    let (word, updated_at, merge_sha) = match stage {
        Stage::Opened => ("open", *opened_at, None),
        Stage::Ready => ("open", pull_request.ready_at.unwrap_or(*opened_at), None),
        Stage::Closed(merge_sha) => ("closed", pull_request.closed_at, Some(merge_sha)),
    };
    let is_closed = merge_sha.is_some();
    let is_merged = is_closed && pull_request.is_merged;
    let is_draft = matches!(stage, Stage::Opened) && pull_request.ready_at.is_some();
    let ended = pull_request.closed_at.to_rfc3339();
    let closed_at = text_or_null(is_closed.then_some(ended.as_str()));
    let merged_at = text_or_null(is_merged.then_some(ended.as_str()));
    let merge_sha = text_or_null(merge_sha);
    let label = pull_request.label.map(|label| format!(r#"{{"name":"{label}"}}"#)).unwrap_or_default();
    let (user, head_sha, count) = (pull_request.author.account(), pull_request.head_sha(), pull_request.commits.len());
    format!(
        r#""number":{number},"pull_request":{{"id":{id},"number":{number},"state":"{word}","draft":{is_draft},"title":"{title}","user":{user},"labels":[{label}],"created_at":"{opened_at}","updated_at":"{updated_at}","closed_at":{closed_at},"merged_at":{merged_at},"merged":{is_merged},"merge_commit_sha":{merge_sha},"head":{{"ref":"{branch}","sha":"{head_sha}"}},"base":{{"ref":"main","sha":"{base_sha}"}},"commits":{count},"additions":{additions},"deletions":{deletions},"html_url":"https://github.com/acme/{name}/pull/{number}"}}"#
    )
}

/// The answer that lists the original commits of a pull request.
pub(crate) fn commits(turn: &Turn<'_>, pull_request: &PullRequest) -> String {
    let author = pull_request.author;
    let (name, mail, account) = (author.name(), author.mail(), author.account());
    let mut parent = pull_request.base_sha.as_str();
    let mut items = Vec::with_capacity(pull_request.commits.len());
    for (sha, authored_at) in &pull_request.commits {
        let person = format!(r#"{{"name":"{name}","email":"{mail}","date":"{authored_at}"}}"#);
        items.push(format!(
            r#"{{"sha":"{sha}","commit":{{"author":{person},"committer":{person}}},"author":{account},"parents":[{{"sha":"{parent}"}}]}}"#
        ));
        parent = sha;
    }
    let (repository, number, updated_at) = (turn.repository_json(), pull_request.number, pull_request.closed_at);
    format!(
        r#"{{"repository":{{{repository}}},"number":{number},"pull_request_updated_at":"{updated_at}","commits":[{}]}}"#,
        items.join(",")
    )
}
