//! DTLS records and handshake fragments as they stand on the wire (RFC 6347 §4.1, §4.2.2), cut without copying.

/// Bytes of a record's header.
pub(super) const RECORD_HEADER_BYTES: usize = 13;
/// Bytes of a handshake fragment's header.
const FRAGMENT_HEADER_BYTES: usize = 12;
const DTLS_1_0: [u8; 2] = [254, 255];
const DTLS_1_2: [u8; 2] = [254, 253];

/// What a record carries (RFC 5246 §6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentType {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
}

/// One record inside a datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) content: ContentType,
    pub(super) epoch: u16,
    /// Header and body.
    pub(super) bytes: &'a [u8],
    pub(super) body: &'a [u8],
}

/// Takes the first record off a datagram; `None` when what is left is none. Empty records are none.
pub(super) fn next_record<'a>(datagram: &mut &'a [u8]) -> Option<Record<'a>> {
    let header = datagram.first_chunk::<RECORD_HEADER_BYTES>()?;
    let [content, v0, v1, e0, e1, _, _, _, _, _, _, l0, l1] = header;
    if [*v0, *v1] != DTLS_1_0 && [*v0, *v1] != DTLS_1_2 {
        return None;
    }
    let content = match content {
        20 => ContentType::ChangeCipherSpec,
        21 => ContentType::Alert,
        22 => ContentType::Handshake,
        23 => ContentType::ApplicationData,
        _ => return None,
    };
    let body_len = usize::from(u16::from_be_bytes([*l0, *l1]));
    if body_len == 0 {
        return None;
    }
    let (bytes, rest) = datagram.split_at_checked(RECORD_HEADER_BYTES + body_len)?;
    *datagram = rest;
    let body = bytes.get(RECORD_HEADER_BYTES..)?;
    Some(Record { content, epoch: u16::from_be_bytes([*e0, *e1]), bytes, body })
}

/// The header of an epoch-0 record.
pub(super) fn plain_record_header(content: u8, sequence: u64, body_len: u16) -> [u8; RECORD_HEADER_BYTES] {
    let [_, _, s0, s1, s2, s3, s4, s5] = sequence.to_be_bytes();
    let [l0, l1] = body_len.to_be_bytes();
    let [v0, v1] = DTLS_1_2;
    [content, v0, v1, 0, 0, s0, s1, s2, s3, s4, s5, l0, l1]
}

/// Content type of handshake records.
pub(super) const HANDSHAKE: u8 = 22;
/// Content type of ChangeCipherSpec records.
pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;

/// A piece of a handshake message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment<'a> {
    pub(super) message_type: u8,
    /// Bytes of the whole message.
    pub(super) message_len: usize,
    pub(super) message_seq: u16,
    pub(super) offset: usize,
    pub(super) body: &'a [u8],
}

/// Takes the first fragment off a handshake record's body; `None` when what is left is none.
pub(super) fn next_fragment<'a>(body: &mut &'a [u8]) -> Option<Fragment<'a>> {
    let (header, rest) = body.split_first_chunk::<FRAGMENT_HEADER_BYTES>()?;
    let [message_type, m0, m1, m2, q0, q1, o0, o1, o2, f0, f1, f2] = header;
    let (fragment, rest) = rest.split_at_checked(three_bytes([*f0, *f1, *f2])?)?;
    *body = rest;
    Some(Fragment {
        message_type: *message_type,
        message_len: three_bytes([*m0, *m1, *m2])?,
        message_seq: u16::from_be_bytes([*q0, *q1]),
        offset: three_bytes([*o0, *o1, *o2])?,
        body: fragment,
    })
}

/// The header of a message that is its own only fragment.
pub(super) fn whole_message_header(message_type: u8, message_seq: u16, len: u16) -> [u8; FRAGMENT_HEADER_BYTES] {
    let [q0, q1] = message_seq.to_be_bytes();
    let [l0, l1] = len.to_be_bytes();
    [message_type, 0, l0, l1, q0, q1, 0, 0, 0, 0, l0, l1]
}

fn three_bytes([b0, b1, b2]: [u8; 3]) -> Option<usize> {
    usize::try_from(u32::from_be_bytes([0, b0, b1, b2])).ok()
}
