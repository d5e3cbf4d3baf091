//! Random histories of one repository: acts that shrink well, and what comes of playing them.
//!
//! Playing notes which commits are which change, so that nobody has to find that out again. What a
//! history means is `truth.rs`; in which words it is told is `told.rs`.

use super::play::Player;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;

/// Monday, 2 March 2026, 00:00 in UTC, in seconds.
pub(crate) const START: i64 = 1_772_409_600;
/// The hour of a clock that only knows seconds.
pub(crate) const HOUR: i64 = 3_600;

/// How a pull request came to its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Squash,
    Merge,
    Rebase,
}

/// What a deployment puts into its place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The newest commit of a line.
    Head(u8),
    /// Any commit, be it in the middle of a branch that nobody has merged.
    Commit(u8),
    /// What an earlier attempt put there: a redeployment, a rollback or a roll-forward.
    Again(u8),
    /// A commit that nobody ever told of.
    Unheard,
    /// A version without any commit.
    Version(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Production,
    /// A second environment of the same tier.
    Prod,
    Staging,
    /// A name that no rule knows.
    Unmatched,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Success,
    /// Ended well after a first attempt that did not.
    Retried,
    /// Ended before it reached anybody.
    Failed,
    /// Ended after traffic had come.
    BrokenOff,
    Cancelled,
    Running,
}

/// How the life of an incident is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Open,
    Resolved,
    /// It ends before it starts.
    Backwards,
    /// Nobody names a deployment.
    Unlinked,
}

/// What the history of commits lacks, or where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    Row,
    Parents,
    /// Another parent than it had, so that there may be a circle.
    Forged,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Deploy {
    pub(crate) what: What,
    pub(crate) service: u8,
    pub(crate) place: Place,
    pub(crate) fate: Fate,
    /// Spans of four hours since the act before, so that histories last for weeks; none makes two of one instant.
    pub(crate) spans: u8,
    /// The beginning of its id, by which ties are broken.
    pub(crate) name: u8,
    pub(crate) is_maintenance: bool,
    pub(crate) is_gradual: bool,
}

/// One thing that happens; numbers are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Push { line: u8, authored_after: i64, is_bot: bool },
    Branch { from: u8 },
    Join { from: u8, into: u8 },
    Pull { line: u8, commits: u8, way: Way, is_bot: bool },
    Pick { source: u8, onto: u8 },
    Deploy(Deploy),
    Trouble { deployment: u8, life: Life },
    Lose { commit: u8, loss: Loss },
}

/// A commit and what is told of it.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    /// `None` = nobody reports them.
    pub(crate) parents: Option<Vec<String>>,
    /// Whether anybody tells of it at all.
    pub(crate) is_told: bool,
    pub(crate) authored_at: i64,
    pub(crate) committed_at: i64,
    pub(crate) is_bot: bool,
    pub(crate) picked_from: Option<String>,
    pub(crate) paths: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Pull {
    pub(crate) number: i64,
    pub(crate) originals: Vec<String>,
    pub(crate) merge_sha: String,
    pub(crate) opened_at: i64,
    pub(crate) merged_at: i64,
    pub(crate) is_bot: bool,
}

/// A change, known by construction: a commit pushed by itself, or a pull request.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The commit with which it arrives.
    pub(crate) arrives_by: String,
    /// The place of its pull request; `None` for a commit pushed by itself.
    pub(crate) pull: Option<usize>,
    /// The place of the change of which it is a cherry-picked copy, first in the chain.
    pub(crate) origin: Option<usize>,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "the number of an attempt is called so by its source")]
pub(crate) struct Attempt {
    pub(crate) id: String,
    pub(crate) attempt: u8,
    /// `None` = nobody knows of which service.
    pub(crate) service: Option<String>,
    pub(crate) place: Place,
    pub(crate) track: &'static str,
    pub(crate) sha: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) fate: Fate,
    pub(crate) finished_at: i64,
    /// When everybody had it; `None` = not told.
    pub(crate) completed_at: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) id: String,
    pub(crate) service: String,
    pub(crate) deployment: Option<String>,
    pub(crate) opened_at: i64,
    pub(crate) resolved_at: Option<i64>,
}

/// What happened in one repository, which nothing outside it touches.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) name: String,
    pub(crate) repository: String,
    pub(crate) commits: Vec<Commit>,
    pub(crate) pulls: Vec<Pull>,
    pub(crate) changes: Vec<Change>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) troubles: Vec<Trouble>,
}

impl Place {
    pub(crate) const fn environment(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Prod => "prod",
            Self::Staging => "staging",
            Self::Unmatched => "blue",
        }
    }

    pub(crate) const fn is_production(self) -> bool {
        matches!(self, Self::Production | Self::Prod)
    }
}

impl Attempt {
    /// The identity that our event format gives it.
    pub(crate) fn entity(&self) -> String {
        format!("json:deployment:local:{}:{}", self.id, self.attempt)
    }

    pub(crate) const fn is_success(&self) -> bool {
        matches!(self.fate, Fate::Success | Fate::Retried)
    }
}

impl Change {
    /// The identity of a change in the facts.
    pub(crate) fn id(&self, history: &History) -> String {
        match self.pull {
            Some(pull) => format!("json:pull_request:local:{}:{}", history.repository, history.pulls[pull].number),
            None => format!("{}@{}", history.repository, self.arrives_by),
        }
    }
}

impl History {
    /// What comes of these acts in a repository of this name.
    pub(crate) fn played(name: &str, acts: &[Act]) -> Self {
        Player::begin(name).play(acts)
    }

    /// The same at one place of a batch.
    pub(crate) fn numbered(place: usize, acts: &[Act]) -> Self {
        Self::played(&format!("h{place:02}"), acts)
    }

    /// The same, so many seconds later.
    pub(crate) fn later(mut self, seconds: i64) -> Self {
        for commit in &mut self.commits {
            commit.authored_at += seconds;
            commit.committed_at += seconds;
        }
        for pull in &mut self.pulls {
            pull.opened_at += seconds;
            pull.merged_at += seconds;
        }
        for attempt in &mut self.attempts {
            attempt.finished_at += seconds;
            attempt.completed_at = attempt.completed_at.map(|at| at + seconds);
        }
        for trouble in &mut self.troubles {
            trouble.opened_at += seconds;
            trouble.resolved_at = trouble.resolved_at.map(|at| at + seconds);
        }
        self
    }
}

fn authored_after() -> impl Strategy<Value = i64> {
    // Long ago, at once, a little after the deployment that may follow at once, and far in the future.
    prop_oneof![4 => (0_i64..60).prop_map(|hours| -hours * HOUR), 1 => Just(200), 1 => Just(30 * HOUR)]
}

fn deploy() -> impl Strategy<Value = Deploy> {
    let what = prop_oneof![
        8 => any::<u8>().prop_map(What::Head),
        3 => any::<u8>().prop_map(What::Commit),
        4 => any::<u8>().prop_map(What::Again),
        1 => Just(What::Unheard),
        1 => (0_u8..3).prop_map(What::Version),
    ];
    let place = prop_oneof![
        10 => Just(Place::Production),
        1 => Just(Place::Prod),
        2 => Just(Place::Staging),
        1 => Just(Place::Unmatched),
    ];
    let fate = prop_oneof![
        12 => Just(Fate::Success),
        2 => Just(Fate::Retried),
        1 => Just(Fate::Failed),
        1 => Just(Fate::BrokenOff),
        1 => Just(Fate::Cancelled),
        1 => Just(Fate::Running),
    ];
    let service = prop_oneof![6 => Just(0_u8), 3 => Just(1_u8), 1 => Just(2_u8)];
    let spans = prop_oneof![1 => Just(0_u8), 2 => 1_u8..30];
    let marks = (0_u8..16, prop_oneof![5 => Just(false), 1 => Just(true)], prop_oneof![4 => Just(false), 1 => Just(true)]);
    (what, service, place, fate, spans, marks).prop_map(
        |(what, service, place, fate, spans, (name, is_maintenance, is_gradual))| Deploy {
            what,
            service,
            place,
            fate,
            spans,
            name,
            is_maintenance,
            is_gradual,
        },
    )
}

/// One act of any kind.
fn act() -> impl Strategy<Value = Act> {
    let way = prop_oneof![Just(Way::Squash), Just(Way::Merge), Just(Way::Rebase)];
    let is_bot = prop_oneof![7 => Just(false), 1 => Just(true)];
    let life = prop_oneof![Just(Life::Open), Just(Life::Resolved), Just(Life::Backwards), Just(Life::Unlinked)];
    let loss = prop_oneof![Just(Loss::Row), Just(Loss::Parents), Just(Loss::Forged)];
    prop_oneof![
        5 => (any::<u8>(), authored_after(), is_bot.clone())
            .prop_map(|(line, authored_after, is_bot)| Act::Push { line, authored_after, is_bot }),
        1 => any::<u8>().prop_map(|from| Act::Branch { from }),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(from, into)| Act::Join { from, into }),
        3 => (any::<u8>(), 1_u8..4, way, is_bot)
            .prop_map(|(line, commits, way, is_bot)| Act::Pull { line, commits, way, is_bot }),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(source, onto)| Act::Pick { source, onto }),
        8 => deploy().prop_map(Act::Deploy),
        1 => (any::<u8>(), life).prop_map(|(deployment, life)| Act::Trouble { deployment, life }),
        1 => (any::<u8>(), loss).prop_map(|(commit, loss)| Act::Lose { commit, loss }),
    ]
}

/// A handful of acts.
pub(crate) fn acts() -> impl Strategy<Value = Vec<Act>> {
    proptest::collection::vec(act(), 3..26)
}
