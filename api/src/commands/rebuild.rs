//! `waymark rebuild`: reads the kept deliveries again, computes every fact from nothing, and says
//! whether that is what incremental work had come to. Files that are gone or damaged keep it from comparing only:
//! deliveries are all that it needs.

use super::Place;
use super::output::{self, counted};
use super::workplace::Workplace;
use super::writer::Writer;
use anyhow::Context;
use arrow::array::RecordBatch;
use arrow::json::LineDelimitedWriter;
use serde::Serialize;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use waymark_analytics::FACTS;
use waymark_lake::{DataFile, Layout, Snapshot, Wanted, fact_table, keep_newest_snapshot_only, read_rows};

/// What a rebuild read, and in which facts its result differs.
#[derive(Debug, Serialize)]
struct Answer {
    deliveries: usize,
    observations: usize,
    rejections: usize,
    /// Observations that stay as they were, because their deliveries are gone.
    kept_observations: usize,
    /// Files of observations that were gone or damaged.
    lost_files: Vec<String>,
    snapshot: String,
    /// Null when the facts as they were could not be read.
    differences: Option<Vec<Difference>>,
}

/// How many rows of a fact only one of the two snapshots has.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Difference {
    fact: &'static str,
    rows_only_before: u64,
    rows_only_after: u64,
}

/// Rebuilds everything that can be derived.
pub(crate) async fn run(place: &Place) -> anyhow::Result<()> {
    let workplace = Workplace::existing(place).await?;
    let mut writer = Writer::open(&workplace, "rebuild").await?;
    writer.drain().await?;
    let before = match writer.refresh().await {
        Ok(before) => Some(before),
        Err(error) => {
            output::note(&format!("nothing can be compared, because the facts as they were cannot be read: {error:#}"));
            None
        }
    };
    let rebuilt = writer.pipeline().rebuild().await?;
    let after = writer.refresh_fully().await?;
    let differences = compared(&workplace.layout, before.as_ref(), &after).await;
    // Older snapshots may name files that cannot be read.
    keep_newest_snapshot_only(&workplace.layout).await?;
    let answer = Answer {
        deliveries: rebuilt.deliveries,
        observations: rebuilt.observations,
        rejections: rebuilt.rejections,
        kept_observations: rebuilt.stay,
        lost_files: rebuilt.lost,
        snapshot: after.id,
        differences,
    };
    if place.json {
        let text = serde_json::to_string_pretty(&answer).context("failed to write the answer as JSON")?;
        output::answer(&text);
    } else {
        say(&answer);
    }
    Ok(())
}

fn say(answer: &Answer) {
    output::answer(&format!(
        "read again: {}, {}, {}; kept because their deliveries are gone: {}",
        counted(answer.deliveries, "delivery"),
        counted(answer.observations, "observation"),
        counted(answer.rejections, "rejection"),
        counted(answer.kept_observations, "observation")
    ));
    for file in &answer.lost_files {
        output::answer(&format!(
            "{file} was gone or damaged: what kept deliveries say is there again; where deliveries have expired or were emptied, what they said is lost, unless the newest backup is restored"
        ));
    }
    match answer.differences.as_deref() {
        None => output::answer("every fact was computed from nothing, and nothing was compared"),
        Some([]) => output::answer("every fact equals what incremental work had computed"),
        Some(differences) => {
            for difference in differences {
                output::answer(&format!(
                    "`{}` differs from what incremental work had computed: {} rows only before, {} rows only after",
                    difference.fact, difference.rows_only_before, difference.rows_only_after
                ));
            }
        }
    }
}

/// In which facts two snapshots differ; null when the first one is not there or cannot be read.
async fn compared(layout: &Layout, before: Option<&Snapshot>, after: &Snapshot) -> Option<Vec<Difference>> {
    match differences(layout, before?, after).await {
        Ok(differences) => Some(differences),
        Err(error) => {
            output::note(&format!("the facts as they were cannot be read: {error:#}"));
            None
        }
    }
}

async fn differences(layout: &Layout, before: &Snapshot, after: &Snapshot) -> anyhow::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for fact in FACTS {
        let table = fact_table(fact.name);
        let files = |snapshot: &Snapshot| snapshot.tables.get(&table).map(|version| version.files.clone()).unwrap_or_default();
        let (old, new) = (files(before), files(after));
        // The name of a fact's file tells its content, so equal names need no reading.
        let mut surplus: HashMap<u64, i64> = HashMap::new();
        for file in old.iter().filter(|file| !new.contains(file)) {
            count(layout, &table, file, 1, &mut surplus).await?;
        }
        for file in new.iter().filter(|file| !old.contains(file)) {
            count(layout, &table, file, -1, &mut surplus).await?;
        }
        let (rows_only_before, rows_only_after) = sums(surplus.into_values());
        if rows_only_before + rows_only_after > 0 {
            differences.push(Difference { fact: fact.name, rows_only_before, rows_only_after });
        }
    }
    Ok(differences)
}

/// Counts each row of a file, up or down.
async fn count(
    layout: &Layout,
    table: &str,
    file: &DataFile,
    step: i64,
    surplus: &mut HashMap<u64, i64>,
) -> anyhow::Result<()> {
    for batch in read_rows(layout, table, std::slice::from_ref(file), Wanted::default()).await? {
        for line in
            lines(&batch).with_context(|| format!("failed to compare the rows of `{table}`"))?.split(|byte| *byte == b'\n')
        {
            if line.is_empty() {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            *surplus.entry(hasher.finish()).or_default() += step;
        }
    }
    Ok(())
}

fn lines(batch: &RecordBatch) -> Result<Vec<u8>, arrow::error::ArrowError> {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(batch)?;
    writer.finish()?;
    Ok(writer.into_inner())
}

/// How much stands above zero, and how much below.
fn sums(surplus: impl Iterator<Item = i64>) -> (u64, u64) {
    surplus.fold((0, 0), |(before, after), count| {
        let size = count.unsigned_abs();
        if count > 0 { (before + size, after) } else { (before, after + size) }
    })
}
