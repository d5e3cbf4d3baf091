//! What is wrong with definitions, whichever file they come from.
//!
//! A problem names the entry and the word that is wrong; where that stands is known to whoever read it.

use super::{Component, Definitions, LIFECYCLES, REASON_CODES};
use chrono::NaiveDate;
use chrono_tz::Tz;
use waymark_event::{Weight, suggestion};

/// A list of entries in which something can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    General,
    Components,
    Alternatives,
    Mandates,
    Exemptions,
    Targets,
    Migrations,
    Responsibilities,
    Memberships,
    ServicePaths,
}

/// Something wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) section: Section,
    /// Place of the entry in its list.
    pub(crate) index: usize,
    /// The word to point at; empty for the entry as a whole.
    pub(crate) word: String,
    pub(crate) weight: Weight,
    pub(crate) message: String,
}

const TIERS: &[&str] = &["production", "staging", "testing", "development", "other"];
const STANCES: &[&str] = &["tolerated", "discouraged", "forbidden"];
const SIDES: &[&str] = &["platform", "team", "vendor"];

/// Collects problems of one section after the other.
struct Problems<'a> {
    definitions: &'a Definitions,
    found: Vec<Problem>,
}

/// Everything that is wrong or doubtful.
pub(crate) fn problems(definitions: &Definitions) -> Vec<Problem> {
    let mut problems = Problems { definitions, found: Vec::new() };
    problems.general();
    problems.components();
    problems.mandates();
    problems.exemptions();
    problems.targets();
    problems.migrations();
    problems.alternatives_and_areas();
    problems.memberships();
    problems.found
}

impl Problems<'_> {
    fn wrong(&mut self, section: Section, index: usize, word: &str, message: String) {
        self.found.push(Problem { section, index, word: word.to_owned(), weight: Weight::Wrong, message });
    }

    fn doubtful(&mut self, section: Section, index: usize, word: &str, message: String) {
        self.found.push(Problem { section, index, word: word.to_owned(), weight: Weight::Doubtful, message });
    }

    fn general(&mut self) {
        let definitions = self.definitions;
        if definitions.zone.parse::<Tz>().is_err() {
            let zone = &definitions.zone;
            self.wrong(Section::General, 0, zone, format!("zone `{zone}` is no IANA zone: write one such as `Europe/Berlin`"));
        }
        if definitions.settings.survey_k < 5 {
            let message = "settings.survey_k is below 5: smaller groups would show single people".to_owned();
            self.wrong(Section::General, 0, "survey_k", message);
        }
        for rule in definitions.environments.iter().filter(|rule| !TIERS.contains(&rule.tier.as_str())) {
            let message = format!("environment `{}`: tier `{}` is none of {}", rule.pattern, rule.tier, TIERS.join(", "));
            self.wrong(Section::General, 0, &rule.tier, message);
        }
        for rule in definitions.hotfixes.iter().filter(|rule| rule.label.is_some() == rule.branch.is_some()) {
            self.wrong(Section::General, 0, "hotfix", format!("hotfix {rule:?}: write either a label or a branch"));
        }
        for (index, paths) in definitions.service_paths.iter().enumerate() {
            if paths.globs.is_empty() && paths.shared.is_empty() {
                let message = format!("service_paths of `{}` in `{}`: no globs are given", paths.service, paths.repository);
                self.wrong(Section::ServicePaths, index, &paths.service, message);
            }
        }
    }

    fn components(&mut self) {
        let definitions = self.definitions;
        let mut names: Vec<(&str, &str)> = Vec::new();
        for (index, component) in definitions.components.iter().enumerate() {
            let id = component.id.as_str();
            for name in std::iter::once(id).chain(component.formerly.iter().map(String::as_str)) {
                match names.iter().find(|(known, _)| *known == name) {
                    Some((_, owner)) if *owner == name && name == id => {
                        self.wrong(Section::Components, index, name, format!("component `{name}` is described twice"));
                    }
                    Some((_, owner)) => {
                        let message = format!("component `{id}`: the name `{name}` belongs to `{owner}` already");
                        self.wrong(Section::Components, index, name, message);
                    }
                    None => names.push((name, id)),
                }
            }
            self.component(index, component);
        }
    }

    fn component(&mut self, index: usize, component: &Component) {
        let (id, section) = (&component.id, Section::Components);
        if !LIFECYCLES.contains(&component.lifecycle.as_str()) {
            let lifecycle = &component.lifecycle;
            let message =
                format!("component `{id}`: lifecycle `{lifecycle}`{}", suggestion(lifecycle, LIFECYCLES.iter().copied()));
            self.wrong(section, index, lifecycle, message);
        }
        let days = [component.piloted_on, component.released_on, component.deprecated_on, component.retired_on];
        if days.iter().flatten().zip(days.iter().flatten().skip(1)).any(|(earlier, later)| later < earlier) {
            self.wrong(
                section,
                index,
                "",
                format!("component `{id}`: its days of pilot, release, deprecation and end run backwards"),
            );
        }
        for rule in &component.fit {
            self.reason(section, index, &format!("fit of `{id}`"), &rule.reason);
            if [&rule.any_tags, &rule.all_tags, &rule.no_tags, &rule.types].iter().all(|list| list.is_empty()) {
                let message = format!("fit of `{id}`: the rule `{}` asks for nothing", rule.reason);
                self.wrong(section, index, &rule.reason, message);
            }
            self.span(section, index, &format!("fit of `{id}`"), rule.from, rule.until);
        }
        let order = component.rings.iter().map(|ring| ring.opened_on);
        if order.clone().zip(order.skip(1)).any(|(earlier, later)| later < earlier) {
            self.wrong(section, index, "rings", format!("component `{id}`: a later ring opens before an earlier one"));
        }
        let versions: Vec<&str> = component.releases.iter().map(|release| release.version.as_str()).collect();
        for (place, version) in versions.iter().enumerate().filter(|(place, version)| versions[..*place].contains(version)) {
            self.wrong(section, index, version, format!("component `{id}`: release {place}, `{version}`, is there twice"));
        }
    }

    fn reason(&mut self, section: Section, index: usize, subject: &str, code: &str) {
        if !REASON_CODES.contains(&code) {
            let message =
                format!("{subject}: reason `{code}` is no reason code{}", suggestion(code, REASON_CODES.iter().copied()));
            self.wrong(section, index, code, message);
        }
    }

    fn span(&mut self, section: Section, index: usize, subject: &str, from: Option<NaiveDate>, until: Option<NaiveDate>) {
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            self.wrong(section, index, "until", format!("{subject} ends before it begins"));
        }
    }

    fn known(&mut self, section: Section, index: usize, subject: &str, component: &str) {
        let definitions = self.definitions;
        if definitions.component(component).is_none() {
            let candidates = definitions.components.iter().map(|component| component.id.as_str());
            let message = format!("{subject}: component `{component}` is not described{}", suggestion(component, candidates));
            self.wrong(section, index, component, message);
        }
    }

    fn mandates(&mut self) {
        let definitions = self.definitions;
        let far = NaiveDate::MAX;
        for (index, mandate) in definitions.mandates.iter().enumerate() {
            let (section, component) = (Section::Mandates, &mandate.component);
            self.known(section, index, "mandate", component);
            if mandate.due_on < mandate.announced_on {
                self.wrong(section, index, "due_on", format!("mandate of `{component}` is due before it was announced"));
            }
            self.span(section, index, &format!("mandate of `{component}`"), Some(mandate.announced_on), mandate.ends_on);
            let overlapping = definitions.mandates[..index].iter().find(|other| {
                other.component == *component
                    && mandate.scope.meets(&other.scope)
                    && mandate.announced_on < other.ends_on.unwrap_or(far)
                    && other.announced_on < mandate.ends_on.unwrap_or(far)
            });
            if let Some(other) = overlapping {
                let message = format!(
                    "mandate of `{component}` overlaps the one announced on {}: end that with `ends_on`, or name other services",
                    other.announced_on
                );
                self.wrong(section, index, component, message);
            }
        }
    }

    fn exemptions(&mut self) {
        let definitions = self.definitions;
        for (index, exemption) in definitions.exemptions.iter().enumerate() {
            let (section, service, component) = (Section::Exemptions, &exemption.service, &exemption.component);
            self.known(section, index, "exemption", component);
            let subject = format!("exemption of `{service}` from `{component}`");
            match &exemption.reason_code {
                Some(code) => self.reason(section, index, &subject, code),
                None if exemption.reason.is_empty() => {
                    self.wrong(section, index, "", format!("{subject} has no reason: give a `reason_code`"));
                }
                None => {}
            }
            if exemption.expires_on <= exemption.opened_on {
                self.wrong(section, index, "expires_on", format!("{subject} ends before it begins"));
            }
            if exemption.review_by > exemption.expires_on {
                self.doubtful(section, index, "review_by", format!("{subject} is looked at only after it has ended"));
            }
            let overlapping = definitions.exemptions[..index].iter().any(|other| {
                (&other.service, &other.component) == (service, component)
                    && exemption.opened_on < other.expires_on
                    && other.opened_on < exemption.expires_on
            });
            if overlapping {
                self.wrong(section, index, service, format!("{subject} is granted twice at the same time"));
            }
        }
    }

    fn targets(&mut self) {
        for (index, target) in self.definitions.targets.iter().enumerate() {
            let component = &target.component;
            self.known(Section::Targets, index, "target", component);
            if !(0.0..=1.0).contains(&target.share) {
                let message = format!("target of `{component}`: share {} is not between 0 and 1", target.share);
                self.wrong(Section::Targets, index, "share", message);
            }
        }
    }

    fn migrations(&mut self) {
        let definitions = self.definitions;
        for (index, migration) in definitions.migrations.iter().enumerate() {
            let (section, subject) = (Section::Migrations, format!("migration `{}`", migration.id));
            for component in std::iter::once(&migration.to_component).chain(&migration.from_component) {
                self.known(section, index, &subject, component);
            }
            if migration.from_component.is_none() && migration.from_alternatives.is_empty() {
                let message = format!("{subject} says not what is left: give `from_component` or `from_alternatives`");
                self.wrong(section, index, &migration.id, message);
            }
            if definitions.migrations[..index].iter().any(|other| other.id == migration.id) {
                self.wrong(section, index, &migration.id, format!("{subject} is described twice"));
            }
            self.span(section, index, &subject, Some(migration.started_on), migration.due_on);
            for blocked in &migration.blocked {
                let subject = format!("{subject}, blocked `{}`", blocked.service);
                self.reason(section, index, &subject, &blocked.reason_code);
                self.span(section, index, &subject, Some(blocked.since), blocked.until);
            }
        }
    }

    fn alternatives_and_areas(&mut self) {
        let definitions = self.definitions;
        let categories: Vec<&str> = definitions.components.iter().map(|component| component.category.as_str()).collect();
        for (index, alternative) in definitions.alternatives.iter().enumerate() {
            let (section, name, category) = (Section::Alternatives, &alternative.name, alternative.category.as_str());
            if !STANCES.contains(&alternative.stance.as_str()) {
                let stance = &alternative.stance;
                let message = format!("alternative `{name}`: stance `{stance}`{}", suggestion(stance, STANCES.iter().copied()));
                self.wrong(section, index, stance, message);
            }
            if !categories.contains(&category) {
                let proposal = suggestion(category, categories.iter().copied());
                let message = format!("alternative `{name}`: no component is of category `{category}`{proposal}");
                self.doubtful(section, index, category, message);
            }
            if definitions.alternatives[..index].iter().any(|other| other.name == *name && other.category == category) {
                self.wrong(section, index, name, format!("alternative `{name}` of `{category}` is described twice"));
            }
        }
        for (index, responsibility) in definitions.responsibilities.iter().enumerate() {
            let (section, subject) = (Section::Responsibilities, format!("area `{}`", responsibility.area));
            if !SIDES.contains(&responsibility.side.as_str()) {
                let side = &responsibility.side;
                self.wrong(
                    section,
                    index,
                    side,
                    format!("{subject}: side `{side}`{}", suggestion(side, SIDES.iter().copied())),
                );
            }
            if let Some(component) = &responsibility.component {
                self.known(section, index, &subject, component);
            }
            self.span(section, index, &subject, responsibility.from, responsibility.until);
        }
    }

    fn memberships(&mut self) {
        for (index, membership) in self.definitions.memberships.iter().enumerate() {
            let (section, team) = (Section::Memberships, &membership.team);
            if membership.people.is_empty() {
                self.wrong(section, index, team, format!("membership of `{team}` names nobody"));
            }
            self.span(section, index, &format!("membership of `{team}`"), membership.from, membership.until);
        }
    }
}
