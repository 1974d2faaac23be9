//! What a shard tells the control plane.

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

/// Why a transport ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CloseReason {
    /// A `Close` or `CloseAll` command.
    Requested,
    /// The peer sent close_notify.
    PeerClosed,
    /// A newer publisher took the identity.
    Replaced,
    /// No verified STUN request came in time after the answer.
    IceTimeout,
    /// Consent expired (RFC 7675).
    ConsentExpired,
    /// The DTLS handshake failed or took too long.
    DtlsFailed,
    /// The peer's certificate does not match the offer's fingerprint (RFC 8122).
    FingerprintMismatch,
    /// A fault in our own code, confined to this transport.
    Internal,
}
