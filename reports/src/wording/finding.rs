//! The words for a change: one pattern per verdict, nothing said below the noise.

use crate::wording;
use waymark_analytics::{Better, Change, Metric, Verdict};

/// What a change means for the reader, by the catalogue's `better`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It moved the way that is better.
    Better,
    /// It moved the way that is worse.
    Worse,
    /// It did not move, or neither way is better.
    #[default]
    Neutral,
}

/// What a change means for the reader.
pub fn tone(metric: &Metric, change: &Change) -> Tone {
    match (change.verdict, metric.better) {
        (Verdict::Up, Better::Higher) | (Verdict::Down, Better::Lower) => Tone::Better,
        (Verdict::Up, Better::Lower) | (Verdict::Down, Better::Higher) => Tone::Worse,
        _ => Tone::Neutral,
    }
}

/// The verdict alone: `up`, `down`, `no clear change`.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Up => "up",
        Verdict::Down => "down",
        Verdict::NoClearChange => "no clear change",
        Verdict::MeasurementChanged => "not compared, coverage differs",
        Verdict::TooFew => "too few to compare",
    }
}

/// A sign for the verdict, for places without room; the words stand beside it for those who read.
pub fn arrow(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Up => "↑",
        Verdict::Down => "↓",
        Verdict::NoClearChange => "→",
        Verdict::MeasurementChanged => "≠",
        Verdict::TooFew => "·",
    }
}

/// The verdict with where the value came from: `down from 2.4 d`, `no clear change from 75 %`.
pub fn change(metric: &Metric, change: &Change) -> String {
    let words = verdict(change.verdict);
    match (change.verdict, change.before) {
        (Verdict::Up | Verdict::Down | Verdict::NoClearChange, Some(before)) => {
            format!("{words} from {}", before_in_the_unit_of_after(metric, before, change.after))
        }
        _ => words.to_owned(),
    }
}

/// The finding as a chart's title: `Change lead time fell from 1.9 d to 23 h`.
pub fn title(metric: &Metric, change: &Change) -> String {
    let verb = match change.verdict {
        Verdict::Up => "rose",
        Verdict::Down => "fell",
        other => return format!("{}: {}", metric.title, verdict(other)),
    };
    match (change.before, change.after) {
        (Some(before), Some(after)) => {
            let from = before_in_the_unit_of_after(metric, before, Some(after));
            let to = wording::together(metric.unit, &[before, after]).pop().unwrap_or_default();
            format!("{} {verb} from {from} to {to}", metric.title)
        }
        _ => format!("{}: {}", metric.title, verdict(change.verdict)),
    }
}

fn before_in_the_unit_of_after(metric: &Metric, before: f64, after: Option<f64>) -> String {
    let pair = [before, after.unwrap_or(before)];
    wording::together_short(metric.unit, &pair).into_iter().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_analytics::find;

    fn moved(verdict: Verdict, before: f64, after: f64) -> Change {
        Change { verdict, before: Some(before), after: Some(after), difference: None, low: None, high: None }
    }

    #[test]
    fn a_finding_says_from_and_to_in_one_unit() {
        let lead_time = find("change_lead_time").unwrap();
        let fell = moved(Verdict::Down, 165_600.0, 82_800.0);
        assert_eq!(title(lead_time, &fell), "Change lead time fell from 1.9 d to 0.96 d");
        assert_eq!(tone(lead_time, &fell), Tone::Better);
        let rate = find("deployment_frequency").unwrap();
        let rose = moved(Verdict::Up, 2.1, 3.2);
        assert_eq!(title(rate, &rose), "Deployment frequency rose from 2.1 to 3.2 per service and week");
        assert_eq!(change(rate, &rose), "up from 2.1");
    }

    #[test]
    fn nothing_is_narrated_below_the_noise() {
        let lead_time = find("change_lead_time").unwrap();
        let still = moved(Verdict::NoClearChange, 7_200.0, 7_100.0);
        assert_eq!(title(lead_time, &still), "Change lead time: no clear change");
        assert_eq!(change(lead_time, &still), "no clear change from 2 h");
        assert_eq!(tone(lead_time, &still), Tone::Neutral);
    }
}
