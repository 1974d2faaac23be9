//! VP8 packets that say of which frame they are, and to which it refers.

use sfu_core::codec::vp8;

use crate::camera::Temporal;
use crate::marks::{Mark, height_of};

/// Bytes of a payload at most.
pub const PAYLOAD_MAX: usize = 1_100;
/// Bytes between a descriptor and the mark: a frame's tag, a key frame's start code and size (RFC 6386 §9.1).
const HEADER: usize = 10;
/// And of the mark.
const MARK: usize = 14;

/// What a packet's payload says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub mark: Mark,
    pub refers: u32,
    pub picture_id: u16,
    pub tl0: u8,
    pub temporal: Option<Temporal>,
    pub begins: bool,
}

/// A payload of about so many bytes (RFC 7741 §4.2).
pub fn write(told: Told, bytes: usize) -> Vec<u8> {
    let start = if told.mark.index == 0 { 0x10 } else { 0 };
    let [high, low] = told.picture_id.to_be_bytes();
    let mut payload = match told.temporal {
        None => vec![0x80 | start, 0x80, 0x80 | high, low],
        Some(Temporal { layer, sync }) => {
            vec![0x80 | start, 0xe0, 0x80 | high, low, told.tl0, layer << 6 | u8::from(sync) << 5]
        }
    };
    let height = height_of(told.mark.encoding);
    payload.extend([u8::from(!told.mark.key), 0, 0, 0x9d, 0x01, 0x2a]);
    payload.extend((height / 9 * 16).to_le_bytes());
    payload.extend(height.to_le_bytes());
    told.mark.write(&mut payload);
    payload.extend(told.refers.to_be_bytes());
    payload.resize(bytes.max(payload.len()), 0x55);
    payload
}

/// `None` for what is no picture.
pub fn read(payload: &[u8]) -> Option<Told> {
    let descriptor = vp8::parse(payload)?;
    let rest = payload.get(descriptor.len + HEADER..)?;
    let mark = Mark::read(rest)?;
    let refers = u32::from_be_bytes(*rest.get(MARK..)?.first_chunk()?);
    let temporal = descriptor.temporal.map(|layer| Temporal { layer, sync: descriptor.layer_sync });
    let picture_id = descriptor.picture_id?.value.value();
    let tl0 = descriptor.tl0.map_or(0, |it| it.value);
    Some(Told { mark, refers, picture_id, tl0, temporal, begins: descriptor.is_frame_start() })
}
