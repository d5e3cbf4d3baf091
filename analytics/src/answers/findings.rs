//! What can be wrong with the data: one row per kind of finding, in the order in which the doctor tells them.
//!
//! A finding is a fixed answer whose rows are `subject, items, newest_at, example, url, suggestion`: what
//! it is about, how many, the newest of them, one with its link, and lines of configuration that would
//! help. How findings are printed belongs to whoever asks.

use super::{Answer, SOURCE_RHYTHM};

/// One kind of finding.
#[derive(Debug)]
pub struct Finding {
    /// What was found, as a heading.
    pub title: &'static str,
    /// What one of the counted things is, in the singular.
    pub thing: &'static str,
    /// What it does to which number.
    pub effect: &'static str,
    /// The metrics that it touches; empty where it touches none by itself.
    pub metrics: &'static [&'static str],
    /// What to do about it.
    pub remedy: &'static str,
    /// Another answer that the question reads like a table.
    pub over: Option<&'static Answer>,
    /// The question itself, named after its file.
    pub answer: Answer,
}

/// A question over facts alone.
const fn over_facts(name: &'static str, sql: &'static str) -> Answer {
    Answer { name, operational_tables: &[], sql }
}

/// Every kind of finding: first what never arrived, then what cannot be placed, then what contradicts itself.
pub const FINDINGS: &[Finding] = &[
    Finding {
        title: "Sources gone silent",
        thing: "way of arrival",
        effect: "every number that it feeds is too low or too old, and looks as if nothing happened",
        metrics: &["deployment_frequency", "change_lead_time", "change_fail_rate", "ci_success_rate", "adoption_rate"],
        remedy: "look at the sender's own list of deliveries, the secret of the connection, and the process that polls; \
            a source that was switched off on purpose stays here until its deliveries are older than `upkeep.deliveries_days`",
        over: Some(&SOURCE_RHYTHM),
        answer: Answer {
            name: "silent_sources",
            operational_tables: &["deliveries"],
            sql: include_str!("../../answers/findings/silent_sources.sql"),
        },
    },
    Finding {
        title: "Deliveries that were not understood, of any age",
        thing: "rejection",
        effect: "what they say counts nowhere; it is kept, and is read again by `waymark rebuild`",
        metrics: &[],
        remedy: "`waymark rejections` names the column and the reason of each: correct the sender, or report an unknown format",
        over: None,
        answer: Answer {
            name: "open_rejections",
            operational_tables: &["rejections", "deliveries"],
            sql: include_str!("../../answers/findings/open_rejections.sql"),
        },
    },
    Finding {
        title: "Environments that no rule matches",
        thing: "attempt",
        effect: "their tier is unknown, so they are never production: deployments in them count nowhere and lower the coverage",
        metrics: &["deployment_frequency", "change_lead_time", "change_fail_rate"],
        remedy: "say what each one is by the lines shown, in the configuration",
        over: None,
        answer: over_facts("unmatched_environments", include_str!("../../answers/findings/unmatched_environments.sql")),
    },
    Finding {
        title: "Deployments without environment",
        thing: "attempt",
        effect: "nobody can say whether they were production, so they count nowhere",
        metrics: &["deployment_frequency", "change_lead_time", "change_fail_rate"],
        remedy: "let the sender name the environment",
        over: None,
        answer: over_facts(
            "deployments_without_environment",
            include_str!("../../answers/findings/deployments_without_environment.sql"),
        ),
    },
    Finding {
        title: "Deployments without service",
        thing: "attempt",
        effect: "they are quarantined: no service, team or organisation counts them",
        metrics: &["deployment_frequency", "change_lead_time", "change_fail_rate"],
        remedy: "let the sender name the service, or give the repository to one service in the catalogue; \
            a repository of several services names none of them",
        over: None,
        answer: over_facts(
            "deployments_without_service",
            include_str!("../../answers/findings/deployments_without_service.sql"),
        ),
    },
    Finding {
        title: "Deployed services that no catalogue describes",
        thing: "deployment",
        effect: "they count for themselves and the organisation, and for no team and no system",
        metrics: &["deployment_frequency", "change_lead_time", "change_fail_rate", "ci_success_rate", "adoption_rate"],
        remedy: "describe them with an owner in the catalogue, or correct the name that the deployment gives",
        over: None,
        answer: over_facts("uncatalogued_services", include_str!("../../answers/findings/uncatalogued_services.sql")),
    },
    Finding {
        title: "Incidents of services that nobody knows",
        thing: "incident",
        effect: "they count under the name that they give, and not for the service that was meant",
        metrics: &["other_incidents", "change_fail_rate"],
        remedy: "correct the name of the service at the incident tool, or describe the service in the catalogue",
        over: None,
        answer: over_facts(
            "incidents_of_unknown_services",
            include_str!("../../answers/findings/incidents_of_unknown_services.sql"),
        ),
    },
    Finding {
        title: "Incidents that blame deployments that nobody told",
        thing: "incident",
        effect: "they blame nothing, so the deployment that was meant counts as sound",
        metrics: &["change_fail_rate", "failed_deployment_recovery_time", "other_incidents"],
        remedy: "let the incident name the id that the deploying tool gives, or connect that tool",
        over: None,
        answer: over_facts(
            "incidents_of_unknown_deployments",
            include_str!("../../answers/findings/incidents_of_unknown_deployments.sql"),
        ),
    },
    Finding {
        title: "Findings for components that nobody describes",
        thing: "finding",
        effect: "they count nowhere: the component that was meant is as if nobody had looked",
        metrics: &["adoption_rate"],
        remedy: "correct the name that the sender gives, or describe the component; a former name belongs in its `formerly`",
        over: None,
        answer: Answer {
            name: "evidence_of_unknown_components",
            operational_tables: &["observed/evidence"],
            sql: include_str!("../../answers/findings/evidence_of_unknown_components.sql"),
        },
    },
    Finding {
        title: "Services that no incident has ever named",
        thing: "deployment",
        effect: "their fail rate rests on rollbacks alone and is a lower bound; they have no time to restore",
        metrics: &["change_fail_rate"],
        remedy: "connect the incident tool and let it name the service or the deployment; where there was none, nothing is to be done",
        over: None,
        answer: over_facts("services_without_incidents", include_str!("../../answers/findings/services_without_incidents.sql")),
    },
    Finding {
        title: "Repositories with changes and no production deployment",
        thing: "change",
        effect: "their changes have no lead time, and are in no coverage either",
        metrics: &["change_lead_time", "deployment_frequency"],
        remedy: "connect the tool that deploys them, or let the deployment name the repository's commit; \
            libraries and tools are right to stand here",
        over: None,
        answer: over_facts("undeployed_repositories", include_str!("../../answers/findings/undeployed_repositories.sql")),
    },
    Finding {
        title: "Changes that no production deployment contains after 30 days",
        thing: "change",
        effect: "they have no lead time yet; when they are deployed at last, they raise it",
        metrics: &["change_lead_time"],
        remedy: "deploy or revert them; where they do run, a deployment of them was not told or names another commit",
        over: None,
        answer: over_facts("undeployed_changes", include_str!("../../answers/findings/undeployed_changes.sql")),
    },
    Finding {
        title: "Production deployments without commit",
        thing: "deployment",
        effect: "they count for the frequency; which changes they brought is not known, which lowers the coverage of the lead time",
        metrics: &["change_lead_time"],
        remedy: "let the sender name the revision beside the version",
        over: None,
        answer: over_facts("deployments_without_commit", include_str!("../../answers/findings/deployments_without_commit.sql")),
    },
    Finding {
        title: "Deployed repositories without history",
        thing: "deployment",
        effect: "none of their changes has a lead time, and a rollback by ancestry is not seen",
        metrics: &["change_lead_time", "change_fail_rate"],
        remedy: "read the repository with `waymark ingest git`, or connect its host",
        over: None,
        answer: over_facts(
            "repositories_without_history",
            include_str!("../../answers/findings/repositories_without_history.sql"),
        ),
    },
    Finding {
        title: "Deployments of commits that nobody told",
        thing: "deployment",
        effect: "which changes they brought is not known, which lowers the coverage of the lead time",
        metrics: &["change_lead_time"],
        remedy: "read the repository again with all branches and tags; a commit that was pushed over by force is gone for good",
        over: None,
        answer: over_facts(
            "deployments_of_unknown_commits",
            include_str!("../../answers/findings/deployments_of_unknown_commits.sql"),
        ),
    },
    Finding {
        title: "Deployments whose history has holes",
        thing: "deployment",
        effect: "the walk ends where parents are missing, so what is new in them is not known: no lead time, lower coverage",
        metrics: &["change_lead_time"],
        remedy: "read the repository with its whole history; a shallow clone (`--depth`) ends where it was cut",
        over: None,
        answer: over_facts(
            "deployments_with_missing_parents",
            include_str!("../../answers/findings/deployments_with_missing_parents.sql"),
        ),
    },
    Finding {
        title: "Deployments that never ended",
        thing: "attempt",
        effect: "they are read as unknown after `settings.deployment_timeout_hours` and count nowhere",
        metrics: &["deployment_frequency", "change_lead_time", "change_fail_rate"],
        remedy: "let the sender tell how they ended: often the last message of a cancelled job is missing",
        over: None,
        answer: over_facts("unfinished_deployments", include_str!("../../answers/findings/unfinished_deployments.sql")),
    },
    Finding {
        title: "Deployments that succeeded, nobody says when",
        thing: "attempt",
        effect: "they belong to no period, so they count nowhere, and no coverage says that they are missing",
        metrics: &["deployment_frequency", "change_lead_time", "change_fail_rate"],
        remedy: "let the sender tell `finished_at` with the result; `completed_at` stands in for it",
        over: None,
        answer: over_facts("deployments_without_end", include_str!("../../answers/findings/deployments_without_end.sql")),
    },
    Finding {
        title: "Changes deployed before they were written",
        thing: "change",
        effect: "their clocks contradict each other by more than `settings.skew_tolerance_seconds`: left out, and the coverage says so",
        metrics: &["change_lead_time"],
        remedy: "set the clock of the machine that commits or deploys",
        over: None,
        answer: over_facts("clock_skew", include_str!("../../answers/findings/clock_skew.sql")),
    },
    Finding {
        title: "Impossible times",
        thing: "entry",
        effect: "their durations are missing or absurd, and they fall into no period that anybody looks at",
        metrics: &["change_lead_time", "ci_success_rate", "deployment_frequency"],
        remedy: "correct the sender: a time without zone, in milliseconds for seconds, or from a machine without clock",
        over: None,
        answer: over_facts("impossible_times", include_str!("../../answers/findings/impossible_times.sql")),
    },
    Finding {
        title: "Lead times of more than a year",
        thing: "change",
        effect: "they count, and raise the higher percentiles; the median hardly moves",
        metrics: &["change_lead_time"],
        remedy: "see whether the change is so old or its author's clock was wrong",
        over: None,
        answer: over_facts("outlying_lead_times", include_str!("../../answers/findings/outlying_lead_times.sql")),
    },
    Finding {
        title: "Incidents that end before they begin",
        thing: "incident",
        effect: "they have no duration; which deployment they blame still counts",
        metrics: &[],
        remedy: "correct the times of the incident at its source",
        over: None,
        answer: over_facts("backward_incidents", include_str!("../../answers/findings/backward_incidents.sql")),
    },
    Finding {
        title: "Deployments at the same instant",
        thing: "deployment",
        effect: "which of them ran last is decided by their ids, and so are rollbacks and redeployments among them",
        metrics: &["change_fail_rate", "deployment_frequency"],
        remedy: "let the sender tell times to the second or finer; several targets of one rollout should share its id",
        over: None,
        answer: over_facts("simultaneous_deployments", include_str!("../../answers/findings/simultaneous_deployments.sql")),
    },
    Finding {
        title: "Ids that deployments of several sources have",
        thing: "incident or verdict",
        effect: "an incident that names such an id blames none of them; a verdict judges all of them",
        metrics: &["change_fail_rate", "failed_deployment_recovery_time"],
        remedy: "let the sender name the service beside the deployment; in a verdict, write the deployment's id here, as shown",
        over: None,
        answer: over_facts("unclear_deployments", include_str!("../../answers/findings/unclear_deployments.sql")),
    },
    Finding {
        title: "Histories that loop",
        thing: "commit",
        effect: "each of these commits counts once, and which was first is not known; no repository can hold such a history",
        metrics: &["change_lead_time"],
        remedy: "see who sent these commits: they were forged, or a tool writes parents the wrong way round",
        over: None,
        answer: over_facts("looping_history", include_str!("../../answers/findings/looping_history.sql")),
    },
];

/// The finding of this name.
pub fn find_finding(name: &str) -> Option<&'static Finding> {
    FINDINGS.iter().find(|finding| finding.answer.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;
    use std::collections::BTreeSet;

    #[test]
    fn every_finding_names_metrics_that_exist_and_its_own_file() {
        let mut names = BTreeSet::new();
        for finding in FINDINGS {
            for id in finding.metrics {
                assert!(catalogue::find(id).is_some(), "`{}` names `{id}`", finding.answer.name);
            }
            assert!(names.insert(finding.answer.name), "`{}` stands twice", finding.answer.name);
        }
    }
}
