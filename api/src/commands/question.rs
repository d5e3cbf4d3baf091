//! `waymark sql` and `rejections`: people's own questions, and what was not understood.

use super::workplace::Workplace;
use super::{Place, RowsFormat, output};
use anyhow::Context;
use std::sync::Arc;
use waymark_analytics::{ARRIVALS, Limits, QueryService, REJECTIONS, Window};
use waymark_api::encode;

/// Flags of `waymark sql`.
#[derive(Debug, clap::Args)]
pub(crate) struct SqlArgs {
    /// One select statement; `select table_name from information_schema.tables` lists the tables.
    query: String,
    /// table, json, csv or parquet. Default: table, and json with `--json`.
    #[arg(long, value_enum)]
    format: Option<RowsFormat>,
    /// With `--format csv`: put `'` before texts that a spreadsheet would take for formulas.
    #[arg(long)]
    csv_safe: bool,
}

impl SqlArgs {
    /// The one format that was asked for.
    #[expect(clippy::fn_params_excessive_bools, reason = "the flag of the command, passed on")]
    fn format(&self, is_json: bool) -> anyhow::Result<RowsFormat> {
        let format = match (is_json, self.format) {
            (true, None | Some(RowsFormat::Json)) => RowsFormat::Json,
            (true, Some(_)) => anyhow::bail!("`--json` and `--format` name two formats: leave one of them out"),
            (false, format) => format.unwrap_or(RowsFormat::Table),
        };
        if self.csv_safe && format != RowsFormat::Csv {
            anyhow::bail!("`--csv-safe` is about CSV: write `--format csv` beside it");
        }
        Ok(format)
    }
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
    let format = args.format(place.json)?;
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let spill = workplace.layout.root().join(format!("spill-{}", std::process::id()));
    let memory = workplace.config.operation.query.memory_bytes_max;
    let service = QueryService::new(Arc::clone(&engine), memory, &spill).context("failed to start the query service")?;
    let limits = if format == RowsFormat::Table { Limits::PEOPLE } else { Limits::STREAM };
    let answer = service.ask(&args.query, limits).await;
    drop(service);
    std::fs::remove_dir_all(&spill).with_context(|| format!("failed to remove `{}`", spill.display()))?;
    let answer = answer?;
    let batches =
        if answer.batches.is_empty() { vec![arrow::array::RecordBatch::new_empty(answer.schema)] } else { answer.batches };
    if args.csv_safe {
        return output::bytes(&encode::csv_safe(&batches).context("failed to write the rows as CSV")?);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_formats_at_once_are_refused() {
        let asked = |is_json: bool, format: Option<RowsFormat>, csv_safe: bool| {
            SqlArgs { query: "select 1".to_owned(), format, csv_safe }.format(is_json).ok()
        };
        assert_eq!(asked(false, None, false), Some(RowsFormat::Table));
        assert_eq!(asked(true, None, false), Some(RowsFormat::Json));
        assert_eq!(asked(true, Some(RowsFormat::Json), false), Some(RowsFormat::Json));
        assert_eq!(asked(true, Some(RowsFormat::Csv), false), None);
        assert_eq!(asked(false, Some(RowsFormat::Csv), true), Some(RowsFormat::Csv));
        assert_eq!(asked(false, Some(RowsFormat::Parquet), true), None);
    }
}
