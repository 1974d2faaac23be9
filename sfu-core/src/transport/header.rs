//! The little of an RTP header that sealing and opening need: where it ends, SSRC and sequence number (RFC 3550 §5.1).

use crate::id::Ssrc;

/// Bytes of a header without CSRCs and extension.
const FIXED_BYTES: usize = 12;
const VERSION_2: u8 = 0x80;
const VERSION_MASK: u8 = 0xC0;
const EXTENSION_BIT: u8 = 0x10;
const CSRC_COUNT_MASK: u8 = 0x0F;

/// What stands in the clear of a protected packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClearHeader {
    pub ssrc: Ssrc,
    pub sequence_number: u16,
    /// Bytes up to the payload, CSRCs and extension included.
    pub len: usize,
}

impl ClearHeader {
    /// Reads and checks the header; `None` if it is not RTP or does not fit into `packet`.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let (fixed, _) = packet.split_first_chunk::<FIXED_BYTES>()?;
        let [first, _, seq @ .., _, _, _, _, s0, s1, s2, s3] = fixed;
        if first & VERSION_MASK != VERSION_2 {
            return None;
        }
        let mut len = FIXED_BYTES + 4 * usize::from(first & CSRC_COUNT_MASK);
        if first & EXTENSION_BIT != 0 {
            let [_, _, words @ ..] = packet.get(len..)?.first_chunk::<4>()?;
            len += 4 + 4 * usize::from(u16::from_be_bytes(*words));
        }
        if len > packet.len() {
            return None;
        }
        Some(Self {
            ssrc: Ssrc(u32::from_be_bytes([*s0, *s1, *s2, *s3])),
            sequence_number: u16::from_be_bytes(*seq),
            len,
        })
    }
}
