//! What changed clearly against the range before, in one sentence: delivery, adoption and satisfaction.
//!
//! What got worse is told first, so that no good news displaces it. The verdicts come from `analytics`.

use crate::document::Sentence;
use crate::input::ReportInput;
use crate::measures::{Measure, measure};
use crate::sections::voices::{self, Voice};
use crate::standing::Standing;
use crate::wording::{self, finding, finding::Tone};

/// More changes than this are told by number only.
const TOLD_MAX: usize = 6;

/// What can be compared of one side of the platform, and what of it changed clearly.
struct Side {
    name: &'static str,
    comparable: usize,
    clear: Vec<Sentence>,
}

/// The sentence, about some measures of delivery, every component and every score of the range.
pub(crate) fn changed(input: &ReportInput, standings: &[Standing<'_>], measures: &[(&'static str, &'static str)]) -> Sentence {
    let (now, before) = (&input.range.label, &input.range_before.label);
    let sides = [delivery(input, measures), adoption(standings), satisfaction(input)];
    let Some(compared) = compared(&sides) else {
        return Sentence::plain(format!("No claim about change: no measure has enough rows in {now} and in {before}."));
    };
    let mut clear: Vec<Sentence> = sides.into_iter().flat_map(|side| side.clear).collect();
    if clear.is_empty() {
        return Sentence::plain(format!("No clear change against {before} in {compared} that can be compared."));
    }
    clear.sort_by_key(|sentence| sentence.tone != Tone::Worse);
    let mut told: Vec<String> = clear.iter().take(TOLD_MAX).map(|sentence| sentence.text.clone()).collect();
    if clear.len() > TOLD_MAX {
        told.push(format!("and {} more, which stand below", clear.len() - TOLD_MAX));
    }
    let count = clear.len();
    let text = format!("Of {compared} that can be compared with {before}, {count} changed clearly: {}.", told.join("; "));
    let first = clear.first().map(|sentence| sentence.tone).unwrap_or_default();
    let is_one = clear.iter().all(|sentence| sentence.tone == first);
    Sentence { text, tone: if is_one { first } else { Tone::Neutral } }
}

/// How much can be compared: `7 measures of delivery, 9 of adoption and 10 of satisfaction`.
fn compared(sides: &[Side]) -> Option<String> {
    let known = sides.iter().filter(|side| side.comparable > 0).enumerate();
    let parts: Vec<String> = known
        .map(|(place, side)| {
            let count = i64::try_from(side.comparable).unwrap_or(i64::MAX);
            match place {
                0 => wording::counted(count, &format!("measure of {}", side.name)),
                _ => format!("{} of {}", wording::count(count), side.name),
            }
        })
        .collect();
    (!parts.is_empty()).then(|| wording::listed(&parts))
}

fn delivery(input: &ReportInput, measures: &[(&'static str, &'static str)]) -> Side {
    let found: Vec<Measure<'_>> =
        measures.iter().filter_map(|(id, statistic)| measure(input, id, statistic)).filter(Measure::is_comparable).collect();
    let told = |found: &Measure<'_>| Sentence {
        text: format!(
            "{} is {}{}, {}",
            wording::mid_sentence(&found.name()),
            found.value(),
            found.beside(),
            found.change_words()
        ),
        tone: found.tone(),
    };
    let clear = found.iter().filter(|found| found.is_clear()).map(told).collect();
    Side { name: "delivery", comparable: found.len(), clear }
}

fn adoption(standings: &[Standing<'_>]) -> Side {
    let mut side = Side { name: "adoption", comparable: 0, clear: Vec::new() };
    for standing in standings {
        let Some(since) = standing.since().filter(|since| finding::is_comparable(&since.change)) else { continue };
        side.comparable += 1;
        if finding::is_clear(&since.change) {
            let text = format!(
                "{} is used by {} eligible services, {} from {}",
                standing.info.title,
                standing.counts(),
                finding::verdict(since.change.verdict),
                since.from
            );
            side.clear.push(Sentence { text, tone: since.tone });
        }
    }
    side
}

/// Scores of waves that closed in the range: an older one is no news.
fn satisfaction(input: &ReportInput) -> Side {
    let is_new = |voice: &Voice<'_>| (input.range.first_day..input.range.end_day).contains(&voice.newest.closed_on);
    let mut side = Side { name: "satisfaction", comparable: 0, clear: Vec::new() };
    for voice in voices::subjects(input).iter().filter(|voice| is_new(voice)) {
        let Some((metric, change)) = voice.change().filter(|(_, change)| finding::is_comparable(change)) else { continue };
        side.comparable += 1;
        if finding::is_clear(&change) {
            let text = format!(
                "{} of {} is {} (n = {}), {}",
                wording::mid_sentence(metric.title),
                voice.newest.component.as_deref().map_or("the platform", |id| input.component_title(id)),
                voices::said(voice.newest),
                wording::count(voice.newest.answers.unwrap_or_default()),
                finding::change(metric, &change)
            );
            side.clear.push(Sentence { text, tone: finding::tone(metric, &change) });
        }
    }
    side
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invented::input;
    use crate::standing::standings;

    fn said(change: impl Fn(&mut ReportInput)) -> Sentence {
        let mut given = input();
        change(&mut given);
        let standings = standings(&given);
        changed(&given, &standings, &[("change_lead_time", "p50"), ("change_fail_rate", "share")])
    }

    #[test]
    fn bad_news_of_a_survey_stands_before_good_news_of_delivery_and_adoption() {
        let told = said(|_| {});
        // By hand: −40 ± √(21² + 21²) = −40 ± 29.7 points.
        let expected = "Of 2 measures of delivery, 4 of adoption and 1 of satisfaction that can be compared with the 90 days \
                        before, 5 changed clearly: net promoter score of Standard CI pipeline is +34 (n = 61), down from +74 \
                        (−40, 95 % interval −70 to −10); change lead time (median) is 1.8 d (n = 1,310), down from 2.5 d (−";
        assert!(told.text.starts_with(expected), "{}", told.text);
        assert!(told.text.contains("Standard CI pipeline is used by 46 of 60 eligible services, up from 31 of 60"));
        assert_eq!(told.tone, Tone::Neutral);
    }

    #[test]
    fn a_wave_from_before_the_range_is_no_news() {
        let told = said(|given| {
            for score in &mut given.scores {
                score.closed_on = given.range.first_day - chrono::Days::new(1);
            }
        });
        assert!(told.text.starts_with("Of 2 measures of delivery and 4 of adoption that"), "{}", told.text);
        assert!(!told.text.contains("net promoter score"), "{}", told.text);
    }

    #[test]
    fn without_anything_to_compare_nothing_is_claimed() {
        let told = said(|given| {
            given.series.clear();
            given.scores.clear();
        });
        assert_eq!(
            told.text,
            "No claim about change: no measure has enough rows in the last 90 days and in the 90 days before."
        );
    }
}
