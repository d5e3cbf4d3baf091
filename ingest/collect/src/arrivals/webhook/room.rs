//! `Room`: reads bodies within limits of size, of time, and of the memory that all of them take together.
//!
//! Room is taken by what has come, never by what is announced: whoever announces much and sends little holds little, and
//! gives even that back when the time is over. What a body means, and the answer to one that was not read, is left to
//! the receiver.

use axum::body::Body;
use futures::StreamExt;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bodies that may be in memory at the same time.
const TOGETHER_BYTES_MAX: usize = 256 * 1_024 * 1_024;

/// How long a body may take to come. Most senders give up sooner, and 25 MiB come in time at 7 Mbit/s.
const READING_MAX: Duration = Duration::from_secs(30);

/// What bodies may take.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Larger bodies are refused, unread where they announce their size.
    pub size_bytes_max: usize,
    /// A body that is not whole after this is refused.
    pub reading_max: Duration,
    /// Bodies that are being read or kept may take so much together; who comes then is asked to come again.
    pub together_bytes_max: usize,
}

impl BodyLimits {
    /// The usual limits, for bodies of at most this size.
    pub const fn of_size(size_bytes_max: usize) -> Self {
        Self { size_bytes_max, reading_max: READING_MAX, together_bytes_max: TOGETHER_BYTES_MAX }
    }
}

/// Why a body was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("the body is larger than {size_bytes_max} bytes")]
    TooLarge { size_bytes_max: usize },
    #[error("the whole body did not come within {reading_max:?}, send it again")]
    TooSlow { reading_max: Duration },
    #[error("the body broke off before its end, send it again")]
    BrokenOff {
        #[source]
        cause: axum::BoxError,
    },
    #[error("too many messages are being read at the moment, send it again")]
    NoRoom,
}

/// The room for the bodies that are being read and kept.
#[derive(Debug)]
pub(super) struct Room {
    limits: BodyLimits,
    free_bytes: Semaphore,
}

impl Room {
    pub(super) fn new(limits: BodyLimits) -> Self {
        // The largest body that is accepted at all must find room when it comes alone.
        let free_bytes = limits.together_bytes_max.max(limits.size_bytes_max).min(Semaphore::MAX_PERMITS);
        Self { limits, free_bytes: Semaphore::new(free_bytes) }
    }

    /// Reads a whole body, whose size may be announced; its room is given back with the permit.
    pub(super) async fn read(
        &self,
        announced_bytes: Option<usize>,
        body: Body,
    ) -> Result<(Vec<u8>, SemaphorePermit<'_>), Unread> {
        let BodyLimits { size_bytes_max, reading_max, .. } = self.limits;
        if announced_bytes.is_some_and(|announced_bytes| announced_bytes > size_bytes_max) {
            return Err(Unread::TooLarge { size_bytes_max });
        }
        let whole = tokio::time::timeout(reading_max, self.read_pieces(body)).await;
        whole.unwrap_or(Err(Unread::TooSlow { reading_max }))
    }

    async fn read_pieces(&self, body: Body) -> Result<(Vec<u8>, SemaphorePermit<'_>), Unread> {
        let size_bytes_max = self.limits.size_bytes_max;
        let mut place = self.place(0)?;
        // Pieces are copied together at once, because a list of tiny ones would take much more than their bytes.
        let mut bytes: Vec<u8> = Vec::new();
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| Unread::BrokenOff { cause: error.into_inner() })?;
            if piece.len() > size_bytes_max - bytes.len() {
                return Err(Unread::TooLarge { size_bytes_max });
            }
            place.merge(self.place(piece.len())?);
            bytes.extend_from_slice(&piece);
        }
        Ok((bytes, place))
    }

    /// Nobody waits for room: two who both wait for the rest of theirs would wait for ever.
    fn place(&self, size_bytes: usize) -> Result<SemaphorePermit<'_>, Unread> {
        let size_bytes = u32::try_from(size_bytes).map_err(|_| Unread::NoRoom)?;
        self.free_bytes.try_acquire_many(size_bytes).map_err(|_| Unread::NoRoom)
    }
}
