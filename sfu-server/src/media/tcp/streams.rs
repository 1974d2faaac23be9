//! All connections of one shard: who is let in, who is read when, and who has to go.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;
use std::{io, mem};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use sfu_core::shard::{StreamChange, Transmit};
use sfu_core::transport::Pair;

use super::connection::{Connection, End, ReadOutcome, SendOutcome, Standing};
use super::limits::{
    ACCEPTS_PER_TURN, CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, READ_BYTES, READS_PER_TURN, SILENT_MAX,
    STRANGER_MAX, STRANGERS_MAX, STRANGERS_PER_ADDRESS_MAX, SWEEP_INTERVAL,
};
use super::listener::Listener;
use crate::media::handle::Counts;
use crate::media::shard_thread::Core;

/// Token of the first listener; below are the UDP sockets'.
const FIRST_LISTENER: usize = 1 << 16;
/// Token of the first connection; each further one has the next, and none is used twice.
const FIRST_CONNECTION: usize = 1 << 24;

/// The listeners of a shard and the connections that came of them.
#[derive(Debug)]
pub struct Streams {
    registry: Registry,
    listeners: Vec<Listener>,
    /// By token, which is by age.
    connections: BTreeMap<usize, Connection>,
    by_pair: HashMap<Pair, usize>,
    /// Connections that may have something to be read.
    readable: VecDeque<usize>,
    /// Connections that may take more.
    writable: Vec<usize>,
    next_token: usize,
    /// When connections are looked after; `None` while there are none.
    next_sweep: Option<Instant>,
    buffer: Vec<u8>,
}

impl Streams {
    /// Registers the listeners, which may be none.
    pub fn new(registry: Registry, mut listeners: Vec<Listener>) -> io::Result<Self> {
        for (token, listener) in (FIRST_LISTENER..).zip(&mut listeners) {
            registry.register(&mut listener.io, Token(token), Interest::READABLE)?;
        }
        Ok(Self {
            registry,
            buffer: if listeners.is_empty() { Vec::new() } else { vec![0; READ_BYTES] },
            listeners,
            connections: BTreeMap::new(),
            by_pair: HashMap::new(),
            readable: VecDeque::new(),
            writable: Vec::new(),
            next_token: FIRST_CONNECTION,
            next_sweep: None,
        })
    }

    /// Notes an event that the poll told.
    pub fn note(&mut self, event: &Event) {
        let token = event.token().0;
        let listener = token.checked_sub(FIRST_LISTENER).and_then(|at| self.listeners.get_mut(at));
        if let Some(listener) = listener {
            listener.waiting = true;
            return;
        }
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let is_readable = event.is_readable() || event.is_read_closed() || event.is_error();
        if is_readable && !mem::replace(&mut connection.queued, true) {
            self.readable.push_back(token);
        }
        if event.is_writable() && connection.is_blocked() {
            self.writable.push(token);
        }
    }

    /// Whether something can be done at once.
    pub fn is_ready(&self) -> bool {
        !self.readable.is_empty() || self.listeners.iter().any(|listener| listener.waiting)
    }

    /// When to look again although the poll tells nothing.
    pub fn due(&self) -> Option<Instant> {
        self.next_sweep
    }

    /// Does what there is to do, within bounds.
    pub fn turn(&mut self, core: &mut impl Core, now: Instant, counts: &Counts) {
        for token in mem::take(&mut self.writable) {
            self.flush(core, now, token, counts);
        }
        self.accept(core, now, counts);
        self.read(core, now, counts);
        if self.next_sweep.is_some_and(|due| due <= now) {
            self.sweep(core, now, counts);
        }
    }

    /// Sends what `poll_transmit` filled. Never waits: what a connection does not take is kept within its bound, and the core is
    /// told to send no media until it is gone.
    pub fn send(&mut self, core: &mut impl Core, now: Instant, transmit: &Transmit, frames: &[u8], counts: &Counts) {
        let found = self.by_pair.get(&transmit.pair);
        let found = found.and_then(|token| Some((*token, self.connections.get_mut(token)?)));
        let Some((token, connection)) = found else {
            return Counts::add(&counts.tcp_send_dropped, 1);
        };
        let was_blocked = connection.is_blocked();
        match connection.send(frames, counts) {
            SendOutcome::Kept if !was_blocked => core.handle_stream(now, transmit.pair, StreamChange::Blocked),
            SendOutcome::Sent | SendOutcome::Kept => {}
            SendOutcome::Dropped => Counts::add(&counts.tcp_send_dropped, 1),
            SendOutcome::Failed => self.close(core, now, token, End::Hangup, counts),
        }
    }

    fn flush(&mut self, core: &mut impl Core, now: Instant, token: usize, counts: &Counts) {
        let Some(connection) = self.connections.get_mut(&token).filter(|connection| connection.is_blocked()) else {
            return;
        };
        match connection.flush(counts) {
            SendOutcome::Sent => core.handle_stream(now, connection.pair, StreamChange::Writable),
            SendOutcome::Kept | SendOutcome::Dropped => {}
            SendOutcome::Failed => self.close(core, now, token, End::Hangup, counts),
        }
    }

    fn accept(&mut self, core: &mut impl Core, now: Instant, counts: &Counts) {
        for at in 0..self.listeners.len() {
            for _ in 0..ACCEPTS_PER_TURN {
                let Some(listener) = self.listeners.get_mut(at).filter(|listener| listener.waiting) else { break };
                match listener.accept() {
                    Ok(Some((io, remote))) => self.admit(core, now, io, remote, counts),
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(%error, "media connections cannot be accepted; raise the limit of open files (LimitNOFILE, ulimit -n)");
                        self.next_sweep.get_or_insert(now + SWEEP_INTERVAL);
                    }
                }
            }
        }
    }

    fn admit(&mut self, core: &mut impl Core, now: Instant, io: TcpStream, remote: SocketAddr, counts: &Counts) {
        // A connection that is gone already has no addresses; it is of no interest.
        let Ok(connection) = Connection::new(io, remote, now) else { return };
        let of_address = self.connections.values().filter(|other| other.address == connection.address).count();
        if of_address >= CONNECTIONS_PER_ADDRESS_MAX {
            return Counts::add(&counts.tcp_refused, 1);
        }
        self.make_room(core, now, connection.address, counts);
        if self.connections.len() >= CONNECTIONS_MAX {
            return Counts::add(&counts.tcp_refused, 1);
        }
        self.enter(connection, now, counts);
    }

    /// Lets the oldest strangers make room for a new one.
    fn make_room(&mut self, core: &mut impl Core, now: Instant, address: IpAddr, counts: &Counts) {
        let strangers = || self.connections.iter().filter(|(_, connection)| connection.standing == Standing::Stranger);
        let of_address = || strangers().filter(|(_, connection)| connection.address == address);
        let oldest = if of_address().count() >= STRANGERS_PER_ADDRESS_MAX {
            of_address().next()
        } else if strangers().count() >= STRANGERS_MAX || self.connections.len() >= CONNECTIONS_MAX {
            strangers().next()
        } else {
            None
        };
        if let Some(token) = oldest.map(|(token, _)| *token) {
            self.close(core, now, token, End::Stranger, counts);
        }
    }

    fn enter(&mut self, mut connection: Connection, now: Instant, counts: &Counts) {
        let token = self.next_token;
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.registry.register(&mut connection.io, Token(token), interest) {
            tracing::debug!(%error, "a connection cannot be polled");
            return Counts::add(&counts.tcp_refused, 1);
        }
        self.next_token += 1;
        Counts::add(&counts.tcp_accepted, 1);
        tracing::debug!(remote = %connection.pair.remote, "media connection accepted");
        connection.queued = true;
        self.readable.push_back(token);
        self.by_pair.insert(connection.pair, token);
        self.connections.insert(token, connection);
        self.next_sweep.get_or_insert(now + SWEEP_INTERVAL);
    }

    fn read(&mut self, core: &mut impl Core, now: Instant, counts: &Counts) {
        for _ in 0..READS_PER_TURN {
            let Some(token) = self.readable.pop_front() else { return };
            let Some(connection) = self.connections.get_mut(&token) else { continue };
            match connection.read(core, now, &mut self.buffer, counts) {
                ReadOutcome::Some => self.readable.push_back(token),
                ReadOutcome::Empty => connection.queued = false,
                ReadOutcome::Ended(end) => self.close(core, now, token, end, counts),
            }
        }
    }

    fn sweep(&mut self, core: &mut impl Core, now: Instant, counts: &Counts) {
        let mut ended = Vec::new();
        for (token, connection) in &mut self.connections {
            let is_past = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
            let end = match connection.standing {
                Standing::Stranger => is_past(connection.since, STRANGER_MAX).then_some(End::Stranger),
                Standing::Admitted | Standing::Orphaned if core.holds(connection.pair) => {
                    connection.standing = Standing::Admitted;
                    is_past(connection.heard, SILENT_MAX).then_some(End::Silent)
                }
                // What was said last may still be on its way.
                Standing::Admitted => {
                    connection.standing = Standing::Orphaned;
                    None
                }
                Standing::Orphaned => Some(End::Orphaned),
            };
            ended.extend(end.map(|end| (*token, end)));
        }
        for (token, end) in ended {
            self.close(core, now, token, end, counts);
        }
        for listener in &mut self.listeners {
            listener.waiting = true;
        }
        self.next_sweep = (!self.connections.is_empty()).then_some(now + SWEEP_INTERVAL);
    }

    fn close(&mut self, core: &mut impl Core, now: Instant, token: usize, end: End, counts: &Counts) {
        let Some(mut connection) = self.connections.remove(&token) else { return };
        let pair = connection.pair;
        if self.by_pair.get(&pair) == Some(&token) {
            self.by_pair.remove(&pair);
        }
        // It is gone with its descriptor in any case.
        let _ = self.registry.deregister(&mut connection.io);
        Counts::add(&counts.tcp_closed, 1);
        match end {
            End::Hangup | End::Orphaned => {}
            End::Stranger => Counts::add(&counts.tcp_strangers, 1),
            End::FrameTooLong => Counts::add(&counts.tcp_frames_too_long, 1),
            End::Silent => Counts::add(&counts.tcp_silent, 1),
        }
        tracing::debug!(remote = %pair.remote, ?end, "media connection closed");
        if connection.standing != Standing::Stranger {
            core.handle_stream(now, pair, StreamChange::Closed);
        }
    }
}
