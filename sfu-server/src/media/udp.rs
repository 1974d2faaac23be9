//! One UDP socket with segmentation offload both ways, packet info and kernel arrival times, all through `quinn-udp`.
//! Invariant: answers leave from the address that was spoken to, and nothing is allocated per datagram.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::net::UdpSocket;
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use sfu_core::shard::{Datagram, Transmit};
use sfu_core::transport::Pair;
use socket2::{Domain, Protocol, Socket, Type};

use super::handle::Counts;

/// Messages of one receive call. More gains nothing measurable: the receive offload does the batching.
const BATCH: usize = 8;
/// Bytes of one message: the most that the receive offload merges.
const MESSAGE_BYTES: usize = 65_535;
/// Socket buffers asked for, bytes: 50 ms of a 500 Mbit/s burst, with the kernel's overhead of about one per byte.
const SOCKET_BUFFER_BYTES: usize = 8 << 20;
/// An arrival stamped further back than this is an effect of a stepped wall clock, not of queueing.
const QUEUED_MAX: Duration = Duration::from_secs(1);
/// How long a socket stays without segmentation offload after it failed, e.g. for one peer behind a small MTU.
const OFFLOAD_PAUSE: Duration = Duration::from_secs(10);

static SMALL_BUFFER_TOLD: AtomicBool = AtomicBool::new(false);

/// Where received messages are put; one per shard thread, shared by its sockets.
#[derive(Debug)]
pub struct ReceiveBuffer(Vec<u8>);

impl ReceiveBuffer {
    pub fn new() -> Self {
        Self(vec![0; BATCH * MESSAGE_BYTES])
    }
}

/// Whether a receive left something behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// The queue was empty at the end; an edge-triggered poll tells when it no longer is.
    All,
    /// There may be more.
    Batch,
}

/// What became of a transmit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Handed to the kernel, or refused by it and counted.
    Done,
    /// The socket is full after this many bytes; go on from there once it is writable.
    WouldBlock { after: usize },
}

/// A bound media socket.
#[derive(Debug)]
pub struct MediaSocket {
    pub io: UdpSocket,
    local: SocketAddr,
    state: UdpSocketState,
    /// Whether the kernel can do segmentation offload at all.
    offloads: bool,
    offload_paused_until: Option<Instant>,
}

impl MediaSocket {
    /// Binds `address` with large buffers; an IPv6 socket takes no IPv4.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        enlarge_buffers(&socket);
        socket.bind(&address.into())?;
        let io = UdpSocket::from_std(socket.into());
        let state = UdpSocketState::new(UdpSockRef::from(&io))?;
        let local = io.local_addr()?;
        let offloads = state.max_gso_segments() > 1;
        Ok(Self { io, local, state, offloads, offload_paused_until: None })
    }

    /// The address it is bound to.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Whether a datagram from `local` must leave here.
    pub fn serves(&self, local: SocketAddr) -> bool {
        self.local.port() == local.port()
            && self.local.is_ipv4() == local.is_ipv4()
            && (self.local.ip() == local.ip() || self.local.ip().is_unspecified())
    }

    /// Receives one batch and hands out each datagram; `WouldBlock` when there is none.
    pub fn receive(
        &self,
        buffer: &mut ReceiveBuffer,
        counts: &Counts,
        mut deliver: impl FnMut(Datagram<'_>),
    ) -> io::Result<Received> {
        let mut metas = [RecvMeta::default(); BATCH];
        let received = {
            let mut chunks = buffer.0.chunks_exact_mut(MESSAGE_BYTES);
            let mut slices: [IoSliceMut<'_>; BATCH] =
                std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
            self.state.recv(UdpSockRef::from(&self.io), &mut slices, &mut metas)?
        };
        let clock = ArrivalClock::read();
        Counts::add(&counts.receives, 1);
        for (message, meta) in buffer.0.chunks_exact_mut(MESSAGE_BYTES).zip(&metas).take(received) {
            let Some(pair) = self.pair(meta) else { continue };
            let arrival = clock.arrival(meta.timestamp);
            let bytes = message.get_mut(..meta.len).unwrap_or_default();
            Counts::add(&counts.received_bytes, bytes.len());
            for bytes in bytes.chunks_mut(meta.stride.max(1)) {
                Counts::add(&counts.received_datagrams, 1);
                deliver(Datagram { pair, arrival, bytes });
            }
        }
        Ok(if received < BATCH { Received::All } else { Received::Batch })
    }

    /// Sends what `poll_transmit` filled, from byte `from` on, in as few system calls as the kernel allows.
    pub fn send(&mut self, now: Instant, transmit: &Transmit, contents: &[u8], from: usize, counts: &Counts) -> Sent {
        let segment = transmit.segment_size.map_or(contents.len(), NonZeroUsize::get);
        if segment == 0 {
            return Sent::Done;
        }
        self.resume_offload(now);
        let per_call = self.state.max_gso_segments().saturating_mul(segment);
        let mut done = from;
        for batch in contents.get(from..).unwrap_or_default().chunks(per_call) {
            match self.send_once(transmit, segment, batch, counts) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Sent::WouldBlock { after: done },
                Err(_) if batch.len() > segment && self.state.max_gso_segments() == 1 => {
                    self.send_singly(transmit, segment, batch, counts);
                }
                Err(error) => refused(counts, transmit, &error),
            }
            done += batch.len();
        }
        Sent::Done
    }

    fn send_once(&self, transmit: &Transmit, segment: usize, contents: &[u8], counts: &Counts) -> io::Result<()> {
        let datagrams = quinn_udp::Transmit {
            destination: transmit.pair.remote,
            ecn: None,
            contents,
            segment_size: (contents.len() > segment).then_some(segment),
            src_ip: self.local.ip().is_unspecified().then_some(transmit.pair.local.ip()),
        };
        self.state.try_send(UdpSockRef::from(&self.io), &datagrams)?;
        Counts::add(&counts.sends, 1);
        Counts::add(&counts.sent_datagrams, contents.len().div_ceil(segment));
        Counts::add(&counts.sent_bytes, contents.len());
        Ok(())
    }

    /// The way around a failed offload: a network card or a path that cannot do it must not cost the peer its media.
    fn send_singly(&self, transmit: &Transmit, segment: usize, batch: &[u8], counts: &Counts) {
        Counts::add(&counts.gso_fallbacks, 1);
        for datagram in batch.chunks(segment) {
            if let Err(error) = self.send_once(transmit, segment, datagram, counts) {
                refused(counts, transmit, &error);
            }
        }
    }

    /// `quinn-udp` gives up offload for good after one failure, which may have been about a single peer.
    fn resume_offload(&mut self, now: Instant) {
        if !self.offloads || self.state.max_gso_segments() > 1 {
            return;
        }
        let until = *self.offload_paused_until.get_or_insert(now + OFFLOAD_PAUSE);
        if now >= until {
            self.offload_paused_until = None;
            if let Ok(state) = UdpSocketState::new(UdpSockRef::from(&self.io)) {
                self.state = state;
            }
        }
    }

    /// `None` for what cannot be answered: port 0, and datagrams to a group or a broadcast address.
    fn pair(&self, meta: &RecvMeta) -> Option<Pair> {
        let local = SocketAddr::new(meta.dst_ip.unwrap_or(self.local.ip()), self.local.port());
        let answerable = match local.ip() {
            IpAddr::V4(v4) => !v4.is_multicast() && !v4.is_broadcast(),
            IpAddr::V6(v6) => !v6.is_multicast(),
        };
        (answerable && meta.addr.port() != 0).then(|| Pair::udp(local, meta.addr))
    }
}

/// One reading of both clocks: the kernel stamps with the wall clock, the core knows the monotonic one.
struct ArrivalClock {
    now: Instant,
    wall: Duration,
}

impl ArrivalClock {
    fn read() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { now: Instant::now(), wall }
    }

    fn arrival(&self, stamp: Option<Duration>) -> Instant {
        let queued = stamp.and_then(|stamp| self.wall.checked_sub(stamp)).filter(|queued| *queued <= QUEUED_MAX);
        queued.and_then(|queued| self.now.checked_sub(queued)).unwrap_or(self.now)
    }
}

fn refused(counts: &Counts, transmit: &Transmit, error: &io::Error) {
    Counts::add(&counts.send_errors, 1);
    tracing::trace!(remote = %transmit.pair.remote, local = %transmit.pair.local, %error, "datagram refused by the kernel");
}

/// Best effort; told once with the cure, since the kernel silently grants less than was asked for.
fn enlarge_buffers(socket: &Socket) {
    let asked = socket
        .set_recv_buffer_size(SOCKET_BUFFER_BYTES)
        .and_then(|()| socket.set_send_buffer_size(SOCKET_BUFFER_BYTES));
    let granted = socket.recv_buffer_size().unwrap_or(0).min(socket.send_buffer_size().unwrap_or(0));
    let too_small = asked.is_err() || granted < SOCKET_BUFFER_BYTES;
    if too_small && !SMALL_BUFFER_TOLD.swap(true, Relaxed) {
        tracing::warn!(
            granted_bytes = granted,
            wanted_bytes = SOCKET_BUFFER_BYTES,
            "small socket buffers may drop bursts; raise them: sysctl -w net.core.rmem_max={SOCKET_BUFFER_BYTES} net.core.wmem_max={SOCKET_BUFFER_BYTES}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_stamp_becomes_the_instant_it_names() {
        let clock = ArrivalClock { now: Instant::now() + Duration::from_secs(10), wall: Duration::from_secs(1_000) };
        let stamp = Duration::from_secs(1_000) - Duration::from_millis(3);
        assert_eq!(clock.now - clock.arrival(Some(stamp)), Duration::from_millis(3));
    }

    #[test]
    fn stamps_from_the_future_or_the_far_past_and_missing_ones_mean_now() {
        let clock = ArrivalClock { now: Instant::now() + Duration::from_secs(10), wall: Duration::from_secs(7_200) };
        for stamp in [Some(Duration::from_secs(7_201)), Some(Duration::from_secs(3_600)), None] {
            assert_eq!(clock.arrival(stamp), clock.now);
        }
    }
}
