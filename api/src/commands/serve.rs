//! `waymark serve`: receiver, flusher, engine, interface and pages, in one process on one port.

mod connections;

use self::connections::{HEAD_MAX, answer_all};
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
use futures::FutureExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use waymark_analytics::{Engine, QueryService};
use waymark_api::{App, Hosts, Problem, only_meant, router, warm};
use waymark_collect::Repeated;
use waymark_collect::arrivals::webhook::{self, BodyLimits, Receiver};
use waymark_event::chain;
use waymark_lake::{InboxHandle, InboxLimits, LakeError};

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
    let workplace = Workplace::open_to_listen(place, args.listen).await?;
    let listen = workplace.config.operation.serve.listen;
    let greeting = |address: SocketAddr| {
        format!("Waymark is ready at http://{address}/ and receives at http://{address}/hooks/<connection>")
    };
    serve(workplace, Server { listen, greeting }).await
}

/// Serves a workplace until it is told to stop.
pub(super) async fn serve(workplace: Workplace, server: Server) -> anyhow::Result<()> {
    let mut writer = Writer::open(&workplace, "serve").await?;
    let handle = InboxHandle::start(&workplace.layout, InboxLimits::default())?;
    let listener = TcpListener::bind(server.listen)
        .await
        .with_context(|| format!("failed to listen at {}: choose another with `--listen`", server.listen))?;
    let address = listener.local_addr().context("failed to read the listener's address")?;
    let is_up = bring_up_if_there_is_room(&workplace, &mut writer).await?;
    let engine = Arc::new(Engine::new(workplace.layout.clone(), Arc::clone(&workplace.definitions)));
    let newest = engine.newest().await;
    if is_up {
        newest?;
    }
    let spill = workplace.layout.root().join("spill");
    let queries = QueryService::new(Arc::clone(&engine), workplace.config.operation.query.memory_bytes_max, &spill)
        .context("failed to start the query service")?;
    let connections = workplace.config.operation.connections.clone();
    let receiver = Receiver {
        inbox: handle.clone(),
        // Who asks one sender for proof does not want another to come in beside it without any.
        accepts_unconfigured: connections.iter().all(|connection| connection.secrets.is_empty()),
        connections: Arc::new(connections),
        limits: BodyLimits::of_size(workplace.config.operation.webhook.body_bytes_max),
        clock: Arc::clone(&workplace.clock),
    };
    let app = App::new(engine, Arc::new(queries)).with_status(Arc::new(Probe::of(&workplace)));
    tokio::spawn(keep_warm(app.clone()));
    let hosts: Hosts = workplace.config.operation.serve.hosts.clone().into();
    let app = router(app).merge(webhook::router(receiver)).layer(from_fn(in_time));
    let app = app.layer(from_fn_with_state(hosts, only_meant));
    let (stop, stopped) = watch::channel(());
    let mover = Mover { is_dirty: !is_up, ..Mover::of(&workplace, writer) };
    let mover = tokio::spawn(mover.run(handle.clone(), stopped));
    output::note(&(server.greeting)(address));
    let told = told_to_stop().shared();
    let serving = answer_all(listener, app, HEAD_MAX, told.clone());
    let overdue = async {
        told.await;
        tokio::time::sleep(STOPPING_MAX).await;
    };
    until_stopped(serving, overdue, handle.ended(), stop, mover).await
}

/// How long requests may take to end once the process is told to stop; the writer's last turn comes after that.
const STOPPING_MAX: Duration = Duration::from_secs(5);

const WRITER_ENDED: &str = "the writer ended early: what was acknowledged is kept, and the next start makes it visible";

const INBOX_ENDED: &str = "the thread that keeps deliveries ended early: what was acknowledged is kept, nothing more can be taken in, and the next start goes on";

/// Serves to the end, but no longer than until it is overdue, and then lets the writer take its last turn. Whoever is
/// cut off was told nothing and sends again.
///
/// A writer that ends before that ends the process: whatever supervises it starts it again, while a server without a
/// writer would take messages that nobody ever sees. So does the end of the inbox: it would refuse every message.
async fn until_stopped(
    serving: impl Future<Output = ()>,
    overdue: impl Future<Output = ()>,
    inbox_ended: impl Future<Output = ()>,
    stop: watch::Sender<()>,
    mut mover: JoinHandle<()>,
) -> anyhow::Result<()> {
    tokio::select! {
        () = serving => {}
        () = overdue => tracing::warn!("requests that did not end in time are cut off"),
        ended = &mut mover => {
            ended.context(WRITER_ENDED)?;
            bail!(WRITER_ENDED);
        }
        () = inbox_ended => bail!(INBOX_ENDED),
    }
    drop(stop);
    mover.await.context(WRITER_ENDED)
}

/// Where people and machines look whether all is well, and how long an answer may take there.
const IN_TIME: &[(&str, Duration)] = &[
    ("/readyz", Duration::from_secs(3)),
    ("/api/v1/status", Duration::from_secs(10)),
    ("/status", Duration::from_secs(10)),
    ("/", Duration::from_secs(15)),
];

/// How long any other answer may take, the coming of its request's body included.
const ANSWER_MAX: Duration = Duration::from_secs(310);

/// A storage that hangs is to be told of by the addresses that somebody watches, not to be waited for.
async fn in_time(request: Request, next: Next) -> Response {
    let limit = IN_TIME.iter().find(|(path, _)| *path == request.uri().path()).map_or(ANSWER_MAX, |(_, limit)| *limit);
    within(limit, next.run(request)).await
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

/// Whether what waits from before is visible now. Without room for it, what there is is served, and the writer tries again
/// as it does later; what no retry mends ends the start, because a person has to do something.
async fn bring_up_if_there_is_room(workplace: &Workplace, writer: &mut Writer) -> anyhow::Result<bool> {
    match bring_up(workplace, writer).await {
        Ok(()) => Ok(true),
        Err(error) if is_of_storing(&error) => {
            tracing::error!(error.message = %chain(error.as_ref()), "what waits could not be made visible; the last snapshot is served, and it is tried again");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Whether something could not be stored, and not that something is damaged, lost or too new.
fn is_of_storing(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| match cause.downcast_ref::<LakeError>() {
        Some(LakeError::Store { .. } | LakeError::Commit { .. } | LakeError::Object { .. }) => true,
        // To take away what is in the tables takes room, too.
        Some(LakeError::Inbox { operation, .. }) => *operation == "empty",
        _ => false,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use std::future::pending;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;
    use tokio::sync::Notify;
    use waymark_collect::CollectError;

    #[tokio::test]
    async fn a_request_that_stalls_does_not_keep_the_writer_from_its_last_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let came = Arc::new(Notify::new());
        let told = Arc::clone(&came);
        let app = axum::Router::new().fallback(move |body: Body| {
            came.notify_one();
            async move { to_bytes(body, 9).await.is_ok().to_string() }
        });
        let told = async move { told.notified().await }.shared();
        let serving = answer_all(listener, app, HEAD_MAX, told.clone());
        let overdue = async {
            told.await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let (stop, mut stopped) = watch::channel(());
        let mover = tokio::spawn(async move {
            stopped.changed().await.unwrap_err();
        });
        sender.write_all(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(3), until_stopped(serving, overdue, pending(), stop, mover)).await;
        ended.expect("it waits for the sender").unwrap();
    }

    #[tokio::test]
    async fn a_writer_that_breaks_down_ends_the_process_with_an_error() {
        let (stop, _stopped) = watch::channel(());
        let mover: JoinHandle<()> = tokio::spawn(async { panic!("a fact that cannot be") });
        let error = format!("{:#}", until_stopped(pending(), pending(), pending(), stop, mover).await.unwrap_err());
        assert!(error.starts_with(WRITER_ENDED) && error.contains("a fact that cannot be"), "{error}");
    }

    #[tokio::test]
    async fn an_inbox_that_breaks_down_ends_the_process_with_an_error() {
        let (stop, _stopped) = watch::channel(());
        let mover: JoinHandle<()> = tokio::spawn(pending());
        let error = until_stopped(pending(), pending(), async {}, stop, mover).await.unwrap_err();
        assert_eq!(format!("{error:#}"), INBOX_ENDED);
    }

    #[test]
    fn what_no_retry_mends_ends_the_start() {
        let lost = LakeError::LostCommits { table: "deliveries".to_owned(), version: 3, remedy: "restore it" };
        let newer = LakeError::NewerFormat { path: "data".into(), found: 9, known: 1 };
        for permanent in [
            lost,
            newer,
            LakeError::Locked { path: "data".into(), holder: "somebody".to_owned() },
            LakeError::ForgottenDamaged { object: "forgotten/1".to_owned() },
            LakeError::ForgottenGone { location: "data".to_owned() },
            LakeError::KeyLost { location: "data".to_owned() },
        ] {
            let error = anyhow::Error::from(CollectError::from(permanent)).context("failed to begin");
            assert!(!is_of_storing(&error), "{error:#}");
        }
    }

    #[tokio::test]
    async fn a_late_answer_says_so() {
        let late = within(Duration::from_millis(1), pending()).await;
        assert_eq!(late.status().as_u16(), 503);
        let early = within(Duration::from_mins(1), async { "ok".into_response() }).await;
        assert_eq!(early.status().as_u16(), 200);
    }
}
