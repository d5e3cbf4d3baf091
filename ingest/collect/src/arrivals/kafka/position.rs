//! Where to start reading a partition: behind the lake's position, or loudly elsewhere.

use super::{KafkaError, KafkaStart, LostCause, LostRange};

/// Where reading starts, and what is lost before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct First {
    pub(super) offset: i64,
    pub(super) lost: Option<LostRange>,
}

/// The first offset to read of a partition that holds `low..high`.
pub(super) fn first(stream: &str, position: Option<i64>, start: KafkaStart, low: i64, high: i64) -> Result<First, KafkaError> {
    let Some(position) = position else {
        let offset = match start {
            KafkaStart::Earliest => low,
            KafkaStart::Latest => high,
        };
        return Ok(First { offset, lost: None });
    };
    let next = position.saturating_add(1);
    if next > high {
        // Going on would pass over records as if they had been read.
        return Err(KafkaError::Cut { stream: stream.to_owned(), end: high, position });
    }
    let lost = (next < low).then(|| LostRange { from: next, to: low - 1, cause: LostCause::Retention });
    Ok(First { offset: next.max(low), lost })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_of(position: Option<i64>, start: KafkaStart, low: i64, high: i64) -> Option<First> {
        first("kafka:a:b:0", position, start, low, high).ok()
    }

    #[test]
    fn the_first_start_is_configured() {
        assert_eq!(first_of(None, KafkaStart::Earliest, 5, 9), Some(First { offset: 5, lost: None }));
        assert_eq!(first_of(None, KafkaStart::Latest, 5, 9), Some(First { offset: 9, lost: None }));
    }

    #[test]
    fn later_starts_follow_the_lake() {
        assert_eq!(first_of(Some(6), KafkaStart::Latest, 5, 9), Some(First { offset: 7, lost: None }));
        assert_eq!(first_of(Some(8), KafkaStart::Earliest, 5, 9), Some(First { offset: 9, lost: None }));
        assert_eq!(first_of(Some(4), KafkaStart::Earliest, 5, 9), Some(First { offset: 5, lost: None }));
    }

    #[test]
    fn what_retention_removed_is_lost_aloud() {
        let lost = LostRange { from: 3, to: 4, cause: LostCause::Retention };
        assert_eq!(first_of(Some(2), KafkaStart::Earliest, 5, 9), Some(First { offset: 5, lost: Some(lost) }));
    }

    #[test]
    fn a_topic_made_anew_is_an_error() {
        assert_eq!(first_of(Some(9), KafkaStart::Earliest, 0, 9), None);
        assert_eq!(first_of(Some(100), KafkaStart::Earliest, 0, 9), None);
    }
}
