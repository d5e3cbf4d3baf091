//! What was agreed about components: mandates, exemptions, targets, migrations, alternatives, areas, teams.
//!
//! Each entry has its dates, and none is deleted when it is over: an old number must stay explainable.

use super::component::Scope;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A component that services must use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// The component concerned.
    pub component: String,
    /// The day on which it was announced.
    pub announced_on: NaiveDate,
    /// The day by which it is due.
    pub due_on: NaiveDate,
    /// The day from which it is lifted; null = it still holds.
    pub ends_on: Option<NaiveDate>,
    /// The services that must; nothing said = all that it fits.
    #[serde(default, rename = "for")]
    pub scope: Scope,
}

/// A service that may stay off the paved road for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// The component that it need not use.
    pub component: String,
    /// The service concerned.
    pub service: String,
    /// Why it was granted, in one of the reason codes; null where `reason` holds one.
    pub reason_code: Option<String>,
    /// Why it was granted, in words.
    #[serde(default)]
    pub reason: String,
    /// Who decided it.
    pub owner: String,
    /// The day on which it began.
    pub opened_on: NaiveDate,
    /// The day on which it is looked at again.
    pub review_by: NaiveDate,
    /// The day on which it ends.
    pub expires_on: NaiveDate,
}

/// What the adoption of a component is aimed at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The component concerned.
    pub component: String,
    /// The share of eligible services, above 0 and at most 1.
    pub share: f64,
    /// The day on which it was promised; null = unknown.
    pub set_on: Option<NaiveDate>,
    /// The day by which it should be reached.
    pub due_on: NaiveDate,
}

/// People who belong to a team. Only who is inside and who outside is told from it, never who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// The team, by the name that owns services in the catalogue.
    pub team: String,
    /// What sources call each of them: a mail address, or `source:instance:login`. Everything that somebody is
    /// called counts.
    pub people: Vec<String>,
    /// The day from which they belong to it; null = always.
    pub from: Option<NaiveDate>,
    /// The day from which they do no more; null = they still do.
    pub until: Option<NaiveDate>,
}

/// Another tool that services use in place of components of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Alternative {
    /// The category of components in whose place it stands.
    pub category: String,
    /// The name that evidence gives it.
    pub name: String,
    /// What people call it; null = its name.
    pub title: Option<String>,
    /// Who sells it; null = nobody, or it is home-grown.
    pub vendor: Option<String>,
    /// `tolerated`, `discouraged` or `forbidden`.
    #[serde(default = "tolerated")]
    pub stance: String,
}

/// A move of services from an old tool or component to a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// The id by which reports name it.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The component that is left, if it is one; who still uses it has not moved.
    pub from_component: Option<String>,
    /// The alternatives that are left, by their names in evidence.
    #[serde(default)]
    pub from_alternatives: Vec<String>,
    /// The component that is moved to; no other migration goes there.
    pub to_component: String,
    /// Who drives it.
    pub owner: String,
    /// The day on which it began.
    pub started_on: NaiveDate,
    /// The last day on which all of it is in time; null = what its component's target says.
    pub due_on: Option<NaiveDate>,
    /// Services that cannot move yet.
    #[serde(default)]
    pub blocked: Vec<Blocked>,
}

/// A service that cannot move yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Blocked {
    /// The service concerned.
    pub service: String,
    /// What it waits for, in one of the reason codes.
    pub reason_code: String,
    /// What it waits for, in words.
    pub reason: Option<String>,
    /// The first day on which it could not.
    pub since: NaiveDate,
    /// The first day on which it could again; null = it still cannot.
    pub until: Option<NaiveDate>,
}

impl Migration {
    /// What keeps a service from moving on a day.
    pub fn blocked(&self, service: &str, on: NaiveDate) -> Option<&Blocked> {
        let is_in_force = |blocked: &&Blocked| blocked.since <= on && blocked.until.is_none_or(|until| on < until);
        self.blocked.iter().find(|blocked| blocked.service == service && is_in_force(blocked))
    }
}

/// An area, and the team that answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Responsibility {
    /// What it is about, such as `runners` or `service alerts`.
    pub area: String,
    /// The team that answers; null = nobody, which is worth knowing.
    pub owner: Option<String>,
    /// `platform`, `team` or `vendor`.
    pub side: String,
    /// The component to which it belongs, if it does.
    pub component: Option<String>,
    /// The first day of this answer; null = always.
    pub from: Option<NaiveDate>,
    /// The first day of another answer; null = it still holds.
    pub until: Option<NaiveDate>,
}

impl Exemption {
    /// The code of its reason; words that are no code count as `other`.
    pub fn code(&self) -> &str {
        let code = self.reason_code.as_deref().unwrap_or(&self.reason);
        if super::REASON_CODES.contains(&code) { code } else { "other" }
    }
}

fn tolerated() -> String {
    "tolerated".to_owned()
}
