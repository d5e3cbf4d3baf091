//! Where the data end, if that is so long ago that the last days look empty: in the head of a page, and beside what is
//! empty, with a way to days that are not.

use super::address::Address;
use crate::app::App;
use crate::doctor::{self, newest_event};
use crate::problem::Problem;
use chrono::{Days, NaiveDate};
use futures::FutureExt;
use maud::{Markup, html};
use waymark_analytics::local_date;
use waymark_reports::wording::dates;

/// Days that are shown up to the newest event: as many as home pages and lists look back.
const DAYS: u64 = 90;

/// The local day of the newest deployment or pipeline run, where it is long ago; looked for once for a snapshot.
pub(super) async fn ended(app: &App) -> Result<Option<NaiveDate>, Problem> {
    let opened = app.engine.newest().await?;
    let zone = app.engine.definitions().zone();
    let make = async {
        let ended_at = doctor::ended(newest_event(&app.engine).await?, opened.as_of());
        let day = ended_at.map(|at| local_date(at, zone).to_string());
        Ok(day.unwrap_or_default().into_bytes())
    };
    let kept = app.rendered(format!("{} ended", opened.snapshot.id), make.boxed()).await?;
    Ok(String::from_utf8_lossy(&kept).parse().ok())
}

/// The instant that a page describes, with the day of the newest event where that is long ago.
pub(super) async fn as_of(app: &App) -> Result<String, Problem> {
    let as_of = dates::instant(app.engine.newest().await?.as_of(), app.engine.definitions().zone());
    Ok(with_end(&as_of, ended(app).await?))
}

/// An instant in words, and behind it the day of the newest event.
pub(super) fn with_end(as_of: &str, ended: Option<NaiveDate>) -> String {
    ended.map_or_else(|| as_of.to_owned(), |day| format!("{as_of} · newest deployment or run {}", dates::day(day)))
}

/// The first of the days that are shown up to the newest event, and the one after it.
pub(super) fn last_days(ended: NaiveDate) -> (NaiveDate, NaiveDate) {
    let end_day = ended + Days::new(1);
    (end_day - Days::new(DAYS), end_day)
}

/// A sentence that says where the data end, with the way to a number of the days before; nothing where they have not ended.
pub(super) fn note(ended: Option<NaiveDate>, number: &Address) -> Markup {
    html! {
        @if let Some(day) = ended {
            @let (from, to) = last_days(day);
            @let address = number.clone().with("from", from.to_string()).with("to", to.to_string());
            " The newest deployment or pipeline run is of " (dates::day(day)) ": later days are empty. "
            a href=(address.text()) { "The " (DAYS) " days until then" } "."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_data_end_has_a_way_to_the_days_before() {
        let day = NaiveDate::from_ymd_opt(2025, 8, 2).unwrap();
        let said = note(Some(day), &Address::of_metric("change_fail_rate").with("grain", "window")).into_string();
        assert!(said.contains("is of 2 Aug 2025: later days are empty"), "{said}");
        // August's two days, July's and June's 61 and the last 27 of May are ninety.
        assert!(said.contains("/metrics/change_fail_rate?grain=window&amp;from=2025-05-05&amp;to=2025-08-03\""), "{said}");
        assert_eq!(with_end("noon", Some(day)), "noon · newest deployment or run 2 Aug 2025");
        assert_eq!((note(None, &Address::default()).into_string(), with_end("noon", None)), (String::new(), "noon".to_owned()));
    }
}
