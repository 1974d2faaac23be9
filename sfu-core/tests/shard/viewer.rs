//! A viewer: one receiver per slot, asking for repairs and keyframes as a browser does.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sfu_core::id::MediaKind;
use sfu_core::rtcp::{Kind, RtcpPacket};
use sfu_core::rtp::RtpPacket;

use crate::marks::{TRANSPORT_CC, be32, nack, pli};
use crate::offers::Slot;
use crate::receiver::Receiver;

#[path = "../estimation/feedback.rs"]
mod feedback;

const TICK: Duration = Duration::from_millis(10);
const PLI_INTERVAL: Duration = Duration::from_millis(500);

/// A sender report as it came.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    pub at: Instant,
    pub ntp: u64,
    pub rtp: u32,
}

/// A slot's stream.
pub struct Stream {
    pub slot: Slot,
    pub receiver: Receiver,
    pub reports: Vec<Report>,
    pub cname: Option<String>,
    last_pli: Option<Instant>,
}

impl Stream {
    fn new(slot: &Slot) -> Self {
        Self { slot: slot.clone(), receiver: Receiver::new(slot.kind), reports: vec![], cname: None, last_pli: None }
    }
}

#[derive(Default)]
pub struct Viewer {
    pub streams: Vec<Stream>,
    /// Of slots that a further answer took away; what is on its way to them is nobody's fault.
    pub gone: Vec<Stream>,
    pub plis_sent: u64,
    /// Asks for nothing: neither repairs nor keyframes.
    pub mute: bool,
    /// Asks for keyframes only.
    pub no_nack: bool,
    /// Does not tell when packets arrived, though it agreed to (transport-cc).
    pub tells_nothing: bool,
    feedback: feedback::Receiver,
    pub rtcp_out: VecDeque<Vec<u8>>,
    /// Transport-wide numbers without rounds.
    number: u64,
    began: Option<Instant>,
    next_feedback: Option<Instant>,
    next_tick: Option<Instant>,
}

impl Viewer {
    /// Takes the slots of an answer; those that were there before go on.
    pub fn answered(&mut self, slots: &[Slot]) {
        let mut known = std::mem::take(&mut self.streams);
        let mut stream = |slot: &Slot| {
            let before = known.iter().position(|stream| stream.slot == *slot);
            before.map_or_else(|| Stream::new(slot), |place| known.remove(place))
        };
        self.streams = slots.iter().map(&mut stream).collect();
        self.gone.extend(known);
    }

    pub fn start(&mut self, now: Instant) {
        // Above the first number whatever it is.
        (self.began, self.number) = (Some(now), 1 << 16);
        self.next_tick = Some(now + TICK);
    }

    pub fn due(&self) -> Option<Instant> {
        self.next_tick
    }

    /// The `index`-th slot of a kind.
    pub fn slot(&self, kind: MediaKind, index: usize) -> &Receiver {
        &self.stream(kind, index).receiver
    }

    pub fn stream(&self, kind: MediaKind, index: usize) -> &Stream {
        self.streams.iter().filter(|stream| stream.slot.kind == kind).nth(index).unwrap()
    }

    pub fn video(&self) -> &Receiver {
        self.slot(MediaKind::Video, 0)
    }

    pub fn audio(&self) -> &Receiver {
        self.slot(MediaKind::Audio, 0)
    }

    pub fn wake(&mut self, now: Instant) {
        let Some(at) = self.next_tick.filter(|at| *at <= now) else { return };
        self.next_tick = Some(at + TICK);
        if !self.tells_nothing && self.next_feedback.is_none_or(|due| due <= now) {
            self.next_feedback = Some(now + feedback::INTERVAL);
            self.rtcp_out.extend(self.feedback.feedback());
        }
        for stream in &mut self.streams {
            stream.receiver.decode(now);
            let nacks = stream.receiver.nacks(now);
            if !nacks.is_empty() && !self.mute && !self.no_nack {
                self.rtcp_out.extend(nacks.chunks(100).map(|nacks| nack(stream.slot.ssrc, nacks)));
            }
            let may = stream.last_pli.is_none_or(|last| now >= last + PLI_INTERVAL);
            if may && !self.mute && stream.receiver.wants_keyframe(now) {
                stream.last_pli = Some(now);
                self.plis_sent += 1;
                self.rtcp_out.push_back(pli(stream.slot.ssrc));
            }
        }
    }

    /// Notes a packet's transport-wide number.
    fn note(&mut self, now: Instant, packet: &RtpPacket<'_>) {
        let Some(began) = self.began else { return };
        let Some(number) = packet.extensions.get(TRANSPORT_CC).and_then(|bytes| bytes.first_chunk()) else { return };
        let ahead = u16::from_be_bytes(*number).wrapping_sub(self.number as u16) as i16;
        let number = self.number.saturating_add_signed(i64::from(ahead));
        self.number = self.number.max(number);
        self.feedback.receive(number, (now - began).as_micros() as i64 + 7_777_777);
    }

    pub fn rtp(&mut self, now: Instant, index: u64, packet: &RtpPacket<'_>) {
        self.note(now, packet);
        for stream in &mut self.streams {
            if packet.ssrc.0 == stream.slot.ssrc {
                return stream.receiver.media(now, index, packet);
            }
            if Some(packet.ssrc.0) == stream.slot.rtx {
                return stream.receiver.repeat(now, packet);
            }
        }
        if self.gone.iter().any(|stream| [Some(stream.slot.ssrc), stream.slot.rtx].contains(&Some(packet.ssrc.0))) {
            return;
        }
        panic!("a packet on SSRC {} that no slot has", packet.ssrc);
    }

    pub fn rtcp(&mut self, now: Instant, packet: &RtcpPacket<'_>) {
        let find = |streams: &mut Vec<Stream>, ssrc| streams.iter().position(|stream| stream.slot.ssrc == ssrc);
        match packet.kind {
            Kind::SenderReport => {
                let place = find(&mut self.streams, be32(packet.body, 0)).unwrap();
                let ntp = u64::from_be_bytes(*packet.body[4..].first_chunk().unwrap());
                self.streams[place].reports.push(Report { at: now, ntp, rtp: be32(packet.body, 12) });
            }
            Kind::SourceDescription => {
                let place = find(&mut self.streams, be32(packet.body, 0)).unwrap();
                let length = usize::from(packet.body[5]);
                self.streams[place].cname = Some(String::from_utf8_lossy(&packet.body[6..6 + length]).into_owned());
            }
            _ => {}
        }
    }

    /// Everything that must never happen, of all slots.
    pub fn faults(&self) -> Vec<&String> {
        self.streams.iter().chain(&self.gone).flat_map(|stream| &stream.receiver.faults).collect()
    }
}
