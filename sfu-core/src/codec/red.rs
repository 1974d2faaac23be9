//! Redundant audio data (RFC 2198 §3): block headers, the primary block, and stripping to it.

use crate::id::PayloadType;
use crate::limits::RED_BLOCKS_MAX;

/// One block of a RED payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedBlock<'a> {
    pub payload_type: PayloadType,
    /// How much older than the packet's RTP timestamp the block is, RTP ticks; 0 for the primary.
    pub timestamp_offset: u16,
    pub data: &'a [u8],
}

/// The blocks of a RED payload: oldest first, the primary last.
#[derive(Debug, Clone)]
pub struct RedBlocks<'a> {
    headers: &'a [u8],
    data: &'a [u8],
}

/// Checks a payload's headers and lengths; `None` if they do not add up or there are more than [`RED_BLOCKS_MAX`].
pub fn parse(payload: &[u8]) -> Option<RedBlocks<'_>> {
    let mut at = 0;
    let mut redundant_bytes = 0;
    for _ in 0..=RED_BLOCKS_MAX {
        if *payload.get(at)? & 0x80 == 0 {
            let (headers, data) = payload.split_at_checked(at + 1)?;
            return (redundant_bytes <= data.len()).then_some(RedBlocks { headers, data });
        }
        let [_, _, high, low] = *payload.get(at..)?.first_chunk()?;
        redundant_bytes += usize::from(u16::from_be_bytes([high & 0x03, low]));
        at += 4;
    }
    None
}

impl<'a> Iterator for RedBlocks<'a> {
    type Item = RedBlock<'a>;

    fn next(&mut self) -> Option<RedBlock<'a>> {
        let first = *self.headers.first()?;
        let payload_type = PayloadType(first & 0x7f);
        if first & 0x80 == 0 {
            self.headers = &[];
            return Some(RedBlock { payload_type, timestamp_offset: 0, data: std::mem::take(&mut self.data) });
        }
        let (header, headers) = self.headers.split_first_chunk::<4>()?;
        let [_, time, high, low] = *header;
        let (data, rest) = self.data.split_at_checked(usize::from(u16::from_be_bytes([high & 0x03, low])))?;
        self.headers = headers;
        self.data = rest;
        Some(RedBlock { payload_type, timestamp_offset: u16::from_be_bytes([time, high]) >> 2, data })
    }
}

/// The primary block; `None` if the payload is malformed.
pub fn primary(payload: &[u8]) -> Option<RedBlock<'_>> {
    parse(payload)?.last()
}

/// Strips every redundant block in place, leaving a valid RED payload of one block; returns its length.
pub fn strip_to_primary(payload: &mut [u8]) -> Option<usize> {
    let block = primary(payload)?;
    let (header, length) = (block.payload_type.0, block.data.len());
    let start = payload.len().checked_sub(length)?;
    *payload.first_mut()? = header;
    if start > 1 {
        payload.copy_within(start.., 1);
    }
    Some(length + 1)
}
