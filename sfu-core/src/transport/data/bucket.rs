//! A token bucket on the time that it is told.

use std::time::Instant;

/// Tokens are counted in thousandths, so that they come by the millisecond.
const PARTS: u64 = 1_000;

/// So much at once, and so much a second.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    per_second: u64,
    parts_max: u64,
    parts: u64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(now: Instant, per_second: u32, burst: u32) -> Self {
        let parts_max = u64::from(burst) * PARTS;
        Self { per_second: per_second.into(), parts_max, parts: parts_max, at: now }
    }

    /// Takes tokens out; false, with nothing taken, if there are not enough.
    pub(super) fn take(&mut self, now: Instant, tokens: u32) -> bool {
        let elapsed_ms = u64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        if elapsed_ms > 0 {
            self.parts = self.parts.saturating_add(elapsed_ms.saturating_mul(self.per_second)).min(self.parts_max);
            self.at = now;
        }
        let wanted = u64::from(tokens) * PARTS;
        let enough = self.parts >= wanted;
        if enough {
            self.parts -= wanted;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn tokens_come_back_with_time_and_no_more_than_fit() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start, 100, 10);
        assert!(bucket.take(start, 10) && !bucket.take(start, 1));
        assert!(!bucket.take(start + Duration::from_millis(9), 1), "a tenth of a token is missing");
        assert!(
            bucket.take(start + Duration::from_millis(20), 2) && !bucket.take(start + Duration::from_millis(20), 1)
        );
        let later = start + Duration::from_secs(9);
        assert!(bucket.take(later, 10) && !bucket.take(later, 1));
    }
}
