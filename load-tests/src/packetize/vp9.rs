//! VP9 payloads and their descriptor (RFC 9628 §4.2): written in non-flexible mode with PictureID of 15 bits, layer indices and,
//! on keyframes, the picture's size; read in every form.

use bytes::{BufMut, Bytes, BytesMut};

use super::split_evenly;
use super::vp8::{Descriptor, PictureIds, picture_id};
use crate::media::is_vp9_keyframe;

const HAS_PICTURE_ID: u8 = 0x80;
const PREDICTED: u8 = 0x40;
const HAS_LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const BEGINS: u8 = 0x08;
const ENDS: u8 = 0x04;
const HAS_STRUCTURE: u8 = 0x02;
/// Of the structure: sizes follow (Y), a group of pictures follows (G).
const HAS_SIZES: u8 = 0x10;
const HAS_GROUP: u8 = 0x08;
/// Another reference follows (N of P_DIFF).
const MORE_REFERENCES: u8 = 0x01;
/// What [`payloads`] writes at most: flags, three bytes of ids, one of layers, five of structure.
const DESCRIPTOR_LEN_MAX: usize = 10;

/// Payloads of one frame of a stream with one layer.
pub(super) fn payloads(frame: &[u8], max: usize, ids: &mut PictureIds) -> Vec<Bytes> {
    let keyframe = is_vp9_keyframe(frame);
    let structure = size(frame).filter(|_| keyframe);
    let [high, low, tl0_pic_idx] = ids.bytes();
    let pieces: Vec<_> = split_evenly(frame, max.saturating_sub(DESCRIPTOR_LEN_MAX)).collect();
    let last = pieces.len().saturating_sub(1);
    let of = |(at, piece): (usize, &[u8])| {
        let mut payload = BytesMut::with_capacity(DESCRIPTOR_LEN_MAX + piece.len());
        let structure = structure.filter(|_| at == 0);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        payload.put_u8(
            HAS_PICTURE_ID
                | HAS_LAYERS
                | flag(!keyframe, PREDICTED)
                | flag(at == 0, BEGINS)
                | flag(at == last, ENDS)
                | flag(structure.is_some(), HAS_STRUCTURE),
        );
        // The layer indices, all 0, stand between the ids.
        payload.put_slice(&[high, low, 0, tl0_pic_idx]);
        if let Some([w0, w1, h0, h1]) = structure {
            payload.put_slice(&[HAS_SIZES, w0, w1, h0, h1]);
        }
        payload.put_slice(piece);
        payload.freeze()
    };
    let payloads = pieces.into_iter().enumerate().map(of).collect();
    ids.advance();
    payloads
}

/// Width and height of a keyframe of profile 0 as the structure has them (VP9 bitstream specification §6.2, §6.2.2): behind the
/// sync code and four bits of colour, less one.
fn size(frame: &[u8]) -> Option<[u8; 4]> {
    let [_, 0x49, 0x83, 0x42, b0, b1, b2, b3, b4, ..] = *frame else { return None };
    let bits = u64::from_be_bytes([0, 0, 0, b0, b1, b2, b3, b4]) >> 4;
    let [.., w0, w1, h0, h1] = bits.to_be_bytes();
    let more = |high, low| u16::from_be_bytes([high, low]).wrapping_add(1).to_be_bytes();
    let ([w0, w1], [h0, h1]) = (more(w0, w1), more(h0, h1));
    Some([w0, w1, h0, h1])
}

/// Whether a decoder could begin here.
pub fn begins_keyframe(payload: &[u8]) -> bool {
    payload.first().is_some_and(|first| first & (PREDICTED | BEGINS) == BEGINS)
}

/// Reads a payload's descriptor; `None` when it is cut short.
pub fn descriptor(payload: &[u8]) -> Option<Descriptor> {
    let mut bytes = payload.iter().copied();
    let first = bytes.next()?;
    let has = |flag: u8| first & flag != 0;
    let mut parsed = Descriptor { starts_frame: has(BEGINS), ..Descriptor::default() };
    if has(HAS_PICTURE_ID) {
        let high = bytes.next()?;
        parsed.picture_id = Some(picture_id(high, &mut bytes)?);
    }
    if has(HAS_LAYERS) {
        bytes.next()?;
        if !has(FLEXIBLE) {
            parsed.tl0_pic_idx = Some(bytes.next()?);
        }
    }
    if has(FLEXIBLE) && has(PREDICTED) {
        while bytes.next()? & MORE_REFERENCES != 0 {}
    }
    if has(HAS_STRUCTURE) {
        skip_structure(&mut bytes)?;
    }
    parsed.length = payload.len() - bytes.len();
    Some(parsed)
}

fn skip_structure(bytes: &mut impl Iterator<Item = u8>) -> Option<()> {
    let head = bytes.next()?;
    let layers = usize::from(head >> 5) + 1;
    if head & HAS_SIZES != 0 {
        (0..4 * layers).try_for_each(|_| bytes.next().map(drop))?;
    }
    if head & HAS_GROUP != 0 {
        for _ in 0..bytes.next()? {
            let references = (bytes.next()? >> 2) & 0b11;
            (0..references).try_for_each(|_| bytes.next().map(drop))?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use rtp::codec::vp9::Vp9Packet;
    use rtp::packetizer::Depacketizer;

    use super::*;
    use crate::media::{Clip, ClipSize, Codec};
    use crate::packetize::vp8::{PICTURE_ID_MODULUS, PictureId};

    #[test]
    fn another_depacketizer_reads_what_we_write() {
        let clip = Clip::embedded(Codec::Vp9, ClipSize::Small).unwrap();
        let mut ids = PictureIds::starting_at(0x7fff);
        for (index, expected_id) in [0x7fff, 0, 1].into_iter().enumerate() {
            let frame = &clip.frame(u16::try_from(index).unwrap()).unwrap().body;
            let payloads = payloads(frame, 700, &mut ids);
            let mut assembled = Vec::new();
            for (at, payload) in payloads.iter().enumerate() {
                assert!(payload.len() <= 700);
                let mut theirs = Vp9Packet::default();
                let body = theirs.depacketize(payload).unwrap();
                let ours = descriptor(payload).unwrap();
                assert_eq!(ours.picture_id, Some(PictureId { value: theirs.picture_id, modulus: PICTURE_ID_MODULUS }));
                assert_eq!((ours.tl0_pic_idx, ours.starts_frame), (Some(theirs.tl0picidx), theirs.b));
                assert_eq!(payload.slice(ours.length..), body);
                assert_eq!((theirs.picture_id, theirs.b, theirs.p), (expected_id, at == 0, index > 0));
                assert_eq!(theirs.e, at + 1 == payloads.len());
                if index == 0 && at == 0 {
                    assert_eq!((&theirs.width[..], &theirs.height[..]), (&[320][..], &[180][..]));
                }
                assert_eq!(begins_keyframe(payload), index == 0 && at == 0);
                assembled.extend_from_slice(&body);
            }
            assert_eq!(&assembled, frame);
        }
    }

    #[test]
    fn every_form_of_descriptor_is_read_and_short_ones_refused() {
        assert_eq!(descriptor(&[0x08, 9]).unwrap().length, 1);
        // Flexible: layers without TL0PICIDX, and two references.
        assert_eq!(descriptor(&[0xf8, 0x11, 0, 0x03, 0x04, 9]).unwrap().length, 5);
        // A structure of one layer with its size and a group of one picture with two references.
        let full = [0xaa, 0x81, 0x02, 0, 7, 0x18, 1, 64, 0, 180, 1, 0x08, 1, 2];
        assert_eq!(descriptor(&full).unwrap().length, full.len());
        for cut in 0..full.len() {
            assert_eq!(descriptor(&full[..cut]), None, "cut at {cut}");
        }
    }
}
