//! `waymark sql` and `rejections`: people's own questions, and what was not understood.

use super::workplace::Workplace;
use super::{Place, RowsFormat, output};
use anyhow::Context;
use std::sync::Arc;
use waymark_analytics::{ARRIVALS, Limits, QueryService, REJECTIONS, Window};

/// Flags of `waymark sql`.
#[derive(Debug, clap::Args)]
pub(crate) struct SqlArgs {
    /// One select statement; `select table_name from information_schema.tables` lists the tables.
    query: String,
    /// table, json, csv or parquet.
    #[arg(long, value_enum, default_value_t = RowsFormat::Table)]
    format: RowsFormat,
}

/// Flags of `waymark rejections`.
#[derive(Debug, clap::Args)]
pub(crate) struct RejectionsArgs {
    /// Show instead what arrived, by source and kind, with counts of ignored messages.
    #[arg(long)]
    arrivals: bool,
    /// At most this many rows.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    rows: usize,
}

/// Answers one statement.
pub(crate) async fn sql(place: &Place, args: SqlArgs) -> anyhow::Result<()> {
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let spill = workplace.layout.root().join(format!("spill-{}", std::process::id()));
    let memory = workplace.config.operation.query.memory_bytes_max;
    let service = QueryService::new(Arc::clone(&engine), memory, &spill).context("failed to start the query service")?;
    let limits = if args.format == RowsFormat::Table { Limits::PEOPLE } else { Limits::STREAM };
    let answer = service.ask(&args.query, limits).await;
    drop(service);
    std::fs::remove_dir_all(&spill).with_context(|| format!("failed to remove `{}`", spill.display()))?;
    let answer = answer?;
    let format = if place.json { RowsFormat::Json } else { args.format };
    let batches =
        if answer.batches.is_empty() { vec![arrow::array::RecordBatch::new_empty(answer.schema)] } else { answer.batches };
    output::rows(&batches, format)
}

/// Lists what was not understood, or what arrived.
pub(crate) async fn rejections(place: &Place, args: RejectionsArgs) -> anyhow::Result<()> {
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let as_of = engine.newest().await?.as_of();
    let window = Window::trailing_days(1, as_of, workplace.definitions.zone());
    let answer = if args.arrivals { &ARRIVALS } else { &REJECTIONS };
    let rows = engine.answer(answer, &window).await?;
    if rows.num_rows() == 0 && !place.json {
        output::answer("everything that arrived was understood");
        return Ok(());
    }
    let shown = rows.slice(0, rows.num_rows().min(args.rows));
    output::rows(&[shown], if place.json { RowsFormat::Json } else { RowsFormat::Table })
}
