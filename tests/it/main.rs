//! The product from outside: one test binary, one module per subject, cases as files.
//!
//! `CASE=github/push cargo test` runs only the file cases whose name holds that text;
//! `WAYMARK_BLESS=1 cargo test` writes golden and generated files, to be read before they are kept.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod crash;
mod disorder;
mod generated;
mod harness;
mod lake_rows;
mod pipeline;
mod repositories;
mod routes;
mod scenarios;
mod sources;
mod tidy;
mod webhook;
