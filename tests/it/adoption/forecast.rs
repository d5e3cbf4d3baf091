//! Forecasts of migrations against two hundred simulated ones, some of which slow down.

use super::Chance;
use waymark_analytics::forecast::{Forecast, HORIZON_WEEKS, Progress, forecast};

/// How the pace of a simulated migration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The same all the time.
    Steady,
    /// Falls by a few per cent each week.
    Decaying,
    /// Each service left has the same chance each week.
    Proportional,
    /// Like that, but a quarter of the services is ten times as slow.
    LongTail,
}

const KINDS: [Kind; 6] = [Kind::Steady, Kind::Steady, Kind::Steady, Kind::Decaying, Kind::Proportional, Kind::LongTail];
const MIGRATIONS: usize = 200;

/// One migration: services at its beginning, and net completions by week until it was done.
struct Told {
    services: i64,
    net: Vec<i64>,
}

fn simulated(random: &mut Chance, kind: Kind) -> Told {
    let services = 25 + i64::from(random.below(65));
    let (pace, decay, chance) = (random.between(1.0, 4.0), random.between(0.94, 0.985), random.between(0.04, 0.12));
    let leak = [0.0, 0.0, 0.1, 0.3][random.below(4) as usize];
    let mut slow = services / 4;
    let mut quick = services - slow;
    let mut net = Vec::new();
    for week in 0..600 {
        let left = quick + slow;
        let drawn = |random: &mut Chance, of: i64, chance: f64| (0..of).map(|_| i64::from(random.is_hit(chance))).sum::<i64>();
        let completed = match kind {
            Kind::Steady => random.poisson(pace).min(left),
            Kind::Decaying => random.poisson(1.5 * pace * decay.powi(week)).min(left),
            Kind::Proportional => drawn(random, left, chance),
            Kind::LongTail => 0,
        };
        if kind == Kind::LongTail {
            let (of_quick, of_slow) = (drawn(random, quick, 0.15), drawn(random, slow, 0.015));
            net.push(of_quick + of_slow);
            (quick, slow) = (quick - of_quick, slow - of_slow);
        } else {
            let leaked = if completed < left { random.poisson(leak) } else { 0 };
            net.push(completed - leaked);
            quick -= completed - leaked;
        }
        if quick + slow <= 0 {
            break;
        }
    }
    Told { services, net }
}

#[test]
#[expect(clippy::print_stdout, reason = "how well the method does is worth seeing beside the verdict")]
fn issued_p85_forecasts_cover_at_least_four_fifths_of_simulated_migrations() {
    let mut random = Chance::of(85);
    let (mut issued, mut covered, mut refused, mut migrations, mut place) = (0, 0, 0, 0, 0);
    let mut by_kind = vec![(0, 0, 0); KINDS.len()];
    while migrations < MIGRATIONS {
        let kind = place % KINDS.len();
        place += 1;
        let told = simulated(&mut random, KINDS[kind]);
        // Asked once, when some share of the services has moved and the migration is not over.
        let wanted = told.services as f64 * random.between(0.2, 0.7);
        let mut left = told.services;
        let asked = told.net.iter().enumerate().find_map(|(week, net)| {
            left -= net;
            (week >= 7 && left > 0 && (left as f64) <= wanted).then_some((week + 1, left))
        });
        let Some((weeks, left)) = asked.filter(|(weeks, _)| *weeks < told.net.len()) else { continue };
        migrations += 1;
        let progress = Progress { net: told.net[..weeks].to_vec(), remaining: u32::try_from(left).unwrap(), held: 0 };
        match forecast(&progress) {
            Forecast::Issued(found) => {
                let is_covered = told.net.len() - weeks <= found.said.p85 as usize;
                issued += 1;
                covered += usize::from(is_covered);
                by_kind[kind].0 += 1;
                by_kind[kind].1 += usize::from(is_covered);
                assert!(
                    found.said.p50 <= found.said.p85 && found.said.p85 <= found.said.p95 && found.said.p95 <= HORIZON_WEEKS
                );
            }
            Forecast::Refused(_) => {
                refused += 1;
                by_kind[kind].2 += 1;
            }
            Forecast::Done => panic!("something remains"),
        }
    }
    println!("{MIGRATIONS} migrations: {covered} of {issued} issued P85 forecasts covered the end, {refused} refused");
    for (kind, (issued, covered, refused)) in KINDS.iter().zip(&by_kind) {
        println!("  {kind:?}: {covered} of {issued} covered, {refused} refused");
    }
    assert!(issued >= 50, "only {issued} of {MIGRATIONS} were forecast at all");
    assert!(covered * 100 >= issued * 80, "{covered} of {issued} issued P85 forecasts covered the end");
    assert!(refused > 0, "a tail that does not end must be refused");
}
