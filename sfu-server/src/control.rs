//! The control plane's conversation with the shards: every request gets its answer, a refusal or a timeout, and every
//! transport that nobody waits for any more is closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use futures::future::join_all;
use sfu_core::command::{Command, Join};
use sfu_core::error::RequestError;
use sfu_core::event::{Event, PatchOutcome};
use sfu_core::id::{Identity, RequestId, RoomName, TransportId};
use sfu_core::stats::ShardStats;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use crate::directory::{Directory, Kind, Resource, ResourceId};
use crate::media::{SendError, ShardHandle, ShardIndex};

/// How long a shard may take to answer. It takes milliseconds; a client should hear of a stuck one before it gives up itself.
pub const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How long a scrape waits for a shard's counters.
pub const STATS_MAX: Duration = Duration::from_secs(1);

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The shard refused; nothing changed.
    #[error(transparent)]
    Refused(#[from] RequestError),
    #[error("the server is shutting down; try another one, or this one in a moment")]
    Draining,
    #[error("no media thread runs; the operator finds the reason in the server's log")]
    NoShard,
    #[error(transparent)]
    NotSent(#[from] SendError),
    #[error("the media thread did not answer within {} s; try again", ANSWER_MAX.as_secs())]
    NoAnswer,
}

/// Who wants to join, checked.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    pub kind: Kind,
    pub room: RoomName,
    pub identity: Identity,
    /// Publishers to watch, in order; for `Kind::Whep`.
    pub watch: Vec<Identity>,
    pub offer: String,
}

/// A transport that was made.
#[derive(Debug, Clone)]
pub struct Joined {
    pub resource: ResourceId,
    pub answer: String,
    pub ice_tag: String,
}

#[derive(Debug)]
enum Waiting {
    Join { shard: ShardIndex, request: Box<JoinRequest>, reply: oneshot::Sender<Result<Joined, ControlError>> },
    Patch { shard: ShardIndex, reply: oneshot::Sender<Result<PatchOutcome, ControlError>> },
    Stats { shard: ShardIndex, reply: oneshot::Sender<Box<ShardStats>> },
}

impl Waiting {
    fn shard(&self) -> ShardIndex {
        match self {
            Self::Join { shard, .. } | Self::Patch { shard, .. } | Self::Stats { shard, .. } => *shard,
        }
    }
}

/// All shards, the directory and the requests under way.
#[derive(Debug)]
pub struct Control {
    shards: Vec<ShardHandle>,
    pub directory: Directory,
    waiting: DashMap<RequestId, Waiting>,
    next_request: AtomicU64,
    next_transport: AtomicU64,
    draining: AtomicBool,
}

impl Control {
    pub fn new(shards: Vec<ShardHandle>) -> Self {
        Self {
            directory: Directory::new(shards.len()),
            shards,
            waiting: DashMap::new(),
            next_request: AtomicU64::new(1),
            next_transport: AtomicU64::new(1),
            draining: AtomicBool::new(false),
        }
    }

    /// The shards, by index.
    pub fn shards(&self) -> &[ShardHandle] {
        &self.shards
    }

    /// Makes a transport. `candidates` says what a shard with these sockets announces.
    pub async fn join(
        &self,
        request: JoinRequest,
        candidates: impl FnOnce(&[SocketAddr]) -> Vec<SocketAddr>,
    ) -> Result<Joined, ControlError> {
        if self.is_draining() {
            return Err(ControlError::Draining);
        }
        let now = Instant::now();
        let usable = |index: ShardIndex| self.shard(index).is_some_and(|shard| shard.status.is_alive(now));
        let shard = self.directory.reserve(&request.room, usable).and_then(|index| self.shard(index));
        let Some(shard) = shard else { return Err(ControlError::NoShard) };
        let join = Join {
            request: self.request_id(),
            transport: TransportId(self.next_transport.fetch_add(1, Ordering::Relaxed)),
            room: request.room.clone(),
            identity: request.identity.clone(),
            offer: request.offer.clone(),
            candidates: candidates(&shard.sockets),
        };
        let (reply, answer) = oneshot::channel();
        let id = join.request;
        let command = match request.kind {
            Kind::Whip => Command::Publish(join),
            Kind::Whep => Command::Watch { join, watch: request.watch.clone() },
        };
        let room = request.room.clone();
        self.waiting.insert(id, Waiting::Join { shard: shard.index, request: Box::new(request), reply });
        if let Err(error) = shard.send(command) {
            self.waiting.remove(&id);
            self.directory.release(&room);
            return Err(error.into());
        }
        // The entry outlives a timeout on purpose: a late answer must still be closed and counted out.
        tokio::time::timeout(ANSWER_MAX, answer).await.map_or(Err(ControlError::NoAnswer), flatten)
    }

    /// Applies an SDP fragment to a resource's transport.
    pub async fn patch(&self, resource: &Resource, fragment: String) -> Result<PatchOutcome, ControlError> {
        let shard = self.shard(resource.shard).ok_or(ControlError::NoShard)?;
        let request = self.request_id();
        let (reply, outcome) = oneshot::channel();
        self.waiting.insert(request, Waiting::Patch { shard: shard.index, reply });
        if let Err(error) = shard.send(Command::Patch { request, transport: resource.transport, fragment }) {
            self.waiting.remove(&request);
            return Err(error.into());
        }
        let outcome = tokio::time::timeout(ANSWER_MAX, outcome).await;
        self.waiting.remove(&request);
        outcome.map_or(Err(ControlError::NoAnswer), flatten)
    }

    /// Ends a resource: it is gone at once, its transport as soon as the shard hears of it.
    pub fn delete(&self, id: ResourceId) -> Option<Resource> {
        let resource = self.directory.retire(id)?;
        self.close(resource.shard, resource.transport);
        Some(resource)
    }

    /// Every shard's counters, for those that answer in time.
    pub async fn stats(&self) -> Vec<(ShardIndex, Box<ShardStats>)> {
        let requests = self.shards.iter().map(|shard| self.shard_stats(shard));
        join_all(requests).await.into_iter().flatten().collect()
    }

    /// Refuses joins from now on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Ends every transport politely.
    pub fn close_all(&self) {
        for shard in &self.shards {
            if let Err(error) = shard.send(Command::CloseAll) {
                tracing::warn!(shard = shard.index.0, %error, "transports cannot be closed politely");
            }
        }
    }

    /// Takes in a shard's events until its thread ends.
    pub async fn listen(self: Arc<Self>, shard: ShardIndex, mut events: UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            self.handle_event(shard, event);
        }
        self.waiting.retain(|_, waiting| waiting.shard() != shard);
        self.directory.remove_shard(shard);
    }

    fn handle_event(&self, shard: ShardIndex, event: Event) {
        match event {
            Event::Answered { request, transport, answer, ice_tag, .. } => {
                self.answered(request, transport, answer, ice_tag);
            }
            Event::Patched { request, transport, outcome } => {
                if let PatchOutcome::Restarted { ice_tag, .. } = &outcome {
                    self.directory.set_ice_tag(transport, ice_tag);
                }
                if let Some((_, Waiting::Patch { reply, .. })) = self.waiting.remove(&request) {
                    let _ = reply.send(Ok(outcome));
                }
            }
            Event::Rejected { request, error } => self.rejected(request, error),
            Event::Connected { transport } => tracing::debug!(shard = shard.0, transport = transport.0, "connected"),
            Event::Closed { transport, room, identity, reason } => {
                self.directory.remove(transport, &room);
                tracing::info!(%room, participant = %identity, transport = transport.0, ?reason, "left");
            }
            Event::Done { .. }
            | Event::Slots { .. }
            | Event::Speakers { .. }
            | Event::Silent { .. }
            | Event::Heard { .. }
            | Event::DataOpened { .. }
            | Event::Data { .. }
            | Event::DataBlocked { .. }
            | Event::DataWritable { .. } => {}
            Event::Stats { request, stats } => {
                if let Some((_, Waiting::Stats { reply, .. })) = self.waiting.remove(&request) {
                    let _ = reply.send(stats);
                }
            }
        }
    }

    fn answered(&self, request: RequestId, transport: TransportId, answer: String, ice_tag: String) {
        let Some((_, Waiting::Join { shard, request, reply })) = self.waiting.remove(&request) else { return };
        let JoinRequest { kind, room, identity, .. } = *request;
        tracing::info!(%room, participant = %identity, transport = transport.0, shard = shard.0, kind = kind.path(), "joined");
        let listed = Resource { kind, room, identity, transport, shard, ice_tag: ice_tag.clone() };
        let resource = self.directory.insert(listed);
        if reply.send(Ok(Joined { resource, answer, ice_tag })).is_err() {
            tracing::debug!(transport = transport.0, "the client went away before its answer");
            self.delete(resource);
        }
    }

    fn rejected(&self, request: RequestId, error: RequestError) {
        match self.waiting.remove(&request) {
            Some((_, Waiting::Join { request, reply, .. })) => {
                self.directory.release(&request.room);
                let _ = reply.send(Err(error.into()));
            }
            Some((_, Waiting::Patch { reply, .. })) => {
                let _ = reply.send(Err(error.into()));
            }
            Some((_, Waiting::Stats { .. })) | None => {}
        }
    }

    async fn shard_stats(&self, shard: &ShardHandle) -> Option<(ShardIndex, Box<ShardStats>)> {
        let request = self.request_id();
        let (reply, stats) = oneshot::channel();
        self.waiting.insert(request, Waiting::Stats { shard: shard.index, reply });
        let sent = shard.send(Command::Stats { request });
        let stats = match sent {
            Ok(()) => tokio::time::timeout(STATS_MAX, stats).await.ok().and_then(Result::ok),
            Err(_) => None,
        };
        self.waiting.remove(&request);
        stats.map(|stats| (shard.index, stats))
    }

    fn close(&self, shard: ShardIndex, transport: TransportId) {
        let sent = self.shard(shard).map(|shard| shard.send(Command::Close { transport }));
        if let Some(Err(error)) = sent {
            tracing::warn!(shard = shard.0, transport = transport.0, %error, "transport cannot be closed; it ends by its timeouts");
        }
    }

    fn shard(&self, index: ShardIndex) -> Option<&ShardHandle> {
        self.shards.get(index.0)
    }

    fn request_id(&self) -> RequestId {
        RequestId(self.next_request.fetch_add(1, Ordering::Relaxed))
    }
}

/// A dropped reply means that the shard died.
fn flatten<T>(reply: Result<Result<T, ControlError>, oneshot::error::RecvError>) -> Result<T, ControlError> {
    reply.unwrap_or(Err(ControlError::NotSent(SendError::Dead)))
}
