//! How long each finding is believed.
//!
//! What is found again and again without a gap is one finding, confirmed until the last time: the walk
//! grows with changes of mind, and not with the number of looks. What is told so can be kept in place of
//! all of its looks, and gone on with.

use super::{Finding, Patience};
use std::cmp::Reverse;
use waymark_event::Instant;

/// Long after everything: the end of what no later finding replaces.
const FOREVER_SECONDS: i64 = 86_400 * 365 * 100;

/// What a detector says for some time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cover<'a> {
    /// The first finding that said so; after the detector fell silent it says `unreadable`.
    pub(super) finding: Finding<'a>,
    /// When that finding was made; after a silence began, the last time that something was found.
    pub(super) observed_at: Instant,
    pub(super) last_at: Instant,
    pub(super) begins_at: Instant,
    pub(super) expires_at: Instant,
    /// Whether the same look saw something else in another place, and what.
    pub(super) is_replaced: bool,
    pub(super) alternative: Option<&'a str>,
}

/// A finding by what decides its place among others; the rest of it is looked up where it begins something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Who says it, and of one time only one thing: the number of a detector in one repository. What one repository
    /// shows takes nothing back of what another one shows.
    pub(crate) teller: u32,
    /// The number of what it says: that of every finding that says the same.
    pub(crate) says: u32,
    pub(crate) observed_at: Instant,
    /// When the same was last told without a gap, where looks in between are left out.
    pub(crate) last_at: Instant,
    /// Where it stands among the statements.
    pub(crate) row: u32,
}

/// What a detector told again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    /// The first of its findings, confirmed until the last.
    finding: Finding<'a>,
    /// What the same look saw in the component's stead in another place: old and new together.
    beside: Option<Finding<'a>>,
    /// The numbers of what both say.
    says: (u32, Option<u32>),
    /// Until when it was confirmed before the last look; null after a single one.
    before_at: Option<Instant>,
}

/// Puts looks in the order in which they are believed: by who says it, and then by time. Of one instant a changed
/// rule comes first, because it is run over the past again and its findings replace those of the old one, and of
/// several places that were looked at the one that shows the most use.
pub(crate) fn put_in_order<'a>(looks: &mut [Look], finding: &impl Fn(&Look) -> Finding<'a>) {
    let when = |look: &Look| (look.teller, look.observed_at);
    looks.sort_unstable_by_key(when);
    for together in looks.chunk_by_mut(|one, next| when(one) == when(next)).filter(|together| together.len() > 1) {
        together.sort_unstable_by_key(|look| {
            let finding = finding(look);
            let rule = (finding.rule_version.is_none(), finding.rule_version);
            (Reverse(rule), finding.weight(), Reverse(finding.entity_id))
        });
    }
}

/// What each detector told, in order, of looks in order.
pub(crate) fn told<'a>(looks: &[Look], patience: Patience, finding: &impl Fn(&Look) -> Finding<'a>) -> Vec<Vec<Told<'a>>> {
    let detectors = looks.chunk_by(|one, next| one.teller == next.teller);
    detectors.map(|looks| told_by(looks, patience, finding)).collect()
}

fn told_by<'a>(looks: &[Look], patience: Patience, finding: &impl Fn(&Look) -> Finding<'a>) -> Vec<Told<'a>> {
    let mut told: Vec<Told<'a>> = Vec::new();
    // Of several findings of one instant the first in their order is believed.
    for together in looks.chunk_by(|one, next| one.observed_at == next.observed_at) {
        let Some((look, others)) = together.split_first() else { continue };
        let beside = if others.is_empty() { None } else { beside(&finding(look), others, finding) };
        let says = (look.says, beside.map(|(says, _)| says));
        match told.last_mut() {
            Some(Told { finding: first, says: before, before_at, .. })
                if *before == says && patience.aged_at(first) >= look.observed_at =>
            {
                *before_at = Some(first.last_at);
                first.last_at = look.last_at;
            }
            _ => {
                told.push(Told { finding: finding(look), beside: beside.map(|(_, finding)| finding), says, before_at: None });
            }
        }
    }
    told
}

/// Of the other findings of one instant, what was seen in the component's stead by the same rule, and its number.
fn beside<'a>(first: &Finding<'a>, others: &[Look], finding: &impl Fn(&Look) -> Finding<'a>) -> Option<(u32, Finding<'a>)> {
    let is_beside = |other: &Finding<'_>| {
        first.says == "present"
            && other.says == "alternative"
            && (other.rule_version, other.kind) == (first.rule_version, first.kind)
    };
    others.iter().map(|look| (look.says, finding(look))).find(|(_, other)| is_beside(other))
}

/// Of looks in order, the findings by which all of them can be gone on with when later ones come: what was told
/// before each detector's last look, confirmed until then, and that look as it is, because it may be taken
/// again.
pub(crate) fn held<'a>(
    looks: &[Look],
    told: &[Vec<Told<'a>>],
    finding: &impl Fn(&Look) -> Finding<'a>,
    mut hold: impl FnMut(Finding<'a>, bool),
) {
    let detectors = looks.chunk_by(|one, next| one.teller == next.teller);
    for (looks, told) in detectors.zip(told) {
        let Some(newest_at) = looks.last().map(|last| last.observed_at) else { continue };
        for Told { finding, beside, before_at, .. } in told {
            let last_at = if finding.last_at < newest_at { Some(finding.last_at) } else { *before_at };
            if let Some(last_at) = last_at {
                for finding in std::iter::once(finding).chain(beside) {
                    hold(Finding { last_at, ..*finding }, false);
                }
            }
        }
        for look in looks.iter().rev().take_while(|look| look.observed_at == newest_at) {
            hold(finding(look), true);
        }
    }
}

/// What each detector says and when, in order; of one detector only one thing at a time.
pub(super) fn covers<'a>(told: &[Vec<Told<'a>>], patience: Patience) -> Vec<Vec<Cover<'a>>> {
    told.iter().map(|told| of_detector(told, patience)).collect()
}

fn of_detector<'a>(told: &[Told<'a>], patience: Patience) -> Vec<Cover<'a>> {
    let mut covers = Vec::new();
    for (place, Told { finding, beside, .. }) in told.iter().enumerate() {
        let aged_at = patience.aged_at(finding);
        let replaced_at =
            told.get(place + 1).map_or_else(|| finding.last_at.plus_seconds(FOREVER_SECONDS), |next| next.finding.observed_at);
        let cover = Cover {
            finding: *finding,
            observed_at: finding.observed_at,
            last_at: finding.last_at,
            begins_at: finding.observed_at,
            expires_at: replaced_at.min(aged_at),
            is_replaced: beside.is_some(),
            alternative: beside.and_then(|beside| beside.alternative),
        };
        covers.push(cover);
        // A scanner that saw it in a file and has fallen silent is an outage: another detector that sees
        // nothing proves no leaving. What ran and runs no more has really stopped.
        if aged_at < replaced_at && matches!(finding.says, "present" | "partial") && finding.kind != "runtime" {
            covers.push(Cover {
                finding: Finding { says: "unreadable", alternative: None, version: None, ..*finding },
                observed_at: finding.last_at,
                begins_at: aged_at,
                expires_at: replaced_at.min(aged_at.plus_seconds(patience.silence_seconds)),
                is_replaced: false,
                alternative: None,
                ..cover
            });
        }
    }
    covers
}

impl Patience {
    /// When a finding is believed no longer.
    fn aged_at(self, finding: &Finding<'_>) -> Instant {
        let runs = finding.kind == "runtime";
        finding.last_at.plus_seconds(if runs { self.runtime_seconds } else { self.static_seconds })
    }
}
