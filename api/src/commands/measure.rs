//! `waymark metrics` and `metric`: the catalogue, and a number over time.

use super::workplace::Workplace;
use super::{Place, output};
use anyhow::{Context, anyhow};
use clap::builder::PossibleValuesParser;
use waymark_analytics::{Cell, METRICS, Metric, PROFILES, Statistic, Unit, Window, WindowRequest, find, profiles};
use waymark_api::explain::flags;
use waymark_reports::wording;

/// Which scopes and periods.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Asked {
    /// One service alone.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["team", "system", "component"])]
    service: Option<String>,
    /// One team, pooled over its services.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["system", "component"])]
    team: Option<String>,
    /// One system, pooled over its services.
    #[arg(long, value_name = "NAME", conflicts_with = "component")]
    system: Option<String>,
    /// One component of the platform, or `component/team`.
    #[arg(long, value_name = "ID")]
    component: Option<String>,
    /// First day: 2026-03-02, 2026-W10, or an RFC 3339 instant.
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// First day that no longer belongs to it.
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// How many complete periods before now. Default: 13, and 90 days for `--grain window`.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["from", "to"])]
    last: Option<u32>,
    /// day, week, month, quarter, or window for the whole range as one period. Default: week, and
    /// window where numbers are compared.
    #[arg(long, value_name = "GRAIN")]
    grain: Option<String>,
}

/// Flags of `waymark metric`.
#[derive(Debug, clap::Args)]
pub(crate) struct MetricArgs {
    /// The metric's id; `waymark metrics` lists them.
    metric: String,
    /// By the rules of another tool, over the same facts; `waymark compare` prints all of them.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PROFILES.iter().map(|profile| profile.name)))]
    profile: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

impl Asked {
    /// The scope that was named: its kind and its name.
    pub(super) fn scope(&self) -> Option<(&'static str, &str)> {
        let component_kind = |id: &String| if id.contains('/') { "component_team" } else { "component" };
        None.or_else(|| self.service.as_deref().map(|name| ("service", name)))
            .or_else(|| self.team.as_deref().map(|name| ("team", name)))
            .or_else(|| self.system.as_deref().map(|name| ("system", name)))
            .or_else(|| self.component.as_ref().map(|id| (component_kind(id), id.as_str())))
    }

    /// The same, with this grain where none was asked for.
    pub(super) fn or_grain(mut self, grain: &str) -> Self {
        self.grain.get_or_insert_with(|| grain.to_owned());
        self
    }

    /// The window that was asked for; without a scope the organisation's, or every component's.
    pub(super) fn window(
        &self,
        workplace: &Workplace,
        metric: &Metric,
        as_of: waymark_event::Instant,
    ) -> anyhow::Result<Window> {
        let (scope_kind, scopes) = match self.scope() {
            Some((kind, scope)) => (kind, vec![scope.to_owned()]),
            None => (metric.subject.scope_kind(), Vec::new()),
        };
        let request = WindowRequest {
            grain: self.grain.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            last: self.last,
            scope_kind: Some(scope_kind.to_owned()),
            scopes,
        };
        Ok(request.understand(as_of, workplace.definitions.zone())?)
    }
}

/// The metric of this id, or which there are.
pub(super) fn named(id: &str) -> anyhow::Result<&'static Metric> {
    find(id).ok_or_else(|| {
        let known: Vec<&str> = METRICS.iter().map(|metric| metric.id).collect();
        anyhow!("there is no metric `{id}`: choose one of {}", known.join(", "))
    })
}

/// Prints the catalogue.
pub(crate) fn list(place: &Place) -> anyhow::Result<()> {
    if place.json {
        let rows: Vec<serde_json::Value> = METRICS
            .iter()
            .map(|metric| {
                serde_json::json!({
                    "id": metric.id, "title": metric.title, "question": metric.question, "unit": metric.unit.as_str(),
                    "better": metric.better.as_str(), "statistics": metric.statistics, "definition_version": metric.version,
                    "definition": metric.manual(),
                })
            })
            .collect();
        output::answer(&serde_json::to_string_pretty(&rows).context("failed to write JSON")?);
        return Ok(());
    }
    let width = METRICS.iter().map(|metric| metric.id.len()).max().unwrap_or_default();
    for metric in METRICS {
        output::answer(&format!("{:<width$} {}", metric.id, metric.question));
        output::answer(&format!("{:<width$} {}, better {}", "", yields(metric), metric.better.as_str()));
    }
    Ok(())
}

/// The statistics of a metric and in what they are counted: `p50, p75, p90 in seconds`, `rate per service and week`.
fn yields(metric: &Metric) -> String {
    let statistics = metric.statistics.join(", ");
    if metric.statistics == [metric.unit.as_str()] {
        return statistics;
    }
    match metric.unit {
        Unit::Seconds => format!("{statistics} in seconds"),
        Unit::Share => format!("{statistics} as shares"),
        Unit::PerServiceWeek => format!("{statistics} per service and week"),
        Unit::Points => format!("{statistics} in points"),
        Unit::Count => format!("{statistics} as numbers"),
        Unit::DaysPerWeek => format!("{statistics} in days a week"),
    }
}

/// Prints one metric over time.
pub(crate) async fn metric(place: &Place, args: MetricArgs) -> anyhow::Result<()> {
    let metric = match &args.profile {
        Some(profile) => &profiles::find(profile, &args.metric)?.metric,
        None => named(&args.metric)?,
    };
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let as_of = engine.newest().await?.as_of();
    let window = args.asked.window(&workplace, metric, as_of)?;
    engine.check_scopes(&window).await?;
    let series = engine.closer(metric, metric.statistics, &window).await?;
    if place.json {
        let body = waymark_api::reporting::series_json(&series);
        output::answer(&serde_json::to_string_pretty(&body).context("failed to write JSON")?);
        return Ok(());
    }
    let by = args.profile.map(|profile| format!(" by the rules of {profile}")).unwrap_or_default();
    output::answer(&format!("{}{by}: {}", metric.title, metric.question));
    let has_data = series.cells.iter().any(|cell| cell.sample_size != Some(0));
    if !has_data {
        let scope = args.asked.scope().map_or_else(|| "the organisation".to_owned(), |(kind, name)| format!("{kind} `{name}`"));
        output::answer(&format!("no data for {scope} between {} and {}", first_day(&window), end_day(&window)));
        output::note(
            "try a longer range, such as `--grain quarter --last 12`, or see `waymark explain` and `waymark rejections`",
        );
        return Ok(());
    }
    for cell in &series.cells {
        output::answer(&line(metric, cell, &window));
    }
    for flag in flags(&series) {
        output::answer(&format!("limits {flag}: rows of one service count as if they were of several"));
    }
    output::answer(&format!("as of {}, definition {}, zone {}", series.as_of, metric.version, window.zone));
    Ok(())
}

pub(super) fn first_day(window: &Window) -> String {
    window.periods.first().map(|period| period.first_day.to_string()).unwrap_or_default()
}

pub(super) fn end_day(window: &Window) -> String {
    window.periods.last().map(|period| period.end_day.to_string()).unwrap_or_default()
}

fn line(metric: &Metric, cell: &Cell, window: &Window) -> String {
    let day = waymark_analytics::local_date(cell.period_start, window.zone);
    let so_far = if cell.is_partial { "  (so far)" } else { "" };
    // The statistic of another tool is none of ours, so it is always said.
    let is_unsaid = profiles::profile_of(metric).is_some() && metric.kind != Statistic::Quantile;
    let statistic = if is_unsaid { format!("{} ", cell.statistic) } else { String::new() };
    format!("{day}  {:<14} {statistic}{}{so_far}", cell.scope, wording::full(metric, cell))
}
