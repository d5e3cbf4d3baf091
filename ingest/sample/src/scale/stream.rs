//! `Stream`: plays one service after the other, day after day, and hands its deliveries out.
//!
//! Holds the deliveries that one service has just filled, and nothing of the days before.

use super::Scale;
use super::bodies::{Bodies, Body};
use super::calendar::Calendar;
use super::day::Day;
use super::member::{Member, members, teams};
use crate::chance::Chance;
use crate::message::Message;
use crate::plan::DAY_SECONDS;
use waymark_event::{Channel, Delivery, Instant};

/// A large organisation while it is played.
pub(super) struct Stream {
    seed: u64,
    calendar: Calendar,
    teams: Vec<String>,
    members: Vec<Member>,
    bodies: Bodies,
    /// The day that is being played.
    day: usize,
    /// The place of the service whose turn is next.
    next: usize,
    /// How many deliveries have been handed out.
    count: u64,
}

impl Stream {
    pub(super) fn of(scale: &Scale) -> Self {
        let calendar = Calendar::of(scale);
        Self {
            seed: scale.seed,
            teams: teams(scale),
            members: members(scale, &calendar),
            bodies: Bodies::of(scale),
            calendar,
            day: 0,
            next: 0,
            count: 0,
        }
    }

    /// Plays the day of the next service, or ends the day after the last one.
    fn play(&mut self) {
        let midnight = self.calendar.midnight(self.day);
        if self.next == 0 {
            self.bodies.begin_day(midnight + DAY_SECONDS - 1);
        }
        let Some(member) = self.members.get_mut(self.next) else {
            self.bodies.end_day();
            self.next = 0;
            self.day += 1;
            return;
        };
        let mut day = Day {
            number: self.day,
            midnight,
            progress: self.calendar.progress(self.day),
            load: self.calendar.load(self.day),
            teams: &self.teams,
            chance: Chance::stream(self.seed, self.day, self.next),
            member,
            bodies: &mut self.bodies,
        };
        day.play();
        self.next += 1;
    }

    fn delivery(&mut self, body: Body) -> Delivery {
        self.count += 1;
        let message = Message {
            source: "json",
            instance: "local",
            channel: Channel::Webhook,
            event_type: None,
            vendor_delivery_id: None,
            content_type: "application/json",
            body: body.text,
            request_url: None,
            received_at: Instant::from_seconds(body.received_at),
        };
        message.into_delivery(self.seed, self.count)
    }
}

impl Iterator for Stream {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some(body) = self.bodies.take() {
                return Some(self.delivery(body));
            }
            if self.day >= self.calendar.days() {
                return None;
            }
            self.play();
        }
    }
}
