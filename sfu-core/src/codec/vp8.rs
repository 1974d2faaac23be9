//! VP8 payload descriptor and the start of its payload header (RFC 7741 §4.2, §4.3; RFC 6386 §9.1).

use super::FrameStart;
use super::descriptor::{At, IdOffsets, PictureId, PictureIds, Resolution, move_ids, read_picture_id};

/// The descriptor of one packet, with the places of the ids in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp8Descriptor {
    /// N: no other frame refers to this one.
    pub non_reference: bool,
    /// S: this packet begins a partition.
    pub partition_start: bool,
    /// PID: the partition's index; 0 is the first of a frame.
    pub partition: u8,
    pub picture_id: Option<At<PictureId>>,
    pub tl0: Option<At<u8>>,
    /// TID, 0 to 3; `None` when the T bit is off.
    pub temporal: Option<u8>,
    /// Y: refers to pictures of temporal layer 0 only, so that a receiver may step up here.
    pub layer_sync: bool,
    /// KEYIDX, 0 to 31; `None` when the K bit is off.
    pub key_index: Option<u8>,
    /// Bytes of the descriptor; the VP8 payload follows.
    pub len: usize,
}

/// Parses a descriptor; `None` if it is cut short.
pub fn parse(payload: &[u8]) -> Option<Vp8Descriptor> {
    let first = *payload.first()?;
    let mut descriptor = Vp8Descriptor {
        non_reference: first & 0x20 != 0,
        partition_start: first & 0x10 != 0,
        partition: first & 0x07,
        picture_id: None,
        tl0: None,
        temporal: None,
        layer_sync: false,
        key_index: None,
        len: 1,
    };
    if first & 0x80 == 0 {
        return Some(descriptor);
    }
    let extension = *payload.get(1)?;
    let mut at = 2;
    if extension & 0x80 != 0 {
        let (id, behind) = read_picture_id(payload, at)?;
        descriptor.picture_id = Some(id);
        at = behind;
    }
    if extension & 0x40 != 0 {
        descriptor.tl0 = Some(At { offset: at, value: *payload.get(at)? });
        at += 1;
    }
    if extension & 0x30 != 0 {
        let byte = *payload.get(at)?;
        if extension & 0x20 != 0 {
            descriptor.temporal = Some(byte >> 6);
            descriptor.layer_sync = byte & 0x20 != 0;
        }
        if extension & 0x10 != 0 {
            descriptor.key_index = Some(byte & 0x1f);
        }
        at += 1;
    }
    descriptor.len = at;
    Some(descriptor)
}

impl Vp8Descriptor {
    /// Whether the packet begins a frame.
    pub fn is_frame_start(&self) -> bool {
        self.partition_start && self.partition == 0
    }

    /// The same, with what its frame needs.
    pub fn frame_start(&self) -> FrameStart {
        match (self.is_frame_start(), self.layer_sync) {
            (false, _) => FrameStart::No,
            (true, false) => FrameStart::Yes,
            (true, true) => FrameStart::LayerSync,
        }
    }

    /// Whether the packet begins a key frame: S = 1, PID = 0 and an inverse key frame flag of 0 (RFC 7741 §4.3).
    pub fn is_keyframe_start(&self, payload: &[u8]) -> bool {
        self.is_frame_start() && payload.get(self.len).is_some_and(|header| header & 1 == 0)
    }

    /// The picture size that a key frame's first packet states (RFC 6386 §9.1).
    pub fn resolution(&self, payload: &[u8]) -> Option<Resolution> {
        if !self.is_keyframe_start(payload) {
            return None;
        }
        let header: &[u8; 10] = payload.get(self.len..)?.first_chunk()?;
        let [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = *header else { return None };
        let width = u16::from_le_bytes([w0, w1]) & 0x3fff;
        let height = u16::from_le_bytes([h0, h1]) & 0x3fff;
        Some(Resolution { width, height })
    }

    /// The ids without their places.
    pub fn ids(&self) -> PictureIds {
        PictureIds {
            picture_id: self.picture_id.map(|id| id.value),
            tl0: self.tl0.map(|tl0| tl0.value),
            temporal: self.temporal.unwrap_or(0),
            spatial: 0,
        }
    }
}

/// Moves PictureID and TL0PICIDX by `offsets` in place; `None`, and nothing changed, if the descriptor is cut short.
pub fn rewrite(payload: &mut [u8], offsets: IdOffsets) -> Option<()> {
    let descriptor = parse(payload)?;
    move_ids(payload, descriptor.picture_id, descriptor.tl0, offsets)
}
