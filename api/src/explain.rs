//! Everything behind a number: definition, parameters, interval, the rows that went in and those left out.
//!
//! The route, the page and `waymark explain` answer with the same [`Explanation`]. The rows themselves
//! are the evidence of `analytics`; words for numbers are those of `reports`.

pub(crate) mod noun;

use crate::encode;
use crate::problem::Problem;
use crate::routes::CellBody;
use arrow::array::RecordBatch;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use waymark_analytics::{Engine, EvidenceRequest, Metric, Series, Statistic, Window, is_closer, parameters, profiles};
use waymark_event::Instant;
use waymark_reports::wording;

/// The metric that has categories.
const GRADED: &str = "deployment_frequency";

/// A piece of SQL that several definitions share.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ViewBody {
    /// The name by which definitions read it.
    pub name: &'static str,
    /// The SQL that stands behind the name.
    pub sql: &'static str,
}

/// A number, and everything that somebody needs to work it out again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// The metric's id.
    pub metric: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    /// In what values are counted.
    pub unit: &'static str,
    /// Which direction is an improvement.
    pub better: &'static str,
    /// The version of the definition that was computed.
    pub definition_version: u32,
    /// The definition in words.
    pub definition: String,
    /// The definition that ran.
    pub sql: &'static str,
    /// What the definition has in common with others, and reads like tables.
    pub views: Vec<ViewBody>,
    /// The question by which the rows were found.
    pub evidence_sql: &'static str,
    /// What the limits beside the value are.
    pub interval: String,
    /// The instant that the answer describes, RFC 3339.
    pub as_of: String,
    /// The snapshot that was read.
    pub snapshot: String,
    /// The zone in which periods begin.
    pub zone: String,
    /// How long a period is.
    pub grain: &'static str,
    /// The settings on which the definition or a fact behind it depends.
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// The facts behind the definition, in the order in which they are computed.
    pub facts: Vec<&'static str>,
    /// The numbers, one for each statistic, scope and period.
    pub numbers: Vec<Number>,
    /// In which category the deployment frequency of the one scope lies, with those that the limits allow
    /// too; null unless `grades` is set.
    pub category: Option<String>,
    /// What one row is, in the singular.
    pub thing: String,
    /// Rows that went in, over all pages.
    pub counted: i64,
    /// Rows that were left out, by reason, the most frequent first.
    pub left_out: Vec<LeftOutBody>,
    /// Rows of the kind that was asked for, over all pages.
    pub rows_total: i64,
    /// Rows before this page.
    pub offset: usize,
    /// The offset of the next page; null on the last one.
    pub next_offset: Option<usize>,
    /// Whether there are rows after this page.
    pub truncated: bool,
    /// The rows of this page: `is_counted`, `reason`, `url` of the source, scope, period, and their facts.
    #[schema(value_type = Vec<Object>)]
    pub rows: Vec<Value>,
    /// The same rows as they were computed.
    #[serde(skip)]
    #[schema(ignore)]
    pub batch: Option<RecordBatch>,
}

/// One number with its words.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Number {
    /// The number and everything needed to judge it.
    #[serde(flatten)]
    pub cell: CellBody,
    /// The period by its name: `week of 23 Nov 2026`.
    pub period: String,
    /// The number in one line.
    pub text: String,
}

/// Rows that were left out for one reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeftOutBody {
    /// Why; null where the definition gives no reason.
    pub reason: Option<String>,
    /// How many rows.
    pub rows: i64,
}

/// Everything behind a metric over a window, with one page of its rows.
///
/// # Errors
/// When a number or its evidence cannot be computed.
pub async fn explanation(
    engine: &Engine,
    metric: &'static Metric,
    window: &Window,
    statistic: Option<&str>,
    request: &EvidenceRequest,
) -> Result<Explanation, Problem> {
    let engine = &engine.pinned().await?;
    let series = engine.closer(metric, metric.statistics, window).await?;
    let evidence = engine.evidence(metric, window, request).await?;
    let parameters = parameters(metric, engine.definitions());
    let category = category(engine, metric, &series).await?;
    let shown = evidence.rows.num_rows();
    let end = request.offset + shown;
    let is_last = shown == 0 || end >= usize::try_from(evidence.rows_total).unwrap_or(usize::MAX);
    let rows = encode::json_rows(std::slice::from_ref(&evidence.rows)).map_err(|error| Problem::not_drawn(&error))?;
    Ok(Explanation {
        metric: metric.id,
        title: metric.title,
        question: metric.question,
        unit: metric.unit.as_str(),
        better: metric.better.as_str(),
        definition_version: metric.version,
        definition: metric.manual(),
        sql: metric.sql,
        views: parameters.views.into_iter().map(|(name, sql)| ViewBody { name, sql }).collect(),
        evidence_sql: metric.evidence,
        interval: limits(&series),
        as_of: series.as_of.to_rfc3339(),
        snapshot: series.snapshot.clone(),
        zone: window.zone.to_string(),
        grain: window.grain.as_str(),
        settings: parameters.settings,
        facts: parameters.facts,
        numbers: numbers(&series, statistic),
        category,
        thing: noun::row(metric).to_owned(),
        counted: evidence.counted,
        left_out: evidence.left_out.into_iter().map(|left| LeftOutBody { reason: left.reason, rows: left.rows }).collect(),
        rows_total: evidence.rows_total,
        offset: request.offset,
        next_offset: (!is_last).then_some(end),
        truncated: !is_last,
        rows: serde_json::from_str(&rows).map_err(|error| Problem::not_drawn(&error))?,
        batch: Some(evidence.rows),
    })
}

/// What has to be known about the limits of a series: over many periods they are closed forms.
pub fn flags(series: &Series) -> Vec<&'static str> {
    match series.metric.kind {
        // The rules of another tool have no limits, and those of one period allow for it.
        _ if profiles::profile_of(series.metric).is_some() || is_closer(series) => Vec::new(),
        Statistic::Quantile | Statistic::Survival | Statistic::Proportion | Statistic::Rate => {
            vec!["not adjusted for clustering"]
        }
        // Answers of people are not clustered by service, and what was counted as a whole has no limits.
        Statistic::Score | Statistic::Census | Statistic::Events | Statistic::Level => Vec::new(),
    }
}

/// What the limits beside the values of a series are.
fn limits(series: &Series) -> String {
    let (interval, flags) = (interval(series.metric.kind), flags(series));
    if flags.is_empty() {
        return interval.to_owned();
    }
    format!("{interval}; here {}, because there are several periods or too many rows", flags.join(", "))
}

/// The category of a deployment frequency, where the organisation wants categories and asks for one scope.
async fn category(engine: &Engine, metric: &Metric, series: &Series) -> Result<Option<String>, Problem> {
    let scopes = series.scopes();
    let [(scope_kind, scope)] = scopes.as_slice() else { return Ok(None) };
    if !engine.definitions().grades || metric.id != GRADED {
        return Ok(None);
    }
    let window = Window { scopes: vec![(*scope).to_owned()], ..series.window.clone().of_kind(scope_kind) };
    Ok(engine.frequency_category(&window).await?.map(|category| category.words()))
}

/// The statistic that was asked for, if the metric has it.
///
/// # Errors
/// `bad-parameter` with the statistics that there are.
pub fn known_statistic<'asked>(metric: &Metric, asked: Option<&'asked str>) -> Result<Option<&'asked str>, Problem> {
    match asked.filter(|wanted| !metric.statistics.contains(wanted)) {
        None => Ok(asked),
        Some(unknown) => {
            let known = metric.statistics.join(", ");
            Err(Problem::bad_parameter(format!("`{}` has no statistic `{unknown}`; it has {known}", metric.id)))
        }
    }
}

fn numbers(series: &Series, statistic: Option<&str>) -> Vec<Number> {
    let cells = series.cells.iter().filter(|cell| statistic.is_none_or(|wanted| cell.statistic == wanted));
    let named = |start: Instant| {
        let period = series.window.periods.iter().find(|period| period.start == start);
        period.map(|period| wording::dates::period(series.window.grain, period)).unwrap_or_default()
    };
    cells
        .map(|cell| Number {
            cell: CellBody::of(series.metric.id, cell),
            period: named(cell.period_start),
            text: wording::full_of(series.metric, cell, noun::counted(series.metric)),
        })
        .collect()
}

/// What the limits beside a value are.
const fn interval(kind: Statistic) -> &'static str {
    match kind {
        Statistic::Quantile => {
            "95 %, exact order statistics of the binomial distribution; for one whole range of a scope that pools at least 8 \
             services, the hull of these and of drawing whole services 2,000 times, because rows of one service resemble each \
             other"
        }
        Statistic::Proportion => {
            "95 %, Wilson score interval; for one whole range of a scope that pools at least 8 services, the hull of it and of \
             drawing whole services 2,000 times"
        }
        Statistic::Rate => {
            "95 %, exact Poisson interval (Garwood); for one whole range of a scope that pools at least 8 services, the hull of \
             it and of drawing whole services 2,000 times"
        }
        Statistic::Survival => {
            "95 %, Kaplan and Meier with the log-log band of Greenwood; what is still open counts as at least as long as it \
             has lasted. For one whole range of a scope that pools at least 8 services, the hull of these and of drawing whole \
             services 2,000 times"
        }
        Statistic::Events | Statistic::Level => "none, because everything is counted and nothing is drawn by chance",
        Statistic::Score => "95 %, adjusted Wald interval",
        Statistic::Census => {
            "no interval, because everything is counted and nothing is drawn by chance; where a range stands beside a value, it \
             is what unknown evidence could make of it"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_analytics::{METRICS, find};

    #[test]
    fn a_statistic_that_a_metric_lacks_is_refused_with_those_it_has() {
        let metric = find("change_lead_time").unwrap();
        assert_eq!(known_statistic(metric, Some("p75")).unwrap(), Some("p75"));
        assert_eq!(known_statistic(metric, None).unwrap(), None);
        assert!(known_statistic(metric, Some("mean")).unwrap_err().detail.contains("p50"));
    }

    #[test]
    fn every_metric_says_what_its_limits_are() {
        for metric in METRICS {
            assert!(interval(metric.kind).len() > 10, "{}", metric.id);
        }
    }
}
