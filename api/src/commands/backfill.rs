//! `waymark backfill`: what a programming interface still knows of the past, with a progress bar. Where one that was
//! read to its end came to is remembered, and the next one goes on from there.

use super::ingest::hand_in;
use super::workplace::Workplace;
use super::{Place, output};
use anyhow::{Context, bail};
use futures::future::BoxFuture;
use std::sync::Arc;
use waymark_collect::arrivals::poll::{PageSink, PageSinkError, PollProgress, PolledPage, real_sleeper};
use waymark_collect::clients::{BackfillCount, GithubClient, GithubConfig, Watermarks};
use waymark_event::{Delivery, Instant};
use waymark_lake::{Inbox, StateStore};

/// Whom to ask for the past.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum BackfillCommand {
    /// Read workflow runs, deployments with statuses, and pull requests with their commits.
    ///
    /// A token is taken from `WAYMARK_GITHUB_TOKEN`; without one only public repositories are seen,
    /// at 60 requests an hour.
    Github(GithubArgs),
}

/// Flags of `waymark backfill github`.
#[derive(Debug, clap::Args)]
pub(crate) struct GithubArgs {
    /// The repository to read.
    #[arg(long, value_name = "OWNER/NAME")]
    repo: String,
    /// How far back, as a date such as 2026-01-01 or an RFC 3339 instant. Default: from where the last back-fill of
    /// this repository came to, less ten minutes; the first one has to be told.
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// The address of the interface, for an enterprise server. Default: <https://api.github.com>.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A personal or installation token; better given by the environment than on the command line.
    #[arg(long, env = "WAYMARK_GITHUB_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

/// Pages go into the inbox as they come, so that an interruption loses nothing.
struct InboxSink {
    inbox: Inbox,
    kept: usize,
}

impl PageSink for InboxSink {
    fn keep(&mut self, page: PolledPage) -> BoxFuture<'_, Result<(), PageSinkError>> {
        Box::pin(async move {
            if !page.deliveries.is_empty() {
                self.inbox.keep(&page.deliveries)?;
                self.kept += page.deliveries.len();
            }
            Ok(())
        })
    }
}

/// Asks, keeps page by page, and makes it visible at the end.
pub(crate) async fn run(place: &Place, command: BackfillCommand) -> anyhow::Result<()> {
    let BackfillCommand::Github(args) = command;
    let workplace = Workplace::open(place).await?;
    let state = StateStore::open(&workplace.layout)?;
    let group = format!("backfill github {} {}", args.base_url.as_deref().unwrap_or_default(), args.repo);
    let known = Watermarks::of_texts(&state.group(&group)?);
    let since = since(args.since.as_deref(), known, &args.repo)?;
    let config = GithubConfig { token: args.token, base_url: args.base_url, connection: String::new() };
    let client = GithubClient::new(&config, Arc::clone(&workplace.clock), real_sleeper())?;
    let bar = indicatif::ProgressBar::new_spinner();
    let progress = |progress: PollProgress| match progress {
        PollProgress::Kept { list, deliveries } => {
            bar.inc(deliveries as u64);
            bar.set_message(format!("{list}: {} deliveries kept", bar.position()));
        }
        PollProgress::Waiting { seconds, reason } => bar.set_message(format!("waiting {seconds} s: {reason}")),
    };
    let mut sink = InboxSink { inbox: Inbox::open(&workplace.layout)?, kept: 0 };
    let outcome = client.backfill(&args.repo, since, &mut sink, &progress).await;
    bar.finish_and_clear();
    // What was kept before an error is made visible all the same.
    let nothing: Vec<Delivery> = Vec::new();
    hand_in(&workplace, nothing).await?;
    let count = outcome.context("failed to back-fill; what was read is kept, run the same command again")?;
    let complete = known.map_or(count.watermarks, |known| count.watermarks.after(known, since));
    state.store(&group, &complete.to_texts())?;
    for line in lines(&args.repo, &count, sink.kept) {
        output::note(&line);
    }
    output::note(&format!("{}: without `--since` the next back-fill goes on from {}", args.repo, complete.earliest()));
    Ok(())
}

/// From where each list is read: from where the operator says, else from where the last back-fill came to.
fn since(asked: Option<&str>, known: Option<Watermarks>, repository: &str) -> anyhow::Result<Watermarks> {
    match (asked, known) {
        (Some(text), _) => Ok(Watermarks::all(instant(text)?)),
        (None, Some(known)) => {
            output::note(&format!("{repository}: going on from {}, where the last back-fill came to", known.earliest()));
            Ok(known)
        }
        (None, None) => {
            bail!("no back-fill of `{repository}` has ended well here: say how far back it goes, such as `--since 2026-01-01`")
        }
    }
}

/// What was read, and what could not be.
fn lines(repository: &str, count: &BackfillCount, kept: usize) -> Vec<String> {
    let warnings = count.unavailable.iter().map(|sentence| format!("warning: {sentence}"));
    let read = format!(
        "{repository}: {} workflow runs, {} deployments, {} statuses, {} pull requests ({} with their commits), {kept} deliveries, {} requests",
        count.workflow_runs,
        count.deployments,
        count.deployment_statuses,
        count.pull_requests,
        count.pull_request_commits,
        count.requests
    );
    warnings.chain([read]).collect()
}

fn instant(text: &str) -> anyhow::Result<Instant> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    Instant::parse(&whole).with_context(|| format!("`{text}` is no date: write `2026-01-01`"))
}
