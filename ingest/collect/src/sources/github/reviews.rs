//! `pull_request_review` becomes a review of its pull request.
//!
//! The author's own comments arrive as reviews too, and are marked as such. A dismissal comes without
//! a time of its own and is newer than what it dismisses.

use super::{Account, Repository, Stated, entity, not_ahead, pull_requests::pull_entity, state};
use crate::source::{Normalised, Reading};
use serde::Deserialize;
use waymark_event::{Delivery, Instant, Observation, Rejection, Review, ReviewState};

#[derive(Deserialize)]
struct Body {
    review: Option<Given>,
    pull_request: Option<Pull>,
    #[serde(default)]
    repository: Repository,
}

#[derive(Deserialize)]
struct Given {
    id: Option<i64>,
    user: Option<Account>,
    state: Option<String>,
    submitted_at: Option<Instant>,
    commit_id: Option<String>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct Pull {
    number: Option<i64>,
    user: Option<Account>,
}

pub(super) fn read(delivery: &Delivery, reading: &Reading) -> Normalised {
    let body: Body = match delivery.json() {
        Ok(body) => body,
        Err(rejection) => return Normalised::rejected(rejection),
    };
    review(delivery, reading, body).map(|review| vec![review]).into()
}

fn review(delivery: &Delivery, reading: &Reading, body: Body) -> Result<Observation, Rejection> {
    let given = body.review.ok_or_else(|| Rejection::missing("/review"))?;
    let id = given.id.ok_or_else(|| Rejection::missing("/review/id"))?;
    let pull = body.pull_request.ok_or_else(|| Rejection::missing("/pull_request"))?;
    let number = pull.number.ok_or_else(|| Rejection::missing("/pull_request/number"))?;
    let repository = body.repository.key(delivery).ok_or_else(|| Rejection::missing("/repository/full_name"))?;
    not_ahead(delivery, given.submitted_at, "/review/submitted_at")?;
    let pull_request = pull_entity(delivery, &body.repository, &repository, number);
    let (word, rank) = match given.state.as_deref().map(str::to_lowercase).as_deref() {
        Some("approved") => (ReviewState::Approved, 2),
        Some("changes_requested") => (ReviewState::ChangesRequested, 2),
        Some("commented") => (ReviewState::Commented, 2),
        Some("dismissed") => (ReviewState::Dismissed, 8),
        Some("pending") => (ReviewState::Pending, 1),
        _ => (ReviewState::Unknown, 0),
    };
    let login = |account: &Option<Account>| account.as_ref().and_then(|account| account.login.clone());
    let is_author = login(&given.user).zip(login(&pull.user)).map(|(reviewer, author)| reviewer == author);
    let record = Review {
        pull_request: pull_request.as_str().to_owned(),
        reviewer: given.user.as_ref().and_then(|user| user.pseudonym(delivery, reading)),
        is_bot: given.user.as_ref().and_then(Account::is_bot),
        is_author,
        state: word,
        state_raw: given.state,
        submitted_at: given.submitted_at,
        commit_sha: given.commit_id,
        repository: Some(repository),
    };
    let stated = Stated {
        entity_id: entity(delivery, "review", &[&id.to_string()]),
        updated_at: given.submitted_at,
        state_rank: rank,
        occurred_at: given.submitted_at,
        url: given.html_url,
    };
    Ok(state(delivery, stated, record))
}
