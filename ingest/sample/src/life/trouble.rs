//! Trouble: a deployment hurts users, and is answered by a rollback or by an incident and a repair.
//!
//! Nothing else is released until the repair is merged, so that no broken version comes back.

use super::change::Draft;
use super::{Life, Step};
use crate::github::{Author, Deployment};
use crate::hours::at_work;
use crate::incident::{self, Incident};
use crate::turn::Turn;
use waymark_event::Instant;

/// Share of the answers that are rollbacks.
const ROLLBACK: f64 = 0.45;
/// Share of the repairs that take the last commit back.
const REVERT: f64 = 0.3;

impl Life {
    /// The deployment that ended at `done_at` hurts users; `earlier` ran before it.
    pub(super) fn get_into_trouble(&mut self, earlier: Deployment, done_at: Instant, turn: &mut Turn<'_>) {
        self.is_held = true;
        let noticed_at = done_at.plus_seconds(turn.chance.around(1_300.0, 0.9));
        if turn.chance.happens(ROLLBACK) {
            let back_at = noticed_at.plus_seconds(turn.chance.around(1_100.0, 1.0));
            self.later(back_at, Step::RollBack(Box::new(earlier)));
            let opened_at = back_at.plus_seconds(1_800 + turn.chance.around(7_200.0, 0.9));
            let merged_at = {
                let reviewed_at = opened_at.plus_seconds(turn.chance.around(5_400.0, 0.8));
                at_work(reviewed_at, &mut turn.chance)
            };
            let draft = self.repair_draft(turn, back_at.plus_seconds(900), opened_at, merged_at);
            self.open(draft, turn);
            return;
        }
        let opened_at = noticed_at.plus_seconds(turn.chance.between(30, 300));
        let fixed_at = opened_at.plus_seconds(600 + turn.chance.around(2_400.0, 0.9));
        let merged_at = fixed_at.plus_seconds(turn.chance.around(900.0, 0.7));
        let deployed_at = merged_at.plus_seconds(turn.chance.between(420, 1_500));
        let draft = self.repair_draft(turn, opened_at.plus_seconds(480), fixed_at, merged_at);
        self.open(draft, turn);
        self.later(deployed_at, Step::Repair);
        self.numbers.incident += 1;
        let incident = Incident {
            number: self.numbers.incident,
            deployment: self.running.as_ref().map(|running| running.id),
            began_at: done_at,
            opened_at,
            resolved_at: deployed_at.plus_seconds(turn.chance.between(1_200, 2_700)),
        };
        incident::post(turn, &incident);
    }

    fn repair_draft(&self, turn: &mut Turn<'_>, begun_at: Instant, opened_at: Instant, closed_at: Instant) -> Draft {
        let is_revert = turn.chance.happens(REVERT);
        let number = self.numbers.pull_request;
        let (title, branch) = if is_revert {
            (format!("Revert change {number}"), format!("revert/change-{number}"))
        } else {
            (format!("Repair what change {number} broke"), format!("hotfix/change-{number}"))
        };
        Draft {
            author: Author::Person(turn.person()),
            title,
            branch,
            label: Some("hotfix"),
            revert_of: is_revert.then(|| self.head.clone()),
            begun_at,
            opened_at,
            closed_at,
            is_merged: true,
        }
    }
}
