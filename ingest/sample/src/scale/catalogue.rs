//! What is known about a service apart from its work: its catalogue entry, and what it uses of the platform.
//!
//! The entry is told on the first day, and again when another team takes the service over. A few
//! components are looked for once a quarter, each service on a day of its own.

use super::day::Day;
use crate::component::{COMPONENTS, Component};
use crate::sha::{mix, number_of};

/// How many components are looked for: the first ones of the sample's platform.
pub(super) const COMPONENT_COUNT: usize = 5;
const SCAN_DAYS: usize = 91;
const SCAN_SECOND: i64 = 5 * 3_600;
const ENTRY_SECOND: i64 = 6 * 3_600;
const UNREADABLE_SHARE: f64 = 0.01;

/// What a detector finds.
#[derive(Clone, Copy)]
enum Found {
    Present,
    Alternative(&'static str),
    Absent,
    Unreadable,
}

impl Day<'_> {
    /// Tells the catalogue entry, when it is new or changed.
    pub(super) fn describe(&mut self) {
        let next_team = self.member.next_team.filter(|(day, _)| *day == self.number);
        if let Some((_, team)) = next_team {
            self.member.team = team;
        } else if self.number != self.member.created_day {
            return;
        }
        let at = self.midnight + ENTRY_SECOND;
        let Some(team) = self.teams.get(self.member.team) else { return };
        let event = self.bodies.begin("service");
        event
            .word("kind", "service")
            .word("name", &self.member.service.name)
            .word("type_raw", "service")
            .word("lifecycle_raw", "production")
            .word("system", &self.member.system)
            .word("owner_raw", team)
            .word("owner_kind", "team")
            .word("repository", &self.member.repository)
            .words("labels", &self.member.service.tags)
            .time("occurred_at", at)
            .time("source_updated_at", at);
        if self.member.created_day > 0 {
            event.time("created_at", self.member.born_at);
        }
        event.end();
    }

    /// Looks for the components, when this is the day for it.
    pub(super) fn scan(&mut self) {
        let turn = self.number + self.member.service.index;
        if !turn.is_multiple_of(SCAN_DAYS) {
            return;
        }
        for (place, component) in COMPONENTS.iter().take(COMPONENT_COUNT).enumerate() {
            let found = self.find(place, component);
            self.tell_finding(component, found, turn / SCAN_DAYS);
        }
    }

    /// More services use a component every quarter, always in the same order.
    fn find(&mut self, place: usize, component: &Component) -> Found {
        if self.chance.happens(UNREADABLE_SHARE) {
            return Found::Unreadable;
        }
        if !component.fits(&self.member.service) {
            return Found::Absent;
        }
        let draw = mix(number_of(&self.member.service.name) ^ (place as u64 + 1));
        let share = (draw % 1_000) as f64 / 1_000.0;
        if share < 0.1 + 0.12 * place as f64 + 0.4 * self.progress {
            return Found::Present;
        }
        match component.other {
            Some([(other, _), _]) if draw.is_multiple_of(3) => Found::Alternative(other),
            _ => Found::Absent,
        }
    }

    fn tell_finding(&mut self, component: &Component, found: Found, scan: usize) {
        let head = self.head().map(|number| self.sha(number));
        let event = self.bodies.begin("evidence");
        event
            .word("component_id", component.id)
            .word("detector", component.detector)
            .numbered("scan_id", "scan-", "", scan)
            .word("kind", component.kind)
            .word("finding", found.word())
            .word("service_hint", &self.member.service.name)
            .word("repository", &self.member.repository)
            .time("observed_at", self.midnight + SCAN_SECOND);
        match found {
            Found::Present => {
                event.word("version", component.version);
                if let (false, Some(head)) = (component.path.is_empty(), head) {
                    event.word("path", component.path).sha("sha", head);
                }
            }
            Found::Alternative(other) => {
                event.word("alternative", other);
            }
            Found::Absent | Found::Unreadable => {}
        }
        event.end();
    }
}

impl Found {
    const fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Alternative(_) => "alternative",
            Self::Absent => "absent",
            Self::Unreadable => "unreadable",
        }
    }
}
