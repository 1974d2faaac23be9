//! Data channels and their peer, and the link between them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sfu_core::command::DataPayload;
use sfu_core::limits::{DATA_MESSAGE_BYTES_MAX, DATA_PACKET_BYTES_MAX};
use sfu_core::transport::{DataChannels, DataCounters, DataEvent};

use crate::data_peer::DataPeer;

const DELAY: Duration = Duration::from_millis(20);

enum Towards {
    Channels,
    Peer,
}

pub struct Link {
    pub now: Instant,
    pub channels: DataChannels,
    pub peer: DataPeer,
    pub events: Vec<DataEvent>,
    /// Of a hundred, both ways.
    pub loss: f64,
    pub jitter: Duration,
    /// Nothing gets through.
    pub cut: bool,
    rng: StdRng,
    flying: BTreeMap<(Instant, u64), (Towards, Bytes)>,
    flights: u64,
}

impl Link {
    pub fn new(seed: u64) -> Self {
        let now = Instant::now();
        Self {
            now,
            channels: DataChannels::new(now, DATA_MESSAGE_BYTES_MAX),
            peer: DataPeer::new(now),
            events: vec![],
            loss: 0.0,
            jitter: Duration::ZERO,
            cut: false,
            rng: StdRng::seed_from_u64(seed),
            flying: BTreeMap::new(),
            flights: 0,
        }
    }

    /// With an association, and a reliable channel of this label on stream 0.
    pub fn open(seed: u64, label: &str) -> Self {
        let mut link = Self::new(seed);
        link.run_ms(100);
        assert!(link.peer.established);
        link.peer.reliable(link.now, label);
        link.run_ms(300);
        assert_eq!(link.peer.acknowledged, [0]);
        link
    }

    pub fn counters(&self) -> DataCounters {
        *self.channels.counters()
    }

    /// Messages that came, in order.
    pub fn messages(&self) -> Vec<DataPayload> {
        let payload = |event: &DataEvent| match event {
            DataEvent::Message { payload, .. } => Some(payload.clone()),
            _ => None,
        };
        self.events.iter().filter_map(payload).collect()
    }

    pub fn send(&mut self, label: &str, bytes: Vec<u8>) {
        self.channels.send(self.now, label, &DataPayload::Binary(bytes.into()));
    }

    pub fn run_ms(&mut self, time_ms: u64) {
        let end = self.now + Duration::from_millis(time_ms);
        loop {
            self.drain();
            let flying = self.flying.first_key_value().map(|((at, _), _)| *at);
            let due = [flying, self.channels.poll_timeout(), self.peer.poll_timeout()];
            let Some(next) = due.into_iter().flatten().min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) {
        while let Some(entry) = self.flying.first_entry().filter(|entry| entry.key().0 <= self.now) {
            match entry.remove() {
                (Towards::Channels, packet) => self.channels.handle_packet(self.now, packet),
                (Towards::Peer, packet) => self.peer.handle(self.now, &packet),
            }
        }
        if self.channels.poll_timeout().is_some_and(|due| due <= self.now) {
            self.channels.handle_timeout(self.now);
        }
        if self.peer.poll_timeout().is_some_and(|due| due <= self.now) {
            self.peer.handle_timeout(self.now);
        }
    }

    fn drain(&mut self) {
        while let Some(event) = self.channels.poll_event() {
            if let DataEvent::Message { channel, label, payload } = &event
                && label == "echo"
            {
                self.channels.send_on(self.now, *channel, payload);
            }
            self.events.push(event);
        }
        while let Some(packet) = self.channels.poll_packet() {
            assert!(packet.len() <= DATA_PACKET_BYTES_MAX, "{} bytes", packet.len());
            self.fly(Towards::Peer, packet);
        }
        while let Some(packet) = self.peer.poll() {
            self.fly(Towards::Channels, packet);
        }
    }

    fn fly(&mut self, towards: Towards, packet: Bytes) {
        if self.cut || (self.loss > 0.0 && self.rng.random_bool(self.loss / 100.0)) {
            return;
        }
        let jitter = self.jitter.mul_f64(if self.jitter.is_zero() { 0.0 } else { self.rng.random() });
        self.flying.insert((self.now + DELAY + jitter, self.flights), (towards, packet));
        self.flights += 1;
    }
}
