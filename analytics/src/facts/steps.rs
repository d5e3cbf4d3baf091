//! Tables on the way to facts: what a fact reads more than once is computed once.
//!
//! A step is computed directly before its fact and kept only until the fact is there. What it reads
//! counts as read by the fact.

/// One table on the way to a fact.
#[derive(Debug)]
pub struct Step {
    /// The fact that needs it.
    pub fact: &'static str,
    /// The name by which the fact and later steps read it.
    pub name: &'static str,
    /// The SQL by which it is computed.
    pub(crate) sql: &'static str,
}

/// Every step, in the order in which they are computed.
pub const STEPS: &[Step] = &[
    Step { fact: "attempts", name: "told_attempts", sql: include_str!("../../facts/steps/told_attempts.sql") },
    Step { fact: "deployments", name: "stream_attempts", sql: include_str!("../../facts/steps/stream_attempts.sql") },
    Step { fact: "deployments", name: "stream_places", sql: include_str!("../../facts/steps/stream_places.sql") },
    Step { fact: "change_commits", name: "merged_pulls", sql: include_str!("../../facts/steps/merged_pulls.sql") },
    Step { fact: "change_commits", name: "branch_commits", sql: include_str!("../../facts/steps/branch_commits.sql") },
    Step { fact: "change_commits", name: "told_claims", sql: include_str!("../../facts/steps/told_claims.sql") },
    Step { fact: "change_commits", name: "commit_claims", sql: include_str!("../../facts/steps/commit_claims.sql") },
    Step { fact: "change_commits", name: "containers", sql: include_str!("../../facts/steps/containers.sql") },
    Step { fact: "change_commits", name: "carried_pulls", sql: include_str!("../../facts/steps/carried_pulls.sql") },
    Step { fact: "change_commits", name: "pull_commits", sql: include_str!("../../facts/steps/pull_commits.sql") },
    Step { fact: "changes", name: "told_changes", sql: include_str!("../../facts/steps/told_changes.sql") },
    Step { fact: "changes", name: "change_pointers", sql: include_str!("../../facts/steps/change_pointers.sql") },
    Step { fact: "changes", name: "rooted_changes", sql: include_str!("../../facts/steps/rooted_changes.sql") },
    Step { fact: "delivered_changes", name: "contained_changes", sql: include_str!("../../facts/steps/contained_changes.sql") },
    Step { fact: "delivered_changes", name: "arrivals", sql: include_str!("../../facts/steps/arrivals.sql") },
    Step { fact: "repairs", name: "rollbacks", sql: include_str!("../../facts/steps/rollbacks.sql") },
    Step { fact: "ci_runs", name: "told_runs", sql: include_str!("../../facts/steps/told_runs.sql") },
    Step { fact: "incidents", name: "incident_members", sql: include_str!("../../facts/steps/incident_members.sql") },
    Step { fact: "incidents", name: "incident_spells", sql: include_str!("../../facts/steps/incident_spells.sql") },
];

/// The steps to one fact, in order.
pub(crate) fn steps_to(fact: &str) -> impl Iterator<Item = &'static Step> {
    STEPS.iter().filter(move |step| step.fact == fact)
}
