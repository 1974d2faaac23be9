//! What the control plane asks of a shard: values only, so that they can cross threads and nodes.

use std::net::SocketAddr;

use crate::id::{Identity, RequestId, RoomName, TransportId};

/// One request to a shard; answered by an [`Event`](crate::event::Event) that carries the same [`RequestId`].
#[derive(Debug, Clone)]
pub enum Command {
    /// Creates a transport that publishes (WHIP, RFC 9725); answered by `Answered` or `Rejected`.
    /// A live publisher of the same identity in the same room is replaced: its transport ends with `CloseReason::Replaced`.
    Publish(Join),
    /// Creates a transport that watches (WHEP); answered by `Answered` or `Rejected`.
    Watch {
        join: Join,
        /// Publishers to show, slot by slot; empty: the room's publishers in order of arrival, or the active speaker in a single slot.
        watch: Vec<Identity>,
    },
    /// Applies an SDP fragment (RFC 8840): candidates are acknowledged, a new ufrag restarts ICE; answered by `Patched` or `Rejected`.
    Patch { request: RequestId, transport: TransportId, fragment: String },
    /// Ends a transport; answered by `Closed`. Unknown transports are ignored.
    Close { transport: TransportId },
    /// Ends every transport, politely (DTLS close_notify, RFC 5246 §7.2.1).
    CloseAll,
    /// Asks for every counter of the shard; answered by `Stats`.
    Stats { request: RequestId },
}

/// Who joins which room over what.
#[derive(Debug, Clone)]
pub struct Join {
    pub request: RequestId,
    /// Chosen by the sender, unique within the shard for its lifetime.
    pub transport: TransportId,
    pub room: RoomName,
    pub identity: Identity,
    /// The client's offer, SDP (RFC 8866).
    pub offer: String,
    /// Addresses to announce as host candidates, each one of this shard's own UDP sockets.
    pub candidates: Vec<SocketAddr>,
}
