//! The whole HTTP side over a shard that is played by the test: no sockets, no media.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use mio::{Poll, Token};
use serde_json::Value;
use sfu_core::command::{Command, Join};
use sfu_core::error::RequestError;
use sfu_core::event::{CloseReason, Event, PatchOutcome};
use sfu_core::id::{Identity, RequestId, RoomName, TransportId};
use sfu_core::sample::Sample;
use sfu_server::app::{AppState, app};
use sfu_server::auth::{Auth, Book};
use sfu_server::config::{Config, Layers, OPTIONS};
use sfu_server::control::Control;
use sfu_server::media::{ShardHandle, ShardInbox, ShardIndex, channel};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};
use tower::ServiceExt;

pub const OFFER: &str = "v=0\r\n";
/// Its one section has the mid of the slots that the played shard tells of.
pub const ANSWER: &str = "v=0\r\ns=answer\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:3\r\n";
pub const TAG: &str = "tag-1";
pub const NEW_TAG: &str = "tag-2";
/// A fragment that the played shard takes for an ICE restart.
pub const RESTART: &str = "a=ice-ufrag:new\r\n";
pub const RESTARTED: &str = "a=ice-ufrag:ours\r\n";

/// Opens the operator's API to [`Server::operate`].
pub const OPERATED_FROM_HERE: (&str, &str) = ("admin_local", "true");

/// Decides what a shard says to a command; `None`: what a shard in good health says.
pub type Script = Box<dyn FnMut(&Command) -> Option<Vec<Event>> + Send>;

pub struct Server {
    pub app: Router,
    pub control: Arc<Control>,
    /// What reached the shards, in order.
    pub commands: Arc<Mutex<Vec<Command>>>,
    pub state: AppState,
    /// Says something in the name of a shard, for as long as it lives.
    shards: Vec<WeakUnboundedSender<Event>>,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// As text; what is not text is replaced.
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Reply {
    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), "application/json", "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that this is a problem document that names the request, and gives it.
    pub fn problem(&self, status: u16, path: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let document: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(document["status"], status);
        assert_eq!(document["instance"], path);
        assert!(!document["title"].as_str().unwrap().is_empty());
        assert!(!document["detail"].as_str().unwrap_or("").is_empty(), "says nothing: {document}");
        document
    }
}

impl Server {
    /// One healthy shard, and the default configuration but for the operator's API, which this machine may use.
    pub fn start() -> Self {
        Self::with(&[OPERATED_FROM_HERE], 1, || Box::new(|_| None))
    }

    pub fn with_flags(flags: &[(&str, &str)]) -> Self {
        Self::with(flags, 1, || Box::new(|_| None))
    }

    pub fn scripted(script: impl FnMut(&Command) -> Option<Vec<Event>> + Send + 'static) -> Self {
        let script: Script = Box::new(script);
        let mut script = Some(script);
        Self::with(&[OPERATED_FROM_HERE], 1, move || script.take().unwrap())
    }

    pub fn with(flags: &[(&str, &str)], shards: usize, mut script: impl FnMut() -> Script) -> Self {
        let config = config(flags);
        let commands = Arc::new(Mutex::new(Vec::new()));
        let mut handles = Vec::new();
        let mut streams = Vec::new();
        let mut senders = Vec::new();
        for index in 0..shards {
            let (handle, events, sender) = played_shard(index, Arc::clone(&commands), script());
            senders.push(sender);
            streams.push((handle.index, events));
            handles.push(handle);
        }
        let control = Arc::new(Control::new(handles, config.spread_percent.into()));
        let now_s = sfu_server::signal::now().unix_ms / 1_000;
        let invites = Book::open(config.state_dir.as_deref(), now_s).unwrap();
        let state = AppState::new(Arc::clone(&control), &config, Auth::open(&config).unwrap(), invites);
        for (index, events) in streams {
            tokio::spawn(Arc::clone(&state.rooms).listen(index, events));
        }
        let app = app(state.clone());
        Self { app, control, commands, state, shards: senders }
    }

    /// The first shard says this.
    pub fn tell(&self, event: Event) {
        self.shards[0].upgrade().expect("the shard lives").send(event).unwrap();
    }

    /// Sends a request that names this machine, if it names none.
    pub async fn send(&self, mut request: Request<Body>) -> Reply {
        request.headers_mut().entry(HOST).or_insert(HeaderValue::from_static("localhost"));
        self.send_from("198.51.100.9:1000", request).await
    }

    /// Sends a request as if from this address.
    pub async fn send_from(&self, peer: &str, mut request: Request<Body>) -> Reply {
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let (parts, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Reply { status: parts.status, headers: parts.headers, body, bytes }
    }

    /// Sends a request as an operator on the server's own machine does.
    pub async fn operate(&self, method: &str, path: &str, body: &str) -> Reply {
        let headers = [("host", "127.0.0.1:8080"), ("content-type", "application/json")];
        self.send_from("127.0.0.1:1000", request(method, path, &headers, body.to_owned())).await
    }

    /// Joins and gives the resource's path.
    pub async fn join(&self, url: &str) -> String {
        let reply = self.send(post(url)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
        reply.header("location").to_owned()
    }

    pub fn joins(&self) -> Vec<Join> {
        let commands = self.commands.lock().unwrap();
        let joins = commands.iter().filter_map(|command| match command {
            Command::Publish(join) | Command::Watch { join, .. } | Command::Meet { join, .. } => Some(join.clone()),
            _ => None,
        });
        joins.collect()
    }
}

/// Waits for something that the event listener does on its own time.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !condition() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::task::yield_now().await;
    }
}

pub fn config(flags: &[(&str, &str)]) -> Config {
    let mut layers = Layers::default();
    for spec in OPTIONS {
        let values: Vec<String> =
            flags.iter().filter(|(key, _)| *key == spec.key).map(|(_, value)| (*value).to_owned()).collect();
        if !values.is_empty() {
            layers.add_flag(spec, &values);
        }
    }
    Config::from_layers(&layers).unwrap()
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path);
    headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value)).body(body.into()).unwrap()
}

/// An offer.
pub fn post(url: &str) -> Request<Body> {
    request("POST", url, &[("host", "localhost"), ("content-type", "application/sdp")], OFFER)
}

pub fn patch(url: &str, if_match: &str, fragment: &'static str) -> Request<Body> {
    request("PATCH", url, &[("content-type", "application/trickle-ice-sdpfrag"), ("if-match", if_match)], fragment)
}

pub fn delete(url: &str) -> Request<Body> {
    request("DELETE", url, &[], Body::empty())
}

pub fn get(url: &str) -> Request<Body> {
    request("GET", url, &[], Body::empty())
}

fn played_shard(
    index: usize,
    log: Arc<Mutex<Vec<Command>>>,
    script: Script,
) -> (ShardHandle, UnboundedReceiver<Event>, WeakUnboundedSender<Event>) {
    let poll = Poll::new().unwrap();
    let port = u16::try_from(7882 + index).unwrap();
    let sockets = Arc::from([SocketAddr::from(([192, 0, 2, 7], port)), SocketAddr::from(([127, 0, 0, 1], port))]);
    let (handle, ShardInbox { commands, status }) =
        channel(ShardIndex(index), sockets, poll.registry(), Token(0)).unwrap();
    let (sender, events) = unbounded_channel();
    let weak = sender.downgrade();
    std::thread::spawn(move || {
        let _poll = poll;
        let outcome = catch_unwind(AssertUnwindSafe(|| play(&commands, &log, &sender, script)));
        status.set_ended();
        drop((outcome, sender));
    });
    (handle, events, weak)
}

type Lives = HashMap<TransportId, (RoomName, Identity, bool)>;

fn play(commands: &Receiver<Command>, log: &Mutex<Vec<Command>>, events: &UnboundedSender<Event>, mut script: Script) {
    let mut lives = Lives::new();
    while let Ok(command) = commands.recv() {
        log.lock().unwrap().push(command.clone());
        let said = script(&command).unwrap_or_else(|| healthy(&mut lives, command));
        for event in said {
            if events.send(event).is_err() {
                return;
            }
        }
    }
}

fn healthy(lives: &mut Lives, command: Command) -> Vec<Event> {
    match command {
        Command::Publish(join) | Command::Meet { join, .. } => {
            let same = |life: &(RoomName, Identity, bool)| life.2 && life.0 == join.room && life.1 == join.identity;
            let old = lives.iter().find(|(_, life)| same(life)).map(|(transport, _)| *transport);
            let mut events = answered(lives, &join, true);
            events.extend(old.and_then(|old| closed(lives, old, CloseReason::Replaced)));
            events
        }
        Command::Watch { join, .. } => answered(lives, &join, false),
        Command::Patch { request, transport, fragment } => {
            let outcome = if fragment == RESTART {
                PatchOutcome::Restarted { fragment: RESTARTED.to_owned(), ice_tag: NEW_TAG.to_owned() }
            } else {
                PatchOutcome::Trickled
            };
            vec![Event::Patched { request, transport, outcome }]
        }
        Command::Close { transport } => closed(lives, transport, CloseReason::Requested).into_iter().collect(),
        Command::CloseAll => {
            let all: Vec<TransportId> = lives.keys().copied().collect();
            all.into_iter().filter_map(|transport| closed(lives, transport, CloseReason::Requested)).collect()
        }
        Command::Link { .. } => vec![],
        Command::Why { request, transport } => {
            vec![Event::Rejected { request, error: RequestError::UnknownTransport(transport) }]
        }
        Command::Sample { request } => {
            let sample = Sample { at: Instant::now(), viewers: Vec::new(), slots: Vec::new() };
            vec![Event::Sample { request, sample: Box::new(sample) }]
        }
        Command::WhatIf { request, .. } => vec![Event::Forecast { request, forecasts: Vec::new() }],
        Command::Stats { request } => vec![Event::Stats { request, stats: Box::default() }],
        Command::Renegotiate { request, transport, .. } => vec![again(request, transport)],
        Command::SetLayout { request, .. }
        | Command::SetMuted { request, .. }
        | Command::CapRoom { request, .. }
        | Command::UncapRoom { request, .. }
        | Command::CapParticipant { request, .. } => vec![Event::Done { request }],
        Command::SendData { .. } => Vec::new(),
    }
}

fn answered(lives: &mut Lives, join: &Join, publishes: bool) -> Vec<Event> {
    lives.insert(join.transport, (join.room.clone(), join.identity.clone(), publishes));
    vec![again(join.request, join.transport)]
}

fn again(request: RequestId, transport: TransportId) -> Event {
    Event::Answered { request, transport, answer: ANSWER.to_owned(), ice_tag: TAG.to_owned(), tracks: Vec::new() }
}

fn closed(lives: &mut Lives, transport: TransportId, reason: CloseReason) -> Option<Event> {
    let (room, identity, _) = lives.remove(&transport)?;
    Some(Event::Closed { transport, room, identity, reason })
}
