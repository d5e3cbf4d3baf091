//! `waymark report` and `chart`: documents and pictures, into a file or to the output.

use super::measure::{Asked, named};
use super::workplace::Workplace;
use super::{Place, output};
use anyhow::{anyhow, bail};
use std::path::PathBuf;
use waymark_api::reporting;
use waymark_reports::{CHARTS, REPORTS, Theme, png};

/// Flags of `waymark report`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// weekly, leadership, or a report's full id.
    report: String,
    /// The period: an ISO week such as 2026-W31, a quarter such as 2026-Q1, or a day in it; default: the last complete one.
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
    /// html, md or json; default: as the ending of the file says, html for the output.
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// The file, whose ending chooses between .html, .md and .json; default: the output.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ReportArgs {
    /// The format by its name or by the ending of the file, which must not say different things.
    fn format(&self) -> anyhow::Result<&str> {
        let asked = self.format.as_deref().map(|name| if name == "markdown" { "md" } else { name });
        let Some(ending) = self.out.as_ref().and_then(|path| path.extension()) else { return Ok(asked.unwrap_or("html")) };
        let written = match ending.to_str() {
            Some("html" | "htm") => "html",
            Some("md" | "markdown") => "md",
            Some("json") => "json",
            _ => bail!("a report is written as `.html`, `.md` or `.json`, not as `.{}`", ending.display()),
        };
        match asked {
            Some(asked) if asked != written => {
                bail!("`--format {asked}` does not fit a file that ends in `.{}`", ending.display())
            }
            _ => Ok(written),
        }
    }
}

/// Flags of `waymark chart`.
#[derive(Debug, clap::Args)]
pub(crate) struct ChartArgs {
    /// trend, cadence, reach, score or sparkline.
    chart: String,
    /// The metric to draw.
    #[arg(long, value_name = "ID")]
    metric: String,
    #[command(flatten)]
    asked: Asked,
    /// light or dark.
    #[arg(long, value_name = "THEME", default_value = "light")]
    theme: String,
    /// Width in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 720)]
    width: u32,
    /// Height in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 360)]
    height: u32,
    /// The file, whose ending chooses between .svg and .png; default: SVG to the output.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes a report.
pub(crate) async fn report(place: &Place, args: ReportArgs) -> anyhow::Result<()> {
    let report = reporting::find_report(&args.report).ok_or_else(|| {
        let known: Vec<&str> = REPORTS.iter().map(|report| report.short_name).collect();
        anyhow!("there is no report `{}`: choose one of {}", args.report, known.join(", "))
    })?;
    let format = args.format()?;
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let document = reporting::document(&engine, report, args.period.as_deref()).await.map_err(said)?;
    let text = reporting::rendered(&document, format).map_err(said)?;
    output::bytes_to(args.out.as_deref(), text.as_bytes())
}

/// Draws a chart.
pub(crate) async fn chart(place: &Place, args: ChartArgs) -> anyhow::Result<()> {
    let chart = waymark_reports::charts::find(&args.chart).ok_or_else(|| {
        let known: Vec<&str> = CHARTS.iter().map(|chart| chart.id).collect();
        anyhow!("there is no chart `{}`: choose one of {}", args.chart, known.join(", "))
    })?;
    let metric = named(&args.metric)?;
    if !(chart.accepts)(metric) {
        bail!("the chart `{}` cannot show `{}`; `trend` shows every metric", chart.id, metric.id);
    }
    if let Some(ending) =
        args.out.as_ref().and_then(|path| path.extension()).filter(|ending| *ending != "png" && *ending != "svg")
    {
        bail!("a chart is written as `.svg` or `.png`, not as `.{}`", ending.display());
    }
    let theme = Theme::named(&args.theme).ok_or_else(|| anyhow!("theme `{}` is none of light, dark", args.theme))?;
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let as_of = engine.newest().await?.as_of();
    let window = args.asked.window(&workplace, metric, as_of)?;
    engine.check_scopes(&window).await?;
    let series = reporting::chart_series(&engine, chart, metric, &window).await.map_err(said)?;
    let svg = (chart.draw)(&series, &chart.frame(args.width, args.height, theme)).into_string();
    let is_png = args.out.as_ref().is_some_and(|path| path.extension().is_some_and(|ending| ending == "png"));
    if is_png {
        let picture = png::render(&svg, 2.0)?;
        return output::bytes_to(args.out.as_deref(), &picture);
    }
    output::bytes_to(args.out.as_deref(), svg.as_bytes())
}

fn said(problem: waymark_api::Problem) -> anyhow::Error {
    anyhow!(problem.detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_the_file_says_the_format() {
        let asked = |format: Option<&str>, out: Option<&str>| {
            let args = ReportArgs {
                report: "weekly".to_owned(),
                period: None,
                format: format.map(str::to_owned),
                out: out.map(PathBuf::from),
            };
            args.format().map(str::to_owned).map_err(|error| error.to_string())
        };
        assert_eq!(asked(None, None).unwrap(), "html");
        assert_eq!(asked(None, Some("-")).unwrap(), "html");
        assert_eq!(asked(None, Some("weekly.md")).unwrap(), "md");
        assert_eq!(asked(Some("markdown"), Some("weekly.md")).unwrap(), "md");
        assert!(asked(None, Some("weekly.pdf")).unwrap_err().contains("`.pdf`"));
        assert!(asked(Some("json"), Some("weekly.html")).unwrap_err().contains("--format json"));
    }
}
