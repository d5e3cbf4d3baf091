//! Changes: pull requests are opened, built, and merged into the default branch or given up.
//!
//! Work gets faster over the plan, and faster still for services that use the platform.

use super::build::Build;
use super::{Life, Step};
use crate::component::{CI_STANDARD, ONE_CLICK_DEPLOY};
use crate::github::{self, Author, PullRequest, Pushed, Stage};
use crate::hours::{activity, at_work, working_moment};
use crate::names::{DEPENDENCIES, SUBJECTS, VERBS};
use crate::plan::DAY_SECONDS;
use crate::sha::{Of, sha};
use crate::turn::Turn;
use waymark_event::Instant;

/// Pull requests that a machine opens in a service's week.
const BOT_CHANGES_PER_WEEK: f64 = 0.3;
/// Median time of work before a pull request is opened, and of waiting and review after it, at the beginning.
const CODING_SECONDS: f64 = 1.25 * DAY_SECONDS as f64;
const REVIEW_SECONDS: f64 = 0.5 * DAY_SECONDS as f64;

/// What is known of a pull request before anything is drawn.
pub(super) struct Draft {
    pub(super) author: Author,
    pub(super) title: String,
    pub(super) branch: String,
    pub(super) label: Option<&'static str>,
    pub(super) revert_of: Option<String>,
    pub(super) begun_at: Instant,
    pub(super) opened_at: Instant,
    pub(super) closed_at: Instant,
    pub(super) is_merged: bool,
}

impl Life {
    /// Opens the pull requests of this week.
    pub(super) fn plan_changes(&mut self, turn: &mut Turn<'_>) {
        let busy = activity(turn.start);
        let mean = turn.service.changes_per_week * (1.0 + 0.3 * turn.progress()) * busy;
        let people = turn.chance.count(mean);
        let bots = turn.chance.count(BOT_CHANGES_PER_WEEK * busy);
        let mut openings: Vec<(Instant, usize)> =
            (0..people + bots).map(|place| (working_moment(turn.start, &mut turn.chance), place)).collect();
        openings.sort_unstable();
        for (opened_at, place) in openings {
            let draft = if place < people { draft_of_person(turn, opened_at) } else { draft_of_bot(turn, opened_at) };
            self.open(draft, turn);
        }
    }

    /// Opens a pull request, builds it, and notes when it will end.
    pub(super) fn open(&mut self, draft: Draft, turn: &mut Turn<'_>) {
        self.numbers.pull_request += 1;
        let number = self.numbers.pull_request;
        let is_small = draft.label.is_some();
        let count = if is_small { 1 } else { turn.chance.place(6).min(turn.chance.place(6)) + 1 };
        let is_draft = !is_small && turn.chance.happens(0.06);
        let additions = turn.chance.around(60.0, 1.3);
        let half_reviewed = (draft.closed_at.micros() - draft.opened_at.micros()) / 2_000_000;
        let pull_request = PullRequest {
            id: 3_000 * turn.service.repository_id + number,
            number,
            author: draft.author,
            title: draft.title,
            branch: draft.branch,
            label: draft.label,
            opened_at: draft.opened_at,
            ready_at: is_draft.then(|| draft.opened_at.plus_seconds(half_reviewed)),
            closed_at: draft.closed_at,
            is_merged: draft.is_merged,
            commits: commits(turn, number, count, draft.begun_at, draft.opened_at),
            base_sha: self.head.clone(),
            additions,
            deletions: additions * turn.chance.between(5, 90) / 100,
            revert_of: draft.revert_of,
        };
        let item = github::pull_request(turn, &pull_request, Stage::Opened);
        turn.event("pull_request", "opened", pull_request.opened_at, &item);
        if let Some(ready_at) = pull_request.ready_at {
            let item = github::pull_request(turn, &pull_request, Stage::Ready);
            turn.event("pull_request", "ready_for_review", ready_at, &item);
        }
        let build = Build {
            event: "pull_request",
            branch: &pull_request.branch,
            sha: pull_request.head_sha(),
            actor: pull_request.author,
            pull_request: Some(number),
            asked_at: pull_request.opened_at,
        };
        self.build(&build, turn);
        self.later(pull_request.closed_at, Step::Close(Box::new(pull_request)));
    }

    /// Ends a pull request; a merge is one squashed commit on the default branch.
    pub(super) fn close(&mut self, mut pull_request: PullRequest, at: Instant, turn: &mut Turn<'_>) {
        if !pull_request.is_merged {
            let trial = sha(turn.plan.seed, turn.service.index, Of::TestMerge, pull_request.number, 0);
            let item = github::pull_request(turn, &pull_request, Stage::Closed(&trial));
            turn.event("pull_request", "closed", at, &item);
            return;
        }
        let (author, number) = (pull_request.author, pull_request.number);
        let before = self.add_commit(turn, author, at, pull_request.revert_of.take(), Some(number));
        let after = self.head.clone();
        self.last_merged_at = at;
        if pull_request.label == Some("hotfix") {
            self.is_held = false;
        }
        let item = github::pull_request(turn, &pull_request, Stage::Closed(&after));
        turn.event("pull_request", "closed", at, &item);
        let pushed = Pushed { before: &before, after: &after, author, title: &pull_request.title, at };
        let body = github::push(turn, &pushed);
        turn.webhook("push", at, body);
        let asked_at = at.plus_seconds(turn.chance.between(300, 3_600));
        let body = github::commits(turn, &pull_request);
        turn.poll("pull_request_commits", asked_at, &format!("pulls/{number}/commits"), body);
        let build = Build { event: "push", branch: "main", sha: &after, actor: author, pull_request: None, asked_at: at };
        self.build(&build, turn);
        self.stage(at, turn);
    }
}

/// How long work takes compared with the first week.
fn pace(turn: &Turn<'_>) -> f64 {
    let build = if turn.uses(CI_STANDARD) { 0.85 } else { 1.0 };
    let deploy = if turn.uses(ONE_CLICK_DEPLOY) { 0.85 } else { 1.0 };
    (1.0 - 0.66 * turn.progress()) * build * deploy
}

fn draft_of_person(turn: &mut Turn<'_>, opened_at: Instant) -> Draft {
    let pace = pace(turn);
    let thought_of_at = opened_at.plus_seconds(-turn.chance.around(CODING_SECONDS * pace, 1.0));
    let reviewed_at = opened_at.plus_seconds(turn.chance.around(REVIEW_SECONDS * pace, 1.0));
    let (verb, subject) = (turn.chance.pick(VERBS), turn.chance.pick(SUBJECTS));
    let title = format!("{verb} {subject}");
    Draft {
        author: Author::Person(turn.person()),
        branch: format!("feature/{}-{}", title.to_lowercase().replace(' ', "-"), turn.chance.between(100, 9_999)),
        title,
        label: None,
        revert_of: None,
        begun_at: at_work(thought_of_at, &mut turn.chance),
        opened_at,
        closed_at: at_work(reviewed_at, &mut turn.chance),
        is_merged: turn.chance.happens(0.94),
    }
}

fn draft_of_bot(turn: &mut Turn<'_>, opened_at: Instant) -> Draft {
    let dependency = turn.chance.pick(DEPENDENCIES);
    let version = turn.chance.between(2, 60);
    let looked_at = opened_at.plus_seconds(turn.chance.around(1.5 * DAY_SECONDS as f64, 1.0));
    Draft {
        author: Author::Dependabot,
        title: format!("Bump {dependency} from 1.{} to 1.{version}", version - 1),
        branch: format!("dependabot/{dependency}-1.{version}"),
        label: Some("dependencies"),
        revert_of: None,
        begun_at: opened_at.plus_seconds(-30),
        opened_at,
        closed_at: at_work(looked_at, &mut turn.chance),
        is_merged: turn.chance.happens(0.8),
    }
}

/// The original commits, made while people work: the first when work began, the last before the opening.
fn commits(turn: &mut Turn<'_>, number: i64, count: usize, begun_at: Instant, opened_at: Instant) -> Vec<(String, Instant)> {
    let latest = opened_at.plus_seconds(-20);
    let seconds = (latest.micros() - begun_at.micros()) / 1_000_000;
    let mut times: Vec<Instant> = vec![begun_at.min(latest)];
    for _ in 1..count {
        let worked_at = begun_at.plus_seconds(turn.chance.between(0, seconds));
        times.push(at_work(worked_at, &mut turn.chance).clamp(times[0], latest));
    }
    times.sort_unstable();
    let hash = |place| sha(turn.plan.seed, turn.service.index, Of::Branch, number, place);
    times.into_iter().enumerate().map(|(place, authored_at)| (hash(place), authored_at)).collect()
}
