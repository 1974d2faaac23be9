//! What a shard tells the control plane.

pub use crate::transport::CloseReason;

use crate::error::RequestError;
use crate::id::{Identity, RequestId, RoomName, TransportId};
use crate::stats::ShardStats;

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
    },
    /// A `Patch` was applied.
    Patched { request: RequestId, transport: TransportId, outcome: PatchOutcome },
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
