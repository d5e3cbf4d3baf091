//! The story of the sample: which service uses which component in which week.
//!
//! Each component has a curve of adoption over the plan. The services that it fits stand in a
//! fixed order, and each joins in the week in which the curve passes its place. What tools then
//! say about it is `evidence.rs`.

use crate::component::{
    CI_STANDARD, COMPONENTS, DB_PROVISIONING, FEATURE_FLAGS, GOLDEN_IMAGE, LOG_SHIPPER, ONE_CLICK_DEPLOY, SECRETS_VAULT,
    SERVICE_TEMPLATE, TRACING,
};
use crate::organisation::{Organisation, Service};
use crate::plan::Plan;
use crate::sha::number_of;

/// How a service stands to a component in one week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usage {
    Present,
    Partial,
    /// Another tool is used in its place.
    Alternative(&'static str),
    Absent,
    /// The detector could not look.
    Unreadable,
}

/// From when a service uses a component, and until when.
#[derive(Clone, Copy, Default)]
struct Spell {
    partial_week: Option<usize>,
    adopted_week: Option<usize>,
    left_week: Option<usize>,
    /// What it uses instead outside of the spell.
    alternative: Option<&'static str>,
}

/// All spells of one organisation.
pub(crate) struct Story {
    /// By component, then by service.
    spells: Vec<Vec<Spell>>,
    outage_week: usize,
}

/// Component and place of the services that have an exemption.
pub(crate) const EXEMPTIONS: [(usize, usize); 3] = [(SECRETS_VAULT, 2), (CI_STANDARD, 4), (GOLDEN_IMAGE, 0)];
/// When the mandate of the vault was announced and when it is due, as shares of the plan.
pub(crate) const MANDATE: (f64, f64) = (0.35, 0.75);
/// What the services that left the standard build use since.
const LEFT_FOR: &str = "circleci";

impl Story {
    pub(crate) fn of(plan: &Plan, organisation: &Organisation) -> Self {
        let spells = (0..COMPONENTS.len()).map(|component| spells(plan, organisation, component)).collect();
        Self { spells, outage_week: plan.week_at(0.62) }
    }

    /// How a service stands to a component, as a detector that works would see it.
    pub(crate) fn usage(&self, component: usize, service: &Service, week: usize) -> Usage {
        if component == TRACING && week == self.outage_week {
            return Usage::Unreadable;
        }
        self.real_usage(component, service, week)
    }

    /// Whether a service really uses a component in full.
    pub(crate) fn uses(&self, component: usize, service: &Service, week: usize) -> bool {
        self.real_usage(component, service, week) == Usage::Present
    }

    fn real_usage(&self, component: usize, service: &Service, week: usize) -> Usage {
        let spell = &self.spells[component][service.index];
        let has_passed = |moment: Option<usize>| moment.is_some_and(|moment| week >= moment);
        if has_passed(spell.left_week) {
            return Usage::Alternative(LEFT_FOR);
        }
        if has_passed(spell.adopted_week) {
            return Usage::Present;
        }
        if has_passed(spell.partial_week) {
            return Usage::Partial;
        }
        spell.alternative.map_or(Usage::Absent, Usage::Alternative)
    }
}

fn spells(plan: &Plan, organisation: &Organisation, component: usize) -> Vec<Spell> {
    let mut spells: Vec<Spell> = organisation
        .services
        .iter()
        .map(|service| Spell { alternative: alternative(component, service), ..Spell::default() })
        .collect();
    if component == SERVICE_TEMPLATE {
        for service in &organisation.services {
            // Only what is new begins from the template, and one team did not.
            spells[service.index].adopted_week = service.created_week.filter(|_| service.index % 50 != 46);
        }
        return spells;
    }
    let mut order: Vec<&Service> = organisation
        .services
        .iter()
        .filter(|service| COMPONENTS[component].fits(service) && service.stopped_week.is_none())
        .collect();
    order.sort_by_key(|service| {
        (eagerness(component, service), number_of(&format!("{} {}", COMPONENTS[component].id, service.name)))
    });
    for (place, service) in order.iter().enumerate() {
        let needed = (place as f64 + 0.5) / order.len() as f64;
        let spell = &mut spells[service.index];
        spell.adopted_week = join_week(plan, service, |share| curve(component, share) > needed);
        spell.partial_week = join_week(plan, service, |share| curve(component, share) + in_part(component) > needed);
        spell.left_week = (component == CI_STANDARD).then(|| left_week(plan, service)).flatten();
    }
    spells
}

/// The first week of the plan in which `has_joined` is true, but not before the service exists.
fn join_week(plan: &Plan, service: &Service, has_joined: impl Fn(f64) -> bool) -> Option<usize> {
    let week = (0..plan.weeks).find(|week| has_joined(plan.progress(*week)))?;
    Some(week.max(service.created_week.map_or(0, |created| created + 1)))
}

/// Those who will leave joined early; those with an exemption would join last.
fn eagerness(component: usize, service: &Service) -> i8 {
    let has_exemption = EXEMPTIONS.contains(&(component, service.index));
    let will_leave = component == CI_STANDARD && service.index % 20 == 1;
    match (has_exemption, will_leave) {
        (true, _) => 1,
        (false, false) => 0,
        (false, true) => -1,
    }
}

/// Three services left the standard build late in the plan.
fn left_week(plan: &Plan, service: &Service) -> Option<usize> {
    match service.index {
        1 => Some(plan.week_at(0.78)),
        21 => Some(plan.week_at(0.83)),
        41 => Some(plan.week_at(0.87)),
        _ => None,
    }
}

fn alternative(component: usize, service: &Service) -> Option<&'static str> {
    let names = COMPONENTS[component].other?.map(|(name, _)| name);
    let choice = number_of(&format!("{} instead {}", COMPONENTS[component].id, service.name)) % 10;
    match component {
        LOG_SHIPPER => Some(names[0]),
        FEATURE_FLAGS if choice > 2 => None,
        DB_PROVISIONING if !service.has_tag("postgres") => None,
        _ if choice < 5 => Some(names[0]),
        _ if choice < 8 => Some(names[1]),
        _ => None,
    }
}

/// Share of the services that it fits which use a component, when `share` of the plan is over.
fn curve(component: usize, share: f64) -> f64 {
    let ramp = |from: f64, to: f64| ((share - from) / (to - from)).clamp(0.0, 1.0);
    let smooth = |x: f64| x * x * (3.0 - 2.0 * x);
    match component {
        CI_STANDARD => 0.3 + 0.5 * smooth(ramp(0.0, 0.95)),
        ONE_CLICK_DEPLOY => 0.88 * smooth(ramp(0.1, 0.6)),
        // A migration: half of the way in a quarter of the time, then slower and slower.
        LOG_SHIPPER => 0.45 * ramp(0.0, 0.256) + 0.175 * (1.0 - (-3.0 * ramp(0.256, 1.0)).exp()) / 0.95,
        SECRETS_VAULT => {
            0.08 + 0.2 * ramp(MANDATE.0, MANDATE.1 - 0.15) + 0.66 * smooth(ramp(MANDATE.1 - 0.2, MANDATE.1 + 0.05))
        }
        GOLDEN_IMAGE => 0.05 + 0.5 * share,
        FEATURE_FLAGS => 0.125 * ramp(0.25, 0.95),
        DB_PROVISIONING => 0.05 + 0.3 * share,
        TRACING => 0.1 + 0.35 * share,
        _ => 0.0,
    }
}

/// How far ahead of the curve a service has already begun, as a share of the services.
fn in_part(component: usize) -> f64 {
    match component {
        LOG_SHIPPER => 0.04,
        TRACING => 0.12,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adoption(plan: &Plan, component: usize, week: usize) -> f64 {
        let organisation = Organisation::of(plan);
        let story = Story::of(plan, &organisation);
        let eligible: Vec<&Service> = organisation
            .services
            .iter()
            .filter(|service| service.is_active(week) && COMPONENTS[component].fits(service))
            .collect();
        let adopted = eligible.iter().filter(|service| story.uses(component, service, week)).count();
        adopted as f64 / eligible.len() as f64
    }

    #[test]
    fn the_demo_ends_where_the_story_says() {
        let plan = Plan::demo();
        for (component, low, high) in [
            (CI_STANDARD, 0.72, 0.78),
            (ONE_CLICK_DEPLOY, 0.8, 0.9),
            (LOG_SHIPPER, 0.59, 0.65),
            (SECRETS_VAULT, 0.9, 0.97),
            (GOLDEN_IMAGE, 0.52, 0.58),
            (SERVICE_TEMPLATE, 0.06, 0.12),
            (FEATURE_FLAGS, 0.1, 0.14),
            (DB_PROVISIONING, 0.31, 0.38),
            (TRACING, 0.41, 0.49),
        ] {
            let share = adoption(&plan, component, 77);
            assert!((low..=high).contains(&share), "{}: {share}", COMPONENTS[component].id);
        }
    }

    #[test]
    fn the_migration_slows_down() {
        let plan = Plan::demo();
        let at = |week| adoption(&plan, LOG_SHIPPER, week);
        assert!(at(20) > 0.4, "{}", at(20));
        assert!(at(20) - at(0) > 3.0 * (at(40) - at(20)));
    }

    #[test]
    fn three_services_leave_the_standard_build() {
        let plan = Plan::demo();
        let organisation = Organisation::of(&plan);
        let story = Story::of(&plan, &organisation);
        let left = organisation.services.iter().filter(|service| {
            story.uses(CI_STANDARD, service, 40) && story.usage(CI_STANDARD, service, 77) == Usage::Alternative(LEFT_FOR)
        });
        assert_eq!(left.count(), 3);
    }
}
