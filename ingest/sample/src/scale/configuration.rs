//! The `waymark.toml` of a large organisation: environments, components, a mandate and a target.
//!
//! In the same form as that of the small sample; read by the stages that own its words.

use super::Scale;
use super::catalogue::COMPONENT_COUNT;
use crate::component::{CI_STANDARD, COMPONENTS, Component, SECRETS_VAULT};
use crate::configuration::component_entry;

const HEAD: &str = r#"# A large organisation: everything in it is made up.
zone = "Europe/Berlin"
organisation = "acme"

[settings]
# Components are looked for once a quarter.
evidence_ttl_static_days = 100
evidence_ttl_runtime_days = 100

[[environment]]
pattern = "production"
tier = "production"

[[environment]]
pattern = "staging"
tier = "staging"
"#;

/// The whole text.
pub(super) fn text(scale: &Scale) -> String {
    let mut parts = vec![HEAD.to_owned()];
    let entry = |component: &Component| component_entry(component, scale.day_at(component.released_at));
    parts.extend(COMPONENTS.iter().take(COMPONENT_COUNT).map(entry));
    parts.push(format!(
        r#"[[mandate]]
component = "{}"
announced_on = "{}"
due_on = "{}"
"#,
        COMPONENTS[SECRETS_VAULT].id,
        scale.day_at(0.35),
        scale.day_at(0.75),
    ));
    parts.push(format!(
        r#"[[target]]
component = "{}"
share = 0.9
due_on = "{}"
"#,
        COMPONENTS[CI_STANDARD].id,
        scale.day_at(1.2),
    ));
    parts.join("\n")
}
