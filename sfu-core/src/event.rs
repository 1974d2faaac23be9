//! What a shard tells the control plane.

pub use crate::transport::CloseReason;

use crate::command::DataPayload;
use crate::error::RequestError;
use crate::id::{Identity, MediaKind, Mid, RequestId, Rid, RoomName, TrackName, TransportId};
use crate::sample::Sample;
use crate::stats::{ShardStats, SlotState};
use crate::why::{Forecast, Why};

/// Something the control plane must hear; drained from `Shard::poll_event`.
#[derive(Debug)]
pub enum Event {
    /// The offer was accepted.
    Answered {
        request: RequestId,
        transport: TransportId,
        /// The answer, SDP.
        answer: String,
        /// Names the ICE generation (RFC 9725 §4.3.1): changes with each restart.
        ice_tag: String,
        /// Everything that the transport publishes as agreed, in the offer's order.
        tracks: Vec<PublishedTrack>,
    },
    /// A request that has no other answer was carried out.
    Done { request: RequestId },
    /// Slots of a transport whose status changed; the others are as they were.
    Slots { transport: TransportId, slots: Vec<SlotStatus> },
    /// Which encodings of a simulcast its publisher is to send: those that anybody wants, and the lowest. All of them; told when
    /// it changes, and meant for who publishes over a connection that has signalling.
    Encodings { transport: TransportId, mid: Mid, rids: Vec<Rid> },
    /// A publisher sends more than it may, bit/s, so that some of it is refused; `None`: nothing has been for a while.
    PublishRefused { transport: TransportId, limit_bps: Option<u64> },
    /// Who speaks in a room has changed.
    Speakers { room: RoomName, speakers: Speakers },
    /// Nothing authentic came from the peer for `limits::SILENT_AFTER`; media goes on as long as consent lasts.
    Silent { transport: TransportId },
    /// A peer that was silent is heard again.
    Heard { transport: TransportId },
    /// A data channel was opened by the peer (RFC 8832).
    DataOpened { transport: TransportId, label: String },
    /// A message came on a data channel of a label in `ShardConfig::data_labels`.
    Data { transport: TransportId, label: String, payload: DataPayload },
    /// A channel's queue is full: messages to it are dropped until `DataWritable`.
    DataBlocked { transport: TransportId, label: String },
    /// A channel that was blocked takes messages again.
    DataWritable { transport: TransportId, label: String },
    /// The last channel of a label is gone: by the peer, or with all the others. Messages to it are lost, and some before may
    /// have been. The end of a transport is told by `Closed` alone.
    DataClosed { transport: TransportId, label: String },
    /// A `Patch` was applied.
    Patched { request: RequestId, transport: TransportId, outcome: PatchOutcome },
    /// What flows to everybody who is connected.
    Sample { request: RequestId, sample: Box<Sample> },
    /// Why a transport's slots show what they show.
    Why { request: RequestId, why: Box<Why> },
    /// What everybody in a room would be given who is connected, and on this shard.
    Forecast { request: RequestId, forecasts: Vec<Forecast> },
    /// A request was refused; nothing changed.
    Rejected { request: RequestId, error: RequestError },
    /// ICE and DTLS are up: media can flow.
    Connected { transport: TransportId },
    /// A transport is gone, with everything it published; always the last event of a transport.
    Closed { transport: TransportId, room: RoomName, identity: Identity, reason: CloseReason },
    /// The counters asked for.
    Stats { request: RequestId, stats: Box<ShardStats> },
}

/// What a fragment did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchOutcome {
    /// Candidates noted; the server is ICE-lite and waits for the client's checks.
    Trickled,
    /// ICE restarted: the fragment to answer with and the new tag.
    Restarted { fragment: String, ice_tag: String },
}

/// A track as offer and answer agreed on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTrack {
    pub mid: Mid,
    pub kind: MediaKind,
    /// Simulcast encodings in the offer's order; empty without simulcast.
    pub rids: Vec<Rid>,
}

/// What a slot carries, and if nothing, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotStatus {
    pub mid: Mid,
    pub kind: MediaKind,
    /// What the slot shows or is to show.
    pub track: Option<TrackName>,
    pub state: SlotState,
    /// The encoding that feeds it now.
    pub layer: Option<CurrentLayer>,
    /// What keeps its pictures from being better, or from being sent at all.
    pub limited_by: Option<LimitedBy>,
    /// Where that is the viewer's cap: what it may be sent in all, bit/s of UDP payload. Other limits move all the time.
    pub limit_bps: Option<u64>,
}

/// What limits a slot's pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedBy {
    /// What the viewer's link carries.
    Link,
    /// What the viewer may be sent.
    Cap,
    /// What its room may send to all.
    RoomCap,
    /// How high pictures may be.
    HeightCap,
}

/// The encoding that feeds a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentLayer {
    /// `None` without simulcast.
    pub rid: Option<Rid>,
    /// Height of its pictures, pixels, once a keyframe told it.
    pub height: Option<u16>,
    /// The highest of its temporal layers that is sent, where higher ones are left out; the lowest is 0.
    pub temporal: Option<u8>,
}

/// Who speaks in a room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Speakers {
    /// Who has the floor; the last one keeps it through silence.
    pub dominant: Option<Identity>,
    /// Everybody who is heard now, loudest first.
    pub speaking: Vec<Identity>,
}
