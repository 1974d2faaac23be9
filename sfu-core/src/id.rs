//! Names of things: newtypes, so that two numbers of different meaning cannot be exchanged.

use std::fmt;
use std::sync::Arc;

/// A room, by the name that stands in its link.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Arc<str>);

/// A participant's name within its room; a publisher's is unique there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(Arc<str>);

/// Why a room name or an identity was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("is empty; give it 1 to {max} characters", max = crate::limits::NAME_BYTES_MAX)]
    Empty,
    #[error("is longer than {max} bytes", max = crate::limits::NAME_BYTES_MAX)]
    TooLong,
    #[error("holds a control character or a slash")]
    BadCharacter,
}

fn checked(name: &str) -> Result<Arc<str>, NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > crate::limits::NAME_BYTES_MAX {
        return Err(NameError::TooLong);
    }
    if name.chars().any(|c| c.is_control() || c == '/') {
        return Err(NameError::BadCharacter);
    }
    Ok(Arc::from(name))
}

macro_rules! name {
    ($type:ident) => {
        impl $type {
            /// Checks and takes over a name: 1 to `NAME_BYTES_MAX` bytes, no control characters, no slash.
            pub fn new(name: &str) -> Result<Self, NameError> {
                checked(name).map(Self)
            }

            /// The name as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
name!(RoomName);
name!(Identity);

slotmap::new_key_type! {
    /// A participant within its shard; never used twice.
    pub struct ParticipantKey;
    /// A published track within its shard; never used twice.
    pub struct TrackId;
    /// One encoding of a track (a simulcast RTP stream, or the only one) within its shard; never used twice.
    pub struct EncodingId;
}

macro_rules! number {
    ($(#[$doc:meta])* $type:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $type(pub $inner);

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
number! {
    /// One transport (ICE + DTLS + SRTP of one peer); chosen by whoever sends the command that creates it.
    TransportId(u64)
}
number! {
    /// Joins a command to the event that answers it.
    RequestId(u64)
}
number! {
    /// Synchronization source of an RTP stream (RFC 3550 §3).
    Ssrc(u32)
}
number! {
    /// RTP payload type, 7 bits (RFC 3550 §5.1).
    PayloadType(u8)
}

/// Identification tag of an m-section (RFC 9143, `a=mid`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mid(pub Arc<str>);

/// Restriction identifier of a simulcast encoding (RFC 8851, `a=rid`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rid(pub Arc<str>);

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    Audio,
    Video,
}

impl MediaKind {
    /// Ticks of RTP time in a second, Hz (RFC 7587 §4.1; 90 kHz for every video format).
    pub fn clock_rate(self) -> u32 {
        match self {
            Self::Audio => 48_000,
            Self::Video => 90_000,
        }
    }
}
