//! `Broker`: a real Apache Kafka of one node, for one test, which can be killed and comes back.
//!
//! Broker and controller are one process on ports of this machine; its jars lie where `.ci/tools`
//! has put them: beside the build results. Every wait is bounded, and it ends with the test.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Why a test that needs a broker was not run.
pub(crate) const ABSENT: &str = "there is no tools/kafka beside the build results, or no java: run `.ci/run`";

/// Two or three seconds are usual; a machine may be busy.
const START_MAX: Duration = Duration::from_mins(2);
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Any identity will do: nobody else belongs to this cluster.
const CLUSTER_ID: &str = "MkU3OEVBNTcwNTJENDM2Qk";
/// Ports are taken from here: above are those that outgoing connections get, and a client that
/// tries to reach a dead broker could be given the very port of it.
const PORTS_FROM: u16 = 20_000;
const PORTS: u16 = 12_000;
/// How much is told of what a broker said that did not start.
const LINES_TOLD: usize = 40;

/// A broker, running or dead, with its folder and its port.
pub(crate) struct Broker {
    folder: PathBuf,
    jars: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Broker {
    /// Formats a broker in `folder`, starts it and waits until it answers; null when there are no
    /// jars or no java.
    pub(crate) fn start(folder: &Path) -> Option<Self> {
        let jars = jars()?;
        let java = Command::new("java").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !java.is_ok_and(|status| status.success()) {
            return None;
        }
        std::fs::create_dir_all(folder).unwrap();
        let (port, controller_port) = (free_port(), free_port());
        let mut broker = Self { folder: folder.to_owned(), jars, port, child: None };
        std::fs::write(folder.join("server.properties"), properties(folder, port, controller_port)).unwrap();
        std::fs::write(folder.join("log4j2.properties"), LOGGING).unwrap();
        let format = ["format", "--cluster-id", CLUSTER_ID, "--config", "server.properties"];
        let status = broker.java("-Xmx256m", "kafka.tools.StorageTool").args(format).status().unwrap();
        assert!(status.success(), "the broker's folder could not be formatted:\n{}", broker.said());
        broker.start_again();
        Some(broker)
    }

    /// The address that clients are told.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends the process as a power cut would; what it had acknowledged is in the files.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Starts the process in the same folder and at the same port, and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        self.kill();
        self.child = Some(self.java("-Xmx512m", "kafka.Kafka").arg("server.properties").spawn().unwrap());
        let client = self.client();
        let began = Instant::now();
        // The port is opened last, when everything else is ready.
        while !client.fetch_metadata(None, Duration::from_secs(1)).is_ok_and(|metadata| !metadata.brokers().is_empty()) {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().unwrap());
            assert!(ended.is_none(), "the broker has ended with {ended:?}:\n{}", self.said());
            assert!(began.elapsed() < START_MAX, "the broker did not answer within {START_MAX:?}:\n{}", self.said());
        }
    }

    /// Makes a topic, and waits until it is there.
    pub(crate) async fn create_topic(&self, topic: &str, partitions: i32) {
        let admin: AdminClient<DefaultClientContext> = self.settings().create().unwrap();
        let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_MAX));
        for made in admin.create_topics([&topic], &options).await.unwrap() {
            made.unwrap();
        }
    }

    /// How many records each partition of a topic has been given.
    pub(crate) fn record_counts(&self, topic: &str, partitions: i32) -> Vec<i64> {
        let client = self.client();
        (0..partitions).map(|partition| client.fetch_watermarks(topic, partition, ANSWER_MAX).unwrap().1).collect()
    }

    /// What every client of this broker is made from.
    pub(crate) fn settings(&self) -> ClientConfig {
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", self.address()).set("reconnect.backoff.max.ms", "500");
        settings
    }

    fn client(&self) -> BaseConsumer {
        self.settings().create().unwrap()
    }

    fn java(&self, memory: &str, class: &str) -> Command {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new("java");
        command
            // Compiled quickly and not well: the processors are wanted for what is tested.
            .args([memory, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg(format!("-Dlog4j2.configurationFile={}", self.folder.join("log4j2.properties").display()))
            .arg("-cp")
            .arg(self.jars.join("*"))
            .arg(class)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.join("broker.log")
    }

    fn said(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES_TOLD)..].join("\n")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The folder with the jars, if it is there.
fn jars() -> Option<PathBuf> {
    let test = std::env::current_exe().unwrap();
    // The test lies in TARGET/PROFILE/deps.
    let target = test.parent()?.parent()?.parent()?;
    let jars = target.join("tools/kafka");
    jars.is_dir().then_some(jars)
}

/// A port that nobody listens at; each call answers another one.
fn free_port() -> u16 {
    static ASKED: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % u32::from(PORTS)).unwrap();
    (0..PORTS)
        .map(|_| PORTS_FROM + (first + ASKED.fetch_add(1, Ordering::Relaxed)) % PORTS)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .unwrap()
}

/// One node that is all there is: internal topics have one copy, and a broker that died is missed
/// after a second, because nobody else could take its place and it is waited for when it is back.
fn properties(folder: &Path, port: u16, controller_port: u16) -> String {
    let data = folder.join("data");
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
controller.quorum.election.timeout.ms=200
controller.quorum.election.backoff.max.ms=200
controller.quorum.fetch.timeout.ms=1000
",
        data = data.display()
    )
}

const LOGGING: &str = "rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.target=SYSTEM_ERR
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c: %m%n
";
