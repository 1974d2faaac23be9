//! A published track: one m-section of its publisher, in one or more encodings.

use std::time::Instant;

use crate::command::Muting;
use crate::id::{EncodingId, Identity, MediaKind, Mid, ParticipantKey, PayloadType, Rid, RoomName, ShardId, TrackId};
use crate::sdp::NegotiatedCodec;

/// What a payload type stands for within a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format<'a> {
    Media(&'a NegotiatedCodec),
    /// Repeats of that format (RFC 4588).
    Repeat(&'a NegotiatedCodec),
}

/// Whose a track is, and where.
#[derive(Debug, Clone)]
pub struct Owner {
    pub participant: ParticipantKey,
    pub room: RoomName,
    pub identity: Identity,
}

/// Whether the packets of a replica are copied to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Everything,
    /// Nobody reads them.
    Nothing,
}

/// Where a replica's track is published.
#[derive(Debug, Clone, Copy)]
pub struct TrackHome {
    pub shard: ShardId,
    /// Its name there.
    pub track: TrackId,
    pub want: Want,
}

/// A track and its encodings, in the order in which their first packets came.
#[derive(Debug)]
pub struct Track {
    pub owner: Owner,
    /// Of a track that is published on another shard.
    pub home: Option<TrackHome>,
    pub mid: Mid,
    pub kind: MediaKind,
    pub codecs: Vec<NegotiatedCodec>,
    pub encodings: Vec<EncodingId>,
    /// While it is muted, nothing of it is stored.
    pub muting: Muting,
    /// Frames that came on all its encodings.
    pub frames: u64,
    /// When it was last seen to that nobody waits for an encoding that stopped.
    pub checked: Option<Instant>,
    /// When its viewers were last given another encoding because pictures changed size.
    pub resized: Option<Instant>,
    /// Encodings that its publisher was last told nobody wants.
    pub off_told: Vec<Rid>,
}

impl Track {
    /// A track that nothing was received of yet.
    pub fn new(owner: Owner, mid: Mid, kind: MediaKind, codecs: Vec<NegotiatedCodec>) -> Self {
        Self {
            owner,
            home: None,
            mid,
            kind,
            codecs,
            encodings: Vec::new(),
            muting: Muting::Unmuted,
            frames: 0,
            checked: None,
            resized: None,
            off_told: Vec::new(),
        }
    }

    /// Whether its publisher holds it back.
    pub fn is_muted(&self) -> bool {
        self.muting == Muting::Muted
    }

    /// What a payload type stands for here.
    pub fn format(&self, payload_type: PayloadType) -> Option<Format<'_>> {
        self.codecs.iter().find_map(|codec| {
            if codec.payload_type == payload_type {
                Some(Format::Media(codec))
            } else if codec.rtx == Some(payload_type) {
                Some(Format::Repeat(codec))
            } else {
                None
            }
        })
    }

    /// Whether its publisher answers keyframe requests (RFC 4585 PLI, RFC 5104 FIR).
    pub fn answers_keyframe_requests(&self) -> bool {
        self.codecs.iter().any(|codec| codec.feedback.pli || codec.feedback.fir)
    }

    /// Whether its publisher repeats what is asked for (RFC 4585 generic NACK).
    pub fn answers_nack(&self) -> bool {
        self.codecs.iter().any(|codec| codec.feedback.nack)
    }
}
