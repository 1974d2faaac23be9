//! What stands in the clear of a protected packet: all that a client needs of most packets when it looks into a sample only.

/// Bytes of a header without CSRCs and extension (RFC 3550 §5.1).
const FIXED_BYTES: usize = 12;
const VERSION_MASK: u8 = 0xc0;
const VERSION_2: u8 = 0x80;
const PADDING: u8 = 0x20;
const EXTENSION: u8 = 0x10;
const CSRC_COUNT: u8 = 0x0f;
const MARKER: u8 = 0x80;
/// Header extensions with one byte ahead of each (RFC 8285 §4.2) and with two (§4.3, its low bits are the application's).
const ONE_BYTE_FORM: u16 = 0xbede;
const TWO_BYTE_FORM: u16 = 0x1000;

/// A header's fields that are looked at in every packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClearHeader {
    pub padded: bool,
    pub marker: bool,
    pub payload_type: u8,
    pub sequence_number: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// Transport-wide sequence number, where the packet has one.
    pub transport_sequence: Option<u16>,
}

impl ClearHeader {
    /// Reads a header; `transport_cc` is the negotiated id of the transport-wide sequence number. `None` for what is no RTP.
    pub fn parse(packet: &[u8], transport_cc: Option<u8>) -> Option<Self> {
        let (fixed, rest) = packet.split_first_chunk::<FIXED_BYTES>()?;
        let [first, second, q0, q1, t0, t1, t2, t3, s0, s1, s2, s3] = *fixed;
        if first & VERSION_MASK != VERSION_2 {
            return None;
        }
        let extensions = rest.get(4 * usize::from(first & CSRC_COUNT)..)?;
        let transport_sequence = match transport_cc {
            Some(id) if first & EXTENSION != 0 => transport_sequence(extensions, id),
            Some(_) | None => None,
        };
        Some(Self {
            padded: first & PADDING != 0,
            marker: second & MARKER != 0,
            payload_type: second & !MARKER,
            sequence_number: u16::from_be_bytes([q0, q1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            transport_sequence,
        })
    }
}

fn transport_sequence(extensions: &[u8], id: u8) -> Option<u16> {
    let ([p0, p1, l0, l1], rest) = extensions.split_first_chunk()?;
    let profile = u16::from_be_bytes([*p0, *p1]);
    let mut rest = rest.get(..4 * usize::from(u16::from_be_bytes([*l0, *l1])))?;
    while let Some((&first, after)) = rest.split_first() {
        if first == 0 {
            rest = after;
            continue;
        }
        let (found, length, after) = match profile {
            ONE_BYTE_FORM => (first >> 4, usize::from(first & 0x0f) + 1, after),
            form if form & 0xfff0 == TWO_BYTE_FORM => {
                let (&length, after) = after.split_first()?;
                (first, usize::from(length), after)
            }
            _ => return None,
        };
        let (value, after) = after.split_at_checked(length)?;
        if found == id {
            return value.first_chunk().copied().map(u16::from_be_bytes);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_transport_sequence_are_found_behind_csrcs_in_both_forms() {
        let fixed = [0xb1, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7];
        let csrc = [1, 2, 3, 4];
        let one = [0xbe, 0xde, 0, 2, 0x40, b'0', 0x31, 0xab, 0xcd, 0, 0, 0];
        let two = [0x10, 0x00, 0, 2, 4, 1, b'0', 3, 2, 0xab, 0xcd, 0];
        let expected = ClearHeader {
            padded: true,
            marker: true,
            payload_type: 96,
            sequence_number: 0x1234,
            timestamp: 9,
            ssrc: 7,
            transport_sequence: Some(0xabcd),
        };
        for extensions in [one, two] {
            let packet = [&fixed[..], &csrc, &extensions, b"payload"].concat();
            assert_eq!(ClearHeader::parse(&packet, Some(3)), Some(expected));
            assert_eq!(ClearHeader::parse(&packet, Some(5)).unwrap().transport_sequence, None);
            assert_eq!(ClearHeader::parse(&packet, None).unwrap().transport_sequence, None);
        }
        assert_eq!(ClearHeader::parse(&fixed[..11], None), None);
        assert_eq!(ClearHeader::parse(&[0; 40], None), None, "version 0");
    }
}
