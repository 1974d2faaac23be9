//! Which of its publisher's frames a packet belongs to, by its timestamp alone: for clients that open few packets. The mark of
//! one frame tells the publisher and where its time began; a slot's time goes on at the same pace.
//!
//! Invariant: a number is told of the publisher whose mark was read last, and never before one was read.

use rtp::Packet;

use crate::media::Codec;
use crate::media::mark::{self, PublisherTag};

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
}

impl Numbering {
    /// Whether a packet's plaintext is wanted, for the mark that may be in it.
    pub fn wants_plaintext(&self) -> bool {
        self.known.is_none() && self.opened < OPENED_MAX
    }

    /// Looks for a mark.
    pub fn learn(&mut self, packet: &Packet) {
        self.opened = self.opened.saturating_add(1);
        if let Some(mark) = mark::find(&packet.payload) {
            let timestamp = packet.header.timestamp;
            self.known = Some(Known { publisher: mark.publisher, number: mark.number, timestamp });
        }
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
    use crate::media::mark::Mark;
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
        (0..OPENED_MAX).for_each(|_| numbering.learn(&packet));
        assert!(!numbering.wants_plaintext() && numbering.of(Codec::Vp8, 0).is_none());
    }
}
