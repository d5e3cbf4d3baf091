//! The folder `platform` of the sample: its nine components, what was agreed about them, and how
//! their use would be seen in repositories.
//!
//! Written by hand as text, because its words belong to the stages that read them. The short form of
//! the same is in `configuration.rs`.

use crate::component::{CI_STANDARD, COMPONENTS, Component, LOG_SHIPPER, ONE_CLICK_DEPLOY, SECRETS_VAULT};
use crate::organisation::{Organisation, names};
use crate::plan::Plan;
use crate::story::{EXEMPTIONS, MANDATE};

/// Name and text of each file.
pub(crate) fn files(plan: &Plan) -> Vec<(String, String)> {
    let parts = [
        ("alternatives.yaml", ALTERNATIVES.to_owned()),
        ("components.yaml", components(plan)),
        ("evidence.yaml", EVIDENCE.to_owned()),
        ("exemptions.yaml", exemptions(plan)),
        ("mandates-and-targets.yaml", agreements(plan)),
        ("migrations.yaml", migrations(plan)),
        ("responsibilities.yaml", RESPONSIBILITIES.to_owned()),
        ("teams.yaml", teams(plan)),
    ];
    parts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect()
}

/// One sentence for those who do not use a component yet, in the order of the components.
const SUMMARIES: [&str; 9] = [
    "Builds, tests and signs every change in one workflow that the platform keeps fast.",
    "A merge is live within minutes, and one click takes it back.",
    "Ships structured logs to the shared store; the old syslog ends this year.",
    "Secrets come from the vault at run time and are renewed by themselves.",
    "A base image that is patched every night.",
    "A new service with build, deployment and dashboards from the first day.",
    "Release to some users first, and switch off without a deployment.",
    "A database with backups, from a few lines of configuration.",
    "See where a request spends its time, across services.",
];

/// Why a service that a component does not fit fails, in the order of the components.
const REASONS: [&str; 9] = ["runtime", "runtime", "other", "other", "runtime", "other", "other", "data_store", "runtime"];

fn components(plan: &Plan) -> String {
    let mut text = "# The capabilities of the platform.\ncomponents:\n".to_owned();
    for (place, component) in COMPONENTS.iter().enumerate() {
        text.push_str(&entry(plan, component, place));
    }
    text
}

fn entry(plan: &Plan, component: &Component, place: usize) -> String {
    let day = |share: f64| plan.monday_at(share);
    let released = component.released_at;
    let mut text = format!(
        "  - id: {}\n    title: {}\n    category: {}\n    owner: {}\n    lifecycle: {}\n    summary: {}\n    released_on: {}\n",
        component.id,
        component.title,
        component.category,
        component.owner,
        component.lifecycle,
        SUMMARIES[place],
        day(released),
    );
    let lists = [("any_tags", component.fit_any_tags), ("no_tags", component.fit_no_tags)];
    let rules: Vec<String> = lists
        .iter()
        .filter(|(_, tags)| !tags.is_empty())
        .map(|(key, tags)| format!("      - {{ reason: {}, {key}: [{}] }}\n", REASONS[place], tags.join(", ")))
        .collect();
    if !rules.is_empty() {
        text.push_str("    fit:\n");
        text.extend(rules);
    }
    if place == CI_STANDARD {
        let versions = [("v1", -0.6, Some(0.1)), ("v2", -0.3, Some(0.6)), ("v3", 0.0, None)];
        text.push_str("    releases:\n");
        for (version, from, deprecated) in versions {
            let deprecated = deprecated.map(|share| format!(", deprecated_on: {}", day(share))).unwrap_or_default();
            text.extend([format!("      - {{ version: {version}, released_on: {}{deprecated} }}\n", day(from))]);
        }
    } else if component.version != "1" {
        text.extend([format!(
            "    releases:\n      - {{ version: \"{}\", released_on: {} }}\n",
            component.version,
            day(released)
        )]);
    }
    // A deployment shows its way by what its run used, or by who pressed the button.
    match place {
        CI_STANDARD => text.push_str("    passage: { runs_use: [\"acme/platform-ci/.github/workflows/*\"] }\n"),
        ONE_CLICK_DEPLOY => text.push_str("    passage: { by_machine: true }\n"),
        _ => {}
    }
    if place == LOG_SHIPPER {
        let (first, all) = (day(released), day(released + 0.1));
        text.extend([format!(
            "    rings:\n      - {{ name: first, opened_on: {first}, for: {{ tags: [stateless-http] }} }}\n      - {{ name: all, opened_on: {all} }}\n"
        )]);
    }
    text
}

fn agreements(plan: &Plan) -> String {
    let mut text = format!(
        "# What must be, and what is aimed at.\nmandates:\n  - {{ component: {}, announced_on: {}, due_on: {} }}\n\ntargets:\n",
        COMPONENTS[SECRETS_VAULT].id,
        plan.monday_at(MANDATE.0),
        plan.monday_at(MANDATE.1),
    );
    for (component, share, due) in [(CI_STANDARD, "0.9", 1.17), (LOG_SHIPPER, "1.0", 1.25)] {
        let (id, due) = (COMPONENTS[component].id, plan.monday_at(due));
        text.extend([format!("  - {{ component: {id}, share: {share}, due_on: {due} }}\n")]);
    }
    text
}

/// Three exemptions: one is open, one must be looked at again, one has expired.
fn exemptions(plan: &Plan) -> String {
    let organisation = Organisation::of(plan);
    let words = [
        ("runtime", "Its runtime cannot fetch secrets at start.", "search", [0.5, 1.1, 1.3]),
        ("compliance", "An auditor asked for builds on separate machines.", "payments", [0.3, 0.95, 1.2]),
        ("other", "Waits for the next version of the image.", "storefront", [0.2, 0.7, 0.85]),
    ];
    let mut text = "# Who may stay off the paved road, and until when.\nexemptions:\n".to_owned();
    for ((component, place), (code, reason, owner, days)) in EXEMPTIONS.iter().zip(words) {
        let Some(service) = organisation.services.get(*place) else { continue };
        let [opened_on, review_by, expires_on] = days.map(|share| plan.monday_at(share));
        text.extend([format!(
            "  - component: {}\n    service: {}\n    reason_code: {code}\n    reason: {reason}\n    owner: {owner}\n    \
             opened_on: {opened_on}\n    review_by: {review_by}\n    expires_on: {expires_on}\n",
            COMPONENTS[*component].id, service.name,
        )]);
    }
    text
}

fn migrations(plan: &Plan) -> String {
    let organisation = Organisation::of(plan);
    let mut text = format!(
        "# Moves from old tools.\nmigrations:\n  - id: log-shipper\n    title: From syslog to the log shipper\n    \
         from_alternatives: [legacy-syslog]\n    to_component: {}\n    owner: platform\n    started_on: {}\n    due_on: {}\n",
        COMPONENTS[LOG_SHIPPER].id,
        plan.monday_at(0.0),
        plan.monday_at(1.25),
    );
    if let Some(service) = organisation.services.iter().find(|service| service.has_tag("mainframe")) {
        text.extend([format!(
            "    blocked:\n      - {{ service: {}, reason_code: runtime, reason: no agent for its system, since: {} }}\n",
            service.name,
            plan.monday_at(0.2),
        )]);
    }
    text
}

/// Who belongs to which team, by all the names that they have.
fn teams(plan: &Plan) -> String {
    let mut text =
        "# Who belongs to which team. Names become pseudonyms; only inside and outside is told from them.\nmemberships:\n"
            .to_owned();
    for team in &Organisation::of(plan).teams {
        text.extend([format!("  - team: {}\n    people:\n", team.name)]);
        text.extend(team.people.clone().flat_map(names).map(|name| format!("      - {name}\n")));
    }
    text
}

const ALTERNATIVES: &str = "# What is used in the place of components.
alternatives:
  - { category: ci, name: jenkins, title: Jenkins of the team, stance: discouraged }
  - { category: ci, name: circleci, title: CircleCI, vendor: CircleCI, stance: tolerated }
  - { category: logging, name: legacy-syslog, title: Syslog to the old store, stance: forbidden }
  - { category: secrets, name: encrypted-env-file, title: Encrypted file in the repository, stance: forbidden }
  - { category: runtime, name: debian-slim, title: Debian, stance: tolerated }
  - { category: runtime, name: alpine, title: Alpine, stance: tolerated }
  - { category: release, name: home-grown, title: Flags of the team, stance: tolerated }
  - { category: data, name: own-terraform, title: Own infrastructure code, stance: tolerated }
";

const RESPONSIBILITIES: &str = "# Who answers for what.
responsibilities:
  - { area: build runners, owner: platform, side: platform, component: ci-standard }
  - { area: failing tests, owner: the owning team, side: team }
  - { area: secrets store, owner: identity, side: platform, component: secrets-vault }
  - { area: log store, owner: platform, side: platform, component: log-shipper-v2 }
  - { area: cloud network, owner: the provider, side: vendor }
  - { area: test data, side: team }
";

const EVIDENCE: &str = "# How the use of components is seen in repositories: `waymark ingest git PATH --evidence`.
evidence:
  - component: ci-standard
    rule_version: 3
    preset: ci-pipeline
    with:
      workflow: acme/platform-ci/.github/workflows/build.yml
      actions: acme/platform-ci/.github/actions/*
      library: platform-shared
    runtime:
      runs_use: acme/platform-ci/.github/workflows/*
  - component: one-click-deploy
    preset: deployment
    with:
      source: https://github.com/acme/deployments*
      workflow: acme/platform-ci/.github/workflows/deploy.yml
  - component: log-shipper-v2
    preset: logging
    with:
      endpoint: https://logs.acme.example.org*
      package: acme-log
  - component: secrets-vault
    preset: secrets
    with:
      store: acme-vault
  - component: golden-base-image
    present:
      any:
        - dockerfile_from: { match: [\"registry.acme.example.org/platform/base\", \"mirror.acme.example.org/platform/base\"] }
    alternatives:
      - { name: debian-slim, any: [{ dockerfile_from: { match: \"debian:*\" } }] }
      - { name: alpine, any: [{ dockerfile_from: { match: \"alpine:*\" } }] }
  - component: service-template
    preset: template
    with:
      template: https://github.com/acme/service-template*
  - component: feature-flags
    present:
      any:
        - lockfile: { name: acme-flags }
        - manifest: { name: acme-flags }
    alternatives:
      - { name: home-grown, any: [{ file: { path: \"src/flags/**\" } }] }
  - component: db-provisioning
    present:
      any:
        - module: { match: \"*github.com/acme/terraform-database*\" }
    alternatives:
      - { name: own-terraform, any: [{ file: { path: \"infra/**/*.tf\" } }] }
  - component: tracing
    present:
      any:
        - telemetry: { match: \"http://traces.acme.example.org*\" }
        - lockfile: { name: acme-tracing }
";
