//! The command line: every command, its flags, and which module does it.

mod adoption;
mod backfill;
mod backup;
mod check;
mod collect;
mod compact;
mod compare;
mod demo;
mod doctor;
mod explain;
mod forget;
mod generate;
mod ingest;
mod measure;
mod output;
mod publish;
mod question;
mod rebuild;
mod serve;
mod status;
mod stopping;
mod upkeep;
mod workplace;
mod writer;

use anyhow::Context;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use waymark_lake::Layout;

/// Measure an internal platform with evidence: do people take the paved road (adoption), does it
/// make them faster without breaking more (commit-to-production time and the DORA metrics), and do
/// they like it (satisfaction)?
///
/// Every number carries its sample size, interval, coverage, definition and the rows behind it. One
/// process does everything: `waymark serve` receives, keeps, computes and answers.
#[derive(Debug, Parser)]
#[command(name = "waymark", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    place: Place,
}

/// The data folder where nobody names one.
const DATA: &str = "./waymark-data";

/// Where data and configuration lie, and how answers are printed.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// The data folder, which is made when it is not there; or `s3://`, `az://`, `gs://` with bucket and prefix. Default:
    /// ./waymark-data, and ./waymark-demo for `waymark demo`.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        num_args = 0..=1,
        default_value = DATA,
        default_missing_value = DATA,
        hide_default_value = true,
        env = "WAYMARK_DATA"
    )]
    pub(crate) data: PathBuf,
    /// With an object store: this machine's folder for the inbox and the lock.
    #[arg(long, global = true, value_name = "DIR", default_value = "./waymark-local", env = "WAYMARK_LOCAL")]
    pub(crate) local: PathBuf,
    /// The configuration; without it DIR/waymark.toml, else ./waymark.toml, else the defaults.
    #[arg(long, global = true, value_name = "FILE", env = "WAYMARK_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON where otherwise a table is printed.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Place {
    /// Whether nobody has said where the data are.
    pub(crate) fn is_default(&self) -> bool {
        self.data == Path::new(DATA)
    }

    /// The folder of this machine, whether or not the tables lie there.
    pub(crate) fn folder(&self) -> &Path {
        if self.address().is_some() { &self.local } else { &self.data }
    }

    /// Whether there is a data folder; a prefix of an object store is taken to be one.
    pub(crate) fn is_there(&self) -> bool {
        self.address().is_some() || self.data.join("format.json").is_file()
    }

    /// Opens the data folder or the prefix of an object store.
    pub(crate) async fn layout(&self) -> anyhow::Result<Layout> {
        match self.address() {
            Some(address) => Layout::connect(address, &self.local).await.context("failed to open the object store"),
            None => Layout::open(&self.data).context("failed to open the data folder"),
        }
    }

    fn address(&self) -> Option<&str> {
        self.data.to_str().filter(|data| data.contains("://"))
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build a sample organisation and serve it: 60 services, 14 teams, 9 components, 78 weeks.
    ///
    /// The sample's messages take the same way as live ones. A second start uses what is there.
    Demo(demo::DemoArgs),
    /// Write a large organisation that is made up, as files of deliveries, one for each month.
    ///
    /// Equal arguments give equal files. `waymark ingest file --source json` reads them.
    Generate(generate::GenerateArgs),
    /// Receive, keep, compute and answer, in one process on one port.
    Serve(serve::ServeArgs),
    /// Read a repository or files into the data folder.
    #[command(subcommand)]
    Ingest(ingest::IngestCommand),
    /// Read what a programming interface still knows of the past.
    #[command(subcommand)]
    Backfill(backfill::BackfillCommand),
    /// Consume deliveries from a topic, exactly once.
    #[command(subcommand)]
    Collect(collect::CollectCommand),
    /// List everything that is measured.
    Metrics,
    /// Print one metric over time, with interval, sample size and coverage.
    Metric(measure::MetricArgs),
    /// Print a number beside the same by the rules of other tools, and why they differ.
    Compare(compare::CompareArgs),
    /// Print everything behind a number: its definition, the rows that went in, those left out and why.
    Explain(explain::ExplainArgs),
    /// Say what never arrived, cannot be placed or contradicts itself, and what to do about it.
    ///
    /// Coverage and freshness of every source and service, with counts, examples and the numbers that
    /// they touch. Ends with exit code 0 whatever it finds, with `--strict` with 1.
    Doctor(doctor::DoctorArgs),
    /// Say who takes the paved road, who left it and to what, and when the rest will have moved.
    ///
    /// Without a component it prints the scoreboard of all of them.
    Adoption(adoption::AdoptionArgs),
    /// Ask a question in SQL over the facts; read-only.
    Sql(question::SqlArgs),
    /// Write a report.
    Report(publish::ReportArgs),
    /// Draw a chart as SVG or PNG.
    Chart(publish::ChartArgs),
    /// List what arrived and was not understood, newest first.
    Rejections(question::RejectionsArgs),
    /// Say what is visible, how fresh it is, who writes, and what it takes on the disk.
    Status,
    /// Validate the configuration and, where there is a data folder, the data; say what is wrong.
    ///
    /// Looks at the format, the inbox, the positions, every file and every snapshot. It may run beside
    /// a process that writes, and ends with exit code 1 when something is wrong.
    Check,
    /// Merge small files of all tables now, and remove what nobody reads any more.
    Compact,
    /// Read the kept deliveries again, compute every fact from nothing, and say what differs.
    Rebuild,
    /// Erase a person: a login, a mail address, or source:instance:login.
    Forget(forget::ForgetArgs),
    /// Copy the data folder while it is used; a second time, only what is new.
    Backup(backup::BackupArgs),
    /// Make a new data folder (`--data`) of a backup.
    Restore(backup::RestoreArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell to complete for.
        shell: clap_complete::Shell,
    },
}

/// How an answer in rows is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowsFormat {
    /// A table for a terminal.
    Table,
    /// A JSON list of objects.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// One Parquet file.
    Parquet,
}

/// Does what the command line says.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<()> {
    let place = cli.place;
    match cli.command {
        Command::Demo(args) => demo::run(&place, args).await,
        Command::Generate(args) => generate::run(&args),
        Command::Serve(args) => serve::run(&place, args).await,
        Command::Ingest(command) => ingest::run(&place, command).await,
        Command::Backfill(command) => backfill::run(&place, command).await,
        Command::Collect(command) => collect::run(&place, command).await,
        Command::Metrics => measure::list(&place),
        Command::Metric(args) => measure::metric(&place, args).await,
        Command::Compare(args) => compare::run(&place, args).await,
        Command::Explain(args) => explain::run(&place, args).await,
        Command::Doctor(args) => doctor::run(&place, args).await,
        Command::Adoption(args) => adoption::run(&place, args).await,
        Command::Sql(args) => question::sql(&place, args).await,
        Command::Report(args) => publish::report(&place, args).await,
        Command::Chart(args) => publish::chart(&place, args).await,
        Command::Rejections(args) => question::rejections(&place, args).await,
        Command::Status => status::run(&place).await,
        Command::Check => check::run(&place).await,
        Command::Compact => compact::run(&place).await,
        Command::Rebuild => rebuild::run(&place).await,
        Command::Forget(args) => forget::run(&place, args).await,
        Command::Backup(args) => backup::backup(&place, args).await,
        Command::Restore(args) => backup::restore(&place, args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "waymark", &mut script);
            output::bytes(&script)
        }
    }
}

/// Logs go to the error stream, so that answers can be piped.
pub(crate) fn log_to_terminal(cli: &Cli) {
    // What the reader of logs of tables cannot read comes back as an error of ours; its own is a page of addresses.
    let default = if matches!(cli.command, Command::Serve(_)) {
        "warn,buoyant_kernel=off,waymark=info,waymark_api=info,waymark_collect=info"
    } else {
        "warn,buoyant_kernel=off"
    };
    let filter = EnvFilter::try_from_env("WAYMARK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // In a file or a pipe colours would be signs between the words.
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.with_ansi(false).init();
    }
}

/// Says what went wrong, with every cause once, and what the exit code is.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    output::trouble(error);
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
