//! Profiles: our metrics by the rules of other tools, over the same facts, to answer "why does our
//! number differ?".
//!
//! A profile changes definitions, never data. Each of its metrics is one SQL file whose leading
//! comment names every rule that differs; it is planned and computed like any metric. How the numbers
//! are laid beside ours belongs to the API and the command line.

mod datadog;
mod devlake;
mod fourkeys;
mod gitlab;
mod metrik;
mod middleware;
mod pelorus;

use crate::catalogue::{Better, Empty, Metric, Statistic, Subject, Unit};

/// One other tool: its row of the list.
#[derive(Debug)]
pub struct Profile {
    /// The name by which it is asked for.
    pub name: &'static str,
    /// What the tool calls itself.
    pub title: &'static str,
    /// Which text or version of it was studied, because tools change.
    pub studied: &'static str,
    /// Our metrics that it has too, by its rules.
    pub peers: &'static [Peer],
}

/// One metric by the rules of another tool.
#[derive(Debug)]
pub struct Peer {
    /// Our metric that it stands beside.
    pub replaces: &'static str,
    /// One sentence: what it does otherwise.
    pub differs: &'static str,
    /// One sentence: why we do not.
    pub reason: &'static str,
    /// What is computed; its id is the profile's name, a slash and our metric's id.
    pub metric: Metric,
}

/// Why there is no such metric by such rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// No profile has this name.
    #[error("there is no profile `{0}`: choose one of {names}", names = names(PROFILES.iter().map(|profile| profile.name)))]
    Unknown(String),
    /// The other tool does not have this metric.
    #[error("the profile `{profile}` has no `{metric}`; it has {has}")]
    Lacks {
        /// The profile that was asked for.
        profile: &'static str,
        /// The id of our metric.
        metric: String,
        /// Those that it has.
        has: String,
    },
    /// No other tool has this metric.
    #[error("no profile has `{metric}`; they have {has}")]
    Alone {
        /// The id of our metric.
        metric: String,
        /// Those that some profile has.
        has: String,
    },
}

/// Every profile, in the order of the manual.
pub const PROFILES: &[Profile] = &[
    datadog::PROFILE,
    gitlab::PROFILE,
    fourkeys::PROFILE,
    devlake::PROFILE,
    middleware::PROFILE,
    metrik::PROFILE,
    pelorus::PROFILE,
];

/// Our metric by the rules of the profile of this name.
///
/// # Errors
/// `Unknown` when there is no such profile, `Lacks` when it does not have the metric.
pub fn find(profile: &str, metric: &str) -> Result<&'static Peer, ProfileError> {
    let found = PROFILES.iter().find(|found| found.name == profile);
    let profile = found.ok_or_else(|| ProfileError::Unknown(profile.to_owned()))?;
    profile.peers.iter().find(|peer| peer.replaces == metric).ok_or_else(|| ProfileError::Lacks {
        profile: profile.name,
        metric: metric.to_owned(),
        has: names(profile.peers.iter().map(|peer| peer.replaces)),
    })
}

/// Every profile that has this metric of ours, with its rules for it.
///
/// # Errors
/// `Alone` when none has.
pub fn beside(metric: &str) -> Result<Vec<(&'static Profile, &'static Peer)>, ProfileError> {
    let all = || PROFILES.iter().flat_map(|profile| profile.peers.iter().map(move |peer| (profile, peer)));
    let found: Vec<_> = all().filter(|(_, peer)| peer.replaces == metric).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let mut has: Vec<&str> = all().map(|(_, peer)| peer.replaces).collect();
    has.sort_unstable();
    has.dedup();
    Err(ProfileError::Alone { metric: metric.to_owned(), has: names(has.into_iter()) })
}

/// The metric of an id such as `NAME/change_lead_time`.
pub fn metric(id: &str) -> Option<&'static Metric> {
    let mut metrics = PROFILES.iter().flat_map(|profile| profile.peers).map(|peer| &peer.metric);
    metrics.find(|metric| metric.id == id)
}

/// The name of the profile to which a metric belongs; null for one of the catalogue.
pub fn profile_of(metric: &Metric) -> Option<&'static str> {
    metric.id.split_once('/').map(|(profile, _)| profile)
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What the rows of one of our metrics have in common, whoever computes it.
struct Kind {
    title: &'static str,
    question: &'static str,
    unit: Unit,
    better: Better,
    statistic: Statistic,
}

impl Kind {
    /// A row as the catalogue has them. The rows behind a number belong to our own definitions: `explain`
    /// knows only those, so there is no evidence here.
    const fn by(self, id: &'static str, statistics: &'static [&'static str], sql: &'static str) -> Metric {
        Metric {
            id,
            title: self.title,
            question: self.question,
            unit: self.unit,
            better: self.better,
            statistics,
            kind: self.statistic,
            subject: Subject::Services,
            empty: Empty::Null,
            version: 1,
            evidence: "",
            sql,
        }
    }
}

const LEAD_TIME: Kind = Kind {
    title: "Change lead time",
    question: "How long does a change take to production?",
    unit: Unit::Seconds,
    better: Better::Lower,
    statistic: Statistic::Quantile,
};
const FREQUENCY: Kind = Kind {
    title: "Deployment frequency",
    question: "How often is something deployed?",
    unit: Unit::Count,
    better: Better::Higher,
    statistic: Statistic::Rate,
};
const DEPLOYMENT_DAYS: Kind = Kind { unit: Unit::DaysPerWeek, ..FREQUENCY };
const FAIL_RATE: Kind = Kind {
    title: "Change fail rate",
    question: "Which share of deployments failed?",
    unit: Unit::Share,
    better: Better::Lower,
    statistic: Statistic::Proportion,
};
const RECOVERY: Kind = Kind {
    title: "Failed deployment recovery time",
    question: "How long does it take to recover from a deployment that failed?",
    unit: Unit::Seconds,
    better: Better::Lower,
    statistic: Statistic::Quantile,
};
const RESTORE: Kind = Kind {
    title: "Incident time to restore",
    question: "How long does an incident last?",
    unit: Unit::Seconds,
    better: Better::Lower,
    statistic: Statistic::Quantile,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_profile_and_metric() {
        for profile in PROFILES {
            for peer in profile.peers {
                assert_eq!(peer.metric.id, format!("{}/{}", profile.name, peer.replaces));
                assert_eq!(find(profile.name, peer.replaces).unwrap().metric.id, peer.metric.id);
                assert!(metric(peer.metric.id).is_some());
            }
        }
    }

    #[test]
    fn a_profile_says_in_one_sentence_each_what_differs_and_why_ours_does_not() {
        for peer in PROFILES.iter().flat_map(|profile| profile.peers) {
            for sentence in [peer.differs, peer.reason] {
                let inside = sentence.strip_suffix('.').unwrap_or_else(|| panic!("{}: {sentence}", peer.metric.id));
                assert!(!inside.contains(". ") && inside.len() > 20, "{}: {sentence}", peer.metric.id);
            }
            assert!(peer.metric.manual().lines().count() > 4, "{}: the comment names every rule", peer.metric.id);
        }
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let refused = find("nobody", "change_lead_time").unwrap_err().to_string();
        assert!(PROFILES.iter().all(|profile| refused.contains(profile.name)), "{refused}");
        assert!(find("metrik", "nps").unwrap_err().to_string().contains("change_fail_rate"));
        assert!(beside("nps").unwrap_err().to_string().contains("deployment_frequency"));
        assert_eq!(beside("change_lead_time").unwrap().len(), PROFILES.len());
    }
}
