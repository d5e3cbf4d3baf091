//! Workflow runs: asked by windows of creation time, because a search gives at most 1,000 results.
//!
//! A run that is started again keeps its creation time: later attempts come by webhook, or by a
//! backfill that starts before the run. The list shows the newest attempt only, so earlier ones are asked for.

use super::backfill::Backfill;
use super::row::Row;
use super::{Answer, ClientError, PAGES_MAX};
use serde_json::value::RawValue;
use waymark_event::{Delivery, Instant};

/// The name of the list.
pub(super) const LIST: &str = "workflow_runs";
/// Results that GitHub gives for one search.
const RESULTS_MAX: u64 = 1_000;

impl Backfill<'_> {
    /// Reads all runs created since the start, and returns up to where they are complete.
    pub(super) async fn workflow_runs(&mut self) -> Result<Instant, ClientError> {
        let second = |at: Instant| at.micros().div_euclid(1_000_000);
        let mut windows = Vec::new();
        if self.since.workflow_runs < self.until {
            windows.push((second(self.since.workflow_runs), second(self.until) + 1));
        }
        let mut unfinished: Option<Instant> = None;
        while let Some((from, to)) = windows.pop() {
            let answer = self.client.get(&self.window_path(from, to), self.progress).await?;
            let total = answer.listing()?.total_count.unwrap_or_default();
            if total > RESULTS_MAX && to - from > 1 {
                let middle = from + (to - from) / 2;
                // Both ends are part of a window, so the halves share the second in the middle.
                windows.extend([(middle, to), (from, middle)]);
                continue;
            }
            if total > RESULTS_MAX {
                let at = Instant::from_seconds(from);
                self.count.unavailable.push(format!("{total} workflow runs were created at {at}, of which 1,000 are listed"));
            }
            self.window(answer, &mut unfinished).await?;
        }
        Ok(self.watermark(unfinished))
    }

    fn window_path(&self, from: i64, to: i64) -> String {
        let (from, to) = (Instant::from_seconds(from), Instant::from_seconds(to));
        format!("{}/actions/runs?created={from}..{to}&per_page=100", self.path)
    }

    /// Keeps all pages of one window, and notes the oldest run that has not ended.
    async fn window(&mut self, first: Answer, unfinished: &mut Option<Instant>) -> Result<(), ClientError> {
        let mut answer = first;
        for _ in 0..PAGES_MAX {
            let mut deliveries = Vec::new();
            let mut repeated = Vec::new();
            for item in answer.listing()?.items {
                let row = Row::of(item);
                if row.status.as_deref().is_some_and(|status| status != "completed") {
                    *unfinished = [*unfinished, row.created_at()].into_iter().flatten().min();
                }
                repeated.extend(row.id.zip(row.run_attempt).filter(|(_, attempt)| *attempt > 1));
                deliveries.push(self.delivery("workflow_run", item, &answer));
            }
            for (id, newest) in repeated {
                self.earlier_attempts(id, newest, &mut deliveries).await?;
            }
            self.count.workflow_runs += deliveries.len();
            self.keep(LIST, deliveries).await?;
            let Some(next) = answer.next else { return Ok(()) };
            answer = self.client.get(&next, self.progress).await?;
        }
        Err(ClientError::Circle { path: answer.url })
    }

    /// Attempts of a run before the newest, which failed mostly: without them repeating a run would hide it.
    async fn earlier_attempts(&mut self, id: u64, newest: u32, deliveries: &mut Vec<Delivery>) -> Result<(), ClientError> {
        for attempt in 1..newest {
            let path = format!("{}/actions/runs/{id}/attempts/{attempt}", self.path);
            match self.client.get(&path, self.progress).await {
                Ok(answer) => {
                    let item = serde_json::from_str(&answer.body);
                    let item: &RawValue = item.map_err(|cause| ClientError::Page { path: path.clone(), cause })?;
                    deliveries.push(self.delivery("workflow_run", item, &answer));
                }
                // What is too old is kept by nobody.
                Err(error) if error.is_closed_list() => self.count.unavailable.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
