//! `Definitions`: what an organisation says about itself: zone, settings, environments, and the
//! registers of its platform. Facts read them as small tables (`registers.rs`).
//!
//! They come from the configuration file and from the folder beside it (`platform.rs`).

mod agreement;
mod component;
mod problems;

pub use agreement::{Alternative, Blocked, Exemption, Mandate, Membership, Migration, Responsibility, Target};
pub(crate) use component::LIFECYCLES;
pub use component::{Component, FitRule, Passage, REASON_CODES, Release, Ring, Scope};
pub(crate) use problems::{Problem, Section, problems};

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use waymark_event::{PeopleKey, Weight};

/// Everything in the configuration on which a number can depend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Definitions {
    /// The IANA zone in which days begin. Default `UTC`.
    pub zone: String,
    /// The name of the scope that holds every service. Default `organisation`.
    pub organisation: String,
    /// Whether categories stand beside numbers, such as `weekly`. Default false. No number depends on it,
    /// so it is left out of the fingerprint.
    #[serde(skip_serializing)]
    pub grades: bool,
    /// Numbers that belong to definitions.
    pub settings: Settings,
    /// Which environment names mean what; the first match wins, before the built-in ones.
    #[serde(rename = "environment")]
    pub environments: Vec<EnvironmentRule>,
    /// The capabilities of the platform.
    #[serde(rename = "component")]
    pub components: Vec<Component>,
    /// Which components are mandated.
    #[serde(rename = "mandate")]
    pub mandates: Vec<Mandate>,
    /// Who may stay off the paved road, and until when.
    #[serde(rename = "exemption")]
    pub exemptions: Vec<Exemption>,
    /// What adoption is aimed at.
    #[serde(rename = "target")]
    pub targets: Vec<Target>,
    /// What is used in the place of components.
    #[serde(rename = "alternative")]
    pub alternatives: Vec<Alternative>,
    /// Moves from old tools to components.
    #[serde(rename = "migration")]
    pub migrations: Vec<Migration>,
    /// Who answers for what.
    #[serde(rename = "responsibility")]
    pub responsibilities: Vec<Responsibility>,
    /// Who belongs to which team.
    #[serde(rename = "membership")]
    pub memberships: Vec<Membership>,
    /// Which paths of a shared repository belong to which service.
    pub service_paths: Vec<ServicePaths>,
    /// Which pull requests mend something, beside the built-in rules.
    #[serde(rename = "hotfix")]
    pub hotfixes: Vec<HotfixRule>,
    /// What people judged of single deployments.
    #[serde(rename = "verdict")]
    pub verdicts: Vec<Judgement>,
}

/// Numbers that belong to definitions; a changed one is a changed definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Days after which a deployment's failures are taken as known. Default 7.
    pub observation_window_days: i64,
    /// Days without commit or deployment after which a service is no longer active. Default 90.
    pub active_service_window_days: i64,
    /// Days for which a finding in configuration is believed. Default 14.
    pub evidence_ttl_static_days: i64,
    /// Days for which a finding at run time is believed. Default 28.
    pub evidence_ttl_runtime_days: i64,
    /// Days that a service must have used a component before it can leave it. Default 28.
    pub left_min_adopted_days: i64,
    /// Answers below which a survey cell is withheld; at least 5. Default 5.
    pub survey_k: i64,
    /// Seconds by which clocks of two sources may contradict each other. Default 300.
    pub skew_tolerance_seconds: i64,
    /// Hours after which an unfinished deployment counts as unknown. Default 24.
    pub deployment_timeout_hours: i64,
}

/// One rule for environment names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRule {
    /// The name in any case, with `*` for any text.
    pub pattern: String,
    /// `production`, `staging`, `testing`, `development` or `other`.
    pub tier: String,
}

/// The paths by which a service receives changes of a repository that it shares with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicePaths {
    /// The service that receives the changes.
    pub service: String,
    /// The repository that it shares.
    pub repository: String,
    /// Its own paths: `**` stands for any text, `*` and `?` stay within a folder's name.
    pub globs: Vec<String>,
    /// Paths of libraries that it is built from, and that others are built from too.
    #[serde(default)]
    pub shared: Vec<String>,
}

/// A mark by which a pull request is known to mend something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HotfixRule {
    /// A label in any case, with `*` for any text.
    pub label: Option<String>,
    /// The name of its branch in any case, with `*` for any text.
    pub branch: Option<String>,
}

/// What a person judged of one deployment; it stands above all other evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The deployment, by our id or by its source's own.
    pub deployment: String,
    /// Whether it needed immediate intervention.
    pub is_failure: bool,
    /// Why, for whoever asks later.
    pub reason: String,
}

impl Default for Definitions {
    fn default() -> Self {
        Self {
            zone: "UTC".to_owned(),
            organisation: "organisation".to_owned(),
            grades: false,
            settings: Settings::default(),
            environments: Vec::new(),
            components: Vec::new(),
            mandates: Vec::new(),
            exemptions: Vec::new(),
            targets: Vec::new(),
            alternatives: Vec::new(),
            migrations: Vec::new(),
            responsibilities: Vec::new(),
            memberships: Vec::new(),
            service_paths: Vec::new(),
            hotfixes: Vec::new(),
            verdicts: Vec::new(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            observation_window_days: 7,
            active_service_window_days: 90,
            evidence_ttl_static_days: 14,
            evidence_ttl_runtime_days: 28,
            left_min_adopted_days: 28,
            survey_k: 5,
            skew_tolerance_seconds: 300,
            deployment_timeout_hours: 24,
        }
    }
}

impl Definitions {
    /// The zone, or UTC where the text names none; `problems` tells the difference.
    pub fn zone(&self) -> Tz {
        self.zone.parse().unwrap_or(Tz::UTC)
    }

    /// The component of this id.
    pub fn component(&self, id: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.id == id)
    }

    /// What was promised of a component as of a day: the next target that is due, else the last one that was.
    pub fn target(&self, component: &str, on: NaiveDate) -> Option<&Target> {
        let is_set = |target: &&Target| target.component == component && target.set_on.is_none_or(|set_on| set_on <= on);
        let targets = || self.targets.iter().filter(is_set);
        let next = targets().filter(|target| target.due_on >= on).min_by_key(|target| target.due_on);
        next.or_else(|| targets().max_by_key(|target| target.due_on))
    }

    /// The mandate that holds on a day for every service that a component fits; of several the one that is due first.
    pub fn mandate(&self, component: &str, on: NaiveDate) -> Option<&Mandate> {
        let holds = |mandate: &&Mandate| {
            let is_in_force = mandate.announced_on <= on && mandate.ends_on.is_none_or(|ends_on| on < ends_on);
            mandate.component == component && is_in_force && mandate.scope == Scope::default()
        };
        self.mandates.iter().filter(holds).min_by_key(|mandate| mandate.due_on)
    }

    /// What keeps a service from moving to a component on a day, where a migration says so.
    pub fn blocked(&self, component: &str, service: &str, on: NaiveDate) -> Option<&Blocked> {
        let mut migrations = self.migrations.iter().filter(|migration| migration.to_component == component);
        migrations.find_map(|migration| migration.blocked(service, on))
    }

    /// The same without people: in the place of their names stand the pseudonyms by which observations know them.
    #[must_use]
    pub fn with_pseudonyms(mut self, people: &PeopleKey) -> Self {
        for name in self.memberships.iter_mut().flat_map(|membership| &mut membership.people) {
            *name = people.person(name);
        }
        self
    }

    /// A text that differs whenever a number could.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(self).unwrap_or_default());
        hash.update(crate::facts::ENGINE_VERSION.to_le_bytes());
        for fact in crate::facts::FACTS {
            hash.update(format!("{} {:?} {:?}", fact.name, fact.key, fact.units));
        }
        for sql in crate::facts::statements() {
            hash.update(sql);
        }
        let digest = hash.finalize();
        let first = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{first:016x}")
    }

    /// What is wrong, in words for the person who wrote it; empty when all is well.
    pub fn problems(&self) -> Vec<String> {
        let wrong = problems(self).into_iter().filter(|problem| problem.weight == Weight::Wrong);
        wrong.map(|problem| problem.message).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_pseudonyms_as_observations_know_them() {
        let people = PeopleKey::new([7; 32]);
        let membership =
            |name: &str| Membership { team: "red".to_owned(), people: vec![name.to_owned()], from: None, until: None };
        let named = Definitions { memberships: vec![membership("Ada@example.org")], ..Definitions::default() };
        let hidden = named.clone().with_pseudonyms(&people);
        assert_eq!(hidden.memberships, [membership(&people.person("ada@example.org"))]);
        assert_ne!(hidden.fingerprint(), Definitions::default().with_pseudonyms(&people).fingerprint());
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_target_counts_and_the_last_one_where_all_are_over() {
        let target = |share, due: &str| Target { component: "ci".to_owned(), share, set_on: None, due_on: day(due) };
        let later = Target { set_on: Some(day("2026-09-01")), ..target(0.95, "2026-08-01") };
        let targets = vec![target(0.6, "2026-06-30"), target(0.9, "2026-12-31"), later];
        let definitions = Definitions { targets, ..Definitions::default() };
        let share = |on: &str| definitions.target("ci", day(on)).map(|target| target.share);
        assert_eq!(share("2026-06-30"), Some(0.6));
        assert_eq!(share("2026-07-01"), Some(0.9), "what was set later was not known then");
        assert_eq!(share("2027-02-01"), Some(0.9));
        assert_eq!(definitions.target("logging", day("2026-06-30")), None);
    }

    #[test]
    fn a_mandate_is_told_while_it_holds_for_everybody() {
        let mandate = Mandate {
            component: "ci".to_owned(),
            announced_on: day("2026-01-01"),
            due_on: day("2026-06-30"),
            ends_on: Some(day("2026-09-01")),
            scope: Scope::default(),
        };
        let of_one_team = Mandate {
            due_on: day("2026-03-01"),
            ends_on: None,
            scope: Scope { teams: vec!["red".to_owned()], ..Scope::default() },
            ..mandate.clone()
        };
        let definitions = Definitions { mandates: vec![of_one_team, mandate], ..Definitions::default() };
        let due = |on: &str| definitions.mandate("ci", day(on)).map(|mandate| mandate.due_on);
        assert_eq!(due("2025-12-31"), None);
        assert_eq!(due("2026-02-01"), Some(day("2026-06-30")));
        assert_eq!(due("2026-09-01"), None);
    }

    #[test]
    fn a_service_that_is_blocked_again_is_blocked() {
        let blocked = |since: &str, until: Option<&str>| Blocked {
            service: "till".to_owned(),
            reason_code: "runtime".to_owned(),
            reason: None,
            since: day(since),
            until: until.map(day),
        };
        let migration = Migration {
            id: "to-ci".to_owned(),
            title: "To CI".to_owned(),
            from_component: None,
            from_alternatives: Vec::new(),
            to_component: "ci".to_owned(),
            owner: "platform".to_owned(),
            started_on: day("2026-01-01"),
            due_on: None,
            blocked: vec![blocked("2026-01-01", Some("2026-02-01")), blocked("2026-03-01", None)],
        };
        let definitions = Definitions { migrations: vec![migration], ..Definitions::default() };
        let is_blocked = |on: &str| definitions.blocked("ci", "till", day(on)).is_some();
        assert_eq!([is_blocked("2026-01-31"), is_blocked("2026-02-01"), is_blocked("2026-03-01")], [true, false, true]);
    }
}
