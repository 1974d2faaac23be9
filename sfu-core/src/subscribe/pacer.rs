//! Holds back what need not leave at once: repeats and catching up, never live frames.

use std::time::{Duration, Instant};

use crate::limits::CATCH_UP_BURST;

/// A bucket of bytes that holds what `CATCH_UP_BURST` fills.
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

    /// When the next packet may go, if not now. A bucket that holds anything at all gives a packet.
    pub fn blocked_until(&self, now: Instant) -> Option<Instant> {
        (self.empty_at > now).then_some(self.empty_at)
    }

    /// Takes `bytes` out, which `bps` will fill again.
    pub fn charge(&mut self, now: Instant, bytes: usize, bps: u64) {
        let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8);
        let cost = Duration::from_nanos(bits.saturating_mul(1_000_000_000) / bps.max(1));
        let full_since = now.checked_sub(CATCH_UP_BURST).unwrap_or(now);
        self.empty_at = self.empty_at.max(full_since) + cost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CATCH_UP_BITS_PER_SECOND;

    #[test]
    fn over_a_second_the_rate_is_kept() {
        let start = Instant::now();
        let (mut pacer, mut now, mut bytes) = (Pacer::new(start), start, 0_u64);
        while now < start + Duration::from_secs(1) {
            if let Some(later) = pacer.blocked_until(now) {
                now = later;
                continue;
            }
            pacer.charge(now, 1_200, CATCH_UP_BITS_PER_SECOND);
            bytes += 1_200;
        }
        let allowed = CATCH_UP_BITS_PER_SECOND / 8;
        assert!(bytes >= allowed && bytes < allowed + allowed / 50, "{bytes} bytes of {allowed}");
    }
}
