//! Applying rules to the files that a repository has at one commit.
//!
//! What was seen in a file is remembered by its content, so a file that does not change is looked at
//! once, however many weeks it lives. Walking through history belongs to the git arrival.

use super::document::documents;
use super::glob::Patterns;
use super::judge::{Sight, Verdict, judge};
use super::look::{FILE_BYTES_MAX, Lens, Look, Way};
use super::rule::{Conditions, EvidenceRules};
pub use super::uses::KnownUses;
use super::uses::{Callers, Calls, Kind};
use chrono::NaiveDate;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use waymark_event::{EvidenceKind, Finding};

/// Raised when the same rules and files would give other findings.
pub(super) const ENGINE_VERSION: u32 = 2;

/// Files to which one may lead; a pipeline of more is not written by people.
const LED_MAX: usize = 256;

/// The files of a repository that matter: their paths, and what tells their contents apart.
pub type FileMap = BTreeMap<String, String>;

/// Hands out a content; nothing when it cannot be read.
pub type ReadContent<'a> = dyn FnMut(&str) -> Option<Vec<u8>> + 'a;

/// A service, and the folder in which it lives; an empty path is the whole repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePath {
    /// Its name; null = whatever the repository's service is called.
    pub service: Option<String>,
    /// Its folder, without a slash at the end.
    pub path: String,
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The path of the file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
}

/// What one rule found about one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The service that is meant.
    pub service: Option<String>,
    /// The component that was looked for.
    pub component: String,
    /// The version of the rule.
    pub rule_version: i32,
    /// What was found.
    pub finding: Finding,
    /// How strong it is.
    pub kind: EvidenceKind,
    /// What is used in its place, or beside it.
    pub alternative: Option<String>,
    /// The version in use.
    pub version: Option<String>,
    /// Where it was found.
    pub place: Option<Place>,
    /// The condition that decided.
    pub condition: Option<String>,
}

/// A rule with its conditions ready to look.
struct Ready {
    index: usize,
    repositories: Option<Patterns>,
    present: LensSet,
    partial: LensSet,
    alternatives: Vec<(String, Vec<usize>)>,
}

/// Numbers of lenses.
#[derive(Default)]
pub(super) struct LensSet {
    pub(super) any: Vec<usize>,
    pub(super) all: Vec<usize>,
}

/// Rules that are applied to many commits.
pub struct Scanner<'r> {
    rules: &'r EvidenceRules,
    known: &'r KnownUses,
    ready: Vec<Ready>,
    lenses: Vec<Lens>,
    wanted: Patterns,
    excluded: Patterns,
    workflows: Patterns,
    actions: Patterns,
    /// Of each path that was met, the lenses that look into it.
    looking: HashMap<String, Rc<[usize]>>,
    looks: HashMap<(usize, String, String), Look>,
    /// Of each lens, path and content that may lead to other files, their paths.
    leads: HashMap<(usize, String, String), Vec<String>>,
    calls: HashMap<(String, bool), Option<Rc<Calls>>>,
    consulted: Rc<RefCell<BTreeSet<String>>>,
}

impl<'r> Scanner<'r> {
    /// Makes the rules ready; `known` is what other repositories call.
    pub fn new(rules: &'r EvidenceRules, known: &'r KnownUses) -> Self {
        let mut lenses = Vec::new();
        let ready = rules.rules.iter().enumerate().map(|(index, rule)| {
            let mut ready = |conditions: &[super::rule::Condition]| -> Vec<usize> {
                let made = conditions.iter().filter_map(|condition| {
                    lenses.push(Lens::of(condition, lenses.len(), &rules.tools)?);
                    Some(lenses.len() - 1)
                });
                made.collect()
            };
            let mut set = |conditions: Option<&Conditions>| {
                conditions.map(|set| LensSet { any: ready(&set.any), all: ready(&set.all) }).unwrap_or_default()
            };
            let (present, partial) = (set(rule.present.as_ref()), set(rule.partial.as_ref()));
            let alternatives = rule.alternatives.iter().map(|other| (other.name.clone(), ready(&other.any))).collect();
            let repositories = Patterns::of_values(rule.repositories.iter().map(String::as_str)).ok();
            let repositories = repositories.filter(|_| !rule.repositories.is_empty());
            Ready { index, repositories, present, partial, alternatives }
        });
        let ready = ready.collect();
        let tools = &rules.tools;
        let callers = tools.workflows.files.iter().chain(&tools.workflows.actions);
        let wanted = lenses.iter().flat_map(|lens| lens.file_patterns.iter().chain(&lens.led_patterns)).chain(callers);
        let paths = |patterns: &[String]| paths(patterns.iter());
        Self {
            wanted: self::paths(wanted),
            excluded: paths(&tools.excluded),
            workflows: paths(&tools.workflows.files),
            actions: paths(&tools.workflows.actions),
            looking: HashMap::new(),
            looks: HashMap::new(),
            leads: HashMap::new(),
            calls: HashMap::new(),
            consulted: Rc::default(),
            rules,
            known,
            ready,
            lenses,
        }
    }

    /// Whether a file can matter to any rule.
    pub fn wants(&self, path: &str) -> bool {
        self.wanted.fit(path) && !self.excluded.fit(path)
    }

    /// What each rule that is in force on `day` finds about each service.
    pub fn scan(
        &mut self,
        repository: &str,
        day: NaiveDate,
        files: &FileMap,
        services: &[ServicePath],
        read: &mut ReadContent<'_>,
    ) -> Vec<Found> {
        let callers = self.callers(files, read);
        let whole = [ServicePath { service: None, path: String::new() }];
        let services = if services.is_empty() { &whole[..] } else { services };
        let owners: Vec<Option<usize>> = files.keys().map(|path| owner(path, services)).collect();
        let mut found = Vec::new();
        // A service may have several folders, and is looked at once.
        let mut names: Vec<&Option<String>> = Vec::new();
        for service in services.iter().map(|service| &service.service) {
            if !names.contains(&service) {
                names.push(service);
            }
        }
        for name in names {
            let is_its = |owner: &Option<usize>| owner.is_none_or(|owner| services[owner].service == *name);
            let in_scope = files.iter().zip(&owners).filter(|(_, owner)| is_its(owner));
            let sights = self.sights(in_scope.map(|(file, _)| file), files, &callers, read);
            for ready in &self.ready {
                let rule = &self.rules.rules[ready.index];
                let is_in_force = rule.from.is_none_or(|from| from <= day) && rule.until.is_none_or(|until| day < until);
                if !is_in_force || ready.repositories.as_ref().is_some_and(|patterns| !patterns.fit(repository)) {
                    continue;
                }
                let verdict = judge(&ready.present, &ready.partial, &ready.alternatives, &sights);
                let Some(Verdict { finding, alternative, sight }) = verdict else { continue };
                let lens = sight.map(|(lens, _)| &self.lenses[lens]);
                found.push(Found {
                    service: name.clone(),
                    component: rule.component.clone(),
                    rule_version: rule.rule_version,
                    finding,
                    kind: lens.map_or(EvidenceKind::Config, |lens| lens.kind),
                    alternative,
                    version: sight.filter(|_| finding != Finding::Alternative).and_then(|(_, hit)| hit.version.clone()),
                    place: sight.map(|(_, hit)| Place { path: hit.path.clone(), line: hit.line.unwrap_or(1) }),
                    condition: lens.map(|lens| lens.name.clone()),
                });
            }
        }
        found
    }

    /// What other repositories can call here.
    pub fn exported(&mut self, repository: &str, files: &FileMap, read: &mut ReadContent<'_>) -> KnownUses {
        let files = self.callers(files, read);
        self.following(&files).exported(repository)
    }

    /// What was asked of other repositories, whether it was known or not: the findings hang on it.
    pub fn consulted(&self) -> BTreeSet<String> {
        self.consulted.borrow().clone()
    }

    fn following<'f>(&self, files: &CallFiles<'f>) -> Callers<'f>
    where
        'r: 'f,
    {
        Callers { files: files.readable(), known: self.known, consulted: Rc::clone(&self.consulted) }
    }

    /// What each lens sees in some of the files, and in others of `all` to which these lead.
    fn sights<'f>(
        &mut self,
        files: impl Iterator<Item = (&'f String, &'f String)>,
        all: &FileMap,
        callers: &CallFiles<'f>,
        read: &mut ReadContent<'_>,
    ) -> Vec<Sight> {
        let mut sights: Vec<Sight> = self.lenses.iter().map(|_| Sight::default()).collect();
        let reachable = self.following(callers);
        for (path, id) in files {
            for lens in self.lenses_for(path).iter().copied() {
                if let Way::Uses { patterns, follow } = &self.lenses[lens].way {
                    sights[lens]
                        .add_calls(path, callers.0.get(path.as_str()), |target| reachable.reaches(target, patterns, *follow));
                } else {
                    let look = self.look(lens, path, id, read);
                    sights[lens].add(path, look);
                    for (led, id) in self.led(lens, path, id, all, read) {
                        sights[lens].add(&led, self.look(lens, path, &id, read));
                    }
                }
            }
        }
        sights
    }

    fn lenses_for(&mut self, path: &str) -> Rc<[usize]> {
        if let Some(lenses) = self.looking.get(path) {
            return Rc::clone(lenses);
        }
        let fitting = self.lenses.iter().filter(|lens| lens.files.fit(path));
        let fitting: Rc<[usize]> = fitting.map(|lens| lens.id).collect();
        self.looking.insert(path.to_owned(), Rc::clone(&fitting));
        fitting
    }

    fn look(&mut self, lens: usize, path: &str, id: &str, read: &mut ReadContent<'_>) -> &Look {
        let key = (lens, path.to_owned(), id.to_owned());
        let lens = &self.lenses[lens];
        self.looks.entry(key).or_insert_with(|| {
            let content = if lens.reads_content() { read(id) } else { None };
            lens.look(path, content.as_deref())
        })
    }

    /// The files to which the one at `path` leads, also through others, with their contents.
    fn led(
        &mut self,
        lens: usize,
        path: &str,
        id: &str,
        all: &FileMap,
        read: &mut ReadContent<'_>,
    ) -> BTreeMap<String, String> {
        let mut led = BTreeMap::new();
        if !self.lenses[lens].may_lead(path) {
            return led;
        }
        let mut open = vec![id.to_owned()];
        while let Some(id) = open.pop() {
            let key = (lens, path.to_owned(), id);
            let of_file = |content: Vec<u8>| self.lenses[lens].leads(path, &content);
            let leads = self.leads.entry(key).or_insert_with_key(|(_, _, id)| read(id).map(of_file).unwrap_or_default());
            for next in leads.iter().filter(|next| *next != path) {
                if led.len() < LED_MAX
                    && !led.contains_key(next)
                    && let Some(id) = all.get(next)
                {
                    led.insert(next.clone(), id.clone());
                    open.push(id.clone());
                }
            }
        }
        led
    }

    /// The files that call, by path; nothing for one that cannot be read.
    fn callers<'f>(&mut self, files: &'f FileMap, read: &mut ReadContent<'_>) -> CallFiles<'f> {
        let mut callers = BTreeMap::new();
        for (path, id) in files {
            let kind = if self.workflows.fit(path) {
                Kind::Workflow
            } else if self.actions.fit(path) {
                Kind::Action
            } else {
                continue;
            };
            let tools = &self.rules.tools.workflows;
            let calls = self.calls.entry((id.clone(), kind == Kind::Action)).or_insert_with(|| {
                let content = read(id).filter(|content| content.len() <= FILE_BYTES_MAX)?;
                let documents = documents(std::str::from_utf8(&content).ok()?)?;
                Some(Rc::new(Calls::of(&documents, kind, tools)))
            });
            callers.insert(path.as_str(), calls.clone());
        }
        CallFiles(callers)
    }
}

/// Files of workflows and actions; nothing for those that cannot be read.
struct CallFiles<'f>(BTreeMap<&'f str, Option<Rc<Calls>>>);

impl<'f> CallFiles<'f> {
    fn readable(&self) -> BTreeMap<&'f str, Rc<Calls>> {
        self.0.iter().filter_map(|(path, calls)| Some((*path, Rc::clone(calls.as_ref()?)))).collect()
    }
}

/// The service with the nearest folder, or of which the file is the path itself; nothing for a file that all share.
fn owner(path: &str, services: &[ServicePath]) -> Option<usize> {
    let is_below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let owning = services.iter().enumerate().filter(|(_, service)| is_below(&service.path));
    owning.max_by_key(|(_, service)| service.path.len()).map(|(index, _)| index)
}

fn paths<'a>(patterns: impl Iterator<Item = &'a String>) -> Patterns {
    let known: Vec<&str> = patterns.map(String::as_str).filter(|pattern| super::glob::is_path_pattern(pattern)).collect();
    Patterns::of_paths(known).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::reading::read_rules;
    use waymark_event::WrittenFile;

    /// What the rule of a component, from the text below its name, finds in files: `finding path:line alternative`.
    fn found(rule: &str, files: &[(&str, &str)]) -> Vec<String> {
        let text = format!("evidence:\n  - component: c\n{rule}");
        let (rules, remarks) = read_rules(&[WrittenFile { name: "p.yaml".to_owned(), text }], &["c"]);
        assert!(remarks.is_empty(), "{remarks:?}");
        let known = KnownUses::new();
        let mut scanner = Scanner::new(&rules, &known);
        let map: FileMap = files
            .iter()
            .filter(|(path, _)| scanner.wants(path))
            .map(|(path, _)| ((*path).to_owned(), (*path).to_owned()))
            .collect();
        let mut read = |id: &str| files.iter().find(|(path, _)| *path == id).map(|(_, text)| text.as_bytes().to_vec());
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let told = |found: Found| {
            let place = found.place.map(|place| format!("{}:{}", place.path, place.line)).unwrap_or_default();
            format!("{:?} {place} {}", found.finding, found.alternative.unwrap_or_default()).trim_end().to_owned()
        };
        scanner.scan("github.com/acme/cart", day, &map, &[], &mut read).into_iter().map(told).collect()
    }

    #[test]
    fn a_scan_that_looks_for_nothing_says_nothing() {
        let runtime = "    runtime: { runs_use: a }\n";
        assert!(found(runtime, &[("README.md", "")]).is_empty());
        let other = format!("{runtime}    alternatives: [{{ name: b, any: [{{ file: {{ path: old }} }}] }}]\n");
        assert!(found(&other, &[]).is_empty());
        assert_eq!(found(&other, &[("old", "")]), ["Alternative old:1 b"]);
        let both = format!("{runtime}    present: {{ any: [{{ file: {{ path: new }} }}] }}\n");
        assert_eq!(found(&both, &[]), ["Absent"]);
    }

    #[test]
    fn a_file_in_which_the_component_stands_is_no_other_tool() {
        let library = "    preset: ci-pipeline\n    with: { library: platform-shared }\n";
        let own = ("Jenkinsfile", "#!/usr/bin/env groovy\n\n@Library('platform-shared@v2') _\n");
        assert_eq!(found(library, &[own]), ["Present Jenkinsfile:3"]);
        assert_eq!(found(library, &[own, ("old/Jenkinsfile", "build()\n")]), ["Partial Jenkinsfile:3 jenkins"]);
        let module = "    preset: runtime\n    with: { module: registry.example.org/acme/service }\n";
        let own = ("main.tf", "# x\nmodule \"a\" {\n  source = \"registry.example.org/acme/service\"\n}\n");
        assert_eq!(found(module, &[own]), ["Present main.tf:3"]);
        let variables = ("variables.tf", "variable \"size\" {}\n");
        assert_eq!(found(module, &[own, variables]), ["Present main.tf:3"], "variables are nobody's own infrastructure");
        let resource = ("dns.tf", "resource \"dns_record\" \"www\" {}\n");
        assert_eq!(found(module, &[own, resource]), ["Partial main.tf:3 own-terraform"]);
        let lines = "    present: { any: [{ line: { files: a, match: new } }] }\n    alternatives: [{ name: b, any: [{ line: { files: a, match: old } }] }]\n";
        assert_eq!(found(lines, &[("a", "x\nnew\nold\n")]), ["Partial a:2 b"], "another line may hold another tool");
        assert_eq!(found(module, &[("compose.yml", "services: {}\n")]), ["Alternative compose.yml:1 compose"]);
    }

    #[test]
    fn an_include_is_followed_through_files_of_the_repository() {
        let rule = "    present: { any: [{ pipeline_include: { match: platform/ci } }] }\n";
        let inner = ("ci/inner.yml", "include:\n  - project: platform/ci\n    ref: v1\n    file: t.yml\n");
        let outer = ("ci/outer.yml", "include:\n  - local: ci/inner.yml\n  - local: /ci/outer.yml\n");
        assert_eq!(found(rule, &[(".gitlab-ci.yml", "include: /ci/outer.yml\n"), inner, outer]), ["Present ci/inner.yml:2"]);
        let child = "a:\n  trigger:\n    include:\n      - local: ci/inner.yml\n";
        assert_eq!(found(rule, &[(".gitlab-ci.yml", child), inner]), ["Present ci/inner.yml:2"]);
        let direct = "a:\n  trigger:\n    include:\n      - project: platform/ci\n        ref: v1\n        file: t.yml\n";
        assert_eq!(found(rule, &[(".gitlab-ci.yml", direct)]), ["Present .gitlab-ci.yml:4"]);
        assert_eq!(found(rule, &[(".gitlab-ci.yml", "a: { script: b }\n"), inner]), ["Absent"], "nobody includes it");
    }

    #[test]
    fn a_template_that_cannot_be_read_leaves_other_conditions_their_say() {
        let rule = "    present: { any: [{ secret_store: { match: vault } }, { lockfile: { name: acme-log } }] }\n";
        let broken = ("chart/templates/a.yaml", "kind: ExternalSecret\nspec: [{{ .x }}\n");
        let lock = ("Cargo.lock", "[[package]]\nname = \"acme-log\"\nversion = \"2\"\n");
        assert_eq!(found(rule, &[broken, lock]), ["Present Cargo.lock:2"]);
        assert_eq!(found(rule, &[broken]), ["Unreadable"]);
        let other = ("chart/templates/b.yaml", "kind: Service\nspec: [{{ .x }}\n");
        assert_eq!(found(rule, &[other]), ["Absent"]);
    }
}
