//! The platform as an organisation writes it: the files of one folder, read into `Definitions`.
//!
//! Every file may hold any section, and unknown keys are refused. How the use of a component is
//! detected is the section `evidence`, which `collect` reads from the same files; it is skipped here.

use crate::definitions::{
    Alternative, Component, Definitions, Exemption, Mandate, Membership, Migration, Problem, Responsibility, Section,
    ServicePaths, Target, problems,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use utoipa::{PartialSchema, ToSchema};
use waymark_event::{Remark, Weight, WrittenFile, key_suggestion};

/// One file of the folder.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Sheet {
    /// The capabilities of the platform.
    #[serde(default)]
    #[schema(value_type = Vec<Component>)]
    components: Vec<Spanned<Component>>,
    /// What is used in the place of components, by category.
    #[serde(default)]
    #[schema(value_type = Vec<Alternative>)]
    alternatives: Vec<Spanned<Alternative>>,
    /// Components that services must use.
    #[serde(default)]
    #[schema(value_type = Vec<Mandate>)]
    mandates: Vec<Spanned<Mandate>>,
    /// Services that may stay off the paved road for a time.
    #[serde(default)]
    #[schema(value_type = Vec<Exemption>)]
    exemptions: Vec<Spanned<Exemption>>,
    /// What adoption is aimed at.
    #[serde(default)]
    #[schema(value_type = Vec<Target>)]
    targets: Vec<Spanned<Target>>,
    /// Moves from old tools to components.
    #[serde(default)]
    #[schema(value_type = Vec<Migration>)]
    migrations: Vec<Spanned<Migration>>,
    /// Who answers for what.
    #[serde(default)]
    #[schema(value_type = Vec<Responsibility>)]
    responsibilities: Vec<Spanned<Responsibility>>,
    /// Who belongs to which team.
    #[serde(default)]
    #[schema(value_type = Vec<Membership>)]
    memberships: Vec<Spanned<Membership>>,
    /// Which paths of a shared repository belong to which service.
    #[serde(default)]
    #[schema(value_type = Vec<ServicePaths>)]
    service_paths: Vec<Spanned<ServicePaths>>,
    /// How the use of components is detected.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    #[expect(dead_code, reason = "collect reads it; here it is only known to be a key")]
    evidence: IgnoredAny,
}

/// Where the entries of each section stand: file and line.
type Places = BTreeMap<(Section, usize), (usize, usize)>;

/// Adds what the files say to `definitions`, and remarks on both; `configuration` names the file
/// from which the definitions so far came.
pub fn read_platform(definitions: Definitions, configuration: &str, files: &[WrittenFile]) -> (Definitions, Vec<Remark>) {
    let mut reading = Reading { definitions, places: Places::new(), remarks: Vec::new() };
    let is_unread: Vec<bool> = files.iter().enumerate().map(|(index, file)| !reading.read(index, file)).collect();
    let unread: Vec<&str> = files.iter().zip(is_unread).filter(|(_, is)| *is).map(|(file, _)| file.text.as_str()).collect();
    // What an entry names may stand in a file that could not be read: only the fault of that file is told.
    let may_hold = |section: &str| unread.iter().any(|text| text.contains(section));
    let (components, alternatives) = (may_hold("components"), may_hold("alternatives"));
    let is_told = |problem: &Problem| match problem.lacking {
        Some(Section::Components) => !components,
        Some(Section::Alternatives) => !alternatives,
        _ => true,
    };
    for problem in problems(&reading.definitions).into_iter().filter(is_told) {
        let remark = reading.remark(&problem, configuration, files);
        reading.remarks.push(remark);
    }
    reading.remarks.sort();
    reading.definitions.components.extend(unread.iter().filter(|_| components).map(|text| named_in(text)));
    (reading.definitions, reading.remarks)
}

/// The names of components in a file that could not be read, as those of one, so that whoever reads the evidence
/// does not take them for unknown. What was read is refused with that file.
fn named_in(text: &str) -> Component {
    let lines = text.lines().filter(|line| line.contains("id:") || line.contains("formerly:"));
    let is_between = |letter: char| letter.is_whitespace() || matches!(letter, ',' | '[' | ']' | '{' | '}' | '"' | '\'');
    let words = lines.flat_map(|line| line.split(is_between)).filter(|word| !word.is_empty());
    Component { formerly: words.map(str::to_owned).collect(), ..Component::default() }
}

/// The schema of a file, as JSON Schema; the items of `evidence` are described by whoever reads them.
pub fn platform_schema(evidence: &serde_json::Value) -> serde_json::Value {
    let mut parts = vec![(Sheet::name().into_owned(), Sheet::schema())];
    Sheet::schemas(&mut parts);
    let mut definitions: BTreeMap<String, serde_json::Value> =
        parts.into_iter().filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?))).collect();
    let mut schema = definitions.remove(&*Sheet::name()).unwrap_or_default();
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "A file of the folder `platform`".into();
    schema["properties"]["evidence"]["items"] = evidence["items"].clone();
    schema["$defs"] = serde_json::json!(definitions);
    if let (Some(own), Some(further)) = (schema["$defs"].as_object_mut(), evidence["$defs"].as_object()) {
        own.extend(further.iter().map(|(name, schema)| (name.clone(), schema.clone())));
    }
    serde_json::from_str(&schema.to_string().replace("#/components/schemas/", "#/$defs/")).unwrap_or(schema)
}

struct Reading {
    definitions: Definitions,
    places: Places,
    remarks: Vec<Remark>,
}

impl Reading {
    /// Takes what a file says, and tells whether it could be read.
    fn read(&mut self, index: usize, file: &WrittenFile) -> bool {
        let is_empty = file.text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_empty {
            return true;
        }
        match serde_saphyr::from_str::<Sheet>(&file.text) {
            Ok(sheet) => {
                self.take(index, sheet);
                true
            }
            Err(error) => {
                self.remarks.push(refusal(file, &error));
                false
            }
        }
    }

    fn take(&mut self, file: usize, sheet: Sheet) {
        let (places, definitions) = (&mut self.places, &mut self.definitions);
        take(places, Section::Components, file, sheet.components, &mut definitions.components);
        take(places, Section::Alternatives, file, sheet.alternatives, &mut definitions.alternatives);
        take(places, Section::Mandates, file, sheet.mandates, &mut definitions.mandates);
        take(places, Section::Exemptions, file, sheet.exemptions, &mut definitions.exemptions);
        take(places, Section::Targets, file, sheet.targets, &mut definitions.targets);
        take(places, Section::Migrations, file, sheet.migrations, &mut definitions.migrations);
        take(places, Section::Responsibilities, file, sheet.responsibilities, &mut definitions.responsibilities);
        take(places, Section::Memberships, file, sheet.memberships, &mut definitions.memberships);
        take(places, Section::ServicePaths, file, sheet.service_paths, &mut definitions.service_paths);
    }

    /// A problem with its place, where the entry came from one of the files.
    fn remark(&self, problem: &Problem, configuration: &str, files: &[WrittenFile]) -> Remark {
        let place = self.places.get(&(problem.section, problem.index));
        let Some((index, line, file)) = place.and_then(|(index, line)| Some((*index, *line, files.get(*index)?))) else {
            let (file, message) = (configuration.to_owned(), problem.message.clone());
            return Remark { file, line: 0, column: 0, weight: problem.weight, message };
        };
        let later = self.places.values().filter(|(other, start)| *other == index && *start > line).map(|(_, start)| *start);
        let end = later.min().unwrap_or(usize::MAX);
        file.remark_at(line, end, &problem.word, problem.weight, problem.message.clone())
    }
}

fn take<T>(places: &mut Places, section: Section, file: usize, entries: Vec<Spanned<T>>, into: &mut Vec<T>) {
    for entry in entries {
        let line = usize::try_from(entry.defined.line()).unwrap_or_default();
        places.insert((section, into.len()), (file, line));
        into.push(entry.value);
    }
}

/// Why a file could not be read, in words for the person who wrote it.
fn refusal(file: &WrittenFile, error: &serde_saphyr::Error) -> Remark {
    let error = error.without_snippet();
    let number = |number: u64| usize::try_from(number).unwrap_or_default();
    let message = match error {
        serde_saphyr::Error::Message { msg, .. } => msg.clone(),
        serde_saphyr::Error::Unexpected { expected, .. } => format!("invalid type: expected {expected}"),
        other => other.to_string(),
    };
    if let Some(place) = error.location() {
        return file.remark_on_value(number(place.line()), number(place.column()), &message);
    }
    let mut remark = failing_entry(file, &message).unwrap_or_else(|| {
        let word = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()).unwrap_or_default();
        file.remark_at(0, usize::MAX, word, Weight::Wrong, key_suggestion(&message))
    });
    if remark.message.starts_with("missing field `expires_on`") {
        remark.message.push_str(": an exemption ends by itself, so give the day; it can be granted again");
    }
    remark
}

/// What is wrong with the entry that cannot be read: the reader does not say where a key of an entry stands.
fn failing_entry(file: &WrittenFile, message: &str) -> Option<Remark> {
    let sections: BTreeMap<String, Vec<Spanned<serde_json::Value>>> = serde_saphyr::from_str(&file.text).ok()?;
    let mut entries = sections.iter().flat_map(|(section, entries)| entries.iter().map(move |entry| (section, entry)));
    let (section, entry) =
        entries.find(|(section, entry)| checked_as(section, entry.value.clone()).as_deref() == Some(message))?;
    let line = usize::try_from(entry.defined.line()).ok()?;
    Some(file.remark_on_entry(line, &entry.value, message, &|value| checked_as(section, value)))
}

/// What a reader says of an entry of a section; null when it can be read.
fn checked_as(section: &str, value: serde_json::Value) -> Option<String> {
    match section {
        "components" => checked::<Component>(value),
        "alternatives" => checked::<Alternative>(value),
        "mandates" => checked::<Mandate>(value),
        "exemptions" => checked::<Exemption>(value),
        "targets" => checked::<Target>(value),
        "migrations" => checked::<Migration>(value),
        "responsibilities" => checked::<Responsibility>(value),
        "memberships" => checked::<Membership>(value),
        "service_paths" => checked::<ServicePaths>(value),
        _ => None,
    }
}

fn checked<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Option<String> {
    serde_json::from_value::<T>(value).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "components:
  - id: ci-standard
    title: Standard build
    category: ci
    owner: platform
    released_on: 2025-01-01
    fit:
      - { reason: runtime, no_tags: [mainframe] }
    rings:
      - { name: pilot, opened_on: 2024-10-01, for: { teams: [payments] } }
    releases:
      - { version: v3, released_on: 2025-01-01 }
mandates:
  - { component: ci-standard, announced_on: 2025-02-01, due_on: 2025-06-01 }
evidence:
  - component: ci-standard
";

    fn read(text: &str) -> (Definitions, Vec<String>) {
        let file = WrittenFile { name: "platform/p.yaml".to_owned(), text: text.to_owned() };
        let (definitions, remarks) = read_platform(Definitions::default(), "waymark.toml", &[file]);
        (definitions, remarks.iter().map(ToString::to_string).collect())
    }

    fn remarks(extra: &str) -> Vec<String> {
        read(&format!("{GOOD}{extra}")).1
    }

    #[test]
    fn a_folder_becomes_definitions() {
        let (definitions, remarks) = read(GOOD);
        assert_eq!(remarks, Vec::<String>::new());
        assert_eq!(definitions.components[0].lifecycle, "general");
        assert_eq!(definitions.components[0].conditions()[0].no_tags, ["mainframe"]);
        assert_eq!(definitions.mandates.len(), 1);
        assert_eq!(read("# nothing yet\n").1, Vec::<String>::new());
    }

    #[test]
    fn an_unknown_key_is_refused_with_place_and_suggestion() {
        let found = read("components:\n  - id: ci\n    titel: CI\n").1;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("platform/p.yaml:3:5: `titel` is not known here: did you mean `title`?"), "{found:?}");
    }

    #[test]
    fn an_unknown_component_is_refused_where_it_stands() {
        let found = remarks("targets:\n  - share: 0.9\n    component: ci-standart\n    due_on: 2026-01-01\n");
        let expected = "platform/p.yaml:19:16: target: component `ci-standart` is not described: did you mean `ci-standard`?";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_told_once_and_what_names_its_components_is_not() {
        let file = |name: &str, text: &str| WrittenFile { name: name.to_owned(), text: text.to_owned() };
        let target = file("targets.yaml", "targets:\n  - { component: ci, share: 0.9, due_on: 2026-01-01 }\n");
        let remarks = |components: &str| {
            let files = [file("components.yaml", components), target.clone()];
            let (definitions, remarks) = read_platform(Definitions::default(), "waymark.toml", &files);
            let is_named = definitions.components.iter().any(|one| one.formerly.iter().any(|name| name == "ci"));
            (remarks.iter().map(ToString::to_string).collect::<Vec<_>>(), is_named)
        };
        let begin = "components:\n  - { id: ci, title: CI, category: ci, owner: a";
        let (found, is_named) = remarks(&format!("{begin}, lifecicle: pilot }}\n"));
        assert!(found.len() == 1 && found[0].contains("did you mean `lifecycle`?") && is_named, "{found:?}");
        let (found, is_named) = remarks(&format!("{begin} }}\n\t- x: [\n"));
        assert!(found.len() == 1 && found[0].starts_with("components.yaml:") && is_named, "{found:?}");
        let (found, _) = remarks("components:\n  - { id: cd, title: CD, category: cd, owner: a }\n");
        assert!(found.len() == 1 && found[0].contains("component `ci` is not described"), "{found:?}");
    }

    #[test]
    fn an_exemption_without_end_is_refused() {
        let text = "exemptions:\n  - { component: ci-standard, service: a, reason_code: runtime, owner: b, opened_on: 2025-01-01, review_by: 2025-03-01 }\n";
        let found = remarks(text);
        assert!(found.len() == 1 && found[0].starts_with("platform/p.yaml:18:"), "{found:?}");
        assert!(found[0].contains("so give the day"), "{found:?}");
    }

    #[test]
    fn a_day_that_is_none_and_a_list_for_a_text_are_told_by_their_keys() {
        let target = remarks("targets:\n  - component: ci-standard\n    share: 0.9\n    due_on: 31.12.2026\n");
        assert_eq!(target, ["platform/p.yaml:20:5: `due_on` is no day: write it as `2026-12-31`"]);
        let migration = "migrations:
  - id: m
    title: M
    to_component: ci-standard
    owner: a
    started_on: 2026-01-01
    blocked:
      - { service: a, reason_code: runtime, since: 2026-01-01 }
      - { service: b, reason_code: runtime, since: 1.2.2026 }
";
        assert_eq!(remarks(migration), ["platform/p.yaml:25:45: `blocked.since` is no day: write it as `2026-12-31`"]);
        let owner = read(&GOOD.replace("owner: platform", "owner: [platform]")).1;
        assert_eq!(owner, ["platform/p.yaml:5:12: `owner` must be a text"]);
    }

    #[test]
    fn overlapping_mandates_are_refused_and_others_are_not() {
        let twice = |first: &str, second: &str| {
            let entry = |rest: &str| format!("  - {{ component: ci-standard, {rest} }}\n");
            let text = format!("{}mandates:\n{}{}", GOOD.split("mandates:").next().unwrap(), entry(first), entry(second));
            read(&text).1
        };
        let overlapping = twice(
            "announced_on: 2025-02-01, due_on: 2025-06-01",
            "announced_on: 2025-05-01, due_on: 2025-09-01, for: { teams: [payments] }",
        );
        assert!(overlapping.len() == 1 && overlapping[0].contains("p.yaml:15:"), "{overlapping:?}");
        assert!(overlapping[0].contains("overlaps the one announced on 2025-02-01"), "{overlapping:?}");
        let ended = twice(
            "announced_on: 2025-02-01, due_on: 2025-04-01, ends_on: 2025-05-01",
            "announced_on: 2025-05-01, due_on: 2025-09-01",
        );
        assert_eq!(ended, Vec::<String>::new());
        let apart = twice(
            "announced_on: 2025-02-01, due_on: 2025-06-01, for: { teams: [search] }",
            "announced_on: 2025-02-01, due_on: 2025-06-01, for: { teams: [payments] }",
        );
        assert_eq!(apart, Vec::<String>::new());
    }

    #[test]
    fn a_reason_that_is_no_code_and_a_name_taken_twice_are_refused() {
        let other = GOOD.replace("runtime", "runtme");
        assert!(read(&other).1[0].contains("did you mean `runtime`?"));
        let renamed = format!(
            "{}\n",
            GOOD.replace("    title: Standard build\n", "    title: Standard build\n    formerly: [ci-old, ci-old]\n")
        );
        assert!(read(&renamed).1[0].contains("belongs to `ci-standard` already"), "{:?}", read(&renamed).1);
    }
}
