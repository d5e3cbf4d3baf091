//! One condition, made ready to look into files, and what it sees in one.
//!
//! Calls of workflows need more than one file and are looked at by `scanner.rs`.

use super::dockerfile::{self, Base};
use super::document::{Node, documents};
use super::glob::{Patterns, split_version};
use super::known_tools::{KnownTools, PackageFormat, Spot};
use super::package;
use super::rule::Condition;
use waymark_event::EvidenceKind;

/// Bytes past which a file is no configuration that people wrote; lock files may be longer.
pub(super) const FILE_BYTES_MAX: usize = 1_024 * 1_024;
/// Bytes past which a lock file is not read.
pub(super) const LOCK_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// What is seen in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// The first place that fits: its line, from 1, and the version it names.
    pub(super) hit: Option<(usize, Option<String>)>,
    /// Whether it could not be told.
    pub(super) is_unreadable: bool,
}

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
        Some(Self { id, name: condition.name(), files, file_patterns, kind, way })
    }

    /// Whether the content of a file matters, not only that it is there.
    pub(super) const fn reads_content(&self) -> bool {
        !matches!(self.way, Way::Exists)
    }

    /// What it sees in the file at `path`; nothing readable gives an unreadable look.
    pub(super) fn look(&self, path: &str, content: Option<&[u8]>) -> Look {
        let seen = |hit| Look { hit: Some(hit), is_unreadable: false };
        if matches!(self.way, Way::Exists) {
            return seen((1, None));
        }
        let unreadable = Look { hit: None, is_unreadable: true };
        let bytes_max = if self.kind == EvidenceKind::Lockfile { LOCK_BYTES_MAX } else { FILE_BYTES_MAX };
        let content = content.filter(|content| content.len() <= bytes_max);
        let Some(text) = content.and_then(|content| std::str::from_utf8(content).ok()) else { return unreadable };
        match &self.way {
            Way::Image { patterns, hosts } => match dockerfile::base(text) {
                Base::Image { name, line } if fits_image(&name, patterns, hosts) => {
                    seen((line, split_version(&name).map(|(_, version)| version.to_owned())))
                }
                Base::Unknown { .. } => unreadable,
                Base::Image { .. } | Base::None => Look::default(),
            },
            Way::Package { formats, name } => {
                let of_file = formats.iter().find(|(files, _)| files.fit(path));
                let hit = of_file.and_then(|(_, format)| package::find(text, format, name));
                Look { hit, is_unreadable: false }
            }
            Way::Spots { spots, patterns } => {
                let mut looks =
                    spots.iter().filter(|(files, _)| files.fit(path)).map(|(_, spot)| in_spot(text, spot, patterns));
                let first = looks.next().unwrap_or_default();
                looks.fold(first, |one, other| Look {
                    hit: one.hit.or(other.hit),
                    is_unreadable: one.is_unreadable || other.is_unreadable,
                })
            }
            Way::Uses { .. } | Way::Exists => Look::default(),
        }
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
        return Look { hit: in_lines(text, spot, patterns), is_unreadable: false };
    }
    match documents(text) {
        Some(documents) => Look { hit: in_documents(&documents, spot, patterns), is_unreadable: false },
        None => Look { hit: None, is_unreadable: true },
    }
}

fn in_documents(documents: &[Node], spot: &Spot, patterns: &Patterns) -> Option<(usize, Option<String>)> {
    let values = documents.iter().flat_map(|document| spot.at.iter().flat_map(|path| document.at(path)));
    let mut fitting = values.filter(|(value, _)| value.text().is_some_and(|text| patterns.fit_reference(text)));
    let (value, parent) = fitting.next()?;
    let beside = spot.version.iter().find_map(|key| parent.get(key)?.text());
    let inside = value.text().and_then(split_version).map(|(_, version)| version);
    Some((value.line, beside.or(inside).map(str::to_owned)))
}

fn in_lines(text: &str, spot: &Spot, patterns: &Patterns) -> Option<(usize, Option<String>)> {
    for (index, line) in text.lines().enumerate() {
        let code = line.trim();
        let is_comment = spot.comments.iter().any(|mark| code.starts_with(mark.as_str()));
        if is_comment || !spot.lines.iter().any(|part| code.contains(part.as_str())) {
            continue;
        }
        if let Some(word) = words(code).find(|word| patterns.fit_reference(word)) {
            return Some((index + 1, split_version(word).map(|(_, version)| version.to_owned())));
        }
    }
    None
}

/// Quoted texts and words of a line.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split(['"', '\'']).skip(1).step_by(2);
    let plain = line.split(|letter: char| letter.is_whitespace() || matches!(letter, '=' | '(' | ')' | ',' | '"' | '\''));
    quoted.chain(plain).filter(|word| !word.is_empty())
}
