//! The product from outside: one test binary, one module per subject, cases as files.
//!
//! `CASE=github/push cargo test` runs only the file cases whose name holds that text;
//! `WAYMARK_BLESS=1 cargo test` writes golden and generated files, to be read before they are kept.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod adoption;
mod backfill;
mod broker;
mod cases;
mod cluster;
mod conformance;
mod crash;
mod disorder;
mod doctor;
mod evidence;
mod faults;
mod fitted;
mod generated;
mod grafana;
mod harness;
mod hazards;
mod kafka;
mod lake_rows;
mod moto;
mod object_storage;
mod open_data;
mod oracle;
mod pipeline;
mod python;
mod repositories;
mod routes;
mod scale;
mod scenarios;
mod settled;
mod sources;
mod surveys;
mod tidy;
mod upkeep;
mod webhook;
