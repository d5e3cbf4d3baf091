//! Survey exports: one row is one answer of one person to one question.
//!
//! The columns are `survey, wave, question_id, respondent, value, submitted_on, team` and, where
//! they exist, `component, comment, scale_min, scale_max`. Respondents become pseudonyms of their
//! wave here; which cells may be published is decided by the `survey_results` fact.

use crate::source::{Normalised, Reading, Source, in_row};
use chrono::{Days, NaiveDate};
use std::collections::BTreeMap;
use waymark_event::{
    Delivery, EntityId, Head, Observation, Read, Reason, Rejection, Stage, SurveyResponse, VersionRank, shortened,
};

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
        let mut records = byte_records(file);
        let open = open_record(file);
        let Some(header) = records.next() else { return vec![file.to_vec()] };
        let body = |(place, row): (usize, csv::ByteRecord)| {
            // A row that never ends stays as it is: written anew it would have an end.
            let is_open = open == Some(place + 1);
            if is_open { with_header(&header, file.get(start(file, &row)..)?) } else { two_lines(&header, &row) }
        };
        let bodies: Vec<Vec<u8>> = records.enumerate().filter_map(body).collect();
        if bodies.is_empty() { vec![file.to_vec()] } else { bodies }
    }

    fn rows(&self, file: &[u8]) -> Vec<usize> {
        let (mut row, mut counted) = (1, 0);
        let mut rows = Vec::new();
        for record in byte_records(file) {
            let start = start(file, &record);
            row += file.get(counted..start).unwrap_or_default().split(|byte| *byte == b'\n').skip(1).count();
            counted = start;
            rows.push(row);
        }
        // The first one is the header, and no body.
        rows.drain(..rows.len().min(1));
        rows
    }

    fn normalise(&self, delivery: &Delivery, reading: &Reading) -> Normalised {
        let text = match delivery.text() {
            Ok(text) => text,
            Err(rejection) => return Normalised::rejected(rejection),
        };
        let open = open_record(text.as_bytes());
        if open == Some(0) {
            return Normalised::rejected(never_closed());
        }
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        let columns = match reader.headers().map_err(|_| unreadable()).and_then(columns) {
            Ok(columns) => columns,
            Err(rejection) => return Normalised::rejected(rejection),
        };
        let mut normalised = Normalised::default();
        for (item, record) in reader.records().enumerate() {
            let answer = record.map_err(|_| unreadable()).and_then(|record| {
                if open == Some(item + 1) {
                    return Err(never_closed());
                }
                if record.iter().skip(columns.len()).any(|cell| !cell.is_empty()) {
                    return Err(too_many_cells(record.len(), columns.len()));
                }
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

/// The columns that the header names, if they are those of an answer, each once.
fn columns(header: &csv::StringRecord) -> Result<Vec<String>, Rejection> {
    let columns: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
    if let Some(missing) = REQUIRED.iter().find(|name| !columns.iter().any(|column| column == *name)) {
        let message = format!("the column `{missing}` is missing: the header needs {}", REQUIRED.join(", "));
        return Err(Rejection::new(Stage::Map, Reason::MissingField, message).at(*missing));
    }
    let is_known = |name: &str| REQUIRED.contains(&name) || OPTIONAL.contains(&name);
    if let Some(unknown) = columns.iter().find(|name| !is_known(name)) {
        let unknown = shortened(unknown);
        let message = format!("the column `{unknown}` is not known: remove it, it may name people");
        return Err(Rejection::new(Stage::Map, Reason::UnknownShape, message).at(unknown));
    }
    let is_twice = |name: &&String| columns.iter().filter(|column| column == name).count() > 1;
    if let Some(twice) = columns.iter().find(is_twice) {
        let message = format!("the header names the column `{twice}` twice: remove one, nobody can say which counts");
        return Err(Rejection::new(Stage::Map, Reason::UnknownShape, message).at(twice.clone()));
    }
    Ok(columns)
}

/// The records of a text, the header first.
fn byte_records(text: &[u8]) -> impl Iterator<Item = csv::ByteRecord> {
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    reader.into_byte_records().filter_map(Result::ok)
}

/// Where the first cell of a record begins: the reader's place is before the blank lines above it.
fn start(text: &[u8], record: &csv::ByteRecord) -> usize {
    let told = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or_default();
    let blank = text.get(told..).unwrap_or_default().iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    told + blank.count()
}

/// The place of the record in whose quotes the text ends, from 0; the reader takes the end of the text for the end of
/// the cell. What is written below such a record still belongs to it.
fn open_record(text: &[u8]) -> Option<usize> {
    if !text.contains(&b'"') {
        return None;
    }
    let (count, last) = byte_records(text).fold((0, 0), |(count, _), record| (count + 1, start(text, &record)));
    let below = [text.get(last..).unwrap_or_default(), b"\nbelow\n".as_slice()].concat();
    (count > 0 && byte_records(&below).count() == 1).then(|| count - 1)
}

fn with_header(header: &csv::ByteRecord, rows: &[u8]) -> Option<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_byte_record(header).ok()?;
    Some([writer.into_inner().ok()?.as_slice(), rows].concat())
}

fn two_lines(header: &csv::ByteRecord, row: &csv::ByteRecord) -> Option<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_byte_record(header).ok()?;
    writer.write_byte_record(row).ok()?;
    writer.into_inner().ok()
}

fn unreadable() -> Rejection {
    Rejection::new(Stage::Parse, Reason::UnknownShape, "the row is not a row of a CSV file")
}

fn never_closed() -> Rejection {
    let message = "a quote is opened and never closed, so what follows it cannot be told apart: close it, or remove it";
    Rejection::new(Stage::Parse, Reason::UnknownShape, message)
}

fn too_many_cells(cells: usize, columns: usize) -> Rejection {
    let message = format!("the row has {cells} cells and the header {columns}: put a cell that holds a comma into quotes");
    Rejection::new(Stage::Map, Reason::UnknownShape, message)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::file;
    use waymark_event::{Instant, PeopleKey};

    const HEADER: &str = "survey,wave,question_id,respondent,value,submitted_on,team";

    /// How many answers a file gives, and what is said of the rest.
    fn read(text: &str) -> (usize, Vec<String>) {
        let reading = Reading { people: PeopleKey::new([7; 32]) };
        let received_at = Instant::parse("2026-03-02T12:00:00Z").unwrap();
        let deliveries = file::deliveries(&SurveyCsv, text.as_bytes(), None, received_at);
        let read: Vec<Normalised> = deliveries.iter().map(|delivery| SurveyCsv.normalise(delivery, &reading)).collect();
        let messages = read.iter().flat_map(|one| &one.rejections).map(|rejection| rejection.message.clone());
        (read.iter().map(|one| one.observations.len()).sum(), messages.collect())
    }

    fn row(respondent: &str) -> String {
        format!("pulse,q1,nps,{respondent},9,2026-03-01,payments\n")
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_its_row() {
        let (good, more) = (row("a"), row("c"));
        let (answers, messages) = read(&format!("{HEADER}\n{good}pulse,q1,nps,\"b,9,2026-03-01,payments\n{more}"));
        assert_eq!(answers, 1);
        let is_told = |one: &String| one.starts_with("row 3 of the file: a quote is opened");
        assert!(messages.len() == 1 && messages.iter().all(is_told), "{messages:?}");
        let (answers, messages) = read(&format!("\"{HEADER}\n{good}"));
        assert!(answers == 0 && messages.len() == 1, "{messages:?}");
        let (answers, messages) = read(&format!("{HEADER}\npulse,q1,nps,\"b\",9,2026-03-01,\"payments\""));
        assert!(answers == 1 && messages.is_empty(), "{messages:?}");
    }

    #[test]
    fn cells_and_columns_are_not_dropped() {
        let (answers, messages) = read(&format!("{HEADER}\npulse,q1,nps,b,9,2026-03-01,payments,east\n{}", row("c")));
        assert_eq!(answers, 1);
        assert!(matches!(messages.as_slice(), [one] if one.contains("has 8 cells and the header 7")), "{messages:?}");
        let (answers, messages) = read(&format!("{HEADER},team\npulse,q1,nps,b,9,2026-03-01,payments,search\n"));
        assert_eq!(answers, 0);
        assert!(matches!(messages.as_slice(), [one] if one.contains("`team` twice")), "{messages:?}");
    }

    #[test]
    fn blank_lines_count_as_rows() {
        let (_, messages) = read(&format!("{HEADER}\n\n{}\r\npulse,q1,nps,b,11,2026-03-01,payments\n", row("a")));
        assert!(matches!(messages.as_slice(), [one] if one.starts_with("row 5 of the file: ")), "{messages:?}");
    }
}
