//! What is remembered of one audio track: in which ticks of the last 1.28 s there was a voice, and how loud it was.

use crate::id::ParticipantKey;

use super::tick::Tick;

/// Silence in RFC 6464's levels, -dBov.
const SILENCE: u8 = 127;
/// The level of a packet that says nothing of its level and is larger than silence, -dBov: a quiet voice, so that it gives
/// way to one that is known to be loud.
const ASSUMED_LEVEL: u8 = 45;
/// How far a voice is above the noise around it, dB.
const ABOVE_NOISE: f32 = 10.0;
/// Within this the noise of a room is told from a voice, dB above silence. What is above the upper bound by `ABOVE_NOISE`
/// counts as a voice however steadily it goes on: music, or a tone.
const NOISE: (f32, f32) = (56.0, 67.0);
/// How fast the noise is taken to rise, dB a tick: a voice pauses before it has risen far.
const NOISE_RISE: f32 = 0.06;
/// Share of the newest tick in the noise, when it falls.
const NOISE_FALL: f32 = 0.2;
/// Share of the newest tick in a voice's loudness: about a fifth of a second.
const SMOOTHING: f32 = 0.1;
/// How much quieter than the loudest a voice may be and still be a rival for the floor, dB. Above what microphones differ
/// by, below what a television in the background is.
const PROMINENT: f32 = 18.0;
/// A packet speaks for the time since the one before it, up to this many ticks: three frames of 40 ms.
const PACKET_TICKS_MAX: u64 = 6;
/// A track that brings nothing for this many ticks is silent; below that it is late.
const STALE_TICKS: u64 = 10;
/// Of so many ticks so many must have had a voice for it to be heard: no click, and no word is over by then.
const ATTACK: (u32, u32) = (4, 10);
/// Of so many ticks fewer than so many must have had a voice for it to be over: longer than a pause between words.
const RELEASE: (u32, u32) = (2, 40);
/// Of so many ticks so many must have had a voice for it to be more than a cough or a "yes".
const ESTABLISHED: (u32, u32) = (30, 60);

/// Loudness of a packet, dB above silence. `level` is RFC 6464's byte, of which the voice flag is not looked at: not
/// everybody sets it. Without it, what is not DTX counts as speech.
pub(super) fn loudness(level: Option<u8>, dtx: bool) -> f32 {
    let level = match level {
        Some(byte) => byte & 0x7f,
        None if dtx => SILENCE,
        None => ASSUMED_LEVEL,
    };
    f32::from(SILENCE - level)
}

/// Ticks of the past, the newest in the lowest bit.
#[derive(Debug, Clone, Copy, Default)]
struct History(u64);

impl History {
    fn after(self, ticks: u64) -> Self {
        Self(u32::try_from(ticks).ok().and_then(|ticks| self.0.checked_shl(ticks)).unwrap_or(0))
    }

    fn mark(self, ticks: u64) -> Self {
        Self(self.0 | !Self(u64::MAX).after(ticks).0)
    }

    fn count(self, ticks: u32) -> u32 {
        (self.0 & !Self(u64::MAX).after(u64::from(ticks)).0).count_ones()
    }
}

/// One audio track of a room.
#[derive(Debug, Clone)]
pub(super) struct Voice {
    pub participant: ParticipantKey,
    /// While muted it is silent, whatever still comes.
    pub muted: bool,
    /// Whether it is being heard: told by `listen`, with hysteresis.
    pub speaking: bool,
    /// dB above silence, smoothed over the ticks in which there was a voice.
    pub loudness: f32,
    noise: f32,
    newest: Tick,
    voiced: History,
    prominent: History,
}

impl Voice {
    pub fn new(participant: ParticipantKey, now: Tick) -> Self {
        Self {
            participant,
            muted: false,
            speaking: false,
            loudness: 0.0,
            noise: NOISE.0,
            newest: now,
            voiced: History::default(),
            prominent: History::default(),
        }
    }

    /// Notes a packet of this loudness; `loudest`: the room's.
    pub fn note(&mut self, now: Tick, loud: f32, loudest: f32) {
        let ticks = now.since(self.newest);
        let spoken_for = ticks.clamp(1, PACKET_TICKS_MAX);
        let voiced = loud >= self.noise + ABOVE_NOISE && !self.muted;
        let prominent = voiced && loud + PROMINENT >= loudest;
        for (history, holds) in [(&mut self.voiced, voiced), (&mut self.prominent, prominent)] {
            let moved = history.after(ticks);
            *history = if holds { moved.mark(spoken_for) } else { moved };
        }
        self.newest = self.newest.max(now);
        self.follow_noise(loud, spoken_for);
        if voiced {
            let share = if self.speaking { SMOOTHING } else { 0.5 };
            self.loudness += (loud - self.loudness) * share;
        }
    }

    /// Whether it is heard and is not known to be.
    pub fn begins(&self, now: Tick) -> bool {
        !self.speaking && self.is_voiced(now, ATTACK)
    }

    /// Decides anew whether it is heard.
    pub fn listen(&mut self, now: Tick) {
        self.speaking = self.is_voiced(now, if self.speaking { RELEASE } else { ATTACK });
    }

    /// Whether it has gone on for longer than a cough.
    pub fn is_established(&self, now: Tick) -> bool {
        self.is_voiced(now, ESTABLISHED)
    }

    /// In how many of the last `ticks` there was a voice that could be a rival for the floor.
    pub fn prominent(&self, now: Tick, ticks: u32) -> u32 {
        self.prominent.after(self.stale(now)).count(ticks)
    }

    /// Says that it is silent from now on.
    pub fn hush(&mut self) {
        self.speaking = false;
        self.voiced = History::default();
        self.prominent = History::default();
    }

    fn is_voiced(&self, now: Tick, (at_least, ticks): (u32, u32)) -> bool {
        self.voiced.after(self.stale(now)).count(ticks) >= at_least
    }

    /// How many silent ticks follow what was noted.
    fn stale(&self, now: Tick) -> u64 {
        Some(now.since(self.newest)).filter(|ticks| *ticks > STALE_TICKS).unwrap_or(0)
    }

    fn follow_noise(&mut self, loud: f32, ticks: u64) {
        let rise = NOISE_RISE * f32::from(u8::try_from(ticks).unwrap_or(u8::MAX));
        self.noise += if loud < self.noise { (loud - self.noise) * NOISE_FALL } else { rise };
        self.noise = self.noise.clamp(NOISE.0, NOISE.1);
    }
}
