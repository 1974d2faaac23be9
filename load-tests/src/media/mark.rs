//! The mark that a publisher leaves in each frame, where every decoder ignores it: whose it is in which room of which run, its
//! number, its place in the loop.
//!
//! With it a viewer proves that a frame is this publisher's, whole and unaltered: the frame with the mark taken out must
//! equal the loop's frame to the byte. VP8: after the last partition. VP9: behind a superframe's only frame. AV1: a padding
//! OBU. H264: a `user_data_unregistered` SEI. Opus: padding of a code-3 packet (RFC 6716 §3.2.5). The mark is ASCII, so it
//! needs no emulation prevention.

use std::sync::LazyLock;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Codec, NAL_SEI, join_nals, nal_type, obu_type, split_joined};

/// Which publisher's track a frame came from, and which encoding of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublisherTag(pub u32);

/// Where a tag has its encoding: above 13 bits of publisher and kind, below 16 of the room.
const ENCODING_SHIFT: u32 = 14;
const ENCODING_MASK: u32 = 0b11 << ENCODING_SHIFT;

impl PublisherTag {
    /// The room it is of.
    pub const fn room(self) -> u16 {
        let [high, low, ..] = self.0.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// Encoding of a simulcast, smallest first; 0 without.
    pub const fn encoding(self) -> u8 {
        let [.., third, _] = self.0.to_be_bytes();
        third >> 6
    }

    /// The same track's encoding `encoding`, 0 to 3.
    #[must_use]
    pub const fn of_encoding(self, encoding: u32) -> Self {
        Self((self.0 & !ENCODING_MASK) | ((encoding << ENCODING_SHIFT) & ENCODING_MASK))
    }

    /// The track, whichever the encoding.
    #[must_use]
    pub const fn track(self) -> Self {
        self.of_encoding(0)
    }
}

/// Tells the frames of this run from those of others on the same server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunId(pub u32);

impl RunId {
    /// The one of all that this process sends and expects.
    pub fn of_this_process() -> Self {
        static RUN: LazyLock<RunId> = LazyLock::new(|| RunId(rand::random()));
        *RUN
    }
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub publisher: PublisherTag,
    /// Frames sent on this track so far; never wraps within a run.
    pub number: u32,
    /// Index in the loop.
    pub index: u16,
    pub run: RunId,
}

/// Bytes of a mark: magic, publisher, number, index, run in hexadecimal.
pub const MARK_LEN: usize = 32;
const MAGIC: &[u8; 4] = b"SFUm";

/// Names our SEI among others' (H.264 D.1.7); the value has no meaning.
const SEI_UUID: &[u8; 16] = b"sfu-load frame m";
/// SEI payload type `user_data_unregistered`.
const SEI_USER_DATA: u8 = 5;
/// What follows an SEI's payload: a stop bit and alignment.
const SEI_TRAILER: u8 = 0x80;
/// A VP9 superframe's index (VP9 bitstream specification, annex B): of one frame, its size in four bytes.
const SUPERFRAME: u8 = 0b1101_1000;
const SUPERFRAME_LEN: usize = 6;
/// `OBU_PADDING` without a size field (AV1 bitstream specification §6.2.2), and what ends it (§5.3.4).
const OBU_PADDING: u8 = 15;
const OBU_TRAILER: u8 = 0x80;

impl Mark {
    /// A frame of this run.
    pub fn new(publisher: PublisherTag, number: u32, index: u16) -> Self {
        Self { publisher, number, index, run: RunId::of_this_process() }
    }

    fn encode(self) -> [u8; MARK_LEN] {
        let text = format!("SFUm{:08x}{:08x}{:04x}{:08x}", self.publisher.0, self.number, self.index, self.run.0);
        let mut bytes = [b'0'; MARK_LEN];
        for (byte, char) in bytes.iter_mut().zip(text.bytes()) {
            *byte = char;
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes.strip_prefix(MAGIC)?).ok()?;
        Some(Self {
            publisher: PublisherTag(u32::from_str_radix(text.get(..8)?, 16).ok()?),
            number: u32::from_str_radix(text.get(8..16)?, 16).ok()?,
            index: u16::from_str_radix(text.get(16..20)?, 16).ok()?,
            run: RunId(u32::from_str_radix(text.get(20..28)?, 16).ok()?),
        })
    }
}

/// `body` with the mark in it, as it is to be packetised.
pub fn embed(codec: Codec, body: &Bytes, mark: Mark) -> Bytes {
    match codec {
        Codec::Vp8 => {
            let mut marked = BytesMut::with_capacity(body.len() + MARK_LEN);
            marked.put_slice(body);
            marked.put_slice(&mark.encode());
            marked.freeze()
        }
        Codec::Vp9 => embed_vp9(body, mark),
        Codec::Av1 => embed_av1(body, mark),
        Codec::H264 => embed_h264(body, mark),
        Codec::Opus => embed_opus(body, mark),
    }
}

/// The frame without its mark, and the mark; `None` when there is none.
pub fn extract(codec: Codec, marked: &Bytes) -> Option<(Bytes, Mark)> {
    match codec {
        Codec::Vp8 => {
            let at = marked.len().checked_sub(MARK_LEN)?;
            Some((marked.slice(..at), Mark::decode(marked.get(at..)?)?))
        }
        Codec::Vp9 => extract_vp9(marked),
        Codec::Av1 => extract_av1(marked),
        Codec::H264 => extract_h264(marked),
        Codec::Opus => extract_opus(marked),
    }
}

/// The mark that lies whole in one packet's payload, wherever that is.
pub fn find(payload: &[u8]) -> Option<Mark> {
    // Most end with it.
    let tail = payload.len().checked_sub(MARK_LEN).and_then(|at| Mark::decode(payload.get(at..)?));
    let begins = |at: usize| Mark::decode(payload.get(at..at + MARK_LEN)?);
    tail.or_else(|| payload.windows(MAGIC.len()).position(|bytes| bytes == MAGIC).and_then(begins))
}

/// What stands between a superframe's last frame and its index is no frame, and nobody decodes it.
fn embed_vp9(body: &Bytes, mark: Mark) -> Bytes {
    let mut marked = BytesMut::with_capacity(body.len() + MARK_LEN + SUPERFRAME_LEN);
    marked.put_slice(body);
    marked.put_slice(&mark.encode());
    marked.put_u8(SUPERFRAME);
    marked.put_u32_le(u32::try_from(body.len()).unwrap_or(u32::MAX));
    marked.put_u8(SUPERFRAME);
    marked.freeze()
}

fn extract_vp9(marked: &Bytes) -> Option<(Bytes, Mark)> {
    let (rest, index) = marked.split_at_checked(marked.len().checked_sub(SUPERFRAME_LEN)?)?;
    let [SUPERFRAME, s0, s1, s2, s3, SUPERFRAME] = *index else { return None };
    let length = usize::try_from(u32::from_le_bytes([s0, s1, s2, s3])).ok()?;
    let (body, mark) = rest.split_at_checked(length)?;
    Some((marked.slice(..body.len()), Mark::decode(mark).filter(|_| mark.len() == MARK_LEN)?))
}

fn embed_av1(body: &Bytes, mark: Mark) -> Bytes {
    let mut padding = BytesMut::with_capacity(MARK_LEN + 2);
    padding.put_u8(OBU_PADDING << 3);
    padding.put_slice(&mark.encode());
    padding.put_u8(OBU_TRAILER);
    join_nals(split_joined(body).chain([padding.as_ref()]))
}

fn extract_av1(marked: &Bytes) -> Option<(Bytes, Mark)> {
    let padding = split_joined(marked).last().filter(|obu| obu_type(obu) == OBU_PADDING)?;
    let mark = Mark::decode(padding.get(1..=MARK_LEN)?)?;
    // The padding and its length stand last.
    Some((marked.slice(..marked.len().checked_sub(padding.len() + 4)?), mark))
}

fn embed_h264(body: &Bytes, mark: Mark) -> Bytes {
    let payload = SEI_UUID.len() + MARK_LEN;
    let mut sei = BytesMut::with_capacity(payload + 4);
    sei.put_u8(NAL_SEI);
    sei.put_u8(SEI_USER_DATA);
    sei.put_u8(u8::try_from(payload).unwrap_or(u8::MAX));
    sei.put_slice(SEI_UUID);
    sei.put_slice(&mark.encode());
    sei.put_u8(SEI_TRAILER);
    // Parameter sets first, then SEI, then slices (H.264 §7.4.1.2.3).
    let parameters =
        split_joined(body).take_while(|nal| matches!(nal_type(nal), super::NAL_SPS | super::NAL_PPS)).count();
    let head = split_joined(body).take(parameters);
    let tail = split_joined(body).skip(parameters);
    join_nals(head.chain([sei.as_ref()]).chain(tail))
}

fn extract_h264(marked: &Bytes) -> Option<(Bytes, Mark)> {
    let own = |nal: &&[u8]| nal_type(nal) == NAL_SEI && nal.get(3..19) == Some(SEI_UUID);
    let sei = split_joined(marked).find(own)?;
    let mark = Mark::decode(sei.get(19..19 + MARK_LEN)?)?;
    Some((join_nals(split_joined(marked).filter(|nal| !own(nal))), mark))
}

/// Code 0 (one frame) becomes code 3 with one frame and padding: the frame itself stays as it is.
fn embed_opus(body: &Bytes, mark: Mark) -> Bytes {
    const ONE_FRAME_AND_PADDING: u8 = 0b0100_0001;
    let Some((toc, frame)) = body.split_first() else { return body.clone() };
    let mut marked = BytesMut::with_capacity(body.len() + 2 + MARK_LEN);
    marked.put_u8(toc | 0b11);
    marked.put_u8(ONE_FRAME_AND_PADDING);
    marked.put_u8(u8::try_from(MARK_LEN).unwrap_or(u8::MAX));
    marked.put_slice(frame);
    marked.put_slice(&mark.encode());
    marked.freeze()
}

fn extract_opus(marked: &Bytes) -> Option<(Bytes, Mark)> {
    let (head, rest) = marked.split_first_chunk::<3>()?;
    let [toc, _, padding] = *head;
    if toc & 0b11 != 0b11 || usize::from(padding) != MARK_LEN {
        return None;
    }
    let (frame, mark) = rest.split_at_checked(rest.len().checked_sub(MARK_LEN)?)?;
    let mut body = BytesMut::with_capacity(frame.len() + 1);
    body.put_u8(toc & !0b11);
    body.put_slice(frame);
    Some((body.freeze(), Mark::decode(mark)?))
}

#[cfg(test)]
mod tests {
    use super::super::{Clip, ClipSize};
    use super::*;

    #[test]
    fn what_is_embedded_comes_out_and_leaves_the_frame_as_it_was() {
        for codec in [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264, Codec::Opus] {
            let clip = Clip::embedded(codec, ClipSize::Small).unwrap();
            for index in 0..u16::try_from(clip.len()).unwrap() {
                let mark =
                    Mark { run: RunId(0xffff_0003), ..Mark::new(PublisherTag(0xdead_beef), u32::MAX - 3, index) };
                let body = &clip.frame(index).unwrap().body;
                let marked = embed(codec, body, mark);
                assert_ne!(&marked, body);
                assert_eq!(extract(codec, &marked), Some((body.clone(), mark)), "{codec} frame {index}");
                assert_eq!(extract(codec, body), None, "{codec}: an unmarked frame has no mark");
            }
        }
    }

    #[test]
    fn a_tag_tells_room_and_encoding_apart_from_the_track() {
        let tag = PublisherTag(0x1234_2007);
        assert_eq!((tag.room(), tag.encoding(), tag.track()), (0x1234, 0, tag));
        for encoding in 0..4 {
            let other = tag.of_encoding(encoding);
            assert_eq!((other.room(), u32::from(other.encoding()), other.track()), (0x1234, encoding, tag));
        }
    }
}
