//! The run loop around cores that misbehave: one that always has something to send, one whose timer nothing moves.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Interest, Poll, Token};
use sfu_core::command::Command;
use sfu_core::event::Event;
use sfu_core::id::TransportId;
use sfu_core::shard::{Datagram, StreamChange, Transmit};
use sfu_core::transport::Pair;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::handle::{ShardHandle, ShardIndex, channel};
use super::relay::Ways;
use super::shard_thread::{Core, ShardThread, WAKER};
use super::tcp::Streams;
use super::udp::MediaSocket;

/// What a played core says when its timer, or a datagram, was handled.
const TIMER: TransportId = TransportId(1_000);
const DATAGRAM: TransportId = TransportId(1_001);
/// Far above what a turn takes, far below a test's patience.
const SOON: Duration = Duration::from_secs(5);

/// Always has something to send; says of each command, datagram and timer that it was handled.
struct Overloaded {
    pair: Pair,
    due: Option<Instant>,
    /// Has nothing to send; its timer stays due whatever is done.
    stuck: bool,
    events: Vec<Event>,
}

impl Core for Overloaded {
    fn handle_datagram(&mut self, _now: Instant, _datagram: Datagram<'_>) {
        self.events.push(Event::Connected { transport: DATAGRAM });
    }

    fn handle_stream(&mut self, _now: Instant, _pair: Pair, _change: StreamChange) {}

    fn expects(&self, _pair: Pair, _datagram: &[u8]) -> bool {
        false
    }

    fn holds(&self, _pair: Pair) -> bool {
        false
    }

    fn handle_command(&mut self, now: Instant, command: Command) {
        let Command::Close { transport } = command else { panic!("{command:?}") };
        self.due = Some(now + Duration::from_millis(1));
        self.events.push(Event::Connected { transport });
    }

    fn handle_timeout(&mut self, _now: Instant) {
        self.due = self.due.filter(|_| self.stuck);
        self.events.push(Event::Connected { transport: TIMER });
    }

    fn poll_transmit(&mut self, _now: Instant, buffer: &mut Vec<u8>) -> Option<Transmit> {
        if self.stuck {
            return None;
        }
        buffer.clear();
        buffer.extend_from_slice(&[7; 100]);
        Some(Transmit { pair: self.pair, segment_size: None })
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }
}

struct Running {
    handle: ShardHandle,
    events: UnboundedReceiver<Event>,
    thread: JoinHandle<()>,
    media: SocketAddr,
    /// Where everything is sent to; kept open, and never read.
    sink: UdpSocket,
}

fn start(stuck: bool) -> Running {
    let poll = Poll::new().unwrap();
    let mut socket = MediaSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    poll.registry().register(&mut socket.io, Token(0), Interest::READABLE).unwrap();
    let media = socket.local();
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let pair = Pair::udp(media, sink.local_addr().unwrap());
    let (handle, inbox) = channel(ShardIndex(0), Arc::from([media]), poll.registry(), WAKER).unwrap();
    let (sender, events) = unbounded_channel();
    let shard = Overloaded { pair, due: None, stuck, events: Vec::new() };
    let streams = Streams::new(poll.registry().try_clone().unwrap(), vec![]).unwrap();
    let body =
        ShardThread { shard, poll, sockets: vec![socket], streams, inbox, ways: Ways::default(), events: sender };
    let thread = std::thread::spawn(move || body.run().unwrap());
    Running { handle, events, thread, media, sink }
}

impl Running {
    async fn hears_of(&mut self, wanted: TransportId) {
        let said = timeout(SOON, self.events.recv()).await.expect("the loop only sends");
        assert!(matches!(said, Some(Event::Connected { transport }) if transport == wanted), "{said:?}");
    }
}

#[tokio::test]
async fn a_core_that_always_has_something_to_send_still_obeys_and_tends_its_timers() {
    let mut shard = start(false);
    for round in 0..3 {
        shard.handle.send(Command::Close { transport: TransportId(round) }).unwrap();
        shard.hears_of(TransportId(round)).await;
        shard.hears_of(TIMER).await;
    }
    shard.sink.send_to(b"hello", shard.media).unwrap();
    shard.hears_of(DATAGRAM).await;
    shard.handle.stop();
}

#[tokio::test]
async fn a_core_that_always_has_something_to_send_is_alive_and_stops_when_told() {
    let mut shard = start(false);
    shard.handle.send(Command::Close { transport: TransportId(0) }).unwrap();
    shard.hears_of(TransportId(0)).await;
    assert!(shard.handle.status.is_alive(Instant::now()));
    shard.handle.stop();
    let ended = tokio::task::spawn_blocking(move || {
        let deadline = Instant::now() + SOON;
        while !shard.thread.is_finished() && Instant::now() < deadline {
            std::thread::yield_now();
        }
        shard.thread.is_finished()
    });
    assert!(ended.await.unwrap(), "it sends for ever");
}

#[tokio::test]
async fn a_timer_that_stays_due_is_tried_once_a_millisecond_at_most() {
    let mut shard = start(true);
    let begin = Instant::now();
    shard.handle.send(Command::Close { transport: TransportId(0) }).unwrap();
    shard.hears_of(TransportId(0)).await;
    for _ in 0..20 {
        shard.hears_of(TIMER).await;
    }
    // However slow the machine, and with a turn to spare for the waker.
    assert!(begin.elapsed() >= Duration::from_millis(18), "20 attempts in {:?}", begin.elapsed());
    shard.handle.stop();
}
