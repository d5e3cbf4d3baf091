//! The pace at which somebody may be asked: limits that were announced, and failures that pass.
//!
//! Decides only; who asks also waits. A fifth of an announced budget is left to others. Jitter
//! comes from the request itself, so that the same requests give the same waits.

use chrono::DateTime;
use http::{HeaderMap, StatusCode};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use waymark_event::{Clock, Instant};

/// Waits for a limit before giving up.
const LIMITS_MAX: u32 = 8;
/// Retries of a failure before giving up.
const FAILURES_MAX: u32 = 5;
/// The first wait after a limit that names no time.
const LIMIT_SECONDS: u64 = 60;
/// Nobody waits longer than this for one answer.
const WAIT_SECONDS_MAX: u64 = 2 * 60 * 60;
/// The share of a budget that is left to others: one fifth.
const RESERVE_DIVISOR: u64 = 5;

/// What to do after an answer that was none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Wait, then ask again.
    Wait(Duration, &'static str),
    /// Asking again would not help.
    GiveUp,
}

/// The answers of one request so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts {
    limits: u32,
    failures: u32,
}

impl Attempts {
    /// What to do after a failure that may pass, such as a lost connection.
    pub(crate) fn failed(&mut self, request: &str, asked_seconds: Option<u64>) -> Verdict {
        self.failures += 1;
        if self.failures > FAILURES_MAX {
            return Verdict::GiveUp;
        }
        let wait = match asked_seconds {
            Some(seconds) => Duration::from_secs(seconds.min(WAIT_SECONDS_MAX)),
            None => Duration::from_millis(jittered(1_000 << (self.failures - 1), request, self.failures)),
        };
        Verdict::Wait(wait, "the other side has a failure")
    }
}

#[derive(Clone, Copy, Debug)]
struct Budget {
    limit: u64,
    remaining: u64,
    resets_at: Instant,
}

/// The pace of one set of credentials.
#[derive(Debug)]
pub(crate) struct Pace {
    clock: Arc<dyn Clock>,
    budget: Mutex<Option<Budget>>,
}

impl Pace {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, budget: Mutex::new(None) }
    }

    /// How long to wait before the next request, so that the reserve stays untouched.
    pub(crate) fn before_request(&self) -> Option<Duration> {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = budget
            .as_mut()
            .filter(|budget| budget.remaining <= budget.limit / RESERVE_DIVISOR)
            .map(|budget| self.seconds_until(budget.resets_at))?;
        // Asked once per budget: the answer after the wait brings the next one.
        *budget = None;
        (seconds > 0).then(|| Duration::from_secs(seconds.min(WAIT_SECONDS_MAX)))
    }

    /// Reads the budget that an answer announces.
    pub(crate) fn note(&self, headers: &HeaderMap) {
        let announced = || {
            Some(Budget {
                limit: number(headers, "x-ratelimit-limit")?,
                remaining: number(headers, "x-ratelimit-remaining")?,
                resets_at: reset(headers)?,
            })
        };
        if let Some(announced) = announced() {
            *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = Some(announced);
        }
    }

    /// What to do after an answer that is no success.
    pub(crate) fn refused(
        &self,
        attempts: &mut Attempts,
        request: &str,
        status: StatusCode,
        headers: &HeaderMap,
        body: &str,
    ) -> Verdict {
        let is_limit = matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS);
        if !is_limit {
            let may_pass = status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT;
            return if may_pass { attempts.failed(request, self.retry_after(headers)) } else { Verdict::GiveUp };
        }
        let is_used_up = number(headers, "x-ratelimit-remaining") == Some(0);
        let until_reset = reset(headers).filter(|_| is_used_up).map(|at| self.seconds_until(at).saturating_add(1));
        let says_limit = body.to_lowercase().contains("rate limit") || body.to_lowercase().contains("abuse");
        let (seconds, reason) = match (self.retry_after(headers), until_reset) {
            (Some(seconds), _) => (seconds, "the other side asks to wait"),
            (None, Some(seconds)) => (seconds, "the requests of this hour are used up"),
            (None, None) if says_limit || status == StatusCode::TOO_MANY_REQUESTS => {
                (jittered(LIMIT_SECONDS << attempts.limits.min(6), request, attempts.limits), "requests came too fast")
            }
            // A plain 403 is a missing right, which no waiting brings.
            (None, None) => return Verdict::GiveUp,
        };
        attempts.limits += 1;
        if attempts.limits > LIMITS_MAX || seconds > WAIT_SECONDS_MAX {
            return Verdict::GiveUp;
        }
        Verdict::Wait(Duration::from_secs(seconds), reason)
    }

    /// `retry-after` in seconds, which may be written as a date.
    fn retry_after(&self, headers: &HeaderMap) -> Option<u64> {
        let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(seconds);
        }
        let at = DateTime::parse_from_rfc2822(text).ok()?;
        Some(self.seconds_until(Instant::from_seconds(at.timestamp())))
    }

    /// Whole seconds from now, rounded up, zero for the past.
    fn seconds_until(&self, at: Instant) -> u64 {
        let micros = at.micros().saturating_sub(self.clock.now().micros()).max(0);
        micros.unsigned_abs().div_ceil(1_000_000)
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn reset(headers: &HeaderMap) -> Option<Instant> {
    number(headers, "x-ratelimit-reset").and_then(|seconds| i64::try_from(seconds).ok()).map(Instant::from_seconds)
}

/// Up to a quarter more, so that callers who failed together do not come back together.
fn jittered(wait: u64, request: &str, attempt: u32) -> u64 {
    let mut hasher = DefaultHasher::new();
    (request, attempt).hash(&mut hasher);
    wait + hasher.finish() % (wait / 4 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_event::FixedClock;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn pace() -> Pace {
        Pace::new(Arc::new(FixedClock::at(Instant::from_seconds(1_780_000_000))))
    }

    fn wait(status: u16, pairs: &[(&'static str, &str)], body: &str) -> Option<u64> {
        let status = StatusCode::from_u16(status).unwrap();
        match pace().refused(&mut Attempts::default(), "/x", status, &headers(pairs), body) {
            Verdict::Wait(duration, _) => Some(duration.as_secs()),
            Verdict::GiveUp => None,
        }
    }

    #[test]
    fn announced_waits_are_obeyed() {
        assert_eq!(wait(429, &[("retry-after", "17")], ""), Some(17));
        assert_eq!(wait(403, &[("retry-after", "Thu, 28 May 2026 20:28:10 GMT")], ""), Some(90));
        let used_up = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1780000030")];
        assert_eq!(wait(403, &used_up, ""), Some(31));
        assert_eq!(wait(503, &[("retry-after", "3")], ""), Some(3));
    }

    #[test]
    fn a_missing_right_is_not_waited_for() {
        assert_eq!(wait(403, &[("x-ratelimit-remaining", "4000")], "Resource not accessible"), None);
        assert_eq!(wait(404, &[], ""), None);
        assert_eq!(wait(429, &[("retry-after", "86400")], ""), None, "a day is too long");
    }

    #[test]
    fn limits_without_a_time_double() {
        let pace = pace();
        let mut attempts = Attempts::default();
        for times in 0..LIMITS_MAX {
            let low = 60 << times.min(6);
            match pace.refused(&mut attempts, "/x", StatusCode::FORBIDDEN, &HeaderMap::new(), "secondary rate limit") {
                Verdict::Wait(wait, _) => assert!((low..=low + low / 4).contains(&wait.as_secs()), "{times}: {wait:?}"),
                Verdict::GiveUp => panic!("gave up after {times}"),
            }
        }
        let last = pace.refused(&mut attempts, "/x", StatusCode::FORBIDDEN, &HeaderMap::new(), "secondary rate limit");
        assert_eq!(last, Verdict::GiveUp);
    }

    #[test]
    fn a_fifth_is_left_to_others() {
        let pace = pace();
        let left = |left: &'static str| {
            headers(&[("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", left), ("x-ratelimit-reset", "1780000600")])
        };
        pace.note(&left("1001"));
        assert_eq!(pace.before_request(), None);
        pace.note(&left("1000"));
        assert_eq!(pace.before_request(), Some(Duration::from_mins(10)));
        assert_eq!(pace.before_request(), None, "waited once");
    }
}
