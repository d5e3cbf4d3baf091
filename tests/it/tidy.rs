//! The house rules about text, as tests: one pass over the files, messages like a compiler's.
//!
//! A check is a small function over one file that returns breaches, with a small test of its own.
//! What only a compiler, a planner or a running product can judge is tested elsewhere.

mod code;
mod graph;
mod hosts;
mod links;
mod lists;
mod modules;
mod prose;
mod size;
mod tree;
mod words;

use std::fmt;

/// One place that breaks a rule, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Breach {
    /// Path below the root of the repository.
    path: String,
    /// Line from 1; 1 when the whole file is meant.
    line: usize,
    /// What is wrong and what to do instead.
    message: String,
}

impl Breach {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: error: {}", self.path, self.line, self.message)
    }
}

/// Fails once and names every breach, in the order of the files.
fn assert_tidy(mut breaches: Vec<Breach>) {
    breaches.sort();
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(breaches.is_empty(), "{} breaches of docs/STYLE.md\n{}", breaches.len(), lines.join("\n"));
}

#[test]
fn a_breach_reads_like_a_compiler_error() {
    let breach = Breach::new("api/src/app.rs", 12, "this is banned, use that");
    assert_eq!(breach.to_string(), "api/src/app.rs:12: error: this is banned, use that");
}
