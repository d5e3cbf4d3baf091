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
        evidence: include_str!("../../evidence/change_lead_time.sql"),
        sql: include_str!("../../metrics/change_lead_time.sql"),
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
        evidence: include_str!("../../evidence/undeployed_change_age.sql"),
        sql: include_str!("../../metrics/undeployed_change_age.sql"),
        ..DURATION
    },
    Metric {
        id: "change_fail_rate",
        title: "Change fail rate",
        question: "Which share of production deployments needed immediate intervention?",
        evidence: include_str!("../../evidence/change_fail_rate.sql"),
        sql: include_str!("../../metrics/change_fail_rate.sql"),
        ..SHARE
    },
    Metric {
        id: "attempt_failure_rate",
        title: "Attempt failure rate",
        question: "Which share of attempts to deploy to production failed before users saw them?",
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
        evidence: include_str!("../../evidence/ci_flaky_rate.sql"),
        sql: include_str!("../../metrics/ci_flaky_rate.sql"),
        ..SHARE
    },
];
