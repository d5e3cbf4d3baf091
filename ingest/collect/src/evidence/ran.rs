//! Whether a run or deployment went through a component, by the names that it gives.

use super::glob::{Patterns, split_version};
use super::rule::{EvidenceRule, EvidenceRules, Texts};
use chrono::NaiveDate;
use waymark_event::Instant;

/// A run or deployment that has ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// When it ended.
    pub at: Instant,
    /// The id of its entity.
    pub entity: String,
    /// What it is.
    pub kind: RanKind,
    /// What a run used, as `name@version`; of a deployment, who reported it: `source` and `source:instance`.
    pub names: Vec<String>,
}

/// What it was that ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RanKind {
    /// A run of a pipeline on the default branch.
    Run,
    /// A production deployment.
    Deployment,
}

/// The rules that a run or deployment fits, with the condition and the version in use.
pub(crate) fn used<'r>(
    rules: &'r EvidenceRules,
    repository: &'r str,
    day: NaiveDate,
    ran: &'r Ran,
) -> impl Iterator<Item = (&'r EvidenceRule, &'static str, Option<String>)> {
    rules.rules().iter().filter_map(move |rule| {
        let runtime = rule.runtime.as_ref()?;
        let (condition, texts) = match ran.kind {
            RanKind::Run => ("runs_use", runtime.runs_use.as_ref()?),
            RanKind::Deployment => ("deployments_from", runtime.deployments_from.as_ref()?),
        };
        let is_in_force = rule.from.is_none_or(|from| from <= day) && rule.until.is_none_or(|until| day < until);
        let is_here = rule.repositories.is_empty()
            || Patterns::of_values(rule.repositories.iter().map(String::as_str)).is_ok_and(|patterns| patterns.fit(repository));
        let fitting = fitting(texts, ran).filter(|_| is_in_force && is_here)?;
        let version = match ran.kind {
            RanKind::Run => split_version(fitting).map(|(_, version)| version.to_owned()),
            RanKind::Deployment => None,
        };
        Some((rule, condition, version))
    })
}

fn fitting<'r>(texts: &Texts, ran: &'r Ran) -> Option<&'r str> {
    let patterns = Patterns::of_values(texts.each()).ok()?;
    ran.names.iter().map(String::as_str).find(|name| patterns.fit_reference(name))
}
