//! `Moto`: an object store of this machine that answers like S3, for one test.
//!
//! `moto/serve.py` is what it starts, and says why it is not moto's own command. What is kept in
//! it is gone when the test ends.

use crate::harness::root;
use crate::python;
use object_store::ObjectStore;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

const BUCKET: &str = "waymark";
const REGION: &str = "us-east-1";
/// Any name and word will do: moto believes everybody.
const KEY_ID: &str = "waymark";
const KEY: &str = "waymark";
/// Importing it takes a second or two, on a machine that may be busy.
const START_MAX: Duration = Duration::from_mins(1);
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A running store with one empty bucket, which is ended with the test.
pub(crate) struct Moto {
    child: Child,
    address: SocketAddr,
    bucket: &'static str,
}

impl Moto {
    /// Starts it and waits until it answers; null when there is no Python.
    pub(crate) fn start() -> Option<Self> {
        let mut child = Command::new(python::interpreter()?)
            .arg(root().join("tests/it/moto/serve.py"))
            // It ends when this pipe does, also when the test is killed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = channel();
        std::thread::spawn(move || tell.send(lines.next().and_then(Result::ok)).ok());
        let line = told.recv_timeout(START_MAX).ok().flatten();
        let address = line.as_deref().and_then(|line| line.strip_prefix("ready at ")?.parse().ok());
        let Some(address) = address else {
            child.kill().ok();
            child.wait().ok();
            panic!("moto is not ready; it said {line:?}");
        };
        let moto = Self { child, address, bucket: BUCKET };
        moto.make_bucket();
        Some(moto)
    }

    fn make_bucket(&self) {
        let mut stream = TcpStream::connect_timeout(&self.address, ANSWER_MAX).unwrap();
        stream.set_read_timeout(Some(ANSWER_MAX)).unwrap();
        let (bucket, host) = (self.bucket, self.address);
        let head = format!("PUT /{bucket} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer.split(' ').nth(1), Some("200"), "{answer}");
    }

    /// The address at which it answers.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bucket that is there from the beginning.
    pub(crate) const fn bucket(&self) -> &str {
        self.bucket
    }

    /// What a process must find in its environment to reach it.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let endpoint = self.endpoint();
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", KEY),
            ("AWS_REGION", REGION),
            ("NO_PROXY", "127.0.0.1"),
        ];
        variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// The bucket as a store of this process, whose own environment stays as it is.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        let builder = AmazonS3Builder::new()
            .with_endpoint(self.endpoint())
            .with_allow_http(true)
            .with_bucket_name(self.bucket())
            .with_region(REGION)
            .with_access_key_id(KEY_ID)
            .with_secret_access_key(KEY)
            .with_conditional_put(S3ConditionalPut::ETagMatch);
        Arc::new(builder.build().unwrap())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
