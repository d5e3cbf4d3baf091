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
}

/// What a detector told again and again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'a> {
    /// The first of its findings, confirmed until the last.
    finding: Finding<'a>,
    /// Until when it was confirmed before the last look; null after a single one.
    before_at: Option<Instant>,
}

/// Puts findings in the order in which they are believed: by who says it, and then by time.
pub(crate) fn put_in_order(findings: &mut [Finding<'_>]) {
    findings.sort_unstable_by(|one, other| (one.teller, in_time(one)).cmp(&(other.teller, in_time(other))));
}

/// What each detector told, in order, of findings in order.
pub(crate) fn told<'a>(findings: &[Finding<'a>], patience: Patience) -> Vec<Vec<Told<'a>>> {
    let detectors = findings.chunk_by(|one, next| one.teller == next.teller);
    detectors.map(|findings| told_by(findings, patience)).collect()
}

fn told_by<'a>(findings: &[Finding<'a>], patience: Patience) -> Vec<Told<'a>> {
    let mut told: Vec<Told<'a>> = Vec::new();
    let mut looked_at = None;
    for finding in findings {
        // Of several findings of one instant the first in their order is believed.
        if looked_at.replace(finding.observed_at) == Some(finding.observed_at) {
            continue;
        }
        match told.last_mut() {
            Some(Told { finding: first, before_at })
                if is_told_again(first, finding) && patience.aged_at(first) >= finding.observed_at =>
            {
                *before_at = Some(first.last_at);
                first.last_at = finding.last_at;
            }
            _ => told.push(Told { finding: *finding, before_at: None }),
        }
    }
    told
}

/// Of findings in order, those by which all of them can be gone on with when later ones come: what was told
/// before each detector's last look, confirmed until then, and that look as it is, because it may be taken
/// again.
pub(crate) fn held<'a>(findings: &[Finding<'a>], told: &[Vec<Told<'a>>], mut hold: impl FnMut(Finding<'a>, bool)) {
    let detectors = findings.chunk_by(|one, next| one.teller == next.teller);
    for (findings, told) in detectors.zip(told) {
        let Some(newest_at) = findings.last().map(|last| last.observed_at) else { continue };
        for Told { finding, before_at } in told {
            let last_at = if finding.last_at < newest_at { Some(finding.last_at) } else { *before_at };
            if let Some(last_at) = last_at {
                hold(Finding { last_at, ..*finding }, false);
            }
        }
        for finding in findings.iter().rev().take_while(|finding| finding.observed_at == newest_at) {
            hold(*finding, true);
        }
    }
}

/// What each detector says and when, in order; of one detector only one thing at a time.
pub(super) fn covers<'a>(told: &[Vec<Told<'a>>], patience: Patience) -> Vec<Vec<Cover<'a>>> {
    told.iter().map(|told| of_detector(told, patience)).collect()
}

/// The order of a detector's findings: a changed rule is run over the past again, and its findings replace
/// those of the old one.
fn in_time<'a>(finding: &Finding<'a>) -> impl Ord + use<'a> {
    let rule = (finding.rule_version.is_none(), finding.rule_version, finding.entity_id);
    (finding.observed_at, Reverse(rule))
}

fn of_detector<'a>(told: &[Told<'a>], patience: Patience) -> Vec<Cover<'a>> {
    let mut covers = Vec::new();
    for (place, Told { finding, .. }) in told.iter().enumerate() {
        let aged_at = patience.aged_at(finding);
        let replaced_at =
            told.get(place + 1).map_or_else(|| finding.last_at.plus_seconds(FOREVER_SECONDS), |next| next.finding.observed_at);
        let cover = Cover {
            finding: *finding,
            observed_at: finding.observed_at,
            last_at: finding.last_at,
            begins_at: finding.observed_at,
            expires_at: replaced_at.min(aged_at),
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

fn is_told_again(one: &Finding<'_>, next: &Finding<'_>) -> bool {
    // Words from a fixed list are mostly in one place.
    let is_same_word = |one: &str, next: &str| std::ptr::eq(one, next) || one == next;
    is_same_word(one.says, next.says)
        && one.rule_version == next.rule_version
        && is_same_word(one.kind, next.kind)
        && (one.alternative, one.version) == (next.alternative, next.version)
}
