//! `Turn`: one week of one service, with the draws that belong to it and the ways to send a message.
//!
//! This is where messages get lost, late or sent twice; what they say is written by the callers.

use crate::chance::Chance;
use crate::message::{Message, uuid_text};
use crate::organisation::{Organisation, Service, Team};
use crate::plan::{Plan, WEEK_SECONDS};
use crate::story::Story;
use waymark_event::{Channel, Instant};

/// One service in one week.
pub(crate) struct Turn<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) organisation: &'a Organisation,
    pub(crate) story: &'a Story,
    pub(crate) service: &'a Service,
    pub(crate) week: usize,
    pub(crate) start: Instant,
    pub(crate) chance: Chance,
    pub(crate) sent: &'a mut Vec<Message>,
}

const GITHUB: &str = "github.com";
/// Longest time by which a late webhook is late.
const LATE_SECONDS_MAX: i64 = 2 * 86_400;

impl Turn<'_> {
    /// The end of the week, which no longer belongs to it.
    pub(crate) fn end(&self) -> Instant {
        self.start.plus_seconds(WEEK_SECONDS)
    }

    /// How much of the plan is over, from 0 to 1.
    pub(crate) fn progress(&self) -> f64 {
        self.plan.progress(self.week)
    }

    /// The team that owns the service this week.
    pub(crate) fn team(&self) -> &Team {
        self.organisation.team_of(self.service, self.week)
    }

    /// Whether the service really uses a component this week.
    pub(crate) fn uses(&self, component: usize) -> bool {
        self.story.uses(component, self.service, self.week)
    }

    /// A person of the team that owns the service, or now and then somebody from elsewhere.
    pub(crate) fn person(&mut self) -> usize {
        let teams = &self.organisation.teams;
        let is_guest = self.chance.happens(0.06);
        let people = if is_guest { teams[self.chance.place(teams.len())].people.clone() } else { self.team().people.clone() };
        people.start + self.chance.place(people.len())
    }

    /// An event of the repository, whose object is `item`; a lost webhook is replaced by a later poll.
    pub(crate) fn event(&mut self, event_type: &'static str, action: &str, occurred_at: Instant, item: &str) {
        let repository = self.repository_json();
        if self.chance.happens(0.005) {
            let asked_at = occurred_at.plus_seconds(self.chance.between(600, 7_200));
            let body = format!(r#"{{"repository":{{{repository}}},{item}}}"#);
            self.poll(event_type, asked_at, event_type, body);
        } else {
            let body =
                format!(r#"{{"action":"{action}",{item},"repository":{{{repository}}},"organization":{{"login":"acme"}}}}"#);
            self.webhook(event_type, occurred_at, body);
        }
    }

    /// A webhook of the provider: usually received within seconds, seldom late, seldom twice.
    pub(crate) fn webhook(&mut self, event_type: &'static str, occurred_at: Instant, body: String) {
        let delay = if self.chance.happens(0.012) {
            self.chance.around(7_200.0, 1.3).min(LATE_SECONDS_MAX)
        } else {
            self.chance.between(1, 4)
        };
        let message = Message {
            source: "github",
            instance: GITHUB,
            channel: Channel::Webhook,
            event_type: Some(event_type),
            vendor_delivery_id: Some(self.vendor_id()),
            content_type: "application/json",
            body,
            request_url: None,
            received_at: occurred_at.plus_seconds(delay),
        };
        if self.chance.happens(0.006) {
            let received_at = message.received_at.plus_seconds(self.chance.between(60, 3_600));
            self.sent.push(Message { received_at, ..message.clone() });
        }
        self.sent.push(message);
    }

    /// An answer of the provider's programming interface; `path` is the end of the address that was asked.
    pub(crate) fn poll(&mut self, event_type: &'static str, asked_at: Instant, path: &str, body: String) {
        let address = format!("https://api.github.com/repos/acme/{}/{path}", self.service.name);
        self.sent.push(Message {
            source: "github",
            instance: GITHUB,
            channel: Channel::Poll,
            event_type: Some(event_type),
            vendor_delivery_id: None,
            content_type: "application/json; charset=utf-8",
            body,
            request_url: Some(address),
            received_at: asked_at,
        });
    }

    /// A statement in our own words, posted by a tool of the organisation.
    pub(crate) fn statement(&mut self, received_at: Instant, body: String) {
        self.sent.push(Message {
            source: "json",
            instance: "local",
            channel: Channel::Webhook,
            event_type: None,
            vendor_delivery_id: None,
            content_type: "application/json",
            body,
            request_url: None,
            received_at,
        });
        if self.chance.happens(0.004) {
            self.repeat_last(300);
        }
    }

    /// What a fetch of the repository brought.
    pub(crate) fn fetch(&mut self, received_at: Instant, body: String) {
        self.sent.push(Message {
            source: "git",
            instance: GITHUB,
            channel: Channel::Git,
            event_type: None,
            vendor_delivery_id: None,
            content_type: "application/x-ndjson",
            body,
            request_url: None,
            received_at,
        });
    }

    /// The catalogue's description of the service.
    pub(crate) fn catalogue(&mut self, received_at: Instant, body: String) {
        self.sent.push(Message {
            source: "backstage",
            instance: "backstage",
            channel: Channel::File,
            event_type: None,
            vendor_delivery_id: None,
            content_type: "application/yaml",
            body,
            request_url: None,
            received_at,
        });
    }

    /// The fields of the repository, without braces.
    pub(crate) fn repository_json(&self) -> String {
        let (id, name) = (self.service.repository_id, &self.service.name);
        format!(
            r#""id":{id},"name":"{name}","full_name":"acme/{name}","private":true,"html_url":"https://github.com/acme/{name}","default_branch":"main""#
        )
    }

    fn repeat_last(&mut self, delay_seconds: i64) {
        if let Some(message) = self.sent.last().cloned() {
            let received_at = message.received_at.plus_seconds(delay_seconds);
            self.sent.push(Message { received_at, ..message });
        }
    }

    fn vendor_id(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.chance.bits().to_be_bytes());
        bytes[8..].copy_from_slice(&self.chance.bits().to_be_bytes());
        uuid_text(&bytes)
    }
}
