//! The control path of a transport through [`ControlChain`], on virtual time.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test's helpers may panic")]

mod forms;
mod from_subscribers;
mod hostile;
mod keyframes_from_publishers;
mod limits_on_publishers;
mod repairs_from_publishers;
mod reports;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rtcp::Packet;
use sfu_core::id::Ssrc;
use sfu_core::interceptor::{
    Arrival, ChainConfig, ControlChain, ControlCounters, ControlEvent, LocalStream, RemoteStream,
};
use sfu_core::rtp::{RtpTime, SeqNo};

pub const LOCAL: Ssrc = Ssrc(0x0a0b_0c0d);
pub const MEDIA: Ssrc = Ssrc(1_000);
pub const OTHER: Ssrc = Ssrc(2_000);

pub fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A chain and its clock.
#[derive(Debug)]
pub struct Bench {
    pub chain: ControlChain,
    pub start: Instant,
    pub now: Instant,
}

impl Bench {
    pub fn new(config: ChainConfig) -> Self {
        let start = Instant::now();
        Self { chain: ControlChain::new(config), start, now: start }
    }

    /// A publisher's chain with one stream that takes NACK and PLI.
    pub fn publisher() -> Self {
        let mut bench = Self::new(ChainConfig::publisher(LOCAL, Some(3)));
        bench.chain.bind_remote(&stream(MEDIA));
        bench
    }

    /// A subscriber's chain with one slot.
    pub fn subscriber() -> Self {
        let mut bench = Self::new(ChainConfig::subscriber(LOCAL));
        bench.chain.bind_local(&slot(MEDIA));
        bench
    }

    pub fn arrive(&mut self, sequence: u16) {
        let arrival =
            Arrival { ssrc: MEDIA, sequence: SeqNo(sequence), timestamp: RtpTime(0), transport_sequence: None };
        self.chain.handle_arrival(self.now, &arrival);
    }

    /// Runs every timer up to `at` after the start; returns what was sent, with the times in ms.
    pub fn run_until(&mut self, at: Duration) -> Vec<(u64, Box<dyn Packet>)> {
        let end = self.start + at;
        let mut sent = self.sent();
        for _ in 0..10_000 {
            let Some(due) = self.chain.poll_timeout().filter(|&due| due <= end) else {
                self.now = end;
                return sent;
            };
            self.now = self.now.max(due);
            self.chain.handle_timeout(self.now);
            sent.extend(self.sent());
        }
        panic!("the chain's timers never rest");
    }

    /// What waits to be sent now.
    pub fn sent(&mut self) -> Vec<(u64, Box<dyn Packet>)> {
        let at = u64::try_from((self.now - self.start).as_millis()).unwrap();
        let mut packets = Vec::new();
        while let Some(datagram) = self.chain.poll_rtcp() {
            assert!(datagram.len() <= 1_200 && datagram.len() % 4 == 0);
            for packet in rtcp::packet::unmarshal(&mut bytes::Bytes::from(datagram)).unwrap() {
                packets.push((at, packet));
            }
        }
        packets
    }

    pub fn receive(&mut self, packets: &[Box<dyn Packet>]) {
        let datagram = rtcp::packet::marshal(packets).unwrap();
        self.chain.handle_rtcp(self.now, &datagram);
    }

    pub fn events(&mut self) -> Vec<ControlEvent> {
        std::iter::from_fn(|| self.chain.poll_event()).collect()
    }

    pub fn counters(&self) -> ControlCounters {
        self.chain.counters()
    }
}

pub fn stream(ssrc: Ssrc) -> RemoteStream {
    RemoteStream { ssrc, clock_rate: 90_000, nack: true, pli: true, fir: false }
}

pub fn slot(ssrc: Ssrc) -> LocalStream {
    LocalStream { ssrc, cname: Arc::from("lips") }
}

/// The packets of one type, with their times.
pub fn of<T: Clone + 'static>(sent: &[(u64, Box<dyn Packet>)]) -> Vec<(u64, T)> {
    sent.iter().filter_map(|(at, packet)| Some((*at, packet.as_any().downcast_ref::<T>()?.clone()))).collect()
}
