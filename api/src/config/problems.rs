//! What is wrong with how a process is to run, in words for the person who wrote it.
//!
//! Each kind of mistake is one list, so that a new key is a new row. A connection judges itself, and so do definitions.

use super::{Kafka, Operation};
use http::uri::Authority;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use waymark_collect::{Connection, SOURCES, instance_problem};
use waymark_event::suggestion;

const MIB: u64 = 1_024 * 1_024;

/// Everything that is wrong; `lines` are those in which connections begin.
pub(super) fn problems(operation: &Operation, lines: &[usize]) -> Vec<String> {
    let connections = &operation.connections;
    let lists: [Vec<String>; 8] = [
        off_loopback(operation.serve.listen).map(|problem| format!("serve.listen: {problem}")).into_iter().collect(),
        hosts(&operation.serve.hosts),
        connections.iter().flat_map(Connection::problems).collect(),
        namesakes(connections, lines),
        numbers(operation),
        empty_texts(operation),
        instance(&operation.kafka).into_iter().collect(),
        unknown_words(operation),
    ];
    lists.concat()
}

/// Why an address is not served, whether the configuration or the command line names it.
pub(crate) fn off_loopback(listen: SocketAddr) -> Option<String> {
    (!listen.ip().is_loopback()).then(|| {
        format!(
            "`{listen}` is not a loopback address: this version has no sign-in, so put a proxy with authentication in front of 127.0.0.1"
        )
    })
}

/// Every number with what it may be and in what it is counted.
fn numbers(operation: &Operation) -> Vec<String> {
    let Operation { webhook, kafka, query, upkeep, .. } = operation;
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    // What is left out is kept for ever.
    let deliveries_days = upkeep.deliveries_days.map_or(1, u64::from);
    let rows: [(&str, u64, RangeInclusive<u64>, &str); 8] = [
        ("webhook.body_bytes_max", count(webhook.body_bytes_max), 1_024..=512 * MIB, "bytes"),
        ("kafka.batch_records_max", count(kafka.batch_records_max), 1..=1_000_000, "records"),
        ("kafka.batch_wait_ms", kafka.batch_wait_ms, 0..=60_000, "milliseconds"),
        ("kafka.session_timeout_ms", kafka.session_timeout_ms, 1_000..=3_600_000, "milliseconds"),
        ("query.memory_bytes_max", query.memory_bytes_max, 64 * MIB..=1_024 * 1_024 * MIB, "bytes"),
        ("upkeep.deliveries_days", deliveries_days, 1..=36_500, "days, or leave it out to keep them for ever"),
        ("upkeep.vacuum_days", upkeep.vacuum_days.into(), 0..=3_650, "days"),
        ("upkeep.merge_files_min", count(upkeep.merge_files_min), 2..=1_000, "files"),
    ];
    let wrong = rows.into_iter().filter(|(_, value, range, _)| !range.contains(value));
    wrong
        .map(|(key, value, range, unit)| format!("{key} is {value}: write {} to {} {unit}", range.start(), range.end()))
        .collect()
}

/// Every text that must say something: whether it says nothing, and what to write.
fn empty_texts(operation: &Operation) -> Vec<String> {
    let kafka = &operation.kafka;
    let is_empty = |text: &str| text.trim().is_empty();
    let rows = [
        ("kafka.brokers", is_empty(&kafka.brokers), "the addresses of brokers, separated by commas, such as `127.0.0.1:9092`"),
        ("kafka.topic", is_empty(&kafka.topic), "the name of the topic"),
        ("kafka.group", is_empty(&kafka.group), "the name of the consumer group, such as `waymark`"),
        ("kafka.cluster", is_empty(&kafka.cluster), "your name of the cluster, such as `default`"),
    ];
    let wrong = rows.into_iter().filter(|(_, is_empty, _)| *is_empty);
    wrong.map(|(key, _, write)| format!("{key} is empty: write {write}")).collect()
}

/// Records of a topic are about an instance as messages of a connection are.
fn instance(kafka: &Kafka) -> Option<String> {
    let problem = instance_problem(&kafka.source, kafka.instance.as_deref()?)?;
    Some(format!("kafka.instance {problem}"))
}

/// Every word that is one of a few.
fn unknown_words(operation: &Operation) -> Vec<String> {
    let kafka = &operation.kafka;
    let sources: Vec<&str> = SOURCES.iter().map(|source| source.name()).collect();
    let rows = [("kafka.source", &kafka.source, sources), ("kafka.start", &kafka.start, vec!["earliest", "latest"])];
    let wrong = rows.into_iter().filter(|(_, word, known)| !known.contains(&word.as_str()));
    wrong.map(|(key, word, known)| format!("{key} is `{word}`{}", suggestion(word, known))).collect()
}

/// Names of hosts are compared with what a `Host` header says, without its port.
fn hosts(hosts: &[String]) -> Vec<String> {
    let is_host = |name: &str| name.parse::<Authority>().is_ok_and(|found| found.host() == name) && !name.contains('*');
    let wrong = hosts.iter().filter(|name| !is_host(name));
    wrong
        .map(|name| {
            format!("serve.hosts: `{name}` is no name of a host: write it without scheme, port and path, such as `waymark.example.org`")
        })
        .collect()
}

/// A message reaches the first connection of its name, so another one would never be asked.
fn namesakes(connections: &[Connection], lines: &[usize]) -> Vec<String> {
    let line = |place: usize| lines.get(place).copied().unwrap_or_default();
    let again = connections.iter().enumerate().filter_map(|(place, connection)| {
        let first = connections.iter().take(place).position(|other| other.name == connection.name)?;
        Some(format!(
            "connection `{}` stands in line {} and again in line {}: give each connection a name of its own",
            connection.name,
            line(first),
            line(place)
        ))
    });
    again.collect()
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn what_would_break_or_mean_nothing_is_refused_with_what_to_write() {
        let connection = |rest: &str| format!("[[connection]]\nname = \"a\"\nsource = \"json\"\n{rest}\n");
        let open = connection("authentication = \"none\"");
        let twice = format!("{open}\n{open}");
        let both = connection("authentication = \"none\"\nsecrets = [{ id = \"first\", value = \"sixteen letters!\" }]");
        let cases = [
            ("[serve]\nlisten = \"0.0.0.0:80\"", "serve.listen: `0.0.0.0:80` is not a loopback address"),
            ("[serve]\nhosts = [\"http://a/\"]", "serve.hosts: `http://a/` is no name of a host"),
            ("[serve]\nhosts = [\"a.example.org:8080\"]", "write it without scheme, port and path"),
            ("[serve]\nhosts = [\"*.example.org\"]", "`*.example.org` is no name of a host"),
            ("[serve]\nhosts = [\"\"]", "`` is no name of a host"),
            ("[webhook]\nbody_bytes_max = 0", "webhook.body_bytes_max is 0: write 1024 to 536870912 bytes"),
            ("[webhook]\nbody_bytes_max = 9223372036854775807", "write 1024 to 536870912 bytes"),
            ("[query]\nmemory_bytes_max = 0", "query.memory_bytes_max is 0: write 67108864 to "),
            ("[query]\nmemory_bytes_max = 1", "query.memory_bytes_max is 1: "),
            ("[upkeep]\ndeliveries_days = 0", "upkeep.deliveries_days is 0: write 1 to 36500 days, or leave it out"),
            ("[upkeep]\nvacuum_days = 4294967295", "upkeep.vacuum_days is 4294967295: write 0 to 3650 days"),
            ("[upkeep]\nmerge_files_min = 1", "upkeep.merge_files_min is 1: write 2 to 1000 files"),
            ("[kafka]\nbatch_records_max = 0", "kafka.batch_records_max is 0: write 1 to 1000000 records"),
            ("[kafka]\nbatch_wait_ms = 3600000", "kafka.batch_wait_ms is 3600000: write 0 to 60000 milliseconds"),
            ("[kafka]\nsession_timeout_ms = 0", "kafka.session_timeout_ms is 0: write 1000 to 3600000 milliseconds"),
            ("[kafka]\nbrokers = \"\"", "kafka.brokers is empty: write the addresses of brokers"),
            ("[kafka]\ntopic = \" \"", "kafka.topic is empty"),
            ("[kafka]\ngroup = \"\"", "kafka.group is empty"),
            ("[kafka]\ncluster = \"\"", "kafka.cluster is empty"),
            ("[kafka]\ninstance = \"\"", "kafka.instance is empty"),
            (
                "[kafka]\nsource = \"github\"\ninstance = \"https://github.com\"",
                "kafka.instance `https://github.com` is no host: write it in lower case",
            ),
            ("[kafka]\nsource = \"jsn\"", "kafka.source is `jsn`: did you mean `json`?"),
            ("[kafka]\nstart = \"now\"", "kafka.start is `now`: there is earliest, latest"),
            (twice.as_str(), "connection `a` stands in line 1 and again in line 6"),
            (both.as_str(), "contradict each other"),
        ];
        for (text, expected) in cases {
            let error = Config::understand(text, None, Vec::new(), None).unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{text}: {error:#}");
        }
    }

    #[test]
    fn what_means_something_is_taken() {
        for text in [
            "",
            "[serve]\nlisten = \"[::1]:0\"\nhosts = [\"Waymark.example.org\", \"localhost\", \"[2001:db8::1]\"]",
            "[webhook]\nbody_bytes_max = 1024",
            "[query]\nmemory_bytes_max = 67108864",
            "[upkeep]\ndeliveries_days = 1\nvacuum_days = 0\nmerge_files_min = 2",
            "[kafka]\nbatch_records_max = 1\nbatch_wait_ms = 0\nbrokers = \"one:9092, two:9092\"",
            "[kafka]\nsource = \"github\"\ninstance = \"ghe.example.org\"",
            "[kafka]\ninstance = \"Tool\"",
        ] {
            let understood = Config::understand(text, None, Vec::new(), None);
            assert!(understood.is_ok(), "{text}: {understood:?}");
        }
    }
}
