//! How much a socket may say: a token bucket, told the time.

use std::time::Instant;

use super::limits::{TOKENS_MAX, TOKENS_PER_SECOND};

/// Fills at `TOKENS_PER_SECOND` up to `TOKENS_MAX`.
#[derive(Debug)]
pub struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub fn new(now: Instant) -> Self {
        Self { tokens: TOKENS_MAX, at: now }
    }

    /// Takes what a message costs; `false`: there is not that much, and nothing was taken.
    #[must_use]
    pub fn take(&mut self, now: Instant, cost: f64) -> bool {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * TOKENS_PER_SECOND;
        self.tokens = (self.tokens + gained).min(TOKENS_MAX);
        self.at = now;
        let enough = self.tokens >= cost;
        if enough {
            self.tokens -= cost;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_taken_and_then_no_more_than_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let mut taken = 0;
        for ms in 0..10_000 {
            taken += u32::from(bucket.take(start + Duration::from_millis(ms), 1.0));
        }
        assert!((298..=300).contains(&taken), "{taken}");
    }
}
