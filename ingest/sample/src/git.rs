//! What a fetch of a repository brings: `waymark-git/1`, one line for the ref, one per new commit.

use crate::github::{Author, local_time};
use crate::turn::Turn;
use waymark_event::Instant;

/// A commit of the default branch; its history is one line.
pub(crate) struct MainCommit {
    pub(crate) sha: String,
    /// The commit before it; null for the first one.
    pub(crate) parent: Option<String>,
    pub(crate) author: Author,
    pub(crate) committed_at: Instant,
    pub(crate) pull_request: Option<i64>,
    /// The commit that it takes back.
    pub(crate) revert_of: Option<String>,
}

/// The fetch of `commits`, oldest first, after which `main` stands at the last of them.
pub(crate) fn fetched(turn: &Turn<'_>, old: Option<&str>, commits: &[MainCommit], observed_at: Instant) -> String {
    let new = commits.last().map_or("", |commit| commit.sha.as_str());
    let head = serde_json::json!({
        "format": "waymark-git/1",
        "repository": turn.service.repository(),
        "service": turn.service.name,
        "ref": "refs/heads/main",
        "old": old,
        "new": new,
        "observed_at": observed_at,
        "is_shallow": false,
    });
    let mut lines = vec![head.to_string()];
    lines.extend(commits.iter().map(line));
    lines.join("\n")
}

fn line(commit: &MainCommit) -> String {
    let MainCommit { sha, author, .. } = commit;
    let at = local_time(commit.committed_at, author.offset_minutes());
    let parents = commit.parent.as_ref().map(|parent| format!("\"{parent}\"")).unwrap_or_default();
    let mut line = format!(
        r#"{{"sha":"{sha}","parents":[{parents}],"author":{{"name":"{}","email":"{}"}},"authored_at":"{at}","committer":{{"name":"Merge button","email":"merge@acme.example.org"}},"committed_at":"{at}""#,
        author.name(),
        author.mail(),
    );
    if let Some(revert_of) = &commit.revert_of {
        line.push_str(r#","revert_of":""#);
        line.push_str(revert_of);
        line.push('"');
    }
    if let Some(number) = commit.pull_request {
        line.push_str(r#","pull_request_hint":"#);
        line.push_str(&number.to_string());
    }
    line.push('}');
    line
}
