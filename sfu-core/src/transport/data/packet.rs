//! SCTP packets as far as the gate looks into them (RFC 9260 §3).

/// Source port, destination port, verification tag, checksum.
const HEADER_BYTES: usize = 12;
const CHUNK_HEADER_BYTES: usize = 4;

pub(super) const DATA: u8 = 0;
pub(super) const INIT: u8 = 1;
pub(super) const INIT_ACK: u8 = 2;
pub(super) const SACK: u8 = 3;
pub(super) const HEARTBEAT: u8 = 4;
pub(super) const ABORT: u8 = 6;
pub(super) const SHUTDOWN: u8 = 7;
pub(super) const SHUTDOWN_ACK: u8 = 8;
pub(super) const COOKIE_ECHO: u8 = 10;
pub(super) const SHUTDOWN_COMPLETE: u8 = 14;
/// RFC 6525.
pub(super) const RE_CONFIG: u8 = 130;
/// RFC 3758.
pub(super) const FORWARD_TSN: u8 = 192;

/// A transmission sequence number: counts the chunks of one direction, modulo 2^32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tsn(pub(super) u32);

impl Tsn {
    /// How far it is ahead of another, negative if behind; half their circle at most.
    pub(super) fn distance(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0).cast_signed()
    }
}

/// One chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'a> {
    pub(super) kind: u8,
    pub(super) value: &'a [u8],
}

impl Chunk<'_> {
    /// The 32 bits at `offset`.
    pub(super) fn u32(&self, offset: usize) -> Option<u32> {
        be32(self.value, offset)
    }

    /// The 16 bits at `offset`.
    pub(super) fn u16(&self, offset: usize) -> Option<u16> {
        be16(self.value, offset)
    }
}

pub(super) fn be32(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_be_bytes)
}

pub(super) fn be16(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().copied().map(u16::from_be_bytes)
}

/// The verification tag of a packet.
pub(super) fn tag(packet: &[u8]) -> Option<u32> {
    be32(packet, 4)
}

/// The first chunk of a packet.
pub(super) fn first_chunk(packet: &[u8]) -> Option<Chunk<'_>> {
    chunks(packet).next().flatten()
}

/// The chunks of a packet; `None`, and nothing after it, where they end in the middle.
pub(super) fn chunks(packet: &[u8]) -> impl Iterator<Item = Option<Chunk<'_>>> {
    let mut rest = packet.get(HEADER_BYTES..);
    std::iter::from_fn(move || {
        let bytes = rest?;
        if bytes.is_empty() {
            return None;
        }
        let chunk = next_chunk(bytes);
        rest = chunk.map(|(_, rest)| rest);
        Some(chunk.map(|(chunk, _)| chunk))
    })
}

/// A chunk, and what follows it: the padding of the last one may be missing.
fn next_chunk(bytes: &[u8]) -> Option<(Chunk<'_>, &[u8])> {
    let (kind, length) = (*bytes.first()?, usize::from(be16(bytes, 2)?));
    let value = bytes.get(CHUNK_HEADER_BYTES..length)?;
    let rest = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((Chunk { kind, value }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_round() {
        assert_eq!(Tsn(2).distance(Tsn(u32::MAX)), 3);
        assert_eq!(Tsn(5).distance(Tsn(5)), 0);
        assert_eq!(Tsn(5).distance(Tsn(6)), -1);
    }

    #[test]
    fn chunks_end_where_their_lengths_lie() {
        let kinds = |body: &[u8]| {
            let packet = [&[0; HEADER_BYTES], body].concat();
            chunks(&packet).map(|chunk| chunk.map(|chunk| (chunk.kind, chunk.value.len()))).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&[0, 0, 0, 5, 9, 0, 0, 0, 3, 0, 0, 4]), [Some((0, 1)), Some((3, 0))]);
        assert_eq!(kinds(&[0, 0, 0, 5, 9]), [Some((0, 1))]);
        assert_eq!(kinds(&[0, 0, 0, 5]), [None]);
        assert_eq!(kinds(&[0, 0, 0, 3, 0, 0, 0, 4]), [None]);
        assert_eq!(kinds(&[]), []);
        assert_eq!(chunks(&[0; 11]).count(), 0);
    }
}
