//! Which of its publisher's frames a packet belongs to, by its timestamp alone: for clients that open few packets. The mark of
//! one frame tells the publisher and where its time began; a slot's time goes on at the same pace.
//!
//! Invariant: a number is told of the publisher whose mark was read last, and never before one was read.

use rtp::Packet;

use super::header::ClearHeader;
use crate::media::Codec;
use crate::media::mark::{self, Mark, PublisherTag};

/// Packets that are opened to find a mark, before it is left at that: a large keyframe has 40, other publishers' have none.
const OPENED_MAX: u32 = 200;

/// A frame of which both are known.
#[derive(Clone, Copy, Debug)]
struct Known {
    publisher: PublisherTag,
    number: u32,
    timestamp: u32,
}

/// The numbers of one slot's frames.
#[derive(Debug, Default)]
pub struct Numbering {
    known: Option<Known>,
    opened: u32,
    /// Sequence number and timestamp of the packet that is furthest.
    latest: Option<(u16, u32)>,
    /// Frames that lack between neighbours since the last mark; another publisher's time may begin anywhere.
    lacking: u64,
    left_out: u64,
}

impl Numbering {
    /// Whether a packet's plaintext is wanted, for the mark that may be in it.
    pub fn wants_plaintext(&self) -> bool {
        self.known.is_none() && self.opened < OPENED_MAX
    }

    /// Looks for a mark.
    pub fn learn(&mut self, packet: &Packet) -> Option<Mark> {
        self.opened = self.opened.saturating_add(1);
        let mark = mark::find(&packet.payload)?;
        let (publisher, number, timestamp) = (mark.publisher, mark.number, packet.header.timestamp);
        let lacking = std::mem::take(&mut self.lacking);
        if self.known.is_some_and(|known| known.publisher == publisher) {
            self.left_out += lacking;
        }
        self.known = Some(Known { publisher, number, timestamp });
        Some(mark)
    }

    /// Notes where pictures are further apart than they were sent though their packets' numbers are neighbours.
    pub fn follow(&mut self, codec: Codec, header: &ClearHeader) {
        let (number, timestamp) = (header.sequence_number, header.timestamp);
        let Some((before, then)) = self.latest else {
            self.latest = Some((number, timestamp));
            return;
        };
        let ahead = number.wrapping_sub(before);
        if ahead == 0 || ahead > u16::MAX / 2 {
            return;
        }
        self.latest = Some((number, timestamp));
        let (ticks, step) = (timestamp.wrapping_sub(then), codec.frame_ticks());
        if codec.is_video() && ahead == 1 && ticks <= u32::MAX / 2 && ticks % step == 0 {
            self.lacking += u64::from((ticks / step).saturating_sub(1));
        }
    }

    /// Frames of one publisher that were left out with their numbers closed, of which nobody was told yet.
    pub fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// Publisher and number of the frame with this timestamp.
    pub fn of(&self, codec: Codec, timestamp: u32) -> Option<(PublisherTag, u32)> {
        let Known { publisher, number, timestamp: known } = self.known?;
        let ticks = timestamp.wrapping_sub(known).cast_signed();
        let step = i32::try_from(codec.frame_ticks()).ok()?;
        (ticks % step == 0).then(|| (publisher, number.wrapping_add_signed(ticks / step)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Clip, ClipSize};
    use crate::packetize::{Packetizer, StreamStart};

    #[test]
    fn one_mark_numbers_the_frames_around_it_and_times_wrap() {
        for codec in [Codec::Vp8, Codec::H264] {
            let clip = Clip::embedded(codec, ClipSize::Large).unwrap();
            let start = StreamStart { timestamp: u32::MAX - 10_000, ..StreamStart::default() };
            let mut packetizer = Packetizer::new(codec, 7, 96, start);
            let mark = Mark::new(PublisherTag(9), 5, 0);
            let marked = mark::embed(codec, &clip.frame(0).unwrap().body, mark);
            let mut numbering = Numbering::default();
            for packet in packetizer.packetize(&marked, 3_000) {
                assert_eq!(packet.header.timestamp, u32::MAX - 7_000);
                numbering.learn(&packet);
            }
            assert!(!numbering.wants_plaintext(), "{codec}: no mark found");
            let number = |timestamp| numbering.of(codec, timestamp);
            assert_eq!(number(u32::MAX - 10_000), Some((PublisherTag(9), 4)));
            assert_eq!(number(1_999), Some((PublisherTag(9), 8)));
            assert_eq!(number(2_000), None, "between two frames");
        }
    }

    #[test]
    fn who_leaves_no_marks_is_given_up() {
        let mut numbering = Numbering::default();
        let packet = Packet::default();
        (0..OPENED_MAX).for_each(|_| assert!(numbering.learn(&packet).is_none()));
        assert!(!numbering.wants_plaintext() && numbering.of(Codec::Vp8, 0).is_none());
    }
}
