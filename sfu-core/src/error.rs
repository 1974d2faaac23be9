//! Why a request to a shard was refused; each says what was wrong and where.

use crate::id::TransportId;

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
}
