//! The numbers that payload descriptors carry across codecs: picture ids and layer ids, and how they move by an offset.
//!
//! Invariant: rewriting keeps every field's width, so a packet never changes its length.

/// A PictureID with its width on the wire (RFC 7741 §4.2, RFC 9628 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureId {
    /// M = 0: 7 bits.
    Short(u8),
    /// M = 1: 15 bits.
    Long(u16),
}

impl PictureId {
    /// The number, without its width.
    pub fn value(self) -> u16 {
        match self {
            Self::Short(value) => u16::from(value),
            Self::Long(value) => value,
        }
    }

    /// The id moved by `offset`, modulo its own width.
    pub fn moved(self, offset: u16) -> Self {
        let sum = self.value().wrapping_add(offset);
        match self {
            Self::Short(_) => Self::Short(u8::try_from(sum & 0x7f).unwrap_or(0)),
            Self::Long(_) => Self::Long(sum & 0x7fff),
        }
    }
}

/// Ids of a picture within its stream, as far as its descriptor tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PictureIds {
    pub picture_id: Option<PictureId>,
    /// TL0PICIDX: counts pictures of temporal layer 0.
    pub tl0: Option<u8>,
    /// Temporal layer; 0 when there are none.
    pub temporal: u8,
    /// Spatial layer; 0 when there are none.
    pub spatial: u8,
}

/// What to add to the ids of a rewritten packet, modulo each field's width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdOffsets {
    pub picture_id: u16,
    pub tl0: u8,
}

/// Picture size, pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    pub width: u16,
    pub height: u16,
}

/// A picture id or TL0PICIDX with the byte offset at which it stands in the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At<T> {
    pub offset: usize,
    pub value: T,
}

/// Reads a PictureID at `offset`; returns it and the offset behind it.
pub(super) fn read_picture_id(payload: &[u8], offset: usize) -> Option<(At<PictureId>, usize)> {
    let first = *payload.get(offset)?;
    if first & 0x80 == 0 {
        return Some((At { offset, value: PictureId::Short(first) }, offset + 1));
    }
    let second = *payload.get(offset + 1)?;
    let value = u16::from_be_bytes([first & 0x7f, second]);
    Some((At { offset, value: PictureId::Long(value) }, offset + 2))
}

/// Writes the ids found at their places back, moved by `offsets`.
pub(super) fn move_ids(
    payload: &mut [u8],
    picture_id: Option<At<PictureId>>,
    tl0: Option<At<u8>>,
    offsets: IdOffsets,
) -> Option<()> {
    if let Some(At { offset, value }) = picture_id {
        match value.moved(offsets.picture_id) {
            PictureId::Short(id) => *payload.get_mut(offset)? = id,
            PictureId::Long(id) => {
                payload.get_mut(offset..offset + 2)?.copy_from_slice(&(id | 0x8000).to_be_bytes());
            }
        }
    }
    if let Some(At { offset, value }) = tl0 {
        *payload.get_mut(offset)? = value.wrapping_add(offsets.tl0);
    }
    Some(())
}
