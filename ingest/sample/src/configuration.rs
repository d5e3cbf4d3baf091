//! The `waymark.toml` of the sample: environments, components, a mandate, exemptions, targets, teams.
//!
//! The platform stands here in its short form; the folder in full is `platform.rs`. Written by hand,
//! because it is short and its words are our own; read by the stages that own them.

use crate::component::{CI_STANDARD, COMPONENTS, Component, LOG_SHIPPER, SECRETS_VAULT};
use crate::organisation::{Organisation, Team, names};
use crate::plan::Plan;
use crate::story::{EXEMPTIONS, MANDATE};
use std::fmt::Display;

/// The whole text.
pub(crate) fn text(plan: &Plan) -> String {
    let mut parts = vec![HEAD.to_owned()];
    parts.extend(COMPONENTS.iter().map(|component| component_entry(component, plan.monday_at(component.released_at))));
    parts.push(mandate(plan));
    parts.extend(exemptions(plan));
    parts.extend(targets(plan));
    parts.extend(memberships(plan));
    parts.join("\n")
}

const HEAD: &str = r#"# The sample organisation: everything in it is made up.
zone = "Europe/Berlin"
organisation = "acme"

[[environment]]
pattern = "production"
tier = "production"

[[environment]]
pattern = "staging"
tier = "staging"
"#;

/// What a configuration says besides the platform.
pub(crate) const fn head() -> &'static str {
    HEAD
}

/// One component as a configuration writes it.
pub(crate) fn component_entry(component: &Component, released_on: impl Display) -> String {
    format!(
        r#"[[component]]
id = "{}"
title = "{}"
category = "{}"
owner = "{}"
lifecycle = "{}"
released_on = "{}"
fit_any_tags = {:?}
fit_no_tags = {:?}
"#,
        component.id,
        component.title,
        component.category,
        component.owner,
        component.lifecycle,
        released_on,
        component.fit_any_tags,
        component.fit_no_tags,
    )
}

fn mandate(plan: &Plan) -> String {
    format!(
        r#"[[mandate]]
component = "{}"
announced_on = "{}"
due_on = "{}"
"#,
        COMPONENTS[SECRETS_VAULT].id,
        plan.monday_at(MANDATE.0),
        plan.monday_at(MANDATE.1),
    )
}

/// Three exemptions: one is open, one must be looked at again, one has expired.
fn exemptions(plan: &Plan) -> Vec<String> {
    let organisation = Organisation::of(plan);
    let words = [
        ("runtime", "search", [0.5, 1.1, 1.3]),
        ("compliance", "payments", [0.3, 0.95, 1.2]),
        ("other", "storefront", [0.2, 0.7, 0.85]),
    ];
    EXEMPTIONS
        .iter()
        .zip(words)
        .filter_map(|((component, place), (reason, owner, days))| {
            let service = organisation.services.get(*place)?;
            let [opened_on, review_by, expires_on] = days.map(|share| plan.monday_at(share));
            Some(format!(
                r#"[[exemption]]
component = "{}"
service = "{}"
reason = "{reason}"
owner = "{owner}"
opened_on = "{opened_on}"
review_by = "{review_by}"
expires_on = "{expires_on}"
"#,
                COMPONENTS[*component].id, service.name,
            ))
        })
        .collect()
}

fn targets(plan: &Plan) -> Vec<String> {
    [(CI_STANDARD, "0.9", 1.17), (LOG_SHIPPER, "1.0", 1.25)]
        .iter()
        .map(|(component, share, due)| {
            format!(
                r#"[[target]]
component = "{}"
share = {share}
due_on = "{}"
"#,
                COMPONENTS[*component].id,
                plan.monday_at(*due),
            )
        })
        .collect()
}

fn memberships(plan: &Plan) -> Vec<String> {
    let entry = |team: Team| {
        let people: Vec<String> = team.people.clone().flat_map(names).collect();
        format!("[[membership]]\nteam = \"{}\"\npeople = {people:?}\n", team.name)
    };
    Organisation::of(plan).teams.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_register_has_its_entries() {
        for plan in [Plan::demo(), Plan::small()] {
            let text = text(&plan);
            let count = |heading: &str| text.lines().filter(|line| *line == heading).count();
            assert_eq!(count("[[environment]]"), 2);
            assert_eq!(count("[[component]]"), 9);
            assert_eq!(count("[[mandate]]"), 1);
            assert_eq!(count("[[exemption]]"), 3);
            assert_eq!(count("[[target]]"), 2);
            assert!(text.contains("fit_any_tags = [\"stateless-http\"]"));
        }
    }
}
