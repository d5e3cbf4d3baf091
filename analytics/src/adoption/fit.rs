//! Whom a component is made for, and who was told to use it.

use super::{Description, Fit};
use crate::definitions::Scope;
use std::collections::BTreeSet;
use waymark_event::Instant;

/// One condition that a service must meet while it is in force; empty lists ask for nothing.
#[derive(Debug, Default)]
pub(crate) struct FitRule {
    pub(crate) reason: String,
    pub(crate) any_tags: Vec<String>,
    pub(crate) all_tags: Vec<String>,
    pub(crate) no_tags: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) valid_from: Instant,
    pub(crate) valid_to: Option<Instant>,
}

/// That services must use a component.
#[derive(Debug, Default)]
pub(crate) struct Mandate {
    pub(crate) announced_at: Instant,
    pub(crate) ends_at: Option<Instant>,
    pub(crate) scope: Scope,
}

/// Whether the component was made for such a service at that time, and by which reasons it was not.
pub(super) fn fit<'a>(rules: &'a [FitRule], description: &Description<'_>, at: Instant) -> (Fit, Vec<&'a str>) {
    let mut reasons = BTreeSet::new();
    let mut is_undecided = false;
    for rule in rules.iter().filter(|rule| rule.valid_from <= at && rule.valid_to.is_none_or(|end| at < end)) {
        match rule.holds(description) {
            None => is_undecided = true,
            Some(false) => drop(reasons.insert(rule.reason.as_str())),
            Some(true) => {}
        }
    }
    let fit = match (reasons.is_empty(), is_undecided) {
        (false, _) => Fit::Unfit,
        (true, true) => Fit::Unknown,
        (true, false) => Fit::Fits,
    };
    (fit, reasons.into_iter().collect())
}

impl FitRule {
    /// Null where nobody said what the rule asks for.
    fn holds(&self, description: &Description<'_>) -> Option<bool> {
        let is_of_type = if self.types.is_empty() {
            true
        } else {
            let kind = description.kind?;
            self.types.iter().any(|wanted| wanted == kind)
        };
        if self.any_tags.is_empty() && self.all_tags.is_empty() && self.no_tags.is_empty() {
            return Some(is_of_type);
        }
        let labels = description.labels.as_ref()?;
        let has = |tag: &String| labels.contains(&tag.as_str());
        let has_any = self.any_tags.is_empty() || self.any_tags.iter().any(has);
        Some(is_of_type && has_any && self.all_tags.iter().all(has) && !self.no_tags.iter().any(has))
    }
}

impl Mandate {
    /// Whether such a service was told to when it joined.
    pub(super) fn holds(&self, service: &str, description: &Description<'_>, joined_at: Instant) -> bool {
        let labels = description.labels.as_deref().unwrap_or_default();
        self.announced_at <= joined_at
            && self.ends_at.is_none_or(|end| joined_at < end)
            && self.scope.covers(service, description.owner, description.system, labels)
    }
}
