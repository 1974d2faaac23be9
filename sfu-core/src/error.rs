//! Why a request to a shard was refused; each says what was wrong and where.

use crate::id::{Mid, TransportId};

/// A refused [`Command`](crate::command::Command).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The session description cannot be answered.
    #[error(transparent)]
    Sdp(#[from] crate::sdp::SdpError),
    /// The transport does not exist (any more).
    #[error("transport {0} does not exist")]
    UnknownTransport(TransportId),
    /// The shard is full.
    #[error("this shard holds its {max} transports; try another node or later", max = crate::limits::TRANSPORTS_PER_SHARD_MAX)]
    ShardFull,
    /// A fragment names a new ICE generation without its password.
    #[error("the fragment has a new a=ice-ufrag and no a=ice-pwd; send both to restart ICE, or neither")]
    RestartWithoutPassword,
    /// WHIP and WHEP know no further offers.
    #[error("this connection publishes or watches by one offer (RFC 9725 section 4.2); open another one for another")]
    OneOfferOnly,
    /// The transport has no video slot of this name.
    #[error("entry {index} names mid {}, which is no video slot of this connection; name a recvonly video section of the offer", .mid.0)]
    NoSuchSlot { index: usize, mid: Mid },
    /// A layout names a slot twice.
    #[error("entry {index} names mid {} again; name each slot once", .mid.0)]
    SlotNamedTwice { index: usize, mid: Mid },
    /// The transport publishes no track of this name.
    #[error("mid {} is no track that this connection publishes", .mid.0)]
    NoSuchTrack { mid: Mid },
    /// A fault in our own code, confined to this request and its transport.
    #[error("a fault of the server's own; its log says more")]
    Internal,
}
