//! What GitHub says: the bodies of its webhooks and of its programming interface, as text.
//!
//! Only the shape; when and why something is said belongs to `life.rs`. Each function writes one
//! object with its name in front, because webhooks and answers wrap the same object differently.

mod deployment;
mod pull_request;
mod push;
mod workflow_run;

pub(crate) use deployment::{Deployment, deployment, deployment_status};
pub(crate) use pull_request::{PullRequest, Stage, commits, pull_request};
pub(crate) use push::{Pushed, push};
pub(crate) use workflow_run::{Run, workflow_run};

use crate::organisation::{login, mail, offset_minutes};
use waymark_event::Instant;

/// Who did something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// The person of this number.
    Person(usize),
    /// The machine that raises dependencies.
    Dependabot,
}

impl Author {
    pub(crate) fn login(self) -> String {
        match self {
            Self::Person(person) => login(person),
            Self::Dependabot => "dependabot[bot]".to_owned(),
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Person(person) => format!("Dev {person}"),
            Self::Dependabot => self.login(),
        }
    }

    pub(crate) fn mail(self) -> String {
        match self {
            Self::Person(person) => mail(person),
            Self::Dependabot => "dependabot@acme.example.org".to_owned(),
        }
    }

    /// Minutes east of UTC at which the author's clock stands.
    pub(crate) fn offset_minutes(self) -> i32 {
        match self {
            Self::Person(person) => offset_minutes(person),
            Self::Dependabot => 0,
        }
    }

    /// The account as an object.
    pub(crate) fn account(self) -> String {
        let kind = match self {
            Self::Person(_) => "User",
            Self::Dependabot => "Bot",
        };
        format!(r#"{{"login":"{}","type":"{kind}"}}"#, self.login())
    }
}

/// A time as git writes it: with the offset of whoever did it.
pub(crate) fn local_time(instant: Instant, offset_minutes: i32) -> String {
    let shifted = instant.plus_seconds(i64::from(offset_minutes) * 60).to_rfc3339();
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let minutes = offset_minutes.abs();
    format!("{}{sign}{:02}:{:02}", shifted.trim_end_matches('Z'), minutes / 60, minutes % 60)
}

/// A text in quotes, or `null`.
fn text_or_null(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_names_the_same_moment() {
        let at = Instant::parse("2026-03-02T23:30:00Z").unwrap();
        assert_eq!(local_time(at, 120), "2026-03-03T01:30:00+02:00");
        assert_eq!(Instant::parse(&local_time(at, -180)), Ok(at));
    }
}
