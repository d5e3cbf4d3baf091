//! `Overdue`: questions that go on although they were stopped.
//!
//! The last line behind `stop.rs`: nothing can interrupt one sort or one call of a function, and some may
//! take longer than anybody foresaw. Such a question is logged with its text, and counted for as long as
//! anything of it is left. What a count means for the process is said by those who ask for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;

use super::stop::Remains;

/// How long a question may go on after it was stopped.
const GRACE: Duration = Duration::from_secs(5);
/// How long it is before somebody looks again whether a question is over.
const LOOK_AFTER: Duration = Duration::from_millis(200);
/// Most characters of a question in the log.
const LOGGED_CHARACTERS_MAX: usize = 1_000;

/// How many questions are overdue; a clone counts the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Overdue(Arc<AtomicUsize>);

impl Overdue {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Watches what is left of a question that was stopped, on the runtime of whoever asked it: the threads for
    /// questions may be the ones that are held.
    pub(super) fn watch(&self, remains: Remains, sql: Arc<str>) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(self.clone().follow(remains, sql, GRACE));
        }
    }

    async fn follow(self, remains: Remains, sql: Arc<str>, grace: Duration) {
        tokio::time::sleep(grace).await;
        if remains.is_nothing() {
            return;
        }
        let text = logged(&sql);
        tracing::error!(question.text = %text, "a question goes on although it was stopped: it holds a thread");
        self.0.fetch_add(1, Ordering::Relaxed);
        while !remains.is_nothing() {
            tokio::time::sleep(LOOK_AFTER).await;
        }
        self.0.fetch_sub(1, Ordering::Relaxed);
        tracing::info!(question.text = %text, "a question that went on has ended");
    }
}

/// A question as the log has it.
pub(super) fn logged(sql: &str) -> String {
    sql.chars().take(LOGGED_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::stop::StopFlag;

    #[tokio::test]
    async fn a_question_counts_from_its_grace_until_nothing_of_it_is_left() {
        let (overdue, flag) = (Overdue::default(), StopFlag::default());
        let following = tokio::spawn(overdue.clone().follow(flag.remains(), Arc::from("select 1"), Duration::from_millis(1)));
        while overdue.count() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(!following.is_finished());
        drop(flag);
        following.await.unwrap();
        assert_eq!(overdue.count(), 0);
    }

    #[tokio::test]
    async fn a_question_that_ends_in_time_does_not_count() {
        let (overdue, flag) = (Overdue::default(), StopFlag::default());
        let remains = flag.remains();
        drop(flag);
        overdue.clone().follow(remains, Arc::from("select 1"), Duration::from_millis(1)).await;
        assert_eq!(overdue.count(), 0);
    }
}
