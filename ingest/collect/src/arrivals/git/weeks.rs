//! What a branch looked like at the end of each ISO week: its last commit, carried over weeks without any.
//!
//! Only first parents are followed, because they are what the branch itself pointed at. Commit times
//! are bent so that they never run backwards; a clock that is ahead does not hide a week.

use super::commit::{self, CommitParts};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime};
use gix::ObjectId;
use gix::hashtable::HashSet;
use waymark_event::Instant;

/// A look at the branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Week {
    /// The name of the ISO week, such as `2026-W31`.
    pub(super) name: String,
    /// The branch's last commit in it, or before it.
    pub(super) commit: ObjectId,
    /// When the branch was so: the commit's time, or the beginning of a week without commits.
    pub(super) seen_at: Instant,
}

/// Weeks that are looked at, at most: thirty years.
const WEEKS_MAX: usize = 1_566;

/// The weeks from the one named `since`, or from the first commit, until `now`.
pub(super) fn weeks(clone: &gix::Repository, tip: ObjectId, since: Option<&Known>, now: Instant) -> Vec<Week> {
    let mut newest_first: Vec<Week> = Vec::new();
    let mut next = now;
    let mut monday_after: Option<NaiveDate> = None;
    let mut is_reached = false;
    for (commit, committed_at) in FirstParents::of(clone, tip) {
        let seen_at = committed_at.min(next);
        next = seen_at;
        let monday = monday_of(seen_at);
        if monday_after != Some(monday) {
            // Weeks between this commit and the next one saw what this one left.
            let end = monday_after.unwrap_or_else(|| following(monday_of(now)));
            fill(&mut newest_first, commit, following(monday), end);
            newest_first.push(Week { name: name(monday), commit, seen_at });
            monday_after = Some(monday);
        }
        is_reached = since.is_some_and(|since| since.commit == commit);
        if is_reached || newest_first.len() >= WEEKS_MAX {
            break;
        }
    }
    // A branch that was moved elsewhere is read from its beginning.
    newest_first.retain(|week| since.is_none_or(|since| !is_reached || week.name >= since.week));
    newest_first.reverse();
    newest_first
}

/// Where an earlier reading ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) week: String,
    pub(super) commit: ObjectId,
}

/// Adds the weeks from `start` until before `end`, the newest first.
fn fill(weeks: &mut Vec<Week>, commit: ObjectId, start: NaiveDate, end: NaiveDate) {
    let mut mondays = Vec::new();
    let mut monday = start;
    while monday < end && mondays.len() < WEEKS_MAX {
        mondays.push(monday);
        monday = following(monday);
    }
    let seen_at = |monday: NaiveDate| Instant::from(monday.and_time(NaiveTime::MIN).and_utc());
    weeks.extend(mondays.into_iter().rev().map(|monday| Week { name: name(monday), commit, seen_at: seen_at(monday) }));
}

pub(super) fn day_of(at: Instant) -> NaiveDate {
    at.to_utc().date_naive()
}

pub(super) fn monday_of(at: Instant) -> NaiveDate {
    let day = day_of(at);
    day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday()))).unwrap_or(day)
}

fn following(monday: NaiveDate) -> NaiveDate {
    monday.checked_add_days(Days::new(7)).unwrap_or(monday)
}

pub(super) fn name(monday: NaiveDate) -> String {
    let week = monday.iso_week();
    format!("{}-W{:02}", week.year(), week.week())
}

/// A branch's own commits from the newest to the oldest, each with its time.
struct FirstParents<'c> {
    clone: &'c gix::Repository,
    /// Git's own index, when there is one: it is an order of magnitude faster.
    graph: Option<gix::commitgraph::Graph>,
    cut: HashSet,
    next: Option<ObjectId>,
}

impl<'c> FirstParents<'c> {
    fn of(clone: &'c gix::Repository, tip: ObjectId) -> Self {
        let cut = clone.shallow_commits().ok().flatten();
        let cut = cut.map(|commits| commits.iter().copied().collect()).unwrap_or_default();
        Self { clone, graph: clone.commit_graph_if_enabled().ok().flatten(), cut, next: Some(tip) }
    }

    fn read(&self, id: ObjectId) -> Option<(Instant, Option<ObjectId>)> {
        if let Some(graph) = &self.graph
            && let Some(commit) = graph.commit_by_id(id)
        {
            let seconds = i64::try_from(commit.committer_timestamp()).ok()?;
            let parent = commit.iter_parents().next().and_then(Result::ok).map(|place| graph.id_at(place).to_owned());
            return Some((Instant::from_seconds(seconds), parent));
        }
        let object = self.clone.find_object(id).ok()?;
        let parts = CommitParts::of(&object.data);
        let committed_at: DateTime<_> = commit::instant(parts.committer);
        Some((Instant::from_seconds(committed_at.timestamp()), parts.parents.first().copied()))
    }
}

impl Iterator for FirstParents<'_> {
    type Item = (ObjectId, Instant);

    fn next(&mut self) -> Option<Self::Item> {
        let id = self.next.take()?;
        let (committed_at, parent) = self.read(id)?;
        self.next = parent.filter(|_| !self.cut.contains(&id));
        Some((id, committed_at))
    }
}
