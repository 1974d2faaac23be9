//! What the clients' packets say inside: who sent them, when, and what they are a part of.

use sfu_core::id::{PayloadType, Ssrc};
use sfu_core::rtp::{ExtensionForm, ExtensionsWriter, RtpTime, SeqNo, write_header};

/// Header extension ids of every offer.
pub const AUDIO_LEVEL: u8 = 1;
pub const TRANSPORT_CC: u8 = 3;
pub const MID: u8 = 4;
pub const RID: u8 = 10;
pub const REPAIRED_RID: u8 = 11;

/// Payload types of every offer.
pub const OPUS: u8 = 111;
pub const VP8: u8 = 96;
pub const VP8_RTX: u8 = 97;

/// Stands in every payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub publisher: u8,
    /// Place of the encoding in its offer.
    pub encoding: u8,
    pub key: bool,
    /// The packet's place in its frame, and how many there are.
    pub index: u8,
    pub count: u8,
    pub frame: u32,
    /// When it was captured, ms since the test began.
    pub captured_ms: u32,
    /// How many frames before it the newest is that it needs; a key frame needs none.
    pub needs_back: u8,
}

impl Mark {
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend([self.publisher, self.encoding, u8::from(self.key), self.index, self.count]);
        out.extend(self.frame.to_be_bytes());
        out.extend(self.captured_ms.to_be_bytes());
        out.push(self.needs_back);
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [publisher, encoding, key, index, count, f0, f1, f2, f3, c0, c1, c2, c3, needs_back] =
            *bytes.first_chunk()?;
        Some(Self {
            publisher,
            encoding,
            key: key == 1,
            index,
            count,
            frame: u32::from_be_bytes([f0, f1, f2, f3]),
            captured_ms: u32::from_be_bytes([c0, c1, c2, c3]),
            needs_back,
        })
    }
}

/// A packet before it is sealed.
#[derive(Debug, Clone)]
pub struct Plain {
    pub index: u64,
    pub header_len: usize,
    pub bytes: Vec<u8>,
}

/// Writes a packet; extensions with an empty value are left out.
pub fn packet(
    (ssrc, payload_type, index): (u32, u8, u64),
    marker: bool,
    timestamp: u32,
    extensions: &[(u8, &[u8])],
    payload: &[u8],
) -> Plain {
    let mut bytes = Vec::new();
    let written: Vec<_> = extensions.iter().filter(|(_, value)| !value.is_empty()).collect();
    let flags = if written.is_empty() { 0 } else { 0x10 };
    let sequence = SeqNo((index & 0xffff) as u16);
    write_header(&mut bytes, flags, marker, PayloadType(payload_type), sequence, RtpTime(timestamp), Ssrc(ssrc));
    if !written.is_empty() {
        let mut writer = ExtensionsWriter::new(&mut bytes, ExtensionForm::OneByte);
        for (id, value) in written {
            writer.put(*id, value);
        }
        writer.finish();
    }
    let header_len = bytes.len();
    bytes.extend_from_slice(payload);
    Plain { index, header_len, bytes }
}

/// Height of the pictures of a simulcast's encoding.
pub fn height_of(encoding: u8) -> u16 {
    180 << encoding
}

/// A frame's temporal layer, and whether it needs the lowest alone (RFC 7741 §4.2, TID and Y).
pub type Temporal = (u8, bool);

/// A VP8 payload: descriptor with picture id, TL0PICIDX and temporal layer, room for a payload header, which key frames begin with
/// (RFC 6386 §9.1), the mark, and filling.
pub fn vp8(mark: Mark, picture_id: u16, tl0: u8, (temporal, sync): Temporal, bytes: usize) -> Vec<u8> {
    let start = if mark.index == 0 { 0x10 } else { 0 };
    let [high, low] = picture_id.to_be_bytes();
    let mut payload =
        vec![0x80 | start, 0xe0, 0x80 | high, low, tl0, temporal << 6 | u8::from(sync) << 5, u8::from(!mark.key)];
    let height = height_of(mark.encoding);
    payload.extend([0, 0, 0x9d, 0x01, 0x2a]);
    payload.extend((height / 9 * 16).to_le_bytes());
    payload.extend(height.to_le_bytes());
    mark.write(&mut payload);
    payload.resize(bytes.max(payload.len()), 0x55);
    payload
}

/// Bytes of `vp8` before the height of its picture.
pub const VP8_HEIGHT_AT: usize = 14;
/// Bytes of `vp8` before the mark.
pub const VP8_MARK_AT: usize = 16;

/// An Opus payload: a table of contents for one frame of 20 ms, and the mark.
pub fn opus(mark: Mark) -> Vec<u8> {
    let mut payload = vec![0xfc];
    mark.write(&mut payload);
    payload.resize(60, 0x33);
    payload
}

/// Feedback of one kind (RFC 4585 §6.1).
pub fn feedback(format: u8, packet_type: u8, sender: u32, media: u32, body: &[u8]) -> Vec<u8> {
    let words = 2 + body.len() / 4;
    let mut bytes = vec![0x80 | format, packet_type, 0, words as u8];
    bytes.extend(sender.to_be_bytes());
    bytes.extend(media.to_be_bytes());
    bytes.extend(body);
    bytes
}

pub fn pli(media: u32) -> Vec<u8> {
    feedback(1, 206, 1, media, &[])
}

/// One generic NACK with a pair for each number.
pub fn nack(media: u32, sequences: &[u16]) -> Vec<u8> {
    let body: Vec<u8> = sequences.iter().flat_map(|seq| [(seq >> 8) as u8, *seq as u8, 0, 0]).collect();
    feedback(1, 205, 1, media, &body)
}

/// A sender report without blocks.
pub fn sender_report(ssrc: u32, ntp: u64, rtp: u32) -> Vec<u8> {
    let mut bytes = vec![0x80, 200, 0, 6];
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend(ntp.to_be_bytes());
    bytes.extend(rtp.to_be_bytes());
    bytes.extend([0; 8]);
    bytes
}

pub fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(*bytes[at..].first_chunk().unwrap())
}
