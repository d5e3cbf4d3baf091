//! The rows behind a number: how many went in, how many did not and why, and a table of them.
//!
//! The columns are those of the evidence, whatever they are; only scope, period, reason and the link
//! to the source have places of their own.

use super::scope_name;
use crate::explain::Explanation;
use crate::pages::address::Address;
use crate::pages::doctor::{linked, shortened};
use crate::routes::{RowsParams, with_offset};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use axum::http::Uri;
use chrono_tz::Tz;
use maud::{Markup, html};
use waymark_analytics::{Definitions, Unit};
use waymark_event::Instant;
use waymark_reports::wording;

/// Columns that have a place of their own.
const PLACED: &[&str] = &["is_counted", "reason", "url", "scope_kind", "scope", "period_start"];

/// Rows in one download: as many as the interface gives at once.
const ROWS_OF_PART: u16 = 10_000;
/// Links to parts of the rows; who wants more asks for fewer days.
const PARTS_MAX: usize = 20;

/// The section with the counts, the choices, the table and the downloads.
pub(super) fn section(explained: &Explanation, params: &RowsParams, address: &Uri, definitions: &Definitions) -> Markup {
    html! {
        section aria-labelledby="rows" {
            h2 #rows { "The rows behind it" }
            p.question { "Which " (wording::plural(&explained.thing)) " went in, and which were left out?" }
            (choices(explained, params))
            @if let Some(batch) = explained.batch.as_ref().filter(|batch| batch.num_rows() > 0) {
                (table(batch, definitions))
                (pages(explained, address))
            } @else {
                p { "There is none." }
            }
            (downloads(explained.rows_total, &chosen(explained.metric, params)))
        }
    }
}

/// The rows that the page is about, as the interface gives them.
fn chosen(metric: &str, params: &RowsParams) -> Address {
    let choices = [("show", params.show.as_ref()), ("reason", params.reason.as_ref())];
    let filled = choices.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    filled.fold(Address::of_rows(metric).asking(params), |rows, (name, value)| rows.with(name, value.as_str()))
}

/// All of the rows as files; where one cannot hold them, each part says which it has.
fn downloads(rows_total: i64, rows: &Address) -> Markup {
    let rows = rows.clone().with("limit", ROWS_OF_PART.to_string());
    let csv = rows.clone().with("format", "csv");
    let last_of = |first: i64| rows_total.min(first + i64::from(ROWS_OF_PART));
    let part = |first: i64| {
        let address = if first > 0 { csv.clone().with("offset", first.to_string()) } else { csv.clone() };
        html! { a href=(address.text()) { (wording::count(first + 1)) "–" (wording::count(last_of(first))) } }
    };
    let firsts: Vec<i64> = (0..rows_total).step_by(usize::from(ROWS_OF_PART)).take(PARTS_MAX).collect();
    let end = firsts.last().map_or(0, |first| last_of(*first));
    html! {
        p.downloads {
            @if firsts.len() > 1 {
                "These " (wording::count(rows_total)) " rows as CSV, in parts: "
                @for (place, first) in firsts.iter().enumerate() { @if place > 0 { ", " } (part(*first)) }
                @if end < rows_total { "; the other " (wording::count(rows_total - end)) " in a narrower range" }
                " · " a href=(rows.text()) { "the first " (wording::count(last_of(0))) " with everything else as JSON" }
            } @else {
                "These rows " a href=(csv.text()) { "as CSV" } " · " a href=(rows.text()) { "with everything else as JSON" }
            }
        }
    }
}

/// The counts, each a way to the rows that it counts.
fn choices(explained: &Explanation, params: &RowsParams) -> Markup {
    let here = || Address::of_metric(explained.metric).asking(params);
    let left_out: i64 = explained.left_out.iter().map(|left| left.rows).sum();
    let reason = params.reason.as_deref();
    let show = params.show.as_deref();
    let chip = |address: Address, words: &str, rows: i64, is_here: bool| {
        let current = is_here.then_some("page");
        html! { li { a href={ (address.text()) "#rows" } aria-current=[current] { (words) } " " span { (wording::count(rows)) } } }
    };
    html! {
        ul.chips {
            (chip(here(), "all", explained.counted + left_out, reason.is_none() && matches!(show, None | Some("all"))))
            (chip(here().with("show", "counted"), "counted", explained.counted, show == Some("counted")))
            @if left_out > 0 {
                (chip(here().with("show", "left_out"), "left out", left_out, reason.is_none() && show == Some("left_out")))
            }
        }
        @if !explained.left_out.is_empty() {
            ul.chips.reasons { @for left in &explained.left_out {
                @match &left.reason {
                    Some(words) => { (chip(here().with("reason", words.as_str()), words, left.rows, reason == Some(words.as_str()))) }
                    None => { li { "without a reason " span { (wording::count(left.rows)) } } }
                }
            } }
        }
    }
}

fn pages(explained: &Explanation, address: &Uri) -> Markup {
    let shown = explained.batch.as_ref().map_or(0, RecordBatch::num_rows);
    let before = explained.offset.saturating_sub(shown.max(super::ROWS));
    html! {
        nav.pages aria-label="Pages of rows" {
            span { "Rows " (explained.offset + 1) "–" (explained.offset + shown) " of " (wording::count(explained.rows_total)) }
            @if explained.offset > 0 { a href={ (with_offset(address, before)) "#rows" } rel="prev" { "Previous" } }
            @if let Some(next) = explained.next_offset { a href={ (with_offset(address, next)) "#rows" } rel="next" { "Next" } }
        }
    }
}

fn table(batch: &RecordBatch, definitions: &Definitions) -> Markup {
    let columns: Vec<(&str, &ArrayRef)> = batch
        .schema_ref()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| (field.name().as_str(), column))
        // A column that is empty on the whole page tells nothing.
        .filter(|(name, column)| !PLACED.contains(name) && column.null_count() < column.len())
        .collect();
    // What the row is comes first, then what was measured of it: the rest may lie beyond the edge.
    let place = |(at, (_, column)): &(usize, (&str, &ArrayRef))| (*at > 0, !is_number(column));
    let mut placed: Vec<(usize, (&str, &ArrayRef))> = columns.into_iter().enumerate().collect();
    placed.sort_by_key(place);
    let columns: Vec<(&str, &ArrayRef)> = placed.into_iter().map(|(_, column)| column).collect();
    let scopes = text_column(batch, "scope");
    let has_scopes = scopes.as_ref().is_some_and(is_varied);
    html! {
        div.scroll role="region" aria-label="Rows behind the number" tabindex="0" { table.rows {
            thead { tr {
                th scope="col" { "Counted" }
                @for (name, column) in &columns { th.number[is_number(column)] scope="col" { (heading(name)) } }
                @if has_scopes { th scope="col" { "scope" } }
            } }
            tbody { @for row in 0..batch.num_rows() {
                (table_row(batch, &columns, scopes.as_ref().filter(|_| has_scopes), row, definitions))
            } }
        } }
    }
}

fn table_row(
    batch: &RecordBatch,
    columns: &[(&str, &ArrayRef)],
    scopes: Option<&ArrayRef>,
    row: usize,
    definitions: &Definitions,
) -> Markup {
    let is_counted = batch.column_by_name("is_counted").and_then(|column| column.as_boolean_opt());
    let is_counted = is_counted.is_some_and(|column| column.is_valid(row) && column.value(row));
    let (reason, url) = (text(batch, "reason", row), text(batch, "url", row));
    let kind = text(batch, "scope_kind", row).unwrap_or_default();
    html! {
        tr.out[!is_counted] {
            td.why { @if is_counted { "yes" } @else { "no" small { (reason.unwrap_or_default()) } } }
            @for (place, (name, column)) in columns.iter().enumerate() {
                @let words = cell(name, column, row, definitions.zone());
                @let words = if *name == "component_id" { scope_name(definitions, "component", &words) } else { words };
                td.number[is_number(column)].id[!is_number(column)] {
                    @if place == 0 { (linked(Some(&words), url.as_deref())) } @else { (shortened(&words)) }
                }
            }
            @if let Some(scopes) = scopes { td { (scope_name(definitions, &kind, scopes.as_string::<i32>().value(row))) } }
        }
    }
}

fn heading(name: &str) -> String {
    let name =
        name.strip_suffix("_id").or_else(|| name.strip_suffix("_at")).or_else(|| name.strip_suffix("_seconds")).unwrap_or(name);
    name.replace('_', " ")
}

/// A value in words: instants in the zone of the organisation, days as everywhere, durations in human units.
fn cell(name: &str, column: &ArrayRef, row: usize, zone: Tz) -> String {
    if !column.is_valid(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Timestamp(_, _) => {
            let instants = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
            let Ok(instants) = instants else { return String::new() };
            wording::dates::instant(Instant::from_micros(instants.as_primitive::<TimestampMicrosecondType>().value(row)), zone)
        }
        DataType::Date32 => column.as_primitive::<Date32Type>().value_as_date(row).map(wording::dates::day).unwrap_or_default(),
        DataType::Float64 if name.ends_with("_seconds") => {
            wording::value(Unit::Seconds, column.as_primitive::<Float64Type>().value(row))
        }
        DataType::Float64 => wording::plain(column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => if column.as_boolean().value(row) { "yes" } else { "no" }.to_owned(),
        _ => {
            let options = FormatOptions::default();
            ArrayFormatter::try_new(column, &options).map(|words| words.value(row).to_string()).unwrap_or_default()
        }
    }
}

fn is_number(column: &ArrayRef) -> bool {
    column.data_type().is_numeric()
}

fn text_column(batch: &RecordBatch, name: &str) -> Option<ArrayRef> {
    cast(batch.column_by_name(name)?, &DataType::Utf8).ok()
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> Option<String> {
    let column = text_column(batch, name)?;
    column.is_valid(row).then(|| column.as_string::<i32>().value(row).to_owned())
}

fn is_varied(column: &ArrayRef) -> bool {
    let column = column.as_string::<i32>();
    column.iter().skip(1).any(|value| value != column.iter().next().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_file_cannot_hold_is_offered_in_parts() {
        let params = RowsParams { show: Some("counted".to_owned()), reason: Some(String::new()), ..RowsParams::default() };
        let rows = chosen("change_lead_time", &params);
        let links = |total: i64| {
            let html = downloads(total, &rows).into_string();
            let links = html.split("<a href=\"/api/v1/metrics/change_lead_time/rows?show=counted&amp;limit=10000").skip(1);
            links.map(|link| link.split("</a>").next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let whole = ["&amp;format=csv\">as CSV", "\">with everything else as JSON"];
        assert_eq!((links(0), links(10_000)), (whole.map(ToOwned::to_owned).to_vec(), whole.map(ToOwned::to_owned).to_vec()));
        let parts = [
            "&amp;format=csv\">1–10,000",
            "&amp;format=csv&amp;offset=10000\">10,001–13,483",
            "\">the first 10,000 with everything else as JSON",
        ];
        assert_eq!(links(13_483), parts);
        // Twenty parts have links, and the one row after them is told.
        assert_eq!(links(200_001).len(), 21);
        let text = downloads(200_001, &rows).into_string();
        assert!(text.contains("190,001–200,000</a>; the other 1 in a narrower range"), "{text}");
    }
}
