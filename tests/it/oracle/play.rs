//! Playing the acts of a history one after the other, under a clock that only they move.
//!
//! Losses come last, so that they change nothing of what happened, only what is told of it.

use super::history::{Act, Attempt, Change, Commit, Deploy, Fate, HOUR, History, Life, Loss, Pull, START, Trouble, Way, What};
use std::collections::BTreeSet;

/// How often a cherry-pick may be picked again.
const PICKS_MAX: u8 = 2;

/// The state of a play: lines of work with their newest commits, and the time.
pub(super) struct Player {
    history: History,
    /// The place of the newest commit of each line.
    heads: Vec<usize>,
    now: i64,
    /// Changes that can be picked: the place of the change, and how many picks led to it.
    pickable: Vec<(usize, u8)>,
    /// Commits of which too much hangs to lose them.
    kept: BTreeSet<usize>,
    losses: Vec<(u8, Loss)>,
    /// How many author times were given; added to each as seconds, they make it like no other.
    written: i64,
}

impl Player {
    pub(super) fn begin(name: &str) -> Self {
        let history = History {
            name: name.to_owned(),
            repository: format!("example.org/{name}/app"),
            commits: Vec::new(),
            pulls: Vec::new(),
            changes: Vec::new(),
            attempts: Vec::new(),
            troubles: Vec::new(),
        };
        let (pickable, kept, losses) = (Vec::new(), BTreeSet::new(), Vec::new());
        let mut player = Self { history, heads: vec![0], now: START, pickable, kept, losses, written: 0 };
        let root = player.commit(&[], START - 400 * 24 * HOUR, false);
        player.direct(root, None, 0);
        player
    }

    pub(super) fn play(mut self, acts: &[Act]) -> History {
        for act in acts {
            match *act {
                Act::Deploy(deploy) => self.deploy(deploy),
                Act::Lose { commit, loss } => self.losses.push((commit, loss)),
                Act::Trouble { deployment, life } => self.trouble(deployment, life),
                act => {
                    self.now += 2 * HOUR;
                    self.work(act);
                }
            }
        }
        self.lose();
        self.history
    }

    fn work(&mut self, act: Act) {
        match act {
            Act::Push { line, authored_after, is_bot } => {
                let line = self.line(line);
                let authored_at = self.authored(self.now + authored_after);
                let place = self.commit(&[self.heads[line]], authored_at, is_bot);
                self.heads[line] = place;
                self.direct(place, None, 0);
            }
            Act::Branch { from } => self.heads.push(usize::from(from) % self.history.commits.len()),
            Act::Join { from, into } => {
                let (from, into) = (self.line(from), self.line(into));
                if self.heads[from] != self.heads[into] {
                    self.heads[into] = self.commit(&[self.heads[into], self.heads[from]], self.now, false);
                }
            }
            Act::Pull { line, commits, way, is_bot } => self.pull(self.line(line), commits, way, is_bot),
            Act::Pick { source, onto } => self.pick(source, self.line(onto)),
            Act::Deploy(_) | Act::Trouble { .. } | Act::Lose { .. } => {}
        }
    }

    fn line(&self, number: u8) -> usize {
        usize::from(number) % self.heads.len()
    }

    /// An author time like no other.
    fn authored(&mut self, at: i64) -> i64 {
        self.written += 1;
        at + self.written
    }

    /// A commit that is made now.
    #[expect(clippy::fn_params_excessive_bools, reason = "who made a commit is part of it")]
    fn commit(&mut self, parents: &[usize], authored_at: i64, is_bot: bool) -> usize {
        let place = self.history.commits.len();
        let parents = parents.iter().map(|parent| self.history.commits[*parent].sha.clone()).collect();
        let number = i64::try_from(place).unwrap();
        self.history.commits.push(Commit {
            sha: format!("{:08x}{:032x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff, number),
            parents: Some(parents),
            is_told: true,
            authored_at,
            committed_at: self.now,
            is_bot,
            picked_from: None,
            paths: vec![format!("{}/{number}", if place.is_multiple_of(2) { "web" } else { "api" })],
        });
        place
    }

    /// A commit that is a change by itself.
    fn direct(&mut self, commit: usize, origin: Option<usize>, picks: u8) {
        self.pickable.push((self.history.changes.len(), picks));
        let arrives_by = self.history.commits[commit].sha.clone();
        self.history.changes.push(Change { arrives_by, pull: None, origin });
    }

    #[expect(clippy::fn_params_excessive_bools, reason = "who made a change is part of it")]
    fn pull(&mut self, line: usize, commits: u8, way: Way, is_bot: bool) {
        let mut branch = self.heads[line];
        let mut originals = Vec::new();
        for _ in 0..commits {
            let authored_at = self.authored(self.now - 20 * HOUR);
            branch = self.commit(&[branch], authored_at, false);
            originals.push(branch);
        }
        let opened_at = self.now;
        self.now += 3 * HOUR;
        let merged = match way {
            Way::Squash => {
                let squashed = self.commit(&[self.heads[line]], self.now, false);
                let paths = originals.iter().flat_map(|original: &usize| self.history.commits[*original].paths.clone());
                self.history.commits[squashed].paths = paths.collect();
                squashed
            }
            Way::Merge => self.commit(&[self.heads[line], branch], self.now, false),
            Way::Rebase => {
                let mut last = self.heads[line];
                for original in &originals {
                    last = self.commit(&[last], 0, false);
                    self.copy(*original, last);
                    // A rebase is known by its last copy, and the way to it.
                    self.kept.extend([*original, last]);
                }
                last
            }
        };
        self.heads[line] = merged;
        if way == Way::Squash {
            self.pickable.push((self.history.changes.len(), 0));
        }
        let sha = |place: &usize| self.history.commits[*place].sha.clone();
        let (pull, merge_sha) = (self.history.pulls.len(), sha(&merged));
        let originals = originals.iter().map(sha).collect();
        self.history.changes.push(Change { arrives_by: merge_sha.clone(), pull: Some(pull), origin: None });
        let number = i64::try_from(pull).unwrap() + 1;
        self.history.pulls.push(Pull { number, originals, merge_sha, opened_at, merged_at: self.now, is_bot });
    }

    /// What a commit has in common with one that does the same elsewhere.
    fn copy(&mut self, original: usize, copy: usize) {
        let Commit { authored_at, paths, .. } = self.history.commits[original].clone();
        self.history.commits[copy].authored_at = authored_at;
        self.history.commits[copy].paths = paths;
    }

    fn pick(&mut self, source: u8, line: usize) {
        let (change, picks) = self.pickable[usize::from(source) % self.pickable.len()];
        if picks == PICKS_MAX {
            return;
        }
        let Change { arrives_by, origin, .. } = self.history.changes[change].clone();
        let from = self.history.commits.iter().position(|commit| commit.sha == arrives_by).unwrap();
        let place = self.commit(&[self.heads[line]], 0, self.history.commits[from].is_bot);
        self.copy(from, place);
        self.history.commits[place].picked_from = Some(arrives_by);
        self.kept.extend([from, place]);
        self.heads[line] = place;
        self.direct(place, Some(origin.unwrap_or(change)), picks + 1);
    }

    fn deploy(&mut self, deploy: Deploy) {
        self.now += i64::from(deploy.spans) * 4 * HOUR;
        let commits = &self.history.commits;
        let sha = |place: usize| (Some(commits[place].sha.clone()), None);
        let (sha, version) = match deploy.what {
            What::Head(line) => sha(self.heads[self.line(line)]),
            What::Commit(place) => sha(usize::from(place) % commits.len()),
            What::Again(place) if !self.history.attempts.is_empty() => {
                let earlier = &self.history.attempts[usize::from(place) % self.history.attempts.len()];
                (earlier.sha.clone(), earlier.version.clone())
            }
            What::Again(_) => sha(self.heads[0]),
            What::Unheard => (Some("f".repeat(40)), None),
            What::Version(number) => (None, Some(format!("v{number}"))),
        };
        let (name, number) = (&self.history.name, self.history.attempts.len());
        let attempt = Attempt {
            id: format!("{name}-{:02x}-{number:02}", deploy.name),
            attempt: 1,
            service: match deploy.service {
                0 => Some(format!("{name}-web")),
                1 => Some(format!("{name}-api")),
                _ => None,
            },
            place: deploy.place,
            track: if deploy.is_maintenance { "maintenance" } else { "main" },
            sha,
            version,
            fate: deploy.fate,
            finished_at: self.now,
            completed_at: deploy.is_gradual.then_some(self.now + HOUR / 2),
        };
        if deploy.fate == Fate::Retried {
            let (finished_at, completed_at) = (self.now - HOUR / 2, None);
            self.history.attempts.push(Attempt { fate: Fate::Failed, finished_at, completed_at, ..attempt.clone() });
            self.history.attempts.push(Attempt { attempt: 2, ..attempt });
        } else {
            self.history.attempts.push(attempt);
        }
    }

    fn trouble(&mut self, deployment: u8, life: Life) {
        let attempts = &self.history.attempts;
        if attempts.is_empty() {
            return;
        }
        let broken = &attempts[usize::from(deployment) % attempts.len()];
        let opened_at = broken.finished_at + HOUR / 4;
        self.history.troubles.push(Trouble {
            id: format!("{}-i{:02}", self.history.name, self.history.troubles.len()),
            service: format!("{}-web", self.history.name),
            deployment: (life != Life::Unlinked).then(|| broken.id.clone()),
            opened_at,
            resolved_at: match life {
                Life::Open => None,
                Life::Resolved | Life::Unlinked => Some(opened_at + 2 * HOUR),
                Life::Backwards => Some(opened_at - 2 * HOUR),
            },
        });
    }

    fn lose(&mut self) {
        let count = self.history.commits.len();
        for (number, loss) in std::mem::take(&mut self.losses) {
            let place = usize::from(number) % count;
            if self.kept.contains(&place) {
                continue;
            }
            let other = self.history.commits[(usize::from(number) * 7 + 3) % count].sha.clone();
            let commit = &mut self.history.commits[place];
            match loss {
                Loss::Row => commit.is_told = false,
                Loss::Parents => commit.parents = None,
                // A forged merge would be another kind of commit.
                Loss::Forged if commit.parents.as_ref().is_some_and(|parents| parents.len() == 1) => {
                    commit.parents = Some(vec![other]);
                }
                Loss::Forged => {}
            }
        }
    }
}
