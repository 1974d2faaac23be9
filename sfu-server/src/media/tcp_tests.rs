//! Real connections on loopback and a played core: what is let in, what is read, what is kept, and who has to go.

use std::collections::HashSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use mio::{Events, Poll};
use sfu_core::command::Command;
use sfu_core::event::Event;
use sfu_core::limits::FRAME_BYTES_MAX;
use sfu_core::shard::{Datagram, StreamChange, Transmit};
use sfu_core::transport::{Deframer, Pair, Protocol, append};

use super::handle::Counts;
use super::shard_thread::Core;
use super::tcp::limits::{CONNECTIONS_PER_ADDRESS_MAX, STRANGER_MAX, STRANGERS_PER_ADDRESS_MAX, UNSENT_BYTES_MAX};
use super::tcp::{Listener, Streams};

/// What the played core takes for a check of a participant's.
const CHECK: &[u8] = &[0, 1, 2, 3];
const MEDIA: &[u8] = &[0x80, 96, 7];
const PATIENCE: Duration = Duration::from_secs(10);

/// Knows whoever begins with a check.
#[derive(Default)]
struct Played {
    got: Vec<(Pair, Vec<u8>)>,
    known: HashSet<Pair>,
    changes: Vec<StreamChange>,
}

impl Core for Played {
    fn handle_datagram(&mut self, _now: Instant, datagram: Datagram<'_>) {
        if datagram.bytes == CHECK {
            self.known.insert(datagram.pair);
        }
        self.got.push((datagram.pair, datagram.bytes.to_vec()));
    }

    fn handle_stream(&mut self, _now: Instant, pair: Pair, change: StreamChange) {
        if change == StreamChange::Closed {
            self.known.remove(&pair);
        }
        self.changes.push(change);
    }

    fn expects(&self, pair: Pair, datagram: &[u8]) -> bool {
        datagram == CHECK || self.known.contains(&pair)
    }

    fn holds(&self, pair: Pair) -> bool {
        self.known.contains(&pair)
    }

    fn handle_command(&mut self, _now: Instant, _command: Command) {}

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_transmit(&mut self, _now: Instant, _buffer: &mut Vec<u8>) -> Option<Transmit> {
        None
    }

    fn poll_event(&mut self) -> Option<Event> {
        None
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

struct Rig {
    poll: Poll,
    streams: Streams,
    core: Played,
    counts: Counts,
    address: SocketAddr,
    now: Instant,
}

impl Rig {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        // A free port: the listener itself does not tell which one it has.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = Listener::bind(address).unwrap();
        let streams = Streams::new(poll.registry().try_clone().unwrap(), vec![listener]).unwrap();
        Self { poll, streams, core: Played::default(), counts: Counts::default(), address, now: Instant::now() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// A connection that was let in.
    fn admitted(&mut self) -> (TcpStream, Pair) {
        let mut stream = self.connect();
        let pair = Pair::tcp(self.address, stream.local_addr().unwrap());
        stream.write_all(&framed(&[CHECK])).unwrap();
        self.until(|rig| rig.core.known.contains(&pair));
        (stream, pair)
    }

    fn turn(&mut self) {
        let mut events = Events::with_capacity(64);
        self.poll.poll(&mut events, Some(Duration::from_millis(1))).unwrap();
        events.iter().for_each(|event| self.streams.note(event));
        self.streams.turn(&mut self.core, self.now, &self.counts);
    }

    fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline, "{:?}", self.counts);
            self.turn();
        }
    }

    /// Lets time pass for the streams, a second at a time.
    fn pass(&mut self, time: Duration) {
        for _ in 0..time.as_secs() {
            self.now += Duration::from_secs(1);
            self.turn();
        }
    }

    fn open(&self) -> u64 {
        self.counts.tcp_accepted.load(Relaxed) - self.counts.tcp_closed.load(Relaxed)
    }

    fn send(&mut self, pair: Pair, frames: &[u8]) {
        let transmit = Transmit { pair, segment_size: None };
        self.streams.send(&mut self.core, self.now, &transmit, frames, &self.counts);
    }
}

fn framed(datagrams: &[&[u8]]) -> Vec<u8> {
    let mut stream = vec![];
    datagrams.iter().for_each(|datagram| append(Protocol::Tcp, datagram, &mut stream));
    stream
}

/// Whether the server has closed the connection; what it sent before is read away.
fn is_closed(stream: &mut TcpStream) -> bool {
    loop {
        match stream.read(&mut [0; 1024]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn frames_reach_the_core_in_whatever_pieces_they_come() {
    let mut rig = Rig::new();
    let mut stream = rig.connect();
    let pair = Pair::tcp(rig.address, stream.local_addr().unwrap());
    for byte in framed(&[CHECK, MEDIA]) {
        stream.write_all(&[byte]).unwrap();
        rig.turn();
    }
    stream.write_all(&framed(&[MEDIA, MEDIA])).unwrap();
    rig.until(|rig| rig.core.got.len() == 4);
    assert!(rig.core.got.iter().all(|(from, _)| *from == pair));
    assert_eq!(rig.core.got[3].1, MEDIA);
}

#[test]
fn what_does_not_begin_with_a_check_is_closed_at_once() {
    let media = framed(&[MEDIA]);
    for beginning in [&media, &b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 20], &framed(&[&[0, 1, 9]])] {
        let mut rig = Rig::new();
        let mut stream = rig.connect();
        stream.write_all(beginning).unwrap();
        rig.until(|rig| rig.counts.tcp_closed.load(Relaxed) == 1);
        assert!(is_closed(&mut stream));
        assert!(rig.core.got.is_empty() && rig.core.changes.is_empty());
    }
}

#[test]
fn silence_and_half_frames_are_borne_for_seconds_only() {
    let mut rig = Rig::new();
    let mut silent = rig.connect();
    let mut half = rig.connect();
    half.write_all(&framed(&[CHECK])[..4]).unwrap();
    rig.until(|rig| rig.open() == 2);
    rig.pass(STRANGER_MAX - Duration::from_secs(1));
    assert_eq!(rig.open(), 2);
    rig.pass(Duration::from_secs(2));
    assert_eq!((rig.open(), rig.counts.tcp_strangers.load(Relaxed)), (0, 2));
    assert!(is_closed(&mut silent) && is_closed(&mut half));
}

#[test]
fn a_frame_that_is_too_long_ends_even_a_participants_connection() {
    let mut rig = Rig::new();
    let (mut stream, _) = rig.admitted();
    stream.write_all(&framed(&[&vec![1; FRAME_BYTES_MAX + 1]])).unwrap();
    rig.until(|rig| rig.counts.tcp_frames_too_long.load(Relaxed) == 1);
    assert_eq!(rig.core.changes, [StreamChange::Closed]);
    assert!(is_closed(&mut stream));
}

#[test]
fn a_flood_of_idle_connections_keeps_nobody_out() {
    let mut rig = Rig::new();
    let (mut before, pair) = rig.admitted();
    let mut idle: Vec<TcpStream> = (0..100).map(|_| rig.connect()).collect();
    let (_after, _) = rig.admitted();
    let open = usize::try_from(rig.open()).unwrap();
    assert!(open <= STRANGERS_PER_ADDRESS_MAX + 2, "{open}");
    assert!(is_closed(&mut idle[0]), "the oldest made room");
    before.write_all(&framed(&[MEDIA])).unwrap();
    rig.until(|rig| rig.core.got.last() == Some(&(pair, MEDIA.to_vec())));
    rig.pass(STRANGER_MAX + Duration::from_secs(2));
    assert_eq!(rig.open(), 2);
    assert_eq!(rig.core.known.len(), 2);
}

#[test]
fn one_address_has_so_many_connections_and_no_more() {
    let mut rig = Rig::new();
    let admitted: Vec<(TcpStream, Pair)> = (0..CONNECTIONS_PER_ADDRESS_MAX).map(|_| rig.admitted()).collect();
    let mut refused = rig.connect();
    rig.until(|rig| rig.counts.tcp_refused.load(Relaxed) == 1);
    assert!(is_closed(&mut refused));
    drop(admitted);
    rig.until(|rig| rig.open() == 0);
    rig.admitted();
}

#[test]
fn who_does_not_read_is_kept_little_for_and_told_of_once() {
    let mut rig = Rig::new();
    let (mut stream, pair) = rig.admitted();
    let frame = framed(&[&[7; 1_000]]);
    let mut sent = 0;
    while rig.counts.tcp_send_dropped.load(Relaxed) == 0 {
        rig.send(pair, &frame);
        sent += 1;
    }
    assert_eq!(rig.core.changes, [StreamChange::Blocked]);
    let written = usize::try_from(rig.counts.tcp_sent_bytes.load(Relaxed)).unwrap();
    let kept = (sent - 1) * frame.len() - written;
    assert!(kept > 0 && kept <= UNSENT_BYTES_MAX, "{kept} bytes");

    // It reads again: every frame that was not dropped comes, whole.
    stream.set_nonblocking(true).unwrap();
    let (mut deframer, mut frames, mut buffer) = (Deframer::default(), 0, vec![0; 65_536]);
    let deadline = Instant::now() + PATIENCE;
    while frames < sent - 1 {
        assert!(Instant::now() < deadline, "{frames} of {}", sent - 1);
        rig.turn();
        if let Ok(bytes) = stream.read(&mut buffer) {
            let count = |datagram: &mut [u8]| {
                assert_eq!(datagram, [7; 1_000]);
                frames += 1;
            };
            deframer.push(&mut buffer[..bytes], count).unwrap();
        }
    }
    assert!(deframer.is_between_frames());
    rig.until(|rig| rig.core.changes == [StreamChange::Blocked, StreamChange::Writable]);
    rig.send(pair, &frame);
    assert_eq!(rig.counts.tcp_send_dropped.load(Relaxed), 1);
}

#[test]
fn a_connection_ends_with_its_participant_and_brings_the_last_words_first() {
    let mut rig = Rig::new();
    let (mut stream, pair) = rig.admitted();
    rig.core.known.clear();
    rig.send(pair, &framed(&[b"goodbye"]));
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.open(), 1, "not before what was said last is on its way");
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.open(), 0);
    let mut said = vec![];
    stream.read_to_end(&mut said).unwrap();
    assert_eq!(said, framed(&[b"goodbye"]));
}

#[test]
fn a_connection_that_brings_nothing_for_a_minute_is_gone() {
    let mut rig = Rig::new();
    let (mut stream, _) = rig.admitted();
    rig.pass(Duration::from_secs(50));
    stream.write_all(&framed(&[CHECK])).unwrap();
    rig.until(|rig| rig.core.got.len() == 2);
    rig.pass(Duration::from_secs(58));
    assert_eq!(rig.open(), 1);
    rig.pass(Duration::from_secs(4));
    assert_eq!((rig.open(), rig.counts.tcp_silent.load(Relaxed)), (0, 1));
    assert_eq!(rig.core.changes, [StreamChange::Closed]);
}

#[test]
fn who_hangs_up_is_told_of_and_nothing_is_sent_there_any_more() {
    let mut rig = Rig::new();
    let (stream, pair) = rig.admitted();
    drop(stream);
    rig.until(|rig| rig.core.changes == [StreamChange::Closed]);
    rig.send(pair, &framed(&[MEDIA]));
    assert_eq!(rig.counts.tcp_send_dropped.load(Relaxed), 1);
    assert!(!rig.streams.is_ready());
}

#[test]
fn without_connections_nothing_is_due() {
    let mut rig = Rig::new();
    rig.turn();
    assert_eq!(rig.streams.due(), None);
    let (stream, _) = rig.admitted();
    assert!(rig.streams.due().is_some());
    drop(stream);
    rig.until(|rig| rig.open() == 0);
    rig.pass(Duration::from_secs(2));
    assert_eq!(rig.streams.due(), None);
}
