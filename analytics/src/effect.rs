//! Whether adopting a component changed an outcome: an estimate behind gates, or a refusal in words.
//!
//! Pure: a study goes in, a verdict comes out. The estimator and its interval are in
//! `effect/estimate.rs`; what is studied is asked by `answers/effect_*.sql`. No gate is ever lowered,
//! and how stable the same services are stands beside every answer, because speed alone misleads.

mod estimate;

pub use estimate::{Difference, Estimate, estimate};

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Weeks before the adoption that are its base.
pub const BASE: std::ops::RangeInclusive<i32> = -12..=-7;
/// Weeks before the adoption in which nothing may have happened yet.
pub const PLACEBO: std::ops::RangeInclusive<i32> = -6..=-2;
/// Weeks after the adoption over which the effect is taken. The weeks between are migration work.
pub const AFTER: std::ops::RangeInclusive<i32> = 2..=12;
/// Adopting services, and services to compare them with, that a claim needs.
pub const SERVICES_MIN: usize = 8;
/// Changes of a service on each side of its adoption.
pub const CHANGES_MIN: u32 = 5;
/// Teams of adopters, and of services to compare them with: whole teams are drawn, and two tell no spread.
pub const TEAMS_MIN: usize = 3;

/// What one service did in one week.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Week {
    /// Mean of the logarithms of its durations in seconds, each at least a minute; null without any.
    pub mean_log: Option<f64>,
    /// Durations behind the mean.
    pub changes: u32,
    /// Mature production deployments.
    pub deployments: u32,
    /// How many of them failed.
    pub failures: u32,
}

/// One service of a study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    /// The team that owned it; resampled as a whole.
    pub team: String,
    /// Services are compared with those of the same lifecycle only.
    pub lifecycle: String,
    /// The week in which it adopted; null = not yet.
    pub adopted_week: Option<i32>,
    /// Whether another source tells its deployments since: then the instrument changed.
    pub is_measured_anew: bool,
    /// Weeks in which a mandate of the component was announced to it.
    pub mandate_weeks: Vec<i32>,
    /// Its weeks by number.
    pub weeks: BTreeMap<i32, Week>,
}

/// Everything about one component and one outcome.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Study {
    /// Services that are eligible; those that left again or adopted before tracking began are not here.
    pub subjects: Vec<Subject>,
}

/// Median durations in seconds before and after; null where nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Medians {
    /// Adopters before they adopted.
    pub adopters_before: Option<f64>,
    /// Adopters after they adopted.
    pub adopters_after: Option<f64>,
    /// Others before the middle adoption.
    pub others_before: Option<f64>,
    /// Others after it.
    pub others_after: Option<f64>,
}

/// Failed and all mature deployments of the adopters, before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stability {
    /// Failed deployments before.
    pub failed_before: u32,
    /// All mature deployments before.
    pub deployed_before: u32,
    /// Failed deployments after.
    pub failed_after: u32,
    /// All mature deployments after.
    pub deployed_after: u32,
}

/// One reason against a claim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gate {
    /// Too few services adopted, or too few of them have enough changes.
    Adopters {
        /// Those that have.
        counted: usize,
        /// All that adopted.
        of: usize,
    },
    /// Too few eligible services had not adopted yet, or too few of them have enough changes.
    Controls {
        /// Those that have.
        counted: usize,
        /// All that had not adopted yet.
        of: usize,
    },
    /// They lie in too few teams.
    Teams {
        /// Teams of adopters.
        adopters: usize,
        /// Teams of those that they are compared with.
        controls: usize,
    },
    /// They differed before anything had happened.
    Placebo {
        /// The difference, as a share.
        share: f64,
    },
    /// Whether they differed before cannot be said.
    NoPlacebo,
    /// Deployments are told by another source since.
    Instrument(usize),
    /// A mandate pushed some of those that were compared with.
    Mandate,
}

/// What may be said.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The estimate, when every gate is passed.
    pub estimate: Option<Estimate>,
    /// Every gate that was not passed.
    pub failed_gates: Vec<Gate>,
    /// Adopters with enough changes on both sides.
    pub adopters: usize,
    /// Services that they were compared with.
    pub controls: usize,
    /// Medians, which claim nothing.
    pub medians: Medians,
    /// How stable the adopters are, always beside speed.
    pub stability: Stability,
}

impl Gate {
    /// Why nothing is claimed; `measured` is what the durations are of, such as `changes`.
    pub fn said(&self, measured: &str) -> String {
        match self {
            Self::Adopters { counted, of } if counted == of => {
                format!("only {of} services adopted in this period ({SERVICES_MIN} needed)")
            }
            Self::Adopters { counted, of } => format!(
                "only {counted} of {of} services that adopted in this period have {CHANGES_MIN} {measured} on both sides \
                 ({SERVICES_MIN} needed)"
            ),
            Self::Controls { counted, of } if counted == of => {
                format!("only {of} eligible services had not adopted yet ({SERVICES_MIN} needed)")
            }
            Self::Controls { counted, of } => format!(
                "only {counted} of {of} eligible services that had not adopted yet have {CHANGES_MIN} {measured} on both sides \
                 ({SERVICES_MIN} needed)"
            ),
            Self::Teams { adopters, controls } => format!(
                "adopters lie in {adopters} {} and the others in {controls} ({TEAMS_MIN} of each needed)",
                if *adopters == 1 { "team" } else { "teams" }
            ),
            Self::Placebo { share } => format!("adopters already differed by {:.0} % before they adopted", share * 100.0),
            Self::NoPlacebo => format!(
                "whether adopters differed before they adopted cannot be said, because of too few {measured} in weeks {} to {} \
                 before",
                PLACEBO.start().abs(),
                PLACEBO.end().abs()
            ),
            Self::Instrument(count) => format!("the deployments of {count} adopters are told by another source since"),
            Self::Mandate => "a mandate was announced meanwhile to services that adopters are compared with".to_owned(),
        }
    }
}

/// What may be said about a study. `question` seeds the resampling: the same question has the same
/// answer.
pub fn effect(study: &Study, question: &str) -> Effect {
    let counted = study.counted();
    let measured = estimate(&counted.study, seed(question));
    let mut failed_gates = Vec::new();
    if counted.adopters < SERVICES_MIN {
        failed_gates.push(Gate::Adopters { counted: counted.adopters, of: study.adopters().count() });
    }
    if counted.controls < SERVICES_MIN {
        failed_gates.push(Gate::Controls { counted: counted.controls, of: counted.others });
    }
    if failed_gates.is_empty() && counted.teams.iter().any(|teams| teams.len() < TEAMS_MIN) {
        let [adopters, controls] = counted.teams.each_ref().map(BTreeSet::len);
        failed_gates.push(Gate::Teams { adopters, controls });
    }
    match measured.as_ref().map(|found| found.placebo) {
        Some(None) => failed_gates.push(Gate::NoPlacebo),
        Some(Some(placebo)) if placebo.low > 0.0 || placebo.high < 0.0 => {
            failed_gates.push(Gate::Placebo { share: placebo.value.exp_m1() });
        }
        _ => {}
    }
    let measured_anew = counted.study.adopters().filter(|(subject, _)| subject.is_measured_anew).count();
    if measured_anew > 0 {
        failed_gates.push(Gate::Instrument(measured_anew));
    }
    if counted.has_mandate_wave() {
        failed_gates.push(Gate::Mandate);
    }
    let estimate = measured.filter(|_| failed_gates.is_empty());
    // Beside a claim stands how stable those are of whom it speaks; beside a refusal whatever is known.
    let stability = if estimate.is_some() { counted.study.stability() } else { study.stability() };
    Effect {
        estimate,
        failed_gates,
        adopters: counted.adopters,
        controls: counted.controls,
        medians: study.medians(),
        stability,
    }
}

/// The first 8 bytes of the question's SHA-256.
fn seed(question: &str) -> u64 {
    Sha256::digest(question).iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A study without those who have too few changes to say anything. Who has too few around its own adoption, but enough
/// around an earlier one, is compared with until just before its own.
struct Counted {
    study: Study,
    adopters: usize,
    controls: usize,
    /// All that could be compared with, had they enough changes.
    others: usize,
    /// Teams of adopters, and of those that they are compared with.
    teams: [BTreeSet<String>; 2],
    /// Weeks in which a mandate was announced to somebody while it was compared with.
    mandate_weeks: Vec<i32>,
}

impl Counted {
    /// Whether one of these weeks lies between the first base and the last week that is compared.
    fn has_mandate_wave(&self) -> bool {
        let adopted = || self.study.adopters().map(|(_, week)| week);
        let Some((first, last)) = adopted().min().zip(adopted().max()) else { return false };
        self.mandate_weeks.iter().any(|week| *week >= first + BASE.start() && *week <= last + AFTER.end())
    }
}

impl Study {
    fn counted(&self) -> Counted {
        let adoptions: Vec<i32> = self.adopters().map(|(_, week)| week).collect();
        let mut counted = Counted {
            study: Self::default(),
            adopters: 0,
            controls: 0,
            others: 0,
            teams: <[_; 2]>::default(),
            mandate_weeks: Vec::new(),
        };
        for subject in &self.subjects {
            let is_adopter = subject.adopted_week.is_some_and(|week| subject.has_changes_around(week));
            let is_later = |week: &i32| subject.adopted_week.is_none_or(|own| own > week + AFTER.end() + 1);
            let is_control = adoptions.iter().any(|week| is_later(week) && subject.has_changes_around(*week));
            counted.others += usize::from(subject.adopted_week.is_none() || adoptions.iter().any(is_later));
            counted.adopters += usize::from(is_adopter);
            counted.controls += usize::from(is_control);
            for (teams, is_one) in counted.teams.iter_mut().zip([is_adopter, is_control]) {
                if is_one {
                    teams.insert(subject.team.clone());
                }
            }
            if is_control {
                let is_compared = |week: &&i32| subject.adopted_week.is_none_or(|own| **week < own);
                counted.mandate_weeks.extend(subject.mandate_weeks.iter().filter(is_compared));
            }
            if is_adopter {
                counted.study.subjects.push(subject.clone());
            } else if is_control {
                let mut subject = subject.clone();
                if let Some(adopted) = subject.adopted_week.take() {
                    subject.weeks.retain(|week, _| adopted > week + 1);
                }
                counted.study.subjects.push(subject);
            }
        }
        counted
    }

    /// Those that adopted, with the week in which they did.
    fn adopters(&self) -> impl Iterator<Item = (&Subject, i32)> {
        self.subjects.iter().filter_map(|subject| Some((subject, subject.adopted_week?)))
    }

    fn medians(&self) -> Medians {
        let mut adoptions: Vec<i32> = self.adopters().map(|(_, week)| week).collect();
        adoptions.sort_unstable();
        let middle = adoptions.get(adoptions.len() / 2).copied();
        let side = |is_adopter: bool, weeks: std::ops::RangeInclusive<i32>| {
            let mut seconds = Vec::new();
            for subject in self.subjects.iter().filter(|subject| subject.adopted_week.is_some() == is_adopter) {
                let Some(around) = subject.adopted_week.or(middle) else { continue };
                let told = subject.weeks.range(around + weeks.start()..=around + weeks.end());
                seconds.extend(told.filter_map(|(_, week)| week.mean_log).map(f64::exp));
            }
            median(seconds)
        };
        let before = *BASE.start()..=*PLACEBO.end();
        Medians {
            adopters_before: side(true, before.clone()),
            adopters_after: side(true, AFTER),
            others_before: side(false, before),
            others_after: side(false, AFTER),
        }
    }

    fn stability(&self) -> Stability {
        let mut sum = Stability::default();
        for (subject, adopted) in self.adopters() {
            for (number, week) in &subject.weeks {
                let event = number - adopted;
                if (*BASE.start()..=*PLACEBO.end()).contains(&event) {
                    sum.failed_before += week.failures;
                    sum.deployed_before += week.deployments;
                } else if AFTER.contains(&event) {
                    sum.failed_after += week.failures;
                    sum.deployed_after += week.deployments;
                }
            }
        }
        sum
    }
}

impl Subject {
    fn has_changes_around(&self, adopted: i32) -> bool {
        let changes = |first: i32, last: i32| -> u32 {
            self.weeks.range(adopted + first..=adopted + last).map(|(_, week)| week.changes).sum()
        };
        changes(*BASE.start(), *PLACEBO.end()) >= CHANGES_MIN && changes(*AFTER.start(), *AFTER.end()) >= CHANGES_MIN
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(lower.midpoint(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(team: &str, adopted_week: Option<i32>, before: f64, after: f64) -> Subject {
        let told = |hours: f64| Week { mean_log: Some((hours * 3_600.0).ln()), changes: 5, ..Week::default() };
        let weeks = BTreeMap::from([(0, told(before)), (12, told(after))]);
        Subject { team: team.to_owned(), adopted_week, weeks, ..Subject::default() }
    }

    /// Golden: treated 40, 36, 50 h → 20, 22, 24 h; control 44, 38, 41 h → 40, 39, 36 h.
    fn two_by_two() -> Study {
        let treated = [(40.0, 20.0), (36.0, 22.0), (50.0, 24.0)];
        let control = [(44.0, 40.0), (38.0, 39.0), (41.0, 36.0)];
        let mut subjects: Vec<Subject> =
            treated.iter().map(|(before, after)| subject("a", Some(10), *before, *after)).collect();
        subjects.extend(control.iter().map(|(before, after)| subject("b", None, *before, *after)));
        Study { subjects }
    }

    #[test]
    fn two_groups_and_two_times_give_the_golden_difference() {
        let found = estimate(&two_by_two(), 1).unwrap();
        assert!((found.log_effect - -0.573_402).abs() < 1e-6, "{found:?}");
        assert!((found.share() - -0.4364).abs() < 5e-5);
    }

    #[test]
    fn with_three_services_nothing_is_claimed_and_every_gate_is_named() {
        let found = effect(&two_by_two(), "question");
        assert_eq!(found.estimate, None);
        let words: Vec<String> = found.failed_gates.iter().map(|gate| gate.said("changes")).collect();
        assert_eq!(
            words,
            [
                "only 3 services adopted in this period (8 needed)",
                "only 3 eligible services had not adopted yet (8 needed)",
                "whether adopters differed before they adopted cannot be said, because of too few changes in weeks 6 to 2 before",
            ]
        );
        let hours = |seconds: Option<f64>| (seconds.unwrap() / 360.0).round() / 10.0;
        assert_eq!((hours(found.medians.adopters_before), hours(found.medians.adopters_after)), (40.0, 22.0));
        assert_eq!((hours(found.medians.others_before), hours(found.medians.others_after)), (41.0, 39.0));
    }

    #[test]
    fn a_new_instrument_or_a_mandate_is_a_gate() {
        let mut study = two_by_two();
        study.subjects[0].is_measured_anew = true;
        // The fourth is one of those that are compared with.
        study.subjects[3].mandate_weeks = vec![9];
        let gates = effect(&study, "question").failed_gates;
        assert!(gates.contains(&Gate::Instrument(1)) && gates.contains(&Gate::Mandate), "{gates:?}");
        study.subjects[3].mandate_weeks = vec![-40];
        assert!(!effect(&study, "question").failed_gates.contains(&Gate::Mandate));
        study.subjects[0].mandate_weeks = vec![9];
        assert!(!effect(&study, "question").failed_gates.contains(&Gate::Mandate), "it concerns adopters only");
        assert_eq!(
            Gate::Mandate.said("changes"),
            "a mandate was announced meanwhile to services that adopters are compared with"
        );
    }

    #[test]
    fn a_mandate_counts_until_its_service_adopts() {
        let mut study = two_by_two();
        // It adopts in week 30, is compared with until then, and the last week that is compared is 42.
        let mut late = subject("b", Some(30), 41.0, 39.0);
        late.weeks.extend([(18, late.weeks[&0]), (42, late.weeks[&12])]);
        for (week, is_a_wave) in [(29, true), (31, false)] {
            late.mandate_weeks = vec![week];
            study.subjects.truncate(6);
            study.subjects.push(late.clone());
            assert_eq!(effect(&study, "question").failed_gates.contains(&Gate::Mandate), is_a_wave, "{week}");
        }
    }

    #[test]
    fn a_gate_counts_what_is_measured() {
        let gate = Gate::Adopters { counted: 3, of: 12 };
        assert_eq!(
            gate.said("pipeline runs"),
            "only 3 of 12 services that adopted in this period have 5 pipeline runs on both sides (8 needed)"
        );
        assert!(Gate::NoPlacebo.said("pipeline runs").contains("because of too few pipeline runs in weeks 6 to 2 before"));
    }

    #[test]
    fn a_gate_says_how_many_there_were_and_how_many_have_changes() {
        let mut study = two_by_two();
        study.subjects.extend((0..9).map(|_| Subject { adopted_week: Some(10), ..Subject::default() }));
        study.subjects.extend((0..4).map(|_| Subject::default()));
        let words: Vec<String> = effect(&study, "question").failed_gates.iter().map(|gate| gate.said("changes")).collect();
        assert_eq!(words[0], "only 3 of 12 services that adopted in this period have 5 changes on both sides (8 needed)");
        assert_eq!(words[1], "only 3 of 7 eligible services that had not adopted yet have 5 changes on both sides (8 needed)");
    }

    #[test]
    fn two_teams_tell_no_spread() {
        let told = |hours: f64| Week { mean_log: Some((hours * 3_600.0).ln()), changes: 5, ..Week::default() };
        let of = |team: &str, adopted_week| {
            let weeks = BTreeMap::from([(0, told(40.0)), (6, told(40.0)), (12, told(20.0))]);
            Subject { team: team.to_owned(), adopted_week, weeks, ..Subject::default() }
        };
        let mut study = Study::default();
        study.subjects.extend((0..8).flat_map(|_| [of("a", Some(10)), of("b", None)]));
        let found = effect(&study, "question");
        assert_eq!((found.estimate, found.failed_gates), (None, vec![Gate::Teams { adopters: 1, controls: 1 }]));
        study.subjects.extend(["c", "d"].iter().flat_map(|team| [of(team, Some(10)), of(team, None)]));
        assert_eq!(effect(&study, "question").failed_gates, []);
    }

    #[test]
    fn gates_speak_of_the_services_that_are_counted() {
        let mut study = two_by_two();
        let silent = Subject { is_measured_anew: true, adopted_week: Some(10), ..Subject::default() };
        study.subjects.push(silent);
        let found = effect(&study, "question");
        assert_eq!(found.adopters, 3);
        assert!(!found.failed_gates.iter().any(|gate| matches!(gate, Gate::Instrument(_))), "{:?}", found.failed_gates);
    }

    #[test]
    fn who_adopts_later_with_too_few_changes_is_only_compared_with() {
        let mut study = two_by_two();
        let alone = estimate(&study.counted().study, 1).unwrap();
        // It adopts in week 30, after which it is ten times as slow, in a single change.
        let mut late = subject("b", Some(30), 41.0, 39.0);
        late.weeks.insert(42, Week { mean_log: Some(1e6_f64.ln()), changes: 1, ..Week::default() });
        let before = late.weeks.range(..29).map(|(week, told)| (*week, *told)).collect();
        study.subjects.push(late.clone());
        let counted = study.counted();
        assert_eq!((counted.adopters, counted.controls), (3, 4));
        assert_eq!(counted.study.subjects.last(), Some(&Subject { adopted_week: None, weeks: before, ..late }));
        assert_eq!(estimate(&counted.study, 1).unwrap().curve.len(), alone.curve.len());
    }
}
