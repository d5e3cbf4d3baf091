//! Survey exports: one row is one answer of one person to one question.
//!
//! The columns are `survey, wave, question_id, respondent, value, submitted_on, team` and, where
//! they exist, `component, comment, scale_min, scale_max`. Respondents become pseudonyms of their
//! wave here; which cells may be published is decided by the `survey_results` fact.

use crate::source::{Normalised, ROW_HEADER, Reading, Source};
use chrono::{Days, NaiveDate};
use std::collections::BTreeMap;
use waymark_event::{Delivery, EntityId, Head, Observation, Read, Reason, Rejection, Stage, SurveyResponse, VersionRank};

/// The dialect of survey exports.
pub(crate) struct SurveyCsv;

const REQUIRED: &[&str] = &["survey", "wave", "question_id", "respondent", "value", "submitted_on", "team"];
const OPTIONAL: &[&str] = &["component", "comment", "scale_min", "scale_max"];

impl Source for SurveyCsv {
    fn name(&self) -> &'static str {
        "survey-csv"
    }

    fn is_vendor(&self) -> bool {
        false
    }

    fn default_instance(&self) -> &'static str {
        "local"
    }

    fn dialect_version(&self) -> i32 {
        1
    }

    /// One delivery per row, each with the header line, so that a row can be read by itself.
    fn cut_file(&self, file: &[u8]) -> Vec<Vec<u8>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
        let mut records = reader.byte_records().filter_map(Result::ok);
        let Some(header) = records.next() else { return vec![file.to_vec()] };
        let bodies: Vec<Vec<u8>> = records.filter_map(|row| two_lines(&header, &row)).collect();
        if bodies.is_empty() { vec![file.to_vec()] } else { bodies }
    }

    /// Above it stands the header.
    fn first_row(&self) -> Option<usize> {
        Some(2)
    }

    fn normalise(&self, delivery: &Delivery, reading: &Reading) -> Normalised {
        let text = match delivery.text() {
            Ok(text) => text,
            Err(rejection) => return Normalised::rejected(rejection),
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        let columns: Vec<String> = match reader.headers() {
            Ok(header) => header.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect(),
            Err(_) => return Normalised::rejected(unreadable()),
        };
        if let Some(missing) = REQUIRED.iter().find(|name| !columns.iter().any(|column| column == *name)) {
            let message = format!("the column `{missing}` is missing: the header needs {}", REQUIRED.join(", "));
            return Normalised::rejected(Rejection::new(Stage::Map, Reason::MissingField, message).at(*missing));
        }
        if let Some(unknown) =
            columns.iter().find(|name| !REQUIRED.contains(&name.as_str()) && !OPTIONAL.contains(&name.as_str()))
        {
            let message = format!("the column `{unknown}` is not known: remove it, it may name people");
            return Normalised::rejected(Rejection::new(Stage::Map, Reason::UnknownShape, message).at(unknown.clone()));
        }
        let mut normalised = Normalised::default();
        for (item, record) in reader.records().enumerate() {
            let answer = record.map_err(|_| unreadable()).and_then(|record| {
                let cells = columns.iter().map(String::as_str).zip(record.iter()).collect();
                answer(delivery, self.dialect_version(), reading, &cells)
            });
            match answer {
                Ok(observation) => normalised.observations.push(observation),
                Err(rejection) => normalised.rejections.push(in_row(delivery, rejection).at_item(item)),
            }
        }
        if normalised == Normalised::default() {
            return Normalised::ignored("the file has a header and no rows");
        }
        normalised
    }
}

fn two_lines(header: &csv::ByteRecord, row: &csv::ByteRecord) -> Option<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_byte_record(header).ok()?;
    writer.write_byte_record(row).ok()?;
    writer.into_inner().ok()
}

/// The rejection with the row of the file, where the delivery was one.
fn in_row(delivery: &Delivery, mut rejection: Rejection) -> Rejection {
    if let Some(row) = delivery.header(ROW_HEADER) {
        rejection.message = format!("row {row} of the file: {}", rejection.message);
    }
    rejection
}

fn unreadable() -> Rejection {
    Rejection::new(Stage::Parse, Reason::UnknownShape, "the row is not a row of a CSV file")
}

fn answer(
    delivery: &Delivery,
    dialect_version: i32,
    reading: &Reading,
    cells: &BTreeMap<&str, &str>,
) -> Result<Observation, Rejection> {
    let cell = |name: &str| cells.get(name).copied().filter(|text| !text.is_empty() && *text != "NA");
    let needed = |name: &'static str| {
        let message = format!("the column `{name}` is empty");
        cell(name).ok_or_else(|| Rejection::new(Stage::Map, Reason::MissingField, message).at(name))
    };
    let (survey, wave, question_id) = (needed("survey")?, needed("wave")?, needed("question_id")?);
    let submitted_on = NaiveDate::parse_from_str(needed("submitted_on")?, "%Y-%m-%d").map_err(|_| {
        let message = "the column `submitted_on` is no date: write it as `2026-03-02`";
        Rejection::new(Stage::Map, Reason::BadTime, message).at("submitted_on")
    })?;
    if submitted_on > delivery.received_at.to_utc().date_naive() + Days::new(1) {
        let message = "the column `submitted_on` lies more than a day after its receipt";
        return Err(Rejection::new(Stage::Validate, Reason::ClockAhead, message).at("submitted_on"));
    }
    let (scale_min, scale_max) = scale(question_id, whole(cell("scale_min"))?, whole(cell("scale_max"))?);
    let value = match cell("value") {
        None => None,
        Some(text) => Some(score(text, scale_min, scale_max)?),
    };
    let respondent = reading.people.respondent(survey, wave, needed("respondent")?);
    let component = cell("component").map(ToOwned::to_owned);
    let native = [survey, wave, &respondent, question_id, component.as_deref().unwrap_or_default()];
    let entity_id = EntityId::of("survey-csv", "survey_response", &delivery.instance, &native);
    let segments = cell("team").map(|team| ("team".to_owned(), team.to_owned())).into_iter().collect();
    let record = SurveyResponse {
        survey: survey.to_owned(),
        wave: wave.to_owned(),
        question_id: question_id.to_owned(),
        question_version: 1,
        respondent,
        value,
        scale_min,
        scale_max,
        choices: Vec::new(),
        submitted_on,
        segments,
        is_partial: false,
        comment: cell("comment").map(ToOwned::to_owned),
        component_id: component,
    };
    let head = Head {
        entity_id,
        // A corrected row has the day of the old one: what was read last is believed.
        version_rank: VersionRank::of(None, delivery.received_at, 0, Read::Event),
        ..Head::default()
    };
    Ok(Observation::read(delivery, dialect_version, head, record))
}

/// NPS is only defined on 0 to 10 and CSAT on 1 to 5; other questions bring their scale.
fn scale(question_id: &str, low: Option<i32>, high: Option<i32>) -> (Option<i32>, Option<i32>) {
    if question_id.starts_with("nps") {
        (Some(0), Some(10))
    } else if question_id.starts_with("csat") {
        (Some(1), Some(5))
    } else {
        (low, high)
    }
}

fn whole(text: Option<&str>) -> Result<Option<i32>, Rejection> {
    text.map(|text| {
        text.parse().map_err(|_| Rejection::new(Stage::Map, Reason::WrongType, "an end of the scale is no whole number"))
    })
    .transpose()
}

fn score(text: &str, low: Option<i32>, high: Option<i32>) -> Result<f64, Rejection> {
    let value: f64 = text
        .parse()
        .map_err(|_| Rejection::new(Stage::Map, Reason::WrongType, "the column `value` is no number").at("value"))?;
    let is_below = low.is_some_and(|low| value < f64::from(low));
    let is_above = high.is_some_and(|high| value > f64::from(high));
    if is_below || is_above || !value.is_finite() {
        let (low, high) = (low.unwrap_or_default(), high.unwrap_or_default());
        let message = format!("the column `value` lies outside the scale of {low} to {high}");
        return Err(Rejection::new(Stage::Validate, Reason::OutOfRange, message).at("value"));
    }
    Ok(value)
}
