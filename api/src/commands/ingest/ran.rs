//! The runs and deployments of a repository that the lake knows, as rules of evidence see them.

use super::Workplace;
use anyhow::Context;
use arrow::array::RecordBatch;
use arrow::json::LineDelimitedWriter;
use serde_json::Value;
use std::collections::BTreeSet;
use waymark_analytics::tier_of;
use waymark_collect::evidence::{Ran, RanKind};
use waymark_event::Instant;
use waymark_lake::{Layout, Snapshot, Wanted, observed_table, read_rows};

const RUN: &[&str] = &["entity_id", "part_of", "is_deleted", "status", "is_default_branch", "finished_at", "uses"];
const DEPLOYMENT: &[&str] = &[
    "entity_id",
    "part_of",
    "is_deleted",
    "status",
    "result",
    "environment",
    "tier_hint",
    "finished_at",
    "source",
    "instance",
];

/// Runs on the default branch and production deployments that ended, whether they are told once or often.
pub(super) async fn ran(workplace: &Workplace, repository: &str, service: Option<&str>) -> anyhow::Result<Vec<Ran>> {
    let layout = &workplace.layout;
    let Some(snapshot) = Snapshot::newest(layout).await? else { return Ok(Vec::new()) };
    let subjects: BTreeSet<String> = [Some(repository), service].into_iter().flatten().map(str::to_owned).collect();
    let mut ran = Vec::new();
    for row in rows(layout, &snapshot, "ci_runs", &subjects, RUN).await? {
        if row["is_default_branch"] == true {
            let names = row["uses"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            ran.extend(ended(&row, RanKind::Run, names));
        }
    }
    for row in rows(layout, &snapshot, "deployments", &subjects, DEPLOYMENT).await? {
        let is_production = row["tier_hint"] == "production"
            || row["environment"]
                .as_str()
                .and_then(|name| tier_of(&workplace.definitions, name))
                .is_some_and(|tier| tier == "production");
        if is_production && row["result"] == "success" {
            let text = |name: &str| row[name].as_str().unwrap_or_default();
            let names = vec![text("source").to_owned(), format!("{}:{}", text("source"), text("instance"))];
            ran.extend(ended(&row, RanKind::Deployment, names));
        }
    }
    Ok(ran)
}

fn ended(row: &Value, kind: RanKind, names: Vec<String>) -> Option<Ran> {
    if !row["part_of"].is_null() || row["is_deleted"] == true || row["status"] != "finished" {
        return None;
    }
    let at = Instant::parse(row["finished_at"].as_str()?).ok()?;
    Some(Ran { at, entity: row["entity_id"].as_str()?.to_owned(), kind, names })
}

async fn rows(
    layout: &Layout,
    snapshot: &Snapshot,
    name: &str,
    subjects: &BTreeSet<String>,
    columns: &[&str],
) -> anyhow::Result<Vec<Value>> {
    let table = observed_table(name);
    let files = snapshot.tables.get(&table).map(|version| version.files.as_slice()).unwrap_or_default();
    let wanted = Wanted { subjects: Some(subjects), columns: Some(columns), ..Wanted::default() };
    let batches = read_rows(layout, &table, files, wanted).await?;
    values(&batches).with_context(|| format!("failed to read the rows of `{table}`"))
}

fn values(batches: &[RecordBatch]) -> anyhow::Result<Vec<Value>> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write_batches(&batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    let bytes = writer.into_inner();
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(serde_json::from_slice).collect::<Result<_, _>>()?)
}
