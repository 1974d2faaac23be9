//! What a peer may send over SCTP once its handshake is done: chunks of its own making, at times of its own choosing. The
//! library may panic; nothing of it gets out, and what goes out fits the path.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sfu_core::command::DataPayload;
use sfu_core::limits::{DATA_MESSAGE_BYTES_MAX, DATA_PACKET_BYTES_MAX};
use sfu_core::transport::{DataChannels, DataEvent};

use super::input::Input;
use super::sctp_peer::{self, FORWARD_TSN, RE_CONFIG, SACK, SctpPeer, chunk};

const STEPS_MAX: usize = 200;
/// What one step of the peer can cause: everything that may be queued, in small packets.
const PACKETS_PER_STEP_MAX: usize = 4_096;
const LABELS: [&str; 3] = ["echo", "events", ""];

struct World {
    now: Instant,
    channels: DataChannels,
    peer: SctpPeer,
}

impl World {
    fn settle(&mut self) {
        let mut packets = 0;
        while let Some(packet) = self.channels.poll_packet() {
            packets += 1;
            assert!(packet.len() <= DATA_PACKET_BYTES_MAX && packets <= PACKETS_PER_STEP_MAX);
        }
        while let Some(event) = self.channels.poll_event() {
            if let DataEvent::Message { channel, label, payload } = event
                && label == "echo"
            {
                self.channels.send_on(self.now, channel, &payload);
            }
        }
    }

    fn send(&mut self, packet: Bytes) {
        self.channels.handle_packet(self.now, packet);
        self.settle();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for turn in 0.. {
            let Some(due) = self.channels.poll_timeout().filter(|due| *due <= end) else { break };
            assert!(turn < 1_000, "the timers never rest");
            self.now = self.now.max(due);
            self.channels.handle_timeout(self.now);
            self.settle();
        }
        self.now = end;
    }

    /// Near the number that is next, or anywhere.
    fn tsn(&self, input: &mut Input<'_>) -> u32 {
        let (far, offset) = (input.byte(), u32::from(input.word()));
        self.peer.next.wrapping_add(if far & 7 == 0 { offset << 16 } else { offset >> (far & 15) })
    }

    fn chunk(&self, op: u8, input: &mut Input<'_>) -> Vec<u8> {
        match op % 6 {
            0 => {
                let tsn = self.tsn(input);
                let stream = (u16::from(input.byte() % 40), u16::from(input.byte()));
                let kind = 48 + u32::from(input.byte() % 12);
                sctp_peer::data(input.byte() & 15, tsn, stream, kind, input.blob())
            }
            1 => {
                let acknowledged = self.peer.received.wrapping_add(u32::from(input.byte()));
                let value = [&acknowledged.to_be_bytes()[..], &u32::from(input.word()).to_be_bytes(), input.blob()];
                chunk(SACK, 0, &value.concat())
            }
            2 => chunk(FORWARD_TSN, 0, &[&self.tsn(input).to_be_bytes()[..], input.blob()].concat()),
            3 => {
                let (request, last) = (u32::from(input.byte()), self.tsn(input));
                let head = [&[0, 13, 0, 18][..], &request.to_be_bytes(), &[0; 4], &last.to_be_bytes()].concat();
                chunk(RE_CONFIG, 0, &[&head[..], &[0, input.byte() % 40, 0, 0]].concat()[..18])
            }
            4 => chunk(RE_CONFIG, 0, input.blob()),
            _ => chunk(input.byte(), input.byte(), input.blob()),
        }
    }

    fn step(&mut self, op: u8, input: &mut Input<'_>) {
        match op & 15 {
            0..=6 => {
                let chunk = self.chunk(op & 15, input);
                self.send(self.peer.packet(&chunk));
            }
            7 => {
                let count = 1 + input.byte() % 60;
                let chunks: Vec<u8> = (0..count).flat_map(|at| self.chunk(at, input)).collect();
                self.send(self.peer.packet(&chunks));
            }
            8 => {
                let open = self.peer.open(u16::from(input.byte() % 34), input.choose(&LABELS));
                self.send(open);
            }
            9 | 10 => {
                let (stream, number) = (u16::from(input.byte() % 34), u16::from(input.byte()));
                let message = self.peer.message(stream, number, 51 + u32::from(input.byte() % 8), input.blob());
                self.send(message);
            }
            11 => self.pass(Duration::from_millis(u64::from(input.word()))),
            12 => {
                let payload = DataPayload::Binary(vec![0; usize::from(input.word())].into());
                self.channels.send(self.now, input.choose(&LABELS), &payload);
                self.settle();
            }
            13 => self.send(Bytes::copy_from_slice(input.blob())),
            14 => self.send(sctp_peer::init(u32::from(input.byte()), self.peer.next)),
            _ => self.send(sctp_peer::packet(u32::from(input.word()), input.blob())),
        }
    }
}

/// A program of a peer with one channel open.
pub fn data_channels(data: &[u8]) {
    let mut input = Input::new(data);
    let now = Instant::now();
    let mut channels = DataChannels::new(now, DATA_MESSAGE_BYTES_MAX);
    let first = u32::from_le_bytes([input.byte(), input.byte(), input.byte(), input.byte()]);
    let peer = SctpPeer::connect(now, &mut channels, first);
    let mut world = World { now, channels, peer };
    let open = world.peer.open(0, "echo");
    world.send(open);
    for _ in 0..STEPS_MAX {
        let Some(op) = input.next() else { break };
        world.step(op, &mut input);
    }
    world.pass(Duration::from_secs(5));
    let counters = world.channels.counters();
    assert!(counters.channels_closed <= counters.channels_opened);
    assert!(counters.panics_caught <= counters.associations_faulty);
}
