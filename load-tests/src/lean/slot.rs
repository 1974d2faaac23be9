//! A receiving slot: one media stream and its retransmissions, followed, verified, and reported on as a browser does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtp::Packet;

use super::header::ClearHeader;
use super::layers::{Asked, LayerWatch};
use super::lips::{LipOffsets, MediaClock};
use super::look::Look;
use super::numbering::Numbering;
use super::reception::Reception;
use super::stream::{Framing, StreamWatch};
use crate::media::Codec;
use crate::packetize::begins_keyframe;
use crate::verify::{DEFAULT_PATIENCE, Expected, Fault, Outcome, TrackVerifier};

/// A keyframe is asked for at most this often, as browsers do.
const PLI_INTERVAL_MIN: Duration = Duration::from_millis(500);
/// Words about faults that are kept of one slot.
const EXAMPLES_MAX: usize = 3;

enum Judging {
    Full(Box<TrackVerifier>),
    Sampled { every: u32, since: u32, expected: Expected },
}

/// What one slot found.
#[derive(Clone, Debug)]
pub struct SlotReport {
    pub codec: Codec,
    pub judged: bool,
    pub packets: u64,
    pub mended: u64,
    pub duplicates: u64,
    pub frames: u64,
    pub first_frame: Option<Instant>,
    pub last_packet: Option<Instant>,
    pub faults: BTreeMap<Fault, u64>,
    pub examples: Vec<String>,
    /// From the sound beside it, of judged pictures.
    pub lips: LipOffsets,
    /// How long each switch to another encoding took, µs.
    pub switches_us: Vec<u64>,
}

/// One stream towards a viewer.
pub struct Slot {
    codec: Codec,
    /// As the answer tells it; nothing is taken in without.
    pub ssrc: Option<u32>,
    pub rtx: Option<u32>,
    payload_type: Option<u8>,
    judging: Judging,
    watch: StreamWatch,
    numbering: Numbering,
    first_frame: Option<Instant>,
    last_packet: Option<Instant>,
    keyframe_wanted: bool,
    last_pli: Option<Instant>,
    reception: Reception,
    /// Of judged streams that are always one publisher's: only those can be held against another.
    clock: Option<MediaClock>,
    lips: LipOffsets,
    /// What was asked for, where that is compared with what comes.
    layers: Option<(Arc<Asked>, LayerWatch)>,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("codec", &self.codec).field("ssrc", &self.ssrc).finish_non_exhaustive()
    }
}

impl Slot {
    pub fn new(now: Instant, codec: Codec, ssrc: Option<u32>, rtx: Option<u32>, look: Look) -> Self {
        let full =
            |expected, clip_of| Judging::Full(Box::new(TrackVerifier::new(codec, expected, clip_of, DEFAULT_PATIENCE)));
        let mut layers = None;
        let clock = look.pins().then(|| MediaClock::new(now, codec.clock_rate()));
        let judging = match look {
            Look::Judge { expected, clip_of } => full(expected, clip_of),
            Look::Layout { expected, clip_of, asked } => {
                layers = Some((asked, LayerWatch::default()));
                full(expected, clip_of)
            }
            Look::Sample { every, expected } => Judging::Sampled { every: every.max(1), since: 0, expected },
        };
        Self {
            codec,
            ssrc,
            rtx,
            payload_type: None,
            judging,
            watch: StreamWatch::new(if codec.is_video() { Framing::Marked } else { Framing::Single }),
            numbering: Numbering::default(),
            first_frame: None,
            last_packet: None,
            keyframe_wanted: false,
            last_pli: None,
            reception: Reception::default(),
            clock,
            lips: LipOffsets::default(),
            layers,
        }
    }

    pub fn is_video(&self) -> bool {
        self.codec.is_video()
    }

    /// Whether the packet that comes now must be authenticated.
    pub fn wants_plaintext(&mut self) -> bool {
        // Of sounds each packet would be a frame: too many to be told for what they say.
        let unnumbered = self.codec.is_video() && self.numbering.wants_plaintext();
        match &mut self.judging {
            Judging::Full(_) => true,
            Judging::Sampled { every, since, .. } => {
                *since += 1;
                let due = self.watch.packets == 0 || since >= every || unnumbered;
                if due {
                    *since = 0;
                }
                due
            }
        }
    }

    /// A packet of the media stream; `packet` is its plaintext where that was looked at.
    pub fn on_media(&mut self, now: Instant, header: &ClearHeader, packet: Option<Packet>, seen: &mut Vec<Outcome>) {
        self.payload_type.get_or_insert(header.payload_type);
        self.reception.on_packet(now, header.timestamp, self.codec.clock_rate());
        if let Some(clock) = &mut self.clock
            && (header.marker || !self.codec.is_video())
        {
            clock.on_frame(now, header.timestamp);
        }
        self.take(now, header, packet, seen);
    }

    /// A packet of the retransmission stream (RFC 4588 §4).
    pub fn on_repeat(&mut self, now: Instant, mut packet: Packet, seen: &mut Vec<Outcome>) {
        let (Some(ssrc), Some(payload_type)) = (self.ssrc, self.payload_type) else { return };
        // Padding alone, as bandwidth is probed with, has no original.
        let Some(original) = packet.payload.first_chunk().copied().map(u16::from_be_bytes) else { return };
        packet.payload = packet.payload.slice(2..);
        packet.header.sequence_number = original;
        (packet.header.ssrc, packet.header.payload_type) = (ssrc, payload_type);
        let header = ClearHeader {
            padded: false,
            marker: packet.header.marker,
            payload_type,
            sequence_number: original,
            timestamp: packet.header.timestamp,
            ssrc,
            transport_sequence: None,
        };
        self.take(now, &header, Some(packet), seen);
    }

    fn take(&mut self, now: Instant, header: &ClearHeader, packet: Option<Packet>, seen: &mut Vec<Outcome>) {
        self.last_packet = Some(now);
        if self.watch.packets == 0
            && matches!(self.judging, Judging::Sampled { .. })
            && let Some(packet) = &packet
            && !begins_keyframe(self.codec, &packet.payload)
        {
            self.watch.fault(Fault::NotKeyframeStart, 1);
        }
        self.watch.on_packet(now, header);
        match (&mut self.judging, packet) {
            (Judging::Full(verifier), Some(packet)) => {
                let before = seen.len();
                verifier.on_packet(now, packet, seen);
                let outcomes = seen.get(before..).unwrap_or_default();
                self.keyframe_wanted |= outcomes.contains(&Outcome::NeedsKeyframe);
                if let Some((asked, layers)) = &mut self.layers {
                    let wrong = outcomes.iter().filter(|outcome| match outcome {
                        Outcome::Frame { publisher, .. } => !layers.on_frame(now, publisher.encoding(), asked),
                        Outcome::NeedsKeyframe => false,
                    });
                    self.watch.fault(Fault::WrongLayer, u64::try_from(wrong.count()).unwrap_or(u64::MAX));
                }
            }
            (Judging::Full(_), None) => {}
            (Judging::Sampled { expected, .. }, packet) => {
                self.numbering.follow(self.codec, header);
                let mark = packet.and_then(|packet| self.numbering.learn(&packet));
                if let Some(fault) = mark.and_then(|mark| expected.stray(mark)) {
                    self.watch.fault(fault, 1);
                }
                self.watch.fault(Fault::MovedOn, self.numbering.take_left_out());
                let ended = self.watch.ended().iter().filter(|_| self.codec.is_video());
                let frames = ended.filter_map(|timestamp| self.numbering.of(self.codec, *timestamp));
                seen.extend(frames.map(|(publisher, number)| Outcome::Frame { publisher, number }));
            }
        }
        if self.first_frame.is_none() && self.frames() > 0 {
            self.first_frame = Some(now);
        }
    }

    /// A packet that does not open.
    pub fn on_forgery(&mut self) {
        self.watch.fault(Fault::NotAuthentic, 1);
    }

    /// A sender report about this stream.
    pub fn on_sender_report(&mut self, now: Instant, report: &SenderReport) {
        let middle = u32::try_from((report.ntp_time >> 16) & u64::from(u32::MAX)).unwrap_or_default();
        self.reception.on_sender_report(now, middle);
        if let Some(clock) = &mut self.clock {
            clock.on_sender_report(report.ntp_time, report.rtp_time);
        }
    }

    /// Holds this picture against its sound; to be called once a second.
    pub fn compare_lips(&mut self, sound: &mut Self) {
        if let (Some(picture), Some(sound)) = (&mut self.clock, &mut sound.clock) {
            self.lips.compare(picture, sound);
        }
    }

    /// Gives up on what is missing too long. True where something is still missing or a keyframe is wanted.
    pub fn handle_timeout(&mut self, now: Instant, seen: &mut Vec<Outcome>) -> bool {
        if !self.watch.is_missing_some() && !self.keyframe_wanted {
            return false;
        }
        let lost = self.watch.give_up(now);
        match &mut self.judging {
            Judging::Full(verifier) => {
                let before = seen.len();
                verifier.on_timeout(now, seen);
                self.keyframe_wanted |= seen.iter().skip(before).any(|outcome| *outcome == Outcome::NeedsKeyframe);
            }
            // Without its bytes a stream that lacks a packet cannot be decoded either.
            Judging::Sampled { .. } => self.keyframe_wanted |= lost > 0 && self.codec.is_video(),
        }
        true
    }

    /// Numbers to ask for now.
    pub fn nacks(&mut self, now: Instant) -> Vec<u16> {
        if self.is_video() { self.watch.nacks(now) } else { Vec::new() }
    }

    /// Whether a keyframe is to be asked for now; asking is left to the caller.
    pub fn take_keyframe_request(&mut self, now: Instant) -> bool {
        let may = self.last_pli.is_none_or(|last| now.saturating_duration_since(last) >= PLI_INTERVAL_MIN);
        let asks = self.keyframe_wanted && may && self.is_video();
        if asks {
            self.keyframe_wanted = false;
            self.last_pli = Some(now);
        }
        asks
    }

    /// The block of this stream for a receiver report; `None` before its first packet.
    pub fn reception(&mut self, now: Instant) -> Option<ReceptionReport> {
        self.reception.block(now, self.ssrc?, &self.watch)
    }

    fn frames(&self) -> u64 {
        match &self.judging {
            Judging::Full(verifier) => verifier.report().frames,
            Judging::Sampled { .. } => self.watch.frames,
        }
    }

    /// Packets that came again, so far.
    pub fn duplicates(&self) -> u64 {
        self.watch.duplicates
    }

    /// Whether a whole frame was seen.
    pub fn is_watching(&self) -> bool {
        self.first_frame.is_some()
    }

    /// What was found so far.
    pub fn report(&self) -> SlotReport {
        let (judged, mut faults, examples) = match &self.judging {
            Judging::Full(verifier) => {
                let mut faults = verifier.report().faults.clone();
                let own = |(fault, _): &(&Fault, &u64)| matches!(fault, Fault::NotAuthentic | Fault::WrongLayer);
                faults.extend(self.watch.faults.iter().filter(own).map(|(fault, count)| (*fault, *count)));
                (true, faults, verifier.report().examples.iter().take(EXAMPLES_MAX).cloned().collect())
            }
            Judging::Sampled { .. } => (false, self.watch.faults.clone(), Vec::new()),
        };
        if self.lips.are_apart() {
            faults.insert(Fault::LipsApart, 1);
        }
        SlotReport {
            codec: self.codec,
            judged,
            packets: self.watch.packets,
            mended: self.watch.mended,
            duplicates: self.watch.duplicates,
            frames: self.frames(),
            first_frame: self.first_frame,
            last_packet: self.last_packet,
            faults,
            examples,
            lips: self.lips.clone(),
            switches_us: self.layers.as_ref().map(|(_, watch)| watch.switches_us.clone()).unwrap_or_default(),
        }
    }
}
