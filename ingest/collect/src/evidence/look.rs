//! One condition, made ready to look into files, and what it sees in one.
//!
//! Calls of workflows need more than one file and are looked at by `scanner.rs`.

use super::dockerfile::{self, Base};
use super::document::comments::{BLOCK, without_comments};
use super::document::{Node, documents_or_template, open_value};
use super::glob::{Patterns, split_version};
use super::known_tools::{KnownTools, PackageFormat, Spot};
use super::package;
use super::rule::Condition;
use waymark_event::{EvidenceKind, canonical_repository};

/// Bytes past which a file is no configuration that people wrote; lock files may be longer.
pub(super) const FILE_BYTES_MAX: usize = 1_024 * 1_024;
/// Bytes past which a lock file is not read.
pub(super) const LOCK_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// What is seen in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// The first place that fits.
    pub(super) seen: Option<Seen>,
    /// Whether it could not be told.
    pub(super) is_unreadable: bool,
}

/// A place in a file that fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The line, from 1; none when the file counts because it is there.
    pub(super) line: Option<usize>,
    /// The version that it names.
    pub(super) version: Option<String>,
    /// Whether it is use in part at best.
    pub(super) is_weak: bool,
}

/// The line of what fits, and its version.
type Spotted = (usize, Option<String>);

/// A condition, ready to look.
#[derive(Debug)]
pub(super) struct Lens {
    /// Unique among all conditions, for remembering what was seen.
    pub(super) id: usize,
    /// How the condition is written.
    pub(super) name: String,
    /// The files into which it looks.
    pub(super) files: Patterns,
    /// The same as texts, for one set of all that is wanted.
    pub(super) file_patterns: Vec<String>,
    /// The files to which others may lead it.
    pub(super) led_patterns: Vec<String>,
    pub(super) kind: EvidenceKind,
    pub(super) way: Way,
}

/// How a condition looks.
#[derive(Debug)]
pub(super) enum Way {
    /// Calls that are followed, through so many others.
    Uses {
        patterns: Patterns,
        follow: u8,
    },
    Image {
        patterns: Patterns,
        hosts: Vec<String>,
    },
    Package {
        formats: Vec<(Patterns, PackageFormat)>,
        name: String,
    },
    Spots {
        spots: Vec<(Patterns, Spot)>,
        patterns: Patterns,
    },
    Exists,
}

impl Lens {
    /// Makes a condition ready; patterns were checked when the rule was read, so one that fails is left out.
    pub(super) fn of(condition: &Condition, id: usize, tools: &KnownTools) -> Option<Self> {
        let patterns = || Patterns::of_values(condition.patterns()).ok();
        let (file_patterns, kind, way) = match condition {
            Condition::WorkflowUses(uses) => {
                let files: Vec<String> = tools.workflows.files.iter().chain(&tools.workflows.actions).cloned().collect();
                (files, EvidenceKind::Config, Way::Uses { patterns: patterns()?, follow: uses.follow })
            }
            Condition::DockerfileFrom(_) => {
                let hosts = tools.images.hosts.clone();
                (tools.images.files.clone(), EvidenceKind::Config, Way::Image { patterns: patterns()?, hosts })
            }
            Condition::Lockfile(named) => packages(tools, true, &named.name),
            Condition::Manifest(named) => packages(tools, false, &named.name),
            Condition::File(file) => (file.path.each().map(str::to_owned).collect(), EvidenceKind::Config, Way::Exists),
            Condition::Yaml(yaml) => {
                let files = yaml.files.each().map(str::to_owned).collect();
                let at = yaml.at.each().map(str::to_owned).collect();
                let version = ["version", "ref", "tag"].map(str::to_owned).to_vec();
                spots(&[Spot { files, at, version, ..Spot::default() }], patterns()?)
            }
            Condition::Line(line) => {
                let files = line.files.each().map(str::to_owned).collect();
                let comments = ["#", "//", ";"].map(str::to_owned).to_vec();
                spots(&[Spot { files, lines: vec![String::new()], comments, ..Spot::default() }], patterns()?)
            }
            named => spots(tools.detectors.get(&named.name())?, patterns()?),
        };
        let files = Patterns::of_paths(file_patterns.iter().map(String::as_str)).ok()?;
        let led_patterns = match &way {
            Way::Spots { spots, .. } => spots.iter().flat_map(|(_, spot)| spot.led.clone()).collect(),
            _ => Vec::new(),
        };
        Some(Self { id, name: condition.name(), files, file_patterns, led_patterns, kind, way })
    }

    /// Whether the content of a file matters, not only that it is there.
    pub(super) const fn reads_content(&self) -> bool {
        !matches!(self.way, Way::Exists)
    }

    /// Whether a file at `path` may lead to others of the same repository.
    pub(super) fn may_lead(&self, path: &str) -> bool {
        matches!(&self.way, Way::Spots { spots, .. } if spots.iter().any(|(files, spot)| !spot.leads.is_empty() && files.fit(path)))
    }

    /// The paths of the files to which the one at `path` leads.
    pub(super) fn leads(&self, path: &str, content: &[u8]) -> Vec<String> {
        let text = std::str::from_utf8(content).ok().filter(|text| text.len() <= FILE_BYTES_MAX);
        let (Way::Spots { spots, .. }, Some(documents)) = (&self.way, text.and_then(documents_or_template)) else {
            return Vec::new();
        };
        let leads = spots.iter().filter(|(files, _)| files.fit(path)).flat_map(|(_, spot)| &spot.leads);
        let values = leads.flat_map(|lead| documents.iter().flat_map(move |document| document.at(lead)));
        values
            .filter_map(|(value, _)| Some(value.text()?.trim_start_matches("./").trim_start_matches('/').to_owned()))
            .collect()
    }

    /// What it sees in the file at `path`; nothing readable gives an unreadable look.
    pub(super) fn look(&self, path: &str, content: Option<&[u8]>) -> Look {
        if matches!(self.way, Way::Exists) {
            return Look { seen: Some(Seen::default()), is_unreadable: false };
        }
        let unreadable = Look { seen: None, is_unreadable: true };
        let bytes_max = if self.kind == EvidenceKind::Lockfile { LOCK_BYTES_MAX } else { FILE_BYTES_MAX };
        let content = content.filter(|content| content.len() <= bytes_max);
        let Some(text) = content.and_then(|content| std::str::from_utf8(content).ok()) else { return unreadable };
        match &self.way {
            Way::Image { patterns, hosts } => match dockerfile::base(text) {
                Base::Image { name, line } if fits_image(&name, patterns, hosts) => {
                    Look::at((line, split_version(&name).map(|(_, version)| version.to_owned())))
                }
                Base::Unknown { .. } => unreadable,
                Base::Image { .. } | Base::None => Look::default(),
            },
            Way::Package { formats, name } => {
                let of_file = || formats.iter().filter(|(files, _)| files.fit(path)).map(|(_, format)| format);
                match of_file().find_map(|format| package::find(text, format, name)) {
                    Some(hit) => Look::at(hit),
                    None if of_file().any(|format| package::is_torn(text, format)) => unreadable,
                    None => Look::default(),
                }
            }
            Way::Spots { spots, patterns } => {
                let looks = spots.iter().filter(|(files, _)| files.fit(path)).map(|(_, spot)| in_spot(text, spot, patterns));
                looks.reduce(Look::or).unwrap_or_default()
            }
            Way::Uses { .. } | Way::Exists => Look::default(),
        }
    }
}

impl Look {
    fn at((line, version): Spotted) -> Self {
        Self { seen: Some(Seen { line: Some(line), version, is_weak: false }), is_unreadable: false }
    }

    /// What two looks into one file come to: the first place, unless only the second is more than use in part.
    fn or(self, other: Self) -> Self {
        let is_unreadable = self.is_unreadable || other.is_unreadable;
        let is_weak = |look: &Self| look.seen.as_ref().is_none_or(|seen| seen.is_weak);
        let seen = if is_weak(&self) && !is_weak(&other) { other.seen } else { self.seen.or(other.seen) };
        Self { seen, is_unreadable }
    }
}

#[expect(clippy::fn_params_excessive_bools, reason = "a format either locks or it does not")]
fn packages(tools: &KnownTools, is_lock: bool, name: &str) -> (Vec<String>, EvidenceKind, Way) {
    let of_kind: Vec<&PackageFormat> = tools.packages.iter().filter(|format| format.is_lock == is_lock).collect();
    let files = of_kind.iter().flat_map(|format| format.files.clone()).collect();
    let paths = |format: &PackageFormat| Patterns::of_paths(format.files.iter().map(String::as_str)).ok();
    let formats = of_kind.into_iter().filter_map(|format| Some((paths(format)?, format.clone()))).collect();
    let kind = if is_lock { EvidenceKind::Lockfile } else { EvidenceKind::Config };
    (files, kind, Way::Package { formats, name: name.to_owned() })
}

fn spots(spots: &[Spot], patterns: Patterns) -> (Vec<String>, EvidenceKind, Way) {
    let files = spots.iter().flat_map(|spot| spot.files.clone()).collect();
    let paths = |spot: &Spot| Patterns::of_paths(spot.files.iter().map(String::as_str)).ok();
    let spots = spots.iter().filter_map(|spot| Some((paths(spot)?, spot.clone()))).collect();
    (files, EvidenceKind::Config, Way::Spots { spots, patterns })
}

/// Whether an image fits by any of the names that it has.
fn fits_image(name: &str, patterns: &Patterns, hosts: &[String]) -> bool {
    let without_digest = name.split_once('@').map_or(name, |(name, _)| name);
    let short = hosts.iter().find_map(|host| without_digest.strip_prefix(host.as_str()));
    [name, without_digest].into_iter().chain(short).any(|name| patterns.fit_reference(name))
}

fn in_spot(text: &str, spot: &Spot, patterns: &Patterns) -> Look {
    if spot.holds.as_ref().is_some_and(|holds| !text.contains(holds.as_str())) {
        return Look::default();
    }
    if spot.at.is_empty() {
        return in_lines(text, spot, patterns).map(Look::at).unwrap_or_default();
    }
    match documents_or_template(text) {
        Some(documents) => in_documents(&documents, spot, patterns),
        None => Look { seen: None, is_unreadable: true },
    }
}

fn in_documents(documents: &[Node], spot: &Spot, patterns: &Patterns) -> Look {
    let is_of_kind = |document: &&Node| {
        let kind = document.get("kind").and_then(Node::text);
        spot.kinds.is_empty() || kind.is_some_and(|kind| spot.kinds.iter().any(|known| known == kind))
    };
    let of_kind = documents.iter().filter(is_of_kind);
    let mut in_part = Look::default();
    for (value, parent) in of_kind.flat_map(|document| spot.at.iter().flat_map(move |path| document.at(path))) {
        let Some(text) = value.text().and_then(|text| of_variable(text, parent, spot)) else { continue };
        if let Some(pattern) = open_value(text) {
            let may_fit = patterns.may_fit(&pattern) || repository(&pattern, spot).is_some_and(|key| patterns.may_fit(&key));
            if spot.is_template && in_part.seen.is_none() && may_fit {
                in_part.seen = Some(Seen { line: Some(value.line), version: None, is_weak: true });
            }
        } else if let Some(inside) = fitting(text, spot, patterns) {
            let beside = spot.version.iter().find_map(|key| parent.get(key)?.text());
            let beside = beside.filter(|version| open_value(version).is_none()).map(str::to_owned);
            return Look::at((value.line, beside.or(inside)));
        }
    }
    in_part
}

/// The value itself, where the spot is no variable of an environment; else the value of one whose name fits.
fn of_variable<'n>(text: &'n str, parent: &Node, spot: &Spot) -> Option<&'n str> {
    let Some(prefix) = &spot.variable else { return Some(text) };
    let (name, value) = match parent.get("name").and_then(Node::text) {
        Some(name) => (name, text),
        None => text.split_once('=')?,
    };
    name.starts_with(prefix.as_str()).then_some(value)
}

/// The version of a value that fits; an address has none.
#[expect(clippy::option_option, reason = "what fits may name no version")]
fn fitting(text: &str, spot: &Spot, patterns: &Patterns) -> Option<Option<String>> {
    if spot.is_address {
        return fits_address(text, patterns).then_some(None);
    }
    let (name, version) = split_version(text).map_or((text, None), |(name, version)| (name, Some(version)));
    let fits = patterns.fit_reference(text) || repository(name, spot).is_some_and(|key| patterns.fit(&key));
    fits.then(|| version.map(str::to_owned))
}

/// The address of a repository as `host/path`, as it is written elsewhere, where the value is one.
fn repository(text: &str, spot: &Spot) -> Option<String> {
    let is_address = spot.is_repository && (text.contains("://") || text.starts_with("git@"));
    is_address.then(|| canonical_repository(text)).flatten()
}

/// Whether an address fits as it stands, or by its host, with and without scheme and port.
fn fits_address(text: &str, patterns: &Patterns) -> bool {
    let (scheme, place) = text.split_once("://").map_or((None, text), |(scheme, place)| (Some(scheme), place));
    let host_and_port = place.split('/').next().unwrap_or(place);
    let host = host_and_port.rsplit_once(':').map_or(host_and_port, |(host, _)| host);
    let mut plain = [text, place, host_and_port, host].into_iter();
    let with_scheme = |scheme: &str| [format!("{scheme}://{host_and_port}"), format!("{scheme}://{host}")];
    plain.any(|form| patterns.fit(form)) || scheme.map(with_scheme).iter().flatten().any(|form| patterns.fit(form))
}

fn in_lines(text: &str, spot: &Spot, patterns: &Patterns) -> Option<Spotted> {
    let code = without_comments(text, &spot.comments);
    let lines: Vec<&str> = code.lines().collect();
    let goes_on = spot.comments.iter().any(|mark| mark == BLOCK);
    // A use in code goes on while its brackets are open.
    let mut open = 0_usize;
    for (index, line) in lines.iter().enumerate() {
        if open == 0 && !spot.lines.iter().any(|mark| holds(line, mark)) {
            continue;
        }
        if let Some(inside) = words(line).find_map(|word| fitting(word, spot, patterns)) {
            return Some((index + 1, inside.or_else(|| beside(&lines, index, &spot.version))));
        }
        if goes_on {
            open = (open + line.matches(['(', '[']).count()).saturating_sub(line.matches([')', ']']).count());
        }
    }
    None
}

/// Whether a line holds a text that begins no word in its middle.
fn holds(line: &str, mark: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(mark).any(|(start, _)| {
        let before = line.get(..start).unwrap_or_default();
        !(mark.starts_with(is_part) && before.ends_with(is_part))
    })
}

/// The version that another line of the same block gives.
fn beside(lines: &[&str], index: usize, keys: &[String]) -> Option<String> {
    let (above, below) = (lines.get(..index)?, lines.get(index + 1..)?);
    in_block(below.iter(), keys, '{', '}').or_else(|| in_block(above.iter().rev(), keys, '}', '{'))
}

/// The value of a key, in lines up to the end of the block that holds the first of them.
fn in_block<'l>(lines: impl Iterator<Item = &'l &'l str>, keys: &[String], opening: char, closing: char) -> Option<String> {
    let mut depth = 0_usize;
    for line in lines {
        if depth == 0
            && let Some((key, value)) = line.split_once('=')
            && keys.iter().any(|known| known == key.trim())
        {
            let value = value.trim().trim_matches('"');
            return (!value.is_empty()).then(|| value.to_owned());
        }
        depth = (depth + line.matches(opening).count()).checked_sub(line.matches(closing).count())?;
    }
    None
}

/// Quoted texts and words of a line.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split(['"', '\'']).skip(1).step_by(2);
    let plain = line.split(|letter: char| letter.is_whitespace() || matches!(letter, '=' | '(' | ')' | ',' | '"' | '\''));
    quoted.chain(plain).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::known_tools::known_tools;

    /// What a condition sees in one file: `line version`, with `~` where it is use in part.
    fn seen(condition: &str, path: &str, text: &str) -> String {
        let condition: Condition = serde_saphyr::from_str(condition).unwrap();
        let lens = Lens::of(&condition, 0, &known_tools()).unwrap();
        assert!(lens.files.fit(path), "{path}");
        let look = lens.look(path, Some(text.as_bytes()));
        if look.is_unreadable {
            return "unreadable".to_owned();
        }
        let Some(seen) = look.seen else { return String::new() };
        let mark = if seen.is_weak { "~" } else { "" };
        format!("{mark}{} {}", seen.line.unwrap_or_default(), seen.version.unwrap_or_default())
    }

    #[test]
    fn a_library_is_loaded_in_many_ways_and_never_in_a_comment() {
        let library = |text: &str| seen("pipeline_library: { match: platform-shared }", "Jenkinsfile", text);
        assert_eq!(library("#!/usr/bin/env groovy\n\n@Library('platform-shared@v2') _\n"), "3 v2");
        assert_eq!(library("@Library([\n 'x',\n 'platform-shared@v2'\n]) _\n"), "3 v2");
        assert_eq!(library("library 'platform-shared@v2'\n"), "1 v2");
        assert_eq!(library("library identifier: 'platform-shared@v2', retriever: x([a: 'b'])\n"), "1 v2");
        assert_eq!(library("pipeline {\n libraries {\n  lib('platform-shared@v2')\n }\n}\n"), "3 v2");
        assert_eq!(library("/*\n@Library('platform-shared@v2') _\n*/\nbuild() // library('platform-shared')\n"), "");
        assert_eq!(library("mylib('platform-shared')\n"), "");
    }

    #[test]
    fn a_module_has_its_version_in_its_address_or_beside_it() {
        let module = |text: &str| seen("module: { match: \"registry.example.org/acme/service/aws\" }", "main.tf", text);
        let registry = "source  = \"registry.example.org/acme/service/aws\"";
        assert_eq!(
            module(&format!(
                "module \"a\" {{\n  {registry}\n  tags = {{\n    version = \"0\"\n  }}\n  version = \"1.2.3\"\n}}\n"
            )),
            "2 1.2.3"
        );
        assert_eq!(
            module(&format!(
                "module \"b\" {{\n  version = \"9\"\n}}\nmodule \"a\" {{\n  version = \"1\"\n  {registry} # x\n}}\n"
            )),
            "6 1"
        );
        assert_eq!(module(&format!("module \"a\" {{\n  {registry}\n}}\nmodule \"b\" {{\n  version = \"9\"\n}}\n")), "2 ");
        assert_eq!(module(&format!("/*\nmodule \"a\" {{\n  {registry}\n}}\n*/\nx = 1 # {registry}\n")), "");
        let query = "module \"a\" {\n  source = \"registry.example.org/acme/service/aws?depth=1&ref=v1.2\"\n}\n";
        assert_eq!(module(query), "2 v1.2");
    }

    #[test]
    fn an_endpoint_is_a_host_and_its_port_is_no_version() {
        let sent = |path: &str, text: &str| seen("telemetry: { match: otel.example.org }", path, text);
        for place in ["otel.example.org:4317", "https://otel.example.org:4318/v1", "http://otel.example.org"] {
            assert_eq!(sent("otel-collector.yaml", &format!("exporters:\n  otlp:\n    endpoint: {place}\n")), "3 ", "{place}");
        }
        let variable =
            |name: &str, value: &str| format!("# OTEL_\nspec:\n  jobs:\n    env:\n    - name: {name}\n      value: {value}\n");
        assert_eq!(sent("deploy/job.yaml", &variable("OTEL_EXPORTER_OTLP_ENDPOINT", "otel.example.org:4317")), "6 ");
        assert_eq!(sent("deploy/job.yaml", &variable("OTHER", "otel.example.org:4317")), "");
        assert_eq!(
            sent("compose.yml", "services:\n  a:\n    environment:\n      - OTEL_X=http://otel.example.org:4317\n"),
            "4 "
        );
        assert_eq!(sent("compose.yml", "services:\n  a:\n    environment:\n      OTEL_X: http://otel.example.org\n"), "4 ");
        assert_eq!(sent("compose.yml", "services:\n  a:\n    environment:\n      - X=OTEL_otel.example.org\n"), "");
        assert_eq!(sent("Dockerfile", "FROM a\nENV OTEL_X=http://otel.example.org:4317\n"), "2 ");
        assert_eq!(sent("other-collector.yaml", "exporters:\n  otlp:\n    endpoint: otel.example.org.evil:4317\n"), "");
    }

    #[test]
    fn secrets_come_from_a_store_in_every_spelling_and_template() {
        let store = |text: &str| seen("secret_store: { match: acme-vault }", "chart/templates/secret.yaml", text);
        assert_eq!(store("kind: \"ExternalSecret\"\nspec:\n  secretStoreRef:\n    name: acme-vault\n"), "4 ");
        let cluster =
            "kind: ClusterExternalSecret\nspec:\n  externalSecretSpec:\n    secretStoreRef:\n      name: acme-vault\n";
        assert_eq!(store(cluster), "5 ");
        let template = "{{- if .on }}\nkind: ExternalSecret\nmetadata:\n  name: {{ include \"x\" . }}\nspec:\n  secretStoreRef:\n    name: acme-vault\n{{- end }}\n";
        assert_eq!(store(template), "7 ");
        assert_eq!(store("kind: Other\n# ExternalSecret\nspec:\n  secretStoreRef:\n    name: acme-vault\n"), "");
        assert_eq!(store("kind: ExternalSecret\nspec: [{{ .x }}\n"), "unreadable");
    }

    #[test]
    fn a_source_that_is_filled_in_later_is_use_in_part() {
        let source = |text: &str| seen("delivery_source: { match: \"https://git.example.org/acme/*\" }", "argo/app.yaml", text);
        let set = |url: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec:\n  template:\n    spec:\n      source:\n        repoURL: '{url}'\n        targetRevision: v1\n"
            )
        };
        assert_eq!(source(&set("https://git.example.org/acme/{{repo}}")), "~7 ");
        assert_eq!(source(&set("https://git.example.org/other/{{repo}}")), "");
        assert_eq!(source(&set("https://git.example.org/acme/cart")), "7 v1");
        let by_name = |url: &str| seen("delivery_source: { match: \"git.example.org/acme/*\" }", "argo/app.yaml", &set(url));
        for url in [
            "https://git.example.org/Acme/cart.git",
            "git@git.example.org:acme/cart",
            "ssh://git@git.example.org:7999/acme/cart",
        ] {
            assert_eq!(by_name(url), "7 v1", "{url}");
        }
        assert_eq!(by_name("https://git.example.org/acme/{{repo}}"), "~7 ");
        assert_eq!(by_name("https://git.example.org/other/cart"), "");
        assert_eq!(by_name("https://git.example.org.evil/acme/cart"), "");
        let app = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    chart: base-service\n    targetRevision: 1.2\n";
        assert_eq!(seen("chart: { match: base-service }", "argo/app.yaml", app), "5 1.2");
    }
}
