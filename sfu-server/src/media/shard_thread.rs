//! The run loop of one shard: receive, obey, tend timers, send, report; then sleep until something is due.
//! Invariant: the thread never blocks but in `poll`, or to let datagrams gather under load, and a full socket stops reading from the core instead of queueing. A TCP
//! connection that is full stops its own participant's media alone.

use std::io;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use sfu_core::command::Command;
use sfu_core::event::Event;
use sfu_core::id::ShardId;
use sfu_core::shard::{Datagram, RelayBatch, Shard, StreamChange, Transmit};
use sfu_core::transport::{Pair, Protocol};
use tokio::sync::mpsc::UnboundedSender;

use super::gathering::Gathering;
use super::handle::{Counts, ShardInbox};
use super::relay::Ways;
use super::tcp::Streams;
use super::udp::{MediaSocket, ReceiveBuffer, Received, Sent};

/// Token of the waker; UDP sockets have their index, TCP has what lies between.
pub const WAKER: Token = Token(usize::MAX);

/// Receive calls per socket before the loop looks at anything else: one turn stays below a few milliseconds.
const RECEIVES_PER_TURN: usize = 16;
/// Commands per turn; an offer takes about a millisecond to answer.
const COMMANDS_PER_TURN: usize = 8;
/// Sends between two looks at the receive queue, so that a large fan-out neither overflows it nor ages what is in it.
const SENDS_PER_RECEIVE: usize = 16;
/// Sends per turn: with full batches about 10 ms. Then commands, timers and the order to stop get their turn, so that a
/// shard with more to send than its core can do is slow, but obeys.
const SENDS_PER_TURN: usize = 256;
/// How long the last sends may take after the order to stop: what a shard in good health has ready is out in a millisecond.
const LAST_SENDS_MAX: Duration = Duration::from_millis(200);
/// How long a transmit waits for a full socket before it is dropped; longer would only add to a frame's delay.
const BLOCKED_MAX: Duration = Duration::from_millis(20);
/// Between two attempts at what is due and does not get done.
const OVERDUE_PAUSE: Duration = Duration::from_millis(1);
/// How often a full socket is tried again. To be woken instead would cost a wake-up after every send of the good days.
const BLOCKED_RETRY: Duration = Duration::from_millis(1);
/// Events of one poll; those beyond it are told by the next.
const EVENTS: usize = 128;
/// Longest sleep, so that a stuck thread can be told from an idle one.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// Most bytes of one transmit: what one UDP segmentation-offload send may carry.
const TRANSMIT_BYTES_MAX: usize = 65_535;

/// The core as this loop drives it: [`Shard`], or one that a test plays.
pub trait Core {
    fn handle_datagram(&mut self, now: Instant, datagram: Datagram<'_>);
    fn handle_stream(&mut self, now: Instant, pair: Pair, change: StreamChange);
    /// See [`Shard::expects`].
    fn expects(&self, pair: Pair, datagram: &[u8]) -> bool;
    /// See [`Shard::holds`].
    fn holds(&self, pair: Pair) -> bool;
    fn handle_command(&mut self, now: Instant, command: Command);
    fn handle_timeout(&mut self, now: Instant);
    fn poll_transmit(&mut self, now: Instant, buffer: &mut Vec<u8>) -> Option<Transmit>;
    fn poll_event(&mut self) -> Option<Event>;
    fn poll_timeout(&self) -> Option<Instant>;
    /// See [`Shard::has_relay`].
    /// See [`Shard::has_relay`]; a core that is alone needs none of what follows.
    fn has_relay(&self, _to: ShardId) -> bool {
        false
    }
    fn poll_relay(&mut self, _now: Instant, _to: ShardId, _batch: &mut RelayBatch) -> bool {
        false
    }
    fn handle_relay(&mut self, _now: Instant, _from: ShardId, _batch: &mut RelayBatch) {}
    fn handle_shard_lost(&mut self, _now: Instant, _lost: ShardId) {}
}

impl Core for Shard {
    fn handle_datagram(&mut self, now: Instant, datagram: Datagram<'_>) {
        Shard::handle_datagram(self, now, datagram);
    }

    fn handle_stream(&mut self, now: Instant, pair: Pair, change: StreamChange) {
        Shard::handle_stream(self, now, pair, change);
    }

    fn expects(&self, pair: Pair, datagram: &[u8]) -> bool {
        Shard::expects(self, pair, datagram)
    }

    fn holds(&self, pair: Pair) -> bool {
        Shard::holds(self, pair)
    }

    fn handle_command(&mut self, now: Instant, command: Command) {
        Shard::handle_command(self, now, command);
    }

    fn handle_timeout(&mut self, now: Instant) {
        Shard::handle_timeout(self, now);
    }

    fn poll_transmit(&mut self, now: Instant, buffer: &mut Vec<u8>) -> Option<Transmit> {
        Shard::poll_transmit(self, now, buffer)
    }

    fn poll_event(&mut self) -> Option<Event> {
        Shard::poll_event(self)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Shard::poll_timeout(self)
    }

    fn has_relay(&self, to: ShardId) -> bool {
        Shard::has_relay(self, to)
    }

    fn poll_relay(&mut self, now: Instant, to: ShardId, batch: &mut RelayBatch) -> bool {
        Shard::poll_relay(self, now, to, batch)
    }

    fn handle_relay(&mut self, now: Instant, from: ShardId, batch: &mut RelayBatch) {
        Shard::handle_relay(self, now, from, batch);
    }

    fn handle_shard_lost(&mut self, now: Instant, lost: ShardId) {
        Shard::handle_shard_lost(self, now, lost);
    }
}

/// Everything one shard thread owns.
#[derive(Debug)]
pub struct ShardThread<C> {
    pub shard: C,
    pub poll: Poll,
    pub sockets: Vec<MediaSocket>,
    pub streams: Streams,
    pub inbox: ShardInbox,
    /// To the node's other shards.
    pub ways: Ways,
    /// Bounded by rate, not by number: a shard neither waits for the control plane nor keeps an answer from it. What is in it
    /// is one event per command; of a transport a few in its life, its slots ten times a second at most, and the comings and
    /// goings of data channels, within the limit on messages; of a room five times a second who speaks. What clients say
    /// over data channels gets here only by `ShardConfig::data_labels`.
    pub events: UnboundedSender<Event>,
}

/// A transmit on its way out; its bytes are in the output buffer, and stay there while its socket is full.
#[derive(Debug, Clone, Copy)]
struct Pending {
    transmit: Transmit,
    /// When it was taken from the core.
    since: Instant,
    /// Bytes already sent.
    done: usize,
}

/// Buffers and flags of the loop.
#[derive(Debug)]
struct Turn {
    receive: ReceiveBuffer,
    out: Vec<u8>,
    /// Per socket: its last receive did not say that it was empty (events are edge-triggered).
    readable: Vec<bool>,
    blocked: Option<Pending>,
    commands_waiting: bool,
    /// The last turn ended by its bound on sends, not because the core had nothing left.
    more_to_send: bool,
    /// The core was told the time, and still has something due before it.
    overdue: bool,
}

impl<C: Core> ShardThread<C> {
    /// Runs until told to stop, then once more for what is ready to be sent.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let mut turn = Turn {
            receive: ReceiveBuffer::new(),
            out: Vec::with_capacity(TRANSMIT_BYTES_MAX),
            readable: vec![true; self.sockets.len()],
            blocked: None,
            commands_waiting: true,
            more_to_send: false,
            overdue: false,
        };
        let mut gathering = Gathering::new(Instant::now());
        while !self.inbox.status.stopping() {
            let window = gathering.rest(Instant::now());
            self.inbox.status.set_busy(gathering.busy_percent());
            let mut sleep = self.sleep(&turn);
            if !sleep.is_zero() && turn.blocked.is_none() {
                // What is due is not made late: pauses between the sends of a key frame are shorter than the window.
                let window = window.min(sleep);
                std::thread::sleep(window);
                sleep = sleep.saturating_sub(window);
            }
            if let Err(error) = self.poll.poll(&mut events, Some(sleep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                return Err(error);
            }
            gathering.work(Instant::now());
            for event in &events {
                match (event.token(), turn.readable.get_mut(event.token().0)) {
                    (WAKER, _) => turn.commands_waiting = true,
                    (_, Some(readable)) => *readable = true,
                    (_, None) => self.streams.note(event),
                }
            }
            self.turn(&mut turn);
        }
        let end = Instant::now() + LAST_SENDS_MAX;
        self.turn(&mut turn);
        while turn.more_to_send && Instant::now() < end {
            self.turn(&mut turn);
        }
        Ok(())
    }

    fn turn(&mut self, turn: &mut Turn) {
        self.inbox.status.beat(Instant::now());
        self.receive(turn, RECEIVES_PER_TURN);
        self.streams.turn(&mut self.shard, Instant::now(), &self.inbox.status.counts);
        self.obey(turn);
        let now = Instant::now();
        self.ways.take_in(&mut self.shard, now);
        let is_due = |shard: &C| shard.poll_timeout().is_some_and(|due| due <= now);
        let was_due = is_due(&self.shard);
        if was_due {
            self.shard.handle_timeout(now);
        }
        // Before anything is sealed, so that the others seal at the same time; and after it, for what viewers asked for.
        self.ways.send_out(&mut self.shard, now);
        self.transmit(turn);
        self.ways.send_out(&mut self.shard, Instant::now());
        turn.overdue = was_due && is_due(&self.shard);
        while let Some(event) = self.shard.poll_event() {
            // Without a control plane nobody needs to know.
            let _ = self.events.send(event);
        }
    }

    fn sleep(&self, turn: &Turn) -> Duration {
        if turn.commands_waiting || turn.more_to_send || turn.readable.contains(&true) || self.streams.is_ready() {
            return Duration::ZERO;
        }
        let now = Instant::now();
        let due = [self.shard.poll_timeout(), self.streams.due()].into_iter().flatten().min();
        let due = due.map_or(SLEEP_MAX, |due| due.saturating_duration_since(now));
        let unblock = if turn.blocked.is_some() || self.ways.is_starved() { BLOCKED_RETRY } else { SLEEP_MAX };
        // A timer that nothing moves must not take the processor for itself.
        let due = if turn.overdue { due.max(OVERDUE_PAUSE) } else { due };
        due.min(unblock).min(SLEEP_MAX)
    }

    fn receive(&mut self, turn: &mut Turn, calls_max: usize) {
        let counts = &self.inbox.status.counts;
        for (socket, readable) in self.sockets.iter().zip(&mut turn.readable) {
            for _ in 0..calls_max {
                if !*readable {
                    break;
                }
                let now = Instant::now();
                let shard = &mut self.shard;
                let received =
                    socket.receive(&mut turn.receive, counts, |datagram| shard.handle_datagram(now, datagram));
                match received {
                    Ok(Received::Batch) => {}
                    Ok(Received::All) => *readable = false,
                    Err(error) => {
                        // What arrives next brings a new event; a socket in trouble must not keep the thread awake.
                        *readable = false;
                        if error.kind() != io::ErrorKind::WouldBlock {
                            tracing::debug!(local = %socket.local(), %error, "receive failed");
                        }
                    }
                }
            }
        }
    }

    fn obey(&mut self, turn: &mut Turn) {
        if !turn.commands_waiting {
            return;
        }
        for _ in 0..COMMANDS_PER_TURN {
            match self.inbox.commands.try_recv() {
                Ok(command) => self.shard.handle_command(Instant::now(), command),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => {
                    turn.commands_waiting = false;
                    return;
                }
            }
        }
    }

    fn transmit(&mut self, turn: &mut Turn) {
        turn.more_to_send = false;
        for sends in 1..=SENDS_PER_TURN {
            let now = Instant::now();
            let pending = match turn.blocked.take() {
                Some(blocked) => blocked,
                None => match self.shard.poll_transmit(now, &mut turn.out) {
                    Some(transmit) => Pending { transmit, since: now, done: 0 },
                    None => return,
                },
            };
            if let Sent::WouldBlock { after } = self.send(now, &pending, &turn.out) {
                if now.saturating_duration_since(pending.since) < BLOCKED_MAX {
                    turn.blocked = Some(Pending { done: after, ..pending });
                    return;
                }
                self.give_up(&pending.transmit, turn.out.len().saturating_sub(after));
            }
            if sends % SENDS_PER_RECEIVE == 0 {
                turn.readable.fill(true);
                self.receive(turn, 1);
            }
        }
        turn.more_to_send = true;
    }

    fn send(&mut self, now: Instant, pending: &Pending, contents: &[u8]) -> Sent {
        let counts = &self.inbox.status.counts;
        let Pair { protocol, local, .. } = pending.transmit.pair;
        if protocol == Protocol::Tcp {
            self.streams.send(&mut self.shard, now, &pending.transmit, contents, counts);
            return Sent::Done;
        }
        match self.sockets.iter_mut().find(|socket| socket.serves(local)) {
            Some(socket) => socket.send(now, &pending.transmit, contents, pending.done, counts),
            None => {
                Counts::add(&counts.send_errors, 1);
                tracing::debug!(%local, "no socket has this address");
                Sent::Done
            }
        }
    }

    fn give_up(&self, transmit: &Transmit, bytes: usize) {
        let datagrams = transmit.segment_size.map_or(1, |segment| bytes.div_ceil(segment.get()));
        Counts::add(&self.inbox.status.counts.send_dropped, datagrams);
    }
}
