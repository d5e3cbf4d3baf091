//! `Status`: what a data folder holds, how fresh it is, and what it takes on the disk.
//!
//! Only the form stands here. Where the numbers come from is for the binary to say, which knows
//! storage; handlers ask it through [`StatusProbe`].

use crate::problem::Problem;
use futures::future::BoxFuture;
use serde::Serialize;
use utoipa::ToSchema;

/// Clocks of several machines differ by a little, which is no future.
const FUTURE_SECONDS_MIN: i64 = 60;

/// Tells the status of the data folder that is served.
pub trait StatusProbe: std::fmt::Debug + Send + Sync {
    /// The status as it is now.
    fn status(&self) -> BoxFuture<'_, Result<Status, Problem>>;
}

/// The state of a data folder at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// The version of the program that answers.
    pub program_version: String,
    /// The format of the data.
    pub format_version: u32,
    /// Where the tables lie.
    pub location: String,
    /// What the process that writes says about itself; null when none does.
    pub writer: Option<String>,
    /// What readers see; null until there is a snapshot.
    pub snapshot: Option<SnapshotStatus>,
    /// How far each stream of deliveries is visible.
    pub streams: Vec<StreamStatus>,
    /// Deliveries that were received and are not visible yet.
    pub waiting_deliveries: u64,
    /// How long the newest deliveries took to become visible; null until some did while a process served.
    pub freshness: Option<Freshness>,
    /// Days on which the catalogue lost so much that it is not believed.
    pub held_losses: Vec<HeldLoss>,
    /// Every table by name.
    pub tables: Vec<TableStatus>,
    /// What all tables take, old versions and logs included.
    pub tables_bytes: u64,
    /// What the inbox and the small operational state take.
    pub database_bytes: u64,
}

/// The snapshot that readers see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SnapshotStatus {
    /// Its name; later ones have greater names.
    pub id: String,
    /// The instant that answers describe, RFC 3339.
    pub as_of: String,
    /// Seconds since then.
    pub age_seconds: i64,
}

impl SnapshotStatus {
    /// Its age as words; a clock that was ahead may have left it in the future.
    pub fn age_in_words(&self) -> String {
        if self.age_seconds < -FUTURE_SECONDS_MIN {
            return format!("{} in the future: compare this machine's clock", duration_in_words(-self.age_seconds));
        }
        format!("{} old", duration_in_words(self.age_seconds))
    }
}

/// How far one stream of deliveries is visible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct StreamStatus {
    /// The stream's name: `inbox`, or cluster, topic and partition.
    pub stream: String,
    /// The last position that readers see.
    pub position: i64,
}

/// How long the newest visible delivery took from its receipt to a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, serde::Deserialize, ToSchema)]
pub struct Freshness {
    /// Seconds from receipt to snapshot.
    pub seconds: f64,
    /// When it was received, RFC 3339.
    pub received_at: String,
    /// When the snapshot was published, RFC 3339.
    pub visible_at: String,
    /// The snapshot in which it is visible.
    pub snapshot: String,
}

/// A day on which the catalogue took back so many services that nobody believes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeldLoss {
    /// The local day, `2026-03-01`.
    pub day: String,
    /// Services that it took back.
    pub lost_services: u64,
    /// Services that it had described until then.
    pub known_services: u64,
}

impl HeldLoss {
    /// The loss as a sentence.
    pub fn said(&self) -> String {
        let Self { day, lost_services, known_services } = self;
        format!(
            "on {day} the catalogue took back {lost_services} of {known_services} services, which is held back: it is believed \
             once the catalogue says so again a week later"
        )
    }
}

/// One table in the newest snapshot and on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TableStatus {
    /// Its name, such as `facts/deployments`.
    pub table: String,
    /// Rows that readers see.
    pub rows: u64,
    /// Files that readers read.
    pub files: usize,
    /// Size of these files.
    pub live_bytes: u64,
    /// Size of everything below the table's folder.
    pub disk_bytes: u64,
}

/// A size for people: three digits and a unit.
pub fn size_in_words(size_bytes: u64) -> String {
    const UNITS: &[&str] = &["B", "kB", "MB", "GB", "TB"];
    let mut size = size_bytes as f64;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1_000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && size < 99.95) + usize::from(unit > 0 && size < 9.995);
    format!("{size:.decimals$} {}", UNITS[unit])
}

/// A duration for people, in its largest whole unit.
pub fn duration_in_words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..60 => (seconds.max(0), "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_234, "1.23 kB"),
            (12_345, "12.3 kB"),
            (999_999, "1.00 MB"),
            (123_456_789, "123 MB"),
        ];
        for (size_bytes, words) in cases {
            assert_eq!(size_in_words(size_bytes), words);
        }
    }

    #[test]
    fn a_snapshot_in_the_future_is_said_to_be_one() {
        let aged = |age_seconds| SnapshotStatus { age_seconds, ..SnapshotStatus::default() }.age_in_words();
        assert_eq!((aged(40), aged(-5)), ("40 s old".to_owned(), "0 s old".to_owned()));
        assert_eq!(aged(-400 * 86_400), "400 days in the future: compare this machine's clock");
    }

    #[test]
    fn durations_have_one_unit() {
        for (seconds, words) in [(-1, "0 s"), (59, "59 s"), (61, "1 min"), (7_200, "2 h"), (172_800, "2 days")] {
            assert_eq!(duration_in_words(seconds), words);
        }
    }
}
