//! The bound that a cap promises, held against what came: bytes over any window T ≤ 1.05 × cap × (T + 1 s).
//!
//! Invariant: pure; time is seconds since the change was answered.

use serde::Serialize;

use crate::account::float;

/// From so long after the change was answered the bound holds, s.
pub const GRACE: f64 = 1.0;
/// How far above the cap a long window may be.
const TOLERANCE: f64 = 1.05;
/// What a window may bring beside what its own length allows, s.
const SLACK: f64 = 1.0;
/// Length of the windows in which overshoot is told, s.
const SECOND: f64 = 1.0;
/// By which differences of times may be too small, s.
const ROUNDING: f64 = 1e-6;

/// Bytes that came at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Came {
    /// Since the change was answered, s.
    pub at: f64,
    pub bytes: u64,
}

/// How a stretch of time under one cap was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Found {
    /// From when on the bound held, s after the change was answered.
    pub settled_s: f64,
    /// How far the worst second from [`GRACE`] on was above the cap, per cent; 0 when none was.
    pub overshoot_percent: f64,
    /// What the worst window from [`GRACE`] on took of what a window may bring at once, per cent; the bound is broken above 100.
    pub allowance_percent: f64,
    /// Windows from [`GRACE`] on that broke the bound, none of which overlap.
    pub violations: u32,
}

impl Found {
    /// The worse of both in each figure; violations add up.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            settled_s: self.settled_s.max(other.settled_s),
            overshoot_percent: self.overshoot_percent.max(other.overshoot_percent),
            allowance_percent: self.allowance_percent.max(other.allowance_percent),
            violations: self.violations.saturating_add(other.violations),
        }
    }
}

/// Holds what came, in order of time, against a cap of `bps` bit/s.
pub fn judge(came: &[Came], bps: u64) -> Found {
    let rate = TOLERANCE * float(bps.max(1)) / 8.0;
    let held = came.iter().copied().skip_while(|came| came.at < GRACE);
    let held: Vec<Came> = held.collect();
    let (worst, violations) = level(&held, rate);
    Found {
        settled_s: settled(came, rate),
        overshoot_percent: (100.0 * (worst_second(&held) * 8.0 / float(bps.max(1)) - 1.0)).max(0.0),
        allowance_percent: 100.0 * worst / (rate * SLACK),
        violations,
    }
}

/// The highest level of a bucket that leaks at `rate`, bytes, and how often it ran over and was emptied: the worst window is the one
/// in which it filled.
fn level(came: &[Came], rate: f64) -> (f64, u32) {
    let (mut level, mut last, mut worst, mut overflows) = (0.0_f64, 0.0_f64, 0.0_f64, 0);
    for Came { at, bytes } in came {
        level = (level - rate * (at - last)).max(0.0) + float(*bytes);
        (last, worst) = (*at, worst.max(level));
        if level > rate * SLACK {
            overflows += 1;
            level = 0.0;
        }
    }
    (worst, overflows)
}

/// The latest beginning of a window that breaks the bound, s; 0 where none does.
fn settled(came: &[Came], rate: f64) -> f64 {
    // Of each arrival, all bytes so far less what the rate allowed by then; before it and with it.
    let mut sum = 0.0;
    let heights = came.iter().map(|Came { at, bytes }| {
        let before = sum - rate * at;
        sum += float(*bytes);
        (*at, before, sum - rate * at)
    });
    let heights: Vec<_> = heights.collect();
    let mut highest = f64::NEG_INFINITY;
    for (at, before, with) in heights.into_iter().rev() {
        highest = highest.max(with);
        if highest - before > rate * SLACK {
            return at;
        }
    }
    0.0
}

/// The most that came within a second, bytes.
fn worst_second(came: &[Came]) -> f64 {
    let (mut sum, mut worst) = (0.0_f64, 0.0_f64);
    let mut leaving = came.iter().peekable();
    for Came { at, bytes } in came {
        sum += float(*bytes);
        while let Some(first) = leaving.next_if(|first| at - first.at > SECOND - ROUNDING) {
            sum -= float(first.bytes);
        }
        worst = worst.max(sum);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: u64 = 800_000;

    /// 100 arrivals a second at `bps` from `from` to `to`.
    fn steady(from: u32, to: u32, bps: u64) -> Vec<Came> {
        (from * 100..to * 100).map(|at| Came { at: f64::from(at) / 100.0, bytes: bps / 800 }).collect()
    }

    #[test]
    fn what_keeps_to_its_cap_is_not_held_against_anybody() {
        let found = judge(&steady(0, 20, CAP), CAP);
        assert_eq!((found.violations, found.settled_s), (0, 0.0), "{found:?}");
        assert!(found.overshoot_percent < 0.1 && found.allowance_percent < 2.0, "{found:?}");
        assert_eq!(judge(&[], CAP), Found::default());
    }

    #[test]
    fn the_first_second_is_not_counted_and_tells_when_it_settled() {
        let late: Vec<_> = steady(0, 1, 6 * CAP).into_iter().chain(steady(1, 10, CAP / 2)).collect();
        let found = judge(&late, CAP);
        assert!(found.violations == 0 && found.overshoot_percent < f64::EPSILON, "{found:?}");
        // 0.2 s of it fit into what a window may bring at once, the slack of the time after it let in.
        assert!((0.75..0.95).contains(&found.settled_s), "{found:?}");
    }

    #[test]
    fn a_series_that_never_comes_down_is_caught_again_and_again() {
        let found = judge(&steady(0, 10, 2 * CAP), CAP);
        // A window of each 1.1 s runs over.
        assert!((7..=9).contains(&found.violations), "{found:?}");
        assert!(found.settled_s > 8.0 && found.allowance_percent > 100.0, "{found:?}");
        assert!((99.0..=102.0).contains(&found.overshoot_percent), "{found:?}");
    }

    #[test]
    fn a_little_too_much_for_long_is_caught_too_and_a_burst_is_not() {
        // 7 % above: over the bound after some 53 s, not before.
        let little = |seconds| judge(&steady(0, seconds, CAP * 107 / 100), CAP).violations;
        assert_eq!((little(40), little(70)), (0, 1));
        let mut burst = steady(0, 20, CAP / 2);
        burst.insert(500, Came { at: 5.0, bytes: 80_000 });
        let found = judge(&burst, CAP);
        assert!(found.violations == 0 && found.overshoot_percent > 20.0, "{found:?}");
        burst.insert(501, Came { at: 5.0, bytes: 40_000 });
        let found = judge(&burst, CAP);
        assert!(found.violations == 1 && found.settled_s > 4.5, "{found:?}");
    }
}
