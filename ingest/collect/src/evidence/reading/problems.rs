//! What makes a rule senseless: fields that name nothing, patterns that cannot be read or can never fit.

use crate::evidence::glob::{Patterns, is_path_pattern};
use crate::evidence::rule::{Condition, Conditions, EvidenceRule, RuntimeRule};
use waymark_event::Weight;

/// Takes a word of the file, how much it matters, and what is to be said about it.
type Say<'s> = dyn FnMut(&str, Weight, String) + 's;

/// Says what makes a rule senseless.
pub(super) fn problems(rule: &EvidenceRule, say: &mut Say<'_>) {
    let component = &rule.component;
    for (name, set) in [("present", &rule.present), ("partial", &rule.partial)] {
        let Some(set) = set else { continue };
        if !set.any.is_empty() && !set.all.is_empty() {
            say(name, Weight::Wrong, format!("evidence of `{component}`: `{name}` has both `any` and `all`: choose one"));
        }
    }
    let is_empty = |set: &Conditions| set.any.is_empty() && set.all.is_empty();
    if rule.present.as_ref().is_none_or(is_empty) && rule.runtime.is_none() {
        say(
            component,
            Weight::Doubtful,
            format!("evidence of `{component}`: nothing can show that it is used, so the rule matches nothing"),
        );
    }
    if let Some((from, until)) = rule.from.zip(rule.until).filter(|(from, until)| until <= from) {
        let message = format!("evidence of `{component}`: `until` ({until}) must be later than `from` ({from})");
        say("until", Weight::Wrong, message);
    }
    if rule.repositories.iter().any(|pattern| pattern.trim().is_empty()) {
        say("repositories", Weight::Wrong, format!("evidence of `{component}`: `repositories` holds an empty text"));
    }
    for other in &rule.alternatives {
        if other.name.trim().is_empty() {
            say("alternatives", Weight::Wrong, format!("evidence of `{component}`: an alternative has no name"));
        }
        if other.any.is_empty() {
            let message = format!("evidence of `{component}`: `any` of alternative `{}` names nothing", other.name);
            say(&other.name, Weight::Wrong, message);
        }
    }
    if let Some(runtime) = &rule.runtime {
        of_runtime(component, runtime, say);
    }
    for condition in rule.conditions() {
        of_condition(component, condition, say);
    }
}

fn of_runtime(component: &str, runtime: &RuntimeRule, say: &mut Say<'_>) {
    let fields = [("runs_use", &runtime.runs_use), ("deployments_from", &runtime.deployments_from)];
    if fields.iter().all(|(_, texts)| texts.is_none()) {
        let message = format!("evidence of `{component}`: `runtime` needs `runs_use` or `deployments_from`");
        say("runtime", Weight::Wrong, message);
    }
    for (field, texts) in fields {
        let Some(texts) = texts else { continue };
        if let Some(problem) = emptiness(field, &texts.each().collect::<Vec<_>>()) {
            say(field, Weight::Wrong, format!("evidence of `{component}`: {problem}"));
        }
    }
}

fn of_condition(component: &str, condition: &Condition, say: &mut Say<'_>) {
    let name = condition.name();
    for (field, texts) in condition.fields() {
        if let Some(problem) = emptiness(field, &texts) {
            say(field, Weight::Wrong, format!("evidence of `{component}`, {name}: {problem}"));
        }
    }
    for path in condition.paths() {
        if !is_path_pattern(path) {
            say(path, Weight::Wrong, format!("evidence of `{component}`, {name}: `{path}` is no pattern of paths"));
        } else if path.starts_with('/') || path.starts_with("./") {
            let message = format!(
                "evidence of `{component}`, {name}: `{path}` matches nothing, because paths begin at the top without `/`"
            );
            say(path, Weight::Doubtful, message);
        }
    }
    for pattern in condition.patterns() {
        if Patterns::of_values([pattern]).is_err() {
            say(pattern, Weight::Wrong, format!("evidence of `{component}`, {name}: `{pattern}` is no pattern"));
        } else if pattern.contains("://") && matches!(condition, Condition::DockerfileFrom(_) | Condition::WorkflowUses(_)) {
            let message =
                format!("evidence of `{component}`, {name}: `{pattern}` matches nothing, because no `://` stands there");
            say(pattern, Weight::Doubtful, message);
        }
    }
}

/// What is wrong with a field that says nothing.
fn emptiness(field: &str, texts: &[&str]) -> Option<String> {
    if texts.is_empty() {
        return Some(format!("`{field}` names nothing"));
    }
    texts.iter().any(|text| text.trim().is_empty()).then(|| format!("`{field}` holds an empty text"))
}
