//! Histories in the words of our event format, and facts over them in memory.
//!
//! Every event is read by the dialect as it would arrive, so that nothing is understood twice.

use super::history::{Attempt, Fate, HOUR, History};
use crate::harness::{at, delivery};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use serde_json::{Value, json};
use waymark_analytics::scenario::Scenario;
use waymark_analytics::{Definitions, FACTS, Metric, Series, Window};
use waymark_collect::Reading;
use waymark_event::{DeliveryId, Instant, Observation, PeopleKey};

const RECEIVED_AT: &str = "2027-06-01T00:00:00Z";

/// Facts of observations, in memory.
pub(crate) struct Facts(Scenario);

impl Facts {
    /// Every fact over these observations.
    pub(crate) async fn of(definitions: Definitions, observations: &[Observation]) -> Self {
        Self::until(FACTS.last().unwrap().name, definitions, observations).await
    }

    /// One fact, and all that are computed before it.
    pub(crate) async fn until(fact: &str, definitions: Definitions, observations: &[Observation]) -> Self {
        let scenario = Scenario::for_facts(definitions).unwrap();
        scenario.observe(observations).unwrap();
        scenario.fact(fact).await.unwrap();
        Self(scenario)
    }

    /// The same over what these histories tell.
    pub(crate) async fn told(histories: &[History]) -> Self {
        Self::of(definitions("UTC"), &observations(&events(histories))).await
    }

    /// One fact of what these histories tell, and all that are computed before it.
    pub(crate) async fn told_until(fact: &str, histories: &[History]) -> Self {
        Self::until(fact, definitions("UTC"), &observations(&events(histories))).await
    }

    /// The rows of a query as text; null is nothing.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let batches = self.0.run_sql(sql).await.unwrap();
        let options = FormatOptions::default();
        let mut rows = Vec::new();
        for batch in &batches {
            let printers: Vec<_> =
                batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap()).collect();
            rows.extend((0..batch.num_rows()).map(|row| {
                let values = batch.columns().iter().zip(&printers);
                values.map(|(column, printer)| column.is_valid(row).then(|| printer.value(row).to_string())).collect()
            }));
        }
        rows
    }

    /// The columns of a fact.
    pub(crate) async fn columns(&self, fact: &str) -> Vec<String> {
        let described = self.rows(&format!("describe {fact}")).await;
        described.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()
    }

    pub(crate) async fn series(&self, metric: &'static Metric, window: &Window, as_of: Instant) -> Series {
        self.0.metric(metric, window, as_of).await.unwrap()
    }
}

/// The defaults in a zone, with short names.
pub(crate) fn definitions(zone: &str) -> Definitions {
    Definitions { zone: zone.to_owned(), organisation: "acme".to_owned(), ..Definitions::default() }
}

/// What the dialect of our own format understands of these events, which is all of them.
pub(crate) fn observations(events: &[Value]) -> Vec<Observation> {
    let dialect = waymark_collect::find("json").unwrap();
    let reading = Reading { people: PeopleKey::new([7; 32]) };
    let mut observations = Vec::with_capacity(events.len());
    for events in events.chunks(5_000) {
        let body = Value::Array(events.to_vec()).to_string();
        let delivery = waymark_event::Delivery {
            id: DeliveryId::stored("one delivery"),
            received_at: at(RECEIVED_AT),
            ..delivery("json", None, &body, RECEIVED_AT)
        };
        let read = dialect.normalise(&delivery, &reading);
        assert!(read.rejections.is_empty(), "{:?}", read.rejections);
        observations.extend(read.observations);
    }
    observations
}

/// Everything that senders say of these histories.
pub(crate) fn events(histories: &[History]) -> Vec<Value> {
    histories.iter().flat_map(told).collect()
}

fn told(history: &History) -> Vec<Value> {
    let mut events = Vec::new();
    events.extend(history.commits.iter().filter(|commit| commit.is_told).map(|commit| {
        event(
            "commit",
            json!({
                "repository": history.repository, "sha": commit.sha, "parents": commit.parents,
                "authored_at": time(commit.authored_at), "committed_at": time(commit.committed_at),
                "is_bot": commit.is_bot, "picked_from": commit.picked_from, "paths": commit.paths,
            }),
        )
    }));
    for pull in &history.pulls {
        events.push(event(
            "pull_request",
            json!({
                "repository": history.repository, "number": pull.number, "base_ref": "main", "head_ref": "work", "state": "merged",
                "opened_at": time(pull.opened_at), "merged_at": time(pull.merged_at), "closed_at": time(pull.merged_at),
                "merge_sha": pull.merge_sha, "commit_shas": pull.originals, "commits_complete": true,
                "author": "ada@example.org", "is_bot": pull.is_bot,
            }),
        ));
        events.push(event(
            "review",
            json!({
                "pull_request": format!("json:pull_request:local:{}:{}", history.repository, pull.number),
                "reviewer": "grace@example.org", "state": "approved", "submitted_at": time(pull.opened_at + HOUR),
            }),
        ));
    }
    events.extend(history.attempts.iter().map(|attempt| deployment(&history.repository, attempt)));
    events.extend(history.troubles.iter().map(|trouble| {
        event(
            "incident",
            json!({
                "incident_id": trouble.id, "service_hints": [trouble.service], "environment": "production",
                "status": if trouble.resolved_at.is_some() { "resolved" } else { "open" },
                "opened_at": time(trouble.opened_at), "resolved_at": trouble.resolved_at.map(time),
                "deployment_links": trouble.deployment.iter().collect::<Vec<_>>(),
            }),
        )
    }));
    events
}

fn deployment(repository: &str, attempt: &Attempt) -> Value {
    let started_at = attempt.finished_at - 300;
    let (status, result) = match attempt.fate {
        Fate::Success | Fate::Retried => ("finished", Some("success")),
        Fate::Failed | Fate::BrokenOff => ("finished", Some("failure")),
        Fate::Cancelled => ("finished", Some("cancellation")),
        Fate::Running => ("running", None),
    };
    event(
        "deployment",
        json!({
            "deployment_id": attempt.id, "attempt": attempt.attempt, "service_hint": attempt.service,
            "environment": attempt.place.environment(), "track_hint": attempt.track,
            "revisions": attempt.sha.iter().map(|sha| format!("{repository}@{sha}")).collect::<Vec<_>>(),
            "version": attempt.version, "status": status, "result": result,
            "reached": (attempt.fate == Fate::Failed).then_some(false),
            "started_at": time(started_at),
            "exposed_at": (attempt.fate == Fate::BrokenOff).then(|| time(started_at + 60)),
            "finished_at": (attempt.fate != Fate::Running).then(|| time(attempt.finished_at)),
            "completed_at": attempt.completed_at.filter(|_| attempt.is_success()).map(time),
        }),
    )
}

/// One event of our own format; what is null is left out.
pub(crate) fn event(kind: &str, mut data: Value) -> Value {
    if let Some(columns) = data.as_object_mut() {
        columns.retain(|_, value| !value.is_null());
    }
    json!({ "type": kind, "data": data })
}

/// An instant as senders write it.
pub(crate) fn time(seconds: i64) -> String {
    Instant::from_seconds(seconds).to_rfc3339()
}
