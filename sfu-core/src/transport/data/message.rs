//! Messages as they go over the wire: what they are is told by the payload protocol identifier (RFC 8831 §8).

use bytes::Bytes;
use sctp::PayloadProtocolIdentifier as Kind;

use crate::command::DataPayload;

/// What stands for an empty message, whose kind says that it is (RFC 8831 §6.6).
const EMPTY: &[u8] = &[0];

/// A message as it goes over the wire (RFC 8831 §6.6).
pub(super) fn wire(payload: &DataPayload) -> (Kind, Bytes) {
    match payload {
        DataPayload::Text(text) if text.is_empty() => (Kind::StringEmpty, Bytes::from_static(EMPTY)),
        DataPayload::Text(text) => (Kind::String, Bytes::copy_from_slice(text.as_bytes())),
        DataPayload::Binary(bytes) if bytes.is_empty() => (Kind::BinaryEmpty, Bytes::from_static(EMPTY)),
        DataPayload::Binary(bytes) => (Kind::Binary, bytes.clone()),
    }
}

/// A message as it came; `None` if it is no text though it says so, or of no kind that is known.
pub(super) fn payload(kind: Kind, bytes: &Bytes) -> Option<DataPayload> {
    match kind {
        Kind::String => Some(DataPayload::Text(String::from_utf8(bytes.to_vec()).ok()?)),
        Kind::StringEmpty => Some(DataPayload::Text(String::new())),
        Kind::Binary => Some(DataPayload::Binary(bytes.clone())),
        Kind::BinaryEmpty => Some(DataPayload::Binary(Bytes::new())),
        _ => None,
    }
}
