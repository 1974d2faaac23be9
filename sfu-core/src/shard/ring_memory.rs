//! What all rings of a shard may take together. Above it every ring is allowed half as much as before, so that the largest keep
//! less time and the others notice nothing; far below it again they may grow as they would.
//!
//! Invariant: `held` is what the rings of `Media::encodings` hold.

use crate::id::EncodingId;
use crate::limits::{RING_BYTES_LEAST, RING_BYTES_MAX};
use crate::publish::Encoding;

use super::media::Media;

/// How far below the limit rings may grow again, as a part of it: allowed twice as much, they are still below half of it.
const RELAXED_PART: usize = 4;

/// The memory of all rings.
#[derive(Debug)]
pub(super) struct RingMemory {
    max: usize,
    held: usize,
    /// What each ring may take.
    each_max: usize,
}

impl RingMemory {
    /// Rings that may take `max` bytes.
    pub fn new(max: usize) -> Self {
        Self { max, held: 0, each_max: RING_BYTES_MAX }
    }
}

impl Media {
    /// Takes in a new encoding, whose ring may take what all others may.
    pub fn insert(&mut self, mut encoding: Encoding) -> EncodingId {
        encoding.ring.allow(self.ring_memory.each_max);
        self.ring_memory.held += encoding.ring.capacity_bytes();
        self.encodings.insert(encoding)
    }

    /// Takes an encoding out.
    pub fn remove(&mut self, encoding: EncodingId) -> Option<Encoding> {
        let gone = self.encodings.remove(encoding)?;
        self.freed(gone.ring.capacity_bytes());
        Some(gone)
    }

    /// Gives up the packets of a replica that nobody reads.
    pub fn forget_packets(&mut self, encoding: EncodingId) {
        let Some(encoding) = self.encodings.get_mut(encoding) else { return };
        let before = encoding.ring.capacity_bytes();
        encoding.forget_packets();
        let freed = before.saturating_sub(encoding.ring.capacity_bytes());
        self.freed(freed);
    }

    /// Notes that a ring takes so much more; how many had to be made smaller for it.
    pub fn ring_grew(&mut self, bytes: usize) -> u64 {
        self.ring_memory.held += bytes;
        let mut shrunk = 0;
        while self.ring_memory.held > self.ring_memory.max && self.ring_memory.each_max > RING_BYTES_LEAST {
            self.ring_memory.each_max /= 2;
            shrunk += self.allow_each();
        }
        shrunk
    }

    fn freed(&mut self, bytes: usize) {
        self.ring_memory.held = self.ring_memory.held.saturating_sub(bytes);
        while self.ring_memory.held < self.ring_memory.max / RELAXED_PART && self.ring_memory.each_max < RING_BYTES_MAX
        {
            self.ring_memory.each_max *= 2;
            self.allow_each();
        }
    }

    /// Tells every ring what it may take; how many gave something back.
    fn allow_each(&mut self) -> u64 {
        let RingMemory { held, each_max, .. } = &mut self.ring_memory;
        let mut shrunk = 0;
        for encoding in self.encodings.values_mut() {
            let before = encoding.ring.capacity_bytes();
            encoding.ring.allow(*each_max);
            let given_back = before.saturating_sub(encoding.ring.capacity_bytes());
            *held = held.saturating_sub(given_back);
            shrunk += u64::from(given_back > 0);
        }
        shrunk
    }
}
