//! What is wrong with definitions, whichever file they come from.
//!
//! A problem names the entry and the word that is wrong; where that stands is known to whoever read it.

mod general;

use super::{Component, Definitions, LIFECYCLES, Migration, REASON_CODES, Target};
use chrono::NaiveDate;
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
    /// The list that lacks what the entry names; null where the entry is wrong by itself.
    pub(crate) lacking: Option<Section>,
}

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
        self.found.push(Problem { section, index, word: word.to_owned(), weight: Weight::Wrong, message, lacking: None });
    }

    fn doubtful(&mut self, section: Section, index: usize, word: &str, message: String) {
        self.found.push(Problem { section, index, word: word.to_owned(), weight: Weight::Doubtful, message, lacking: None });
    }

    /// Says of the last problem that it is one only as long as a list lacks what the entry names.
    fn lacking(&mut self, list: Section) {
        if let Some(last) = self.found.last_mut() {
            last.lacking = Some(list);
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
        let has_this_name = |one: &&Component| one.formerly.iter().any(|name| name == component);
        if definitions.component(component).is_some() {
            return;
        }
        if let Some(renamed) = definitions.components.iter().find(has_this_name) {
            let message = format!("{subject}: `{component}` is a former name of component `{0}`: write `{0}`", renamed.id);
            self.wrong(section, index, component, message);
        } else {
            let candidates = definitions.components.iter().map(|component| component.id.as_str());
            let message = format!("{subject}: component `{component}` is not described{}", suggestion(component, candidates));
            self.wrong(section, index, component, message);
            self.lacking(Section::Components);
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
        let definitions = self.definitions;
        for (index, target) in definitions.targets.iter().enumerate() {
            let (section, component) = (Section::Targets, &target.component);
            self.known(section, index, "target", component);
            if !(target.share > 0.0 && target.share <= 1.0) {
                let message = format!("target of `{component}`: share {} is not above 0 and at most 1", target.share);
                self.wrong(section, index, "share", message);
            }
            let is_same = |other: &&Target| other.component == *component && other.due_on == target.due_on;
            if let Some(other) = definitions.targets[..index].iter().find(is_same) {
                let (due_on, share) = (target.due_on, other.share);
                let message = format!("target of `{component}`: by {due_on} a share of {share} is set already");
                self.wrong(section, index, "due_on", message);
            }
        }
    }

    fn migrations(&mut self) {
        let definitions = self.definitions;
        for (index, migration) in definitions.migrations.iter().enumerate() {
            let (section, subject) = (Section::Migrations, format!("migration `{}`", migration.id));
            self.what_is_left(index, migration, &subject);
            self.known(section, index, &subject, &migration.to_component);
            let earlier = &definitions.migrations[..index];
            if earlier.iter().any(|other| other.id == migration.id) {
                self.wrong(section, index, &migration.id, format!("{subject} is described twice"));
            } else if let Some(other) = earlier.iter().find(|other| other.to_component == migration.to_component) {
                let message = format!(
                    "{subject} goes to `{}`, as `{}` does: write one migration to a component, and list all that is left in \
                     `from_alternatives`",
                    migration.to_component, other.id
                );
                self.wrong(section, index, &migration.to_component, message);
            }
            self.span(section, index, &subject, Some(migration.started_on), migration.due_on);
            for blocked in &migration.blocked {
                let subject = format!("{subject}, blocked `{}`", blocked.service);
                self.reason(section, index, &subject, &blocked.reason_code);
                self.span(section, index, &subject, Some(blocked.since), blocked.until);
            }
        }
    }

    fn what_is_left(&mut self, index: usize, migration: &Migration, subject: &str) {
        let (definitions, section) = (self.definitions, Section::Migrations);
        match &migration.from_component {
            Some(old) if *old == migration.to_component => {
                let message = format!("{subject}: `from_component` and `to_component` are both `{old}`");
                self.wrong(section, index, "from_component", message);
            }
            Some(old) => self.known(section, index, subject, old),
            None if migration.from_alternatives.is_empty() => {
                let message = format!("{subject} says not what is left: give `from_component` or `from_alternatives`");
                self.wrong(section, index, &migration.id, message);
            }
            None => {}
        }
        let Some(component) = definitions.component(&migration.to_component) else { return };
        let category = &component.category;
        let described = || definitions.alternatives.iter().filter(|one| one.category == *category).map(|one| one.name.as_str());
        for name in migration.from_alternatives.iter().filter(|name| described().all(|known| known != name.as_str())) {
            let proposal = suggestion(name, described());
            let message =
                format!("{subject}: no alternative `{name}` is described under `alternatives` for `{category}`{proposal}");
            self.doubtful(section, index, name, message);
            self.lacking(Section::Alternatives);
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
                self.lacking(Section::Components);
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

#[cfg(test)]
mod tests {
    use super::super::Alternative;
    use super::*;

    fn component(id: &str, category: &str) -> Component {
        let [id, category, lifecycle] = [id, category, "general"].map(str::to_owned);
        Component { id, category, lifecycle, ..Component::default() }
    }

    fn migration(id: &str, from_component: Option<&str>, from_alternatives: &[&str], to_component: &str) -> Migration {
        Migration {
            id: id.to_owned(),
            title: id.to_owned(),
            from_component: from_component.map(str::to_owned),
            from_alternatives: from_alternatives.iter().map(|name| (*name).to_owned()).collect(),
            to_component: to_component.to_owned(),
            owner: "platform".to_owned(),
            started_on: "2026-01-05".parse().unwrap(),
            due_on: None,
            blocked: Vec::new(),
        }
    }

    fn alternative(name: &str, category: &str) -> Alternative {
        let [name, category, stance] = [name, category, "tolerated"].map(str::to_owned);
        Alternative { category, name, title: None, vendor: None, stance }
    }

    /// What is wrong or doubtful about some migrations among three components.
    fn found(migrations: Vec<Migration>) -> Vec<(Weight, String)> {
        let definitions = Definitions {
            components: vec![component("ci", "ci"), component("old-deploy", "deploy"), component("deploy", "deploy")],
            alternatives: vec![alternative("jenkins", "ci"), alternative("circle", "ci"), alternative("scripts", "deploy")],
            migrations,
            ..Definitions::default()
        };
        problems(&definitions).into_iter().map(|problem| (problem.weight, problem.message)).collect()
    }

    #[test]
    fn a_component_has_one_migration_to_it_and_none_from_itself() {
        let first = migration("m1", None, &["jenkins"], "ci");
        assert_eq!(found(vec![first.clone(), migration("m2", Some("old-deploy"), &[], "deploy")]), []);
        let second = found(vec![first.clone(), migration("m2", None, &["circle"], "ci")]);
        let said = "migration `m2` goes to `ci`, as `m1` does: write one migration to a component, and list all that is left in \
                    `from_alternatives`";
        assert_eq!(second, [(Weight::Wrong, said.to_owned())]);
        assert_eq!(found(vec![first.clone(), first]), [(Weight::Wrong, "migration `m1` is described twice".to_owned())]);
        let said = "migration `m`: `from_component` and `to_component` are both `deploy`";
        assert_eq!(found(vec![migration("m", Some("deploy"), &[], "deploy")]), [(Weight::Wrong, said.to_owned())]);
    }

    #[test]
    fn an_alternative_that_nobody_described_is_told_with_what_was_meant() {
        let said = |names: &[&str]| found(vec![migration("m", None, names, "ci")]);
        let expected =
            "migration `m`: no alternative `jenkin` is described under `alternatives` for `ci`: did you mean `jenkins`?";
        assert_eq!(said(&["circle", "jenkin"]), [(Weight::Doubtful, expected.to_owned())]);
        let expected =
            "migration `m`: no alternative `scripts` is described under `alternatives` for `ci`: there is circle, jenkins";
        assert_eq!(said(&["scripts"]), [(Weight::Doubtful, expected.to_owned())]);
    }

    #[test]
    fn a_former_name_is_told_with_the_one_that_holds_now() {
        let renamed = Component { formerly: vec!["ci-v0".to_owned()], ..component("ci", "ci") };
        let target = Target { component: "ci-v0".to_owned(), share: 0.9, set_on: None, due_on: "2026-06-30".parse().unwrap() };
        let definitions = Definitions { components: vec![renamed], targets: vec![target], ..Definitions::default() };
        assert_eq!(definitions.problems(), ["target: `ci-v0` is a former name of component `ci`: write `ci`"]);
    }

    #[test]
    fn every_target_that_cannot_be_meant_is_told() {
        let target =
            |share, due_on: &str| Target { component: "ci".to_owned(), share, set_on: None, due_on: due_on.parse().unwrap() };
        let targets = [(0.8, "2026-06-30"), (0.0, "2026-09-30"), (1.5, "2026-12-31"), (0.9, "2026-06-30"), (1.0, "2027-06-30")];
        let definitions = Definitions {
            components: vec![component("ci", "ci")],
            targets: targets.map(|(share, due_on)| target(share, due_on)).to_vec(),
            ..Definitions::default()
        };
        let expected = [
            "target of `ci`: share 0 is not above 0 and at most 1",
            "target of `ci`: share 1.5 is not above 0 and at most 1",
            "target of `ci`: by 2026-06-30 a share of 0.8 is set already",
        ];
        assert_eq!(definitions.problems(), expected);
    }
}
