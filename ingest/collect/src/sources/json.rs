//! Our own event format: `{"type": "deployment", "data": {…}}` with the columns of an observation.
//!
//! A body is one event, a list of events, or one of either per line. Unknown fields and missing key
//! columns are rejected item by item, with a pointer; unknown words are kept in `…_raw`, and rejected
//! where there is no such column. For senders that have no dialect of their own.

mod identity;
mod lines;
#[cfg(test)]
mod tests;

use crate::signature::ProofScheme;
use crate::source::{Envelope, ITEMS_MAX, Normalised, Reading, Source, in_row};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use waymark_event::{
    Delivery, DeploymentKind, EvidenceKind, Finding, Head, Instant, Interface, Observation, OwnerKind, Read, Reason, Record,
    Rejection, ServiceKind, Stage, Table, VersionRank, suggestion,
};

/// The dialect of our own event format.
pub(crate) struct Json;

const VERSION: i32 = 1;
const ATTRIBUTES_MAX: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    r#type: String,
    data: Map<String, Value>,
}

impl Source for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn is_vendor(&self) -> bool {
        false
    }

    fn default_instance(&self) -> &'static str {
        "local"
    }

    fn dialect_version(&self) -> i32 {
        VERSION
    }

    fn proof(&self) -> ProofScheme {
        ProofScheme::HmacSha256 { header: "x-waymark-signature-256", prefix: "sha256=" }
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-waymark-delivery", "ce-id", "ce-source", "ce-type"]
    }

    fn envelope(&self, headers: &BTreeMap<String, String>) -> Envelope {
        let id = headers.get("x-waymark-delivery").or_else(|| headers.get("ce-id"));
        Envelope { event_type: headers.get("ce-type").cloned(), vendor_delivery_id: id.cloned() }
    }

    /// One delivery per line of an NDJSON file, be it an event or a list of events; any other file is one delivery.
    fn cut_file(&self, file: &[u8]) -> Vec<Vec<u8>> {
        match lines::of(file) {
            Some(lines) => lines.into_iter().map(|(_, line)| line.to_vec()).collect(),
            None => vec![file.to_vec()],
        }
    }

    fn rows(&self, file: &[u8]) -> Vec<usize> {
        lines::of(file).into_iter().flatten().map(|(number, _)| number).collect()
    }

    fn normalise(&self, delivery: &Delivery, reading: &Reading) -> Normalised {
        if delivery.body.is_empty() {
            return Normalised::rejected(Rejection::new(Stage::Parse, Reason::Tombstone, "the body is empty"));
        }
        let items = lines::items(delivery);
        let is_batch = items.len() > 1;
        let mut normalised = Normalised::default();
        if items.len() > ITEMS_MAX {
            let message = format!("the body holds more than {ITEMS_MAX} events; the rest was not read");
            normalised.rejections.push(Rejection::new(Stage::Parse, Reason::TooManyItems, message));
        }
        for (index, item) in items.into_iter().enumerate().take(ITEMS_MAX) {
            let read = item.and_then(|item| observations(delivery, reading, &item));
            match read.map_err(|rejection| in_row(delivery, rejection)) {
                Ok(observations) => normalised.observations.extend(observations),
                Err(rejection) if is_batch => normalised.rejections.push(rejection.at_item(index)),
                Err(rejection) => normalised.rejections.push(rejection),
            }
        }
        if normalised == Normalised::default() {
            return Normalised::ignored("an empty list of events");
        }
        normalised
    }
}

fn observations(delivery: &Delivery, reading: &Reading, item: &RawValue) -> Result<Vec<Observation>, Rejection> {
    let event: Event = serde_json::from_str(item.get()).map_err(|error| Rejection::from_json(&error))?;
    let table = table(&event.r#type)?;
    let mut data = event.data;
    identity::unify_keys(&mut data);
    // An empty text says nothing: it is as if the field were not there.
    data.retain(|_, value| value.as_str() != Some(""));
    let mut head = head(&mut data)?;
    keep_raw_words(&mut data);
    refuse_unknown_words(table, &data)?;
    let mut record = Record::from_json(table, Value::Object(data)).map_err(|error| refused(table, item, &error))?;
    identity::pseudonymise(&mut record, reading);
    identity::unify_addresses(&mut record)?;
    identity::validate(&record)?;
    let key = identity::key(delivery, &record, head.occurred_at)?;
    let told_at = head.occurred_at;
    let described_at = head.occurred_at.or(head.source_updated_at).unwrap_or(delivery.received_at);
    refuse_times_ahead(delivery, &head, &record)?;
    let updated_at = head.source_updated_at.or(key.updated_at);
    head.source_updated_at = updated_at;
    head.occurred_at = head.occurred_at.or(key.updated_at);
    head.entity_id = key.entity_id;
    head.version_rank = VersionRank::of(updated_at, delivery.received_at, key.state_rank, Read::Event);
    let mut observations = Vec::with_capacity(2);
    match &record {
        // A catalogue entry is also a moment, so that who owned a service in March is known in May.
        Record::Service(_) => {
            observations.push(moment(delivery, &head, &record, ("described", described_at)));
        }
        // The newest state tells of one end only, and of none once the incident is open again.
        Record::Incident(incident) => {
            let is_open_again = identity::is_open_again(incident);
            let resolved = incident.resolved_at.map(|at| ("resolved", at));
            let turn = resolved.or_else(|| told_at.filter(|_| is_open_again).map(|at| ("reopened", at)));
            observations.extend(turn.map(|turn| moment(delivery, &head, &record, turn)));
        }
        _ => {}
    }
    observations.push(Observation::read(delivery, VERSION, head, record));
    Ok(observations)
}

/// A time of any column that lies more than a day after its receipt can only be a wrong clock.
fn refuse_times_ahead(delivery: &Delivery, head: &Head, record: &Record) -> Result<(), Rejection> {
    let latest = delivery.received_at.plus_seconds(86_400);
    let of_head = [("occurred_at", head.occurred_at), ("source_updated_at", head.source_updated_at)];
    let ahead = of_head.into_iter().chain(times(record)).find(|(_, time)| time.is_some_and(|time| time > latest));
    match ahead {
        Some((name, _)) => {
            let message = format!("the time `{name}` lies more than a day after its receipt");
            Err(Rejection::new(Stage::Validate, Reason::ClockAhead, message).at(format!("/data/{name}")))
        }
        None => Ok(()),
    }
}

/// Every time that a record tells, by its column.
fn times(record: &Record) -> Vec<(&'static str, Option<Instant>)> {
    let three = |queued_at, started_at, finished_at| {
        vec![("queued_at", queued_at), ("started_at", started_at), ("finished_at", finished_at)]
    };
    match record {
        Record::CiRun(run) => three(run.queued_at, run.started_at, run.finished_at),
        Record::CiJob(job) => three(job.queued_at, job.started_at, job.finished_at),
        Record::Deployment(told) => vec![
            ("created_at", told.created_at),
            ("started_at", told.started_at),
            ("exposed_at", told.exposed_at),
            ("completed_at", told.completed_at),
            ("finished_at", told.finished_at),
        ],
        Record::Commit(commit) => {
            vec![("authored_at", commit.authored_at), ("committed_at", commit.committed_at), ("pushed_at", commit.pushed_at)]
        }
        Record::PullRequest(pull) => vec![
            ("opened_at", pull.opened_at),
            ("ready_at", pull.ready_at),
            ("merged_at", pull.merged_at),
            ("closed_at", pull.closed_at),
        ],
        Record::Review(review) => vec![("submitted_at", review.submitted_at)],
        Record::Incident(told) => vec![
            ("impact_started_at", told.impact_started_at),
            ("first_alert_at", told.first_alert_at),
            ("opened_at", told.opened_at),
            ("acknowledged_at", told.acknowledged_at),
            ("mitigated_at", told.mitigated_at),
            ("resolved_at", told.resolved_at),
        ],
        Record::Ticket(ticket) => vec![
            ("opened_at", ticket.opened_at),
            ("first_response_at", ticket.first_response_at),
            ("usable_at", ticket.usable_at),
            ("closed_at", ticket.closed_at),
        ],
        Record::SurveyResponse(answer) => {
            let day = answer.submitted_on.and_time(chrono::NaiveTime::MIN).and_utc();
            vec![("submitted_on", Some(Instant::from(day)))]
        }
        Record::Service(service) => vec![("created_at", service.created_at)],
        Record::Evidence(evidence) => vec![("observed_at", Some(evidence.observed_at))],
        Record::Journey(journey) => vec![("started_at", Some(journey.started_at)), ("ended_at", journey.ended_at)],
        Record::SloSample(sample) => {
            let day = sample.day.and_time(chrono::NaiveTime::MIN).and_utc();
            vec![("day", Some(Instant::from(day)))]
        }
        Record::Artifact(artifact) => vec![("built_at", artifact.built_at)],
    }
}

/// Why an event cannot be read, with the field: the reader does not name it where a value is wrong, so it is the one
/// that is refused in the same words when it stands alone.
fn refused(table: Table, item: &RawValue, error: &serde_json::Error) -> Rejection {
    let rejection = Rejection::from_json(error);
    if rejection.pointer.is_some() {
        return rejection;
    }
    let told = serde_json::from_str::<Event>(item.get()).map(|event| event.data).unwrap_or_default();
    let said = error.to_string();
    let is_refused = |name: &str, value: &Value| {
        let alone: Map<String, Value> = [(name.to_owned(), value.clone())].into_iter().collect();
        Record::from_json(table, Value::Object(alone)).is_err_and(|error| error.to_string() == said)
    };
    match told.iter().find(|(name, value)| value.as_str() != Some("") && is_refused(name, value)) {
        Some((name, _)) => rejection.at(format!("/data/{name}")),
        None => rejection,
    }
}

/// The same statement as a moment beside the state, which the next one replaces.
fn moment(delivery: &Delivery, head: &Head, record: &Record, (word, at): (&str, Instant)) -> Observation {
    let head = Head {
        entity_id: head.entity_id.moment(word, &at.micros().to_string()),
        part_of: Some(head.entity_id.clone()),
        moment: Some(word.to_owned()),
        occurred_at: Some(at),
        ..head.clone()
    };
    Observation::read(delivery, VERSION, head, record.clone())
}

fn table(word: &str) -> Result<Table, Rejection> {
    let singular = |table: &Table| match table {
        Table::Evidence => "evidence".to_owned(),
        table => table.name().trim_end_matches('s').to_owned(),
    };
    Table::ALL.iter().copied().find(|table| singular(table) == word).ok_or_else(|| {
        let known: Vec<String> = Table::ALL.iter().map(singular).collect();
        let meant = suggestion(word, known.iter().map(String::as_str));
        let message = format!("the type is none of {}{meant}", known.join(", "));
        Rejection::new(Stage::Map, Reason::UnknownShape, message).at("/type")
    })
}

/// Takes a column of the common head that must be `wanted`, if it is there.
fn told<T: DeserializeOwned>(data: &mut Map<String, Value>, name: &str, wanted: &str) -> Result<Option<T>, Rejection> {
    let value = data.remove(name).unwrap_or(Value::Null);
    serde_json::from_value(value).map_err(|_| {
        let message = format!("the field `{name}` has another type than it must have: it must be {wanted}");
        Rejection::new(Stage::Map, Reason::WrongType, message).at(format!("/data/{name}"))
    })
}

/// Takes the columns of the common head out of the data.
fn head(data: &mut Map<String, Value>) -> Result<Head, Rejection> {
    let mut time = |name: &'static str| match data.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value::<Instant>(value)
            .map(Some)
            .map_err(|error| Rejection::from_json(&error).at(format!("/data/{name}"))),
    };
    let occurred_at = time("occurred_at")?;
    let source_updated_at = time("source_updated_at")?;
    let is_deleted = told(data, "is_deleted", "true or false")?.unwrap_or(false);
    let url = told(data, "url", "a text")?;
    let attributes: BTreeMap<String, String> = told(data, "attributes", "an object of texts")?.unwrap_or_default();
    if attributes.len() > ATTRIBUTES_MAX {
        let message = format!("there are more than {ATTRIBUTES_MAX} attributes");
        return Err(Rejection::new(Stage::Validate, Reason::TooManyItems, message).at("/data/attributes"));
    }
    Ok(Head { occurred_at, source_updated_at, is_deleted, url, attributes, ..Head::default() })
}

/// Closed columns that keep no text beside them: a word that they do not know is a slip of the sender.
const CLOSED: &[(Table, &str, &[&str])] = &[
    (Table::Deployment, "kind", DeploymentKind::WORDS),
    (Table::Evidence, "kind", EvidenceKind::WORDS),
    (Table::Evidence, "finding", Finding::WORDS),
    (Table::Service, "kind", ServiceKind::WORDS),
    (Table::Service, "owner_kind", OwnerKind::WORDS),
    (Table::Journey, "interface", Interface::WORDS),
];

fn refuse_unknown_words(table: Table, data: &Map<String, Value>) -> Result<(), Rejection> {
    for (_, column, words) in CLOSED.iter().filter(|(of, ..)| *of == table) {
        let told = data.get(*column).and_then(Value::as_str);
        if told.is_some_and(|word| word != "unknown" && !words.contains(&word)) {
            let message = format!("the field `{column}` is none of {}", words.join(", "));
            return Err(Rejection::new(Stage::Map, Reason::UnknownShape, message).at(format!("/data/{column}")));
        }
    }
    Ok(())
}

/// Closed words whose text is worth keeping where we do not know it.
const WORDS: &[&str] =
    &["trigger", "status", "result", "tier_hint", "purpose", "state", "severity", "type", "status_category", "outcome"];

fn keep_raw_words(data: &mut Map<String, Value>) {
    for word in WORDS {
        let raw = format!("{word}_raw");
        if let Some(Value::String(text)) = data.get(*word)
            && !data.contains_key(&raw)
            && !matches!((*word, text.as_str()), ("outcome", "succeeded" | "failed" | "abandoned" | "running"))
        {
            let text = Value::String(text.clone());
            data.insert(raw, text);
        }
    }
}
