//! When a viewer whose link bounds it may climb again: a picture that became larger and soon smaller again was larger than the link
//! carries, whatever was estimated, and the next try waits, twice as long each time.

use std::time::{Duration, Instant};

/// A picture that was larger for so long was not too large.
const LASTS: Duration = Duration::from_secs(10);
/// The wait after one that did not last, at first and at most. A link that comes back is given what it carries within the first.
const WAIT: Duration = Duration::from_secs(4);
const WAIT_MAX: Duration = Duration::from_secs(60);
/// A link that carries so many percent of all that is wanted leaves no doubt.
const NO_DOUBT_PERCENT: u64 = 150;

/// The climbs of one viewer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Climbs {
    last: Option<Instant>,
    wait: Duration,
    not_before: Option<Instant>,
}

impl Climbs {
    /// Whether a step up may be tried over a link that carries `link_bps` where `wanted_bps` would be everything.
    pub fn may_try(&self, now: Instant, link_bps: u64, wanted_bps: u64) -> bool {
        let is_beyond_doubt = link_bps >= wanted_bps.saturating_mul(NO_DOUBT_PERCENT) / 100;
        is_beyond_doubt || self.not_before.is_none_or(|at| at <= now)
    }

    /// Pictures became larger, or smaller because of the link. Where some became so and others so, one took another's place, as where
    /// somebody else speaks: that tells nothing of the link.
    pub fn note(&mut self, now: Instant, climbed: bool, fell: bool) {
        match (climbed, fell) {
            (true, false) => self.last = Some(now),
            (false, true) => self.fell(now),
            (true, true) | (false, false) => {}
        }
    }

    fn fell(&mut self, now: Instant) {
        let Some(last) = self.last.take() else { return };
        if now.saturating_duration_since(last) >= LASTS {
            self.wait = Duration::ZERO;
        } else {
            self.wait = (self.wait * 2).clamp(WAIT, WAIT_MAX);
            self.not_before = Some(now + self.wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_climb_that_does_not_last_makes_the_next_wait_twice_as_long() {
        let (mut climbs, mut now) = (Climbs::default(), Instant::now());
        let mut waits = vec![];
        for _ in 0..6 {
            climbs.note(now, true, false);
            now += 2 * SECOND;
            climbs.note(now, false, true);
            // Another picture a moment later.
            climbs.note(now, false, true);
            let from = now;
            while !climbs.may_try(now, 1_000, 1_000) {
                now += SECOND;
            }
            waits.push((now - from).as_secs());
        }
        assert_eq!(waits, [4, 8, 16, 32, 60, 60]);
        climbs.note(now, true, false);
        now += 11 * SECOND;
        climbs.note(now, false, true);
        assert!(climbs.may_try(now, 1_000, 1_000), "it had lasted");
    }

    #[test]
    fn a_link_that_carries_far_more_is_believed_at_once() {
        let (mut climbs, now) = (Climbs::default(), Instant::now());
        climbs.note(now, true, false);
        climbs.note(now + SECOND, false, true);
        assert!(!climbs.may_try(now + SECOND, 1_400, 1_000));
        assert!(climbs.may_try(now + SECOND, 1_500, 1_000));
    }
}
