//! The form by which a reader asks for another scope or period of the same number; it needs no script.

use crate::routes::RowsParams;
use maud::{Markup, html};
use waymark_analytics::{Grain, Metric, Series, Subject, Window, local_date};
use waymark_reports::wording::dates;

const SERVICE_KINDS: &[&str] = &["organisation", "system", "team", "service"];
const COMPONENT_KINDS: &[&str] = &["component", "component_team"];
const CATEGORY_KINDS: &[&str] = &["category", "category_vendor"];

/// Kinds of scope by which the numbers of a metric can be asked for.
const fn kinds(metric: &Metric) -> &'static [&'static str] {
    match metric.subject {
        Subject::Services => SERVICE_KINDS,
        Subject::Components => COMPONENT_KINDS,
        Subject::Categories => CATEGORY_KINDS,
    }
}

/// What a reader has to know who asked for something of which nothing can be known.
pub(super) fn objection(series: &Series) -> Option<String> {
    let (metric, kind) = (series.metric, series.window.scope_kind.as_str());
    let is_known = series.cells.iter().any(|cell| cell.sample_size != Some(0));
    let words = |kind: &str| kind.replace('_', " and ");
    let is_its = match metric.subject {
        Subject::Services => SERVICE_KINDS.contains(&kind),
        Subject::Components => kind.starts_with("component"),
        Subject::Categories => kind.starts_with("category"),
    };
    if !is_known && !is_its {
        let known: Vec<String> = kinds(metric).iter().map(|kind| words(kind)).collect();
        return Some(format!("This metric has no number by {}; it has numbers by {}.", words(kind), known.join(", ")));
    }
    let later = series.window.periods.iter().find(|period| period.start > series.as_of)?;
    let today = dates::day(local_date(series.as_of, series.window.zone));
    Some(format!("What begins on {} or later lies in the future: the data reach until {today}.", dates::day(later.first_day)))
}

/// The form, filled with what is shown.
pub(super) fn form(metric: &Metric, params: &RowsParams, window: &Window) -> Markup {
    let kinds = kinds(metric);
    let last = params.last.map(|last| last.to_string()).unwrap_or_default();
    let (from, to) = days(params, window);
    html! {
        form.asked method="get" action={ "/metrics/" (metric.id) } {
            label { "Scope" select name="scope_kind" {
                @for kind in kinds { option value=(kind) selected[*kind == window.scope_kind] { (kind.replace('_', " by ")) } }
            } }
            label { "Name" input name="scope" value=(params.scope.as_deref().unwrap_or_default()) placeholder="all of them" autocomplete="off"; }
            label { "Period" select name="grain" {
                @for grain in Grain::ALL.iter().rev() {
                    option value=(grain.as_str()) selected[*grain == window.grain] {
                        @if *grain == Grain::Window { "whole range" } @else { (grain.as_str()) }
                    }
                }
            } }
            label { "From" input name="from" type="date" value=(from); }
            label { "Until before" input name="to" type="date" value=(to); }
            label { "or last … periods (whole range: days)" input.short name="last" type="number" min="1" max="2000" value=(last); }
            button { "Show" }
        }
    }
}

/// The days that were asked for, as a field of a date can hold them: a week such as `2026-W47` by its first day.
fn days(params: &RowsParams, window: &Window) -> (String, String) {
    let first = window.periods.first().filter(|_| params.from.is_some()).map(|period| period.first_day.to_string());
    let end = window.periods.last().filter(|_| params.to.is_some()).map(|period| period.end_day.to_string());
    (first.unwrap_or_default(), end.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use waymark_analytics::find;

    #[test]
    fn a_week_that_was_asked_for_stands_in_the_form_by_its_days() {
        let day = |day: u32| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let window = Window::between(Grain::Week, day(16), day(30), chrono_tz::UTC);
        let metric = find("change_lead_time").unwrap();
        let weeks = RowsParams { from: Some("2026-W47".to_owned()), to: Some("2026-W49".to_owned()), ..RowsParams::default() };
        let asked = form(metric, &weeks, &window).into_string();
        assert!(asked.contains("name=\"from\" type=\"date\" value=\"2026-11-16\""), "{asked}");
        assert!(asked.contains("name=\"to\" type=\"date\" value=\"2026-11-30\""), "{asked}");
        let unsaid = form(metric, &RowsParams::default(), &window).into_string();
        assert!(unsaid.contains("name=\"from\" type=\"date\" value=\"\""), "{unsaid}");
    }
}
