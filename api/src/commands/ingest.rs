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
use waymark_collect::{Connection, Flushed, Source, inbox_stream};
use waymark_event::{Delivery, suggestion};
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
    /// The connection whose `instance` their events belong to; default: the only one of the source, where one is configured.
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
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
    if !is_in_files(source) {
        let known: Vec<&str> =
            waymark_collect::SOURCES.iter().filter(|source| is_in_files(**source)).map(|source| source.name()).collect();
        bail!("messages of `{}` need headers, which no file has: files may be of {}", args.source, known.join(", "));
    }
    let instance = instance(&workplace.config.operation.connections, source, args.connection.as_deref())?;
    let received_at = workplace.clock.now();
    let mut deliveries = Vec::new();
    for path in &args.files {
        let content = std::fs::read(path).with_context(|| format!("failed to read `{}`", path.display()))?;
        deliveries.extend(file::deliveries(source, &content, Some(&instance), received_at));
    }
    let count = deliveries.len();
    let flushed = hand_in(workplace, deliveries).await?;
    output::note(&format!("{} read from {}", counted(count, "delivery"), counted(args.files.len(), "file")));
    match flushed {
        Some(Flushed { rejections, observations: 0, .. }) if rejections > 0 => {
            bail!("nothing was understood: see `waymark rejections`")
        }
        Some(Flushed { rejections, .. }) if rejections > 0 => {
            let items = counted(rejections, "item");
            output::note(&format!("not understood: {items}; what was good is kept: see `waymark rejections`"));
        }
        _ => {}
    }
    Ok(())
}

/// Whether a message can be read without the headers by which a vendor names it.
fn is_in_files(source: &dyn Source) -> bool {
    !source.is_vendor() || source.kept_headers().is_empty()
}

/// What the events of files are about: what those are about that come by the connection, so that both are one.
fn instance(connections: &[Connection], source: &dyn Source, chosen: Option<&str>) -> anyhow::Result<String> {
    let of_source: Vec<&Connection> = connections.iter().filter(|one| one.source == source.name()).collect();
    let names: Vec<&str> = of_source.iter().map(|one| one.name.as_str()).collect();
    let told = |one: &Connection| one.instance.clone().unwrap_or_else(|| source.default_instance().to_owned());
    if let Some(name) = chosen {
        let found = of_source.iter().find(|one| one.name == name);
        let found = found.with_context(|| {
            format!("no connection `{name}` of the source `{}` is configured{}", source.name(), suggestion(name, names))
        })?;
        return Ok(told(found));
    }
    let mut instances: Vec<String> = of_source.iter().map(|one| told(one)).collect();
    instances.sort_unstable();
    instances.dedup();
    if instances.len() > 1 {
        let names = names.join(", ");
        bail!("the connections {names} are about different instances: choose one with `--connection NAME`");
    }
    Ok(instances.pop().unwrap_or_else(|| source.default_instance().to_owned()))
}

/// Keeps deliveries and waits until they are visible; says what came of them where that is known, which
/// it is not when another process moves them.
pub(super) async fn hand_in(workplace: &Workplace, deliveries: Vec<Delivery>) -> anyhow::Result<Option<Flushed>> {
    match Writer::open(workplace, "ingest").await {
        Ok(mut writer) => {
            let mut total = Flushed::default();
            for batch in deliveries.chunks(20_000) {
                let flushed = writer.take_in(batch).await?;
                total.observations += flushed.observations;
                total.rejections += flushed.rejections;
            }
            writer.refresh().await?;
            Ok(Some(total))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_about_what_its_connection_is_about() {
        let json = waymark_collect::find("json").unwrap();
        let named = |name: &str, instance: Option<&str>| Connection {
            name: name.to_owned(),
            instance: instance.map(ToOwned::to_owned),
            ..Connection::unconfigured(json)
        };
        let one = [named("deploys", Some("prod"))];
        assert_eq!(instance(&[], json, None).unwrap(), "local");
        assert_eq!(instance(&one, json, None).unwrap(), "prod");
        let two = [named("deploys", Some("prod")), named("tickets", None)];
        assert!(instance(&two, json, None).unwrap_err().to_string().contains("`--connection NAME`"));
        assert_eq!(instance(&two, json, Some("deploys")).unwrap(), "prod");
        assert_eq!(instance(&two, json, Some("tickets")).unwrap(), "local");
        let unknown = instance(&two, json, Some("deploy")).unwrap_err().to_string();
        assert!(unknown.contains("did you mean `deploys`?"), "{unknown}");
    }

    #[test]
    fn what_needs_headers_is_in_no_file() {
        let in_files = waymark_collect::SOURCES.iter().filter(|source| is_in_files(**source)).map(|source| source.name());
        assert_eq!(in_files.collect::<Vec<_>>(), ["json", "git", "survey-csv", "backstage"]);
    }
}
