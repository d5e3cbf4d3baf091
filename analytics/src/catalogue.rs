//! The catalogue: everything Waymark measures, in the order the manual shows it.
//!
//! A metric is one SQL file and one row here. What a number means is the leading comment of its
//! SQL file; documents, OpenAPI, dashboards and tests are loops over this list.

/// In what a value is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds of clock time.
    Seconds,
    /// A share between 0 and 1, printed as per cent.
    Share,
    /// Events per service and week.
    PerServiceWeek,
    /// Points of a survey score, -100 to 100.
    Points,
}

impl Unit {
    /// The unit as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Share => "share",
            Self::PerServiceWeek => "per_service_week",
            Self::Points => "points",
        }
    }
}

/// Which direction is an improvement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// A higher value is better.
    Higher,
    /// A lower value is better.
    Lower,
    /// Neither direction is better by itself.
    Neither,
}

impl Better {
    /// The direction as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Neither => "neither",
        }
    }
}

/// What an empty period means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// Nothing is known.
    Null,
    /// Nothing happened, as long as the metric's own SQL says that the source was heard.
    Zero,
}

/// How the difference of two values is judged (`change.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// A quantile of durations, with order-statistic limits.
    Quantile,
    /// A share k of n, with Wilson limits.
    Proportion,
    /// Events by exposure, with Garwood limits.
    Rate,
    /// A survey score, with adjusted Wald limits.
    Score,
    /// A share of a census: no sampling interval, bounds by unknown evidence.
    Census,
}

/// To which things a metric applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Services, and the teams, systems and the organisation above them.
    Services,
    /// Platform components, in the organisation and by team.
    Components,
}

/// One metric: its row of the catalogue.
#[derive(Debug)]
pub struct Metric {
    /// Snake case, unique, never with a suffix for a statistic.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The question that it answers.
    pub question: &'static str,
    /// In what its values are counted.
    pub unit: Unit,
    /// Which direction is an improvement.
    pub better: Better,
    /// The statistics that it yields; the first one is the headline.
    pub statistics: &'static [&'static str],
    /// How values are compared.
    pub kind: Statistic,
    /// To which things it applies.
    pub subject: Subject,
    /// What an empty period means.
    pub empty: Empty,
    /// Raised with every change of meaning.
    pub version: u32,
    /// The rows behind a value: counted or not, with the reason, the scope and the period.
    pub evidence: &'static str,
    /// The definition in SQL.
    pub sql: &'static str,
}

impl Metric {
    /// The manual page: the leading comment of the SQL file, without its comment marks.
    pub fn manual(&self) -> String {
        let lines = self.sql.lines().take_while(|line| line.starts_with("--"));
        lines.map(|line| line.trim_start_matches("--").trim_start()).collect::<Vec<_>>().join("\n")
    }

    /// The statistic that stands for the metric where only one number fits.
    pub fn headline(&self) -> &'static str {
        self.statistics.first().copied().unwrap_or("value")
    }
}

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

/// Everything Waymark measures, in the order the manual shows it.
pub const METRICS: &[Metric] = &[
    Metric {
        id: "deployment_frequency",
        title: "Deployment frequency",
        question: "How often does a service receive a new version in production?",
        unit: Unit::PerServiceWeek,
        better: Better::Higher,
        statistics: &["rate"],
        kind: Statistic::Rate,
        subject: Subject::Services,
        empty: Empty::Zero,
        version: 1,
        evidence: include_str!("../evidence/deployment_frequency.sql"),
        sql: include_str!("../metrics/deployment_frequency.sql"),
    },
    Metric {
        id: "change_lead_time",
        title: "Change lead time",
        question: "How long does a change take from its first commit to production?",
        unit: Unit::Seconds,
        better: Better::Lower,
        statistics: &["p50", "p75", "p90"],
        kind: Statistic::Quantile,
        subject: Subject::Services,
        empty: Empty::Null,
        version: 1,
        evidence: include_str!("../evidence/change_lead_time.sql"),
        sql: include_str!("../metrics/change_lead_time.sql"),
    },
    Metric {
        id: "change_fail_rate",
        title: "Change fail rate",
        question: "Which share of production deployments needed immediate intervention?",
        unit: Unit::Share,
        better: Better::Lower,
        statistics: &["share"],
        kind: Statistic::Proportion,
        subject: Subject::Services,
        empty: Empty::Null,
        version: 1,
        evidence: include_str!("../evidence/change_fail_rate.sql"),
        sql: include_str!("../metrics/change_fail_rate.sql"),
    },
    Metric {
        id: "ci_success_rate",
        title: "CI success rate",
        question: "Which share of pipeline runs succeeds at the first attempt?",
        unit: Unit::Share,
        better: Better::Higher,
        statistics: &["share"],
        kind: Statistic::Proportion,
        subject: Subject::Services,
        empty: Empty::Null,
        version: 1,
        evidence: include_str!("../evidence/ci_success_rate.sql"),
        sql: include_str!("../metrics/ci_success_rate.sql"),
    },
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
        evidence: include_str!("../evidence/adoption_rate.sql"),
        sql: include_str!("../metrics/adoption_rate.sql"),
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
        evidence: include_str!("../evidence/coverage_fit.sql"),
        sql: include_str!("../metrics/coverage_fit.sql"),
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
        evidence: include_str!("../evidence/reach.sql"),
        sql: include_str!("../metrics/reach.sql"),
    },
    Metric {
        id: "teams_completed",
        title: "Teams completed",
        question: "Which share of the teams has moved everything that a component is made for?",
        statistics: &["completed", "started"],
        evidence: include_str!("../evidence/teams_completed.sql"),
        sql: include_str!("../metrics/teams_completed.sql"),
        ..CENSUS
    },
    Metric {
        id: "adoption_by_activity",
        title: "Adoption by activity",
        question: "Which share of the production deployments of eligible services goes with a component?",
        evidence: include_str!("../evidence/adoption_by_activity.sql"),
        sql: include_str!("../metrics/adoption_by_activity.sql"),
        ..CENSUS
    },
    Metric {
        id: "adoption_depth",
        title: "Adoption depth",
        question: "How much of what the platform makes for a service does the service use?",
        better: Better::Neither,
        statistics: &["mean", "p25", "p50", "p75"],
        subject: Subject::Services,
        evidence: include_str!("../evidence/adoption_depth.sql"),
        sql: include_str!("../metrics/adoption_depth.sql"),
        ..CENSUS
    },
    Metric {
        id: "new_service_default_rate",
        title: "New-service default rate",
        question: "Which share of new services begins with a component?",
        kind: Statistic::Proportion,
        evidence: include_str!("../evidence/new_service_default_rate.sql"),
        sql: include_str!("../metrics/new_service_default_rate.sql"),
        ..CENSUS
    },
    Metric {
        id: "template_stickiness",
        title: "Stickiness",
        question: "Which share of the services that began with a component still uses it ninety days later?",
        kind: Statistic::Proportion,
        evidence: include_str!("../evidence/template_stickiness.sql"),
        sql: include_str!("../metrics/template_stickiness.sql"),
        ..CENSUS
    },
    Metric {
        id: "retention",
        title: "Retention",
        question: "Of those who used a component, which share still does?",
        statistics: &["retention", "churn", "resurrection"],
        evidence: include_str!("../evidence/retention.sql"),
        sql: include_str!("../metrics/retention.sql"),
        ..CENSUS
    },
    Metric {
        id: "voluntary_share",
        title: "Voluntary share",
        question: "Which share of the adoptions was a choice?",
        better: Better::Neither,
        statistics: &["voluntary", "default"],
        evidence: include_str!("../evidence/voluntary_share.sql"),
        sql: include_str!("../metrics/voluntary_share.sql"),
        ..CENSUS
    },
    Metric {
        id: "time_to_adopt",
        title: "Time to adopt",
        question: "How long does an eligible service take until it uses a component?",
        unit: Unit::Seconds,
        better: Better::Lower,
        statistics: &["p50"],
        kind: Statistic::Quantile,
        evidence: include_str!("../evidence/time_to_adopt.sql"),
        sql: include_str!("../metrics/time_to_adopt.sql"),
        ..CENSUS
    },
    Metric {
        id: "adoption_velocity",
        title: "Adoption velocity",
        question: "Which share of the services adopts a component within ninety days of being able to?",
        kind: Statistic::Proportion,
        evidence: include_str!("../evidence/adoption_velocity.sql"),
        sql: include_str!("../metrics/adoption_velocity.sql"),
        ..CENSUS
    },
    Metric {
        id: "version_currency",
        title: "Version currency",
        question: "Which share of the services that use a component is on a supported version?",
        statistics: &["supported", "end_of_life"],
        evidence: include_str!("../evidence/version_currency.sql"),
        sql: include_str!("../metrics/version_currency.sql"),
        ..CENSUS
    },
    Metric {
        id: "chose_instead",
        title: "Chose instead",
        question: "What do services use that are off the path?",
        better: Better::Neither,
        evidence: include_str!("../evidence/chose_instead.sql"),
        sql: include_str!("../metrics/chose_instead.sql"),
        ..CENSUS
    },
    Metric {
        id: "exempt_share",
        title: "Exempt share",
        question: "Which share of the eligible services may stay off the path?",
        better: Better::Neither,
        evidence: include_str!("../evidence/exempt_share.sql"),
        sql: include_str!("../metrics/exempt_share.sql"),
        ..CENSUS
    },
    Metric {
        id: "evidence_quality",
        title: "Evidence quality",
        question: "Of which share of the eligible services is the status known?",
        statistics: &["known", "conflicts"],
        evidence: include_str!("../evidence/evidence_quality.sql"),
        sql: include_str!("../metrics/evidence_quality.sql"),
        ..CENSUS
    },
    Metric {
        id: "blast_radius",
        title: "Blast radius",
        question: "Which share of all production deployments depends on a component?",
        better: Better::Neither,
        evidence: include_str!("../evidence/blast_radius.sql"),
        sql: include_str!("../metrics/blast_radius.sql"),
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
        evidence: include_str!("../evidence/nps.sql"),
        sql: include_str!("../metrics/nps.sql"),
    },
];

/// The metric of this id.
pub fn find(id: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.id == id)
}
