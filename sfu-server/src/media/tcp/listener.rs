//! A port that clients open connections to.

use std::io;
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

use super::limits::BACKLOG;

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    pub(super) io: TcpListener,
    /// Whether somebody may wait to be accepted (events are edge-triggered).
    pub(super) waiting: bool,
}

impl Listener {
    /// Listens on `address`; IPv6 takes no IPv4.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // Connections of before a restart, which the kernel still remembers, are in nobody's way.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self { io: TcpListener::from_std(socket.into()), waiting: true })
    }

    /// The next connection, if one waits.
    pub(super) fn accept(&mut self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        loop {
            match self.io.accept() {
                Ok(accepted) => return Ok(Some(accepted)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => {
                        self.waiting = false;
                        return Ok(None);
                    }
                    // It was given up before it was accepted.
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                    _ => {
                        self.waiting = false;
                        return Err(error);
                    }
                },
            }
        }
    }
}
