//! Who is speaking: loudness per participant, smoothed, and a change only when another is clearly louder for a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::id::ParticipantKey;

/// Share of the newest packet in the smoothed loudness; 50 packets a second make this about a third of a second.
const SMOOTHING: f32 = 0.06;
/// Silence in RFC 6464's levels, -dBov.
const SILENCE: u8 = 127;
/// Loudness below which nobody counts as speaking, dB above silence. A quiet voice is at about 70.
const SPEAKING_MIN: f32 = 60.0;
/// How much louder another must be to take over, dB.
const MARGIN: f32 = 3.0;
/// How long another must be louder, so that a cough does not turn heads.
const TAKEOVER: Duration = Duration::from_millis(600);
/// A participant that sent nothing for this long is silent.
const STALE: Duration = Duration::from_millis(500);
/// The level of a packet that says nothing of its level and is larger than silence: an ordinary voice, -dBov.
const ASSUMED_LEVEL: u8 = 30;

#[derive(Debug, Clone, Copy)]
struct Loudness {
    smoothed: f32,
    heard: Instant,
}

/// The loudness of a room's publishers and who has the floor.
#[derive(Debug, Default)]
pub struct ActiveSpeaker {
    loudness: BTreeMap<ParticipantKey, Loudness>,
    current: Option<ParticipantKey>,
    challenger: Option<(ParticipantKey, Instant)>,
}

impl ActiveSpeaker {
    /// Who has the floor; the last one keeps it through silence.
    pub fn current(&self) -> Option<ParticipantKey> {
        self.current
    }

    /// Notes an audio packet. `level` is RFC 6464's byte; without it, what is not DTX counts as speech.
    pub fn heard(&mut self, now: Instant, participant: ParticipantKey, level: Option<u8>, dtx: bool) {
        let level = match level {
            Some(byte) => byte & 0x7f,
            None if dtx => SILENCE,
            None => ASSUMED_LEVEL,
        };
        let loud = f32::from(SILENCE - level);
        let known = self.loudness.entry(participant).or_insert(Loudness { smoothed: 0.0, heard: now });
        known.smoothed += (loud - known.smoothed) * SMOOTHING;
        known.heard = now;
    }

    /// Forgets a participant.
    pub fn remove(&mut self, participant: ParticipantKey) {
        self.loudness.remove(&participant);
        self.current = self.current.filter(|current| *current != participant);
        self.challenger = self.challenger.filter(|(challenger, _)| *challenger != participant);
    }

    /// Decides anew; `Some` if the floor has changed hands.
    pub fn evaluate(&mut self, now: Instant) -> Option<ParticipantKey> {
        let loud = |participant: &ParticipantKey| -> f32 {
            let Some(known) = self.loudness.get(participant) else { return 0.0 };
            if now.saturating_duration_since(known.heard) > STALE { 0.0 } else { known.smoothed }
        };
        let bar = self.current.as_ref().map_or(SPEAKING_MIN, |current| (loud(current) + MARGIN).max(SPEAKING_MIN));
        let loudest = self
            .loudness
            .keys()
            .filter(|participant| Some(**participant) != self.current && loud(participant) >= bar)
            .max_by(|one, other| loud(one).total_cmp(&loud(other)))
            .copied();
        let Some(loudest) = loudest else {
            self.challenger = None;
            return None;
        };
        let since = match self.challenger {
            Some((challenger, since)) if challenger == loudest => since,
            _ => now,
        };
        self.challenger = Some((loudest, since));
        if self.current.is_some() && now.saturating_duration_since(since) < TAKEOVER {
            return None;
        }
        self.current = Some(loudest);
        self.challenger = None;
        Some(loudest)
    }
}
