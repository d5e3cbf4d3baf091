//! Everything that commands print: answers to the output stream, words for people to the error stream.

use super::RowsFormat;
use anyhow::Context;
use arrow::array::RecordBatch;
use std::io::{IsTerminal, Write};
use std::path::Path;
use terminal_size::{Width, terminal_size_of};
use waymark_api::encode;
use waymark_reports::wording;

/// One line of an answer. A reader that has gone away, such as `head`, wants no more of it.
pub(super) fn answer(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Prose is broken at the terminal's width, but into lines of at least and at most so many columns.
const COLUMNS_MIN: usize = 80;
const COLUMNS_MAX: usize = 120;
/// What stands before a gap and is longer than this is no first column.
const NAME_CHARS_MAX: usize = 24;

/// A sentence of an answer, folded for whoever reads it on a terminal.
pub(super) fn prose(text: &str) {
    answer(&folded(text));
}

/// Prose with its lines broken between words; as it is where the output is no terminal.
pub(super) fn folded(text: &str) -> String {
    let size = terminal_size_of(std::io::stdout()).map(|(Width(columns), _)| columns);
    match columns(size, std::io::stdout().is_terminal()) {
        Some(columns) => fold(text, columns),
        None => text.to_owned(),
    }
}

/// At how many columns lines are broken: at the fewest on a terminal that does not say its size, nowhere without one.
#[expect(clippy::fn_params_excessive_bools, reason = "the output is a terminal or it is not")]
fn columns(size: Option<u16>, is_terminal: bool) -> Option<usize> {
    let known = size.map(|columns| usize::from(columns).clamp(COLUMNS_MIN, COLUMNS_MAX));
    known.or(is_terminal.then_some(COLUMNS_MIN))
}

fn fold(text: &str, columns: usize) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| fold_line(line, columns)).collect();
    lines.join("\n")
}

/// A word that is too long for any line, such as an address, stays whole.
fn fold_line(line: &str, columns: usize) -> String {
    let indent = " ".repeat(hanging(line));
    let mut lines = Vec::new();
    let mut current = String::new();
    for (place, word) in line.split(' ').enumerate() {
        let is_full = current.chars().count() + 1 + word.chars().count() > columns;
        if is_full && !word.is_empty() && !current.trim().is_empty() {
            lines.push(current.trim_end().to_owned());
            current = format!("{indent}{word}");
        } else {
            current.extend((place > 0).then_some(' '));
            current.push_str(word);
        }
    }
    lines.push(current);
    lines.join("\n")
}

/// Where a line goes on below itself: under its second column where it has one, else two columns further in.
fn hanging(line: &str) -> usize {
    let text = line.trim_start_matches(' ');
    let lead = line.len() - text.len();
    let columns = text.split_once("  ").filter(|(name, _)| name.chars().count() <= NAME_CHARS_MAX);
    columns.map_or(lead + 2, |(name, rest)| {
        let gap = 2 + rest.len() - rest.trim_start_matches(' ').len();
        lead + name.chars().count() + gap
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_a_size_is_narrow_and_a_file_has_no_width() {
        assert_eq!(columns(Some(100), true), Some(100));
        assert_eq!(columns(Some(40), true), Some(80));
        assert_eq!(columns(None, true), Some(80));
        assert_eq!(columns(None, false), None);
    }

    #[test]
    fn prose_is_broken_between_words_and_goes_on_below_itself() {
        assert_eq!(fold("  a sentence of words", 12), "  a sentence\n    of words");
        assert_eq!(fold("limits      one two three", 20), "limits      one two\n            three");
        assert_eq!(fold("\nit fits", 20), "\nit fits");
        let address = "https://example.org/a/long/address";
        assert_eq!(fold(&format!("see {address} here"), 12), format!("see\n  {address}\n  here"));
    }
}
