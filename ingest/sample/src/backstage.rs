//! What the catalogue says about a service: its `catalog-info.yaml`.

use crate::turn::Turn;

/// The document as it reads this week.
pub(crate) fn catalogue_entry(turn: &Turn<'_>) -> String {
    let service = turn.service;
    let tags: Vec<String> = service.tags.iter().map(|tag| format!("    - {tag}\n")).collect();
    format!(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n  title: {title}\n  tags:\n{tags}  \
         annotations:\n    github.com/project-slug: acme/{name}\nspec:\n  type: service\n  lifecycle: {lifecycle}\n  \
         owner: group:default/{owner}\n  system: {system}\n",
        name = service.name,
        title = title(&service.name),
        tags = tags.concat(),
        lifecycle = lifecycle(turn),
        owner = turn.team().name,
        system = service.system,
    )
}

/// New services are experimental for eight weeks; the archived one says so in its last document.
fn lifecycle(turn: &Turn<'_>) -> &'static str {
    let is_new = turn.service.created_week.is_some_and(|created| turn.week < created + 8);
    let is_over = turn.service.stopped_week.is_some_and(|stopped| turn.week >= stopped);
    match (is_over, is_new) {
        (true, _) => "deprecated",
        (false, true) => "experimental",
        (false, false) => "production",
    }
}

/// `search-index` as `Search index`.
fn title(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut characters = words.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    first + characters.as_str()
}
