//! `waymark metrics` and `metric`: the catalogue, and a number over time.

use super::explain::{left_out, told};
use super::workplace::Workplace;
use super::{Place, output};
use anyhow::{Context, anyhow};
use clap::builder::PossibleValuesParser;
use waymark_analytics::{
    Cell, Engine, EvidenceRequest, METRICS, Metric, PROFILES, Series, Statistic, Unit, Which, Window, WindowRequest, find,
    profiles,
};
use waymark_api::explain::{explanation, flags};
use waymark_event::suggestion;
use waymark_reports::wording;

/// So many metrics are named that may be meant by a word of at least so many letters.
const MEANT_MAX: usize = 3;
const MEANT_LETTERS_MIN: usize = 4;

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

/// The metric of this id, or those that may be meant.
pub(super) fn named(id: &str) -> anyhow::Result<&'static Metric> {
    find(id).ok_or_else(|| anyhow!("there is no metric `{id}`{}; `waymark metrics` lists them", meant(id)))
}

/// What may be meant by a word that is no metric: the shortest names that hold it, or one that is nearly written so.
fn meant(word: &str) -> String {
    let mut holding: Vec<&str> =
        METRICS.iter().map(|metric| metric.id).filter(|id| word.len() >= MEANT_LETTERS_MIN && id.contains(word)).collect();
    if holding.is_empty() {
        return suggestion(word, METRICS.iter().map(|metric| metric.id));
    }
    holding.sort_by_key(|id| (id.len(), *id));
    let named: Vec<String> = holding.iter().take(MEANT_MAX).map(|id| format!("`{id}`")).collect();
    format!(": did you mean {}?", named.join(" or "))
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
    let begun = begun(&series);
    if !begun.iter().any(|cell| has_rows(cell)) {
        let scope = args.asked.scope().map_or_else(|| "the organisation".to_owned(), |(kind, name)| format!("{kind} `{name}`"));
        output::answer(&format!("no data for {scope} between {} and {}", first_day(&window), end_day(&window)));
        output::note(
            "try a longer range, such as `--grain quarter --last 12`, or see `waymark explain` and `waymark rejections`",
        );
        return Ok(());
    }
    for cell in &begun {
        output::answer(&line(metric, cell, &window));
    }
    if begun.iter().all(|cell| cell.sample_size == Some(0)) {
        say_left_out(&engine, metric, &window).await?;
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

/// The cells of periods that have begun: of a later one nothing can be known.
fn begun(series: &Series) -> Vec<&Cell> {
    series.cells.iter().filter(|cell| cell.period_start <= series.as_of).collect()
}

/// Whether there is anything that could be counted, although all of it may be left out.
fn has_rows(cell: &Cell) -> bool {
    cell.sample_size != Some(0) || cell.coverage.is_some()
}

/// Why there is no number although there are rows. By the rules of another tool nobody knows.
async fn say_left_out(engine: &Engine, metric: &'static Metric, window: &Window) -> anyhow::Result<()> {
    if profiles::profile_of(metric).is_some() {
        return Ok(());
    }
    let request = EvidenceRequest { which: Which::LeftOut, offset: 0, rows_max: 1 };
    let explained = explanation(engine, metric, window, None, &request).await.map_err(told)?;
    for line in left_out(&explained) {
        output::prose(&line);
    }
    Ok(())
}

fn line(metric: &Metric, cell: &Cell, window: &Window) -> String {
    let day = waymark_analytics::local_date(cell.period_start, window.zone);
    // The statistic of another tool is none of ours, so it is always said.
    let is_unsaid = profiles::profile_of(metric).is_some() && metric.kind != Statistic::Quantile;
    let statistic = if is_unsaid { format!("{} ", cell.statistic) } else { String::new() };
    format!("{day}  {:<14} {statistic}{}", cell.scope, wording::full(metric, cell))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use waymark_analytics::Grain;

    /// The fail rates of three weeks, of which nothing is counted: rows of the first are all left out, of the second there
    /// are none, and the third has not begun.
    fn fail_rates() -> Series {
        let metric = find("change_fail_rate").unwrap();
        let day = |day: u32| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let window = Window::between(Grain::Week, day(9), day(30), chrono_tz::UTC);
        let cells = window.periods.iter().zip([Some(0.0), None, None]).map(|(period, coverage)| Cell {
            statistic: metric.headline().to_owned(),
            scope_kind: "organisation".to_owned(),
            scope: "acme".to_owned(),
            period_start: period.start,
            period_end: period.end,
            value: None,
            low: None,
            high: None,
            sample_size: Some(0),
            numerator: None,
            denominator: None,
            coverage,
            is_partial: true,
        });
        let cells = cells.collect();
        let as_of = window.periods[1].end.plus_seconds(-60);
        Series { metric, window, as_of, snapshot: "s".to_owned(), cells, compared: Vec::new(), order: Vec::new() }
    }

    #[test]
    fn a_period_that_has_not_begun_is_left_out_and_what_can_change_is_said_once() {
        let series = fail_rates();
        let lines: Vec<String> = begun(&series).iter().map(|cell| line(series.metric, cell, &series.window)).collect();
        assert_eq!(
            lines,
            ["2026-11-09  acme           no usable data (0 % coverage, so far)", "2026-11-16  acme           no data (so far)"]
        );
    }

    #[test]
    fn rows_that_are_all_left_out_are_data() {
        let series = fail_rates();
        assert_eq!(begun(&series).iter().map(|cell| has_rows(cell)).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_word_that_is_no_metric_is_answered_with_what_may_be_meant() {
        let said = |word: &str| named(word).unwrap_err().to_string();
        assert!(said("lead_time").contains("`change_lead_time`"), "{}", said("lead_time"));
        assert!(said("adoption_rat").contains("did you mean `adoption_rate`?"), "{}", said("adoption_rat"));
        assert_eq!(said("weather_of_today"), "there is no metric `weather_of_today`; `waymark metrics` lists them");
    }
}
