//! `Bodies`: the bodies of deliveries while they are written, event by event, straight as text.
//!
//! Every text that is written here is made up of letters, digits and marks that JSON needs no escape
//! for. Which events there are is decided by the days of the services.

use super::Scale;
use crate::plan::{DAY_SECONDS, day_start};
use crate::sha::mix;
use chrono::TimeDelta;
use data_encoding::HEXLOWER;
use std::collections::VecDeque;

/// Lists of events, of which the last one is not full yet.
pub(super) struct Bodies {
    seed: u64,
    dates: Dates,
    body: String,
    /// How many events the body holds.
    count: usize,
    /// Where in the body the newest event begins.
    begun: usize,
    /// Events that are sent once more when the day is over.
    again: Vec<String>,
    /// When what is written today is received, in seconds since the epoch.
    received_at: i64,
    full: VecDeque<Body>,
}

/// A list of events that is complete.
pub(super) struct Body {
    pub(super) text: String,
    /// When it is received, in seconds since the epoch.
    pub(super) received_at: i64,
}

/// A commit of a service, which counts its commits from 0.
#[derive(Clone, Copy)]
pub(super) struct Sha {
    pub(super) service: usize,
    pub(super) number: usize,
}

/// Who did something.
#[derive(Clone, Copy)]
pub(super) enum Actor {
    Person(usize),
    /// A person with the help of an agent.
    Assisted(usize),
    Bot,
}

/// The days of which something may be told, each as text.
struct Dates {
    /// The first one, in days since the epoch.
    first: i64,
    texts: Vec<String>,
}

const EVENTS_MAX: usize = 200;
/// Work that is told on the first day may have begun this much earlier.
const EARLIER_DAYS: i64 = 40;
const DIGITS: [char; 10] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

impl Bodies {
    pub(super) fn of(scale: &Scale) -> Self {
        Self {
            seed: scale.seed,
            dates: Dates::of(scale),
            body: String::new(),
            count: 0,
            begun: 0,
            again: Vec::new(),
            received_at: 0,
            full: VecDeque::new(),
        }
    }

    /// Begins a day whose deliveries are received at this moment.
    pub(super) fn begin_day(&mut self, received_at: i64) {
        self.received_at = received_at;
    }

    /// Ends a day: what waits to be repeated comes in deliveries of its own.
    pub(super) fn end_day(&mut self) {
        self.close();
        for event in std::mem::take(&mut self.again) {
            self.separate();
            self.body.push_str(&event);
            self.count_event();
        }
        self.close();
    }

    /// The oldest list that is complete.
    pub(super) fn take(&mut self) -> Option<Body> {
        self.full.pop_front()
    }

    /// Begins an event of this type.
    pub(super) fn begin(&mut self, kind: &str) -> &mut Self {
        self.separate();
        self.begun = self.body.len();
        self.body.push_str("{\"type\":\"");
        self.body.push_str(kind);
        self.body.push_str("\",\"data\":{");
        self
    }

    /// Ends the event that was begun.
    pub(super) fn end(&mut self) {
        self.body.push_str("}}");
        self.count_event();
    }

    /// Ends the event that was begun, and sends it again when the day is over.
    pub(super) fn end_and_repeat(&mut self) {
        let event = self.body.get(self.begun..).unwrap_or_default().to_owned();
        self.again.push(event + "}}");
        self.end();
    }

    /// A text that needs no escape.
    pub(super) fn word(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        self.body.push('"');
        self.body.push_str(value);
        self.body.push('"');
        self
    }

    /// A list of texts that need no escape.
    pub(super) fn words(&mut self, name: &str, values: &[&str]) -> &mut Self {
        self.name(name);
        self.body.push('[');
        for (place, value) in values.iter().enumerate() {
            self.body.push_str(if place == 0 { "\"" } else { ",\"" });
            self.body.push_str(value);
            self.body.push('"');
        }
        self.body.push(']');
        self
    }

    /// A value without quotes.
    pub(super) fn plain(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        self.body.push_str(value);
        self
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str, value: usize) -> &mut Self {
        self.name(name);
        push_number(&mut self.body, value);
        self
    }

    /// A text that ends with a number.
    pub(super) fn numbered(&mut self, name: &str, stem: &str, mark: &str, number: usize) -> &mut Self {
        self.name(name);
        self.push_numbered(stem, mark, number);
        self
    }

    /// A list of one text that ends with a number.
    pub(super) fn numbered_list(&mut self, name: &str, stem: &str, mark: &str, number: usize) -> &mut Self {
        self.name(name);
        self.body.push('[');
        self.push_numbered(stem, mark, number);
        self.body.push(']');
        self
    }

    /// A moment, given in seconds since the epoch.
    pub(super) fn time(&mut self, name: &str, seconds: i64) -> &mut Self {
        self.name(name);
        let second = usize::try_from(seconds.rem_euclid(DAY_SECONDS)).unwrap_or_default();
        self.body.push('"');
        self.body.push_str(self.dates.text(seconds.div_euclid(DAY_SECONDS)));
        for (mark, part) in [('T', second / 3_600), (':', second / 60 % 60), (':', second % 60)] {
            self.body.push(mark);
            self.body.push(DIGITS[part / 10]);
            self.body.push(DIGITS[part % 10]);
        }
        self.body.push_str("Z\"");
        self
    }

    /// The hash of a commit.
    pub(super) fn sha(&mut self, name: &str, sha: Sha) -> &mut Self {
        self.name(name);
        self.body.push('"');
        self.push_sha(sha);
        self.body.push('"');
        self
    }

    /// The hashes of commits of one service.
    pub(super) fn shas(&mut self, name: &str, service: usize, numbers: impl Iterator<Item = usize>) -> &mut Self {
        self.name(name);
        self.body.push('[');
        for (place, number) in numbers.enumerate() {
            self.body.push_str(if place == 0 { "\"" } else { ",\"" });
            self.push_sha(Sha { service, number });
            self.body.push('"');
        }
        self.body.push(']');
        self
    }

    /// A list of one deployed commit, with its repository.
    pub(super) fn revision(&mut self, name: &str, repository: &str, sha: Sha) -> &mut Self {
        self.name(name);
        self.body.push_str("[\"");
        self.body.push_str(repository);
        self.body.push('@');
        self.push_sha(sha);
        self.body.push_str("\"]");
        self
    }

    /// Who did it, and whether that is a machine.
    pub(super) fn actor(&mut self, name: &str, actor: Actor) -> &mut Self {
        match actor {
            Actor::Person(person) => self.numbered(name, "acme-dev", "", person).plain("is_bot", "false"),
            Actor::Assisted(person) => {
                self.numbered(name, "acme-dev", "", person).plain("is_bot", "false").word("agent", "assistant")
            }
            Actor::Bot => self.word(name, "acme-release-bot").plain("is_bot", "true"),
        }
    }

    fn name(&mut self, name: &str) {
        self.body.push_str(if self.body.ends_with('{') { "\"" } else { ",\"" });
        self.body.push_str(name);
        self.body.push_str("\":");
    }

    fn push_numbered(&mut self, stem: &str, mark: &str, number: usize) {
        self.body.push('"');
        self.body.push_str(stem);
        self.body.push_str(mark);
        push_number(&mut self.body, number);
        self.body.push('"');
    }

    fn push_sha(&mut self, sha: Sha) {
        HEXLOWER.encode_append(&sha.bytes(self.seed), &mut self.body);
    }

    fn separate(&mut self) {
        self.body.push(if self.count == 0 { '[' } else { ',' });
    }

    fn count_event(&mut self) {
        self.count += 1;
        if self.count == EVENTS_MAX {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.count == 0 {
            return;
        }
        self.body.push(']');
        // A copy has the right size, and the long text is used again.
        self.full.push_back(Body { text: self.body.clone(), received_at: self.received_at });
        self.body.clear();
        self.count = 0;
    }
}

impl Sha {
    /// Made from what it names, so that nobody has to remember it.
    fn bytes(self, seed: u64) -> [u8; 20] {
        let start = [self.service as u64, self.number as u64]
            .into_iter()
            .fold(mix(seed), |state, value| mix(state ^ value.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&mix(start ^ 1).to_be_bytes());
        bytes[8..16].copy_from_slice(&mix(start ^ 2).to_be_bytes());
        bytes[16..].copy_from_slice(&mix(start ^ 3).to_be_bytes()[..4]);
        bytes
    }
}

impl Dates {
    fn of(scale: &Scale) -> Self {
        let first = scale.start_on() - TimeDelta::days(EARLIER_DAYS);
        let count = scale.days() + usize::try_from(EARLIER_DAYS).unwrap_or_default() + 2;
        Self {
            first: day_start(first).micros() / 1_000_000 / DAY_SECONDS,
            texts: first.iter_days().take(count).map(|day| day.to_string()).collect(),
        }
    }

    fn text(&self, day: i64) -> &str {
        usize::try_from(day - self.first).ok().and_then(|place| self.texts.get(place)).map_or("1970-01-01", String::as_str)
    }
}

fn push_number(text: &mut String, number: usize) {
    if number > 9 {
        push_number(text, number / 10);
    }
    text.push(DIGITS[number % 10]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale { services: 1, years: 1, seed: 1 };

    #[test]
    fn an_event_is_written_as_json() {
        let mut bodies = Bodies::of(&SCALE);
        bodies.begin_day(7);
        let at = SCALE.as_of().micros() / 1_000_000 - 1;
        bodies.begin("commit").word("repository", "a").number("additions", 1_204).time("authored_at", at);
        bodies.words("paths", &["b", "c"]).plain("is_bot", "true").end();
        bodies.begin("ci_run").numbered("run_id", "a", "-r", 7).numbered_list("pull_requests", "", "", 10).end_and_repeat();
        bodies.end_day();
        let first = bodies.take().unwrap();
        assert_eq!(
            first.text,
            "[{\"type\":\"commit\",\"data\":{\"repository\":\"a\",\"additions\":1204,\"authored_at\":\"2026-07-30T23:59:59Z\",\
             \"paths\":[\"b\",\"c\"],\"is_bot\":true}},\
             {\"type\":\"ci_run\",\"data\":{\"run_id\":\"a-r7\",\"pull_requests\":[\"10\"]}}]"
        );
        assert_eq!(first.received_at, 7);
        let again = bodies.take().unwrap();
        assert_eq!(again.text, "[{\"type\":\"ci_run\",\"data\":{\"run_id\":\"a-r7\",\"pull_requests\":[\"10\"]}}]");
        assert!(bodies.take().is_none());
    }

    #[test]
    fn a_list_is_closed_when_it_is_full() {
        let mut bodies = Bodies::of(&SCALE);
        for _ in 0..EVENTS_MAX {
            assert!(bodies.take().is_none());
            bodies.begin("commit").end();
        }
        assert!(bodies.take().is_some());
    }

    #[test]
    fn hashes_differ_by_service_and_number() {
        let bytes = |service, number| Sha { service, number }.bytes(1);
        assert_eq!(bytes(2, 3), bytes(2, 3));
        assert_ne!(bytes(2, 3), bytes(3, 2));
        assert_ne!(bytes(0, 0), bytes(0, 1));
    }
}
