//! Puts the server together, runs it and takes it apart again.
//!
//! Shutdown: on SIGTERM or SIGINT it accepts nothing new, closes every transport politely, waits until they are gone (at
//! most [`CLOSE_MAX`]), ends the media threads and returns.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use sfu_core::event::Event;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle as Task};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::app::{AppState, app};
use crate::auth::limits::KEYS_LOOK_INTERVAL;
use crate::auth::{Auth, Book, BookError, KeysError, Openness, Reload};
use crate::config::Config;
use crate::control::Control;
use crate::listen::{ListenError, Listeners};
use crate::media::{self, ShardIndex, StartError};
use crate::metrics::Metrics;
use crate::series;
use crate::signal::{Admission, now};

/// How long transports and HTTP requests get to end. Service managers kill after 10 s or more.
pub const CLOSE_MAX: Duration = Duration::from_secs(5);
/// How often the wait looks whether they have ended.
const CLOSE_POLL: Duration = Duration::from_millis(10);

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Media(#[from] StartError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("the address of the HTTP socket cannot be told: {0}")]
    Address(#[source] io::Error),
    #[error("signals cannot be caught: {0}")]
    Signal(#[source] io::Error),
    #[error("{path}: {source}; `sfu-server keys generate` writes such a file", path = path.display())]
    Keys { path: PathBuf, source: KeysError },
    #[error("state_dir: {0}; name a folder that the server may write to")]
    Invites(#[from] BookError),
    #[error("HTTP ended unasked: {0}")]
    Http(#[from] JoinError),
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Addresses {
    pub http: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https: Option<SocketAddr>,
    /// Sockets of each shard.
    pub media: Vec<Vec<SocketAddr>>,
}

impl Addresses {
    /// One line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Serves until a signal; `listening` hears the bound addresses once everything is.
pub async fn serve(config: &Config, listening: impl FnOnce(&Addresses)) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signal)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signal)?;
    let auth = open_keys(config)?;
    let invites = Book::open(config.state_dir.as_deref(), now().unix_ms / 1_000)?;
    let hangup = signal(SignalKind::hangup()).map_err(ServeError::Signal)?;
    let listeners = Listeners::bind(config).await?;
    let (http, https) = (listeners.http().map_err(ServeError::Address)?, listeners.https());

    let Media { control, events, threads } = start_media(config)?;
    let addresses =
        Addresses { http, https, media: control.shards().iter().map(|shard| shard.sockets.to_vec()).collect() };
    tracing::info!(http = %addresses.http, https = ?addresses.https, media = ?addresses.media, "listening");
    if config.admin_local && config.admin_token.is_none() {
        tracing::warn!(
            "admin_local: whatever asks from this machine may use /api/v1, a proxy or tunnel on it for the whole world too; set \
             admin_token where one runs"
        );
    }
    listening(&addresses);

    let state = AppState::new(Arc::clone(&control), config, auth.clone(), invites);
    tokio::spawn(watch_keys(auth, Arc::clone(&state.metrics), hangup));
    for (shard, events) in events {
        tokio::spawn(Arc::clone(&state.rooms).listen(shard, events));
    }
    tokio::spawn(series::keep(Arc::clone(&control), Arc::clone(&state.history), Arc::clone(&state.rooms)));
    let stopping = state.clone();
    let stop = async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, transports = stopping.control.directory.transports(), "shutting down");
        stopping.control.drain();
        stopping.rooms.drain();
        stopping.control.close_all();
    };
    let (stopped_sender, stopped) = watch::channel(false);
    let admission = Arc::clone(&state.admission);
    let metrics = Arc::clone(&state.metrics);
    tokio::spawn(async move {
        stop.await;
        stopped_sender.send_replace(true);
        // Who asks later is told as well.
        stopped_sender.closed().await;
    });
    let serving = tokio::spawn(listeners.serve(app(state), metrics, stopped.clone()));
    let served = wait(serving, stopped, &control, &admission).await;
    tokio::task::spawn_blocking(move || end_threads(&control, threads)).await.unwrap_or_default();
    served
}

fn open_keys(config: &Config) -> Result<Auth, ServeError> {
    let path = config.auth_keys.clone().unwrap_or_default();
    let auth = Auth::open(config).map_err(|source| ServeError::Keys { path: path.clone(), source })?;
    match &auth {
        Auth::Keys { store, audience } => {
            tracing::info!(file = %path.display(), keys = ?store.keys().ids(), %audience, "tokens are asked for");
        }
        Auth::Open(Openness::Development) => {
            tracing::info!("development mode: nobody is asked for a token, and HTTP is served to this machine alone");
        }
        Auth::Open(Openness::Insecure) => {
            tracing::warn!("insecure_no_auth: whoever reaches this server may come into every room, without a token");
        }
    }
    Ok(auth)
}

/// Has the file of keys looked at now and then, and at every SIGHUP, which ends nothing.
async fn watch_keys(auth: Auth, metrics: Arc<Metrics>, mut hangup: Signal) {
    let mut looks = interval(KEYS_LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            heard = hangup.recv() => if heard.is_none() { return },
        }
        let Some(store) = auth.store().cloned() else { continue };
        // A file's disk may be slow, or across a network.
        if let Ok(Reload::Refused(_)) = tokio::task::spawn_blocking(move || store.look()).await {
            metrics.auth.keys_refused.inc();
        }
    }
}

/// The media plane, started.
struct Media {
    control: Arc<Control>,
    /// What each shard tells.
    events: Vec<(ShardIndex, UnboundedReceiver<Event>)>,
    threads: Vec<JoinHandle<()>>,
}

fn start_media(config: &Config) -> Result<Media, StartError> {
    let mut handles = Vec::new();
    let mut events = Vec::new();
    let mut threads = Vec::new();
    for shard in media::start(config)? {
        events.push((shard.handle.index, shard.events));
        handles.push(shard.handle);
        threads.push(shard.thread);
    }
    Ok(Media { control: Arc::new(Control::new(handles, config.spread_percent.into())), events, threads })
}

async fn wait(
    mut serving: Task<()>,
    mut stopped: watch::Receiver<bool>,
    control: &Control,
    admission: &Admission,
) -> Result<(), ServeError> {
    tokio::select! {
        ended = &mut serving => return Ok(ended?),
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    let transports_gone = async {
        while control.directory.transports() > 0 || admission.sockets() > 0 {
            sleep(CLOSE_POLL).await;
        }
    };
    let everything = async { tokio::join!(transports_gone, &mut serving) };
    match timeout(CLOSE_MAX, everything).await {
        Ok(((), ended)) => Ok(ended?),
        Err(_) => {
            tracing::warn!(transports = control.directory.transports(), "not everything ended in time");
            Ok(())
        }
    }
}

fn end_threads(control: &Control, threads: Vec<JoinHandle<()>>) {
    for shard in control.shards() {
        shard.stop();
    }
    for thread in threads {
        // A panic was logged where it was caught.
        let _ = thread.join();
    }
}
