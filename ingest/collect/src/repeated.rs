//! `Repeated`: an error that comes again and again is told once, then seldom. Telling it is left to whoever has it.

use std::time::{Duration, Instant};

/// An error that stays is told again after this.
const TOLD_AGAIN: Duration = Duration::from_mins(5);

/// What is tried every second, or for every message, fails as often: such an error is told once, then seldom, and at
/// once when it becomes another one.
#[derive(Debug, Default)]
pub struct Repeated {
    gist: String,
    told_at: Option<Instant>,
    untold: u64,
}

impl Repeated {
    /// How often an error came that was not told, if it is to be told now.
    pub fn tell(&mut self, text: &str, now: Instant) -> Option<u64> {
        // Files are tried under a new name each time.
        let is_same = |word: &&str| !word.contains('/') && !word.chars().any(char::is_numeric);
        let gist = text.split_whitespace().filter(is_same).collect::<Vec<_>>().join(" ");
        if self.gist == gist && self.told_at.is_some_and(|told_at| now.duration_since(told_at) < TOLD_AGAIN) {
            self.untold += 1;
            return None;
        }
        (self.gist, self.told_at) = (gist, Some(now));
        Some(std::mem::take(&mut self.untold))
    }

    /// It went well, so the next error is a new one.
    pub fn end(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_stays_is_told_seldom() {
        let (mut repeated, began) = (Repeated::default(), Instant::now());
        let denied = |file: u64| format!("failed to write `/data/part-{file}`: Permission denied (os error 13)");
        assert_eq!(repeated.tell(&denied(1), began), Some(0));
        assert_eq!(repeated.tell(&denied(2), began + Duration::from_secs(1)), None);
        assert_eq!(repeated.tell(&denied(3), began + TOLD_AGAIN), Some(1));
        assert_eq!(repeated.tell("no space left on device", began + TOLD_AGAIN), Some(0));
        assert_eq!(repeated.tell("no space left on device", began + TOLD_AGAIN), None);
        repeated.end();
        assert_eq!(repeated.tell("no space left on device", began + TOLD_AGAIN), Some(0));
    }
}
