//! What is measured of delivery: from commit to production, and what breaks on the way.
//!
//! Rows of the catalogue like any other; kinds, units and the list of all stand in `catalogue.rs`.

use super::{Better, Empty, Metric, Statistic, Subject, Unit};

/// What most of them share: the median of a duration, by service and pooled above.
const DURATION: Metric = Metric {
    id: "",
    title: "",
    question: "",
    unit: Unit::Seconds,
    better: Better::Lower,
    statistics: &["p50"],
    kind: Statistic::Quantile,
    subject: Subject::Services,
    empty: Empty::Null,
    version: 1,
    evidence: "",
    sql: "",
};

/// What shares have in common: k of n, the fewer the better.
const SHARE: Metric = Metric { unit: Unit::Share, statistics: &["share"], kind: Statistic::Proportion, ..DURATION };

/// The metrics of delivery, in the order the manual shows them.
pub(super) const DELIVERY: &[Metric] = &[
    Metric {
        id: "deployment_frequency",
        title: "Deployment frequency",
        question: "How often does a service receive a new version in production?",
        unit: Unit::PerServiceWeek,
        better: Better::Higher,
        statistics: &["rate"],
        kind: Statistic::Rate,
        empty: Empty::Zero,
        evidence: include_str!("../../evidence/deployment_frequency.sql"),
        sql: include_str!("../../metrics/deployment_frequency.sql"),
        ..DURATION
    },
    Metric {
        id: "deployment_count",
        title: "Deployments",
        question: "How many deployments changed what runs in production?",
        unit: Unit::Count,
        better: Better::Higher,
        statistics: &["count"],
        kind: Statistic::Events,
        empty: Empty::Zero,
        evidence: include_str!("../../evidence/deployment_count.sql"),
        sql: include_str!("../../metrics/deployment_count.sql"),
        ..DURATION
    },
    Metric {
        id: "deployments_all",
        title: "All deployments",
        question: "How many deployments reached production, redeployments included?",
        unit: Unit::Count,
        better: Better::Neither,
        statistics: &["count"],
        kind: Statistic::Events,
        empty: Empty::Zero,
        evidence: include_str!("../../evidence/deployments_all.sql"),
        sql: include_str!("../../metrics/deployments_all.sql"),
        ..DURATION
    },
    Metric {
        id: "deployment_gap",
        title: "Deployment gap",
        question: "How much time lies between two production deployments of a service?",
        evidence: include_str!("../../evidence/deployment_gap.sql"),
        sql: include_str!("../../metrics/deployment_gap.sql"),
        ..DURATION
    },
    Metric {
        id: "deployment_days_per_week",
        title: "Deployment days per week",
        question: "On how many days of a week does a service receive a new version?",
        unit: Unit::DaysPerWeek,
        better: Better::Higher,
        evidence: include_str!("../../evidence/deployment_days_per_week.sql"),
        sql: include_str!("../../metrics/deployment_days_per_week.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time",
        title: "Change lead time",
        question: "How long does a change take from its first commit to production?",
        statistics: &["p50", "p75", "p90"],
        version: 2,
        evidence: include_str!("../../evidence/change_lead_time.sql"),
        sql: include_str!("../../metrics/change_lead_time.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_with_bots",
        title: "Change lead time with bots",
        question: "How long does a change take from its first commit to production, whoever made it?",
        statistics: &["p50", "p75", "p90"],
        evidence: include_str!("../../evidence/change_lead_time_with_bots.sql"),
        sql: include_str!("../../metrics/change_lead_time_with_bots.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_commit",
        title: "Change lead time by commit",
        question: "How long does a commit take to production?",
        statistics: &["p50", "p75", "p90"],
        evidence: include_str!("../../evidence/change_lead_time_commit.sql"),
        sql: include_str!("../../metrics/change_lead_time_commit.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_from_opened",
        title: "Change lead time from the pull request",
        question: "How long does a pull request take from its opening to production?",
        statistics: &["p50", "p75", "p90"],
        evidence: include_str!("../../evidence/change_lead_time_from_opened.sql"),
        sql: include_str!("../../metrics/change_lead_time_from_opened.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_effective",
        title: "Change lead time until it stayed",
        question: "How long does a change take to production until no rollback takes it away?",
        statistics: &["p50", "p75", "p90"],
        evidence: include_str!("../../evidence/change_lead_time_effective.sql"),
        sql: include_str!("../../metrics/change_lead_time_effective.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_exposed",
        title: "Change lead time until users had it",
        question: "How long does a change take from its first commit to its first user?",
        statistics: &["p50", "p75", "p90"],
        evidence: include_str!("../../evidence/change_lead_time_exposed.sql"),
        sql: include_str!("../../metrics/change_lead_time_exposed.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_last_region",
        title: "Change lead time until it ran everywhere",
        question: "How long does a change take from its first commit to the last region?",
        statistics: &["p50", "p75", "p90"],
        evidence: include_str!("../../evidence/change_lead_time_last_region.sql"),
        sql: include_str!("../../metrics/change_lead_time_last_region.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_business_time",
        title: "Change lead time in working time",
        question: "How many working hours does a change take from its first commit to production?",
        statistics: &["p50", "p75", "p90"],
        evidence: include_str!("../../evidence/change_lead_time_business_time.sql"),
        sql: include_str!("../../metrics/change_lead_time_business_time.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_coding",
        title: "Lead time, coding",
        question: "How long is a change written before it is ready for review?",
        evidence: include_str!("../../evidence/change_lead_time_coding.sql"),
        sql: include_str!("../../metrics/change_lead_time_coding.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_pickup",
        title: "Lead time, pickup",
        question: "How long does a change wait until somebody begins to review it?",
        evidence: include_str!("../../evidence/change_lead_time_pickup.sql"),
        sql: include_str!("../../metrics/change_lead_time_pickup.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_review",
        title: "Lead time, review",
        question: "How long does it take from the first review to the merge?",
        evidence: include_str!("../../evidence/change_lead_time_review.sql"),
        sql: include_str!("../../metrics/change_lead_time_review.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_merge_to_deploy",
        title: "Lead time, merge to deployment",
        question: "How long does a merged change wait until its deployment begins?",
        evidence: include_str!("../../evidence/change_lead_time_merge_to_deploy.sql"),
        sql: include_str!("../../metrics/change_lead_time_merge_to_deploy.sql"),
        ..DURATION
    },
    Metric {
        id: "change_lead_time_deploy",
        title: "Lead time, deployment",
        question: "How long does the deployment of a change take?",
        evidence: include_str!("../../evidence/change_lead_time_deploy.sql"),
        sql: include_str!("../../metrics/change_lead_time_deploy.sql"),
        ..DURATION
    },
    Metric {
        id: "merge_to_production",
        title: "Delivery time",
        question: "How long does a merged change wait until it is in production?",
        statistics: &["p50", "p75", "p90"],
        evidence: include_str!("../../evidence/merge_to_production.sql"),
        sql: include_str!("../../metrics/merge_to_production.sql"),
        ..DURATION
    },
    Metric {
        id: "merge_to_production_km",
        title: "Delivery time of what was merged",
        question: "How long does a merged change wait for production, those that still wait included?",
        statistics: &["p50", "p75", "p90"],
        kind: Statistic::Survival,
        evidence: include_str!("../../evidence/merge_to_production_km.sql"),
        sql: include_str!("../../metrics/merge_to_production_km.sql"),
        ..DURATION
    },
    Metric {
        id: "batch_size",
        title: "Batch size",
        question: "How many changes does a deployment bring to production?",
        unit: Unit::Count,
        statistics: &["p50", "p90"],
        evidence: include_str!("../../evidence/batch_size.sql"),
        sql: include_str!("../../metrics/batch_size.sql"),
        ..DURATION
    },
    Metric {
        id: "undeployed_changes",
        title: "Undeployed changes",
        question: "How many merged changes are not in production yet?",
        unit: Unit::Count,
        statistics: &["count"],
        kind: Statistic::Level,
        evidence: include_str!("../../evidence/undeployed_changes.sql"),
        sql: include_str!("../../metrics/undeployed_changes.sql"),
        ..DURATION
    },
    Metric {
        id: "undeployed_change_age",
        title: "Age of undeployed changes",
        question: "How long have merged changes been waiting for production?",
        statistics: &["p50", "p90"],
        evidence: include_str!("../../evidence/undeployed_changes.sql"),
        sql: include_str!("../../metrics/undeployed_change_age.sql"),
        ..DURATION
    },
    Metric {
        id: "change_fail_rate",
        title: "Change fail rate",
        question: "Which share of production deployments needed immediate intervention?",
        version: 2,
        evidence: include_str!("../../evidence/change_fail_rate.sql"),
        sql: include_str!("../../metrics/change_fail_rate.sql"),
        ..SHARE
    },
    Metric {
        id: "change_fail_rate_excl_remediation",
        title: "Change fail rate without repairs",
        question: "Which share of planned production deployments needed immediate intervention?",
        evidence: include_str!("../../evidence/change_fail_rate_excl_remediation.sql"),
        sql: include_str!("../../metrics/change_fail_rate_excl_remediation.sql"),
        ..SHARE
    },
    Metric {
        id: "deployment_rework_rate",
        title: "Deployment rework rate",
        question: "Which share of production deployments was made to repair something?",
        evidence: include_str!("../../evidence/deployment_rework_rate.sql"),
        sql: include_str!("../../metrics/deployment_rework_rate.sql"),
        ..SHARE
    },
    Metric {
        id: "failed_deployment_recovery_time",
        title: "Failed deployment recovery time",
        question: "How long are users impaired by a failed deployment?",
        statistics: &["p50", "p75"],
        kind: Statistic::Survival,
        evidence: include_str!("../../evidence/failed_deployment_recovery_time.sql"),
        sql: include_str!("../../metrics/failed_deployment_recovery_time.sql"),
        ..DURATION
    },
    Metric {
        id: "failed_deployment_recovery_time_from_deploy",
        title: "Recovery time from the deployment",
        question: "How long after a failed deployment is service restored?",
        statistics: &["p50", "p75"],
        kind: Statistic::Survival,
        evidence: include_str!("../../evidence/failed_deployment_recovery_time_from_deploy.sql"),
        sql: include_str!("../../metrics/failed_deployment_recovery_time_from_deploy.sql"),
        ..DURATION
    },
    Metric {
        id: "incident_time_to_restore",
        title: "Incident time to restore",
        question: "How long does an incident of any cause last? Not one of the DORA metrics.",
        kind: Statistic::Survival,
        evidence: include_str!("../../evidence/incident_time_to_restore.sql"),
        sql: include_str!("../../metrics/incident_time_to_restore.sql"),
        ..DURATION
    },
    Metric {
        id: "other_incidents",
        title: "Other incidents",
        question: "How many incidents is no deployment known to have caused?",
        unit: Unit::Count,
        statistics: &["count"],
        kind: Statistic::Events,
        evidence: include_str!("../../evidence/other_incidents.sql"),
        sql: include_str!("../../metrics/other_incidents.sql"),
        ..DURATION
    },
    Metric {
        id: "attempt_failure_rate",
        title: "Attempt failure rate",
        question: "Which share of attempts to deploy to production failed before users saw them?",
        version: 2,
        evidence: include_str!("../../evidence/attempt_failure_rate.sql"),
        sql: include_str!("../../metrics/attempt_failure_rate.sql"),
        ..SHARE
    },
    Metric {
        id: "ci_success_rate",
        title: "CI success rate",
        question: "Which share of pipeline runs succeeds at the first attempt?",
        better: Better::Higher,
        evidence: include_str!("../../evidence/ci_success_rate.sql"),
        sql: include_str!("../../metrics/ci_success_rate.sql"),
        ..SHARE
    },
    Metric {
        id: "ci_duration",
        title: "CI duration",
        question: "How long does a pipeline run take?",
        statistics: &["p50", "p90"],
        evidence: include_str!("../../evidence/ci_duration.sql"),
        sql: include_str!("../../metrics/ci_duration.sql"),
        ..DURATION
    },
    Metric {
        id: "ci_queue_time",
        title: "CI queue time",
        question: "How long does a pipeline run wait until it starts?",
        statistics: &["p50", "p90"],
        evidence: include_str!("../../evidence/ci_queue_time.sql"),
        sql: include_str!("../../metrics/ci_queue_time.sql"),
        ..DURATION
    },
    Metric {
        id: "ci_flaky_rate",
        title: "CI flaky rate",
        question: "Which share of commits does a pipeline judge both ways?",
        version: 2,
        evidence: include_str!("../../evidence/ci_flaky_rate.sql"),
        sql: include_str!("../../metrics/ci_flaky_rate.sql"),
        ..SHARE
    },
    Metric {
        id: "ci_reliability",
        title: "CI reliability",
        question: "Which share of pipeline runs did the platform not spoil?",
        better: Better::Higher,
        evidence: include_str!("../../evidence/ci_reliability.sql"),
        sql: include_str!("../../metrics/ci_reliability.sql"),
        ..SHARE
    },
];
