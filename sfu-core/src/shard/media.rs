//! The tracks and rings of a shard, and who reads which.

use std::time::{Duration, Instant};

use slotmap::{SecondaryMap, SlotMap};

use crate::id::{EncodingId, ParticipantKey, TrackId};
use crate::publish::{Encoding, Track};
use crate::ring::Ring;

/// How long an encoding of a simulcast must be silent for its viewers to be given another: browsers switch encodings off
/// when their link or their processor does not carry them. Ten frames at the lowest rate a browser falls to.
const ENCODING_STALLED: Duration = Duration::from_secs(1);

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

    /// Whether an encoding brought anything within the last `span`.
    pub fn is_sending(&self, encoding: EncodingId, now: Instant, span: Duration) -> bool {
        let heard = self.encodings.get(encoding).and_then(|encoding| encoding.heard);
        heard.is_some_and(|heard| now.saturating_duration_since(heard) < span)
    }

    /// The encoding that viewers of a track get: of those that send, the one that brought most so far, the highest of a
    /// simulcast's.
    pub fn shown_encoding(&self, track: TrackId, now: Instant) -> Option<EncodingId> {
        let candidates = self.tracks.get(track)?.encodings.iter().copied();
        candidates.max_by_key(|id| {
            let brought = self.encodings.get(*id).map(|encoding| encoding.stats.bytes_received);
            (self.is_sending(*id, now, ENCODING_STALLED), brought)
        })
    }

    /// Whether viewers of an encoding wait for what does not come any more while the track's other encodings go on.
    pub fn is_stalled(&self, encoding: EncodingId, now: Instant) -> bool {
        let siblings = self
            .encodings
            .get(encoding)
            .and_then(|encoding| self.tracks.get(encoding.track))
            .map(|track| track.encodings.as_slice())
            .unwrap_or_default();
        !self.is_sending(encoding, now, ENCODING_STALLED)
            && siblings.iter().any(|sibling| self.is_sending(*sibling, now, ENCODING_STALLED))
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
