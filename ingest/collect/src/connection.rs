//! `Connection`: a configured entry by which messages of one source arrive, with its secrets.

use crate::signature::{SECRET_BYTES_MIN, Secret};
use crate::source::Source;
use crate::sources;
use serde::Deserialize;

/// How senders of a connection are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// By a secret of the connection.
    #[default]
    Secret,
    /// Anybody who can reach the address may send; it must be written out.
    None,
}

/// A configured entry of one source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The last part of its address: `POST /hooks/{name}`.
    pub name: String,
    /// The dialect of its messages: a row of `SOURCES`.
    pub source: String,
    /// The host or account that its messages are about; default: the source's usual one.
    pub instance: Option<String>,
    /// Secrets of which any may match, so that they can be changed without a gap.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// How senders are known; default: by a secret.
    #[serde(default)]
    pub authentication: Authentication,
}

impl Connection {
    /// The connection that has no configuration and is named after its source.
    pub fn unconfigured(source: &dyn Source) -> Self {
        Self {
            name: source.name().to_owned(),
            source: source.name().to_owned(),
            instance: None,
            secrets: Vec::new(),
            authentication: Authentication::None,
        }
    }

    /// The dialect of this connection, if it exists.
    pub fn dialect(&self) -> Option<&'static dyn Source> {
        sources::find(&self.source)
    }

    /// What is wrong with this entry, in words for the person who wrote it.
    pub fn problem(&self) -> Option<String> {
        let known: Vec<&str> = sources::SOURCES.iter().map(|source| source.name()).collect();
        if self.dialect().is_none() {
            return Some(format!("connection `{}`: source `{}` is none of {}", self.name, self.source, known.join(", ")));
        }
        if self.secrets.is_empty() && self.authentication == Authentication::Secret {
            return Some(format!("connection `{}` has no secret: add one, or write `authentication = \"none\"`", self.name));
        }
        let short = self.secrets.iter().find(|secret| secret.is_short())?;
        Some(format!(
            "connection `{}`: the secret `{}` is shorter than {SECRET_BYTES_MIN} characters: `openssl rand -hex 32` makes one",
            self.name, short.id
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        let with = |value: &str| {
            let source = &sources::SOURCES[0];
            let secrets = vec![Secret::new("first", value)];
            Connection { secrets, authentication: Authentication::Secret, ..Connection::unconfigured(*source) }.problem()
        };
        assert_eq!(with("sixteen letters!"), None);
        for value in ["", "   ", "short", "                    "] {
            let problem = with(value).unwrap();
            assert!(problem.contains("`first` is shorter than 16 characters"), "{problem}");
        }
    }
}
