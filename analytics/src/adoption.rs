//! What is known of a service's use of a component, spell by spell.
//!
//! A pure walk along the instants at which something can change: a finding begins or is believed no
//! longer, a rule, an exemption or a description of the service begins or ends. Which statements are
//! findings, and which registers hold, is read in `facts/adopted.rs`.
//!
//! Evidence is believed until the next finding or until it expires; after that the status is unknown,
//! never off the path: an outage of a scanner is no change of mind. What was detected beats what was
//! declared, and where the two disagree, or where somebody uses what is not made for it, the conflict is
//! flagged. Old and new together are partial. Whether a service was alive at the time is left to
//! `service_activity`, so that a commit does not compute its adoption again.

mod covers;
mod fit;
mod history;
mod judged;

pub(crate) use covers::{Look, Told, held, put_in_order, told};
pub(crate) use fit::{FitRule, Mandate};

use covers::{Cover, covers};
use judged::{Moment, moments};
use std::collections::HashMap;
use waymark_event::Instant;

/// One finding, and where it stands among the statements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finding<'a> {
    pub(crate) detector: &'a str,
    /// Where it looked.
    pub(crate) repository: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) says: &'a str,
    pub(crate) alternative: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    pub(crate) rule_version: Option<i32>,
    pub(crate) observed_at: Instant,
    /// When the same was last told without a gap, where looks in between are left out.
    pub(crate) last_at: Instant,
    pub(crate) entity_id: &'a str,
    pub(crate) row: usize,
}

/// A service as it was described from an instant on.
#[derive(Clone, Debug)]
pub(crate) struct Description<'a> {
    pub(crate) valid_from: Instant,
    pub(crate) owner: Option<&'a str>,
    pub(crate) system: Option<&'a str>,
    /// Null where nobody said which it has.
    pub(crate) labels: Option<Vec<&'a str>>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) created_at: Option<Instant>,
}

/// What the organisation agreed about one component.
#[derive(Debug, Default)]
pub(crate) struct Agreed {
    pub(crate) component_id: String,
    pub(crate) category: Option<String>,
    pub(crate) released_at: Option<Instant>,
    pub(crate) fit_rules: Vec<FitRule>,
    pub(crate) mandates: Vec<Mandate>,
    pub(crate) releases: HashMap<String, Release>,
    /// Who sells what is used in its place.
    pub(crate) vendors: HashMap<String, Option<String>>,
    /// When exemptions of a service began and end.
    pub(crate) exemptions: HashMap<String, Vec<(Instant, Instant)>>,
}

/// The days of one version; null where nobody said them.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_field_names, reason = "instants end so")]
pub(crate) struct Release {
    pub(crate) released_at: Option<Instant>,
    pub(crate) deprecated_at: Option<Instant>,
    pub(crate) end_of_life_at: Option<Instant>,
}

/// How long what is believed, in seconds.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "units end names")]
pub(crate) struct Patience {
    /// A finding in files.
    pub(crate) static_seconds: i64,
    /// A finding at run time.
    pub(crate) runtime_seconds: i64,
    /// A scanner that has fallen silent is waited for so long.
    pub(crate) silence_seconds: i64,
    /// Who has used a component for so long leaves it when it is off the path.
    pub(crate) left_min_adopted_seconds: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Adopted,
    Partial,
    OffPath,
    Exempt,
    NotEligible,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Fits,
    Unfit,
    Unknown,
}

/// A time in which what is known stays the same.
#[derive(Debug)]
pub(crate) struct Spell<'a> {
    pub(crate) status: Status,
    /// What was last known; null before the first finding.
    pub(crate) known_status: Option<Status>,
    pub(crate) valid_from: Instant,
    pub(crate) valid_to: Option<Instant>,
    pub(crate) fit: Fit,
    pub(crate) fit_reasons: Vec<&'a str>,
    pub(crate) eligible_since: Option<Instant>,
    /// The finding by which it began, and the instant at which that was seen.
    pub(crate) evidence: Option<(Finding<'a>, Instant)>,
    /// When it was last seen so.
    pub(crate) confirmed_at: Option<Instant>,
    /// Since when what was found says so by itself; null where only a rule or an exemption does.
    pub(crate) told_at: Option<Instant>,
    pub(crate) has_conflict: bool,
    pub(crate) alternative: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    pub(crate) adopted_since: Option<Instant>,
    /// `mandate`, `default` or `voluntary`, while adopted.
    pub(crate) motive: Option<&'static str>,
    /// Whether it was adopted long enough to have meant it, and is no more.
    pub(crate) is_left: bool,
    pub(crate) left_at: Option<Instant>,
    /// Whether it was in use when tracking began.
    pub(crate) is_prevalent: bool,
}

/// The spells of one service and component, in order; the descriptions are in order of time, and so is what
/// each detector told.
pub(crate) fn spells<'a>(
    service: &str,
    descriptions: &'a [Description<'a>],
    agreed: &'a Agreed,
    told: &[Vec<Told<'a>>],
    patience: Patience,
) -> Vec<Spell<'a>> {
    let covers = covers(told, patience);
    let exemptions = agreed.exemptions.get(service).map_or(&[][..], Vec::as_slice);
    let instants = instants(descriptions, agreed, exemptions, &covers);
    let moments = moments(&instants, descriptions, agreed, exemptions, &covers);
    let mut spells = Vec::new();
    let mut described = Vec::new();
    for together in moments.chunk_by(Moment::says_the_same) {
        if let Some(first) = together.first() {
            described.push(first.description);
            let confirmed_at = together.iter().filter_map(|moment| moment.last_at).max();
            let told_at = together.iter().find(|moment| moment.is_told).map(|moment| moment.at);
            spells.push(first.spell(confirmed_at, told_at));
        }
    }
    history::remember(service, &mut spells, &described, agreed, patience);
    spells
}

/// The instants at which something can change.
fn instants(
    descriptions: &[Description<'_>],
    agreed: &Agreed,
    exemptions: &[(Instant, Instant)],
    covers: &[Vec<Cover<'_>>],
) -> Vec<Instant> {
    let mut instants: Vec<Instant> = covers.iter().flatten().flat_map(|cover| [cover.begins_at, cover.expires_at]).collect();
    instants.extend(exemptions.iter().flat_map(|(opened_at, expires_at)| [*opened_at, *expires_at]));
    instants.extend(agreed.fit_rules.iter().flat_map(|rule| [Some(rule.valid_from), rule.valid_to]).flatten());
    // Before the first finding nothing is known, and that too is a spell.
    instants.extend(descriptions.iter().map(|description| description.valid_from));
    instants.sort_unstable();
    instants.dedup();
    instants
}

impl Finding<'_> {
    /// The smaller, the more use it shows.
    fn weight(&self) -> u8 {
        match self.says {
            "present" => 1,
            "partial" => 2,
            "alternative" => 3,
            "absent" => 4,
            _ => 5,
        }
    }
}

impl Status {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Partial => "partial",
            Self::OffPath => "off_path",
            Self::Exempt => "exempt",
            Self::NotEligible => "not_eligible",
            Self::Unknown => "unknown",
        }
    }
}

impl Fit {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Unfit => "does_not_fit",
            Self::Unknown => "unknown",
        }
    }
}
