//! Facts, in order: each reads observations, registers, `settings` and what stands above it.
//!
//! Line one of a fact's file is its grain. A refresh computes the facts of the units that were
//! touched; a fact whose rows cannot be told apart by unit is small and computed whole.

mod adopted;
mod again;
pub(crate) mod apart;
mod attributed;
mod begin;
mod columns;
mod connections;
mod emptied;
mod group;
mod inputs;
mod named;
mod placed;
mod plans;
mod portions;
mod reads;
mod recent;
mod refresh;
mod shards;
mod steps;
mod touched;
mod walks;

pub(crate) use inputs::{NEWEST, newest, register_observed_schema};
pub(crate) use placed::days_of;
pub(crate) use plans::{FactPlans, FactSession};
pub(crate) use reads::facts_behind;
pub use refresh::{Extent, Refresh, Refresher, refresh};
pub(crate) use steps::steps_to;
pub use steps::{STEPS, Step};
pub(crate) use walks::made_by_a_walk;

/// To be raised when facts would differ although no SQL does: by a walk, by how subjects are found or
/// joined. All facts are then computed anew.
pub(crate) const ENGINE_VERSION: u32 = 9;

/// Every statement by which facts are computed.
pub(crate) fn statements() -> impl Iterator<Item = &'static str> {
    let walked = walks::WALKS.iter().flat_map(|walk| walk.statements).map(|(_, sql)| *sql);
    FACTS.iter().map(|fact| fact.sql).chain(STEPS.iter().map(|step| step.sql)).chain(walked).chain([NEWEST])
}

/// How the unit is found to which a row of a fact belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The column holds a subject; null means that the next key decides.
    Subject(&'static str),
    /// The column holds the id of an entity that stands for itself.
    Own(&'static str),
    /// The column holds the id of an entity without relation to others.
    Shared(&'static str),
}

/// One fact: its row of the list.
#[derive(Debug)]
pub struct Fact {
    /// The table's name.
    pub name: &'static str,
    /// Columns that tell its rows apart; rows are stored in their order.
    pub key: &'static [&'static str],
    /// How a row's unit is found; empty for a small fact that is computed whole.
    pub units: &'static [Key],
    /// Whether the SQL catalogue shows it.
    pub is_visible: bool,
    /// Whether readers keep it in memory.
    pub is_hot: bool,
    /// The definition; empty for a table that is made in Rust.
    pub sql: &'static str,
}

/// A deployment belongs to what it deployed, else to its service, else to itself.
const BY_DEPLOYMENT: &[Key] = &[Key::Subject("repository"), Key::Subject("service"), Key::Own("deployment_id")];

/// Every fact, in the order in which they are computed.
pub const FACTS: &[Fact] = &[
    Fact {
        name: "repository_names",
        key: &["name"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: false,
        sql: include_str!("../facts/repository_names.sql"),
    },
    Fact {
        name: "commits",
        key: &["repository", "sha"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: false,
        sql: include_str!("../facts/commits.sql"),
    },
    Fact {
        name: "catalogue_losses",
        key: &["day"],
        units: &[],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/catalogue_losses.sql"),
    },
    Fact {
        name: "service_owners",
        key: &["service", "valid_from"],
        units: &[],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/service_owners.sql"),
    },
    Fact {
        name: "repository_services",
        key: &["repository", "service", "valid_from"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: false,
        sql: include_str!("../facts/repository_services.sql"),
    },
    Fact {
        name: "attempts",
        key: &["deployment_id"],
        units: BY_DEPLOYMENT,
        is_visible: true,
        is_hot: false,
        sql: include_str!("../facts/attempts.sql"),
    },
    Fact {
        name: "attribution",
        key: &["service", "environment", "repository", "sha"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: false,
        sql: "",
    },
    Fact {
        name: "attributed_deployments",
        key: &["deployment_id", "repository"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: false,
        sql: "",
    },
    Fact {
        name: "deployments",
        key: &["deployment_id"],
        units: BY_DEPLOYMENT,
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/deployments.sql"),
    },
    Fact {
        name: "settlement",
        key: &["service", "environment", "repository", "sha"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: false,
        sql: "",
    },
    Fact {
        name: "change_commits",
        key: &["repository", "sha", "change_id", "role"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: false,
        sql: include_str!("../facts/change_commits.sql"),
    },
    Fact {
        name: "changes",
        key: &["change_id"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: false,
        sql: include_str!("../facts/changes.sql"),
    },
    Fact {
        name: "delivered_changes",
        key: &["change_id", "service"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/delivered_changes.sql"),
    },
    Fact {
        name: "ways_to_production",
        key: &["service", "repository"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/ways_to_production.sql"),
    },
    Fact {
        name: "awaited_changes",
        key: &["change_id", "service"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/awaited_changes.sql"),
    },
    Fact {
        name: "contributions",
        key: &["change_id", "service"],
        units: &[Key::Subject("repository")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/contributions.sql"),
    },
    Fact {
        name: "repairs",
        key: &["deployment_id", "repaired_deployment_id", "basis"],
        units: &[Key::Subject("service")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/repairs.sql"),
    },
    Fact {
        name: "incidents",
        key: &["episode_id"],
        units: &[Key::Own("entity_id")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/incidents.sql"),
    },
    Fact {
        name: "failures",
        key: &["deployment_id"],
        units: &[Key::Subject("service")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/failures.sql"),
    },
    Fact {
        name: "remediations",
        key: &["deployment_id", "failed_deployment_id", "episode_id"],
        units: &[Key::Subject("service"), Key::Own("entity_id")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/remediations.sql"),
    },
    Fact {
        name: "ci_runs",
        key: &["run_id"],
        units: &[Key::Subject("repository"), Key::Own("run_id")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/ci_runs.sql"),
    },
    Fact {
        name: "deployment_traces",
        key: &["deployment_id"],
        units: BY_DEPLOYMENT,
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/deployment_traces.sql"),
    },
    Fact {
        name: "service_activity",
        key: &["service", "first_day"],
        units: &[Key::Subject("service")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/service_activity.sql"),
    },
    Fact {
        name: "developer_weeks",
        key: &["service", "week_start"],
        units: &[Key::Subject("service")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/developer_weeks.sql"),
    },
    Fact {
        name: "adoption_status",
        key: &["service", "component_id", "valid_from"],
        units: &[Key::Subject("service")],
        is_visible: true,
        is_hot: true,
        sql: "",
    },
    Fact {
        name: "exemption_spells",
        key: &["component_id", "service", "opened_at"],
        units: &[],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/exemption_spells.sql"),
    },
    Fact {
        name: "component_releases",
        key: &["component_id", "version"],
        units: &[],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/component_releases.sql"),
    },
    Fact {
        name: "component_launches",
        key: &["component_id"],
        units: &[],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/component_launches.sql"),
    },
    Fact {
        name: "survey_results",
        key: &["survey", "wave", "question_id", "question_version", "component_id", "segment_kind", "segment"],
        units: &[],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/survey_results.sql"),
    },
    Fact {
        name: "tickets",
        key: &["ticket_id"],
        units: &[Key::Shared("ticket_id")],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/tickets.sql"),
    },
    Fact {
        name: "known_services",
        key: &["subject", "service"],
        units: &[Key::Subject("subject")],
        is_visible: false,
        is_hot: false,
        sql: include_str!("../facts/known_services.sql"),
    },
    Fact {
        name: "scopes",
        key: &["service", "scope_kind", "scope", "valid_from"],
        units: &[],
        is_visible: true,
        is_hot: true,
        sql: include_str!("../facts/scopes.sql"),
    },
];
