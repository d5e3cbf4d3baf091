//! Facts, in order: each reads observations, registers, `settings` and what stands above it.
//!
//! Line one of a fact's file is its grain. All facts are computed again at each refresh; a fact
//! whose rows did not change is not written again.

mod attributed;
mod refresh;

pub use refresh::{Refresh, refresh};
pub(crate) use refresh::{newest, register_observed_schema, rows_of};

/// One fact: its row of the list.
#[derive(Debug)]
pub struct Fact {
    /// The table's name.
    pub name: &'static str,
    /// Columns that tell its rows apart; rows are stored in their order.
    pub key: &'static [&'static str],
    /// Whether the SQL catalogue shows it.
    pub is_visible: bool,
    /// Whether readers keep it in memory.
    pub is_hot: bool,
    /// The definition; empty for a table that is made in Rust.
    pub sql: &'static str,
}

/// Every fact, in the order in which they are computed.
pub const FACTS: &[Fact] = &[
    Fact {
        name: "commits",
        key: &["repository", "sha"],
        is_visible: true,
        is_hot: false,
        sql: include_str!("../facts/commits.sql"),
    },
    Fact {
        name: "service_owners",
        key: &["service", "valid_from"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/service_owners.sql"),
    },
    Fact {
        name: "attempts",
        key: &["deployment_id"],
        is_visible: true,
        is_hot: false,
        sql: include_str!("../facts/attempts.sql"),
    },
    Fact {
        name: "attribution",
        key: &["service", "environment", "repository", "sha"],
        is_visible: true,
        is_hot: false,
        sql: "",
    },
    Fact { name: "attributed_deployments", key: &["deployment_id"], is_visible: true, is_hot: false, sql: "" },
    Fact {
        name: "deployments",
        key: &["deployment_id"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/deployments.sql"),
    },
    Fact { name: "changes", key: &["change_id"], is_visible: true, is_hot: false, sql: include_str!("../facts/changes.sql") },
    Fact {
        name: "delivered_changes",
        key: &["change_id", "service"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/delivered_changes.sql"),
    },
    Fact {
        name: "incidents",
        key: &["episode_id"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/incidents.sql"),
    },
    Fact {
        name: "failures",
        key: &["deployment_id"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/failures.sql"),
    },
    Fact { name: "ci_runs", key: &["run_id"], is_visible: true, is_hot: true, sql: include_str!("../facts/ci_runs.sql") },
    Fact {
        name: "service_activity",
        key: &["service", "first_day"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/service_activity.sql"),
    },
    Fact {
        name: "adoption_status",
        key: &["service", "component_id", "valid_from"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/adoption_status.sql"),
    },
    Fact {
        name: "survey_results",
        key: &["survey", "wave", "question_id", "question_version", "component_id", "segment_kind", "segment"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/survey_results.sql"),
    },
    Fact { name: "tickets", key: &["ticket_id"], is_visible: true, is_hot: true, sql: include_str!("../facts/tickets.sql") },
    Fact {
        name: "scopes",
        key: &["service", "scope_kind", "scope", "valid_from"],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/scopes.sql"),
    },
];
