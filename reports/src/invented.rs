//! Made-up series for tests: a small organisation whose numbers follow a formula.

use chrono::{Days, NaiveDate};
use waymark_analytics::{Cell, Grain, Metric, Period, Series, Statistic, Window, find};
use waymark_event::Instant;

/// Monday after the last complete week of every made-up series.
pub(crate) fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap_or_default()
}

/// The instant that every made-up answer describes.
pub(crate) fn as_of() -> Instant {
    Instant::parse("2026-11-23T05:30:00Z").unwrap_or_default()
}

/// An organisation's weeks before `monday`.
pub(crate) fn weeks(count: u64) -> Window {
    Window::between(Grain::Week, monday() - Days::new(7 * count), monday(), chrono_tz::Europe::Berlin)
}

/// The 90 days before `monday`, or before those.
pub(crate) fn ninety_days(back: u64) -> Window {
    let end = monday() - Days::new(90 * back);
    Window::between(Grain::Window, end - Days::new(90), end, chrono_tz::Europe::Berlin)
}

/// The last quarters before `monday`, the current one included.
pub(crate) fn quarters(count: u64) -> Window {
    Window::between(Grain::Quarter, monday() - Days::new(91 * count), monday(), chrono_tz::Europe::Berlin)
}

/// A cell with a value, limits at a distance that shrinks with the rows, and full coverage.
pub(crate) fn cell(metric: &Metric, scope: (&str, &str), period: &Period, value: f64, rows: i64) -> Cell {
    let reach = 1.6 / (rows.max(1) as f64).sqrt();
    let (low, high) = match metric.kind {
        Statistic::Score => ((value - 130.0 * reach).max(-100.0), (value + 130.0 * reach).min(100.0)),
        Statistic::Census | Statistic::Events | Statistic::Level => (value, value),
        Statistic::Proportion => ((value - reach / 2.0).max(0.0), (value + reach / 2.0).min(1.0)),
        Statistic::Quantile | Statistic::Survival | Statistic::Rate => {
            (value * (1.0 - reach * 0.6).max(0.0), value * (1.0 + reach))
        }
    };
    let ratio = matches!(metric.kind, Statistic::Proportion | Statistic::Census);
    let is_rate = metric.kind == Statistic::Rate;
    Cell {
        statistic: metric.headline().to_owned(),
        scope_kind: scope.0.to_owned(),
        scope: scope.1.to_owned(),
        period_start: period.start,
        period_end: period.end,
        value: Some(value),
        low: Some(low),
        high: Some(high),
        sample_size: Some(rows),
        numerator: if ratio { Some((value * rows as f64).round()) } else { is_rate.then_some(rows as f64) },
        denominator: if ratio { Some(rows as f64) } else { is_rate.then(|| rows as f64 / value.max(1e-9)) },
        coverage: Some(0.93),
        is_partial: period.end > as_of(),
    }
}

/// A series whose value is `value(scope index, period index)`; `None` leaves the period empty.
pub(crate) fn series(
    metric: &str,
    window: Window,
    scopes: &[(&str, &str)],
    value: impl Fn(usize, usize) -> Option<(f64, i64)>,
) -> Series {
    let metric = find(metric).unwrap_or(&waymark_analytics::METRICS[0]);
    let mut cells = Vec::new();
    for statistic in metric.statistics {
        for (place, scope) in scopes.iter().enumerate() {
            for (index, period) in window.periods.iter().enumerate() {
                let mut made = match value(place, index) {
                    Some((value, rows)) => cell(metric, *scope, period, value, rows),
                    None => Cell {
                        value: None,
                        low: None,
                        high: None,
                        sample_size: Some(0),
                        coverage: None,
                        numerator: None,
                        denominator: None,
                        ..cell(metric, *scope, period, 1.0, 1)
                    },
                };
                (*statistic).clone_into(&mut made.statistic);
                cells.push(made);
            }
        }
    }
    let snapshot = "s-000042".to_owned();
    Series { metric, window, as_of: as_of(), snapshot, cells, compared: Vec::new(), order: Vec::new() }
}

/// A wave that looks irregular and is the same every time.
pub(crate) fn wave(seed: usize, index: usize) -> f64 {
    let x = index as f64 * 1.7 + seed as f64 * 2.3;
    x.sin() * 0.6 + (x * 0.37 + 1.0).cos() * 0.4
}

/// Components of the made-up platform: id, title, active share, adopted at first, gained per week.
const COMPONENTS: [(&str, &str, f64, f64, f64); 4] = [
    ("ci-pipeline", "Standard CI pipeline", 60.0, 31.0, 1.15),
    ("base-image", "Base image", 84.0, 70.0, 0.6),
    ("secrets", "Secrets store", 46.0, 9.0, 0.1),
    ("logging", "Central logging", 90.0, 84.0, 0.4),
];
const ACTIVE: f64 = 96.0;
/// What is forecast of each of them, and the verdict.
const FORECASTS: [(&str, &str); 4] = [
    ("90 % by 13 Dec 2026 – 24 Jan 2027 (target 31 Dec 2026): at risk", "at risk"),
    ("95 % by 13 Dec 2026 – 10 Jan 2027 (target 31 Mar 2027): on track", "on track"),
    ("no forecast: nothing was gained in the last 4 weeks", "no forecast"),
    ("98 % reached (target 1 Nov 2026): done", "done"),
];

fn census(id: &str, window: Window) -> Series {
    let scopes = COMPONENTS.map(|component| ("component", component.0));
    let last = window.periods.len().saturating_sub(1) as f64;
    let weeks = last.max(12.0);
    let mut made = series(id, window, &scopes, |place, index| {
        let (_, _, eligible, first, gain) = COMPONENTS[place];
        let at = if last < 1.0 { weeks } else { index as f64 };
        let adopted = (first + gain * at).round().min(eligible);
        Some(match id {
            "adoption_rate" => (adopted / eligible, i64_of(eligible)),
            "coverage_fit" => (eligible / ACTIVE, i64_of(ACTIVE)),
            _ => (adopted / ACTIVE, i64_of(ACTIVE)),
        })
    });
    for cell in &mut made.cells {
        if cell.scope == "secrets" {
            let open = if id == "coverage_fit" { 0.0 } else { 0.13 };
            cell.high = cell.value.map(|value| value + open);
        }
    }
    made
}

#[expect(clippy::cast_possible_truncation, reason = "small counts")]
fn i64_of(value: f64) -> i64 {
    value as i64
}

/// The three series of one metric, organisation only, around a value that fell or rose by a factor.
fn delivery(id: &str, before: f64, now: f64, rows: i64) -> crate::ReportSeries {
    let organisation = [("organisation", "Example Industries")];
    let weekly = series(id, weeks(14), &organisation, |_, index| {
        let at = before + (now - before) * (index as f64 / 13.0);
        Some((at * (1.0 + 0.08 * wave(id.len(), index)), rows / 13))
    });
    let whole = |window: Window, value: f64| series(id, window, &organisation, |_, _| Some((value, rows)));
    crate::ReportSeries { weekly, window: whole(ninety_days(0), now), previous: whole(ninety_days(1), before) }
}

fn component(index: usize, target: Option<(f64, NaiveDate)>) -> crate::ComponentInfo {
    let (id, title, ..) = COMPONENTS[index];
    let (forecast, status) = FORECASTS[index];
    crate::ComponentInfo {
        id: id.to_owned(),
        title: title.to_owned(),
        category: ["ci", "base-image", "secrets", "logging"][index].to_owned(),
        owner: ["build", "runtime", "security", "runtime"][index].to_owned(),
        lifecycle: "production".to_owned(),
        target: target.map(|(share, due)| crate::Target { share, due }),
        forecast: Some(forecast.to_owned()),
        status: status.to_owned(),
        // By hand: 54 of 60, 80 of 84 and 89 of 90 are promised, all 46 of the secrets; 46, 78, 10 and 89 are there.
        remaining: Some([8, 2, 36, 0][index]),
        mandate_due: (index == 2).then(|| NaiveDate::from_ymd_opt(2027, 3, 31).unwrap_or_default()),
    }
}

fn movement(component: &str, service: &str, kind: crate::MovementKind, day: u32) -> crate::Movement {
    crate::Movement {
        component: component.to_owned(),
        service: service.to_owned(),
        team: "payments".to_owned(),
        kind,
        since: NaiveDate::from_ymd_opt(2026, 11, day).unwrap_or_default(),
        alternative: (kind == crate::MovementKind::Left).then(|| "a pipeline of its own".to_owned()),
        evidence: Some("workflow file changed".to_owned()),
        evidence_url: Some("https://example.org/commit/4f2a".to_owned()),
    }
}

/// A migration of the logs: 90 services, 13 weeks, a leak in the tenth, and five that have still to move.
fn migration() -> crate::Migration {
    use crate::WaitingState::{Blocked, Exempt, InProgress, NotStarted, Unknown};
    let week = |index: u64| {
        let gained = i64::from(index.is_multiple_of(3));
        let done = 80 + i64::try_from(index.div_ceil(3)).unwrap_or(0);
        crate::MigrationWeek {
            first_day: monday() - Days::new(7 * (13 - index)),
            scope: if index < 9 { 89 } else { 90 },
            done,
            unconfirmed: 0,
            completed: gained,
            returned: 0,
            leaks: i64::from(index == 9),
        }
    };
    let waiting = |service: &str, team: Option<&str>, state| crate::Waiting {
        service: service.to_owned(),
        team: team.map(str::to_owned),
        state,
        reason: (state == Blocked).then(|| "no agent for its system".to_owned()),
    };
    crate::Migration {
        title: "From syslog to the log shipper".to_owned(),
        component: "Central logging".to_owned(),
        owner: "runtime".to_owned(),
        due: NaiveDate::from_ymd_opt(2027, 1, 31),
        weeks: (0..13).map(week).collect(),
        waiting: vec![
            waiting("ledger", Some("payments"), NotStarted),
            waiting("mainframe-bridge", Some("payments"), Blocked),
            waiting("gift-cards", Some("shop"), InProgress),
            waiting("archive", None, Unknown),
            waiting("letters", Some("shop"), Exempt),
        ],
        forecast: Some("all of them by 7 Dec 2026 – 18 Jan 2027".to_owned()),
        status: "no target".to_owned(),
    }
}

/// The series of adoption and delivery.
fn all_series() -> std::collections::BTreeMap<&'static str, crate::ReportSeries> {
    let mut series = std::collections::BTreeMap::new();
    for id in ["adoption_rate", "coverage_fit", "reach"] {
        let made = crate::ReportSeries {
            weekly: census(id, weeks(14)),
            window: census(id, ninety_days(0)),
            previous: census(id, ninety_days(1)),
        };
        series.insert(id, made);
    }
    series.insert("change_lead_time", delivery("change_lead_time", 216_000.0, 155_520.0, 1_310));
    series.insert("change_fail_rate", delivery("change_fail_rate", 0.121, 0.118, 640));
    series.insert("deployment_rework_rate", delivery("deployment_rework_rate", 0.142, 0.151, 640));
    series.insert("failed_deployment_recovery_time", delivery("failed_deployment_recovery_time", 7_200.0, 6_800.0, 76));
    series.insert("deployment_frequency", delivery("deployment_frequency", 2.6, 3.2, 2_904));
    series.insert("ci_success_rate", delivery("ci_success_rate", 0.885, 0.897, 9_120));
    series
}

/// A whole made-up report input.
pub(crate) fn input() -> crate::ReportInput {
    use crate::MovementKind::{BornOffPath, Joined, Left, NewlyExempt};
    let day = |month: u32, day: u32, year: i32| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let score = |component: Option<&str>, wave: &str, nps: Option<f64>, answers: Option<i64>| crate::ScoreRow {
        component: component.map(str::to_owned),
        wave: wave.to_owned(),
        closed_on: if wave == "2026-Q3" { day(9, 30, 2026) } else { day(6, 30, 2026) },
        nps,
        low: nps.map(|nps| nps - 21.0),
        high: nps.map(|nps| nps + 21.0),
        answers,
    };
    crate::ReportInput {
        organisation: "Example Industries".to_owned(),
        period: crate::ReportPeriod {
            label: "week of 16 Nov 2026".to_owned(),
            first_day: day(11, 16, 2026),
            end_day: monday(),
        },
        range: range("the last 90 days", 0),
        range_before: range("the 90 days before", 1),
        as_of: as_of(),
        snapshot: "s-000042".to_owned(),
        zone: chrono_tz::Europe::Berlin,
        series: all_series(),
        components: vec![
            component(0, Some((0.9, day(12, 31, 2026)))),
            component(1, Some((0.95, day(3, 31, 2027)))),
            component(2, None),
            component(3, Some((0.98, day(11, 1, 2026)))),
        ],
        movements: vec![
            movement("ci-pipeline", "checkout", Joined, 17),
            movement("ci-pipeline", "basket", Joined, 18),
            movement("secrets", "ledger", Left, 19),
            movement("base-image", "legacy-batch", NewlyExempt, 20),
            movement("logging", "gift-cards", BornOffPath, 20),
            movement("ci-pipeline", "too-early", Joined, 2),
        ],
        migrations: vec![migration()],
        scores: vec![
            score(None, "2026-Q3", Some(18.0), Some(88)),
            score(Some("ci-pipeline"), "2026-Q2", Some(74.0), Some(58)),
            score(Some("ci-pipeline"), "2026-Q3", Some(34.0), Some(61)),
            score(Some("secrets"), "2026-Q3", None, None),
        ],
        notes: crate::DataNotes {
            open_rejections: 3,
            sources: [("git", 2_400, false), ("json", 190_000, true)]
                .map(|(source, seconds, is_silent)| crate::SourceNote {
                    source: source.to_owned(),
                    newest_at: as_of().plus_seconds(-seconds),
                    is_silent,
                    has_rhythm: true,
                })
                .to_vec(),
            unmatched_environments: 1,
            unknown_evidence: 6,
            has_incidents: Some(true),
        },
    }
}

/// The days of `ninety_days` under a name.
fn range(label: &str, back: u64) -> crate::ReportPeriod {
    let end_day = monday() - Days::new(90 * back);
    crate::ReportPeriod { label: label.to_owned(), first_day: end_day - Days::new(90), end_day }
}
