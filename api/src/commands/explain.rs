//! `waymark explain`: a number with its definition, parameters, and the rows that went in or were left out.

use super::measure::{Asked, named};
use super::workplace::Workplace;
use super::{Place, RowsFormat, output};
use anyhow::{Context, anyhow};
use waymark_analytics::{EvidenceRequest, Which};
use waymark_api::Problem;
use waymark_api::explain::{Explanation, explanation, known_statistic};
use waymark_reports::wording;

/// Flags of `waymark explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The metric's id.
    metric: String,
    #[command(flatten)]
    asked: Asked,
    /// Only this statistic, such as p50.
    #[arg(long, value_name = "NAME")]
    statistic: Option<String>,
    /// At most this many rows.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    rows: usize,
    /// Leave out so many rows before them.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    offset: usize,
    /// Only rows that went in.
    #[arg(long, conflicts_with_all = ["left_out", "reason"])]
    counted: bool,
    /// Only rows that were left out.
    #[arg(long, conflicts_with = "reason")]
    left_out: bool,
    /// Only rows that were left out for this reason.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print also the SQL of the definition.
    #[arg(long)]
    sql: bool,
    /// table; or the rows alone as json, csv or parquet. `--json` prints everything as JSON.
    #[arg(long, value_enum, default_value_t = RowsFormat::Table)]
    format: RowsFormat,
}

impl ExplainArgs {
    fn request(&self) -> EvidenceRequest {
        let which = match (&self.reason, self.counted, self.left_out) {
            (Some(reason), _, _) => Which::Because(reason.clone()),
            (None, true, _) => Which::Counted,
            (None, false, true) => Which::LeftOut,
            (None, false, false) => Which::All,
        };
        EvidenceRequest { which, offset: self.offset, rows_max: self.rows }
    }
}

/// Prints a number and everything behind it.
pub(crate) async fn run(place: &Place, args: ExplainArgs) -> anyhow::Result<()> {
    let metric = named(&args.metric)?;
    let statistic = known_statistic(metric, args.statistic.as_deref()).map_err(told)?;
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let as_of = engine.newest().await?.as_of();
    let window = args.asked.window(&workplace, metric, as_of)?;
    engine.check_scopes(&window).await?;
    let mut explained = explanation(&engine, metric, &window, statistic, &args.request()).await.map_err(told)?;
    if place.json {
        output::answer(&serde_json::to_string_pretty(&explained).context("failed to write JSON")?);
        return Ok(());
    }
    let rows: Vec<_> = explained.batch.take().into_iter().collect();
    if args.format == RowsFormat::Table {
        for line in lines(&explained) {
            output::prose(&line);
        }
        if args.sql {
            print_sql(&explained);
        }
        if rows.iter().all(|batch| batch.num_rows() == 0) {
            output::answer("no rows");
            return Ok(());
        }
    }
    output::rows(&rows, args.format)?;
    if let Some(next) = explained.next_offset {
        output::note(&format!(
            "rows {}–{next} of {}: --offset {next} shows the next",
            explained.offset + 1,
            explained.rows_total
        ));
    }
    Ok(())
}

/// A problem of the interface in the words of the command line.
pub(super) fn told(problem: Problem) -> anyhow::Error {
    anyhow!(problem.detail)
}

fn lines(explained: &Explanation) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", explained.title, explained.question), String::new()];
    for number in &explained.numbers {
        lines.push(format!("{}  {:<14} {}", number.period, number.cell.scope, number.text));
    }
    lines.extend(explained.category.iter().map(|category| format!("category    {category}")));
    let settings: Vec<String> = explained.settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    lines.push(String::new());
    lines.push(format!("limits      {}", explained.interval));
    lines.push(format!("definition  version {}, over {}", explained.definition_version, explained.facts.join(", ")));
    lines.push(format!("parameters  {}", if settings.is_empty() { "none".to_owned() } else { settings.join(", ") }));
    lines.push(format!("as of       {}, snapshot {}, zone {}", explained.as_of, explained.snapshot, explained.zone));
    lines.push(format!("counted     {}", wording::counted(explained.counted, &explained.thing)));
    lines.extend(left_out(explained));
    lines.push(String::new());
    lines.push(explained.definition.clone());
    lines.push(String::new());
    lines
}

/// How many rows were left out, one line for each reason.
pub(super) fn left_out(explained: &Explanation) -> Vec<String> {
    let lines = explained.left_out.iter().enumerate().map(|(place, left)| {
        let name = if place == 0 { "left out" } else { "" };
        let reason = left.reason.as_deref().unwrap_or("without a reason");
        format!("{name:<11} {}: {reason}", wording::counted(left.rows, &explained.thing))
    });
    lines.collect()
}

/// As it was written: to be copied, and no prose.
fn print_sql(explained: &Explanation) {
    output::answer(explained.sql);
    for view in &explained.views {
        output::answer(&format!("-- {}\n{}", view.name, view.sql));
    }
}
