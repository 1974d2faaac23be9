//! VP8 payloads and their descriptor (RFC 7741 §4.2): written with PictureID of 15 bits, TL0PICIDX and TID; read in every form.

use bytes::{BufMut, Bytes, BytesMut};

use super::split_evenly;

const EXTENDED: u8 = 0x80;
const START_OF_PARTITION: u8 = 0x10;
const HAS_PICTURE_ID: u8 = 0x80;
const HAS_TL0_PIC_IDX: u8 = 0x40;
const HAS_TID: u8 = 0x20;
const HAS_KEY_IDX: u8 = 0x10;
const LONG_PICTURE_ID: u8 = 0x80;
/// Bytes of descriptor that [`payloads`] writes: two of flags, two of PictureID, TL0PICIDX, TID.
const DESCRIPTOR_LEN: usize = 6;
/// PictureIDs count modulo this.
pub const PICTURE_ID_MODULUS: u16 = 0x8000;

/// The counters that run through a stream's descriptors.
#[derive(Clone, Copy, Debug, Default)]
pub struct PictureIds {
    picture_id: u16,
    tl0_pic_idx: u8,
}

impl PictureIds {
    /// PictureID as 15 bits are written, and TL0PICIDX.
    pub(super) fn bytes(self) -> [u8; 3] {
        let [high, low] = self.picture_id.to_be_bytes();
        [LONG_PICTURE_ID | high, low, self.tl0_pic_idx]
    }

    pub(super) fn starting_at(picture_id: u16) -> Self {
        Self { picture_id: picture_id % PICTURE_ID_MODULUS, tl0_pic_idx: 0 }
    }

    pub(super) fn advance(&mut self) {
        self.picture_id = (self.picture_id + 1) % PICTURE_ID_MODULUS;
        self.tl0_pic_idx = self.tl0_pic_idx.wrapping_add(1);
    }
}

/// Payloads of one frame of a stream with a single temporal layer.
pub(super) fn payloads(frame: &[u8], max: usize, ids: &mut PictureIds) -> Vec<Bytes> {
    let [high, low, tl0_pic_idx] = ids.bytes();
    let payloads = split_evenly(frame, max.saturating_sub(DESCRIPTOR_LEN))
        .enumerate()
        .map(|(at, piece)| {
            let mut payload = BytesMut::with_capacity(DESCRIPTOR_LEN + piece.len());
            payload.put_u8(EXTENDED | if at == 0 { START_OF_PARTITION } else { 0 });
            payload.put_u8(HAS_PICTURE_ID | HAS_TL0_PIC_IDX | HAS_TID);
            payload.put_slice(&[high, low, tl0_pic_idx]);
            payload.put_u8(0);
            payload.put_slice(piece);
            payload.freeze()
        })
        .collect();
    ids.advance();
    payloads
}

/// A parsed descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// First packet of the frame: S set and partition 0.
    pub starts_frame: bool,
    pub picture_id: Option<PictureId>,
    pub tl0_pic_idx: Option<u8>,
    /// Bytes ahead of the frame's data.
    pub length: usize,
}

/// A PictureID and how many bits it counts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    pub value: u16,
    /// 0x80 or 0x8000.
    pub modulus: u16,
}

/// A PictureID whose first byte was read.
pub(super) fn picture_id(high: u8, rest: &mut impl Iterator<Item = u8>) -> Option<PictureId> {
    Some(if high & LONG_PICTURE_ID != 0 {
        PictureId { value: u16::from_be_bytes([high & 0x7f, rest.next()?]), modulus: PICTURE_ID_MODULUS }
    } else {
        PictureId { value: u16::from(high), modulus: 0x80 }
    })
}

/// Whether a decoder could begin here: the frame's first bit is 0 on a keyframe (RFC 6386 §9.1).
pub fn begins_keyframe(payload: &[u8]) -> bool {
    descriptor(payload).is_some_and(|descriptor| {
        descriptor.starts_frame && payload.get(descriptor.length).is_some_and(|first| first & 1 == 0)
    })
}

/// Reads a payload's descriptor; `None` when it is cut short.
pub fn descriptor(payload: &[u8]) -> Option<Descriptor> {
    let mut bytes = payload.iter().copied();
    let first = bytes.next()?;
    let mut parsed =
        Descriptor { starts_frame: first & START_OF_PARTITION != 0 && first & 0x07 == 0, ..Descriptor::default() };
    if first & EXTENDED != 0 {
        let flags = bytes.next()?;
        if flags & HAS_PICTURE_ID != 0 {
            let high = bytes.next()?;
            parsed.picture_id = Some(picture_id(high, &mut bytes)?);
        }
        if flags & HAS_TL0_PIC_IDX != 0 {
            parsed.tl0_pic_idx = Some(bytes.next()?);
        }
        if flags & (HAS_TID | HAS_KEY_IDX) != 0 {
            bytes.next()?;
        }
    }
    parsed.length = payload.len() - bytes.len();
    Some(parsed)
}

#[cfg(test)]
mod tests {
    use rtp::codec::vp8::Vp8Packet;
    use rtp::packetizer::Depacketizer;

    use super::*;

    #[test]
    fn another_depacketizer_reads_what_we_write() {
        let frame: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let mut ids = PictureIds::starting_at(0x7fff);
        for expected_id in [0x7fff, 0, 1] {
            let mut assembled = Vec::new();
            for (at, payload) in payloads(&frame, 1_170, &mut ids).into_iter().enumerate() {
                assert!(payload.len() <= 1_170);
                let mut theirs = Vp8Packet::default();
                let body = theirs.depacketize(&payload).unwrap();
                let ours = descriptor(&payload).unwrap();
                assert_eq!(ours.picture_id, Some(PictureId { value: theirs.picture_id, modulus: PICTURE_ID_MODULUS }));
                assert_eq!((ours.tl0_pic_idx, ours.starts_frame), (Some(theirs.tl0_pic_idx), theirs.s == 1));
                assert_eq!(payload.slice(ours.length..), body);
                assert_eq!((theirs.picture_id, theirs.s), (expected_id, u8::from(at == 0)));
                assembled.extend_from_slice(&body);
            }
            assert_eq!(assembled, frame);
        }
    }

    #[test]
    fn every_form_of_descriptor_is_read_and_short_ones_refused() {
        assert_eq!(descriptor(&[0x10, 9]).unwrap().length, 1);
        assert_eq!(
            descriptor(&[0x90, 0x80, 0x11, 9]).unwrap().picture_id,
            Some(PictureId { value: 0x11, modulus: 0x80 })
        );
        assert_eq!(descriptor(&[0x90, 0x10, 0x01, 9]).unwrap().length, 3);
        assert!(!descriptor(&[0x11, 9]).unwrap().starts_frame, "a later partition starts no frame");
        let full = [0x90, 0xf0, 0x81, 0x02, 0x03, 0x04];
        assert_eq!(descriptor(&full).unwrap().length, full.len());
        for cut in 0..full.len() {
            assert_eq!(descriptor(&full[..cut]), None, "cut at {cut}");
        }
    }
}
