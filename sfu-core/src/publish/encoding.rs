//! One RTP stream of a track: its ring, its readers' wake-up, its statistics.

use std::time::{Duration, Instant};

use crate::bitrate::{RateMeter, THINNINGS_MAX, ThinnedBps};
use crate::codec::dependency_descriptor::{self, MandatoryFields};
use crate::codec::{self, Codec, FrameStart, Inspection, PictureIds, TemporalTemplates};
use crate::id::{EncodingId, MediaKind, Rid, ShardId, Ssrc, TrackId};
use crate::limits::FRAME_HOLD_MAX;
use crate::ring::{PacketMeta, Push, Ring};
use crate::rtp::{ExtSeqNo, RtpTime};

use super::switch::{Asked, Switch};
use super::temporal_layers::TemporalLayers;
use super::track::Want;

/// How long an encoding of a simulcast must be silent for its viewers to be given another: browsers switch encodings off
/// when their link or their processor does not carry them. Twice the time for which a browser spreads a large keyframe.
pub(super) const STALLED_AFTER: Duration = Duration::from_millis(600);
/// How many frames the others must have brought meanwhile: a still screen is sent once a second, on one encoding after the
/// other.
const STALLED_FRAMES: u64 = 8;

/// What forwarding adds to a payload, bytes: header, extensions and tag. A little more than it is on the whole.
const WIRE_OVERHEAD: usize = 44;

/// Counters of an encoding, under webrtc-stats' names for inbound-rtp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodingStats {
    pub packets_received: u64,
    /// Payload bytes, without headers and padding.
    pub bytes_received: u64,
    pub retransmitted_packets_received: u64,
    pub packets_duplicated: u64,
    pub packets_discarded: u64,
    /// Packets that came while the track was muted: received, and not forwarded.
    pub packets_muted: u64,
    pub frames_received: u64,
    pub key_frames_received: u64,
    /// Payload bytes of key frames.
    pub key_frame_bytes: u64,
    /// The first number received, for what was lost: expected less received.
    first: Option<ExtSeqNo>,
    newest: Option<ExtSeqNo>,
    /// What was lost of streams that were added to this one.
    lost_of_others: u64,
}

impl EncodingStats {
    /// Adds another encoding's counters, for totals.
    pub fn add(&mut self, other: &Self) {
        self.packets_received += other.packets_received;
        self.bytes_received += other.bytes_received;
        self.retransmitted_packets_received += other.retransmitted_packets_received;
        self.packets_duplicated += other.packets_duplicated;
        self.packets_discarded += other.packets_discarded;
        self.packets_muted += other.packets_muted;
        self.frames_received += other.frames_received;
        self.key_frames_received += other.key_frames_received;
        self.key_frame_bytes += other.key_frame_bytes;
        self.lost_of_others += other.packets_lost();
    }

    /// Packets that should have come and did not, repeats counted as received (RFC 3550 A.3).
    pub fn packets_lost(&self) -> u64 {
        let (Some(first), Some(newest)) = (self.first, self.newest) else { return self.lost_of_others };
        let expected = u64::try_from(newest.since(first).max(0)).unwrap_or(0) + 1;
        self.lost_of_others + expected.saturating_sub(self.packets_received)
    }
}

/// A packet as it came, opened and parsed.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    pub sequence: ExtSeqNo,
    pub timestamp: RtpTime,
    pub arrival: Instant,
    pub codec: Codec,
    pub marker: bool,
    pub audio_level: Option<u8>,
    pub descriptor: &'a [u8],
    pub payload: &'a [u8],
    /// Whether it came as a repeat.
    pub repeated: bool,
}

/// What became of a received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// In the ring; `keyframe` if decoding can begin with it, `resized` if pictures have another height from here on.
    Stored { keyframe: bool, dtx: bool, resized: bool },
    /// Malformed, here already, or too late: counted.
    Dropped,
}

/// Where a replica's encoding is published.
#[derive(Debug, Clone, Copy)]
pub struct EncodingHome {
    pub shard: ShardId,
    /// Its name there.
    pub encoding: EncodingId,
    pub ssrc: Option<Ssrc>,
    /// Whether anybody here wants it, as its home was told.
    pub want: Want,
}

/// What decides whether viewers are given an encoding, and is known without its packets.
#[derive(Debug, Clone, Copy)]
pub struct EncodingState {
    heard: Option<Instant>,
    heard_at_frame: u64,
    height: Option<u16>,
    bytes_received: u64,
    costs: Costs,
    asked: Asked,
    taking: Taking,
}

/// Whether what comes of an encoding is taken, by its publisher's cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Taking {
    #[default]
    Taken,
    /// Nothing of it, which is then as if it did not come.
    Refused,
    /// From the packet on that comes now.
    Again,
}

/// What an encoding costs whoever is sent it, once that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Costs {
    /// All of it, bit/s.
    pub bps: Option<u64>,
    pub thinned_bps: ThinnedBps,
}

/// One encoding.
#[derive(Debug)]
pub struct Encoding {
    pub track: TrackId,
    /// Of an encoding that is published on another shard.
    pub home: Option<EncodingHome>,
    pub rid: Option<Rid>,
    /// Known once media came; repeats may come first.
    pub ssrc: Option<Ssrc>,
    pub ring: Ring,
    /// When media last came, repeats not counted.
    pub heard: Option<Instant>,
    /// How many frames of the whole track had come then.
    heard_at_frame: u64,
    /// Of its pictures, pixels, as the last keyframe told it.
    pub height: Option<u16>,
    /// Of the last key frame.
    key_frame_at: Option<RtpTime>,
    /// When its readers are to be woken although the frame is not complete.
    pub flush_at: Option<Instant>,
    pub stats: EncodingStats,
    /// What it costs whoever is sent it, as far as it comes here.
    pub rate: RateMeter,
    /// What its temporal layers cost, once there is more than one; few encodings have any.
    layers: Option<Box<TemporalLayers>>,
    /// What its Dependency Descriptors say of them, by the newest structure.
    templates: Option<TemporalTemplates>,
    /// What it costs by its home, which has all of it.
    pub told: Costs,
    /// Whether its publisher is to send it.
    pub switch: Switch,
    pub taking: Taking,
}

impl Encoding {
    /// A stream that nothing was received of yet.
    pub fn new(track: TrackId, rid: Option<Rid>, ssrc: Option<Ssrc>, ring: Ring) -> Self {
        Self {
            track,
            home: None,
            rid,
            ssrc,
            ring,
            heard: None,
            heard_at_frame: 0,
            height: None,
            key_frame_at: None,
            flush_at: None,
            stats: EncodingStats::default(),
            rate: RateMeter::default(),
            layers: None,
            templates: None,
            told: Costs::default(),
            switch: Switch::default(),
            taking: Taking::Taken,
        }
    }

    /// What it costs whoever is sent it, once that is known.
    pub fn costs(&self) -> Costs {
        match self.home {
            Some(_) => self.told,
            None => self.measured(),
        }
    }

    fn measured(&self) -> Costs {
        let thinned_bps = self.layers.as_ref().map_or([None; THINNINGS_MAX], |layers| layers.thinned_bps());
        Costs { bps: self.rate.bps(), thinned_bps }
    }

    /// Which temporal layer a packet is of, and whether it begins a frame. Where a Dependency Descriptor is sent, it says so and
    /// payloads do not.
    fn temporal_of(
        &mut self,
        packet: &Received<'_>,
        inspection: &Inspection,
        fields: Option<&MandatoryFields>,
    ) -> (u8, FrameStart) {
        let by_payload = (inspection.ids.map_or(0, |ids| ids.temporal), inspection.frame_start);
        let Some(fields) = fields else { return by_payload };
        if fields.has_structure {
            let structure = dependency_descriptor::parse(packet.descriptor).and_then(|parsed| parsed.structure);
            self.templates = structure.and_then(|structure| TemporalTemplates::of(&structure));
        }
        let by_template = |templates: &TemporalTemplates| templates.find(fields, packet.descriptor);
        match packet.codec {
            Codec::Vp8 | Codec::H264 { .. } => self.templates.as_ref().and_then(by_template).unwrap_or(by_payload),
            // Picture ids of VP9 are what its references count in.
            Codec::Vp9 { .. } | Codec::Av1 { .. } | Codec::Opus | Codec::Red => by_payload,
        }
    }

    /// Measures what is left of it without its higher temporal layers, where they can be left out.
    fn measure_layer(&mut self, packet: &Received<'_>, temporal: u8, bytes: usize) {
        let can_be_left_out = matches!(packet.codec, Codec::Vp8 | Codec::H264 { .. });
        if can_be_left_out && (temporal > 0 || self.layers.is_some()) {
            self.layers.get_or_insert_default().add(packet.arrival, temporal, bytes);
        }
    }

    /// The format of what came last.
    pub fn codec(&self) -> Option<Codec> {
        Some(self.ring.by_sequence(self.ring.newest()?)?.meta.codec)
    }

    /// How things stand with it.
    pub fn state(&self) -> EncodingState {
        let (heard, heard_at_frame, height) = (self.heard, self.heard_at_frame, self.height);
        let (bytes_received, costs, asked) = (self.stats.bytes_received, self.measured(), self.switch.asked());
        EncodingState { heard, heard_at_frame, height, bytes_received, costs, asked, taking: self.taking }
    }

    /// Takes over how things stand where it is published.
    pub fn adopt(&mut self, state: EncodingState) {
        self.heard = state.heard;
        self.heard_at_frame = state.heard_at_frame;
        self.height = state.height;
        self.stats.bytes_received = state.bytes_received;
        self.told = state.costs;
        self.switch.adopt(state.asked);
        self.taking = state.taking;
    }

    /// Gives up a replica's packets, which nobody reads. It cannot be asked for a keyframe until new ones come: what is
    /// there already comes by itself.
    pub fn forget_packets(&mut self) {
        self.ring = self.ring.successor();
        self.ssrc = None;
        self.flush_at = None;
    }

    /// Whether nothing comes any more although its track goes on, of which `frames` have come so far on all encodings.
    pub fn is_stalled(&self, now: Instant, frames: u64) -> bool {
        if self.switch.keeps_its_place(now) {
            return false;
        }
        let silent = self.heard.is_some_and(|heard| now.saturating_duration_since(heard) >= STALLED_AFTER);
        silent && frames.saturating_sub(self.heard_at_frame) >= STALLED_FRAMES
    }

    /// Whether nothing comes because it is switched off, or has not been for long enough.
    pub fn is_away(&self, now: Instant) -> bool {
        self.switch.is_away(now, self.heard)
    }

    /// Whether what comes now is the first that comes, or that is taken, for a while; `frames` as above.
    pub fn take_return(&mut self, now: Instant, frames: u64) -> bool {
        let is_again = std::mem::take(&mut self.taking) == Taking::Again;
        is_again || self.heard.is_none() || self.is_away(now) || self.is_stalled(now, frames)
    }

    /// Notes that media comes; `frames` as above.
    fn note_heard(&mut self, packet: &Received<'_>, frames: u64) {
        if !packet.repeated {
            self.heard = Some(packet.arrival);
            self.heard_at_frame = frames;
            self.switch.note_heard(packet.arrival);
        }
    }

    /// Counts a packet of a muted track, of which nothing else is kept.
    pub fn receive_muted(&mut self, packet: &Received<'_>, frames: u64) {
        self.count(packet, false);
        self.stats.packets_muted += 1;
        self.note_heard(packet, frames);
    }

    /// Takes a packet into the ring; `frames` is how many frames of the whole track came before it.
    pub fn receive(&mut self, kind: MediaKind, packet: &Received<'_>, frames: u64) -> Outcome {
        let Some(inspection) = inspect(packet) else {
            self.stats.packets_discarded += 1;
            return Outcome::Dropped;
        };
        let fields = dependency_descriptor::parse_mandatory(packet.descriptor);
        let (temporal, frame_start) = self.temporal_of(packet, &inspection, fields.as_ref());
        let meta = PacketMeta {
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            arrival: packet.arrival,
            codec: packet.codec,
            marker: packet.marker,
            keyframe_start: inspection.keyframe_start,
            frame_start,
            ids: PictureIds { temporal, ..inspection.ids.unwrap_or_default() },
            frame_number: fields.map(|fields| fields.frame_number),
            audio_level: packet.audio_level,
            repeated: packet.repeated,
        };
        let stored = match self.ring.push(meta, packet.descriptor, packet.payload) {
            Push::Stored(stored) => stored,
            Push::Duplicate => {
                self.stats.packets_duplicated += 1;
                return Outcome::Dropped;
            }
            Push::TooLate | Push::TooLarge => {
                self.stats.packets_discarded += 1;
                return Outcome::Dropped;
            }
        };
        let keyframe = kind == MediaKind::Video && self.ring.keyframe() == Some(stored);
        self.count(packet, keyframe);
        // Not what comes of a muted track: what it costs then says nothing of what it will.
        let bytes = packet.payload.len() + WIRE_OVERHEAD;
        self.rate.add(packet.arrival, bytes);
        self.measure_layer(packet, meta.ids.temporal, bytes);
        self.note_heard(packet, frames);
        self.hold_frame(kind, packet);
        if keyframe {
            self.key_frame_at = Some(packet.timestamp);
        }
        if self.key_frame_at == Some(packet.timestamp) {
            self.stats.key_frame_bytes += u64::try_from(packet.payload.len()).unwrap_or(0);
        }
        let height = if keyframe { height_of(&inspection, packet.descriptor) } else { None };
        let resized = height.is_some() && height != self.height;
        if resized {
            self.height = height;
        }
        Outcome::Stored { keyframe, dtx: inspection.dtx, resized }
    }

    fn count(&mut self, packet: &Received<'_>, keyframe: bool) {
        let stats = &mut self.stats;
        stats.packets_received += 1;
        stats.bytes_received += u64::try_from(packet.payload.len()).unwrap_or(0);
        stats.retransmitted_packets_received += u64::from(packet.repeated);
        stats.frames_received += u64::from(packet.marker);
        stats.key_frames_received += u64::from(keyframe);
        stats.first = Some(stats.first.map_or(packet.sequence, |first| first.min(packet.sequence)));
        stats.newest = stats.newest.max(Some(packet.sequence));
    }

    /// A frame is of no use before its last packet: readers are woken by it, or after `FRAME_HOLD_MAX`.
    fn hold_frame(&mut self, kind: MediaKind, packet: &Received<'_>) {
        let complete = kind == MediaKind::Audio || packet.marker || packet.repeated;
        let due = if complete { packet.arrival } else { packet.arrival + FRAME_HOLD_MAX };
        self.flush_at = Some(self.flush_at.map_or(due, |at| at.min(due)));
    }
}

/// The height of a key frame, by its payload, or by the descriptor where the payload cannot be read.
fn height_of(inspection: &Inspection, descriptor: &[u8]) -> Option<u16> {
    let by_descriptor = || {
        let structure = dependency_descriptor::parse(descriptor)?.structure?;
        structure.resolutions.into_iter().flatten().last()
    };
    inspection.resolution.or_else(by_descriptor).map(|resolution| resolution.height)
}

/// A packet of nothing but padding keeps its number and says nothing.
fn inspect(packet: &Received<'_>) -> Option<Inspection> {
    if packet.payload.is_empty() {
        return Some(Inspection::default());
    }
    codec::inspect(packet.codec, packet.payload)
}
