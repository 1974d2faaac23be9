//! Who is heard in a room, in which order they come before others, and who has the floor.
//!
//! Told the time and packets' levels; everything else follows from them. A packet costs a few operations on two words;
//! `evaluate` one pass over the room's audio tracks.

use std::time::Instant;

use slotmap::SecondaryMap;

use crate::id::{MediaKind, ParticipantKey, TrackId};

use super::Publisher;
use super::floor;
use super::tick::{Clock, Tick};
use super::voice::{Voice, loudness};

/// How fast the loudest of a moment is forgotten, dB a tick: half a second after it fell silent a quiet one is a rival.
const LOUDEST_FALL: f32 = 0.8;
/// How much louder one who speaks must be to come before another who speaks, dB.
const LOUDER: f32 = 6.0;

/// What an evaluation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// The floor changed hands.
    pub floor: bool,
    /// Who is heard changed, or who comes before whom.
    pub heard: bool,
}

/// The audio tracks of a room.
#[derive(Debug, Default)]
pub struct Voices {
    clock: Clock,
    voices: SecondaryMap<TrackId, Voice>,
    /// Every track once: who is heard now, then who was heard last, then those who have not been, in order of arrival.
    order: Vec<TrackId>,
    /// Whether anybody was ever heard.
    began: bool,
    dominant: Option<ParticipantKey>,
    /// The loudest of this moment, dB above silence, and when that was.
    loudest: (f32, Tick),
}

impl Voices {
    /// Who has the floor; the last one keeps it through silence.
    pub fn dominant(&self) -> Option<ParticipantKey> {
        self.dominant
    }

    /// Everybody who is heard now, loudest first.
    pub fn speaking(&self) -> Vec<ParticipantKey> {
        let mut loud: Vec<&Voice> = self.voices().filter(|voice| voice.speaking).collect();
        loud.sort_by(|one, other| other.loudness.total_cmp(&one.loudness));
        let mut speaking: Vec<ParticipantKey> = Vec::new();
        for voice in loud {
            if !speaking.contains(&voice.participant) {
                speaking.push(voice.participant);
            }
        }
        speaking
    }

    /// Every track, those first that are to be heard first.
    pub fn tracks(&self) -> impl Iterator<Item = TrackId> {
        self.order.iter().copied()
    }

    /// Takes over who had the floor, and who is to be heard first, from who listened before; `false`: somebody here has had
    /// the floor, and nothing changes.
    pub fn take_over(&mut self, floor: ParticipantKey, order: &[TrackId]) -> bool {
        if self.dominant.is_some() {
            return false;
        }
        self.dominant = Some(floor);
        self.began = true;
        let place = |track: &TrackId| order.iter().position(|known| known == track).unwrap_or(usize::MAX);
        self.order.sort_by_key(place);
        true
    }

    /// The same, with what is known of each.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (TrackId, &Voice)> {
        self.order.iter().filter_map(|track| Some((*track, self.voices.get(*track)?)))
    }

    /// Takes up the tracks that are published now, and forgets the others.
    pub fn follow(&mut self, now: Instant, publishers: &[Publisher]) {
        let now = self.clock.tick(now);
        let mut gone: SecondaryMap<TrackId, ()> = self.order.iter().map(|track| (*track, ())).collect();
        for publisher in publishers {
            for track in publisher.tracks_of(MediaKind::Audio) {
                if gone.remove(track).is_none() {
                    self.voices.insert(track, Voice::new(publisher.participant, now));
                    self.order.push(track);
                }
            }
        }
        if !self.began {
            // Whichever shard of the room heard of whom first.
            self.order = publishers.iter().flat_map(|publisher| publisher.tracks_of(MediaKind::Audio)).collect();
        }
        if !gone.is_empty() {
            self.order.retain(|track| !gone.contains_key(*track));
            self.voices.retain(|track, _| !gone.contains_key(track));
        }
        self.dominant = self.dominant.filter(|dominant| publishers.iter().any(|known| known.participant == *dominant));
    }

    /// Notes an audio packet: `level` is RFC 6464's byte, `dtx` whether the packet says that silence goes on. Says whether
    /// somebody begins to speak, which is worth an evaluation at once.
    pub fn heard(&mut self, now: Instant, track: TrackId, level: Option<u8>, dtx: bool) -> bool {
        let now = self.clock.tick(now);
        let Some(voice) = self.voices.get_mut(track) else { return false };
        let loud = loudness(level, dtx);
        let (before, at) = self.loudest;
        let fallen = u16::try_from(now.since(at)).map_or(0.0, |ticks| before - LOUDEST_FALL * f32::from(ticks));
        self.loudest = (loud.max(fallen), now);
        voice.note(now, loud, self.loudest.0);
        voice.begins(now)
    }

    /// A muted track is silent at once.
    pub fn set_muted(&mut self, track: TrackId, muted: bool) {
        let Some(voice) = self.voices.get_mut(track) else { return };
        voice.muted = muted;
        if muted {
            voice.hush();
        }
    }

    /// Whether time alone changes anything: somebody who counts as heard may have fallen silent.
    pub fn is_anybody_heard(&self) -> bool {
        self.voices().any(|voice| voice.speaking)
    }

    /// Decides anew who is heard and who has the floor.
    pub fn evaluate(&mut self, now: Instant) -> Verdict {
        let now = self.clock.tick(now);
        let mut heard = false;
        for (_, voice) in &mut self.voices {
            let before = voice.speaking;
            voice.listen(now);
            heard |= voice.speaking != before;
            self.began |= voice.speaking;
        }
        heard |= self.reorder(now);
        Verdict { floor: self.pass_floor(now), heard }
    }

    fn voices(&self) -> impl Iterator<Item = &Voice> {
        self.order.iter().filter_map(|track| self.voices.get(*track))
    }

    /// Lets somebody take the floor who has earned it.
    fn pass_floor(&mut self, now: Tick) -> bool {
        let holder = self
            .voices()
            .filter(|voice| Some(voice.participant) == self.dominant)
            .max_by(|one, other| floor::weight(one, now).total_cmp(&floor::weight(other, now)));
        let rivals = self.voices().filter(|voice| Some(voice.participant) != self.dominant);
        let taker = rivals
            .filter(|rival| floor::takes(rival, holder, now))
            .max_by(|one, other| floor::weight(one, now).total_cmp(&floor::weight(other, now)))
            .map(|voice| voice.participant);
        self.dominant = taker.or(self.dominant);
        taker.is_some()
    }

    /// Brings those who are heard to the front, and whoever is clearly louder for longer than a cough before others;
    /// everybody else stays in order.
    fn reorder(&mut self, now: Tick) -> bool {
        let speaking = |track: &TrackId| self.voices.get(*track).is_some_and(|voice| voice.speaking);
        let drowns = |one: TrackId, other: TrackId| {
            let (Some(one), Some(other)) = (self.voices.get(one), self.voices.get(other)) else { return false };
            one.is_established(now) && one.loudness > other.loudness + LOUDER
        };
        let (mut order, quiet): (Vec<TrackId>, Vec<TrackId>) = self.order.iter().partition(|track| speaking(track));
        for place in (1..order.len()).rev() {
            if let (Some(one), Some(other)) = (order.get(place - 1).copied(), order.get(place).copied())
                && drowns(other, one)
            {
                order.swap(place - 1, place);
            }
        }
        order.extend(quiet);
        let changed = order != self.order;
        self.order = order;
        changed
    }
}
