//! Who comes, for how long, and how they go: drawn from a seed.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

/// Rooms that people come to.
const ROOMS: u16 = 20;
/// How long they stay, ms.
const STAY_MS: std::ops::Range<u64> = 1_000..10_000;

/// What somebody comes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Publish,
    Watch,
    /// Joins over a WebSocket, without media.
    Meet,
    Half(Half),
}

/// How far who never comes in whole gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Offered,
    Checked,
    Handshaking,
    WebSocket,
}

/// How who came in goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Leave,
    /// As a machine that crashes: not a word.
    Vanish,
    /// Vanishes, and comes again at once under the same name.
    Reload,
}

/// One coming and going.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) number: u64,
    pub(super) room: u16,
    pub(super) part: Part,
    pub(super) stay: Duration,
    pub(super) end: End,
}

impl Life {
    pub(super) fn draw(random: &mut StdRng, number: u64) -> Self {
        let part = match random.random_range(0..20) {
            0..7 => Part::Publish,
            7..14 => Part::Watch,
            14..16 => Part::Meet,
            16 => Part::Half(Half::Offered),
            17 => Part::Half(Half::Checked),
            18 => Part::Half(Half::Handshaking),
            _ => Part::Half(Half::WebSocket),
        };
        let end = match random.random_range(0..10) {
            0..5 => End::Leave,
            5..8 => End::Vanish,
            _ => End::Reload,
        };
        let (room, stay) = (random.random_range(0..ROOMS), random.random_range(STAY_MS));
        Self { number, room, part, stay: Duration::from_millis(stay), end }
    }

    /// The same once more, after a reload.
    pub(super) fn again(self) -> Self {
        Self { end: End::Leave, ..self }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn a_seed_draws_the_same_people_and_all_kinds_of_them() {
        let draw = |seed| {
            let mut random = StdRng::seed_from_u64(seed);
            (0..500).map(|number| Life::draw(&mut random, number)).collect::<Vec<_>>()
        };
        let lives = draw(3);
        let kinds = |lives: &[Life]| lives.iter().map(|life| (life.room, life.part, life.end)).collect::<Vec<_>>();
        assert_eq!(kinds(&lives), kinds(&draw(3)));
        assert_ne!(kinds(&lives), kinds(&draw(4)));
        let halves = [Half::Offered, Half::Checked, Half::Handshaking, Half::WebSocket].map(Part::Half);
        let parts = [Part::Publish, Part::Watch, Part::Meet].into_iter().chain(halves);
        assert!(parts.into_iter().all(|part| lives.iter().any(|life| life.part == part)));
        let ends = [End::Leave, End::Vanish, End::Reload];
        assert!(ends.iter().all(|end| lives.iter().any(|life| life.end == *end)));
    }
}
