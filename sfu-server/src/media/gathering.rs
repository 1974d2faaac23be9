//! How long a shard's loop lets datagrams gather before it looks at them: nothing while it idles, more the busier it is.
//!
//! What came meanwhile is received in few calls, and whoever it is for gets it in few sends, all slots together: under load a
//! wake-up costs more than a packet. *Not in the core*, which sends whatever it was handed before: gathering what it is handed
//! is all that a window for its sends needs.

use std::time::{Duration, Instant};

/// The longest that anything waits: below a tenth of a frame.
const WINDOW_MAX: Duration = Duration::from_millis(3);
/// Share of its time that a loop works below which nothing waits, and from which on everything waits longest.
const BUSY_FROM: f64 = 0.05;
const BUSY_FULLY: f64 = 0.5;
/// How often the share is measured anew. Several frames long, so that a fan-out does not count as load.
const MEASURED_EVERY: Duration = Duration::from_millis(100);
/// Over how long the share is told to others, ms. Long enough that a peak is none, short enough for a crowd that comes within
/// seconds.
const TOLD_OVER_MS: u32 = 500;

/// How busy a loop is.
#[derive(Debug)]
pub struct Gathering {
    began: Instant,
    /// Of the time since then.
    worked: Duration,
    working_since: Instant,
    window: Duration,
    /// Share of time in which it worked lately, per thousand.
    busy_permille: u32,
}

impl Gathering {
    /// A loop that has just begun to work.
    pub fn new(now: Instant) -> Self {
        Self { began: now, worked: Duration::ZERO, working_since: now, window: Duration::ZERO, busy_permille: 0 }
    }

    /// Notes that the loop has done all there was to do; how long it is to let things gather.
    pub fn rest(&mut self, now: Instant) -> Duration {
        self.worked += now.saturating_duration_since(self.working_since);
        self.working_since = now;
        let elapsed = now.saturating_duration_since(self.began);
        if elapsed >= MEASURED_EVERY {
            let share = self.worked.as_secs_f64() / elapsed.as_secs_f64();
            let load = (share - BUSY_FROM) / (BUSY_FULLY - BUSY_FROM);
            self.window = WINDOW_MAX.mul_f64(load.clamp(0.0, 1.0));
            self.note_busy(elapsed);
            (self.began, self.worked) = (now, Duration::ZERO);
        }
        self.window
    }

    /// Share of time in which the loop worked lately, percent: time on the clock, as a thread that has to share its core has as
    /// little to spare as one with a whole core's work.
    pub fn busy_percent(&self) -> u32 {
        self.busy_permille / 10
    }

    fn note_busy(&mut self, elapsed: Duration) {
        let share = self.worked.as_micros().saturating_mul(1_000) / elapsed.as_micros().max(1);
        let share = u32::try_from(share).unwrap_or(1_000).min(1_000);
        let weight = u32::try_from(elapsed.as_millis()).unwrap_or(TOLD_OVER_MS).min(TOLD_OVER_MS);
        self.busy_permille = (self.busy_permille * (TOLD_OVER_MS - weight) + share * weight) / TOLD_OVER_MS;
    }

    /// Notes that the loop works again.
    pub fn work(&mut self, now: Instant) {
        self.working_since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The window of a loop that works `worked_ms` of every 10 ms.
    fn window(gathering: &mut Gathering, now: &mut Instant, worked_ms: u64) -> Duration {
        let mut window = Duration::ZERO;
        for _ in 0..30 {
            *now += Duration::from_millis(worked_ms);
            window = gathering.rest(*now);
            *now += Duration::from_millis(10 - worked_ms);
            gathering.work(*now);
        }
        window
    }

    #[test]
    fn the_window_grows_with_load_and_closes_again() {
        let mut now = Instant::now();
        let mut gathering = Gathering::new(now);
        assert_eq!(window(&mut gathering, &mut now, 0), Duration::ZERO);
        let some = window(&mut gathering, &mut now, 2);
        assert!(some > Duration::from_micros(500) && some < Duration::from_micros(1_500), "{some:?}");
        assert_eq!(window(&mut gathering, &mut now, 9), WINDOW_MAX);
        assert!((30..=90).contains(&gathering.busy_percent()), "{}", gathering.busy_percent());
        assert_eq!(window(&mut gathering, &mut now, 0), Duration::ZERO);
    }
}
