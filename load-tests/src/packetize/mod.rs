//! Frames into RTP packets, the way libwebrtc cuts them: as few as fit, sizes differing by one byte at most, the smaller first.
//!
//! Second step out of a publisher: `media` → `packetize` → `client::publisher`. Invariant: sequence numbers are
//! consecutive, all packets of a frame share one timestamp, the marker is on a video frame's last packet and nowhere else.

pub mod av1;
pub mod h264;
pub mod vp8;
pub mod vp9;

use bytes::Bytes;
use rtp::{Header, Packet};

use crate::media::Codec;

/// Largest RTP payload, bytes: with 12 B header, 8 B extensions and a few of room it stays within libwebrtc's 1,200 B a packet.
pub const MAX_PAYLOAD: usize = 1_170;

/// A payload that cannot belong where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DepacketizeError {
    #[error("payload is cut short")]
    Short,
    #[error("a fragment does not continue the one before")]
    Fragment,
    #[error("packet type is not of packetization-mode 1")]
    Type,
}

/// Whether a decoder could begin at this packet.
pub fn begins_keyframe(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Vp8 => vp8::begins_keyframe(payload),
        Codec::Vp9 => vp9::begins_keyframe(payload),
        Codec::Av1 => av1::begins_keyframe(payload),
        Codec::H264 => h264::begins_keyframe(payload),
        Codec::Opus => true,
    }
}

/// Cuts the frames of one track.
#[derive(Debug)]
pub struct Packetizer {
    codec: Codec,
    ssrc: u32,
    payload_type: u8,
    sequence_number: u16,
    timestamp_offset: u32,
    picture: vp8::PictureIds,
}

/// Where a stream's counters start; anything goes (RFC 3550 §5.1), so tests start near the wrap.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamStart {
    pub sequence_number: u16,
    pub timestamp: u32,
    pub picture_id: u16,
}

impl Packetizer {
    pub fn new(codec: Codec, ssrc: u32, payload_type: u8, start: StreamStart) -> Self {
        Self {
            codec,
            ssrc,
            payload_type,
            sequence_number: start.sequence_number,
            timestamp_offset: start.timestamp,
            picture: vp8::PictureIds::starting_at(start.picture_id),
        }
    }

    /// Packets of one frame, whose time is `media_ticks` after the track's start.
    pub fn packetize(&mut self, frame: &Bytes, media_ticks: u32) -> Vec<Packet> {
        let payloads = match self.codec {
            Codec::Vp8 => vp8::payloads(frame, MAX_PAYLOAD, &mut self.picture),
            Codec::Vp9 => vp9::payloads(frame, MAX_PAYLOAD, &mut self.picture),
            Codec::Av1 => av1::payloads(frame, MAX_PAYLOAD),
            Codec::H264 => h264::payloads(frame, MAX_PAYLOAD),
            Codec::Opus => vec![frame.clone()],
        };
        let last = payloads.len().saturating_sub(1);
        let timestamp = self.timestamp_offset.wrapping_add(media_ticks);
        payloads
            .into_iter()
            .enumerate()
            .map(|(at, payload)| {
                let header = Header {
                    version: 2,
                    marker: self.codec.is_video() && at == last,
                    payload_type: self.payload_type,
                    sequence_number: self.sequence_number,
                    timestamp,
                    ssrc: self.ssrc,
                    ..Header::default()
                };
                self.sequence_number = self.sequence_number.wrapping_add(1);
                Packet { header, payload }
            })
            .collect()
    }
}

/// `bytes` in as few pieces of at most `max` as possible, nearly equal, the smaller ones first.
fn split_evenly(bytes: &[u8], max: usize) -> impl Iterator<Item = &[u8]> {
    let pieces = bytes.len().div_ceil(max.max(1));
    let (base, larger) = match pieces {
        0 => (0, 0),
        pieces => (bytes.len() / pieces, bytes.len() % pieces),
    };
    let mut rest = bytes;
    (0..pieces).map(move |at| {
        let length = base + usize::from(at >= pieces - larger);
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        rest = after;
        piece
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::media::mark::{self, Mark, PublisherTag};
    use crate::media::{Clip, ClipSize};

    proptest! {
        #[test]
        fn pieces_are_few_even_and_complete(bytes in proptest::collection::vec(any::<u8>(), 0..5_000), max in 1_usize..1_300) {
            let pieces: Vec<_> = split_evenly(&bytes, max).collect();
            prop_assert_eq!(pieces.concat(), bytes.clone());
            prop_assert_eq!(pieces.len(), bytes.len().div_ceil(max));
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= max));
            prop_assert!(pieces.windows(2).all(|two| two[1].len() == two[0].len() || two[1].len() == two[0].len() + 1));
        }
    }

    #[test]
    fn a_frame_of_the_tiny_loops_is_one_packet_with_its_mark() {
        for codec in [Codec::Vp8, Codec::H264] {
            let clip = Clip::embedded(codec, ClipSize::Tiny).unwrap();
            let mut packetizer = Packetizer::new(codec, 7, 96, StreamStart::default());
            for index in 0..u16::try_from(clip.len()).unwrap() {
                let mark = Mark::new(PublisherTag(1), u32::from(index), index);
                let marked = mark::embed(codec, &clip.frame(index).unwrap().body, mark);
                let packets = packetizer.packetize(&marked, 0).len();
                assert!(packets == 1, "{codec} frame {index}: {packets} packets");
            }
        }
    }

    #[test]
    fn counters_wrap_and_the_marker_ends_the_frame() {
        let start = StreamStart { sequence_number: u16::MAX, timestamp: u32::MAX - 10, picture_id: 0x7fff };
        let mut packetizer = Packetizer::new(Codec::Vp8, 7, 96, start);
        let first = packetizer.packetize(&Bytes::from(vec![1; 3 * MAX_PAYLOAD]), 0);
        let second = packetizer.packetize(&Bytes::from(vec![1; 10]), 3_000);
        let sequence: Vec<_> = first.iter().chain(&second).map(|packet| packet.header.sequence_number).collect();
        assert_eq!(sequence, [65_535, 0, 1, 2, 3]);
        assert_eq!(first.iter().map(|packet| packet.header.marker).collect::<Vec<_>>(), [false, false, false, true]);
        assert!(first.iter().all(|packet| packet.header.timestamp == u32::MAX - 10));
        assert_eq!(second[0].header.timestamp, 2_989);
        assert!(second[0].header.marker);
    }
}
