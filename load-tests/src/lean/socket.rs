//! A client's own connected UDP socket; what a burst brings is received in one call (`UDP_GRO`), through `quinn-udp`.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;

use mio::net::UdpSocket;
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use socket2::SockRef;

/// Messages of one receive call; each may be a burst of up to 64 packets.
const BATCH: usize = 4;
/// Bytes of one message: the most that the receive offload merges.
const MESSAGE_BYTES: usize = 65_535;
/// Receive buffer asked for, bytes: a large keyframe with the kernel's overhead, ten times over.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;

/// Whether the kernel may merge a burst's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offload {
    On,
    /// One packet a call, as clients without `UDP_GRO` receive.
    Off,
}

/// Where received messages are put; one for all sockets of a thread.
#[derive(Debug)]
pub struct ReceiveBuffer(Vec<u8>);

impl Default for ReceiveBuffer {
    fn default() -> Self {
        Self(vec![0; BATCH * MESSAGE_BYTES])
    }
}

/// A connected socket.
#[derive(Debug)]
pub struct ClientSocket {
    pub io: UdpSocket,
    /// `None` without offload.
    state: Option<UdpSocketState>,
}

impl ClientSocket {
    /// Takes a bound socket and leads it to `remote`.
    pub fn connect(socket: std::net::UdpSocket, remote: SocketAddr, offload: Offload) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.connect(remote)?;
        // Best effort: the kernel grants what its limits allow.
        let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
        let io = UdpSocket::from_std(socket);
        let state = match offload {
            Offload::On => Some(UdpSocketState::new(UdpSockRef::from(&io))?),
            Offload::Off => None,
        };
        Ok(Self { io, state })
    }

    /// Hands out every datagram that is there; how many calls it took.
    pub fn receive(&self, buffer: &mut ReceiveBuffer, mut deliver: impl FnMut(&[u8])) -> u64 {
        let mut calls = 0;
        loop {
            calls += 1;
            let Some(state) = &self.state else {
                match self.io.recv(&mut buffer.0) {
                    Ok(length) => deliver(buffer.0.get(..length).unwrap_or_default()),
                    // Empty, or what the kernel tells of an earlier send (ECONNREFUSED): the checks will notice.
                    Err(_) => return calls,
                }
                continue;
            };
            let mut metas = [RecvMeta::default(); BATCH];
            let received = {
                let mut chunks = buffer.0.chunks_exact_mut(MESSAGE_BYTES);
                let mut slices: [IoSliceMut<'_>; BATCH] =
                    std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
                state.recv(UdpSockRef::from(&self.io), &mut slices, &mut metas)
            };
            let Ok(received) = received else { return calls };
            for (message, meta) in buffer.0.chunks_exact(MESSAGE_BYTES).zip(&metas).take(received) {
                let bytes = message.get(..meta.len).unwrap_or_default();
                bytes.chunks(meta.stride.max(1)).for_each(&mut deliver);
            }
            if received < BATCH {
                return calls;
            }
        }
    }

    /// Sends one datagram; what the kernel refuses is lost, as on any way.
    pub fn send(&self, datagram: &[u8]) {
        let _ = self.io.send(datagram);
    }
}
