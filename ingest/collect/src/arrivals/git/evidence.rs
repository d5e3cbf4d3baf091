//! Evidence from history: the rules are applied to what a branch looked like in each week.
//!
//! Between two weeks only files that differ are met, and only those that a rule may read are opened.
//! What a finding means is left to the dialect and to facts.

use super::findings::{Finding, FindingWriter};
use super::weeks::{Known, Week, day_of, weeks};
use super::{GitError, GitRequest, KnownRefs, Warnings, clone, reference};
use crate::evidence::{EvidenceRules, FileMap, Found, KnownUses, Scanner, ServicePath};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use gix::diff::tree::recorder::Change;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use waymark_event::{Delivery, Instant};

/// The name under which findings of all rules stand, so that one rule's newest finding ends its last one.
const DETECTOR: &str = "repository";

/// What is asked of a clone about the use of components.
#[derive(Clone, Debug, Default)]
pub struct EvidenceRequest {
    /// The repository, its service and its branch.
    pub git: GitRequest,
    /// Services in folders of their own; empty = the whole repository is one service.
    pub services: Vec<ServicePath>,
}

/// How far a scan has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvidenceProgress {
    /// Weeks that were looked at.
    pub weeks_done: usize,
    /// Weeks to be looked at in all.
    pub weeks: usize,
}

/// What a scan yielded.
#[derive(Clone, Debug)]
pub struct EvidenceReading {
    /// The repository's key.
    pub repository: String,
    /// The findings, ready to be kept.
    pub deliveries: Vec<Delivery>,
    /// What the next scan shall know, to be stored once the deliveries are durable.
    pub state: KnownRefs,
    /// What other repositories can call here, to be known to their scans.
    pub exported: KnownUses,
    /// Weeks that were looked at.
    pub weeks: usize,
    /// What was found.
    pub findings: usize,
    /// Of each component, whether it or another tool was ever seen here.
    pub seen: BTreeMap<String, bool>,
    /// What could not be read, one sentence each.
    pub warnings: Vec<String>,
}

/// The key of the repository of a clone, as a scan will name it.
///
/// # Errors
/// When the folder is no readable clone, or the name that was given is none.
pub fn clone_key(path: &Path, request: &GitRequest) -> Result<String, GitError> {
    clone::repository_key(&clone::open(path)?, request)
}

/// Applies `rules` to the weeks that `state`, which an earlier scan gave, does not cover; after a
/// change of the rules, or of what other repositories call, to all weeks.
///
/// # Errors
/// When the folder is no readable clone, or lacks the branch that was asked for.
pub fn read_evidence(
    path: &Path,
    request: &EvidenceRequest,
    rules: &EvidenceRules,
    known: &KnownUses,
    state: &KnownRefs,
    now: Instant,
    progress: &dyn Fn(EvidenceProgress),
) -> Result<EvidenceReading, GitError> {
    let clone = clone::open(path)?;
    let mut warnings = Warnings::default();
    let branch_only = GitRequest { deployments: Vec::new(), ..request.git.clone() };
    let selected = reference::select(&clone, path, &branch_only, &mut warnings)?;
    let repository = clone::repository_key(&clone, &request.git)?;
    let asked = fingerprint(rules, request);
    let consulted: BTreeSet<String> =
        state.get("consulted").map(|keys| keys.lines().map(str::to_owned).collect()).unwrap_or_default();
    let is_same_question = state.get("asked") == Some(&asked) && state.get("answers") == Some(&answers(known, &consulted));
    let since = known_week(state).filter(|_| is_same_question);
    let mut reading = EvidenceReading {
        repository,
        deliveries: Vec::new(),
        state: state.clone(),
        exported: KnownUses::new(),
        weeks: 0,
        findings: 0,
        seen: BTreeMap::new(),
        warnings: Vec::new(),
    };
    let Some(branch) = selected.last() else { return Ok(reading) };
    let weeks = weeks(&clone, branch.commit, since.as_ref(), now);
    let is_same = |week: &Week| since.as_ref().is_some_and(|since| since.week == week.name && since.commit == week.commit);
    if weeks.iter().all(is_same) {
        return Ok(reading);
    }
    let mut scan = Scan::new(&clone, rules, known);
    let mut writer = FindingWriter::new(&reading.repository, now);
    for (index, week) in weeks.iter().enumerate() {
        let found = scan.look(&reading.repository, week, &request.services, &mut warnings);
        for found in found {
            *reading.seen.entry(found.component.clone()).or_default() |= found.place.is_some();
            writer.write(&finding(week, &found, request.git.service.as_deref()))?;
        }
        progress(EvidenceProgress { weeks_done: index + 1, weeks: weeks.len() });
    }
    reading.exported = scan.exported(&reading.repository);
    reading.weeks = weeks.len();
    if let Some(last) = weeks.last() {
        // Weeks that were scanned before hang on what was asked then.
        let before = if since.is_some() { consulted } else { BTreeSet::new() };
        let consulted: BTreeSet<String> = scan.scanner.consulted().into_iter().chain(before).collect();
        let texts = [
            ("asked", asked),
            ("answers", answers(known, &consulted)),
            ("consulted", consulted.into_iter().collect::<Vec<_>>().join("\n")),
            ("week", last.name.clone()),
            ("commit", last.commit.to_string()),
        ];
        reading.state = texts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    }
    (reading.findings, reading.deliveries) = writer.into_deliveries();
    reading.warnings = warnings.into_sentences();
    Ok(reading)
}

fn finding<'f>(week: &'f Week, found: &'f Found, service: Option<&'f str>) -> Finding<'f> {
    Finding {
        component: &found.component,
        rule_version: found.rule_version,
        detector: DETECTOR,
        scan_id: &week.name,
        kind: found.kind,
        finding: found.finding,
        alternative: found.alternative.as_deref(),
        version: found.version.as_deref(),
        path: found.place.as_ref().map(|place| place.path.as_str()),
        line: found.place.as_ref().map(|place| place.line),
        sha: Some(week.commit.to_string()),
        run: None,
        service: found.service.as_deref().or(service),
        condition: found.condition.as_deref(),
        observed_at: week.seen_at,
    }
}

/// What the answer depends on besides the history and other repositories.
fn fingerprint(rules: &EvidenceRules, request: &EvidenceRequest) -> String {
    digest(&format!("{} {:?} {:?}", rules.fingerprint(), request.services, request.git.service))
}

/// What is known of the calls that were asked for.
fn answers(known: &KnownUses, consulted: &BTreeSet<String>) -> String {
    let answers: Vec<_> = consulted.iter().map(|key| known.get(key)).collect();
    digest(&format!("{answers:?}"))
}

fn digest(text: &str) -> String {
    use sha2::{Digest, Sha256};
    data_encoding::HEXLOWER.encode(&Sha256::digest(text)[..8])
}

fn known_week(state: &KnownRefs) -> Option<Known> {
    let commit = ObjectId::from_hex(state.get("commit")?.as_bytes()).ok()?;
    Some(Known { week: state.get("week")?.clone(), commit })
}

/// A walk from week to week: the files as they are now, and what was found in them.
struct Scan<'a> {
    clone: &'a gix::Repository,
    scanner: Scanner<'a>,
    files: FileMap,
    tree: Option<ObjectId>,
    wanted: HashMap<Vec<u8>, bool>,
    last: Vec<Found>,
    rules: &'a EvidenceRules,
}

impl<'a> Scan<'a> {
    fn new(clone: &'a gix::Repository, rules: &'a EvidenceRules, known: &'a KnownUses) -> Self {
        let scanner = Scanner::new(rules, known);
        Self { clone, scanner, files: FileMap::new(), tree: None, wanted: HashMap::new(), last: Vec::new(), rules }
    }

    /// What is found in one week.
    fn look(&mut self, repository: &str, week: &Week, services: &[ServicePath], warnings: &mut Warnings) -> Vec<Found> {
        let day = day_of(week.seen_at);
        let is_moved = match self.move_to(week.commit) {
            Ok(is_moved) => is_moved,
            Err(cause) => {
                warnings.push(format!("the files of commit `{}` are unreadable: {cause}", week.commit));
                return Vec::new();
            }
        };
        let has_dates = self.rules.rules().iter().any(|rule| rule.from.is_some() || rule.until.is_some());
        if is_moved || has_dates || self.last.is_empty() {
            let clone = self.clone;
            self.last = self.scanner.scan(repository, day, &self.files, services, &mut |id| content(clone, id));
        }
        self.last.clone()
    }

    fn exported(&mut self, repository: &str) -> KnownUses {
        let clone = self.clone;
        self.scanner.exported(repository, &self.files, &mut |id| content(clone, id))
    }

    /// Brings the files to those of a commit; says whether one that matters differs.
    fn move_to(&mut self, commit: ObjectId) -> Result<bool, Box<dyn std::error::Error>> {
        let clone = self.clone;
        let tree = clone.find_object(commit)?.peel_to_tree()?;
        if self.tree == Some(tree.id) {
            return Ok(false);
        }
        let before = match self.tree {
            Some(id) => clone.find_object(id)?.data.clone(),
            None => Vec::new(),
        };
        let mut recorder = gix::diff::tree::Recorder::default();
        let (old, new) = (iterate(&before), iterate(&tree.data));
        gix::diff::tree(old, new, gix::diff::tree::State::default(), &clone.objects, &mut recorder)?;
        let mut is_moved = false;
        for change in recorder.records {
            is_moved |= self.take(change);
        }
        self.tree = Some(tree.id);
        Ok(is_moved)
    }

    fn take(&mut self, change: Change) -> bool {
        let (path, now) = match change {
            Change::Addition { entry_mode, oid, path, .. } | Change::Modification { entry_mode, oid, path, .. } => {
                (path, entry_mode.is_blob().then_some(oid))
            }
            Change::Deletion { path, .. } => (path, None),
        };
        let scanner = &self.scanner;
        let is_wanted = self.wanted.entry(path.to_vec()).or_insert_with(|| path.to_str().is_ok_and(|path| scanner.wants(path)));
        if !*is_wanted {
            return false;
        }
        let path = path.to_str_lossy().into_owned();
        match now {
            // Links and modules of other repositories are not followed.
            Some(id) => self.files.insert(path, id.to_string()) != Some(id.to_string()),
            None => self.files.remove(&path).is_some(),
        }
    }
}

fn iterate(bytes: &[u8]) -> gix::objs::TreeRefIter<'_> {
    gix::objs::TreeRefIter::from_bytes(bytes, gix::hash::Kind::Sha1)
}

fn content(clone: &gix::Repository, id: &str) -> Option<Vec<u8>> {
    let id = ObjectId::from_hex(id.as_bytes()).ok()?;
    Some(clone.find_object(id).ok()?.data.clone())
}
