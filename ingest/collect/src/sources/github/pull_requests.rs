//! `pull_request` becomes a pull request; the polled list of its commits becomes commits with
//! parents and a moment that names them.
//!
//! Before a merge, `merge_commit_sha` is a test merge, so it is taken only from a merged one.

use super::{Account, Repository, Stated, entity, moment, not_ahead, state};
use crate::message;
use crate::source::{ITEMS_MAX, Normalised, Reading};
use serde::Deserialize;
use waymark_event::{
    Commit, Delivery, EntityId, Instant, Observation, PullRequest, PullRequestState, Rejection, is_bot_account,
};

#[derive(Deserialize)]
struct Body {
    action: Option<String>,
    pull_request: Option<Pull>,
    #[serde(default)]
    repository: Repository,
}

#[derive(Deserialize)]
struct Pull {
    number: Option<i64>,
    state: Option<String>,
    draft: Option<bool>,
    title: Option<String>,
    created_at: Option<Instant>,
    updated_at: Option<Instant>,
    merged_at: Option<Instant>,
    closed_at: Option<Instant>,
    merge_commit_sha: Option<String>,
    head: Option<Branch>,
    base: Option<Branch>,
    user: Option<Account>,
    #[serde(default)]
    labels: Vec<Label>,
    commits: Option<i64>,
    additions: Option<i64>,
    deletions: Option<i64>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: Option<String>,
    sha: Option<String>,
}

#[derive(Deserialize)]
struct Label {
    name: Option<String>,
}

pub(super) fn read(delivery: &Delivery, reading: &Reading) -> Normalised {
    let body: Body = match delivery.json() {
        Ok(body) => body,
        Err(rejection) => return Normalised::rejected(rejection),
    };
    pull_request(delivery, reading, body).into()
}

fn pull_request(delivery: &Delivery, reading: &Reading, body: Body) -> Result<Vec<Observation>, Rejection> {
    let pull = body.pull_request.ok_or_else(|| Rejection::missing("/pull_request"))?;
    let number = pull.number.ok_or_else(|| Rejection::missing("/pull_request/number"))?;
    let repository = body.repository.key(delivery).ok_or_else(|| Rejection::missing("/repository/full_name"))?;
    not_ahead(delivery, pull.updated_at, "/pull_request/updated_at")?;
    let entity_id = pull_entity(delivery, &body.repository, &repository, number);
    let title = pull.title.unwrap_or_default();
    let (word, rank) = match (pull.state.as_deref(), pull.merged_at, pull.draft) {
        (_, Some(_), _) => (PullRequestState::Merged, 10),
        (Some("closed"), None, _) => (PullRequestState::Closed, 8),
        (Some("open"), None, Some(true)) => (PullRequestState::Draft, 2),
        (Some("open"), None, _) => (PullRequestState::Open, 2),
        _ => (PullRequestState::Unknown, 0),
    };
    let record = PullRequest {
        repository,
        repository_id: body.repository.id_text(),
        number,
        base_ref: pull.base.and_then(|base| base.name),
        head_sha: pull.head.as_ref().and_then(|head| head.sha.clone()),
        head_ref: pull.head.and_then(|head| head.name),
        state: word,
        state_raw: pull.state,
        opened_at: pull.created_at,
        merged_at: pull.merged_at,
        closed_at: pull.closed_at,
        merge_sha: pull.merge_commit_sha.filter(|_| pull.merged_at.is_some()),
        author: pull.user.as_ref().and_then(|user| user.pseudonym(delivery, reading)),
        is_bot: pull.user.as_ref().and_then(Account::is_bot),
        labels: pull.labels.into_iter().filter_map(|label| label.name).collect(),
        additions: pull.additions,
        deletions: pull.deletions,
        commit_count: pull.commits,
        title_is_revert: Some(title.starts_with("Revert \"")),
        ..PullRequest::default()
    };
    let mut observations = Vec::with_capacity(2);
    if let (Some("ready_for_review"), Some(ready_at)) = (body.action.as_deref(), pull.updated_at) {
        let ready = PullRequest { ready_at: Some(ready_at), ..record.clone() };
        observations.push(moment(delivery, &entity_id, ("ready", &ready_at.micros().to_string(), ready_at), ready));
    }
    let stated =
        Stated { entity_id, updated_at: pull.updated_at, state_rank: rank, occurred_at: pull.updated_at, url: pull.html_url };
    observations.push(state(delivery, stated, record));
    Ok(observations)
}

/// The provider's id survives a rename; the key is used where a message has no id.
pub(super) fn pull_entity(delivery: &Delivery, repository: &Repository, key: &str, number: i64) -> EntityId {
    let place = repository.id_text().unwrap_or_else(|| key.to_owned());
    entity(delivery, "pull_request", &[&place, &number.to_string()])
}

#[derive(Deserialize)]
struct Listed {
    number: Option<i64>,
    pull_request_updated_at: Option<Instant>,
    #[serde(default)]
    commits: Vec<Item>,
    #[serde(default)]
    repository: Repository,
}

#[derive(Deserialize)]
struct Item {
    sha: Option<String>,
    commit: Option<Written>,
    author: Option<Account>,
    #[serde(default)]
    parents: Option<Vec<Parent>>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct Written {
    message: Option<String>,
    author: Option<Signature>,
    committer: Option<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    email: Option<String>,
    date: Option<Instant>,
}

#[derive(Deserialize)]
struct Parent {
    sha: Option<String>,
}

/// GitHub lists at most this many commits of a pull request.
const LISTED_MAX: usize = 250;

pub(super) fn read_commits(delivery: &Delivery, reading: &Reading) -> Normalised {
    let listed: Listed = match delivery.json() {
        Ok(listed) => listed,
        Err(rejection) => return Normalised::rejected(rejection),
    };
    commits(delivery, reading, listed).into()
}

fn commits(delivery: &Delivery, reading: &Reading, listed: Listed) -> Result<Vec<Observation>, Rejection> {
    let number = listed.number.ok_or_else(|| Rejection::missing("/number"))?;
    let repository = listed.repository.key(delivery).ok_or_else(|| Rejection::missing("/repository/full_name"))?;
    let read_at = listed.pull_request_updated_at.unwrap_or(delivery.received_at);
    let is_complete = listed.commits.len() < LISTED_MAX;
    let mut shas = Vec::new();
    let mut observations = Vec::new();
    for item in listed.commits.into_iter().take(ITEMS_MAX) {
        let observation = original_commit(delivery, reading, &repository, &listed.repository, item)?;
        if let waymark_event::Record::Commit(commit) = &observation.record {
            shas.push(commit.sha.clone());
        }
        observations.push(observation);
    }
    let entity_id = pull_entity(delivery, &listed.repository, &repository, number);
    let record = PullRequest {
        repository,
        repository_id: listed.repository.id_text(),
        number,
        commit_shas: shas,
        commits_complete: is_complete,
        ..PullRequest::default()
    };
    observations.push(moment(delivery, &entity_id, ("commits_listed", &read_at.micros().to_string(), read_at), record));
    Ok(observations)
}

fn original_commit(
    delivery: &Delivery,
    reading: &Reading,
    repository: &str,
    from: &Repository,
    item: Item,
) -> Result<Observation, Rejection> {
    let sha = item.sha.ok_or_else(|| Rejection::missing("/commits/sha"))?;
    let written = item.commit.ok_or_else(|| Rejection::missing("/commits/commit"))?;
    let authored_at = written.author.as_ref().and_then(|author| author.date);
    let committed_at = written.committer.as_ref().and_then(|committer| committer.date).or(authored_at);
    let declared = message::read(&written.message.unwrap_or_default());
    let email = written.author.and_then(|author| author.email);
    let record = Commit {
        repository: repository.to_owned(),
        repository_id: from.id_text(),
        sha: sha.clone(),
        parents: item.parents.map(|parents| parents.into_iter().filter_map(|parent| parent.sha).collect()),
        authored_at,
        committed_at,
        author: email.as_deref().map(|email| reading.people.person(email)),
        is_bot: item.author.as_ref().and_then(Account::is_bot).or_else(|| email.as_deref().map(is_bot_account)),
        agent: declared.agent(),
        revert_of: declared.revert_of,
        picked_from: declared.picked_from,
        pull_request_hint: declared.pull_request_hint.and_then(|number| i64::try_from(number).ok()),
        ..Commit::default()
    };
    let stated = Stated {
        entity_id: entity(delivery, "commit", &[repository, &sha]),
        updated_at: committed_at,
        state_rank: 0,
        occurred_at: committed_at,
        url: item.html_url,
    };
    Ok(state(delivery, stated, record))
}
