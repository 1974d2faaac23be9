//! What goes into a shard and what comes out, as values.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::id::ShardId;
use crate::transport::{LocalCertificate, Pair};

/// What a shard must be told before it starts.
#[derive(Debug, Clone)]
pub struct ShardConfig {
    /// Its name among the shards of its node.
    pub id: ShardId,
    /// The certificate of every DTLS handshake; one per process.
    pub certificate: Arc<LocalCertificate>,
    /// Seeds every random choice of the shard (RFC 4086: from the operating system, except in simulations).
    pub seed: [u8; 32],
    /// An instant and the wall clock's time since 1970-01-01 UTC at that instant: the base of sender reports' NTP times.
    pub epoch: (Instant, Duration),
    /// Labels of the data channels whose messages the control plane listens to: each is told by `Event::Data`. Messages on
    /// others, `echo` apart, are counted and go nowhere.
    pub data_labels: Vec<String>,
    /// Whether this shard's addresses are served over TCP too, and announced as passive candidates (RFC 6544).
    pub tcp: bool,
    /// Most bytes of all rings of the shard; its part of `RINGS_BYTES_MAX`.
    pub rings_bytes_max: usize,
}

/// One received datagram.
#[derive(Debug)]
pub struct Datagram<'a> {
    /// The address it was sent to and where it came from.
    pub pair: Pair,
    /// When the kernel received it; equal to `now` where the kernel does not tell.
    pub arrival: Instant,
    pub bytes: &'a mut [u8],
}

/// Datagrams to send from `pair.local` to `pair.remote`: the buffer that `poll_transmit` filled. Over UDP it is to be cut every
/// `segment_size` bytes. Over TCP it holds whole frames (RFC 4571) and goes into the connection as it is, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit {
    pub pair: Pair,
    /// Bytes of every datagram but the last, which may be shorter; `None`: the buffer is one datagram, or goes over TCP.
    pub segment_size: Option<NonZeroUsize>,
}

impl Transmit {
    /// How many datagrams `bytes` of it are over UDP.
    pub(super) fn datagrams(&self, bytes: usize) -> usize {
        self.segment_size.map_or(1, |size| bytes.div_ceil(size.get()))
    }
}
