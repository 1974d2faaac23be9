//! One session that is left half open.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;

use super::puppet::Strings;
use super::{AttackError, Target};
use crate::lean::description::Answer;
use crate::lean::dtls::{Handshake, Identity};
use crate::lean::ice::{Checks, Credentials, Heard, IceRole};

/// Bytes of the largest datagram that comes.
const DATAGRAM_BYTES: usize = 2_048;
/// WebSockets from one address of loopback: below the 200 that a server allows by default.
const SOCKETS_PER_ADDRESS: u32 = 190;

/// A WebSocket that never says anything.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// How far a handshake went.
#[derive(Debug)]
enum Stage {
    None,
    /// The ClientHello is out.
    Begun(Box<Handshake>),
    /// The server sends its certificate and waits.
    Stalled,
}

/// An offer that was answered, and what was done with it.
pub(crate) struct Half {
    socket: UdpSocket,
    remote: SocketAddr,
    checks: Checks,
    identity: Arc<Identity>,
    checked: bool,
    stage: Stage,
}

impl Half {
    pub(crate) fn new(socket: UdpSocket, answer: &str, strings: &Strings) -> Result<Self, AttackError> {
        let answer = Answer::parse(answer)?;
        socket.connect(answer.candidate)?;
        socket.set_nonblocking(true)?;
        let remote = Credentials { ufrag: answer.ufrag, pwd: answer.pwd };
        let provider = Arc::clone(&strings.identity.provider);
        let checks = Checks::new(Instant::now(), IceRole::Controlling, Strings::credentials(), remote, 1, provider);
        let identity = Arc::clone(&strings.identity);
        Ok(Self { socket, remote: answer.candidate, checks, identity, checked: false, stage: Stage::None })
    }

    pub(crate) fn is_checked(&self) -> bool {
        self.checked
    }

    pub(crate) fn is_stalled(&self) -> bool {
        matches!(self.stage, Stage::Stalled)
    }

    /// Sends a check, if none was answered yet.
    pub(crate) fn check(&mut self) {
        if self.checked {
            return;
        }
        if let Some(request) = self.checks.handle_timeout(Instant::now()) {
            // What the kernel refuses is lost, as on any way.
            let _ = self.socket.send(&request);
        }
    }

    /// Begins a handshake once a check was answered; again it does nothing.
    pub(crate) fn begin_handshake(&mut self) -> Result<(), AttackError> {
        if !self.checked || !matches!(self.stage, Stage::None) {
            return Ok(());
        }
        let handshake = Handshake::start(Instant::now(), Arc::clone(&self.identity), Vec::new())
            .map_err(|error| AttackError::Dtls(error.to_string()))?;
        self.stage = Stage::Begun(Box::new(handshake));
        self.send_flight();
        Ok(())
    }

    /// Takes in what came; the server's request for a cookie is answered, and nothing else of its handshake.
    pub(crate) fn listen(&mut self) {
        let mut buffer = [0; DATAGRAM_BYTES];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            let datagram = buffer.get(..length).unwrap_or_default();
            match (datagram.first(), &mut self.stage) {
                (Some(0..=3), _) => {
                    self.checked |= self.checks.handle(Instant::now(), self.remote, datagram) == Heard::Answer;
                }
                // HelloVerifyRequest (RFC 6347 §4.2.1) is message 3, right behind the record's header.
                (Some(22), Stage::Begun(handshake)) if datagram.get(13) == Some(&3) => {
                    let _ = handshake.handle(Instant::now(), datagram);
                    self.send_flight();
                }
                (Some(22), Stage::Begun(_)) => self.stage = Stage::Stalled,
                _ => {}
            }
        }
    }

    fn send_flight(&mut self) {
        if let Stage::Begun(handshake) = &mut self.stage {
            while let Some(datagram) = handshake.poll_transmit() {
                let _ = self.socket.send(&datagram);
            }
        }
    }
}

/// Opens the `number`th WebSocket, to `room`, on loopback from one of many addresses.
pub(crate) async fn websocket(target: &Target, room: &str, number: u32) -> Result<Socket, AttackError> {
    let authority = target.server.authority();
    let server = tokio::net::lookup_host(&authority).await?.next();
    let server = server.ok_or_else(|| AttackError::WebSocket(format!("{authority} has no address")))?;
    let socket = if server.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if server.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        let [.., high, low] = (number / SOCKETS_PER_ADDRESS).to_be_bytes();
        socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 1, high, low)), 0))?;
    }
    let stream = socket.connect(server).await?;
    let address = format!("ws://{authority}/rooms/{room}/ws");
    let (websocket, _) = tokio_tungstenite::client_async(address, stream)
        .await
        .map_err(|error| AttackError::WebSocket(error.to_string()))?;
    Ok(websocket)
}
