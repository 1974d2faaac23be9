//! Whether the sender sends less than it may because that is all there is: then the link was not tried, and its silence about
//! more means nothing.

use std::collections::VecDeque;

use super::rates::{rate_of, share};

/// The window, µs: fifteen frames.
const WINDOW_US: u64 = 500_000;
/// How far apart samples are at least, and how many are kept.
const SAMPLE_US: u64 = 50_000;
const SAMPLES_MAX: usize = 16;
/// Thousandths of the estimate below which a sender is limited by its application, and above which it is no longer.
const BELOW: u64 = 750;
const ABOVE: u64 = 850;

/// What was sent in the last half second.
#[derive(Debug)]
pub struct Sending {
    /// When, and the total then.
    samples: VecDeque<(u64, u64)>,
    application_limited: bool,
}

impl Default for Sending {
    fn default() -> Self {
        Self { samples: VecDeque::with_capacity(SAMPLES_MAX), application_limited: false }
    }
}

impl Sending {
    /// Looks at what was sent in all until now.
    pub fn sample(&mut self, now_us: u64, total_bytes: u64, estimate_bps: u64) {
        if self.samples.back().is_none_or(|(at_us, _)| now_us.saturating_sub(*at_us) >= SAMPLE_US) {
            let old = |samples: &VecDeque<(u64, u64)>| {
                samples.get(1).is_some_and(|(at_us, _)| now_us.saturating_sub(*at_us) >= WINDOW_US)
            };
            while old(&self.samples) || self.samples.len() == SAMPLES_MAX {
                self.samples.pop_front();
            }
            self.samples.push_back((now_us, total_bytes));
        }
        let Some(bps) = self.bps() else { return };
        self.application_limited = bps < share(estimate_bps, if self.application_limited { ABOVE } else { BELOW });
    }

    /// Over the last half second, bit/s; `None` at first.
    pub fn bps(&self) -> Option<u64> {
        let ((from_us, from), (to_us, to)) = (self.samples.front()?, self.samples.back()?);
        rate_of(to.wrapping_sub(*from), to_us.saturating_sub(*from_us))
    }

    pub fn is_application_limited(&self) -> bool {
        self.application_limited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_less_than_it_may_is_limited_by_itself() {
        let mut sending = Sending::default();
        let mut total_bytes = 0;
        let mut second = |sending: &mut Sending, from_ms: u64, bytes| {
            for step in 0..100 {
                total_bytes += bytes;
                sending.sample((from_ms + step * 10) * 1_000, total_bytes, 1_000_000);
            }
        };
        second(&mut sending, 0, 1_250);
        assert!(!sending.is_application_limited());
        second(&mut sending, 1_000, 800);
        assert!(sending.is_application_limited());
        assert!(sending.bps().is_some_and(|bps| bps.abs_diff(640_000) < 50_000), "{:?}", sending.bps());
        second(&mut sending, 2_000, 1_000);
        assert!(sending.is_application_limited(), "a little more changes nothing");
        second(&mut sending, 3_000, 1_150);
        assert!(!sending.is_application_limited());
    }
}
