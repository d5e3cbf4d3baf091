//! The tables `attribution` and `attributed_deployments`: what SQL cannot say about ancestry.
//!
//! The graph walk itself is `attribution.rs`; here its inputs are read from `attempts` and
//! `commits`, stream by stream, and its result becomes rows.

use crate::attribution::{CommitGraph, Deployed, attribute};
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::error::{DataFusionError, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waymark_event::{Instant, record_batch};

/// What the walk reads: production deployments that reached users, and the commit graph.
pub(super) const DEPLOYED: &str = include_str!("../../facts/attribution_deployed.sql");
/// The commit graph, repository by repository.
pub(super) const GRAPH: &str = include_str!("../../facts/attribution_graph.sql");

#[derive(Serialize, Deserialize)]
struct AttributionRow {
    service: String,
    environment: String,
    repository: String,
    sha: String,
    deployment_id: String,
    deployed_at: Instant,
    attribution_status: String,
}

#[derive(Serialize, Deserialize)]
struct DeploymentRow {
    deployment_id: String,
    repository: String,
    new_commits: Option<i64>,
    attribution_status: String,
}

struct Attempted {
    deployment_id: String,
    finished_at: Instant,
    sha: String,
}

type Stream = (String, String, String);

struct Repository {
    shas: Vec<String>,
    parents: Vec<Option<Vec<String>>>,
}

/// The two tables, from the answers to `DEPLOYED` and `GRAPH`.
pub(super) fn tables(deployed: &[RecordBatch], graph: &[RecordBatch]) -> Result<(RecordBatch, RecordBatch)> {
    let repositories = repositories(graph)?;
    let mut streams = streams(deployed)?;
    let (mut commits, mut deployments) = (Vec::new(), Vec::new());
    let mut built: Option<(String, CommitGraph)> = None;
    for ((repository, service, environment), attempts) in &mut streams {
        let Some(rows) = repositories.get(repository) else { continue };
        if built.as_ref().is_none_or(|(name, _)| name != repository) {
            built = Some((repository.clone(), graph_of(rows)));
        }
        let Some((_, graph)) = &built else { continue };
        attempts.sort_by(|left, right| (left.finished_at, &left.deployment_id).cmp(&(right.finished_at, &right.deployment_id)));
        let mut walked: Vec<Deployed<'_>> = attempts
            .iter()
            .map(|attempt| Deployed {
                deployment_id: &attempt.deployment_id,
                finished_at: attempt.finished_at,
                sha: &attempt.sha,
            })
            .collect();
        let attribution = attribute(graph, &mut walked);
        for (deployment, found) in walked.iter().zip(&attribution.deployments) {
            deployments.push(DeploymentRow {
                deployment_id: deployment.deployment_id.to_owned(),
                repository: repository.clone(),
                new_commits: found.new_commits.map(i64::from),
                attribution_status: found.status.as_str().to_owned(),
            });
        }
        for sha in &rows.shas {
            let first = graph.position(sha).and_then(|position| attribution.first_deployment(position));
            let Some((deployment, status)) = first.and_then(|(rank, status)| Some((walked.get(rank)?, status))) else {
                continue;
            };
            commits.push(AttributionRow {
                service: service.clone(),
                environment: environment.clone(),
                repository: repository.clone(),
                sha: sha.clone(),
                deployment_id: deployment.deployment_id.to_owned(),
                deployed_at: deployment.finished_at,
                attribution_status: status.as_str().to_owned(),
            });
        }
    }
    let external = |cause| DataFusionError::External(Box::new(cause));
    let commits = record_batch(&commits.iter().collect::<Vec<_>>(), "attribution").map_err(external)?;
    let deployments = record_batch(&deployments.iter().collect::<Vec<_>>(), "attributed_deployments").map_err(external)?;
    Ok((commits, deployments))
}

fn graph_of(rows: &Repository) -> CommitGraph {
    let rows = rows.shas.iter().zip(&rows.parents);
    CommitGraph::from_rows(
        rows.map(|(sha, parents)| (sha.as_str(), parents.as_ref().map(|parents| parents.iter().map(String::as_str)))),
    )
}

fn text<'batch>(batch: &'batch RecordBatch, name: &str) -> Result<&'batch StringArray> {
    let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    column.ok_or_else(|| DataFusionError::Internal(format!("`{name}` is no text column of the attribution's input")))
}

fn streams(deployed: &[RecordBatch]) -> Result<BTreeMap<Stream, Vec<Attempted>>> {
    let mut streams: BTreeMap<Stream, Vec<Attempted>> = BTreeMap::new();
    for batch in deployed {
        let (service, environment) = (text(batch, "service")?, text(batch, "environment")?);
        let (repository, sha) = (text(batch, "repository")?, text(batch, "sha")?);
        let deployment_id = text(batch, "deployment_id")?;
        let finished =
            batch.column_by_name("finished_at").and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        let finished = finished
            .ok_or_else(|| DataFusionError::Internal("`finished_at` is no instant of the attribution's input".to_owned()))?;
        for row in 0..batch.num_rows() {
            let stream = (repository.value(row).to_owned(), service.value(row).to_owned(), environment.value(row).to_owned());
            streams.entry(stream).or_default().push(Attempted {
                deployment_id: deployment_id.value(row).to_owned(),
                finished_at: Instant::from_micros(finished.value(row)),
                sha: sha.value(row).to_owned(),
            });
        }
    }
    Ok(streams)
}

fn repositories(graph: &[RecordBatch]) -> Result<BTreeMap<String, Repository>> {
    let mut repositories: BTreeMap<String, Repository> = BTreeMap::new();
    for batch in graph {
        let (repository, sha) = (text(batch, "repository")?, text(batch, "sha")?);
        let parents = batch.column_by_name("parents").and_then(|column| column.as_list_opt::<i32>());
        let parents =
            parents.ok_or_else(|| DataFusionError::Internal("`parents` is no list of the attribution's input".to_owned()))?;
        for row in 0..batch.num_rows() {
            let rows = match repositories.get_mut(repository.value(row)) {
                Some(rows) => rows,
                None => repositories
                    .entry(repository.value(row).to_owned())
                    .or_insert(Repository { shas: Vec::new(), parents: Vec::new() }),
            };
            rows.shas.push(sha.value(row).to_owned());
            rows.parents.push(parents.is_valid(row).then(|| {
                let listed = parents.value(row);
                let listed = listed.as_string_opt::<i32>();
                listed.map(|listed| listed.iter().flatten().map(ToOwned::to_owned).collect()).unwrap_or_default()
            }));
        }
    }
    Ok(repositories)
}
