//! A backfill: everything a repository lists since an instant, list by list and page by page.
//!
//! How far each list is complete is told once all of them have been kept, with ten minutes to spare; what is still
//! running holds its list back, so that its end is seen by the next backfill. Remembering it is left to the caller.

use super::row::repository_path;
use super::{Answer, ClientError, GithubClient, Progress, deployments, pull_requests, workflow_runs};
use crate::arrivals::poll::{Listing, PageSink, PollProgress, PolledPage, listing};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use waymark_event::{Delivery, Instant};

/// How far a watermark stays behind what was listed.
const OVERLAP_SECONDS: i64 = 10 * 60;
/// What has been unfinished for longer than this is taken as abandoned.
const UNFINISHED_SECONDS_MAX: i64 = 7 * 24 * 60 * 60;

/// Up to where each list is complete, which is from where the next backfill reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watermarks {
    /// Workflow runs, by their creation.
    pub workflow_runs: Instant,
    /// Deployments, by their creation.
    pub deployments: Instant,
    /// Pull requests, by their last change.
    pub pull_requests: Instant,
}

/// What a backfill brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackfillCount {
    /// The workflow runs fetched.
    pub workflow_runs: usize,
    /// The deployments fetched.
    pub deployments: usize,
    /// Statuses of these deployments.
    pub deployment_statuses: usize,
    /// The pull requests fetched.
    pub pull_requests: usize,
    /// Merged pull requests whose commits were read.
    pub pull_request_commits: usize,
    /// Requests that were sent, with those that were sent again.
    pub requests: usize,
    /// From where the next backfill must start; a list that could not be read stays where it was.
    pub watermarks: Watermarks,
    /// What could not be read, one sentence each.
    pub unavailable: Vec<String>,
}

/// One backfill while it runs.
pub(super) struct Backfill<'a> {
    pub(super) client: &'a GithubClient,
    pub(super) sink: &'a mut dyn PageSink,
    pub(super) progress: Progress<'a>,
    /// The path of the repository.
    pub(super) path: String,
    /// What deliveries say about the repository, as JSON.
    pub(super) repository: String,
    pub(super) since: Watermarks,
    /// When the backfill began: what is newer belongs to the next one.
    pub(super) until: Instant,
    pub(super) count: BackfillCount,
}

/// What deliveries say about the repository.
#[derive(Deserialize, Serialize)]
struct Repository<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    full_name: Option<&'a RawValue>,
    #[serde(borrow)]
    default_branch: Option<&'a RawValue>,
    #[serde(borrow)]
    html_url: Option<&'a RawValue>,
}

impl GithubClient {
    /// Reads what `repository`, written as `owner/name`, lists, each list since its own instant, and hands it
    /// to `sink` page by page.
    ///
    /// A list that these credentials may not read is named in the count; the others are read.
    ///
    /// # Errors
    /// When the repository cannot be seen, an answer stays away, or a page cannot be kept.
    pub async fn backfill(
        &self,
        repository: &str,
        since: Watermarks,
        sink: &mut dyn PageSink,
        progress: &(dyn Fn(PollProgress) + Send + Sync),
    ) -> Result<BackfillCount, ClientError> {
        let requests_before = self.requests.load(Ordering::Relaxed);
        let path = repository_path(repository)?;
        let answer = self.get(&path, progress).await?;
        let unreadable = |cause| ClientError::Page { path: path.clone(), cause };
        let head: Repository<'_> = serde_json::from_str(&answer.body).map_err(unreadable)?;
        let named = head.full_name.and_then(|name| serde_json::from_str::<String>(name.get()).ok());
        let mut backfill = Backfill {
            client: self,
            sink,
            progress,
            // A renamed repository answers under its old name by a detour, which is made only once.
            path: named.and_then(|name| repository_path(&name).ok()).unwrap_or_else(|| path.clone()),
            repository: serde_json::to_string(&head).map_err(unreadable)?,
            since,
            until: self.now(),
            count: BackfillCount::default(),
        };
        let runs = backfill.workflow_runs().await;
        let workflow_runs = backfill.read_or_closed(runs, since.workflow_runs)?;
        let deployments = backfill.deployments().await;
        let deployments = backfill.read_or_closed(deployments, since.deployments)?;
        let pull_requests = backfill.pull_requests().await;
        let pull_requests = backfill.read_or_closed(pull_requests, since.pull_requests)?;
        let mut count = backfill.count;
        count.watermarks = Watermarks { workflow_runs, deployments, pull_requests };
        count.requests = self.requests.load(Ordering::Relaxed) - requests_before;
        Ok(count)
    }
}

impl Backfill<'_> {
    /// The watermark of a list that was read; one that is closed to us is noted, and stays where it was.
    fn read_or_closed(&mut self, read: Result<Instant, ClientError>, since: Instant) -> Result<Instant, ClientError> {
        match read {
            Err(error) if error.is_closed_list() => {
                self.count.unavailable.push(error.to_string());
                Ok(since)
            }
            read => read,
        }
    }

    /// Makes a page durable, and says so.
    pub(super) async fn keep(&mut self, list: &'static str, deliveries: Vec<Delivery>) -> Result<(), ClientError> {
        let kept = deliveries.len();
        let page = PolledPage { list, deliveries };
        self.sink.keep(page).await.map_err(|cause| ClientError::Keep { list, cause })?;
        (self.progress)(PollProgress::Kept { list, deliveries: kept });
        Ok(())
    }

    /// The delivery of one item: its bytes, and those of the repository, under their names.
    pub(super) fn delivery(&self, event_type: &str, item: &RawValue, answer: &Answer) -> Delivery {
        self.wrapped(event_type, &format!("\"{event_type}\":{}", item.get()), answer)
    }

    /// A delivery of `fields` beside the repository.
    pub(super) fn wrapped(&self, event_type: &str, fields: &str, answer: &Answer) -> Delivery {
        let body = format!("{{\"repository\":{},{fields}}}", self.repository);
        self.client.from.delivery(event_type, body, &answer.url, self.client.now())
    }

    /// Up to where a list is complete that was read to its end, given its oldest unfinished item.
    pub(super) fn watermark(&self, unfinished: Option<Instant>) -> Instant {
        let abandoned_before = self.until.plus_seconds(-UNFINISHED_SECONDS_MAX);
        let held = unfinished.filter(|at| *at >= abandoned_before).map_or(self.until, |at| at.min(self.until));
        held.plus_seconds(-OVERLAP_SECONDS)
    }
}

impl Watermarks {
    /// Every list since one instant.
    pub const fn all(since: Instant) -> Self {
        Self { workflow_runs: since, deployments: since, pull_requests: since }
    }

    /// The list that is read from furthest back.
    pub fn earliest(&self) -> Instant {
        self.workflow_runs.min(self.deployments).min(self.pull_requests)
    }

    /// As texts by the name of the list, to be remembered.
    pub fn to_texts(self) -> BTreeMap<String, String> {
        let lists = [
            (workflow_runs::LIST, self.workflow_runs),
            (deployments::LIST, self.deployments),
            (pull_requests::LIST, self.pull_requests),
        ];
        lists.into_iter().map(|(list, at)| (list.to_owned(), at.to_rfc3339())).collect()
    }

    /// What was remembered; nothing unless every list is there.
    pub fn of_texts(texts: &BTreeMap<String, String>) -> Option<Self> {
        let at = |list: &str| Instant::parse(texts.get(list)?).ok();
        Some(Self {
            workflow_runs: at(workflow_runs::LIST)?,
            deployments: at(deployments::LIST)?,
            pull_requests: at(pull_requests::LIST)?,
        })
    }

    /// What is complete after a backfill that began at `since` and came to here, where everything up to `known` was
    /// complete before. A list that was begun later keeps what was known: nobody has read what lies between.
    #[must_use]
    pub fn after(self, known: Self, since: Self) -> Self {
        let of = |list: fn(&Self) -> Instant| list(if list(&since) <= list(&known) { &self } else { &known });
        Self {
            workflow_runs: of(|at| at.workflow_runs),
            deployments: of(|at| at.deployments),
            pull_requests: of(|at| at.pull_requests),
        }
    }
}

impl Answer {
    /// The items of this page.
    pub(super) fn listing(&self) -> Result<Listing<'_>, ClientError> {
        listing(&self.body).map_err(|cause| ClientError::Page { path: self.url.clone(), cause })
    }
}
