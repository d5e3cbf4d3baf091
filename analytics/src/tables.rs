//! What the tables of SQL hold, in words: facts and weekly views by the head of their statement, registers here.
//!
//! Which of them people may read is said by the engine.

use crate::catalogue::head;
use crate::facts::{FACTS, made_by_a_walk};
use crate::views::VIEWS;

/// What the organisation says of itself, as tables; in the order of the manual.
const REGISTERS: &[(&str, &str)] = &[
    ("settings", "One row: the settings that belong to definitions, and the zone in which days begin."),
    ("environments", "One row per rule by which the name of an environment has a tier; the first that fits counts."),
    ("service_paths", "One row per path of a shared repository that belongs to a service."),
    ("hotfix_rules", "One row per mark by which a pull request is known to mend something."),
    ("verdicts", "One row per deployment that a person has judged."),
    ("components", "One row per component of the platform, with the days of its life."),
    ("component_names", "One row per name of a component, its id and its former ids among them."),
    ("fit_rules", "One row per condition that a service must meet; a component without a row fits all."),
    ("rings", "One row per ring of services that get a component earlier than others."),
    ("releases", "One row per version of a component, as it was announced."),
    ("passages", "One row per mark by which a deployment is known to have gone through a component."),
    ("alternatives", "One row per tool that is used in place of a component, with who sells it."),
    ("mandates", "One row per demand that services use a component; empty lists mean every service that it fits."),
    ("exemptions", "One row per service that may stay off the path, as it was granted."),
    ("targets", "One row per share of eligible services that was promised, and by when."),
    ("migrations", "One row per migration: from what to what, since when and until when."),
    ("migration_blocks", "One row per service of a migration that cannot move yet, and why."),
    ("responsibilities", "One row per area and the team that answers for it."),
];

/// Every register that has words here.
pub fn registers() -> impl Iterator<Item = &'static str> {
    REGISTERS.iter().map(|(name, _)| *name)
}

/// What a table holds: its grain first. Null for a name that is none.
pub fn about(table: &str) -> Option<String> {
    let of_fact = FACTS.iter().find(|fact| fact.name == table && !fact.sql.is_empty()).map(|fact| head(fact.sql));
    let of_view = || VIEWS.iter().find(|view| view.name == table).map(|view| head(view.sql));
    let of_register = || REGISTERS.iter().find(|(name, _)| *name == table).map(|(_, about)| (*about).to_owned());
    let of_walk = || made_by_a_walk(table).map(ToOwned::to_owned);
    of_fact.or_else(of_walk).or_else(of_view).or_else(of_register)
}
