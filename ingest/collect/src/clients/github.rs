//! The client of GitHub's REST interface, on github.com or on a server of one's own.
//!
//! octocrab signs in and sends; its models, pages and retries are not used, because one item with a
//! word it does not know would lose a page, its pages end at an empty one, and its retries do not
//! wait. Each item is handed on as the bytes that were listed.

mod backfill;
mod deployments;
mod error;
mod pull_requests;
mod row;
mod workflow_runs;

#[cfg(test)]
mod tests;

pub use backfill::{BackfillCount, Watermarks};
pub use error::ClientError;

use crate::arrivals::poll::{Attempts, NextPage, Pace, PollProgress, PolledFrom, Sleeper, Verdict, next_page};
use http::StatusCode;
use octocrab::Octocrab;
use octocrab::service::middleware::retry::RetryConfig;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use url::Url;
use waymark_event::{Clock, Instant};

/// The name of the dialect that reads these deliveries.
const SOURCE: &str = "github";
const PUBLIC_ADDRESS: &str = "https://api.github.com";
const CONNECT_SECONDS: u64 = 10;
const READ_SECONDS: u64 = 60;
/// Pages of one list; a list that is longer goes in circles.
const PAGES_MAX: usize = 10_000;

/// Where and as whom to ask.
#[derive(Clone, Default)]
pub struct GithubConfig {
    /// A personal or installation token; without one only public repositories are seen, slowly.
    pub token: Option<String>,
    /// The address of the interface; null means `https://api.github.com`.
    pub base_url: Option<String>,
    /// The configured entry that deliveries name; empty means `github`.
    pub connection: String,
}

impl fmt::Debug for GithubConfig {
    /// The token is not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GithubConfig")
            .field("has_token", &self.token.is_some())
            .field("base_url", &self.base_url)
            .field("connection", &self.connection)
            .finish()
    }
}

/// What a poll tells about itself while it runs.
type Progress<'a> = &'a (dyn Fn(PollProgress) + Send + Sync);

/// Asks one GitHub with one set of credentials.
pub struct GithubClient {
    octocrab: Octocrab,
    base: Url,
    from: PolledFrom,
    pace: Pace,
    clock: Arc<dyn Clock>,
    sleeper: Sleeper,
    requests: AtomicUsize,
}

impl fmt::Debug for GithubClient {
    /// Credentials are not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GithubClient").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// An answer: its bytes, the address that was asked, and where the list goes on.
#[derive(Debug)]
struct Answer {
    body: String,
    url: String,
    next: Option<String>,
}

impl GithubClient {
    /// A client that asks with `config`; must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be used or the connection cannot be set up.
    pub fn new(config: &GithubConfig, clock: Arc<dyn Clock>, sleeper: Sleeper) -> Result<Self, ClientError> {
        let base = base_url(config.base_url.as_deref().unwrap_or(PUBLIC_ADDRESS))?;
        let unusable = |cause| ClientError::Build { cause: Box::new(cause) };
        let mut builder = Octocrab::builder()
            .base_uri(base.as_str())
            .map_err(unusable)?
            .add_retry_config(RetryConfig::None)
            .set_connect_timeout(Some(Duration::from_secs(CONNECT_SECONDS)))
            .set_read_timeout(Some(Duration::from_secs(READ_SECONDS)))
            .add_header(http::header::ACCEPT, "application/vnd.github+json".to_owned())
            .add_header(http::HeaderName::from_static("x-github-api-version"), "2022-11-28".to_owned());
        if let Some(token) = &config.token {
            if http::HeaderValue::try_from(format!("Bearer {token}")).is_err() {
                return Err(ClientError::Token);
            }
            builder = builder.personal_token(token.clone());
        }
        let host = base.host_str().unwrap_or_default();
        let instance = if host == "api.github.com" { "github.com" } else { host }.to_owned();
        let connection = if config.connection.is_empty() { SOURCE } else { &config.connection }.to_owned();
        Ok(Self {
            octocrab: builder.build().map_err(unusable)?,
            from: PolledFrom { source: SOURCE, instance, connection },
            pace: Pace::new(Arc::clone(&clock)),
            base,
            clock,
            sleeper,
            requests: AtomicUsize::new(0),
        })
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Asks for `path`, waiting and asking again as long as that may help.
    async fn get(&self, path: &str, progress: Progress<'_>) -> Result<Answer, ClientError> {
        let mut attempts = Attempts::default();
        loop {
            if let Some(wait) = self.pace.before_request() {
                self.wait(wait, "the rest of this hour's requests is left to others", progress).await;
            }
            self.requests.fetch_add(1, Ordering::Relaxed);
            let (verdict, error) = match self.ask(path).await {
                Ok((status, headers, body)) if status.is_success() => {
                    self.pace.note(&headers);
                    return self.answer(path, &headers, body);
                }
                Ok((status, headers, body)) => {
                    let verdict = self.pace.refused(&mut attempts, path, status, &headers, &body);
                    (verdict, ClientError::refused(path, status, &body))
                }
                Err(cause) => {
                    let error = ClientError::Send { path: path.to_owned(), cause: Box::new(cause) };
                    (attempts.failed(path, None), error)
                }
            };
            match verdict {
                Verdict::Wait(wait, reason) => self.wait(wait, reason, progress).await,
                Verdict::GiveUp => return Err(error),
            }
        }
    }

    async fn ask(&self, path: &str) -> Result<(StatusCode, http::HeaderMap, String), octocrab::Error> {
        let response = self.octocrab._get(path).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok((status, headers, self.octocrab.body_to_string(response).await?))
    }

    async fn wait(&self, wait: Duration, reason: &'static str, progress: Progress<'_>) {
        progress(PollProgress::Waiting { seconds: wait.as_secs(), reason });
        (self.sleeper)(wait).await;
    }

    fn answer(&self, path: &str, headers: &http::HeaderMap, body: String) -> Result<Answer, ClientError> {
        let url = self.url(path);
        let next = match next_page(headers, &url) {
            NextPage::None => None,
            NextPage::Path(next) if next == path => return Err(ClientError::Circle { path: path.to_owned() }),
            NextPage::Path(next) => Some(next),
            NextPage::Foreign(host) => return Err(ClientError::ForeignPage { path: path.to_owned(), host }),
        };
        Ok(Answer { body, url: url.into(), next })
    }

    /// The full address of a path, which may already start with the path of the base address.
    fn url(&self, path: &str) -> Url {
        let prefix = self.base.path().trim_end_matches('/');
        let full = if path.starts_with(prefix) { path.to_owned() } else { format!("{prefix}{path}") };
        self.base.join(&full).unwrap_or_else(|_| self.base.clone())
    }

    /// All pages of a list that is short enough to be held, such as the statuses of a deployment.
    async fn all_pages(&self, first: String, progress: Progress<'_>) -> Result<Vec<Answer>, ClientError> {
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some(path) = next.take() {
            let answer = self.get(&path, progress).await?;
            next.clone_from(&answer.next);
            answers.push(answer);
            if answers.len() > PAGES_MAX {
                return Err(ClientError::Circle { path });
            }
        }
        Ok(answers)
    }
}

/// An address without credentials, query and fragment.
fn base_url(text: &str) -> Result<Url, ClientError> {
    let url = Url::parse(text).map_err(|cause| ClientError::Address { cause })?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !is_plain || !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(ClientError::AddressParts);
    }
    Ok(url)
}
