//! A backfill: everything a repository lists since an instant, list by list and page by page.
//!
//! A watermark is given only once everything before it has been kept, with ten minutes to spare;
//! what is still running holds it back, so that its end is seen by the next backfill.

use super::row::repository_path;
use super::{Answer, ClientError, GithubClient, Progress};
use crate::arrivals::poll::{Listing, PageSink, PollProgress, PolledPage, listing};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::atomic::Ordering;
use waymark_event::{Delivery, Instant};

/// How far a watermark stays behind what was listed.
const OVERLAP_SECONDS: i64 = 10 * 60;
/// What has been unfinished for longer than this is taken as abandoned.
const UNFINISHED_SECONDS_MAX: i64 = 7 * 24 * 60 * 60;

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
    /// From where the next backfill must start; null when a list could not be read.
    pub watermark: Option<Instant>,
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
    pub(super) since: Instant,
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
    /// Reads what `repository`, written as `owner/name`, lists since `since`, and hands it to
    /// `sink` page by page.
    ///
    /// A list that these credentials may not read is named in the count; the others are read.
    ///
    /// # Errors
    /// When the repository cannot be seen, an answer stays away, or a page cannot be kept.
    pub async fn backfill(
        &self,
        repository: &str,
        since: Instant,
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
        let runs = backfill.closed_or(runs)?;
        let deployments = backfill.deployments().await;
        let deployments = backfill.closed_or(deployments)?;
        let pull_requests = backfill.pull_requests().await;
        let pull_requests = backfill.closed_or(pull_requests)?;
        let mut count = backfill.count;
        count.watermark = [runs, deployments, pull_requests].into_iter().min().flatten();
        count.requests = self.requests.load(Ordering::Relaxed) - requests_before;
        Ok(count)
    }
}

impl Backfill<'_> {
    /// The watermark of a list; none for a list that is closed to us, which is noted.
    fn closed_or(&mut self, watermark: Result<Instant, ClientError>) -> Result<Option<Instant>, ClientError> {
        match watermark {
            Err(error) if error.is_closed_list() => {
                self.count.unavailable.push(error.to_string());
                Ok(None)
            }
            watermark => watermark.map(Some),
        }
    }

    /// Makes a page durable, and says so.
    pub(super) async fn keep(
        &mut self,
        list: &'static str,
        deliveries: Vec<Delivery>,
        watermark: Option<Instant>,
    ) -> Result<(), ClientError> {
        let kept = deliveries.len();
        let page = PolledPage { list, deliveries, watermark };
        self.sink.keep(page).await.map_err(|cause| ClientError::Keep { list, cause })?;
        (self.progress)(PollProgress::Kept { list, deliveries: kept, watermark });
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
    pub(super) fn watermark(&self, end: Instant, unfinished: Option<Instant>) -> Instant {
        let abandoned_before = self.until.plus_seconds(-UNFINISHED_SECONDS_MAX);
        let held = unfinished.filter(|at| *at >= abandoned_before).map_or(end, |at| at.min(end));
        held.plus_seconds(-OVERLAP_SECONDS)
    }
}

impl Answer {
    /// The items of this page.
    pub(super) fn listing(&self) -> Result<Listing<'_>, ClientError> {
        listing(&self.body).map_err(|cause| ClientError::Page { path: self.url.clone(), cause })
    }
}
