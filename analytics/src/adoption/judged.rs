//! What is known at one instant, judged from everything that is believed then.

use super::covers::Cover;
use super::fit::fit;
use super::{Agreed, Description, Fit, Spell, Status};
use std::cmp::Reverse;
use waymark_event::Instant;

/// What is known from one instant to the next.
#[derive(Debug)]
pub(super) struct Moment<'a> {
    pub(super) at: Instant,
    pub(super) description: &'a Description<'a>,
    pub(super) status: Status,
    fit: Fit,
    fit_reasons: Vec<&'a str>,
    has_conflict: bool,
    alternative: Option<&'a str>,
    version: Option<&'a str>,
    /// What decides, and when it was last seen.
    decisive: Option<Cover<'a>>,
    pub(super) last_at: Option<Instant>,
    /// Whether what was found says so by itself, whoever the component is for and who is exempt.
    pub(super) is_told: bool,
}

/// What all that is believed at one instant comes to.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is another thing that somebody said")]
struct Together<'a> {
    is_seen: bool,
    is_replaced: bool,
    is_blind: bool,
    has_detected: bool,
    is_claimed: bool,
    is_denied: bool,
    alternative: Option<&'a str>,
}

/// What is known at each of these instants from the first description on.
pub(super) fn moments<'a>(
    instants: &[Instant],
    descriptions: &'a [Description<'a>],
    agreed: &'a Agreed,
    exemptions: &[(Instant, Instant)],
    covers: &[Vec<Cover<'a>>],
) -> Vec<Moment<'a>> {
    // Of each detector, the place of the first cover that has not ended yet.
    let mut places = vec![0; covers.len()];
    let mut moments = Vec::with_capacity(instants.len());
    let mut believed: Vec<Cover<'a>> = Vec::new();
    for at in instants.iter().copied() {
        let Some(description) = descriptions.iter().rev().find(|description| description.valid_from <= at) else { continue };
        believed.clear();
        for (covers, place) in covers.iter().zip(&mut places) {
            while covers.get(*place).is_some_and(|cover| cover.expires_at <= at) {
                *place += 1;
            }
            believed.extend(covers.get(*place).filter(|cover| cover.begins_at <= at));
        }
        let (fit, fit_reasons) = fit(&agreed.fit_rules, description, at);
        moments.push(judge(at, description, (fit, fit_reasons), exemptions, &believed));
    }
    moments
}

fn judge<'a>(
    at: Instant,
    description: &'a Description<'a>,
    (fit, fit_reasons): (Fit, Vec<&'a str>),
    exemptions: &[(Instant, Instant)],
    believed: &[Cover<'a>],
) -> Moment<'a> {
    let together = Together::of(believed);
    let is_exempt = exemptions.iter().any(|(opened_at, expires_at)| *opened_at <= at && at < *expires_at);
    let decisive = believed.iter().min_by_key(|cover| cover.order()).copied();
    let says = decisive.map_or("", |cover| cover.finding.says);
    let is_present = says == "present";
    let is_both = together.is_seen && together.is_replaced;
    let is_used = is_present && !is_both;
    let status = match says {
        "present" if is_used => Status::Adopted,
        _ if fit == Fit::Unfit => Status::NotEligible,
        _ if fit == Fit::Unknown => Status::Unknown,
        _ if is_exempt => Status::Exempt,
        "present" | "partial" => Status::Partial,
        _ if together.is_blind => Status::Unknown,
        "alternative" | "absent" => Status::OffPath,
        _ => Status::Unknown,
    };
    let is_contradicted = together.is_claimed && together.has_detected && !together.is_seen;
    Moment {
        at,
        description,
        status,
        // Who uses it shows that it fits, whatever the rule says.
        fit: if is_used { Fit::Fits } else { fit },
        fit_reasons: if is_used { Vec::new() } else { fit_reasons },
        has_conflict: (fit == Fit::Unfit && is_present)
            || (is_contradicted && matches!(says, "absent" | "alternative"))
            || (together.is_denied && together.is_seen)
            || is_both,
        alternative: decisive.and_then(|cover| cover.finding.alternative).or(together.alternative),
        version: decisive.and_then(|cover| cover.finding.version),
        last_at: decisive.map(|cover| cover.last_at),
        is_told: match says {
            "present" | "partial" => true,
            "alternative" | "absent" => !together.is_blind,
            _ => false,
        },
        decisive,
    }
}

impl<'a> Together<'a> {
    fn of(believed: &[Cover<'a>]) -> Self {
        let mut together = Self::default();
        for cover in believed {
            let is_detected = cover.finding.kind != "declared";
            together.is_seen |= is_detected && cover.finding.says == "present";
            together.is_blind |= cover.finding.says == "unreadable";
            together.has_detected |= is_detected && cover.finding.says != "unreadable";
            together.is_claimed |= !is_detected && cover.finding.says == "present";
            together.is_denied |= !is_detected && matches!(cover.finding.says, "absent" | "alternative");
            let is_replaced = cover.finding.says == "alternative" || cover.is_replaced;
            if is_detected && is_replaced {
                together.is_replaced = true;
                together.alternative = together.alternative.max(cover.finding.alternative).max(cover.alternative);
            }
        }
        together
    }
}

impl<'a> Cover<'a> {
    /// The smallest decides: what was detected before what was declared, and what could not be read last.
    fn order(&self) -> (u8, u8, u8, Reverse<Instant>, &'a str, &'a str) {
        let origin = match (self.finding.says, self.finding.kind) {
            ("unreadable", _) => 3,
            (_, "declared") => 2,
            _ => 1,
        };
        let strength = match self.finding.kind {
            "runtime" => 1,
            "lockfile" => 2,
            "config" => 3,
            _ => 4,
        };
        (origin, self.finding.weight(), strength, Reverse(self.observed_at), self.finding.detector, self.finding.repository)
    }
}

impl<'a> Moment<'a> {
    /// Whether the next moment goes on with the same spell.
    pub(super) fn says_the_same(&self, next: &Self) -> bool {
        self.word() == next.word()
    }

    /// What a spell keeps; no alternative and an empty one are the same word.
    fn word(&self) -> (Status, Fit, bool, &'a str, &'a str) {
        let alternative = self.alternative.unwrap_or_default();
        (self.status, self.fit, self.has_conflict, alternative, self.version.unwrap_or_default())
    }

    /// The spell that begins here, was last confirmed at the given instant and is first told by what was found at the
    /// other; what follows from earlier spells is still to be told.
    pub(super) fn spell(&self, confirmed_at: Option<Instant>, told_at: Option<Instant>) -> Spell<'a> {
        let is_unfit = self.fit == Fit::Unfit;
        Spell {
            status: self.status,
            known_status: None,
            valid_from: self.at,
            valid_to: None,
            fit: self.fit,
            fit_reasons: if is_unfit { self.fit_reasons.clone() } else { Vec::new() },
            eligible_since: None,
            evidence: self.decisive.map(|cover| (cover.finding, cover.observed_at)),
            confirmed_at,
            told_at,
            has_conflict: self.has_conflict,
            alternative: self.alternative,
            version: self.version,
            adopted_since: None,
            motive: None,
            is_left: false,
            left_at: None,
            is_prevalent: false,
        }
    }
}
