//! The loop of one thread that drives many clients: receive, answer, tend timers; then sleep until something is due.
//!
//! Invariant: a thread shares nothing with others but its orders and its latest [`Tally`].

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use super::client::Client;
use super::config::{ClientConfig, Phase};
use super::counts::Counts;
use super::diary::Diary;
use super::slot::SlotReport;
use super::socket::{ClientSocket, Offload, ReceiveBuffer};
use crate::account::thread_times;
use crate::client::{Cast, empty_histogram};
use crate::verify::Outcome;

/// Token of the waker; clients have their index.
pub(super) const WAKER: Token = Token(usize::MAX);
/// How often every client's timers are looked at.
const TICK: Duration = Duration::from_millis(10);
/// How often the tally is made.
const TALLY_INTERVAL: Duration = Duration::from_millis(100);
/// Least time between two looks at the sockets. Over loopback it is the sender who wakes a sleeping receiver, at several
/// microseconds each: work that a server across a network does not do. Receivers who look at intervals, as network cards
/// with moderated interrupts do, are woken by nobody.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(1);
/// Events of one poll.
const EVENTS: usize = 1_024;

/// A client on its way to its thread.
#[derive(Debug)]
pub struct Joining {
    /// What the report calls it.
    pub name: String,
    /// Of its seat.
    pub number: u16,
    /// When its offer was due to be sent.
    pub offered: Instant,
    pub socket: std::net::UdpSocket,
    pub config: ClientConfig,
    pub offload: Offload,
    /// Where what comes is written down, if anybody wants to read it.
    pub diary: Option<Diary>,
}

/// What a thread is told.
#[derive(Debug)]
pub(super) enum Order {
    Join(Box<Joining>),
    Stop,
}

/// A thread's clients at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    pub at: Instant,
    pub clients: usize,
    pub connected: usize,
    /// Clients that have seen a whole frame on every video slot, or heard a sound where they only listen.
    pub watching: usize,
    /// Clients that will not connect, or whose server said goodbye.
    pub over: usize,
    pub counts: Counts,
    /// Packets that came again.
    pub duplicates: u64,
    /// Receive calls.
    pub receives: u64,
    /// Time on a processor.
    pub cpu: Duration,
    /// Time of wanting a processor that others had.
    pub waited: Duration,
}

impl Tally {
    pub(super) fn none(at: Instant) -> Self {
        Self {
            at,
            clients: 0,
            connected: 0,
            watching: 0,
            over: 0,
            counts: Counts::default(),
            duplicates: 0,
            receives: 0,
            cpu: Duration::ZERO,
            waited: Duration::ZERO,
        }
    }
}

/// One client at its end.
#[derive(Clone, Debug)]
pub struct ClientFinding {
    pub name: String,
    /// Of its seat.
    pub number: u16,
    pub phase: Phase,
    /// Whether it was there to watch; publishers are not.
    pub watches: bool,
    /// Local port, to find its socket in the kernel's table.
    pub port: u16,
    /// From its offer.
    pub connected_after: Option<Duration>,
    /// From its offer, for each slot that saw a frame.
    pub first_frame_after: Vec<Option<Duration>>,
    pub slots: Vec<SlotReport>,
    /// Packets of streams that no slot has.
    pub strays: u64,
    /// RTCP that its keys do not open.
    pub unopened: u64,
    /// How long ago its last media came, when it ended.
    pub silent_for: Option<Duration>,
    /// What came, where that was written down.
    pub diary: Option<Diary>,
}

/// All of a thread at its end.
#[derive(Debug)]
pub struct WorkerFinding {
    pub clients: Vec<ClientFinding>,
    /// From the publisher's turn to send a frame to its last packet here, µs; of video where the client has any.
    pub latency_us: Histogram<u64>,
}

struct Seat {
    name: String,
    number: u16,
    offered: Instant,
    socket: ClientSocket,
    client: Client,
    diary: Option<Diary>,
}

pub(super) struct Worker {
    pub(super) poll: Poll,
    pub(super) orders: Receiver<Order>,
    pub(super) tally: Arc<Mutex<Tally>>,
    pub(super) cast: Cast,
    seats: Vec<Seat>,
    /// Places of those who publish.
    publishers: Vec<usize>,
    buffer: ReceiveBuffer,
    latency_us: Histogram<u64>,
    receives: u64,
}

impl Worker {
    pub(super) fn new(poll: Poll, orders: Receiver<Order>, tally: Arc<Mutex<Tally>>, cast: Cast) -> Self {
        let (seats, publishers, buffer) = (Vec::new(), Vec::new(), ReceiveBuffer::default());
        Self { poll, orders, tally, cast, seats, publishers, buffer, latency_us: empty_histogram(), receives: 0 }
    }

    /// Runs until told to stop; what its clients found.
    pub(super) fn run(mut self) -> WorkerFinding {
        let mut events = Events::with_capacity(EVENTS);
        let (mut next_tick, mut next_tally) = (Instant::now(), Instant::now());
        let mut next_look = Instant::now();
        loop {
            let due = self.media_due().map_or(next_tick, |due| due.min(next_tick));
            std::thread::sleep(due.min(next_look).saturating_duration_since(Instant::now()));
            let wait = due.saturating_duration_since(Instant::now());
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "waiting for packets");
                break;
            }
            let woke = Instant::now();
            next_look = woke + LOOK_INTERVAL;
            for event in &events {
                self.receive(event.token(), woke);
            }
            let now = Instant::now();
            self.publish();
            if now >= next_tick {
                next_tick = now + TICK;
                if self.obey(now) == Obeyed::Stop {
                    break;
                }
                self.tick(now);
            }
            if now >= next_tally {
                next_tally = now + TALLY_INTERVAL;
                self.count(now);
            }
        }
        self.finish(Instant::now())
    }

    fn obey(&mut self, now: Instant) -> Obeyed {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Join(joining)) => self.seat(now, *joining),
                Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return Obeyed::Stop,
                Err(TryRecvError::Empty) => return Obeyed::GoOn,
            }
        }
    }

    fn seat(&mut self, now: Instant, joining: Joining) {
        let Joining { name, number, offered, socket, config, offload, diary } = joining;
        let connected = ClientSocket::connect(socket, config.answer.candidate, offload).and_then(|mut socket| {
            self.poll.registry().register(&mut socket.io, Token(self.seats.len()), Interest::READABLE)?;
            Ok(socket)
        });
        match connected {
            Ok(socket) => {
                if !config.senders.is_empty() {
                    self.publishers.push(self.seats.len());
                }
                self.seats.push(Seat { name, number, offered, socket, client: Client::new(now, config), diary });
            }
            Err(error) => tracing::error!(%error, name, "a client's socket"),
        }
    }

    /// When a frame of a publisher is due.
    fn media_due(&self) -> Option<Instant> {
        let publishers = self.publishers.iter().filter_map(|place| self.seats.get(*place));
        publishers.filter_map(|seat| seat.client.media_due()).min()
    }

    /// Sends the frames that are due, each from its own turn on: what goes out before it is no part of its latency.
    fn publish(&mut self) {
        for place in &self.publishers {
            let Some(seat) = self.seats.get_mut(*place) else { continue };
            let now = Instant::now();
            if seat.client.media_due().is_some_and(|due| due <= now) {
                seat.client.handle_timeout(now);
                flush(seat);
            }
        }
    }

    fn receive(&mut self, token: Token, woke: Instant) {
        let Some(seat) = self.seats.get_mut(token.0) else { return };
        let now = Instant::now();
        let Seat { socket, client, diary, .. } = seat;
        let mut bytes = 0;
        self.receives += socket.receive(&mut self.buffer, |datagram| {
            bytes += datagram.len();
            client.handle_datagram(now, datagram);
        });
        if let Some(diary) = diary {
            diary.arrive(now, bytes);
        }
        flush(seat);
        let shows = seat.client.has_video();
        for outcome in seat.client.outcomes() {
            let Outcome::Frame { publisher, number } = outcome else { continue };
            if let Some(diary) = &mut seat.diary {
                diary.show(now, publisher);
            }
            let track = self.cast.track(publisher).filter(|track| track.clip.codec().is_video() == shows);
            let Some(track) = track else { continue };
            track.sent.see(number, now, now.saturating_duration_since(woke));
            if let Some(age) = track.sent.age(number, now) {
                self.latency_us.saturating_record(u64::try_from(age.as_micros()).unwrap_or(u64::MAX));
            }
        }
    }

    fn tick(&mut self, now: Instant) {
        for seat in &mut self.seats {
            seat.client.handle_timeout(now);
            // Frames that come whole by giving up on others are late by design: not for the latency.
            for outcome in seat.client.outcomes() {
                if let (Some(diary), Outcome::Frame { publisher, .. }) = (&mut seat.diary, outcome) {
                    diary.show(now, publisher);
                }
            }
            if let Some(diary) = &mut seat.diary {
                diary.look(now);
            }
            flush(seat);
        }
    }

    fn count(&self, now: Instant) {
        let (cpu, waited) = thread_times();
        let mut tally = Tally { clients: self.seats.len(), receives: self.receives, cpu, waited, ..Tally::none(now) };
        for Seat { client, .. } in &self.seats {
            tally.connected += usize::from(client.connected_at().is_some());
            tally.watching += usize::from(client.is_watching());
            tally.over += usize::from(matches!(client.phase(), Phase::Failed(_) | Phase::Closed));
            tally.counts = tally.counts.plus(client.counts());
            tally.duplicates += client.duplicates();
        }
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = tally;
    }

    fn finish(mut self, now: Instant) -> WorkerFinding {
        self.count(now);
        let clients = self.seats.iter_mut().map(|seat| {
            let slots = seat.client.reports();
            let since = |at: Instant| at.saturating_duration_since(seat.offered);
            let last = slots.iter().filter_map(|slot| slot.last_packet).max();
            ClientFinding {
                name: std::mem::take(&mut seat.name),
                number: seat.number,
                phase: seat.client.phase().clone(),
                watches: !slots.is_empty(),
                port: seat.socket.io.local_addr().map_or(0, |address| address.port()),
                connected_after: seat.client.connected_at().map(since),
                first_frame_after: slots.iter().map(|slot| slot.first_frame.map(since)).collect(),
                strays: seat.client.counts().strays,
                unopened: seat.client.counts().unopened,
                silent_for: last.map(|last| now.saturating_duration_since(last)),
                diary: seat.diary.take(),
                slots,
            }
        });
        WorkerFinding { clients: clients.collect(), latency_us: self.latency_us }
    }
}

#[derive(PartialEq, Eq)]
enum Obeyed {
    GoOn,
    Stop,
}

fn flush(seat: &mut Seat) {
    while let Some(datagram) = seat.client.poll_transmit() {
        seat.socket.send(&datagram);
    }
}
