//! Which packet of which encoding every number of a slot stands for: what makes a repeat equal to its first sending.

use std::collections::VecDeque;

use crate::bitrate::Frames;
use crate::codec::IdOffsets;
use crate::id::EncodingId;
use crate::limits::OFFSET_RANGES_MAX;
use crate::rtp::{ExtSeqNo, RtpTime, SeqNo};

/// A stretch of one encoding, moved onto the slot's numbers by constant offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Whose numbers come in; an encoding id is never used twice, so it is the ring's generation too.
    pub encoding: EncodingId,
    /// The lowest number that belongs to the range.
    pub first_in: ExtSeqNo,
    /// The highest number that was sent, or left out just before the range.
    pub last_in: ExtSeqNo,
    /// The timestamp of the first packet that was sent, as it came in.
    pub first_timestamp: RtpTime,
    pub offsets: Offsets,
    /// Which frames are sent. What comes late of the others is padding, so that its number is missed by nobody.
    pub frames: Frames,
    /// Whether the range goes on with the stream of the one before it, of which more may come late.
    pub continues: bool,
}

/// What is added to a packet's numbers on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offsets {
    pub sequence: i64,
    pub timestamp: u32,
    pub ids: IdOffsets,
    /// Dependency Descriptor frame_number.
    pub frame_number: u16,
}

impl Range {
    /// The slot's number of an incoming one.
    pub fn sequence_out(&self, sequence_in: ExtSeqNo) -> ExtSeqNo {
        sequence_in.offset(self.offsets.sequence)
    }

    /// The slot's timestamp of an incoming one.
    pub fn timestamp_out(&self, timestamp_in: RtpTime) -> RtpTime {
        timestamp_in.plus(self.offsets.timestamp)
    }
}

/// The latest ranges of a slot, oldest first. Invariant: their outgoing numbers do not overlap, and grow.
#[derive(Debug, Default)]
pub struct OffsetMap {
    /// The newest, for every packet; apart from the others so that it is found without another look at memory.
    current: Option<Range>,
    past: VecDeque<Range>,
}

impl OffsetMap {
    /// The range that live packets go through.
    pub fn current(&self) -> Option<&Range> {
        self.current.as_ref()
    }

    /// Notes that `sequence_in` went out through the current range.
    pub fn note_sent(&mut self, sequence_in: ExtSeqNo) {
        if let Some(range) = &mut self.current {
            range.last_in = range.last_in.max(sequence_in);
        }
    }

    /// Closes the current range and begins another; the oldest is forgotten, and with it its repeats.
    pub fn begin(&mut self, range: Range) {
        debug_assert!(
            self.current.is_none_or(|last| last.sequence_out(last.last_in) < range.sequence_out(range.first_in)),
            "range {range:?} overlaps {:?}",
            self.current
        );
        let Some(past) = self.current.replace(range) else { return };
        if self.past.len() + 1 >= OFFSET_RANGES_MAX {
            self.past.pop_front();
        }
        self.past.push_back(past);
    }

    /// Goes on with `next`, which is of the same stream. The current range ends before `end_in`: what of it has not come yet has
    /// its number all the same.
    pub fn go_on(&mut self, end_in: ExtSeqNo, next: Range) {
        let Some(range) = &mut self.current else { return };
        if end_in <= range.first_in {
            // Nothing has a number in it.
            *range = Range { continues: range.continues, ..next };
            return;
        }
        range.last_in = end_in.offset(-1);
        self.begin(Range { continues: true, ..next });
    }

    /// The range in which a number of this encoding's stream has, or will have, one of the slot's.
    pub fn covering(&self, encoding: EncodingId, sequence_in: ExtSeqNo) -> Option<&Range> {
        let current = self.current.as_ref().filter(|range| range.encoding == encoding)?;
        if sequence_in >= current.first_in {
            return Some(current);
        }
        let (mut newer, mut past) = (current, self.past.iter().rev());
        while newer.continues {
            let range = past.next()?;
            if sequence_in >= range.first_in {
                return (sequence_in <= range.last_in).then_some(range);
            }
            newer = range;
        }
        None
    }

    /// The incoming number behind one that was sent, and its range; `None` if it was not sent or is too long ago.
    pub fn origin(&self, out: SeqNo) -> Option<(ExtSeqNo, &Range)> {
        let current = self.current.as_ref()?;
        let out = current.sequence_out(current.last_in).extend(out)?;
        let mut latest_first = std::iter::once(current).chain(self.past.iter().rev());
        let range = latest_first.find(|range| range.sequence_out(range.first_in) <= out)?;
        let sequence_in = out.offset(-range.offsets.sequence);
        (sequence_in <= range.last_in).then_some((sequence_in, range))
    }
}
