//! `Weeks`: plays one week after the other and hands its deliveries out in order of receipt.
//!
//! What a week causes may be received in a later one; such messages wait here.

use crate::chance::Chance;
use crate::life::Life;
use crate::message::Message;
use crate::oddity;
use crate::organisation::Organisation;
use crate::plan::Plan;
use crate::story::Story;
use crate::survey;
use crate::turn::Turn;
use waymark_event::Delivery;

/// The organisation while it is played.
pub(crate) struct Weeks {
    plan: Plan,
    organisation: Organisation,
    story: Story,
    lives: Vec<Life>,
    /// The next week to be played.
    week: usize,
    /// Received in the weeks that have been played, in order.
    ready: std::vec::IntoIter<Message>,
    /// Received later than that.
    waiting: Vec<Message>,
    /// How many deliveries have been handed out.
    count: u64,
}

impl Weeks {
    pub(crate) fn new(plan: Plan) -> Self {
        let organisation = Organisation::of(&plan);
        let story = Story::of(&plan, &organisation);
        let lives = organisation.services.iter().map(|service| Life::of(&plan, service)).collect();
        Self { plan, organisation, story, lives, week: 0, ready: Vec::new().into_iter(), waiting: Vec::new(), count: 0 }
    }

    /// Plays a week, and makes ready what was received until its end.
    fn play(&mut self) {
        let week = self.week;
        let mut sent = std::mem::take(&mut self.waiting);
        for (service, life) in self.organisation.services.iter().zip(&mut self.lives) {
            let mut turn = Turn {
                plan: &self.plan,
                organisation: &self.organisation,
                story: &self.story,
                service,
                week,
                start: self.plan.week_start(week),
                chance: Chance::stream(self.plan.seed, week, service.index),
                sent: &mut sent,
            };
            life.live(&mut turn);
            if service.index == 0 {
                oddity::send(&mut turn);
            }
        }
        survey::send(&self.plan, &self.organisation, &self.story, week, &mut sent);
        // The sort is stable, so messages of one instant keep the order in which they were made.
        sent.sort_by_key(|message| message.received_at);
        self.week += 1;
        let until = if self.week == self.plan.weeks { self.plan.as_of() } else { self.plan.week_start(self.week) };
        let split = sent.partition_point(|message| message.received_at < until);
        self.waiting = sent.split_off(split);
        self.ready = sent.into_iter();
    }
}

impl Iterator for Weeks {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some(message) = self.ready.next() {
                self.count += 1;
                return Some(message.into_delivery(self.plan.seed, self.count));
            }
            if self.week >= self.plan.weeks {
                return None;
            }
            self.play();
        }
    }
}
