//! `waymark ingest git` and `ingest file`: what a person points at becomes deliveries.

mod evidence;
mod ran;

use super::Place;
use super::output::{self, counted};
use super::workplace::{Workplace, is_locked};
use super::writer::Writer;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;
use waymark_collect::arrivals::file;
use waymark_collect::arrivals::git::{GitRequest, clone_key, read_repository};
use waymark_collect::inbox_stream;
use waymark_event::Delivery;
use waymark_lake::{Inbox, Snapshot, StateStore};

/// What is read.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum IngestCommand {
    /// Read a repository: its commits, and tags as production deployments.
    ///
    /// Each commit is attributed to the first deployment whose history contains it. Repeating the
    /// command changes nothing; new commits and tags are picked up.
    Git(GitArgs),
    /// Read files, such as a survey export or a catalogue.
    File(FileArgs),
}

/// Flags of `waymark ingest git`.
#[derive(Debug, clap::Args)]
pub(crate) struct GitArgs {
    /// The clone: a work tree or a bare repository.
    path: PathBuf,
    /// The service that this repository builds.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Tags that are deployments, as a pattern such as 'v*'; may be given several times.
    #[arg(long, value_name = "PATTERN")]
    deployments: Vec<String>,
    /// The environment into which these tags deploy.
    #[arg(long, value_name = "NAME", default_value = "production")]
    environment: String,
    /// The branch to read; default: the remote's default branch, else the one that is checked out.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// The repository's key, such as github.com/acme/checkout; default: from the address of the remote.
    #[arg(long, value_name = "KEY")]
    repository: Option<String>,
    /// Look for the use of components, too, week by week through history.
    #[arg(long)]
    evidence: bool,
    /// A service in a folder of its own, as `checkout=services/checkout`; may be given several times.
    #[arg(long, value_name = "NAME=PATH", requires = "evidence")]
    service_path: Vec<String>,
}

/// Flags of `waymark ingest file`.
#[derive(Debug, clap::Args)]
pub(crate) struct FileArgs {
    /// How the files are read: survey-csv, backstage, json or git.
    #[arg(long, value_name = "SOURCE")]
    source: String,
    /// The files to read.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Reads what the command line names.
pub(crate) async fn run(place: &Place, command: IngestCommand) -> anyhow::Result<()> {
    let workplace = Workplace::open(place).await?;
    match command {
        IngestCommand::Git(args) => git(place, &workplace, args).await,
        IngestCommand::File(args) => files(&workplace, args).await,
    }
}

async fn git(place: &Place, workplace: &Workplace, args: GitArgs) -> anyhow::Result<()> {
    let request = GitRequest {
        service: args.service.clone(),
        repository: args.repository.clone(),
        deployments: args.deployments.clone(),
        environment: args.environment.clone(),
        branch: args.branch.clone(),
    };
    let path = std::fs::canonicalize(&args.path)
        .with_context(|| format!("failed to find `{}`: give the path of a clone", args.path.display()))?;
    // What cannot be looked for is said before anything is read.
    let services = if args.evidence { Some(evidence::asked(workplace, &args)?) } else { None };
    let has_new = history(workplace, &request, &path).await?;
    if let Some(services) = services {
        evidence::scan(workplace, services, &request, &path).await?;
    }
    if let (true, Some(service)) = (has_new, args.service) {
        let data = place.data.display();
        output::note(&format!("next: waymark metric change_lead_time --service {service} --grain quarter --data {data}"));
    }
    Ok(())
}

/// Reads commits and tags; says whether there were new ones.
async fn history(workplace: &Workplace, request: &GitRequest, path: &Path) -> anyhow::Result<bool> {
    let state = StateStore::open(&workplace.layout)?;
    // What was read is remembered by place and question: other tags, another service or another name read it anew.
    let repository = clone_key(path, request)?;
    let group = format!(
        "git {} {repository} {:?} {:?} {:?} {}",
        path.display(),
        request.service,
        request.branch,
        request.deployments,
        request.environment
    );
    let known = state.group(&group)?;
    let observed_at = workplace.clock.now();
    let bar = indicatif::ProgressBar::new_spinner();
    let reading = {
        let (path, request, known, bar) = (path.to_owned(), request.clone(), known.clone(), bar.clone());
        let read = tokio::task::spawn_blocking(move || {
            let progress = |state: waymark_collect::arrivals::git::GitProgress| {
                bar.set_message(format!("reading commits: {} ({} of {} refs)", state.commits, state.refs_done, state.refs));
                bar.tick();
            };
            read_repository(&path, &request, &known, observed_at, &progress)
        });
        read.await.context("failed to read the repository")?.context("failed to read the repository")?
    };
    bar.finish_and_clear();
    for warning in &reading.warnings {
        output::note(&format!("warning: {warning}"));
    }
    if reading.deliveries.is_empty() {
        output::note(&format!("{}: nothing new", reading.repository));
        return Ok(false);
    }
    let (commits, tags) = (reading.commits, reading.tags);
    hand_in(workplace, reading.deliveries).await?;
    state.store(&group, &reading.refs)?;
    let (commits, tags) = (counted(commits, "new commit"), counted(tags, "matching tag"));
    output::note(&format!("{}: {commits}, {tags}", reading.repository));
    Ok(true)
}

async fn files(workplace: &Workplace, args: FileArgs) -> anyhow::Result<()> {
    let Some(source) = waymark_collect::find(&args.source) else {
        let known: Vec<&str> = waymark_collect::SOURCES.iter().map(|source| source.name()).collect();
        bail!("there is no source `{}`: choose one of {}", args.source, known.join(", "));
    };
    let received_at = workplace.clock.now();
    let mut deliveries = Vec::new();
    for path in &args.files {
        let content = std::fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
        deliveries.extend(file::deliveries(source, &content, None, received_at));
    }
    let count = deliveries.len();
    let rejected = hand_in(workplace, deliveries).await?;
    output::note(&format!("{} read from {}", counted(count, "delivery"), counted(args.files.len(), "file")));
    match rejected {
        Some(0) | None => Ok(()),
        Some(rejected) => {
            output::note(&format!(
                "not understood: {}; what was good is kept: see `waymark rejections`",
                counted(rejected, "item")
            ));
            Ok(())
        }
    }
}

/// Keeps deliveries and waits until they are visible; says how many items were rejected where that
/// is known, which it is not when another process moves them.
pub(super) async fn hand_in(workplace: &Workplace, deliveries: Vec<Delivery>) -> anyhow::Result<Option<usize>> {
    match Writer::open(workplace, "ingest").await {
        Ok(mut writer) => {
            let mut rejections = 0;
            for batch in deliveries.chunks(20_000) {
                rejections += writer.take_in(batch).await?.rejections;
            }
            writer.refresh().await?;
            Ok(Some(rejections))
        }
        Err(error) if is_locked(&error) => {
            let inbox = Inbox::open(&workplace.layout)?;
            let position = inbox.keep(&deliveries)?;
            wait_until_visible(workplace, position).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Another process moves what was put in, which is durable already; should that one end before, it is moved here.
async fn wait_until_visible(workplace: &Workplace, position: i64) -> anyhow::Result<()> {
    let layout = &workplace.layout;
    let stream = inbox_stream(layout)?;
    for _ in 0..300 {
        let visible = Snapshot::newest(layout).await?.and_then(|snapshot| snapshot.positions.get(&stream).copied());
        if visible.is_some_and(|visible| visible >= position) {
            return Ok(());
        }
        match Writer::open(workplace, "ingest").await {
            Ok(mut writer) => {
                writer.drain().await?;
                writer.refresh().await?;
                return Ok(());
            }
            Err(error) if is_locked(&error) => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    output::note("kept, but not visible yet: the running process has not moved it within a minute, see its log");
    Ok(())
}
