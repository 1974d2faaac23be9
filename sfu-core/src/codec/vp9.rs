//! VP9 payload descriptor (RFC 9628 §4.2), flexible and non-flexible mode, with the scalability structure.

use super::descriptor::{At, IdOffsets, PictureId, PictureIds, Resolution, move_ids, read_picture_id};
use super::vp9_header;

/// Most spatial layers a scalability structure can describe (N_S is 3 bits).
pub const SPATIAL_LAYERS_MAX: usize = 8;

/// Most reference indices of one packet (RFC 9628 §4.2: P_DIFF up to 3 times).
const REFERENCES_MAX: usize = 3;

/// The descriptor of one packet, with the places of the ids in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp9Descriptor {
    /// P: predicted from an earlier picture.
    pub inter_predicted: bool,
    /// F: flexible mode.
    pub flexible: bool,
    /// B: begins a layer frame.
    pub start_of_frame: bool,
    /// E: ends a layer frame.
    pub end_of_frame: bool,
    /// Z: not a reference for higher spatial layers.
    pub not_upper_reference: bool,
    pub picture_id: Option<At<PictureId>>,
    pub tl0: Option<At<u8>>,
    /// `None` when the L bit is off.
    pub layer: Option<Vp9Layer>,
    /// V: the scalability structure, which comes with key frames.
    pub structure: Option<ScalabilityStructure>,
    /// Bytes of the descriptor; the VP9 payload follows.
    pub len: usize,
}

/// The layer indices byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp9Layer {
    /// TID, 0 to 7.
    pub temporal: u8,
    /// U: a receiver may step up to this temporal layer here.
    pub switching_up: bool,
    /// SID, 0 to 7.
    pub spatial: u8,
    /// D: depends on the lower spatial layer of the same picture.
    pub inter_layer: bool,
}

/// Number and sizes of the spatial layers (RFC 9628 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalabilityStructure {
    /// N_S + 1, 1 to 8.
    pub spatial_layers: u8,
    /// By spatial layer; all `None` when the Y bit is off.
    pub resolutions: [Option<Resolution>; SPATIAL_LAYERS_MAX],
}

/// Parses a descriptor; `None` if it is cut short or names more than three references.
pub fn parse(payload: &[u8]) -> Option<Vp9Descriptor> {
    let first = *payload.first()?;
    let mut descriptor = Vp9Descriptor {
        inter_predicted: first & 0x40 != 0,
        flexible: first & 0x10 != 0,
        start_of_frame: first & 0x08 != 0,
        end_of_frame: first & 0x04 != 0,
        not_upper_reference: first & 0x01 != 0,
        picture_id: None,
        tl0: None,
        layer: None,
        structure: None,
        len: 1,
    };
    let mut at = 1;
    if first & 0x80 != 0 {
        let (id, behind) = read_picture_id(payload, at)?;
        descriptor.picture_id = Some(id);
        at = behind;
    }
    if first & 0x20 != 0 {
        descriptor.layer = Some(read_layer(*payload.get(at)?));
        at += 1;
        if !descriptor.flexible {
            descriptor.tl0 = Some(At { offset: at, value: *payload.get(at)? });
            at += 1;
        }
    }
    if descriptor.flexible && descriptor.inter_predicted {
        at = skip_references(payload, at)?;
    }
    if first & 0x02 != 0 {
        let (structure, behind) = read_structure(payload, at)?;
        descriptor.structure = Some(structure);
        at = behind;
    }
    descriptor.len = at;
    Some(descriptor)
}

fn read_layer(byte: u8) -> Vp9Layer {
    Vp9Layer {
        temporal: byte >> 5,
        switching_up: byte & 0x10 != 0,
        spatial: (byte >> 1) & 0x07,
        inter_layer: byte & 0x01 != 0,
    }
}

fn skip_references(payload: &[u8], mut at: usize) -> Option<usize> {
    for _ in 0..REFERENCES_MAX {
        let more = *payload.get(at)? & 0x01 != 0;
        at += 1;
        if !more {
            return Some(at);
        }
    }
    None
}

fn read_structure(payload: &[u8], mut at: usize) -> Option<(ScalabilityStructure, usize)> {
    let head = *payload.get(at)?;
    at += 1;
    let spatial_layers = (head >> 5) + 1;
    let mut resolutions = [None; SPATIAL_LAYERS_MAX];
    if head & 0x10 != 0 {
        for resolution in resolutions.iter_mut().take(usize::from(spatial_layers)) {
            let [w0, w1, h0, h1] = *payload.get(at..)?.first_chunk()?;
            *resolution =
                Some(Resolution { width: u16::from_be_bytes([w0, w1]), height: u16::from_be_bytes([h0, h1]) });
            at += 4;
        }
    }
    if head & 0x08 != 0 {
        let pictures = *payload.get(at)?;
        at += 1;
        for _ in 0..pictures {
            let references = (*payload.get(at)? >> 2) & 0x03;
            at += 1 + usize::from(references);
        }
        payload.get(..at)?;
    }
    Some((ScalabilityStructure { spatial_layers, resolutions }, at))
}

impl Vp9Descriptor {
    /// Whether the packet begins a key picture: P = 0, B = 1, and the lowest spatial layer.
    pub fn is_keyframe_start(&self) -> bool {
        !self.inter_predicted && self.start_of_frame && self.layer.is_none_or(|layer| layer.spatial == 0)
    }

    /// The size of the highest spatial layer, if this packet carries the structure; without one, what the key frame that
    /// begins here says of itself.
    pub fn resolution(&self, payload: &[u8]) -> Option<Resolution> {
        let stated = self.structure.and_then(|structure| structure.resolutions.into_iter().flatten().last());
        stated.or_else(|| {
            let begins = self.is_keyframe_start() && self.structure.is_none();
            vp9_header::resolution(payload.get(self.len..).filter(|_| begins)?)
        })
    }

    /// The ids without their places.
    pub fn ids(&self) -> PictureIds {
        PictureIds {
            picture_id: self.picture_id.map(|id| id.value),
            tl0: self.tl0.map(|tl0| tl0.value),
            temporal: self.layer.map_or(0, |layer| layer.temporal),
            spatial: self.layer.map_or(0, |layer| layer.spatial),
        }
    }
}

/// Moves PictureID and TL0PICIDX by `offsets` in place; `None`, and nothing changed, if the descriptor is malformed.
pub fn rewrite(payload: &mut [u8], offsets: IdOffsets) -> Option<()> {
    let descriptor = parse(payload)?;
    move_ids(payload, descriptor.picture_id, descriptor.tl0, offsets)
}
