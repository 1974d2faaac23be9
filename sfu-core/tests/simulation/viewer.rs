//! Who watches, as libwebrtc does: repairs, key frames, reports and transport-wide feedback are asked for and said as a browser's are.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sfu_core::id::MediaKind;
use sfu_core::rtcp::{Kind, RtcpPacket};
use sfu_core::rtp::RtpPacket;

use crate::ear::Ear;
use crate::eye::Eye;
use crate::marks::{Mark, TRANSPORT_CC, be32, nack, pli};
use crate::offers::Slot;
use crate::reception::Reception;

#[path = "../estimation/feedback.rs"]
#[allow(dead_code, reason = "the interval is another here")]
mod feedback;

/// kProcessInterval of the NACKs.
const TICK: Duration = Duration::from_millis(20);
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Between two feedbacks, and what one of them takes of the bandwidth (RemoteEstimatorProxy).
const FEEDBACK_MIN: Duration = Duration::from_millis(50);
const FEEDBACK_MAX: Duration = Duration::from_millis(250);
const FEEDBACK_BITS: f64 = 68.0 * 8.0;
const FEEDBACK_SHARE: f64 = 0.05;

/// What shows or sounds.
pub enum Sense {
    Eye(Box<Eye>),
    Ear(Ear),
}

/// A slot's stream.
pub struct Stream {
    pub slot: Slot,
    pub sense: Sense,
    reception: Reception,
}

#[derive(Default)]
pub struct Viewer {
    pub streams: Vec<Stream>,
    /// What it takes for its round-trip time; a browser that knows none takes 100 ms.
    pub round_trip: Option<Duration>,
    /// Asks for nothing and says nothing.
    pub mute: bool,
    /// Asks for a key frame with every tick.
    pub nags: bool,
    pub rtcp_out: VecDeque<Vec<u8>>,
    feedback: feedback::Receiver,
    /// Transport-wide numbers without rounds.
    number: u64,
    began: Option<Instant>,
    bytes: usize,
    next_feedback: Option<Instant>,
    said_feedback: Option<Instant>,
    next_report: Option<Instant>,
    next_tick: Option<Instant>,
}

impl Viewer {
    pub fn answered(&mut self, slots: &[Slot]) {
        let stream = |slot: &Slot| Stream {
            slot: slot.clone(),
            sense: match slot.kind {
                MediaKind::Audio => Sense::Ear(Ear::default()),
                MediaKind::Video => Sense::Eye(Box::default()),
            },
            reception: Reception::default(),
        };
        self.streams = slots.iter().map(stream).collect();
    }

    pub fn start(&mut self, now: Instant) {
        // Above the first number whatever it is.
        (self.began, self.number) = (Some(now), 1 << 16);
        self.next_tick = Some(now + TICK);
        self.next_feedback = Some(now + FEEDBACK_MIN);
        self.next_report = Some(now + REPORT_INTERVAL);
    }

    fn eyes(&self) -> impl Iterator<Item = &Eye> {
        self.streams.iter().filter_map(|stream| match &stream.sense {
            Sense::Eye(eye) => Some(&**eye),
            Sense::Ear(_) => None,
        })
    }

    /// The `index`-th video slot, and its SSRC.
    pub fn eye(&self, index: usize) -> (&Eye, u32) {
        let ssrcs = self.streams.iter().filter(|it| it.slot.kind == MediaKind::Video).map(|it| it.slot.ssrc);
        self.eyes().zip(ssrcs).nth(index).unwrap()
    }

    pub fn ear(&self) -> &Ear {
        let mut ears = self.streams.iter().filter_map(|stream| match &stream.sense {
            Sense::Ear(ear) => Some(ear),
            Sense::Eye(_) => None,
        });
        ears.next().unwrap()
    }

    pub fn due(&self) -> Option<Instant> {
        let shows = self.eyes().filter_map(Eye::due).min();
        [self.next_tick, self.next_feedback, self.next_report, shows].into_iter().flatten().min()
    }

    fn round_trip(&self) -> Duration {
        self.round_trip.unwrap_or(Duration::from_millis(100))
    }

    pub fn wake(&mut self, now: Instant) {
        let round_trip = self.round_trip();
        for stream in &mut self.streams {
            if let Sense::Eye(eye) = &mut stream.sense {
                eye.wake(now, round_trip);
            }
        }
        if self.next_feedback.is_some_and(|at| at <= now) {
            self.tell_arrivals(now);
        }
        if let Some(at) = self.next_report.filter(|at| *at <= now) {
            self.next_report = Some(at + REPORT_INTERVAL);
            let reports = self.streams.iter_mut().filter_map(|stream| stream.reception.report(now, stream.slot.ssrc));
            self.rtcp_out.extend(reports.filter(|_| !self.mute));
        }
        if let Some(at) = self.next_tick.filter(|at| *at <= now) {
            self.next_tick = Some(at + TICK);
            for place in 0..self.streams.len() {
                self.ask_packets(now, place);
                self.ask_key(now, place);
            }
        }
    }

    fn tell_arrivals(&mut self, now: Instant) {
        let since = self.said_feedback.map_or(FEEDBACK_MIN, |at| now - at).as_secs_f64().max(1e-3);
        let bps = std::mem::take(&mut self.bytes) as f64 * 8.0 / since;
        let interval = Duration::from_secs_f64((FEEDBACK_BITS / (FEEDBACK_SHARE * bps.max(1.0))).min(1.0));
        self.said_feedback = Some(now);
        self.next_feedback = Some(now + interval.clamp(FEEDBACK_MIN, FEEDBACK_MAX));
        let said = self.feedback.feedback();
        self.rtcp_out.extend(said.into_iter().filter(|_| !self.mute));
    }

    fn ask_packets(&mut self, now: Instant, place: usize) {
        let round_trip = self.round_trip();
        let Stream { slot, sense: Sense::Eye(eye), .. } = &mut self.streams[place] else { return };
        let due = eye.nacks.due(now, round_trip);
        if !self.mute {
            self.rtcp_out.extend(due.chunks(100).map(|due| nack(slot.ssrc, due)));
        }
    }

    fn ask_key(&mut self, now: Instant, place: usize) {
        let Stream { slot, sense: Sense::Eye(eye), .. } = &mut self.streams[place] else { return };
        if (eye.wants_key(now) || self.nags) && !self.mute {
            self.rtcp_out.push_back(pli(slot.ssrc));
        }
    }

    /// Notes a packet's transport-wide number.
    fn note(&mut self, now: Instant, packet: &RtpPacket<'_>) {
        self.bytes += packet.payload.len() + 40;
        let Some(began) = self.began else { return };
        let Some(number) = packet.extensions.get(TRANSPORT_CC).and_then(|bytes| bytes.first_chunk()) else { return };
        let ahead = u16::from_be_bytes(*number).wrapping_sub(self.number as u16) as i16;
        let number = self.number.saturating_add_signed(i64::from(ahead));
        self.number = self.number.max(number);
        self.feedback.receive(number, (now - began).as_micros() as i64 + 7_777_777);
    }

    pub fn rtp(&mut self, now: Instant, index: u64, packet: &RtpPacket<'_>) {
        self.note(now, packet);
        let round_trip = self.round_trip();
        let ssrc = packet.ssrc.0;
        let has = |stream: &Stream| stream.slot.ssrc == ssrc || stream.slot.rtx == Some(ssrc);
        let place = self.streams.iter().position(has).expect("a packet on an SSRC that a slot has");
        let stream = &mut self.streams[place];
        if stream.slot.ssrc == ssrc {
            let rate = if stream.slot.kind == MediaKind::Audio { 48_000 } else { 90_000 };
            stream.reception.note(now, index, packet.timestamp.0, rate);
        }
        match &mut stream.sense {
            Sense::Eye(eye) if stream.slot.ssrc == ssrc => eye.media(now, index, packet, round_trip),
            Sense::Eye(eye) => eye.repeat(now, packet, round_trip),
            Sense::Ear(ear) => {
                let mark = packet.payload.get(1..).and_then(Mark::read);
                mark.into_iter().for_each(|mark| ear.arrived(now, mark));
                return;
            }
        }
        self.ask_packets(now, place);
    }

    pub fn rtcp(&mut self, now: Instant, packet: &RtcpPacket<'_>) {
        if packet.kind == Kind::SenderReport {
            let ssrc = be32(packet.body, 0);
            let ntp = u64::from_be_bytes(*packet.body[4..].first_chunk().unwrap());
            let stream = self.streams.iter_mut().find(|stream| stream.slot.ssrc == ssrc);
            stream.into_iter().for_each(|stream| stream.reception.reported(now, ntp));
        }
    }

    /// Everything that must never happen, of all slots.
    pub fn faults(&self) -> Vec<&String> {
        self.eyes().flat_map(|eye| &eye.frames.faults).collect()
    }
}
