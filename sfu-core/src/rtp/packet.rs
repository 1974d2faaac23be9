//! The RTP header (RFC 3550 §5.1): reading it out of a packet, writing ours.

use crate::id::{PayloadType, Ssrc};

use super::{Extensions, RtpTime, SeqNo};

/// Bytes of the fixed header, without CSRCs and extensions.
pub const HEADER_BYTES: usize = 12;

/// A parsed plaintext packet.
#[derive(Debug, Clone, Copy)]
pub struct RtpPacket<'a> {
    pub marker: bool,
    pub payload_type: PayloadType,
    pub sequence: SeqNo,
    pub timestamp: RtpTime,
    pub ssrc: Ssrc,
    pub extensions: Extensions<'a>,
    /// Without padding; empty in a packet of nothing but padding.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads a packet; `None` if any length in it lies.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3], rest) = bytes.split_first_chunk()?;
        if first >> 6 != 2 {
            return None;
        }
        let (_csrcs, rest) = rest.split_at_checked(usize::from(first & 0x0f) * 4)?;
        let (extensions, rest) = if first & 0x10 != 0 { Extensions::parse(rest)? } else { (Extensions::EMPTY, rest) };
        let payload = if first & 0x20 != 0 { strip_padding(rest)? } else { rest };
        Some(Self {
            marker: second & 0x80 != 0,
            payload_type: PayloadType(second & 0x7f),
            sequence: SeqNo(u16::from_be_bytes([s0, s1])),
            timestamp: RtpTime(u32::from_be_bytes([t0, t1, t2, t3])),
            ssrc: Ssrc(u32::from_be_bytes([i0, i1, i2, i3])),
            extensions,
            payload,
        })
    }
}

/// The last byte counts the padding, itself included (RFC 3550 §5.1).
fn strip_padding(bytes: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*bytes.last()?);
    if count == 0 { None } else { bytes.get(..bytes.len().checked_sub(count)?) }
}

/// Appends a fixed header without CSRCs; `flags` are the P and X bits in their places.
pub fn write_header(
    out: &mut Vec<u8>,
    flags: u8,
    marker: bool,
    payload_type: PayloadType,
    sequence: SeqNo,
    timestamp: RtpTime,
    ssrc: Ssrc,
) {
    out.push(0x80 | flags);
    out.push(if marker { 0x80 | payload_type.0 } else { payload_type.0 });
    out.extend_from_slice(&sequence.0.to_be_bytes());
    out.extend_from_slice(&timestamp.0.to_be_bytes());
    out.extend_from_slice(&ssrc.0.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_makes_parsing_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(packet) = RtpPacket::parse(&bytes) {
                prop_assert!(packet.payload.len() + HEADER_BYTES <= bytes.len());
                prop_assert!(packet.extensions.iter().count() <= bytes.len());
            }
        }

        #[test]
        fn what_is_written_is_read(marker: bool, pt in 0_u8..128, seq: u16, ts: u32, ssrc: u32, payload in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = Vec::new();
            write_header(&mut bytes, 0, marker, PayloadType(pt), SeqNo(seq), RtpTime(ts), Ssrc(ssrc));
            bytes.extend_from_slice(&payload);
            let packet = RtpPacket::parse(&bytes).unwrap();
            prop_assert_eq!((packet.marker, packet.payload_type, packet.sequence), (marker, PayloadType(pt), SeqNo(seq)));
            prop_assert_eq!((packet.timestamp, packet.ssrc, packet.payload), (RtpTime(ts), Ssrc(ssrc), payload.as_slice()));
        }
    }

    #[test]
    fn padding_that_is_longer_than_the_packet_is_refused() {
        let mut bytes = Vec::new();
        write_header(&mut bytes, 0x20, false, PayloadType(96), SeqNo(1), RtpTime(2), Ssrc(3));
        bytes.extend_from_slice(&[0, 0, 9]);
        assert!(RtpPacket::parse(&bytes).is_none());
        *bytes.last_mut().unwrap() = 3;
        assert!(RtpPacket::parse(&bytes).unwrap().payload.is_empty());
    }
}
