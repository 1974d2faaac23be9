//! Names of things: newtypes, so that two numbers of different meaning cannot be exchanged.

use std::fmt;
use std::sync::Arc;

use crate::limits::NAME_BYTES_MAX;

/// A room, by the name that stands in its link.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Arc<str>);

/// A participant's name within its room; a publisher's is unique there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity(Arc<str>);

/// Why a room name or an identity was refused; to be read after what was named, as in "the room's name is empty; …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("is empty; give it 1 to {NAME_BYTES_MAX} bytes")]
    Empty,
    #[error("is {bytes} bytes long in UTF-8; at most {NAME_BYTES_MAX} are possible")]
    TooLong { bytes: usize },
    #[error("is a step within a URL's path (RFC 3986 §5.2.4); give it more than one or two dots")]
    Dots,
    #[error("begins or ends with white space; leave that out")]
    OuterSpace,
    #[error("holds a slash, which separates the parts of a URL's path; write it without")]
    Slash,
    #[error("holds a comma, which separates identities in watch=; write it without")]
    Comma,
    #[error("holds U+{:04X}, which cannot be seen; write it without control and formatting characters", u32::from(*.0))]
    Invisible(char),
}

fn checked(name: &str) -> Result<Arc<str>, NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(NameError::TooLong { bytes: name.len() });
    }
    if name == "." || name == ".." {
        return Err(NameError::Dots);
    }
    if name.trim() != name {
        return Err(NameError::OuterSpace);
    }
    if name.contains('/') {
        return Err(NameError::Slash);
    }
    match name.chars().find(|c| is_invisible(*c)) {
        Some(character) => Err(NameError::Invisible(character)),
        None => Ok(Arc::from(name)),
    }
}

/// Characters that make two names look the same, or a name read backwards: controls, zero-width and bidirectional
/// formatting, separators of lines.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl RoomName {
    /// Checks and takes over a name: 1 to `NAME_BYTES_MAX` bytes, all to be seen, and one segment of a URL's path.
    pub fn new(name: &str) -> Result<Self, NameError> {
        checked(name).map(Self)
    }
}

impl Identity {
    /// Checks and takes over a name: what a room may be called, without commas.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if name.contains(',') {
            return Err(NameError::Comma);
        }
        checked(name).map(Self)
    }
}

macro_rules! name {
    ($type:ident) => {
        impl $type {
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
    /// One transport (ICE + DTLS + SRTP of one peer); chosen by whoever sends the command that creates it. Publishers of a room
    /// come in the order of their transports.
    TransportId(u64)
}
number! {
    /// One shard among those of its node.
    ShardId(u16)
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

/// Names a published track in its room: whose it is, and the m-section it is in. Outlives a publisher that comes back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackName {
    pub identity: Identity,
    pub mid: Mid,
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_person_can_read_and_a_url_can_hold_are_taken_as_they_are() {
        let longest = "ü".repeat(NAME_BYTES_MAX / 2);
        for name in ["a", "...", ".a", "a..", "café & bar", "日本語", "50% off?", "a\\b", "🚀", &longest] {
            assert_eq!(RoomName::new(name).unwrap().as_str(), name);
            assert_eq!(Identity::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn other_names_are_refused_with_the_reason() {
        let long = format!("{}x", "ü".repeat(NAME_BYTES_MAX / 2));
        let bytes = NAME_BYTES_MAX + 1;
        let cases = [
            ("", NameError::Empty),
            (&long, NameError::TooLong { bytes }),
            (".", NameError::Dots),
            ("..", NameError::Dots),
            (" ", NameError::OuterSpace),
            ("\u{a0}ann", NameError::OuterSpace),
            ("ann\n", NameError::OuterSpace),
            ("a/b", NameError::Slash),
            ("a\nb", NameError::Invisible('\n')),
            ("a\u{7f}b", NameError::Invisible('\u{7f}')),
        ];
        for (name, error) in cases {
            assert_eq!(RoomName::new(name), Err(error), "{name:?}");
            assert_eq!(Identity::new(name), Err(error), "{name:?}");
        }
    }

    #[test]
    fn characters_that_hide_or_turn_text_are_refused_wherever_they_stand() {
        for c in "\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}".chars() {
            for name in [format!("{c}ann"), format!("a{c}nn"), format!("ann{c}"), c.to_string()] {
                assert!(RoomName::new(&name).is_err() && Identity::new(&name).is_err(), "{name:?}");
            }
        }
    }

    #[test]
    fn a_comma_separates_identities_and_may_stand_in_a_rooms_name() {
        assert_eq!(Identity::new("a,b"), Err(NameError::Comma));
        assert_eq!(RoomName::new("a,b").unwrap().as_str(), "a,b");
    }
}
