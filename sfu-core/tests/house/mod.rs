//! Publishers, slots and voices of a room that has no transport.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use sfu_core::id::{Identity, MediaKind, Mid, ParticipantKey, TrackId};
use sfu_core::room::{Heard, Publication, Publisher, SlotView, Verdict, Viewer, Voices, Wishes, assign};
use slotmap::SlotMap;

/// One packet of Opus.
pub const PACKET: Duration = Duration::from_millis(20);

#[derive(Default)]
pub struct House {
    participants: SlotMap<ParticipantKey, ()>,
    tracks: SlotMap<TrackId, ()>,
}

impl House {
    pub fn publisher(&mut self, name: &str, kinds: &[MediaKind]) -> Publisher {
        Publisher {
            participant: self.participants.insert(()),
            identity: Identity::new(name).unwrap(),
            tracks: kinds
                .iter()
                .enumerate()
                .map(|(place, kind)| Publication {
                    track: self.tracks.insert(()),
                    mid: Mid(place.to_string().into()),
                    kind: *kind,
                })
                .collect(),
        }
    }

    pub fn publishers(&mut self, count: usize, kinds: &[MediaKind]) -> Vec<Publisher> {
        (0..count).map(|place| self.publisher(&format!("p{place}"), kinds)).collect()
    }
}

pub fn slots(kinds: &[MediaKind]) -> Vec<SlotView> {
    kinds.iter().map(|kind| SlotView { kind: *kind, shows: None, wants: None }).collect()
}

/// What a viewer gets where nobody has spoken yet, except that `speaker` has the floor.
pub fn assigned(
    publishers: &[Publisher],
    speaker: Option<ParticipantKey>,
    wishes: &Wishes,
    slots: &[SlotView],
) -> Vec<Option<TrackId>> {
    let mut voices = Voices::default();
    voices.follow(Instant::now(), publishers);
    let heard = Heard { dominant: speaker, ..Heard::of(publishers, &voices) };
    assign(publishers, &heard, Viewer { own: ParticipantKey::default(), wishes, slots })
}

/// A room whose publishers each have a microphone, on virtual time.
pub struct Chamber {
    pub now: Instant,
    pub voices: Voices,
    pub publishers: Vec<Publisher>,
    /// Who took the floor, and when, from the beginning on.
    pub floor: Vec<(Duration, ParticipantKey)>,
    /// Changes of who is heard, or who comes first.
    pub changes: usize,
    began: Instant,
}

impl Chamber {
    pub fn new(publishers: Vec<Publisher>) -> Self {
        let now = Instant::now();
        let mut voices = Voices::default();
        voices.follow(now, &publishers);
        Self { now, voices, publishers, floor: vec![], changes: 0, began: now }
    }

    /// Everybody sends a packet of its level, -dBov; `None`: sends nothing.
    pub fn packet(&mut self, levels: impl IntoIterator<Item = Option<u8>>) {
        self.now += PACKET;
        let mut begins = false;
        for (publisher, level) in self.publishers.iter().zip(levels) {
            if let Some(level) = level {
                let track = publisher.track(MediaKind::Audio, 0).unwrap();
                begins |= self.voices.heard(self.now, track, Some(0x80 | level), false);
            }
        }
        let due = (self.now - self.began).as_millis().is_multiple_of(100);
        if due || begins {
            self.evaluate();
        }
    }

    pub fn evaluate(&mut self) {
        let Verdict { floor, heard } = self.voices.evaluate(self.now);
        self.changes += usize::from(heard);
        if floor {
            self.floor.push((self.elapsed(), self.voices.dominant().unwrap()));
        }
    }

    /// Everybody keeps to a level for so long.
    pub fn talk(&mut self, millis: u64, levels: &[u8]) {
        for _ in 0..millis / 20 {
            self.packet(levels.iter().copied().map(Some));
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.began
    }

    /// Who has the floor, by its place.
    pub fn dominant(&self) -> Option<usize> {
        self.voices.dominant().map(|dominant| self.place(dominant))
    }

    /// Who is heard, loudest first, by their places.
    pub fn speaking(&self) -> Vec<usize> {
        self.voices.speaking().into_iter().map(|key| self.place(key)).collect()
    }

    fn place(&self, key: ParticipantKey) -> usize {
        self.publishers.iter().position(|publisher| publisher.participant == key).unwrap()
    }
}
