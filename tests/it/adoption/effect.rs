//! Effects against simulated organisations: a known effect is found, and none is claimed where there is none.

use super::Chance;
use std::collections::BTreeMap;
use waymark_analytics::effect::{Effect, Study, Subject, Week, effect};

const TEAMS: usize = 20;
const SERVICES: usize = 40;
const WEEKS: i32 = 64;
const RUNS: usize = 100;
/// A quarter less, in logarithms.
const KNOWN: f64 = -0.287_682;

/// Services of teams that resemble each other, a common trend, weeks of migration that are slow, and
/// then the effect. Three fifths adopt, in waves.
fn organisation(seed: u64, log_effect: f64) -> Study {
    let mut random = Chance::of(seed);
    let trend: Vec<f64> = (0..WEEKS).map(|week| -0.004 * f64::from(week) + 0.1 * random.normal()).collect();
    let teams: Vec<(f64, Vec<f64>)> = (0..TEAMS)
        .map(|_| {
            let level = 0.6 * random.normal();
            // A team's weeks resemble each other: half of a deviation stays for the next week.
            let mut deviation = 0.0;
            let weeks = (0..WEEKS).map(|_| {
                deviation = 0.5 * deviation + 0.1 * random.normal();
                deviation
            });
            (level, weeks.collect())
        })
        .collect();
    let subjects = (0..SERVICES).map(|place| {
        let team = place % TEAMS;
        let level = 11.5 + teams[team].0 + 0.3 * random.normal();
        let adopted_week = random.is_hit(0.6).then(|| 18 + 4 * random.below(8).cast_signed());
        let weeks: BTreeMap<i32, Week> = (0..WEEKS)
            .filter_map(|number| {
                let changes = random.below(4);
                if changes == 0 {
                    return None;
                }
                let since = adopted_week.map(|adopted| number - adopted);
                let moved = match since {
                    Some(-1..=1) => 0.25,
                    Some(since) if since >= 2 => log_effect,
                    _ => 0.0,
                };
                let place = usize::try_from(number).unwrap();
                let noise = 0.6 * random.normal() / f64::from(changes).sqrt();
                let mean_log = level + trend[place] + teams[team].1[place] + moved + noise;
                let (deployments, failures) = (changes, u32::from(random.is_hit(0.1)));
                Some((number, Week { mean_log: Some(mean_log), changes, deployments, failures }))
            })
            .collect();
        Subject { team: format!("team {team}"), adopted_week, weeks, ..Subject::default() }
    });
    Study { subjects: subjects.collect() }
}

/// The first hundred answers that claim something measurable, and how many were refused before them.
fn answers(first_seed: u64, log_effect: f64) -> (Vec<Effect>, usize) {
    let (mut found, mut refused, mut seed) = (Vec::new(), 0, first_seed);
    while found.len() < RUNS {
        let answer = effect(&organisation(seed, log_effect), &format!("run {seed}"));
        if answer.estimate.is_some() {
            found.push(answer);
        } else {
            refused += 1;
        }
        seed += 1;
        assert!(
            refused <= RUNS,
            "more were refused than answered: {:?}",
            effect(&organisation(seed, log_effect), "").failed_gates
        );
    }
    (found, refused)
}

#[test]
#[expect(clippy::print_stdout, reason = "how well the method does is worth seeing beside the verdict")]
fn the_interval_covers_a_known_effect_in_nine_of_ten_runs() {
    let (found, refused) = answers(1_000, KNOWN);
    let estimates = || found.iter().filter_map(|answer| answer.estimate.as_ref());
    let covered = estimates().filter(|estimate| estimate.low <= KNOWN && KNOWN <= estimate.high).count();
    let seen = estimates().filter(|estimate| estimate.high < 0.0).count();
    let mean = estimates().map(|estimate| estimate.log_effect).sum::<f64>() / RUNS as f64;
    println!(
        "known effect {KNOWN}: covered in {covered} of {RUNS}, seen in {seen}, mean estimate {mean:.3}, {refused} refused"
    );
    assert!(covered >= 90, "{covered} of {RUNS}");
    assert!((mean - KNOWN).abs() < 0.03, "the estimate is off: {mean}");
    for answer in &found {
        assert!(answer.stability.deployed_before > 0 && answer.stability.deployed_after > 0, "speed stands without stability");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how well the method does is worth seeing beside the verdict")]
fn without_an_effect_hardly_one_run_claims_one() {
    let (found, refused) = answers(5_000, 0.0);
    let estimates = found.iter().filter_map(|answer| answer.estimate.as_ref());
    let claimed = estimates.filter(|estimate| estimate.high < 0.0 || estimate.low > 0.0).count();
    println!("no effect: claimed in {claimed} of {RUNS}, {refused} refused");
    assert!(claimed <= 7, "{claimed} of {RUNS}");
}

#[test]
fn the_same_question_has_the_same_answer() {
    let study = organisation(1, KNOWN);
    assert_eq!(effect(&study, "a"), effect(&study, "a"));
    let (one, other) = (effect(&study, "a").estimate, effect(&study, "b").estimate);
    assert!(one.is_none() || one != other, "the question does not seed the resampling");
}
