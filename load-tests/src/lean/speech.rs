//! How loud a publisher's microphone is: people talk for a while and are silent for a while, each by their own seed.

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Frames of 20 ms that a turn and a pause last: half a second to five seconds, and a fifth to eight.
const TURN: std::ops::Range<u32> = 25..250;
const PAUSE: std::ops::Range<u32> = 10..400;
/// Levels while somebody talks and while nobody does, −dBov.
const LOUD: std::ops::Range<u8> = 18..42;
const QUIET: u8 = 90;
/// While nobody talks one frame in so many is sent, as Opus does: every 400 ms.
const COMFORT_EVERY: u32 = 20;
/// V: there is a voice (RFC 6464 §3).
const VOICE: u8 = 0x80;

/// What happens to silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    Sent,
    /// Discontinuous transmission (RFC 7587 §3.1.3).
    LeftOut,
}

/// One frame of a microphone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sound {
    /// As RFC 6464 writes it.
    level: u8,
    pub is_sent: bool,
    /// The first of a turn behind silence that was left out; its packet has the marker (RFC 3551 §4.1).
    pub begins_turn: bool,
}

impl Sound {
    /// The value of the header extension.
    pub fn level(self) -> Bytes {
        Bytes::copy_from_slice(&[self.level])
    }
}

/// A microphone.
#[derive(Clone, Debug)]
pub struct Speech {
    random: StdRng,
    silence: Silence,
    talks: bool,
    left: u32,
}

impl Speech {
    pub fn new(seed: u64, silence: Silence) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let talks = random.random();
        let left = random.random_range(PAUSE);
        Self { random, silence, talks, left }
    }

    /// The next frame.
    pub fn sound(&mut self) -> Sound {
        let mut begins = false;
        if self.left == 0 {
            self.talks = !self.talks;
            self.left = self.random.random_range(if self.talks { TURN } else { PAUSE });
            begins = self.talks;
        }
        self.left -= 1;
        if self.talks {
            let begins_turn = begins && self.silence == Silence::LeftOut;
            return Sound { level: VOICE | self.random.random_range(LOUD), is_sent: true, begins_turn };
        }
        let is_sent = self.silence == Silence::Sent || self.left.is_multiple_of(COMFORT_EVERY);
        Sound { level: QUIET, is_sent, begins_turn: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_talk_in_turns_and_silence_is_left_out_only_where_it_is_to_be() {
        let sounds = |silence| {
            let mut speech = Speech::new(3, silence);
            (0..3_000).map(|_| speech.sound()).collect::<Vec<_>>()
        };
        let (sent, left_out) = (sounds(Silence::Sent), sounds(Silence::LeftOut));
        assert!(sent.iter().all(|sound| sound.is_sent && !sound.begins_turn));
        let voiced = left_out.iter().filter(|sound| sound.level & VOICE != 0).count();
        let packets = left_out.iter().filter(|sound| sound.is_sent).count();
        assert!((500..2_500).contains(&voiced), "a minute with {voiced} frames of speech");
        assert!(packets > voiced && packets < voiced + (3_000 - voiced) / 10, "{packets} packets, {voiced} of speech");
        assert!(left_out.iter().filter(|sound| sound.begins_turn).count() > 3);
        assert_eq!(
            sent.iter().map(|sound| sound.level).collect::<Vec<_>>(),
            left_out.iter().map(|sound| sound.level).collect::<Vec<_>>()
        );
    }
}
