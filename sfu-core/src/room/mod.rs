//! A room: who publishes, who watches, and who gets what. Joins `publish` and `subscribe`, which know nothing of each other.

mod announced;
mod audio;
mod floor;
mod routing;
mod tick;
mod video;
mod voice;
mod voices;

pub use announced::Announced;
pub use audio::{Audible, Heard};
pub use routing::{SlotView, Viewer, Wishes, assign};
pub use voices::{Verdict, Voices};

use std::collections::HashMap;

use crate::bitrate::RoomCaps;
use crate::id::{Identity, MediaKind, Mid, ParticipantKey, ShardId, TrackId, TrackName};

/// A publisher in the order of arrival, with its tracks in the order of its offer.
#[derive(Debug, Clone)]
pub struct Publisher {
    pub participant: ParticipantKey,
    pub identity: Identity,
    pub tracks: Vec<Publication>,
}

/// A published track, as far as the room goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    pub track: TrackId,
    pub mid: Mid,
    pub kind: MediaKind,
}

impl Publisher {
    /// Whether a track is one of its own.
    pub fn publishes(&self, track: TrackId) -> bool {
        self.tracks.iter().any(|known| known.track == track)
    }

    /// Its tracks of a kind, in the order of its offer.
    pub fn tracks_of(&self, kind: MediaKind) -> impl Iterator<Item = TrackId> {
        self.tracks.iter().filter(move |known| known.kind == kind).map(|known| known.track)
    }

    /// Its `index`-th track of a kind: the first video is the camera, the second the screen.
    pub fn track(&self, kind: MediaKind, index: usize) -> Option<TrackId> {
        self.tracks_of(kind).nth(index)
    }
}

/// One room.
#[derive(Debug, Default)]
pub struct Room {
    pub publishers: Vec<Publisher>,
    pub viewers: Vec<ParticipantKey>,
    pub voices: Voices,
    /// What was told of them.
    pub announced: Announced,
    /// What everybody in it may send and receive.
    pub caps: RoomCaps,
    /// Other shards that have participants of it.
    pub links: Vec<ShardId>,
}

/// A room's publishers by name: made in one pass, for any number of steps that ask who somebody is.
#[derive(Debug)]
pub struct ByName<'r>(HashMap<&'r Identity, &'r Publisher>);

impl ByName<'_> {
    /// The track of this name and kind, if anybody publishes it now.
    pub fn track(&self, name: &TrackName, kind: MediaKind) -> Option<TrackId> {
        let tracks = &self.0.get(&name.identity)?.tracks;
        tracks.iter().find(|known| known.mid == name.mid && known.kind == kind).map(|known| known.track)
    }
}

impl Room {
    /// How many shards it is on, this one too.
    pub fn shards(&self) -> u64 {
        u64::try_from(self.links.len()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Who publishes under this name.
    pub fn publisher(&self, identity: &Identity) -> Option<&Publisher> {
        self.publishers.iter().find(|publisher| publisher.identity == *identity)
    }

    /// Its publishers by name, for whoever looks up many.
    pub fn by_name(&self) -> ByName<'_> {
        ByName(self.publishers.iter().map(|publisher| (&publisher.identity, publisher)).collect())
    }

    /// Takes a participant out; whatever it published is gone with it.
    pub fn remove(&mut self, participant: ParticipantKey) {
        self.publishers.retain(|publisher| publisher.participant != participant);
        self.viewers.retain(|viewer| *viewer != participant);
    }
}
