//! How a team or a service delivers: the five numbers of DORA over the last 90 days, each a way to everything behind it.

use crate::pages::address::Address;
use crate::pages::metric::{beside, figure, wider};
use crate::pages::picture::named;
use crate::problem::Problem;
use chrono_tz::Tz;
use futures::FutureExt;
use maud::{Markup, html};
use waymark_analytics::{Cell, Engine, Metric, Window, side_by_side};
use waymark_reports::wording;

/// Throughput first, then instability.
const DORA: &[&str] = &[
    "change_lead_time",
    "deployment_frequency",
    "failed_deployment_recovery_time",
    "change_fail_rate",
    "deployment_rework_rate",
];

/// The five numbers of one scope, with their limits and what they rest on.
pub(super) async fn delivered(engine: &Engine, kind: &str, name: &str) -> Result<Markup, Problem> {
    let (as_of, zone) = (engine.newest().await?.as_of(), engine.definitions().zone());
    let window = Window::trailing_days(90, as_of, zone).of_scope(kind, name);
    let numbers = DORA.iter().map(|id| {
        let (engine, window) = (engine.clone(), window.clone());
        async move {
            let metric = named(id)?;
            // The cell of the page that the number leads to.
            let cell = engine.detail(metric, metric.headline(), &window).await?;
            Ok::<_, Problem>((metric, cell))
        }
        .boxed()
    });
    let numbers = side_by_side(numbers.collect()).await?;
    Ok(html! {
        section aria-labelledby="delivery" {
            h2 #delivery { "How it delivers" }
            p.question { "The five metrics of DORA over the last 90 days, each with everything behind it." }
            ul.tiles.five { @for (metric, cell) in &numbers { (number(metric, cell.as_ref(), (kind, name), zone)) } }
        }
    })
}

fn number(metric: &Metric, cell: Option<&Cell>, (kind, name): (&str, &str), zone: Tz) -> Markup {
    let address = Address::of_metric(metric.id).with("scope_kind", kind).with_scope(name).text();
    html! {
        li.tile {
            h3 { (metric.title) }
            a.figure href=(address) { @if let Some(cell) = cell { (figure(metric, cell)) } @else { "no data" } }
            @if let Some(cell) = cell {
                span.basis { (beside(metric, cell)) }
                @if let Some(coverage) = cell.coverage { span.basis { (wording::share(coverage)) " coverage" } }
                (wider(metric, cell, zone))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_event::Instant;

    #[test]
    fn a_number_has_its_limits_its_basis_its_coverage_and_its_page() {
        let metric = named("change_fail_rate").unwrap();
        let cell = Cell {
            statistic: metric.headline().to_owned(),
            scope_kind: "team".to_owned(),
            scope: "a/b".to_owned(),
            period_start: Instant::from_seconds(0),
            period_end: Instant::from_seconds(1),
            value: Some(0.1),
            low: Some(0.05),
            high: Some(0.2),
            sample_size: Some(40),
            numerator: Some(4.0),
            denominator: Some(40.0),
            coverage: Some(0.58),
            is_partial: false,
        };
        let team = ("team", "a/b");
        let known = number(metric, Some(&cell), team, Tz::UTC).into_string();
        assert!(known.contains("href=\"/metrics/change_fail_rate?scope_kind=team&amp;scope=a%2Fb\">10 %</a>"), "{known}");
        assert!(known.contains("95 % 5–20 %, 4 of 40 deployments"), "{known}");
        assert!(known.contains("<span class=\"basis\">58 % coverage</span>"), "{known}");
        assert!(number(metric, None, team, Tz::UTC).into_string().contains(">no data</a>"));
        let rate = number(named("deployment_frequency").unwrap(), Some(&cell), team, Tz::UTC).into_string();
        assert!(rate.contains(">0.1<small> per service and week</small></a>"), "{rate}");
    }
}
