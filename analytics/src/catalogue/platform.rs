//! What is measured of the platform itself: who uses it, and whether they like it.
//!
//! Rows of the catalogue like any other; kinds, units and the list of all stand in `catalogue.rs`.

use super::{Better, Empty, Metric, Statistic, Subject, Unit};

/// What most metrics of adoption share: a share of all services that a component is made for.
const CENSUS: Metric = Metric {
    id: "",
    title: "",
    question: "",
    unit: Unit::Share,
    better: Better::Higher,
    statistics: &["share"],
    kind: Statistic::Census,
    subject: Subject::Components,
    empty: Empty::Null,
    version: 1,
    evidence: "",
    sql: "",
};

/// The metrics of the platform, in the order the manual shows them.
pub(super) const PLATFORM: &[Metric] = &[
    Metric {
        id: "adoption_rate",
        title: "Adoption rate",
        question: "Of the services that a component is made for, which share uses it?",
        unit: Unit::Share,
        better: Better::Higher,
        statistics: &["share"],
        kind: Statistic::Census,
        subject: Subject::Components,
        empty: Empty::Null,
        version: 1,
        evidence: include_str!("../../evidence/adoption_rate.sql"),
        sql: include_str!("../../metrics/adoption_rate.sql"),
    },
    Metric {
        id: "coverage_fit",
        title: "Coverage",
        question: "For which share of the active services is a component made?",
        unit: Unit::Share,
        better: Better::Neither,
        statistics: &["share"],
        kind: Statistic::Census,
        subject: Subject::Components,
        empty: Empty::Null,
        version: 1,
        evidence: include_str!("../../evidence/coverage_fit.sql"),
        sql: include_str!("../../metrics/coverage_fit.sql"),
    },
    Metric {
        id: "reach",
        title: "Reach",
        question: "Which share of all active services uses a component?",
        unit: Unit::Share,
        better: Better::Higher,
        statistics: &["share"],
        kind: Statistic::Census,
        subject: Subject::Components,
        empty: Empty::Null,
        version: 1,
        evidence: include_str!("../../evidence/reach.sql"),
        sql: include_str!("../../metrics/reach.sql"),
    },
    Metric {
        id: "teams_completed",
        title: "Teams completed",
        question: "Which share of the teams has moved everything that a component is made for?",
        statistics: &["completed", "started"],
        evidence: include_str!("../../evidence/teams_completed.sql"),
        sql: include_str!("../../metrics/teams_completed.sql"),
        ..CENSUS
    },
    Metric {
        id: "adoption_by_activity",
        title: "Adoption by activity",
        question: "Which share of the production deployments of eligible services goes with a component?",
        evidence: include_str!("../../evidence/adoption_by_activity.sql"),
        sql: include_str!("../../metrics/adoption_by_activity.sql"),
        ..CENSUS
    },
    Metric {
        id: "adoption_by_ci_time",
        title: "Adoption by pipeline time",
        question: "Which share of the time that pipelines of eligible services run goes with a component?",
        evidence: include_str!("../../evidence/adoption_by_ci_time.sql"),
        sql: include_str!("../../metrics/adoption_by_ci_time.sql"),
        ..CENSUS
    },
    Metric {
        id: "adoption_by_developers",
        title: "Adoption by developers",
        question: "Which share of the people who write for eligible services works with a component?",
        evidence: include_str!("../../evidence/adoption_by_developers.sql"),
        sql: include_str!("../../metrics/adoption_by_developers.sql"),
        ..CENSUS
    },
    Metric {
        id: "adoption_depth",
        title: "Adoption depth",
        question: "How much of what the platform makes for a service does the service use?",
        better: Better::Neither,
        statistics: &["mean", "p25", "p50", "p75"],
        subject: Subject::Services,
        evidence: include_str!("../../evidence/adoption_depth.sql"),
        sql: include_str!("../../metrics/adoption_depth.sql"),
        ..CENSUS
    },
    Metric {
        id: "new_service_default_rate",
        title: "New-service default rate",
        question: "Which share of new services begins with a component?",
        kind: Statistic::Proportion,
        evidence: include_str!("../../evidence/new_service_default_rate.sql"),
        sql: include_str!("../../metrics/new_service_default_rate.sql"),
        ..CENSUS
    },
    Metric {
        id: "template_stickiness",
        title: "Stickiness",
        question: "Which share of the services that began with a component still uses it ninety days later?",
        kind: Statistic::Proportion,
        evidence: include_str!("../../evidence/template_stickiness.sql"),
        sql: include_str!("../../metrics/template_stickiness.sql"),
        ..CENSUS
    },
    Metric {
        id: "re_entry",
        title: "Re-entry",
        question: "How many older services came to a component of their own accord?",
        unit: Unit::Count,
        statistics: &["services"],
        kind: Statistic::Events,
        evidence: include_str!("../../evidence/re_entry.sql"),
        sql: include_str!("../../metrics/re_entry.sql"),
        ..CENSUS
    },
    Metric {
        id: "inner_source_share",
        title: "Inner-source share",
        question: "Which share of the changes comes from outside the team that owns the service?",
        better: Better::Neither,
        kind: Statistic::Proportion,
        subject: Subject::Services,
        evidence: include_str!("../../evidence/inner_source_share.sql"),
        sql: include_str!("../../metrics/inner_source_share.sql"),
        ..CENSUS
    },
    Metric {
        id: "retention",
        title: "Retention",
        question: "Of those who used a component, which share still does?",
        statistics: &["retention", "churn", "resurrection"],
        evidence: include_str!("../../evidence/retention.sql"),
        sql: include_str!("../../metrics/retention.sql"),
        ..CENSUS
    },
    Metric {
        id: "retention_curve",
        title: "Retention curve",
        question: "How long do services stay with a component that they began to use?",
        statistics: &["d90", "d28", "d180", "d365"],
        kind: Statistic::Proportion,
        evidence: include_str!("../../evidence/retention_curve.sql"),
        sql: include_str!("../../metrics/retention_curve.sql"),
        ..CENSUS
    },
    Metric {
        id: "voluntary_share",
        title: "Voluntary share",
        question: "Which share of the adoptions was a choice?",
        better: Better::Neither,
        statistics: &["voluntary", "default"],
        evidence: include_str!("../../evidence/voluntary_share.sql"),
        sql: include_str!("../../metrics/voluntary_share.sql"),
        ..CENSUS
    },
    Metric {
        id: "time_to_adopt",
        title: "Time to adopt",
        question: "How long does an eligible service take until it uses a component?",
        unit: Unit::Seconds,
        better: Better::Lower,
        statistics: &["p50"],
        kind: Statistic::Survival,
        evidence: include_str!("../../evidence/time_to_adopt.sql"),
        sql: include_str!("../../metrics/time_to_adopt.sql"),
        ..CENSUS
    },
    Metric {
        id: "adoption_velocity",
        title: "Adoption velocity",
        question: "Which share of the services adopts a component within ninety days of being able to?",
        kind: Statistic::Proportion,
        evidence: include_str!("../../evidence/adoption_velocity.sql"),
        sql: include_str!("../../metrics/adoption_velocity.sql"),
        ..CENSUS
    },
    Metric {
        id: "launch_adoption",
        title: "Launch review",
        question: "How far did a component come thirty, sixty and ninety days after its launch?",
        statistics: &["d90", "d30", "d60"],
        evidence: include_str!("../../evidence/launch_adoption.sql"),
        sql: include_str!("../../metrics/launch_adoption.sql"),
        ..CENSUS
    },
    Metric {
        id: "version_currency",
        title: "Version currency",
        question: "Which share of the services that use a component is on a supported version?",
        statistics: &["supported", "end_of_life"],
        evidence: include_str!("../../evidence/version_currency.sql"),
        sql: include_str!("../../metrics/version_currency.sql"),
        ..CENSUS
    },
    Metric {
        id: "version_lag",
        title: "Version lag",
        question: "How far are those who use a component behind its newest version?",
        unit: Unit::Seconds,
        better: Better::Lower,
        statistics: &["p50"],
        evidence: include_str!("../../evidence/version_lag.sql"),
        sql: include_str!("../../metrics/version_lag.sql"),
        ..CENSUS
    },
    Metric {
        id: "bypass",
        title: "Bypass",
        question: "Which share of the deployments of services that use a component goes around it?",
        better: Better::Lower,
        evidence: include_str!("../../evidence/bypass.sql"),
        sql: include_str!("../../metrics/bypass.sql"),
        ..CENSUS
    },
    Metric {
        id: "chose_instead",
        title: "Chose instead",
        question: "What do services use that are off the path?",
        better: Better::Neither,
        evidence: include_str!("../../evidence/chose_instead.sql"),
        sql: include_str!("../../metrics/chose_instead.sql"),
        ..CENSUS
    },
    Metric {
        id: "fragmentation",
        title: "Fragmentation",
        question: "How many tools do the same thing?",
        unit: Unit::Count,
        better: Better::Neither,
        statistics: &["effective", "dominant", "tools"],
        subject: Subject::Categories,
        evidence: include_str!("../../evidence/fragmentation.sql"),
        sql: include_str!("../../metrics/fragmentation.sql"),
        ..CENSUS
    },
    Metric {
        id: "direct_coupling",
        title: "Direct coupling",
        question: "Which share of the services calls a vendor's tool directly?",
        better: Better::Neither,
        subject: Subject::Categories,
        evidence: include_str!("../../evidence/direct_coupling.sql"),
        sql: include_str!("../../metrics/direct_coupling.sql"),
        ..CENSUS
    },
    Metric {
        id: "exempt_share",
        title: "Exempt share",
        question: "Which share of the eligible services may stay off the path?",
        better: Better::Neither,
        evidence: include_str!("../../evidence/exempt_share.sql"),
        sql: include_str!("../../metrics/exempt_share.sql"),
        ..CENSUS
    },
    Metric {
        id: "exemptions",
        title: "Exemptions",
        question: "How many services may stay off the path, and who looks after that?",
        unit: Unit::Count,
        better: Better::Neither,
        statistics: &["open", "review_due", "expired", "repeated"],
        kind: Statistic::Level,
        evidence: include_str!("../../evidence/exemptions.sql"),
        sql: include_str!("../../metrics/exemptions.sql"),
        ..CENSUS
    },
    Metric {
        id: "exemption_age",
        title: "Age of exemptions",
        question: "For how long have the open exemptions been?",
        unit: Unit::Seconds,
        better: Better::Lower,
        statistics: &["p50"],
        evidence: include_str!("../../evidence/exemption_age.sql"),
        sql: include_str!("../../metrics/exemption_age.sql"),
        ..CENSUS
    },
    Metric {
        id: "evidence_quality",
        title: "Evidence quality",
        question: "Of which share of the eligible services is the status known?",
        statistics: &["known", "conflicts"],
        evidence: include_str!("../../evidence/evidence_quality.sql"),
        sql: include_str!("../../metrics/evidence_quality.sql"),
        ..CENSUS
    },
    Metric {
        id: "evidence_age",
        title: "Age of evidence",
        question: "How long ago was the use of a component last confirmed?",
        unit: Unit::Seconds,
        better: Better::Lower,
        statistics: &["p50"],
        evidence: include_str!("../../evidence/evidence_age.sql"),
        sql: include_str!("../../metrics/evidence_age.sql"),
        ..CENSUS
    },
    Metric {
        id: "blast_radius",
        title: "Blast radius",
        question: "Which share of all production deployments depends on a component?",
        better: Better::Neither,
        evidence: include_str!("../../evidence/blast_radius.sql"),
        sql: include_str!("../../metrics/blast_radius.sql"),
        ..CENSUS
    },
    Metric {
        id: "nps",
        title: "Net promoter score",
        question: "Would the people who use the platform recommend it?",
        unit: Unit::Points,
        better: Better::Higher,
        statistics: &["nps"],
        kind: Statistic::Score,
        subject: Subject::Components,
        empty: Empty::Null,
        version: 1,
        evidence: include_str!("../../evidence/nps.sql"),
        sql: include_str!("../../metrics/nps.sql"),
    },
];
