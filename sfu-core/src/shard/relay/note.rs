//! What shards tell each other beside packets. Tracks and encodings go by the names that they have where they are published.

use crate::command::Muting;
use crate::id::{EncodingId, Identity, MediaKind, Mid, Rid, RoomName, Ssrc, TrackId, TransportId};
use crate::publish::{Costs, EncodingState, Want};
use crate::ring::Retention;
use crate::rtp::MediaClock;
use crate::sdp::NegotiatedCodec;

/// One thing that a shard tells another.
#[derive(Debug)]
pub(super) enum Note {
    /// The room has participants here; everything that they publish follows.
    Hello {
        room: RoomName,
    },
    /// The room has none any more.
    Bye {
        room: RoomName,
    },
    /// A publisher, with all its tracks.
    Published(Publication),
    /// A publisher is gone.
    Gone {
        publisher: TransportId,
    },
    /// How things stand with an encoding.
    Encoding(EncodingNews),
    /// An encoding is gone while its track goes on.
    EncodingGone {
        encoding: EncodingId,
    },
    /// What an encoding's timestamps mean, by a new report, and what it costs by now: who copies nothing of it cannot measure
    /// that.
    Clock {
        encoding: EncodingId,
        clock: Option<MediaClock>,
        costs: Costs,
    },
    Muted {
        track: TrackId,
        muting: Muting,
    },
    /// Who was heard so far, for a shard that has heard nothing yet.
    Heard {
        room: RoomName,
        /// Who has the floor.
        floor: Option<TransportId>,
        /// Audio tracks, those first that are to be heard first.
        order: Vec<(TransportId, Mid)>,
    },
    /// Somebody here watches a track that is published there, or nobody does any more.
    Want {
        track: TrackId,
        want: Want,
        /// The encoding that the first who watches is to see.
        first: EncodingId,
    },
    /// Somebody here is to be shown an encoding that is published there, or nobody is any more.
    Used {
        encoding: EncodingId,
        want: Want,
    },
    /// Somebody here is moved between an encoding that is published there and another because of its link.
    Moved {
        encoding: EncodingId,
    },
    /// Somebody here cannot decode an encoding that is published there.
    KeyframeWanted {
        encoding: EncodingId,
    },
}

/// A publisher as other shards know it.
#[derive(Debug)]
pub(super) struct Publication {
    pub room: RoomName,
    pub publisher: TransportId,
    pub identity: Identity,
    /// In the order of its offer.
    pub tracks: Vec<TrackNews>,
}

/// A track as other shards know it.
#[derive(Debug)]
pub(super) struct TrackNews {
    pub track: TrackId,
    pub mid: Mid,
    pub kind: MediaKind,
    pub codecs: Vec<NegotiatedCodec>,
    pub muting: Muting,
}

/// An encoding as other shards know it.
#[derive(Debug)]
pub(super) struct EncodingNews {
    pub track: TrackId,
    pub encoding: EncodingId,
    pub rid: Option<Rid>,
    pub ssrc: Option<Ssrc>,
    /// Of its ring.
    pub retention: Retention,
    /// Of its ring.
    pub bytes_max: usize,
    /// Frames that came on all the track's encodings.
    pub frames: u64,
    pub state: EncodingState,
    pub clock: Option<MediaClock>,
}
