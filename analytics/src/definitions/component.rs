//! One capability of the platform: what it is called, whom it fits, when it became available.
//!
//! How its use is detected is described beside it and read by `collect`, which alone looks.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a component does not fit a service, or why a service is exempt; closed, so that reasons add up.
pub const REASON_CODES: &[&str] =
    &["language", "runtime", "region", "compliance", "data_store", "size", "network", "cost", "other"];

/// In which order a component lives.
pub(crate) const LIFECYCLES: &[&str] = &["pilot", "general", "deprecated"];

/// One capability of the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The id that evidence names.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What it is for, such as `ci`, `deploy`, `logging`, `secrets`; alternatives belong to a category.
    pub category: String,
    /// The team that offers it.
    pub owner: String,
    /// `pilot`, `general` or `deprecated`.
    #[serde(default = "general")]
    pub lifecycle: String,
    /// One sentence for those who do not use it yet.
    pub summary: Option<String>,
    /// Where it is explained.
    pub url: Option<String>,
    /// The day from which the first ring could use it; null = as `released_on`.
    pub piloted_on: Option<NaiveDate>,
    /// The day from which anybody could use it.
    pub released_on: Option<NaiveDate>,
    /// The day from which nobody should begin to use it.
    pub deprecated_on: Option<NaiveDate>,
    /// The day on which it ends.
    pub retired_on: Option<NaiveDate>,
    /// Ids that it had before; evidence under them counts for it.
    #[serde(default)]
    pub formerly: Vec<String>,
    /// Made for services with one of these tags; empty = for all. A short form of a `fit` rule.
    #[serde(default)]
    pub fit_any_tags: Vec<String>,
    /// Not made for services with one of these tags. A short form of a `fit` rule.
    #[serde(default)]
    pub fit_no_tags: Vec<String>,
    /// Conditions that a service must meet, all of them.
    #[serde(default)]
    pub fit: Vec<FitRule>,
    /// Who got it when, from the first to the last.
    #[serde(default)]
    pub rings: Vec<Ring>,
    /// Its versions, oldest first.
    #[serde(default)]
    pub releases: Vec<Release>,
    /// How a production deployment shows that it went through the component; null = it does not show.
    pub passage: Option<Passage>,
}

/// Marks of a deployment that went through a component; one of them is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Passage {
    /// A run that carried the deployment, or built its commit, used one of these, with `*` for any text.
    pub runs_use: Vec<String>,
    /// It was told by one of these sources: `source` or `source:instance`, with `*` for any text.
    pub deployments_from: Vec<String>,
    /// A machine deployed, and not a person.
    pub by_machine: bool,
}

/// A condition that a service must meet for a component to fit it; every list that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FitRule {
    /// Why it does not fit a service that fails: language, runtime, region, compliance, `data_store`, size,
    /// network, cost or other.
    pub reason: String,
    /// The service has one of these tags; empty = any.
    #[serde(default)]
    pub any_tags: Vec<String>,
    /// The service has each of these tags.
    #[serde(default)]
    pub all_tags: Vec<String>,
    /// The service has none of these tags.
    #[serde(default)]
    pub no_tags: Vec<String>,
    /// The service is of one of these types, such as `service` or `library`; empty = any.
    #[serde(default)]
    pub types: Vec<String>,
    /// The first day on which the condition holds; null = always.
    pub from: Option<NaiveDate>,
    /// The first day on which it holds no more; null = it still does.
    pub until: Option<NaiveDate>,
}

/// Services that get a component earlier than others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    /// Its name, such as `pilot` or `first`.
    pub name: String,
    /// The day from which its services can use the component.
    pub opened_on: NaiveDate,
    /// Its services; nothing said = all.
    #[serde(default, rename = "for")]
    pub scope: Scope,
}

/// A version of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The version as evidence shows it, such as `v3`.
    pub version: String,
    /// The day on which it was released.
    pub released_on: NaiveDate,
    /// The day from which it should be left; null = it need not.
    pub deprecated_on: Option<NaiveDate>,
    /// The day from which nobody supports it; null = not known.
    pub end_of_life_on: Option<NaiveDate>,
}

/// Which services are meant; nothing said = all, several lists = each must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Services by name.
    pub services: Vec<String>,
    /// Services of these teams.
    pub teams: Vec<String>,
    /// Services of these systems.
    pub systems: Vec<String>,
    /// Services with one of these tags.
    pub tags: Vec<String>,
}

impl Component {
    /// Every condition, those in the short form among them.
    pub fn conditions(&self) -> Vec<FitRule> {
        let short = FitRule {
            reason: "other".to_owned(),
            any_tags: self.fit_any_tags.clone(),
            no_tags: self.fit_no_tags.clone(),
            ..FitRule::default()
        };
        let has_short = !short.any_tags.is_empty() || !short.no_tags.is_empty();
        has_short.then_some(short).into_iter().chain(self.fit.iter().cloned()).collect()
    }
}

impl Scope {
    /// Whether there can be a service that both mean.
    pub fn meets(&self, other: &Self) -> bool {
        let meet = |one: &[String], other: &[String]| {
            one.is_empty() || other.is_empty() || one.iter().any(|name| other.contains(name))
        };
        // A service may carry tags of both, so tags keep nobody apart.
        meet(&self.services, &other.services) && meet(&self.teams, &other.teams) && meet(&self.systems, &other.systems)
    }

    /// Whether a service of this team and system and with these tags is meant; null = nobody said.
    pub fn covers(&self, service: &str, team: Option<&str>, system: Option<&str>, tags: &[&str]) -> bool {
        let is_among = |wanted: &[String], value: Option<&str>| {
            wanted.is_empty() || value.is_some_and(|value| wanted.iter().any(|wanted| wanted == value))
        };
        is_among(&self.services, Some(service))
            && is_among(&self.teams, team)
            && is_among(&self.systems, system)
            && (self.tags.is_empty() || self.tags.iter().any(|tag| tags.contains(&tag.as_str())))
    }
}

fn general() -> String {
    "general".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_whom_every_list_of_it_names() {
        let names = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
        let covers = |scope: &Scope| scope.covers("checkout", Some("shop"), None, &["java", "web"]);
        for (scope, is_covered) in [
            (Scope::default(), true),
            (Scope { services: names(&["basket", "checkout"]), ..Scope::default() }, true),
            (Scope { teams: names(&["payments"]), ..Scope::default() }, false),
            (Scope { systems: names(&["shop"]), ..Scope::default() }, false),
            (Scope { tags: names(&["rust", "web"]), ..Scope::default() }, true),
            (Scope { teams: names(&["shop"]), tags: names(&["rust"]), ..Scope::default() }, false),
        ] {
            assert_eq!(covers(&scope), is_covered, "{scope:?}");
        }
    }
}
