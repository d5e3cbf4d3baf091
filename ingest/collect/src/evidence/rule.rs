//! Rules of evidence as an organisation writes them: which component, and what shows its use.
//!
//! Reading them from files is `reading.rs`, applying them `scanner.rs`; what a component is belongs to
//! `analytics`.

use super::known_tools::{KnownTools, known_tools};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How the use of one component is seen in a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceRule {
    /// The component that is looked for.
    pub component: String,
    /// Raised with each change of meaning; findings carry it.
    #[serde(default = "first", deserialize_with = "rule_version")]
    pub rule_version: i32,
    /// A ready rule to begin from: base-image, ci-pipeline, deployment, logging, runtime, secrets or template.
    pub preset: Option<String>,
    /// What the ready rule asks for, such as `workflow: acme/platform-ci/*`.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
    /// What shows that it is used.
    pub present: Option<Conditions>,
    /// What shows that it is used in part.
    pub partial: Option<Conditions>,
    /// What shows that something else is used in its place; the first that is found counts.
    #[serde(default)]
    pub alternatives: Vec<AlternativeRule>,
    /// What of runs and deployments shows that it is used; stronger than what stands in files.
    pub runtime: Option<RuntimeRule>,
    /// Only in these repositories, such as `github.com/acme/*`; empty = in all.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// The first day that the rule judges; null = all days.
    pub from: Option<chrono::NaiveDate>,
    /// The first day that it judges no more; null = it still does.
    pub until: Option<chrono::NaiveDate>,
}

/// What of runs and deployments shows the use of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuntimeRule {
    /// Patterns of what a run on the default branch used, with or without version.
    pub runs_use: Option<Texts>,
    /// Patterns of who reports a production deployment: a source, or `source:instance`.
    pub deployments_from: Option<Texts>,
}

/// Several conditions, of which one or each must be met.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// One of them is enough.
    #[serde(default)]
    pub any: Vec<Condition>,
    /// Each must be met; some of them are use in part.
    #[serde(default)]
    pub all: Vec<Condition>,
}

/// A tool that is used in the place of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlternativeRule {
    /// Its name, as findings give it.
    pub name: String,
    /// What shows that it is used.
    pub any: Vec<Condition>,
}

/// One thing to look for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// A reusable workflow or an action that a workflow calls, directly or through others.
    WorkflowUses(UsesCondition),
    /// An include, component, template, orb or plug-in of a pipeline.
    PipelineInclude(Matching),
    /// A shared library of a pipeline that is a script.
    PipelineLibrary(Matching),
    /// The image on which the last stage of a Dockerfile stands.
    DockerfileFrom(Matching),
    /// A package in a lock file.
    Lockfile(Named),
    /// A package in a manifest, which says less than a lock file.
    Manifest(Named),
    /// A chart that is installed or depended on.
    Chart(Matching),
    /// Where a delivery tool takes its manifests or charts from.
    DeliverySource(Matching),
    /// Where a collector or log shipper sends what it gathers.
    Telemetry(Matching),
    /// The source of an infrastructure module.
    Module(Matching),
    /// The template from which a repository was made, by its answers.
    Template(Matching),
    /// The store from which secrets come.
    SecretStore(Matching),
    /// A file that is there.
    File(FileCondition),
    /// A value in YAML or JSON.
    Yaml(YamlCondition),
    /// A word in a line.
    Line(LineCondition),
}

/// One pattern or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a pattern must be a text, or several a list of texts")]
pub enum Texts {
    /// A single one.
    One(String),
    /// Each of them will do.
    Many(Vec<String>),
}

/// A called workflow or action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsesCondition {
    /// Patterns of what is called, with or without version.
    pub r#match: Texts,
    /// Through how many others it may be called. Default 3.
    #[serde(default = "three", deserialize_with = "follow")]
    pub follow: u8,
}

/// A value that fits a pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// Patterns of the value, with or without version; `*` stands for any text.
    pub r#match: Texts,
}

/// A package by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its whole name.
    pub name: String,
}

/// A file by its path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FileCondition {
    /// Patterns of its path: `*` within a folder, `**` across.
    pub path: Texts,
}

/// A value in YAML or JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct YamlCondition {
    /// Patterns of the files.
    pub files: Texts,
    /// Where the value stands, such as `spec.source.repoURL`; `*` is any key, lists are looked through.
    pub at: Texts,
    /// Patterns of the value.
    pub r#match: Texts,
}

/// A word in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineCondition {
    /// Patterns of the files.
    pub files: Texts,
    /// Patterns of a word or of a quoted text in a line that is no comment.
    pub r#match: Texts,
}

/// The rules of an organisation, with what is known of tools.
#[derive(Debug)]
pub struct EvidenceRules {
    pub(super) rules: Vec<EvidenceRule>,
    pub(super) tools: KnownTools,
}

impl Default for EvidenceRules {
    fn default() -> Self {
        Self { rules: Vec::new(), tools: known_tools() }
    }
}

impl EvidenceRules {
    /// The rules, their presets filled in.
    pub fn rules(&self) -> &[EvidenceRule] {
        &self.rules
    }

    /// A text that differs whenever a finding could.
    pub fn fingerprint(&self) -> String {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&self.rules).unwrap_or_default());
        hash.update(include_str!("known_tools.yaml"));
        hash.update(super::scanner::ENGINE_VERSION.to_le_bytes());
        data_encoding::HEXLOWER.encode(&hash.finalize()[..8])
    }
}

impl Texts {
    pub(super) fn each(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

impl Condition {
    /// The name under which it is written.
    pub(super) fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.as_object().and_then(|map| map.keys().next().cloned()).unwrap_or_default()
    }

    pub(super) fn patterns(&self) -> Vec<&str> {
        match self {
            Self::WorkflowUses(condition) => condition.r#match.each().collect(),
            Self::PipelineInclude(one)
            | Self::PipelineLibrary(one)
            | Self::DockerfileFrom(one)
            | Self::Chart(one)
            | Self::DeliverySource(one)
            | Self::Telemetry(one)
            | Self::Module(one)
            | Self::Template(one)
            | Self::SecretStore(one) => one.r#match.each().collect(),
            Self::Yaml(condition) => condition.r#match.each().collect(),
            Self::Line(condition) => condition.r#match.each().collect(),
            Self::Lockfile(_) | Self::Manifest(_) | Self::File(_) => Vec::new(),
        }
    }

    /// Its fields with the texts that they hold, by the names under which they are written.
    pub(super) fn fields(&self) -> Vec<(&'static str, Vec<&str>)> {
        let matching = || ("match", self.patterns());
        match self {
            Self::Lockfile(named) | Self::Manifest(named) => vec![("name", vec![named.name.as_str()])],
            Self::File(file) => vec![("path", file.path.each().collect())],
            Self::Yaml(yaml) => vec![("files", self.paths()), ("at", yaml.at.each().collect()), matching()],
            Self::Line(_) => vec![("files", self.paths()), matching()],
            _ => vec![matching()],
        }
    }

    pub(super) fn paths(&self) -> Vec<&str> {
        match self {
            Self::File(condition) => condition.path.each().collect(),
            Self::Yaml(condition) => condition.files.each().collect(),
            Self::Line(condition) => condition.files.each().collect(),
            _ => Vec::new(),
        }
    }
}

impl EvidenceRule {
    /// Every condition of the rule.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let sets = self.present.iter().chain(&self.partial).flat_map(|set| set.any.iter().chain(&set.all));
        sets.chain(self.alternatives.iter().flat_map(|alternative| &alternative.any))
    }
}

const fn first() -> i32 {
    1
}

const fn three() -> u8 {
    3
}

fn rule_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
    whole(deserializer, "rule_version", i32::MAX)
}

fn follow<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    whole(deserializer, "follow", u8::MAX)
}

/// A whole number that is not negative; whatever else stands there is refused by the name of its field.
fn whole<'de, D, N>(deserializer: D, field: &str, most: N) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: Copy + TryFrom<u64> + std::fmt::Display,
{
    let written = serde_json::Value::deserialize(deserializer)?;
    let number = written.as_u64().and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| D::Error::custom(format!("`{field}` must be a whole number from 0 to {most}, not `{written}`")))
}
