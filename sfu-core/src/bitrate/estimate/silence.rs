//! Feedback that does not come: after a while what is sent is lowered, since nobody knows what the link holds.

use super::rates::SECOND_US;

/// How long packets may go without a word of feedback, beyond a round trip, µs. Receivers send it each 50 to 250 ms.
const PATIENCE_US: u64 = SECOND_US;
/// The same before the first: the receiver may be starting.
const PATIENCE_FIRST_US: u64 = 3 * SECOND_US;
/// Each so long after that the rate is lowered, µs.
const STEP_US: u64 = SECOND_US / 2;

/// Watches feedback come.
#[derive(Debug, Default)]
pub struct Silence {
    /// When the rate was lowered last because of it.
    stepped_us: Option<u64>,
    heard: bool,
    /// The rate before it was lowered, bit/s.
    before_bps: u64,
}

impl Silence {
    /// Feedback came; if it had been missed, the rate before that.
    pub fn end(&mut self) -> Option<u64> {
        self.heard = true;
        self.stepped_us.take().map(|_| self.before_bps)
    }

    /// When the rate is to be lowered next, if no feedback came after a packet that was sent then.
    pub fn timeout_us(&self, unanswered_us: Option<u64>, round_trip_us: u64) -> Option<u64> {
        let patience_us = if self.heard { PATIENCE_US + round_trip_us } else { PATIENCE_FIRST_US };
        let first_us = unanswered_us? + patience_us;
        Some(self.stepped_us.map_or(first_us, |stepped| stepped + STEP_US))
    }

    /// Whether the rate is to be lowered now.
    pub fn step(&mut self, now_us: u64, unanswered_us: Option<u64>, round_trip_us: u64, bps: u64) -> bool {
        let due = self.timeout_us(unanswered_us, round_trip_us).is_some_and(|due| due <= now_us);
        if due && self.stepped_us.replace(now_us).is_none() {
            self.before_bps = bps;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_borne_for_a_second_and_a_round_trip_then_counted_in_halves() {
        let mut silence = Silence::default();
        assert_eq!(silence.timeout_us(None, 100_000), None, "nothing was sent");
        assert_eq!(silence.timeout_us(Some(1_000), 100_000), Some(3_001_000), "the first may take long");
        assert_eq!(silence.end(), None);
        let since = Some(5_000_000);
        assert!(!silence.step(6_099_999, since, 100_000, 900));
        assert!(silence.step(6_100_000, since, 100_000, 900));
        assert!(!silence.step(6_500_000, since, 100_000, 600));
        assert!(silence.step(6_600_000, since, 100_000, 600));
        assert_eq!(silence.end(), Some(900));
    }
}
