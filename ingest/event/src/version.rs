//! `VersionRank`: which of two statements about one thing is the newer.
//!
//! `source_updated_at_us << 5 | state_rank << 1 | read_bit`. A statement without a time of its
//! source takes its receipt, in a lower band that never beats one with a time.

use crate::instant::Instant;
use serde::{Deserialize, Serialize};

/// The order of statements about one entity; ties are broken by dialect version and observation id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionRank(i64);

/// How a statement was learnt; a polled full state knows at least as much as an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// The source told us as it happened.
    Event,
    /// We asked for the whole state.
    Polled,
}

const LOWER_BAND_MICROS: i64 = 1 << 57;

impl VersionRank {
    /// The rank of a statement; `state_rank` (0 to 15) only breaks ties of equal times.
    pub fn of(source_updated_at: Option<Instant>, received_at: Instant, state_rank: u8, read: Read) -> Self {
        let micros = match source_updated_at {
            Some(updated_at) => updated_at.micros(),
            None => received_at.micros() - LOWER_BAND_MICROS,
        };
        let tie = i64::from(state_rank.min(15)) << 1 | i64::from(read == Read::Polled);
        Self((micros << 5) | tie)
    }

    /// The rank as the stored number.
    pub const fn value(self) -> i64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_beats_state_and_any_time_beats_none() {
        let early = Instant::from_seconds(1_700_000_000);
        let late = early.plus_seconds(1);
        let received = late.plus_seconds(86_400);
        let of = |time, state, read| VersionRank::of(time, received, state, read);
        assert!(of(Some(late), 2, Read::Event) > of(Some(early), 10, Read::Polled));
        assert!(of(Some(early), 10, Read::Event) > of(Some(early), 2, Read::Polled));
        assert!(of(Some(early), 2, Read::Polled) > of(Some(early), 2, Read::Event));
        assert!(of(Some(early), 0, Read::Event) > of(None, 15, Read::Polled));
    }
}
