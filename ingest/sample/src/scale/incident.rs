//! Incidents of a large organisation: some follow a deployment, and some of those name it.
//!
//! Each is told when it is opened and when it is over, which may be days later.

use super::day::Day;
use super::release::Attempt;
use crate::plan::DAY_SECONDS;

/// One incident of one service; times are seconds since the epoch.
pub(super) struct Incident {
    number: usize,
    severity: &'static str,
    /// The number of the deployment that is named as its cause.
    deployment: Option<usize>,
    began_at: i64,
    opened_at: i64,
    resolved_at: i64,
}

/// Share of the deployments that hurt users which are rolled back.
const ROLLBACK_SHARE: f64 = 0.8;
/// Share of the deployments that hurt users which become an incident.
const INCIDENT_SHARE: f64 = 0.6;
/// Share of these incidents that name the deployment.
const NAMED_SHARE: f64 = 0.7;
/// Probability that a service has an incident on a day without any deployment's fault.
const OTHER_SHARE: f64 = 0.0057;
const INCIDENT_SECONDS_MAX: i64 = 3 * DAY_SECONDS;

impl Day<'_> {
    /// What follows a deployment that hurts users; `before` is what ran until then.
    pub(super) fn get_into_trouble(&mut self, before: Option<usize>, deployed_at: i64) {
        let deployment = self.member.memory.deployments;
        let noticed_at = deployed_at + self.chance.around(600.0, 0.7).min(2_400);
        let mut resolved_at = noticed_at + self.incident_seconds();
        if let Some(earlier) = before.filter(|_| self.chance.happens(ROLLBACK_SHARE)) {
            let started_at = noticed_at + self.chance.between(60, 600);
            resolved_at = self.attempt_production(earlier, Attempt::RollsBack, started_at) + 60;
            self.member.memory.running = Some(earlier);
        }
        if self.chance.happens(INCIDENT_SHARE) {
            let cause = Some(deployment).filter(|_| self.chance.happens(NAMED_SHARE));
            self.open_incident(cause, [deployed_at, noticed_at, resolved_at]);
        }
    }

    /// Now and then something breaks by itself.
    pub(super) fn suffer(&mut self) {
        if !self.chance.happens(OTHER_SHARE) {
            return;
        }
        let opened_at = self.midnight + self.chance.between(0, DAY_SECONDS - 3_600);
        let began_at = (opened_at - self.chance.around(420.0, 0.8).min(3_600)).max(self.member.born_at);
        let resolved_at = opened_at + self.incident_seconds();
        self.open_incident(None, [began_at, opened_at, resolved_at]);
    }

    /// Tells of the incidents that end today.
    pub(super) fn resolve_incidents(&mut self) {
        if self.member.memory.open_incidents.is_empty() {
            return;
        }
        let tomorrow = self.midnight + DAY_SECONDS;
        let open = std::mem::take(&mut self.member.memory.open_incidents);
        let (over, open): (Vec<Incident>, Vec<Incident>) =
            open.into_iter().partition(|incident| incident.resolved_at < tomorrow);
        self.member.memory.open_incidents = open;
        for incident in &over {
            self.tell_end(incident);
        }
    }

    fn open_incident(&mut self, deployment: Option<usize>, [began_at, opened_at, resolved_at]: [i64; 3]) {
        self.member.memory.incidents += 1;
        let severity = match self.chance.between(0, 9) {
            0 => "sev1",
            1..=3 => "sev2",
            _ => "sev3",
        };
        let number = self.member.memory.incidents;
        let incident = Incident { number, severity, deployment, began_at, opened_at, resolved_at };
        self.begin_incident(&incident, "open");
        self.bodies.end();
        if resolved_at < self.midnight + DAY_SECONDS {
            self.tell_end(&incident);
        } else {
            self.member.memory.open_incidents.push(incident);
        }
    }

    /// Only now, when it is over, somebody names the cause.
    fn tell_end(&mut self, incident: &Incident) {
        self.begin_incident(incident, "resolved");
        let acknowledged_at = incident.opened_at + (incident.resolved_at - incident.opened_at).min(300);
        self.bodies.time("acknowledged_at", acknowledged_at).time("resolved_at", incident.resolved_at);
        if let Some(deployment) = incident.deployment {
            self.bodies.numbered_list("deployment_links", &self.member.service.name, "-d", deployment);
        }
        self.bodies.end();
    }

    fn begin_incident(&mut self, incident: &Incident, status: &str) {
        let name = self.member.service.name.as_str();
        self.bodies
            .begin("incident")
            .numbered("incident_id", name, "-i", incident.number)
            .words("service_hints", &[name])
            .word("environment", "production")
            .word("severity", incident.severity)
            .word("status", status)
            .time("impact_started_at", incident.began_at)
            .time("opened_at", incident.opened_at);
    }

    fn incident_seconds(&mut self) -> i64 {
        self.chance.around(4_000.0, 0.9).min(INCIDENT_SECONDS_MAX)
    }
}
