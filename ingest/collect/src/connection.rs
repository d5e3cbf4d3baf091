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
    pub fn problems(&self) -> Vec<String> {
        let known: Vec<&str> = sources::SOURCES.iter().map(|source| source.name()).collect();
        let (is_proven, has_secrets) = (self.authentication == Authentication::Secret, !self.secrets.is_empty());
        let mut ids: Vec<&str> = self.secrets.iter().map(|secret| secret.id.as_str()).collect();
        ids.sort_unstable();
        let checks = [
            (
                !is_part_of_an_address(&self.name),
                "no address reaches this name: write letters, digits, `-`, `_` and `.`, such as `deploys`".to_owned(),
            ),
            (self.dialect().is_none(), format!("source `{}` is none of {}", self.source, known.join(", "))),
            (
                self.secrets.iter().any(|secret| secret.id.trim().is_empty()),
                "a secret has an empty `id`: give it a name, such as `first`".to_owned(),
            ),
            (
                ids.windows(2).any(|pair| pair[0] == pair[1]),
                "two of its secrets have the same `id`: give each of them its own name".to_owned(),
            ),
            (is_proven && !has_secrets, "it has no secret: add one, or write `authentication = \"none\"`".to_owned()),
            (
                !is_proven && has_secrets,
                "its secrets and `authentication = \"none\"` contradict each other: take one of the two away".to_owned(),
            ),
        ];
        let of_entry = checks.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, problem)| problem);
        let of_instance = self.instance.as_deref().and_then(|instance| instance_problem(&self.source, instance));
        let of_instance = of_instance.map(|problem| format!("its instance {problem}"));
        let of_secrets = self.secrets.iter().filter_map(secret_problem);
        of_entry.chain(of_instance).chain(of_secrets).map(|problem| format!("connection `{}`: {problem}", self.name)).collect()
    }
}

/// Why messages of a source cannot be about an instance: where the source's usual one is a host, identities hold it.
pub fn instance_problem(source: &str, instance: &str) -> Option<String> {
    if instance.trim().is_empty() {
        return Some("is empty: write the host that its messages are about, or leave it out".to_owned());
    }
    let usual = sources::find(source).filter(|source| source.is_vendor())?.default_instance();
    (is_host(usual) && !is_host(instance))
        .then(|| format!("`{instance}` is no host: write it in lower case without scheme, port and path, such as `{usual}`"))
}

/// Whether it is the name of a host as it stands in addresses, and nothing beside it.
fn is_host(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    name.contains('.') && name.split('.').all(|label| !label.is_empty() && label.chars().all(is_plain))
}

/// Whether a sender can write it as one part of an address, as it stands.
fn is_part_of_an_address(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    name.chars().all(is_plain) && name.contains(|letter: char| letter.is_ascii_alphanumeric())
}

/// The secret of the shipped example, which everybody can read there.
const PUBLISHED: &str = "replace-this-by-a-random-text";

fn secret_problem(secret: &Secret) -> Option<String> {
    let problem = if secret.is_short() {
        format!("is shorter than {SECRET_BYTES_MIN} characters")
    } else if *secret == Secret::new(&secret.id, PUBLISHED) {
        "is the one of the example, which everybody knows".to_owned()
    } else {
        return None;
    };
    Some(format!("the secret `{}` {problem}: `openssl rand -hex 32` makes one", secret.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that proves its messages by this secret.
    fn proven(secret: &str) -> Connection {
        let secrets = vec![Secret::new("first", secret)];
        Connection { secrets, authentication: Authentication::Secret, ..Connection::unconfigured(sources::SOURCES[0]) }
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused() {
        assert_eq!(proven("sixteen letters!").problems(), Vec::<String>::new());
        for (secret, expected) in [
            ("", "`first` is shorter than 16 characters"),
            ("   ", "`first` is shorter than 16 characters"),
            ("short", "`first` is shorter than 16 characters"),
            ("                    ", "`first` is shorter than 16 characters"),
            (PUBLISHED, "`first` is the one of the example"),
        ] {
            let problems = proven(secret).problems();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{problems:?}");
        }
    }

    #[test]
    fn an_entry_that_nothing_reaches_or_that_contradicts_itself_is_refused() {
        let good = || proven("sixteen letters!");
        let named = |name: &str| Connection { name: name.to_owned(), ..good() };
        for name in ["deploys", "team-a.ci_2", "A"] {
            assert_eq!(named(name).problems(), Vec::<String>::new());
        }
        let unproven = Connection { secrets: Vec::new(), ..good() };
        for (connection, expected) in [
            (named(""), "connection ``: no address reaches this name"),
            (named("a/b"), "connection `a/b`: no address reaches this name"),
            (named("a b"), "no address reaches this name"),
            (named("a%2Fb"), "no address reaches this name"),
            (named(".."), "no address reaches this name"),
            (Connection { source: "jsn".to_owned(), ..good() }, "source `jsn` is none of "),
            (Connection { instance: Some(String::new()), ..good() }, "its instance is empty"),
            (unproven, "it has no secret: add one, or write `authentication = \"none\"`"),
            (Connection { authentication: Authentication::None, ..good() }, "contradict each other"),
        ] {
            let problems = connection.problems();
            assert!(problems.len() == 1 && problems[0].contains(expected), "{expected}: {problems:?}");
        }
        let of_instance = |source: &str, instance: &str| Connection {
            source: source.to_owned(),
            instance: Some(instance.to_owned()),
            ..good()
        };
        for instance in ["GitHub.com", "https://github.com", "github.com/acme", "acme", "ghe.example.com:8443", "github.com."] {
            let problems = of_instance("github", instance).problems();
            let expected = format!("its instance `{instance}` is no host: write it in lower case");
            assert!(problems.len() == 1 && problems[0].contains(&expected), "{expected}: {problems:?}");
        }
        for (source, instance) in [("github", "ghe.example.com"), ("json", "Tool"), ("backstage", "acme")] {
            assert_eq!(of_instance(source, instance).problems(), Vec::<String>::new());
        }
        let with_ids = |ids: &[&str]| {
            let secrets = ids.iter().map(|id| Secret::new(id, "sixteen letters!")).collect();
            Connection { secrets, ..good() }.problems()
        };
        assert_eq!(with_ids(&["first", "second"]), Vec::<String>::new());
        assert!(with_ids(&["first", "first"])[0].contains("two of its secrets have the same `id`"));
        assert!(with_ids(&[""])[0].contains("a secret has an empty `id`"));
        let wrong = Connection { name: String::new(), source: "jsn".to_owned(), ..proven("short") };
        assert_eq!(wrong.problems().len(), 3, "all of it is told at once");
    }
}
