//! Rows of the Markdown table that a run prints, and numbers as they stand in it.

use std::time::Duration;

/// What stands where there is no aim.
pub(crate) const NO_AIM: &str = "–";

/// Prints the head of the table.
#[expect(clippy::print_stdout, reason = "a benchmark prints what it saw")]
pub(crate) fn heading() {
    println!("| What | Seen | Aim |\n|---|---|---|");
}

/// Prints one row.
#[expect(clippy::print_stdout, reason = "a benchmark prints what it saw")]
pub(crate) fn row(what: &str, seen: &str, aim: &str) {
    println!("| {what} | {seen} | {aim} |");
}

/// A short time.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1_000.0)
}

/// A long time.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// How many in a second.
pub(crate) fn per_second(count: usize, duration: Duration) -> String {
    format!("{:.0} per second", count as f64 / duration.as_secs_f64())
}

/// A count with a comma after each thousand.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
