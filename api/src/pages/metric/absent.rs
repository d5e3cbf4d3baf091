//! Why a number is not there, and the way to one that is: what waits until it can be judged, and a range with more rows.

use crate::explain::{Explanation, LeftOutBody};
use crate::pages::address::Address;
use crate::routes::RowsParams;
use chrono::Days;
use chrono_tz::Tz;
use maud::{Markup, html};
use waymark_analytics::{Cell, Metric, Series, local_date};
use waymark_reports::wording::{self, dates};

/// What metrics read whose deployments are judged only when they are old enough.
const JUDGED: &str = "judged_deployments";
/// Ranges that may have enough rows where shorter ones have too few: how many days, and what people call them.
const RANGES: [(u64, &str); 2] = [(365, "a whole year"), (1_826, "five years")];

/// The value of a cell, or why there is none.
pub(super) fn said(metric: &Metric, cell: &Cell) -> String {
    if is_waiting(metric, cell) { "too young to be judged yet".to_owned() } else { wording::cell(metric, cell) }
}

/// Whether there are deployments, and none of them can be judged yet.
fn is_waiting(metric: &Metric, cell: &Cell) -> bool {
    let has_none_of_some = cell.value.is_none() && cell.sample_size == Some(0) && cell.coverage.is_some();
    has_none_of_some && cell.is_partial && metric.sql.contains(JUDGED)
}

/// How many deployments wait until they can be judged, and until when; nothing where none does.
pub(super) fn waits(explained: &Explanation, series: &Series) -> Option<String> {
    let is_young = |left: &&LeftOutBody| left.reason.as_deref().is_some_and(|reason| reason.starts_with("too young"));
    let waiting: i64 = explained.left_out.iter().filter(is_young).map(|left| left.rows).sum();
    let days = explained.settings.get("observation_window_days")?.as_i64()?;
    let last_end = series.window.periods.last()?.end.min(series.as_of);
    if waiting == 0 || !series.metric.sql.contains(JUDGED) {
        return None;
    }
    let all_by = local_date(last_end.plus_seconds(days * 86_400), series.window.zone);
    Some(format!(
        "{} {} to be judged: that is possible {} after the end of each, and of all by {}.",
        wording::counted(waiting, &explained.thing),
        if waiting == 1 { "waits" } else { "wait" },
        wording::counted(days, "day"),
        dates::day(all_by)
    ))
}

/// Whether a cell has rows, and too few of them for a value.
fn is_too_few(metric: &Metric, cell: &Cell) -> bool {
    wording::cell(metric, cell).starts_with("too few")
}

/// The way from a tile with too few rows to a longer range of the same scope.
pub(crate) fn wider(metric: &Metric, cell: &Cell, zone: Tz) -> Markup {
    let (first_day, end_day) = (local_date(cell.period_start, zone), local_date(cell.period_end, zone));
    let longer = RANGES.iter().find(|(days, _)| end_day - Days::new(*days) < first_day);
    let Some((days, words)) = longer.filter(|_| is_too_few(metric, cell)) else { return html! {} };
    let address = Address::of_metric(metric.id)
        .with("scope_kind", cell.scope_kind.as_str())
        .with_scope(&cell.scope)
        .with("grain", "window")
        .with("from", (end_day - Days::new(*days)).to_string())
        .with("to", end_day.to_string());
    html! { span.basis { a href=(address.text()) { "the same over " (words) } } }
}

/// The way from a table of several periods, of which some have too few rows, to the whole range as one.
pub(super) fn as_one(series: &Series, cells: &[&Cell], params: &RowsParams) -> Markup {
    let several = series.window.periods.first().zip(series.window.periods.last()).filter(|(first, last)| first != last);
    let Some((first, last)) = several.filter(|_| cells.iter().any(|cell| is_too_few(series.metric, cell))) else {
        return html! {};
    };
    let whole = RowsParams {
        grain: Some("window".to_owned()),
        from: Some(first.first_day.to_string()),
        to: Some(last.end_day.to_string()),
        last: None,
        ..params.clone()
    };
    let address = Address::of_metric(series.metric.id).asking(&whole).text();
    html! {
        p.more { "Where a period has too few rows for a value, " a href=(address) { "the whole range as one" } " may have enough." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use serde_json::{Map, Value};
    use waymark_analytics::{Grain, Window, find};

    fn day(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, day).unwrap()
    }

    fn series(id: &str) -> Series {
        let metric = find(id).unwrap();
        let window = Window::between(Grain::Week, day(7, 20), day(8, 3), Tz::UTC);
        let cell = |place: usize| Cell {
            statistic: metric.headline().to_owned(),
            scope_kind: "team".to_owned(),
            scope: "a & b".to_owned(),
            period_start: window.periods[place].start,
            period_end: window.periods[place].end,
            value: None,
            low: None,
            high: None,
            sample_size: Some(0),
            numerator: Some(0.0),
            denominator: Some(0.0),
            coverage: Some(0.0),
            is_partial: true,
        };
        let (as_of, cells) = (window.periods[1].end.plus_seconds(3_600), vec![cell(0), cell(1)]);
        Series { metric, window, as_of, snapshot: String::new(), cells, compared: Vec::new(), order: Vec::new() }
    }

    fn explained(waiting: i64) -> Explanation {
        let young = LeftOutBody { reason: Some("too young: its failures may not be known yet".to_owned()), rows: waiting };
        Explanation {
            metric: "change_fail_rate",
            title: "",
            question: "",
            unit: "",
            better: "",
            definition_version: 1,
            definition: String::new(),
            sql: "",
            views: Vec::new(),
            evidence_sql: "",
            interval: String::new(),
            as_of: String::new(),
            snapshot: String::new(),
            zone: String::new(),
            grain: "week",
            settings: Map::from_iter([("observation_window_days".to_owned(), Value::from(7))]),
            facts: Vec::new(),
            numbers: Vec::new(),
            category: None,
            thing: "deployment".to_owned(),
            counted: 0,
            left_out: vec![young],
            rows_total: waiting,
            offset: 0,
            next_offset: None,
            truncated: false,
            rows: Vec::new(),
            batch: None,
        }
    }

    #[test]
    fn deployments_that_wait_are_no_missing_data() {
        for (id, words) in [
            ("change_fail_rate", "too young to be judged yet"),
            ("deployment_rework_rate", "too young to be judged yet"),
            ("ci_success_rate", "no usable data"),
        ] {
            let series = series(id);
            assert_eq!(said(series.metric, &series.cells[0]), words, "{id}");
        }
        let series = series("change_fail_rate");
        // The last of them ended before 3 August, and is seven days old on the 10th.
        let words =
            "130 deployments wait to be judged: that is possible 7 days after the end of each, and of all by 10 Aug 2026.";
        assert_eq!(waits(&explained(130), &series).as_deref(), Some(words));
        assert!(waits(&explained(1), &series).unwrap().starts_with("1 deployment waits "));
        assert_eq!(waits(&explained(0), &series), None);
    }

    #[test]
    fn too_few_rows_have_a_way_to_more() {
        let mut series = series("change_lead_time");
        let whole = |series: &Series| {
            let params = RowsParams { last: Some(2), grain: Some("week".to_owned()), ..RowsParams::default() };
            as_one(series, &series.cells.iter().collect::<Vec<_>>(), &params).into_string()
        };
        assert_eq!(wider(series.metric, &series.cells[1], Tz::UTC).into_string(), "");
        assert_eq!(whole(&series), "");
        series.cells[1].sample_size = Some(3);
        let tile = wider(series.metric, &series.cells[1], Tz::UTC).into_string();
        let link = "scope=a%20%26%20b&amp;grain=window&amp;from=2025-08-03&amp;to=2026-08-03\">the same over a whole year<";
        assert!(tile.contains(link), "{tile}");
        let table = whole(&series);
        assert!(table.contains("change_lead_time?grain=window&amp;from=2026-07-20&amp;to=2026-08-03\""), "{table}");
        series.window = Window::between(Grain::Window, day(7, 20), day(8, 3), Tz::UTC);
        assert_eq!(whole(&series), "");
    }
}
