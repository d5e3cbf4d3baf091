//! What workflows and actions call, and how a call is followed through others.
//!
//! A wrapper hides what it wraps, so calls are followed within the repository and into others whose
//! calls are known. Calls that cannot run are none.

use super::document::{Node, Value};
use super::glob::{Patterns, split_version};
use super::known_tools::Workflows;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What callable workflows and actions of other repositories call: `owner/name/path`, in lower case
/// and without version, leads to references.
pub type KnownUses = BTreeMap<String, Vec<String>>;

/// A file of workflows or actions, reduced to what it calls.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "a file of calls holds calls")]
pub(super) struct Calls {
    pub(super) calls: Vec<Call>,
    /// Whether others can call it.
    pub(super) is_callable: bool,
    /// Whether nothing but a call from outside starts it.
    pub(super) is_only_callable: bool,
    /// Whether it starts only where nothing is delivered.
    pub(super) is_weak: bool,
}

/// One call of another workflow.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) target: String,
    pub(super) line: usize,
}

impl Calls {
    /// Reads a file; `is_action` tells an action from a workflow.
    pub(super) fn of(documents: &[Node], kind: Kind, tools: &Workflows) -> Self {
        let mut calls = Self::default();
        for document in documents {
            match kind {
                Kind::Action => {
                    calls.is_callable = true;
                    calls.is_only_callable = true;
                    if let Some(runs) = document.get("runs") {
                        calls.steps(runs);
                    }
                }
                Kind::Workflow => {
                    let triggers = document.get("on").map(triggers).unwrap_or_default();
                    let is_call = |trigger: &Trigger<'_>| trigger.0 == tools.callable_trigger;
                    calls.is_callable = triggers.iter().any(is_call);
                    calls.is_only_callable = calls.is_callable && triggers.iter().all(is_call);
                    let is_weak = |trigger: &Trigger<'_>| is_call(trigger) || is_aside(trigger, tools);
                    calls.is_weak = !triggers.is_empty() && triggers.iter().all(is_weak);
                    let jobs = document.get("jobs").map(Node::entries).unwrap_or_default();
                    for (_, job) in jobs.iter().filter(|(_, job)| !is_disabled(job)) {
                        calls.call(job);
                        calls.steps(job);
                    }
                }
            }
        }
        calls
    }

    fn steps(&mut self, job: &Node) {
        let steps = job.get("steps").map(Node::each).unwrap_or_default();
        steps.iter().filter(|step| !is_disabled(step)).for_each(|step| self.call(step));
    }

    fn call(&mut self, node: &Node) {
        if let Some(uses) = node.get("uses")
            && let Some(target) = uses.text()
        {
            self.calls.push(Call { target: target.trim().to_owned(), line: uses.line });
        }
    }
}

/// What kind of file calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Workflow,
    Action,
}

/// The files of one repository that call, by path, and what others call.
pub(super) struct Callers<'a> {
    pub(super) files: BTreeMap<&'a str, Rc<Calls>>,
    pub(super) known: &'a KnownUses,
    /// What was asked of other repositories, whether it was known or not.
    pub(super) consulted: Rc<RefCell<BTreeSet<String>>>,
}

impl Callers<'_> {
    /// The version at which a call reaches what is looked for, through at most `follow` others.
    #[expect(clippy::option_option, reason = "a call that is reached may name no version")]
    pub(super) fn reaches(&self, target: &str, patterns: &Patterns, follow: u8) -> Option<Option<String>> {
        self.reach(target, patterns, follow, &mut BTreeSet::new())
    }

    #[expect(clippy::option_option, reason = "a call that is reached may name no version")]
    fn reach(&self, target: &str, patterns: &Patterns, follow: u8, seen: &mut BTreeSet<String>) -> Option<Option<String>> {
        if patterns.fit_reference(target) {
            return Some(split_version(target).map(|(_, version)| version.to_owned()));
        }
        if follow == 0 || !seen.insert(target.to_lowercase()) {
            return None;
        }
        let next: Vec<String> = if let Some(path) = target.strip_prefix("./") {
            self.local(path)?.calls.iter().map(|call| call.target.clone()).collect()
        } else {
            let key = key(target);
            let calls = self.known.get(&key).cloned();
            self.consulted.borrow_mut().insert(key);
            calls?
        };
        next.iter().find_map(|target| self.reach(target, patterns, follow - 1, seen))
    }

    fn local(&self, path: &str) -> Option<&Calls> {
        let path = path.trim_end_matches('/');
        let candidates = [path.to_owned(), format!("{path}/action.yml"), format!("{path}/action.yaml")];
        candidates.iter().find_map(|candidate| self.files.get(candidate.as_str())).map(Rc::as_ref)
    }

    /// What others can call here, as they would write it.
    pub(super) fn exported(&self, repository: &str) -> KnownUses {
        let owner_and_name = repository.split_once('/').map_or(repository, |(_, path)| path);
        let outside = |target: &str| match target.strip_prefix("./") {
            Some(path) => format!("{owner_and_name}/{path}"),
            None => target.to_owned(),
        };
        let callable = self.files.iter().filter(|(_, calls)| calls.is_callable && !calls.calls.is_empty());
        callable
            .map(|(path, calls)| {
                let targets = calls.calls.iter().map(|call| outside(&call.target)).collect();
                (key(&format!("{owner_and_name}/{path}")), targets)
            })
            .collect()
    }
}

/// A reference without version and without the file name of an action.
fn key(reference: &str) -> String {
    let name = split_version(reference).map_or(reference, |(name, _)| name).to_lowercase();
    let name = name.trim_end_matches('/');
    name.strip_suffix("/action.yml").or_else(|| name.strip_suffix("/action.yaml")).unwrap_or(name).to_owned()
}

/// Whether a job or step is switched off for good.
fn is_disabled(node: &Node) -> bool {
    let condition = node.get("if").and_then(Node::text).unwrap_or_default();
    let condition = condition.trim().trim_start_matches("${{").trim_end_matches("}}").trim();
    condition.eq_ignore_ascii_case("false")
}

/// What starts a workflow, and what narrows that down.
type Trigger<'n> = (&'n str, Option<&'n Node>);

/// The triggers in a text, a list or a map.
fn triggers(node: &Node) -> Vec<Trigger<'_>> {
    match &node.value {
        Value::Text(text) => vec![(text.as_str(), None)],
        Value::List(items) => items.iter().filter_map(Node::text).map(|name| (name, None)).collect(),
        Value::Map(entries) => entries.iter().map(|(name, filter)| (name.as_str(), Some(filter))).collect(),
    }
}

/// Whether a trigger never fires where something is delivered.
fn is_aside((name, filter): &Trigger<'_>, tools: &Workflows) -> bool {
    let is_named = |names: &[String]| names.iter().any(|known| known == name);
    is_named(&tools.weak_triggers)
        || is_named(&tools.branch_triggers) && filter.is_some_and(|filter| leaves_default_out(filter, &tools.default_branches))
}

/// Whether the branches of a trigger leave out the default one, whose name is any of `defaults`.
fn leaves_default_out(filter: &Node, defaults: &[String]) -> bool {
    // A tag is where something is delivered, whatever its branch.
    if filter.get("tags").or_else(|| filter.get("tags-ignore")).is_some() {
        return false;
    }
    let patterns = |key: &str| Some(filter.get(key)?.each().iter().filter_map(Node::text).collect::<Vec<_>>());
    let has_default = |patterns: &[&str]| defaults.iter().any(|branch| takes_in(patterns, branch));
    patterns("branches").is_some_and(|patterns| !has_default(&patterns))
        || patterns("branches-ignore").is_some_and(|patterns| has_default(&patterns))
}

/// Whether patterns take a branch in, of which later ones take back with `!`.
fn takes_in(patterns: &[&str], branch: &str) -> bool {
    // A pattern that cannot be understood may fit anything.
    let fits = |pattern: &str| Patterns::of_paths([pattern]).ok().is_none_or(|patterns| patterns.fit(branch));
    patterns.iter().fold(false, |is_in, pattern| match pattern.strip_prefix('!') {
        Some(taken_back) => is_in && !fits(taken_back),
        None => is_in || fits(pattern),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::document::documents;
    use crate::evidence::known_tools::known_tools;

    fn is_weak(on: &str) -> bool {
        let text = format!("on: {on}\njobs: {{ a: {{ uses: x/y@v1 }} }}\n");
        Calls::of(&documents(&text).unwrap(), Kind::Workflow, &known_tools().workflows).is_weak
    }

    #[test]
    fn a_workflow_that_never_runs_on_the_default_branch_is_weak() {
        for on in [
            "[pull_request, merge_group]",
            "{ push: { branches: ['feature/**'] } }",
            "{ push: { branches-ignore: [main] } }",
            "{ push: { branches: ['**', '!main', '!master', '!trunk', '!develop'] } }",
            "{ pull_request: {}, push: { branches: 'release/*' } }",
        ] {
            assert!(is_weak(on), "{on}");
        }
        for on in [
            "push",
            "{ push: }",
            "{ push: { branches: [master, 'release/*'] } }",
            "{ push: { branches: ['*'] } }",
            "{ push: { branches: ['feature/**'], tags: ['v*'] } }",
            "{ push: { branches-ignore: ['dependabot/**'] } }",
            "{ push: { paths: ['src/**'] } }",
            "{ push: { branches: ['feature/**'] }, schedule: [{ cron: x }] }",
        ] {
            assert!(!is_weak(on), "{on}");
        }
    }
}
