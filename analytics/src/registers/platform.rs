//! The registers of the platform: components and what was agreed about them, as rows.
//!
//! Days become instants in the zone of the organisation. An open end is null; an open beginning is
//! the beginning of time, so that a comparison needs no second case.

use super::like;
use crate::definitions::{Definitions, Scope};
use crate::window::local_midnight;
use arrow::array::RecordBatch;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use waymark_event::{Instant, SchemaError, record_batch};

#[derive(Serialize, Deserialize)]
struct ComponentRow {
    component_id: String,
    title: String,
    category: String,
    owner: String,
    lifecycle: String,
    summary: Option<String>,
    url: Option<String>,
    piloted_at: Option<Instant>,
    released_at: Option<Instant>,
    deprecated_at: Option<Instant>,
    retired_at: Option<Instant>,
    has_rules: bool,
    has_any_rule: bool,
    has_no_rule: bool,
    fit_any_tags: Vec<String>,
    fit_no_tags: Vec<String>,
}

/// One condition that a service must meet; a component without a row fits all.
#[derive(Serialize, Deserialize)]
struct FitRuleRow {
    component_id: String,
    position: i64,
    reason: String,
    any_tags: Vec<String>,
    all_tags: Vec<String>,
    no_tags: Vec<String>,
    types: Vec<String>,
    valid_from: Instant,
    valid_to: Option<Instant>,
}

/// Every name of a component, its id among them.
#[derive(Serialize, Deserialize)]
struct ComponentNameRow {
    name: String,
    component_id: String,
}

#[derive(Serialize, Deserialize)]
struct RingRow {
    component_id: String,
    position: i64,
    ring: String,
    opened_at: Instant,
    services: Vec<String>,
    teams: Vec<String>,
    systems: Vec<String>,
    tags: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ReleaseRow {
    component_id: String,
    version: String,
    released_at: Instant,
    deprecated_at: Option<Instant>,
    end_of_life_at: Option<Instant>,
}

/// One mark by which a deployment is known to have gone through a component.
#[derive(Serialize, Deserialize)]
struct PassageRow {
    component_id: String,
    /// `run`, `source` or `machine`.
    kind: String,
    /// A pattern of SQL for what bears the mark, in small letters.
    pattern: String,
}

#[derive(Serialize, Deserialize)]
struct AlternativeRow {
    category: String,
    alternative: String,
    title: String,
    vendor: Option<String>,
    stance: String,
}

/// Four empty lists mean every service; lists that are given must all hold.
#[derive(Serialize, Deserialize)]
struct MandateRow {
    component_id: String,
    announced_at: Instant,
    due_at: Instant,
    ends_at: Option<Instant>,
    services: Vec<String>,
    teams: Vec<String>,
    systems: Vec<String>,
    tags: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ExemptionRow {
    component_id: String,
    service: String,
    reason_code: String,
    reason: String,
    owner: String,
    opened_at: Instant,
    review_at: Instant,
    expires_at: Instant,
}

#[derive(Serialize, Deserialize)]
struct TargetRow {
    component_id: String,
    share: f64,
    set_at: Option<Instant>,
    due_at: Instant,
}

#[derive(Serialize, Deserialize)]
struct MigrationRow {
    migration_id: String,
    title: String,
    old_component_id: Option<String>,
    old_alternatives: Vec<String>,
    new_component_id: String,
    owner: String,
    started_at: Instant,
    due_at: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
struct MigrationBlockRow {
    migration_id: String,
    service: String,
    reason_code: String,
    reason: Option<String>,
    valid_from: Instant,
    valid_to: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
struct ResponsibilityRow {
    area: String,
    owner: Option<String>,
    side: String,
    component_id: Option<String>,
    valid_from: Instant,
    valid_to: Option<Instant>,
}

/// Days of the organisation as instants.
pub(super) struct Days<'a>(pub(super) &'a Definitions);

impl Days<'_> {
    fn at(&self, day: NaiveDate) -> Instant {
        local_midnight(day, self.0.zone())
    }

    pub(super) fn maybe(&self, day: Option<NaiveDate>) -> Option<Instant> {
        day.map(|day| self.at(day))
    }

    pub(super) fn from(&self, day: Option<NaiveDate>) -> Instant {
        self.maybe(day).unwrap_or(Instant::from_seconds(0))
    }
}

/// Every register of the platform by its name.
pub(super) fn registers(definitions: &Definitions) -> Result<Vec<(&'static str, RecordBatch)>, SchemaError> {
    let days = Days(definitions);
    Ok(vec![
        ("components", table("components", &components(definitions, &days))?),
        ("fit_rules", table("fit_rules", &fit_rules(definitions, &days))?),
        ("component_names", table("component_names", &component_names(definitions))?),
        ("rings", table("rings", &rings(definitions, &days))?),
        ("releases", table("releases", &releases(definitions, &days))?),
        ("passages", table("passages", &passages(definitions))?),
        ("alternatives", table("alternatives", &alternatives(definitions))?),
        ("mandates", table("mandates", &mandates(definitions, &days))?),
        ("exemptions", table("exemptions", &exemptions(definitions, &days))?),
        ("targets", table("targets", &targets(definitions, &days))?),
        ("migrations", table("migrations", &migrations(definitions, &days))?),
        ("migration_blocks", table("migration_blocks", &migration_blocks(definitions, &days))?),
        ("responsibilities", table("responsibilities", &responsibilities(definitions, &days))?),
    ])
}

fn table<T: Serialize + serde::de::DeserializeOwned>(name: &str, rows: &[T]) -> Result<RecordBatch, SchemaError> {
    record_batch(&rows.iter().collect::<Vec<_>>(), name)
}

fn components(definitions: &Definitions, days: &Days<'_>) -> Vec<ComponentRow> {
    let components = definitions.components.iter();
    components
        .map(|component| {
            let conditions = component.conditions();
            let fit_any_tags: Vec<String> = conditions.iter().flat_map(|rule| rule.any_tags.clone()).collect();
            let fit_no_tags: Vec<String> = conditions.iter().flat_map(|rule| rule.no_tags.clone()).collect();
            ComponentRow {
                component_id: component.id.clone(),
                title: component.title.clone(),
                category: component.category.clone(),
                owner: component.owner.clone(),
                lifecycle: component.lifecycle.clone(),
                summary: component.summary.clone(),
                url: component.url.clone(),
                piloted_at: days.maybe(component.piloted_on),
                released_at: days.maybe(component.released_on),
                deprecated_at: days.maybe(component.deprecated_on),
                retired_at: days.maybe(component.retired_on),
                has_rules: !conditions.is_empty(),
                has_any_rule: !fit_any_tags.is_empty(),
                has_no_rule: !fit_no_tags.is_empty(),
                fit_any_tags,
                fit_no_tags,
            }
        })
        .collect()
}

fn fit_rules(definitions: &Definitions, days: &Days<'_>) -> Vec<FitRuleRow> {
    let mut rows = Vec::new();
    for component in &definitions.components {
        for (position, rule) in (0..).zip(component.conditions()) {
            rows.push(FitRuleRow {
                component_id: component.id.clone(),
                position,
                valid_from: days.from(rule.from),
                valid_to: days.maybe(rule.until),
                reason: rule.reason,
                any_tags: rule.any_tags,
                all_tags: rule.all_tags,
                no_tags: rule.no_tags,
                types: rule.types,
            });
        }
    }
    rows
}

fn component_names(definitions: &Definitions) -> Vec<ComponentNameRow> {
    let named = definitions.components.iter().flat_map(|component| {
        let names = std::iter::once(&component.id).chain(&component.formerly);
        names.map(|name| ComponentNameRow { name: name.clone(), component_id: component.id.clone() })
    });
    named.collect()
}

fn rings(definitions: &Definitions, days: &Days<'_>) -> Vec<RingRow> {
    let rings = definitions.components.iter().flat_map(|component| {
        let rings = (0..).zip(&component.rings);
        rings.map(|(position, ring)| {
            let Scope { services, teams, systems, tags } = ring.scope.clone();
            let (component_id, opened_at) = (component.id.clone(), days.at(ring.opened_on));
            RingRow { component_id, position, ring: ring.name.clone(), opened_at, services, teams, systems, tags }
        })
    });
    rings.collect()
}

fn releases(definitions: &Definitions, days: &Days<'_>) -> Vec<ReleaseRow> {
    let releases = definitions.components.iter().flat_map(|component| {
        component.releases.iter().map(|release| ReleaseRow {
            component_id: component.id.clone(),
            version: release.version.clone(),
            released_at: days.at(release.released_on),
            deprecated_at: days.maybe(release.deprecated_on),
            end_of_life_at: days.maybe(release.end_of_life_on),
        })
    });
    releases.collect()
}

fn passages(definitions: &Definitions) -> Vec<PassageRow> {
    let mut rows = Vec::new();
    for component in &definitions.components {
        let Some(passage) = &component.passage else { continue };
        let mut row = |kind: &str, pattern: String| {
            rows.push(PassageRow { component_id: component.id.clone(), kind: kind.to_owned(), pattern });
        };
        passage.runs_use.iter().for_each(|name| row("run", like(name)));
        passage.deployments_from.iter().for_each(|name| row("source", like(name)));
        if passage.by_machine {
            row("machine", "true".to_owned());
        }
    }
    rows
}

fn alternatives(definitions: &Definitions) -> Vec<AlternativeRow> {
    let alternatives = definitions.alternatives.iter().map(|alternative| AlternativeRow {
        category: alternative.category.clone(),
        alternative: alternative.name.clone(),
        title: alternative.title.clone().unwrap_or_else(|| alternative.name.clone()),
        vendor: alternative.vendor.clone(),
        stance: alternative.stance.clone(),
    });
    alternatives.collect()
}

fn mandates(definitions: &Definitions, days: &Days<'_>) -> Vec<MandateRow> {
    let mandates = definitions.mandates.iter().map(|mandate| {
        let Scope { services, teams, systems, tags } = mandate.scope.clone();
        MandateRow {
            component_id: mandate.component.clone(),
            announced_at: days.at(mandate.announced_on),
            due_at: days.at(mandate.due_on),
            ends_at: days.maybe(mandate.ends_on),
            services,
            teams,
            systems,
            tags,
        }
    });
    mandates.collect()
}

fn exemptions(definitions: &Definitions, days: &Days<'_>) -> Vec<ExemptionRow> {
    let exemptions = definitions.exemptions.iter().map(|exemption| ExemptionRow {
        component_id: exemption.component.clone(),
        service: exemption.service.clone(),
        reason_code: exemption.code().to_owned(),
        reason: exemption.reason.clone(),
        owner: exemption.owner.clone(),
        opened_at: days.at(exemption.opened_on),
        review_at: days.at(exemption.review_by),
        expires_at: days.at(exemption.expires_on),
    });
    exemptions.collect()
}

fn targets(definitions: &Definitions, days: &Days<'_>) -> Vec<TargetRow> {
    let targets = definitions.targets.iter().map(|target| TargetRow {
        component_id: target.component.clone(),
        share: target.share,
        set_at: days.maybe(target.set_on),
        due_at: days.at(target.due_on),
    });
    targets.collect()
}

fn migrations(definitions: &Definitions, days: &Days<'_>) -> Vec<MigrationRow> {
    let migrations = definitions.migrations.iter().map(|migration| MigrationRow {
        migration_id: migration.id.clone(),
        title: migration.title.clone(),
        old_component_id: migration.from_component.clone(),
        old_alternatives: migration.from_alternatives.clone(),
        new_component_id: migration.to_component.clone(),
        owner: migration.owner.clone(),
        started_at: days.at(migration.started_on),
        due_at: days.maybe(migration.due_on),
    });
    migrations.collect()
}

fn migration_blocks(definitions: &Definitions, days: &Days<'_>) -> Vec<MigrationBlockRow> {
    let blocked = definitions.migrations.iter().flat_map(|migration| {
        migration.blocked.iter().map(|blocked| MigrationBlockRow {
            migration_id: migration.id.clone(),
            service: blocked.service.clone(),
            reason_code: blocked.reason_code.clone(),
            reason: blocked.reason.clone(),
            valid_from: days.at(blocked.since),
            valid_to: days.maybe(blocked.until),
        })
    });
    blocked.collect()
}

fn responsibilities(definitions: &Definitions, days: &Days<'_>) -> Vec<ResponsibilityRow> {
    let responsibilities = definitions.responsibilities.iter().map(|responsibility| ResponsibilityRow {
        area: responsibility.area.clone(),
        owner: responsibility.owner.clone(),
        side: responsibility.side.clone(),
        component_id: responsibility.component.clone(),
        valid_from: days.from(responsibility.from),
        valid_to: days.maybe(responsibility.until),
    });
    responsibilities.collect()
}
