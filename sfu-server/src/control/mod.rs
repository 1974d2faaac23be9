//! The control plane's conversation with the shards: every request gets its answer, a refusal or a timeout, and every
//! transport that nobody waits for any more is closed.

mod caps;
mod join;
mod news;
mod request;
mod waiting;

pub use caps::{CapsError, Changed, PARTICIPANTS_WITH_SETTINGS_MAX, ROOMS_WITH_SETTINGS_MAX, RoomSettings};
pub use news::{ChannelState, News};

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use sfu_core::bitrate::Caps;
use sfu_core::command::Command;
use sfu_core::error::RequestError;
use sfu_core::event::{Event, PatchOutcome, PublishedTrack};
use sfu_core::id::{Identity, Mid, RequestId, RoomName, TransportId};

use caps::CapsTable;
use waiting::{ReplyTo, Waiting};

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
    /// From [`Control::transport_id`]: known before anything can happen to it.
    pub transport: TransportId,
    pub room: RoomName,
    pub identity: Identity,
    /// Publishers to watch, in order; for `Kind::Whep`.
    pub watch: Vec<Identity>,
    pub offer: String,
    /// Tracks that are muted from the start; for `Kind::Meet`.
    pub muted: Vec<Mid>,
    /// What its token says that it may publish and be sent, under what the operator says of it.
    pub granted: Caps,
}

/// A transport that was made.
#[derive(Debug, Clone)]
pub struct Joined {
    pub resource: ResourceId,
    pub answer: Answer,
}

/// What an offer came to.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The answer, SDP.
    pub sdp: String,
    /// Names the ICE generation.
    pub ice_tag: String,
    /// What the transport publishes.
    pub tracks: Vec<PublishedTrack>,
}

/// All shards, the directory and the requests under way.
#[derive(Debug)]
pub struct Control {
    shards: Vec<ShardHandle>,
    pub directory: Directory,
    caps: CapsTable,
    waiting: DashMap<RequestId, Waiting>,
    next_request: AtomicU64,
    next_transport: AtomicU64,
    draining: AtomicBool,
}

impl Control {
    /// Over these shards; `spread_percent`: see [`place`](crate::placement::place).
    pub fn new(shards: Vec<ShardHandle>, spread_percent: u32) -> Self {
        Self {
            directory: Directory::new(shards.len(), spread_percent),
            shards,
            caps: CapsTable::default(),
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

    /// Ends a resource: it is gone at once, its transport as soon as the shard hears of it.
    pub fn delete(&self, id: ResourceId) -> Option<Resource> {
        let resource = self.directory.retire(id)?;
        self.close_on(resource.shard, resource.transport);
        Some(resource)
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

    /// A name for a transport that is to be made.
    pub fn transport_id(&self) -> TransportId {
        TransportId(self.next_transport.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes in an event of a shard and tells rooms what they must hear of: before whoever waits for the event's answer, so
    /// that a client finds the room as its answer says.
    pub fn handle_event(&self, shard: ShardIndex, event: Event, tell: impl FnOnce(News)) {
        match event {
            Event::Answered { request, transport, answer, ice_tag, tracks } => {
                self.answered(request, transport, Answer { sdp: answer, ice_tag, tracks }, tell);
            }
            Event::Patched { request, transport, outcome } => {
                if let PatchOutcome::Restarted { ice_tag, .. } = &outcome {
                    self.directory.set_ice_tag(transport, ice_tag);
                }
                if let Some(ReplyTo::Patch(reply)) = self.answered_request(request) {
                    let _ = reply.send(Ok(outcome));
                }
            }
            Event::Done { request } => {
                if let Some(ReplyTo::Done(reply)) = self.answered_request(request) {
                    let _ = reply.send(Ok(()));
                }
            }
            Event::Stats { request, stats } => {
                if let Some(ReplyTo::Stats(reply)) = self.answered_request(request) {
                    let _ = reply.send(Ok(stats));
                }
            }
            Event::Sample { request, sample } => {
                if let Some(ReplyTo::Sample(reply)) = self.answered_request(request) {
                    let _ = reply.send(Ok(sample));
                }
            }
            Event::Why { request, why } => {
                if let Some(ReplyTo::Why(reply)) = self.answered_request(request) {
                    let _ = reply.send(Ok(why));
                }
            }
            Event::Forecast { request, forecasts } => {
                if let Some(ReplyTo::Forecast(reply)) = self.answered_request(request) {
                    let _ = reply.send(Ok(forecasts));
                }
            }
            Event::Rejected { request, error } => self.rejected(request, error),
            Event::Connected { transport } => tracing::debug!(shard = shard.0, transport = transport.0, "connected"),
            Event::Closed { transport, room, identity, reason } => {
                self.directory.remove(transport, &room);
                self.caps.lock().withdraw(&room, &identity, transport);
                tracing::info!(%room, participant = %identity, transport = transport.0, ?reason, "transport closed");
                tell(News::Closed { transport, room, reason });
            }
            Event::Slots { .. }
            | Event::Encodings { .. }
            | Event::PublishRefused { .. }
            | Event::Speakers { .. }
            | Event::Silent { .. }
            | Event::Heard { .. }
            | Event::DataOpened { .. }
            | Event::Data { .. }
            | Event::DataBlocked { .. }
            | Event::DataWritable { .. }
            | Event::DataClosed { .. } => {
                if let Some(news) = News::of(event) {
                    tell(news);
                }
            }
        }
    }

    /// A shard's thread has ended: whoever waits for it is told. Gives the transports that went with it.
    pub fn shard_ended(&self, shard: ShardIndex) -> Vec<(TransportId, RoomName)> {
        self.waiting.retain(|_, waiting| waiting.shard != shard);
        self.caps.lock().withdraw_all_of(shard);
        self.directory.remove_shard(shard)
    }

    fn answered(&self, request: RequestId, transport: TransportId, answer: Answer, tell: impl FnOnce(News)) {
        let Some((_, Waiting { shard, reply })) = self.waiting.remove(&request) else { return };
        let (request, reply) = match reply {
            ReplyTo::Join { request, reply } => (request, reply),
            ReplyTo::Renegotiate(reply) => {
                self.directory.set_ice_tag(transport, &answer.ice_tag);
                let _ = reply.send(Ok(answer));
                return;
            }
            ReplyTo::Patch(_)
            | ReplyTo::Done(_)
            | ReplyTo::Stats(_)
            | ReplyTo::Sample(_)
            | ReplyTo::Why(_)
            | ReplyTo::Forecast(_) => return,
        };
        let JoinRequest { kind, room, identity, .. } = *request;
        tracing::info!(%room, participant = %identity, transport = transport.0, shard = shard.0, kind = kind.path(), "transport made");
        let ice_tag = answer.ice_tag.clone();
        let listed = Resource { kind, room: room.clone(), identity: identity.clone(), transport, shard, ice_tag };
        let resource = self.directory.insert(listed);
        self.link(&room, shard);
        if kind == Kind::Whip {
            // Also when nobody waits any more: it took the place of a publisher before it, and its end follows.
            tell(News::Published { room, identity, transport, tracks: answer.tracks.clone() });
        }
        if reply.send(Ok(Joined { resource, answer })).is_err() {
            tracing::debug!(transport = transport.0, "the client went away before its answer");
            self.delete(resource);
        }
    }

    fn rejected(&self, request: RequestId, error: RequestError) {
        let Some((_, Waiting { shard, reply })) = self.waiting.remove(&request) else { return };
        if let ReplyTo::Join { request, .. } = &reply {
            self.directory.release(&request.room, shard);
            self.caps.lock().withdraw(&request.room, &request.identity, request.transport);
        }
        reply.refuse(error);
    }

    /// Tells a shard that has just answered somebody of a room where else that room is.
    fn link(&self, room: &RoomName, index: ShardIndex) {
        let others = self.directory.others_with(room, index);
        let Some(shard) = self.shard(index).filter(|_| !others.is_empty()) else { return };
        let shards = others.into_iter().map(ShardIndex::id).collect();
        if let Err(error) = shard.send(Command::Link { room: room.clone(), shards }) {
            tracing::warn!(shard = index.0, %room, %error, "a room's shards cannot be linked; who joins it next tries again");
        }
    }

    fn answered_request(&self, request: RequestId) -> Option<ReplyTo> {
        self.waiting.remove(&request).map(|(_, waiting)| waiting.reply)
    }

    /// Ends a transport, if it is there.
    pub fn close(&self, transport: TransportId) {
        let Some(shard) = self.directory.shard_of(transport) else { return };
        self.close_on(shard, transport);
    }

    fn close_on(&self, shard: ShardIndex, transport: TransportId) {
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
