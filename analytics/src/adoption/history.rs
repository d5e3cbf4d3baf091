//! What each spell is after those before it: since when, whether by choice, and whether somebody left.

use super::{Agreed, Description, Fit, Patience, Spell, Status};
use waymark_event::Instant;

const DAY_SECONDS: i64 = 86_400;
/// What is adopted so soon after the creation of a service came with it: `default_adoption_window`.
const DEFAULT_ADOPTION_SECONDS: i64 = 7 * DAY_SECONDS;
/// Days are counted by the clock on the wall, and the one on which it changes may lack so much.
const CLOCK_CHANGE_SECONDS: i64 = 3_600;

/// One run of adopted spells, across changes of version and times in which nothing could be seen.
#[derive(Clone, Copy, Debug, Default)]
struct Adoption {
    joined_at: Option<Instant>,
    adopted_micros: i64,
    /// Whether it was off the path since.
    has_ended: bool,
}

/// Tells of each spell what follows from those before it; the descriptions are those of their beginnings.
pub(super) fn remember(
    service: &str,
    spells: &mut [Spell<'_>],
    descriptions: &[&Description<'_>],
    agreed: &Agreed,
    patience: Patience,
) {
    let mut next_at = None;
    for spell in spells.iter_mut().rev() {
        spell.valid_to = next_at.replace(spell.valid_from);
        spell.confirmed_at = spell.confirmed_at.map(|at| spell.valid_to.map_or(at, |end| at.min(end)));
    }
    // What a rule or an exemption says of a service holds before anybody has looked at it.
    let is_seen = |spell: &&Spell<'_>| spell.status != Status::Unknown && spell.evidence.is_some();
    let tracked_at = spells.iter().find(is_seen).map(|spell| spell.valid_from);
    let mut adoption = Adoption::default();
    let (mut known, mut fits_since, mut fit_before, mut left_at) = (None, None, None, None);
    for (spell, description) in spells.iter_mut().zip(descriptions) {
        if spell.status == Status::Adopted {
            if known != Some(Status::Adopted) {
                adoption = Adoption { joined_at: Some(spell.valid_from), ..Adoption::default() };
            }
            let micros = spell.valid_to.map_or(0, |end| end.micros() - spell.valid_from.micros());
            adoption.adopted_micros += micros;
        }
        if spell.fit == Fit::Fits && fit_before != Some(Fit::Fits) {
            fits_since = Some(spell.valid_from);
        }
        // A rule or an exemption ends no adoption while nobody can look: an outage moves nobody.
        let is_carried = known == Some(Status::Adopted) && spell.told_at.is_none();
        if spell.status != Status::Unknown && !is_carried {
            known = Some(spell.status);
        }
        fit_before = Some(spell.fit);
        spell.known_status = known;
        if spell.fit == Fit::Fits {
            let since = [fits_since, agreed.released_at, description.created_at].into_iter().flatten().max();
            spell.eligible_since = since.filter(|since| *since != Instant::from_seconds(0));
        }
        if spell.status == Status::OffPath {
            // A short trial after it had left changes nothing: it left when it last had meant it.
            if adoption.has_lasted(patience) && !std::mem::replace(&mut adoption.has_ended, true) {
                left_at = Some(spell.valid_from);
            }
            spell.is_left = left_at.is_some();
            spell.left_at = left_at;
        }
        if let (Status::Adopted, Some(joined_at)) = (spell.status, adoption.joined_at) {
            let is_default =
                description.created_at.is_some_and(|created| joined_at <= created.plus_seconds(DEFAULT_ADOPTION_SECONDS));
            let is_mandated = agreed.mandates.iter().any(|mandate| mandate.holds(service, description, joined_at));
            spell.adopted_since = Some(joined_at);
            spell.motive = Some(match (is_mandated, is_default) {
                (true, _) => "mandate",
                (false, true) => "default",
                (false, false) => "voluntary",
            });
            spell.is_prevalent = Some(joined_at) == tracked_at && !is_default;
        }
    }
}

impl Adoption {
    /// Whether it was used for long enough to have been meant.
    const fn has_lasted(&self, patience: Patience) -> bool {
        let seconds = self.adopted_micros / 1_000_000 + CLOCK_CHANGE_SECONDS;
        self.joined_at.is_some() && seconds >= patience.left_min_adopted_seconds
    }
}
