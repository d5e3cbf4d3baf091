//! What a history means, by plain arithmetic of sets: no walk, no query, nothing of the product.
//!
//! Deployment dᵢ is the first to contain ancestry(dᵢ) without the ancestries of all earlier ones.
//! Which commits are which change is known from how the history was made.

use super::history::{Attempt, Change, Commit, Fate, HOUR, History};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds by which clocks may contradict each other, as by default.
const SKEW: i64 = 300;
/// Seconds after which no rollback counts as evidence any more, as by default.
const OBSERVED: i64 = 7 * 24 * HOUR;

type Shas<'a> = BTreeSet<&'a str>;

/// Service and environment.
pub(crate) type Stream = (String, &'static str);

/// How a change reached a service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delivered {
    pub(crate) deployment: String,
    pub(crate) lead_time_seconds: Option<i64>,
    pub(crate) excluded: Option<&'static str>,
}

/// Everything that follows from a history.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// Of each stream and commit the first deployment, and the status of that.
    pub(crate) attribution: BTreeMap<(Stream, String), (String, &'static str)>,
    /// Of each deployment of a commit to production the status, and the number of new commits.
    pub(crate) attributed: BTreeMap<String, (&'static str, Option<usize>)>,
    /// Of each attempt the kind; none where it reached nobody.
    pub(crate) kinds: BTreeMap<String, Option<&'static str>>,
    /// By change and service.
    pub(crate) delivered: BTreeMap<(String, String), Delivered>,
    /// Production deployments that needed intervention.
    pub(crate) failures: BTreeSet<String>,
}

/// A history with its commits by sha.
struct Past<'a> {
    history: &'a History,
    told: BTreeMap<&'a str, &'a Commit>,
}

impl Truth {
    pub(crate) fn of(history: &History) -> Self {
        let mut truth = Self::of_ancestry(history);
        let past = Past::of(history);
        truth.judge(&past);
        truth.deliver(&past);
        truth.fail(history);
        truth
    }

    /// Only what ancestry alone decides.
    pub(crate) fn of_ancestry(history: &History) -> Self {
        let mut truth = Self::default();
        let past = Past::of(history);
        for (stream, line) in lines(history) {
            truth.attribute(&past, &stream, &line);
        }
        truth
    }

    /// New commits of each deployment, by difference of sets.
    fn attribute(&mut self, past: &Past<'_>, stream: &Stream, line: &[&Attempt]) {
        let mut earlier = BTreeSet::new();
        for attempt in line {
            let Some(sha) = attempt.sha.as_deref() else { continue };
            let Some(sha) = past.commit(sha).map(|commit| commit.sha.as_str()) else {
                self.attributed.insert(attempt.entity(), ("unknown", None));
                continue;
            };
            let new: Shas<'_> = past.ancestry(sha).difference(&earlier).copied().collect();
            let known: Vec<&str> = new.iter().copied().filter(|sha| past.commit(sha).is_some()).collect();
            let status = if earlier.is_empty() {
                "baseline"
            } else if new.iter().any(|sha| past.is_blind(sha)) {
                "unknown"
            } else {
                "exact"
            };
            for sha in &known {
                self.attribution.insert((stream.clone(), (*sha).to_owned()), (attempt.entity(), status));
            }
            self.attributed.insert(attempt.entity(), (status, (status != "unknown").then_some(known.len())));
            earlier.extend(new);
        }
    }

    /// The kind of each attempt, from what ran before on its track.
    fn judge(&mut self, past: &Past<'_>) {
        let history = past.history;
        for attempt in &history.attempts {
            let reached = attempt.fate == Fate::BrokenOff && attempt.service.is_some();
            self.kinds.insert(attempt.entity(), reached.then_some("change"));
        }
        for track in tracks(history) {
            for (place, attempt) in track.iter().enumerate() {
                let kind = match place.checked_sub(1).map(|before| track[before]) {
                    Some(running) if key(attempt) == key(running) => "redeploy",
                    Some(_) if track[..place].iter().any(|earlier| key(earlier) == key(attempt)) => "rollback",
                    Some(_) if self.is_less(past, attempt, &track[..place]) => "rollback",
                    _ => "change",
                };
                self.kinds.insert(attempt.entity(), Some(kind));
            }
        }
    }

    /// Whether a deployment brings nothing, and takes something away from what ran on its track.
    fn is_less(&self, past: &Past<'_>, attempt: &Attempt, before: &[&Attempt]) -> bool {
        let running = before.iter().rev().find_map(|attempt| attempt.sha.as_deref());
        let (Some(sha), Some(running)) = (attempt.sha.as_deref(), running) else { return false };
        if self.attributed.get(&attempt.entity()) != Some(&("exact", Some(0))) || past.commit(running).is_none() {
            return false;
        }
        let held = past.ancestry(sha);
        if held.contains(running) {
            return false;
        }
        // What the first deployment of `running` did not bring was settled before, missing or not.
        let stream = (attempt.service.clone().unwrap_or_default(), attempt.place.environment());
        let settled = before_the_first_with(past, &stream, running);
        let is_certain = held.difference(&settled).all(|sha| !past.is_blind(sha));
        is_certain || past.ancestry(running).contains(sha)
    }

    /// The first deployment that contains a change or a copy of it, for each service.
    fn deliver(&mut self, past: &Past<'_>) {
        let history = past.history;
        let services: BTreeSet<String> = history.attempts.iter().filter_map(|attempt| attempt.service.clone()).collect();
        let origins = (0..history.changes.len()).filter(|place| history.changes[*place].origin.is_none());
        for origin in origins.filter(|place| is_change(past, &history.changes[*place])) {
            for service in &services {
                if let Some(delivered) = self.delivery(past, origin, service) {
                    let id = history.changes[origin].id(history);
                    self.delivered.insert((id, service.clone()), delivered);
                }
            }
        }
    }

    fn delivery(&self, past: &Past<'_>, origin: usize, service: &str) -> Option<Delivered> {
        let history = past.history;
        let copies = history.changes.iter().enumerate();
        let copies = copies.filter(|(place, change)| *place == origin || change.origin == Some(origin));
        let mut arrivals = Vec::new();
        for (place, copy) in copies {
            for ((stream, sha), (deployment, status)) in &self.attribution {
                if stream.0 == service && *sha == copy.arrives_by {
                    let attempt = history.attempts.iter().find(|attempt| attempt.entity() == *deployment).unwrap();
                    arrivals.push((attempt.finished_at, deployment.clone(), place != origin, place, *status, attempt));
                }
            }
        }
        arrivals.sort_by(|left, right| (left.0, &left.1, left.2, left.3).cmp(&(right.0, &right.1, right.2, right.3)));
        let (_, deployment, _, place, status, attempt) = arrivals.into_iter().next()?;
        let (first, arrived) = (&history.changes[origin], &history.changes[place]);
        let started_at = started_at(past, first).min(started_at(past, arrived));
        let elapsed = attempt.completed_at.unwrap_or(attempt.finished_at) - started_at;
        let excluded = if status == "baseline" {
            Some("baseline")
        } else if is_bot(past, first) {
            Some("bot")
        } else {
            (elapsed < -SKEW).then_some("skew")
        };
        let lead_time_seconds = (elapsed >= -SKEW).then_some(elapsed.max(0));
        Some(Delivered { deployment, lead_time_seconds, excluded })
    }

    /// What incidents name, what rollbacks took away in time, and what was broken off.
    fn fail(&mut self, history: &History) {
        let mut failed: Vec<&Attempt> = Vec::new();
        for link in history.troubles.iter().filter_map(|trouble| trouble.deployment.as_ref()) {
            failed.extend(history.attempts.iter().filter(|attempt| attempt.id == *link));
        }
        failed.extend(history.attempts.iter().filter(|attempt| attempt.fate == Fate::BrokenOff));
        // Rollbacks by their version that put back what a rollback had taken away: they go forward again.
        let mut forward = BTreeSet::new();
        for track in tracks(history) {
            for (place, attempt) in track.iter().enumerate() {
                if self.kinds[&attempt.entity()] != Some("rollback") {
                    continue;
                }
                let restored = track[..place].iter().rposition(|earlier| key(earlier) == key(attempt));
                // The first after what is put back, else the last before; a redeployment was nothing new to undo.
                let undone = match restored {
                    Some(restored) => track[restored + 1..place].iter().find(|attempt| self.changed(attempt)),
                    None => track[..place].iter().rfind(|attempt| self.changed(attempt)),
                };
                let Some(undone) = undone else { continue };
                let went_back = self.kinds[&undone.entity()] == Some("rollback") && !forward.contains(&undone.entity());
                if went_back && restored.is_some() {
                    forward.insert(attempt.entity());
                    continue;
                }
                if attempt.finished_at <= undone.finished_at + OBSERVED {
                    failed.push(undone);
                }
            }
        }
        let changed = failed.into_iter().filter(|attempt| attempt.place.is_production() && self.changed(attempt));
        self.failures = changed.map(Attempt::entity).collect();
    }

    /// Whether an attempt changed the running version.
    pub(crate) fn changed(&self, attempt: &Attempt) -> bool {
        matches!(self.kinds[&attempt.entity()], Some("change" | "rollback"))
    }
}

impl<'a> Past<'a> {
    fn of(history: &'a History) -> Self {
        let told = history.commits.iter().filter(|commit| commit.is_told);
        Self { history, told: told.map(|commit| (commit.sha.as_str(), commit)).collect() }
    }

    fn commit(&self, sha: &str) -> Option<&'a Commit> {
        self.told.get(sha).copied()
    }

    /// A commit and everything that is told to lie before it, told itself or not.
    fn ancestry(&self, sha: &'a str) -> Shas<'a> {
        let (mut reached, mut newest) = (Shas::new(), Shas::from([sha]));
        while !newest.is_empty() {
            reached.extend(&newest);
            let parents = newest.iter().filter_map(|sha| self.commit(sha)?.parents.as_ref()).flatten();
            newest = parents.map(String::as_str).filter(|parent| !reached.contains(parent)).collect();
        }
        reached
    }

    /// Whether what lies before this commit is not known.
    fn is_blind(&self, sha: &str) -> bool {
        self.commit(sha).is_none_or(|commit| commit.parents.is_none())
    }
}

/// A commit of a history and everything that is told to lie before it.
pub(crate) fn ancestry_of(history: &History, sha: &str) -> BTreeSet<String> {
    Past::of(history).ancestry(sha).into_iter().map(ToOwned::to_owned).collect()
}

/// Everything that deployments before the first one with this commit contained.
fn before_the_first_with<'a>(past: &Past<'a>, stream: &Stream, sha: &str) -> Shas<'a> {
    let mut earlier = Shas::new();
    for attempt in lines(past.history).remove(stream).unwrap_or_default() {
        let Some(deployed) = attempt.sha.as_deref().filter(|sha| past.commit(sha).is_some()) else { continue };
        let contained = past.ancestry(deployed);
        if contained.contains(sha) {
            break;
        }
        earlier.extend(contained);
    }
    earlier
}

/// Successful production deployments by stream, each in the order of its ends and ids.
pub(crate) fn lines(history: &History) -> BTreeMap<Stream, Vec<&Attempt>> {
    let mut lines: BTreeMap<Stream, Vec<&Attempt>> = BTreeMap::new();
    for attempt in history.attempts.iter().filter(|attempt| attempt.is_success() && attempt.place.is_production()) {
        let Some(service) = attempt.service.clone() else { continue };
        lines.entry((service, attempt.place.environment())).or_default().push(attempt);
    }
    for line in lines.values_mut() {
        line.sort_by_key(|attempt| (attempt.finished_at, attempt.entity()));
    }
    lines
}

/// Successful deployments of every place by service, place and track.
fn tracks(history: &History) -> Vec<Vec<&Attempt>> {
    let mut tracks: BTreeMap<_, Vec<&Attempt>> = BTreeMap::new();
    for attempt in history.attempts.iter().filter(|attempt| attempt.is_success()) {
        let Some(service) = attempt.service.clone() else { continue };
        tracks.entry((service, attempt.place.environment(), attempt.track)).or_default().push(attempt);
    }
    let ordered = tracks.into_values().map(|mut track| {
        track.sort_by_key(|attempt| (attempt.finished_at, attempt.entity()));
        track
    });
    ordered.collect()
}

/// What tells two versions apart.
fn key(attempt: &Attempt) -> (Option<&str>, Option<&str>) {
    (attempt.sha.as_deref(), attempt.version.as_deref())
}

/// A commit pushed by itself is a change when it is told and known to be no merge.
fn is_change(past: &Past<'_>, change: &Change) -> bool {
    let commit = past.commit(&change.arrives_by);
    change.pull.is_some() || commit.and_then(|commit| commit.parents.as_ref()).is_some_and(|parents| parents.len() < 2)
}

fn is_bot(past: &Past<'_>, change: &Change) -> bool {
    match change.pull {
        Some(pull) => past.history.pulls[pull].is_bot,
        None => past.commit(&change.arrives_by).is_some_and(|commit| commit.is_bot),
    }
}

/// The earliest author time of what a change was made of, else when it was offered.
fn started_at(past: &Past<'_>, change: &Change) -> i64 {
    let Some(pull) = change.pull.map(|pull| &past.history.pulls[pull]) else {
        return past.commit(&change.arrives_by).map_or(i64::MAX, |commit| commit.authored_at);
    };
    let authored = pull.originals.iter().filter_map(|sha| past.commit(sha)).map(|commit| commit.authored_at);
    authored.min().unwrap_or(pull.opened_at)
}
