//! `push` becomes partial commits: which exist, who wrote them, and when they were pushed at the latest.
//!
//! A push names no parents, and its list is cut when it is long; the graph itself comes from git.

use super::{Account, Repository, Stated, entity, not_ahead, state};
use crate::message;
use crate::source::{ITEMS_MAX, Normalised, Reading};
use serde::Deserialize;
use serde_json::value::RawValue;
use waymark_event::{Commit, Delivery, Instant, Observation, Rejection, is_bot_account};

#[derive(Deserialize)]
struct Body {
    after: Option<String>,
    #[serde(default)]
    commits: Vec<Box<RawValue>>,
    #[serde(default)]
    repository: Repository,
}

#[derive(Deserialize)]
struct Pushed {
    id: Option<String>,
    timestamp: Option<Instant>,
    message: Option<String>,
    author: Option<Author>,
    distinct: Option<bool>,
    #[serde(default)]
    added: Vec<String>,
    #[serde(default)]
    modified: Vec<String>,
    #[serde(default)]
    removed: Vec<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Author {
    email: Option<String>,
    username: Option<String>,
}

/// Paths kept per commit; that there were more is kept too.
const PATHS_MAX: usize = 1_000;

pub(super) fn read_push(delivery: &Delivery, reading: &Reading) -> Normalised {
    let body: Body = match delivery.json() {
        Ok(body) => body,
        Err(rejection) => return Normalised::rejected(rejection),
    };
    let Some(repository) = body.repository.key(delivery) else {
        return Normalised::rejected(Rejection::missing("/repository/full_name"));
    };
    if body.commits.is_empty() {
        return Normalised::ignored("a push without commits, such as a deleted or moved ref");
    }
    let mut normalised = Normalised::default();
    let push = Push { after: body.after.unwrap_or_default(), repository: &repository, from: &body.repository };
    for (item, pushed) in body.commits.into_iter().enumerate().take(ITEMS_MAX) {
        let pushed = serde_json::from_str(pushed.get()).map_err(|error| Rejection::from_json(&error));
        match pushed.and_then(|pushed| commit(delivery, reading, &push, pushed)) {
            Ok(observation) => normalised.observations.push(observation),
            Err(rejection) => normalised.rejections.push(rejection.at_item(item)),
        }
    }
    normalised
}

/// One push: the commit at which the ref arrived tells pushes of one commit apart.
struct Push<'body> {
    after: String,
    repository: &'body str,
    from: &'body Repository,
}

fn commit(delivery: &Delivery, reading: &Reading, push: &Push<'_>, pushed: Pushed) -> Result<Observation, Rejection> {
    let sha = pushed.id.ok_or_else(|| Rejection::missing("/commits/id"))?;
    let committed_at = pushed.timestamp.ok_or_else(|| Rejection::missing("/commits/timestamp"))?;
    not_ahead(delivery, Some(committed_at), "/commits/timestamp")?;
    let account = Account { login: pushed.author.as_ref().and_then(|author| author.username.clone()), kind: None };
    let email = pushed.author.as_ref().and_then(|author| author.email.as_deref());
    let mut paths: Vec<String> = [pushed.added, pushed.modified, pushed.removed].concat();
    let paths_truncated = paths.len() > PATHS_MAX;
    paths.truncate(PATHS_MAX);
    let declared = message::read(&pushed.message.unwrap_or_default());
    let record = Commit {
        repository: push.repository.to_owned(),
        repository_id: push.from.id_text(),
        sha: sha.clone(),
        committed_at: Some(committed_at),
        // Only a distinct commit is new with this push; another one was pushed before.
        pushed_at: push.from.pushed_at().or(Some(delivery.received_at)).filter(|_| pushed.distinct != Some(false)),
        author: email.map(|email| reading.people.person(email)).or_else(|| account.pseudonym(delivery, reading)),
        is_bot: account.is_bot().or_else(|| email.map(is_bot_account)),
        paths,
        paths_truncated: Some(paths_truncated),
        agent: declared.agent(),
        revert_of: declared.revert_of,
        picked_from: declared.picked_from,
        pull_request_hint: declared.pull_request_hint.and_then(|number| i64::try_from(number).ok()),
        ..Commit::default()
    };
    let stated = Stated {
        entity_id: entity(delivery, "pushed_commit", &[push.repository, &sha, &push.after]),
        updated_at: Some(committed_at),
        state_rank: 0,
        occurred_at: Some(committed_at),
        url: pushed.url,
    };
    Ok(state(delivery, stated, record))
}
