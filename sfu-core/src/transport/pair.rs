//! The two addresses of a datagram, and what carries it between them.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

/// What carries datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    Udp,
    /// A connection that the peer opened (RFC 6544); datagrams are frames in it (RFC 4571).
    Tcp,
}

/// A local and a remote address between which datagrams flow. With equal addresses, UDP and TCP are two pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    pub protocol: Protocol,
    /// The address of ours that the datagram was sent to; answers leave from it.
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

impl Pair {
    pub fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { protocol: Protocol::Udp, local, remote }
    }

    pub fn tcp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { protocol: Protocol::Tcp, local, remote }
    }

    /// The same pair with IPv4 addresses that came mapped into IPv6 (RFC 4291 §2.5.5.2) as IPv4, so that one peer has one
    /// address and no rule about addresses can be walked around.
    pub fn canonical(self) -> Self {
        Self { local: canonical(self.local), remote: canonical(self.remote), ..self }
    }
}

/// Of the addresses alone: each datagram looks its pair up, and hardly ever are two pairs alike but for the protocol.
impl Hash for Pair {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.local.hash(state);
        self.remote.hash(state);
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
