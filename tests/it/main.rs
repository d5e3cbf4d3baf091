//! The product from outside: one test binary, one module per subject, cases as files.
//!
//! `CASE=github/push cargo test` runs only the file cases whose name holds that text;
//! `WAYMARK_BLESS=1 cargo test` writes golden and generated files, to be read before they are kept.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod harness;
mod tidy;
