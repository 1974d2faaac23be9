//! What is wrong with a session description.

/// Why an offer cannot be answered: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    #[error("the session description has {bytes} bytes; at most {max} are accepted", max = crate::limits::SDP_BYTES_MAX)]
    TooLong { bytes: usize },
}
