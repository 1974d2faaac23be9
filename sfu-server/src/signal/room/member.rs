//! One participant of a room, by socket or by WHIP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use sfu_core::bitrate::Caps;
use sfu_core::event::PublishedTrack;
use sfu_core::id::{Identity, MediaKind, TransportId};

use crate::auth::Grants;
use crate::signal::token::Token;
use crate::signal::wire::{
    Limit, Participant, Presence, Slot, Track, TrackEncodings, TrackKind, TrackSource, TrackUse, Via,
};

/// A participant of this process; never used twice, in order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(pub u64);

impl MemberId {
    /// One that nobody had. Rooms share the count: a socket may still name a participant of a room that was made anew.
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A WebSocket of this process; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

#[derive(Debug)]
pub(super) struct Member {
    pub identity: Identity,
    pub name: String,
    pub metadata: BTreeMap<String, String>,
    pub joined_at_ms: u64,
    pub tracks: Vec<Track>,
    pub body: Body,
    pub told: Told,
}

/// What the others know of a participant.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// `None`: not all of them know the same.
    pub state: Option<Participant>,
    /// When they were last told of a change.
    pub at: Option<Instant>,
}

/// How a participant is here.
#[derive(Debug)]
pub(super) enum Body {
    Whip(Whip),
    Room(Box<Seat>),
}

#[derive(Debug)]
pub(super) struct Whip {
    pub transport: TransportId,
    pub heard: bool,
    /// Its transport gave way to a newer one of the same identity, whose answer is told next.
    pub replaced: bool,
}

/// What a participant may do, for as long as it is here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    pub grants: Grants,
    /// What its token says it may publish and be sent.
    pub caps: Caps,
    /// The name of the key that signed its token; `None`: there was none.
    pub key: Option<String>,
}

/// A participant by socket.
#[derive(Debug)]
pub(super) struct Seat {
    pub rights: Rights,
    pub token: Token,
    /// The token before it, good until the client shows by a message that it knows the new one.
    pub previous_token: Option<Token>,
    pub link: Link,
    pub media: Media,
    /// A transport that is being made.
    pub joining: Option<TransportId>,
    /// An offer is being answered: what slots do is told after the answer.
    pub negotiating: bool,
    /// What the client said of its sections, by mid.
    pub uses: BTreeMap<String, TrackUse>,
    /// By mid.
    pub slots: BTreeMap<String, Slot>,
    /// Mids of slots whose status waits for the answer.
    pub slots_untold: BTreeSet<String>,
    /// Simulcast tracks of which not all encodings were always to be sent, by mid.
    pub encodings: BTreeMap<String, TrackEncodings>,
    /// The cap above which it publishes, bit/s, so that some of it is refused.
    pub publish_refused_bps: Option<u64>,
    /// What it was told to bound all that it is sent.
    pub limit: Option<Limit>,
    pub events: EventChannel,
}

/// Where the socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Here(SocketId),
    /// It may come back until then.
    Away {
        until: Instant,
    },
}

/// How the media transport is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// There was none yet.
    None,
    Live {
        transport: TransportId,
        heard: bool,
    },
    /// It ended by itself.
    Lost,
}

/// The data channel for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventChannel {
    None,
    Open,
    Blocked,
}

impl Member {
    pub fn seat(&self) -> Option<&Seat> {
        match &self.body {
            Body::Room(seat) => Some(seat),
            Body::Whip(_) => None,
        }
    }

    pub fn seat_mut(&mut self) -> Option<&mut Seat> {
        match &mut self.body {
            Body::Room(seat) => Some(seat),
            Body::Whip(_) => None,
        }
    }

    /// The socket, if it is here.
    pub fn socket(&self) -> Option<SocketId> {
        match self.seat()?.link {
            Link::Here(socket) => Some(socket),
            Link::Away { .. } => None,
        }
    }

    /// The transport that carries its media, heard or not.
    pub fn transport(&self) -> Option<TransportId> {
        match &self.body {
            Body::Whip(whip) => Some(whip.transport),
            Body::Room(seat) => seat.transport(),
        }
    }

    /// What others see of it.
    pub fn participant(&self) -> Participant {
        let (via, present) = match &self.body {
            Body::Whip(whip) => (Via::Whip, whip.heard),
            Body::Room(seat) => (Via::Room, matches!(seat.link, Link::Here(_)) && !seat.is_silent()),
        };
        Participant {
            identity: self.identity.to_string(),
            name: self.name.clone(),
            metadata: self.metadata.clone(),
            presence: if present { Presence::Present } else { Presence::Unstable },
            via,
            joined_at_ms: self.joined_at_ms,
            tracks: self.tracks.clone(),
        }
    }
}

impl Seat {
    /// Whether this is its resume token, or the one before it while its client may know no other.
    pub fn is_named_by(&self, presented: &Token) -> bool {
        self.token.is(presented) || self.previous_token.as_ref().is_some_and(|token| token.is(presented))
    }

    pub fn transport(&self) -> Option<TransportId> {
        match self.media {
            Media::Live { transport, .. } => Some(transport),
            Media::None | Media::Lost => None,
        }
    }

    /// Whether there was media and none comes any more.
    pub fn is_silent(&self) -> bool {
        matches!(self.media, Media::Lost | Media::Live { heard: false, .. })
    }
}

/// The roster's view of what a transport publishes. Sections without a stated use are a microphone, a camera, and for a
/// second video the screen; the state of muting outlives further offers.
pub(super) fn roster_tracks(
    identity: &Identity,
    published: &[PublishedTrack],
    uses: &BTreeMap<String, TrackUse>,
    before: &[Track],
) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::with_capacity(published.len());
    for track in published {
        let kind = match track.kind {
            MediaKind::Audio => TrackKind::Audio,
            MediaKind::Video => TrackKind::Video,
        };
        let mid = track.mid.0.to_string();
        let stated = uses.get(&mid);
        let source = stated.map(|stated| stated.source).filter(|source| kind_of(*source) == kind);
        let guessed = match kind {
            TrackKind::Audio => TrackSource::Microphone,
            TrackKind::Video if tracks.iter().any(|other| other.source == TrackSource::Camera) => TrackSource::Screen,
            TrackKind::Video => TrackSource::Camera,
        };
        let was_muted = before.iter().any(|before| before.mid == mid && before.muted);
        let muted = was_muted;
        tracks.push(Track { id: format!("{mid}@{identity}"), mid, kind, source: source.unwrap_or(guessed), muted });
    }
    tracks
}

fn kind_of(source: TrackSource) -> TrackKind {
    match source {
        TrackSource::Microphone | TrackSource::ScreenAudio => TrackKind::Audio,
        TrackSource::Camera | TrackSource::Screen => TrackKind::Video,
    }
}
