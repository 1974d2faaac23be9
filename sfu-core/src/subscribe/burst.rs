//! Spreads what is more than one send over a few milliseconds, so that a key frame is no burst of hundreds of packets that
//! overflows the queue of a subscriber's switch or access point.

use std::time::{Duration, Instant};

use crate::limits::{BURST_BYTES, BURST_REST_MAX, BURST_SPREAD};

/// What one subscriber was sent lately.
#[derive(Debug, Default)]
pub struct Burst {
    began: Option<Instant>,
    /// Bytes since the last pause, and when the newest of them left.
    portion: usize,
    newest: Option<Instant>,
    rests_until: Option<Instant>,
}

impl Burst {
    /// Until when nothing more may leave, if not now.
    pub fn blocked_until(&self, now: Instant) -> Option<Instant> {
        self.rests_until.filter(|until| *until > now)
    }

    /// Notes that `bytes` leave now, with about `more` bytes behind them; with none the burst is over. Portions of about
    /// [`BURST_BYTES`] are spread evenly over what is left of [`BURST_SPREAD`]; whatever is still there then leaves at once, so
    /// that the delay stays within it.
    pub fn sent(&mut self, now: Instant, bytes: usize, more: usize) {
        let since = |then: Option<Instant>| then.map(|then| now.saturating_duration_since(then));
        if since(self.newest).is_none_or(|pause| pause >= BURST_REST_MAX) {
            self.portion = 0;
        }
        self.newest = Some(now);
        self.portion += bytes;
        if more == 0 {
            self.began = None;
            return;
        }
        let began = *self.began.get_or_insert(now);
        if self.portion < BURST_BYTES {
            return;
        }
        self.portion = 0;
        let left = BURST_SPREAD.saturating_sub(now.saturating_duration_since(began));
        let portions = u32::try_from(more.div_ceil(BURST_BYTES)).unwrap_or(u32::MAX);
        let rest = (left / portions).min(BURST_REST_MAX);
        self.rests_until = Some(now + rest).filter(|_| rest > Duration::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each portion of a burst of `portions` leaves, if timers are late by `late`.
    fn spread(portions: usize, late: Duration) -> Vec<Duration> {
        let start = Instant::now();
        let (mut burst, mut now) = (Burst::default(), start);
        let mut left = Vec::new();
        for more in (0..portions).rev() {
            if let Some(until) = burst.blocked_until(now) {
                now = until + late;
            }
            left.push(now - start);
            burst.sent(now, BURST_BYTES, more * BURST_BYTES);
        }
        left
    }

    #[test]
    fn a_burst_is_spread_evenly_and_ends_in_time() {
        let ms = |each: &[u64]| each.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>();
        assert_eq!(spread(1, Duration::ZERO), ms(&[0]), "what is no more than a portion leaves as it came");
        assert_eq!(spread(2, Duration::ZERO), ms(&[0, 1]));
        assert_eq!(spread(4, Duration::ZERO), ms(&[0, 1, 2, 3]));
        for (portions, late) in [(4, 1), (16, 0), (16, 1), (100, 1)] {
            let left = spread(portions, Duration::from_millis(late));
            assert!(left[portions - 1] <= BURST_SPREAD + Duration::from_millis(late), "{portions}: {left:?}");
        }
        let gap = |left: Vec<Duration>| left.windows(2).map(|two| two[1] - two[0]).min();
        assert!(gap(spread(16, Duration::ZERO)) > Some(Duration::from_micros(190)));
    }

    #[test]
    fn small_sends_count_together_and_frames_apart() {
        let start = Instant::now();
        let frame = Duration::from_millis(33);
        let mut burst = Burst::default();
        for send in 0..100 {
            let now = start + send * frame;
            burst.sent(now, BURST_BYTES - 1, 10_000);
            assert_eq!(burst.blocked_until(now), None, "each frame is less than a portion");
            burst.sent(now, 0, 0);
        }
        let now = start + 100 * frame;
        for _ in 0..9 {
            burst.sent(now, BURST_BYTES / 10, 10_000);
        }
        assert_eq!(burst.blocked_until(now), None);
        burst.sent(now, BURST_BYTES / 10, 10_000);
        assert_eq!(burst.blocked_until(now), Some(now + BURST_REST_MAX));
    }

    #[test]
    fn a_burst_right_behind_another_is_spread_as_well() {
        let start = Instant::now();
        let mut burst = Burst::default();
        burst.sent(start, BURST_BYTES, BURST_BYTES);
        burst.sent(start + BURST_REST_MAX, BURST_BYTES, 0);
        let next = start + BURST_SPREAD;
        burst.sent(next, BURST_BYTES, BURST_BYTES);
        assert_eq!(burst.blocked_until(next), Some(next + BURST_REST_MAX));
    }
}
