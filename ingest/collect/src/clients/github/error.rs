//! Why a client could not read what it asked for.
//!
//! Messages name the path and what the other side said; never the token.

use crate::arrivals::poll::PageSinkError;
use http::StatusCode;
use serde::Deserialize;

/// Characters of another side's message that are passed on.
const MESSAGE_CHARACTERS_MAX: usize = 200;

/// Why a client could not read what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base address is none.
    #[error("the address of the interface is not readable: write it as `https://github.example.org/api/v3`")]
    Address {
        /// What is wrong with it.
        #[source]
        cause: url::ParseError,
    },
    /// The base address holds more than scheme, host and path.
    #[error("the address of the interface must be `http` or `https` with host and path only: give the token by itself")]
    AddressParts,
    /// The token cannot be sent.
    #[error("the token holds characters that cannot be sent: check for line breaks")]
    Token,
    /// The connection cannot be set up.
    #[error("failed to set up the connection")]
    Build {
        /// What the library says.
        #[source]
        cause: Box<octocrab::Error>,
    },
    /// The repository is not written as owner and name.
    #[error("`{repository}` is no repository: write it as `owner/name`")]
    Repository {
        /// What was given.
        repository: String,
    },
    /// Nobody answered at all.
    #[error("failed to reach `{path}`")]
    Send {
        /// The path that was asked.
        path: String,
        /// What the library says.
        #[source]
        cause: Box<octocrab::Error>,
    },
    /// The credentials are not accepted.
    #[error("the token was refused at `{path}`: {message}")]
    Unauthorised {
        /// The path that was asked.
        path: String,
        /// What the other side said.
        message: String,
    },
    /// The thing does not exist, or these credentials may not see it.
    #[error("there is no `{path}`, or the token may not see it")]
    NotFound {
        /// The path that was asked.
        path: String,
    },
    /// Any other refusal, after all waits.
    #[error("`{path}` was refused with status {status}: {message}")]
    Refused {
        /// The path that was asked.
        path: String,
        /// The status of the answer.
        status: u16,
        /// What the other side said.
        message: String,
    },
    /// The next page stands on another host, to which our credentials must not go.
    #[error("the page after `{path}` is on another host, `{host}`, and is not asked for")]
    ForeignPage {
        /// The path that was asked.
        path: String,
        /// The other host.
        host: String,
    },
    /// A list names itself as its next page, or never ends.
    #[error("the list at `{path}` does not end")]
    Circle {
        /// The path that was asked.
        path: String,
    },
    /// A page is no list.
    #[error("failed to read the page `{path}` as a list")]
    Page {
        /// The path that was asked.
        path: String,
        /// What the reading found.
        #[source]
        cause: serde_json::Error,
    },
    /// A page was read, but not made durable.
    #[error("failed to keep a page of `{list}`")]
    Keep {
        /// Which list the page belongs to.
        list: &'static str,
        /// What the keeper said.
        #[source]
        cause: PageSinkError,
    },
}

impl ClientError {
    /// The error of an answer that is no success.
    pub(super) fn refused(path: &str, status: StatusCode, body: &str) -> Self {
        let path = path.to_owned();
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthorised { path, message: message(body) },
            StatusCode::NOT_FOUND => Self::NotFound { path },
            _ => Self::Refused { path, status: status.as_u16(), message: message(body) },
        }
    }

    /// Whether only this list is closed to us, while others may be open.
    pub(super) fn is_closed_list(&self) -> bool {
        matches!(self, Self::NotFound { .. } | Self::Refused { status: 403 | 410 | 422 | 451, .. })
    }
}

/// What the other side said, in short.
fn message(body: &str) -> String {
    #[derive(Deserialize)]
    struct Said {
        message: String,
    }
    let said = serde_json::from_str::<Said>(body).map_or_else(|_| "it gave no reason".to_owned(), |said| said.message);
    said.chars().filter(|character| !character.is_control()).take(MESSAGE_CHARACTERS_MAX).collect()
}
