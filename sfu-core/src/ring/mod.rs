//! The centre of the house: the plaintext packets of one published encoding, found by sequence number or by arrival.
//!
//! Fan-out, retransmission and keyframe replay all read it. Subscriptions are cursors ([`Arrival`]) into it and own no
//! packets, so that one slow reader costs nobody anything. Invariant: each extended sequence number is stored at most once
//! in a ring's life, whatever the network repeats.

mod arena;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::codec::{Codec, FrameStart, PictureIds};
use crate::limits::{GOP_RETAINED_MAX, RING_PACKETS_MAX, RING_RETAINED};
use crate::rtp::{ExtSeqNo, MediaClock, RtpTime};

use arena::{Arena, Span};

/// First size of the byte store: a quarter of a second of audio and then some.
const ARENA_BYTES_MIN: usize = 8 * 1024;
/// First size of the sequence index, entries.
const INDEX_ENTRIES_MIN: usize = 64;

/// The position of a packet in order of arrival; a subscription's cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival(u64);

impl Arrival {
    /// The position after this one.
    pub fn next(self) -> Arrival {
        Arrival(self.0 + 1)
    }

    /// How many positions this one is after `other`; 0 if it is before it.
    pub fn since(self, other: Arrival) -> u64 {
        self.0.saturating_sub(other.0)
    }
}

/// What is known of a packet beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PacketMeta {
    pub sequence: ExtSeqNo,
    pub timestamp: RtpTime,
    pub arrival: Instant,
    /// The payload's format; constant within an encoding but for publishers that change their mind.
    pub codec: Codec,
    pub marker: bool,
    /// Decoding can begin with this packet.
    pub keyframe_start: bool,
    pub frame_start: FrameStart,
    pub ids: PictureIds,
    /// Dependency Descriptor frame_number, if the packet carries a descriptor.
    pub frame_number: Option<u16>,
    /// RFC 6464 level byte: voice activity bit and level, -dBov.
    pub audio_level: Option<u8>,
    /// Whether it came as a repeat.
    pub repeated: bool,
}

/// A packet in the ring.
#[derive(Debug, Clone, Copy)]
pub struct StoredPacket<'a> {
    pub meta: &'a PacketMeta,
    /// The Dependency Descriptor, if the packet carried one.
    pub descriptor: &'a [u8],
    pub payload: &'a [u8],
}

/// What became of a packet that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    Stored(Arrival),
    /// It is here already.
    Duplicate,
    /// It may have been here before; storing it could repeat it.
    TooLate,
    /// It is larger than a ring may be.
    TooLarge,
}

/// Which packets are kept although newer ones need their room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Long enough to answer NACKs.
    Repeats,
    /// Also everything since the last keyframe: the publisher cannot be asked for another.
    GroupOfPictures,
}

#[derive(Debug)]
struct Entry {
    meta: PacketMeta,
    span: Span,
    descriptor_len: usize,
}

/// The packets of one encoding, bounded in bytes and number.
#[derive(Debug)]
pub struct Ring {
    arena: Arena,
    entries: VecDeque<Entry>,
    /// Arrival of the front of `entries`.
    first: Arrival,
    /// Sequence number modulo length → arrival; checked against the entry before it is believed.
    index: Vec<Arrival>,
    /// The highest number ever stored.
    newest: Option<ExtSeqNo>,
    /// Numbers up to this one are never stored again.
    floor: Option<ExtSeqNo>,
    keyframe: Option<Arrival>,
    /// What comes before it is not followed by what comes after it.
    interrupted: Arrival,
    pub retention: Retention,
    /// What its timestamps mean, by its publisher's newest sender report.
    pub clock: Option<MediaClock>,
    bytes_max: usize,
    /// The same for now: less where all rings together take too much.
    bytes_allowed: usize,
}

impl Ring {
    /// An empty ring of at most `bytes_max`.
    pub fn new(retention: Retention, bytes_max: usize) -> Self {
        Self {
            arena: Arena::with_capacity(ARENA_BYTES_MIN),
            entries: VecDeque::new(),
            first: Arrival(0),
            index: vec![Arrival(u64::MAX); INDEX_ENTRIES_MIN],
            newest: None,
            floor: None,
            keyframe: None,
            interrupted: Arrival(0),
            retention,
            clock: None,
            bytes_max,
            bytes_allowed: bytes_max,
        }
    }

    /// Stores a packet, giving up the oldest as needed.
    pub fn push(&mut self, meta: PacketMeta, descriptor: &[u8], payload: &[u8]) -> Push {
        let len = descriptor.len() + payload.len();
        if len > ARENA_BYTES_MIN {
            return Push::TooLarge;
        }
        let holder = self.holder(meta.sequence);
        if holder == Some(meta.sequence) {
            return Push::Duplicate;
        }
        if holder > Some(meta.sequence) || self.floor >= Some(meta.sequence) {
            return Push::TooLate;
        }
        let span = self.make_room(len, meta.arrival);
        self.arena.write(span, [descriptor, payload]);
        let arrival = self.end();
        self.note_keyframe(&meta, arrival);
        self.entries.push_back(Entry { meta, span, descriptor_len: descriptor.len() });
        self.newest = self.newest.max(Some(meta.sequence));
        self.index_entry(meta.sequence, arrival);
        Push::Stored(arrival)
    }

    /// The packet with this number, if it is still here.
    pub fn by_sequence(&self, sequence: ExtSeqNo) -> Option<StoredPacket<'_>> {
        let arrival = *self.index.get(self.index_slot(sequence))?;
        self.at(arrival).filter(|packet| packet.meta.sequence == sequence)
    }

    /// The packet at this position, if it is still here.
    pub fn at(&self, arrival: Arrival) -> Option<StoredPacket<'_>> {
        let entry = self.entries.get(usize::try_from(arrival.0.checked_sub(self.first.0)?).ok()?)?;
        let (descriptor, payload) = self.arena.get(entry.span).split_at_checked(entry.descriptor_len)?;
        Some(StoredPacket { meta: &entry.meta, descriptor, payload })
    }

    /// The oldest position that is still here.
    pub fn start(&self) -> Arrival {
        self.first
    }

    /// The position of the packet that will be stored next.
    pub fn end(&self) -> Arrival {
        Arrival(self.first.0 + u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    /// How many packets are here from a position on.
    pub fn since(&self, arrival: Arrival) -> usize {
        usize::try_from(self.end().0.saturating_sub(arrival.0)).unwrap_or(0).min(self.entries.len())
    }

    /// The first position after which nothing came before `moment`, nor before an interruption.
    pub fn recent(&self, moment: Instant) -> Arrival {
        let recent = self.entries.iter().rev().take_while(|entry| entry.meta.arrival >= moment).count();
        Arrival(self.end().0.saturating_sub(u64::try_from(recent).unwrap_or(0))).max(self.interrupted)
    }

    /// An empty ring like this one, for the stream that goes on with gaps.
    pub fn successor(&self) -> Self {
        let bytes_allowed = self.bytes_allowed;
        Self { clock: self.clock, bytes_allowed, ..Self::new(self.retention, self.bytes_max) }
    }

    /// Most bytes it may hold.
    pub fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Has it hold no more than `bytes` until this is said anew; what is beyond, the oldest, is given up.
    pub fn allow(&mut self, bytes: usize) {
        self.bytes_allowed = bytes.clamp(ARENA_BYTES_MIN, self.bytes_max.max(ARENA_BYTES_MIN));
        if self.arena.capacity() <= self.bytes_allowed {
            return;
        }
        let mut kept: usize = self.entries.iter().map(|entry| entry.span.len()).sum();
        while kept > self.bytes_allowed
            && let Some(oldest) = self.entries.front()
        {
            kept -= oldest.span.len();
            self.evict();
        }
        self.arena.resize(self.bytes_allowed, self.entries.iter_mut().map(|entry| &mut entry.span));
    }

    /// Where decoding can begin, if that packet is still here: the first packet of the newest keyframe.
    pub fn keyframe(&self) -> Option<Arrival> {
        self.keyframe
    }

    /// Nothing follows on what is here: decoding cannot begin before another keyframe comes.
    pub fn interrupt(&mut self) {
        self.keyframe = None;
        self.interrupted = self.end();
    }

    /// The highest sequence number ever stored.
    pub fn newest(&self) -> Option<ExtSeqNo> {
        self.newest
    }

    /// Bytes allocated for packets.
    pub fn capacity_bytes(&self) -> usize {
        self.arena.capacity()
    }

    /// Several packets of one keyframe look like its beginning (H264: SPS, then IDR); the first one is.
    fn note_keyframe(&mut self, meta: &PacketMeta, arrival: Arrival) {
        if !meta.keyframe_start {
            return;
        }
        let same_frame =
            self.keyframe.and_then(|at| self.at(at)).is_some_and(|known| known.meta.timestamp == meta.timestamp);
        if !same_frame {
            self.keyframe = Some(arrival);
        }
    }

    fn make_room(&mut self, len: usize, now: Instant) -> Span {
        loop {
            let full = self.entries.len() >= RING_PACKETS_MAX;
            if !full && let Some(span) = self.arena.place(len, self.entries.front().map(|entry| entry.span)) {
                return span;
            }
            if !full && self.arena.capacity() < self.bytes_allowed && self.is_wanted(now) {
                let capacity = (self.arena.capacity() * 2).min(self.bytes_allowed);
                self.arena.resize(capacity, self.entries.iter_mut().map(|entry| &mut entry.span));
            } else {
                self.evict();
            }
        }
    }

    /// Whether the oldest packet is worth more memory.
    fn is_wanted(&self, now: Instant) -> bool {
        let Some(oldest) = self.entries.front() else { return false };
        let age = now.saturating_duration_since(oldest.meta.arrival);
        let in_group = self.keyframe.is_some_and(|keyframe| keyframe <= self.first);
        let kept: Duration = match self.retention {
            Retention::GroupOfPictures if in_group => GOP_RETAINED_MAX,
            Retention::GroupOfPictures | Retention::Repeats => RING_RETAINED,
        };
        age < kept
    }

    fn evict(&mut self) {
        let Some(gone) = self.entries.pop_front() else { return };
        self.floor = self.floor.max(Some(gone.meta.sequence));
        if self.keyframe == Some(self.first) {
            self.keyframe = None;
        }
        self.first = self.first.next();
    }

    fn index_slot(&self, sequence: ExtSeqNo) -> usize {
        let mask = u64::try_from(self.index.len()).unwrap_or(1).saturating_sub(1);
        usize::try_from(sequence.0 & mask).unwrap_or(0)
    }

    fn index_entry(&mut self, sequence: ExtSeqNo, arrival: Arrival) {
        if self.entries.len() * 2 > self.index.len() {
            self.index = vec![Arrival(u64::MAX); self.index.len() * 2];
            let known: Vec<(ExtSeqNo, Arrival)> =
                self.entries.iter().zip(self.first.0..).map(|(entry, at)| (entry.meta.sequence, Arrival(at))).collect();
            for (sequence, arrival) in known {
                self.claim(sequence, arrival);
            }
        }
        self.claim(sequence, arrival);
    }

    /// Two numbers a whole index apart share a place: the newer has it, and the older is never stored again.
    fn claim(&mut self, sequence: ExtSeqNo, arrival: Arrival) {
        let older = match self.holder(sequence) {
            Some(holder) if holder > sequence => Some(sequence),
            holder => {
                let slot = self.index_slot(sequence);
                if let Some(place) = self.index.get_mut(slot) {
                    *place = arrival;
                }
                holder.filter(|holder| *holder != sequence)
            }
        };
        self.floor = self.floor.max(older);
    }

    /// Which number has the place of `sequence` in the index, if it is still here.
    fn holder(&self, sequence: ExtSeqNo) -> Option<ExtSeqNo> {
        let arrival = *self.index.get(self.index_slot(sequence))?;
        self.at(arrival).map(|packet| packet.meta.sequence)
    }
}
