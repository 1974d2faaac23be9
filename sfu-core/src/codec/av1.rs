//! AV1 aggregation header and OBU elements (AV1 RTP payload specification §4.4; AV1 bitstream §5.3.2).

use super::av1_sequence;
use super::descriptor::Resolution;
use crate::limits::AV1_ELEMENTS_MAX;

/// OBU_SEQUENCE_HEADER.
const SEQUENCE_HEADER: u8 = 1;

/// What a packet says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Av1Packet {
    /// Z: the first element continues one of the packet before.
    pub continues: bool,
    /// Y: the last element goes on in the next packet.
    pub continued: bool,
    /// N: first packet of a coded video sequence.
    pub new_sequence: bool,
    /// A sequence header begins inside.
    pub has_sequence_header: bool,
    /// Temporal layer of the first OBU that carries an extension header.
    pub temporal: u8,
    /// Spatial layer of the same OBU.
    pub spatial: u8,
    /// Size of the largest picture, by a sequence header.
    pub resolution: Option<Resolution>,
}

impl Av1Packet {
    /// Whether a decoder can start here: the N bit, or a sequence header from senders that leave N off.
    pub fn is_keyframe_start(&self) -> bool {
        !self.continues && (self.new_sequence || self.has_sequence_header)
    }
}

/// Parses a payload; `None` if it is cut short or its elements overrun it.
pub fn parse(payload: &[u8]) -> Option<Av1Packet> {
    let (&header, mut rest) = payload.split_first()?;
    let mut packet = Av1Packet {
        continues: header & 0x80 != 0,
        continued: header & 0x40 != 0,
        new_sequence: header & 0x08 != 0,
        has_sequence_header: false,
        temporal: 0,
        spatial: 0,
        resolution: None,
    };
    let count = usize::from((header >> 4) & 0x03);
    let mut layer_known = false;
    for index in 0..AV1_ELEMENTS_MAX {
        if rest.is_empty() {
            break;
        }
        let element = if count != 0 && index + 1 == count {
            std::mem::take(&mut rest)
        } else {
            let (length, behind) = read_leb128(rest)?;
            let (element, behind) = behind.split_at_checked(length)?;
            rest = behind;
            element
        };
        let is_obu_start = index > 0 || !packet.continues;
        let Some(&obu) = element.first().filter(|_| is_obu_start) else { continue };
        if (obu >> 3) & 0x0f == SEQUENCE_HEADER {
            packet.has_sequence_header = true;
            packet.resolution = content(element).and_then(av1_sequence::resolution);
        }
        if obu & 0x04 != 0 && !layer_known {
            let extension = *element.get(1)?;
            packet.temporal = extension >> 5;
            packet.spatial = (extension >> 3) & 0x03;
            layer_known = true;
        }
    }
    Some(packet)
}

/// What stands behind an OBU's header (AV1 bitstream §5.3.2), which says its size rarely within RTP.
fn content(element: &[u8]) -> Option<&[u8]> {
    let header = *element.first()?;
    let behind = element.get(if header & 0x04 != 0 { 2 } else { 1 }..)?;
    if header & 0x02 == 0 { Some(behind) } else { read_leb128(behind).map(|(_, content)| content) }
}

/// Reads a leb128 number of at most 4 bytes, which is more than a packet can hold (AV1 bitstream §4.10.5).
fn read_leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0usize;
    for (index, &byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}
