//! Binds the sockets of every shard and starts the threads; all or nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mio::{Interest, Poll, Token};
use rand::RngCore;
use sfu_core::event::Event;
use sfu_core::limits::RINGS_BYTES_MAX;
use sfu_core::shard::{Shard, ShardConfig};
use sfu_core::transport::{CertificateError, LocalCertificate};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::announce::unserved;
use super::handle::{ShardHandle, ShardInbox, ShardIndex, channel};
use super::relay::{Bell, Ways};
use super::shard_thread::{ShardThread, WAKER};
use super::tcp::{Listener, Streams};
use super::udp::MediaSocket;
use crate::config::Config;

/// Why media cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("UDP {address} cannot be bound: {source}; choose another media_addr or media_port, or stop what uses it")]
    Bind { address: SocketAddr, source: io::Error },
    #[error(
        "TCP {address} cannot be bound: {source}; choose another media_port, stop what uses it, or set tcp = false for media over UDP alone"
    )]
    BindTcp { address: SocketAddr, source: io::Error },
    #[error("announce {address} has no socket: this machine has no IPv6; leave the address out of announce")]
    NoSocketFor { address: IpAddr },
    #[error("no certificate for DTLS: {0}")]
    Certificate(#[from] CertificateError),
    #[error("media thread {shard} cannot be set up: {source}")]
    Thread { shard: usize, source: io::Error },
}

/// How often another pair of ports is tried where any will do: what the kernel gives for UDP may be taken for TCP.
const PORT_TRIES_MAX: usize = 16;

/// The sockets of one shard.
#[derive(Debug, Default)]
struct Bound {
    sockets: Vec<MediaSocket>,
    /// One for each of `sockets`, or none.
    listeners: Vec<Listener>,
}

/// A running shard.
#[derive(Debug)]
pub struct ShardParts {
    pub handle: ShardHandle,
    /// Ends when the thread does.
    pub events: UnboundedReceiver<Event>,
    pub thread: JoinHandle<()>,
}

/// Binds every socket of every shard, then starts the threads.
pub fn start(config: &Config) -> Result<Vec<ShardParts>, StartError> {
    let certificate = Arc::new(LocalCertificate::generate()?);
    let bound: Result<Vec<_>, _> = (0..config.shards).map(|shard| bind_shard(config, shard)).collect();
    let bound = bound?;
    let families: Vec<IpAddr> =
        bound.iter().flat_map(|bound| &bound.sockets).map(|socket| socket.local().ip()).collect();
    if let Some(address) = unserved(&families, &config.announce) {
        return Err(StartError::NoSocketFor { address });
    }
    let prepared: Result<Vec<Prepared>, _> = bound
        .into_iter()
        .enumerate()
        .map(|(shard, bound)| {
            Prepared::new(ShardIndex(shard), bound).map_err(|source| StartError::Thread { shard, source })
        })
        .collect();
    let prepared = prepared?;
    let bells: Vec<_> = prepared.iter().map(|shard| Bell::new(shard.handle.waker())).collect();
    let rings_bytes_max = RINGS_BYTES_MAX / bells.len().max(1);
    let parts = prepared.into_iter().zip(Ways::between(&bells)).map(|(prepared, ways)| {
        let shard = prepared.handle.index.0;
        let certificate = Arc::clone(&certificate);
        prepared.start(certificate, rings_bytes_max, ways).map_err(|source| StartError::Thread { shard, source })
    });
    parts.collect()
}

fn bind_shard(config: &Config, shard: u16) -> Result<Bound, StartError> {
    let port = if config.media_port == 0 { 0 } else { config.media_port.saturating_add(shard) };
    let mut bound = Bound::default();
    if !config.media_addr.is_empty() {
        for ip in &config.media_addr {
            bound.add(SocketAddr::new(*ip, port), config.tcp)?;
        }
        return Ok(bound);
    }
    bound.add(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port), config.tcp)?;
    match bound.add(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port), config.tcp) {
        Err(StartError::Bind { source, .. }) if source.kind() != io::ErrorKind::AddrInUse => {
            tracing::info!(error = %source, "no IPv6 here; media goes over IPv4 alone");
        }
        outcome => outcome?,
    }
    Ok(bound)
}

impl Bound {
    /// Binds an address, with `tcp` for both protocols under one port number.
    fn add(&mut self, address: SocketAddr, tcp: bool) -> Result<(), StartError> {
        let tries = if address.port() == 0 { PORT_TRIES_MAX } else { 1 };
        for tried in 1..=tries {
            let socket = MediaSocket::bind(address).map_err(|source| StartError::Bind { address, source })?;
            if tcp {
                let address = socket.local();
                match Listener::bind(address) {
                    Ok(listener) => self.listeners.push(listener),
                    Err(_) if tried < tries => continue,
                    Err(source) => return Err(StartError::BindTcp { address, source }),
                }
            }
            self.sockets.push(socket);
            break;
        }
        Ok(())
    }
}

/// A shard that lacks nothing but its thread, and the ways to the others.
#[derive(Debug)]
struct Prepared {
    handle: ShardHandle,
    inbox: ShardInbox,
    poll: Poll,
    sockets: Vec<MediaSocket>,
    streams: Streams,
    tcp: bool,
}

impl Prepared {
    fn new(index: ShardIndex, Bound { mut sockets, listeners }: Bound) -> io::Result<Self> {
        let poll = Poll::new()?;
        for (token, socket) in sockets.iter_mut().enumerate() {
            poll.registry().register(&mut socket.io, Token(token), Interest::READABLE)?;
        }
        let tcp = !listeners.is_empty();
        let streams = Streams::new(poll.registry().try_clone()?, listeners)?;
        let addresses: Arc<[SocketAddr]> = sockets.iter().map(MediaSocket::local).collect();
        let (handle, inbox) = channel(index, addresses, poll.registry(), WAKER)?;
        Ok(Self { handle, inbox, poll, sockets, streams, tcp })
    }

    fn start(self, certificate: Arc<LocalCertificate>, rings_bytes_max: usize, ways: Ways) -> io::Result<ShardParts> {
        let Self { handle, inbox, poll, sockets, streams, tcp } = self;
        let (event_sender, events) = unbounded_channel();
        let mut seed = [0; 32];
        rand::rng().fill_bytes(&mut seed);
        let epoch = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        let id = handle.index.id();
        // Nothing is said to the server itself over data channels yet.
        let data_labels = Vec::new();
        let shard = Shard::new(ShardConfig { id, certificate, seed, epoch, data_labels, tcp, rings_bytes_max });
        let (index, status) = (handle.index.0, Arc::clone(&handle.status));
        let body = ShardThread { shard, poll, sockets, streams, inbox, ways, events: event_sender };
        let thread = std::thread::Builder::new().name(format!("shard-{index}")).spawn(move || {
            status.set_thread();
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| body.run()));
            status.set_ended();
            match outcome {
                Ok(Ok(())) => tracing::debug!(shard = index, "media thread ended"),
                Ok(Err(error)) => tracing::error!(shard = index, %error, "media thread failed"),
                Err(_) => {
                    tracing::error!(shard = index, "media thread panicked; who was there is gone, restart the server")
                }
            }
        })?;
        Ok(ShardParts { handle, events, thread })
    }
}
