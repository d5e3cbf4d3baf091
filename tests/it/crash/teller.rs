//! What senders tell: stories of services, from the commit to the incident, as events of our own format.
//!
//! A teller repeats a message until it is acknowledged, as senders do, and now and then once more.
//! The same seed tells the same stories.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};
use std::collections::VecDeque;
use waymark_event::Instant;

/// Services that a teller tells of in turn; all tellers share them.
const SERVICES: &[&str] = &["basket", "checkout", "payments", "search", "stock"];
const TEAMS: &[&str] = &["shop", "money"];
/// Monday, 2025-01-06T00:00:00Z; a story begins every hour.
const FIRST_STORY_SECONDS: i64 = 1_736_121_600;
const HOUR_SECONDS: i64 = 3_600;
/// Of so many messages, one is told twice.
const REPEATED: u64 = 8;
/// Of so many stories, one is told in a single body.
const WHOLE: u64 = 6;
/// An incident is over so many stories later: a late statement about something old.
const LATER: u64 = 5;

/// One sender, and what it has not said yet.
pub(super) struct Teller {
    number: u64,
    stories: u64,
    chance: ChaCha8Rng,
    waiting: VecDeque<String>,
}

impl Teller {
    /// The sender of this number, before its first story.
    pub(super) fn new(number: u64) -> Self {
        Self { number, stories: 0, chance: ChaCha8Rng::seed_from_u64(number), waiting: VecDeque::new() }
    }

    /// What is to be said next; the same until it was acknowledged.
    pub(super) fn message(&mut self) -> String {
        loop {
            if let Some(body) = self.waiting.front() {
                return body.clone();
            }
            self.begin_story();
        }
    }

    /// The last message was acknowledged.
    pub(super) fn acknowledged(&mut self) {
        let body = self.waiting.pop_front();
        if self.chance.next_u64().is_multiple_of(REPEATED) {
            self.waiting.extend(body);
        }
    }

    /// A number that is as random as the stories.
    pub(super) fn draw(&mut self) -> u64 {
        self.chance.next_u64()
    }

    fn begin_story(&mut self) {
        let mut events = self.story();
        // A source does not promise any order: one neighbour overtakes another.
        let place = usize::try_from(self.chance.next_u64()).unwrap_or(usize::MAX) % (events.len() - 1);
        events.swap(place, place + 1);
        if self.chance.next_u64().is_multiple_of(WHOLE) {
            self.waiting.push_back(Value::Array(events).to_string());
        } else {
            self.waiting.extend(events.iter().map(Value::to_string));
        }
        self.stories += 1;
    }

    /// A commit is merged, built, deployed, and sometimes regretted.
    fn story(&mut self) -> Vec<Value> {
        let story = self.stories;
        let service = SERVICES[place(self.number + story, SERVICES.len())];
        let repository = format!("github.com/acme/{service}");
        let (sha, deployment) = (self.sha(story), self.deployment(story));
        let parents: Vec<String> =
            story.checked_sub(SERVICES.len() as u64).map(|before| self.sha(before)).into_iter().collect();
        let has_failed = self.chance.next_u64().is_multiple_of(5);
        let result = if has_failed { "failure" } else { "success" };
        let environment = if self.chance.next_u64().is_multiple_of(4) { "staging" } else { "production" };
        let revisions = [format!("{repository}@{sha}")];
        let mut events = vec![
            json!({"type": "commit", "data": {
                "repository": repository, "sha": sha, "parents": parents, "author": "ada@example.org", "is_bot": false,
                "authored_at": at(story, 0), "committed_at": at(story, 5),
            }}),
            json!({"type": "pull_request", "data": {
                "repository": repository, "number": 1_000_000 * self.number + story, "state": "merged", "merge_sha": sha,
                "opened_at": at(story, 1), "merged_at": at(story, 6), "closed_at": at(story, 6), "is_bot": false,
            }}),
            self.ci_run(story, json!({ "status": "running" })),
            self.ci_run(story, json!({ "status": "finished", "result": result, "finished_at": at(story, 15) })),
            json!({"type": "deployment", "data": {
                "deployment_id": deployment, "service_hint": service, "environment": environment, "revisions": revisions,
                "status": "running", "started_at": at(story, 20),
            }}),
            json!({"type": "deployment", "data": {
                "deployment_id": deployment, "service_hint": service, "environment": environment, "revisions": revisions,
                "status": "finished", "result": result, "started_at": at(story, 20), "finished_at": at(story, 25),
            }}),
        ];
        if story.is_multiple_of(3) {
            events.push(self.incident(story, json!({ "status": "open" })));
        }
        if let Some(before) = story.checked_sub(LATER).filter(|before| before.is_multiple_of(3)) {
            events.push(self.incident(before, json!({ "status": "resolved", "resolved_at": at(story, 2) })));
        }
        if story % 10 == self.number {
            events.push(json!({"type": "service", "data": {
                "kind": "service", "name": service, "repository": repository, "owner_raw": TEAMS[place(story, TEAMS.len())],
                "owner_kind": "team", "occurred_at": at(story, 0), "source_updated_at": at(story, 0),
            }}));
        }
        events
    }

    fn ci_run(&self, story: u64, told: Value) -> Value {
        let service = SERVICES[place(self.number + story, SERVICES.len())];
        let data = json!({
            "run_id": format!("{}-{story}", self.number), "repository": format!("github.com/acme/{service}"),
            "pipeline_name": "build", "trigger": "push", "head_sha": self.sha(story), "is_default_branch": true,
            "queued_at": at(story, 7), "started_at": at(story, 8),
        });
        json!({ "type": "ci_run", "data": with(data, told) })
    }

    fn incident(&self, story: u64, told: Value) -> Value {
        let data = json!({
            "incident_id": format!("{}-{story}", self.number), "severity": "sev2", "environment": "production",
            "opened_at": at(story, 30), "deployment_links": [self.deployment(story)],
        });
        json!({ "type": "incident", "data": with(data, told) })
    }

    fn sha(&self, story: u64) -> String {
        format!("{:08x}{story:032x}", self.number + 1)
    }

    fn deployment(&self, story: u64) -> String {
        format!("{}-{story}", self.number)
    }
}

fn with(mut data: Value, told: Value) -> Value {
    if let (Some(data), Value::Object(told)) = (data.as_object_mut(), told) {
        data.extend(told);
    }
    data
}

/// A place in a list of `count`, for a number that goes on and on.
fn place(number: u64, count: usize) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX) % count
}

/// The instant so many minutes into a story.
fn at(story: u64, minute: i64) -> String {
    let hours = i64::try_from(story).unwrap_or_default();
    Instant::from_seconds(FIRST_STORY_SECONDS + hours * HOUR_SECONDS + 60 * minute).to_rfc3339()
}
