//! From what was seen to a finding: present, in part, something else, nothing, or not to be told.
//!
//! What cannot be read is never taken for absence: that would look like leaving the paved road.

use super::look::{Look, Seen};
use super::scanner::LensSet;
use super::uses::Calls;
use std::rc::Rc;
use waymark_event::Finding;

/// A place that fits a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) path: String,
    /// The line, from 1; none when the file counts because it is there.
    pub(super) line: Option<usize>,
    pub(super) version: Option<String>,
}

/// What one condition saw in all files.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    /// The places that fit.
    strong: Vec<Hit>,
    /// The places that fit where nothing is delivered.
    weak: Vec<Hit>,
    is_unreadable: bool,
}

/// What a rule comes to: the finding, another tool, and the lens and place that decided.
pub(super) struct Verdict<'s> {
    pub(super) finding: Finding,
    pub(super) alternative: Option<String>,
    pub(super) sight: Option<(usize, &'s Hit)>,
}

impl Sight {
    pub(super) fn add(&mut self, path: &str, look: &Look) {
        self.is_unreadable |= look.is_unreadable;
        let Some(Seen { line, version, is_weak }) = look.seen.clone() else { return };
        let hit = Hit { path: path.to_owned(), line, version };
        if is_weak { self.weak.push(hit) } else { self.strong.push(hit) }
    }

    /// Adds the calls of a workflow; what only others can call is reached through them alone.
    pub(super) fn add_calls(
        &mut self,
        path: &str,
        calls: Option<&Option<Rc<Calls>>>,
        reaches: impl Fn(&str) -> Option<Option<String>>,
    ) {
        let Some(calls) = calls else { return };
        let Some(calls) = calls else {
            self.is_unreadable = true;
            return;
        };
        if calls.is_only_callable {
            return;
        }
        let hits = calls.calls.iter().filter_map(|call| {
            let version = reaches(&call.target)?;
            Some(Hit { path: path.to_owned(), line: Some(call.line), version })
        });
        if calls.is_weak { self.weak.extend(hits) } else { self.strong.extend(hits) }
    }

    /// Whether something was seen at a place, or anywhere in a file that counts because it is there.
    fn is_at(&self, place: &Hit) -> bool {
        let is_there = |hit: &Hit| hit.path == place.path && (place.line.is_none() || hit.line == place.line);
        self.strong.iter().chain(&self.weak).any(is_there)
    }
}

/// Weighs what was seen; nothing when the component itself was not looked for and nothing else was found.
pub(super) fn judge<'s>(
    present: &LensSet,
    partial: &LensSet,
    alternatives: &[(String, Vec<usize>)],
    sights: &'s [Sight],
) -> Option<Verdict<'s>> {
    let strong = |lens: usize| sights[lens].strong.first().map(|hit| (lens, hit));
    let weak = |lens: usize| sights[lens].weak.first().map(|hit| (lens, hit));
    let first = |lenses: &[usize]| lenses.iter().find_map(|lens| strong(*lens));
    let each = present.all.iter().map(|lens| strong(*lens)).collect::<Option<Vec<_>>>();
    let whole = first(&present.any).or_else(|| each.and_then(|hits| hits.first().copied()));
    let in_part = first(&present.all)
        .or_else(|| present.any.iter().chain(&present.all).find_map(|lens| weak(*lens)))
        .or_else(|| partial.any.iter().chain(&partial.all).find_map(|lens| strong(*lens).or_else(|| weak(*lens))));
    // A broad pattern of another tool does not take away what the component's own pattern fits.
    // A file that is there speaks for another tool only when the component does not stand in it.
    let is_seen = |set: &LensSet, hit: &Hit| set.any.iter().chain(&set.all).any(|lens| sights[*lens].is_at(hit));
    let is_own = |hit: &Hit| is_seen(present, hit) || hit.line.is_none() && is_seen(partial, hit);
    let other = alternatives.iter().find_map(|(name, lenses)| {
        let mut hits =
            lenses.iter().flat_map(|lens| sights[*lens].strong.iter().chain(&sights[*lens].weak).map(move |hit| (*lens, hit)));
        let hit = hits.find(|(_, hit)| !is_own(hit))?;
        Some((name.clone(), hit))
    });
    let is_unreadable = present.any.iter().chain(&present.all).any(|lens| sights[*lens].is_unreadable);
    let is_looked_for = [present, partial].iter().any(|set| !set.any.is_empty() || !set.all.is_empty());
    Some(match (whole, in_part, other) {
        (Some(sight), _, None) => Verdict { finding: Finding::Present, alternative: None, sight: Some(sight) },
        // Old and new side by side: the way is begun, not finished.
        (Some(sight), _, Some((name, _))) | (None, Some(sight), Some((name, _))) => {
            Verdict { finding: Finding::Partial, alternative: Some(name), sight: Some(sight) }
        }
        (None, Some(sight), None) => Verdict { finding: Finding::Partial, alternative: None, sight: Some(sight) },
        (None, None, _) if is_unreadable => Verdict { finding: Finding::Unreadable, alternative: None, sight: None },
        (None, None, Some((name, sight))) => {
            Verdict { finding: Finding::Alternative, alternative: Some(name), sight: Some(sight) }
        }
        // A scan that looked for nothing says nothing.
        (None, None, None) if !is_looked_for => return None,
        (None, None, None) => Verdict { finding: Finding::Absent, alternative: None, sight: None },
    })
}
