//! One connection: frames out of its bytes, and bytes into it as far as it takes them.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use mio::net::TcpStream;
use sfu_core::shard::Datagram;
use sfu_core::transport::{Deframer, Pair};
use socket2::SockRef;

use super::limits::{KERNEL_UNSENT_BYTES_MAX, UNSENT_BYTES_MAX};
use crate::media::handle::Counts;
use crate::media::shard_thread::Core;

/// Whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody's yet.
    Stranger,
    /// A participant was verified on it.
    Admitted,
    /// It was a participant's who is gone, as was seen once.
    Orphaned,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// By the peer, or the network.
    Hangup,
    /// It did not begin with a check of a participant's, or not in time, or made room for a newer one.
    Stranger,
    FrameTooLong,
    /// Its participant is gone.
    Orphaned,
    Silent,
}

/// What became of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    /// There may be more.
    Some,
    Empty,
    Ended(End),
}

/// What became of bytes to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendOutcome {
    /// With the kernel, all of them.
    Sent,
    /// Kept: the connection takes no more for now.
    Kept,
    /// Dropped, since too many wait already.
    Dropped,
    Failed,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub io: TcpStream,
    pub pair: Pair,
    /// What its peer is counted under.
    pub address: IpAddr,
    pub standing: Standing,
    pub since: Instant,
    pub heard: Instant,
    /// Whether it stands in the queue of those that may have something to be read.
    pub queued: bool,
    deframer: Deframer,
    unsent: Vec<u8>,
}

impl Connection {
    /// Takes over an accepted connection. Frames leave at once, and nothing waits in the kernel that could wait here.
    pub fn new(io: TcpStream, remote: SocketAddr, now: Instant) -> io::Result<Self> {
        let pair = Pair::tcp(io.local_addr()?, remote).canonical();
        io.set_nodelay(true)?;
        SockRef::from(&io).set_tcp_notsent_lowat(KERNEL_UNSENT_BYTES_MAX)?;
        Ok(Self {
            io,
            pair,
            address: counted_as(pair.remote.ip()),
            standing: Standing::Stranger,
            since: now,
            heard: now,
            queued: false,
            deframer: Deframer::default(),
            unsent: Vec::new(),
        })
    }

    /// Reads once and hands the core each whole frame.
    pub fn read(&mut self, core: &mut impl Core, now: Instant, buffer: &mut [u8], counts: &Counts) -> ReadOutcome {
        let bytes = match self.io.read(buffer) {
            Ok(0) => return ReadOutcome::Ended(End::Hangup),
            Ok(bytes) => bytes,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::WouldBlock => ReadOutcome::Empty,
                    io::ErrorKind::Interrupted => ReadOutcome::Some,
                    _ => ReadOutcome::Ended(End::Hangup),
                };
            }
        };
        Counts::add(&counts.tcp_received_bytes, bytes);
        let Self { pair, standing, heard, deframer, .. } = self;
        let pair = *pair;
        *heard = now;
        let mut unexpected = false;
        let read = deframer.push(buffer.get_mut(..bytes).unwrap_or_default(), |frame| {
            unexpected |= *standing == Standing::Stranger && !core.expects(pair, frame);
            if unexpected {
                return;
            }
            Counts::add(&counts.tcp_received_datagrams, 1);
            core.handle_datagram(now, Datagram { pair, arrival: now, bytes: frame });
            if *standing == Standing::Stranger && core.holds(pair) {
                *standing = Standing::Admitted;
            }
        });
        match read {
            _ if unexpected => ReadOutcome::Ended(End::Stranger),
            Ok(()) => ReadOutcome::Some,
            Err(_) => ReadOutcome::Ended(End::FrameTooLong),
        }
    }

    /// Whether bytes wait for the socket.
    pub fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Sends whole frames, or none of them.
    pub fn send(&mut self, frames: &[u8], counts: &Counts) -> SendOutcome {
        if self.is_blocked() {
            if self.unsent.len() + frames.len() > UNSENT_BYTES_MAX {
                return SendOutcome::Dropped;
            }
            self.unsent.extend_from_slice(frames);
            return SendOutcome::Kept;
        }
        match self.write(frames, counts) {
            Ok(written) if written == frames.len() => SendOutcome::Sent,
            Ok(written) => {
                self.unsent.extend_from_slice(frames.get(written..).unwrap_or_default());
                SendOutcome::Kept
            }
            Err(_) => SendOutcome::Failed,
        }
    }

    /// Sends what waits.
    pub fn flush(&mut self, counts: &Counts) -> SendOutcome {
        let unsent = std::mem::take(&mut self.unsent);
        let written = self.write(&unsent, counts);
        self.unsent = unsent;
        match written {
            Ok(written) => {
                self.unsent.drain(..written);
                if self.is_blocked() { SendOutcome::Kept } else { SendOutcome::Sent }
            }
            Err(_) => SendOutcome::Failed,
        }
    }

    /// Writes until the socket takes no more, so that the poll tells when it does again; how many bytes it took.
    fn write(&mut self, bytes: &[u8], counts: &Counts) -> io::Result<usize> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match self.io.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(some) => {
                    written += some;
                    Counts::add(&counts.tcp_sends, 1);
                    Counts::add(&counts.tcp_sent_bytes, some);
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => break,
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(written)
    }
}

/// Whoever has an IPv6 address has its whole /64.
fn counted_as(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}
