//! How long each finding is believed.
//!
//! What is found again and again without a gap is one finding, confirmed until the last time: the walk
//! grows with changes of mind, and not with the number of looks.

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

/// What each detector says and when, in order; of one detector only one thing at a time.
pub(super) fn covers(mut findings: Vec<Finding<'_>>, patience: Patience) -> Vec<Vec<Cover<'_>>> {
    // Mostly all are from one detector and place, whose names need not be compared again and again.
    if findings.windows(2).all(|pair| teller(&pair[0]) == teller(&pair[1])) {
        findings.sort_unstable_by(|one, other| in_time(one).cmp(&in_time(other)));
    } else {
        findings.sort_unstable_by(|one, other| (teller(one), in_time(one)).cmp(&(teller(other), in_time(other))));
    }
    findings.dedup_by_key(|finding| (teller(finding), finding.observed_at));
    let detectors = findings.chunk_by(|one, next| teller(one) == teller(next));
    detectors.map(|findings| of_detector(findings, patience)).collect()
}

/// Who says something at a time, and only one thing: a detector in one repository.
const fn teller<'a>(finding: &Finding<'a>) -> (&'a str, &'a str) {
    (finding.detector, finding.repository)
}

/// The order of a detector's findings: a changed rule is run over the past again, and its findings replace
/// those of the old one.
fn in_time<'a>(finding: &Finding<'a>) -> impl Ord + use<'a> {
    let rule = (finding.rule_version.is_none(), finding.rule_version, finding.entity_id);
    (finding.observed_at, Reverse(rule))
}

fn of_detector<'a>(findings: &[Finding<'a>], patience: Patience) -> Vec<Cover<'a>> {
    let aged_at = |finding: &Finding<'_>| {
        let runs = finding.kind == "runtime";
        finding.observed_at.plus_seconds(if runs { patience.runtime_seconds } else { patience.static_seconds })
    };
    let mut covers = Vec::new();
    let mut seen = 0;
    for held in findings.chunk_by(|one, next| is_told_again(one, next) && aged_at(one) >= next.observed_at) {
        seen += held.len();
        let (Some(first), Some(last)) = (held.first(), held.last()) else { continue };
        let aged_at = aged_at(last);
        let replaced_at =
            findings.get(seen).map_or_else(|| last.observed_at.plus_seconds(FOREVER_SECONDS), |next| next.observed_at);
        let cover = Cover {
            finding: *first,
            observed_at: first.observed_at,
            last_at: last.observed_at,
            begins_at: first.observed_at,
            expires_at: replaced_at.min(aged_at),
        };
        covers.push(cover);
        // A scanner that saw it in a file and has fallen silent is an outage: another detector that sees
        // nothing proves no leaving. What ran and runs no more has really stopped.
        if aged_at < replaced_at && matches!(first.says, "present" | "partial") && first.kind != "runtime" {
            covers.push(Cover {
                finding: Finding { says: "unreadable", alternative: None, version: None, ..*first },
                observed_at: last.observed_at,
                begins_at: aged_at,
                expires_at: replaced_at.min(aged_at.plus_seconds(patience.silence_seconds)),
                ..cover
            });
        }
    }
    covers
}

fn is_told_again(one: &Finding<'_>, next: &Finding<'_>) -> bool {
    (one.says, one.alternative, one.version, one.rule_version, one.kind)
        == (next.says, next.alternative, next.version, next.rule_version, next.kind)
}
