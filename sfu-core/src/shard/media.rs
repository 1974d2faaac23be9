//! The tracks and rings of a shard, and who reads which.

use slotmap::{SecondaryMap, SlotMap};

use crate::id::{EncodingId, ParticipantKey, TrackId};
use crate::publish::{Encoding, Track};
use crate::ring::Ring;

/// Everything published on a shard.
#[derive(Debug, Default)]
pub(super) struct Media {
    pub tracks: SlotMap<TrackId, Track>,
    pub encodings: SlotMap<EncodingId, Encoding>,
    /// Who is to be woken when an encoding has something new.
    pub readers: SecondaryMap<EncodingId, Vec<ParticipantKey>>,
}

impl Media {
    /// An encoding's packets.
    pub fn ring(&self, encoding: EncodingId) -> Option<&Ring> {
        self.encodings.get(encoding).map(|encoding| &encoding.ring)
    }

    /// The encoding that viewers of a track get: the one that brought most so far, the highest of a simulcast's.
    pub fn shown_encoding(&self, track: TrackId) -> Option<EncodingId> {
        let candidates = self.tracks.get(track)?.encodings.iter().copied();
        candidates.max_by_key(|id| self.encodings.get(*id).map(|encoding| encoding.stats.bytes_received))
    }

    /// Makes `key` a reader of just `reads`.
    pub fn set_reader(&mut self, key: ParticipantKey, before: &[EncodingId], reads: &[EncodingId]) {
        for gone in before.iter().filter(|encoding| !reads.contains(encoding)) {
            if let Some(readers) = self.readers.get_mut(*gone) {
                readers.retain(|reader| *reader != key);
            }
        }
        for new in reads.iter().filter(|encoding| !before.contains(encoding)) {
            if let Some(readers) = self.readers.get_mut(*new) {
                readers.push(key);
            }
        }
    }
}
