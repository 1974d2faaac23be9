//! What flows, as little as will do to draw it over time.

use std::time::Instant;

use crate::event::{CurrentLayer, LimitedBy};
use crate::id::{EncodingId, Identity, MediaKind, Mid, RoomName, TransportId};

/// What flows on a shard, of everybody who is connected.
#[derive(Debug, Clone)]
pub struct Sample {
    /// When this was.
    pub at: Instant,
    pub viewers: Vec<ViewerSample>,
    /// Of the first viewer, then of the second, and so on; without those that nothing was sent on yet.
    pub slots: Vec<SlotSample>,
}

/// One transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewerSample {
    pub transport: TransportId,
    pub room: RoomName,
    pub identity: Identity,
    /// The least of its caps and its share of what its room may send, bit/s of UDP payload; `None`: no cap.
    pub cap_bps: Option<u64>,
    /// What its link carries, bit/s of UDP payload; `None` while that is not estimated.
    pub estimate_bps: Option<u64>,
    /// The least of what it may be sent, bit/s of UDP payload, and whose limit that is; `None`: no limit.
    pub limit: Option<(u64, LimitedBy)>,
    /// What its slots were given, bit/s, sounds included.
    pub allotted_bps: u64,
    /// UDP payload bytes sent to it so far, of whatever kind.
    pub bytes_sent: u64,
    /// UDP payload bytes received from it so far, of whatever kind.
    pub bytes_received: u64,
    /// How many of the sample's slots are its.
    pub slots: usize,
}

/// One slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotSample {
    pub mid: Mid,
    pub kind: MediaKind,
    /// What its pictures are counted with, bit/s.
    pub allotted_bps: u64,
    /// Payload bytes sent so far, without headers and padding.
    pub bytes_sent: u64,
    /// The encoding that feeds it, and the one that was decided on.
    pub current: Option<CurrentLayer>,
    pub target: Option<CurrentLayer>,
    /// Which encoding feeds it, on this shard.
    pub source: Option<EncodingId>,
    /// Payload bytes of that encoding's key frames so far.
    pub key_frame_bytes: u64,
}
