//! The configuration file: what the organisation says, and how this process runs.
//!
//! The words on which numbers depend are `Definitions`; everything else stands here. Unknown keys
//! are refused with their name.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use waymark_analytics::Definitions;
use waymark_collect::Connection;
use waymark_event::Instant;

/// Everything that a configuration file says.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Where it was read; null when there is no file and all is default.
    pub(crate) path: Option<PathBuf>,
    pub(crate) definitions: Definitions,
    pub(crate) operation: Operation,
}

/// How this process runs; no number depends on it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Operation {
    /// Pins "now", for a sample or a frozen copy.
    pub(crate) as_of: Option<Instant>,
    pub(crate) serve: Serve,
    pub(crate) webhook: Webhook,
    #[serde(rename = "connection")]
    pub(crate) connections: Vec<Connection>,
    pub(crate) kafka: Kafka,
    pub(crate) query: Query,
    pub(crate) upkeep: Upkeep,
}

/// Where it listens.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Serve {
    /// Address and port. Default `127.0.0.1:8080`; anything but loopback is refused until there is sign-in.
    pub(crate) listen: SocketAddr,
}

/// The receiver of webhooks.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhook {
    /// Largest body accepted; more is refused unread. Default 25 MiB.
    pub(crate) body_bytes_max: usize,
}

/// The topic that `waymark collect kafka` consumes.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Kafka {
    pub(crate) brokers: String,
    pub(crate) topic: String,
    pub(crate) group: String,
    /// Our name for the cluster, part of the stream's name.
    pub(crate) cluster: String,
    /// The dialect of its records. Default `json`.
    pub(crate) source: String,
    /// The host or account that its records are about. Default: the source's usual one.
    pub(crate) instance: Option<String>,
    /// Where the very first start begins: `earliest` or `latest`. Default `earliest`.
    pub(crate) start: String,
    /// Records that share one trip into the tables, at most. Default 20,000.
    pub(crate) batch_records_max: usize,
    /// How long a record may wait for others, in milliseconds. Default 1,000.
    pub(crate) batch_wait_ms: u64,
    /// How long a collector that died keeps its partitions, in milliseconds. Default 45,000.
    pub(crate) session_timeout_ms: u64,
}

/// Limits of people's own questions.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Query {
    /// Memory of all questions together. Default 1 GiB.
    pub(crate) memory_bytes_max: u64,
}

/// What is let go of by itself, and when.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Upkeep {
    /// Days for which raw deliveries are kept. Default: for ever.
    pub(crate) deliveries_days: Option<u32>,
    /// Days after which a file that nobody reads any more is removed. Default 7.
    pub(crate) vacuum_days: u32,
    /// Files of about one size are merged once there are so many. Default 8.
    pub(crate) merge_files_min: usize,
}

impl Default for Serve {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)) }
    }
}

impl Default for Webhook {
    fn default() -> Self {
        Self { body_bytes_max: 25 * 1_024 * 1_024 }
    }
}

impl Default for Query {
    fn default() -> Self {
        Self { memory_bytes_max: 1_024 * 1_024 * 1_024 }
    }
}

impl Default for Upkeep {
    fn default() -> Self {
        Self { deliveries_days: None, vacuum_days: 7, merge_files_min: 8 }
    }
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            brokers: "127.0.0.1:9092".to_owned(),
            topic: "waymark-deliveries".to_owned(),
            group: "waymark".to_owned(),
            cluster: "default".to_owned(),
            source: "json".to_owned(),
            instance: None,
            start: "earliest".to_owned(),
            batch_records_max: 20_000,
            batch_wait_ms: 1_000,
            session_timeout_ms: 45_000,
        }
    }
}

/// Keys of the file that belong to the definitions.
const DEFINITIONS: &[&str] =
    &["zone", "organisation", "settings", "environment", "component", "mandate", "exemption", "target"];

impl Config {
    /// Reads `explicit`, else the data folder's own file, else `./waymark.toml`, else nothing.
    pub(crate) fn load(explicit: Option<&Path>, data: &Path) -> anyhow::Result<Self> {
        let candidates = [data.join("waymark.toml"), PathBuf::from("waymark.toml")];
        let found = match explicit {
            Some(path) => Some(path.to_owned()),
            None => candidates.into_iter().find(|path| path.is_file()),
        };
        let Some(path) = found else { return Ok(Self::default()) };
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("failed to read the configuration `{}`", path.display()))?;
        let mut config = Self::parse(&text).with_context(|| format!("failed to understand `{}`", path.display()))?;
        config.path = Some(path);
        Ok(config)
    }

    /// Understands the text of a configuration file.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let whole: toml::Table = text.parse()?;
        let (definitions, operation): (toml::Table, toml::Table) =
            whole.into_iter().partition(|(key, _)| DEFINITIONS.contains(&key.as_str()));
        let definitions: Definitions = definitions.try_into()?;
        let operation: Operation = operation.try_into()?;
        let config = Self { path: None, definitions, operation };
        let problems = config.problems();
        if !problems.is_empty() {
            bail!("{}", problems.join("; "));
        }
        Ok(config)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = self.definitions.problems();
        problems.extend(self.operation.connections.iter().filter_map(Connection::problem));
        if waymark_collect::find(&self.operation.kafka.source).is_none() {
            problems.push(format!("kafka.source `{}` is no source", self.operation.kafka.source));
        }
        if !["earliest", "latest"].contains(&self.operation.kafka.start.as_str()) {
            problems.push(format!("kafka.start `{}` is none of earliest, latest", self.operation.kafka.start));
        }
        if self.operation.upkeep.deliveries_days == Some(0) {
            problems.push("upkeep.deliveries_days is 0, which keeps nothing: give at least 1, or leave it out".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_example_is_understood() {
        let config = Config::parse(include_str!("../../waymark.example.toml")).unwrap();
        assert!(!config.definitions.components.is_empty());
        assert!(!config.operation.connections.is_empty());
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = Config::parse("zone = \"UTC\"\nzoom = 1").unwrap_err();
        assert!(format!("{error:#}").contains("zoom"), "{error:#}");
    }

    #[test]
    fn a_connection_without_secret_must_say_so() {
        let error = Config::parse("[[connection]]\nname = \"ci\"\nsource = \"github\"").unwrap_err();
        assert!(format!("{error:#}").contains("authentication"), "{error:#}");
    }
}
