//! One subscriber: a sender that obeys its estimate, frame by frame, as a shard does, and its browser.

use std::time::{Duration, Instant};

use sfu_core::bitrate::estimate::{Estimate, Estimator, EstimatorConfig, FeedbackKind, SentKind};
use sfu_core::rtcp::twcc;

use super::feedback::{INTERVAL, Receiver};

/// A packet's bytes, at most.
const PACKET_BYTES: u64 = 1_200;
const FRAME: Duration = Duration::from_micros(33_333);
/// Of a silent microphone and what else always flows.
const AUDIO: Duration = Duration::from_millis(20);
const AUDIO_BYTES: u64 = 80;
const PADDING_BYTES: u64 = 255;

/// What there is to send.
#[derive(Clone, Debug)]
pub enum Source {
    /// As much as the estimate allows, up to this, bit/s.
    Elastic(u64),
    /// The highest of these rates that the estimate allows, bit/s.
    Ladder(&'static [u64]),
}

#[derive(Clone, Copy, Debug)]
pub struct Packet {
    pub flow: usize,
    pub number: u64,
    pub bytes: u64,
    pub sent: Instant,
}

/// What was seen at a time.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub at: Duration,
    pub estimate: Estimate,
    /// Delivered in the last 100 ms, bit/s.
    pub delivered_bps: u64,
    /// The longest wait of the packets that arrived in the last 100 ms.
    pub queue: Duration,
}

pub struct Flow {
    pub estimator: Estimator,
    pub source: Source,
    pub began: Instant,
    /// The most that may be sent, bit/s.
    cap: u64,
    receiver: Receiver,
    number: u64,
    next_frame: Instant,
    next_audio: Instant,
    next_feedback: Instant,
    /// Bytes not sent since a packet was not full.
    debt: u64,
    pub delivered: u64,
    pub queue: Duration,
    pub samples: Vec<Sample>,
}

pub const CONFIG: EstimatorConfig =
    EstimatorConfig { start_bps: 500_000, min_bps: 30_000, max_bps: 20_000_000, feedback: FeedbackKind::TransportWide };

impl Flow {
    pub fn new(began: Instant, phase: Duration, source: Source) -> Self {
        let mut estimator = Estimator::new(began, CONFIG);
        estimator.on_round_trip(Duration::from_millis(100));
        estimator.set_wanted(
            match &source {
                Source::Elastic(wanted) => *wanted,
                Source::Ladder(rungs) => rungs.iter().copied().max().unwrap_or(0),
            },
            None,
        );
        Self {
            estimator,
            source,
            began,
            cap: u64::MAX,
            receiver: Receiver::default(),
            number: 0,
            next_frame: began + phase,
            next_audio: began + phase / 2,
            next_feedback: began + phase + INTERVAL,
            debt: 0,
            delivered: 0,
            queue: Duration::ZERO,
            samples: vec![],
        }
    }

    /// Has no more sent than this from now on.
    pub fn cap(&mut self, bps: u64) {
        self.cap = bps;
        self.estimator.set_wanted(bps, Some(bps));
    }

    fn rate(&self) -> u64 {
        let estimate = self.estimator.estimate().bps.min(self.cap);
        match self.source {
            Source::Elastic(wanted) => estimate.min(wanted),
            Source::Ladder(rungs) => rungs.iter().copied().filter(|rung| *rung <= estimate).max().unwrap_or(0),
        }
    }

    /// What leaves now.
    pub fn send(&mut self, now: Instant, flow: usize, mut out: impl FnMut(Packet)) {
        if self.estimator.poll_timeout().is_some_and(|due| due <= now) {
            self.estimator.handle_timeout(now);
        }
        let mut packets = vec![];
        while self.next_audio <= now {
            self.next_audio += AUDIO;
            packets.push((AUDIO_BYTES, SentKind::Media));
        }
        while self.next_frame <= now {
            self.next_frame += FRAME;
            let audio = AUDIO_BYTES * 8 * 50;
            self.debt += self.rate().saturating_sub(audio) / 8 * FRAME.as_micros() as u64 / 1_000_000;
            while self.debt >= PACKET_BYTES {
                self.debt -= PACKET_BYTES;
                packets.push((PACKET_BYTES, SentKind::Media));
            }
        }
        for (bytes, kind) in packets {
            self.push(now, flow, bytes, kind, &mut out);
        }
        while self.estimator.padding_due(now) > 0 {
            self.push(now, flow, PADDING_BYTES, SentKind::Padding, &mut out);
        }
    }

    fn push(&mut self, now: Instant, flow: usize, bytes: u64, kind: SentKind, out: &mut impl FnMut(Packet)) {
        let sequence = self.estimator.on_sent(now, bytes as usize, kind);
        assert_eq!(sequence.0, self.number as u16);
        out(Packet { flow, number: self.number, bytes, sent: now });
        self.number += 1;
    }

    pub fn receive(&mut self, packet: Packet, at: Instant, delay: Duration) {
        self.delivered += packet.bytes;
        self.queue = self.queue.max((at - packet.sent).saturating_sub(delay));
        // The receiver's clock has nothing to do with ours.
        self.receiver.receive(packet.number, (at - self.began).as_micros() as i64 + 7_777_777_777);
    }

    /// What the browser says now.
    pub fn feedback(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if now < self.next_feedback {
            return vec![];
        }
        self.next_feedback += INTERVAL;
        self.receiver.feedback()
    }

    pub fn hear(&mut self, now: Instant, datagram: &[u8]) {
        let mut heard = 0;
        for feedback in twcc::feedbacks(datagram) {
            self.estimator.on_feedback(now, &feedback);
            heard += 1;
        }
        assert_eq!(heard, 1, "what the receiver says is well-formed");
    }

    pub fn sample(&mut self, at: Duration) {
        let delivered_bps = std::mem::take(&mut self.delivered) * 80;
        let queue = std::mem::take(&mut self.queue);
        self.samples.push(Sample { at, estimate: self.estimator.estimate(), delivered_bps, queue });
    }
}
