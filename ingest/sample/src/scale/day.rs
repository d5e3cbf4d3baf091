//! `Day`: one day of one service: the commits that people push and the changes that they merge.
//!
//! What follows from them stands in `run.rs`, `release.rs` and `incident.rs`; what is known about
//! the service apart from its work, in `catalogue.rs`.

use super::bodies::{Actor, Bodies, Sha};
use super::member::Member;
use crate::chance::{Chance, whole};
use crate::plan::DAY_SECONDS;

/// One day of one service.
pub(super) struct Day<'a> {
    /// Which day it is, from 0.
    pub(super) number: usize,
    /// When it begins, in seconds since the epoch.
    pub(super) midnight: i64,
    /// The share of all days that is over.
    pub(super) progress: f64,
    /// How much is done today; 1 is the mean.
    pub(super) load: f64,
    pub(super) teams: &'a [String],
    pub(super) member: &'a mut Member,
    pub(super) bodies: &'a mut Bodies,
    pub(super) chance: Chance,
}

/// Share of the pieces of work that go through a pull request; the others are pushed directly.
const PULL_REQUEST_SHARE: f64 = 0.5;
/// Share of the pull requests that are merged by a commit with two parents; the others are rebased.
const MERGE_SHARE: f64 = 0.3;
/// Share of the merged pull requests that are built once more on the default branch.
const BUILT_AGAIN_SHARE: f64 = 0.3;
/// Share of the direct commits that are built.
const BUILT_DIRECTLY_SHARE: f64 = 0.7;
/// Share of the pieces of work that are deployed at once, with all that waits.
const DEPLOYED_SHARE: f64 = 0.1905;
const BOT_SHARE: f64 = 0.1;
/// Share of the work in which an agent helps, on the last day; none did on the first.
const ASSISTED_SHARE: f64 = 0.25;
const TEAM_PEOPLE: usize = 12;
const WORK_BEGINS: i64 = 7 * 3_600;
const WORK_SECONDS: i64 = 11 * 3_600;

impl Day<'_> {
    /// Lets the day happen.
    pub(super) fn play(&mut self) {
        if self.number < self.member.created_day {
            return;
        }
        self.describe();
        self.resolve_incidents();
        self.scan();
        self.suffer();
        let count = self.chance.count(self.member.pieces_per_day * self.load);
        let mut moments: Vec<i64> = (0..count).map(|_| self.working_moment()).collect();
        moments.sort_unstable();
        for at in moments {
            if self.chance.happens(PULL_REQUEST_SHARE) {
                self.merge_pull_request(at);
            } else {
                self.push_directly(at);
            }
            if self.chance.happens(DEPLOYED_SHARE) {
                self.release(at);
            }
        }
    }

    /// The newest commit of the default branch.
    pub(super) fn head(&self) -> Option<usize> {
        self.member.memory.commits.checked_sub(1)
    }

    /// A commit of this service.
    pub(super) fn sha(&self, number: usize) -> Sha {
        Sha { service: self.member.service.index, number }
    }

    /// A person of the team that owns the service.
    pub(super) fn person(&mut self) -> usize {
        1 + self.member.team * TEAM_PEOPLE + self.chance.place(TEAM_PEOPLE)
    }

    fn push_directly(&mut self, at: i64) {
        let author = if self.chance.happens(BOT_SHARE) { Actor::Bot } else { self.author() };
        let authored_at = (at - self.chance.around(1_500.0, 0.9).min(43_200)).max(self.member.born_at);
        let parent = self.head();
        let number = self.commit(parent.as_slice(), [authored_at, at], author);
        if self.chance.happens(BUILT_DIRECTLY_SHARE) {
            self.run(number, None, at + 20, author);
        }
    }

    fn merge_pull_request(&mut self, at: i64) {
        let author = self.author();
        let opened_at = self.opened_at(at).max(self.member.born_at);
        let begun_at = (opened_at - self.chance.around(5_400.0, 1.2).min(3 * DAY_SECONDS)).max(self.member.born_at);
        let base = self.head();
        let merged_onto = base.filter(|_| self.chance.happens(MERGE_SHARE));
        let count = self.chance.between(2, 4);
        let first = self.member.memory.commits;
        for place in 0..count - i64::from(merged_onto.is_some()) {
            let authored_at = begun_at + (at - begun_at) * place / count;
            // A rebase writes the commits anew.
            let committed_at = if merged_onto.is_some() { authored_at } else { at - count + place };
            let parent = self.head();
            self.commit(parent.as_slice(), [authored_at, committed_at], author);
        }
        let tip = self.member.memory.commits - 1;
        if let Some(base) = merged_onto {
            self.commit(&[base, tip], [at, at], author);
        }
        let number = self.tell_pull_request(first, tip, [opened_at, at], author);
        let built_at = (at - self.chance.around(3_600.0, 0.8).min(43_200)).max(opened_at + 45);
        self.run(tip, Some(number), built_at, author);
        if self.chance.happens(BUILT_AGAIN_SHARE) {
            let head = self.member.memory.commits - 1;
            self.run(head, None, at + 20, author);
        }
    }

    /// Writes a commit with the times of author and committer, and gives its number.
    fn commit(&mut self, parents: &[usize], [authored_at, committed_at]: [i64; 2], author: Actor) -> usize {
        let number = self.member.memory.commits;
        self.member.memory.commits += 1;
        let [additions, deletions] = self.lines(30.0);
        let sha = self.sha(number);
        self.bodies
            .begin("commit")
            .word("repository", &self.member.repository)
            .sha("sha", sha)
            .shas("parents", sha.service, parents.iter().copied())
            .time("authored_at", authored_at)
            .time("committed_at", committed_at)
            .number("additions", additions)
            .number("deletions", deletions)
            .actor("author", author)
            .end();
        number
    }

    /// Writes a pull request of the commits from `first` to `tip`, and gives its number; what was
    /// written last is the commit by which it was merged.
    fn tell_pull_request(&mut self, first: usize, tip: usize, [opened_at, merged_at]: [i64; 2], author: Actor) -> usize {
        self.member.memory.pull_requests += 1;
        let number = self.member.memory.pull_requests;
        let [additions, deletions] = self.lines(80.0);
        let merge = self.sha(self.member.memory.commits - 1);
        let head = self.sha(tip);
        self.bodies
            .begin("pull_request")
            .word("repository", &self.member.repository)
            .number("number", number)
            .word("base_ref", "main")
            .numbered("head_ref", "change/", "", number)
            .word("state", "merged")
            .time("opened_at", opened_at)
            .time("merged_at", merged_at)
            .time("closed_at", merged_at)
            .sha("merge_sha", merge)
            .sha("head_sha", head)
            .shas("commit_shas", head.service, first..=tip)
            .plain("commits_complete", "true")
            .number("commit_count", tip + 1 - first)
            .number("additions", additions)
            .number("deletions", deletions)
            .actor("author", author)
            .end();
        number
    }

    fn author(&mut self) -> Actor {
        let is_assisted = self.chance.happens(ASSISTED_SHARE * self.progress);
        let person = self.person();
        if is_assisted { Actor::Assisted(person) } else { Actor::Person(person) }
    }

    /// Added and deleted lines.
    fn lines(&mut self, median: f64) -> [usize; 2] {
        [median, median / 2.0].map(|median| usize::try_from(self.chance.around(median, 1.2)).unwrap_or_default())
    }

    /// A moment of today, more often around noon than early or late.
    fn working_moment(&mut self) -> i64 {
        let middle = f64::midpoint(self.chance.share(), self.chance.share());
        self.midnight + WORK_BEGINS + whole(middle * WORK_SECONDS as f64)
    }

    /// When a change that is merged at `at` was opened: today, or in the working hours of a day before.
    fn opened_at(&mut self, at: i64) -> i64 {
        let days = match self.chance.between(0, 99) {
            0..=39 => return at - self.chance.between(1_200, 14_400),
            40..=64 => 1,
            65..=79 => 2,
            80..=89 => 4,
            90..=96 => 7,
            _ => 14,
        };
        let day = self.midnight / DAY_SECONDS - days;
        // The epoch was a Thursday; what would fall on a weekend was opened before it.
        let is_weekend = (day + 3).rem_euclid(7) > 4;
        let day = if is_weekend { day - 2 } else { day };
        day * DAY_SECONDS + WORK_BEGINS + self.chance.between(0, WORK_SECONDS)
    }
}
