//! The tables `attribution`, `attributed_deployments` and `settlement`: what SQL cannot say about
//! ancestry.
//!
//! The graph walk itself is `attribution.rs`; here its inputs are read from `attempts` (later from
//! `deployments`) and `commits`, stream by stream, and its result becomes rows.

use super::columns::{Count, instants, listed, text, texts};
use super::walks::Walk;
use crate::attribution::{Attribution, CommitGraph, Deployed, NewCommits, attribute};
use arrow::array::{Array, RecordBatch};
use datafusion::error::{DataFusionError, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use waymark_event::{Instant, record_batch};

/// Which production deployment is the first to contain each commit.
pub(super) const ATTRIBUTION: Walk = Walk {
    makes: &["attribution", "attributed_deployments"],
    leaves: &[],
    about: &[
        "One row per service, environment, repository and commit: the first deployment that contains it, by ancestry.\n\n\
         Of a stream that begins with a deployment the past before it is marked as baseline; where the history is cut\n\
         off, the status is unknown.",
        "One row per deployment and repository: how many commits it was the first to contain, and whether it took some\n\
         away again.",
    ],
    statements: &[
        // Production deployments that reached users, and the commit graph.
        ("attribution_deployed", include_str!("../../facts/attribution_deployed.sql")),
        ("attribution_graph", include_str!("../../facts/attribution_graph.sql")),
    ],
    reads: &[],
    make: |given| tables(given.rows("attribution_deployed"), given.rows("attribution_graph")),
};

/// The same once more where a rollback took something away.
pub(super) const SETTLEMENT: Walk = Walk {
    makes: &["settlement"],
    leaves: &[],
    about: &[
        "One row per service, environment, repository and commit whose first deployment was taken away again: the first\n\
         deployment that contains it and stayed.",
    ],
    statements: &[
        ("settlement_deployed", include_str!("../../facts/settlement_deployed.sql")),
        ("settlement_graph", include_str!("../../facts/settlement_graph.sql")),
    ],
    reads: &[],
    make: |given| Ok(vec![settlement(given.rows("settlement_deployed"), given.rows("settlement_graph"))?]),
};

#[derive(Serialize, Deserialize)]
struct AttributionRow<'a> {
    service: Cow<'a, str>,
    environment: Cow<'a, str>,
    repository: Cow<'a, str>,
    sha: Cow<'a, str>,
    deployment_id: Cow<'a, str>,
    deployed_at: Count,
    attribution_status: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct SettlementRow<'a> {
    service: Cow<'a, str>,
    environment: Cow<'a, str>,
    repository: Cow<'a, str>,
    sha: Cow<'a, str>,
    /// The deployment that contained it first, and was taken away.
    first_deployment_id: Cow<'a, str>,
    /// The first one that contained it and stayed.
    deployment_id: Cow<'a, str>,
    settled_at: Count,
}

#[derive(Serialize, Deserialize)]
struct DeploymentRow<'a> {
    deployment_id: Cow<'a, str>,
    repository: Cow<'a, str>,
    new_commits: Option<i64>,
    attribution_status: Cow<'a, str>,
    /// Whether it took commits away that ran on its track before; null where that is not known.
    removes_commits: Option<bool>,
}

struct Attempted<'a> {
    deployment_id: &'a str,
    finished_at: Instant,
    track: &'a str,
    sha: &'a str,
    is_taken_away: bool,
}

/// Repository, service and environment.
type Stream<'a> = (&'a str, &'a str, &'a str);

#[derive(Default)]
struct Repository<'a> {
    shas: Vec<&'a str>,
    parents: Vec<Option<Vec<&'a str>>>,
}

/// The two tables of the attribution.
fn tables(deployed: &[RecordBatch], graph: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
    let repositories = repositories(graph)?;
    let unseen = Repository::default();
    let (mut commits, mut deployments) = (Vec::new(), Vec::new());
    let mut built: Option<(&str, CommitGraph)> = None;
    for (stream, mut attempts) in streams(deployed)? {
        let rows = repositories.get(stream.0).unwrap_or(&unseen);
        let graph = match built.take().filter(|(name, _)| *name == stream.0) {
            Some((_, graph)) => graph,
            None => graph_of(rows),
        };
        attempts.sort_by(|left, right| left.order().cmp(&right.order()));
        let mut walked: Vec<Deployed<'_>> = attempts.iter().map(Attempted::deployed).collect();
        let attribution = attribute(&graph, &mut walked);
        deployment_rows(stream.0, &attempts, (&graph, &attribution), &mut deployments);
        for sha in &rows.shas {
            let first = graph.position(sha).and_then(|position| attribution.first_deployment(position));
            let Some((deployment, status)) = first.and_then(|(rank, status)| Some((walked.get(rank)?, status))) else {
                continue;
            };
            let (repository, service, environment) = stream;
            commits.push(AttributionRow {
                service: service.into(),
                environment: environment.into(),
                repository: repository.into(),
                sha: (*sha).into(),
                deployment_id: deployment.deployment_id.into(),
                deployed_at: Count(deployment.finished_at),
                attribution_status: status.as_str().into(),
            });
        }
        built = Some((stream.0, graph));
    }
    let external = |cause| DataFusionError::External(Box::new(cause));
    let commits = record_batch(&commits.iter().collect::<Vec<_>>(), "attribution").map_err(external)?;
    let deployments = record_batch(&deployments.iter().collect::<Vec<_>>(), "attributed_deployments").map_err(external)?;
    Ok(vec![commits, deployments])
}

/// Of every commit whose first deployment was taken away the first one that stayed, if there is any.
fn settlement(deployed: &[RecordBatch], graph: &[RecordBatch]) -> Result<RecordBatch> {
    let repositories = repositories(graph)?;
    let mut settled = Vec::new();
    for (stream, mut attempts) in streams(deployed)? {
        let Some(rows) = repositories.get(stream.0).filter(|_| attempts.iter().any(|attempt| attempt.is_taken_away)) else {
            continue;
        };
        let graph = graph_of(rows);
        attempts.sort_by(|left, right| left.order().cmp(&right.order()));
        let mut walked: Vec<Deployed<'_>> = attempts.iter().map(Attempted::deployed).collect();
        let first = attribute(&graph, &mut walked);
        let mut staying: Vec<Deployed<'_>> =
            attempts.iter().filter(|attempt| !attempt.is_taken_away).map(Attempted::deployed).collect();
        let stayed = attribute(&graph, &mut staying);
        for sha in &rows.shas {
            let Some(position) = graph.position(sha) else { continue };
            let gone = first.first_deployment(position).and_then(|(rank, _)| attempts.get(rank));
            let Some(gone) = gone.filter(|attempt| attempt.is_taken_away) else { continue };
            let Some(stayed) = stayed.first_deployment(position).and_then(|(rank, _)| staying.get(rank)) else { continue };
            let (repository, service, environment) = stream;
            settled.push(SettlementRow {
                service: service.into(),
                environment: environment.into(),
                repository: repository.into(),
                sha: (*sha).into(),
                first_deployment_id: gone.deployment_id.into(),
                deployment_id: stayed.deployment_id.into(),
                settled_at: Count(stayed.finished_at),
            });
        }
    }
    let settled: Vec<&SettlementRow<'_>> = settled.iter().collect();
    record_batch(&settled, "settlement").map_err(|cause| DataFusionError::External(Box::new(cause)))
}

impl<'a> Attempted<'a> {
    const fn order(&self) -> (Instant, &'a str, &'a str) {
        (self.finished_at, self.deployment_id, self.sha)
    }

    const fn deployed(&self) -> Deployed<'a> {
        Deployed { deployment_id: self.deployment_id, finished_at: self.finished_at, sha: self.sha }
    }
}

/// One row per deployment of a stream; the attempts are in the order of the attribution.
fn deployment_rows<'a>(
    repository: &'a str,
    attempts: &[Attempted<'a>],
    (graph, attribution): (&CommitGraph, &Attribution),
    rows: &mut Vec<DeploymentRow<'a>>,
) {
    let mut running: HashMap<&str, Vec<Option<u32>>> = HashMap::new();
    let mut results = attribution.deployments.iter();
    for parts in attempts.chunk_by(|left, right| left.deployment_id == right.deployment_id) {
        let Some(first) = parts.first() else { continue };
        let mut whole: Option<NewCommits> = None;
        for part in results.by_ref().take(parts.len()) {
            whole = Some(whole.map_or(*part, |whole| together(whole, *part)));
        }
        let Some(whole) = whole else { continue };
        let next: Vec<Option<u32>> = parts.iter().map(|part| graph.position(part.sha)).collect();
        let before = running.insert(first.track, next.clone());
        // What brings something new is not less than what ran, whatever it leaves out.
        let removes_commits = before.filter(|_| whole.new_commits == Some(0)).and_then(|before| {
            let pairs = before.iter().flat_map(|running| next.iter().map(move |next| (*running, *next)));
            let answers: Vec<Option<bool>> =
                pairs.map(|(running, next)| attribution.removes_commits(graph, running?, next?)).collect();
            // Of several commits of one repository, one that contains what ran is enough.
            if answers.contains(&Some(false)) {
                Some(false)
            } else {
                answers.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
            }
        });
        rows.push(DeploymentRow {
            deployment_id: first.deployment_id.into(),
            repository: repository.into(),
            new_commits: whole.new_commits.map(i64::from),
            attribution_status: whole.status.as_str().into(),
            removes_commits,
        });
    }
}

/// Two commits of one deployment: what is not known of one is not known of both.
fn together(one: NewCommits, other: NewCommits) -> NewCommits {
    NewCommits {
        status: one.status.max(other.status),
        new_commits: one.new_commits.zip(other.new_commits).map(|(one, other)| one.saturating_add(other)),
    }
}

fn graph_of(rows: &Repository<'_>) -> CommitGraph {
    let rows = rows.shas.iter().zip(&rows.parents);
    CommitGraph::from_rows(rows.map(|(sha, parents)| (*sha, parents.as_ref().map(|parents| parents.iter().copied()))))
}

fn streams(deployed: &[RecordBatch]) -> Result<BTreeMap<Stream<'_>, Vec<Attempted<'_>>>> {
    let mut streams: BTreeMap<Stream<'_>, Vec<Attempted<'_>>> = BTreeMap::new();
    for batch in deployed {
        let (service, environment) = (text(batch, "service")?, text(batch, "environment")?);
        let (repository, sha) = (text(batch, "repository")?, text(batch, "sha")?);
        let (deployment_id, track) = (text(batch, "deployment_id")?, text(batch, "track")?);
        let finished = instants(batch, "finished_at")?;
        let taken_away = batch.column_by_name("taken_away_at");
        for row in 0..batch.num_rows() {
            let stream = (repository.value(row), service.value(row), environment.value(row));
            streams.entry(stream).or_default().push(Attempted {
                deployment_id: deployment_id.value(row),
                finished_at: Instant::from_micros(finished.value(row)),
                track: track.value(row),
                sha: sha.value(row),
                is_taken_away: taken_away.is_some_and(|column| column.is_valid(row)),
            });
        }
    }
    Ok(streams)
}

fn repositories(graph: &[RecordBatch]) -> Result<BTreeMap<&str, Repository<'_>>> {
    let mut repositories: BTreeMap<&str, Repository<'_>> = BTreeMap::new();
    for batch in graph {
        let (repository, sha) = (text(batch, "repository")?, text(batch, "sha")?);
        let parents = texts(batch, "parents")?;
        for row in 0..batch.num_rows() {
            let rows = repositories.entry(repository.value(row)).or_default();
            rows.shas.push(sha.value(row));
            rows.parents.push(listed(parents, row).map(Iterator::collect));
        }
    }
    Ok(repositories)
}
