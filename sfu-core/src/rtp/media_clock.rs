//! What a stream's timestamps mean on our own clock.

use std::time::{Duration, Instant};

use super::timestamp::{RtpTime, ticks};

/// A moment and the RTP timestamp that stands for it (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaClock {
    pub timestamp: RtpTime,
    pub at: Instant,
}

impl MediaClock {
    /// The timestamp that stands for another moment, before or after; `clock_rate` in Hz.
    pub fn time_at(&self, at: Instant, clock_rate: u32) -> RtpTime {
        let after = ticks(at.saturating_duration_since(self.at), clock_rate);
        let before = ticks(self.at.saturating_duration_since(at), clock_rate);
        self.timestamp.plus(after.wrapping_sub(before))
    }

    /// The moment that another timestamp stands for, the short way round; `clock_rate` in Hz. `None` if it is before all
    /// time.
    pub fn moment_of(&self, timestamp: RtpTime, clock_rate: u32) -> Option<Instant> {
        let ahead = timestamp.minus(self.timestamp).cast_signed();
        let nanos = u64::from(ahead.unsigned_abs()).saturating_mul(1_000_000_000) / u64::from(clock_rate.max(1));
        let distance = Duration::from_nanos(nanos);
        if ahead < 0 { self.at.checked_sub(distance) } else { self.at.checked_add(distance) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_moments_lead_to_each_other_both_ways_and_across_the_wrap() {
        let now = Instant::now() + Duration::from_secs(10);
        let clock = MediaClock { timestamp: RtpTime(100), at: now };
        for (timestamp, at) in
            [(48_100, now + Duration::from_secs(1)), (100_u32.wrapping_sub(48_000), now - Duration::from_secs(1))]
        {
            assert_eq!(clock.moment_of(RtpTime(timestamp), 48_000), Some(at));
            assert_eq!(clock.time_at(at, 48_000), RtpTime(timestamp));
        }
    }
}
