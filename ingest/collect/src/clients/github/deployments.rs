//! Deployments and their statuses: newest first, until one is older than the start.
//!
//! There is no search by time. The statuses of each deployment are a list of their own.

use super::backfill::Backfill;
use super::row::Row;
use super::{Answer, ClientError, PAGES_MAX};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::value::RawValue;
use waymark_event::{Delivery, Instant};

/// The name of the list.
pub(super) const LIST: &str = "deployments";
/// Lists of statuses that are asked for at the same time.
const IN_FLIGHT_MAX: usize = 8;

/// One deployment with what steers the poll.
struct Listed<'a> {
    item: &'a RawValue,
    row: Row,
}

impl Backfill<'_> {
    /// Reads all deployments created since the start, and returns up to where they are complete.
    pub(super) async fn deployments(&mut self) -> Result<Instant, ClientError> {
        let mut path = format!("{}/deployments?per_page=100", self.path);
        let mut unfinished: Option<Instant> = None;
        for _ in 0..PAGES_MAX {
            let answer = self.client.get(&path, self.progress).await?;
            let items = answer.listing()?.items;
            let listed = items.iter().map(|item| Listed { item, row: Row::of(item) });
            let is_new = |one: &Listed<'_>| one.row.created_at().is_none_or(|at| at >= self.since.deployments);
            let (listed, older): (Vec<_>, Vec<_>) = listed.partition(is_new);
            let (deliveries, running) = self.with_statuses(&listed, &answer).await?;
            unfinished = [unfinished, running].into_iter().flatten().min();
            self.count.deployments += listed.len();
            self.count.deployment_statuses += deliveries.len() - listed.len();
            match answer.next {
                Some(next) if older.is_empty() => {
                    self.keep(LIST, deliveries).await?;
                    path = next;
                }
                _ => {
                    self.keep(LIST, deliveries).await?;
                    return Ok(self.watermark(unfinished));
                }
            }
        }
        Err(ClientError::Circle { path })
    }

    /// The deliveries of a page's deployments and statuses, and the oldest that has not ended.
    async fn with_statuses(
        &self,
        listed: &[Listed<'_>],
        page: &Answer,
    ) -> Result<(Vec<Delivery>, Option<Instant>), ClientError> {
        let asked = listed.iter().map(|one| self.statuses(one));
        let statuses: Vec<(Vec<Delivery>, bool)> = stream::iter(asked).buffered(IN_FLIGHT_MAX).try_collect().await?;
        let mut deliveries = Vec::new();
        let mut unfinished: Option<Instant> = None;
        for (one, (statuses, has_ended)) in listed.iter().zip(statuses) {
            deliveries.push(self.delivery("deployment", one.item, page));
            deliveries.extend(statuses);
            if !has_ended {
                unfinished = [unfinished, one.row.created_at()].into_iter().flatten().min();
            }
        }
        Ok((deliveries, unfinished))
    }

    /// The statuses of one deployment, and whether one of them ends it.
    async fn statuses(&self, deployment: &Listed<'_>) -> Result<(Vec<Delivery>, bool), ClientError> {
        let Some(id) = deployment.row.id else {
            return Ok((Vec::new(), true));
        };
        let path = format!("{}/deployments/{id}/statuses?per_page=100", self.path);
        let answers = match self.client.all_pages(path, self.progress).await {
            // It was removed since the page was listed.
            Err(ClientError::NotFound { .. }) => return Ok((Vec::new(), true)),
            answers => answers?,
        };
        let mut deliveries = Vec::new();
        let mut has_ended = false;
        for answer in &answers {
            for item in answer.listing()?.items {
                let state = Row::of(item).state;
                has_ended |= matches!(state.as_deref(), Some("success" | "failure" | "error" | "inactive"));
                let fields = format!("\"deployment_status\":{},\"deployment\":{}", item.get(), deployment.item.get());
                deliveries.push(self.wrapped("deployment_status", &fields, answer));
            }
        }
        Ok((deliveries, has_ended))
    }
}
