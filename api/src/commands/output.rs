//! Everything that commands print: answers to the output stream, words for people to the error stream.

use super::RowsFormat;
use anyhow::Context;
use arrow::array::RecordBatch;
use std::io::{IsTerminal, Write};
use std::path::Path;
use waymark_api::encode;
use waymark_reports::wording;

/// One line of an answer. A reader that has gone away, such as `head`, wants no more of it.
pub(super) fn answer(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// One line for the person in front of the terminal; it never mixes with an answer.
#[expect(clippy::print_stderr, reason = "this is the one place that talks to people")]
pub(super) fn note(line: &str) {
    eprintln!("{line}");
}

/// An error with its causes, each said once.
pub(super) fn trouble(error: &anyhow::Error) {
    let mut sentences: Vec<String> = Vec::new();
    for cause in error.chain() {
        let sentence = cause.to_string();
        if !sentences.iter().any(|said| said.contains(&sentence)) {
            sentences.push(sentence);
        }
    }
    note(&format!("error: {}", sentences.join(": ")));
}

/// A count of things, in the singular where there is one.
pub(super) fn counted(count: usize, thing: &str) -> String {
    wording::counted(i64::try_from(count).unwrap_or(i64::MAX), thing)
}

/// Raw bytes of an answer.
pub(super) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    std::io::stdout().write_all(bytes).context("failed to write to the output")
}

/// Bytes into a file, or to the output when the file is `-` or missing.
pub(super) fn bytes_to(path: Option<&Path>, content: &[u8]) -> anyhow::Result<()> {
    match path.filter(|path| path.as_os_str() != "-") {
        None => bytes(content),
        Some(path) => {
            std::fs::write(path, content).with_context(|| {
                format!("failed to write `{}`: check that the folder exists and is writable", path.display())
            })?;
            note(&format!("wrote {}", path.display()));
            Ok(())
        }
    }
}

/// Rows in the format that was asked for.
pub(super) fn rows(batches: &[RecordBatch], format: RowsFormat) -> anyhow::Result<()> {
    match format {
        RowsFormat::Table => answer(&encode::table(batches).context("failed to print the rows")?),
        RowsFormat::Json => answer(&encode::json_rows(batches).context("failed to write the rows as JSON")?),
        RowsFormat::Csv => bytes(&encode::csv(batches).context("failed to write the rows as CSV")?)?,
        RowsFormat::Parquet => {
            if std::io::stdout().is_terminal() {
                anyhow::bail!("a Parquet file is no text: send the output into a file with `> rows.parquet`");
            }
            bytes(&encode::parquet(batches).context("failed to write the rows as Parquet")?)?;
        }
    }
    Ok(())
}

/// A bar that tells how far a long piece of work has come; silent where nobody looks.
pub(super) fn progress(total: u64, what: &'static str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(total);
    let style = indicatif::ProgressStyle::with_template("{msg:>28} [{bar:40}] {human_pos}/{human_len} {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar.set_message(what);
    bar
}
