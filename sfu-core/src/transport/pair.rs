//! The two addresses of a datagram.

use std::net::SocketAddr;

/// A local and a remote address between which datagrams flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair {
    /// The address of ours that the datagram was sent to; answers leave from it.
    pub local: SocketAddr,
    pub remote: SocketAddr,
}

impl Pair {
    /// The same pair with IPv4 addresses that came mapped into IPv6 (RFC 4291 §2.5.5.2) as IPv4, so that one peer has one
    /// address and no rule about addresses can be walked around.
    pub fn canonical(self) -> Self {
        Self { local: canonical(self.local), remote: canonical(self.remote) }
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
