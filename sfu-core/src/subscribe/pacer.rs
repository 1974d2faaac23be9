//! Holds back what need not leave at once: repeats and catching up, never live frames.

use std::time::{Duration, Instant};

use crate::limits::{CATCH_UP_BITS_PER_SECOND, CATCH_UP_BURST};

/// A bucket of bytes that fills at `CATCH_UP_BITS_PER_SECOND` and holds `CATCH_UP_BURST` of it.
#[derive(Debug)]
pub struct Pacer {
    /// When the bucket was empty, or would have been.
    empty_at: Instant,
}

impl Pacer {
    /// A full bucket.
    pub fn new(now: Instant) -> Self {
        Self { empty_at: now.checked_sub(CATCH_UP_BURST).unwrap_or(now) }
    }

    /// Takes `bytes` out, or says when to come back. A bucket that holds anything at all gives a packet.
    pub fn take(&mut self, now: Instant, bytes: usize) -> Result<(), Instant> {
        if self.empty_at > now {
            return Err(self.empty_at);
        }
        let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8);
        let cost = Duration::from_nanos(bits.saturating_mul(1_000_000_000) / CATCH_UP_BITS_PER_SECOND);
        let full_since = now.checked_sub(CATCH_UP_BURST).unwrap_or(now);
        self.empty_at = self.empty_at.max(full_since) + cost;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_second_the_rate_is_kept() {
        let start = Instant::now();
        let (mut pacer, mut now, mut bytes) = (Pacer::new(start), start, 0_u64);
        while now < start + Duration::from_secs(1) {
            match pacer.take(now, 1_200) {
                Ok(()) => bytes += 1_200,
                Err(later) => now = later,
            }
        }
        let allowed = CATCH_UP_BITS_PER_SECOND / 8;
        assert!(bytes >= allowed && bytes < allowed + allowed / 50, "{bytes} bytes of {allowed}");
    }
}
