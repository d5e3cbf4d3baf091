//! The configuration file: what the organisation says, and how this process runs.
//!
//! The words on which numbers depend are `Definitions`; everything else stands here, and `problems.rs` says what is wrong
//! with it. Unknown keys are refused with their name, and what cannot be read with its place (`unread.rs`).

mod problems;
mod unread;

pub(crate) use problems::off_loopback;

use self::unread::Readable;
use anyhow::{Context, anyhow};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, Deserializer};
use waymark_analytics::{Definitions, read_platform};
use waymark_collect::Connection;
use waymark_collect::evidence::{EvidenceRules, read_rules};
use waymark_event::{Instant, Remark, Weight, WrittenFile};

/// Everything that a configuration file says.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where it was read; null when there is no file and all is default.
    pub(crate) path: Option<PathBuf>,
    pub(crate) definitions: Definitions,
    pub(crate) operation: Operation,
    /// How the use of components is seen in repositories.
    pub(crate) rules: EvidenceRules,
    /// The files of the folder that describes the platform.
    pub(crate) platform: Vec<WrittenFile>,
    /// What is taken but probably does not say what was meant.
    pub(crate) doubts: Vec<Remark>,
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
    /// Names under which a proxy asks, beside those of loopback.
    pub(crate) hosts: Vec<String>,
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
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), hosts: Vec::new() }
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
const DEFINITIONS: &[&str] = &[
    "zone",
    "organisation",
    "grades",
    "settings",
    "environment",
    "component",
    "mandate",
    "exemption",
    "target",
    "alternative",
    "migration",
    "responsibility",
    "membership",
    "service_paths",
    "hotfix",
    "verdict",
];

/// The folder beside the configuration that describes the platform.
const PLATFORM: &str = "platform";

impl Config {
    /// Reads `explicit`, else the data folder's own file, else `./waymark.toml`, else nothing; and the
    /// folder `platform` beside it, else that of the data folder. `listen` takes the place of the file's address.
    pub(crate) fn load(explicit: Option<&Path>, data: &Path, listen: Option<SocketAddr>) -> anyhow::Result<Self> {
        let candidates = [data.join("waymark.toml"), PathBuf::from("waymark.toml")];
        let found = match explicit {
            Some(path) => Some(path.to_owned()),
            None => candidates.iter().find(|path| path.is_file()).cloned(),
        };
        let beside = |path: &Path| path.with_file_name(PLATFORM);
        let Some(path) = found else {
            let folder = candidates.iter().map(|path| beside(path)).find(|folder| folder.is_dir());
            return Self::understand("", None, written_files(folder.as_deref())?, listen);
        };
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("failed to read the configuration `{}`", path.display()))?;
        let folders = [beside(&path), data.join(PLATFORM)];
        let files = written_files(folders.iter().find(|folder| folder.is_dir()).map(PathBuf::as_path))?;
        Self::understand(&text, Some(path), files, listen)
    }

    /// Understands the text of a configuration file and the files that describe the platform. All that is wrong in them
    /// is told at once, as far as they can be read at all.
    pub(crate) fn understand(
        text: &str,
        path: Option<PathBuf>,
        platform: Vec<WrittenFile>,
        listen: Option<SocketAddr>,
    ) -> anyhow::Result<Self> {
        let name = path.as_ref().map_or_else(|| "the configuration".to_owned(), |path| path.display().to_string());
        let Readable { table, mistakes, lacks_components } =
            unread::readable(text, &name).map_err(|mistake| refused(&[mistake]))?;
        // What the reader says may show a secret.
        let (definitions, mut operation, lines) =
            read(table, text).map_err(|error| anyhow!("failed to understand `{name}`{}", at_line(text, &error)))?;
        operation.serve.listen = listen.unwrap_or(operation.serve.listen);
        // Its entries may name what could not be read.
        let platform = if lacks_components { Vec::new() } else { platform };
        let (definitions, mut remarks) = read_platform(definitions, &name, &platform);
        remarks.extend(mistakes);
        let components = definitions.components.iter().flat_map(|one| std::iter::once(&one.id).chain(&one.formerly));
        let components: Vec<&str> = components.map(String::as_str).collect();
        let (rules, further) = read_rules(&platform, &components);
        remarks.extend(further);
        remarks.extend(problems::problems(&operation, &lines).into_iter().map(|message| Remark {
            file: name.clone(),
            line: 0,
            column: 0,
            weight: Weight::Wrong,
            message,
        }));
        remarks.sort();
        remarks.dedup();
        let (wrong, doubts): (Vec<Remark>, Vec<Remark>) = remarks.into_iter().partition(|one| one.weight == Weight::Wrong);
        if !wrong.is_empty() {
            return Err(refused(&wrong));
        }
        Ok(Self { path, definitions, operation, rules, platform, doubts })
    }
}

/// Refuses what is written, with everything that is wrong in it.
fn refused(wrong: &[Remark]) -> anyhow::Error {
    let lines: Vec<String> = wrong.iter().map(|remark| format!("\n  {remark}")).collect();
    anyhow!("what is written cannot be taken:{}", lines.concat())
}

/// Both halves of what a configuration file says, and the lines of its text in which its connections begin.
fn read(table: DeTable<'_>, text: &str) -> Result<(Definitions, Operation, Vec<usize>), toml::de::Error> {
    let connections = table.iter().find(|(key, _)| key.get_ref() == "connection");
    let connections = connections.and_then(|(_, entries)| entries.get_ref().as_array());
    let lines = connections.into_iter().flatten().map(|connection| line_at(text, connection.span().start)).collect();
    let (definitions, operation): (DeTable<'_>, DeTable<'_>) =
        table.into_iter().partition(|(key, _)| DEFINITIONS.contains(&key.get_ref().as_ref()));
    let definitions = Definitions::deserialize(Deserializer::from(Spanned::new(0..text.len(), definitions)))?;
    let operation = Operation::deserialize(Deserializer::from(Spanned::new(0..text.len(), operation)))?;
    Ok((definitions, operation, lines))
}

/// The line, from 1, in which a place of a text lies.
fn line_at(text: &str, start: usize) -> usize {
    1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count()
}

/// Where an error lies, as far as it says that.
fn at_line(text: &str, error: &toml::de::Error) -> String {
    error.span().map(|span| format!(": see line {}", line_at(text, span.start))).unwrap_or_default()
}

/// The YAML files of a folder by name; none when the folder is not there.
fn written_files(folder: Option<&Path>) -> anyhow::Result<Vec<WrittenFile>> {
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else { return Ok(Vec::new()) };
    let failed = || format!("failed to read the folder `{}`", folder.display());
    let entries = std::fs::read_dir(folder).with_context(failed)?.collect::<Result<Vec<_>, _>>().with_context(failed)?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(WrittenFile { name: format!("{PLATFORM}/{name}"), text })
    };
    paths.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a configuration that is refused.
    fn refusal(text: &str, platform: Vec<WrittenFile>) -> String {
        format!("{:#}", Config::understand(text, None, platform, None).unwrap_err())
    }

    const EXAMPLE: &str = include_str!("../../waymark.example.toml");

    #[test]
    fn the_shipped_example_is_understood() {
        let config = Config::understand(EXAMPLE, None, Vec::new(), None).unwrap();
        assert!(!config.definitions.components.is_empty());
        assert!(!config.operation.connections.is_empty());
        assert_eq!(config.doubts, []);
    }

    #[test]
    fn the_secret_of_the_example_is_refused_and_another_one_is_taken() {
        let secret = "replace-this-by-a-random-text";
        let line = EXAMPLE.lines().position(|line| line.contains(secret)).unwrap();
        let entry = EXAMPLE.lines().skip(line - 4).take(5).map(|line| line.strip_prefix("# ").unwrap());
        let entry = entry.collect::<Vec<_>>().join("\n");
        let error = refusal(&entry, Vec::new());
        assert!(error.contains("is the one of the example") && error.lines().count() == 2, "{error}");
        let config = Config::understand(&entry.replace(secret, "sixteen letters!"), None, Vec::new(), None).unwrap();
        assert_eq!(config.operation.connections.len(), 1);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = refusal("zone = \"UTC\"\nzoom = 1", Vec::new());
        assert!(error.contains("zoom"), "{error}");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = "zone = \"Mars\"\n[settings]\nsurvey_k = 2\n[webhook]\nbody_bytes_max = 0\n\
            [[connection]]\nname = \"ci\"\nsource = \"github\"";
        let platform = WrittenFile { name: "platform/p.yaml".to_owned(), text: "component: []".to_owned() };
        let error = refusal(text, vec![platform]);
        let parts = ["zone `Mars`", "settings.survey_k", "webhook.body_bytes_max", "connection `ci`", "platform/p.yaml:1"];
        for part in parts {
            assert!(error.contains(part), "`{part}` is not told: {error}");
        }
    }

    #[test]
    fn every_section_that_cannot_be_read_is_told_at_once() {
        let text = "[webhook]\nbody_bytes_max = \"large\"\n[upkeep]\nvacuum_days = -1\n[settings]\nsurvey = 5";
        let error = refusal(text, Vec::new());
        for part in [":2:18: `webhook.body_bytes_max`", ":4:15: `upkeep.vacuum_days`", ":6:1: `survey` is not known here"] {
            assert!(error.contains(part), "`{part}` is not told: {error}");
        }
        let error = refusal("[webhook\n", Vec::new());
        assert!(error.contains("the configuration:") && error.contains("this is no TOML: "), "{error}");
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_else() {
        let text = "zone = \"Mars\"\nzoom = 1\n[serve]\nlisten = \"0.0.0.0:80\"\nhost = []\n[settings]\nsurvey_k = 2\n\
            [[connection]]\nname = \"ci\"\nsource = \"json\"\n[[connection]]\nnam = \"cd\"";
        let error = refusal(text, Vec::new());
        let parts = [
            "zone `Mars`",
            ":2:1: `zoom` is not known here",
            "serve.listen: `0.0.0.0:80`",
            ":5:1: `host` is not known here",
            "settings.survey_k is 2",
            "connection `ci`: it has no secret",
            ":12:1: `nam` is not known here",
        ];
        for part in parts {
            assert!(error.contains(part), "`{part}` is not told: {error}");
        }
        assert_eq!(error.lines().count(), 1 + parts.len(), "{error}");
        let target = "[[target]]\ncomponent = \"ci\"\nshare = 0.9\ndue_on = \"2026-06-30\"";
        let error = refusal(&format!("[[component]]\nid = \"ci\"\n{target}"), Vec::new());
        assert!(error.contains("missing field `title`") && error.lines().count() == 2, "only the cause is told: {error}");
    }

    #[test]
    fn an_address_of_the_command_line_wins_before_that_of_the_file_is_judged() {
        let text = "[serve]\nlisten = \"0.0.0.0:80\"";
        assert!(Config::understand(text, None, Vec::new(), None).is_err());
        let listen = SocketAddr::from(([127, 0, 0, 1], 9000));
        let config = Config::understand(text, None, Vec::new(), Some(listen)).unwrap();
        assert_eq!(config.operation.serve.listen, listen);
    }

    /// The sample as `waymark demo` writes it.
    fn sample_files() -> Vec<WrittenFile> {
        let files = waymark_sample::Plan::demo().platform().into_iter();
        files.map(|(name, text)| WrittenFile { name: format!("platform/{name}"), text }).collect()
    }

    #[test]
    fn the_platform_of_the_sample_is_whole_and_says_what_its_short_form_says() {
        let plan = waymark_sample::Plan::demo();
        let short = Config::understand(&plan.configuration(), None, Vec::new(), None).unwrap();
        let config = Config::understand(&plan.settings(), None, sample_files(), None).unwrap();
        assert!(config.doubts.is_empty(), "{:?}", config.doubts);
        assert_eq!(config.rules.rules().len(), 9);
        let (full, short) = (&config.definitions, &short.definitions);
        assert_eq!((full.migrations.len(), full.alternatives.len(), full.responsibilities.len()), (1, 8, 6));
        assert_eq!((&full.mandates, &full.targets, &full.memberships), (&short.mandates, &short.targets, &short.memberships));
        let key =
            |one: &waymark_analytics::Component| (one.id.clone(), one.category.clone(), one.owner.clone(), one.released_on);
        assert!(full.components.iter().map(key).eq(short.components.iter().map(key)));
        for (full, short) in full.components.iter().zip(&short.components) {
            let tags = |rules: Vec<waymark_analytics::FitRule>| {
                let pairs = rules.into_iter().map(|rule| (rule.any_tags, rule.no_tags));
                pairs.fold((Vec::new(), Vec::new()), |(any, no), (one, other)| ([any, one].concat(), [no, other].concat()))
            };
            assert_eq!(tags(full.conditions()), tags(short.conditions()), "{}", full.id);
        }
        let exempt = |one: &waymark_analytics::Exemption| {
            (one.component.clone(), one.service.clone(), one.code().to_owned(), one.expires_on)
        };
        assert!(full.exemptions.iter().map(exempt).eq(short.exemptions.iter().map(exempt)));
    }

    #[test]
    fn what_is_wrong_in_the_folder_is_told_with_place_and_suggestion() {
        let wrong = |from: &str, to: &str| {
            let mut files = sample_files();
            for file in &mut files {
                file.text = file.text.replacen(from, to, 1);
            }
            refusal("", files)
        };
        let error = wrong("  - component: tracing", "  - component: tracin");
        assert!(error.contains("platform/evidence.yaml:") && error.contains("did you mean `tracing`?"), "{error}");
        let error = wrong("preset: logging", "preset: loging");
        assert!(error.contains("there is no preset `loging`: did you mean `logging`?"), "{error}");
        let error = wrong("      store: acme-vault", "      stor: acme-vault");
        assert!(error.contains("does not ask for `stor`: did you mean `store`?"), "{error}");
        let error = wrong("dockerfile_from", "dockerfile_form");
        assert!(error.contains("`dockerfile_form` is not known here: did you mean `dockerfile_from`?"), "{error}");
        let error = wrong("    category: ci\n", "    categry: ci\n");
        assert!(
            error.contains("platform/components.yaml:5:5: `categry` is not known here: did you mean `category`?"),
            "{error}"
        );
    }

    #[test]
    fn one_component_in_both_places_is_refused() {
        let plan = waymark_sample::Plan::demo();
        let error = refusal(&plan.configuration(), sample_files());
        assert!(error.contains("component `ci-standard` is described twice"), "{error}");
    }
}
