//! Pull requests: latest change first, until one was last changed before the start.
//!
//! Merged ones bring the commits they were made of, which a squash merge hides from the history.

use super::backfill::Backfill;
use super::row::Row;
use super::{ClientError, PAGES_MAX};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::value::RawValue;
use waymark_event::{Delivery, Instant};

/// The name of the list.
pub(super) const LIST: &str = "pull_requests";
/// Lists of commits that are asked for at the same time.
const IN_FLIGHT_MAX: usize = 8;

impl Backfill<'_> {
    /// Reads all pull requests changed since the start, and returns up to where they are complete.
    pub(super) async fn pull_requests(&mut self) -> Result<Instant, ClientError> {
        let mut path = format!("{}/pulls?state=all&sort=updated&direction=desc&per_page=100", self.path);
        for _ in 0..PAGES_MAX {
            let answer = self.client.get(&path, self.progress).await?;
            let rows = answer.listing()?.items.into_iter().map(|item| (item, Row::of(item)));
            let is_new = |(_, row): &(&RawValue, Row)| row.updated_at().is_none_or(|at| at >= self.since.pull_requests);
            let (listed, older): (Vec<_>, Vec<_>) = rows.partition(is_new);
            let mut deliveries: Vec<Delivery> =
                listed.iter().map(|(item, _)| self.delivery("pull_request", item, &answer)).collect();
            self.count.pull_requests += deliveries.len();
            let merged = listed.iter().filter(|(_, row)| row.is_merged()).map(|(_, row)| self.commits(row));
            let commits: Vec<Option<Delivery>> = stream::iter(merged).buffered(IN_FLIGHT_MAX).try_collect().await?;
            deliveries.extend(commits.into_iter().flatten());
            self.count.pull_request_commits += deliveries.len() - listed.len();
            match answer.next {
                Some(next) if older.is_empty() => {
                    self.keep(LIST, deliveries).await?;
                    path = next;
                }
                _ => {
                    self.keep(LIST, deliveries).await?;
                    return Ok(self.watermark(None));
                }
            }
        }
        Err(ClientError::Circle { path })
    }

    /// The commits of a merged pull request as one delivery.
    async fn commits(&self, row: &Row) -> Result<Option<Delivery>, ClientError> {
        let Some(number) = row.number else { return Ok(None) };
        let path = format!("{}/pulls/{number}/commits?per_page=100", self.path);
        let answers = match self.client.all_pages(path, self.progress).await {
            // GitHub shows no commits of some very large or very old pull requests.
            Err(error) if error.is_closed_list() => return Ok(None),
            answers => answers?,
        };
        let mut commits = Vec::new();
        for answer in &answers {
            commits.extend(answer.listing()?.items.into_iter().map(RawValue::get));
        }
        let Some(first) = answers.first() else { return Ok(None) };
        let updated_at = serde_json::Value::from(row.updated_text());
        let commits = commits.join(",");
        let fields = format!("\"number\":{number},\"pull_request_updated_at\":{updated_at},\"commits\":[{commits}]");
        Ok(Some(self.wrapped("pull_request_commits", &fields, first)))
    }
}
