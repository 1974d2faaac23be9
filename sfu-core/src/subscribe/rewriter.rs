//! Makes one unbroken stream out of whatever a slot is fed: sequence numbers, timestamps, picture ids and frame numbers
//! go on across encodings and publishers.
//!
//! Invariant: a number of the slot is given to one packet only, ever (reusing an SRTP index with other bytes would give
//! away the GCM key stream). A gap that comes in goes out as a gap until it is mended, and one that nothing could mend as one
//! missing number.

use std::time::{Duration, Instant};

use crate::bitrate::Frames;
use crate::codec::{FrameStart, IdOffsets};
use crate::id::EncodingId;
use crate::limits::SLOT_LEAP_MAX;
use crate::ring::PacketMeta;
use crate::rtp::{ExtSeqNo, MediaClock, RtpTime, SeqNo, ticks};

use super::offset_map::{OffsetMap, Offsets, Range};

/// The least a timestamp moves at a switch: a frame at 30 a second, or a packet of Opus.
const STEP_MIN: Duration = Duration::from_millis(20);
/// The least it moves between pictures whose media clocks are known: that they are in order is enough.
const PICTURE_STEP_MIN: Duration = Duration::from_millis(1);
/// How far a slot's own media clock may be from where arrivals say it should be, before it is set anew: publishers' clocks
/// drift by seconds a day. Above what networks jitter by, below what would be heard as a gap.
const CLOCK_ERROR_MAX: Duration = Duration::from_millis(60);

/// How a packet goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewritten {
    pub sequence: ExtSeqNo,
    pub timestamp: RtpTime,
    pub ids: IdOffsets,
    /// What to add to the Dependency Descriptor's frame_number.
    pub frame_number: u16,
    /// Ticks since the newest change of source; 0 for the first packet after it.
    pub since_switch: u32,
    /// Its number is kept, and nothing of it sent: it came late, of a frame that was left out.
    pub left_out: bool,
}

impl Rewritten {
    /// Numbers for a packet that is measured, not sent.
    pub(super) const UNNUMBERED: Self = Self {
        sequence: ExtSeqNo(0),
        timestamp: RtpTime(0),
        ids: IdOffsets { picture_id: 0, tl0: 0 },
        frame_number: 0,
        since_switch: 0,
        left_out: false,
    };
}

/// The newest packet that went out, as its receiver knows it.
#[derive(Debug, Clone, Copy)]
struct Newest {
    timestamp: RtpTime,
    arrival: Instant,
    picture_id: u16,
    tl0: u8,
    frame_number: u16,
}

/// The numbers of one slot, for life.
#[derive(Debug)]
pub struct Rewriter {
    clock_rate: u32,
    /// The number that the first packet gets; below 2¹⁵, so that the receiver's rollover count begins at zero.
    first: ExtSeqNo,
    pub(super) map: OffsetMap,
    newest: Option<Newest>,
    /// The timestamp of the newest frame that was left out.
    pub(super) left_out: Option<RtpTime>,
    /// Which frames are sent has changed since somebody looked.
    pub(super) frames_changed: bool,
    /// The slot's own media clock: kept through changes of source where their clocks are known, because receivers draw a
    /// line through many sender reports and are misled by each that lies beside it.
    line: Option<MediaClock>,
}

impl Rewriter {
    /// A slot whose first packet goes out as `first` modulo 2¹⁵; `clock_rate` in Hz.
    pub fn new(first: u16, clock_rate: u32) -> Self {
        let first = ExtSeqNo(u64::from(first & 0x7fff));
        let map = OffsetMap::default();
        Self { clock_rate, first, map, newest: None, left_out: None, frames_changed: false, line: None }
    }

    /// Goes over to `encoding`, whose first packet to be sent is `packet`; `clock`: what its timestamps mean, if known. Of its
    /// frames `frames` are sent, if they can be left out.
    pub fn switch_to(&mut self, encoding: EncodingId, packet: &PacketMeta, clock: Option<MediaClock>, frames: Frames) {
        let first_out = self.map.current().map_or(self.first, |range| range.sequence_out(range.last_in).next());
        let offsets = Offsets {
            sequence: first_out.since(packet.sequence),
            timestamp: self.timestamp_offset(encoding, packet, clock),
            ids: self.id_offsets(packet),
            frame_number: match (self.newest, packet.frame_number) {
                (Some(newest), Some(number)) => newest.frame_number.wrapping_add(1).wrapping_sub(number),
                _ => 0,
            },
        };
        self.left_out = None;
        self.map.begin(Range {
            encoding,
            first_in: packet.sequence,
            last_in: packet.sequence,
            first_timestamp: packet.timestamp,
            offsets,
            frames: if packet.frame_start == FrameStart::No { Frames::All } else { frames },
            continues: false,
        });
    }

    /// Takes the current source's clock for the slot's own, unless it has one.
    pub fn learn_clock(&mut self, clock: Option<MediaClock>) {
        if self.line.is_none()
            && let (Some(clock), Some(offset)) = (clock, self.timestamp_offset_now())
        {
            self.line = Some(MediaClock { timestamp: clock.timestamp.plus(offset), ..clock });
        }
    }

    /// Whether a packet of another source was heard, in part, when what went out last was: its turn is over.
    pub fn overlaps(&self, packet: &PacketMeta, clock: Option<MediaClock>) -> bool {
        let (Some(newest), Some(due)) = (self.newest, self.due(packet, clock)) else { return false };
        !due.is_after(newest.timestamp.plus(ticks(STEP_MIN, self.clock_rate).wrapping_sub(1)))
    }

    /// Ticks from the newest change of source to a packet; 0 if the packet would be another change.
    pub fn since_switch(&self, encoding: EncodingId, packet: &PacketMeta) -> u32 {
        let range = self.map.current().filter(|range| range.encoding == encoding);
        range.map_or(0, |range| packet.timestamp.minus(range.first_timestamp))
    }

    /// How a live packet of `encoding` goes out; `None` if it came before the switch, too late, or belongs to what was left.
    pub fn rewrite(&mut self, encoding: EncodingId, packet: &PacketMeta) -> Option<Rewritten> {
        if !self.is_of_current(encoding, packet.sequence) {
            return self.range_of(encoding, packet.sequence).map(|range| Self::apply(range, packet));
        }
        self.shorten_leap(packet.sequence);
        let out = Self::apply(self.map.current()?, packet);
        self.map.note_sent(packet.sequence);
        if !out.left_out {
            self.note_newest(&out, packet);
        }
        Some(out)
    }

    /// Whether the current range gives a number of an encoding one of the slot's, as it does with nearly every packet.
    pub(super) fn is_of_current(&self, encoding: EncodingId, sequence: ExtSeqNo) -> bool {
        self.map.current().is_some_and(|range| {
            let is_of_it = range.encoding == encoding && sequence >= range.first_in;
            is_of_it && sequence.since(range.last_in) >= -SLOT_LEAP_MAX
        })
    }

    /// The range that gives a number of an encoding one of the slot's.
    pub(super) fn range_of(&self, encoding: EncodingId, sequence: ExtSeqNo) -> Option<&Range> {
        let range = self.map.covering(encoding, sequence)?;
        let newest = self.map.current()?.last_in;
        (sequence.since(newest) >= -SLOT_LEAP_MAX).then_some(range)
    }

    /// A gap wider than `SLOT_LEAP_MAX` goes out as one missing number: whoever receives it must know that something is missing.
    pub(super) fn shorten_leap(&mut self, sequence: ExtSeqNo) {
        let Some(range) = self.map.current().copied().filter(|range| sequence.since(range.last_in) > SLOT_LEAP_MAX)
        else {
            return;
        };
        let first_out = range.sequence_out(range.last_in).offset(2);
        let offsets = Offsets { sequence: first_out.since(sequence), ..range.offsets };
        self.map.begin(Range { first_in: sequence, last_in: sequence, offsets, continues: false, ..range });
    }

    /// The packet that went out as `out`: its encoding and number there.
    pub fn origin(&self, out: SeqNo) -> Option<(EncodingId, ExtSeqNo)> {
        self.map.origin(out).map(|(sequence, range)| (range.encoding, sequence))
    }

    /// How the packet that went out as `out` went out; `packet` is what `origin` named.
    pub fn repeat(&self, out: SeqNo, packet: &PacketMeta) -> Option<Rewritten> {
        let (sequence, range) = self.map.origin(out)?;
        (sequence == packet.sequence).then(|| Self::apply(range, packet))
    }

    /// The timestamp of the newest packet that went out.
    pub fn newest_timestamp(&self) -> Option<RtpTime> {
        self.newest.map(|newest| newest.timestamp)
    }

    /// What is added to the current encoding's timestamps.
    pub fn timestamp_offset_now(&self) -> Option<u32> {
        self.map.current().map(|range| range.offsets.timestamp)
    }

    fn apply(range: &Range, packet: &PacketMeta) -> Rewritten {
        Rewritten {
            sequence: range.sequence_out(packet.sequence),
            timestamp: range.timestamp_out(packet.timestamp),
            ids: range.offsets.ids,
            frame_number: range.offsets.frame_number,
            since_switch: packet.timestamp.minus(range.first_timestamp),
            left_out: !range.frames.includes(packet.ids.temporal),
        }
    }

    /// Media time goes on as the slot's clock does, or else as packets arrive, and never stands still. After a pause in the
    /// same encoding, its own clock says how much.
    fn timestamp_offset(&mut self, encoding: EncodingId, packet: &PacketMeta, clock: Option<MediaClock>) -> u32 {
        let Some(newest) = self.newest else { return 0 };
        if let Some(range) = self.map.current().filter(|range| range.encoding == encoding)
            && range.timestamp_out(packet.timestamp).is_after(newest.timestamp)
        {
            return range.offsets.timestamp;
        }
        let out = match self.due(packet, clock) {
            Some(due) => {
                let least = newest.timestamp.plus(ticks(PICTURE_STEP_MIN, self.clock_rate));
                if due.is_after(least) { due } else { least }
            }
            None => {
                self.line = None;
                self.by_arrival(packet, &newest)
            }
        };
        out.minus(packet.timestamp)
    }

    fn by_arrival(&self, packet: &PacketMeta, newest: &Newest) -> RtpTime {
        let elapsed = packet.arrival.saturating_duration_since(newest.arrival).max(STEP_MIN);
        newest.timestamp.plus(ticks(elapsed, self.clock_rate))
    }

    /// The timestamp that the slot's clock has for a packet, unless that is far from what its arrival says.
    fn due(&self, packet: &PacketMeta, clock: Option<MediaClock>) -> Option<RtpTime> {
        let due = self.line?.time_at(clock?.moment_of(packet.timestamp, self.clock_rate)?, self.clock_rate);
        let expected = self.by_arrival(packet, self.newest.as_ref()?);
        let error = due.minus(expected).cast_signed().unsigned_abs();
        (error <= ticks(CLOCK_ERROR_MAX, self.clock_rate)).then_some(due)
    }

    fn id_offsets(&self, packet: &PacketMeta) -> IdOffsets {
        let Some(newest) = self.newest else { return IdOffsets::default() };
        IdOffsets {
            picture_id: packet
                .ids
                .picture_id
                .map_or(0, |id| newest.picture_id.wrapping_add(1).wrapping_sub(id.value())),
            tl0: packet.ids.tl0.map_or(0, |tl0| newest.tl0.wrapping_add(1).wrapping_sub(tl0)),
        }
    }

    fn note_newest(&mut self, out: &Rewritten, packet: &PacketMeta) {
        if self.newest.is_some_and(|newest| newest.timestamp.is_after(out.timestamp)) {
            return;
        }
        let known = self.newest;
        self.newest = Some(Newest {
            timestamp: out.timestamp,
            arrival: packet.arrival,
            picture_id: match packet.ids.picture_id {
                Some(id) => id.moved(out.ids.picture_id).value(),
                None => known.map_or(0, |newest| newest.picture_id),
            },
            tl0: match packet.ids.tl0 {
                Some(tl0) => tl0.wrapping_add(out.ids.tl0),
                None => known.map_or(0, |newest| newest.tl0),
            },
            frame_number: match packet.frame_number {
                Some(number) => number.wrapping_add(out.frame_number),
                None => known.map_or(0, |newest| newest.frame_number),
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use slotmap::KeyData;

    use super::*;
    use crate::codec::{Codec, PictureIds};

    fn packet(sequence: u64) -> PacketMeta {
        PacketMeta {
            sequence: ExtSeqNo(sequence),
            timestamp: RtpTime(0),
            arrival: Instant::now(),
            codec: Codec::Vp8,
            marker: true,
            keyframe_start: true,
            frame_start: FrameStart::Yes,
            ids: PictureIds::default(),
            frame_number: None,
            audio_level: None,
            repeated: false,
        }
    }

    #[test]
    fn however_far_a_publisher_leaps_receivers_keep_count_of_the_rounds() {
        let encoding = EncodingId::from(KeyData::from_ffi(1));
        let mut rewriter = Rewriter::new(7, 90_000);
        rewriter.switch_to(encoding, &packet(100), None, Frames::All);
        let mut out = |sequence| Some(rewriter.rewrite(encoding, &packet(sequence))?.sequence.0);
        assert_eq!([100, 102, 101, 200].map(&mut out), [Some(7), Some(9), Some(8), Some(107)]);
        // What nothing could mend is one number.
        assert_eq!([80_200, 80_202, 80_201].map(&mut out), [Some(109), Some(111), Some(110)]);
        assert_eq!(out(201), None, "it belongs to what was left");
        for ahead in 1..8 {
            assert!(out(80_202 + ahead * 8_000).is_some());
        }
        assert_eq!(out(80_210), None, "so late that it would be taken for one of the next round");
    }
}
