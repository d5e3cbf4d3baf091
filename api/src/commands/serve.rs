//! `waymark serve`: receiver, flusher, engine, interface and pages, in one process on one port.

use super::status::Probe;
use super::stopping::told_to_stop;
use super::upkeep::Upkeep;
use super::workplace::{HEARTBEAT_SECONDS, Workplace};
use super::writer::Writer;
use super::{Place, output};
use anyhow::{Context, bail};
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use waymark_analytics::{Engine, QueryService};
use waymark_api::{App, Hosts, Problem, chain, only_meant, router, warm};
use waymark_collect::arrivals::webhook::{self, Receiver};
use waymark_lake::{InboxHandle, InboxLimits};

/// Flags of `waymark serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Where to serve; port 0 takes a free one. Default: the configuration's, else 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// Where a server listens, and what it says when it is ready.
pub(super) struct Server {
    pub(super) listen: SocketAddr,
    pub(super) greeting: fn(SocketAddr) -> String,
}

/// How long the writer waits for more before it moves what has come.
const QUIET: Duration = Duration::from_millis(300);

/// How long deliveries are moved before what was moved becomes visible.
const MOVING_MAX: Duration = Duration::from_secs(1);

/// Serves the data folder until it is told to stop.
pub(crate) async fn run(place: &Place, args: ServeArgs) -> anyhow::Result<()> {
    let workplace = Workplace::open(place).await?;
    let listen = args.listen.unwrap_or(workplace.config.operation.serve.listen);
    let greeting = |address: SocketAddr| {
        format!("Waymark is ready at http://{address}/ and receives at http://{address}/hooks/<connection>")
    };
    serve(workplace, Server { listen, greeting }).await
}

/// Serves a workplace until Ctrl-C or a termination signal.
pub(super) async fn serve(workplace: Workplace, server: Server) -> anyhow::Result<()> {
    if !server.listen.ip().is_loopback() {
        bail!(
            "`{}` is not a loopback address: this version has no sign-in, so put a proxy with authentication in front of 127.0.0.1",
            server.listen
        );
    }
    let mut writer = Writer::open(&workplace, "serve").await?;
    let handle = InboxHandle::start(&workplace.layout, InboxLimits::default())?;
    let listener = TcpListener::bind(server.listen)
        .await
        .with_context(|| format!("failed to listen at {}: choose another with `--listen`", server.listen))?;
    let address = listener.local_addr().context("failed to read the listener's address")?;
    bring_up(&workplace, &mut writer).await?;
    let engine = Arc::new(Engine::new(workplace.layout.clone(), Arc::clone(&workplace.definitions)));
    engine.newest().await?;
    let spill = workplace.layout.root().join("spill");
    let queries = QueryService::new(Arc::clone(&engine), workplace.config.operation.query.memory_bytes_max, &spill)
        .context("failed to start the query service")?;
    let connections = workplace.config.operation.connections.clone();
    let receiver = Receiver {
        inbox: handle.clone(),
        // Who asks one sender for proof does not want another to come in beside it without any.
        accepts_unconfigured: connections.iter().all(|connection| connection.secrets.is_empty()),
        connections: Arc::new(connections),
        body_bytes_max: workplace.config.operation.webhook.body_bytes_max,
        clock: Arc::clone(&workplace.clock),
    };
    let app = App::new(engine, Arc::new(queries)).with_status(Arc::new(Probe::of(&workplace)));
    tokio::spawn(keep_warm(app.clone()));
    let hosts: Hosts = workplace.config.operation.serve.hosts.clone().into();
    let app = router(app).merge(webhook::router(receiver)).layer(from_fn(in_time));
    let app = app.layer(from_fn_with_state(hosts, only_meant));
    let (stop, stopped) = watch::channel(());
    let mover = Mover::of(&workplace, writer);
    let mover = tokio::spawn(mover.run(handle, stopped));
    output::note(&(server.greeting)(address));
    let ended = axum::serve(listener, app).with_graceful_shutdown(told_to_stop()).await;
    drop(stop);
    mover.await.context("the writer ended early")?;
    ended.context("failed to serve")
}

/// Where people and machines look whether all is well, and how long an answer may take there.
const IN_TIME: &[(&str, Duration)] = &[
    ("/readyz", Duration::from_secs(3)),
    ("/api/v1/status", Duration::from_secs(10)),
    ("/status", Duration::from_secs(10)),
    ("/", Duration::from_secs(15)),
];

/// A storage that hangs is to be told of by the addresses that somebody watches, not to be waited for.
async fn in_time(request: Request, next: Next) -> Response {
    let limit = IN_TIME.iter().find(|(path, _)| *path == request.uri().path()).map(|(_, limit)| *limit);
    match limit {
        Some(limit) => within(limit, next.run(request)).await,
        None => next.run(request).await,
    }
}

async fn within(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    let late = |_| {
        let seconds = limit.as_secs();
        let detail = format!(
            "no answer within {seconds} s: ask again, and if that stays so, see whether the disk or object store with the data answers"
        );
        Problem::not_ready(detail).into_response()
    };
    tokio::time::timeout(limit, answer).await.unwrap_or_else(late)
}

/// How long nobody looks for a new snapshot, at least and at most.
const WARM_PAUSE: Duration = Duration::from_secs(2);
const WARM_PAUSE_MAX: Duration = Duration::from_mins(1);

/// Opens each new snapshot and makes the pages that people open first before somebody asks for them, from memory
/// as soon as that is there: made from a large lake meanwhile, they would keep both waiting. Where snapshots follow
/// each other quickly, a fifth of the time goes into this.
async fn keep_warm(app: App) {
    let (mut warmed, mut pause) = (String::new(), WARM_PAUSE);
    loop {
        if let Ok(opened) = app.engine.newest().await
            && opened.snapshot.id != warmed
        {
            app.engine.until_read().await;
            let began = Instant::now();
            warm(&app).await;
            pause = (4 * began.elapsed()).clamp(WARM_PAUSE, WARM_PAUSE_MAX);
            warmed.clone_from(&opened.snapshot.id);
        }
        tokio::time::sleep(pause).await;
    }
}

/// What waits from before is made visible first, and there is always a snapshot to answer from.
async fn bring_up(workplace: &Workplace, writer: &mut Writer) -> anyhow::Result<()> {
    let waiting = writer.drain().await?;
    let newest = waymark_lake::Snapshot::newest(&workplace.layout).await?;
    let is_current = match &newest {
        Some(snapshot) => snapshot.definitions == workplace.definitions.fingerprint() && !writer.is_ahead_of(snapshot).await?,
        None => false,
    };
    if waiting.deliveries > 0 || !is_current {
        writer.refresh().await?;
    } else {
        writer.heartbeat().await?;
    }
    Ok(())
}

/// Moves what arrives into tables and facts; a failure is logged and tried again, nothing is lost.
struct Mover {
    writer: Writer,
    upkeep: Upkeep,
    /// Something is in the tables that the facts do not hold yet.
    is_dirty: bool,
    moving: Repeated,
    computing: Repeated,
    keeping_up: Repeated,
}

impl Mover {
    fn of(workplace: &Workplace, writer: Writer) -> Self {
        Self {
            writer,
            upkeep: Upkeep::of(workplace),
            is_dirty: false,
            moving: Repeated::default(),
            computing: Repeated::default(),
            keeping_up: Repeated::default(),
        }
    }

    async fn run(mut self, inbox: InboxHandle, mut stopped: watch::Receiver<()>) {
        let mut heartbeat = tokio::time::interval(Duration::from_secs(HEARTBEAT_SECONDS.unsigned_abs()));
        heartbeat.tick().await;
        loop {
            let is_last = tokio::select! {
                () = inbox.arrived() => false,
                // Another process may have put deliveries in, which nobody tells us.
                () = tokio::time::sleep(Duration::from_secs(1)) => false,
                _ = heartbeat.tick() => {
                    // While something waits for its facts, a new time would only hide that.
                    if !self.is_dirty
                        && let Err(error) = self.writer.heartbeat().await
                    {
                        tracing::error!(error.message = %chain(error.as_ref()), "the snapshot could not be renewed");
                    }
                    false
                }
                _ = stopped.changed() => true,
            };
            if !is_last && !self.is_dirty {
                tokio::time::sleep(QUIET).await;
            }
            self.move_once().await;
            if is_last {
                return;
            }
            match self.writer.keep_up(&mut self.upkeep).await {
                Ok(has_other_files) => {
                    self.keeping_up.end();
                    self.is_dirty |= has_other_files;
                }
                Err(error) => {
                    let text = chain(error.as_ref());
                    if let Some(untold) = self.keeping_up.tell(&text, Instant::now()) {
                        tracing::error!(error.message = %text, error.untold = untold, "upkeep was not done; it is tried again");
                    }
                }
            }
        }
    }

    async fn move_once(&mut self) {
        let flushed = match self.writer.drain_for(MOVING_MAX).await {
            Ok(flushed) => flushed,
            Err(error) => {
                let text = chain(error.as_ref());
                if let Some(untold) = self.moving.tell(&text, Instant::now()) {
                    tracing::error!(error.message = %text, error.untold = untold, "deliveries could not be moved into the tables; they are kept");
                }
                // Some may be in the tables already.
                self.is_dirty = true;
                return;
            }
        };
        self.moving.end();
        if flushed.deliveries == 0 && !self.is_dirty {
            return;
        }
        match self.writer.refresh().await {
            Ok(snapshot) => {
                tracing::info!(
                    delivery.count = flushed.deliveries,
                    observation.count = flushed.observations,
                    rejection.count = flushed.rejections,
                    snapshot.id = %snapshot.id,
                    "deliveries became visible"
                );
                self.computing.end();
                self.is_dirty = false;
            }
            Err(error) => {
                let text = chain(error.as_ref());
                if let Some(untold) = self.computing.tell(&text, Instant::now()) {
                    tracing::error!(error.message = %text, error.untold = untold, "facts could not be computed; the last snapshot stands");
                }
                self.is_dirty = true;
            }
        }
    }
}

/// An error that stays is told again after this.
const TOLD_AGAIN: Duration = Duration::from_mins(5);

/// What is tried every second fails every second: such an error is told once, then seldom, and at once when it becomes
/// another one.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    gist: String,
    told_at: Option<Instant>,
    untold: u64,
}

impl Repeated {
    /// How often an error came that was not told, if it is to be told now.
    pub(super) fn tell(&mut self, text: &str, now: Instant) -> Option<u64> {
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
    pub(super) fn end(&mut self) {
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

    #[tokio::test]
    async fn a_late_answer_says_so() {
        let late = within(Duration::from_millis(1), std::future::pending()).await;
        assert_eq!(late.status().as_u16(), 503);
        let early = within(Duration::from_mins(1), async { "ok".into_response() }).await;
        assert_eq!(early.status().as_u16(), 200);
    }
}
