//! Time in the steps in which voices are listened to.

use std::time::{Duration, Instant};

/// One packet of a browser's Opus.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// A count of ticks since a room's clock began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Tick(u64);

impl Tick {
    /// Ticks from `other`, 0 if it is later.
    pub fn since(self, other: Self) -> u64 {
        self.0.saturating_sub(other.0)
    }
}

/// Begins with the first question.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    began: Option<Instant>,
}

impl Clock {
    /// The tick that `now` is in.
    pub fn tick(&mut self, now: Instant) -> Tick {
        let elapsed = now.saturating_duration_since(*self.began.get_or_insert(now));
        let ticks = elapsed.as_nanos() / TICK.as_nanos();
        // The first ones are left free, so that nothing is before the beginning.
        Tick(u64::try_from(ticks).unwrap_or(u64::MAX / 2) + 1)
    }
}
