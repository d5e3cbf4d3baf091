//! `waymark compare`: our number beside the same by the rules of other tools, and why they differ.

use super::measure::{Asked, end_day, first_day, named};
use super::workplace::Workplace;
use super::{Place, output};
use anyhow::Context;
use waymark_analytics::{Cell, Metric, Period};
use waymark_api::{Comparison, comparison};
use waymark_reports::wording;

/// Flags of `waymark compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    /// The metric's id, such as `change_lead_time`.
    metric: String,
    #[command(flatten)]
    asked: Asked,
}

/// Prints our number and theirs; without `--grain` over the trailing window.
pub(crate) async fn run(place: &Place, args: CompareArgs) -> anyhow::Result<()> {
    let metric = named(&args.metric)?;
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let as_of = engine.newest().await?.as_of();
    let window = args.asked.or_grain("window").window(&workplace, metric, as_of)?;
    engine.check_scopes(&window).await?;
    let compared = comparison(&engine, metric, &window).await?;
    if place.json {
        output::answer(&serde_json::to_string_pretty(&compared.to_json()).context("failed to write JSON")?);
        return Ok(());
    }
    let (from, to) = (first_day(&window), end_day(&window));
    output::answer(&format!("{}: {}", metric.title, metric.question));
    for (scope_kind, scope) in scopes(&compared) {
        for period in &window.periods {
            let days = if window.periods.len() == 1 { format!("{from} to {to}") } else { period.first_day.to_string() };
            output::answer(&format!("\n{scope_kind} {scope}, {days}"));
            for line in lines(&compared, (scope_kind, scope), period) {
                output::prose(&line);
            }
        }
    }
    output::answer("");
    for theirs in &compared.theirs {
        output::prose(&format!("{:<11} {}", theirs.profile.name, theirs.peer.differs));
    }
    output::prose(&format!(
        "as of {}, zone {}, by the same facts; `--profile NAME` for one of them",
        compared.ours.as_of, window.zone
    ));
    Ok(())
}

/// Every scope of which anybody has a number, or that was asked for.
fn scopes(compared: &Comparison) -> Vec<(&str, &str)> {
    let theirs = compared.theirs.iter().flat_map(|theirs| theirs.series.scopes());
    let mut scopes: Vec<(&str, &str)> = compared.ours.scopes().into_iter().chain(theirs).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// One line for ours and one for each of theirs, of the headline statistic.
fn lines(compared: &Comparison, scope: (&str, &str), period: &Period) -> Vec<String> {
    let theirs = compared.theirs.iter().map(|theirs| (theirs.profile.name, theirs.series.as_ref()));
    let all = [("ours", compared.ours.as_ref())].into_iter().chain(theirs);
    all.map(|(name, series)| {
        let cell =
            series.line(series.metric.headline(), scope.0, scope.1).into_iter().find(|cell| cell.period_start == period.start);
        format!("  {name:<11} {}", said(series.metric, cell))
    })
    .collect()
}

/// A number with its statistic, the rows behind it and, of ours, the interval.
fn said(metric: &Metric, cell: Option<&Cell>) -> String {
    let Some(cell) = cell else { return format!("{:<14} no data", metric.headline()) };
    let rows = cell.sample_size.filter(|_| cell.value.is_some()).map(|rows| format!("n = {}", wording::count(rows)));
    let beside: Vec<String> = [rows, wording::limits(metric, cell)].into_iter().flatten().collect();
    format!("{:<14} {:<12} {}", cell.statistic, wording::cell(metric, cell), beside.join(", ")).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_analytics::{find, profiles};
    use waymark_event::Instant;

    #[test]
    fn a_number_is_said_with_its_statistic_and_rows() {
        let cell = |value: Option<f64>, limits: Option<(f64, f64)>| Cell {
            statistic: "p50".to_owned(),
            scope_kind: "team".to_owned(),
            scope: "payments".to_owned(),
            period_start: Instant::from_seconds(0),
            period_end: Instant::from_seconds(1),
            value,
            low: limits.map(|limits| limits.0),
            high: limits.map(|limits| limits.1),
            sample_size: Some(41),
            numerator: None,
            denominator: None,
            coverage: None,
            is_partial: false,
        };
        let ours = find("change_lead_time").unwrap();
        let theirs = profiles::metric("devlake/change_lead_time").unwrap();
        let known = cell(Some(155_520.0), Some((95_040.0, 250_560.0)));
        assert_eq!(said(ours, Some(&known)), "p50            1.8 d        n = 41, 95 % 1.1–2.9 d");
        assert_eq!(said(theirs, Some(&cell(Some(90_000.0), None))), "p50            25 h         n = 41");
        assert_eq!(said(ours, Some(&cell(None, None))), "p50            too few (n = 41)");
        assert_eq!(said(theirs, None), "p50            no data");
    }
}
