//! Whether a component made its adopters faster, and how stable they are: studies from fixed answers,
//! verdicts of `analytics`, words.

use super::board::{COMPONENT, described};
use super::told::{Row, Told};
use crate::problem::Problem;
use chrono_tz::Tz;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use waymark_analytics::change::counted_share;
use waymark_analytics::effect::{Effect, Estimate, Stability, Study, Subject, Week, effect};
use waymark_analytics::{
    Answer, Cell, Definitions, EFFECT_ADOPTIONS, EFFECT_CI_DURATIONS, EFFECT_LEAD_TIMES, EFFECT_STABILITY, Engine, Grain, Unit,
    Window, change, find, local_date, local_midnight,
};
use waymark_event::Instant;
use waymark_reports::wording::{self, finding};

/// How far back an effect is looked for, in weeks: two years.
const WEEKS: u64 = 104;
/// What has to be known beside every estimate.
const CAVEATS: &str = "Good teams adopt first, and teams adopt after a bad time; other initiatives, shared runners, a changed \
                       size of changes and a new way of recording deployments are not told apart from the component.";

/// What may be said about one outcome of a component.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EffectSaid {
    /// `change_lead_time` or `ci_duration`.
    pub outcome: &'static str,
    /// Whether an effect is claimed: every gate was passed.
    pub is_claimed: bool,
    /// The effect as a share of the duration, negative is faster; null without a claim.
    pub share: Option<f64>,
    /// Lower limit (95 %).
    pub low: Option<f64>,
    /// Upper limit (95 %).
    pub high: Option<f64>,
    /// Services that adopted and have enough changes on both sides.
    pub adopters: usize,
    /// Eligible services that had not adopted yet.
    pub controls: usize,
    /// Every gate that was not passed.
    pub failed_gates: Vec<String>,
    /// The answer, or the refusal with the medians that claim nothing.
    pub sentence: String,
    /// How stable the adopters are; it always stands beside the speed.
    pub stability: String,
    /// What has to be known with it.
    pub caveats: &'static str,
}

/// What may be said about change lead time and the duration of pipeline runs.
///
/// # Errors
/// `no-such-component`, or when the studies cannot be asked for.
pub async fn effects(engine: &Engine, component: &str) -> Result<Vec<EffectSaid>, Problem> {
    described(engine.definitions(), component)?;
    let engine = &engine.pinned().await?;
    let opened = engine.newest().await?;
    let zone = engine.definitions().zone();
    let end = Grain::Week.floor(local_date(opened.as_of(), zone));
    let weeks = Window::between(Grain::Week, end - chrono::Days::new(7 * WEEKS), end, zone);
    let adoptions = Told::of(&engine.answer(EFFECT_ADOPTIONS.only(COMPONENT, component), &weeks).await?);
    let stability = Told::of(&engine.answer(&EFFECT_STABILITY, &weeks).await?);
    let mut said = Vec::new();
    for (outcome, answer) in OUTCOMES {
        let durations = Told::of(&engine.answer(*answer, &weeks).await?);
        let study = study(engine, component, &weeks, [&adoptions, &durations, &stability]);
        let question = format!("{outcome}|effect|component|{component}|{}|{}|default|1", weeks_start(&weeks), end);
        // Two thousand resamples would hold up whoever else is answered by this thread.
        let found = tokio::task::spawn_blocking(move || effect(&study, &question)).await;
        let found = found.map_err(|error| Problem::not_drawn(&error))?;
        said.push(EffectSaid::of(outcome, &found));
    }
    Ok(said)
}

const OUTCOMES: &[(&str, &Answer)] = &[("change_lead_time", &EFFECT_LEAD_TIMES), ("ci_duration", &EFFECT_CI_DURATIONS)];

fn weeks_start(weeks: &Window) -> String {
    weeks.periods.first().map(|period| period.first_day.to_string()).unwrap_or_default()
}

fn study(engine: &Engine, component: &str, weeks: &Window, [adoptions, durations, stability]: [&Told; 3]) -> Study {
    let number = |instant: Instant| -> Option<i32> {
        let place = weeks.periods.iter().position(|period| instant >= period.start && instant < period.end)?;
        i32::try_from(place).ok()
    };
    let mut told: BTreeMap<String, BTreeMap<i32, Week>> = BTreeMap::new();
    for row in durations.rows() {
        let (Some(service), Some(week)) = (row.text("service"), row.instant("week_start").and_then(number)) else { continue };
        let week = told.entry(service).or_default().entry(week).or_default();
        week.mean_log = row.number("mean_log");
        week.changes = u32::try_from(row.count("measurements")).unwrap_or(0);
    }
    for row in stability.rows() {
        let (Some(service), Some(week)) = (row.text("service"), row.instant("week_start").and_then(number)) else { continue };
        let week = told.entry(service).or_default().entry(week).or_default();
        week.deployments = u32::try_from(row.count("deployments")).unwrap_or(0);
        week.failures = u32::try_from(row.count("failures")).unwrap_or(0);
    }
    let zone = weeks.zone;
    let subjects = adoptions.rows().filter_map(|row| {
        let service = row.text("service")?;
        let adopted = row.instant("adopted_at");
        let adopted_week = adopted.and_then(number);
        // Who adopted before the first week has no before here.
        if adopted.is_some() && adopted_week.is_none() {
            return None;
        }
        let weeks = told.get(&service).cloned().unwrap_or_default();
        let announced = announced(engine.definitions(), component, &row, zone);
        let mandate_weeks = announced.into_iter().filter_map(number).collect();
        let team = row.text("team").unwrap_or(service);
        let lifecycle = row.text("lifecycle").unwrap_or_default();
        Some(Subject { team, lifecycle, adopted_week, is_measured_anew: row.is("is_measured_anew"), mandate_weeks, weeks })
    });
    Study { subjects: subjects.collect() }
}

/// When a mandate of a component was announced to a service.
fn announced(definitions: &Definitions, component: &str, row: &Row<'_>, zone: Tz) -> Vec<Instant> {
    let (service, team, system) = (row.text("service").unwrap_or_default(), row.text("team"), row.text("system"));
    let labels = row.text("labels").unwrap_or_default();
    let tags: Vec<&str> = labels.split(',').collect();
    let mandates = definitions.mandates.iter().filter(|mandate| {
        mandate.component == component && mandate.scope.covers(&service, team.as_deref(), system.as_deref(), &tags)
    });
    mandates.map(|mandate| local_midnight(mandate.announced_on, zone)).collect()
}

impl EffectSaid {
    fn of(outcome: &'static str, found: &Effect) -> Self {
        let measured = if outcome == "ci_duration" { "pipeline runs" } else { "changes" };
        let gates: Vec<String> = found.failed_gates.iter().map(|gate| gate.said(measured)).collect();
        let sentence = match &found.estimate {
            Some(estimate) => claim(outcome, found, estimate),
            None => refusal(found, &gates),
        };
        let limits = found.estimate.as_ref().map(Estimate::share_limits);
        Self {
            outcome,
            is_claimed: found.estimate.is_some(),
            share: found.estimate.as_ref().map(Estimate::share),
            low: limits.map(|(low, _)| low),
            high: limits.map(|(_, high)| high),
            adopters: found.adopters,
            controls: found.controls,
            failed_gates: gates,
            sentence,
            stability: stability(found.stability),
            caveats: CAVEATS,
        }
    }
}

fn claim(outcome: &str, found: &Effect, estimate: &Estimate) -> String {
    let (low, high) = estimate.share_limits();
    let what = if outcome == "ci_duration" { "Pipeline runs" } else { "Changes" };
    let verdict = if high < 0.0 {
        "are faster"
    } else if low > 0.0 {
        "are slower"
    } else {
        "show no detectable difference"
    };
    format!(
        "{what} of adopters {verdict}: {:+.0} % (95 % {:+.0} to {:+.0} %) two to twelve weeks after adoption, against eligible \
         services that had not adopted yet ({} adopters, {} others).",
        estimate.share() * 100.0,
        low * 100.0,
        high * 100.0,
        found.adopters,
        found.controls,
    )
    .replace('-', "−")
}

fn refusal(found: &Effect, gates: &[String]) -> String {
    let because =
        if gates.is_empty() { "no week of adopters can be compared with others".to_owned() } else { gates.join("; ") };
    let said = |seconds: Option<f64>| {
        seconds.map_or_else(|| "nothing known".to_owned(), |seconds| wording::value(Unit::Seconds, seconds))
    };
    let medians = found.medians;
    format!(
        "No causal claim: {because}. Weekly median of adopters {} before, {} after; of eligible others {} and {}.",
        said(medians.adopters_before),
        said(medians.adopters_after),
        said(medians.others_before),
        said(medians.others_after),
    )
}

/// Both sides with their limits, and whether they differ: speed that is clear must not hide that stability is not.
fn stability(sum: Stability) -> String {
    let Some(metric) = find("change_fail_rate") else { return String::new() };
    let [before, after] = [(sum.failed_before, sum.deployed_before), (sum.failed_after, sum.deployed_after)]
        .map(|(failed, deployed)| counted_share(metric, failed, deployed));
    let side = |cell: &Cell| match (cell.value, wording::basis(metric, cell), wording::limits(metric, cell)) {
        (Some(share), Some(basis), Some(limits)) => format!("{basis} ({}, {limits})", wording::share(share)),
        _ => "no mature deployment".to_owned(),
    };
    let verdict = finding::change(metric, &change(metric, &before, &after));
    format!("Failed deployments of adopters: {} before, {} after; {verdict}.", side(&before), side(&after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use std::sync::Arc;
    use waymark_analytics::{Mandate, Scope};

    #[test]
    fn a_mandate_is_announced_to_those_whom_it_covers() {
        let texts = |values: [&str; 2]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
        let columns = [
            ("service", texts(["basket", "ledger"])),
            ("team", texts(["shop", "payments"])),
            ("system", texts(["web", "books"])),
            ("labels", texts(["java,site", "rust"])),
        ];
        let told = Told::of(&RecordBatch::try_from_iter(columns).unwrap());
        let names = |name: &str| vec![name.to_owned()];
        for (component, scope, expected) in [
            ("ci", Scope::default(), [1, 1]),
            ("deploy", Scope::default(), [0, 0]),
            ("ci", Scope { services: names("ledger"), ..Scope::default() }, [0, 1]),
            ("ci", Scope { teams: names("shop"), ..Scope::default() }, [1, 0]),
            ("ci", Scope { systems: names("books"), ..Scope::default() }, [0, 1]),
            ("ci", Scope { tags: names("site"), ..Scope::default() }, [1, 0]),
        ] {
            let [announced_on, due_on] = ["2026-03-02", "2026-06-30"].map(|day| day.parse::<chrono::NaiveDate>().unwrap());
            let mandate =
                Mandate { component: component.to_owned(), announced_on, due_on, ends_on: None, scope: scope.clone() };
            let definitions = Definitions { mandates: vec![mandate], ..Definitions::default() };
            let found: Vec<usize> = told.rows().map(|row| announced(&definitions, "ci", &row, Tz::UTC).len()).collect();
            assert_eq!(found, expected, "{component}, {scope:?}");
        }
    }

    #[test]
    fn stability_has_its_limits_and_a_verdict() {
        for (before, after, expected) in [
            // By hand: 1.8 points of difference lie between −0.9 and +4.4.
            (
                (37, 606),
                (67, 849),
                "37 of 606 (6 %, 95 % 4–8 %) before, 67 of 849 (8 %, 95 % 6–10 %) after; no clear change from 6 % \
                 (+1.8 points, 95 % interval −0.9 to +4.4).",
            ),
            (
                (10, 100),
                (25, 100),
                "10 of 100 (10 %, 95 % 6–17 %) before, 25 of 100 (25 %, 95 % 18–34 %) after; up from 10 % (+15 points, \
                 95 % interval +4 to +25).",
            ),
            ((0, 0), (2, 40), "no mature deployment before, 2 of 40 (5 %, 95 % 1–17 %) after; too few to compare."),
        ] {
            let sum = Stability {
                failed_before: before.0,
                deployed_before: before.1,
                failed_after: after.0,
                deployed_after: after.1,
            };
            assert_eq!(stability(sum), format!("Failed deployments of adopters: {expected}"));
        }
    }
}
