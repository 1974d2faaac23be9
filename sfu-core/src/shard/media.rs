//! The tracks and rings of a shard, and who reads which.

use std::time::{Duration, Instant};

use slotmap::{SecondaryMap, SlotMap};

use crate::bitrate::{Candidate, Rung, ladder};
use crate::id::{EncodingId, ParticipantKey, TrackId};
use crate::publish::{Costs, Encoding, Taking, Track};
use crate::ring::Ring;

use super::ring_memory::RingMemory;

/// Everything published on a shard.
#[derive(Debug)]
pub(super) struct Media {
    pub tracks: SlotMap<TrackId, Track>,
    pub encodings: SlotMap<EncodingId, Encoding>,
    /// Who is to be woken when an encoding has something new.
    pub readers: SecondaryMap<EncodingId, Vec<ParticipantKey>>,
    pub ring_memory: RingMemory,
    /// Encodings of other shards that somebody began to read, or nobody does any more.
    pub turned: Vec<EncodingId>,
    /// Tracks that are published here of which an encoding was begun to be read, or is not read any more.
    pub unweighed: Vec<TrackId>,
}

impl Media {
    /// Nothing published; all rings together may take so much.
    pub fn new(rings_bytes_max: usize) -> Self {
        Self {
            tracks: SlotMap::with_key(),
            encodings: SlotMap::with_key(),
            readers: SecondaryMap::new(),
            ring_memory: RingMemory::new(rings_bytes_max),
            turned: vec![],
            unweighed: vec![],
        }
    }

    /// An encoding's packets.
    pub fn ring(&self, encoding: EncodingId) -> Option<&Ring> {
        self.encodings.get(encoding).map(|encoding| &encoding.ring)
    }

    /// Whether an encoding brought anything within the last `span`.
    pub fn is_sending(&self, encoding: EncodingId, now: Instant, span: Duration) -> bool {
        let heard = self.encodings.get(encoding).and_then(|encoding| encoding.heard);
        heard.is_some_and(|heard| now.saturating_duration_since(heard) < span)
    }

    /// The encodings of a track that send, lowest first; none of a track that is muted.
    pub fn ladder(&self, track: TrackId, now: Instant) -> Vec<Rung> {
        let Some(track) = self.tracks.get(track).filter(|track| !track.is_muted()) else { return Vec::new() };
        let candidate = |id: &EncodingId| {
            let encoding = self.encodings.get(*id)?;
            let is_taken = encoding.taking != Taking::Refused;
            let sends = is_taken && encoding.heard.is_some() && !encoding.is_stalled(now, track.frames);
            let (bytes, Costs { bps, thinned_bps }) = (encoding.stats.bytes_received, encoding.costs());
            sends.then_some(Candidate { encoding: *id, height: encoding.height, bytes, bps, thinned_bps })
        };
        let candidates: Vec<Candidate> = track.encodings.iter().filter_map(candidate).collect();
        ladder(&candidates)
    }

    /// Whether viewers of an encoding wait for what does not come any more while the track's other encodings go on.
    pub fn is_stalled(&self, encoding: EncodingId, now: Instant) -> bool {
        let Some(encoding) = self.encodings.get(encoding) else { return false };
        self.tracks.get(encoding.track).is_some_and(|track| encoding.is_stalled(now, track.frames))
    }

    /// Makes `key` a reader of just `reads`.
    pub fn set_reader(&mut self, key: ParticipantKey, before: &[EncodingId], reads: &[EncodingId]) {
        for gone in before.iter().filter(|encoding| !reads.contains(encoding)) {
            if let Some(readers) = self.readers.get_mut(*gone) {
                readers.retain(|reader| *reader != key);
            }
            self.note_turned(*gone);
        }
        for new in reads.iter().filter(|encoding| !before.contains(encoding)) {
            if let Some(readers) = self.readers.get_mut(*new) {
                readers.push(key);
            }
            self.note_turned(*new);
        }
    }

    /// Whether anybody reads any of a track's encodings.
    pub fn is_read(&self, track: TrackId) -> bool {
        let encodings = self.tracks.get(track).map(|track| track.encodings.as_slice()).unwrap_or_default();
        encodings.iter().any(|id| self.readers.get(*id).is_some_and(|readers| !readers.is_empty()))
    }

    fn note_turned(&mut self, id: EncodingId) {
        let Some(encoding) = self.encodings.get(id) else { return };
        if encoding.home.is_some() {
            self.turned.push(id);
        } else if self.readers.get(id).is_some_and(|readers| readers.len() <= 1)
            && !self.unweighed.contains(&encoding.track)
        {
            // The first reader, or the last, or the one before the last.
            self.unweighed.push(encoding.track);
        }
    }
}
