//! H.264 packetization mode 1: single NAL units, STAP-A and FU-A (RFC 6184 §5.2, §5.6 to §5.8).

use super::descriptor::Resolution;
use super::h264_sps;

/// Coded slice of an IDR picture (ITU-T H.264 table 7-1).
const IDR: u8 = 5;
/// Sequence parameter set.
const SPS: u8 = 7;
/// Single-time aggregation packet without decoding order number.
const STAP_A: u8 = 24;
/// Fragmentation unit without decoding order number.
const FU_A: u8 = 28;

/// What a packet's NAL units are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct H264Packet {
    /// A sequence parameter set is inside.
    pub has_sps: bool,
    /// A slice of an IDR picture begins inside.
    pub has_idr_start: bool,
    /// nal_ref_idc of the packet; 0: nothing refers to it.
    pub reference_idc: u8,
    /// Picture size by a sequence parameter set that is inside as a whole.
    pub resolution: Option<Resolution>,
}

impl H264Packet {
    /// Whether a decoder can start here. Of one IDR picture several packets may say so (the SPS, then each slice): the
    /// first of an RTP timestamp counts.
    pub fn is_keyframe_start(&self) -> bool {
        self.has_sps || self.has_idr_start
    }
}

/// Parses a payload; `None` if it is empty, cut short, or of a type that mode 1 forbids.
pub fn parse(payload: &[u8]) -> Option<H264Packet> {
    let (&header, rest) = payload.split_first()?;
    let mut packet = H264Packet { reference_idc: (header >> 5) & 0x03, ..H264Packet::default() };
    match header & 0x1f {
        1..=23 => note_unit(&mut packet, payload)?,
        STAP_A => {
            let mut units = rest;
            while !units.is_empty() {
                let (length, behind) = units.split_first_chunk::<2>()?;
                let (unit, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
                note_unit(&mut packet, unit)?;
                units = behind;
            }
        }
        FU_A => {
            let fragment = *rest.first()?;
            if fragment & 0x80 != 0 {
                note(&mut packet, fragment);
            }
        }
        _ => return None,
    }
    Some(packet)
}

fn note_unit(packet: &mut H264Packet, unit: &[u8]) -> Option<()> {
    let header = *unit.first()?;
    note(packet, header);
    if header & 0x1f == SPS {
        packet.resolution = h264_sps::resolution(unit);
    }
    Some(())
}

fn note(packet: &mut H264Packet, nal_header: u8) {
    match nal_header & 0x1f {
        IDR => packet.has_idr_start = true,
        SPS => packet.has_sps = true,
        _ => {}
    }
}
