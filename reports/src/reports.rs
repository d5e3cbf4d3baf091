//! The catalogue of reports: each a pure function from input to one document.
//!
//! Asking for the input, keeping revisions and sending belong to `api`; bytes belong to `render`.

pub(crate) mod leadership_review;
pub(crate) mod weekly_adoption;

use crate::document::{self, Document, Section};
use crate::input::ReportInput;
use crate::wording::dates;
use std::collections::BTreeMap;

/// One report: its row of the catalogue.
#[derive(Debug)]
pub struct Report {
    /// Snake case, unique.
    pub id: &'static str,
    /// What the command line also takes.
    pub short_name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// For whom it is and how long reading it takes.
    pub about: &'static str,
    /// How often it is made.
    pub cadence: Cadence,
    /// What its input has to hold.
    pub needs: Needs,
    /// Builds the document; what the input lacks is told as missing.
    pub build: fn(&ReportInput) -> Document,
}

/// How often a report is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cadence {
    /// After each complete ISO week.
    Weekly,
    /// After each complete quarter.
    Quarterly,
}

impl Cadence {
    /// The rhythm as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Quarterly => "quarterly",
        }
    }
}

/// What the input of a report has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Ids of the metrics whose series are read.
    pub metrics: &'static [&'static str],
    /// Complete weeks in each weekly series, at least.
    pub weeks: u32,
    /// Days in each of the two whole ranges; null = the period itself and the one before it.
    pub days: Option<u64>,
}

/// Every report, in the order the manual shows it.
pub const REPORTS: &[Report] = &[
    Report {
        id: "weekly_adoption",
        short_name: "weekly",
        title: "Weekly adoption report",
        about: "For the platform team and team leads; two minutes.",
        cadence: Cadence::Weekly,
        needs: Needs {
            metrics: &["adoption_rate", "coverage_fit", "reach", "change_lead_time", "ci_success_rate"],
            weeks: 13,
            days: Some(90),
        },
        build: weekly_adoption::build,
    },
    Report {
        id: "leadership_review",
        short_name: "leadership",
        title: "Leadership review",
        about: "For leadership, to be read before the meeting; fifteen minutes.",
        cadence: Cadence::Quarterly,
        needs: Needs {
            metrics: &[
                "deployment_frequency",
                "change_lead_time",
                "change_fail_rate",
                "deployment_rework_rate",
                "failed_deployment_recovery_time",
                "ci_success_rate",
                "adoption_rate",
                "coverage_fit",
                "reach",
                "nps",
            ],
            // The longest quarter, and the week that ended before it began.
            weeks: 15,
            days: None,
        },
        build: leadership_review::build,
    },
];

/// The report of this id or short name.
pub fn find(name: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|report| report.id == name || report.short_name == name)
}

/// The document around the sections.
pub(crate) fn document(id: &str, input: &ReportInput, sections: Vec<Section>) -> Document {
    let report = find(id);
    let so_far = if input.is_running() { " so far" } else { "" };
    let definitions: BTreeMap<String, u32> =
        input.series.iter().map(|(id, series)| ((*id).to_owned(), series.weekly.metric.version)).collect();
    Document {
        version: document::VERSION,
        report: id.to_owned(),
        title: report.map_or(id, |report| report.title).to_owned(),
        subtitle: report.map_or("", |report| report.about).to_owned(),
        organisation: input.organisation.clone(),
        period: format!("{}{so_far} ({})", input.period.label, dates::range(input.period.first_day, input.period.end_day)),
        as_of: input.as_of,
        as_of_text: dates::instant(input.as_of, input.zone),
        snapshot: input.snapshot.clone(),
        definitions,
        sections,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Block, Entry};
    use crate::input::{ComponentInfo, DataNotes, ReportPeriod};
    use crate::invented::{input, monday};
    use crate::render;
    use chrono::NaiveDate;
    use std::collections::BTreeSet;
    use waymark_analytics::{Cell, Change, Compared, Verdict};
    use waymark_event::Instant;

    fn nothing() -> ReportInput {
        ReportInput {
            series: BTreeMap::new(),
            components: Vec::new(),
            movements: Vec::new(),
            migrations: Vec::new(),
            scores: Vec::new(),
            notes: DataNotes::default(),
            ..input()
        }
    }

    /// Numbers as they are written, such as `1.8`, `45` or `2,904`.
    fn numbers(text: &str) -> BTreeSet<String> {
        let is_part = |letter: char| letter.is_ascii_digit() || letter == '.' || letter == ',';
        text.split(|letter: char| !is_part(letter))
            .map(|word| word.trim_matches(['.', ',']).to_owned())
            .filter(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))
            .collect()
    }

    #[test]
    fn every_number_in_a_sentence_stands_in_a_table_or_chart() {
        for report in REPORTS {
            let document = (report.build)(&input());
            let mut shown = String::new();
            let mut told = Vec::new();
            let mut most_rows = 5;
            for block in document.sections.iter().flat_map(|section| &section.blocks) {
                match block {
                    Block::Table(table) => {
                        shown.extend(table.columns.iter().map(|column| format!("{} ", column.title)));
                        most_rows = most_rows.max(table.rows.len());
                        let entries = table.rows.iter().flatten();
                        shown.extend(entries.map(|Entry { text, detail, .. }| format!("{text} {detail} ")));
                    }
                    Block::Chart(picture) => shown.push_str(&picture.alt),
                    Block::List(list) => shown.extend(list.items.iter().map(|item| format!("{} ", item.text))),
                    Block::Headline(sentence) | Block::Finding(sentence) => told.push(sentence.text.clone()),
                    Block::Note(_) => {}
                }
            }
            let shown = numbers(&shown);
            // How many measures, components or asks there are is counted off the page itself.
            let counted: BTreeSet<String> = (0..=most_rows).map(|count| count.to_string()).collect();
            for sentence in told {
                for number in numbers(&sentence) {
                    assert!(shown.contains(&number) || counted.contains(&number), "{}: {number} of `{sentence}`", report.id);
                }
            }
        }
    }

    #[test]
    fn the_same_input_makes_the_same_bytes() {
        for report in REPORTS {
            let (one, other) = ((report.build)(&input()), (report.build)(&input()));
            assert_eq!(render::html(&one), render::html(&other), "{}", report.id);
            assert_eq!(render::markdown(&one), render::markdown(&other), "{}", report.id);
            let json = one.to_json().unwrap();
            assert_eq!(Document::from_json(&json).unwrap(), one, "{}", report.id);
        }
    }

    #[test]
    fn reports_have_ten_sections_and_known_metrics() {
        for report in REPORTS {
            assert_eq!((report.build)(&input()).sections.len(), 10, "{}", report.id);
            assert!(report.needs.metrics.iter().all(|id| waymark_analytics::find(id).is_some()), "{}", report.id);
            assert_eq!(find(report.short_name).map(|found| found.id), Some(report.id));
        }
    }

    #[test]
    fn without_data_a_report_says_what_is_missing() {
        for report in REPORTS {
            let document = (report.build)(&nothing());
            assert_eq!(document.sections.len(), 10, "{}", report.id);
            let text = render::markdown(&document);
            assert!(text.contains("No claim about"), "{text}");
            assert!(!text.contains("NaN"), "{text}");
        }
    }

    fn written(name: &str, given: &ReportInput) -> String {
        render::markdown(&(find(name).unwrap().build)(given))
    }

    /// One component, of whose sixty eligible services it is not known whether any uses it, and nothing else.
    fn unseen() -> ReportInput {
        let mut given = ReportInput { components: input().components, series: input().series, ..nothing() };
        given.components.truncate(1);
        given.components[0].forecast = Some("no forecast: 0 complete weeks are known, 6 are needed".to_owned());
        given.components[0].status = "no forecast".to_owned();
        given.series.retain(|id, _| ["adoption_rate", "coverage_fit", "reach"].contains(id));
        for (_, series) in given.series.iter_mut().filter(|(id, _)| **id != "coverage_fit") {
            for cell in &mut series.weekly.cells {
                (cell.value, cell.low, cell.high, cell.numerator) = (Some(0.0), Some(0.0), Some(1.0), Some(0.0));
            }
        }
        given
    }

    /// One component on its way to its target, nobody who left, and nothing that is not known.
    fn calm() -> ReportInput {
        let mut given = ReportInput { movements: Vec::new(), notes: DataNotes::default(), ..input() };
        given.components.retain(|component| component.id == "base-image");
        given
    }

    /// A quarter on the morning of 9 November: the two weeks from then on have cells, and nothing is known of them.
    fn running() -> ReportInput {
        let day = |year: i32, month: u32| NaiveDate::from_ymd_opt(year, month, 1).unwrap();
        let period = ReportPeriod { label: "Q4 2026".to_owned(), first_day: day(2026, 10), end_day: day(2027, 1) };
        let as_of = Instant::parse("2026-11-09T05:30:00Z").unwrap();
        let mut given = ReportInput { range: period.clone(), period, as_of, ..input() };
        let weekly = given.series.values_mut().flat_map(|series| &mut series.weekly.cells);
        for cell in weekly.filter(|cell| cell.period_end > as_of) {
            (cell.value, cell.low, cell.high, cell.numerator) = (None, None, None, None);
            (cell.sample_size, cell.coverage, cell.is_partial) = (Some(0), None, true);
        }
        // 54 of 60 are promised, and 44 are there.
        given.components[0].remaining = Some(10);
        given
    }

    #[test]
    fn weeks_that_have_still_to_come_do_not_hide_what_is_known() {
        let review = written("leadership", &running());
        for said in [
            "Q4 2026 so far (1 Oct – 31 Dec 2026).",
            "at the end of 8 Nov 2026",
            "The period is not over: adoption is as of the end of 8 Nov 2026.",
            // By hand: 31 + 11 × 1.15 = 43.65 of 60, and 36.75 in the week that ended before October.
            "| 60 (63 %) | 44 (73 %) |",
            "from 37 of 60",
            // Ten more in the 53 days from 9 November to 31 December.
            "needs 1.3 a week",
            "Secrets store: mandatory from 31 Mar 2027.",
        ] {
            assert!(review.contains(said), "{said}: {review}");
        }
        for denied in ["No claim about adoption", "too little is known of its use"] {
            assert!(!review.contains(denied), "{denied}: {review}");
        }
        let weekly = written("weekly", &running());
        assert!(weekly.contains("44 of 60 (73 %)") && weekly.contains("as of the end of 8 Nov 2026."), "{weekly}");
        let whole = written("leadership", &input());
        assert!(!whole.contains("so far") && !whole.contains("The period is not over"), "{whole}");
    }

    #[test]
    fn a_period_that_ends_within_a_week_says_of_which_day_its_adoption_is() {
        let said = "Adoption is as of the end of 22 Nov 2026, the last whole week of the period.";
        let mut given = input();
        assert!(!written("leadership", &given).contains(said));
        // The period ends on a Tuesday, and the weeks with a Sunday.
        given.period.end_day = monday() + chrono::Days::new(2);
        given.as_of = given.as_of.plus_seconds(3 * 86_400);
        assert!(written("leadership", &given).contains(said));
    }

    #[test]
    fn a_week_in_short_names_who_moved_and_what_is_known_of_the_pipelines() {
        let in_short = |given: &ReportInput| written("weekly", given).split_once("## Scoreboard").unwrap().0.to_owned();
        let pipelines = "**CI success rate is 90 % (95 % ";
        let whole = in_short(&input());
        for said in ["**This week: ledger left Secrets store; basket and checkout joined Standard CI pipeline.**", pipelines] {
            assert!(whole.contains(said), "{said}: {whole}");
        }
        let mut given = calm();
        given.series.remove("ci_success_rate");
        let calm = in_short(&given);
        assert!(!calm.contains("This week:") && !calm.contains("CI success rate"), "{calm}");
        let mut few = input();
        for cell in &mut few.series.get_mut("ci_success_rate").unwrap().previous.cells {
            cell.sample_size = Some(1);
        }
        assert!(!in_short(&few).contains(pipelines), "what cannot be compared has no verdict");
    }

    #[test]
    fn what_is_answered_first_has_its_limits() {
        let mut given = input();
        let fail_rate = given.series.get_mut("change_fail_rate").unwrap();
        for cell in &mut fail_rate.window.cells {
            (cell.value, cell.low, cell.high) = (Some(0.0), Some(0.0), Some(0.793_451));
            (cell.sample_size, cell.numerator, cell.denominator) = (Some(1), Some(0.0), Some(1.0));
        }
        let review = written("leadership", &given);
        let said = "0 % of production deployments need intervention (95 % 0–79 %, 0 of 1)";
        assert!(review.contains(said), "{review}");
    }

    #[test]
    fn what_is_in_order_is_said_where_it_was_looked_at() {
        let review = written("leadership", &calm());
        for said in [
            "Nothing is asked: no service left, no target is in danger, no evidence is missing.",
            "No target is in danger.",
            "The change fail rate did not rise clearly.",
        ] {
            assert!(review.contains(said), "{said}: {review}");
        }
        let weekly = written("weekly", &calm());
        assert!(
            weekly.contains("Nothing to decide: no service left, no target is in danger, no evidence is missing."),
            "{weekly}"
        );
    }

    #[test]
    fn every_section_has_the_verdict_of_the_scoreboard() {
        let mut given = calm();
        for status in ["at risk", "late"] {
            let forecast = format!("95 % by 7 Mar – 9 May 2027 (target 31 Mar 2027): {status}");
            given.components[0].status = status.to_owned();
            given.components[0].forecast = Some(forecast.clone());
            let (weekly, review) = (written("weekly", &given), written("leadership", &given));
            let beside = format!("95 % by 7 Mar – 9 May 2027: {status}; needs 0.11 a week, had 0.75");
            let (target, ask) = ("95 % by 31 Mar 2027", format!("Base image is {status} for 95 % by 31 Mar 2027"));
            for (text, said) in [
                (&weekly, format!("none left; {forecast}.**")),
                (&weekly, format!("| {target} ({beside}) |")),
                (&weekly, ask.clone()),
                (&review, format!("| {target} ({status}) |")),
                (&review, format!("- Base image: target {target} is {status}. {beside}.")),
                (&review, format!("Asked first of 1: {ask}")),
            ] {
                assert!(text.contains(&said), "{said}: {text}");
            }
            for text in [weekly, review] {
                assert!(!text.contains("on track") && !text.to_lowercase().contains("no target is in danger"), "{text}");
            }
        }
    }

    #[test]
    fn a_target_without_a_forecast_is_told_with_the_reason() {
        let mut given = calm();
        given.components[0].status = "no forecast".to_owned();
        let reason = "nothing was gained in the last 4 weeks (target 95 % by 31 Mar 2027)";
        given.components[0].forecast = Some(format!("no forecast: {reason}"));
        let review = written("leadership", &given);
        assert!(review.contains(&format!("No claim about the target of Base image: {reason}.")), "{review}");
        assert!(!review.contains("No target is in danger"), "{review}");
    }

    #[test]
    fn what_nobody_looked_at_is_not_in_order() {
        let mut without_rate = calm();
        without_rate.series.remove("change_fail_rate");
        let mut without_weeks = calm();
        without_weeks.components[0].id = "unheard".to_owned();
        for (given, claimed) in [
            (nothing(), "No claim about what to ask: no component has a known status yet."),
            (nothing(), "No claim about instability: no change fail rate was measured."),
            (without_rate, "No claim about instability: no change fail rate was measured."),
            (without_weeks, "No claim about the target of Base image: too little is known of its use."),
            (unseen(), "No claim about the target of Standard CI pipeline: too little is known of its use."),
        ] {
            let review = written("leadership", &given);
            assert!(review.contains(claimed), "{claimed}: {review}");
        }
        for given in [nothing(), unseen()] {
            for text in [written("leadership", &given), written("weekly", &given)] {
                for good in ["no service left", "target is in danger", "did not rise", "No service joined", "at risk"] {
                    assert!(!text.contains(good), "{good}: {text}");
                }
            }
        }
        assert!(written("weekly", &nothing()).contains("No claim about what to decide: no component has a known status yet."));
    }

    #[test]
    fn unknown_use_is_no_zero() {
        let review = written("leadership", &unseen());
        assert!(review.contains("**No claim about reach, because no use of a component is known.**"), "{review}");
        assert!(review.contains("| 0 (0–100 %) |") && review.contains("| 0–100 % |"), "{review}");
        let weekly = written("weekly", &unseen());
        let refused = "**No claim about Standard CI pipeline: its use by 60 eligible services is unknown.**";
        assert!(weekly.contains(refused), "{weekly}");
        assert!(weekly.contains("(use is unknown)") && !weekly.contains("no forecast"), "{weekly}");
        // Of the secrets store 10 of 46 are known to use it, and of 6 nobody knows.
        let whole = written("leadership", &input());
        assert!(whole.contains("of active services, what is unknown included"), "{whole}");
        assert!(whole.contains("30 of 46 eligible services do not use it, 6 are unknown."), "{whole}");
        assert!(written("weekly", &input()).contains("10 of 46 (22–35 %)"));
        let mut known = input();
        for cell in &mut known.series.get_mut("adoption_rate").unwrap().weekly.cells {
            cell.high = cell.low;
        }
        assert!(written("leadership", &known).contains("36 of 46 eligible services do not use it."));
    }

    #[test]
    fn where_no_incident_names_a_service_failures_are_a_lower_bound() {
        let mut given = calm();
        given.notes.has_incidents = Some(false);
        let review = written("leadership", &given);
        for said in [
            "at least 12 % of production deployments need intervention (76 of 640, no incident has named a service)",
            "| at least 12 % |",
            "The change fail rate is a lower bound",
            "No claim about instability: no incident has ever named a service that was deployed.",
        ] {
            assert!(review.contains(said), "{said}: {review}");
        }
        assert!(!review.contains("did not rise"), "{review}");
    }

    #[test]
    fn a_review_names_its_range_and_draws_the_weeks_that_lie_in_it() {
        let mut given = input();
        given.range.label = "Q3 2026".to_owned();
        given.range_before.label = "Q2 2026".to_owned();
        let review = written("leadership", &given);
        assert!(review.contains("| Measure | Q3 2026 | Rests on | Coverage | Q2 2026 | Change |"), "{review}");
        // The range begins on Tuesday, 25 August; the fourteen weeks that are given on Monday, 17 August.
        assert!(review.contains("weekly, 31 Aug – 22 Nov 2026") && !review.contains("90 days"), "{review}");
    }

    #[test]
    fn what_is_missing_is_named_once() {
        let review = written("leadership", &nothing());
        assert!(review.contains("No claim about change lead time, deployment frequency, "), "{review}");
    }

    #[test]
    fn hostile_names_are_only_text() {
        const NAME: &str = "<script>alert(1)</script>";
        let mut given = input();
        given.organisation = NAME.to_owned();
        for component in &mut given.components {
            *component = ComponentInfo { title: NAME.to_owned(), owner: NAME.to_owned(), ..component.clone() };
        }
        for migration in &mut given.migrations {
            migration.title = NAME.to_owned();
            migration.waiting.iter_mut().for_each(|waiting| waiting.service = NAME.to_owned());
        }
        for movement in &mut given.movements {
            movement.service = NAME.to_owned();
            movement.evidence_url = Some("javascript:alert(1)".to_owned());
        }
        for report in REPORTS {
            let document = (report.build)(&given);
            for bytes in [render::html(&document), render::markdown(&document)] {
                assert!(!bytes.contains("<script") && !bytes.contains("(javascript:") && !bytes.contains("=\"javascript:"));
            }
        }
    }

    #[test]
    fn the_leadership_review_shows_all_five_metrics_of_dora() {
        let text = render::markdown(&(find("leadership").unwrap().build)(&input()));
        for title in [
            "Change lead time",
            "Deployment frequency",
            "Failed deployment recovery time",
            "Change fail rate",
            "Deployment rework rate",
        ] {
            assert!(text.contains(&format!("| {title}")), "no row of the table is about {title}: {text}");
        }
    }

    #[test]
    fn a_title_says_what_the_table_of_the_same_ranges_says() {
        let mut given = input();
        let review = |given: &ReportInput| render::html(&(find("leadership").unwrap().build)(given));
        // By its cells alone the lead time fell; the rows behind them are not so sure.
        assert!(review(&given).contains("Change lead time fell from"));
        let lead_time = given.series.get_mut("change_lead_time").unwrap();
        let cell = lead_time.window.cells.iter().find(|cell| cell.statistic == "p50").unwrap().clone();
        let unsure = Change {
            verdict: Verdict::NoClearChange,
            before: Some(216_000.0),
            after: cell.value,
            difference: None,
            low: None,
            high: None,
        };
        let Cell { statistic, scope_kind, scope, .. } = cell;
        lead_time.window.compared.push(Compared { statistic, scope_kind, scope, change: unsure });
        let unsure = review(&given);
        assert!(!unsure.contains("Change lead time fell") && unsure.contains("Change lead time: no clear change"));
    }

    #[test]
    fn a_changed_scope_is_not_told_as_adoption() {
        let mut given = input();
        if let Some(adoption) = given.series.get_mut("adoption_rate") {
            let weeks: Vec<usize> = (0..adoption.weekly.cells.len()).collect();
            for index in weeks {
                let cell = &mut adoption.weekly.cells[index];
                if cell.scope == "secrets" && index % 14 < 13 {
                    cell.denominator = Some(40.0);
                }
            }
        }
        let text = render::markdown(&(find("weekly").unwrap().build)(&given));
        assert!(text.contains("eligible 40 → 46"), "{text}");
    }
}
